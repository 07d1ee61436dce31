"""asyncpg's way to run statements, on psycopg2's connection: with its values, rows and exceptions."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import Any

import asyncpg

from asyncify.support.pg_bind import _bound, _casts, _pasted
from asyncify.support.pg_cursor import Cursor, _described
from asyncify.support.pg_errors import InterfaceError, ProgrammingError
from asyncify.support.pg_session import _Session
from asyncify.support.pg_types import _own_casts, _prepare, _Prepared, _rows

_MOST_PREPARED = 100


def rowcount(status: str) -> int:
    """How many rows a statement has changed, by what `execute` gave back; -1 for one that counts none."""
    count = status.rpartition(" ")[2]
    return int(count) if count.isdigit() else -1


class _Direct(_Session):
    """Statements with `$1` in them, without a cursor. Outside `transaction` each is a transaction of its own, unless
    a cursor has begun one."""

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncGenerator[None, None]:
        """Commits at the end of the block, or rolls back after an exception."""
        if self._is_begun or self._is_entered:
            raise InterfaceError("a transaction is open already")
        async with self:
            yield

    async def execute(self, query: str, *args: Any) -> str:
        """Run the statement; gives back what the server says of it, such as "UPDATE 3"."""
        return (await self._ask(query, args))[1].statement.get_statusmsg() or ""

    async def fetch(self, query: str, *args: Any, record_class: Any = None) -> list[Any]:
        """All its rows: as the connection's cursors would make them, or as `record_class` says."""
        records, prepared = await self._ask(query, args)
        if not prepared.columns:
            raise ProgrammingError("no results to fetch")
        rows = _rows(prepared, records)
        maker = record_class or self.cursor_factory or Cursor
        make = maker._maker(_described(prepared.columns) or ())
        return rows if make is None else [make(row) for row in rows]

    async def fetchrow(self, query: str, *args: Any, record_class: Any = None) -> Any:
        """The first of its rows; None if there is none."""
        return next(iter(await self.fetch(query, *args, record_class=record_class)), None)

    async def fetchval(self, query: str, *args: Any) -> Any:
        """The first value of the first of its rows; None if there is none."""
        records, prepared = await self._ask(query, args)
        return _rows(prepared, records[:1])[0][0] if records else None

    async def _ask(self, query: str, args: tuple[Any, ...]) -> tuple[list[asyncpg.Record], _Prepared]:
        return await self._do(lambda raw: self._in_transaction(raw, query, args), query)

    async def _in_transaction(
        self, raw: Any, query: str, args: tuple[Any, ...]
    ) -> tuple[list[asyncpg.Record], _Prepared]:
        """In the transaction that is open, or is to be; else in one of its own, with a BEGIN only for its modes."""
        if self._is_begun or self._is_entered:
            await self._begin(raw)
            return await self._answered(raw, query, args)
        if self._keeps_prepared and (self._level, self._readonly, self._deferrable) == (None, None, None):
            try:
                return await self._answered(raw, query, args, is_kept=True)
            except (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError):
                self._prepared.clear()  # another session has changed a table
            except (asyncpg.InvalidSQLStatementNameError, asyncpg.DuplicatePreparedStatementError):
                self._keeps_prepared = False  # what is between lends a connection for one transaction only
        return await self._between(raw, query, args)

    async def _between(self, raw: Any, query: str, args: tuple[Any, ...]) -> tuple[list[asyncpg.Record], _Prepared]:
        """Between BEGIN and COMMIT."""
        await self._begin(raw, always=True)
        try:
            result = await self._answered(raw, query, args)
        except BaseException:
            await raw.execute("ROLLBACK")
            raise
        finally:
            self._is_begun = False
        await raw.execute("COMMIT")
        return result

    async def _answered(
        self, raw: Any, query: str, args: tuple[Any, ...], *, is_kept: bool = False
    ) -> tuple[list[asyncpg.Record], _Prepared]:
        known = self._casts.get(query, {})
        bound = _bound(query, args, known) if args else None
        text = bound.text if bound else query
        prepared = self._kept(text) if is_kept else None
        try:
            if prepared is None:
                is_kept = is_kept and (bound is None or bound.is_whole)
                name = f"_aio_{self._token}_{next(self._numbers)}" if is_kept else ""
                prepared = await _prepare(raw, text, self._text_types, self._caster(), name=name)
                casts = _casts(bound, prepared.statement.get_parameters(), known) if bound else known
                if casts != known:
                    self._casts[query] = casts
                    return await self._answered(raw, query, args, is_kept=is_kept)
                if is_kept:
                    self._keep(text, prepared)
            return await prepared.statement.fetch(*(bound.values if bound else ())), prepared
        except asyncpg.PostgresError as error:
            if args and getattr(error, "position", None):
                error.pasted, position = _pasted(query, args, int(error.position), known)
                error.position = str(position)
            raise

    def _keep(self, text: str, prepared: _Prepared) -> None:
        if len(self._prepared) >= _MOST_PREPARED:
            del self._prepared[next(iter(self._prepared))]
        self._prepared[text] = (prepared, dict(_own_casts))

    def _kept(self, text: str) -> _Prepared | None:
        """The prepared statement, unless other types have been registered since."""
        prepared, casts = self._prepared.get(text, (None, _own_casts))
        return prepared if casts == _own_casts else None

    def _caster(self) -> Any:
        """The cursor that registered types are given."""
        return Cursor(self)
