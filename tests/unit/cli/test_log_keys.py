"""The log's own keys on the command line: a rotation that trust.json follows, and the second key, ML-DSA-44."""

import json
import os

import pytest

from fakes.note_signers import NoteKey
from fakes.tiny_product import call
from lotmark.attest.api import KnownLogs, known_logs_folder, parse_trust_policy
from lotmark.base.errors import EnvironmentLacksError
from lotmark.bootstrap._own_trust import add_second_key, follow_log_key
from lotmark.bootstrap._seen import seen_checkpoints
from lotmark.bootstrap.api import enrol_key, find_log, remember_log
from lotmark.tlog.api import parse_checkpoint, parse_note, parse_vkey
from lotmark.tlog.models import KeyType

LOGS = pytest.mark.verifies("REQ-351", "REQ-330", "REQ-004", "RC-002", "HAZ-003")
SECOND = pytest.mark.verifies("REQ-350", "REQ-004", "RC-002", "HAZ-003")


def trust(tiny):
    return parse_trust_policy((tiny.state / "trust.json").read_bytes())


def change_trust(tiny, **changes):
    path = tiny.state / "trust.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **changes}))


def rotate(tiny, *more):
    called = tiny.cli("--format", "json", "key", "log", "rotate", *more, *tiny.as_root("ada"))
    assert called.code == 0, called.err
    return called


def hold(tiny):
    """Everything that reads the log reads it, and it can be written to."""
    for words in (("log", "fsck"), ("log", "prove", "0"), ("key", "log")):
        called = tiny.cli(*words)
        assert called.code == 0, called.err
    return tiny.size()


# ------------------------------------------------------------ a rotation


@LOGS
@pytest.mark.parametrize("overlap", ["0", "5"])
def test_trust_follows_a_rotation_and_the_user_is_told_what_others_do(tiny, overlap):
    old = trust(tiny)
    remember_log(old)
    called = rotate(tiny, "--overlap", overlap)
    new = trust(tiny)
    assert new.log_key != old.log_key
    assert (new.origin, new.roots) == (old.origin, old.roots)
    assert "give it to whoever verifies" in called.err
    assert find_log(old.origin) == new, "what this user knows follows"
    hold(tiny)
    proof = tiny.folder / "proof.json"
    assert tiny.cli("log", "prove", "1", "-o", str(proof)).code == 0
    (kept,) = tiny.state.glob("trust-until-*.json")
    assert parse_trust_policy(kept.read_bytes()) == old
    assert tiny.cli("log", "prove", "--verify", str(proof), "--trust", str(kept)).code == 0
    assert tiny.cli("log", "prove", str(tiny.size() - 1), "-o", str(proof)).code == 0
    assert tiny.cli("log", "prove", "--verify", str(proof), "--trust", str(tiny.state / "trust.json")).code == 0


@LOGS
def test_the_earlier_trust_file_of_another_person_is_not_touched(tiny):
    """It is another person's word; a policy that differs from the one in the state folder is his own."""
    known = KnownLogs(known_logs_folder(os.environ))
    changed = parse_trust_policy(
        json.dumps({**json.loads((tiny.state / "trust.json").read_bytes()), "quorum": 1, "witnesses": [NoteKey("w.example").vkey]}).encode()
    )
    known.remember(changed)
    rotate(tiny)
    assert find_log(changed.origin) == changed


@LOGS
def test_a_rotation_that_waits_for_a_second_signature_changes_no_trust_until_then(tiny):
    from lotmark.attest.api import KeySigner, generate_key, public_pem, write_key

    private = generate_key()
    write_key(tiny.people / "beth.raw", private, None)
    (tiny.people / "beth.pub").write_bytes(public_pem(KeySigner(private).public_key))
    assert tiny.cli("key", "enrol", "rene", "--root", "--public", str(tiny.people / "beth.pub"), *tiny.as_root("ada")).code == 0
    assert tiny.cli("key", "root", "threshold", "2", *tiny.as_root("ada")).code == 0
    old = trust(tiny)
    waiting = tiny.cli("--format", "json", "key", "log", "rotate", *tiny.as_root("ada"))
    assert (waiting.code, trust(tiny)) == (8, old)
    done = tiny.cli("key", "root", "sign", str(waiting.wire["index"]), *tiny.as_root("rene", "beth"))
    assert done.code == 0, done.err
    assert trust(tiny).log_key != old.log_key
    assert "trust.json is written anew" in done.err
    hold(tiny)


@LOGS
def test_witnesses_are_named_with_the_key_that_they_must_be_told(tiny):
    change_trust(tiny, witnesses=[NoteKey("w1.example").vkey])
    called = rotate(tiny)
    assert "Tell those who run w1.example" in called.err
    assert f"--log '{trust(tiny).log_key}'" in called.err


@LOGS
def test_a_tlog_policy_that_names_the_log_names_its_new_key(tiny):
    old = trust(tiny)
    lines = [f"log {old.log_key}", f"witness w1 {NoteKey('w1.example').vkey}", "quorum none"]
    change_trust(tiny, tlogPolicy=lines, witnesses=[], quorum=0)
    rotate(tiny)
    assert trust(tiny).tlog_policy.splitlines() == [f"log {trust(tiny).log_key}", *lines[1:]]


@LOGS
def test_a_further_log_key_that_follows_nobody_changes_no_trust(tiny):
    old = trust(tiny)
    with tiny.workspace() as workspace:
        enrol_key(workspace, public_key=NoteKey("elsewhere").public_key, kind="log", person=None, reason="for later", root=tiny.signer("ada"))
        assert follow_log_key(workspace) is None
    assert trust(tiny) == old


@LOGS
def test_the_memory_of_what_was_seen_goes_on_and_the_old_trust_finds_it_too(tiny):
    old = trust(tiny)
    rotate(tiny)
    assert tiny.cli("key", "pipeline", "rotate", *tiny.as_root("ada")).code == 0, "the log goes on under its later key"
    (seen,) = seen_checkpoints(trust(tiny))
    assert seen_checkpoints(old) == (seen,)
    assert parse_checkpoint(parse_note(seen).text).size >= tiny.size() - 1


@LOGS
def test_a_copy_from_before_the_rotation_that_is_put_back_is_noticed(tiny, tmp_path):
    copy = tiny.copy(tmp_path / "copy")
    rotate(tiny)
    refused = copy.cli("key", "enrol", "--kind", "pipeline", "--public", str(copy.people / "ada.pub"), *copy.as_root("ada"))
    assert refused.code == 6
    assert "LM-LED-115" in refused.err or "LM-LED-116" in refused.err


# ------------------------------------------------------------ the second key


def second(tiny, *more):
    called = tiny.cli("--format", "json", "key", "log", "second", *more)
    assert called.code == 0, called.err
    return called


@SECOND
def test_the_log_signs_with_a_second_key_from_the_next_entry_on(tiny):
    before = trust(tiny)
    size = tiny.size()
    called = second(tiny)
    after = trust(tiny)
    assert called.wire["vkey"] == after.second_log_key
    assert parse_vkey(after.second_log_key).kind is KeyType.MLDSA44
    assert after.second_log_key_from == size + 1
    assert (tiny.state / "keys" / "second-log.key").stat().st_mode & 0o777 == 0o600
    note = tiny.cli("log", "checkpoint").out.encode()
    assert len(parse_note(note).signatures) == 2
    assert tiny.size() == size + 1, "that it was made is an entry of the log"
    assert before.log_key == after.log_key
    fsck = tiny.cli("--format", "json", "log", "fsck")
    assert (fsck.code, fsck.wire["secondSignature"]) == (0, True)
    assert "ML-DSA-44 too" in tiny.cli("log", "fsck").out
    listed = tiny.cli("--format", "json", "key", "log").wire
    assert listed["second"] == {"vkey": after.second_log_key, "from": size + 1}
    assert "ML-DSA-44" in tiny.cli("key", "log").out


@SECOND
def test_a_proof_says_whether_it_was_signed_twice(tiny):
    second(tiny)
    proof = tiny.folder / "proof.json"
    last = str(tiny.size() - 1)
    assert tiny.cli("log", "prove", last, "--form", "tlog-proof", "-o", str(proof)).code == 0
    for more in ((), ("--trust", str(tiny.state / "trust.json"))):
        assert "ML-DSA-44 too" in tiny.cli("log", "prove", "--verify", str(proof), *more).out
    # Who never asked for it sees nothing of it, and verifies all the same.
    plain = tiny.cli("--format", "json", "log", "prove", "--verify", str(proof), "--trust", str(tiny.folder / "trust.json"))
    assert (plain.code, plain.wire["secondSignature"]) == (0, False)


@SECOND
def test_a_second_one_is_made_only_when_asked_for_and_the_old_one_stays_beside(tiny):
    second(tiny)
    old = trust(tiny)
    refused = tiny.cli("key", "log", "second")
    assert (refused.code, "LM-ATT-036" in refused.err, trust(tiny)) == (2, True, old)
    second(tiny, "--replace")
    new = trust(tiny)
    assert new.second_log_key != old.second_log_key
    assert new.second_log_key_from > old.second_log_key_from
    second(tiny, "--replace")
    names = sorted(path.name for path in (tiny.state / "keys").glob("second-log*"))
    assert names == ["second-log.key", "second-log.key.old", "second-log.key.old2"]
    hold(tiny)


@SECOND
@pytest.mark.parametrize("act", ["lost", "exchanged"])
def test_without_the_key_that_trust_asks_for_nothing_is_written(tiny, act):
    """A checkpoint that everybody who trusts the log refuses is not made."""
    second(tiny)
    path = tiny.state / "keys" / "second-log.key"
    path.unlink()
    if act == "exchanged":
        from lotmark.attest.api import SecondLogSigner

        SecondLogSigner.make(path)
    size = tiny.size()
    refused = tiny.cli("key", "log", "rotate", *tiny.as_root("ada"))
    assert (refused.code, "LM-CLI-032" in refused.err, tiny.size()) == (4, True, size)
    assert tiny.cli("log", "fsck").code == 0, "reading goes on"
    second(tiny, "--replace")
    hold(tiny)


@SECOND
def test_what_was_cut_short_is_finished_by_the_same_call(tiny):
    """The key was written, trust.json not yet: the key that lies there is taken."""
    from lotmark.attest.api import SecondLogSigner

    made = SecondLogSigner.make(tiny.state / "keys" / "second-log.key")
    assert second(tiny).wire["vkey"] == made.vkey(trust(tiny).origin)


@SECOND
def test_what_is_no_such_key_is_put_aside_by_the_way_that_the_refusal_names(tiny):
    path = tiny.state / "keys" / "second-log.key"
    path.touch(mode=0o600)
    path.write_bytes((tiny.state / "keys" / "log.key").read_bytes())
    before = trust(tiny)
    refused = tiny.cli("key", "log", "second")
    assert (refused.code, "LM-ATT-032" in refused.err, trust(tiny)) == (4, True, before)
    assert "`lotmark key log second --replace`" in refused.err
    made = second(tiny, "--replace").wire["vkey"]
    assert trust(tiny).second_log_key == made
    assert (path.with_name("second-log.key.old")).read_bytes() == (tiny.state / "keys" / "log.key").read_bytes()
    hold(tiny)


@SECOND
def test_a_backup_with_keys_holds_every_key_of_the_machine(tiny, tmp_path):
    rotate(tiny)
    second(tiny)
    copy = tmp_path / "copy"
    assert tiny.cli("backup", str(copy), "--with-keys").code == 0
    assert sorted(path.name for path in (copy / "keys").iterdir()) == sorted(path.name for path in (tiny.state / "keys").iterdir())
    target = tmp_path / "restored"
    called = call("restore", str(copy), "--to", str(target), "--trust", str(tiny.state / "trust.json"))
    assert called.code == 0, called.err
    assert (target / "keys" / "second-log.key").stat().st_mode & 0o777 == 0o600


@SECOND
def test_a_bundle_carries_it_and_is_verified_by_who_asks_for_it(tiny):
    second(tiny)
    report = tiny.run()
    tiny.approve(report.run)
    assert tiny.run().outcome == "released"
    bundle = tiny.folder / "bundle.zip"
    assert tiny.cli("release", "bundle", "-o", str(bundle)).code == 0
    told = call("verify", str(bundle), "--trust", str(tiny.state / "trust.json"))
    assert told.code == 0, told.out + told.err
    assert "signed with ML-DSA-44 too" in told.out
    assert call("verify", str(bundle), "--trust", str(tiny.folder / "trust.json")).code == 0
    wrong = tiny.folder / "wrong.json"
    other = NoteKey(trust(tiny).origin, KeyType.MLDSA44, seed="another")
    wrong.write_text(json.dumps({**json.loads((tiny.state / "trust.json").read_bytes()), "secondLogKey": other.vkey}))
    refused = call("verify", str(bundle), "--trust", str(wrong))
    assert (refused.code, "LM-LED-111" in refused.out + refused.err) == (6, True)


@SECOND
def test_a_second_key_is_not_made_while_somebody_else_writes(tiny):
    with tiny.workspace() as workspace, workspace.writer():
        with tiny.workspace() as other:
            opened = other.open_sequencer
            other.open_sequencer = lambda **more: opened(wait=0, **more)
            with pytest.raises(EnvironmentLacksError) as caught:
                add_second_key(other, again=False)
        assert caught.value.code == "LM-LED-003"
    assert not (tiny.state / "keys" / "second-log.key").exists()
