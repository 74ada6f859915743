"""The vectors of other implementations: RFC 6962 trees and proofs, signed notes, checkpoints (see the index beside them for their origins)."""

import base64
import json
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lotmark.tlog import api as tlog
from lotmark.tlog.errors import (
    CheckpointMalformedError,
    KeyTextError,
    NoteMalformedError,
    NoteUnverifiedError,
    PolicyMalformedError,
    ProofError,
    ProofFileMalformedError,
    TileError,
    WitnessRefusalError,
)
from lotmark.tlog.models import AddCheckpoint, KeyType, Note

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


def test_cosignature_keys_and_times_are_read_as_in_go():
    """One key text is read otherwise: Go never compares the hash of an ML-DSA-44 key with its name and key, and in the vector
    it is that of another key. The specification says how it is made; with that hash the text is read."""
    found = vectors("cosignature")
    types = {"ed25519": KeyType.ED25519, "ed25519-cosignature/v1": KeyType.COSIGNATURE, "ml-dsa-44": KeyType.MLDSA44}
    for case in found["vkeys"]:
        if case.get("alg") == "ml-dsa-44":
            with pytest.raises(KeyTextError, match="the hash of the verifier key 'test' is not that"):
                tlog.parse_vkey(case["vkey"])
            case["vkey"] = case["vkey"].replace("+5893dc2c+", "+31236897+")
        if case["ok"]:
            key = tlog.parse_vkey(case["vkey"])
            assert (key.kind, tlog.format_vkey(key)) == (types[case["alg"]], case["vkey"])
        else:
            with pytest.raises(KeyTextError):
                tlog.parse_vkey(case["vkey"])
    for case in found["timestamps"]:
        line = f"\N{EM DASH} w {case['sig']}\n"
        if case["unix"] is None:
            with pytest.raises(ValueError):
                tlog.read_time(tlog.parse_signatures(line)[0].signature)
        else:
            assert tlog.read_time(tlog.parse_signatures(line)[0].signature) == case["unix"]
    assert (len(found["vkeys"]), len(found["timestamps"])) == (6, 3)


ONE_KEY_TWICE = {"group numerical", "group all", "group any"}
"""The Go reader lets one public key stand for two witnesses; the duplicate-key rule of C2SP ``tlog-policy`` refuses that."""


def test_every_policy_is_judged_as_in_go_but_where_one_key_would_count_twice():
    cases = vectors("tlog_policy")
    for case in cases:
        data = case["policy"].encode()
        if case["ok"] and case["name"] not in ONE_KEY_TWICE:
            policy = tlog.parse_policy(data)
            assert policy.quorum == "g1"
            assert tlog.parse_policy(tlog.format_policy(policy)) == policy
            continue
        with pytest.raises(PolicyMalformedError, match="stands twice" if case["ok"] else None):
            tlog.parse_policy(data)
    assert len(cases) == 11


def test_every_proof_file_is_judged_as_in_go():
    cases = vectors("tlog_proof_parse")
    for case in cases:
        data = case["proof"].encode()
        if case["ok"]:
            proof = tlog.parse_proof_file(data)
            assert (proof.index, proof.proof, proof.note) == (0, (), b"checkpoint\n")
            assert tlog.format_proof_file(proof) == data
        else:
            with pytest.raises(ProofFileMalformedError):
                tlog.parse_proof_file(data)
    assert len(cases) == 9


def test_tile_paths_are_those_of_the_go_checksum_database_without_its_height():
    """C2SP dropped the height from the path, fixed it at 8 and calls the data tiles entries."""
    good = 0
    for case in vectors("sumdb_tlog")["tile_paths"]:
        _, _, rest = case["path"].split("/", 2)
        path = f"tile/{rest.replace('data', 'entries')}"
        if case["tile"] is None:
            with pytest.raises(TileError):
                tlog.parse_tile_path(path)
            continue
        _, level, index, width = case["tile"]
        tile = tlog.parse_tile_path(path)
        assert (tile.level, tile.index) == (level, index)
        assert tile.width == (width if ".p/" in path else 256)
        assert tlog.format_tile_path(tile) == path
        good += 1
    assert good == 6


def test_a_growing_tree_has_as_many_new_tiles_as_in_go():
    for case in vectors("sumdb_tlog")["new_tiles_height_10"]:
        assert tlog.count_new_tiles(case["old"], case["new"], height=10) == case["count"]


def test_a_witness_answers_every_update_as_the_vectors_want():
    found = vectors("witness_protocol")
    log, notes = found["keys"], found["checkpoints"]
    key, signer = tlog.parse_vkey(log["log_vkey"]), GoSigner(log["log_skey"])
    nodes = {5: notes["root5_hex"], 8: tlog.parse_checkpoint(tlog.parse_note(notes["size8"].encode()).text).root.hex(), 4: "00" * 32}
    for case in found["updates"]:
        size, note = case["stored"], notes.get(case.get("new", ""), "").encode()
        if "new_root_hex" in case:
            note = tlog.sign_note(f"monkeys\n5\n{base64.b64encode(bytes.fromhex(case['new_root_hex'])).decode()}\n", signer)
        known = tlog.parse_checkpoint(f"monkeys\n{size}\n{base64.b64encode(bytes.fromhex(nodes[size])).decode()}\n") if size else None
        request = AddCheckpoint(case["old"], tuple(bytes.fromhex(text) for text in case["proof"]), note)
        if case["want"] == "cosign":
            assert tlog.judge_checkpoint(request, [key], known) == tlog.verify_checkpoint(note, [key])
            continue
        with pytest.raises(WitnessRefusalError) as caught:
            tlog.judge_checkpoint(request, [key], known)
        # "422 (C2SP) or 409 (this implementation)": ours is the one of C2SP.
        assert caught.value.status == (422 if isinstance(case["want"], str) else case["want"]), case["name"]
    assert len(found["updates"]) == 8


SIGSUM_KEY = "ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f"
"""The log's public key in the test from which the conversation is taken; it stands beside it and not in the vectors."""


def test_a_witness_leads_the_recorded_conversation():
    """One answer is another: an unknown log was 403 when it was recorded, and is 404 in C2SP ``tlog-witness`` now."""
    conversation = vectors("witness_protocol")["http_conversation"]
    origin = conversation[0]["body"].split("\n")[2]
    log = tlog.make_key(origin, bytes.fromhex(SIGSUM_KEY))
    known, answers = None, []
    for turn in conversation:
        request = tlog.parse_add_checkpoint(turn["body"].encode())
        keys = [log] if tlog.read_origin(request) == origin else []
        try:
            known = tlog.judge_checkpoint(request, keys, known)
        except WitnessRefusalError as refusal:
            answers.append((refusal.status, tlog.format_size(refusal.size).decode() if refusal.status == 409 else str(refusal)))
        else:
            answers.append((200, ""))
    assert [status for status, _ in answers] == [200, 403, 404, 422, 422, 200, 409, 200, 409]
    assert [turn["status"] for turn in conversation] == [200, 403, 403, 422, 422, 200, 409, 200, 409]
    for turn, (_, told) in zip(conversation, answers, strict=True):
        if turn["status"] != 200:
            wanted = turn["asserts"].split('"')[1].replace("\\n", "\n")
            assert wanted in told
            assert turn["status"] != 409 or wanted == told


def test_foreign_signature_types_are_kept_and_ignored():
    """ECDSA, RFC 6962 tree heads and whatever comes: they stand in the note and verify nothing."""
    for case in vectors("notes_real"):
        if "alg" in case["name"]:
            data = case["note"].encode()
            note = tlog.parse_note(data)
            assert tlog.format_note(note) == data
            own = GoSigner("PRIVATE+KEY+monkeys+db4d9f7e+ATWIAF3yVBG+Hv1rZFQoNt/BaURkLPtOFMAM2HrEeIr6")
            more = tlog.add_signatures(data, tlog.parse_note(tlog.sign_note(note.text, own)).signatures)
            verified = tlog.verify_note(more, [tlog.make_key(own.name, own.public_key)])
            assert verified.unknown == len(note.signatures)
            assert isinstance(tlog.parse_note(more), Note)
