"""psycopg 3's asynchronous connection, with the blocks, cursors and values of psycopg2."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any

import psycopg
import psycopg.rows
from psycopg.adapt import Loader, RecursiveDumper
from psycopg.pq import TransactionStatus
from psycopg.types.string import TextLoader

from asyncify.support.pg_extras import _around_values, _pages
from asyncify.support.pg_lending import _Pool
from asyncify.support.pg_rows import DictRow, RealDictRow

# psycopg2 hands these out as the server writes them.
_AS_WRITTEN = ("uuid", "inet", "cidr", "record")
_ARRAYS_AS_WRITTEN = ("uuid",)


class _TupleDumper(RecursiveDumper):
    """A tuple is a list in parentheses: what stands behind IN."""

    def dump(self, obj: Any) -> bytes:
        return self.quote(obj)

    def quote(self, obj: Any) -> bytes:
        return b"(" + b", ".join(self._tx.as_literal(item) for item in obj) + b")"


class _MemoryLoader(Loader):
    """bytea as a memoryview."""

    def load(self, data: Any) -> memoryview:
        return memoryview(bytes.fromhex(bytes(data)[2:].decode()))


class ClientCursor(psycopg.AsyncClientCursor[Any]):
    """A cursor that puts the values into the statement itself, as psycopg2 does; the last of several results counts."""

    async def execute(self, query: Any, vars: Any = None, **options: Any) -> Any:  # type: ignore[override]
        """Run one or several statements; `vars` fill the placeholders."""
        await super().execute(query, vars, **options)
        while self.nextset():
            pass
        return self

    def mogrify(self, query: Any, vars: Any = None) -> Any:
        """The statement as it would be sent."""
        return super().mogrify(query, vars).encode()


class DictClientCursor(ClientCursor):
    """Its rows are lists that are also read by name."""

    def __init__(self, connection: Any, **options: Any) -> None:
        super().__init__(connection, row_factory=_dict_rows)


class RealDictClientCursor(ClientCursor):
    """Its rows are dicts."""

    def __init__(self, connection: Any, **options: Any) -> None:
        super().__init__(connection, row_factory=_real_dict_rows)


class NamedTupleClientCursor(ClientCursor):
    """Its rows are named tuples."""

    def __init__(self, connection: Any, **options: Any) -> None:
        super().__init__(connection, row_factory=psycopg.rows.namedtuple_row)


def _dict_rows(cursor: Any) -> Any:
    names = {column.name: number for number, column in enumerate(cursor.description or ())}
    return lambda values: DictRow(names, values)


def _real_dict_rows(cursor: Any) -> Any:
    names = [column.name for column in cursor.description or ()]
    return lambda values: RealDictRow(zip(names, values, strict=True))


class ClientConnection(psycopg.AsyncConnection[Any]):
    """A connection whose `async with` commits or rolls back, and does not close."""

    _is_entered = False
    _is_autocommit = False

    def __del__(self, *rest: object) -> None:
        if not self.closed:
            self.pgconn.finish()  # without a word, as psycopg2 does

    def __await__(self) -> Generator[Any, None, Any]:
        return self._itself().__await__()

    async def _itself(self) -> Any:
        return self

    async def __aenter__(self) -> Any:
        if self._is_entered:
            raise psycopg.ProgrammingError("the connection cannot be re-entered recursively")
        self._is_entered, self._is_autocommit = True, self._autocommit
        if self._autocommit and self.pgconn.transaction_status == TransactionStatus.IDLE:
            self._autocommit = False
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self._is_entered = False
        try:
            if kind is None:
                await self.commit()
            elif not self.closed:
                await self.rollback()
        finally:
            self._autocommit = self._is_autocommit

    @property
    def autocommit(self) -> bool:
        return self._autocommit

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        if self.pgconn.transaction_status != TransactionStatus.IDLE:
            raise psycopg.ProgrammingError("set_session cannot be used inside a transaction")
        self._autocommit = bool(value)

    def cursor(  # type: ignore[override]
        self,
        name: str | None = None,
        cursor_factory: Any = None,
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> Any:
        """A cursor; with a name, one of the server."""
        kind = cursor_factory or self.cursor_factory
        if name is None:
            self._check_connection_ok()
            return kind(self, row_factory=self.row_factory)
        rows = kind(self, row_factory=self.row_factory).row_factory
        return super().cursor(name, row_factory=rows, scrollable=scrollable, withhold=withhold)


async def connect_client(
    dsn: str | None = None, connection_factory: Any = None, cursor_factory: Any = None, **keywords: Any
) -> Any:
    """A connection for these keywords and connection string of libpq."""
    _name_codes()
    if "database" in keywords:
        keywords["dbname"] = keywords.pop("database")
    connection = await (connection_factory or ClientConnection).connect(dsn or "", **keywords)
    connection.cursor_factory = cursor_factory or ClientCursor
    adapters = connection.adapters
    adapters.register_dumper(tuple, _TupleDumper)
    adapters.register_loader("bytea", _MemoryLoader)
    for name in _AS_WRITTEN:
        adapters.register_loader(name, TextLoader)
    for name in _ARRAYS_AS_WRITTEN:
        adapters.register_loader(adapters.types[name].array_oid, TextLoader)
    return connection


class ClientPoolError(psycopg.Error):
    """The pool is exhausted or closed, or the connection is not one of its own."""


class ClientPool(_Pool):
    """A pool of connections; ClientPoolError where it is exhausted or closed."""

    _error = ClientPoolError

    @staticmethod
    def _connect(*args: Any, **kwargs: Any) -> Any:
        return connect_client(*args, **kwargs)


def _name_codes() -> None:
    """psycopg 3 calls the SQLSTATE of an error `sqlstate`; code on psycopg2 reads it as `pgcode`, and `pgerror`."""
    if not hasattr(psycopg.Error, "pgcode"):
        psycopg.Error.pgcode = property(lambda error: error.sqlstate)  # type: ignore[attr-defined]
        psycopg.Error.pgerror = property(_error_text)  # type: ignore[attr-defined]


def _error_text(error: psycopg.Error) -> str | None:
    return f"{error.diag.severity}:  {error}\n" if error.diag.severity else None


async def many_values(
    cur: Any, sql: Any, argslist: Iterable[Any], template: Any = None, page_size: int = 100, fetch: bool = False
) -> list[Any] | None:  # fmt: skip
    """Put the sets of arguments in the stead of the one `%s`, `page_size` of them a statement; all rows if `fetch`."""
    before, after = _around_values(cur.mogrify(sql).decode())
    found: list[Any] = []
    for page in _pages(argslist, page_size):
        template = f"({','.join(['%s'] * len(page[0]))})" if template is None else template
        rows = ",".join(cur.mogrify(template, arguments).decode() for arguments in page)
        await cur.execute(f"{before}{rows}{after}")
        if fetch:
            found += await cur.fetchall()
    return found if fetch else None


async def many_batches(cur: Any, sql: Any, argslist: Iterable[Any], page_size: int = 100) -> None:
    """Run the statement for each set of arguments, `page_size` of them at a time."""
    for page in _pages(argslist, page_size):
        await cur.execute(";".join(cur.mogrify(sql, arguments).decode() for arguments in page))
