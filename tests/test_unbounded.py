"""Fan-outs without a limit in code that is async already: each is said, and a plain one gets a limit if wanted."""

from __future__ import annotations

import textwrap

import pytest

from asyncify.plan.concurrency.setting import Which
from asyncify.plan.concurrency.unbounded import RULE
from asyncify.rule_examples import migrate_text, result_text
from support import SHIPPED, run_text

HEAD = """
import asyncio

GATE = asyncio.Semaphore(3)
NOW = []
MOST = []


async def fetch(x):
    NOW.append(x)
    MOST.append(len(NOW))
    await asyncio.sleep(1)
    NOW.remove(x)
    if x == 7:
        raise ValueError(x)
    return x


async def gated(x):
    async with GATE:
        return await fetch(x)


"""

UNBOUNDED = {
    "a list": "return await asyncio.gather(*[fetch(x) for x in xs])",
    "a generator": "return await asyncio.gather(*(fetch(x) for x in xs))",
    "map": "return await asyncio.gather(*map(fetch, xs))",
    "a name": "tasks = [fetch(x) for x in xs]; return await asyncio.gather(*tasks)",
    "errors as results": "return await asyncio.gather(*[fetch(x) for x in xs], return_exceptions=True)",
    "tasks in a loop": """
        tasks = []
        for x in xs:
            tasks.append(asyncio.create_task(fetch(x)))
        return await asyncio.gather(*tasks)
        """,
    "wait": "done, _ = await asyncio.wait([asyncio.ensure_future(fetch(x)) for x in xs]); return len(done)",
    "a task group": """
        async with asyncio.TaskGroup() as group:
            for x in xs:
                group.create_task(fetch(x))
        """,
    "a task group and a comprehension": """
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(fetch(x)) for x in xs]
        return [task.result() for task in tasks]
        """,
}

BOUNDED = {
    "two calls": "return await asyncio.gather(fetch(1), fetch(2))",
    "a display": "return await asyncio.gather(*[fetch(x) for x in (1, 2, 3)])",
    "a slice": "return [await asyncio.gather(*[fetch(x) for x in xs[at:at + 5]]) for at in range(0, len(xs), 5)]",
    "a range": "return await asyncio.gather(*[fetch(x) for x in range(5)])",
    "a semaphore in what is called": "return await asyncio.gather(*[gated(x) for x in xs])",
    "a semaphore in a function inside": """
        gate = asyncio.Semaphore(2)

        async def one(x):
            async with gate:
                return await fetch(x)

        return await asyncio.gather(*[one(x) for x in xs])
        """,
    "a group without a loop": """
        async with asyncio.TaskGroup() as group:
            group.create_task(fetch(1))
            group.create_task(fetch(2))
        """,
    "one after another": "return [await fetch(x) for x in xs]",
}


def _text(body: str) -> str:
    return f"{HEAD}async def run(xs=range(30)):\n{textwrap.indent(textwrap.dedent(body).strip(), '    ')}\n"


def _warned(text: str, which: Which) -> list[str]:
    migration = migrate_text(text, SHIPPED, which)
    assert migration.faults == ()
    return [warning.text for warning in migration.plan.warnings if warning.rule == RULE]


@pytest.mark.parametrize("body", UNBOUNDED.values(), ids=UNBOUNDED)
def test_a_call_for_each_item_at_once_is_said(body: str) -> None:
    (text,) = _warned(_text(body), Which.SAFE)

    assert text.startswith("As many calls run at once as `xs` has items")
    assert result_text(migrate_text(_text(body), SHIPPED), _text(body)) == _text(body)  # and left alone


@pytest.mark.parametrize("body", BOUNDED.values(), ids=BOUNDED)
def test_what_has_a_limit_is_not_said(body: str) -> None:
    assert _warned(_text(body), Which.SAFE) == []


@pytest.mark.parametrize("name", ["a list", "a generator"])
def test_with_all_a_plain_gather_gets_a_limit(name: str) -> None:
    """30 calls of a second each, of which the last fails or none, 10 at a time: the same, but in three seconds."""
    before = _text(UNBOUNDED[name])
    migration = migrate_text(before, SHIPPED, Which.ALL)
    after = result_text(migration, before)

    assert _warned(before, Which.ALL) == []
    assert migration.faults == ()
    assert "_aio.together(*" in after
    assert 'limit="default"' in after
    names = migration.plan.support.names if migration.plan.support else ()
    for items, seconds in (([1, 2, 3], 1), ([x for x in range(31) if x != 7], 3), ([7, 8, 9], 0)):
        old, new = run_text(before, xs=items), run_text(after, names, xs=items)
        assert old == new
        assert new.seconds == seconds  # 0: not noted where it fails


@pytest.mark.parametrize("name", ["map", "a name", "errors as results", "a task group"])
def test_with_all_any_other_is_still_said(name: str) -> None:
    assert len(_warned(_text(UNBOUNDED[name]), Which.ALL)) == 1
