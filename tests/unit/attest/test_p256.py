"""P-256 keys: one encoding of a point, one form of a signature; and what no allowed algorithm is."""

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from fakes.key_services import ORDER, other_half, p256_key
from fakes.keyring import NOON, KeyLog, private_key, signer
from lotmark.attest.api import (
    KeySigner,
    PassphraseSigner,
    algorithm_of,
    build_payload,
    canonical_signature,
    check_public_key,
    key_event,
    key_id_of,
    open_file_signer,
    parse_envelope,
    parse_public_pem,
    public_pem,
    sign_payload,
    verify_envelope,
    verify_signature,
    write_key,
)
from lotmark.attest.models import Evidence, Person, PredicateKind, Registry, Subject
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, UsageError

pytestmark = pytest.mark.verifies("REQ-332", "REQ-003", "REQ-004", "RC-001")

KEY = p256_key("hsm")
HSM = KeySigner(KEY)
KIND = PredicateKind("thing", "urn:thing", "", "", frozenset({"pipeline"}))
REGISTRY = Registry([KIND])
PAYLOAD = build_payload(Evidence("thing", (Subject("a", {"sha256": "ab" * 32}),), {}), REGISTRY)


@pytest.fixture
def log():
    log = KeyLog()
    event = key_event("enrol", public_key=HSM.public_key, kind="pipeline", person=None, reason="lives in the HSM", at=NOON)
    log.append(sign_payload(build_payload(event, log.registry), signer("ada")))
    return log


def test_a_key_has_the_id_and_the_pem_that_openssl_gives_it():
    der = KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    pem = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert key_id_of(HSM.public_key) == hashlib.sha256(der).hexdigest() == HSM.key_id
    assert public_pem(HSM.public_key) == pem
    assert parse_public_pem(pem) == HSM.public_key
    assert (len(HSM.public_key), algorithm_of(HSM.public_key)) == (65, "ecdsa-p256-sha256")


def test_an_envelope_signed_by_it_counts(log):
    envelope = sign_payload(PAYLOAD, HSM)
    assert 8 <= len(envelope.signature) <= 72
    assert verify_envelope(parse_envelope(envelope.raw), kind="thing", index=2, trust=log.trust, registry=REGISTRY).key.algorithm == "ecdsa-p256-sha256"


@pytest.mark.attack("E07")
def test_e07_the_other_half_of_its_signature_does_not(log):
    envelope = sign_payload(PAYLOAD, HSM)
    other = other_half(envelope.signature)
    KEY.public_key().verify(other, b"DSSEv1 28 application/vnd.in-toto+json %d %b" % (len(PAYLOAD), PAYLOAD), ec.ECDSA(hashes.SHA256()))
    forged = type(envelope)(envelope.payload, envelope.payload_type, envelope.key_id, other, envelope.raw)
    with pytest.raises(IntegrityError) as caught:
        verify_envelope(forged, kind="thing", index=2, trust=log.trust, registry=REGISTRY)
    assert caught.value.code == "LM-ATT-022"
    assert canonical_signature(HSM.public_key, other) == envelope.signature == canonical_signature(HSM.public_key, envelope.signature)


@pytest.mark.attack("E07")
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda r, s: b"", id="nothing"),
        pytest.param(lambda r, s: r.to_bytes(32, "big") + s.to_bytes(32, "big"), id="r and s side by side"),
        pytest.param(lambda r, s: encode_dss_signature(r, s) + b"\0", id="a byte more"),
        pytest.param(lambda r, s: b"\x30\x81" + encode_dss_signature(r, s)[1:], id="long form of the length"),
        pytest.param(lambda r, s: encode_dss_signature(0, s), id="r is 0"),
        pytest.param(lambda r, s: encode_dss_signature(r, 0), id="s is 0"),
        pytest.param(lambda r, s: encode_dss_signature(r + ORDER, s), id="r + n"),
        pytest.param(lambda r, s: encode_dss_signature(r, s + ORDER), id="s + n"),
        pytest.param(lambda r, s: encode_dss_signature(r, s ^ 1), id="another s"),
    ],
)
def test_e07_a_signature_has_one_form(change):
    r, s = decode_dss_signature(HSM.sign(b"m"))
    assert s <= ORDER // 2
    assert verify_signature(HSM.public_key, encode_dss_signature(r, s), b"m")
    assert verify_signature(HSM.public_key, change(r, s), b"m") is False


@pytest.mark.parametrize("signature", [b"", b"\x30", bytes(64), b"nonsense"])
def test_what_is_no_signature_has_no_canonical_form(signature):
    with pytest.raises(ValueError):
        canonical_signature(HSM.public_key, signature)


def test_an_ed25519_signature_has_one_form_anyway():
    assert canonical_signature(signer("ada").public_key, b"whatever it is") == b"whatever it is"


@pytest.mark.attack("E05")
@pytest.mark.parametrize(
    ("point", "words"),
    [
        pytest.param(b"\x02" + HSM.public_key[1:], "uncompressed", id="compressed tag"),
        pytest.param(b"\x06" + HSM.public_key[1:], "it is no", id="hybrid tag"),
        pytest.param(b"\x04" + bytes(64), "no point", id="not on the curve"),
        pytest.param(HSM.public_key[:-1] + bytes([HSM.public_key[-1] ^ 1]), "no point", id="beside the curve"),
        pytest.param(b"\x04" + b"\xff" * 64, "no point", id="beyond the field"),
    ],
)
def test_e05_a_point_has_one_encoding(point, words):
    with pytest.raises(UsageError, match=words) as caught:
        check_public_key(point)
    assert caught.value.code == "LM-ATT-037"
    assert verify_signature(point, HSM.sign(b"m"), b"m") is False


@pytest.mark.parametrize("size", [0, 33, 57, 64, 66])
def test_no_key_has_another_size(size):
    for call in (check_public_key, key_id_of, algorithm_of, public_pem):
        with pytest.raises(UsageError, match=f"{size} bytes"):
            call(bytes(size))
    assert verify_signature(bytes(size), bytes(64), b"m") is False


@pytest.mark.attack("E10")
@pytest.mark.parametrize("key", [rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP256K1())])
def test_e10_a_public_key_of_another_algorithm_is_refused(key):
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(UsageError, match="ALGORITHM_NOT_ALLOWED") as caught:
        parse_public_pem(pem)
    assert caught.value.code == "LM-ATT-025"


def test_a_file_is_opened_as_it_is_sealed(tmp_path):
    write_key(tmp_path / "open.key", private_key("ada"), None)
    asked = []
    assert open_file_signer(tmp_path / "open.key", lambda: asked.append(1) or "").key_id == signer("ada").key_id
    assert asked == []
    (tmp_path / "sealed.key").touch(mode=0o600)
    (tmp_path / "sealed.key").write_bytes(
        KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"correct horse battery"))
    )
    found = open_file_signer(tmp_path / "sealed.key", lambda: "correct horse battery")
    assert isinstance(found, PassphraseSigner)
    assert found.key_id == HSM.key_id
    with pytest.raises(EnvironmentLacksError) as caught:
        open_file_signer(tmp_path / "sealed.key", lambda: "another passphrase")
    assert caught.value.code == "LM-ATT-033"


def test_a_person_may_hold_one():
    event = key_event("enrol", public_key=HSM.public_key, kind="root", person=Person("ada", "Ada"), reason="in a token", at=NOON)
    assert event.predicate["key"] == {
        "id": HSM.key_id,
        "algorithm": "ecdsa-p256-sha256",
        "publicKey": event.predicate["key"]["publicKey"],
        "kind": "root",
    }
    assert len(event.predicate["key"]["publicKey"]) == 88
