"""Two runs of the benchmark against each other, and a floor for the gain."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from asyncify.bench import report_json
from asyncify.bench.between import compare_reports
from asyncify.bench.stage import Stage
from asyncify.bench_cli import Options, earlier_report, falls_short
from asyncify.command import showing_stages
from asyncify.errors import ConfigError
from bench_reports import report


def test_the_same_run_has_not_changed() -> None:
    between = compare_reports(report(), report())

    assert {change.words for change in between.changes} == {"no difference found"}
    assert (between.only_then, between.only_now, between.warnings) == ((), (), ())


def test_what_became_slower_is_named() -> None:
    between = compare_reports(report(), report(slower=1.5))

    slower = {change.name: change.words for change in between.changes if change.is_slower}
    assert list(slower) == [f"levels, after, migrated, {callers} concurrent" for callers in (1, 100)]
    assert slower["levels, after, migrated, 100 concurrent"].startswith("1.49x slower")


def test_other_circumstances_are_told() -> None:
    then = report()
    machine = msgspec.structs.replace(then.machine, cores=64, python="3.13.0")
    now = msgspec.structs.replace(then, machine=machine, measurements=then.measurements[:4])

    between = compare_reports(then, now)

    assert len(between.warnings) == 2
    assert len(between.only_then) == len(then.measurements) - 4


def test_an_earlier_report_is_read_or_refused(tmp_path: Path) -> None:
    file = tmp_path / "old.json"
    file.write_bytes(report_json(report()))
    assert earlier_report(Options(compare=file)) == report()

    file.write_text('{"version": 1}')
    with pytest.raises(ConfigError, match=r"--compare .*old\.json: not a report of this version"):
        earlier_report(Options(compare=file))
    with pytest.raises(ConfigError, match="No such file"):
        earlier_report(Options(compare=tmp_path / "none.json"))


def test_a_gain_below_the_floor_fails() -> None:
    assert falls_short(report(), Options(fail_under=1.9)) is None
    assert falls_short(report(), Options()) is None
    assert "--fail-under 3: the best gain is 2.0" in str(falls_short(report(), Options(fail_under=3.0)))
    assert "no significant gain" in str(falls_short(report(slower=2.1), Options(fail_under=1.1)))


def test_progress_is_told_now_and_then_without_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    times = iter([0.0, 5.0, 16.0, 16.0, 20.0])
    monkeypatch.setattr("asyncify.command.time.monotonic", lambda: next(times))

    with showing_stages() as show:
        show(Stage("first", 1, 3, 90.0))
        show(Stage("second", 2, 3, 75.0))
        show(Stage("third", 3, 3, 1.0))

    assert capsys.readouterr().err == "2/3 second (1 min 15 s left)\n"
