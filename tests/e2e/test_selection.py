"""A release whose tests did not all simply run and pass: what was reused, held, waived, broken by the network or left out, seen everywhere.

Three runs: the release before, a run that tests the next version, and one more of the very same artifact after its README
was mended, which is released. The last borrows a result from the one before it.
"""

import base64
import functools
import json
import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fakes.bundles import pack, unpack
from fakes.selective_product import BUILT, FLAKY, LONG, SERVER, grow, last_day
from fakes.tiny_product import TinyProduct, call, describe
from fakes.tiny_world import _need_sandbox, opened, own_configuration
from lotmark.base.digest import Digest

pytestmark = pytest.mark.verifies("REQ-440", "REQ-011", "RC-005", "HAZ-006")

__all__ = ["own_configuration"]


@functools.cache
def _made() -> TinyProduct:
    tiny = opened().copy(Path(tempfile.mkdtemp(prefix="lotmark-selective-")) / "product")
    grow(tiny)
    tiny.commit("More tests\n\nRefs: REQ-001")
    ends = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    scope = ("--test", SERVER, "--residual-risk", "none without a network", "--owner", "omar", "--expires", ends, "--any-version")
    signed = tiny.cli("waive", *tiny.as_root("quinn"), "--role", "quality-owner", *scope, "--reason", "the server is down for repair")
    assert signed.code == 0, signed.err
    tiny.release()
    tiny.edit("src/tool.sh", "VERSION=1.0.0", "VERSION=1.1.0")
    tiny.commit("The next version\n\nRefs: REQ-001")
    tested = tiny.run()
    assert tested.outcome == "pending", describe(tested)
    tiny.edit("README.md", "# Tiny", "# Tiny\n\nIt greets.")
    tiny.commit("Say what it does\n\nRefs: REQ-001")
    tiny.release()
    return tiny


@pytest.fixture(scope="module")
def selective() -> TinyProduct:
    """The product with the release; read only."""
    _need_sandbox()
    passphrase = opened().people / "passphrase"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", tempfile.mkdtemp(prefix="lotmark-config-"))
        patch.setenv("LOTMARK_PASSPHRASE_FILE", str(passphrase))
        for name in [name for name in os.environ if name.startswith("LOTMARK_") and name != "LOTMARK_PASSPHRASE_FILE"]:
            patch.delenv(name)
        return _made()


def test_the_release_record_names_each(selective: TinyProduct) -> None:
    manifest = selective.predicates("release-manifest")[-1]
    suites = {suite["layer"]: suite for suite in manifest["tests"]}
    lender = next(run for run in selective.predicates("test-run") if (run["run"], run["layer"]) == ("tiny:RUN-0002", "integration"))
    (reused,) = suites["integration"]["reused"]
    assert (reused["test"], reused["run"], reused["finishedAt"]) == (BUILT, "tiny:RUN-0002", lender["finishedAt"])
    (held,) = suites["unit"]["quarantined"]
    assert {name: held[name] for name in ("test", "status", "owner", "expires", "uncovered")} == {
        "test": FLAKY, "status": "failed", "owner": "dana", "expires": last_day(), "uncovered": [],
    }  # fmt: skip
    assert suites["integration"]["environmentFailures"] == [{"test": SERVER, "status": "failed", "cause": "network"}]
    assert suites["integration"]["waived"] == [{"test": SERVER, "status": "failed", "waiver": "tiny:WVR-0001"}]
    assert {left["test"] for left in manifest["leftOut"]} == {LONG, BUILT}
    assert [entry["id"] for entry in manifest["waivers"]] == ["tiny:WVR-0001"]


def test_two_workers_ran_the_unit_tests(selective: TinyProduct) -> None:
    run = next(run for run in reversed(selective.predicates("test-run")) if run["layer"] == "unit")
    assert [shard["number"] for shard in run["shards"]] == [1, 2]
    expected = [test for shard in run["shards"] for test in shard["expected"]]
    assert sorted(expected) == sorted({test["id"] for test in run["tests"]})
    assert not any(shard["missing"] for shard in run["shards"])


def test_show_tells_of_each(selective: TinyProduct) -> None:
    called = selective.cli("show", "1.1.0")
    assert called.code == 0, called.err
    words = " ".join(called.out.split())
    assert "1 integration test did not run: the results of tiny:RUN-0002, made " in words
    assert f"{FLAKY}: failed, counts for nothing until {last_day()}, says dana: the clock of the simulator drifts" in words
    assert f"{SERVER}: failed, network" in words
    assert "unit 3 3 2 1 0 0 ! 1 held or waived" in words
    assert f"{SERVER}: failed, waived by tiny:WVR-0001" in words
    assert "90 min: a thousand greetings take their time" in words
    item = " ".join(selective.cli("show", "REQ-002").out.split())
    assert "failed, waived by tiny:WVR-0001, for the environment: network" in item
    assert "passed, reused from tiny:RUN-0002" in item
    told = selective.cli("--format", "json", "show", "1.1.0").wire
    tests = told["answers"]["withWhichTests"]
    assert [one["run"] for one in tests["reused"]] == ["tiny:RUN-0002"]
    assert {one["test"] for one in tests["leftOut"]} == {LONG, BUILT}


def test_the_notes_and_the_trace_matrix_tell_of_each(selective: TinyProduct) -> None:
    notes = selective.cli("release", "notes", "1.1.0").out
    for heading in ("Results of earlier runs", "Tests in quarantine", "Failures of the environment", "Tests left out", "Waived tests"):
        assert f"## {heading}" in notes
    wire = selective.cli("--format", "json", "trace", "matrix").wire
    tests = {test: status for item in wire["items"] for test, status in item["tests"].items()}
    assert tests[BUILT].startswith("passed (reused from tiny:RUN-0002 of ")
    assert tests[FLAKY].startswith("quarantined (in quarantine, counts for nothing: ")
    assert tests[SERVER] == "failed (environment: network; waived by tiny:WVR-0001)"
    assert tests[LONG].startswith("missing (left out: expensive (90 min: ")
    states = {item["id"]: item["state"] for item in wire["items"]}
    assert states["REQ-001"] != "verified"
    assert states["REQ-002"] == "failed"


def test_the_dossier_shows_each(selective: TinyProduct, tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    assert selective.cli("release", "bundle", "-o", str(path)).code == 0
    page = unpack(path)["dossier.html"].decode()
    words = " ".join(page.split())
    assert "not run: the result of tiny:RUN-0002, 0 days old, stands in for the same artifacts" in words
    assert "Tests in quarantine: whatever they say, they count for nothing" in words
    assert "a failure of the environment: network" in words
    assert "waived by tiny:WVR-0001" in words
    assert "Tests left out of this run, 2" in words


def test_a_stranger_can_check_the_reused_result(selective: TinyProduct, tmp_path: Path) -> None:
    path, trust = tmp_path / "bundle.zip", ("--trust", str(selective.folder / "trust.json"))
    assert selective.cli("release", "bundle", "-o", str(path)).code == 0
    assert call("verify", str(path), *trust).code == 0
    files = unpack(path)
    (lender,) = [name for name, data in files.items() if name.endswith("-test-run.json") and _told(data)["run"] == "tiny:RUN-0002"]
    results = [file["sha256"] for file in _told(files[lender])["results"]]
    assert all(Digest.of(files[f"blobs/sha256/{sha}"]).hex == sha for sha in results)
    del files[lender]
    refused = call("verify", str(pack(tmp_path / "without.zip", files)), *trust)
    assert refused.code == 6
    assert "which is not in the bundle" in refused.out


def _told(envelope: bytes) -> Any:
    return json.loads(base64.b64decode(json.loads(envelope)["payload"]))["predicate"]
