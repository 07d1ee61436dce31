"""Changes as one unified diff in git's form, byte for byte, that `git apply` and `patch -p1` take."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path

from rich.text import Text

from asyncify.change import Change

CONTEXT = 3
LONG = 5000  # lines; beyond it difflib may take common lines for junk: still right, perhaps not the shortest diff
NEW_FILE_MODE = b"100644"
NO_NEWLINE = b"\n\\ No newline at end of file\n"
ESCAPES = {0x07: b"\\a", 0x08: b"\\b", 0x09: b"\\t", 0x0A: b"\\n", 0x0B: b"\\v", 0x0C: b"\\f", 0x0D: b"\\r",
           0x22: b'\\"', 0x5C: b"\\\\"}  # fmt: skip
STYLES = {"diff ": "bold", "new file ": "bold", "deleted ": "bold", "---": "bold", "+++": "bold", "@@": "cyan",
          "+": "green", "-": "red", "\\": "dim"}  # fmt: skip
HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")
UNSEEN = {code: f"\\x{code:02x}" for code in (*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0))}


def unified_diff(changes: Iterable[Change], prefix: str = "") -> bytes:
    """One diff of all changes, sorted by path; empty where nothing changes.

    `prefix` is put in front of each path: the root as seen from where the diff will be applied. Lines end at
    `\\n` alone and are kept as bytes, so any encoding and line end survives.
    """
    return b"".join(_file_diff(change, prefix) for change in sorted(changes) if change.is_needed)


def diff_prefix(root: Path, folder: Path) -> str:
    """`root` as seen from `folder`; empty where it is not below it (the diff is then relative to `root`)."""
    root, folder = root.resolve(), folder.resolve()
    if root == folder or not root.is_relative_to(folder):
        return ""
    return root.relative_to(folder).as_posix()


def coloured(diff: bytes) -> Text:
    """The diff for a terminal; control characters and bytes that are not UTF-8 are spelled out."""
    text = Text()
    left, right = 0, 0  # lines that the present hunk still owes: inside it `--- x` is a removed line
    for raw in diff.decode("utf-8", "backslashreplace").split("\n"):
        line = raw.translate(UNSEEN)
        if left or right:
            style = STYLES.get(line[:1], "")
            left -= line[:1] in ("-", " ")
            right -= line[:1] in ("+", " ")
        else:
            style = next((style for start, style in STYLES.items() if line.startswith(start)), "")
            if hunk := HUNK.match(line):
                left, right = (int(count) if count else 1 for count in hunk.groups())
        text.append(line, style).append("\n")
    text.right_crop(1)
    return text


def _file_diff(change: Change, prefix: str) -> bytes:
    path = f"{prefix.rstrip('/')}/{change.path}" if prefix.strip("/") else change.path
    before, after = _lines(change.before or b""), _lines(change.after or b"")
    has_hunks = bool(before or after)
    # `patch` cuts the names of this line at a space, and without hunks it has no other names to go by.
    old, new = (_quoted(f"{side}/{path}", always=not has_hunks and " " in path) for side in "ab")
    out = [b"diff --git %s %s\n" % (old, new)]
    if change.before is None:
        out.append(b"new file mode %s\n" % NEW_FILE_MODE)
    if change.after is None:
        out.append(b"deleted file mode %s\n" % NEW_FILE_MODE)
    if has_hunks:
        out.append(b"--- %s\n" % (b"/dev/null" if change.before is None else _with_tab(old)))
        out.append(b"+++ %s\n" % (b"/dev/null" if change.after is None else _with_tab(new)))
        out.extend(_hunks(before, after))
    return b"".join(out)


def _lines(data: bytes) -> list[bytes]:
    """Split at `\\n` only: `splitlines` would also split at form feeds and other things that git does not."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _hunks(before: Sequence[bytes], after: Sequence[bytes]) -> Iterator[bytes]:
    is_long = len(before) + len(after) > LONG
    matcher = SequenceMatcher(None, before, after, autojunk=is_long)
    for group in matcher.get_grouped_opcodes(CONTEXT):
        left = _range(group[0][1], group[-1][2])
        right = _range(group[0][3], group[-1][4])
        yield b"@@ -%s +%s @@\n" % (left, right)
        for tag, a_start, a_end, b_start, b_end in group:
            if tag == "equal":
                yield from (_line(b" ", line) for line in before[a_start:a_end])
                continue
            yield from (_line(b"-", line) for line in before[a_start:a_end])
            yield from (_line(b"+", line) for line in after[b_start:b_end])


def _range(start: int, end: int) -> bytes:
    count = end - start
    first = start + 1 if count else start  # an empty range names the line before it
    return b"%d" % first if count == 1 else b"%d,%d" % (first, count)


def _line(sign: bytes, line: bytes) -> bytes:
    return sign + line if line.endswith(b"\n") else sign + line + NO_NEWLINE


def _quoted(path: str, *, always: bool) -> bytes:
    """As git does: in quotes, with octal escapes, where a byte is not plain ASCII."""
    data = os.fsencode(path)
    if not always and all(0x20 <= byte < 0x7F and byte not in ESCAPES for byte in data):
        return data
    return b'"%s"' % b"".join(_escaped(byte) for byte in data)


def _escaped(byte: int) -> bytes:
    if byte in ESCAPES:
        return ESCAPES[byte]
    return bytes([byte]) if 0x20 <= byte < 0x7F else b"\\%03o" % byte


def _with_tab(name: bytes) -> bytes:
    """A name with a space ends in a tab, or `patch` would cut it at the space."""
    return name + b"\t" if b" " in name and not name.startswith(b'"') else name
