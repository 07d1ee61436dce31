"""What is certain of a statement by its text alone: its placeholders, whether it only reads, how many rows it has.

A placeholder of psycopg2 stands for a literal, a parameter of asyncpg for a value whose type the server infers. Both
come out the same where what stands round the placeholder settles the type: beside a column, in a row of VALUES, before
a cast. Any other place is left to the cursor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from asyncify.support.pg_lex import _regions

Key = int | str
HOLE = "%s"
_TOKEN = re.compile(r"[^\W\d][\w$]*|\d+(?:\.\d+)?|::|<>|!=|<=|>=|[-+*/<>=~!@#%^&|?]+|\S")
_OPERATOR = re.compile(r"[-+*/<>=~!@#^&|?]+|LIKE|ILIKE")
_BEFORE_COLUMN = frozenset({"WHERE", "AND", "OR", "NOT", "ON", "HAVING", "SET", "(", ",", "=", "BY", "SELECT"})
_ENDS = frozenset(
    {"", ")", ",", ";", "AND", "OR", "ORDER", "GROUP", "LIMIT", "OFFSET", "RETURNING", "WHERE", "FROM", "ON", "FOR"}
    | {"HAVING", "UNION", "DO"}
)
_TYPED_LITERALS = frozenset({"DATE", "TIME", "TIMESTAMP", "INTERVAL", "TIMESTAMPTZ"})
_CHANGES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "INTO"})
_COUNTS = frozenset({"COUNT", "SUM", "MIN", "MAX", "AVG", "BOOL_OR", "BOOL_AND"})  # without GROUP BY: exactly one row
_OTHER_ROWS = frozenset({"GROUP", "HAVING", "LIMIT", "OFFSET", "UNION", "INTERSECT", "EXCEPT", "FETCH", "OVER"})
_TIMES = frozenset(
    {"NOW", "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "LOCALTIME", "LOCALTIMESTAMP", "TRANSACTION_TIMESTAMP"}
)
# Functions whose arguments have one type, by which the server knows that of a parameter.
_KNOWN_ARGUMENTS = frozenset(
    {"LOWER", "UPPER", "TO_TSQUERY", "PLAINTO_TSQUERY", "WEBSEARCH_TO_TSQUERY", "PHRASETO_TSQUERY", "TO_TSVECTOR"}
    | {"NEXTVAL"}
)
# What may stand before a parenthesis in a statement that changes nothing.
_PURE = """
ABS AND ANY ALL ARRAY_AGG AS AVG BOOL_AND BOOL_OR BY CASE CAST CEIL CEILING COALESCE CONCAT CONCAT_WS COUNT
CUME_DIST DATE_PART DATE_TRUNC DENSE_RANK ELSE EXCEPT EXISTS EXTRACT FILTER FIRST_VALUE FLOOR FROM
GENERATE_SERIES GREATEST IN INTERSECT JOIN JSONB_AGG JSONB_ARRAY_ELEMENTS JSONB_BUILD_OBJECT JSON_AGG
JSON_BUILD_OBJECT LAG LAST_VALUE LATERAL LEAD LEAST LEFT LENGTH LOWER LTRIM MAX MIN NOT NOW NULLIF ON OR OVER
PHRASETO_TSQUERY PLAINTO_TSQUERY POSITION RANK REPLACE ROUND ROW_NUMBER ROW_TO_JSON RTRIM SELECT SIMILARITY SOME
SPLIT_PART STRING_AGG SUBSTR SUBSTRING SUM THEN TO_CHAR TO_JSON TO_JSONB TO_TSQUERY TO_TSVECTOR TRIM TS_RANK
TS_RANK_CD UNION UNNEST UPPER USING VALUES VARCHAR NUMERIC WEBSEARCH_TO_TSQUERY WHEN WHERE WITHIN
"""
_PURE_WORDS = frozenset(_PURE.split())


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that may do without a cursor.

    `edits`: (start, end, text) in its text, in order; `keys`: the position or name of the value for each `$n`.
    """

    edits: tuple[tuple[int, int, str], ...]
    keys: tuple[Key, ...]
    only_reads: bool
    has_one_row: bool
    asks_time: bool  # which stands still in a transaction


@dataclass(frozen=True, slots=True)
class _Token:
    text: str  # words in capitals, HOLE for a placeholder, "''" for a literal, '""' for a quoted name
    is_name: bool = False


def read_statement(text: str, *, takes_values: bool) -> Statement | None:
    """The statement with `$1`, `$2`, ... in it; None where it is not proved to be the same with them."""
    regions = list(_regions(text))
    if any(kind == "code" and re.search(r"\$\d", text[begin:end]) for kind, begin, end in regions):
        return None
    found = _placeholders(text, regions) if takes_values else ([], [])
    if found is None:
        return None
    holes, edits = found
    tokens = list(_tokens(text, regions, {start: end for start, end, _ in holes}))
    while tokens and tokens[-1].text == ";":
        tokens.pop()
    words = [token.text for token in tokens]
    if not words or ";" in words or words[0] not in {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}:
        return None
    if words[0] == "WITH" and not _CHANGES.isdisjoint(words):
        return None
    spots = [index for index, word in enumerate(words) if word == HOLE]
    if not all(_is_settled(tokens, index) for index in spots):
        return None
    keys = tuple(len(holes[:at]) if key is None else key for at, (_, _, key) in enumerate(holes))
    marks = [(start, end, f"${at + 1}") for at, (start, end, _) in enumerate(holes)]
    asks_time = not _TIMES.isdisjoint(words)
    return Statement(tuple(sorted([*edits, *marks])), keys, _only_reads(tokens), _has_one_row(words), asks_time)


def has_one_value_row(words: list[str]) -> bool:
    """Does INSERT name the values of exactly one row?"""
    if words.count("VALUES") != 1:
        return False
    end = _closing(words, words.index("VALUES") + 1)
    return end is not None and (end + 1 == len(words) or words[end + 1] != ",")


# ---------------------------------------------------------------- the text


def _placeholders(
    text: str, regions: list[tuple[str, int, int]]
) -> tuple[list[tuple[int, int, str | None]], list[tuple[int, int, str]]] | None:  # fmt: skip
    """(start, end, key) of each placeholder, and the edits for `%%`; None where one is no bind parameter, or wrong."""
    holes: list[tuple[int, int, str | None]] = []
    edits: list[tuple[int, int, str]] = []
    for kind, begin, end in regions:
        at = begin
        while (at := text.find("%", at, end)) >= 0:
            found = re.compile(r"%(?:%|s|\(([^)]*)\)s)").match(text, at)
            if found is None or found.end() > end:
                return None
            if found[0] == "%%":
                edits.append((at, found.end(), "%"))
            elif kind != "code" or re.match(r"[\w$]", text[at - 1 : at]) or re.match(r"[\w$]", text[found.end() :]):
                return None  # the literal would be part of a word
            else:
                holes.append((at, found.end(), found[1]))
            at = found.end()
    return (holes, edits) if len({key is None for _, _, key in holes}) < 2 else None


def _tokens(text: str, regions: list[tuple[str, int, int]], holes: dict[int, int]) -> Iterator[_Token]:
    for kind, begin, end in regions:
        if kind == "name":
            yield _Token('""', is_name=True)
        elif kind not in {"code", "comment"}:
            yield _Token("''")
        elif kind == "code":
            yield from _code_tokens(text, begin, end, holes)


def _code_tokens(text: str, begin: int, end: int, holes: dict[int, int]) -> Iterator[_Token]:
    at = begin
    for start in [*sorted(start for start in holes if begin <= start < end), end]:
        for found in _TOKEN.finditer(text, at, start):
            word = found[0].upper()
            yield _Token(word, is_name=word[0].isalpha() or word[0] == "_")
        if start < end:
            yield _Token(HOLE)
            at = holes[start]


# ---------------------------------------------------------------- what is certain of it


def _is_settled(tokens: list[_Token], index: int) -> bool:
    """Does what stands round the placeholder settle the type of its value?"""
    before = [token.text for token in tokens[:index]]
    after = tokens[index + 1].text if index + 1 < len(tokens) else ""
    last = before[-1] if before else ""
    if after == "::":
        return last not in _TYPED_LITERALS
    if after not in _ENDS:
        return False
    if last in {"LIMIT", "OFFSET"}:
        return True
    if _OPERATOR.fullmatch(last):
        left = index - 2 - (before[-2:-1] == ["NOT"])
        return _is_column(tokens, left) or _is_other_operand(before, left)
    if last == "BETWEEN":
        return _is_column(tokens, index - 2) and after == "AND"
    if before[-3:] == ["BETWEEN", HOLE, "AND"]:
        return True
    opening = _opening(before)
    if opening is None:
        return False
    head, inside = before[:opening], before[opening + 1 :]
    if last not in {"(", ","} or after not in {")", ","}:
        return False
    if head[-1:] == ["VALUES"]:
        return before[0] == "INSERT" and has_one_value_row([token.text for token in tokens])
    if head[-1:] == ["IN"]:
        return all(word in {HOLE, ",", "''"} for word in inside) and _is_column(
            tokens, opening - 2 - (head[-2:-1] == ["NOT"])
        )
    return head[-1:] != [] and head[-1] in _KNOWN_ARGUMENTS


def _is_column(tokens: list[_Token], index: int) -> bool:
    """Is the operand that ends at `index` the name of a column?"""
    if index < 0 or not tokens[index].is_name or tokens[index].text in _BEFORE_COLUMN | _ENDS | {"END", "NULL"}:
        return False
    while index >= 2 and tokens[index - 1].text == "." and tokens[index - 2].is_name:
        index -= 2
    return index > 0 and tokens[index - 1].text in _BEFORE_COLUMN


def _is_other_operand(before: list[str], index: int) -> bool:
    """Does something in parentheses without a placeholder, or a field of a document, end at `index`?"""
    if before[index] == "''":
        return before[index - 1 : index] in (["->"], ["->>"])
    opening = _opening(before[:index]) if before[index] == ")" else None
    return opening is not None and HOLE not in before[opening:index]


def _opening(before: list[str]) -> int | None:
    """The index of the innermost parenthesis that is still open."""
    depth = 0
    for index in range(len(before) - 1, -1, -1):
        depth += (before[index] == ")") - (before[index] == "(")
        if depth < 0:
            return index
    return None


def _closing(words: list[str], opening: int) -> int | None:
    depth = 0
    for index in range(opening, len(words)):
        depth += (words[index] == "(") - (words[index] == ")")
        if depth == 0:
            return index
    return None


def _only_reads(tokens: list[_Token]) -> bool:
    words = [token.text for token in tokens]
    if words[0] not in {"SELECT", "WITH"} or not _CHANGES.isdisjoint(words) or "FOR" in words:
        return False
    called = [index for index in range(len(words) - 1) if tokens[index].is_name and words[index + 1] == "("]
    return all(words[index] in _PURE_WORDS for index in called)


def _has_one_row(words: list[str]) -> bool:
    """Is it an aggregate over all rows, or a question whether there are any?"""
    if words[:2] == ["SELECT", "EXISTS"]:
        return _closing(words, 2) == len(words) - 1
    if words[0] != "SELECT" or words[1] not in _COUNTS or words[2] != "(":
        return False
    end = _closing(words, 2)
    rest = words[end + 1 :] if end is not None else []
    return _OTHER_ROWS.isdisjoint(words) and rest[:1] in (["FROM"], ["AS"], []) and "," not in _top_level(rest)


def _top_level(words: list[str]) -> Iterator[str]:
    depth = 0
    for word in words:
        depth += (word == "(") - (word == ")")
        if depth == 0:
            yield word
        if word == "FROM" and depth == 0:
            return
