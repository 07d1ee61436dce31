"""Conversations, kept in the database: every process sees the same ones."""

from psycopg2.extras import execute_values

from deskmate.database import Database
from deskmate.errors import SessionNotFound
from deskmate.memory import MAX_MESSAGES, Memory
from deskmate.models import Message


class SessionStore(Memory):
    """The messages of each user's sessions, in tables `sessions` and `messages`."""

    def __init__(self, database: Database, max_messages: int = MAX_MESSAGES) -> None:
        self._database = database
        self._max_messages = max_messages

    def recall(self, user_id: str, session_id: str) -> list[Message]:
        with self._database.transaction() as cur:
            cur.execute(
                "select role, content from messages"
                " where user_id = %s and session_id = %s order by id",
                (user_id, session_id),
            )
            return [{"role": role, "content": content} for role, content in cur]

    def history(self, user_id: str, session_id: str) -> list[Message]:
        messages = self.recall(user_id, session_id)
        if not messages:
            raise SessionNotFound(f"no session {session_id}")
        return messages

    def add_turn(self, user_id: str, session_id: str, question: str, answer: str) -> int:
        with self._database.transaction() as cur:
            cur.execute(
                """
                insert into sessions (user_id, session_id, turns) values (%s, %s, 1)
                on conflict (user_id, session_id) do update set turns = sessions.turns + 1
                returning turns
                """,
                (user_id, session_id),
            )
            turns = cur.fetchone()[0]
            execute_values(
                cur,
                "insert into messages (user_id, session_id, role, content) values %s",
                [
                    (user_id, session_id, "user", question),
                    (user_id, session_id, "assistant", answer),
                ],
            )
            cur.execute(
                """
                delete from messages where user_id = %(user)s and session_id = %(session)s
                and id not in (
                    select id from messages where user_id = %(user)s and session_id = %(session)s
                    order by id desc limit %(most)s
                )
                """,
                {"user": user_id, "session": session_id, "most": self._max_messages},
            )
        return turns

    def forget(self, user_id: str, session_id: str) -> None:
        with self._database.transaction() as cur:
            cur.execute(
                "delete from sessions where user_id = %s and session_id = %s",
                (user_id, session_id),
            )
