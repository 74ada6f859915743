"""Results that an earlier run lent: the record that lent them must be at hand, and must bear them."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fakes.bundles import expect, find, pack, unpack, verify
from fakes.release_log import ARTIFACT, DIGEST, NAME, ReleaseLog
from fakes.release_run import verified
from lotmark.base.errors import ExitCode
from lotmark.dossier._lent import check_lent, lent_payloads
from lotmark.dossier.api import verify_artifact

pytestmark = pytest.mark.verifies("REQ-440", "RC-005", "HAZ-006")

TEST = "tests/integration/test_call.py::test_call"
ATTEMPT = {"status": "passed", "seconds": 0.1, "message": "", "results": "a.xml"}


def record(**change: Any) -> dict[str, Any]:
    """An integration run in which the test passed at once."""
    test = {
        "id": TEST,
        "name": "test_call",
        "suite": "s",
        "file": "f",
        "status": "passed",
        "seconds": 0.1,
        "attempts": [ATTEMPT],
        "redThenGreen": False,
        "verifies": ["REQ-001"],
    }
    told = {
        "run": "qpcr:RUN-0001",
        "layer": "integration",
        "finishedAt": "2026-11-20T12:00:00.000Z",
        "artifacts": [{"name": "w", "sha256": "a" * 64}],
        "tests": [test],
    }
    return {**told, **change}  # fmt: skip


def borrowed(origin: dict[str, Any], **change: Any) -> dict[str, Any]:
    """The later run that reuses the result of `origin`."""
    told = record(run="qpcr:RUN-0002", finishedAt="2026-11-23T12:00:00.000Z")
    digest = verified("test-run", origin, 7).envelope.payload_digest.hex
    told["tests"][0]["reused"] = {"run": "qpcr:RUN-0001", "testRun": digest, "finishedAt": origin["finishedAt"], "expires": "2026-12-04", **change}
    return told


def said(origin: dict[str, Any], later: dict[str, Any]) -> list[tuple[str, str]]:
    lent = [verified("test-run", origin, 7)]
    return [(finding.code, finding.message.rpartition(": ")[2]) for finding in check_lent([verified("test-run", later, 20)], lent)]


def test_a_result_that_the_record_bears_needs_no_word() -> None:
    origin = record()
    assert said(origin, borrowed(origin)) == []


def test_its_digest_names_the_record_that_the_bundle_takes_in() -> None:
    origin = record()
    later = verified("test-run", borrowed(origin), 20)
    assert lent_payloads([later, verified("sbom", {}, 21)]) == {verified("test-run", origin, 7).envelope.payload_digest.hex}


def test_a_run_that_reused_nothing_borrows_nothing() -> None:
    own = verified("test-run", record(), 20)
    assert lent_payloads([own]) == frozenset()
    assert check_lent([own], []) == []


def test_without_the_record_nobody_can_tell() -> None:
    (finding,) = check_lent([verified("test-run", borrowed(record()), 20)], [])
    assert (finding.code, finding.subject) == ("LM-DOS-012", TEST)
    assert "qpcr:RUN-0001" in finding.message


def test_a_record_of_another_kind_bears_nothing() -> None:
    origin = record()
    (finding,) = check_lent([verified("test-run", borrowed(origin), 20)], [verified("test-result", origin, 7)])
    assert finding.code == "LM-DOS-012"


def _of_test(**change: Any) -> Callable[[dict[str, Any]], None]:
    return lambda told: told["tests"][0].update(change)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        pytest.param(lambda told: told.update(layer="unit"), "that record is of another run, layer or time", id="another layer"),
        pytest.param(lambda told: told.update(run="qpcr:RUN-0009"), "that record is of another run, layer or time", id="another run"),
        pytest.param(lambda told: told.update(artifacts=[{"name": "w", "sha256": "b" * 64}]), "other artifacts were tested there", id="another artifact"),
        pytest.param(lambda told: told["artifacts"].append({"name": "x", "sha256": "c" * 64}), "other artifacts were tested there", id="one artifact more"),
        pytest.param(lambda told: told.update(tests=[]), "that record says something else of it", id="no such test"),
        pytest.param(lambda told: told["tests"].append({**told["tests"][0], "status": "failed"}), "that record says something else of it", id="twice there"),
        pytest.param(_of_test(status="failed"), "that record says something else of it", id="it failed there"),
        pytest.param(_of_test(seconds=9.0), "that record says something else of it", id="it took another time there"),
        pytest.param(_of_test(quarantined="flaky"), "it did not pass there at the first try, or did not count", id="in quarantine there"),
        pytest.param(_of_test(reused={"run": "qpcr:RUN-0000"}), "it did not pass there at the first try, or did not count", id="reused there already"),
    ],
)
def test_a_record_that_does_not_bear_it(spoil: Callable[[dict[str, Any]], None], why: str) -> None:
    origin = copy.deepcopy(record())
    spoil(origin)
    assert said(origin, borrowed(origin)) == [("LM-DOS-035", why)]


@pytest.mark.parametrize("change", [{"status": "failed"}, {"redThenGreen": True}])
def test_a_result_that_was_no_pass_at_the_first_try_may_not_be_lent(change: dict[str, Any]) -> None:
    origin = record()
    origin["tests"][0].update(change)
    later = borrowed(origin)
    later["tests"][0].update(change)
    assert said(origin, later) == [("LM-DOS-035", "it did not pass there at the first try, or did not count")]


@pytest.mark.parametrize(("until", "holds"), [("2026-11-23", True), ("2026-11-22", False)])
def test_it_stands_in_to_its_last_day(until: str, holds: bool) -> None:
    origin = record()
    found = said(origin, borrowed(origin, expires=until))
    assert found == ([] if holds else [("LM-DOS-035", "it could stand in until 2026-11-22 only")])


def test_another_time_of_the_record_is_another_record() -> None:
    origin = record()
    assert said(origin, borrowed(origin, finishedAt="2026-11-21T12:00:00.000Z")) == [("LM-DOS-035", "that record is of another run, layer or time")]


def test_without_artifacts_nothing_can_be_the_same() -> None:
    origin = record(artifacts=[])
    later = borrowed(origin)
    later["artifacts"] = []
    assert said(origin, later) == [("LM-DOS-035", "other artifacts were tested there")]


def test_a_record_of_another_product_bears_nothing() -> None:
    origin = record(run="other:RUN-0001")
    assert said(origin, borrowed(origin, run="other:RUN-0001")) == [("LM-DOS-035", "that record is of another product")]


def test_where_completeness_is_not_asked_for_a_record_may_be_absent_and_not_wrong() -> None:
    origin = record(layer="unit")
    later = [verified("test-run", borrowed(origin), 20)]
    assert check_lent(later, [], complete=False) == []
    assert [finding.code for finding in check_lent(later, [verified("test-run", origin, 7)], complete=False)] == ["LM-DOS-035"]


# ---- in a release


def release(*, spoil: Callable[[dict[str, Any]], None] = lambda _: None, lend: Callable[[dict[str, Any]], None] = lambda _: None) -> ReleaseLog:
    """A released run whose integration test was borrowed; `lend` changes the record that lent it, `spoil` the one that borrowed."""
    log = ReleaseLog()
    log.found()
    layer = log.run.predicate("test-run", "integration")
    origin = {**copy.deepcopy(layer), "run": "qpcr:RUN-0000", "finishedAt": "2026-11-20T12:00:00.000Z"}
    origin["artifacts"] = layer["artifacts"] = [{"name": NAME, "sha256": DIGEST.hex}]
    layer["finishedAt"] = "2026-11-23T12:00:00.000Z"
    origin["tests"] = [{**record()["tests"][0], "id": test["id"]} for test in layer["tests"]]
    layer["tests"] = copy.deepcopy(origin["tests"])
    lend(origin)
    lent = log.record_one("test-run", origin, scope="run:qpcr:RUN-0000").envelope.payload_digest.hex
    for test in layer["tests"]:
        test["reused"] = {"run": "qpcr:RUN-0000", "testRun": lent, "finishedAt": origin["finishedAt"], "expires": "2099-12-31"}
    spoil(layer)
    for step in (log.waive, log.open, log.work, log.decide):
        step()
    log.approve("quinn", "quality-owner", "approval")
    log.approve("rene", "regulatory", "review")
    log.conclude()
    log.close()
    return log


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    path = tmp_path / "download.whl"
    path.write_bytes(ARTIFACT)
    return path


def by_ledger(log: ReleaseLog, artifact: Path) -> Any:
    return verify_artifact(artifact, reader=log.reader, policy=log.trust)


@pytest.fixture(scope="module")
def good() -> ReleaseLog:
    return release()


@pytest.fixture(params=[True, False], ids=["complete", "incomplete"])
def complete(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_the_bundle_takes_the_record_along(good: ReleaseLog, tmp_path: Path, artifact: Path, complete: bool) -> None:
    good.bundle(tmp_path / "x.zip")
    assert verify(tmp_path / "x.zip", complete=complete).verdict == "accepted"
    assert by_ledger(good, artifact).verdict == "accepted"


def test_a_record_that_was_changed_in_the_bundle_is_not_the_log_s(good: ReleaseLog, tmp_path: Path, complete: bool) -> None:
    good.bundle(tmp_path / "x.zip")
    files = unpack(tmp_path / "x.zip")
    name = find(files, "test-run")
    files[name] = files[name][:-9] + b"A" + files[name][-8:]
    expect(verify(pack(tmp_path / "y.zip", files), complete=complete), 4, "LM-DOS-010")


def test_a_record_that_is_left_out_is_missed_where_completeness_is_asked_for(good: ReleaseLog, tmp_path: Path, complete: bool) -> None:
    good.bundle(tmp_path / "x.zip")
    files = unpack(tmp_path / "x.zip")
    name = find(files, "test-run")
    index = int(name.partition("/")[2].partition("-")[0])
    del files[name]
    proofs = json.loads(files["log/proofs.json"])
    proofs["entries"] = [each for each in proofs["entries"] if each["index"] != index]
    files["log/proofs.json"] = json.dumps(proofs).encode()
    report = verify(pack(tmp_path / "y.zip", files), complete=complete)
    if complete:
        expect(report, 4, "LM-DOS-012", "MISSING_EVIDENCE", exit_code=ExitCode.REFUSED)
    else:
        assert report.verdict == "accepted"


def test_a_record_that_contradicts_is_refused_with_or_without_completeness(tmp_path: Path, artifact: Path) -> None:
    log = release(lend=lambda origin: origin["tests"][0].update(seconds=9.0))
    log.bundle(tmp_path / "x.zip")
    for complete in (True, False):
        expect(verify(tmp_path / "x.zip", complete=complete), 4, "LM-DOS-035", "something else", exit_code=ExitCode.REFUSED)
    expect(by_ledger(log, artifact), 3, "LM-DOS-035", "something else", exit_code=ExitCode.REFUSED)


def test_a_record_that_the_ledger_does_not_hold_is_missed(artifact: Path) -> None:
    log = release(spoil=lambda layer: layer["tests"][0]["reused"].update(testRun="0" * 64))
    expect(by_ledger(log, artifact), 3, "LM-DOS-012", "MISSING_EVIDENCE", exit_code=ExitCode.REFUSED)


def test_a_record_of_another_shape_is_told_and_no_crash(tmp_path: Path, artifact: Path) -> None:
    log = release(lend=lambda origin: origin["tests"][0].pop("redThenGreen"))
    log.bundle(tmp_path / "x.zip")
    assert {report.exit_code for report in (verify(tmp_path / "x.zip"), verify(tmp_path / "x.zip", complete=False))} == {ExitCode.INTEGRITY}
    expect(by_ledger(log, artifact), 3, "LM-DOS-018", "published shape")
