"""The small decisions of this room by tables: statuses, durations, item patterns, losses, what stands in and for how long."""

from datetime import UTC, datetime, timedelta
from itertools import permutations, product
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotmark.base.findings import Severity
from lotmark.matrix._globs import matches_item
from lotmark.matrix._losses import Loss, judge_losses
from lotmark.matrix._reuse import PastRun, _touched, _until, stand_in, told_reuse
from lotmark.matrix._statuses import STATUS_WORDS, seconds_of, worst

pytestmark = pytest.mark.verifies("REQ-011", "RC-005")

ORDER = ("passed", "skipped", "missing", "failed", "error")


@pytest.mark.parametrize(("first", "second"), [*product(ORDER, ORDER)])
def test_of_two_statuses_the_worse_holds(first: Any, second: Any):
    assert worst(first, second) == ORDER[max(ORDER.index(first), ORDER.index(second))]


@given(statuses=st.lists(st.sampled_from(ORDER), min_size=2, max_size=4))
def test_the_order_of_results_changes_no_verdict(statuses: Any):
    found = set()
    for order in permutations(statuses):
        status = order[0]
        for other in order[1:]:
            status = worst(status, other)
        found.add(status)
    assert len(found) == 1


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("passed", "| run ran pass passed ok success succeeded successful completed complete finished executed"),
        ("failed", "fail failed failure ko"),
        ("error", "error errored broken crashed timeout timedout aborted undefined"),
        ("skipped", "skip skipped notrun not_run disabled ignored suppressed pending untested inconclusive todo filtered"),
    ],
)
def test_the_words_of_producers(status: str, words: str):
    assert {STATUS_WORDS["" if word == "|" else word] for word in words.split(" ")} == {status}


@pytest.mark.parametrize("word", ["Passed", "unknown", "flaky", "blocked", "warning", "none", "true", "0", "passed "])
def test_a_word_that_is_not_known_is_no_status(word: str):
    assert word not in STATUS_WORDS


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("0.25", 0.25),
        ("1e-3", 0.001),
        (" 2 ", 2.0),
        ("1,234.5", 1234.5),
        ("1,234", 1234.0),
        ("1,234.", 1234.0),
        (" 12,345,678.25 ", 12345678.25),
        ("999,999,999", 999999999.0),
        ("1,000,000,000", 0.0),
        ("1,5", 0.0),
        ("1,50", 0.0),
        ("0,2500", 0.0),
        ("1.234,5", 0.0),
        ("1.5,000", 0.0),
        ("1234,567", 0.0),
        ("1,23,456", 0.0),
        ("1,,234", 0.0),
        (",234", 0.0),
        ("1,", 0.0),
        (",", 0.0),
        ("-1,234", 0.0),
        ("1,234e3", 0.0),
        ("0.12345678", 0.123457),
        ("999999999", 999999999.0),
        ("1e9", 0.0),
        ("-1", 0.0),
        ("-0.0", 0.0),
        ("nan", 0.0),
        ("inf", 0.0),
        ("-inf", 0.0),
        ("1e400", 0.0),
        ("", 0.0),
        ("soon", 0.0),
        ("1s", 0.0),
        ("0x10", 0.0),
        ("1:30", 0.0),
    ],
)
def test_a_duration_is_seconds_or_nothing(text: str, seconds: float):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    ("item", "patterns", "fits"),
    [
        ("REQ-001", ["REQ-001"], True),
        ("REQ-001", ["REQ-"], True),
        ("REQ-001", ["RC-", "REQ-"], True),
        ("REQ-001", ["REQ"], False),
        ("REQ-001", ["REQ-0"], False),
        ("REQ-001", ["REQ-00"], False),
        ("REQ-0011", ["REQ-001"], False),
        ("REQ-001", ["req-001"], False),
        ("REQ-001", ["*"], False),
        ("REQ-001", ["-"], False),
        ("REQ-", ["REQ-"], True),
        ("REQ-SW-001", ["REQ-SW-"], True),
        ("REQ-001", [], False),
        ("", [""], True),
    ],
)
def test_a_pattern_is_an_id_or_a_prefix_up_to_a_hyphen(item: str, patterns: list[str], fits: bool):
    assert matches_item(item, patterns) is fits


# ---- losses


LOSS = Loss("REQ-001", "requirement REQ-001 (Baseline) is gone", ("REQ-001",))
PAIR = Loss("REQ-001", "REQ-001 no longer implements RC-001", ("REQ-001", "RC-001"))
DECLARED = Loss("REQ-001", "2 tests are gone", ("REQ-001",), declared="dana: replaced by a bench")
EXCHANGED = Loss("REQ-001", "2 tests for 2 others", ("REQ-001",), exchanged=True)


@pytest.mark.parametrize(
    ("loss", "waiver", "code", "severity", "message", "help_"),
    [
        (
            LOSS,
            None,
            "LM-MTX-071",
            Severity.ERROR,
            "coverage shrank since 1.3.0: requirement REQ-001 (Baseline) is gone",
            "put it back, or let a person sign for it: a waiver that names REQ-001",
        ),
        (
            LOSS,
            "qpcr:WVR-0001",
            "LM-MTX-071",
            Severity.WARNING,
            "coverage shrank since 1.3.0: requirement REQ-001 (Baseline) is gone (accepted by qpcr:WVR-0001)",
            "put it back, or let a person sign for it: a waiver that names REQ-001",
        ),
        (
            PAIR,
            None,
            "LM-MTX-071",
            Severity.ERROR,
            "coverage shrank since 1.3.0: REQ-001 no longer implements RC-001",
            "put it back, or let a person sign for it: a waiver that names REQ-001 or RC-001",
        ),
        (
            DECLARED,
            "qpcr:WVR-0001",
            "LM-MTX-071",
            Severity.WARNING,
            "coverage shrank since 1.3.0: 2 tests are gone (declared: dana: replaced by a bench)",
            "put it back, or let a person sign for it: a waiver that names REQ-001",
        ),
        (
            EXCHANGED,
            "qpcr:WVR-0001",
            "LM-MTX-072",
            Severity.WARNING,
            "tests were exchanged since 1.3.0: 2 tests for 2 others",
            "see whether the tests of now show what those of then showed",
        ),
    ],
    ids=["lost", "accepted", "a-link", "declared", "exchanged"],
)
def test_a_loss_is_an_error_until_somebody_answers_for_it(loss: Loss, waiver: str | None, code: str, severity: Severity, message: str, help_: str):
    asked: list[tuple[str, ...]] = []
    (view,), (finding,) = judge_losses("1.3.0", [loss], lambda items: asked.append(items) or waiver)  # type: ignore[func-returns-value]
    assert (finding.code, finding.severity, finding.message, finding.help, finding.subject) == (code, severity, message, help_, "REQ-001")
    # Nobody's waiver is used up by what needs none.
    needs = not loss.declared and not loss.exchanged
    assert (asked, view.waiver) == (([loss.items], waiver) if needs else ([], None))
    assert (view.subject, view.what, view.declared) == (loss.subject, loss.what, loss.declared)


def test_losses_are_told_in_their_order():
    views, findings = judge_losses("1.3.0", [PAIR, LOSS], lambda _: None)
    assert [view.what for view in views] == [PAIR.what, LOSS.what]
    assert len(findings) == 2
    assert judge_losses("1.3.0", [], lambda _: None) == ([], [])


# ---- what stands in


NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def index(days: int = 30, *, paths: tuple[str, ...] = (), categories: tuple[str, ...] = ("validation",)) -> Any:
    return SimpleNamespace(
        reuse_days=lambda *_: days,
        categories_of=lambda *_: [SimpleNamespace(id=name) for name in categories],
        matrix=SimpleNamespace(triggers=[SimpleNamespace(categories=("validation",), paths=paths)]),
    )


def past(changed: tuple[str, ...] | None = ()) -> PastRun:
    return PastRun(SimpleNamespace(finished_at="2026-11-23T12:00:00.000Z", layer="validation"), "77" * 32, changed)  # type: ignore[arg-type]


def record(name: str = "tests/validation/test_a.py::t", status: str = "passed", **fields: Any) -> Any:
    return SimpleNamespace(**{"id": name, "status": status, "red_then_green": False, "quarantined": "", "reused": None, **fields})


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("days", "at", "stands"),
    [
        (30, NOON, True),
        (30, NOON - SECOND, False),
        (30, NOON + timedelta(days=30), True),
        (30, NOON + timedelta(days=30) + SECOND, False),
        (1, NOON + timedelta(days=1), True),
        (1, NOON + timedelta(days=1) + SECOND, False),
        (0, NOON, False),
        (0, NOON + SECOND, False),
    ],
    ids=["at-once", "before-it-ended", "last-moment", "a-second-late", "one-day", "one-day-late", "not-declared", "not-declared-later"],
)
def test_a_result_stands_in_from_its_end_to_its_last_moment(days: int, at: datetime, stands: bool):
    until = _until(index(days), past(), record(), at)
    assert until == (NOON + timedelta(days=days) if stands else None)


@pytest.mark.parametrize(
    "fields",
    [{"status": "failed"}, {"status": "error"}, {"status": "skipped"}, {"status": "missing"}, {"red_then_green": True}, {"quarantined": "until later"}],
    ids=lambda value: "-".join(f"{name}" if value[name] is True else str(value[name]) for name in value),
)
def test_only_a_plain_pass_stands_in(fields: dict[str, Any]):
    assert _until(index(), past(), record(**fields), NOON) is None


@pytest.mark.parametrize(
    ("changed", "paths", "categories", "touched"),
    [
        ((), (), ("validation",), False),
        (("README.md",), (), ("validation",), False),
        (("src/ct.py",), (), ("validation",), False),
        (("tests/validation/test_a.py",), (), ("validation",), True),
        (("tests/validation/data/panel.csv",), (), ("validation",), True),
        (("tests/validation_other/test_b.py",), (), ("validation",), False),
        (("tests/conftest.py",), (), ("validation",), False),
        (("quality/matrix.yaml",), (), ("validation",), True),
        (("firmware/main.c",), ("firmware/**",), ("validation",), True),
        (("firmware/main.c",), ("firmware/**",), ("unit",), False),
        (("README.md", "firmware/main.c"), ("firmware/**",), ("validation",), True),
    ],
    ids=["nothing", "elsewhere", "source", "the-test", "its-data", "a-folder-alike", "above-it", "the-matrix", "trigger", "trigger-of-others", "one-of-two"],
)
def test_what_may_have_altered_a_test(changed: tuple[str, ...], paths: tuple[str, ...], categories: tuple[str, ...], touched: bool):
    made = index(paths=paths, categories=categories)
    assert _touched(made, "tests/validation/test_a.py::t", "validation", changed) is touched
    assert (_until(made, past(changed), record(), NOON) is None) is touched


def test_what_changed_is_not_known_nothing_stands_in():
    assert _until(index(), past(None), record(), NOON) is None


@pytest.mark.parametrize("name", ["test_a.py::t", "Suite::t", "t"])
def test_a_test_without_a_folder_is_touched_by_every_change(name: str):
    assert _touched(index(), name, "validation", ("README.md",))
    assert not _touched(index(), name, "validation", ())


@pytest.mark.parametrize(
    ("here", "earlier", "stands"),
    [
        ([], ["a::t"], ["a::t"]),
        (["a::t"], ["a::t"], []),
        (["a::t[1]"], ["a::t"], []),
        (["a::t"], ["a::t[1]"], []),
        (["a::t[1]"], ["a::t[2]"], []),
        (["a::u"], ["a::t", "a::t[1]"], ["a::t", "a::t[1]"]),
        (["a::t"], ["a::tt"], ["a::tt"]),
        (["a::t"], [], []),
    ],
    ids=["alone", "here", "case-here", "base-here", "another-case", "others", "longer-name", "none"],
)
def test_a_result_of_this_run_leaves_no_room_for_an_earlier_one(here: list[str], earlier: list[str], stands: list[str]):
    assert list(stand_in([record(name) for name in here], [record(name) for name in earlier])) == stands


def test_what_stands_in_is_said_once_for_each_run():
    made = {str(number): record(reused=SimpleNamespace(run=run)) for number, run in enumerate(("qpcr:RUN-0002", "qpcr:RUN-0001", "qpcr:RUN-0002"))}
    found = list(told_reuse("validation", {**made, "x": record()}))
    assert [(finding.code, finding.severity, finding.message) for finding in found] == [
        ("LM-MTX-067", Severity.INFO, "1 validation test did not run: the results of qpcr:RUN-0001, for the same artifacts, stand in"),
        ("LM-MTX-067", Severity.INFO, "2 validation tests did not run: the results of qpcr:RUN-0002, for the same artifacts, stand in"),
    ]
