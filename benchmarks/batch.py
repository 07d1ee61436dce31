"""The sample's batch, before and after: how near to the bound ceil(N / limit) x latency, and how many calls at once.

`python benchmarks/batch.py [--messages N] [--limit N]`. The latency of one message is what the stand-in was told to
wait for it, and the calls in flight are counted there. Exits with 1 if what came out needs more than 1.10 of the bound,
has more calls in flight than the limit, or answers otherwise than before.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from asyncify.api import migrate
from asyncify.bench.copies import copied
from asyncify.bench.process import Process, helper_command
from asyncify.bench.settings import load_scenario
from asyncify.config import load_config

SAMPLE = Path(__file__).parent.parent / "sample_project"
MESSAGE = 'Do I need a coat? [tool:get_weather {"city": "Oslo"}]'
ALLOWED = 1.10
ASK_TIMEOUT = 120.0
SUBJECT = """
import asyncio, inspect, json, sys, time

from deskmate.agent import get_agent
from deskmate.batch import run_batch
from deskmate.models import User


async def settled(value):
    return await value if inspect.isawaitable(value) else value


async def main(count, message):
    agent = await settled(get_agent())
    await settled(run_batch(agent, User(id="ada", plan="pro"), [message] * 2, "warm"))
    print("ready", flush=True)
    sys.stdin.readline()
    started = time.perf_counter()
    items = await settled(run_batch(agent, User(id="ada", plan="pro"), [message] * count, "b"))
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "items": [[i.session_id, i.answer, i.error] for i in items]}))


asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """One batch: its seconds, what the bound is for it, and the most calls that were waited for at once."""

    seconds: float
    bound: float
    in_flight: int
    items: Any

    @property
    def share(self) -> float:
        """Seconds by the bound; never below 1."""
        return self.seconds / self.bound


def measure(messages: int, limit: int, speed: float = 1.0) -> tuple[Measured, Measured]:
    """The batch as it was and as it became; the services answer so many times faster than they are set to."""
    with tempfile.TemporaryDirectory(prefix="asyncify-batch-") as folder:
        scratch = Path(folder)
        with _stand_in(scratch) as (services, port), copied(SAMPLE, scratch) as project:
            before = _run(project, services, port, messages, limit, speed)
            migration = migrate(load_config(project, cache=False))
            assert migration.faults == (), migration.faults
            for change in migration.changes:
                (project / change.path).write_bytes(change.after)
            return before, _run(project, services, port, messages, limit, speed)


@contextmanager
def _stand_in(scratch: Path) -> Iterator[tuple[Process, int]]:
    setup = {"scenario": msgspec.to_builtins(load_scenario(SAMPLE), str_keys=True)}
    log = scratch / "services.log"
    services, ready = Process.start("services", helper_command("standin"), scratch, dict(os.environ), log, setup)
    with services:
        yield services, ready["port"]


def _run(project: Path, services: Process, port: int, messages: int, limit: int, speed: float) -> Measured:
    env = os.environ | {"DESKMATE_SERVICES_URL": f"http://127.0.0.1:{port}", "DESKMATE_WORKERS": str(limit)}
    env |= {
        "DESKMATE_RETRIES": "0",
        "PYTHONPATH": str(project),
        "DESKMATE_DATABASE_URL": "",
        "DESKMATE_WEBHOOK_URL": "",
    }
    command = [sys.executable, "-c", SUBJECT, str(messages), MESSAGE]
    pipe = subprocess.PIPE
    services.ask({"do": "clear", "speed": speed}, ASK_TIMEOUT)
    with subprocess.Popen(command, cwd=project, env=env, stdin=pipe, stdout=pipe, text=True) as run:
        assert run.stdin is not None and run.stdout is not None
        assert run.stdout.readline().strip() == "ready"
        services.ask({"do": "clear", "speed": speed}, ASK_TIMEOUT)
        output, _ = run.communicate("\n")
    found = json.loads(output)
    seen = services.ask({"do": "read"}, ASK_TIMEOUT)
    bound = math.ceil(messages / limit) * seen["waited"] / messages
    return Measured(found["seconds"], bound, seen["peak_in_flight"], found["items"])


def main() -> int:
    """Print both and exit with 1 where what came out is too slow, too many at once, or wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=48)
    parser.add_argument("--limit", type=int, default=8)
    args = parser.parse_args()
    before, after = measure(args.messages, args.limit)
    for name, found in (("before", before), ("after", after)):
        print(
            f"{name:6}: {found.seconds:.2f} s, {found.share:.3f} of the bound {found.bound:.2f} s, "
            f"{found.in_flight} calls in flight at most"
        )
    is_right = before.items == after.items and len(after.items) == args.messages
    print(
        f"batch: {args.messages} messages, limit {args.limit}, {after.share:.3f} of the bound, "
        f"{after.in_flight} in flight, {'same' if is_right else 'OTHER'} answers"
    )
    return 0 if is_right and after.share <= ALLOWED and after.in_flight <= args.limit else 1


if __name__ == "__main__":
    sys.exit(main())
