"""Repeat calls that failed for a passing reason."""

import functools
import logging
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from deskmate.errors import ServiceTimeout, ServiceUnavailable
from deskmate.settings import get_settings

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger(__name__)


def retry(*exceptions: type[Exception]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Call the function again when it raises one of `exceptions`.

    How often and how long to wait in between comes from the settings; the wait doubles each time.
    The last failure is passed on to the caller.
    """

    def decorate(func: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(func)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            settings = get_settings()
            for attempt in range(settings.retries):
                try:
                    return func(*args, **kwargs)
                except exceptions as error:
                    delay = settings.backoff * 2**attempt
                    logger.warning("%s, trying again in %.2f s", error, delay)
                    time.sleep(delay)
            return func(*args, **kwargs)

        return wrapper

    return decorate


retry_passing_failures = retry(ServiceTimeout, ServiceUnavailable)
