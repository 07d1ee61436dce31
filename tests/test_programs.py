"""Programs that nobody chose go through everything: some of those of `benchmarks/programs.py`, and what they taught."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from asyncify.rule_examples import migrate_text, result_text
from support import SHIPPED

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

from program_makers import Program, made_up_programs, with_waits
from programs import try_program

SMALL = ("abc.py", "bisect.py", "contextlib.py", "copy.py", "fnmatch.py", "json/decoder.py", "queue.py", "sched.py")


@pytest.mark.parametrize("program", list(made_up_programs(45, seed=7)), ids=lambda program: program.name)
def test_a_made_up_program_goes_through_twice_the_same(program: Program) -> None:
    result = try_program(program)

    assert result.is_parsed
    assert not result.trouble, f"{result.trouble}\n{program.text}"


@pytest.mark.parametrize("name", SMALL)
def test_a_file_of_the_library_goes_through_twice_the_same(name: str) -> None:
    file = Path(random.__file__).parent / name
    result = try_program(Program(name, with_waits(file.read_text("utf-8"), random.Random(name))))

    assert not result.trouble


def test_an_import_on_the_line_of_a_future_import() -> None:
    before = "from __future__ import annotations; import time\n\ndef wait():\n    time.sleep(1)\n"
    migration = migrate_text(before, SHIPPED)

    assert migration.faults == ()
    after = result_text(migration, before)
    compile(after, "app.py", "exec")
    assert "asyncio.sleep(1)" in after


def test_a_name_that_two_imports_bind_is_left_as_it_is() -> None:
    before = "import time\nfrom clocks import monotonic as time\n\ndef wait():\n    time.sleep(1)\n"
    migration = migrate_text(before, SHIPPED)

    assert migration.faults == ()
    assert "time.sleep(1)" in result_text(migration, before)
    assert "settle" not in result_text(migration, before)


def test_a_lock_that_a_class_makes_anew_is_found_in_order_on_the_second_run() -> None:
    before = (
        "import threading\nimport time\n\nclass Heap:\n"
        "    def __init__(self):\n        self.lock = threading.Lock()\n        time.sleep(1)\n\n"
        "    def grow(self):\n        time.sleep(1)\n\n"
        "    def take(self):\n        self.__init__()\n        with self.lock:\n            self.grow()\n\n"
        "HEAP = Heap()\n"
    )
    migration = migrate_text(before, SHIPPED)

    assert migration.faults == ()
    assert "        async with self.lock:\n            await self.grow()\n" in result_text(migration, before)
