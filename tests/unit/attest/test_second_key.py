"""The second key of a log: ML-DSA-44 in a file, and how a trust policy names it."""

import hashlib
import json
import shutil
import stat
import subprocess

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import mldsa

from fakes.keyring import signer
from fakes.note_signers import NoteKey
from lotmark.attest.api import FileSigner, SecondLogSigner, format_trust_policy, generate_key, parse_trust_policy, witness_policy, write_key
from lotmark.attest.models import TrustPolicy
from lotmark.base.errors import EnvironmentLacksError, UsageError
from lotmark.tlog import api as tlog
from lotmark.tlog.models import Checkpoint, KeyType

pytestmark = pytest.mark.verifies("REQ-350", "REQ-004", "RC-002", "HAZ-003")

ORIGIN = "lotmark.example/qpcr"
SECOND = NoteKey(ORIGIN, KeyType.MLDSA44)
PLAIN = TrustPolicy(ORIGIN, tlog.format_vkey(tlog.make_key(ORIGIN, signer("log").public_key)), (signer("ada").public_key,))


def data(**changes):
    wire = {**json.loads(format_trust_policy(PLAIN)), **changes}
    return json.dumps(wire).encode()


def test_a_key_is_made_once_and_read_back(tmp_path):
    path = tmp_path / "second-log.key"
    made = SecondLogSigner.make(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    read = SecondLogSigner.load(path)
    assert (read.public_key, read.key_id) == (made.public_key, made.key_id)
    assert (len(made.public_key), len(made.sign(b"text"))) == (1312, 2420)
    with pytest.raises(UsageError) as caught:
        SecondLogSigner.make(path)
    assert (caught.value.code, SecondLogSigner.load(path).key_id) == ("LM-ATT-036", made.key_id)


def test_it_signs_a_checkpoint_that_anybody_verifies(tmp_path):
    made = SecondLogSigner.make(tmp_path / "key")

    checkpoint = Checkpoint(ORIGIN, 7, hashlib.sha256(b"root").digest())
    text = tlog.format_checkpoint(checkpoint)

    class Named:
        name, public_key, sign = ORIGIN, made.public_key, staticmethod(made.sign)

    line = tlog.cosign(text, Named, 0, kind=KeyType.MLDSA44)
    note = tlog.add_signatures(tlog.sign_checkpoint(checkpoint, NoteKey(ORIGIN)), [line])
    assert tlog.verify_checkpoint(note, [tlog.parse_vkey(made.vkey(ORIGIN))]) == checkpoint


def test_its_id_is_the_one_that_openssl_gives(tmp_path):
    made = SecondLogSigner.make(tmp_path / "key")
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    done = subprocess.run(["openssl", "pkey", "-in", tmp_path / "key", "-pubout", "-outform", "DER"], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("this openssl has no ML-DSA-44")
    assert hashlib.sha256(done.stdout).hexdigest() == made.key_id


@pytest.mark.parametrize(
    ("content", "mode", "code"),
    [
        pytest.param(None, 0o600, "LM-ATT-030", id="missing"),
        pytest.param(b"nothing", 0o600, "LM-ATT-032", id="no key"),
        pytest.param(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 0o600, "LM-ATT-032", id="broken"),
        pytest.param("ed25519", 0o600, "LM-ATT-032", id="another algorithm"),
        pytest.param("right", 0o644, "LM-ATT-031", id="others may read it"),
    ],
)
def test_what_is_no_such_key_is_refused(tmp_path, content, mode, code):
    path = tmp_path / "key"
    if content == "ed25519":
        write_key(path, generate_key(), None)
    elif content == "right":
        SecondLogSigner.make(path)
    elif content is not None:
        path.write_bytes(content)
    if content is not None:
        path.chmod(mode)
    with pytest.raises(EnvironmentLacksError) as caught:
        SecondLogSigner.load(path)
    assert caught.value.code == code


def test_no_other_signer_takes_the_file(tmp_path):
    """Evidence is never signed with it."""
    SecondLogSigner.make(tmp_path / "key")
    with pytest.raises(EnvironmentLacksError) as caught:
        FileSigner.load(tmp_path / "key")
    assert caught.value.code == "LM-ATT-032"


def test_a_machine_without_the_algorithm_says_so(tmp_path, monkeypatch):
    class Missing:
        @staticmethod
        def from_seed_bytes(_):
            raise UnsupportedAlgorithm("not in this OpenSSL")

    SecondLogSigner.make(tmp_path / "key")
    with monkeypatch.context() as patch:
        patch.setattr(mldsa, "MLDSA44PrivateKey", Missing)
        for act in (lambda: SecondLogSigner.make(tmp_path / "other"), lambda: SecondLogSigner.load(tmp_path / "key")):
            with pytest.raises(EnvironmentLacksError) as caught:
                act()
            assert caught.value.code == "LM-ATT-053"
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("start", [0, 12])
def test_a_trust_policy_names_it(start):
    wire = {"secondLogKey": SECOND.vkey} | ({"secondLogKeyFrom": start} if start else {})
    policy = parse_trust_policy(data(**wire))
    assert (policy.second_log_key, policy.second_log_key_from) == (SECOND.vkey, start)
    assert parse_trust_policy(format_trust_policy(policy)) == policy
    assert set(json.loads(format_trust_policy(policy))) - set(json.loads(data())) == set(wire)


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param({"secondLogKeyFrom": 3}, id="from without a key"),
        pytest.param({"secondLogKey": SECOND.vkey, "secondLogKeyFrom": -1}, id="negative"),
        pytest.param({"secondLogKey": "text"}, id="no key"),
        pytest.param({"secondLogKey": NoteKey(ORIGIN).vkey}, id="an Ed25519 key"),
        pytest.param({"secondLogKey": NoteKey("other.example", KeyType.MLDSA44).vkey}, id="of another log"),
        pytest.param({"secondLogKey": SECOND.vkey[:-4] + "AAA="}, id="another hash"),
    ],
)
def test_a_policy_with_another_thing_there_is_none(wire):
    with pytest.raises(UsageError) as caught:
        parse_trust_policy(data(**wire))
    assert caught.value.code == "LM-ATT-050"


def test_w03_the_second_key_of_the_log_is_no_witness():
    named = NoteKey("witness.example", KeyType.MLDSA44, seed=ORIGIN)
    assert named.public_key == SECOND.public_key
    with pytest.raises(UsageError) as caught:
        parse_trust_policy(data(secondLogKey=SECOND.vkey, witnesses=[named.vkey], quorum=1))
    assert caught.value.code == "LM-ATT-090"
    assert len(witness_policy(parse_trust_policy(data(witnesses=[named.vkey], quorum=1))).witnesses) == 1
