"""One signature line: what each type signs, and whether it holds (C2SP ``signed-note`` and ``tlog-cosignature``).

A cosignature says: at this time, this was the largest consistent tree of the log that its key had seen. The Ed25519 form
covers the checkpoint's whole text; the ML-DSA-44 form covers cosigner, origin, size and root.
"""

import struct

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from lotmark.tlog._checkpoint_text import parse_checkpoint
from lotmark.tlog._vkeys import make_key
from lotmark.tlog.errors import CheckpointMalformedError, NoteUnverifiedError
from lotmark.tlog.models import KeyType, NoteSignature, VerifiedSignature, VerifierKey
from lotmark.tlog.ports import NoteSigner

_TIME = struct.Struct(">Q")
_MAX_TIME = 2**63 - 1
_LABEL = b"subtree/v1\n\0"
_MAX_NAME = 255
SIGNATURE_SIZE = {KeyType.ED25519: 64, KeyType.COSIGNATURE: 72, KeyType.MLDSA44: 2428}
"""Bytes of a signature of each kind, its time included, the key hash not."""


def verify_signature(key: VerifierKey, text: str, signature: bytes) -> VerifiedSignature:
    """The signature of `key` over a note's text, once it holds.

    Raises:
        NoteUnverifiedError: in every other case.
    """
    wrong = f"the signature of {key.name}+{key.key_hash:08x} is wrong"
    if len(signature) != SIGNATURE_SIZE[key.kind]:
        raise NoteUnverifiedError(f"{wrong}: it has {len(signature)} bytes")
    try:
        if key.kind is KeyType.ED25519:
            Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, text.encode())
            return VerifiedSignature(key)
        time = read_time(signature)
        message = _message(key.kind, key.name, text, time)
        if key.kind is KeyType.COSIGNATURE:
            Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature[_TIME.size :], message)
        else:
            _verify_mldsa44(key.public_key, signature[_TIME.size :], message)
    except NoteUnverifiedError:
        raise
    except (InvalidSignature, ValueError) as error:
        raise NoteUnverifiedError(wrong) from error
    return VerifiedSignature(key, time)


def read_time(signature: bytes) -> int:
    """The time of a cosignature (its bytes without the key hash), in seconds since 1970; nothing is verified.

    Raises:
        ValueError: if it has not the length of a cosignature, or a time beyond 2^63 - 1.
    """
    if len(signature) not in {SIGNATURE_SIZE[KeyType.COSIGNATURE], SIGNATURE_SIZE[KeyType.MLDSA44]}:
        raise ValueError(f"a cosignature of {len(signature)} bytes")
    (time,) = _TIME.unpack_from(signature)
    if time > _MAX_TIME:
        raise ValueError("a time beyond 2^63 - 1")
    return int(time)


def cosign(text: str, signer: NoteSigner, time: int, *, kind: KeyType = KeyType.COSIGNATURE) -> NoteSignature:
    """The signer's cosignature on the text of a checkpoint.

    Args:
        text: Of the checkpoint, without signature lines.
        signer: Signs bytes with an Ed25519 key, or an ML-DSA-44 key if `kind` says so.
        time: Now, in seconds since 1970. An ML-DSA-44 cosignature of a log may have 0, which says nothing of a time.
        kind: `KeyType.COSIGNATURE` or `KeyType.MLDSA44`.

    Raises:
        CheckpointMalformedError: if the text is no checkpoint, or a name in it is too long for the ML-DSA-44 form.
        KeyTextError: if the signer's name or key cannot be those of a key of the type.
        ValueError: for a time outside of 0 to 2^63 - 1.
    """
    if not 0 <= time <= _MAX_TIME or kind is KeyType.ED25519:
        raise ValueError(f"no time or type of a cosignature: {time}, {kind!r}")
    parse_checkpoint(text, allow_extension=True)
    key = make_key(signer.name, signer.public_key, kind)
    return NoteSignature(key.name, key.key_hash, _TIME.pack(time) + signer.sign(_message(kind, key.name, text, time)))


def _message(kind: KeyType, name: str, text: str, time: int) -> bytes:
    """What a cosignature of the type signs."""
    if kind is KeyType.COSIGNATURE:
        return f"cosignature/v1\ntime {time}\n{text}".encode()
    checkpoint = parse_checkpoint(text, allow_extension=True)
    names = [name.encode(), checkpoint.origin.encode()]
    if max(map(len, names)) > _MAX_NAME:
        raise CheckpointMalformedError(f"a name of more than {_MAX_NAME} bytes has no ML-DSA-44 cosignature")
    cosigner, origin = (bytes([len(value)]) + value for value in names)
    return _LABEL + cosigner + _TIME.pack(time) + origin + _TIME.pack(0) + _TIME.pack(checkpoint.size) + checkpoint.root


def _verify_mldsa44(public_key: bytes, signature: bytes, message: bytes) -> None:
    try:
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

        MLDSA44PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (ImportError, UnsupportedAlgorithm) as error:
        raise NoteUnverifiedError("this machine's cryptography library has no ML-DSA-44 (it needs cryptography 47 on OpenSSL 3.5)") from error
