"""Coverage that shrank since the last release: said one by one, and signed for."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fakes.matrix_product import ALL, INTEGRATION, MATRIX, NOON, RUN, UNIT_OTHER, graph, green_runs, matrix, quality_files
from fakes.matrix_product import test_run as collected_run
from lotmark.attest.models import Subject
from lotmark.base.errors import UsageError
from lotmark.base.findings import Finding, Severity
from lotmark.matrix.api import Baseline, evaluate_matrix, find_known_tests, plan_tests
from lotmark.matrix.models import MatrixResult, TestRun, Waiver, WaiverReview, WaiverScope, WaiverSigner
from lotmark.trace.predicates import build_trace_snapshot

pytestmark = [pytest.mark.verifies("REQ-425", "REQ-011", "RC-005", "HAZ-006"), pytest.mark.attack("O04")]

SUBJECT = (Subject("source", {"sha256": "a" * 64}),)


def baseline(text: str = MATRIX, files: dict[str, bytes] | None = None) -> Baseline:
    before = graph(files=files)
    snapshot = build_trace_snapshot(before, run=RUN, subjects=SUBJECT, changed=(), findings=()).predicate
    evaluation = evaluate_matrix(matrix(text), before, green_runs(), run=RUN, first_release=True).evaluation
    return Baseline("1.3.0", snapshot, evaluation)


def waiver(**scope: tuple[str, ...]) -> WaiverReview:
    signer = WaiverSigner(person="quinn", name="Quinn Example", role="quality-owner")
    made = Waiver(
        waiver="qpcr:WVR-0001",
        product="qpcr",
        scope=WaiverScope(**scope),
        version=None,
        reason="merged",
        residual_risk="none",
        owner="dana",
        signer=signer,
        signed_at="2026-11-23T12:00:00.000Z",
        zone="UTC",
        expires=(NOON + timedelta(days=30)).date().isoformat(),
    )
    return WaiverReview(((made, 7),))


def evaluated(files: dict[str, bytes] | None = None, text: str = MATRIX, before: Baseline | None = None, waivers: WaiverReview | None = None) -> MatrixResult:
    return evaluate_matrix(matrix(text), graph(files=files), green_runs(), run=RUN, first_release=True, baseline=before or baseline(), waivers=waivers)


def shrank(result: MatrixResult) -> list[Finding]:
    return [finding for finding in result.findings if finding.code == "LM-MTX-071"]


def edited(name: str, old: str, new: str) -> dict[str, bytes]:
    files = quality_files()
    text = files[name].decode()
    assert old in text
    return {**files, name: text.replace(old, new).encode()}


def without(*names: str) -> dict[str, bytes]:
    return {name: data for name, data in quality_files().items() if not name.endswith(tuple(f"{each}.md" for each in names))}


def test_nothing_changed_nothing_said() -> None:
    result = evaluated()
    assert shrank(result) == []
    assert result.evaluation.losses == ()


def test_without_a_release_nothing_can_shrink() -> None:
    assert not shrank(evaluate_matrix(matrix(), graph(), green_runs(), run=RUN, first_release=True))


def test_more_than_before_is_no_loss() -> None:
    before = baseline(files=without("REQ-003"))
    assert shrank(evaluated(before=before)) == []


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        (("HAZ-002", "RC-002"), ["hazard HAZ-002 (Late result) is gone", "risk-control RC-002 (Refuse old lots) is gone"]),
        (("REQ-003",), ["requirement REQ-003 (Requirement 003) is gone"]),
    ],
)
def test_an_item_that_is_gone(gone: tuple[str, ...], said: list[str]) -> None:
    found = shrank(evaluated(without(*gone)))
    assert [each.severity for each in found] == [Severity.ERROR] * len(said)
    wanted = [f"coverage shrank since 1.3.0: {each}" for each in said]
    assert sorted(each.message.replace("software-requirement", "requirement") for each in found) == sorted(wanted)


def test_an_item_that_became_obsolete() -> None:
    (found,) = shrank(evaluated(edited("quality/requirements/REQ-003.md", "status: approved", "status: obsolete")))
    assert found.message.endswith("(Requirement 003) is obsolete")


def test_a_link_that_was_cut() -> None:
    (found,) = shrank(evaluated(edited("quality/requirements/REQ-002.md", "implements: [RC-002]\n", "")))
    assert (found.subject, found.message) == ("REQ-002", "coverage shrank since 1.3.0: REQ-002 no longer implements RC-002")
    assert "REQ-002 or RC-002" in (found.help or "")


def test_a_link_that_was_turned_elsewhere() -> None:
    (found,) = shrank(evaluated(edited("quality/requirements/REQ-002.md", "implements: [RC-002]", "implements: [RC-001]")))
    assert found.message.endswith("REQ-002 no longer implements RC-002")


def test_an_item_that_was_obsolete_before_is_no_loss() -> None:
    before = baseline(files=edited("quality/requirements/REQ-003.md", "status: approved", "status: obsolete"))
    assert shrank(evaluated(without("REQ-003"), before=before)) == []


def test_a_renamed_item_that_keeps_its_old_name_as_an_alias_is_no_loss() -> None:
    files = without("REQ-003")
    files["quality/requirements/REQ-009.md"] = quality_files()["quality/requirements/REQ-003.md"].replace(
        b"id: REQ-003\n", b"id: REQ-009\naliases: [REQ-003]\n"
    )
    assert shrank(evaluated(files)) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "gating: waivable}",
            "gating: informational}",
            ["integration of hazard HAZ-001 was waivable and is informational", "integration of risk-control RC-001 was waivable and is informational"],
        ),
        ("owner: dana, layer: unit}", "owner: dana, layer: unit, gating: waivable}", ["unit of requirement REQ-001 was blocking and is waivable"]),
        ("categories: [integration, smoke]}", "categories: [smoke]}", ["hazard HAZ-001 no longer needs integration"]),
        ("severity: [critical, catastrophic], ", "severity: [catastrophic], ", ["hazard HAZ-001 no longer needs validation"]),
    ],
)
def test_a_matrix_that_asks_for_less(old: str, new: str, said: list[str]) -> None:
    assert old in MATRIX
    messages = [each.message for each in shrank(evaluated(text=MATRIX.replace(old, new)))]
    for each in said:
        assert f"coverage shrank since 1.3.0: {each}" in messages
    assert all(each.severity is Severity.ERROR for each in shrank(evaluated(text=MATRIX.replace(old, new))))


RENAMED = MATRIX.replace("{id: unit,", "{id: modules,").replace("categories: [unit]", "categories: [modules]")


def test_a_category_that_was_renamed_is_no_loss() -> None:
    assert shrank(evaluated(text=RENAMED)) == []


def test_a_milder_category_in_its_place_is_one() -> None:
    found = shrank(evaluated(text=RENAMED.replace("owner: dana, layer: unit}", "owner: dana, layer: unit, gating: waivable}")))
    assert "coverage shrank since 1.3.0: requirement REQ-001 no longer needs unit, a category that is gone" in [each.message for each in found]


def test_informational_needs_may_go() -> None:
    assert shrank(evaluated(text=MATRIX.replace("categories: [integration, smoke]}", "categories: [integration]}"))) == []


def test_a_stricter_matrix_is_no_loss() -> None:
    assert shrank(evaluated(text=MATRIX.replace("gating: waivable}", "gating: blocking}"))) == []


@pytest.mark.parametrize("scope", [{"hazards": ("HAZ-002",)}, {"hazards": ("HAZ-002",), "tests": ("t",)}])
def test_a_person_signs_for_it(scope: dict[str, Any]) -> None:
    result = evaluated(without("HAZ-002"), waivers=waiver(**scope))
    (found,) = [each for each in shrank(result) if each.subject == "HAZ-002"]
    assert (found.severity, found.message.endswith("(accepted by qpcr:WVR-0001)")) == (Severity.WARNING, True)
    (loss,) = [each for each in result.evaluation.losses if each.subject == "HAZ-002"]
    assert loss.waiver == "qpcr:WVR-0001"
    assert [view.id for view in result.evaluation.waivers] == ["qpcr:WVR-0001"]
    assert not [each for each in result.findings if each.code == "LM-MTX-062" and "HAZ-002" in each.message]


def test_a_waiver_for_something_else_accepts_nothing() -> None:
    (found,) = [each for each in shrank(evaluated(without("HAZ-002"), waivers=waiver(hazards=("HAZ-001",)))) if each.subject == "HAZ-002"]
    assert found.severity is Severity.ERROR


def test_a_waiver_for_the_other_end_of_a_link_accepts_its_loss() -> None:
    files = edited("quality/requirements/REQ-002.md", "implements: [RC-002]\n", "")
    (found,) = shrank(evaluated(files, waivers=waiver(risk_controls=("RC-002",))))
    assert found.severity is Severity.WARNING


def test_a_release_without_an_evaluation_still_tells_items_and_links() -> None:
    before = baseline()
    result = evaluated(without("REQ-003"), before=Baseline(before.version, before.snapshot))
    assert len(shrank(result)) == 1


# ---- a category over other tests than before ------------------------------------------------------------------------

STRONG, WEAK = "tests/unit/test_ct.py::test_plateau", "tests/unit/test_smoke.py::test_it_starts"
BOTH = {STRONG: ("REQ-001",), WEAK: ("REQ-001",)}
NARROW = MATRIX.replace("layer: unit}", "layer: unit, tests: [tests/unit/test_smoke.py]}")
RETIRED = """retired:
  - {tests: ["%s"], since: "%s", reason: test_smoke holds the same points, owner: clio}
"""


def passed(text: str, tests: Iterable[str]) -> list[TestRun]:
    """Each of these tests passed in its layer, in quarantine where the matrix says so."""
    layers = {layer: {test: "passed" for test in tests if test.startswith(f"tests/{layer}/")} for layer in ("unit", "integration", "validation")}
    return [collected_run(layer, statuses, matrix=matrix(text)) for layer, statuses in layers.items()]


def over(tests: dict[str, tuple[str, ...]], text: str, before: Baseline, waivers: WaiverReview | None = None) -> MatrixResult:
    """The evaluation of a product that has these unit tests, besides those of the other layers."""
    marked = {**{test: items for test, items in ALL.items() if not test.startswith("tests/unit")}, UNIT_OTHER: ("REQ-002",), **tests}
    return evaluate_matrix(matrix(text), graph(marked), passed(text, marked), run=RUN, first_release=True, baseline=before, waivers=waivers)


def before_with(tests: dict[str, tuple[str, ...]], text: str = MATRIX) -> Baseline:
    return replace(baseline(), evaluation=over(tests, text, baseline()).evaluation)


def told(result: MatrixResult) -> list[tuple[str, Severity, str]]:
    wanted = [each for each in result.findings if each.code in {"LM-MTX-071", "LM-MTX-072"}]
    return [(each.code, each.severity, each.message.partition(": ")[2]) for each in wanted]


def test_a_category_of_another_name_that_keeps_its_tests_was_renamed() -> None:
    assert told(over(BOTH, RENAMED, before_with(BOTH))) == []


def test_a_category_of_another_name_over_more_tests_is_no_loss() -> None:
    assert told(over(BOTH, RENAMED, before_with({STRONG: ("REQ-001",)}))) == []


@pytest.mark.parametrize(
    ("then", "tests", "text", "gone"),
    [
        pytest.param(BOTH, BOTH, RENAMED.replace("layer: unit}", "layer: unit, tests: [tests/unit/test_smoke.py, tests/unit/test_lot.py]}"), STRONG, id="its globs leave one out"),
        pytest.param(BOTH, {WEAK: ("REQ-001",)}, RENAMED, STRONG, id="one was deleted"),
        pytest.param({STRONG: ("REQ-001",)}, {WEAK: ("REQ-001",)}, RENAMED, STRONG, id="as many others stand there"),
        pytest.param(BOTH, {STRONG: ("REQ-003",), WEAK: ("REQ-001",)}, RENAMED, STRONG, id="one verifies something else now"),
    ],
)  # fmt: skip
def test_a_category_swapped_for_weaker_tests_is_no_rename(then: dict[str, Any], tests: dict[str, Any], text: str, gone: str) -> None:
    said = ("LM-MTX-071", Severity.ERROR, f"{gone} no longer counts in unit (now modules) for requirement REQ-001")
    assert said in told(over(tests, text, before_with(then)))


@pytest.mark.parametrize(
    ("then", "tests", "text", "said"),
    [
        pytest.param(BOTH, {WEAK: ("REQ-001",)}, MATRIX, ("LM-MTX-071", Severity.ERROR), id="fewer tests"),
        pytest.param(BOTH, BOTH, NARROW, ("LM-MTX-071", Severity.ERROR), id="narrower globs"),
        pytest.param({STRONG: ("REQ-001",)}, {WEAK: ("REQ-001",)}, MATRIX, ("LM-MTX-072", Severity.WARNING), id="as many others"),
    ],
)
def test_a_category_that_kept_its_name_over_other_tests(then: dict[str, Any], tests: dict[str, Any], text: str, said: tuple[str, Severity]) -> None:
    found = [each for each in told(over(tests, text, before_with(then))) if "REQ-001" in each[2]]
    assert found == [(*said, f"{STRONG} no longer counts in unit for requirement REQ-001")]


def test_parameter_sets_of_one_test_come_and_go() -> None:
    then = {f"{STRONG}[{n}]": ("REQ-001",) for n in range(5)}
    assert told(over({f"{STRONG}[7]": ("REQ-001",)}, MATRIX, before_with(then))) == []


def test_a_test_that_the_plan_left_out_is_not_lost() -> None:
    before = before_with(BOTH)
    marked = {**ALL, **BOTH}
    here = graph(marked)
    runs = passed(MATRIX, [test for test in marked if test != STRONG])
    plan = plan_tests(matrix(), here, find_known_tests(matrix(), here), changed_paths=(), changed_items=())
    assert STRONG in {test.id for test in plan.tests}
    assert told(evaluate_matrix(matrix(), here, runs, run=RUN, first_release=True, baseline=before, plan=plan)) == []


def test_many_lost_tests_are_counted() -> None:
    then = {f"tests/unit/test_ct.py::test_{n}": ("REQ-001",) for n in range(5)}
    ((*_, message),) = told(over({WEAK: ("REQ-001",)}, MATRIX, before_with(then)))
    assert message.startswith("tests/unit/test_ct.py::test_0, tests/unit/test_ct.py::test_1, tests/unit/test_ct.py::test_2 and 2 more no longer count in unit")


def test_a_test_that_was_in_quarantine_had_not_counted() -> None:
    quarantine = f'quarantine:\n  - {{tests: ["{STRONG}"], reason: flaky, owner: dana, expires: "2026-12-10"}}\n'
    assert told(over({WEAK: ("REQ-001",)}, RENAMED, before_with(BOTH, MATRIX + quarantine))) == []


def test_a_test_whose_end_is_declared_for_this_release_is_shown_with_its_owner() -> None:
    result = over({WEAK: ("REQ-001",)}, RENAMED + RETIRED % (STRONG, "1.3.0"), before_with(BOTH))
    ((code, severity, message),) = [each for each in told(result) if "REQ-001" in each[2]]
    assert (code, severity) == ("LM-MTX-071", Severity.WARNING)
    assert message.endswith("for requirement REQ-001 (declared: test_smoke holds the same points (clio))")
    (loss,) = [each for each in result.evaluation.losses if each.subject == "REQ-001"]
    assert (loss.waiver, loss.declared) == (None, "test_smoke holds the same points (clio)")


def test_what_is_declared_against_another_release_says_nothing() -> None:
    result = over({WEAK: ("REQ-001",)}, RENAMED + RETIRED % (STRONG, "1.2.0"), before_with(BOTH))
    assert [severity for _, severity, message in told(result) if "REQ-001" in message] == [Severity.ERROR]


def test_what_is_declared_of_some_tests_leaves_the_others_lost() -> None:
    then = {STRONG: ("REQ-001",), "tests/unit/test_b.py::test_b": ("REQ-001",), WEAK: ("REQ-001",)}
    found = told(over({WEAK: ("REQ-001",)}, MATRIX + RETIRED % (STRONG, "1.3.0"), before_with(then)))
    assert [(severity, message.partition(" no longer")[0]) for _, severity, message in found] == [
        (Severity.ERROR, "tests/unit/test_b.py::test_b"),
        (Severity.WARNING, STRONG),
    ]


def test_a_waiver_that_names_the_item_accepts_a_weaker_set() -> None:
    signed = waiver(requirements=("REQ-001",))
    result = over({WEAK: ("REQ-001",)}, RENAMED, before_with(BOTH), signed)
    ((_, severity, message),) = [each for each in told(result) if "REQ-001" in each[2]]
    assert (severity, message.endswith("(accepted by qpcr:WVR-0001)")) == (Severity.WARNING, True)


@pytest.mark.parametrize("left", ["tests", "since", "reason", "owner"])
def test_a_declaration_leaves_nothing_out(left: str) -> None:
    fields = {"tests": "[a]", "since": '"1.3.0"', "reason": "r", "owner": "dana"}
    text = ", ".join(f"{name}: {value}" for name, value in fields.items() if name != left)
    with pytest.raises(UsageError) as refused:
        matrix(f"{MATRIX}retired:\n  - {{{text}}}\n")
    assert left in refused.value.reason


def test_the_waiver_for_a_requirement_that_is_gone_accepts_its_tests_too() -> None:
    files = without("REQ-002")
    then = before_with({})
    left = {test: items for test, items in ALL.items() if test != UNIT_OTHER} | {INTEGRATION: ("REQ-001",)}
    unsigned, signed = (
        evaluate_matrix(matrix(), graph(left, files), passed(MATRIX, left), run=RUN, first_release=True, baseline=then, waivers=signature)
        for signature in (None, waiver(requirements=("REQ-002",)))
    )
    assert {severity for _, severity, _ in told(unsigned)} == {Severity.ERROR}
    assert {severity for _, severity, _ in told(signed)} == {Severity.WARNING}
    assert any("for hazard HAZ-002" in message for *_, message in told(signed))
