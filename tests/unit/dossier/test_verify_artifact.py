"""A file against the ledger: which release it is, and whether that release holds now."""

from pathlib import Path

import pytest

from fakes.keyring import signer
from fakes.ledger import policy
from fakes.release_log import ARTIFACT, DIGEST, RUN, ReleaseLog
from lotmark.base.errors import ExitCode, UsageError
from lotmark.dossier._verify_artifact import ARTIFACT_NAMES
from lotmark.dossier.api import verify_artifact
from lotmark.dossier.models import VerificationReport
from lotmark.tlog.errors import ProofError

pytestmark = pytest.mark.verifies("REQ-022", "RC-003", "HAZ-001")


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    path = tmp_path / "download.whl"
    path.write_bytes(ARTIFACT)
    return path


def verify(log: ReleaseLog, path: Path, **change) -> VerificationReport:
    return verify_artifact(path, **{"reader": log.reader, "policy": log.trust, **change})


def test_a_released_file(released: ReleaseLog, artifact: Path) -> None:
    report = verify(released, artifact)
    assert [step.name for step in report.steps] == list(ARTIFACT_NAMES)
    assert {step.verdict for step in report.steps} == {"passed"}
    assert report.verdict == "accepted"
    assert report.steps[0].detail == f"download.whl is qpcr-1.4.0.whl of qpcr 1.4.0, {RUN}"
    assert report.about["artifact"] == {"name": "qpcr-1.4.0.whl", "sha256": DIGEST.hex}
    assert verify(released, artifact, name="laboratory").steps[0].detail.startswith("laboratory is")


def test_a_stranger_s_file(released: ReleaseLog, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(ARTIFACT + b"\0")
    report = verify(released, tmp_path / "x")
    assert report.exit_code is ExitCode.NOTHING_TO_JUDGE
    assert report.findings[0].code == "LM-DOS-060"
    assert [step.verdict for step in report.steps] == ["failed", *["not-checked"] * 5]
    with pytest.raises(UsageError):
        verify(released, tmp_path / "absent")


def test_a_candidate_that_was_not_released(artifact: Path) -> None:
    log = ReleaseLog()
    log.record(until="work")
    assert verify(log, artifact).exit_code is ExitCode.REFUSED
    log.decide()
    report = verify(log, artifact)
    assert report.exit_code is ExitCode.REFUSED
    assert report.steps[5].detail == "the decision is accepted, the run ended as not closed"


def test_a_withdrawal_after_the_release_counts_now(artifact: Path) -> None:
    log = ReleaseLog().record()
    log.withdraw(log.last("approval"), "rene")
    report = verify(log, artifact)
    assert [step.number for step in report.steps if step.verdict == "failed"] == [5]
    assert report.exit_code is ExitCode.REFUSED


def test_a_blob_that_is_gone(artifact: Path) -> None:
    log = ReleaseLog().record()
    del log.ledger.blobs._blobs[DIGEST]
    report = verify(log, artifact)
    assert [step.number for step in report.steps if step.verdict == "failed"] == [4]
    assert report.exit_code is ExitCode.INTEGRITY


def test_a_log_that_does_not_hold(released: ReleaseLog, artifact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = verify(released, artifact, policy=policy(signer("thief")))
    assert report.findings[0].code == "LM-LED-111"
    assert report.exit_code is ExitCode.INTEGRITY

    def lie(*_args):
        raise ProofError("it does not lead there")

    monkeypatch.setattr("lotmark.dossier._verify_artifact.tlog.verify_inclusion", lie)
    report = verify(released, artifact)
    assert report.findings[0].code == "LM-DOS-014"


def test_a_signature_that_does_not_hold(artifact: Path) -> None:
    log = ReleaseLog().record()
    verify_entry = log.reader.verify

    def refuse(entry):
        from lotmark.base.errors import IntegrityError

        if entry.header.kind == "approval":
            raise IntegrityError("LM-ATT-022", "the signature does not hold", where=f"log entry {entry.index}")
        return verify_entry(entry)

    log.reader.verify = refuse  # type: ignore[method-assign]
    report = verify(log, artifact)
    assert [step.verdict for step in report.steps] == ["passed", "passed", "failed", *["not-checked"] * 3]
    assert report.exit_code is ExitCode.INTEGRITY
