"""DSSE: the published vector, and securesystemslib as a foreign signer and verifier."""

import base64
import json
import os
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from securesystemslib.dsse import Envelope as ForeignEnvelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey

from fakes.keyring import KeyLog, private_key, signer
from lotmark.attest.api import build_payload, pae, parse_envelope, sign_payload, verify_envelope
from lotmark.attest.models import PAYLOAD_TYPE, Evidence, PredicateKind, Registry, Subject
from lotmark.base.errors import IntegrityError

pytestmark = pytest.mark.verifies("REQ-003")


REFERENCE = Path(os.environ.get("LOTMARK_REFERENCE", Path(__file__).parents[2] / ".." / "shared" / "reference"))
REGISTRY = Registry([PredicateKind("thing", "urn:thing", "", "", frozenset({"pipeline"}))])
EVIDENCE = Evidence("thing", (Subject("a", {"sha256": "ab" * 32}),), {"text": "é\U0001f600"})


@pytest.fixture(scope="module")
def vector():
    path = REFERENCE / "vectors" / "dsse.json"
    if not path.exists():
        pytest.skip(f"the reference vectors are not at {REFERENCE} (LOTMARK_REFERENCE)")
    return json.loads(path.read_text())["vectors"][0]


def _foreign_key(name):
    key = SSlibKey.from_crypto(private_key(name).public_key(), keyid=signer(name).key_id)
    assert key.scheme == "ed25519"
    return key


def test_the_pre_authentication_encoding_is_that_of_the_specification(vector):
    assert pae(vector["payloadType"], vector["payload"].encode()).decode() == vector["pae"]


def test_the_published_signature_is_over_our_encoding(vector):
    numbers = ec.EllipticCurvePublicNumbers(int(vector["p256_x"]), int(vector["p256_y"]), ec.SECP256R1())
    raw = base64.b64decode(vector["sig"])
    signature = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key = numbers.public_key()
    key.verify(signature, pae(vector["payloadType"], vector["payload"].encode()), ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        key.verify(signature, pae(vector["payloadType"], b"hello worle"), ec.ECDSA(hashes.SHA256()))


def test_a_foreign_verifier_accepts_our_envelope():
    envelope = sign_payload(build_payload(EVIDENCE, REGISTRY), signer("pipeline"))
    foreign = ForeignEnvelope.from_dict(json.loads(envelope.raw))
    assert foreign.pae() == pae(envelope.payload_type, envelope.payload)
    assert set(foreign.verify([_foreign_key("pipeline")], 1)) == {signer("pipeline").key_id}
    with pytest.raises(VerificationError):
        ForeignEnvelope.from_dict(json.loads(envelope.raw)).verify([_foreign_key("mallory")], 1)


def test_we_accept_the_envelope_of_a_foreign_signer():
    log = KeyLog()
    log.add("enrol", "pipeline", "pipeline")
    foreign = ForeignEnvelope(build_payload(EVIDENCE, REGISTRY), PAYLOAD_TYPE, {})
    foreign.sign(CryptoSigner(private_key("pipeline"), _foreign_key("pipeline")))
    envelope = parse_envelope(json.dumps(foreign.to_dict()).encode())
    verified = verify_envelope(envelope, kind="thing", index=2, trust=log.trust, registry=REGISTRY)
    assert verified.statement.predicate == EVIDENCE.predicate


@pytest.mark.attack("E05")
def test_one_key_under_two_ids_that_a_foreign_verifier_counts_twice_is_refused_here():
    payload = build_payload(EVIDENCE, REGISTRY)
    raw = json.loads(sign_payload(payload, signer("pipeline")).raw)
    raw["signatures"].append({**raw["signatures"][0], "keyid": "ab" * 32})
    keys = [_foreign_key("pipeline"), SSlibKey.from_crypto(private_key("pipeline").public_key(), keyid="ab" * 32)]
    assert len(ForeignEnvelope.from_dict(json.loads(json.dumps(raw))).verify(keys, 2)) == 2
    with pytest.raises(IntegrityError) as caught:
        parse_envelope(json.dumps(raw).encode())
    assert caught.value.code == "LM-ATT-012"
