"""Coverage that shrank since the last release: said one by one, and signed for."""

from datetime import timedelta
from typing import Any

import pytest

from fakes.matrix_product import MATRIX, NOON, RUN, graph, green_runs, matrix, quality_files
from lotmark.attest.models import Subject
from lotmark.base.findings import Finding, Severity
from lotmark.matrix.api import Baseline, evaluate_matrix
from lotmark.matrix.models import MatrixResult, Waiver, WaiverReview, WaiverScope, WaiverSigner
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
