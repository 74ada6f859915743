"""The values of the room."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """What a witness answers over HTTP."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class WatchedLog:
    """A log that the witness watches, and the last checkpoint that it cosigned of it; size None for none yet."""

    origin: str
    keys: tuple[str, ...]
    """C2SP vkeys that may sign its checkpoints."""
    size: int | None = None
