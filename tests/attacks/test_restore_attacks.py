"""Attacks on copies: yesterday's backup, a database beside another's write-ahead log, a copy that somebody changed."""

import json
import shutil
import sqlite3

import pytest

from fakes.keeping import act, audit, fingerprint
from fakes.tiny_product import call
from lotmark.attest.api import parse_trust_policy
from lotmark.base.errors import ExitCode
from lotmark.bootstrap.api import remember_log
from lotmark.ledger.api import fsck, open_ledger
from lotmark.tlog.api import parse_checkpoint, parse_note

pytestmark = [pytest.mark.verifies("REQ-095", "REQ-096", "RC-093", "HAZ-090"), pytest.mark.slow]


@pytest.fixture
def known(tiny):
    """The product whose log this user knows."""
    remember_log(parse_trust_policy((tiny.folder / "trust.json").read_bytes()))
    return tiny


def backup(tiny, name="backup", *options):
    folder = tiny.folder / name
    answer = tiny.cli("--format", "json", "backup", str(folder), *options)
    assert answer.code == ExitCode.ACCEPTED, answer.err
    return folder, answer.wire


def grow(tiny, by="quinn"):
    answer = act(tiny, "hold", f"release:tiny@{tiny.size()}.0", by=by)
    assert answer.code == ExitCode.ACCEPTED, answer.err


def lose(tiny):
    """The state folder is gone."""
    place = tiny.folder / "lost"
    tiny.state.rename(place)
    return place


@pytest.mark.attack("L12")
def test_l12_yesterdays_backup_is_not_signed_again(known):
    tiny = known
    folder, made = backup(tiny, "backup", "--with-keys")
    grow(tiny)
    size = tiny.size()
    lost = lose(tiny)
    answer = tiny.cli("restore", str(folder))
    assert answer.code == ExitCode.INTEGRITY
    assert f"error[LM-REC-034]: ROLLBACK: the backup has {made['size']} entries, {size} were seen" in answer.err
    assert "--new-epoch" in answer.err
    assert not tiny.state.exists(), "nothing was put into place"
    # Copied back by hand past the tool, it still does not sign.
    shutil.copytree(folder, tiny.state)
    head = tiny.cli("log", "checkpoint").out
    answer = act(tiny, "hold", "product:tiny", by="quinn")
    assert (answer.code, "LM-LED-115" in answer.err) == (ExitCode.INTEGRITY, True)
    assert (tiny.cli("log", "checkpoint").out, tiny.size()) == (head, made["size"]), "nothing was signed"
    checked = tiny.cli("log", "fsck")
    assert (checked.code, "LM-LED-115" in checked.out) == (ExitCode.INTEGRITY, True), "reading tells it too, without --seen"
    with open_ledger(lost) as ledger:
        assert ledger.size == size


@pytest.mark.attack("L12")
def test_l12_a_new_epoch_quotes_the_last_checkpoint_seen(known):
    tiny = known
    folder, made = backup(tiny)
    grow(tiny)
    seen = tiny.cli("log", "checkpoint").out
    size = tiny.size()
    lose(tiny)
    answer = tiny.cli("--format", "json", "restore", str(folder), "--new-epoch", *tiny.as_person("ada"), "--reason", "the disk of the build machine burnt")
    assert answer.code == ExitCode.ACCEPTED, answer.err
    assert (answer.wire["verdict"], answer.wire["epoch"], answer.wire["newestSeen"]) == ("behind", "example.org/tiny/epoch-2", size)
    first = tiny.predicates("key-event")[0]
    root = parse_checkpoint(parse_note(seen.encode()).text).root.hex()
    assert f"It goes on after example.org/tiny {size} {root}, the last checkpoint seen" in first["reason"]
    (epoch,) = tiny.predicates("log-epoch")
    assert (epoch["epoch"], epoch["previousOrigin"], epoch["seenCheckpoint"], epoch["lost"]) == (2, "example.org/tiny", seen, size - made["size"])
    assert epoch["restoredCheckpoint"].startswith(f"example.org/tiny\n{made['size']}\n")
    assert [each["verdict"] for each in tiny.predicates("restore")] == ["behind"]
    # Everybody who could sign can sign; nothing signs under the old name.
    grow(tiny)
    assert tiny.cli("log", "fsck").code == ExitCode.ACCEPTED
    old = tiny.state / "epochs" / "1"
    assert not (old / "keys" / "log.key").exists()
    assert tiny.cli("--state", str(old), "log", "search", "--kind", "key-event").out.count("Quinn Example") >= 1
    assert tiny.cli("--state", str(old), "log", "fsck").code == ExitCode.ACCEPTED


@pytest.mark.attack("L12")
def test_l12_a_new_epoch_is_opened_by_an_administrator_alone(known):
    tiny = known
    folder, _ = backup(tiny)
    grow(tiny)
    lose(tiny)
    answer = tiny.cli("restore", str(folder), "--new-epoch", *tiny.as_person("quinn"))
    assert (answer.code, "LM-CLI-018" in answer.err) == (ExitCode.ENVIRONMENT, True)
    assert not tiny.state.exists()


@pytest.mark.attack("L12")
def test_l12_a_checkpoint_kept_elsewhere_tells_where_this_user_saw_nothing(known, monkeypatch, tmp_path):
    tiny = known
    folder, _ = backup(tiny)
    grow(tiny)
    kept = tiny.folder / "kept.checkpoint"
    kept.write_text(tiny.cli("log", "checkpoint").out)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "another-machine"))
    trust = ("--trust", str(tiny.folder / "trust.json"))
    blind = call("--format", "json", "restore", str(folder), "--prove", *trust)
    assert (blind.code, blind.wire["verdict"], blind.wire["seen"]) == (ExitCode.ACCEPTED, "sound", 0)
    told = call("restore", str(folder), "--to", str(tmp_path / "state"), "--seen", str(kept), *trust)
    assert (told.code, "LM-REC-034" in told.err, (tmp_path / "state").exists()) == (ExitCode.INTEGRITY, True, False)


@pytest.mark.attack("L13")
@pytest.mark.parametrize("name", ["ledger.db-wal", "ledger.db-shm", "ledger.db-journal"])
def test_l13_a_backup_with_a_foreign_log_beside_its_database_is_refused(known, name):
    tiny = known
    folder, _ = backup(tiny)
    (folder / name).write_bytes(b"\x37\x7f\x06\x82" + b"\0" * 4092)
    target = tiny.folder / "restored"
    answer = tiny.cli("restore", str(folder), "--to", str(target))
    assert answer.code == ExitCode.INTEGRITY
    assert f"error[LM-REC-031]: UNLISTED: {name} is not in the backup's list; opened beside it, the database would be another one" in answer.err
    assert not target.exists()


@pytest.mark.attack("L13")
@pytest.mark.parametrize("left", ["ledger.db-wal", "ledger.db", "anything"])
def test_l13_nothing_is_restored_beside_what_is_there(known, left):
    tiny = known
    folder, _ = backup(tiny)
    target = tiny.folder / "restored"
    target.mkdir()
    (target / left).write_bytes(b"the write-ahead log of another database")
    before = fingerprint(target)
    answer = tiny.cli("restore", str(folder), "--to", str(target))
    assert (answer.code, "error[LM-REC-033]" in answer.err) == (ExitCode.REFUSED, True)
    assert fingerprint(target) == before
    over = tiny.cli("restore", str(folder))
    assert (over.code, "LM-REC-033" in over.err) == (ExitCode.REFUSED, True), "nor over the ledger that is in use"
    assert tiny.assert_sound()


@pytest.mark.attack("L13")
def test_l13_a_restored_ledger_is_checked_before_its_first_write_and_goes_on(known):
    tiny = known
    folder, made = backup(tiny, "backup", "--with-keys")
    assert audit(tiny) == [("export:backup:started", "done", "", 1)]
    lose(tiny)
    answer = tiny.cli("--format", "json", "restore", str(folder))
    assert answer.code == ExitCode.ACCEPTED, answer.err
    assert (answer.wire["verdict"], answer.wire["size"], answer.wire["seen"]) == ("sound", made["size"], 1)
    assert [each["verdict"] for each in tiny.predicates("restore")] == ["sound"]
    grow(tiny)
    tiny.assert_sound()
    report = json.loads(tiny.state.with_name(".lotmark.restore-report.json").read_bytes())
    assert report["signatures"]
    assert not list(tiny.root.glob(".lotmark.restoring*"))


CHANGES = {
    "a byte of the database": lambda folder: _flip(folder / "ledger.db", 5000),
    "a blob": lambda folder: _flip(next(path for path in (folder / "blobs").rglob("*") if path.is_file()), 0),
    "the vault": lambda folder: _flip(folder / "vault.db", 4000),
    "a file is gone": lambda folder: (folder / "trust.json").unlink(),
    "a file more": lambda folder: (folder / "keys").mkdir() or (folder / "keys" / "log.key").write_text("x"),
    "the list": lambda folder: _flip(folder / "manifest.json", 40),
}


def _flip(path, position):
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_copy_is_refused_and_nothing_is_put_into_place(known, change):
    tiny = known
    with tiny.workspace() as workspace, workspace.writer() as ledger:
        from lotmark.attest.api import build_payload, sign_payload
        from lotmark.attest.models import Evidence, Subject
        from lotmark.base.digest import Digest
        from lotmark.ledger.models import Submission

        blob = ledger.blobs.put(b"results of a test")
        evidence = Evidence("sbom", (Subject("x", Digest.of(b"x").digest_set),), {"bomFormat": "CycloneDX"})
        ledger.append(
            [Submission(sign_payload(build_payload(evidence, workspace.registry), workspace.pipeline_signer()), "sbom", "run:tiny:RUN-0009", blobs=(blob,))]
        )
    folder, _ = backup(tiny)
    change(folder)
    answer = tiny.cli("restore", str(folder), "--to", str(tiny.folder / "restored"))
    assert answer.code in {ExitCode.INTEGRITY, ExitCode.USAGE}
    assert "LM-REC-03" in answer.err
    assert not (tiny.folder / "restored").exists()
    assert not list(tiny.folder.glob("*restoring*"))


def test_a_list_written_anew_by_somebody_else_is_refused(known):
    tiny = known
    folder, _ = backup(tiny)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["size"] += 1
    (folder / "manifest.json").write_text(json.dumps(manifest))
    answer = tiny.cli("restore", str(folder), "--prove")
    assert (answer.code, "error[LM-REC-032]" in answer.err) == (ExitCode.INTEGRITY, True)


def test_a_copy_of_a_log_that_nobody_here_knows_is_refused(tiny):
    folder, _ = backup(tiny)
    answer = tiny.cli("restore", str(folder), "--prove")
    assert (answer.code, "error[LM-REC-032]" in answer.err, "--trust" in answer.err) == (ExitCode.ENVIRONMENT, True, True)


def test_a_folder_that_is_no_backup(known):
    empty = known.folder / "empty"
    empty.mkdir()
    answer = known.cli("restore", str(empty), "--prove")
    assert (answer.code, "LM-REC-031" in answer.err) == (ExitCode.USAGE, True)


@pytest.mark.attack("T13")
@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE entry SET header = replace(header, 'tiny', 'tinx') WHERE idx = 3", "LM-LED-101"),
        ("DELETE FROM entry WHERE idx = 3", "LM-LED-103"),
        ("UPDATE body SET envelope = x'7b7d' WHERE idx = 3", "LM-LED-107"),
    ],
    ids=["update", "delete", "exchange"],
)
def test_t13_a_change_in_the_database_is_found(tiny, statement, code):
    with sqlite3.connect(tiny.state / "ledger.db") as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)
    answer = tiny.cli("log", "fsck")
    assert answer.code == ExitCode.INTEGRITY
    assert code in answer.out


@pytest.mark.attack("T13")
def test_t13_a_truncation_is_found_by_what_was_seen(known):
    tiny = known
    folder, _ = backup(tiny)
    grow(tiny)
    kept = tiny.folder / "kept.checkpoint"
    kept.write_text(tiny.cli("log", "checkpoint").out)
    with tiny.workspace() as workspace:
        policy, kinds = workspace.trust_policy, workspace.registry
    assert fsck(folder, policy, kinds).is_sound, "by itself the shorter one is sound"
    report = fsck(folder, policy, kinds, seen=[kept.read_bytes()])
    assert [finding.code for finding in report.findings] == ["LM-LED-115"]
