"""A foreign verifier agrees: openssl checks note and cosignature, and its hashes give the tiles and the root."""

import base64
import shutil
import subprocess

import pytest

from fakes.note_signers import Log, NoteKey
from lotmark.tlog import api as tlog
from lotmark.tlog.models import KeyType

pytestmark = [
    pytest.mark.verifies("REQ-005", "REQ-060", "REQ-061"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed"),
]

LOG = Log(leaves=5)
WITNESS = NoteKey("w.example", KeyType.COSIGNATURE)
NOTE = WITNESS.cosign(LOG.note(5), 1_790_000_000)
SPKI = bytes.fromhex("302a300506032b6570032100")
"""DER before the 32 bytes of an Ed25519 public key (RFC 8410, section 4)."""


def openssl(*words, data=b""):
    return subprocess.run(["openssl", *words], input=data, capture_output=True, check=False)


def holds(folder, public_key, message, signature):
    for name, data in (("key", SPKI + public_key), ("message", message), ("signature", signature)):
        (folder / name).write_bytes(data)
    words = ("pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", str(folder / "key"), "-rawin")
    return openssl(*words, "-in", str(folder / "message"), "-sigfile", str(folder / "signature")).returncode == 0


def parts():
    """Text and signature lines, cut with nothing of ours."""
    text, _, block = NOTE.decode().rpartition("\n\n")
    return text + "\n", [base64.b64decode(line.split(" ")[2]) for line in block.splitlines()]


@pytest.mark.parametrize("changed", [False, True])
def test_openssl_verifies_the_log_s_signature(tmp_path, changed):
    text, (line, _) = parts()
    message = text.encode() + (b"x" if changed else b"")
    assert holds(tmp_path, LOG.signer.public_key, message, line[4:]) is not changed


@pytest.mark.parametrize("changed", [False, True])
def test_openssl_verifies_the_cosignature_over_its_time_and_the_checkpoint(tmp_path, changed):
    text, (_, line) = parts()
    time = int.from_bytes(line[4:12], "big") + changed
    message = f"cosignature/v1\ntime {time}\n{text}".encode()
    assert holds(tmp_path, WITNESS.public_key, message, line[12:]) is not changed


def sha256(data):
    return openssl("dgst", "-sha256", "-binary", data=data).stdout


def test_openssl_hashes_the_tree_to_the_same_tile_and_root():
    leaves = [sha256(b"\x00" + str(number).encode()) for number in range(5)]
    writer = tlog.TileWriter()
    for leaf in LOG.leaves:
        assert list(writer.append(leaf)) == []
    assert list(writer.edge().values()) == [tuple(leaves)]
    pairs = [sha256(b"\x01" + leaves[0] + leaves[1]), sha256(b"\x01" + leaves[2] + leaves[3])]
    root = sha256(b"\x01" + sha256(b"\x01" + pairs[0] + pairs[1]) + leaves[4])
    assert root == LOG.checkpoint(5).root


def test_openssl_makes_the_key_hash():
    digest = sha256(b"w.example\n\x04" + WITNESS.public_key)
    assert int.from_bytes(digest[:4], "big") == WITNESS.key.key_hash
