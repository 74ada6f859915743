"""Ed25519 (RFC 8032, RFC 8410): which points are keys, and which signatures hold."""

from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

NAME: Final = "ed25519"
SPKI_PREFIX: Final = bytes.fromhex("302a300506032b6570032100")
"""DER of SubjectPublicKeyInfo for Ed25519, up to the 32 bytes of the point (RFC 8410)."""
POINT_SIZE: Final = 32
SIGNATURE_SIZES: Final = range(64, 65)
PRIME: Final = 2**255 - 19
ORDER_8: Final = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER: Final = frozenset({0, 1, PRIME - 1, ORDER_8, PRIME - ORDER_8})
"""The y of the eight points of small order: under such a key one signature fits many messages."""


def find_fault(point: bytes) -> str | None:
    """Why the 32 bytes are no usable public key, if so.

    One key has one encoding (a second would pass for a second key) and no small order (its signatures prove nothing).
    """
    y = int.from_bytes(point, "little") & (2**255 - 1)
    if y >= PRIME:
        return "its encoding is not canonical"
    if y in _SMALL_ORDER:
        return "it is a point of small order"
    return None


def holds(point: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the signature over `message` holds. Bytes of any length are answered, never raised."""
    try:
        _loaded(point).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def canonical(signature: bytes) -> bytes:
    """The signature itself: RFC 8032 gives a signature one form."""
    return signature


@lru_cache(maxsize=1024)
def _loaded(point: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(point)
