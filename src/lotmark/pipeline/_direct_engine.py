"""An Engine without memory, for `lotmark stage NAME` inside somebody else's CI, which is its own workflow engine."""

from concurrent.futures import Future
from typing import Any

from lotmark.pipeline.ports import Record, Work


class DirectEngine:
    """Runs each stage attempt at once, in the caller's thread."""

    def submit(self, key: str, work: Work, record: Record) -> "Future[dict[str, Any]]":
        del key  # nothing is remembered, so nothing needs a name
        future: Future[dict[str, Any]] = Future()
        try:
            future.set_result(record(work()))
        except Exception as error:  # noqa: BLE001 - handed to the caller through the future, whatever it is
            future.set_exception(error)
        return future

    def close(self) -> None:
        """Nothing is held."""
