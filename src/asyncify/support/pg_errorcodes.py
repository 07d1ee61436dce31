"""psycopg2.errorcodes: the SQLSTATEs by the names of the PostgreSQL manual."""

from __future__ import annotations

import functools

from asyncify.support.pg_errors import _names

# Those of which asyncpg has no class, or one that two states share.
_STATES = {
    "CASE_NOT_FOUND": "20000",
    "INVALID_LIMIT_VALUE": "22020",
    "STRING_DATA_RIGHT_TRUNCATION": "22001",
    "STRING_DATA_RIGHT_TRUNCATION_": "01004",
    "SUCCESSFUL_COMPLETION": "00000",
    "PL_PGSQL_ERROR": "P0000",
    "SNAPSHOT_FAILURE": "72000",
    "CONFIGURATION_FILE_ERROR": "F0000",
    "FOREIGN_DATA_WRAPPER_ERROR": "HV000",
    "WARNING": "01000",
    "XQUERY_ERROR": "10000",
}


class _ErrorCodes:
    def __getattr__(self, name: str) -> str:
        kind = name.removeprefix("CLASS_")
        state = _state(kind)
        if state is None:
            raise AttributeError(f"no SQLSTATE is called {name!r}")
        return state if kind == name else state[:2]

    def lookup(self, code: str) -> str:
        """The name of a SQLSTATE; KeyError for one that is not known."""
        names = {state: name for name, state in (*_STATES.items(), *_spelled().items())}
        return names[code].removesuffix("_EXT")


errorcodes = _ErrorCodes()


def _state(name: str) -> str | None:
    """The state that is called so. A name that ends in _ has a namesake, which comes first."""
    if name in _STATES:
        return _STATES[name]
    plain = name.replace("_", "")
    known = {spelled.replace("_", ""): state for spelled, state in _spelled().items()}
    return known.get(plain) if name.endswith("_") else known.get(f"{plain}EXT") or known.get(plain)


@functools.cache
def _spelled() -> dict[str, str]:
    """Name in capitals -> SQLSTATE."""
    spelled: dict[str, str] = {}
    for state, name in _names().items():
        words = "".join(f"_{letter}" if letter.isupper() else letter for letter in name)
        spelled.setdefault(words.strip("_").upper(), state)
    return spelled
