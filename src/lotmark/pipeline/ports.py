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
    result and does not run it again. An error of either is the future's; a later submission of the key tries again.
    `record` must be idempotent. Two `lotmark run`s never hold engines of the same state folder.
    """

    def submit(self, key: str, work: Work, record: Record) -> "Future[dict[str, Any]]": ...

    def close(self, *, forget: bool = False) -> None:
        """Wait for what was submitted and let the next one in; `forget` when nothing will be submitted again."""
        ...


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
