"""Methods that outside code calls: held where it does not await them, turned where a pack says that it does."""

from __future__ import annotations

from asyncify.rule_examples import migrate_text, result_text
from support import SHIPPED, check_unchanged


def test_a_method_that_the_base_awaits_in_either_form_turns_async() -> None:
    text = (
        "import time\n\nfrom starlette.endpoints import HTTPEndpoint\n\n\n"
        "class Page(HTTPEndpoint):\n    def get(self, request):\n        time.sleep(1)\n"
    )

    migration = migrate_text(text, SHIPPED)

    assert migration.faults == ()
    assert "async def get(self, request):\n        await asyncio.sleep(1)" in result_text(migration, text)


def test_a_method_that_the_base_calls_without_await_stays() -> None:
    check_unchanged(
        """
        import time
        from logging import Handler


        class Slow(Handler):
            def emit(self, record):
                time.sleep(1)
        """,
        because="base-outside",
    )
