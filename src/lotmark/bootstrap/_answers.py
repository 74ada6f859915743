"""The answers to a question about what the ledger holds, from its index."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lotmark import __version__
from lotmark.base.findings import Finding, Severity
from lotmark.bootstrap._workspace import Workspace
from lotmark.index.api import FILE, Index, answer_question, format_answers
from lotmark.index.models import Answers as Content


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered, ready to be shown."""

    content: Content

    @property
    def run(self) -> str:
        """The run that is spoken of (canonical id); empty where no run is concerned."""
        return self.content.run

    def to_wire(self) -> dict[str, Any]:
        """As JSON values (``index/schemas/answers.v1.json``)."""
        return self.content.to_wire()

    def to_text(self, *, width: int = 100, styled: bool = False) -> str:
        """For a person, as `lotmark.index.api.format_answers`."""
        return format_answers(self.content, width=width, styled=styled)


@contextmanager
def open_index(workspace: Workspace) -> Iterator[Index]:
    """The index of the workspace's ledger, brought up to date."""
    with _index(workspace, workspace.state / FILE) as index:
        index.refresh()
        yield index


def find_drift(workspace: Workspace) -> Finding | None:
    """What is wrong with the index of a sound ledger, if there is one and its rows are not those of the ledger. Nothing is written."""
    path = workspace.state / FILE
    if not path.is_file():
        return None
    with _index(workspace, path) as stored, _index(workspace, Path(":memory:")) as fresh:
        fresh.rebuild()
        if not stored.differs_from(fresh):
            return None
    return Finding(
        "LM-IDX-006",
        "PROJECTION_DRIFT: the rows of the index are not those that follow from the ledger",
        Severity.ERROR,
        subject=FILE,
        help=f"delete {path}, it is computed anew; find out who can write the folder",
    )


def _index(workspace: Workspace, path: Path) -> Index:
    program = f"lotmark {__version__}"
    return Index(path, lambda: workspace.ledger, workspace.trust_policy, lambda: workspace.registry, program=program, reveal=workspace.revealer.text)


def answer(workspace: Workspace, question: str) -> Answers:
    """What the ledger answers to `question`; see `lotmark.index.api.answer_question`.

    Raises:
        UsageError: LM-IDX-005 if the question fits several things.
        NothingToJudgeError: LM-IDX-004 if it fits nothing.
        IntegrityError: if the ledger, an entry or a signature does not hold.
    """
    with open_index(workspace) as index:
        return Answers(answer_question(index, question, workspace.clock.now().date(), witnessed=_witnessed(workspace)))


def _witnessed(workspace: Workspace) -> tuple[int, int]:
    """Up to which size witnesses cosigned the log, and how many: what each answer rests on."""
    if not workspace.witnesses.named:
        return 0, 0
    found = workspace.witnesses.witnessed()
    return found.size, len(found.witnessing.times)
