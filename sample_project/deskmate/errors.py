"""What can go wrong, in Deskmate's own words, with the HTTP status that callers of the API see."""


class DeskmateError(Exception):
    """Base of all errors that Deskmate raises on purpose."""

    status = 500


class NotAuthorized(DeskmateError):
    """The token is missing, expired or revoked."""

    status = 401


class MessageBlocked(DeskmateError):
    """Moderation does not let this message through."""

    status = 400


class SessionNotFound(DeskmateError):
    """There is no conversation with this id."""

    status = 404


class TooManySteps(DeskmateError):
    """The model kept asking for tools and never answered."""

    status = 502


class ServiceError(DeskmateError):
    """One of the services behind Deskmate failed."""

    status = 502

    def __init__(self, service: str, message: str) -> None:
        super().__init__(f"{service}: {message}")
        self.service = service


class ServiceTimeout(ServiceError):
    """The service did not answer in time."""

    status = 504


class ServiceUnavailable(ServiceError):
    """The service cannot be reached or is overloaded; trying again may help."""

    status = 503


class BadResponse(ServiceError):
    """The service answered with something that cannot be used."""


class RequestRejected(ServiceError):
    """The service answered with a 4xx status."""

    def __init__(self, service: str, message: str, code: int) -> None:
        super().__init__(service, message)
        self.code = code


class PaymentRequired(RequestRejected):
    """The user's account has no credits left."""

    status = 402
