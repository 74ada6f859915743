"""The newest checkpoint of a log that this user has seen: kept outside the state folder, never going back."""

import os
import stat

import pytest

from fakes.keyring import signer
from fakes.ledger import ORIGIN, founding, note, policy
from lotmark.bootstrap._seen import continue_memory, forget_checkpoint, remember_checkpoint, seen_checkpoints
from lotmark.ledger import api

pytestmark = pytest.mark.verifies("REQ-096", "RC-093", "HAZ-090")


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config"


@pytest.fixture
def notes(tmp_path):
    """The checkpoints of a log of two and of three entries."""
    with api.create_ledger(tmp_path / "ledger", ORIGIN, signer("log")) as ledger:
        ledger.append(founding())
        first = ledger.checkpoint()
        ledger.append([note("one")])
        return first, ledger.checkpoint()


def test_nothing_was_seen_at_first(home):
    assert seen_checkpoints(policy()) == ()
    assert not home.exists(), "looking makes no folder"


def test_the_newest_is_kept_and_an_older_one_changes_nothing(home, notes):
    first, second = notes
    remember_checkpoint(policy(), first)
    assert seen_checkpoints(policy()) == (first,)
    remember_checkpoint(policy(), second)
    remember_checkpoint(policy(), first)
    assert seen_checkpoints(policy()) == (second,)
    (kept,) = (home / "lotmark" / "known_logs").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_two_logs_of_one_name_are_two(home, notes):
    remember_checkpoint(policy(), notes[1])
    assert seen_checkpoints(policy(signer("another log"))) == ()


def test_a_log_that_is_deleted_is_forgotten(home, notes):
    remember_checkpoint(policy(), notes[1])
    forget_checkpoint(policy())
    forget_checkpoint(policy())
    assert seen_checkpoints(policy()) == ()


def test_without_a_home_nothing_is_kept_and_nothing_fails(notes, monkeypatch):
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    remember_checkpoint(policy(), notes[1])
    assert seen_checkpoints(policy()) == ()
    forget_checkpoint(policy())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_no_obstacle(home, notes):
    home.mkdir(mode=0o500)
    remember_checkpoint(policy(), notes[1])
    assert seen_checkpoints(policy()) == ()


def test_a_memory_that_was_spoilt_is_not_written_over_and_stops_the_next_writer(home, notes, tmp_path):
    remember_checkpoint(policy(), notes[0])
    (kept,) = (home / "lotmark" / "known_logs").iterdir()
    kept.write_bytes(b"no note\n")
    remember_checkpoint(policy(), notes[1])
    assert kept.read_bytes() == b"no note\n"
    with pytest.raises(Exception, match="LM-LED-111"):
        api.open_ledger(tmp_path / "ledger", signer("log"), seen=seen_checkpoints(policy()))


@pytest.mark.verifies("REQ-355", "REQ-351")
def test_a_memory_goes_on_under_a_later_key_and_is_found_under_both(home, notes):
    later = policy(signer("a later key"))
    remember_checkpoint(policy(), notes[0])
    continue_memory(policy(), later)
    assert seen_checkpoints(policy()) == seen_checkpoints(later) == (notes[0],)
    for known in (policy(), later):
        remember_checkpoint(known, notes[1])
        assert seen_checkpoints(policy()) == seen_checkpoints(later) == (notes[1],)
    forget_checkpoint(later)
    assert seen_checkpoints(policy()) == ()


@pytest.mark.verifies("REQ-355", "REQ-351")
def test_where_nothing_was_seen_nothing_goes_on(home):
    continue_memory(policy(), policy(signer("a later key")))
    continue_memory(policy(), policy())
    assert not home.exists()


@pytest.mark.verifies("REQ-355", "REQ-351")
def test_a_disk_that_is_full_takes_no_memory_away(home, notes, monkeypatch):
    """What could not be kept under the later key is still known under the earlier one."""
    old, new = policy(), policy(signer("a later key"))
    remember_checkpoint(old, notes[1])

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("lotmark.bootstrap._seen.tempfile.mkstemp", full)
        continue_memory(old, new)
    assert (seen_checkpoints(old), seen_checkpoints(new)) == ((notes[1],), ())
    continue_memory(old, new)
    assert (seen_checkpoints(old), seen_checkpoints(new)) == ((notes[1],), (notes[1],))


@pytest.mark.verifies("REQ-355", "REQ-351")
def test_a_memory_that_leads_back_to_an_earlier_key_is_no_ring(home, notes):
    old, new = policy(), policy(signer("a later key"))
    remember_checkpoint(old, notes[0])
    continue_memory(old, new)
    continue_memory(new, old)
    continue_memory(old, new)
    for each in (old, new):
        remember_checkpoint(each, notes[1])
    assert seen_checkpoints(old) == seen_checkpoints(new) == (notes[1],)
