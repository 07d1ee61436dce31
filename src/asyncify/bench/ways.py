"""The ways in which a case is run, so that a gain can be told apart into what it is made of.

`serial`, `10 threads` and `server` run the project as it is; `unlimited`, `limit 50` and `uvloop` as it became.
`, no keep-alive` and `, shared session` behind the first two say what becomes of connections (requests only).
"""

from __future__ import annotations

import re
from enum import StrEnum

from msgspec import Struct

from asyncify.bench.samples import Side

PATTERN = re.compile(
    r"(?P<before>serial|(?P<threads>[1-9]\d*) threads|server)(?P<sessions>, no keep-alive|, shared session)?"
    r"|(?P<after>unlimited|limit (?P<limit>[1-9]\d*)|migrated server)(?P<loop>, uvloop)?|(?P<uvloop>uvloop)"
)


class Sessions(StrEnum):
    """What becomes of the connections of the original."""

    OWN = "own"  # as the project does it
    NONE = "no keep-alive"
    SHARED = "shared session"


class Way(Struct, frozen=True):
    """How one row of a table is run."""

    name: str
    side: Side
    limit: int | None = None  # how many run at once; None: as many as there are requests
    is_server: bool = False
    sessions: Sessions = Sessions.OWN
    uses_uvloop: bool = False


def read_way(text: str) -> Way | None:
    """The way that the text names; None if it names none."""
    found = PATTERN.fullmatch(text)
    if found is None:
        return None
    if found["before"]:
        limit = int(found["threads"]) if found["threads"] else 1 if found["before"] == "serial" else None
        sessions = Sessions((found["sessions"] or ", own")[2:])
        return Way(text, Side.BEFORE, limit, found["before"] == "server", sessions)
    return Way(
        text,
        Side.AFTER,
        int(found["limit"]) if found["limit"] else None,
        found["after"] == "migrated server",
        uses_uvloop=bool(found["loop"] or found["uvloop"]),
    )


OWN_BEFORE = Way("as it is", Side.BEFORE)
OWN_AFTER = Way("migrated", Side.AFTER)
