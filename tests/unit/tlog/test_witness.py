"""The witness protocol: C2SP ``tlog-witness``, request, judgement, answer."""

import base64

import pytest

from fakes.note_signers import Log, NoteKey
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import WitnessRefusalError
from lotmark.tlog.models import AddCheckpoint, Checkpoint, KeyType

pytestmark = pytest.mark.verifies("REQ-062", "RC-060")

LOG = Log()
KEYS = [LOG.signer.key]


def request(old, new, proof=None, note=None):
    return AddCheckpoint(old, LOG.consistency(old, new) if proof is None else proof, note or LOG.note(new))


def judge(asked, known=None, keys=KEYS):
    return tlog.judge_checkpoint(asked, keys, known)


def refused(status, asked, known=None, keys=KEYS):
    with pytest.raises(WitnessRefusalError) as caught:
        judge(asked, known, keys)
    assert caught.value.status == status
    return caught.value


@pytest.mark.parametrize("old,new", [(0, 1), (0, 40), (1, 2), (5, 8), (8, 8), (31, 40), (40, 40)])
def test_a_checkpoint_that_continues_the_known_one_is_accepted(old, new):
    asked = request(old, new)
    assert tlog.parse_add_checkpoint(tlog.format_add_checkpoint(asked)) == asked
    assert judge(asked, LOG.checkpoint(old) if old else None) == LOG.checkpoint(new)


def test_the_empty_log_is_cosigned_too():
    assert judge(request(0, 0, ())) == LOG.checkpoint(0)
    assert judge(request(0, 5, ()), LOG.checkpoint(0)) == LOG.checkpoint(5)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"old 0\n", id="no empty line"),
        pytest.param(b"\nold 0\n\n", id="an empty first line"),
        pytest.param(b"old 00\n\nx", id="leading zero"),
        pytest.param(b"old -1\n\nx", id="negative"),
        pytest.param(b"old +1\n\nx", id="a sign"),
        pytest.param(b"old  1\n\nx", id="two spaces"),
        pytest.param(b"old 1 \n\nx", id="a space behind"),
        pytest.param(b"old 1\r\n\r\nx", id="CRLF"),
        pytest.param("old ١\n\nx".encode(), id="an Arabic digit"),
        pytest.param(b"old 99999999999999999999\n\nx", id="too large"),
        pytest.param(b"size 1\n\nx", id="another word"),
        pytest.param(b"old 1\n!!\n\nx", id="a proof line that is not base64"),
        pytest.param(b"old 1\nAAB=\n\nx", id="a proof line in another base64"),
        pytest.param(b"old 1\n" + b"AAAA\n" * 64 + b"\nx", id="64 proof lines"),
        pytest.param(b"old 1\n\n" + b"x" * tlog.MAX_REQUEST, id="too long"),
    ],
)
def test_a_malformed_request_is_400(body):
    with pytest.raises(WitnessRefusalError) as caught:
        tlog.parse_add_checkpoint(body)
    assert caught.value.status == 400


def test_63_proof_lines_are_read():
    assert len(tlog.parse_add_checkpoint(b"old 1\n" + b"AAAA\n" * 63 + b"\nx").proof) == 63


@pytest.mark.parametrize("note", [b"", b"\xff\n\n", b"log\n1\n\n", b"log\n01\nAAAA\n\nx"])
def test_a_request_without_a_checkpoint_is_400(note):
    asked = AddCheckpoint(0, (), note)
    refused(400, asked)
    with pytest.raises(WitnessRefusalError):
        tlog.read_origin(asked)


def test_an_unknown_log_is_404_whatever_its_signature():
    assert tlog.read_origin(request(0, 5)) == "log.example/one"
    refused(404, request(0, 5), keys=[])


def test_a_checkpoint_without_a_signature_of_the_log_is_403():
    stranger = NoteKey("stranger.example")
    refused(403, request(0, 5, note=tlog.sign_note(tlog.parse_note(LOG.note(5)).text, stranger)))


def test_a_wrong_signature_under_the_name_of_the_log_is_403():
    note = LOG.note(5).replace(b"\n\n", b"\n\n\xe2\x80\x94 log.example/one " + base64.b64encode(KEYS[0].key_hash.to_bytes(4, "big") + bytes(64)) + b"\n")
    refused(403, request(0, 5, note=note))


def test_a_signature_line_that_cannot_be_read_is_403():
    refused(403, request(0, 5, note=LOG.note(5)[:-2] + b"*\n"))


def test_further_signatures_of_others_are_ignored():
    note = NoteKey("stranger.example", KeyType.COSIGNATURE).cosign(LOG.note(5), 1)
    assert judge(request(0, 5, note=note)).size == 5


def test_an_old_size_beyond_the_checkpoint_is_400():
    refused(400, request(8, 5, ()), LOG.checkpoint(8))


@pytest.mark.parametrize("old,known", [(0, 5), (3, 5), (6, 5), (1, 0)])
def test_an_old_size_that_is_not_the_known_one_is_409_and_tells_it(old, known):
    refusal = refused(409, request(old, 8), LOG.checkpoint(known) if known else None)
    assert refusal.size == known
    assert tlog.parse_size(tlog.format_size(refusal.size)) == known


@pytest.mark.parametrize("body", [b"", b"5", b"05\n", b"5\n\n", b"-5\n", b"five\n"])
def test_an_answer_409_that_is_no_size_tells_nothing(body):
    with pytest.raises(WitnessRefusalError) as caught:
        tlog.parse_size(body)
    assert (caught.value.status, caught.value.size) == (409, None)


def test_another_root_at_the_known_size_is_422():
    other = Log(salt="other")
    refused(422, request(5, 5, (), other.note(5)), LOG.checkpoint(5))


def test_an_empty_tree_with_another_root_is_422():
    text = "log.example/one\n0\n" + base64.b64encode(bytes(32)).decode() + "\n"
    refused(422, request(0, 0, (), tlog.sign_note(text, LOG.signer)))


def test_a_proof_from_the_empty_tree_is_422():
    refused(422, request(0, 5, (bytes(32),)))
    refused(422, request(0, 5, (bytes(32),)), LOG.checkpoint(0))


def test_a_rewritten_history_is_422_with_every_proof_that_it_can_make():
    other = Log(salt="other")
    for proof in (other.consistency(5, 8), LOG.consistency(5, 8), ()):
        refused(422, request(5, 8, proof, other.note(8)), LOG.checkpoint(5))


@pytest.mark.parametrize("change", [lambda p: p[:-1], lambda p: (*p, bytes(32)), lambda p: (p[0][:31], *p[1:]), lambda p: (*p[:-1], bytes(33))])
def test_a_proof_with_missing_extra_or_odd_hashes_is_422(change):
    refused(422, request(5, 8, change(LOG.consistency(5, 8))), LOG.checkpoint(5))


def test_a_log_may_have_several_keys():
    second = NoteKey("log.example/one", seed="the next key")
    note = tlog.sign_checkpoint(LOG.checkpoint(5), second)
    assert judge(request(0, 5, note=note), keys=[LOG.signer.key, second.key]) == LOG.checkpoint(5)


def test_extension_lines_are_allowed_as_the_specification_says():
    checkpoint = Checkpoint("log.example/one", 5, LOG.checkpoint(5).root, ("more",))
    assert judge(request(0, 5, note=tlog.sign_checkpoint(checkpoint, LOG.signer))).extension == ("more",)
