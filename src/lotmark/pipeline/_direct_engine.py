"""An Engine without memory, for `lotmark stage NAME` inside somebody else's CI, which is its own workflow engine."""

from concurrent.futures import Future
from pathlib import Path
from typing import Any

from lotmark.pipeline._run_lock import RunLock
from lotmark.pipeline.ports import Record, Work


class DirectEngine:
    """Runs each stage attempt at once, in the caller's thread. Others may run single stages beside it, but no `lotmark run`.

    Raises:
        EnvironmentLacksError: LM-PIP-001 if a `lotmark run` works here.
    """

    def __init__(self, database: Path, *, wait_seconds: float = 10.0) -> None:
        self._lock = RunLock(database.with_suffix(".lock"), shared=True, wait_seconds=wait_seconds)

    def submit(self, key: str, work: Work, record: Record) -> "Future[dict[str, Any]]":
        del key  # nothing is remembered, so nothing needs a name
        future: Future[dict[str, Any]] = Future()
        try:
            future.set_result(record(work()))
        except Exception as error:  # noqa: BLE001 - handed to the caller through the future, whatever it is
            future.set_exception(error)
        return future

    def close(self, *, forget: bool = False) -> None:
        del forget  # nothing was remembered
        self._lock.release()
