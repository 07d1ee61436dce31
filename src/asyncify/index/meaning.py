"""What of a file's summary inference can see: everything but the places in the text."""

from __future__ import annotations

import hashlib

import msgspec

from asyncify.index.summary import OCCURRENCE, Summary, numbers

NOWHERE = (0, 0, 0, 0)


def meaning(summary: Summary) -> bytes:
    """Equal for two summaries of one path if, and only if, they differ in nothing but places: comments, blank lines,
    text and numbers, formatting."""
    marks = numbers(summary.occurrences)
    bare = msgspec.structs.replace(
        summary,
        functions=tuple(msgspec.structs.replace(fact, span=NOWHERE) for fact in summary.functions),
        classes=tuple(msgspec.structs.replace(fact, line=0) for fact in summary.classes),
        decorations=tuple((*fact[:4], NOWHERE) for fact in summary.decorations),
        flows=tuple(msgspec.structs.replace(fact, span=NOWHERE, until=0) for fact in summary.flows),
        sites=b"",
        argument_places=b"",
        occurrences=marks[::OCCURRENCE].tobytes() + marks[1::OCCURRENCE].tobytes(),
    )
    return hashlib.blake2b(msgspec.msgpack.encode(bare), digest_size=16).digest()
