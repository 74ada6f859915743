"""The report as evidence: kinds, shapes, schemas, and what a refused report must not claim."""

import hashlib
import importlib.resources
import json

import jsonschema
import msgspec
import pytest

from fakes.supply_world import osv_record
from lotmark.attest.models import Registry, Subject
from lotmark.supply.api import build_evidence
from lotmark.supply.predicates import KINDS, DependenciesWire, dependencies_schema

pytestmark = pytest.mark.verifies("REQ-014", "RC-011", "HAZ-002")


SUBJECT = Subject("source", {"sha256": "0" * 64, "gitCommit": "0" * 40})
SCANNED_AT = "2026-11-23T06:30:00.000Z"


def evidence_of(report):
    return {each.kind: each for each in build_evidence(report, run="qpcr:RUN-0001", subjects=[SUBJECT], scanned_at=SCANNED_AT)}


def full_world(world):
    world.require("a", "1.0")
    world.require("b", "1.0")
    world.install("setuptools", "70.0")
    world.dump(
        [
            osv_record("a", identifier="X-1", severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]),
            osv_record("b", identifier="X-2"),
        ]
    )
    for identifier, component in (("X-1", "a"), ("X-2", "b")):
        entry = {"id": identifier, "component": component, "justification": "component_not_present", "reason": "r", "owner": "dana", "expires": "2027-01-01"}
        world.config["vulnerabilities"]["exceptions"].append(entry)
    return world


def test_the_kinds_are_registered_with_their_types():
    registry = Registry(KINDS)
    assert {kind.name: kind.uri for kind in KINDS} == {
        "sbom": "https://cyclonedx.org/bom",
        "dependencies": "https://lotmark.dev/attestation/dependencies/v1",
        "vulns": "https://in-toto.io/attestation/vulns/v0.2",
    }
    assert all(kind.signers == {"pipeline"} and kind.clause and kind.retention and kind.title for kind in KINDS)
    assert registry is not None


def test_an_accepted_report_is_three_pieces_of_evidence_on_the_subjects(world):
    evidence = evidence_of(full_world(world).examine())
    assert list(evidence) == ["sbom", "dependencies", "vulns"]
    assert all(each.subjects == (SUBJECT,) for each in evidence.values())


def test_the_dependencies_predicate_has_its_documented_shape(world):
    report = full_world(world).examine()
    predicate = evidence_of(report)["dependencies"].predicate
    jsonschema.validate(predicate, dependencies_schema())
    msgspec.convert(predicate, DependenciesWire)
    assert predicate["run"] == "qpcr:RUN-0001"
    assert predicate["locks"] == [
        {"path": "requirements.txt", "kind": "pip", "sha256": hashlib.sha256((world.root / "requirements.txt").read_bytes()).hexdigest(), "components": 2}
    ]
    assert predicate["components"][0]["hashes"] == {"sha256": [dict(report.components[0].hashes)["sha256"]]}
    assert predicate["components"][0]["installed"] == "1.0"
    assert predicate["environment"]["distributions"][-1] == {"name": "setuptools", "version": "70.0"}
    assert predicate["licencePolicy"] == {"allow": ["Apache-2.0", "BSD-3-Clause", "MIT"]}
    assert predicate["vulnerabilities"]["evaluated"] is True
    assert [(each["id"], each["score"], each["state"], each["owner"]) for each in predicate["vulnerabilities"]["matched"]] == [
        ("X-1", 9.8, "not_affected", "dana"),
        ("X-2", None, "not_affected", "dana"),
    ]
    assert predicate["none"] is None


def test_the_sbom_predicate_is_the_document_byte_for_byte(world):
    report = full_world(world).examine()
    evidence = evidence_of(report)
    again = json.dumps(evidence["sbom"].predicate, sort_keys=True, separators=(",", ":")).encode()
    assert again == report.sbom
    assert evidence["dependencies"].predicate["sbomSha256"] == hashlib.sha256(again).hexdigest()


def test_the_vulns_predicate_names_the_dump_and_every_match(world):
    report = full_world(world).examine()
    predicate = evidence_of(report)["vulns"].predicate
    assert predicate["scanner"]["db"] == {"uri": f"sha256:{report.dump.sha256}", "version": "2026-11-20", "lastUpdate": "2026-11-20T00:00:00Z"}
    first, second = predicate["scanner"]["result"]
    assert first["severity"][0] == {"method": "cvss_v3_base_score", "score": "9.8"}
    assert second["severity"] == [{"method": "severity", "score": "high"}]
    assert {"justification": "component_not_present"} in first["annotations"]
    assert predicate["metadata"] == {"scanStartedOn": SCANNED_AT, "scanFinishedOn": SCANNED_AT}


def test_an_affected_match_carries_no_justification(world):
    full_world(world).config["vulnerabilities"]["exceptions"].clear()
    result = evidence_of(world.examine())["vulns"].predicate["scanner"]["result"][0]
    assert result["annotations"] == [{"component": "pkg:pypi/a@1.0"}, {"state": "affected"}]


def test_a_dump_that_was_not_evaluated_gives_no_vulns_evidence(world):
    world.require("a", "1.0")
    world.pin("osv.jsonl", "0" * 64)
    evidence = evidence_of(world.examine())
    assert list(evidence) == ["sbom", "dependencies"]
    assert evidence["dependencies"].predicate["vulnerabilities"]["evaluated"] is False


def test_a_product_without_components_says_who_says_so(world):
    world.config["none"] = {"reason": "bare-metal C", "owner": "dana"}
    predicate = evidence_of(world.examine(python=None))["dependencies"].predicate
    jsonschema.validate(predicate, dependencies_schema())
    assert predicate["none"] == {"reason": "bare-metal C", "owner": "dana"}
    assert predicate["environment"] is None


def test_the_published_schema_is_the_one_that_the_type_gives():
    published = importlib.resources.files("lotmark.supply").joinpath("schemas/dependencies.v1.json").read_text()
    assert json.loads(published) == dependencies_schema()
