"""Progress of a run: a live table on a terminal, one plain line for each event elsewhere."""

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lotmark.base.formats import show_text
from lotmark.pipeline.models import Stage, StageStatus
from lotmark.pipeline.ports import Progress, Silence

if TYPE_CHECKING:
    from rich.table import Table

_WORDS = {"accepted": ("✓ accepted", "green"), "refused": ("✗ refused", "red"), "pending": ("… pending", "yellow")}


@contextmanager
def open_progress(*, quiet: bool) -> Iterator[Progress]:
    """The Progress that fits standard error: nothing, a live table, or lines."""
    if quiet:
        yield Silence()
    elif sys.stderr.isatty():
        with _LiveProgress().show() as progress:
            yield progress
    else:
        yield LineProgress()


class LineProgress:
    """One line on standard error for each event, for logs and CI."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def stage_started(self, stage: Stage, attempt: int) -> None:
        self._say(stage, "started" if attempt == 1 else f"started, attempt {attempt}")

    def stage_note(self, stage: Stage, text: str) -> None:
        self._say(stage, text)

    def stage_ended(self, status: StageStatus, seconds: float) -> None:
        word = status.outcome.value if status.outcome else "ended"
        self._say(status.stage, f"{word} in {seconds:.1f} s: {status.summary}")

    def _say(self, stage: Stage, text: str) -> None:
        # Told from the threads that work: nobody listening any more must not end a stage.
        with self._lock, contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"{stage.value:<13} {show_text(text)}\n")


class _LiveProgress:
    """Ten rows that change in place."""

    def __init__(self) -> None:
        self._began: dict[Stage, float] = {}
        self._ended: dict[Stage, tuple[StageStatus, float]] = {}
        self._notes: dict[Stage, str] = {}
        self._lock = threading.Lock()

    @contextmanager
    def show(self) -> Iterator["_LiveProgress"]:
        from rich.console import Console
        from rich.live import Live

        with Live(get_renderable=self._table, console=Console(stderr=True), refresh_per_second=10, transient=True):
            yield self

    def stage_started(self, stage: Stage, attempt: int) -> None:
        with self._lock:
            self._began[stage] = time.monotonic()
            self._notes[stage] = f"attempt {attempt}" if attempt > 1 else ""

    def stage_note(self, stage: Stage, text: str) -> None:
        with self._lock:
            self._notes[stage] = text

    def stage_ended(self, status: StageStatus, seconds: float) -> None:
        with self._lock:
            self._ended[status.stage] = (status, seconds)

    def _table(self) -> "Table":
        from rich.table import Table

        table = Table.grid(padding=(0, 2))
        with self._lock:
            for stage in Stage:
                table.add_row(*self._row(stage))
        return table

    def _row(self, stage: Stage) -> tuple[str, str, str, str]:
        if stage in self._ended:
            status, seconds = self._ended[stage]
            word, style = _WORDS[status.outcome.value] if status.outcome else ("ended", "white")
            return stage.value, f"[{style}]{word}[/]", f"{seconds:5.1f} s", _marked(status.summary)
        if stage in self._began:
            return stage.value, "[cyan]▶ running[/]", f"{time.monotonic() - self._began[stage]:5.1f} s", _marked(self._notes.get(stage, ""))
        return stage.value, "[bright_black]· waiting[/]", "", ""


def _marked(text: str) -> str:
    """Foreign text for rich: what it would take for a style, or send to the terminal, is shown."""
    from rich.markup import escape

    return escape(show_text(text))
