"""The sentence that a director reads, for every end of a run and everything that speaks against it; and the figures."""

from typing import Any

import pytest

from fakes.dossier_views import (
    approvals,
    criterion,
    decision,
    layer,
    matrix,
    rebuild,
    required,
    risk,
    signature,
    source,
    stage,
    supply,
    waiver,
)
from lotmark.dossier import _view_verdict as module
from lotmark.dossier._view_verdict import _REASONS, outcome_of_run, say_verdict

pytestmark = pytest.mark.verifies("REQ-024")

NAME = "qPCR Caller 1.4.0"
SIGNED = approvals(required(have=1), signatures=(signature(),), signed=1)


def say(outcome: str, *stages: Any, decided: Any = None, approved: Any = None, waivers: Any = (), **more: Any) -> Any:
    return say_verdict(source(**more), outcome, stages, decided, approved, waivers, ())


@pytest.mark.parametrize(
    ("closed", "approval", "outcome"),
    [
        ("released", None, "released"),
        ("refused", None, "refused"),
        ("abandoned", "pending", "abandoned"),
        ("released", "pending", "released"),
        (None, "pending", "pending"),
        (None, "accepted", "open"),
        (None, "refused", "open"),
        (None, None, "open"),
    ],
)
def test_the_outcome_of_a_run_is_its_closing_or_what_it_waits_for(closed, approval, outcome):
    assert outcome_of_run(source(closed=closed, approval=approval)) == outcome


class TestReleased:
    @pytest.mark.parametrize(
        ("approved", "waivers", "grounds"),
        [
            (SIGNED, (), "all criteria are met, one person signed, nothing is waived"),
            (SIGNED, None, "all criteria are met, one person signed, nothing is waived"),
            (approvals(signed=0), (), "all criteria are met, nothing is waived"),
            (approvals(signed=2), (), "all criteria are met, two people signed, nothing is waived"),
            (approvals(signed=13), (), "all criteria are met, 13 people signed, nothing is waived"),
            (SIGNED, (waiver(),), "all criteria are met, one person signed, one requirement is waived until 2026-12-31"),
            (
                SIGNED,
                (waiver("2027-01-31"), waiver("2026-12-31")),
                "all criteria are met, one person signed, two requirements are waived, the first of them until 2026-12-31",
            ),
        ],
        ids=["signed", "no-waivers-known", "nobody-had-to", "two", "many", "waived", "two-waivers"],
    )
    def test_says_on_what_grounds(self, approved, waivers, grounds):
        said = say("released", decided=decision("accepted", criterion()), approved=approved, waivers=waivers)
        assert (said.status.mark, said.status.word, said.sentence) == ("ok", "Released", f"{NAME} may be released: {grounds}.")
        assert said.reasons == ()

    @pytest.mark.parametrize(
        ("waived", "told"),
        [
            (("a",), "one test is waived until 2026-12-31"),
            (("a", "a"), "one test is waived until 2026-12-31"),
            (("a", "b", "c"), "three tests are waived until 2026-12-31"),
            ((None,), "one requirement is waived until 2026-12-31"),
        ],
        ids=["one", "one-twice", "three", "no-test"],
    )
    def test_waived_tests_are_counted_once(self, waived, told):
        tests = [{"id": each or "x", "waiver": each} for each in waived]
        said = say("released", decided=decision(), approved=SIGNED, waivers=(waiver(),), matrix={"rows": [{"required": [{"tests": tests}]}]})
        assert said.sentence.endswith(f", {told}.")

    @pytest.mark.parametrize(
        ("decided", "approved", "doubt"),
        [
            (None, SIGNED, "nothing was decided"),
            (decision(), None, "nothing was decided"),
            (decision("refused"), SIGNED, "its decision is a refusal"),
            (decision("brilliant"), SIGNED, "its decision is a refusal"),
            (decision(), approvals(signatures=(signature(), signature("rejects")), signed=1), "somebody rejected it"),
            (decision(), approvals(required(have=0)), "the signatures that it needs do not all count"),
            (decision(), approvals(required(count=2, have=1)), "the signatures that it needs do not all count"),
            (decision(), approvals(required(have=1), problems=("the decision is stale",)), "the signatures that it needs do not all count"),
        ],
        ids=["undecided", "no-approvals", "refusal", "unknown-verdict", "rejected", "unsigned", "half-signed", "problem"],
    )
    def test_a_record_that_contradicts_itself_is_never_glossed_over(self, decided, approved, doubt):
        said = say("released", decided=decided, approved=approved)
        assert (said.status.mark, said.status.word) == ("bad", "Contradictory")
        assert said.sentence == f"{NAME} is recorded as released, but {doubt}: do not rely on it."

    def test_what_cannot_be_counted_is_no_contradiction(self):
        assert say("released", decided=decision(), approved=approvals(required(have=None))).status.word == "Released"


class TestPending:
    @pytest.mark.parametrize(
        ("wanted", "told", "reasons"),
        [
            ((required(),), "one signature is missing", ("quality-owner: approval, 0 of 1 signed",)),
            ((required(count=3, have=1),), "two signatures are missing", ("quality-owner: approval, 1 of 3 signed",)),
            (
                (required(have=1), required("regulatory", 2, None, "review")),
                "two signatures are missing",
                ("regulatory: review, 0 of 2 signed",),
            ),
            ((required(have=1),), "the run waits to be concluded", ()),
            ((required(have=2),), "the run waits to be concluded", ()),
            ((), "the run waits to be concluded", ()),
        ],
        ids=["one", "two-of-three", "one-role-of-two", "signed", "more-than-asked", "none-asked"],
    )
    def test_names_who_must_sign(self, wanted, told, reasons):
        said = say("pending", decided=decision(), approved=approvals(*wanted))
        assert (said.status.mark, said.status.word) == ("wait", "Waiting for people")
        assert said.sentence == f"{NAME} may not be released yet: all criteria are met, but {told}."
        assert said.reasons == reasons

    def test_without_a_decision_it_is_not_said_to_be_good(self):
        assert say("pending").sentence == f"{NAME} may not be released yet: the run waits to be concluded."


class TestRefused:
    @pytest.mark.parametrize(
        ("stages", "decided", "approved", "told"),
        [
            ((), None, approvals(signatures=(signature("rejects"),)), "Quinn Example (quality-owner) rejected it"),
            (
                (),
                decision("refused", criterion("violated")),
                approvals(signatures=(signature("rejects"), signature("rejects", name="Rene Example", role="regulatory"))),
                "Quinn Example (quality-owner) and Rene Example (regulatory) rejected it",
            ),
            ((), decision("refused", criterion("violated"), criterion()), None, "1 of 2 release criteria is not met"),
            ((), decision("refused", criterion("violated"), criterion("error")), None, "2 of 2 release criteria are not met"),
            ((), decision("refused", criterion(), missing=("a", "b")), None, "evidence is missing (a and b)"),
            ((), decision("refused", missing=("a", "b", "c", "d")), None, "evidence is missing (a, b and c)"),
            ((stage("build", "refused"),), None, None, "the stage build was refused, so it was never decided on"),
            ((stage("build", "refused"), stage("unit", "refused")), None, None, "the stages build and unit were refused, so it was never decided on"),
            ((stage("deployment", "refused"),), decision(), None, "the stage deployment was refused"),
            ((stage("unit"),), None, None, "its run was refused"),
            ((), None, None, "its run was refused"),
        ],
        ids=[
            "rejected",
            "two-rejected",
            "one-criterion",
            "all-criteria",
            "missing",
            "much-missing",
            "stage",
            "two-stages",
            "after-decision",
            "unsaid",
            "nothing",
        ],
    )
    def test_says_what_stands_against_it(self, stages, decided, approved, told):
        said = say("refused", *stages, decided=decided, approved=approved)
        assert (said.status.mark, said.status.word) == ("bad", "Not releasable")
        assert said.sentence == f"{NAME} may not be released: {told}."

    def test_reasons_beyond_a_dozen_are_counted(self):
        failing = [criterion("violated", f"criterion {number}", "m") for number in range(_REASONS + 3)]
        said = say("refused", decided=decision("refused", *failing))
        assert len(said.reasons) == _REASONS + 1
        assert "3" in said.reasons[-1] or "4" in said.reasons[-1]


class TestOther:
    def test_an_abandoned_run(self):
        said = say("abandoned")
        assert (said.status.mark, said.status.word) == ("none", "Abandoned")
        assert said.sentence == f"{NAME} was not released: this run was abandoned, and a later one took its place."

    @pytest.mark.parametrize(
        ("stages", "told"),
        [
            ((stage("source"), stage("unit", "not-run")), "1 of 2 stages have not run"),
            ((stage("unit", "not-run"), stage("build", "not-run")), "2 of 2 stages have not run"),
            ((stage("source"),), "the run is not closed"),
            ((), "the run is not closed"),
        ],
        ids=["one", "both", "all-ran", "no-stage"],
    )
    @pytest.mark.parametrize("outcome", ["open", "unheard-of"])
    def test_what_is_not_decided_is_never_told_as_releasable(self, stages, told, outcome):
        said = say(outcome, *stages)
        assert (said.status.mark, said.status.word) == ("wait", "Not decided")
        assert said.sentence == f"{NAME} may not be released yet: {told}."


class TestFigures:
    def figure(self, label: str, **fields: Any) -> tuple[str, str, str]:
        told: dict[str, Any] = {"decision": None, "approvals": None, "layers": (), "matrix": None, "risk": None, "rebuild": None, "supply": None, **fields}
        return next((each.value, each.note, each.mark) for each in module.view_figures(**told) if each.label == label)

    @pytest.mark.parametrize("label", ["Release criteria", "Signatures", "Tests", "Hazards", "Rebuild", "Vulnerabilities"])
    def test_what_was_not_recorded_is_never_a_good_figure(self, label):
        assert self.figure(label) == ("none", "not recorded", "none")

    @pytest.mark.parametrize(
        ("made", "told"),
        [
            (decision("accepted", criterion(), criterion()), ("2 of 2", "the policy as shipped", "ok")),
            (decision("accepted", criterion(), relaxations=("a",)), ("1 of 1", "1 relaxation of the policy", "warn")),
            (decision("accepted", criterion(), relaxations=("a", "b")), ("1 of 1", "2 relaxations of the policy", "warn")),
            (decision("refused", criterion(), criterion("violated")), ("1 of 2", "1 not met", "bad")),
            (decision("refused", criterion("error"), relaxations=("a",)), ("0 of 1", "1 not met", "bad")),
            (decision("accepted"), ("none", "none was judged", "bad")),
        ],
        ids=["all", "relaxed", "twice-relaxed", "violated", "error", "none"],
    )
    def test_criteria(self, made, told):
        assert self.figure("Release criteria", decision=made) == told

    @pytest.mark.parametrize(
        ("decided", "made", "told"),
        [
            (decision(), approvals(required(count=2), signed=2), ("2 of 2", "risk tier high", "ok")),
            (decision(), approvals(required(count=2), required("r"), signed=1), ("1 of 3", "risk tier high", "wait")),
            (decision(), approvals(required(), signed=1, problems=("p",)), ("1 of 1", "risk tier high", "wait")),
            (decision(), approvals(required(), signed=1, signatures=(signature("rejects"),)), ("1 of 1", "risk tier high", "bad")),
            (decision("refused"), approvals(required()), ("0 of 1", "not asked for: refused", "none")),
            (None, approvals(required()), ("0 of 1", "risk tier high", "wait")),
        ],
        ids=["signed", "waiting", "problem", "rejected", "refused", "undecided"],
    )
    def test_signatures(self, decided, made, told):
        assert self.figure("Signatures", decision=decided, approvals=made) == told

    @pytest.mark.parametrize(
        ("layers", "told"),
        [
            ((layer(),), ("10 of 10", "all passed", "ok")),
            ((layer(), layer("warn")), ("20 of 20", "passed or waived", "warn")),
            ((layer("warn"), layer("bad", 8)), ("18 of 20", "some did not pass", "bad")),
            ((layer(received=1200, expected=1200),), ("1,200 of 1,200", "all passed", "ok")),
        ],
        ids=["passed", "waived", "bad", "many"],
    )
    def test_tests(self, layers, told):
        assert self.figure("Expected tests reported", layers=layers) == told

    @pytest.mark.parametrize(
        ("risks", "tested", "told"),
        [
            (risk("ok", "ok"), None, ("2 of 2", "residual risks acceptable", "ok")),
            (risk("ok", "bad"), None, ("1 of 2", "1 not acceptable", "bad")),
            (risk("ok", "ok"), matrix("passed", "failed"), ("2 of 2", "1 without passed tests", "bad")),
            (risk("ok", "bad"), matrix("failed"), ("1 of 2", "1 not acceptable", "bad")),
            (risk("ok"), matrix("waived"), ("1 of 1", "residual risks acceptable", "ok")),
            (risk(), matrix(), ("none", "none is recorded", "none")),
        ],
        ids=["acceptable", "not-acceptable", "untested", "both", "waived", "none"],
    )
    def test_hazards(self, risks, tested, told):
        assert self.figure("Hazards controlled", risk=risks, matrix=tested) == told

    @pytest.mark.parametrize(
        ("made", "told"),
        [
            (rebuild(), ("identical", "3 conditions varied", "ok")),
            (rebuild("EQUIVALENT", 1), ("equivalent", "1 condition varied", "warn")),
            (rebuild("DIFFERENT", 0), ("different", "0 conditions varied", "bad")),
            (rebuild("NOT_COMPARABLE"), ("not comparable", "3 conditions varied", "bad")),
            (rebuild("FAILED"), ("failed", "3 conditions varied", "bad")),
        ],
        ids=["identical", "equivalent", "different", "not-comparable", "failed"],
    )
    def test_rebuild(self, made, told):
        assert self.figure("Rebuild", rebuild=made) == told

    @pytest.mark.parametrize(
        ("made", "told"),
        [
            (supply(), ("0", "2 components", "ok")),
            (supply("not_affected", components=1), ("0", "1 component", "ok")),
            (supply("affected", "not_affected"), ("1", "2 components", "warn")),
            (supply("under_investigation"), ("1", "2 components", "warn")),
            (supply(summary="Vulnerabilities were not evaluated."), ("unknown", "2 components", "bad")),
            (supply("affected", summary="Vulnerabilities were not evaluated."), ("unknown", "2 components", "bad")),
        ],
        ids=["none", "not-affected", "affected", "unknown-state", "not-evaluated", "not-evaluated-with-some"],
    )
    def test_vulnerabilities(self, made, told):
        assert self.figure("Known vulnerabilities", supply=made) == told
