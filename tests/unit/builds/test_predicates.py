"""The evidence of a twin build."""

import json

import msgspec
import pytest

from fakes.build_world import NO_PYTHON, TODAY, make_clock, make_repo, shell
from lotmark.attest.api import build_payload, parse_json
from lotmark.attest.models import Registry
from lotmark.base.digest import Digest
from lotmark.base.errors import NothingToJudgeError
from lotmark.builds import predicates
from lotmark.builds._schemas import FOLDER, all_schemas
from lotmark.builds.api import build_twice
from lotmark.builds.models import BuildReport, Dimension
from lotmark.builds.predicates import KINDS, RebuildBody, provenance_evidence, rebuild_evidence
from lotmark.product.models import Comparator, EnvironmentSection

pytestmark = pytest.mark.verifies("REQ-013", "RC-007", "HAZ-004")


RUN = "qpcr:RUN-0001"
CONFIG = shell(
    "mkdir out; echo x > out/same; uname -n > out/host; uname -n | head -c 1 > out/masked",
    comparators=[Comparator(pattern="masked", kind="byte-ranges", ranges=[[0, 1]], reason="first letter", owner="quinn", expires="2027-01-01")],
)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, bwrap: None) -> BuildReport:
    folder = tmp_path_factory.mktemp("predicates")
    return build_twice(make_repo(folder / "repo", {"a": "b"}), "HEAD", CONFIG, NO_PYTHON, folder / "work", make_clock(), TODAY)


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory, bwrap: None) -> BuildReport:
    folder = tmp_path_factory.mktemp("failed")
    return build_twice(make_repo(folder / "repo", {"a": "b"}), "HEAD", shell("exit 1"), NO_PYTHON, folder / "work", make_clock(), TODAY)


def statement(evidence: object) -> dict[str, object]:
    return parse_json(build_payload(evidence, Registry(KINDS)))  # type: ignore[arg-type,no-any-return]


def test_rebuild_says_what_was_varied_and_found(report: BuildReport) -> None:
    found = statement(rebuild_evidence(report, RUN))
    body = msgspec.convert(found["predicate"], RebuildBody)
    assert found["predicateType"] == "https://lotmark.dev/attestation/rebuild/v1"
    assert (body.run, body.verdict, body.claim) == (RUN, "DIFFERENT", report.claim.value)
    assert [lane.name for lane in body.lanes] == ["A", "B"]
    assert body.lanes[1].varied["hostname"].startswith("twin-host-")
    outputs = {output.name: output for output in body.outputs}
    assert outputs["out/same"].verdict == "IDENTICAL"
    assert outputs["out/same"].sha256_a == outputs["out/same"].sha256_b == Digest.of(b"x\n").hex
    assert outputs["out/host"].causes[0].dimension == "hostname"
    assert outputs["out/masked"].verdict == "EQUIVALENT"
    assert outputs["out/masked"].comparator is not None
    assert outputs["out/masked"].comparator.owner == "quinn"
    assert body.isolation.hermetic
    assert body.environment_sha256 == report.environment.digest.hex
    assert [subject["name"] for subject in found["subject"]] == ["out/host", "out/masked", "out/same"]  # type: ignore[attr-defined]


def test_a_failed_build_is_stated_about_its_source(failed: BuildReport) -> None:
    found = statement(rebuild_evidence(failed, RUN))
    assert found["predicate"]["verdict"] == "FAILED"  # type: ignore[index]
    assert found["subject"] == [{"name": "source", "digest": {"sha256": failed.source_digest.hex, "gitCommit": failed.commit}}]
    with pytest.raises(NothingToJudgeError) as caught:
        provenance_evidence(failed, RUN, CONFIG, NO_PYTHON, repository="https://example.test/r")
    assert caught.value.code == "LM-BLD-034"


def test_provenance_is_slsa_v1(report: BuildReport) -> None:
    lock = Digest.of(b"lock")
    evidence = provenance_evidence(
        report,
        RUN,
        CONFIG,
        EnvironmentSection(python="none", variables={"A": "1"}),
        repository="https://example.test/r",
        ref="refs/heads/main",
        locks=[("uv.lock", lock)],
        version="0.1.0",
    )
    found = statement(evidence)
    assert found["predicateType"] == "https://slsa.dev/provenance/v1"
    predicate = found["predicate"]
    assert isinstance(predicate, dict)
    definition, details = predicate["buildDefinition"], predicate["runDetails"]
    assert definition["buildType"] == "https://lotmark.dev/build/v1"
    assert definition["externalParameters"]["source"] == {"repository": "https://example.test/r", "ref": "refs/heads/main", "commit": report.commit}
    assert definition["externalParameters"]["command"] == CONFIG.command
    source, first_lock, environment, packages = definition["resolvedDependencies"]
    assert source == {
        "name": "source",
        "uri": "git+https://example.test/r@refs/heads/main",
        "digest": {"gitCommit": report.commit, "sha256": report.source_digest.hex},
    }
    assert first_lock == {"name": "uv.lock", "digest": {"sha256": lock.hex}, "annotations": {"role": "lock"}}
    assert environment["digest"]["sha256"] == report.environment.digest.hex
    assert packages["digest"]["sha256"] == report.isolation.root.digest.hex
    assert details["metadata"] == {"invocationId": RUN, "startedOn": "2026-11-23T06:30:00.000Z", "finishedOn": "2026-11-23T06:30:01.000Z"}
    assert details["builder"] == {"id": "https://lotmark.dev/builder/v1", "version": {"lotmark": "0.1.0"}}
    assert [byproduct["name"] for byproduct in details["byproducts"]] == ["logs/build-A.log", "logs/build-B.log"]
    assert "REPRODUCED" not in json.dumps(predicate)


def test_provenance_without_ref_and_version_leaves_them_out(report: BuildReport) -> None:
    predicate = provenance_evidence(report, RUN, CONFIG, NO_PYTHON, repository="https://example.test/r").predicate
    assert predicate["buildDefinition"]["resolvedDependencies"][0]["uri"] == "git+https://example.test/r"
    assert predicate["runDetails"]["builder"] == {"id": "https://lotmark.dev/builder/v1"}


def test_the_wire_names_each_dimension() -> None:
    assert set(predicates.DimensionName.__args__) == {dimension.value for dimension in Dimension}  # type: ignore[attr-defined]


def test_the_published_schemas_are_current() -> None:
    assert {path.name: path.read_bytes() for path in FOLDER.iterdir()} == all_schemas()


def test_a_predicate_with_a_foreign_key_is_refused(report: BuildReport) -> None:
    from dataclasses import replace

    from lotmark.base.errors import UsageError

    evidence = rebuild_evidence(report, RUN)
    with pytest.raises(UsageError):
        build_payload(replace(evidence, predicate=evidence.predicate | {"extra": 1}), Registry(KINDS))
