"""Every story takes its locks in the one order of docs/locks.md."""

from tests.locks import _locks_are_taken_in_order

__all__ = ["_locks_are_taken_in_order"]
