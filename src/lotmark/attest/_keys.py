"""Public keys: names, the check of a foreign one, verification, PEM. Which algorithms there are stands in `_algorithms`."""

import base64
import hashlib
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lotmark.attest._algorithms import ALGORITHMS, Algorithm, find_algorithm
from lotmark.base.errors import UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

_ALLOWED: Final = " or ".join(ALGORITHMS)


def generate_key() -> Ed25519PrivateKey:
    """A fresh Ed25519 private key from the operating system's randomness."""
    return Ed25519PrivateKey.generate()


def algorithm_of(public_key: bytes) -> str:
    """The name of the algorithm with which the key signs: ``ed25519`` (32 bytes) or ``ecdsa-p256-sha256`` (65 bytes).

    Raises:
        UsageError: LM-ATT-037 if no allowed key has so many bytes.
    """
    return _get(public_key).name


def key_id_of(public_key: bytes) -> str:
    """The id of a raw public key: SHA-256 (hex) of its DER SubjectPublicKeyInfo, as ``openssl`` makes it.

    Raises:
        UsageError: LM-ATT-037 if no allowed key has so many bytes.
    """
    return hashlib.sha256(_get(public_key).spki_prefix + public_key).hexdigest()


def check_public_key(public_key: bytes) -> None:
    """Refuse bytes that are no usable public key: each key has one encoding and is a point that proves something.

    Raises:
        UsageError: LM-ATT-037.
    """
    fault = _get(public_key).find_fault(public_key)
    if fault:
        raise _unusable(fault)


def verify_signature(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the signature over `message` holds under the raw public key. Bytes of any length are answered, never raised."""
    algorithm = find_algorithm(public_key)
    return algorithm is not None and algorithm.holds(public_key, signature, message)


def canonical_signature(public_key: bytes, signature: bytes) -> bytes:
    """The one form of a signature that a key gave (ECDSA: the lower s in strict DER); only that form counts.

    Raises:
        ValueError: if it is no signature of the key's algorithm.
        UsageError: LM-ATT-037 if no allowed key has so many bytes.
    """
    return _get(public_key).canonical(signature)


def public_pem(public_key: bytes) -> bytes:
    """Raw public key -> ``PUBLIC KEY`` PEM, as openssl reads it."""
    text = base64.b64encode(_get(public_key).spki_prefix + public_key)
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return b"\n".join([b"-----BEGIN PUBLIC KEY-----", *lines, b"-----END PUBLIC KEY-----", b""])


def parse_public_pem(data: bytes) -> bytes:
    """``PUBLIC KEY`` PEM -> the raw bytes of a usable key of an allowed algorithm.

    Raises:
        UsageError: LM-ATT-025 another algorithm, LM-ATT-037 no usable key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _unusable("it is not a PEM public key") from error
    raw = raw_public_key(key)
    check_public_key(raw)
    return raw


def raw_public_key(key: "PublicKeyTypes") -> bytes:
    """The raw bytes of a public key object of ``cryptography``.

    Raises:
        UsageError: LM-ATT-025 if its algorithm is not allowed.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for algorithm in ALGORITHMS.values():
        if der.startswith(algorithm.spki_prefix) and len(der) == len(algorithm.spki_prefix) + algorithm.point_size:
            return der[len(algorithm.spki_prefix) :]
    raise UsageError(
        "LM-ATT-025",
        f"ALGORITHM_NOT_ALLOWED: the key is neither {_ALLOWED.replace(' or ', ' nor ')}",
        solution="make a key with `lotmark key generate`, or a P-256 key in your HSM or key service",
    )


def _get(public_key: bytes) -> Algorithm:
    algorithm = find_algorithm(public_key)
    if algorithm is None:
        sizes = " or ".join(f"{row.point_size} ({row.name})" for row in ALGORITHMS.values())
        raise _unusable(f"it has {len(public_key)} bytes, not {sizes}")
    return algorithm


def _unusable(reason: str) -> UsageError:
    return UsageError("LM-ATT-037", f"the public key cannot be used: {reason}", solution="make a key with `lotmark key generate` and give its public half")
