"""The answers to a question about what the ledger holds, from its index."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lotmark import __version__
from lotmark.bootstrap._workspace import Workspace
from lotmark.index.api import FILE, Index, answer_question

if TYPE_CHECKING:
    from lotmark.index.models import Answers


@contextmanager
def open_index(workspace: Workspace) -> Iterator[Index]:
    """The index of the workspace's ledger, brought up to date."""
    program = f"lotmark {__version__}"
    with Index(workspace.state / FILE, lambda: workspace.ledger, workspace.trust_policy, lambda: workspace.registry, program=program) as index:
        index.refresh()
        yield index


def answer(workspace: Workspace, question: str) -> "Answers":
    """What the ledger answers to `question`; see `lotmark.index.api.answer_question`.

    Raises:
        UsageError: LM-IDX-005 if the question fits several things.
        NothingToJudgeError: LM-IDX-004 if it fits nothing.
        IntegrityError: if the ledger, an entry or a signature does not hold.
    """
    with open_index(workspace) as index:
        return answer_question(index, question, workspace.clock.now().date())
