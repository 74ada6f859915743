"""Ed25519 keys (RFC 8032): names, the check of a foreign public key, verification, PEM."""

import base64
import hashlib
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from lotmark.base.errors import UsageError

_SPKI_PREFIX: Final = bytes.fromhex("302a300506032b6570032100")
"""DER of SubjectPublicKeyInfo for Ed25519, up to the 32 key bytes (RFC 8410)."""
_RAW_SIZE: Final = 32
_PRIME: Final = 2**255 - 19
_ORDER_8: Final = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER: Final = frozenset({0, 1, _PRIME - 1, _ORDER_8, _PRIME - _ORDER_8})
"""The y of the eight points of small order: under such a key one signature fits many messages."""


def generate_key() -> Ed25519PrivateKey:
    """A fresh private key from the operating system's randomness."""
    return Ed25519PrivateKey.generate()


def key_id_of(public_key: bytes) -> str:
    """The id of a raw public key: SHA-256 (hex) of its DER SubjectPublicKeyInfo, as ``openssl`` makes it."""
    return hashlib.sha256(_SPKI_PREFIX + public_key).hexdigest()


def check_public_key(public_key: bytes) -> None:
    """Refuse bytes that are no usable Ed25519 public key.

    One key has one encoding (a second would pass for a second key) and no small order (its signatures prove nothing).

    Raises:
        UsageError: LM-ATT-037.
    """
    if len(public_key) != _RAW_SIZE:
        raise _unusable(f"it has {len(public_key)} bytes, not {_RAW_SIZE}")
    y = int.from_bytes(public_key, "little") & (2**255 - 1)
    if y >= _PRIME:
        raise _unusable("its encoding is not canonical")
    if y in _SMALL_ORDER:
        raise _unusable("it is a point of small order")


def verify_signature(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the signature over `message` holds under the raw public key. Bytes of any length are answered, never raised."""
    try:
        _loaded(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=1024)
def _loaded(public_key: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(public_key)


def public_pem(public_key: bytes) -> bytes:
    """Raw public key -> ``PUBLIC KEY`` PEM, as openssl reads it."""
    return b"-----BEGIN PUBLIC KEY-----\n%b\n-----END PUBLIC KEY-----\n" % base64.b64encode(_SPKI_PREFIX + public_key)


def parse_public_pem(data: bytes) -> bytes:
    """``PUBLIC KEY`` PEM -> the 32 raw bytes of a usable Ed25519 key.

    Raises:
        UsageError: LM-ATT-037.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _unusable("it is not a PEM public key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise _unusable("it is not an Ed25519 key")
    raw = key.public_bytes_raw()
    check_public_key(raw)
    return raw


def _unusable(reason: str) -> UsageError:
    return UsageError("LM-ATT-037", f"the public key cannot be used: {reason}", solution="make a key with `lotmark key new` and give its public half")
