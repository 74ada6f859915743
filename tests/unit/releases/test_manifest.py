"""The release manifest: everything that the artifact's packet must hold, each thing from evidence."""

import copy

import msgspec
import pytest

from fakes.declared_product import declared
from fakes.release_run import COMMIT, RUN, VERSION, WHEEL
from fakes.whole_release import AT, NAME, approval, decision, evidence_of, whole_run
from lotmark.attest.api import build_payload, parse_json
from lotmark.base.errors import NothingToJudgeError
from lotmark.bootstrap.api import registry
from lotmark.releases.api import manifest_evidence, residual_risks
from lotmark.releases.predicates import ReleaseManifestBody

pytestmark = pytest.mark.verifies("REQ-020", "RC-008")


TARGETS = [{"name": "lab", "environment": "production", "descriptorSha256": "d5" * 32}]
ANOMALIES = [{"id": "ANO-001", "title": "Slow start", "severity": 3, "rationale": "Harmless"}]
DECISION = decision()
APPROVALS = [approval("quinn", "quality-owner", "approval", 61), approval("rene", "regulatory", "review", 62)]


def made(tmp_path, run=None, **options):
    evidence = evidence_of(run or whole_run(), DECISION, *APPROVALS)
    return manifest_evidence(declared(tmp_path, **options), evidence, DECISION, APPROVALS, targets=TARGETS, anomalies=ANOMALIES, frozen_at=AT), evidence


@pytest.fixture
def manifest(tmp_path):
    (found, _), _ = made(tmp_path)
    return found.predicate


def test_both_records_are_about_the_artifact_and_fit_their_types(tmp_path):
    both, _ = made(tmp_path)
    assert [item.kind for item in both] == ["release-manifest", "release"]
    for item in both:
        assert [(subject.name, subject.digest) for subject in item.subjects] == [(NAME, {"sha256": WHEEL})]
        assert parse_json(build_payload(item, registry()))["predicate"] == item.predicate


def test_what_was_released(manifest):
    assert (manifest["run"], manifest["product"], manifest["version"]) == (RUN, "qpcr", VERSION)
    assert manifest["artifact"] == {"name": NAME, "mediaType": "application/zip", "size": 12, "sha256": WHEEL}
    assert manifest["frozenAt"] == AT


def test_what_it_was_built_from(manifest):
    assert manifest["source"] == {"repository": "https://git.example.org/qpcr", "commit": COMMIT, "tree": "7e" * 20}
    assert manifest["build"] == {
        "commit": COMMIT,
        "builtAt": AT,
        "locks": [{"path": "requirements.lock", "sha256": "11" * 32}],
        "run": RUN,
        "environmentSha256": "e0" * 32,
        "tools": [{"name": "gcc", "version": "12.2.0"}, {"name": "python", "version": "3.11.7"}],
    }
    assert manifest["rebuild"] == {"verdict": "IDENTICAL", "claim": "R3"}


@pytest.mark.parametrize(("field", "kind"), [("sbom", "sbom"), ("provenance", "provenance"), ("trace", "trace-snapshot"), ("decision", "decision")])
def test_records_are_named_by_the_digest_of_their_signed_bytes(tmp_path, field, kind):
    (found, _), evidence = made(tmp_path)
    assert found.predicate[field] == evidence.last(kind).envelope.payload_digest.hex


def test_every_layer_of_tests_with_its_results(manifest):
    assert [suite["layer"] for suite in manifest["tests"]] == ["unit", "integration", "validation"]
    assert manifest["tests"][0] == {
        "layer": "unit",
        "suite": ["33" * 32],
        "counts": {"passed": 2, "failed": 0, "error": 0, "skipped": 0, "missing": 0},
        "expected": 2,
        "received": 2,
        "reused": [],
        "quarantined": [],
        "environmentFailures": [],
        "waived": [],
    }
    assert manifest["leftOut"] == [{"test": "t_nightly", "reason": "runs at night"}]


def test_what_remains(manifest):
    assert manifest["residualRisks"] == [
        {
            "hazard": "HAZ-001",
            "title": "Wrong result",
            "after": {"severity": "serious", "probability": "remote", "level": "low"},
            "acceptable": True,
            "rationale": "Benefit outweighs",
        }
    ]
    assert [waiver["id"] for waiver in manifest["waivers"]] == ["qpcr:WVR-0001"]
    assert manifest["anomalies"] == ANOMALIES


def test_each_signature_with_printed_name_time_and_meaning(manifest):
    assert manifest["approvals"] == [
        {
            "person": "quinn",
            "name": "Quinn Example",
            "role": "quality-owner",
            "meaning": "approval",
            "signedAt": AT,
            "payload": APPROVALS[0].envelope.payload_digest.hex,
        },
        {
            "person": "rene",
            "name": "Rene Example",
            "role": "regulatory",
            "meaning": "review",
            "signedAt": AT,
            "payload": APPROVALS[1].envelope.payload_digest.hex,
        },
    ]


def test_where_it_goes_and_how_it_is_identified(manifest):
    assert manifest["targets"] == TARGETS
    assert manifest["udi"] == {"di": None, "pi": {"version": VERSION, "lot": RUN}}
    assert manifest["versions"] == {**dict.fromkeys(("proposed", "tested", "sbom", "artifact"), VERSION), "label": None}
    assert manifest["device"] is None


def test_the_release_is_stated_in_the_standard_form_too(tmp_path):
    (_, release), _ = made(tmp_path)
    assert release.predicate == {"purl": f"pkg:generic/qpcr@{VERSION}?checksum=sha256:{WHEEL}", "releaseId": f"qpcr@{VERSION}"}


@pytest.mark.parametrize("kind", ["release-candidate", "rebuild", "sbom", "provenance", "trace-snapshot", "risk-snapshot", "matrix-evaluation", "test-run"])
def test_without_any_piece_there_is_no_manifest(tmp_path, kind):
    run = whole_run()
    run.drop(kind)
    with pytest.raises(NothingToJudgeError) as error:
        made(tmp_path, run)
    assert error.value.code == "LM-REL-001"


def test_nothing_in_it_is_shared_with_the_evidence(tmp_path):
    (found, _), evidence = made(tmp_path)
    before = copy.deepcopy(dict(evidence.predicate("matrix-evaluation")))
    found.predicate["waivers"][0]["id"] = "changed"
    found.predicate["targets"][0]["name"] = "changed"
    assert evidence.predicate("matrix-evaluation") == before
    assert TARGETS[0]["name"] == "lab"


LATER = {"left_out"}
"""What manifests of earlier versions do not have."""


@pytest.mark.parametrize("field", [field for field in ReleaseManifestBody.__struct_fields__ if field not in LATER])
def test_a_manifest_that_lacks_a_field_is_none(manifest, field):
    wire = dict(zip(ReleaseManifestBody.__struct_fields__, ReleaseManifestBody.__struct_encode_fields__, strict=True))[field]
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({key: value for key, value in manifest.items() if key != wire}, ReleaseManifestBody)


def test_risks_are_those_of_the_last_snapshot(tmp_path):
    _, evidence = made(tmp_path)
    assert [risk["hazard"] for risk in residual_risks(evidence)] == ["HAZ-001"]
