"""The view of runs in every state: released, waiting, refused, rejected, stopped early, abandoned."""

import msgspec
import pytest

from fakes.dossier_log import DossierLog, released
from lotmark.base.errors import IntegrityError, NothingToJudgeError
from lotmark.bootstrap.api import registry
from lotmark.dossier._view import build_view
from lotmark.dossier._view_model import LogFacts
from lotmark.releases.models import RunEvidence

pytestmark = pytest.mark.verifies("REQ-024")


def test_what_these_tests_show_has_the_published_shapes():
    """Nothing is proved about a reader by evidence that no stage would make."""
    log = DossierLog().record()
    kinds = registry()
    seen = set()
    for entry in log.ledger.entries():
        kind = kinds.find(entry.header.kind)
        # The manifest of `ReleaseLog` is a short one; the dossier reads what it was made of instead.
        if kind is not None and kind.body is not None and kind.name != "release-manifest":
            msgspec.convert(log.reader.verify(entry).statement.predicate, kind.body, strict=True)
            seen.add(kind.name)
    assert {"decision", "approval", "rebuild", "dependencies", "test-run", "matrix-evaluation"} <= seen


def test_released_run_says_so_in_one_sentence():
    verdict = released().verdict
    assert verdict.status.word == "Released"
    assert verdict.sentence == "qPCR caller 1.4.0 may be released: 19 of 19 release criteria are met, two people signed, one test is waived until 2026-12-31."
    assert verdict.reasons == ()


def test_nothing_waived_is_said():
    log = DossierLog()
    matrix = log.predicate("matrix-evaluation")
    matrix["rows"] = matrix["rows"][:1]
    matrix["waivers"] = []
    matrix["summary"]["waivable"] = {**matrix["summary"]["waivable"], "required": 0, "waived": 0}
    log.waive = lambda: 0  # type: ignore[assignment, method-assign, misc]
    assert log.record().view().verdict.sentence.endswith("two people signed, nothing is waived.")


def test_several_waivers_name_the_first_end():
    log = DossierLog()
    matrix = log.predicate("matrix-evaluation")
    matrix["rows"][1]["required"][0]["tests"].append({"id": "t_other", "status": "missing", "layer": "validation", "waiver": "qpcr:WVR-0002"})
    scope = {**matrix["waivers"][0]["scope"], "tests": ["t_other"]}
    matrix["waivers"].append({**matrix["waivers"][0], "id": "qpcr:WVR-0002", "scope": scope, "expires": "2026-12-01"})
    view = log.record().view()
    assert view.verdict.sentence.endswith("two tests are waived, the first of them until 2026-12-01.")
    assert [waiver.id for waiver in view.waivers or ()] == ["qpcr:WVR-0001", "qpcr:WVR-0002"]


def test_waived_requirement_without_a_test_is_counted_by_waivers():
    log = DossierLog().record()
    log.last("matrix-evaluation").statement.predicate["rows"][1]["required"][0]["tests"] = []
    assert "one requirement is waived until 2026-12-31" in log.view().verdict.sentence


def test_waiting_run_names_who_must_sign():
    view = DossierLog().record(signers=(("quinn", "quality-owner", "approval"),), until="approve").view()
    assert view.outcome == "pending"
    assert view.verdict.status.mark == "wait"
    assert view.verdict.sentence == "qPCR caller 1.4.0 may not be released yet: 19 of 19 release criteria are met, but one signature is missing."
    assert view.verdict.reasons == ("regulatory: review, 0 of 1 signed",)
    assert view.absent["deployments"] == "Nothing is recorded: the stage “deployment” has not run."


def test_signed_but_not_concluded_run_waits_to_be_concluded():
    view = DossierLog().record(until="approve").view()
    assert view.verdict.sentence.endswith("but the run waits to be concluded.")
    assert view.verdict.reasons == ()


def test_refused_run_names_each_criterion_that_is_not_met():
    log = DossierLog()
    log.predicate("rebuild").update(verdict="DIFFERENT")
    log.predicate("risk-snapshot")["hazards"][0]["residualRisk"]["acceptable"] = False
    log.record(until="decide")
    log.close("refused")
    view = log.view()
    assert view.outcome == "refused"
    assert view.verdict.sentence == "qPCR caller 1.4.0 may not be released: 2 of 19 release criteria are not met."
    assert len(view.verdict.reasons) == 2
    assert any(reason.startswith("Every residual risk is judged acceptable: ") for reason in view.verdict.reasons)
    figures = {figure.label: (figure.value, figure.note, figure.mark) for figure in view.verdict.figures}
    assert figures["Release criteria"] == ("17 of 19", "2 not met", "bad")
    assert figures["Signatures"] == ("0 of 2", "not asked for: refused", "none")
    assert figures["Hazards controlled"] == ("0 of 1", "1 not acceptable", "bad")
    assert figures["Rebuild"][2] == "bad"


def test_one_failing_criterion_reads_in_the_singular():
    log = DossierLog()
    log.predicate("rebuild").update(verdict="DIFFERENT")
    log.record(until="decide")
    log.close("refused")
    assert log.view().verdict.sentence.endswith("1 of 19 release criteria is not met.")


def test_incomplete_evidence_alone_is_named():
    log = DossierLog()
    log.run.drop("provenance")
    log.record(until="decide")
    log.close("refused")
    view = log.view()
    assert view.decision is not None
    assert any("provenance" in missing for missing in view.decision.missing)
    assert "not met" in view.verdict.sentence


def test_missing_evidence_is_named_where_no_criterion_asks_for_it():
    log = DossierLog().record(until="decide")
    log.close("refused")
    log.last("decision").statement.predicate.update(verdict="refused", completeness={"complete": False, "missing": ["provenance of build"]})
    assert log.view().verdict.sentence.endswith("may not be released: evidence is missing (provenance of build).")


def test_rejected_run_names_the_person_and_the_reason():
    log = DossierLog()
    log.record(signers=(("rene", "regulatory", "rejection"),), until="approve")
    log.close("refused")
    view = log.view()
    assert view.verdict.sentence == "qPCR caller 1.4.0 may not be released: Rene Example (regulatory) rejected it."
    assert view.verdict.reasons == ("Rene Example (regulatory): looked at",)
    assert {figure.label: figure.mark for figure in view.verdict.figures}["Signatures"] == "bad"


def test_run_that_stopped_in_the_build_was_never_decided_on():
    log = DossierLog()
    for stage in ("unit", "integration", "validation", "package"):
        log.run.stages[stage] = []
        del log.run.outcomes[stage]
    log.run.stages["build"] = [entry for entry in log.run.stages["build"] if entry[0] == "rebuild"]
    log.predicate("rebuild").update(verdict="FAILED", outputs=[])
    log.run.outcomes["build"] = "refused"
    log.waive = lambda: 0  # type: ignore[assignment, method-assign, misc]
    log.run.findings["build"] = [{"code": "LM-BLD-010", "severity": "error", "message": "the build in lane A ended with 1: ", "help": "see the log"}]
    log.record(until="work")
    log.close("refused")
    view = log.view()
    assert view.verdict.sentence == "qPCR caller 1.4.0 may not be released: the stage build was refused, so it was never decided on."
    assert view.verdict.reasons == ("build: the build in lane A ended with 1",)
    assert (view.decision, view.approvals, view.risk, view.trace, view.matrix, view.anomalies, view.waivers) == (None,) * 7
    assert (view.layers, view.device, view.deployments) == ((), (), ())
    assert view.artifact is None
    assert [answer.summary for answer in view.answers][3:] == ["No test has run.", "None: nothing has been decided."]
    assert view.answers[0].summary == "qPCR caller 1.4.0 was to be built; the run made no artifact."
    assert view.absent["risk"] == "Nothing is recorded: the stage “validation” has not run."
    words = {stage.name: stage.status.word for stage in view.stages}
    assert (words["build"], words["unit"], words["deployment"]) == ("refused", "not run", "not run")


def test_stage_that_made_nothing_says_how_it_ended():
    log = DossierLog()
    log.run.stages["dependencies"] = []
    log.run.outcomes["dependencies"] = "refused"
    log.opened["expected"][1]["kinds"] = ["dependencies"]
    view = log.record(until="work").view()
    assert view.absent["components"] == "Nothing is recorded: the stage “dependencies” ended as refused ()."
    assert view.supply is None


def test_several_refused_stages_are_all_named():
    log = DossierLog()
    log.run.outcomes |= {"unit": "refused", "integration": "refused"}
    log.record(until="work")
    log.close("refused")
    assert "the stages unit and integration were refused" in log.view().verdict.sentence


def test_refused_run_whose_stages_were_all_accepted():
    log = DossierLog().record(until="work")
    log.close("refused")
    assert log.view().verdict.sentence.endswith("its run was refused.")


def test_open_run_counts_what_has_not_run():
    view = DossierLog().record(until="open").view()
    assert view.outcome == "open"
    assert view.verdict.sentence == "qPCR caller 1.4.0 may not be released yet: 10 of 10 stages have not run."
    assert view.answers[2].summary == "No author is recorded for this run."
    assert {figure.value for figure in view.verdict.figures} == {"none"}


def test_abandoned_run():
    log = DossierLog().record(until="work")
    log.close("abandoned")
    view = log.view()
    assert (view.verdict.status.mark, view.verdict.status.word) == ("none", "Abandoned")
    assert "a later one took its place" in view.verdict.sentence


def closed_as_released(log: DossierLog) -> str:
    log.close("released")
    verdict = log.view().verdict
    assert (verdict.status.mark, verdict.status.word) == ("bad", "Contradictory")
    return verdict.sentence


def test_release_without_a_decision_is_not_glossed_over():
    assert closed_as_released(DossierLog().record(until="work")) == "qPCR caller 1.4.0 is recorded as released, but nothing was decided: do not rely on it."


def test_release_of_a_refusal_is_not_glossed_over():
    log = DossierLog()
    log.predicate("rebuild").update(verdict="DIFFERENT")
    assert "but its decision is a refusal" in closed_as_released(log.record(until="decide"))


def test_release_without_its_signatures_is_not_glossed_over():
    log = DossierLog().record(signers=(("quinn", "quality-owner", "approval"),), until="approve")
    assert "but the signatures that it needs do not all count" in closed_as_released(log)


def test_release_of_what_somebody_rejected_is_not_glossed_over():
    log = DossierLog().record(signers=(("rene", "regulatory", "rejection"),), until="approve")
    assert "but somebody rejected it" in closed_as_released(log)


def test_many_reasons_are_cut_and_counted():
    log = DossierLog()
    log.run.outcomes["unit"] = "refused"
    log.run.findings |= {
        stage: [{"code": "LM-X-001", "severity": "error", "message": f"{stage} {n}"} for n in range(5)] for stage in ("source", "dependencies", "build", "unit")
    }
    log.run.outcomes |= {"source": "refused", "dependencies": "refused", "build": "refused"}
    log.run.outcomes["package"] = "refused"
    log.run.findings["package"] = [{"code": "LM-X-001", "severity": "error", "message": f"package {n}"} for n in range(5)]
    log.record(until="work")
    log.close("refused")
    reasons = log.view().verdict.reasons
    assert len(reasons) == 13
    assert reasons[-1] == "and 3 more, below"


def test_five_questions_in_their_order():
    view = released()
    assert [answer.question for answer in view.answers] == [
        "What was built?",
        "From what?",
        "By whom?",
        "With which tests?",
        "Under which approval?",
    ]
    assert view.answers[0].summary == "qpcr-1.4.0.whl, 12 bytes."
    assert view.answers[2].summary == "Written by Dana Example."
    assert view.answers[3].summary == "4 of 4 expected tests reported: 4 passed."
    assert view.answers[4].summary == "19 of 19 release criteria are met; two people signed, risk tier medium."


def test_waiting_answer_names_the_wanted_signatures():
    view = DossierLog().record(signers=(), until="decide").view()
    facts = {fact.label: fact.value for fact in view.answers[4].facts}
    assert facts["Still wanted"] == "1 signature as quality-owner (approval) and 1 signature as regulatory (review)"
    assert "nobody signed" in view.answers[4].summary


def test_timeline_has_every_record_in_order_with_its_signer():
    view = released()
    assert [event.index for event in view.timeline] == list(range(view.log.size))
    whats = [event.what for event in view.timeline]
    assert whats[0] == "Opens the log with the root key of Ada Example"
    assert "Quinn Example signs the waiver qpcr:WVR-0001, until 2026-12-31" in whats
    assert "Quinn Example signs as quality-owner: approval" in whats
    assert "Laboratory: verified" in whats
    assert whats[-1] == "Run closed: released"
    assert {event.who for event in view.timeline if event.kind == "approval"} == {"Quinn Example", "Rene Example"}


def test_withdrawals_and_unknown_kinds_stand_in_the_timeline():
    log = DossierLog().record(until="approve")
    log.withdraw(log.entries("approval")[0], "quinn")
    log.record_one("scai", {"attributes": []})
    view = log.view()
    assert [event.what for event in view.timeline][-2:] == ["Quinn Example withdraws a signature: second thoughts", "Device attributes (SCAI)"]


def test_commands_quote_names_for_the_shell():
    log = DossierLog()
    log.predicate("release-candidate")["artifact"]["name"] = "a b; rm -rf.whl"
    view = log.record(until="work").view()
    assert "lotmark verify qpcr-1.4.0.zip --trust trust.json --artifact 'a b; rm -rf.whl'" in [command.text for command in view.commands]


def test_every_digest_stands_once():
    values = [fact.value for fact in released().digests]
    assert len(values) == len(set(values))
    assert released().artifact is not None
    assert values[0] == released().artifact.value  # type: ignore[union-attr]


def test_same_evidence_gives_the_same_view():
    assert DossierLog().record().view() == released()


def test_run_that_was_never_opened_has_no_view():
    with pytest.raises(NothingToJudgeError):
        build_view(RunEvidence(()), (), log=LogFacts("o", 0, "", ""))


def test_record_of_another_shape_is_an_integrity_error():
    log = DossierLog()
    del log.predicate("rebuild")["lanes"]
    with pytest.raises(IntegrityError, match="KeyError") as caught:
        log.record(until="work").view()
    assert caught.value.code == "LM-DOS-018"


def test_checkpoint_and_witnesses_are_told():
    log = released().log
    assert log.checkpoint.startswith(f"{log.origin}\n{log.size}\n{log.root}\n")
    assert log.witnesses == 0
    assert DossierLog().record(until="open").view(witnesses=2).log.witnesses == 2


def test_open_run_that_was_asked_for_little_and_did_it():
    log = DossierLog().record(until="work")
    log.last("run-opened").statement.predicate["expected"] = [{"stage": "source", "kinds": ["change-summary"]}]
    view = log.view()
    assert view.verdict.sentence == "qPCR caller 1.4.0 may not be released yet: the run is not closed."
    assert view.absent["criteria"] == "This run was not asked for it."
