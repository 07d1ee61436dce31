"""The agent: looks things up, talks to the model, runs the tools it asks for."""

import logging
import uuid
from functools import lru_cache

from deskmate.database import get_database
from deskmate.errors import TooManySteps
from deskmate.memory import ConversationMemory, Memory
from deskmate.models import Answer, Message, Passage, User
from deskmate.services import Services, get_services
from deskmate.sessions import SessionStore
from deskmate.settings import Settings, get_settings
from deskmate.tools import call_tool, describe_tools

SYSTEM_PROMPT = "You are Deskmate, a friendly office assistant. Use the handbook where it helps."

logger = logging.getLogger(__name__)


class Agent:
    """Answers messages, one conversation a session."""

    def __init__(self, services: Services, memory: Memory, settings: Settings) -> None:
        self.services = services
        self.memory = memory
        self.max_steps = settings.max_steps
        self.tools = describe_tools()

    def run(self, message: str, user: User, session_id: str | None = None) -> Answer:
        """Answer one message: moderation, handbook search, model and tools, billing."""
        session_id = session_id or new_session_id()
        messages, sources = self.prepare(message, user, session_id)
        answer = Answer(session_id=session_id, text="", sources=sources)
        answer.text = self._next_step(messages, answer)
        answer.credits = self.finish(message, user, answer)
        return answer

    def prepare(self, message: str, user: User, session_id: str) -> tuple[list[Message], list[str]]:
        """Check the message and build the prompt; also the ids of the passages in it."""
        self.services.model.moderate(message)
        passages = self.services.handbook.search(message)
        messages = [
            {"role": "system", "content": build_system_prompt(passages)},
            *self.memory.recall(user.id, session_id),
            {"role": "user", "content": message},
        ]
        return messages, [passage.id for passage in passages]

    def finish(self, message: str, user: User, answer: Answer) -> int:
        """Remember the turn and bill it."""
        turn = self.memory.add_turn(user.id, answer.session_id, message, answer.text)
        request_id = f"{user.id}/{answer.session_id}:{turn}"
        return self.services.billing.record(request_id, user, answer.usage, len(answer.tool_calls))

    def _next_step(self, messages: list[Message], answer: Answer, step: int = 1) -> str:
        """Ask the model; as long as it wants tools, run them and ask again."""
        if step > self.max_steps:
            raise TooManySteps(f"no answer after {self.max_steps} steps")
        completion = self.services.model.complete(messages, self.tools)
        answer.usage.add(completion.usage)
        if not completion.tool_calls:
            return completion.text
        logger.info("step %d: %s", step, [call.name for call in completion.tool_calls])
        results = []
        for call in completion.tool_calls:
            content = call_tool(call)
            results.append({"role": "tool", "tool_call_id": call.id, "content": content})
            answer.tool_calls.append(call.name)
        return self._next_step([*messages, completion.message, *results], answer, step + 1)


def new_session_id() -> str:
    return uuid.uuid4().hex


def build_system_prompt(passages: list[Passage]) -> str:
    if not passages:
        return SYSTEM_PROMPT
    excerpts = "\n".join(f"[{passage.id}] {passage.text}" for passage in passages)
    return f"{SYSTEM_PROMPT}\n\nFrom the handbook:\n{excerpts}"


@lru_cache(maxsize=1)
def get_agent() -> Agent:
    """The agent of this process."""
    database = get_database()
    memory = SessionStore(database) if database else ConversationMemory()
    return Agent(get_services(), memory, get_settings())
