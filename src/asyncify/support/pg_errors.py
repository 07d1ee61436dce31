"""psycopg2's exceptions, raised for what asyncpg raises: handlers take the branch that they took before."""

from __future__ import annotations

import asyncio
import functools
import re
from typing import Any

import asyncpg

# SQLSTATE class, or a whole SQLSTATE -> the class of the Python database interface that psycopg2 raises for it.
_PROGRAMMING = ("20", "21", "3D", "3F", "42", "44")
_OPERATIONAL = ("08", "26", "27", "28", "34", "53", "54", "55", "57", "58", "HV")
_INTERNAL = ("24", "25", "2B", "2D", "2F", "38", "39", "3B", "F0", "P0", "XX")
# Names that are not asyncpg's without the word Error.
_IRREGULAR = {
    "08000": "ConnectionException",
    "08001": "SqlclientUnableToEstablishSqlconnection",
    "08004": "SqlserverRejectedEstablishmentOfSqlconnection",
    "09000": "TriggeredActionException",
    "0F000": "LocatorException",
    "0Z000": "DiagnosticsException",
    "22000": "DataException",
    "22011": "SubstringError",
    "22027": "TrimError",
    "2202E": "ArraySubscriptError",
    "22P01": "FloatingPointException",
    "2F000": "SqlRoutineException",
    "38000": "ExternalRoutineException",
    "38001": "ContainingSqlNotPermitted",
    "38002": "ModifyingSqlDataNotPermittedExt",
    "38003": "ProhibitedSqlStatementAttemptedExt",
    "38004": "ReadingSqlDataNotPermittedExt",
    "39000": "ExternalRoutineInvocationException",
    "39004": "NullValueNotAllowedExt",
    "3B000": "SavepointException",
    "40001": "SerializationFailure",
    "42000": "SyntaxErrorOrAccessRuleViolation",
    "42601": "SyntaxError",
    "42803": "GroupingError",
    "42P20": "WindowingError",
    "58000": "SystemError",
    "58030": "IoError",
    "F0000": "ConfigFileError",
    "HV000": "FdwError",
    "HV010": "FdwFunctionSequenceError",
    "P0000": "PlpgsqlError",
    "P0001": "RaiseException",
    "P0004": "AssertFailure",
    "XX000": "InternalError_",
}
_NOT_OF_SERVER = (asyncpg.ConnectionDoesNotExistError,)  # asyncpg itself raises it
_LINE_WIDTH = 60  # of the statement's line that libpq shows, and how much of it stays right of the error
_LINE_RIGHT = 10


class Diagnostics:
    """What the server says about an error: the `diag` of an exception. What it did not say is None."""

    def __init__(self, error: asyncpg.PostgresError | None) -> None:
        def field(name: str) -> str | None:
            return getattr(error, name, None) if error is not None else None

        self.severity = field("severity")
        self.severity_nonlocalized = field("severity_en")
        self.sqlstate = field("sqlstate")
        self.message_primary = field("message")
        self.message_detail = field("detail")
        self.message_hint = field("hint")
        self.statement_position = field("position")
        self.internal_position = field("internal_position")
        self.internal_query = field("internal_query")
        self.context = field("context")
        self.schema_name = field("schema_name")
        self.table_name = field("table_name")
        self.column_name = field("column_name")
        self.datatype_name = field("data_type_name")
        self.constraint_name = field("constraint_name")
        self.source_file = field("server_source_filename")
        self.source_line = field("server_source_line")
        self.source_function = field("server_source_function")


class Error(Exception):
    """The base of what a database raises. `pgcode` is the SQLSTATE and `pgerror` the server's message, or None."""

    pgcode: str | None = None
    pgerror: str | None = None
    cursor: Any = None
    diag = Diagnostics(None)


class InterfaceError(Error):
    """The connection or cursor is not used as it has to be."""


class DatabaseError(Error):
    """The database reports an error."""


class DataError(DatabaseError):
    """A value that the server cannot take."""


class OperationalError(DatabaseError):
    """The connection, or the server's operation."""


class IntegrityError(DatabaseError):
    """A constraint is violated."""


class InternalError(DatabaseError):
    """The transaction or the server is in no state for this statement."""


class ProgrammingError(DatabaseError):
    """The statement is wrong, or names what does not exist."""


class NotSupportedError(DatabaseError):
    """The server does not have this feature."""


class QueryCanceledError(OperationalError):
    """The statement was cancelled, or took longer than statement_timeout."""


class TransactionRollbackError(OperationalError):
    """The server rolled the transaction back: a deadlock, or it cannot be serialized."""


class _Errors:
    """One exception class for each SQLSTATE, by the names of the PostgreSQL manual: errors.UniqueViolation."""

    def __getattr__(self, name: str) -> type[Error]:
        state = _states().get(name)
        if state is None:
            raise AttributeError(f"no exception class {name!r}")
        return _error_class(state)

    def lookup(self, code: str) -> type[Error]:
        """The class for this SQLSTATE; KeyError for one that is not known."""
        if code not in _names():
            raise KeyError(code)
        return _error_class(code)


errors = _Errors()


@functools.cache
def _names() -> dict[str, str]:
    """SQLSTATE -> name of its exception class."""
    found = {}
    for known in vars(asyncpg.exceptions).values():
        state = getattr(known, "sqlstate", None) if isinstance(known, type) else None
        if state and state not in found:
            name = known.__name__.removesuffix("Error").removeprefix("Postgres")
            found[state] = _IRREGULAR.get(state) or name.replace("SQL", "Sql").replace("FDW", "Fdw")
    return found


@functools.cache
def _states() -> dict[str, str]:
    return {name: state for state, name in _names().items()}


@functools.cache
def _error_class(state: str) -> type[Error]:
    base = _base_class(state)
    name = _names().get(state)
    return type(name, (base,), {}) if name else base


def _base_class(state: str) -> type[Error]:
    kind = state[:2]
    if state == "57014":
        return QueryCanceledError
    if kind == "0A":
        return NotSupportedError
    if kind == "22":
        return DataError
    if kind == "23":
        return IntegrityError
    if kind == "40":
        return TransactionRollbackError
    if kind in _PROGRAMMING:
        return ProgrammingError
    if kind in _OPERATIONAL:
        return OperationalError
    return InternalError if kind in _INTERNAL else DatabaseError


def _translated(error: BaseException, statement: str = "", *, is_lost: bool = False) -> Error:
    """The exception that psycopg2 would have raised while running the statement."""
    if isinstance(error, asyncpg.PostgresError) and error.sqlstate and not isinstance(error, _NOT_OF_SERVER):
        text = _message(error, statement)
        found = _error_class(error.sqlstate)(text)
        found.pgcode = error.sqlstate
        found.pgerror = f"{getattr(error, 'severity', 'ERROR')}:  {text}"
        found.diag = Diagnostics(error)
        return found
    if is_lost:
        return OperationalError("server closed the connection unexpectedly\n")
    if isinstance(error, asyncpg.InterfaceError):
        return InterfaceError(str(error))
    if isinstance(error, asyncio.TimeoutError):
        late = _error_class("57014")("canceling statement due to statement timeout\n")
        late.pgcode = "57014"
        return late
    return OperationalError(str(error) or type(error).__name__)


def _message(error: asyncpg.PostgresError, statement: str) -> str:
    """The message as libpq words it: with the line of the statement, detail, hint and context."""
    known = Diagnostics(error)
    lines = [known.message_primary or str(error)]
    if known.statement_position and statement:
        lines += _pointed(statement, int(known.statement_position))
    elif known.internal_position and known.internal_query:
        lines += _pointed(known.internal_query, int(known.internal_position))
    for title, text in (
        ("DETAIL", known.message_detail),
        ("HINT", known.message_hint),
        ("QUERY", known.internal_query),
        ("CONTEXT", known.context),
    ):
        lines += [f"{title}:  {text}"] if text else []
    return "\n".join(lines) + "\n"


def _pointed(statement: str, position: int) -> list[str]:
    """The line of the statement at which the error is (counted in characters from 1), and a mark below it."""
    before = re.split(r"\r\n|\r|\n", statement[: position - 1])
    column = len(before[-1])
    line = re.split(r"[\r\n]", statement[position - 1 - column :])[0].replace("\t", " ")
    start, end = 0, len(line)
    if end > _LINE_WIDTH:
        if column + _LINE_RIGHT < _LINE_WIDTH:
            end = _LINE_WIDTH
        else:
            end = min(end, column + _LINE_RIGHT)
            start = max(end - _LINE_WIDTH, 0)
    shown = ("..." if start else "") + line[start:end] + ("..." if end < len(line) else "")
    head = f"LINE {len(before)}: "
    return [head + shown, " " * (len(head) + (3 if start else 0) + column - start) + "^"]
