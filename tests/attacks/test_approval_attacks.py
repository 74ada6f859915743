"""Attacks on approval and deployment, A02 to A07, A09, and on the builder's identity, O07, at the command line: answer, exit code, and that nothing changed."""

import json
from base64 import b64encode
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from fakes.forgery import add, forge, newest
from fakes.tiny_world import waiting
from lotmark.attest.api import FileSigner, KeySigner, generate_key, parse_envelope, sign_payload

pytestmark = [pytest.mark.verifies("REQ-356", "REQ-003", "REQ-004", "RC-002", "HAZ-003"), pytest.mark.slow]

SIGN = ("approve", "sign", "--reason", "It holds.")
OWNER = (*SIGN, "--role", "quality-owner")
REVIEW = (*SIGN, "--role", "regulatory", "--meaning", "review")
QUINN = (("quinn", "quality-owner", "approval"),)


def recorded(tiny):
    """How many entries there are, but for those that tell of refused attempts: an attack may leave its trace."""
    return sum(number for kind, number in tiny.kinds().items() if kind != "audit-event")


def refused(tiny, code, words, *command):
    """The command is refused with that exit code and these words, and nothing but its trace is recorded."""
    before = recorded(tiny)
    called = tiny.cli(*command)
    assert called.code == code, called.out + called.err
    for word in words:
        assert word in called.out + called.err, called.out + called.err
    assert recorded(tiny) == before


def pipeline(tiny):
    return FileSigner.load(tiny.state / "keys" / "pipeline.key")


# ---- A02


@pytest.fixture
def changed_by_all(tiny):
    """quinn wrote a change together with rene; it waits for their signatures."""
    tiny.write({"README.md": "# Changed\n"})
    tiny.commit("A change\n\nRefs: REQ-001\nCo-authored-by: Rene Example <rene@example.org>", by="quinn")
    assert tiny.run().outcome == "pending"
    return tiny


@pytest.mark.attack("A02")
def test_a02_neither_author_nor_co_author_approves_his_own_change(changed_by_all):
    tiny = changed_by_all
    for who, words in (("quinn", OWNER), ("rene", REVIEW)):
        refused(tiny, 1, ("LM-APR-001", "is author of this change and cannot approve it"), *words, *tiny.as_root(who))
    called = tiny.cli("approve", "request")
    assert (called.code, called.out.count("0 of 1")) == (8, 2)


# ---- A03


@pytest.mark.attack("A03")
def test_a03_no_machine_signs_for_a_person(tiny_waiting):
    tiny = tiny_waiting
    key = str(tiny.state / "keys" / "pipeline.key")
    refused(tiny, 4, ("LM-ATT-035", "the key is not sealed"), *OWNER, "--as", "quinn", "--key", key)
    # A bot that holds the pipeline's key signs a person's very words, past every check of the command line.
    tiny.approve(by=QUINN)
    _, envelope, scope = newest(tiny, "approval")
    index = add(tiny, sign_payload(envelope.payload, pipeline(tiny)), "approval", scope)
    for command in (("approve", "request"), ("log", "fsck")):
        refused(tiny, 6, ("LM-ATT-023", "TYPE_NOT_ALLOWED", f"entry {index}"), *command)


# ---- A04


@pytest.mark.attack("A04")
def test_a04_a_signature_that_is_replayed_is_one_signature(tiny_waiting):
    tiny = tiny_waiting
    tiny.approve(by=QUINN)
    index, envelope, scope = newest(tiny, "approval")
    size = tiny.size()
    assert add(tiny, envelope, "approval", scope) == index
    assert tiny.size() == size
    called = tiny.cli("approve", "request")
    assert (called.code, called.out.count("Quinn Example"), "regulatory: review, 0 of 1" in called.out) == (8, 1, True)


@pytest.mark.attack("A04")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"It holds.", b"It is all", id="the reason"),
        pytest.param(b'"meaning":"approval"', b'"meaning":"rejection"', id="the meaning"),
        pytest.param(b"Quinn Example", b"Rene Exampley", id="the printed name"),
    ],
)
def test_a04_a_signature_over_other_content_does_not_hold(tiny_waiting, old, new):
    """Who changes a word of what was shown and signed leaves a signature that does not hold."""
    tiny = tiny_waiting
    tiny.approve(by=QUINN)
    _, envelope, scope = newest(tiny, "approval")
    other = envelope.payload.replace(old, new)
    assert other != envelope.payload
    raw = json.loads(envelope.raw)
    raw["payload"] = b64encode(other).decode()
    index = add(tiny, parse_envelope(json.dumps(raw, separators=(",", ":")).encode()), "approval", scope)
    refused(tiny, 6, ("LM-ATT-022", f"entry {index}"), "log", "fsck")
    refused(tiny, 6, ("LM-ATT-022",), "approve", "request")


@pytest.fixture(scope="module")
def changed_since():
    """Everybody signed RUN-0001; then artifact and policy changed, and RUN-0002 waits. To be copied; made once."""
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        patch.setenv("XDG_CONFIG_HOME", f"{folder}/config")
        tiny = waiting().copy(Path(folder) / "tiny")
        tiny.approve()
        tiny.edit("src/tool.sh", 'echo "tiny $VERSION"', 'echo "tiny $VERSION" # again')
        tiny.edit("quality/policy.yaml", "witnessGraceMinutes: 60", "witnessGraceMinutes: 59")
        tiny.commit("Another artifact under another policy\n\nRefs: REQ-001")
        assert tiny.run(new=True).outcome == "pending"
        yield tiny


@pytest.fixture
def second_run(changed_since, tmp_path):
    return changed_since.copy(tmp_path / "second")


@pytest.mark.attack("A04")
def test_a04_a_signature_replayed_into_another_run_stays_bound_to_its_own(second_run):
    tiny = second_run
    _, envelope, _ = newest(tiny, "approval")
    index = add(tiny, envelope, "approval", "run:tiny:RUN-0002")
    refused(tiny, 8, (f"(entry {index}) does not count, LM-APR-006: it was made for run tiny:RUN-0001", "0 of 1"), "approve", "request")


# ---- A05


@pytest.mark.attack("A05")
def test_a05_who_has_left_signs_nothing_more(tiny_waiting):
    """There is no page with a button that could be ridden on; each signing opens the key with the passphrase."""
    tiny = tiny_waiting
    (key,) = [each for each in tiny.cli("--format", "json", "key", "list").wire["keys"] if each["person"] == "quinn"]
    assert tiny.cli("key", "revoke", key["keyId"][:12], "--reason", "left the company", *tiny.as_root("ada")).code == 0
    refused(tiny, 4, ("LM-CLI-018", "is not enrolled for quinn, or not valid any more"), *OWNER, *tiny.as_root("quinn"))


@pytest.mark.attack("A05")
def test_a05_each_signing_needs_the_passphrase_anew(tiny_waiting, tmp_path, monkeypatch):
    tiny = tiny_waiting
    wrong = tmp_path / "passphrase"
    wrong.touch(mode=0o600)
    wrong.write_text("a session that somebody rides on\n")
    options = tiny.as_root("quinn")
    with monkeypatch.context() as patch:
        patch.setenv("LOTMARK_PASSPHRASE_FILE", str(wrong))
        refused(tiny, 4, ("LM-ATT-033",), *OWNER, *options)


# ---- A06, A09


@pytest.mark.attack("A06")
def test_a06_a_signature_on_evidence_that_changed_since_is_stale(second_run):
    """Artifact, evidence and policy changed after everybody had signed: nobody has signed what is there now."""
    tiny = second_run
    first, second = (told["artifact"]["sha256"] for told in tiny.predicates("release-candidate"))
    assert first != second
    called = tiny.cli("approve", "request")
    assert (called.code, called.out.count("0 of 1"), second in called.out) == (8, 2, True)
    for number, stale in enumerate([newest(tiny, "approval")]):
        # Made to say that it is of this run, with the person's own key, it names the old decision all the same.
        payload = stale[1].payload.replace(b"RUN-0001", b"RUN-0002")
        by = json.loads(payload)["predicate"]["signer"]["person"]
        index = add(tiny, sign_payload(payload, tiny.signer(by)), "approval", "run:tiny:RUN-0002")
        refused(tiny, 8, (f"(entry {index}) does not count", "stale"), "approve", "request")
        assert number == 0
    assert tiny.kinds()["release-manifest"] == 0


@pytest.mark.attack("A09")
def test_a09_a_policy_that_changes_during_review_is_the_one_that_decides(second_run):
    tiny = second_run
    old, new = tiny.predicates("decision")
    assert old["policySha256"] != new["policySha256"], "evaluated again, under the new version"
    assert [each for each in tiny.predicates("approval") if each["policySha256"] == new["policySha256"]] == []
    refused(tiny, 8, ("regulatory: review, 0 of 1", "quality-owner: approval, 0 of 1"), "approve", "request")


# ---- A07


@pytest.mark.attack("A07")
def test_a07_another_artifact_at_the_target_than_was_admitted_is_told(tiny_released):
    tiny = tiny_released
    site = tiny.site / "current" / "tool.sh"
    site.chmod(0o755)
    site.write_text("echo evil\n")
    called = tiny.cli("verify", "--deployment", "site")
    assert called.code == 6
    assert "mismatch" in called.out + called.err
    called = tiny.cli("deploy", "verify", "--record")
    assert called.code == 6
    assert tiny.predicates("deployment-check")[-1]["verdict"] == "mismatch", "and the log keeps that it was seen"


@pytest.mark.attack("A07")
def test_a07_an_artifact_exchanged_between_decision_and_deployment_is_not_deployed(tiny_waiting):
    """The bytes are hashed again when they are taken out of the store, whatever its name says."""
    tiny = tiny_waiting
    tiny.approve()
    digest = tiny.predicates("release-candidate")[-1]["artifact"]["sha256"]
    blob = tiny.state / "blobs" / "sha256" / digest[:2] / digest
    blob.chmod(0o644)
    blob.write_bytes(b"echo evil\n")
    called = tiny.cli("run")
    assert called.code not in {0, 3, 8}, called.out
    assert digest in called.out + called.err
    assert not (tiny.site / "current").exists()
    assert tiny.kinds()["deployment"] == 0


# ---- O07


@pytest.mark.attack("O07")
def test_o07_evidence_of_a_fork_with_the_same_job_name_is_not_this_builders(tiny_waiting):
    """A fork has the same product, the same stages, the same names; not the key that the roots enrolled as this product's pipeline."""
    tiny = tiny_waiting
    fork = KeySigner(generate_key())
    index = forge(tiny, "release-candidate", lambda told: None, by=fork)
    for command in (("gate",), ("log", "fsck"), ("approve", "request")):
        refused(tiny, 6, (f"entry {index}", "LM-ATT-020"), *command)


@pytest.mark.attack("O07")
def test_o07_what_a_fork_adds_beside_the_true_evidence_counts_for_nothing(tiny_waiting):
    tiny = tiny_waiting
    _, envelope, scope = newest(tiny, "release-candidate")
    index = add(tiny, sign_payload(envelope.payload, KeySigner(generate_key())), "release-candidate", scope)
    refused(tiny, 6, (f"entry {index}", "LM-ATT-020"), "gate")
    assert tiny.kinds()["release-manifest"] == 0
