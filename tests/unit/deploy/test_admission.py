"""Admission: each check alone can refuse, nothing that is missing can grant, and everything is looked at again."""

import copy
import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.release_run import RUN, VERSION, WHEEL, verified
from fakes.whole_release import NAME, POLICY, decision
from lotmark.attest.models import Subject
from lotmark.base.digest import Digest
from lotmark.base.errors import IntegrityError
from lotmark.deploy.api import AdmissionRequest, admit
from lotmark.deploy.models import Admission
from lotmark.releases.models import ArtifactFile, RunEvidence

pytestmark = pytest.mark.verifies("REQ-021", "RC-013")

AT = "2026-11-23T12:00:00.000Z"
OTHER = (Subject("other.whl", {"sha256": "bb" * 32}),)
DECISION = decision(6)
MANIFEST = {
    "run": RUN,
    "version": VERSION,
    "artifact": {"name": NAME, "sha256": WHEEL},
    "decision": DECISION.envelope.payload_digest.hex,
    "targets": [{"name": "plant"}, {"name": "lab"}],
}
ENTRIES = {
    "artifact-signature": verified("artifact-signature", {"version": VERSION}, 3),
    "provenance": verified("provenance", {}, 4),
    "decision": DECISION,
    "release-manifest": verified("release-manifest", MANIFEST, 8),
}
NAMES = ["artifact-signature", "provenance", "decision", "policy", "approvals", "manifest", "log-proof"]


def request(tmp_path=None, entries=None, **change):
    values = {
        "artifact": ArtifactFile(NAME, tmp_path, 12, Digest(WHEEL)),
        "target": "lab",
        "evidence": RunEvidence(list((ENTRIES if entries is None else entries).values())),
        "policy_sha256": POLICY,
        "log_size": 9,
        "approvals_complete": True,
        "missing": (),
        "prove": lambda index: None,
    }
    return AdmissionRequest(**{**values, **change})


def failed(admission):
    return [check.name for check in admission.checks if not check.holds]


def with_manifest(**change):
    return {"entries": {**ENTRIES, "release-manifest": verified("release-manifest", {**copy.deepcopy(MANIFEST), **change}, 8)}}


def with_decision(**change):
    """Another decision, which the manifest names."""
    made = decision(6, **change)
    manifest = verified("release-manifest", {**MANIFEST, "decision": made.envelope.payload_digest.hex}, 8)
    return {"entries": {**ENTRIES, "decision": made, "release-manifest": manifest}}


def about_other(kind):
    entry = ENTRIES[kind]
    return {"entries": {**ENTRIES, kind: verified(kind, entry.statement.predicate, entry.index, subjects=OTHER)}}


def without(kind):
    return {"entries": {name: entry for name, entry in ENTRIES.items() if name != kind}}


def refuse(index):
    raise IntegrityError("LM-PIP-020", "the log does not prove it")


def test_where_everything_holds_the_digest_is_admitted():
    admission = admit(request(), AT)
    assert admission.granted
    assert [check.name for check in admission.checks] == NAMES
    assert (admission.digest, admission.target, admission.policy_sha256, admission.log_size, admission.issued_at) == (Digest(WHEEL), "lab", POLICY, 9, AT)


REFUSALS = {
    "no signature of the artifact": (without("artifact-signature"), ["artifact-signature"]),
    "a signature of other bytes": (about_other("artifact-signature"), ["artifact-signature"]),
    "no provenance": (without("provenance"), ["provenance"]),
    "provenance of other bytes": (about_other("provenance"), ["provenance"]),
    "no decision": (without("decision"), ["decision", "policy", "manifest"]),
    "a decision that refused": (with_decision(verdict="refused"), ["decision"]),
    "a decision on incomplete evidence": (with_decision(completeness={"complete": False, "missing": ["sbom"]}), ["decision"]),
    "a decision about other bytes": (with_decision(sha256="bb" * 32), ["decision"]),
    "a decision under another policy": (with_decision(policySha256="91" * 32), ["policy"]),
    "another policy in force": ({"policy_sha256": "92" * 32}, ["policy"]),
    "approvals that are not complete": ({"approvals_complete": False, "missing": ("regulatory (0 of 1)",)}, ["approvals"]),
    "no manifest": (without("release-manifest"), ["manifest"]),
    "a manifest of other bytes": (about_other("release-manifest"), ["manifest"]),
    "a manifest that names other bytes": (with_manifest(artifact={"name": NAME, "sha256": "bb" * 32}), ["manifest"]),
    "a manifest of another decision": (with_manifest(decision="dd" * 32), ["manifest"]),
    "a manifest without this target": (with_manifest(targets=[{"name": "plant"}]), ["manifest"]),
    "an entry that the log does not prove": ({"prove": refuse}, ["log-proof"]),
    "another artifact in hand": ({"artifact": ArtifactFile(NAME, None, 12, Digest("bb" * 32))}, ["artifact-signature", "provenance", "decision", "manifest"]),
    "no evidence at all": ({"entries": {}}, ["artifact-signature", "provenance", "decision", "policy", "manifest", "log-proof"]),
}


@pytest.mark.parametrize(("change", "checks"), REFUSALS.values(), ids=REFUSALS)
def test_each_thing_alone_refuses(change, checks):
    admission = admit(request(**change), AT)
    assert not admission.granted
    assert failed(admission) == checks
    assert all(check.detail for check in admission.checks)


def test_the_missing_approvals_are_named():
    told = {check.name: check.detail for check in admit(request(approvals_complete=False, missing=("regulatory (0 of 1)", "clinical (0 of 1)")), AT).checks}
    assert told["approvals"] == "missing: regulatory (0 of 1), clinical (0 of 1)"
    assert {check.name: check.detail for check in admit(request(approvals_complete=False), AT).checks}["approvals"] == "missing: all"


def test_every_entry_is_proven_and_the_first_that_is_not_is_named():
    asked = []
    admit(request(prove=asked.append), AT)
    assert sorted(asked) == [3, 4, 6, 8]

    def prove(index):
        if index == 6:
            raise IntegrityError("LM-PIP-020", "not in the log")

    told = admit(request(prove=prove), AT).checks[-1]
    assert (told.name, told.holds, told.detail) == ("log-proof", False, "entry 6: not in the log")


def test_the_last_decision_counts():
    later = decision(7, verdict="refused")
    assert failed(admit(request(entries={**ENTRIES, "again": later}), AT)) == ["decision", "manifest"]


def test_an_admission_without_checks_grants_nothing():
    assert not Admission(Digest(WHEEL), "lab", POLICY, 9, (), AT).granted


def test_a_bug_while_proving_does_not_admit():
    def broken(index):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        admit(request(prove=broken), AT)


@pytest.mark.parametrize("dropped", [subset for size in (1, 2, 3, 4) for subset in itertools.combinations(ENTRIES, size)], ids="+".join)
def test_leaving_evidence_out_never_grants(dropped):
    entries = {name: entry for name, entry in ENTRIES.items() if name not in dropped}
    assert not admit(request(entries=entries), AT).granted


@given(st.sets(st.sampled_from(sorted(REFUSALS)), min_size=1, max_size=3))
def test_several_faults_never_cancel_out(names):
    change = {}
    for name in sorted(names):
        change.update(REFUSALS[name][0])
    assert not admit(request(**change), AT).granted


def test_on_the_wire_each_check_says_how_it_went():
    wire = admit(request(prove=refuse), AT).to_wire()
    assert wire["digest"] == {"sha256": WHEEL}
    assert (wire["target"], wire["policySha256"], wire["logSize"], wire["issuedAt"]) == ("lab", POLICY, 9, AT)
    assert [check["verdict"] for check in wire["checks"]] == ["passed"] * 6 + ["failed"]


def test_a_request_is_a_value():
    assert replace(request(), target="plant").target == "plant"
    assert admit(replace(request(), target="plant"), AT).granted
