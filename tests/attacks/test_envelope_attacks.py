"""Attacks on envelopes, E01 to E13, at the command line: the answer, the exit code, and that nothing changed.

The attacker of `fakes.forgery` holds the log's and the pipeline's key, so the log itself fits whatever he writes.
E14 (sigstore bundles) has no test: Lotmark imports none.
"""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fakes.forgery import add, forge, newest, reshaped, rewrite
from fakes.key_services import other_half, p256_key
from fakes.tiny_product import call
from lotmark.attest.api import FileSigner, KeySigner, generate_key, pae, parse_envelope, public_pem, sign_payload, write_key
from lotmark.attest.models import Envelope

pytestmark = pytest.mark.verifies("REQ-003", "REQ-004", "RC-001", "RC-002", "HAZ-001")


def artifact(tiny):
    return str(next(tiny.site.rglob("tool.sh")))


def answers(called, code, *words):
    """The exit code, and every word of the answer on either stream."""
    assert called.code == code, called.out + called.err
    for word in words:
        assert word in called.out + called.err, called.out + called.err


def state(tiny):
    """What an attack must not change: every entry but those that tell of refused attempts."""
    with tiny.workspace() as workspace:
        kept = tuple(entry.leaf_hash for entry in workspace.ledger.entries() if entry.header.kind != "audit-event")
    return len(kept), kept


def new_key(tiny, name):
    private = generate_key()
    write_key(tiny.people / f"{name}.raw", private, None)
    place = tiny.people / f"{name}.pub"
    place.write_bytes(public_pem(KeySigner(private).public_key))
    return place


def two_roots(tiny):
    """ada and rene are root persons and both must sign."""
    assert tiny.cli("key", "enrol", "rene", "--root", "--public", str(new_key(tiny, "beth")), *tiny.as_root("ada")).code == 0
    assert tiny.cli("key", "root", "threshold", "2", *tiny.as_root("ada")).code == 0


@pytest.mark.attack("E01")
def test_e01_good_evidence_for_another_artifact(tiny_released, tmp_path):
    """The bundle is sound; the file in hand is not what it is about."""
    tiny = tiny_released
    bundle = tmp_path / "bundle.zip"
    assert tiny.cli("release", "bundle", "-o", str(bundle)).code == 0
    (tmp_path / "tool.sh").write_text("echo evil\n")
    before = state(tiny)
    trust = ("--trust", str(tiny.folder / "trust.json"))
    answers(call("verify", str(bundle), *trust, "--artifact", str(tmp_path / "tool.sh")), 6, "SUBJECT_MISMATCH")
    answers(tiny.cli("verify", "--artifact", str(tmp_path / "tool.sh")), 5, "LM-DOS-060")
    answers(call("verify", str(bundle), *trust, "--artifact", artifact(tiny)), 0)
    assert state(tiny) == before


@pytest.mark.attack("E01")
@pytest.mark.parametrize("kind", ["deployment", "release-manifest"])
def test_e01_a_record_about_another_artifact(tiny_released, kind):
    tiny = tiny_released
    forge(tiny, kind, lambda tree: tree["subject"][0]["digest"].update(sha256="ab" * 32))
    answers(tiny.cli("verify", "--artifact", artifact(tiny)), 6, "SUBJECT_MISMATCH", kind)


@pytest.mark.attack("E02")
@pytest.mark.parametrize(("field", "value"), [("run", "tiny:RUN-0099"), ("product", "other"), ("version", "9.9.9")])
def test_e02_evidence_of_another_run_product_or_version(tiny_released, field, value):
    tiny = tiny_released
    forge(tiny, "deployment", lambda tree: tree["predicate"].update({field: value}))
    answers(tiny.cli("verify", "--artifact", artifact(tiny)), 6, "SCOPE_MISMATCH")


@pytest.mark.attack("E02")
def test_e02_good_evidence_replayed_within_another_run(tiny_released):
    """The envelope is genuine; what it says of its run is signed with it."""
    tiny = tiny_released
    _, envelope, scope = newest(tiny, "test-run")
    tiny.edit("src/tool.sh", "VERSION=1.0.0", "VERSION=1.1.0")
    tiny.commit()
    report = tiny.run()
    assert scope != f"run:{report.run}"
    add(tiny, envelope, "test-run", f"run:{report.run}")
    before = state(tiny)
    called = tiny.cli("run")
    assert called.code in {1, 6, 8}, called.out + called.err
    assert "released" not in called.out
    asked = tiny.cli("approve", "request")
    assert asked.code in {1, 6, 8}, asked.out
    assert state(tiny)[0] >= before[0]


@pytest.mark.attack("E03")
def test_e03_a_test_result_read_as_an_approval(tiny_waiting):
    tiny = tiny_waiting
    _, envelope, scope = newest(tiny, "test-run")
    index = add(tiny, envelope, "approval", scope)
    before = state(tiny)
    answers(tiny.cli("log", "fsck"), 6, "TYPE_NOT_ALLOWED", f"entry {index}")
    answers(tiny.cli("approve", "request"), 6, "TYPE_NOT_ALLOWED")
    assert state(tiny) == before


@pytest.mark.attack("E03")
def test_e03_a_signature_over_another_type_of_payload(tiny_waiting):
    """The key signed these bytes, as something that is no Statement."""
    tiny = tiny_waiting
    _, envelope, scope = newest(tiny, "test-run")
    signer = FileSigner.load(tiny.state / "keys" / "pipeline.key")
    other = "application/json"
    signature = base64.b64encode(signer.sign(pae(other, envelope.payload))).decode()
    tree = {"payload": base64.b64encode(envelope.payload).decode(), "payloadType": other, "signatures": [{"keyid": signer.key_id, "sig": signature}]}
    index = add(tiny, parse_envelope(json.dumps(tree).encode()), "test-run", f"{scope}x")
    answers(tiny.cli("log", "fsck"), 6, "TYPE_NOT_ALLOWED", "LM-ATT-013", f"entry {index}")


@pytest.mark.attack("E04")
@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(lambda tree: tree.update(signatures=[]), "UNSIGNED", id="no signature"),
        pytest.param(lambda tree: tree.pop("signatures"), "LM-ATT-011", id="no list"),
        pytest.param(lambda tree: tree["signatures"].append(tree["signatures"][0]), "LM-ATT-012", id="the same twice"),
        pytest.param(lambda tree: tree["signatures"][0].update(keyid="ab" * 32), "UNSIGNED", id="a key that nobody knows"),
        pytest.param(lambda tree: tree["signatures"][0].update(sig=base64.b64encode(bytes(64)).decode()), "LM-ATT-022", id="an empty signature"),
    ],
)
def test_e04_nothing_unsigned_is_taken_in(tiny, tmp_path, change, told):
    proposal = tmp_path / "event.json"
    assert tiny.cli("key", "enrol", "quinn", "--public", str(new_key(tiny, "q")), "--propose", str(proposal)).code == 0
    assert call("key", "root", "sign", str(proposal), *tiny.as_root("ada"), "-o", str(tmp_path / "good.sig")).code == 0
    (tmp_path / "bad.sig").write_bytes(reshaped(parse_envelope((tmp_path / "good.sig").read_bytes()), change))
    before = state(tiny)
    answers(tiny.cli("key", "root", "combine", str(tmp_path / "bad.sig")), 6, told)
    assert state(tiny) == before


@pytest.mark.attack("E04")
def test_e04_evidence_by_a_stranger_is_kept_and_never_counted(tiny_waiting):
    tiny = tiny_waiting
    _, envelope, scope = newest(tiny, "test-run")
    index = add(tiny, sign_payload(envelope.payload, KeySigner(generate_key())), "test-run", scope)
    before = state(tiny)
    answers(tiny.cli("log", "fsck"), 6, "UNSIGNED", f"entry {index}")
    answers(tiny.cli("run"), 6, "UNSIGNED")
    assert state(tiny) == before


@pytest.mark.attack("E05")
def test_e05_one_key_under_two_key_ids_is_one_signature(tiny, tmp_path):
    two_roots(tiny)
    proposal = tmp_path / "event.json"
    tiny.cli("key", "enrol", "quinn", "--public", str(new_key(tiny, "q")), "--propose", str(proposal))
    assert call("key", "root", "sign", str(proposal), *tiny.as_root("ada"), "-o", str(tmp_path / "one.sig")).code == 0
    other = reshaped(parse_envelope((tmp_path / "one.sig").read_bytes()), lambda tree: tree["signatures"][0].update(keyid="ab" * 32))
    (tmp_path / "two.sig").write_bytes(other)
    before = state(tiny)
    answers(tiny.cli("key", "root", "combine", str(tmp_path / "one.sig"), str(tmp_path / "two.sig")), 6, "UNSIGNED")
    answers(tiny.cli("key", "root", "combine", str(tmp_path / "one.sig"), str(tmp_path / "one.sig")), 6, "signed this very event before")
    assert state(tiny) == before
    answers(tiny.cli("key", "root", "combine", str(tmp_path / "one.sig")), 8, "KEY_CHANGE_UNAPPROVED", "1 of 2")
    # Nor is the same public key enrolled a second time, for another person.
    answers(tiny.cli("key", "enrol", "omar", "--public", str(tiny.people / "quinn.pub"), *tiny.as_root("ada")), 8, "KEY_CHANGE_UNAPPROVED")
    answers(tiny.cli("key", "root", "sign", str(tiny.size() - 1), *tiny.as_root("rene", "beth")), 6, "enrolled once")


@pytest.mark.attack("E06")
def test_e06_one_person_with_two_root_keys_is_one_person(tiny, tmp_path):
    two_roots(tiny)
    assert tiny.cli("key", "enrol", "ada", "--root", "--public", str(new_key(tiny, "ada2")), *tiny.as_root("ada")).code == 8
    assert tiny.cli("key", "root", "sign", str(tiny.size() - 1), *tiny.as_root("rene", "beth")).code == 0
    answers(tiny.cli("key", "enrol", "quinn", "--public", str(new_key(tiny, "q")), *tiny.as_root("ada")), 8, "1 of 2")
    answers(
        tiny.cli("key", "root", "sign", str(tiny.size() - 1), *tiny.as_root("ada", "ada2")),
        8,
        "KEY_CHANGE_UNAPPROVED",
        "1 of 2 root persons have signed (ada)",
    )
    listed = [key for key in tiny.cli("--format", "json", "key", "list").wire["keys"] if key["person"] == "quinn"]
    assert len(listed) == 1


@pytest.mark.attack("E06")
def test_e06_one_person_with_two_keys_signs_once(tiny_waiting):
    """quinn holds the one role and asks for a second key and the other role: persons are counted."""
    tiny = tiny_waiting
    assert tiny.cli("key", "enrol", "quinn", "--public", str(new_key(tiny, "quinn2")), *tiny.as_root("ada")).code == 0
    words = ("approve", "sign", "--role", "quality-owner", "--reason", "It holds.")
    answers(tiny.cli(*words, *tiny.as_root("quinn")), 0)
    before = state(tiny)
    answers(tiny.cli(*words, *tiny.as_root("quinn", "quinn2")), 1, "LM-APR-008")
    assert state(tiny) == before
    answers(tiny.cli("approve", "request"), 8, "regulatory")


@pytest.mark.attack("E07")
def test_e07_the_other_half_of_an_ecdsa_signature(tiny, tmp_path):
    place = tiny.people / "hsm.pub"
    place.write_bytes(public_pem(KeySigner(p256_key("hsm")).public_key))
    assert tiny.cli("key", "enrol", "rene", "--root", "--public", str(place), *tiny.as_root("ada")).code == 0
    proposal = tmp_path / "event.json"
    tiny.cli("key", "enrol", "quinn", "--public", str(new_key(tiny, "q")), "--propose", str(proposal))
    good = sign_payload(proposal.read_bytes(), KeySigner(p256_key("hsm")))
    twin = reshaped(good, lambda tree: tree["signatures"][0].update(sig=base64.b64encode(other_half(good.signature)).decode()))
    (tmp_path / "twin.sig").write_bytes(twin)
    (tmp_path / "good.sig").write_bytes(good.raw)
    before = state(tiny)
    answers(tiny.cli("key", "root", "combine", str(tmp_path / "twin.sig")), 6, "LM-ATT-022")
    assert state(tiny) == before
    answers(tiny.cli("key", "root", "combine", str(tmp_path / "good.sig")), 0)
    # Recorded again in its other form it is the same evidence at the same index: nothing is added.
    index, _, scope = newest(tiny, "key-event")
    before = state(tiny)
    assert add(tiny, parse_envelope(twin), "key-event", scope) == index
    assert state(tiny) == before


@pytest.mark.attack("E07")
def test_e07_the_same_envelope_written_otherwise_is_the_same_evidence(tiny_waiting):
    tiny = tiny_waiting
    index, envelope, scope = newest(tiny, "decision")
    before = state(tiny)
    spaced = parse_envelope(json.dumps(json.loads(envelope.raw), indent=4).encode())
    assert spaced.raw != envelope.raw
    assert add(tiny, spaced, "decision", scope) == index
    assert state(tiny) == before
    answers(tiny.cli("log", "fsck"), 0)


@pytest.mark.attack("E07")
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda tree: tree.update(note="x"), id="unknown field"),
        pytest.param(lambda tree: tree["signatures"][0].update(cert="x"), id="unknown field beside the signature"),
        pytest.param(lambda tree: tree.update(payload=tree["payload"].rstrip("=") + "=="), id="other padding"),
        pytest.param(lambda tree: tree.update(payload=tree["payload"] + "\n"), id="line end"),
    ],
)
def test_e07_unknown_fields_and_other_base64_are_refused(tiny, tmp_path, change):
    proposal = tmp_path / "event.json"
    tiny.cli("key", "enrol", "quinn", "--public", str(new_key(tiny, "q")), "--propose", str(proposal))
    assert call("key", "root", "sign", str(proposal), *tiny.as_root("ada"), "-o", str(tmp_path / "good.sig")).code == 0
    good = parse_envelope((tmp_path / "good.sig").read_bytes())
    bad = reshaped(good, change)
    if json.loads(bad) == json.loads(good.raw):
        pytest.skip("the payload's padding is that one already")
    (tmp_path / "bad.sig").write_bytes(bad)
    before = state(tiny)
    answers(tiny.cli("key", "root", "combine", str(tmp_path / "bad.sig")), 6, "LM-ATT-011")
    assert state(tiny) == before


@pytest.mark.attack("E08")
def test_e08_a_revoked_key_signs_nothing_more(tiny_waiting):
    tiny = tiny_waiting
    listed = tiny.cli("--format", "json", "key", "list").wire["keys"]
    (index,) = tiny.approve(by=(("quinn", "quality-owner", "approval"),))
    _, approval, scope = newest(tiny, "approval")
    for person in ("quinn", "rene"):
        (key,) = [key for key in listed if key["person"] == person]
        assert tiny.cli("key", "revoke", key["keyId"][:12], "--reason", "Left.", *tiny.as_root("ada")).code == 0
    before = state(tiny)
    words = ("approve", "sign", "--role", "regulatory", "--meaning", "review", "--reason", "x")
    answers(tiny.cli(*words, *tiny.as_root("rene")), 4, "LM-CLI-018")
    assert state(tiny) == before
    # What was signed before the revocation stays.
    answers(tiny.cli("log", "fsck"), 0)
    # The same act recorded after it, past every check, does not count: indices decide, not clocks.
    late = add(tiny, approval, "approval", f"{scope}-again")
    assert late > index
    answers(tiny.cli("log", "fsck"), 6, "KEY_NOT_VALID", f"entry {late}")


@pytest.mark.attack("E08")
def test_e08_a_key_does_not_count_before_its_enrolment(tiny_waiting):
    tiny = tiny_waiting
    place = new_key(tiny, "quinn2")
    signer = FileSigner.load(tiny.people / "quinn2.raw")
    tiny.approve(by=(("quinn", "quality-owner", "approval"),))
    _, approval, scope = newest(tiny, "approval")
    index = add(tiny, sign_payload(approval.payload, signer), "approval", f"{scope}-early")
    assert tiny.cli("key", "enrol", "quinn", "--public", str(place), *tiny.as_root("ada")).code in {0, 6}
    answers(tiny.cli("log", "fsck"), 6, f"entry {index}")


@pytest.mark.attack("E09")
def test_e09_a_key_is_not_replaced_by_one_root_person_alone(tiny_waiting):
    tiny = tiny_waiting
    two_roots(tiny)
    place = new_key(tiny, "evil")
    answers(tiny.cli("key", "enrol", "quinn", "--public", str(place), *tiny.as_root("ada")), 8, "KEY_CHANGE_UNAPPROVED", "1 of 2")
    (key,) = [key for key in tiny.cli("--format", "json", "key", "list").wire["keys"] if key["person"] == "quinn"]
    answers(tiny.cli("key", "rotate", key["keyId"][:12], "--public", str(place), *tiny.as_root("ada")), 8, "KEY_CHANGE_UNAPPROVED")
    before = state(tiny)
    answers(tiny.cli("approve", "sign", "--role", "quality-owner", "--reason", "x", *tiny.as_root("quinn", "evil")), 4, "LM-CLI-018")
    assert state(tiny) == before


@pytest.mark.attack("E09")
def test_e09_the_trust_file_of_the_state_folder_is_no_way_in(tiny_released, tmp_path):
    """The attacker makes a log of his own and puts its trust file in place; or his root into the file that is there."""
    tiny = tiny_released
    bundle = tmp_path / "bundle.zip"
    assert tiny.cli("release", "bundle", "-o", str(bundle)).code == 0
    place = tiny.state / "trust.json"
    tree = json.loads(place.read_bytes())
    tree["roots"] = [base64.b64encode(KeySigner(generate_key()).public_key).decode()]
    place.write_text(json.dumps(tree))
    answers(tiny.cli("key", "list"), 6, "LM-ATT-040")
    (tmp_path / "trust.json").write_text(json.dumps(tree))
    answers(call("verify", str(bundle), "--trust", str(tmp_path / "trust.json")), 6, "LM-ATT-040")


@pytest.mark.attack("E09")
def test_e09_a_log_made_anew_with_one_stolen_root_is_refused_by_who_asks_for_two(tiny_released, tmp_path):
    tiny = tiny_released
    bundle = tmp_path / "bundle.zip"
    assert tiny.cli("release", "bundle", "-o", str(bundle)).code == 0
    tree = json.loads((tiny.folder / "trust.json").read_bytes())
    tree["roots"].append(base64.b64encode(KeySigner(generate_key()).public_key).decode())
    tree["rootThreshold"] = 2
    (tmp_path / "trust.json").write_text(json.dumps(tree))
    answers(call("verify", str(bundle), "--trust", str(tmp_path / "trust.json")), 6, "LM-ATT-043", "THRESHOLD")


@pytest.mark.attack("E10")
@pytest.mark.parametrize(("algorithm", "value"), [("sha1", "ab" * 20), ("md5", "ab" * 16)])
@pytest.mark.parametrize("beside", [True, False])
def test_e10_a_weak_digest_of_the_subject(tiny_released, algorithm, value, beside):
    tiny = tiny_released

    def weaken(tree):
        tree["subject"][0]["digest"] = {**(tree["subject"][0]["digest"] if beside else {}), algorithm: value}

    index = forge(tiny, "deployment", weaken)
    answers(tiny.cli("log", "fsck"), 6, "ALGORITHM_NOT_ALLOWED" if beside else "NO_SUBJECT_DIGEST", f"entry {index}")
    answers(tiny.cli("verify", "--artifact", artifact(tiny)), 6)


@pytest.mark.attack("E10")
@pytest.mark.parametrize("algorithm", ["none", "rsa-1024", "ecdsa-p384-sha384"])
def test_e10_a_key_of_an_algorithm_that_is_not_allowed(tiny, tmp_path, algorithm):
    proposal = tmp_path / "event.json"
    tiny.cli("key", "enrol", "quinn", "--public", str(new_key(tiny, "q")), "--propose", str(proposal))
    tree = json.loads(proposal.read_bytes())
    tree["predicate"]["key"]["algorithm"] = algorithm
    (tmp_path / "bad.sig").write_bytes(sign_payload(json.dumps(tree).encode(), FileSigner.load(tiny.people / "ada.raw")).raw)
    before = state(tiny)
    answers(tiny.cli("key", "root", "combine", str(tmp_path / "bad.sig")), 6, "ALGORITHM_NOT_ALLOWED")
    assert state(tiny) == before


@pytest.mark.attack("E10")
def test_e10_a_small_rsa_key_is_not_enrolled(tiny):
    place = tiny.people / "rsa.pub"
    place.write_bytes(rsa.generate_private_key(65537, 1024).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    before = state(tiny)
    answers(tiny.cli("key", "enrol", "quinn", "--public", str(place), *tiny.as_root("ada")), 2, "ALGORITHM_NOT_ALLOWED", "LM-ATT-025")
    assert state(tiny) == before


@pytest.mark.attack("E11")
def test_e11_two_digests_of_different_files(tiny_released):
    tiny = tiny_released
    forge(tiny, "deployment", lambda tree: tree["subject"][0]["digest"].update(sha512="ab" * 64))
    answers(tiny.cli("verify", "--artifact", artifact(tiny)), 6, "DIGEST_CONFLICT")


@pytest.mark.attack("E12")
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda tree: tree.update(subject=[]), id="no subject"),
        pytest.param(lambda tree: tree["subject"][0].update(digest={}), id="a name alone"),
        pytest.param(lambda tree: tree["subject"][0].update(digest={"gitCommit": "ab" * 20}), id="a commit alone"),
    ],
)
def test_e12_evidence_about_nothing(tiny_released, change):
    tiny = tiny_released
    index = forge(tiny, "deployment", change)
    answers(tiny.cli("log", "fsck"), 6, "NO_SUBJECT_DIGEST", f"entry {index}")
    answers(tiny.cli("verify", "--artifact", artifact(tiny)), 6, "NO_SUBJECT_DIGEST")


@pytest.mark.attack("E13")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b'"verdict": "accepted"', b'"verdict": "refused", "verdict": "accepted"', id="two verdicts"),
        pytest.param(b'"_type"', b'"predicate": {}, "_type"', id="two predicates"),
        pytest.param(b'"logSize": ', b'"logSize": 0, "logSize": ', id="two sizes"),
    ],
)
def test_e13_bytes_that_two_readers_understand_differently(tiny_released, old, new):
    """Signed by the pipeline's own key: what was verified is what is read, once, and it has one meaning."""
    tiny = tiny_released

    def twice(payload):
        assert old in payload
        return payload.replace(old, new, 1)

    index = forge(tiny, "decision", lambda tree: tree, raw=twice)
    answers(tiny.cli("log", "fsck"), 6, "LM-INT-002", f"entry {index}")
    answers(tiny.cli("verify", "--artifact", artifact(tiny)), 6, "LM-INT-002")


@pytest.mark.attack("E13")
def test_e13_an_envelope_with_two_payloads_never_enters(tiny, tmp_path):
    proposal = tmp_path / "event.json"
    tiny.cli("key", "enrol", "quinn", "--public", str(new_key(tiny, "q")), "--propose", str(proposal))
    assert call("key", "root", "sign", str(proposal), *tiny.as_root("ada"), "-o", str(tmp_path / "good.sig")).code == 0
    raw = (tmp_path / "good.sig").read_bytes()
    (tmp_path / "bad.sig").write_bytes(raw.rstrip()[:-1] + b', "payload": "e30="}')
    before = state(tiny)
    answers(tiny.cli("key", "root", "combine", str(tmp_path / "bad.sig")), 6, "LM-INT-002")
    assert state(tiny) == before


def test_a_ledger_made_anew_without_a_change_is_sound(tiny_released):
    """The forger's tool itself leaves no trace, so what the attacks above are told by is what they changed."""
    rewrite(tiny_released, lambda entry, envelope: None)
    answers(tiny_released.cli("log", "fsck"), 0)
    answers(tiny_released.cli("verify", "--artifact", artifact(tiny_released)), 0)
    assert isinstance(newest(tiny_released, "decision")[1], Envelope)
