"""Envelopes: one form in, one form out."""

import base64
import json

import pytest

from fakes.keyring import signer
from lotmark.attest import _envelope
from lotmark.attest.api import pae, parse_envelope, sign_payload, verify_signature
from lotmark.attest.models import PAYLOAD_TYPE
from lotmark.base.errors import EnvironmentLacksError, IntegrityError

pytestmark = pytest.mark.verifies("REQ-003", "RC-001", "HAZ-001")


DANA = signer("dana")


def _tree():
    return json.loads(sign_payload(b"payload", DANA).raw)


def _raw(change):
    tree = _tree()
    change(tree)
    return json.dumps(tree).encode()


def test_the_pre_authentication_encoding_counts_bytes():
    assert pae("té", "ö".encode()) == b"DSSEv1 3 t\xc3\xa9 2 \xc3\xb6"
    assert pae("", b"") == b"DSSEv1 0  0 "


def test_a_signed_envelope_is_parsed_to_itself():
    envelope = sign_payload(b"payload \xff", DANA)
    assert parse_envelope(envelope.raw) == envelope
    assert envelope.payload == b"payload \xff"
    assert envelope.key_id == DANA.key_id
    assert envelope.payload_type == PAYLOAD_TYPE
    assert verify_signature(DANA.public_key, envelope.signature, pae(PAYLOAD_TYPE, b"payload \xff"))


def test_signing_the_same_bytes_again_gives_the_same_envelope():
    assert sign_payload(b"payload", DANA).raw == sign_payload(b"payload", DANA).raw


class _BrokenSigner:
    key_id = DANA.key_id
    public_key = DANA.public_key

    def __init__(self, signature):
        self.signature = signature

    def sign(self, data):
        return self.signature


@pytest.mark.parametrize("signature", [b"", bytes(64), signer("quinn").sign(b"x")])
def test_a_signer_that_returns_a_bad_signature_is_caught_before_anything_is_recorded(signature):
    with pytest.raises(EnvironmentLacksError) as caught:
        sign_payload(b"payload", _BrokenSigner(signature))
    assert caught.value.code == "LM-ATT-038"


@pytest.mark.attack("E07")
def test_spaces_and_order_change_the_stored_bytes_but_not_the_identity():
    tree = _tree()
    other = parse_envelope(json.dumps(dict(reversed(tree.items())), indent=2).encode())
    first = sign_payload(b"payload", DANA)
    assert other.digest != first.digest
    assert (other.payload_digest, other.key_id, other.signature) == (first.payload_digest, first.key_id, first.signature)


@pytest.mark.attack("E04")
@pytest.mark.parametrize("signatures", [[], [_tree()["signatures"][0]] * 2], ids=["none", "two"])
def test_an_envelope_has_exactly_one_signature(signatures):
    with pytest.raises(IntegrityError) as caught:
        parse_envelope(_raw(lambda tree: tree.update(signatures=signatures)))
    assert caught.value.code == "LM-ATT-012"


def _spare_bits(text):
    """The same bytes in base64 with a spare bit set, which lax decoders ignore."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = len(text.rstrip("=")) - 1
    return text[:last] + alphabet[alphabet.index(text[last]) + 1] + text[last + 1 :]


@pytest.mark.attack("E07")
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda tree: tree.update(extra=1), id="unknown field"),
        pytest.param(lambda tree: tree["signatures"][0].update(cert="x"), id="unknown field in the signature"),
        pytest.param(lambda tree: tree.pop("payloadType"), id="no payloadType"),
        pytest.param(lambda tree: tree.update(payloadType=1), id="payloadType no text"),
        pytest.param(lambda tree: tree.update(payload=None), id="payload no text"),
        pytest.param(lambda tree: tree.update(signatures={}), id="signatures no list"),
        pytest.param(lambda tree: tree.update(signatures=["x"]), id="signature no object"),
        pytest.param(lambda tree: tree["signatures"][0].pop("keyid"), id="no keyid"),
        pytest.param(lambda tree: tree["signatures"][0].update(keyid=""), id="empty keyid"),
        pytest.param(lambda tree: tree["signatures"][0].update(keyid=DANA.key_id.upper()), id="keyid in capitals"),
        pytest.param(lambda tree: tree["signatures"][0].update(keyid=DANA.key_id + "\n"), id="keyid with line feed"),
        pytest.param(lambda tree: tree["signatures"][0].update(sig=7), id="sig no text"),
        pytest.param(lambda tree: tree["signatures"][0].update(sig=base64.b64encode(bytes(63)).decode()), id="sig of 63 bytes"),
        pytest.param(lambda tree: tree["signatures"][0].update(sig=base64.b64encode(bytes(65)).decode()), id="sig of 65 bytes"),
        pytest.param(lambda tree: tree.update(payload="cGF5bG9hZA"), id="no padding"),
        pytest.param(lambda tree: tree.update(payload="cGF5bG9hZA==\n"), id="base64 with line feed"),
        pytest.param(lambda tree: tree.update(payload="cGF5 bG9hZA=="), id="base64 with space"),
        pytest.param(lambda tree: tree.update(payload="é"), id="not ASCII"),
        pytest.param(lambda tree: tree.update(payload=base64.urlsafe_b64encode(b"\xff\xfe\xfd").decode()), id="other alphabet"),
        pytest.param(lambda tree: tree.update(payload=_spare_bits(tree["payload"])), id="spare bits in payload"),
        pytest.param(lambda tree: tree["signatures"][0].update(sig=_spare_bits(tree["signatures"][0]["sig"])), id="spare bits in sig"),
    ],
)
def test_any_other_form_of_an_envelope_is_refused(change):
    with pytest.raises(IntegrityError) as caught:
        parse_envelope(_raw(change))
    assert caught.value.code == "LM-ATT-011"
    assert caught.value.solution


@pytest.mark.parametrize(("raw", "code"), [(b"", "LM-INT-001"), (b"[]", "LM-ATT-011"), (b"null", "LM-ATT-011")])
def test_what_is_no_object_is_refused(raw, code):
    with pytest.raises(IntegrityError) as caught:
        parse_envelope(raw)
    assert caught.value.code == code


@pytest.mark.attack("P01")
def test_an_envelope_with_two_payloads_is_refused():
    raw = sign_payload(b"payload", DANA).raw
    with pytest.raises(IntegrityError) as caught:
        parse_envelope(raw[:-1] + b',"payload":"AAAA"}')
    assert caught.value.code == "LM-INT-002"


def test_reading_by_position_and_parsing_agree_on_every_change_of_a_byte():
    """The short way through the form that is written may take nothing that the parser refuses, nor read it otherwise."""
    raw = sign_payload(b"a payload of some length \xff\x00", DANA).raw
    for place in range(len(raw)):
        for change in (b"", b"A", b"=", b'"', b"\n", b"\xff", raw[place : place + 1] * 2):
            changed = raw[:place] + change + raw[place + 1 :]
            assert _outcome(_envelope._read_canonical, changed) in {None, _outcome(_envelope._read_any, changed)}


def test_an_envelope_cut_anywhere_is_refused_by_both_ways():
    raw = sign_payload(b"p" * 80, DANA).raw
    for length in range(len(raw)):
        assert _envelope._read_canonical(raw[:length]) is None
        with pytest.raises(IntegrityError):
            parse_envelope(raw[:length])


@pytest.mark.parametrize("payload", [b"", b"p", b"pp", b"ppp", bytes(range(256)), b'{"a":"' + b"x" * 3000 + b'"}'])
def test_every_payload_is_read_by_position_as_the_parser_reads_it(payload):
    raw = sign_payload(payload, DANA).raw
    assert _envelope._read_canonical(raw) == _envelope._read_any(raw) == parse_envelope(raw)


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: tree.update(payloadType="application/x"),
        lambda tree: tree["signatures"][0].update(keyid="AB" * 32),
        lambda tree: tree["signatures"][0].update(sig=base64.b64encode(b"\x30" + b"s" * 69).decode()),
    ],
)
def test_what_is_not_of_the_written_form_is_left_to_the_parser(change):
    tree = _tree()
    change(tree)
    raw = json.dumps(tree, separators=(",", ":")).encode()
    assert _envelope._read_canonical(raw) is None


def test_an_envelope_larger_than_any_document_may_be_is_refused_unread():
    with pytest.raises(IntegrityError) as caught:
        parse_envelope(bytes(64 * 1024 * 1024 + 1))
    assert caught.value.code == "LM-INT-006"


def _outcome(read, raw):
    try:
        envelope = read(raw)
    except IntegrityError as error:
        return error.code
    return envelope and (envelope.payload, envelope.payload_type, envelope.key_id, envelope.signature, envelope.raw)
