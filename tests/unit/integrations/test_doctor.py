"""What hinders the services that the settings name: asked, told with its cure, and nothing changed."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import lotmark.integrations._rfc3161 as stamps
import lotmark.integrations._s3_client as buckets
import lotmark.integrations._tsa as authorities
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, UsageError
from lotmark.base.findings import Severity
from lotmark.integrations._doctor import check_services

pytestmark = pytest.mark.verifies("REQ-051", "REQ-025", "RC-009")

URL = "http://127.0.0.1:1/tsa"


class Client:
    """A bucket that answers as the test says."""

    away: Exception | None = None
    has_lock = True

    def __init__(self, bucket: Any) -> None:
        self.bucket = bucket

    def require(self) -> None:
        if self.away is not None:
            raise self.away

    def locks(self) -> bool:
        return self.has_lock


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Any:
    with monkeypatch.context() as patch:
        made = type("Made", (Client,), {})
        patch.setattr(buckets, "S3Bucket", made)
        told = SimpleNamespace(bucket=made, reply=b"reply", fault=None, asked=[])

        class Authority:
            def __init__(self, url: str) -> None:
                self.name = url.split("/")[2]

            def stamp(self, data: bytes) -> tuple[bytes, int]:
                told.asked.append(data)
                if isinstance(told.reply, Exception):
                    raise told.reply
                return told.reply, 7

        class Verifier:
            def __init__(self, roots: Any) -> None:
                told.roots = roots

            def verify(self, reply: bytes, data: bytes, *, nonce: int) -> None:
                told.verified = (reply, data, nonce)
                if told.fault is not None:
                    raise told.fault

        patch.setattr(authorities, "TsaClient", Authority)
        patch.setattr(stamps, "CertificateVerifier", Verifier)
        patch.setattr(stamps, "parse_certificates", lambda data, name: (data, name))
        yield told


@pytest.mark.parametrize("settings", [{}, {"LOTMARK_BLOBS": ""}, {"LOTMARK_BLOBS": "/var/blobs"}, {"LOTMARK_TSA": ""}, {"LOTMARK_TSA_CA": "/ca.pem"}])
def test_what_is_not_configured_is_not_asked(services: Any, settings: dict[str, str]):
    assert (check_services(settings), services.asked) == ((), [])


@pytest.mark.parametrize(
    ("setting", "locks", "code", "severity", "cure"),
    [
        ("s3://blobs?lock=compliance:15y", True, None, None, ""),
        ("s3://blobs?lock=compliance:15y", False, "LM-LED-032", Severity.ERROR, "make a bucket with Object Lock enabled"),
        ("s3://blobs", True, "LM-ITG-005", Severity.WARNING, "add lock=compliance:15y to the setting"),
        ("s3://blobs", False, "LM-ITG-005", Severity.WARNING, "make a bucket with Object Lock, and add lock=compliance:15y to the setting"),
    ],
    ids=["locked", "cannot-lock", "could-lock", "never-locks"],
)
def test_a_bucket_whose_blobs_can_be_deleted_is_told(services: Any, setting: str, locks: bool, code: str | None, severity: Any, cure: str):
    services.bucket.has_lock = locks
    found = check_services({"LOTMARK_BLOBS": setting})
    if code is None:
        assert found == ()
        return
    (finding,) = found
    assert finding.code.startswith(code)
    assert (finding.severity, cure in (finding.help or "")) == (severity, True)


@pytest.mark.parametrize(
    "error",
    [
        EnvironmentLacksError("LM-ITG-003", "the bucket does not answer", where="s3://blobs", solution="start it"),
        UsageError("LM-ITG-001", "no such place", where="s3", solution="write it otherwise"),
    ],
    ids=["away", "usage"],
)
def test_a_service_that_does_not_answer_is_an_error_with_its_cure(services: Any, error: Any):
    services.bucket.away = error
    (finding,) = check_services({"LOTMARK_BLOBS": "s3://blobs"})
    assert (finding.code, finding.message, finding.subject, finding.help, finding.severity) == (
        error.code,
        error.reason,
        error.where,
        error.solution,
        Severity.ERROR,
    )


def test_a_setting_that_is_not_understood_is_a_finding_and_no_crash(services: Any):
    (finding,) = check_services({"LOTMARK_BLOBS": "s3://user:secret@blobs"})
    assert (finding.code, "secret" in finding.message) == ("LM-ITG-001", False)


def test_an_authority_is_asked_for_a_stamp_over_nothing_of_ours(services: Any, tmp_path: Path):
    place = tmp_path / "ca.pem"
    place.write_bytes(b"certificates")
    assert check_services({"LOTMARK_TSA": URL, "LOTMARK_TSA_CA": str(place)}) == ()
    assert services.asked == [b"lotmark doctor\n"]
    assert services.roots == (b"certificates", str(place))
    assert services.verified == (b"reply", b"lotmark doctor\n", 7)


def test_without_certificates_a_stamp_proves_nothing_yet(services: Any):
    (finding,) = check_services({"LOTMARK_TSA": URL})
    assert (finding.code, finding.severity, finding.subject) == ("LM-ITG-021", Severity.WARNING, "LOTMARK_TSA_CA")
    assert finding.message == "LOTMARK_TSA_CA names no certificates by which the stamps of 127.0.0.1:1 can be verified"


def test_certificates_that_cannot_be_read_are_an_error(services: Any, tmp_path: Path):
    (finding,) = check_services({"LOTMARK_TSA": URL, "LOTMARK_TSA_CA": str(tmp_path / "no.pem")})
    assert (finding.code, finding.severity, finding.message) == (
        "LM-ITG-021",
        Severity.ERROR,
        f"cannot read {tmp_path / 'no.pem'}: No such file or directory",
    )


@pytest.mark.parametrize(
    ("reply", "fault", "code"),
    [
        (EnvironmentLacksError("LM-ITG-020", "the authority does not answer"), None, "LM-ITG-020"),
        (b"reply", IntegrityError("LM-ITG-024", "another nonce"), "LM-ITG-024"),
    ],
    ids=["away", "wrong"],
)
def test_a_stamp_that_does_not_verify_is_an_error(services: Any, tmp_path: Path, reply: Any, fault: Any, code: str):
    (tmp_path / "ca.pem").write_bytes(b"c")
    services.reply, services.fault = reply, fault
    (finding,) = check_services({"LOTMARK_TSA": URL, "LOTMARK_TSA_CA": str(tmp_path / "ca.pem")})
    assert (finding.code, finding.severity) == (code, Severity.ERROR)


def test_every_service_is_asked_even_if_one_is_away(services: Any):
    services.bucket.away = EnvironmentLacksError("LM-ITG-003", "away")
    services.reply = EnvironmentLacksError("LM-ITG-020", "away too")
    assert [finding.code for finding in check_services({"LOTMARK_BLOBS": "s3://blobs", "LOTMARK_TSA": URL})] == ["LM-ITG-003", "LM-ITG-020"]
