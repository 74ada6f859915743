"""From a question to its answer: what is it about, and what does the index say of it."""

from datetime import date
from typing import Final

from lotmark.index._five import five_answers, read_waiver
from lotmark.index._index import Index
from lotmark.index._queries import component_releases, item_history, list_runs
from lotmark.index._resolve import Found, resolve
from lotmark.index.models import Answers, Proof, RunSummary, WaiverAnswer

CAVEAT: Final = "No witness: tamper-evident only against people without the log key."


def answer_question(index: Index, question: str, today: date, *, witnessed: tuple[int, int] = (0, 0)) -> Answers:
    """The answer to `question`: a version, run, commit, digest, requirement, hazard, control, component, waiver or UDI-DI.

    `today` is the day on which waivers are judged to hold; `witnessed` is up to which size the caller's witnesses
    cosigned the log, and how many of them.

    Raises:
        UsageError: LM-IDX-005 if it fits several things; the solution lists them.
        NothingToJudgeError: LM-IDX-004 if it fits nothing; the solution lists near misses.
    """
    found = resolve(index, question)
    about = found.about
    if about.kind == "item":
        items = item_history(index, found.product, about.name.partition(":")[2])
        return Answers(question=question, about=about, run=_chief([item.run for item in items]), items=tuple(items), proof=_proof(index, witnessed, "1"))
    if about.kind == "component":
        components = component_releases(index, found.key)
        return Answers(
            question=question, about=about, run=_chief([use.run for use in components]), components=tuple(components), proof=_proof(index, witnessed, "1")
        )
    if about.kind == "waiver":
        return _about_waiver(index, question, found, today, witnessed)
    summary = found.runs[0]
    return Answers(
        question=question,
        about=about,
        run=summary.run,
        answers=five_answers(index, summary, today),
        others=tuple(found.runs[1:]),
        proof=_proof(index, witnessed, "run = ?", summary.run),
    )


def _about_waiver(index: Index, question: str, found: Found, today: date, witnessed: tuple[int, int]) -> Answers:
    name = found.about.name
    waiver = read_waiver(index, name, today)
    assert waiver is not None  # noqa: S101 - it was found by its row
    runs = list_runs(index, "runs.run IN (SELECT run FROM waiver_uses WHERE waiver = ?)", name)
    return Answers(
        question=question,
        about=found.about,
        run=_chief(runs),
        waiver=WaiverAnswer(waiver=waiver, runs=tuple(runs)),
        proof=_proof(index, witnessed, "idx = ?", waiver.index),
    )


def _chief(runs: list[RunSummary]) -> str:
    """The newest release among the runs, else the newest run; empty for none."""
    released = [run for run in runs if run.state == "released"]
    return (released or runs)[-1].run if runs else ""


def _proof(index: Index, witnessed: tuple[int, int], condition: str, *values: object) -> Proof:
    span = index.first(f"SELECT min(idx) AS first, max(idx) AS last FROM entries WHERE {condition}", *values) or {}  # noqa: S608 - a constant
    checkpoint = index.checkpoint()
    size, witnesses = witnessed
    # Records beyond what was cosigned are as good as unwitnessed; the span of an answer may lie on both sides.
    reached = witnesses > 0 and size > (span["last"] if span.get("last") is not None else -1)
    return Proof(
        origin=checkpoint.origin,
        first=span["first"],
        last=span["last"],
        size=checkpoint.size,
        root=checkpoint.root.hex(),
        witnesses=witnesses if reached else 0,
        caveat=f"Cosigned by {witnesses} of your witnesses up to size {size}." if reached else CAVEAT,
    )
