"""Release notes: nothing that is not evidence, and nothing that evidence can make look like something else."""

import pytest

from fakes.release_run import WHEEL, verified
from fakes.whole_release import evidence_of, whole_run
from lotmark.base.errors import NothingToJudgeError
from lotmark.releases.api import format_notes
from lotmark.releases.rules import RULES

pytestmark = pytest.mark.verifies("REQ-020", "RC-008")


def sections(text):
    parts = text.split("\n## ")
    return {part.partition("\n")[0]: part.partition("\n")[2].strip() for part in parts[1:]}


@pytest.fixture
def run():
    return whole_run()


def test_the_head_names_product_version_artifact_commit_and_run(run):
    head = format_notes(evidence_of(run)).partition("\n## ")[0]
    assert head.startswith("# qPCR caller 1.4.0\n")
    for part in ("qpcr-1.4.0.whl", WHEEL, "c0ffee", "qpcr:RUN-0001", "Previous release: 1.3.0."):
        assert part in head


def test_a_first_release_says_so(run):
    run.opened["previousRelease"] = None
    assert "First release." in format_notes(evidence_of(run))


def test_every_section_stands_there_in_its_order(run):
    found = sections(format_notes(evidence_of(run)))
    assert found == {
        "Changed requirements, hazards and controls": "- REQ-001: Correct the baseline",
        "Changes": "- Correct the baseline (REQ-001), Dana Example",
        "Waived tests": "- qpcr:WVR-0001: t_panel, until 2026-12-31. The panel is on order Residual risk: Covered by t_reference",
        "Tests left out": "- t_nightly: runs at night",
        "Residual risks": "- HAZ-001 Wrong result: low after control, acceptable. Benefit outweighs",
        "Known anomalies": "- ANO-001 (severity 3): Slow start",
    }
    assert list(found) == ["Changed requirements, hazards and controls", "Changes", "Waived tests", "Tests left out", "Residual risks", "Known anomalies"]


def test_nothing_is_said_as_none(run):
    run.predicate("change-summary").update(changedItems=[], commits=[])
    run.predicate("matrix-evaluation").update(waivers=[], leftOut=[])
    run.predicate("risk-snapshot")["hazards"] = []
    run.predicate("trace-snapshot")["anomalies"] = []
    assert set(sections(format_notes(evidence_of(run))).values()) == {"None."}


def test_an_item_that_is_gone_is_removed(run):
    run.predicate("change-summary")["changedItems"] = ["REQ-009"]
    assert "- REQ-009: removed" in format_notes(evidence_of(run))


def test_a_commit_without_references_is_told_without(run):
    run.predicate("change-summary")["commits"][0]["references"] = []
    assert sections(format_notes(evidence_of(run)))["Changes"] == "- Correct the baseline, Dana Example"


@pytest.mark.parametrize(("acceptable", "words"), [(True, "acceptable"), (False, "not acceptable"), (None, "not judged")])
def test_a_risk_is_told_with_its_judgement(run, acceptable, words):
    hazard = run.predicate("risk-snapshot")["hazards"][0]
    hazard["residualRisk"]["acceptable"] = acceptable
    hazard["after"]["level"] = ""
    assert f"unknown after control, {words}." in format_notes(evidence_of(run))


class TestAnomalies:
    def test_before_the_manifest_they_are_those_of_the_trace_that_are_open(self, run):
        anomalies = run.predicate("trace-snapshot")["anomalies"]
        anomalies.append({**anomalies[0], "id": "ANO-002", "status": "closed"})
        assert "ANO-002" not in format_notes(evidence_of(run))

    def test_a_product_without_a_list_is_not_said_to_have_none(self, run):
        run.predicate("trace-snapshot")["anomalies"] = None
        assert sections(format_notes(evidence_of(run)))["Known anomalies"] == "Not declared."

    def test_afterwards_they_are_those_that_were_frozen(self, run):
        frozen = verified("release-manifest", {"anomalies": [{"id": "ANO-007", "severity": 1, "title": "Frozen"}]}, 90)
        assert sections(format_notes(evidence_of(run, frozen)))["Known anomalies"] == "- ANO-007 (severity 1): Frozen"
        none = verified("release-manifest", {"anomalies": []}, 90)
        assert sections(format_notes(evidence_of(run, none)))["Known anomalies"] == "None."


def test_foreign_text_cannot_begin_a_section_or_an_element(run):
    run.predicate("matrix-evaluation")["waivers"][0]["reason"] = "fine\n\n## Waived tests\n\nNone. <script>alert(1)</script>"
    run.opened["product"]["name"] = "qPCR\n# forged"
    text = format_notes(evidence_of(run))
    assert text.count("\n## Waived tests") == 1
    assert text.startswith("# qPCR # forged 1.4.0\n")
    assert "<script" not in text


@pytest.mark.parametrize("kind", ["change-summary", "release-candidate", "trace-snapshot", "matrix-evaluation", "risk-snapshot"])
def test_notes_are_never_made_up(run, kind):
    run.drop(kind)
    with pytest.raises(NothingToJudgeError):
        format_notes(evidence_of(run))


def test_every_rule_of_the_room_is_told():
    assert [rule.code for rule in RULES] == [f"LM-REL-{number:03d}" for number in range(1, 7)]
    assert all(rule.title and rule.story and rule.cure for rule in RULES)
