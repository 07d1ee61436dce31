"""Malformed packs: each is refused with file, line, rule, key and a hint."""

from __future__ import annotations

import re

import pytest

from asyncify.errors import RuleError
from asyncify.loader import load_pack

PACK = '''[pack]
id = "acme"
summary = "acme becomes better"
source = ["acme"]

[aliases]
"acme.core.ask" = "acme.ask"

[[type]]
id = "acme.Answer"
keeps = ["text"]
held = { "json()" = "await {self}.json({*})", text = "await {self}.text()" }

[[rule]]
id = "acme-ask"
call = "acme.ask(question, hooks=None)"
waits = "network"
becomes = "await asyncio.ask({question})"
imports = ["asyncio"]
refuses = { hooks = "drop them" }
why = "It waits."

[[rule.example]]
name = "a call"
before = """
acme.ask(1)
"""
after = """
await asyncio.ask(1)
"""

[[rule.example]]
name = "no call"
before = """
acme.ask
"""
because = "not-called"

[[rule]]
id = "acme-tell"
call = "acme.tell"
waits = "network"
why = "It waits too."

[exceptions]
"acme.Late" = { catches = ["asyncio.TimeoutError"], raises = "asyncio.TimeoutError", imports = ["asyncio"] }

[[accepts]]
call = "acme.on(event, handler)"
slot = "handler"
forms = ["coroutine-function"]
'''


def test_the_pack_is_sound_before_it_is_spoilt() -> None:
    pack = load_pack(PACK, "rules/acme.toml")

    assert [rule.id for rule in pack.rules] == ["acme-ask", "acme-tell"]
    assert pack.rules[0].refuses == {"hooks": "drop them"}
    assert [example.because for example in pack.rules[0].examples] == [None, "not-called"]
    assert pack.exceptions[0].catches == ("asyncio.TimeoutError",)


CASES = [
    # what is spoilt, how, the line or "" where none can be said, words of the message in order
    ('summary = "acme', "summary = acme", "3", ["not valid TOML"]),
    ("[[type]]", "[[typ]]", "9", ["typ", "unknown key", "did you mean 'type'"]),
    ('summary = "acme becomes better"\n', "", "1", ["pack, summary", "missing"]),
    ('id = "acme"', 'id = "amce"', "2", ["pack, id", "name of the file", "'acme'"]),
    ('source = ["acme"]', 'source = "ac me"', "4", ["pack, source", "'ac me' is not a dotted path"]),
    ('source = ["acme"]', "source = [1]", "4", ["pack, source", "it holds a number"]),
    ('source = ["acme"]', 'source = ["acme"]\nrequires = [">=3"]', "5", ["requires", "not a requirement"]),
    ('= "acme.ask"\n', '= ""\n', "7", ["aliases, acme.core.ask", "a text is needed here, not an empty text"]),
    ('= "acme.ask"\n', '= "acme ask"\n', "7", ["acme.core.ask", "not a dotted path"]),
    ('keeps = ["text"]', 'keep = ["text"]', "11", ["type acme.Answer, keep", "did you mean 'keeps'"]),
    ('keeps = ["text"]', 'keeps = ["te-xt"]', "11", ["type acme.Answer, keeps", "not the name of a member"]),
    ('keeps = ["text"]', 'keeps = "text"', "11", ["a list of texts is needed here, not a text"]),
    ('keeps = ["text"]', "enters_async = 1", "11", ["enters_async", "true or false is needed here, not a number"]),
    ('keeps = ["text"]', "enters_async = true", "9", ["type acme.Answer, enters", "what it enters as"]),
    ('text = "await {self}', 'text = "await {slf}', "12", ["held", "nothing fills the hole {slf}", "'self'"]),
    ('text = "await {self}.text()"', 'text = "await json.x({self})"', "12", ["names json"]),
    ('text = "await {self}.text()"', 'text = "f({*})"', "12", ["nothing fills the hole {*}"]),
    ('"acme.ask(question, hooks=None)"', '"acme.ask(question"', "16", ["rule acme-ask, call", "bad signature"]),
    ('waits = "network"\nbec', 'waits = "netwrok"\nbec', "17", ["waits", "'netwrok'", "did you mean 'network'"]),
    ('waits = "network"\nbec', "bec", "14", ["rule acme-ask, waits", "`becomes` awaits"]),
    ("({question})", "({questoin})", "18", ["becomes", "hole {questoin}", "did you mean 'question'"]),
    ("({question})", "({question}", "18", ["rule acme-ask, becomes", "bad template", "valid Python"]),
    ('imports = ["asyncio"]\nref', "ref", "18", ["becomes", "names asyncio", "add it to imports"]),
    ("becomes = ", "becoms = ", "18", ["rule acme-ask, becoms", "unknown key", "did you mean 'becomes'"]),
    ('why = "It waits."', 'lifespan = "life"\nwhy = "."', "21", ["lifespan", "no slot 'life'"]),
    ("{ hooks =", "{ hoks =", "20", ["refuses", "no slot 'hoks'", "did you mean 'hooks'"]),
    ('why = "It waits."', 'notes = { hoks = "late" }\nwhy = "."', "21", ["notes", "no slot 'hoks'", "did you mean"]),
    ('why = "It waits."', 'streams = "stream"\nwhy = "."', "21", ["streams", "needs `opens`"]),
    ('why = "It waits."', 'safety = "unsafe"\nwhy = "."', "14", ["differs", "names its difference"]),
    ('why = "It waits."', 'differs = "a"\nwhy = "."', "21", ["differs", "a safe rule has no difference"]),
    ('why = "It waits."', 'safety = "save"\nwhy = "."', "21", ["safety", "'save'", "did you mean 'safe'"]),
    ('why = "It waits."\n', "", "14", ["rule acme-ask, why", "missing"]),
    ("acme.ask(1)\n", "acme.ask(1\n", "25", ["rule acme-ask, rule.example a call, before", "does not parse"]),
    ("await asyncio.ask(1)\n", "await (\n", "28", ["rule.example a call, after", "does not parse"]),
    ('because = "not-called"', 'because = "not-caled"', "37", ["'not-caled'", "did you mean 'not-called'"]),
    ('because = "not-called"', 'after = "x"', "23", ["rule acme-ask, example", "example with `because`"]),
    ('because = "not-called"', "", "32", ["example no call, after", "either `after` or `because`"]),
    ('call = "acme.tell"\nwaits = "network"', 'call = "acme.tell"', "39", ["acme-tell, waits", "says nothing"]),
    ('call = "acme.tell"\n', "call = []\n", "41", ["rule acme-tell, call", "at least one is needed"]),
    (
        'call = "acme.tell"\n',
        "call = 3\n",
        "41",
        ["rule acme-tell, call", "list of texts is needed here, not a number"],
    ),
    ('"asyncio.TimeoutError"]', '"asyncio.Timeout("]', "46", ["exceptions, catches", "bad template"]),
    ("raises = ", "raise = ", "46", ["exceptions, acme.Late", "unknown key 'raise'", "raises"]),
    ('slot = "handler"', 'slot = "handle"', "50", ["accepts acme.on(event, handler), slot", "no slot 'handle'"]),
    ('"coroutine-function"', '"coroutine"', "51", ["forms", "'coroutine'", "did you mean 'coroutine-function'"]),
    ('slot = "handler"', "overrides = true\nslot = 'handler'", "50", ["overrides", "has no slot"]),
]


@pytest.mark.parametrize(("old", "new", "line", "words"), CASES, ids=[f"{case[2]}-{case[3][-1]}" for case in CASES])
def test_a_spoilt_pack_is_refused_at_its_line(old: str, new: str, line: str, words: list[str]) -> None:
    assert old in PACK
    with pytest.raises(RuleError) as caught:
        load_pack(PACK.replace(old, new, 1), "rules/acme.toml")

    message = str(caught.value)
    assert re.search(".*".join(re.escape(word) for word in [f"rules/acme.toml:{line}: ", *words]), message), message


def test_a_table_in_the_place_of_tables_is_refused() -> None:
    with pytest.raises(RuleError, match=r"write \[\[rule\]\]"):
        load_pack('[pack]\nid = "a"\nsummary = "a"\nsource = ["a"]\n[rule]\nid = "x"\n', "a.toml")
