"""The database of this installation: sessions, handbook and ledger live there if there is one."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from psycopg2.extensions import cursor
from psycopg2.pool import ThreadedConnectionPool

from deskmate.settings import get_settings

MAX_CONNECTIONS = 50

SCHEMA = Path(__file__).with_name("schema.sql").read_text("utf-8")


class Database:
    """A pool of connections. Safe to use from many threads."""

    def __init__(self, url: str) -> None:
        self._pool = ThreadedConnectionPool(1, MAX_CONNECTIONS, url)

    @contextmanager
    def transaction(self, rows: type[cursor] = cursor) -> Iterator[cursor]:
        """A cursor whose statements count together, or not at all if an error leaves the block.

        `rows` is the kind of cursor: it decides what a row looks like.
        """
        connection = self._pool.getconn()
        try:
            with connection, connection.cursor(cursor_factory=rows) as cur:
                yield cur
        finally:
            self._pool.putconn(connection)

    def create_tables(self) -> None:
        """Make what is not there yet."""
        with self.transaction() as cur:
            cur.execute(SCHEMA)

    def drop_tables(self) -> None:
        """Forget everything."""
        with self.transaction() as cur:
            cur.execute("drop table if exists messages, sessions, handbook, accounts, ledger")

    def close(self) -> None:
        if not self._pool.closed:
            self._pool.closeall()


@lru_cache(maxsize=1)
def get_database() -> Database | None:
    """The database of this process; None if the settings name none."""
    url = get_settings().database_url
    return Database(url) if url else None
