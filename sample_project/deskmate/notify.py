"""Tell other systems what happened."""

import logging
from typing import Any

import requests

from deskmate.settings import get_settings

SIGNATURE = "deskmate-webhook"

logger = logging.getLogger(__name__)


def notify(event: str, details: dict[str, Any]) -> bool:
    """Post an event to the webhook, if there is one; True if it was taken.

    A webhook that is down must not spoil the work that is being reported.
    """
    settings = get_settings()
    if not settings.webhook_url:
        return False
    with requests.Session() as session:
        session.headers["X-Deskmate-Source"] = SIGNATURE
        try:
            response = session.post(
                settings.webhook_url, json={"event": event, **details}, timeout=settings.timeout
            )
        except requests.RequestException:
            logger.exception("webhook for %s failed", event)
            return False
    if not response.ok:
        logger.error("webhook for %s answered %d", event, response.status_code)
    return response.ok
