"""What refuses before a backup is put back: the place, the caller's trust, a log that is broken or behind."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from fakes.keyring import signer
from lotmark.attest.api import format_trust_policy
from lotmark.attest.models import TrustPolicy
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, RefusedError, UsageError
from lotmark.base.findings import Finding
from lotmark.bootstrap import _restoring
from lotmark.ledger.models import FsckReport
from lotmark.tlog import api as tlog
from lotmark.tlog.models import KeyType

pytestmark = pytest.mark.verifies("REQ-019")

ORIGIN = "lotmark.example/restored"
POLICY = TrustPolicy(ORIGIN, tlog.format_vkey(tlog.make_key(ORIGIN, signer("log").public_key, KeyType.ED25519)), (signer("ada").public_key,))


def backup(folder: Path) -> SimpleNamespace:
    return SimpleNamespace(folder=folder, manifest=SimpleNamespace(origin=ORIGIN))


def report(*findings: Finding) -> FsckReport:
    return FsckReport(findings, 3, bytes(32), 3, 0)


@pytest.mark.parametrize("prepare", [lambda place: None, lambda place: place.mkdir()], ids=["absent", "empty"])
def test_a_place_that_is_free_is_taken(tmp_path, prepare):
    prepare(tmp_path / "state")
    assert _restoring._require_free(tmp_path / "state") is None


@pytest.mark.parametrize("name", ["ledger.db", "ledger.db-wal", "ledger.db-shm"])
def test_a_database_or_its_log_is_never_written_beside(tmp_path, name):
    (tmp_path / name).write_bytes(b"kept")
    with pytest.raises(RefusedError, match=rf"is not empty: there is {name} \(") as caught:
        _restoring._require_free(tmp_path)
    assert caught.value.code == "LM-REC-033"
    assert (tmp_path / name).read_bytes() == b"kept"


def test_a_file_is_no_place(tmp_path):
    (tmp_path / "state").write_bytes(b"")
    with pytest.raises(RefusedError, match=r"is not empty \("):
        _restoring._require_free(tmp_path / "state")


def test_a_link_is_no_place_even_to_an_empty_folder(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "state").symlink_to(tmp_path / "real")
    with pytest.raises(RefusedError) as caught:
        _restoring._require_free(tmp_path / "state")
    assert caught.value.code == "LM-REC-033"


def test_a_trust_file_that_is_not_there_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="No such file") as caught:
        _restoring._trust(backup(tmp_path), tmp_path / "trust.json")
    assert caught.value.code == "LM-REC-032"


def test_a_trust_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "trust.json").write_bytes(b"{}")
    with pytest.raises(UsageError) as caught:
        _restoring._trust(backup(tmp_path), tmp_path / "trust.json")
    assert caught.value.code == "LM-ATT-050"


def test_the_trust_in_the_backup_itself_is_not_asked(tmp_path):
    (tmp_path / "trust.json").write_bytes(format_trust_policy(POLICY))
    with pytest.raises(EnvironmentLacksError, match=f"nothing is known of the log {ORIGIN}") as caught:
        _restoring._trust(backup(tmp_path), None)
    assert caught.value.code == "LM-REC-032"


@pytest.mark.parametrize("signed", [None, b"", b"{}", b"\xff"], ids=["absent", "empty", "no envelope", "no text"])
def test_a_list_without_a_signature_that_holds_is_refused(tmp_path, signed):
    trust = tmp_path / "mine.json"
    trust.write_bytes(format_trust_policy(POLICY))
    if signed is not None:
        (tmp_path / _restoring.SIGNED).write_bytes(signed)
    with pytest.raises(IntegrityError, match="not signed by this ledger") as caught:
        _restoring._trust(backup(tmp_path), trust)
    assert caught.value.code == "LM-REC-032"


def test_a_log_that_does_not_hold_names_its_first_finding(tmp_path):
    error = _restoring._not_proven(report(Finding("LM-LED-101", "entry 2 was changed"), Finding("LM-LED-115", "behind")), backup(tmp_path))
    assert error.code == "LM-REC-035"
    assert "LM-LED-101: entry 2 was changed" in str(error)


def test_a_sound_log_that_is_another_than_the_list_says_is_named_so(tmp_path):
    assert "its checkpoint is not the one of the list" in str(_restoring._not_proven(report(), backup(tmp_path)))
