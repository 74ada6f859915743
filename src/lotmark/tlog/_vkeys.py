"""Verifier keys (C2SP ``signed-note``) and what a signature of each kind is made over."""

import base64
import binascii
import hashlib
import re
import unicodedata
from functools import lru_cache

from lotmark.tlog.errors import KeyTextError
from lotmark.tlog.models import KeyType, VerifierKey

_PUBLIC_KEY_SIZE = {KeyType.ED25519: 32, KeyType.COSIGNATURE: 32, KeyType.MLDSA44: 1312}
_KEY_HASH = re.compile(r"[0-9a-f]{8}\Z")


def key_hash(name: str, public_key: bytes, kind: KeyType = KeyType.ED25519) -> int:
    """The first four bytes of SHA-256 over name, newline, signature kind and key, as a big-endian number."""
    digest = hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public_key).digest()
    return int.from_bytes(digest[:4], "big")


def make_key(name: str, public_key: bytes, kind: KeyType = KeyType.ED25519) -> VerifierKey:
    """The verifier key of this name, raw public key and type.

    Raises:
        KeyTextError: if the name is empty or holds a space, a plus sign or a control character, or the key has not the
            length of its type.
    """
    if not is_key_name(name):
        raise KeyTextError(f"not a key name: {name[:80]!r}")
    if len(public_key) != _PUBLIC_KEY_SIZE[kind]:
        raise KeyTextError(f"a key of {len(public_key)} bytes, one of its type has {_PUBLIC_KEY_SIZE[kind]}")
    return VerifierKey(name, key_hash(name, public_key, kind), public_key, kind)


def log_key(name: str, public_key: bytes) -> VerifierKey:
    """The key with which the log of this name signs its checkpoints; the number of bytes tells Ed25519 (32) from ML-DSA-44 (1,312).

    Raises:
        KeyTextError: as `make_key`.
    """
    return make_key(name, public_key, KeyType.MLDSA44 if len(public_key) == _PUBLIC_KEY_SIZE[KeyType.MLDSA44] else KeyType.ED25519)


@lru_cache(maxsize=256)
def is_key_name(name: str) -> bool:
    """Whether C2SP ``signed-note`` allows the key name (and so the log origin)."""
    return bool(name) and not any(c == "+" or c.isspace() or unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in name)


def format_vkey(key: VerifierKey) -> str:
    """The text form ``name+hash+base64(kind and key)``."""
    return f"{key.name}+{key.key_hash:08x}+{base64.b64encode(bytes([key.kind]) + key.public_key).decode()}"


def parse_vkey(text: str) -> VerifierKey:
    """The text form of a verifier key -> key.

    Raises:
        KeyTextError: if it is anything else, of a type that is not verified here, or its hash is not that of its name and key.
    """
    parts = text.split("+", 2)
    if len(parts) != 3 or not _KEY_HASH.match(parts[1]):
        raise KeyTextError(f"not a verifier key (name+hash+key): {text[:120]!r}")
    name, hash_text, key_text = parts
    try:
        data = decode_base64(key_text)
    except ValueError as error:
        raise KeyTextError(f"the verifier key {name[:80]!r} is not base64") from error
    if not data or data[0] not in _PUBLIC_KEY_SIZE:
        raise KeyTextError(f"the verifier key {name[:80]!r} is not an Ed25519 key, nor one for cosignatures (0x04) or ML-DSA-44 (0x06)")
    key = make_key(name, data[1:], KeyType(data[0]))
    if key.key_hash != int(hash_text, 16):
        raise KeyTextError(f"the hash of the verifier key {name[:80]!r} is not that of its name and key")
    return key


def decode_base64(text: str) -> bytes:
    """Standard base64 in its one canonical form -> bytes.

    Raises:
        ValueError: wrong alphabet, padding, or bits set that decoders drop.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64") from error
    if base64.b64encode(data).decode() != text:
        raise ValueError("not the canonical form of base64")
    return data
