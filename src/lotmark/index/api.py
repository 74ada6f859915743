"""The door of the index room."""

from lotmark.index._reader import VerifiedReader

__all__ = ["VerifiedReader"]
