"""The plain data that the parts of Deskmate hand to each other."""

from dataclasses import dataclass, field
from typing import Any

Message = dict[str, Any]


@dataclass(frozen=True)
class User:
    id: str
    plan: str


@dataclass(frozen=True)
class Passage:
    """A piece of the handbook that may help with the question."""

    id: str
    text: str
    score: float


@dataclass(frozen=True)
class ToolCall:
    """The model's wish to have a tool called."""

    id: str
    name: str
    arguments: dict[str, Any]


@dataclass
class Usage:
    """Tokens used so far, summed over all model calls for one message."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    def add(self, counts: dict[str, int]) -> None:
        self.prompt_tokens += counts.get("prompt_tokens", 0)
        self.completion_tokens += counts.get("completion_tokens", 0)


@dataclass(frozen=True)
class Completion:
    """One answer of the model: either text or tool calls."""

    message: Message
    tool_calls: list[ToolCall]
    usage: dict[str, int]

    @property
    def text(self) -> str:
        return self.message.get("content") or ""


@dataclass
class Answer:
    """What the user gets for one message."""

    session_id: str
    text: str
    sources: list[str] = field(default_factory=list)
    tool_calls: list[str] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    credits: int = 0


@dataclass(frozen=True)
class BatchItem:
    """One line of a batch: an answer or the reason why there is none."""

    session_id: str
    answer: str | None = None
    error: str | None = None
    credits: int = 0
