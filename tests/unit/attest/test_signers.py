"""Keys in files."""

import errno
import os
import shutil
import stat
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fakes.keyring import private_key, signer
from lotmark.attest import _pkcs8, _signers
from lotmark.attest.api import MIN_PASSPHRASE, FileSigner, KeySigner, PassphraseSigner, verify_signature, write_key
from lotmark.base.errors import EnvironmentLacksError, ExitCode, UsageError

pytestmark = pytest.mark.verifies("REQ-004", "RC-002")


needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl command is not installed")
PASSPHRASE = "correct horse battery"
CLEAR = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@pytest.fixture
def quick(monkeypatch):
    """Fewer rounds where the price of a guess is not the question."""
    monkeypatch.setattr(_pkcs8, "ROUNDS", 10)


def _write(path, data, mode=0o600):
    path.write_bytes(data)
    path.chmod(mode)
    return path


def _refusal(kind, call, *args):
    with pytest.raises(kind) as caught:
        call(*args)
    assert caught.value.solution
    return caught.value


def test_a_signer_signs_and_shows_no_secret():
    dana = KeySigner(private_key("dana"))
    assert verify_signature(dana.public_key, dana.sign(b"x"), b"x")
    assert repr(dana) == f"KeySigner({dana.key_id[:12]})"


def test_a_machine_key_is_written_and_read(tmp_path):
    path = tmp_path / "keys" / "pipeline.key"
    write_key(path, private_key("pipeline"), None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.read_bytes() == private_key("pipeline").private_bytes(*CLEAR)
    assert FileSigner.load(path).key_id == signer("pipeline").key_id
    assert os.listdir(path.parent) == ["pipeline.key"]


@needs_openssl
def test_a_person_key_is_sealed_with_the_full_number_of_rounds(tmp_path):
    path = tmp_path / "quinn.key"
    write_key(path, private_key("quinn"), PASSPHRASE)
    assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert PassphraseSigner.load(path, PASSPHRASE).key_id == signer("quinn").key_id
    listing = subprocess.run(["openssl", "asn1parse", "-in", path], capture_output=True, text=True, check=True).stdout
    assert f"INTEGER           :{600_000:06X}" in listing
    assert "hmacWithSHA256" in listing
    assert "aes-256-cbc" in listing


@needs_openssl
def test_openssl_opens_a_sealed_key_and_we_open_one_that_openssl_sealed(tmp_path, quick):
    ours, theirs = tmp_path / "ours.key", tmp_path / "theirs.key"
    write_key(ours, private_key("quinn"), PASSPHRASE)
    clear = subprocess.run(["openssl", "pkey", "-in", ours, "-passin", f"pass:{PASSPHRASE}"], capture_output=True, check=True).stdout
    assert clear == private_key("quinn").private_bytes(*CLEAR)
    command = ["openssl", "pkcs8", "-topk8", "-v2", "aes256", "-iter", "1000", "-passout", f"pass:{PASSPHRASE}", "-out", theirs]
    subprocess.run(command, input=clear, check=True)
    theirs.chmod(0o600)
    assert PassphraseSigner.load(theirs, PASSPHRASE).key_id == signer("quinn").key_id


def test_two_seals_of_one_key_differ(tmp_path, quick):
    for name in ("one", "two"):
        write_key(tmp_path / name, private_key("quinn"), PASSPHRASE)
    assert (tmp_path / "one").read_bytes() != (tmp_path / "two").read_bytes()


def test_a_passphrase_may_be_in_any_script(tmp_path, quick):
    path = tmp_path / "key"
    write_key(path, private_key("quinn"), "zwölf Boxkämpfer")
    assert PassphraseSigner.load(path, "zwölf Boxkämpfer").key_id == signer("quinn").key_id


@pytest.mark.parametrize("wrong", ["", "x", "correct horse batterz", PASSPHRASE + " ", "\0" * 20])
def test_a_wrong_passphrase_opens_nothing(tmp_path, quick, wrong):
    path = tmp_path / "key"
    write_key(path, private_key("quinn"), PASSPHRASE)
    refusal = _refusal(EnvironmentLacksError, PassphraseSigner.load, path, wrong)
    assert refusal.code == "LM-ATT-033"
    assert refusal.exit_code is ExitCode.ENVIRONMENT
    assert PASSPHRASE not in str(refusal)


def test_a_short_passphrase_seals_nothing(tmp_path):
    path = tmp_path / "key"
    refusal = _refusal(UsageError, write_key, path, private_key("quinn"), "x" * (MIN_PASSPHRASE - 1))
    assert refusal.code == "LM-ATT-034"
    assert os.listdir(tmp_path) == []


def test_a_key_that_others_sealed_with_a_short_passphrase_is_refused(tmp_path):
    sealed = private_key("quinn").private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"short"))
    refusal = _refusal(EnvironmentLacksError, PassphraseSigner.load, _write(tmp_path / "key", sealed), "short")
    assert refusal.code == "LM-ATT-034"


def test_sealed_and_unsealed_keys_are_not_mixed_up(tmp_path, quick):
    write_key(tmp_path / "sealed", private_key("quinn"), PASSPHRASE)
    write_key(tmp_path / "clear", private_key("quinn"), None)
    assert _refusal(EnvironmentLacksError, FileSigner.load, tmp_path / "sealed").code == "LM-ATT-035"
    assert _refusal(EnvironmentLacksError, PassphraseSigner.load, tmp_path / "clear", PASSPHRASE).code == "LM-ATT-035"


@pytest.mark.parametrize("mode", [0o400, 0o600])
def test_a_key_that_only_its_user_reads_is_taken(tmp_path, mode):
    assert FileSigner.load(_write(tmp_path / "key", private_key("log").private_bytes(*CLEAR), mode)).key_id == signer("log").key_id


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o644, 0o620, 0o602, 0o700, 0o610])
def test_a_key_that_is_open_to_others_is_refused(tmp_path, mode):
    path = _write(tmp_path / "key", private_key("log").private_bytes(*CLEAR), mode)
    for refusal in (_refusal(EnvironmentLacksError, FileSigner.load, path), _refusal(EnvironmentLacksError, PassphraseSigner.load, path, PASSPHRASE)):
        assert refusal.code == "LM-ATT-031"
        assert f"{mode:04o}" in refusal.reason


def test_a_link_a_folder_and_a_pipe_are_refused(tmp_path):
    write_key(tmp_path / "key", private_key("log"), None)
    (tmp_path / "link").symlink_to(tmp_path / "key")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(0o700)
    for name in ("link", "dangling", "pipe", "folder"):
        assert _refusal(EnvironmentLacksError, FileSigner.load, tmp_path / name).code == "LM-ATT-031"


def test_a_missing_file_and_a_huge_one_are_refused(tmp_path):
    assert _refusal(EnvironmentLacksError, FileSigner.load, tmp_path / "nothing").code == "LM-ATT-030"
    assert _refusal(EnvironmentLacksError, FileSigner.load, _write(tmp_path / "huge", b"x" * 70_000)).code == "LM-ATT-030"


@pytest.mark.attack("E10")
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a key",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        private_key("log").private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()),
        ec.derive_private_key(7, ec.SECP384R1()).private_bytes(*CLEAR),
    ],
    ids=["nothing", "text", "garbage", "OpenSSH", "ECDSA"],
)
def test_a_file_without_an_ed25519_key_in_pkcs8_is_refused(tmp_path, data):
    assert _refusal(EnvironmentLacksError, FileSigner.load, _write(tmp_path / "key", data)).code == "LM-ATT-032"


def test_a_sealed_key_of_another_algorithm_is_refused(tmp_path):
    sealed = ec.derive_private_key(7, ec.SECP384R1()).private_bytes(*CLEAR[:2], serialization.BestAvailableEncryption(PASSPHRASE.encode()))
    assert _refusal(EnvironmentLacksError, PassphraseSigner.load, _write(tmp_path / "key", sealed), PASSPHRASE).code == "LM-ATT-032"


def test_a_file_without_a_sealed_key_is_refused(tmp_path):
    assert _refusal(EnvironmentLacksError, PassphraseSigner.load, _write(tmp_path / "key", b"text"), PASSPHRASE).code == "LM-ATT-032"


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_an_existing_file_is_never_overwritten(tmp_path, quick, passphrase):
    path = _write(tmp_path / "key", b"precious", 0o640)
    refusal = _refusal(UsageError, write_key, path, private_key("quinn"), passphrase)
    assert refusal.code == "LM-ATT-036"
    assert path.read_bytes() == b"precious"
    assert os.listdir(tmp_path) == ["key"]


def test_a_link_is_never_written_through(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    assert _refusal(UsageError, write_key, tmp_path / "link", private_key("log"), None).code == "LM-ATT-036"
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("call", ["fsync", "link", "fchmod", "open"])
def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch, call):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(_signers.os, call, full)
    refusal = _refusal(EnvironmentLacksError, write_key, tmp_path / "key", private_key("log"), None)
    monkeypatch.undo()
    assert refusal.code == "LM-ATT-039"
    assert "No space left" in refusal.reason
    assert os.listdir(tmp_path) == []


def test_the_mode_does_not_depend_on_the_umask(tmp_path):
    before = os.umask(0o277)
    try:
        write_key(tmp_path / "key", private_key("log"), None)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_der_lengths_have_one_or_two_bytes():
    assert _pkcs8._der(0x04, b"x" * 127)[:2] == b"\x04\x7f"
    assert _pkcs8._der(0x04, b"x" * 128)[:3] == b"\x04\x81\x80"
