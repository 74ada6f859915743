"""What the matrix names: tests and paths by glob, items by id or prefix."""

from collections.abc import Iterable

from lotmark.base.globs import compile_glob, matches_any

__all__ = ["compile_glob", "matches_any", "matches_item"]


def matches_item(item: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns is the item's id, or a prefix of it that ends in ``-`` (``RC-``)."""
    return any(item == pattern or (pattern.endswith("-") and item.startswith(pattern)) for pattern in patterns)
