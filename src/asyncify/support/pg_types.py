"""Values as psycopg2 hands them out, whatever asyncpg would make of the column's type."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import asyncpg

from asyncify.support.pg_errors import DataError
from asyncify.support.pg_ranges import DateRange, DateTimeRange, DateTimeTZRange, NumericRange, Range, _range

# Both drivers give the same values for these.
_SAME = frozenset(
    {"bool", "int2", "int4", "int8", "oid", "float8", "text", "varchar", "bpchar", "name", "date", "timestamp"}
    | {"interval", "unknown"}
)
# Arrays that psycopg2 hands out as lists; of any other it gives the text.
_LISTS = frozenset(
    {"bool", "bytea", "cidr", "date", "timestamp", "timestamptz", "numeric", "float4", "float8", "inet", "int2", "int4"}
    | {"int8", "interval", "json", "jsonb", "macaddr", "oid", "tid", "text", "varchar", "bpchar", "name", "char"}
    | {"time", "timetz", "int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange"}
)
_TIMESTAMP = re.compile(r"(\d+)-(\d+)-(\d+) (\d+):(\d+):(\d+)(?:\.(\d+))?(?:([+-])(\d+)(?::(\d+))?(?::(\d+))?)?")
_TIME = re.compile(r"(\d+):(\d+):(\d+)(?:\.(\d+))?")

_Cast = Callable[[str], Any]
_own_casts: dict[int, Callable[[Any, Any], Any]] = {}


@dataclass(frozen=True)
class Type:
    """How the values of some types of the server become Python's: what new_type gives."""

    values: tuple[int, ...]
    name: str
    cast: Callable[[Any, Any], Any] | None  # None: as they are made without it

    def __call__(self, value: Any, cursor: Any) -> Any:
        return value if self.cast is None else self.cast(value, cursor)


def new_type(oids: tuple[int, ...], name: str, adapter: Callable[[Any, Any], Any]) -> Type:
    """`adapter(text, cursor)` makes values of the types with these oids, once it is registered."""
    return Type(tuple(oids), name, adapter)


def register_type(kind: Type, scope: Any = None) -> None:
    """From now on this makes the values of its types, on every connection."""
    for oid in kind.values:
        if kind.cast is None:
            _own_casts.pop(oid, None)
        else:
            _own_casts[oid] = kind.cast


DECIMAL = Type((1700,), "DECIMAL", None)
FLOAT = Type((701, 700), "FLOAT", None)
UNICODE = Type((19, 18, 25, 1042, 1043), "UNICODE", None)
UNICODEARRAY = Type((1002, 1003, 1009, 1014, 1015), "UNICODEARRAY", None)


def register_default_json(conn_or_curs: Any = None, globally: bool = False, loads: Any = None) -> None:
    """From now on `loads` reads json."""
    _own_casts[114] = lambda value, cursor: None if value is None else (loads or json.loads)(value)


def register_default_jsonb(conn_or_curs: Any = None, globally: bool = False, loads: Any = None) -> None:
    """From now on `loads` reads jsonb."""
    _own_casts[3802] = lambda value, cursor: None if value is None else (loads or json.loads)(value)


def _moment(text: str) -> datetime.datetime:
    """timestamptz in the time zone of the session, or a timestamp."""
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        if text in {"infinity", "-infinity"}:
            edge = datetime.datetime.max if text == "infinity" else datetime.datetime.min
            return edge.replace(tzinfo=datetime.timezone(datetime.timedelta()))
        raise ValueError(f"year is out of range: {text}")
    year, month, day, hour, minute, second, fraction, sign, *offset = found.groups()
    hours, minutes, seconds = (int(part or 0) for part in offset)
    delta = datetime.timedelta(hours=hours, minutes=minutes, seconds=seconds)
    zone = datetime.timezone(-delta if sign == "-" else delta) if sign else None
    clock = (int(hour), int(minute), int(second), int((fraction or "").ljust(6, "0")))
    return datetime.datetime(int(year), int(month), int(day), *clock, tzinfo=zone)


def _clock(text: str) -> datetime.time:
    found = _TIME.fullmatch(text)
    if found is None:
        raise DataError(f"bad time representation: {text}")
    hour, minute, second, fraction = found.groups()
    return datetime.time(int(hour) % 24, int(minute), int(second), int((fraction or "").ljust(6, "0")))


def _bytea(text: str) -> memoryview:
    return memoryview(bytes.fromhex(text[2:]))


_CASTS: dict[str, _Cast] = {
    "numeric": Decimal,
    "float4": float,
    "timestamptz": _moment,
    "time": _clock,
    "json": json.loads,
    "jsonb": json.loads,
    "bytea": _bytea,
}
_RANGES: dict[str, tuple[type[Range], _Cast]] = {
    "int4range": (NumericRange, int),
    "int8range": (NumericRange, int),
    "numrange": (NumericRange, Decimal),
    "daterange": (DateRange, datetime.date.fromisoformat),
    "tsrange": (DateTimeRange, _moment),
    "tstzrange": (DateTimeTZRange, _moment),
}


@dataclass(frozen=True)
class _Prepared:
    """A statement, its columns, and what makes each value of a column psycopg2's; None where asyncpg's is the same."""

    statement: Any
    columns: tuple[asyncpg.Attribute, ...]
    casts: tuple[Callable[[Any], Any] | None, ...]


async def _prepare(raw: Any, text: str, known: set[str], cursor: object, name: str = "") -> _Prepared:
    """Prepare a statement that may have rows. `known` are the types that this connection gives as text already.

    Without a name the server forgets it with the next.
    """
    statement = await raw.prepare(text, name=name)
    columns = statement.get_attributes()
    missing = {found for column in columns if (found := _as_text(column.type)) and found not in known}
    hidden = [_is_hidden(column.type) for column in columns]
    for kind in missing:
        schema, _, short = kind.rpartition(".")
        await raw.set_type_codec(short, schema=schema, encoder=_as_input, decoder=str, format="text")
        known.add(kind)
    if any(hidden):
        statement = await raw.prepare(_spelled_out(text, hidden), name=name and f"{name}s")
    elif missing:
        statement = await raw.prepare(text, name=name and f"{name}t")
    return _Prepared(statement, columns, tuple(_cast(column.type, cursor) for column in columns))


def _as_input(value: Any) -> str:
    """A value as the server reads it."""
    return f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)


def _as_text(kind: asyncpg.Type) -> str | None:
    """The type, or type of the elements, that has to come as text."""
    name = kind.name.removesuffix("[]")
    if _is_hidden(kind) or (name in _SAME and kind.oid not in _own_casts) or name in {"char", "timetz"}:
        return None
    return f"{kind.schema}.{name}"


def _is_hidden(kind: asyncpg.Type) -> bool:
    """Is it a type whose text asyncpg cannot hand out?"""
    if kind.kind == "array":
        return kind.name.removesuffix("[]") not in _LISTS or kind.oid in _own_casts or "range" in kind.name
    return kind.kind in {"composite", "range", "multirange"}


def _spelled_out(text: str, hidden: list[bool]) -> str:
    """The statement with these columns as text."""
    names = [f"c{number}" for number in range(len(hidden))]
    chosen = ", ".join(f"{name}::text" if is_hidden else name for name, is_hidden in zip(names, hidden, strict=True))
    inner = text.strip().rstrip(";")
    return f"WITH q ({', '.join(names)}) AS (\n{inner}\n) SELECT {chosen} FROM q"


def _cast(kind: asyncpg.Type, cursor: object) -> Callable[[Any], Any] | None:
    if kind.oid in _own_casts:
        own = _own_casts[kind.oid]
        return lambda value: own(value, cursor)
    name = kind.name.removesuffix("[]")
    if kind.kind == "range" and name in _RANGES:
        return lambda value: None if value is None else _range(*_RANGES[name], value)
    cast: Callable[[Any], Any] | None = _CASTS.get(name)
    if name == "char":
        cast = bytes.decode
    if cast is None or _is_hidden(kind):
        return None
    return _each(cast) if kind.kind == "array" else lambda value: None if value is None else cast(value)


def _each(cast: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if isinstance(value, list):
            return [convert(item) for item in value]
        return None if value is None else cast(value)

    return convert


class _Unreadable(list[tuple[Any, ...]]):
    """Rows with a value that Python cannot hold, which is said where a row is fetched."""

    def __init__(self, error: Exception) -> None:
        super().__init__([()])
        self.error = error

    def __getitem__(self, index: Any) -> Any:
        raise ValueError(str(self.error)) from self.error


def _rows(prepared: _Prepared, records: list[asyncpg.Record]) -> list[tuple[Any, ...]]:
    if not any(prepared.casts):
        return [tuple(record) for record in records]
    return [
        tuple(value if cast is None else cast(value) for value, cast in zip(record, prepared.casts, strict=True))
        for record in records
    ]
