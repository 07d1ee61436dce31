"""What held a measurement back from its bound, told by what was measured."""

from __future__ import annotations

from asyncify.bench.samples import Measurement

ENOUGH = 0.9  # of the bound; below it the report explains
FULL = 0.85  # of a core or of a limit counts as used up
TIMER_ERROR = 1.005  # a figure this far above its bound is not blamed on clocks


def beats_bound(measurement: Measurement) -> bool:
    """Is the figure better than possible, and so wrong?"""
    return measurement.share is not None and measurement.share > TIMER_ERROR


def is_disturbed(measurement: Measurement, cores: int) -> bool:
    """Was the machine so busy with other programs that no more can be said?"""
    others, used = measurement.others_cpu_seconds or 0.0, _used(measurement)
    return used >= FULL * cores * measurement.elapsed and others > used / 2


def explain(measurement: Measurement, unloaded: Measurement, cores: int) -> str | None:
    """One sentence on what held it back, with figures; None if the bound was reached or there is none."""
    if measurement.bound is None or measurement.share is None or measurement.share >= ENOUGH:
        return None
    known = _arrivals(measurement) or _ran_out(measurement) or _limit(measurement) or _busy_process(measurement)
    if known or is_disturbed(measurement, cores):  # of what is disturbed, the note on the machine says enough
        return known
    return _busy_machine(measurement, cores) or _own_time(measurement, unloaded) or _queueing(measurement, unloaded)


def _arrivals(measurement: Measurement) -> str | None:
    """Requests that arrive faster than they can be answered wait for those before them."""
    if measurement.load != "arrivals" or measurement.rate is None:
        return None
    peak = measurement.stand_in.peak_in_flight
    most = peak / measurement.wait
    if most > measurement.rate or measurement.stand_in.waited / measurement.elapsed < FULL * peak:
        return None
    return (
        f"{measurement.rate:g} requests arrive a second, but never more than {peak} calls to services ran side by side "
        f"({measurement.peak_threads} threads): that allows {most:.1f} requests/s, so the others queue"
    )


def _ran_out(measurement: Measurement) -> str | None:
    if measurement.load != "closed":
        return None
    if measurement.wait / measurement.mean < ENOUGH:
        return None
    return f"{_idle(measurement)}; while they were busy, {measurement.wait / measurement.mean:.0%} was reached"


def _limit(measurement: Measurement) -> str | None:
    peak = measurement.stand_in.peak_in_flight
    mean = measurement.stand_in.waited / measurement.elapsed
    if peak >= ENOUGH * measurement.limit or mean < FULL * peak or measurement.limit == 1:
        return None
    bound = peak / measurement.wait
    return (
        f"never more than {peak} calls to services ran side by side ({measurement.peak_threads} threads): "
        f"that limit allows {bound:.1f} requests/s, of which it reached {measurement.throughput / bound:.0%}"
    )


def _busy_process(measurement: Measurement) -> str | None:
    cpu, elapsed = measurement.subject.cpu_seconds, measurement.elapsed
    if cpu >= FULL * elapsed:
        each = cpu / len(measurement.samples)
        return (
            f"the measured process used {cpu / elapsed:.0%} of a core, {each * 1000:.1f} ms a request: one process "
            f"can answer {1 / each:.0f} requests/s"
        )
    for name, usage in (("the callers' process", measurement.client), ("the stand-in", measurement.stand_in.usage)):
        if usage and usage.cpu_seconds >= FULL * elapsed:
            return f"{name} used {usage.cpu_seconds / elapsed:.0%} of a core: the measurement itself is the limit"
    return None


def _busy_machine(measurement: Measurement, cores: int) -> str | None:
    total = _used(measurement)
    if total < FULL * cores * measurement.elapsed:
        return None
    return f"the machine was busy: {total / measurement.elapsed:.2f} of {cores} cores in use; {_shares(measurement)}"


def _own_time(measurement: Measurement, unloaded: Measurement) -> str | None:
    """What a request does beside waiting for services, where that makes up the greater part of the gap."""
    own = unloaded.mean_at_work - unloaded.wait
    gap = measurement.mean_at_work - measurement.wait
    if own < gap / 2:
        return None
    return (
        f"a request takes {own * 1000:.0f} ms beyond its waits even alone (its own work and sleeps), of "
        f"{gap * 1000:.0f} ms here; {_shares(measurement)}"
    )


def _queueing(measurement: Measurement, unloaded: Measurement) -> str:
    beyond, alone = measurement.mean_at_work - measurement.wait, unloaded.mean_at_work - unloaded.wait
    idle = f"{_idle(measurement)}; " if measurement.load == "closed" else ""
    return (
        f"a request took {beyond * 1000:.0f} ms beyond its waits, {alone * 1000:.0f} ms when alone: requests that come "
        f"together queue for the processor; {idle}{_shares(measurement)}"
    )


def _idle(measurement: Measurement) -> str:
    return f"for {1 - measurement.occupation:.0%} of their time callers had no request left to send"


def _shares(measurement: Measurement) -> str:
    elapsed = measurement.elapsed
    parts = [f"measured process {measurement.subject.cpu_seconds / elapsed:.0%} of a core"]
    if measurement.client:
        parts.append(f"callers {measurement.client.cpu_seconds / elapsed:.0%}")
    parts.append(f"stand-in {measurement.stand_in.usage.cpu_seconds / elapsed:.0%}")
    if measurement.others_share is not None:
        parts.append(f"other programs {measurement.others_share:.0%}")
    if measurement.subject.loop_lag_max is not None:
        parts.append(f"event loop late by up to {measurement.subject.loop_lag_max * 1000:.0f} ms")
    return ", ".join(parts)


def _used(measurement: Measurement) -> float:
    """Seconds of processor time that all programs used."""
    used = [measurement.subject, measurement.stand_in.usage, measurement.client]
    return sum(usage.cpu_seconds for usage in used if usage) + (measurement.others_cpu_seconds or 0.0)
