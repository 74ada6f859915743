"""Proof files: C2SP ``tlog-proof``."""

import pytest

from fakes.note_signers import Log, NoteKey
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import CheckpointMalformedError, NoteUnverifiedError, ProofError, ProofFileMalformedError
from lotmark.tlog.models import KeyType, ProofFile

pytestmark = pytest.mark.verifies("REQ-060")

LOG = Log()
KEYS = [LOG.signer.key]


def proof(index=3, size=8, extra=None, note=None):
    return ProofFile(index, LOG.inclusion(index, size), note or LOG.note(size), extra)


@pytest.mark.parametrize("extra", [None, b"", b"a record's name", bytes(range(256))])
@pytest.mark.parametrize("index,size", [(0, 1), (0, 8), (7, 8), (12, 40)])
def test_a_proof_file_is_read_back_and_verifies(index, size, extra):
    made = proof(index, size, extra)
    data = tlog.format_proof_file(made)
    assert tlog.parse_proof_file(data) == made
    assert tlog.verify_proof_file(made, LOG.leaves[index], KEYS, origin="log.example/one") == LOG.checkpoint(size)


def test_its_form_is_the_one_of_the_specification():
    lines = tlog.format_proof_file(proof(extra=b"x")).split(b"\n")
    assert lines[:3] == [b"c2sp.org/tlog-proof@v1", b"extra eA==", b"index 3"]
    assert (len(lines[3]), lines[6], lines[7]) == (44, b"", b"log.example/one")


def test_a_note_with_cosignatures_stays_whole():
    note = NoteKey("w.example", KeyType.COSIGNATURE).cosign(LOG.note(8), 1)
    assert tlog.parse_proof_file(tlog.format_proof_file(proof(note=note))).note == note


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda d: d.replace(b"@v1", b"@v2"), id="another version"),
        pytest.param(lambda d: d.replace(b"index 3", b"index 03"), id="leading zero"),
        pytest.param(lambda d: d.replace(b"index 3", b"index 3 "), id="a space behind"),
        pytest.param(lambda d: d.replace(b"index 3\n", b""), id="no index"),
        pytest.param(lambda d: d.replace(b"index 3\n", b"index 3\nindex 3\n"), id="index twice"),
        pytest.param(lambda d: d.replace(b"index 3\n", b"extra eA==\nextra eA==\nindex 3\n"), id="extra twice"),
        pytest.param(lambda d: d.replace(b"index 3\n", b"index 3\nextra eA==\n"), id="extra behind the index"),
        pytest.param(lambda d: d.replace(b"index 3\n", b"extra eA\nindex 3\n"), id="extra without padding"),
        pytest.param(lambda d: d.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(lambda d: d.replace(b"index 3\n", b"index 3\n" + b"A" * 43 + b"=\n" * 1 + (b"A" * 43 + b"=\n") * 64), id="too many hashes"),
        pytest.param(lambda d: d.replace(b"index 3\n", b"index 3\nAAAA\n"), id="a hash of 3 bytes"),
        pytest.param(lambda d: d.replace(b"index 3\n", b"index 3\n\xff\n"), id="a hash that is not ASCII"),
        pytest.param(lambda d: d.split(b"\n\n")[0] + b"\n", id="no checkpoint"),
        pytest.param(lambda d: d + bytes(1_200_000), id="too long"),
        pytest.param(lambda _: b"", id="nothing"),
        pytest.param(lambda _: b"c2sp.org/tlog-proof@v1\n\nx", id="only the first line"),
    ],
)
def test_what_is_not_of_the_form_is_refused(change):
    with pytest.raises(ProofFileMalformedError):
        tlog.parse_proof_file(change(tlog.format_proof_file(proof())))


@pytest.mark.parametrize("bad", [ProofFile(-1, (), b"x"), ProofFile(0, (bytes(31),), b"x"), ProofFile(0, (bytes(32),) * 65, b"x")])
def test_what_would_not_be_read_back_is_not_written(bad):
    with pytest.raises(ProofFileMalformedError):
        tlog.format_proof_file(bad)


def test_another_leaf_index_or_hash_does_not_verify():
    good = proof()
    for bad, leaf in (
        (good, LOG.leaves[4]),
        (ProofFile(4, good.proof, good.note), LOG.leaves[3]),
        (ProofFile(3, good.proof[:-1], good.note), LOG.leaves[3]),
        (ProofFile(3, (*good.proof, bytes(32)), good.note), LOG.leaves[3]),
        (ProofFile(8, good.proof, good.note), LOG.leaves[3]),
        (ProofFile(3, good.proof, LOG.note(9)), LOG.leaves[3]),
    ):
        with pytest.raises(ProofError):
            tlog.verify_proof_file(bad, leaf, KEYS)


def test_a_checkpoint_of_another_key_or_log_does_not_verify():
    with pytest.raises(NoteUnverifiedError):
        tlog.verify_proof_file(proof(), LOG.leaves[3], [NoteKey("log.example/one", seed="another").key])
    with pytest.raises(NoteUnverifiedError, match=r"not 'log\.example/two'"):
        tlog.verify_proof_file(proof(), LOG.leaves[3], KEYS, origin="log.example/two")
    with pytest.raises(CheckpointMalformedError):
        tlog.verify_proof_file(proof(note=tlog.sign_note("no checkpoint\n", LOG.signer)), LOG.leaves[3], KEYS)
