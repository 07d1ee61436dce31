"""The project's dependency files gain what the new code needs and lose what nothing uses any more."""

from asyncify.dependencies.edit import DependencyEdit, change_dependencies, swap_dependencies
from asyncify.dependencies.swap import Swap

__all__ = ["DependencyEdit", "Swap", "change_dependencies", "swap_dependencies"]
