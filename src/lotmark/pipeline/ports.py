"""What the pipeline needs from outside: an engine that remembers, and somebody to tell about progress."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol

from lotmark.pipeline.models import Stage, StageStatus

Work = Callable[[], dict[str, Any]]
Record = Callable[[dict[str, Any]], dict[str, Any]]


class Engine(Protocol):
    """Runs stage attempts durably.

    `submit` runs `work` and then `record` with its JSON result, each at least once and, unless the process dies in
    between, exactly once; once `work` has returned, a later process that submits the same key gets the remembered
    result and does not run it again. `record` must be idempotent. Two processes never hold the same engine.
    """

    def submit(self, key: str, work: Work, record: Record) -> "Future[dict[str, Any]]": ...

    def close(self) -> None: ...


class Progress(Protocol):
    """Is told what happens, as it happens; must return quickly and never raise."""

    def stage_started(self, stage: Stage, attempt: int) -> None: ...

    def stage_note(self, stage: Stage, text: str) -> None: ...

    def stage_ended(self, status: StageStatus, seconds: float) -> None: ...


class Silence:
    """A Progress that tells nobody."""

    def stage_started(self, stage: Stage, attempt: int) -> None:
        """Say nothing."""

    def stage_note(self, stage: Stage, text: str) -> None:
        """Say nothing."""

    def stage_ended(self, status: StageStatus, seconds: float) -> None:
        """Say nothing."""
