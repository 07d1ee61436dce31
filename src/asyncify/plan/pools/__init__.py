"""Thread pools whose work turns async become pools of tasks with the same limit; other pools stay."""

from asyncify.plan.pools.decide import decide_pools
from asyncify.plan.pools.find import find_pools, unworkable

__all__ = ["decide_pools", "find_pools", "unworkable"]
