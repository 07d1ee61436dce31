"""Conversations, kept in this process."""

import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from deskmate.errors import SessionNotFound
from deskmate.models import Message

MAX_MESSAGES = 40


@dataclass
class Conversation:
    messages: list[Message] = field(default_factory=list)
    turns: int = 0


class Memory(ABC):
    """The messages of each user's sessions, oldest first. Safe to use from many threads."""

    @abstractmethod
    def recall(self, user_id: str, session_id: str) -> list[Message]:
        """The messages so far; none for a session that is new."""

    @abstractmethod
    def history(self, user_id: str, session_id: str) -> list[Message]:
        """Like `recall`, but the session must exist."""

    @abstractmethod
    def add_turn(self, user_id: str, session_id: str, question: str, answer: str) -> int:
        """Remember a question and its answer, forget what is too old, and number the turn."""

    @abstractmethod
    def forget(self, user_id: str, session_id: str) -> None:
        """Forget the session; nothing happens if there is none."""


class ConversationMemory(Memory):
    """The sessions of one process, lost when it ends."""

    def __init__(self, max_messages: int = MAX_MESSAGES) -> None:
        self._max_messages = max_messages
        self._conversations: dict[tuple[str, str], Conversation] = {}
        self._lock = threading.Lock()

    def recall(self, user_id: str, session_id: str) -> list[Message]:
        with self._lock:
            conversation = self._conversations.get((user_id, session_id))
            return list(conversation.messages) if conversation else []

    def history(self, user_id: str, session_id: str) -> list[Message]:
        with self._lock:
            conversation = self._conversations.get((user_id, session_id))
            if conversation is None:
                raise SessionNotFound(f"no session {session_id}")
            return list(conversation.messages)

    def add_turn(self, user_id: str, session_id: str, question: str, answer: str) -> int:
        with self._lock:
            conversation = self._conversations.setdefault((user_id, session_id), Conversation())
            conversation.messages.append({"role": "user", "content": question})
            conversation.messages.append({"role": "assistant", "content": answer})
            del conversation.messages[: -self._max_messages]
            conversation.turns += 1
            return conversation.turns

    def forget(self, user_id: str, session_id: str) -> None:
        with self._lock:
            self._conversations.pop((user_id, session_id), None)

    def __len__(self) -> int:
        return len(self._conversations)
