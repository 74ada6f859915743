"""What an archive of any format is made of: members in order, and the bytes outside them that mean something."""

from collections.abc import Callable
from dataclasses import dataclass, field


class ArchiveError(Exception):
    """The bytes are not an archive of that kind, or hold more than the limits."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member: name, its kind and executable bit, times and owners as stored, where its header stands, and its content on demand."""

    name: str
    kind: str
    mode: int
    when: float
    """The stored time in seconds, as if it were UTC."""
    owner: tuple[object, ...]
    offset: int
    other: tuple[object, ...]
    """What else the format stores (compression, system, extra fields)."""
    read: Callable[[], bytes] = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive: `format` (zip, tar, ar, gzip), its members in order, and the bytes outside them that mean something."""

    format: str
    members: tuple[Member, ...]
    frame: tuple[bytes, ...]
