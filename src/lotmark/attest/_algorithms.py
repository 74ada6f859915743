"""The algorithms that are allowed; what is not in this table does not count (RFC 8725, 3.1: no algorithm is taken on trust).

A public key is the bytes of its point, and their number tells the curve; the algorithm tells how a signature over a
message is made with it. So a second algorithm on a curve that is here already (a passkey's, which signs other bytes) is
one more row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lotmark.attest import _ed25519, _p256


@dataclass(frozen=True, slots=True)
class Algorithm:
    """How one kind of public key is named, checked and used."""

    name: str
    point_size: int
    """Bytes of the encoded point."""
    spki_prefix: bytes
    """DER of SubjectPublicKeyInfo before the point."""
    signature_sizes: range
    find_fault: Callable[[bytes], str | None]
    """Point of the right size -> why it is no usable key, if so."""
    holds: Callable[[bytes, bytes, bytes], bool]
    """(point, signature, message) -> whether the signature is good and in its one form. Never raises."""
    canonical: Callable[[bytes], bytes]
    """Signature -> its one form; ValueError if it is none."""


def _row(module: object) -> Algorithm:
    names = ("NAME", "POINT_SIZE", "SPKI_PREFIX", "SIGNATURE_SIZES", "find_fault", "holds", "canonical")
    return Algorithm(*(getattr(module, name) for name in names))


ALGORITHMS: Final[dict[str, Algorithm]] = {row.name: row for row in map(_row, (_ed25519, _p256))}
"""Name on the wire -> the algorithm."""

_BY_POINT: Final[dict[int, Algorithm]] = {row.point_size: row for row in ALGORITHMS.values()}


def find_algorithm(public_key: bytes) -> Algorithm | None:
    """The algorithm with which keys on the curve of this point sign, by the size of the point."""
    return _BY_POINT.get(len(public_key))
