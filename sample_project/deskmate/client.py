"""The HTTP client that all services share."""

import logging
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from deskmate import __version__
from deskmate.errors import (
    BadResponse,
    PaymentRequired,
    RequestRejected,
    ServiceError,
    ServiceTimeout,
    ServiceUnavailable,
)
from deskmate.settings import Settings

PASSING_STATUSES = frozenset({429, 500, 502, 503, 504})
POOL_SIZE = 50

logger = logging.getLogger(__name__)


def rejection(service: str, status: int) -> ServiceError:
    """The error for an answer with this status."""
    if status in PASSING_STATUSES:
        return ServiceUnavailable(service, f"answered {status}")
    if status == 402:
        return PaymentRequired(service, "no credits left", status)
    return RequestRejected(service, f"answered {status}", status)


class ServiceClient:
    """A service at one base URL, reached through one session with the API key in its headers."""

    name = "service"

    def __init__(self, base_url: str, settings: Settings) -> None:
        self.base_url = base_url.rstrip("/")
        self.timeout = settings.timeout
        self.session = requests.Session()
        self.session.headers.update(
            {
                "Authorization": f"Bearer {settings.api_key}",
                "User-Agent": f"deskmate/{__version__}",
            }
        )
        adapter = HTTPAdapter(pool_maxsize=POOL_SIZE)
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)

    def get(self, path: str, params: dict[str, Any] | None = None) -> Any:
        return self._request("GET", path, params=params)

    def post(self, path: str, payload: dict[str, Any]) -> Any:
        return self._request("POST", path, json=payload)

    def close(self) -> None:
        self.session.close()

    def _request(self, method: str, path: str, **kwargs: Any) -> Any:
        """Send a request and return the decoded JSON; every failure is a ServiceError."""
        url = f"{self.base_url}{path}"
        try:
            response = self.session.request(method, url, timeout=self.timeout, **kwargs)
            response.raise_for_status()
            body = response.json()
        except requests.Timeout as error:
            raise ServiceTimeout(self.name, f"no answer within {self.timeout[1]} s") from error
        except requests.ConnectionError as error:
            raise ServiceUnavailable(self.name, "cannot be reached") from error
        except requests.HTTPError as error:
            raise rejection(self.name, error.response.status_code) from error
        except requests.JSONDecodeError as error:
            raise BadResponse(self.name, "did not answer with JSON") from error
        except requests.RequestException as error:
            raise ServiceError(self.name, "request failed") from error
        logger.debug("%s %s -> %s", method, url, response.status_code)
        return body
