"""Many messages at once."""

import logging
from concurrent.futures import ThreadPoolExecutor

from deskmate.agent import Agent
from deskmate.errors import DeskmateError
from deskmate.models import BatchItem, User
from deskmate.notify import notify
from deskmate.settings import get_settings

logger = logging.getLogger(__name__)


def run_batch(agent: Agent, user: User, messages: list[str], prefix: str) -> list[BatchItem]:
    """Answer all messages, several side by side; the items come back in the order asked.

    A message that fails does not stop the others.
    """

    def answer_one(numbered: tuple[int, str]) -> BatchItem:
        number, message = numbered
        session_id = f"{prefix}-{number}"
        try:
            answer = agent.run(message, user, session_id)
        except DeskmateError as error:
            logger.warning("batch item %s failed: %s", session_id, error)
            return BatchItem(session_id, error=str(error))
        return BatchItem(session_id, answer=answer.text, credits=answer.credits)

    with ThreadPoolExecutor(max_workers=get_settings().workers) as pool:
        items = list(pool.map(answer_one, enumerate(messages)))
    failed = sum(item.error is not None for item in items)
    notify("batch.finished", {"batch": prefix, "items": len(items), "failed": failed})
    return items
