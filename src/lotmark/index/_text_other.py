"""Answers about an item, a component or a waiver: which releases it concerns, and how."""

from typing import Final

from lotmark.base.formats import show_text
from lotmark.index._layout import Page
from lotmark.index._words import STATE_MARKS, instant, number_of, waiver_lines
from lotmark.index.models import Answers, ComponentInRun, ItemInRun, ItemTest, RunSummary

_VERDICTS: Final = {"passed": ("✓", "green"), "waived": ("!", "yellow"), "skipped": ("!", "yellow")}


def write_items(page: Page, answers: Answers) -> None:
    """A requirement, hazard or control: each run that holds it, the newest first, with its tests in full for the newest."""
    newest = next(item for item in answers.items if item.run.run == answers.run)
    page.title(f"{answers.about.name}  {newest.title}")
    page.field("what", f"{newest.type.replace('-', ' ')}, {newest.status}")
    if newest.risk:
        page.field("risk", newest.risk)
    if newest.links:
        page.field("links", ", ".join(newest.links))
    page.field("fingerprint", newest.fingerprint)
    released = sum(1 for item in answers.items if item.run.state == "released")
    page.heading(f"In {number_of(released, 'release')} and {number_of(len(answers.items) - released, 'other run')}")
    for item in reversed(answers.items):
        text = "first seen here" if item is answers.items[0] else "its text changed here" if item.changed else "text unchanged"
        _write_run(page, item.run, f"{_verdict(item)}; {text}; {_counts(item.tests)}")
    page.heading(f"Its tests in {newest.run.product} {newest.run.version} ({newest.run.run.partition(':')[2]})")
    if not newest.tests:
        page.field("tests", "none", mark="✗", color="red")
    for (layer, status, file, note), names in _grouped(newest.tests).items():
        mark, color = ("!", "yellow") if note else _VERDICTS.get(status, ("✗", "red"))
        told = status + note + (f": {file}" if file else "")
        page.field(layer, told, mark=mark, color=color)
        for name, number in names.items():
            page.line(name + (f" × {number}" if number > 1 else ""))


def write_components(page: Page, answers: Answers) -> None:
    """The recall question: which releases hold the component, and where they run."""
    released = [use for use in answers.components if use.run.state == "released"]
    page.title(answers.about.name, show_text(answers.about.words))
    page.heading(f"Part of {number_of(len({use.run.run for use in released}), 'release')}")
    for use in reversed(released):
        _write_use(page, use)
    if not released:
        page.field("releases", "none holds it")
    others = [use for use in answers.components if use.run.state != "released"]
    if others:
        page.heading(f"Part of {number_of(len({use.run.run for use in others}), 'run')} without a release")
        for use in reversed(others):
            _write_use(page, use)


def write_waiver(page: Page, answers: Answers) -> None:
    """A waiver and the runs that made use of it."""
    told = answers.waiver
    assert told is not None  # noqa: S101 - chosen by the caller
    page.title(f"Waiver {told.waiver.waiver}")
    waiver_lines(page, told.waiver)
    page.heading(f"Used by {number_of(len(told.runs), 'run')}")
    for run in reversed(told.runs):
        _write_run(page, run, "")
    if not told.runs:
        page.field("runs", "none")


def _write_run(page: Page, run: RunSummary, words: str) -> None:
    mark, color = STATE_MARKS[run.state]
    when = f"on {instant(run.released_at)}" if run.released_at else f"opened {instant(run.opened_at)}"
    page.field(run.version, f"{run.state} {when}, {run.run.partition(':')[2]}" + (f"; {words}" if words else ""), mark=mark, color=color)


def _write_use(page: Page, use: ComponentInRun) -> None:
    _write_run(page, use.run, f"{use.purl}, for {use.scope}, {use.licence or 'no licence'}")
    if use.run.sha256:
        page.more("artifact", use.run.artifact or "")
        page.more("sha256", use.run.sha256)
    current = [target for target in use.targets if target.is_current]
    if current:
        page.more("runs at", "; ".join(f"{target.name} ({target.environment}) since {instant(target.switched_at)}" for target in current))


def _verdict(item: ItemInRun) -> str:
    return f"{item.verdict} in the matrix" if item.verdict else "not in the matrix"


def _counts(tests: tuple[ItemTest, ...]) -> str:
    """``27 tests: 26 passed, 1 skipped``; a test that several categories ask for is counted once."""
    statuses = {test.test: test.status for test in tests}
    if not statuses:
        return "no tests"
    counted = ", ".join(f"{list(statuses.values()).count(status)} {status}" for status in sorted(set(statuses.values())))
    return f"{number_of(len(statuses), 'test')}: {counted}"


def _note(test: ItemTest) -> str:
    """What a reader must know beside the status: waived, reused, in quarantine, red for the environment."""
    return "".join(
        (
            f", waived by {test.waiver}" if test.waiver else "",
            f", reused from {test.reused}" if test.reused else "",
            ", in quarantine: counts for nothing" if test.quarantined else "",
            f", for the environment: {test.environment}" if test.environment else "",
        )
    )


def _grouped(tests: tuple[ItemTest, ...]) -> dict[tuple[str, str, str, str], dict[str, int]]:
    """By layer, status, file and note: the tests, the cases of a parametrised one counted together."""
    grouped: dict[tuple[str, str, str, str], dict[str, int]] = {}
    for layer, test, status, note in dict.fromkeys((test.layer, test.test, test.status, _note(test)) for test in tests):
        file, mark, name = test.partition("::")
        base, bracket, _ = (name if mark else test).partition("[")
        names = grouped.setdefault((layer, status, file if mark else "", note), {})
        base += "[…]" if bracket else ""
        names[base] = names.get(base, 0) + 1
    return grouped
