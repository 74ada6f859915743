"""ECDSA over P-256 with SHA-256 (FIPS 186-5, SEC 1, RFC 5480), as keys in hardware and in key services sign.

For every signature (r, s) there is a second one, (r, n - s), that anybody can compute; so only the one with the lower s,
in the one DER encoding, is a signature here.
"""

from functools import lru_cache
from typing import Final, TypeGuard

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

NAME: Final = "ecdsa-p256-sha256"
SPKI_PREFIX: Final = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
"""DER of SubjectPublicKeyInfo for P-256, up to the 65 bytes of the uncompressed point (RFC 5480)."""
POINT_SIZE: Final = 65
SIGNATURE_SIZES: Final = range(8, 73)
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PrivateKey = ec.EllipticCurvePrivateKey
_ECDSA: Final = ec.ECDSA(hashes.SHA256())


def find_fault(point: bytes) -> str | None:
    """Why the 65 bytes are no usable public key, if so: one encoding, and a point of the curve (its order is prime)."""
    try:
        if point[:1] == b"\x04" and _loaded(point):
            return None
    except ValueError:
        return "it is no point of P-256"
    return "it is not the uncompressed encoding of its point"


def holds(point: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the signature over `message` holds and is the canonical one. Bytes of any length are answered, never raised."""
    try:
        if canonical(signature) != signature:
            return False
        _loaded(point).verify(signature, message, _ECDSA)
    except (InvalidSignature, ValueError):
        return False
    return True


def canonical(signature: bytes) -> bytes:
    """The one form of a DER signature: its lower s, in strict DER.

    Raises:
        ValueError: if it is no DER signature with 0 < r, s < n.
    """
    r, s = decode_dss_signature(signature)
    if not (0 < r < ORDER and 0 < s < ORDER):
        raise ValueError("r and s lie between 0 and the order of the curve")
    return encode_dss_signature(r, min(s, ORDER - s))


def is_private_key(key: object) -> TypeGuard[PrivateKey]:
    """Whether a private key object of ``cryptography`` is one of this curve."""
    return isinstance(key, PrivateKey) and isinstance(key.curve, ec.SECP256R1)


def sign(private: PrivateKey, message: bytes) -> bytes:
    """A signature over `message`, in its one form."""
    return canonical(private.sign(message, _ECDSA))


@lru_cache(maxsize=1024)
def _loaded(point: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
