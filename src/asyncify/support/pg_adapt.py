"""Python values as SQL literals, and the `%s` of a statement filled with them: what psycopg2 does with arguments."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from asyncify.support.pg_errors import ProgrammingError

_adapters: dict[type, Callable[[Any], Any]] = {}


class _Quoted:
    """What stands for a value in a statement; as text it is the SQL."""

    def getquoted(self) -> bytes:
        raise NotImplementedError

    def __str__(self) -> str:
        return self.getquoted().decode()


class Json(_Quoted):
    """A value that goes to the server as JSON."""

    def __init__(self, adapted: Any, dumps: Callable[[Any], str] | None = None) -> None:
        self.adapted = adapted
        self._dumps = dumps

    def dumps(self, obj: Any) -> str:
        return (self._dumps or json.dumps)(obj)

    def getquoted(self) -> bytes:
        return _literal(self.dumps(self.adapted)).encode()


class AsIs(_Quoted):
    """A value whose text is put into the statement as it is."""

    def __init__(self, adapted: Any) -> None:
        self.adapted = adapted

    def getquoted(self) -> bytes:
        return str(self.adapted).encode()


class Binary(_Quoted):
    """Bytes that go to the server as bytea."""

    def __init__(self, adapted: Any) -> None:
        self.adapted = adapted

    def getquoted(self) -> bytes:
        return _literal(bytes(self.adapted)).encode()


class QuotedString(_Quoted):
    """Text that goes to the server as a quoted literal."""

    def __init__(self, adapted: Any) -> None:
        self.adapted = adapted

    def getquoted(self) -> bytes:
        return _literal(str(self.adapted)).encode()


def register_adapter(kind: type, adapter: Callable[[Any], Any]) -> None:
    """From now on `adapter(value)` stands for a value of this class; its `getquoted()` gives the literal."""
    _adapters[kind] = adapter


def adapt(value: Any) -> Any:
    """What stands for the value in a statement: an object with `getquoted()`."""
    for kind in type(value).__mro__:
        if kind in _adapters:
            return _adapters[kind](value)
    return value if hasattr(value, "getquoted") else AsIs(_literal(value))


def _literal(value: Any, connection: Any = None) -> str:
    """The value as SQL. Raises ProgrammingError for one that has no literal, ValueError for text with a NUL."""
    if value is None:
        return "NULL"
    for kind in type(value).__mro__:
        if kind in _adapters:
            value = _adapters[kind](value)
            break
        if kind in _LITERALS:
            return _LITERALS[kind](value)
    if hasattr(value, "__conform__"):
        value = value.__conform__(None)
    if not hasattr(value, "getquoted"):
        raise ProgrammingError(f"can't adapt type '{type(value).__name__}'")
    if hasattr(value, "prepare"):
        value.prepare(connection)
    quoted = value.getquoted()
    return quoted.decode() if isinstance(quoted, bytes) else str(quoted)


def _text_literal(value: str) -> str:
    text = str.__str__(value)
    if "\0" in text:
        raise ValueError("A string literal cannot contain NUL (0x00) characters.")
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def _number_literal(value: Any) -> str:
    text = repr(float(value)) if isinstance(value, float) else str(value)
    return f" {text}" if text.startswith("-") else text  # "1 -%s" must not become a comment


def _float_literal(value: float) -> str:
    if math.isfinite(value):
        return _number_literal(value)
    name = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return f"'{name}'::float"


def _decimal_literal(value: Decimal) -> str:
    return _number_literal(value) if value.is_finite() else "'NaN'::numeric"


def _bytes_literal(value: Any) -> str:
    return f"'\\x{bytes(value).hex()}'::bytea"


def _datetime_literal(value: datetime.datetime) -> str:
    return f"'{value.isoformat()}'::timestamp{'tz' if value.tzinfo else ''}"


def _time_literal(value: datetime.time) -> str:
    return f"'{value.isoformat()}'::time{'tz' if value.tzinfo else ''}"


def _interval_literal(value: datetime.timedelta) -> str:
    return f"'{value.days} days {value.seconds}.{value.microseconds:06} seconds'::interval"


def _array_literal(value: list[Any]) -> str:
    if not value:
        return "'{}'"
    if _is_all_null(value):
        return f"'{_null_array(value)}'"
    return f"ARRAY[{','.join('ARRAY[]' if item == [] else _literal(item) for item in value)}]"


def _is_all_null(value: list[Any]) -> bool:
    return all(item is None or (isinstance(item, list) and bool(item) and _is_all_null(item)) for item in value)


def _null_array(value: list[Any]) -> str:
    return "{" + ",".join("NULL" if item is None else _null_array(item) for item in value) + "}"


def _tuple_literal(value: tuple[Any, ...]) -> str:
    return f"({', '.join(_literal(item) for item in value)})"


_LITERALS: dict[type, Callable[[Any], str]] = {
    bool: lambda value: "true" if value else "false",
    int: lambda value: _number_literal(int(value)),
    float: _float_literal,
    Decimal: _decimal_literal,
    str: _text_literal,
    bytes: _bytes_literal,
    bytearray: _bytes_literal,
    memoryview: _bytes_literal,
    datetime.datetime: _datetime_literal,
    datetime.date: lambda value: f"'{value.isoformat()}'::date",
    datetime.time: _time_literal,
    datetime.timedelta: _interval_literal,
    list: _array_literal,
    tuple: _tuple_literal,
}


def _filled(statement: str, arguments: Any, connection: Any = None) -> str:
    """The statement with its placeholders filled.

    Only an argument that is not None makes `%` special. `%s` takes the next value, `%(key)s` the one of this key,
    `%%` is a percent sign. Quotes and comments do not protect a placeholder.
    """
    if arguments is None:
        return statement
    values: list[str] = []
    pieces: list[str] = []
    known: dict[str, str] = {}
    is_named: bool | None = None
    at = 0
    while (found := statement.find("%", at)) >= 0:
        pieces.append(statement[at:found])
        sign = statement[found + 1 : found + 2]
        at = found + 2
        if sign == "%":
            pieces.append("%")
            continue
        if not sign:
            raise ValueError("incomplete format")
        if is_named is not None and is_named != (sign == "("):
            raise ProgrammingError("argument formats can't be mixed")
        is_named = sign == "("
        if not is_named:
            value = _literal(_positional(arguments, len(values)), connection)
            values.append(value)
        else:
            key, at = _placeholder_key(statement, at)
            sign = statement[at - 1 : at]
            value = known[key] if key in known else known.setdefault(key, _literal(arguments[key], connection))
        if sign != "s":
            what = f"unsupported format character '{sign}' (0x{ord(sign):x}) at index {at - 1}" if sign else ""
            raise ValueError(what or "incomplete format")
        pieces.append(value)
    if not is_named and not isinstance(arguments, Mapping) and values and len(values) < len(arguments):
        raise TypeError("not all arguments converted during string formatting")
    return "".join([*pieces, statement[at:]])


def _positional(arguments: Any, index: int) -> Any:
    if isinstance(arguments, Mapping):
        raise TypeError(f"{type(arguments).__name__} is not a sequence")
    if not hasattr(arguments, "__getitem__"):
        raise TypeError(f"'{type(arguments).__name__}' object does not support indexing")
    if index >= len(arguments):
        raise IndexError("tuple index out of range")
    return arguments[index]


def _placeholder_key(statement: str, start: int) -> tuple[str, int]:
    end = statement.find(")", start)
    if end < 0:
        raise ProgrammingError("incomplete placeholder: '%(' without ')'")
    return statement[start:end], end + 2
