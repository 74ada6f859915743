"""A decision as evidence."""

import pytest

from fakes.release_run import NOON, RUN, VERSION, WHEEL, ReleaseRun, verified
from lotmark.attest.api import build_payload, parse_json
from lotmark.attest.models import Registry
from lotmark.base.errors import UsageError
from lotmark.policy.api import build_decision, build_vsa, compute_facts, decide, default_policy, evidence_root
from lotmark.policy.predicates import KINDS
from lotmark.tlog.api import EMPTY_ROOT, leaf_hash, tree_root

pytestmark = pytest.mark.verifies("REQ-015", "RC-008", "HAZ-002")


REGISTRY = Registry(KINDS)
TIER = {"name": "high", "reasons": ["first release of the product"]}
REQUIRED = [{"role": "quality-owner", "count": 1, "meaning": "approval"}]
POLICY = default_policy()


def decision(entries):
    return decide(compute_facts(entries, NOON), POLICY, POLICY.digest, 40)


def test_the_root_is_over_the_payload_digests_in_log_order():
    entries = ReleaseRun().entries()
    leaves = [leaf_hash(entry.envelope.payload_digest.raw) for entry in entries]
    assert evidence_root(list(reversed(entries))) == tree_root(leaves).hex()
    assert evidence_root([]) == EMPTY_ROOT.hex()


@pytest.mark.parametrize(
    "kind", ["decision", "vsa", "approval", "approval-withdrawal", "delegation", "waiver", "key-event", "release-manifest", "deployment", "run-closed"]
)
def test_what_follows_the_decision_leaves_the_root_as_it_is(kind):
    entries = ReleaseRun().entries()
    assert evidence_root([*entries, verified(kind, {"run": RUN}, 90)]) == evidence_root(entries)


@pytest.mark.parametrize("stage", ["approval", "deployment", "verification"])
def test_results_of_later_stages_leave_the_root_as_it_is(stage):
    entries = ReleaseRun().entries()
    assert evidence_root([*entries, verified("stage-result", {"run": RUN, "stage": stage}, 90)]) == evidence_root(entries)


@pytest.mark.parametrize(
    "change",
    [lambda log: log[:-1], lambda log: [*log, verified("rebuild", {"run": RUN}, 90)], lambda log: [*log, verified("stage-result", {"stage": "unit"}, 90)]],
)
def test_other_evidence_is_another_root(change):
    entries = ReleaseRun().entries()
    assert evidence_root(change(entries)) != evidence_root(entries)


def test_a_decision_is_evidence_about_the_artifact():
    entries = ReleaseRun().entries()
    made = decision(entries)
    evidence = build_decision(made, root=evidence_root(entries), tier=TIER, required=REQUIRED)
    payload = parse_json(build_payload(evidence, REGISTRY))
    assert payload["subject"] == [{"name": "qpcr-1.4.0.whl", "digest": {"sha256": WHEEL}}]
    predicate = payload["predicate"]
    assert (predicate["run"], predicate["product"], predicate["version"], predicate["verdict"]) == (RUN, "qpcr", VERSION, "accepted")
    assert predicate["artifact"] == {"name": "qpcr-1.4.0.whl", "sha256": WHEEL}
    assert predicate["tier"] == TIER
    assert predicate["required"] == REQUIRED
    assert predicate["evaluatedAt"] == "2026-11-23T12:00:00.000Z"
    assert predicate["relaxed"] == []


@pytest.mark.parametrize(("entries", "name"), [([], "facts of an unopened run"), (ReleaseRun().entries()[:1], f"facts of {RUN}")])
def test_a_refusal_without_artifact_is_about_its_facts(entries, name):
    made = decision(entries)
    evidence = build_decision(made, root=evidence_root(entries), tier=TIER, required=REQUIRED)
    build_payload(evidence, REGISTRY)
    assert [(subject.name, subject.digest) for subject in evidence.subjects] == [(name, {"sha256": made.facts_sha256})]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda p: p.pop("evidenceRoot"),
        lambda p: p.update(more=1),
        lambda p: p.update(verdict="perhaps"),
        lambda p: p["facts"].pop("build"),
        lambda p: p.update(policySha256="AA" * 32),
        lambda p: p.update(policySha256="aa" * 32 + "\n"),
        lambda p: p["criteria"][0].pop("clause"),
    ],
)
def test_a_predicate_of_another_shape_is_not_signed(spoil):
    entries = ReleaseRun().entries()
    evidence = build_decision(decision(entries), root=evidence_root(entries), tier=TIER, required=REQUIRED)
    spoil(evidence.predicate)
    with pytest.raises(UsageError) as caught:
        build_payload(evidence, REGISTRY)
    assert caught.value.code == "LM-ATT-018"


@pytest.mark.parametrize(("drop", "result", "levels"), [("", "PASSED", ["LOTMARK_RELEASE_POLICY_MET"]), ("rebuild", "FAILED", ["FAILED"])])
def test_a_summary_for_other_tools_claims_no_slsa_level(drop, result, levels):
    run = ReleaseRun()
    run.drop(drop)
    entries = run.entries()
    evidence = build_vsa(decision(entries), verifier_version="0.1.0", inputs=entries[:2])
    predicate = parse_json(build_payload(evidence, REGISTRY))["predicate"]
    assert predicate["verificationResult"] == result
    assert predicate["verifiedLevels"] == levels
    assert predicate["resourceUri"] == "pkg:generic/qpcr@1.4.0"
    assert [item["digest"] for item in predicate["inputAttestations"]] == [entry.envelope.payload_digest.digest_set for entry in entries[:2]]
    assert predicate["policy"]["digest"] == {"sha256": POLICY.digest.hex}
