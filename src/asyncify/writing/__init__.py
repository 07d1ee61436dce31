"""apply and undo: the only writer of the user's tree. All files or none, and what was there can be had back."""

from asyncify.writing.apply import Applied, apply_changes
from asyncify.writing.journal import pending
from asyncify.writing.undo import Restored, undo

__all__ = ["Applied", "Restored", "apply_changes", "pending", "undo"]
