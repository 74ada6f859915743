"""`lotmark show`: the five answers for any name that the ledger knows."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lotmark.base.errors import NothingToJudgeError
from lotmark.cli._output import Output

if TYPE_CHECKING:
    from lotmark.bootstrap.api import Answers, ExpiredRun

_MAX_WIDTH = 100


@click.command(name="show")
@click.argument("question", required=False)
@click.option("--artifact", type=click.Path(path_type=Path, exists=True, dir_okay=False), default=None, help="Ask about this file, by its sha256.")
@click.pass_obj
def command(output: Output, question: str | None, artifact: Path | None) -> None:
    """What was built, from what, by whom, with which tests, under which approval.

    QUESTION is a version (1.4.0), a run (RUN-0001), a commit (7 digits or more), the sha256 of an artifact (8 digits or more), a
    requirement, hazard or control (REQ-001), a component by name or purl, a waiver (WVR-0001) or a UDI-DI.

    Of a run whose records have expired it says who ordered that and by which clause, and what the log proves without them.

    Exits 2 if the question fits several things, 5 if it fits nothing.
    """
    from lotmark.bootstrap.api import Answers

    if (question is None) == (artifact is None):
        raise click.UsageError("give either a question (lotmark show 1.4.0) or --artifact FILE")
    answers: Answers | ExpiredRun | None = None
    if artifact is not None:
        from lotmark.base.digest import Digest

        question = str(Digest.of_file(artifact))
        try:
            answers = _answer(output, question)
        except NothingToJudgeError as error:
            reason = f"no run of this ledger made or judged {artifact} ({question})"
            raise NothingToJudgeError(
                error.code, reason, where=str(artifact), solution="is it the file that was released? one changed byte makes another digest"
            ) from error
    answers = answers or _answer(output, question or "")
    if isinstance(answers, Answers):
        output.result("answers", answers.to_wire(), answers.to_text(width=_width(), styled=True))
    else:
        output.result("expired-run", answers.to_wire(), answers.to_text())


def _answer(output: Output, question: str) -> "Answers | ExpiredRun":
    """The answers; where the records of what was asked for have expired, what is left to say."""
    from lotmark.bootstrap.api import answer, find_expired_run

    workspace = output.workspace()
    try:
        return answer(workspace, question)
    except NothingToJudgeError:
        expired = find_expired_run(workspace, question)
        if expired is None:
            raise
        return expired


def _width() -> int:
    """The terminal's columns, at most 100."""
    import shutil

    return min(shutil.get_terminal_size((_MAX_WIDTH, 24)).columns, _MAX_WIDTH)
