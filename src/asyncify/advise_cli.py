"""`asyncify advise`: from a load, given or measured, to sync, threads or async, with the arithmetic."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from asyncify.bench import read_report
from asyncify.bench.advise import Advice, Demand, advise, demand_of
from asyncify.command import EPILOG, Exit, fail

ADVISE_EPILOG = f"Example: asyncify advise --rate 80 --wait 1.2 --cpu 0.01    {EPILOG}"
CPU = 0.01  # seconds, where nobody says


def advise_command(
    report: Annotated[
        Path | None, typer.Argument(metavar="[REPORT]", help="JSON of `bench --output`: measured figures.")
    ] = None,
    rate: Annotated[float, typer.Option(min=0.001, help="Requests a second.")] = 50.0,
    wait: Annotated[float | None, typer.Option(min=0.0, help="Seconds that one waits for services.")] = None,
    cpu: Annotated[float | None, typer.Option(min=0.0, help="Seconds of processor time of one.")] = None,
    cores: Annotated[int, typer.Option(min=1, help="Cores that the service has.")] = os.cpu_count() or 1,
    memory: Annotated[float, typer.Option(min=1.0, help="MiB that it has.")] = 1024.0,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads that its server has; FastAPI: 40.")] = None,
) -> None:
    """Say whether a load is better met synchronously, with threads or asynchronously, and where that turns."""
    demand = Demand(rate=rate, wait=0.0, cpu=CPU, cores=cores, memory=memory)
    if report is not None:
        demand = _measured(report, rate, cores, memory)
    elif wait is None:
        fail("name --wait, or a report of `asyncify bench --output`")
    given = {"wait": wait, "cpu": cpu, "threads": threads}
    demand = msgspec.structs.replace(demand, **{key: value for key, value in given.items() if value is not None})
    if demand.wait + demand.cpu <= 0:
        fail("--wait and --cpu are both 0: there is nothing to do")
    Console(highlight=False, soft_wrap=True).print(_in_words(advise(demand)))
    raise typer.Exit(Exit.NOTHING)


def _measured(file: Path, rate: float, cores: int, memory: float) -> Demand:
    try:
        demand = demand_of(read_report(file.read_bytes()), rate, cores=cores, memory=memory)
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    except msgspec.DecodeError as error:
        fail(f"{file}: not a report of this version: {error}")
    else:
        if demand is not None:
            return demand
    fail(f"{file}: has no table of levels, before and after")
    raise AssertionError


def _in_words(advice: Advice) -> Text:
    text = Text.assemble((f"{advice.choice}: ", "bold"), advice.why)
    for heading, lines in (("the arithmetic", advice.arithmetic), ("where it turns", advice.break_even)):
        text.append(f"\n\n{heading}", style="bold")
        for line in lines:
            text.append(f"\n  {line}")
    return text
