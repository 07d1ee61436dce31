"""Thread pools whose work turns async become pools of tasks with the same limit; other pools stay."""

from asyncify.plan.pools.decide import decide_pools
from asyncify.plan.pools.find import closings, find_pools, find_work, unworkable

__all__ = ["closings", "decide_pools", "find_pools", "find_work", "unworkable"]
