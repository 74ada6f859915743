"""`lotmark key` on a real ledger: rotation, loss, compromise, thresholds, offline signing, keys in tokens and services."""

import json

import pytest

from fakes import softhsm
from fakes.key_services import Vault, served
from fakes.keyring import private_key
from fakes.tiny_product import call
from lotmark.attest.api import KeySigner, generate_key, public_pem, write_key
from lotmark.tlog.api import parse_note

pytestmark = pytest.mark.verifies("REQ-330", "REQ-331", "REQ-332", "REQ-004", "RC-002", "HAZ-003")


def keys(tiny, **wanted):
    found = tiny.cli("--format", "json", "key", "list").wire["keys"]
    return [key for key in found if all(key[name] == value for name, value in wanted.items())]


def fresh(tiny, name):
    """A new key of the name among the people; gives its public file."""
    private = generate_key()
    write_key(tiny.people / f"{name}.raw", private, None)
    place = tiny.people / f"{name}.pub"
    place.write_bytes(public_pem(KeySigner(private).public_key))
    return place


def second_root(tiny, name="beth", person="rene"):
    """`person` becomes a root person too, with a key of the name."""
    called = tiny.cli("key", "enrol", person, "--root", "--public", str(fresh(tiny, name)), *tiny.as_root("ada"))
    assert called.code == 0, called.err
    return tiny.as_root(person, name)


def two_of_three(tiny):
    """Three root persons, of whom two must sign; gives the options of the other two."""
    beth, carl = second_root(tiny), second_root(tiny, "carl", "quinn")
    called = tiny.cli("key", "root", "threshold", "2", *tiny.as_root("ada"))
    assert called.code == 0, called.err
    return beth, carl


def signers_of(note):
    return len(parse_note(note).signatures)


def test_a_persons_key_is_followed_by_another_with_an_overlap(tiny):
    (old,) = keys(tiny, person="quinn")
    place = fresh(tiny, "quinn2")
    called = tiny.cli("--format", "json", "key", "rotate", old["keyId"][:12], "--public", str(place), "--overlap", "5", *tiny.as_root("ada"))
    assert called.code == 0, called.err
    index = called.wire["index"]
    before, after = keys(tiny, person="quinn")
    assert (before["validUntil"], before["endedBy"]) == (index + 6, "rotate")
    assert (after["validFrom"], after["validUntil"], after["kind"]) == (index + 1, None, "person")
    again = tiny.cli("key", "rotate", old["keyId"][:12], "--public", str(fresh(tiny, "quinn3")), *tiny.as_root("ada"))
    assert (again.code, "rotated or ended before" in again.err) == (6, True)
    assert "rotate" in tiny.cli("key", "list").out
    tiny.assert_sound()


def test_a_lost_key_ends_and_what_it_signed_stays(tiny):
    (key,) = keys(tiny, person="quinn")
    called = tiny.cli("--format", "json", "key", "lost", key["keyId"][:12], "--reason", "Left in a train.", *tiny.as_root("ada"))
    assert called.code == 0, called.err
    (ended,) = keys(tiny, person="quinn")
    assert (ended["validUntil"], ended["endedBy"], ended["disowned"]) == (called.wire["index"], "lost", None)


def test_a_compromised_key_takes_what_it_signed_with_it(tiny_released):
    """The release loses the signature; its records stay in the ledger, readable and never counted."""
    tiny = tiny_released
    (key,) = keys(tiny, person="quinn")
    size = tiny.size()
    called = tiny.cli("key", "lost", key["keyId"][:12], "--compromised-from", "0", "--reason", "Stolen.", *tiny.as_root("ada"))
    assert called.code == 0, called.err
    (ended,) = keys(tiny, person="quinn")
    assert (ended["validUntil"], ended["endedBy"], ended["disowned"]) == (key["validFrom"], "compromised", [key["validFrom"], size])
    assert "disowned" in tiny.cli("key", "list").out
    assert tiny.size() == size + 1
    tiny.assert_sound()
    shown = tiny.cli("verify", "--artifact", str(next(tiny.site.rglob("tool.sh"))))
    assert shown.code == 1, shown.out + shown.err
    assert "signatures" in shown.out


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("revoke", "{root}", "--reason", "x"), 6, "another root key"),
        (("lost", "{root}", "--reason", "x"), 6, "another root key"),
        (("lost", "{root}", "--reason", "x", "--compromised-from", "0"), 6, "another root key"),
        (("revoke", "{log}", "--reason", "x"), 6, "no log key would be left"),
        (("lost", "{quinn}", "--reason", "x", "--compromised-from", "99999"), 6, "what was signed before it"),
        (("root", "threshold", "2"), 6, "fewer than the 2 root persons"),
        (("rotate", "{quinn}", "--public", "{same}"), 2, "does not follow itself"),
        (("enrol", "quinn", "--public", "{same}"), 6, "enrolled once"),
        (("enrol", "--public", "{same}"), 2, "LM-CLI-012"),
        (("enrol", "quinn", "--kind", "pipeline", "--public", "{same}"), 2, "LM-CLI-012"),
        (("log", "rotate", "--propose", "x"), 2, "LM-CLI-024"),
        (("root", "sign", "0"), 6, "one genesis only"),
        (("root", "sign", "nothing"), 2, "LM-CLI-024"),
    ],
)
def test_a_change_that_cannot_stand_is_refused_and_nothing_is_recorded(tiny, words, code, told):
    ids = {name: keys(tiny, **what)[0]["keyId"] for name, what in {"root": {"kind": "root"}, "log": {"kind": "log"}, "quinn": {"person": "quinn"}}.items()}
    ids["same"] = str(tiny.people / "quinn.pub")
    before = tiny.size(), tiny.cli("key", "list").out, sorted((tiny.state / "keys").iterdir())
    called = tiny.cli("key", *(word.format(**ids) for word in words), *tiny.as_root("ada"))
    assert (called.code, told in called.err) == (code, True), called.err
    assert "help:" in called.err
    assert before == (tiny.size(), tiny.cli("key", "list").out, sorted((tiny.state / "keys").iterdir()))


def test_who_signs_must_be_said(tiny):
    called = tiny.cli("key", "revoke", keys(tiny, person="quinn")[0]["keyId"], "--reason", "x")
    assert (called.code, "LM-CLI-024" in called.err) == (2, True)
    called = call("key", "root", "sign", str(tiny.people / "quinn.pub"))
    assert (called.code, "LM-CLI-024" in called.err) == (2, True)


# ---- the machine's keys


@pytest.mark.parametrize("overlap", [0, 3])
def test_the_log_key_is_followed_by_another(tiny, overlap):
    (old,) = keys(tiny, kind="log")
    called = tiny.cli("--format", "json", "key", "log", "rotate", "--overlap", str(overlap), *tiny.as_root("ada"))
    assert called.code == 0, called.err
    index = called.wire["index"]
    with tiny.workspace() as workspace:
        assert signers_of(workspace.ledger.checkpoint()) == 2, "the entry that lets one follow the other is signed by both"
    for number in range(5):
        assert tiny.cli("key", "enrol", "quinn", "--public", str(fresh(tiny, f"q{number}")), *tiny.as_root("ada")).code == 0
    with tiny.workspace() as workspace:
        told = {size: signers_of(workspace.ledger.checkpoint(size)) for size in range(index + 1, workspace.ledger.size + 1)}
    # An append signs with both keys while the old one counts at the size that it finds.
    assert told == {size: 2 if size - 1 < max(index + 1 + overlap, index + 1) else 1 for size in told}
    before, after = keys(tiny, kind="log")
    assert (before["keyId"], before["validUntil"], after["validFrom"]) == (old["keyId"], index + 1 + overlap, index + 1)
    tiny.assert_sound()
    assert tiny.cli("log", "fsck").code == 0
    shown = tiny.cli("key", "log").out
    assert before["keyId"][:12] in shown
    assert keys(tiny, kind="pipeline")[0]["keyId"][:12] not in shown


def test_a_rotated_log_is_verified_with_the_trust_file_of_before(tiny_waiting):
    """A reader who knows the first log key alone learns its successor from the roots; the run goes on; old and new bundles hold."""
    tiny = tiny_waiting
    assert tiny.cli("key", "log", "rotate", *tiny.as_root("ada")).code == 0
    assert tiny.cli("key", "pipeline", "rotate", *tiny.as_root("ada")).code == 0
    tiny.approve()
    assert tiny.run().outcome == "released"
    bundle = tiny.folder / "bundle.zip"
    assert tiny.cli("release", "bundle", "-o", str(bundle)).code == 0
    called = call("verify", str(bundle), "--trust", str(tiny.folder / "trust.json"))
    assert called.code == 0, called.out
    assert len({entry["keyId"] for entry in keys(tiny, kind="pipeline")}) == 2
    assert tiny.cli("show", "--product").code in {0, 2}
    tiny.assert_sound()


def test_a_rotation_that_was_cut_short_needs_no_repair(tiny):
    """The new key lies there, the event was never recorded: the old key goes on."""
    write_key(tiny.state / "keys" / "log-000000000000.key", generate_key(), None)
    assert tiny.cli("key", "enrol", "quinn", "--public", str(fresh(tiny, "q")), *tiny.as_root("ada")).code == 0
    tiny.run()
    tiny.assert_sound()


def test_without_a_log_key_that_counts_nothing_is_recorded(tiny):
    assert tiny.cli("key", "log", "rotate", *tiny.as_root("ada")).code == 0
    (tiny.state / "keys" / f"log-{keys(tiny, kind='log')[1]['keyId'][:12]}.key").unlink()
    write_key(tiny.state / "keys" / "log-000000000000.key", generate_key(), None)
    called = tiny.cli("run", "--stage", "source")
    assert (called.code, "LM-CLI-023" in called.err) == (4, True), called.err


def test_a_log_key_that_is_lost_is_replaced_by_enrolling_another(tiny):
    """The machine is gone: a fresh log key is enrolled under the word of the root, and the old one is ended."""
    (old,) = keys(tiny, kind="log")
    private = generate_key()
    write_key(tiny.state / "keys" / "log-2.key", private, None)
    place = tiny.folder / "log2.pub"
    place.write_bytes(public_pem(KeySigner(private).public_key))
    assert tiny.cli("key", "enrol", "--kind", "log", "--public", str(place), *tiny.as_root("ada")).code == 0
    assert tiny.cli("key", "lost", old["keyId"][:12], "--reason", "The disk is gone.", *tiny.as_root("ada")).code == 0
    (tiny.state / "keys" / "log.key").unlink()
    assert tiny.cli("key", "enrol", "quinn", "--public", str(fresh(tiny, "q")), *tiny.as_root("ada")).code == 0
    tiny.assert_sound()


def test_the_pipeline_signs_with_a_key_in_a_token(tiny, tmp_path):
    pin = tmp_path / "pin"
    pin.touch(mode=0o600)
    pin.write_text(softhsm.PIN)
    uri = softhsm.uri("p256", more=f"&pin-source=file:{pin}")
    called = tiny.cli("--format", "json", "key", "pipeline", "rotate", "--signer", uri, *tiny.as_root("ada"))
    assert called.code == 0, called.err
    assert keys(tiny, kind="pipeline")[1]["algorithm"] == "ecdsa-p256-sha256"
    report = tiny.run()
    assert report.outcome == "pending"
    with tiny.workspace() as workspace:
        signed = {entry.key.key_id for entry in workspace.reader.entries(scope=f"run:{report.run}")}
    assert signed == {called.wire["keyId"]}
    tiny.assert_sound()
    again = tiny.cli("key", "pipeline", "rotate", "--signer", uri, *tiny.as_root("ada"))
    assert (again.code, "LM-ATT-036" in again.err) == (2, True), again.err


def test_the_log_signs_with_a_key_in_vault_and_not_with_a_p256_key(tiny, monkeypatch):
    pytest.importorskip("hvac")
    service = Vault()
    service.keys |= {"log": [private_key("vault log")]}
    from fakes.key_services import p256_key

    service.keys["p256"] = [p256_key("log")]
    monkeypatch.setenv("VAULT_TOKEN", Vault.TOKEN)
    with served(service) as address:
        monkeypatch.setenv("VAULT_ADDR", address)
        refused = tiny.cli("key", "log", "rotate", "--signer", "hashivault:p256", *tiny.as_root("ada"))
        assert (refused.code, "a log key is Ed25519" in refused.err) == (2, True), refused.err
        assert not list((tiny.state / "keys").glob("*.uri"))
        assert tiny.cli("key", "log", "rotate", "--signer", "hashivault:log", *tiny.as_root("ada")).code == 0
        assert tiny.cli("key", "enrol", "quinn", "--public", str(fresh(tiny, "q")), *tiny.as_root("ada")).code == 0
        tiny.assert_sound()
        service.sealed = True
        called = tiny.cli("key", "enrol", "quinn", "--public", str(fresh(tiny, "r")), *tiny.as_root("ada"))
        assert (called.code, "LM-ITG-043" in called.err) == (4, True)


def test_a_person_signs_with_a_key_in_a_token(tiny, monkeypatch):
    place = tiny.folder / "token.pub"
    pin = tiny.folder / "pin"
    pin.touch(mode=0o600)
    pin.write_text(softhsm.PIN)
    monkeypatch.setenv("LOTMARK_PASSPHRASE_FILE", str(pin))
    uri = softhsm.uri("ed25519")
    shown = call("key", "public", uri, "-o", str(place))
    assert shown.code == 0, shown.err
    monkeypatch.setenv("LOTMARK_PASSPHRASE_FILE", str(tiny.people / "passphrase"))
    assert tiny.cli("key", "enrol", "rene", "--root", "--public", str(place), *tiny.as_root("ada")).code == 0
    monkeypatch.setenv("LOTMARK_PASSPHRASE_FILE", str(pin))
    called = tiny.cli("key", "enrol", "quinn", "--public", str(fresh(tiny, "q")), "--as", "rene", "--key", uri)
    assert called.code == 0, called.err
    assert call("key", "public", uri).out == place.read_text()


# ---- root persons


def test_with_a_threshold_one_signature_changes_nothing(tiny):
    beth, _ = two_of_three(tiny)
    called = tiny.cli("--format", "json", "key", "enrol", "quinn", "--public", str(fresh(tiny, "q")), *tiny.as_root("ada"))
    assert called.code == 8
    assert (called.wire["effective"], called.wire["signed"], called.wire["needed"]) == (False, ["ada"], 2)
    assert len(keys(tiny, person="quinn", kind="person")) == 1
    index = called.wire["index"]
    waiting = tiny.cli("--format", "json", "key", "root").wire
    assert (waiting["threshold"], waiting["persons"]) == (2, ["ada", "quinn", "rene"])
    assert [(item["index"], item["signed"]) for item in waiting["waiting"]] == [(index, ["ada"])]
    assert f"entry {index} waits: signed by ada" in tiny.cli("key", "root").out
    signed = tiny.cli("--format", "json", "key", "root", "sign", str(index), *beth)
    assert (signed.code, signed.wire["effective"]) == (0, True), signed.err
    assert "enrol the person key" in signed.err
    assert len(keys(tiny, person="quinn", kind="person")) == 2
    assert tiny.cli("--format", "json", "key", "root").wire["waiting"] == []
    tiny.assert_sound()


def test_nobody_signs_twice(tiny):
    two_of_three(tiny)
    assert tiny.cli("key", "enrol", "quinn", "--public", str(fresh(tiny, "q")), *tiny.as_root("ada")).code == 8
    size = tiny.size()
    called = tiny.cli("key", "root", "sign", str(size - 1), *tiny.as_root("ada"))
    assert (called.code, "signed this very event before" in called.err) == (6, True)
    assert tiny.size() == size


def test_root_persons_sign_offline_and_the_signatures_are_recorded_together(tiny, tmp_path):
    beth, _ = two_of_three(tiny)
    proposal = tmp_path / "event.json"
    made = tiny.cli("key", "enrol", "quinn", "--public", str(fresh(tiny, "q")), "--propose", str(proposal))
    assert made.code == 0, made.err
    size = tiny.size()
    for who in (tiny.as_root("ada"), beth):
        signed = call("--format", "json", "key", "root", "sign", str(proposal), *who)  # no product, no ledger
        assert signed.code == 0, signed.err
        assert "You sign: enrol the person key" in signed.err
    assert tiny.size() == size
    signatures = sorted(map(str, tmp_path.glob("*.sig")))
    assert len(signatures) == 2
    one = tiny.cli("key", "root", "combine", signatures[0])
    assert one.code == 8
    both = tiny.cli("key", "root", "combine", signatures[1])
    assert both.code == 0, both.err
    assert len(keys(tiny, person="quinn", kind="person")) == 2
    again = tiny.cli("key", "root", "combine", *signatures)
    assert again.code == 6
    tiny.assert_sound()


def test_all_signatures_at_once_are_one_batch(tiny, tmp_path):
    beth, _ = two_of_three(tiny)
    proposal = tmp_path / "event.json"
    tiny.cli("key", "enrol", "quinn", "--public", str(fresh(tiny, "q")), "--propose", str(proposal))
    for who in (tiny.as_root("ada"), beth):
        assert call("key", "root", "sign", str(proposal), *who).code == 0
    called = tiny.cli("--format", "json", "key", "root", "combine", *map(str, tmp_path.glob("*.sig")))
    assert (called.code, sorted(called.wire["signed"])) == (0, ["ada", "rene"]), called.err


def test_only_signatures_under_one_event_are_combined(tiny, tmp_path):
    for name in ("a", "b"):
        tiny.cli("key", "enrol", "quinn", "--public", str(fresh(tiny, f"q{name}")), "--propose", str(tmp_path / name))
        assert call("key", "root", "sign", str(tmp_path / name), *tiny.as_root("ada"), "-o", str(tmp_path / f"{name}.sig")).code == 0
    size = tiny.size()
    called = tiny.cli("key", "root", "combine", str(tmp_path / "a.sig"), str(tmp_path / "b.sig"))
    assert (called.code, "LM-CLI-024" in called.err, tiny.size()) == (2, True, size)


@pytest.mark.parametrize("change", ["not json", "other type", "unknown event"])
def test_nobody_is_brought_to_sign_something_else(tiny, tmp_path, change):
    proposal = tmp_path / "event.json"
    tiny.cli("key", "enrol", "quinn", "--public", str(fresh(tiny, "q")), "--propose", str(proposal))
    tree = json.loads(proposal.read_bytes())
    if change == "other type":
        tree["predicateType"] = "https://lotmark.dev/attestation/approval/v1"
    elif change == "unknown event":
        tree["predicate"]["event"] = "everything"
    proposal.write_text("[" if change == "not json" else json.dumps(tree))
    called = call("key", "root", "sign", str(proposal), *tiny.as_root("ada"))
    assert (called.code, "LM-CLI-024" in called.err) == (2, True)
    assert not list(tmp_path.glob("*.sig"))


def test_nothing_is_overwritten(tiny, tmp_path):
    place = tmp_path / "event.json"
    place.write_text("mine")
    called = tiny.cli("key", "root", "threshold", "1", "--propose", str(place))
    assert (called.code, "LM-CLI-011" in called.err, place.read_text()) == (2, True, "mine")


def test_a_lost_root_key_is_replaced_by_the_others(tiny):
    """Two of three: one loses the key, the other two end it and give that person a new one. Nothing is frozen."""
    beth, carl = two_of_three(tiny)
    (lost,) = keys(tiny, kind="root", person="ada")
    waits = tiny.cli("key", "lost", lost["keyId"][:12], "--reason", "The safe burned.", *beth)
    assert waits.code == 8
    ended = tiny.cli("key", "root", "sign", str(tiny.size() - 1), *carl)
    assert ended.code == 0, ended.err
    assert tiny.cli("key", "enrol", "ada", "--root", "--public", str(fresh(tiny, "ada2")), *beth).code == 8
    assert tiny.cli("key", "root", "sign", str(tiny.size() - 1), *carl).code == 0
    assert [key["validUntil"] is None for key in keys(tiny, kind="root", person="ada")] == [False, True]
    assert tiny.cli("key", "enrol", "quinn", "--public", str(fresh(tiny, "q")), *beth).code == 8
    assert tiny.cli("key", "root", "sign", str(tiny.size() - 1), *tiny.as_root("ada", "ada2")).code == 0
    tiny.assert_sound()


def test_a_single_root_is_warned(tiny):
    assert "enrol another root person" in tiny.cli("key", "root").out
    second_root(tiny)
    assert "enrol another root person" not in tiny.cli("key", "root").out


def test_doctor_reminds_of_a_second_root_person(tiny, monkeypatch):
    from lotmark.builds import api as builds

    monkeypatch.setattr(builds, "check_environment", list)
    called = tiny.cli("--format", "json", "doctor")
    (finding,) = [each for each in called.wire["findings"] if each["code"] == "LM-CLI-028"]
    assert (called.code, finding["severity"]) == (0, "warning")
    assert "1 root person, of whom 1 must sign" in finding["message"]
    assert "threshold 2" in finding["help"]
    two_of_three(tiny)
    assert "LM-CLI-028" not in tiny.cli("doctor").out
    (tiny.state / "trust.json").unlink()
    assert "LM-CLI-028" not in tiny.cli("doctor").out
