"""The vectors of other implementations: RFC 6962 trees and proofs, signed notes, checkpoints (see the index beside them for their origins)."""

import base64
import json
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lotmark.tlog import api as tlog
from lotmark.tlog.errors import CheckpointMalformedError, KeyTextError, NoteMalformedError, NoteUnverifiedError, ProofError

pytestmark = pytest.mark.verifies("REQ-005")


REFERENCE = Path(os.environ.get("LOTMARK_REFERENCE", Path(__file__).resolve().parents[2].parent / "shared" / "reference"))


def vectors(name):
    path = REFERENCE / "vectors" / f"{name}.json"
    if not path.is_file():
        pytest.skip(f"the reference vectors are not here: {path}")
    return json.loads(path.read_bytes())["vectors"]


def b64(text):
    return base64.b64decode(text or "")


def proof_of(vector):
    return [b64(text) for text in vector["proof"] or []]


def test_every_hash_node_and_root_of_the_rfc6962_tree_is_reproduced():
    tree = vectors("rfc6962_tree")
    leaves = [tlog.leaf_hash(bytes.fromhex(text)) for text in tree["leaf_inputs_hex"]]
    nodes = tlog.LeafNodes(leaves)
    for level, row in enumerate(tree["nodes_by_level"]):
        assert [nodes(level, position) for position in range(len(row))] == [b64(text) for text in row]
    assert [tlog.tree_root(leaves[:size]) for size in range(9)] == [b64(text) for text in tree["root_by_size_from_0"]]
    for case in tree["hashes"]:
        made = {
            "empty_root": lambda _: tlog.EMPTY_ROOT,
            "leaf": lambda c: tlog.leaf_hash(b64(c["data"])),
            "node": lambda c: tlog.node_hash(b64(c["left"]), b64(c["right"])),
        }[case["op"]](case)
        assert made == b64(case["want"])


def test_every_inclusion_probe_is_judged_as_the_go_implementation_judges_it():
    probes = vectors("merkle_inclusion_probes")
    for probe in probes:
        arguments = (b64(probe["leafHash"]), probe["leafIdx"], probe["treeSize"], proof_of(probe), b64(probe["root"]))
        if probe["wantErr"]:
            with pytest.raises(ProofError):
                tlog.verify_inclusion(*arguments)
        else:
            tlog.verify_inclusion(*arguments)
    assert len(probes) == 98


def test_every_consistency_probe_is_judged_as_the_go_implementation_judges_it():
    probes = vectors("merkle_consistency_probes")
    for probe in probes:
        arguments = (probe["size1"], probe["size2"], proof_of(probe), b64(probe["root1"]), b64(probe["root2"]))
        if probe["wantErr"]:
            with pytest.raises(ProofError):
                tlog.verify_consistency(*arguments)
        else:
            tlog.verify_consistency(*arguments)
    assert len(probes) == 98


class GoSigner:
    """A signer from the secret key text of Go's note package."""

    def __init__(self, text):
        _, _, self.name, self._hash, key = text.split("+", 4)
        self._key = Ed25519PrivateKey.from_private_bytes(b64(key)[1:])
        self.public_key = self._key.public_key().public_bytes_raw()

    def sign(self, data):
        return self._key.sign(data)


def test_a_note_is_signed_byte_for_byte_as_go_signs_it():
    for case in vectors("sumdb_note")["sign"]:
        assert tlog.sign_note(case["text"], GoSigner(case["skey"])) == case["want"].encode()


def test_every_sumdb_verifier_key_is_judged_as_go_judges_it():
    good = 0
    for case in vectors("sumdb_note")["vkeys"]:
        if not case["ok"]:
            with pytest.raises(KeyTextError):
                tlog.parse_vkey(case["vkey"])
            continue
        good += 1
        assert tlog.format_vkey(tlog.parse_vkey(case["vkey"])) == case["vkey"]
        text = case["vkey"]
        for start in range(len(text)):
            for end in range(start + 1, len(text) + 1):
                if (start, end) != (0, len(text)):
                    with pytest.raises(KeyTextError):
                        tlog.parse_vkey(text[start:end])
        for position in range(len(text)):
            with pytest.raises(KeyTextError):
                tlog.parse_vkey(text[:position] + chr(ord(text[position]) + 1) + text[position + 1 :])
    assert good == 2


def test_every_sumdb_note_opens_or_is_refused_as_in_go():
    errors = {
        "note has no verifiable signatures": NoteUnverifiedError,
        "ambiguous key": NoteUnverifiedError,
        "invalid signature": NoteUnverifiedError,
        "malformed note": NoteMalformedError,
    }
    for case in vectors("sumdb_note")["open"]:
        data, keys = b64(case["note_b64"]), [tlog.parse_vkey(text) for text in case["keys"]]
        if not case["ok"]:
            with pytest.raises(errors[case["error"]]):
                tlog.verify_note(data, keys)
            continue
        note = tlog.verify_note(data, keys)
        if "verified" in case:
            assert [key.name for key in note.signers] == case["verified"]
        if "unverified" in case:
            assert note.unknown == case["unverified"]


def test_real_ed25519_notes_of_public_logs_verify():
    cases = [case for case in vectors("notes_real") if "alg" not in case["name"]]
    for case in cases:
        key = tlog.parse_vkey(case["vkey"])
        assert tlog.verify_note(case["note"].encode(), [key]).signers == (key,)
    assert len(cases) == 2


def test_keys_of_other_algorithms_are_refused_by_name():
    cases = [case for case in vectors("notes_real") if "alg" in case["name"]]
    for case in cases:
        with pytest.raises(KeyTextError, match="not an Ed25519 key"):
            tlog.parse_vkey(case["vkey"])
    assert len(cases) == 3


def test_the_real_checkpoint_of_sum_golang_org_is_read():
    case = next(case for case in vectors("notes_real") if "35225469" in case["name"])
    checkpoint = tlog.verify_checkpoint(case["note"].encode(), [tlog.parse_vkey(case["vkey"])], origin="go.sum database tree")
    assert (checkpoint.size, checkpoint.root.hex()[:8]) == (35225469, "bede53e8")


def test_the_sumdb_tree_text_is_read_strictly():
    tree = vectors("sumdb_tlog")["tree_text"]
    checkpoint = tlog.parse_checkpoint(tree["good"])
    assert (checkpoint.size, checkpoint.root) == (tree["n"], tlog.leaf_hash(tree["root_is_leaf_hash_of"].encode()))
    # The first bad text has another origin: the reader that knows its log refuses it, this one reads it.
    assert tlog.parse_checkpoint(tree["bad"][0]).origin != checkpoint.origin
    for text in tree["bad"][1:]:
        with pytest.raises(CheckpointMalformedError):
            tlog.parse_checkpoint(text)


ROOT = base64.b64encode(tlog.leaf_hash(b"hello world")).decode()
LAX = {
    # Accepted by the lax Go parser; what this strict one says once the root has the length of a hash.
    "valid one": (True, True),
    "valid with different origin": (True, True),
    "valid with trailing data": (False, True),
    "valid with multiple trailing data lines": (False, True),
    "valid with trailing newlines": (False, False),
}


def test_every_bad_checkpoint_is_refused_and_good_ones_are_read_where_the_strict_form_allows_them():
    for case in vectors("checkpoint_parse"):
        if case["wantErr"]:
            for extension in (False, True):
                with pytest.raises(CheckpointMalformedError):
                    tlog.parse_checkpoint(case["text"], allow_extension=extension)
            continue
        with pytest.raises(CheckpointMalformedError):
            tlog.parse_checkpoint(case["text"])  # its root is not 32 bytes long
        lines = case["text"].split("\n")
        text = "\n".join([*lines[:2], ROOT, *lines[3:]])
        for extension, accepted in zip((False, True), LAX[case["name"]], strict=True):
            if accepted:
                assert tlog.parse_checkpoint(text, allow_extension=extension).origin == lines[0]
            else:
                with pytest.raises(CheckpointMalformedError):
                    tlog.parse_checkpoint(text, allow_extension=extension)
