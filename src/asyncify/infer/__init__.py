"""infer: what stands where, across files, from summaries and rule packs."""

from asyncify.infer.resolve import infer

__all__ = ["infer"]
