"""Public keys: names, refusals, PEM."""

import hashlib

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from fakes.keyring import private_key, signer
from lotmark.attest._ed25519 import ORDER_8 as _ORDER_8
from lotmark.attest._ed25519 import PRIME as _PRIME
from lotmark.attest.api import check_public_key, generate_key, key_id_of, parse_public_pem, public_pem, verify_signature
from lotmark.base.errors import UsageError

pytestmark = pytest.mark.verifies("REQ-004", "RC-002")


def test_a_key_id_is_the_sha256_of_the_der_public_key():
    public = private_key("dana").public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert key_id_of(public.public_bytes_raw()) == hashlib.sha256(der).hexdigest() == signer("dana").key_id


def test_each_generated_key_is_another():
    assert generate_key().private_bytes_raw() != generate_key().private_bytes_raw()


def test_a_generated_key_is_usable():
    check_public_key(generate_key().public_key().public_bytes_raw())


def test_pem_is_what_other_tools_write():
    public = private_key("dana").public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert public_pem(public.public_bytes_raw()) == pem
    assert parse_public_pem(pem) == public.public_bytes_raw()


def test_the_point_of_order_eight_is_on_the_curve():
    # -x^2 + y^2 = 1 + d x^2 y^2; its double has order four, so y = 0 there, so x^2 + y^2 = 0 here (RFC 8032, 5.1.4).
    d = -121665 * pow(121666, -1, _PRIME)
    y2 = _ORDER_8 * _ORDER_8
    x2 = (y2 - 1) * pow(d * y2 + 1, -1, _PRIME)
    assert (x2 + y2) % _PRIME == 0


@pytest.mark.parametrize("sign", [0, 1 << 255], ids=["even", "odd"])
@pytest.mark.parametrize("y", [0, 1, _PRIME - 1, _ORDER_8, _PRIME - _ORDER_8])
def test_a_key_of_small_order_is_refused(y, sign):
    with pytest.raises(UsageError, match="small order") as caught:
        check_public_key((y | sign).to_bytes(32, "little"))
    assert caught.value.code == "LM-ATT-037"


def test_under_a_key_of_small_order_one_signature_fits_many_messages():
    identity = (1).to_bytes(32, "little")
    forged = identity + bytes(32)
    key = Ed25519PublicKey.from_public_bytes(identity)
    for message in (b"pay", b"do not pay"):
        key.verify(forged, message)  # this is why it is refused at enrolment


@pytest.mark.attack("E05")
@pytest.mark.parametrize("y", [_PRIME, _PRIME + 1, _PRIME + 3, 2**255 - 1])
def test_a_second_encoding_of_a_key_is_refused(y):
    with pytest.raises(UsageError, match="not canonical"):
        check_public_key(y.to_bytes(32, "little"))


@pytest.mark.parametrize("size", [0, 31, 33, 64, 66])
def test_a_key_of_another_size_is_refused(size):
    with pytest.raises(UsageError, match="bytes, not 32"):
        check_public_key(b"\x42" * size)


@pytest.mark.attack("E10")
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        public_pem((1).to_bytes(32, "little")),
        private_key("dana").private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    ],
    ids=["nothing", "garbage", "small order", "a private key"],
)
def test_a_pem_of_anything_else_is_refused(data):
    with pytest.raises(UsageError) as caught:
        parse_public_pem(data)
    assert caught.value.code == "LM-ATT-037"


@pytest.mark.parametrize("public", [b"", b"\x42" * 31, b"\xff" * 32])
@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(64), bytes(65)])
def test_verifying_answers_and_never_raises(public, signature):
    assert verify_signature(public, signature, b"message") is False


def test_a_good_signature_holds_and_a_changed_message_does_not():
    dana = signer("dana")
    signature = dana.sign(b"message")
    assert verify_signature(dana.public_key, signature, b"message")
    assert not verify_signature(dana.public_key, signature, b"massage")
    assert not verify_signature(signer("quinn").public_key, signature, b"message")
