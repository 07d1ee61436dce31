"""errorcodes has the names and states that psycopg2 has."""

from __future__ import annotations

import pytest
from psycopg2 import errorcodes as old

from asyncify.support.pg_errorcodes import errorcodes as new

NAMES = [name for name in dir(old) if name.isupper() and isinstance(getattr(old, name), str)]


def test_each_name_stands_for_the_same_state() -> None:
    assert len(NAMES) > 250
    assert {name: getattr(old, name) for name in NAMES} == {name: getattr(new, name) for name in NAMES}


def test_each_state_has_the_same_name() -> None:
    states = {getattr(old, name) for name in NAMES if not name.startswith("CLASS_")}

    assert {state: old.lookup(state) for state in states} == {state: new.lookup(state) for state in states}


def test_what_is_no_state_is_an_error() -> None:
    with pytest.raises(AttributeError):
        _ = new.NO_SUCH_THING
    with pytest.raises(KeyError):
        new.lookup("QQQQQ")
