"""Which waits do not depend on each other, proved from the code, and how they are gathered under a limit."""

from asyncify.plan.concurrency.decide import Gathered, decide_gathering
from asyncify.plan.concurrency.effects import Effects
from asyncify.plan.concurrency.setting import DEFAULT_LIMITS, NOTHING_GATHERED, SideBySide, Which

__all__ = ["DEFAULT_LIMITS", "NOTHING_GATHERED", "Effects", "Gathered", "SideBySide", "Which", "decide_gathering"]
