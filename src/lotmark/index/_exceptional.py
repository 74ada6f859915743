"""Tests of a run that did not simply run and pass: reused, in quarantine, red for the environment, waived, left out; and what is covered less."""

from typing import Any

from lotmark.index._index import Index
from lotmark.index._layout import Page
from lotmark.index._words import instant, number_of
from lotmark.index.models import LeftOutTest, Loss, QuarantinedTest, RedForEnvironment, ReusedTests, WaivedTest, WithWhichTests

_SHOWN = 5
"""How many tests of one kind are named on a page; all of them stand in its JSON and in the dossier."""


def exceptional_tests(index: Index, run: str) -> dict[str, Any]:
    """The fields of `WithWhichTests` that tell of such tests, from the newest records of the run."""
    newest = "tests.idx IN (SELECT max(idx) FROM test_runs WHERE run = ?1 GROUP BY layer)"
    matrix = "idx = (SELECT max(idx) FROM matrix_rows WHERE run = ?1)"
    lent: dict[tuple[str, str, str, str], list[str]] = {}
    for row in index.rows(f"SELECT * FROM tests WHERE {newest} AND reused_run <> '' ORDER BY idx, position", run):  # noqa: S608 - constant text
        lent.setdefault((row["layer"], row["reused_run"], row["reused_at"], row["reused_until"]), []).append(row["test"])
    red = index.rows(f"SELECT test, layer, status, environment AS cause FROM tests WHERE {newest} AND environment <> '' ORDER BY idx, position", run)  # noqa: S608
    held = index.rows(f"SELECT test, status, reason, owner, expires, uncovered FROM quarantines WHERE {matrix} ORDER BY position", run)  # noqa: S608
    waived = index.rows(
        f"SELECT test, status, waiver FROM matrix_tests WHERE {matrix} AND waiver IS NOT NULL "  # noqa: S608 - constant text
        f"UNION SELECT test, status, waiver FROM tests WHERE {newest} AND waiver IS NOT NULL ORDER BY test",
        run,
    )
    left = index.rows(f"SELECT test, reason FROM left_out WHERE {matrix} ORDER BY position", run)  # noqa: S608
    lost = index.rows(f"SELECT item, what, waiver, declared FROM coverage_losses WHERE {matrix} ORDER BY position", run)  # noqa: S608
    return {
        "reused": tuple(
            ReusedTests(layer=layer, run=lender, finished_at=at, until=until, tests=tuple(tests)) for (layer, lender, at, until), tests in lent.items()
        ),
        "quarantined": tuple(QuarantinedTest(**row) for row in held),
        "environment": tuple(RedForEnvironment(**row) for row in red),
        "waived": tuple(WaivedTest(**row) for row in waived),
        "left_out": tuple(LeftOutTest(**row) for row in left),
        "losses": tuple(Loss(**row) for row in lost),
    }


def write_exceptional(page: Page, tests: WithWhichTests) -> None:
    """A paragraph for each kind of which there is any."""
    for reused in tests.reused:
        until = f"made {instant(reused.finished_at)}, may stand in until {reused.until}"
        page.field(
            "reused", f"{number_of(len(reused.tests), reused.layer + ' test')} did not run: the results of {reused.run}, {until}", mark="!", color="yellow"
        )
        _name(page, reused.tests)
    for held in tests.quarantined:
        page.field(
            "quarantine", f"{held.test}: {held.status}, counts for nothing until {held.expires}, says {held.owner}: {held.reason}", mark="!", color="yellow"
        )
        if held.uncovered:
            page.line(f"nothing else covers {held.uncovered}")
    for red in tests.environment:
        page.field("environment", f"{red.test}: {red.status}, {red.cause}", mark="!", color="yellow")
    for waived in tests.waived[:_SHOWN]:
        page.field("waived", f"{waived.test}: {waived.status}, waived by {waived.waiver}", mark="!", color="yellow")
    _more(page, len(tests.waived))
    reused_tests = {test for reused in tests.reused for test in reused.tests}
    left = [each for each in tests.left_out if each.test not in reused_tests]
    if left:
        page.field("left out", f"{number_of(len(left), 'test')} did not run, each for a reason")
        for each in left[:_SHOWN]:
            page.more(each.test, each.reason)
        _more(page, len(left))
    for loss in tests.losses[:_SHOWN]:
        why = f", accepted by {loss.waiver}" if loss.waiver else f", declared: {loss.declared}" if loss.declared else ""
        page.field("covered less", f"{loss.what}{why}", mark="!", color="yellow")
    _more(page, len(tests.losses))


def _name(page: Page, tests: tuple[str, ...]) -> None:
    for test in tests[:_SHOWN]:
        page.line(test)
    _more(page, len(tests))


def _more(page: Page, total: int) -> None:
    if total > _SHOWN:
        page.line(f"and {total - _SHOWN} more")
