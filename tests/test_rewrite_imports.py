"""What the new code names is imported once, where the old code would have imported it."""

from __future__ import annotations

import pytest

from asyncify.rewrite.bound import missing_modules


@pytest.mark.parametrize(
    ("code", "missing"),
    [
        ("asyncio.run(f())", True),
        ("import asyncio\nasyncio.run(f())", False),
        ("def f():\n    import asyncio\n    return asyncio.sleep(1)", False),
        ("def f():\n    import asyncio\n    return asyncio.sleep(1)\n\ndef g():\n    asyncio.sleep(2)", True),
        ("def f():\n    import asyncio\n    def g():\n        return asyncio.sleep(1)\n    return g", False),
        ("try:\n    import asyncio\nexcept ImportError:\n    asyncio = None\nasyncio.run(f())", False),
        ("if TYPE_CHECKING:\n    import asyncio\nasyncio.run(f())", True),
        ("import asyncio as a\nasyncio.run(f())", True),
        ("def f(x: 'asyncio.Event'): ...", True),
        ("'asyncio is a module'", False),
        ("def f(:", True),
    ],
)
def test_a_module_is_missing_where_it_is_named_without_an_import(code: str, missing: bool) -> None:
    assert missing_modules(code, ["asyncio"]) == (["asyncio"] if missing else [])
