"""One table of a pack as written: typed reading of its keys, and errors that say file, line, section and key."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from asyncify.errors import RuleError

_Word = TypeVar("_Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Section:
    """A table, its header (`rule`, `rule.example`, ...) and its number among those of its parent, from 0.

    What is `trusted` passed the slow checks before, and is not put through them again.
    """

    file: str
    text: str
    kind: str
    number: int
    values: Mapping[str, object]
    parent: Section | None = None
    trusted: bool = False

    def only(self, known: Iterable[str], needed: Iterable[str] = ()) -> None:
        """Refuse keys that are not `known`, and the absence of those `needed`."""
        allowed = frozenset(known)
        for key in self.values:
            if key not in allowed:
                raise self.fault(key, f"unknown key{did_you_mean(key, allowed)}")
        for key in needed:
            if key not in self.values:
                raise self.fault(key, "the key is missing")

    def string(self, key: str) -> str:
        """A text that is not empty."""
        value = self.values.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.fault(key, f"a text is needed here, not {_described(value)}")
        return value

    def optional(self, key: str) -> str | None:
        return self.string(key) if key in self.values else None

    def strings(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty where the key is absent."""
        value = self.values.get(key, ())
        if not isinstance(value, list | tuple):
            raise self.fault(key, f"a list of texts is needed here, not {_described(value)}")
        for item in value:
            if not isinstance(item, str) or not item.strip():
                raise self.fault(key, f"a list of texts is needed here; it holds {_described(item)}")
        return tuple(value)

    def one_or_many(self, key: str) -> tuple[str, ...]:
        """One text or a list of at least one."""
        value = self.values.get(key)
        many = (self.string(key),) if isinstance(value, str) else self.strings(key)
        if not many:
            raise self.fault(key, "at least one is needed")
        return many

    def flag(self, key: str) -> bool:
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self.fault(key, f"true or false is needed here, not {_described(value)}")
        return value

    def mapping(self, key: str) -> dict[str, str]:
        """A table of texts; empty where the key is absent."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise self.fault(key, f"a table of texts is needed here, not {_described(value)}")
        for name, item in value.items():
            if not isinstance(item, str) or not item.strip():
                raise self.fault(key, f"{name} needs a text, not {_described(item)}", name)
        return value

    def word(self, key: str, words: type[_Word]) -> _Word | None:
        """One of a fixed list of words; None where the key is absent."""
        text = self.optional(key)
        return None if text is None else self.checked_word(key, text, words)

    def checked_word(self, key: str, text: str, words: type[_Word]) -> _Word:
        try:
            return words(text)
        except ValueError:
            known = [word.value for word in words]
            hint = did_you_mean(text, known) or f"; one of {', '.join(known)} is meant"
            raise self.fault(key, f"unknown word {text!r}{hint}", text) from None

    def sections(self, key: str, kind: str | None = None) -> tuple[Section, ...]:
        """The tables of an array of tables; empty where the key is absent."""
        value = self.values.get(key, [])
        header = kind or key
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.fault(key, f"tables are needed here; write [[{header}]]")
        return tuple(self._inner(header, at, item) for at, item in enumerate(value))

    def table(self, key: str) -> Section:
        """The table under `key`; empty where the key is absent."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise self.fault(key, f"a table is needed here; write [{key}]")
        return self._inner(key, 0, value)

    def fault(self, key: str, problem: str, fragment: str = "") -> RuleError:
        """An error about one key; `fragment` is the offending piece of its value."""
        line = self._line_of(key, fragment)
        place = f"{self.file}:{line}" if line else self.file
        return RuleError(f"{place}: {self._label()}, {key}: {problem}")

    def _inner(self, kind: str, number: int, values: Mapping[str, object]) -> Section:
        return Section(self.file, self.text, kind, number, values, self, self.trusted)

    def _label(self) -> str:
        own = self.values.get("id") or self.values.get("name") or self.values.get("call")
        if isinstance(own, list) and own:
            own = own[0]
        many = self.kind not in {"pack", "aliases", "exceptions", "values", "file"}
        own = own if isinstance(own, str) and many else f"number {self.number + 1}" if many else ""
        label = f"{self.kind} {own}".rstrip()
        return f"{self.parent._label()}, {label}" if self.parent and "." in self.kind else label

    def _span(self) -> tuple[int, int]:
        start, end = self.parent._span() if self.parent else (0, len(self.text))
        if self.kind == "file":
            return start, end
        headers = list(re.finditer(r"^[ \t]*\[\[?[ \t]*([\w.-]+)[ \t]*\]", self.text[start:end], re.MULTILINE))
        own = [header for header in headers if header[1] == self.kind]
        if len(own) <= self.number:
            return start, end
        first = own[self.number]
        later = (
            header.start()
            for header in headers
            if header.start() > first.start() and not header[1].startswith(f"{self.kind}.")
        )
        return start + first.start(), start + next(later, end - start)

    def _line_of(self, key: str, fragment: str) -> int | None:
        start, end = self._span()
        found = re.compile(rf"^[ \t]*(?:\[\[?[\w.]*)?[\"']?{re.escape(key)}[\"']?[ \t]*(?:=|\]|\.)", re.MULTILINE)
        match = found.search(self.text, start, end)
        position = match.start() + len(match[0]) - len(match[0].lstrip()) if match else start
        if fragment and (inside := self.text.find(fragment, position, end)) >= 0:
            position = inside
        if not match and not fragment and self.kind == "file":
            return None
        return self.text.count("\n", 0, position) + 1


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean "becomes"?`, or nothing if no known word comes near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def _described(value: object) -> str:
    if value is None:
        return "nothing"
    if value == "":
        return "an empty text"
    names = {bool: "true/false", int: "a number", float: "a number", str: "a text", list: "a list", dict: "a table"}
    return names.get(type(value), type(value).__name__)
