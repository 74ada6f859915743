"""Limits: how much foreign input a reader takes before it refuses."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for one reader: bytes, nesting depth and number of items."""

    max_bytes: int = 64 * 1024 * 1024
    max_depth: int = 64
    max_items: int = 1_000_000
