"""psycopg2's connection pools over asyncpg."""

from __future__ import annotations

from typing import Any

from asyncify.support.pg_connection import connect
from asyncify.support.pg_errors import Error
from asyncify.support.pg_lending import _Pool


class PoolError(Error):
    """The pool is exhausted or closed, or the connection is not one of its own."""


class ConnectionPool(_Pool):
    """A pool of connections; PoolError where it is exhausted or closed."""

    _error = PoolError

    @staticmethod
    def _connect(*args: Any, **kwargs: Any) -> Any:
        return connect(*args, **kwargs)
