"""Signed notes: C2SP ``signed-note``, Ed25519 keys (algorithm 0x01) only.

Lines of keys that the caller does not name are counted and ignored, so a note can gather signatures of kinds that this
reader does not know. A wrong signature of a key that he names is an error even beside a good one.
"""

import base64
import binascii
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from lotmark.tlog.errors import KeyTextError, NoteMalformedError, NoteUnverifiedError
from lotmark.tlog.models import Note, NoteSignature, VerifiedNote, VerifierKey
from lotmark.tlog.ports import NoteSigner

ED25519 = 0x01
_PUBLIC_KEY_SIZE = 32
_SIGNATURE_SIZE = 64
_MAX_NOTE = 1_000_000
_MAX_SIGNATURES = 100
_PREFIX = "\N{EM DASH} "
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f]")
_KEY_HASH = re.compile(r"[0-9a-f]{8}\Z")


def key_hash(name: str, public_key: bytes) -> int:
    """The first four bytes of SHA-256 over name, newline, algorithm and key, as a big-endian number."""
    digest = hashlib.sha256(name.encode() + b"\n" + bytes([ED25519]) + public_key).digest()
    return int.from_bytes(digest[:4], "big")


def make_key(name: str, public_key: bytes) -> VerifierKey:
    """The verifier key of this name and raw Ed25519 key.

    Raises:
        KeyTextError: if the name is empty or holds a space, a plus sign or a control character, or the key is not 32 bytes.
    """
    if not is_key_name(name):
        raise KeyTextError(f"not a key name: {name[:80]!r}")
    if len(public_key) != _PUBLIC_KEY_SIZE:
        raise KeyTextError(f"an Ed25519 key of {len(public_key)} bytes")
    return VerifierKey(name, key_hash(name, public_key), public_key)


@lru_cache(maxsize=256)
def is_key_name(name: str) -> bool:
    """Whether C2SP ``signed-note`` allows the key name (and so the log origin)."""
    return bool(name) and not any(c == "+" or c.isspace() or unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in name)


def format_vkey(key: VerifierKey) -> str:
    """The text form ``name+hash+base64(algorithm and key)``."""
    return f"{key.name}+{key.key_hash:08x}+{base64.b64encode(bytes([ED25519]) + key.public_key).decode()}"


def parse_vkey(text: str) -> VerifierKey:
    """The text form of a verifier key -> key.

    Raises:
        KeyTextError: if it is anything else, has another algorithm, or its hash is not that of its name and key.
    """
    parts = text.split("+", 2)
    if len(parts) != 3 or not _KEY_HASH.match(parts[1]):
        raise KeyTextError(f"not a verifier key (name+hash+key): {text[:120]!r}")
    name, hash_text, key_text = parts
    try:
        data = decode_base64(key_text)
    except ValueError as error:
        raise KeyTextError(f"the verifier key {name[:80]!r} is not base64") from error
    if data[:1] != bytes([ED25519]):
        raise KeyTextError(f"the verifier key {name[:80]!r} is not an Ed25519 key")
    key = make_key(name, data[1:])
    if key.key_hash != int(hash_text, 16):
        raise KeyTextError(f"the hash of the verifier key {name[:80]!r} is not that of its name and key")
    return key


def sign_note(text: str, signer: NoteSigner) -> bytes:
    """The note of `text` with the signer's one signature.

    Raises:
        NoteMalformedError: if the text cannot be a note's.
        KeyTextError: if the signer's name or key cannot be a note key's.
    """
    key = make_key(signer.name, signer.public_key)
    signature = NoteSignature(key.name, key.key_hash, signer.sign(text.encode()))
    return format_note(Note(text, (signature,)))


def format_note(note: Note) -> bytes:
    """The bytes of a note with its signature lines.

    Raises:
        NoteMalformedError: if they would not parse as this note.
    """
    lines = (f"{_PREFIX}{s.name} {base64.b64encode(s.key_hash.to_bytes(4, 'big') + s.signature).decode()}\n" for s in note.signatures)
    data = (note.text + "\n" + "".join(lines)).encode()
    if parse_note(data) != note:
        raise NoteMalformedError("the text cannot stand in a signed note")
    return data


def parse_note(data: bytes) -> Note:
    """The bytes of a signed note -> text and signatures, nothing verified.

    Raises:
        NoteMalformedError: too long, not UTF-8, control characters, no text, no or too many signature lines, or one that is not well formed.
    """
    if len(data) > _MAX_NOTE:
        raise NoteMalformedError(f"a note of {len(data)} bytes, more than {_MAX_NOTE}")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoteMalformedError(f"the note is not UTF-8 at byte {error.start}") from error
    if _CONTROL.search(whole):
        raise NoteMalformedError("the note holds a control character")
    # The last empty line parts text and signatures: a text may hold empty lines itself.
    cut = whole.rfind("\n\n")
    if cut < 0 or not whole.endswith("\n"):
        raise NoteMalformedError("the note has no signature block")
    text, block = whole[: cut + 1], whole[cut + 2 :]
    lines = block.split("\n")[:-1]
    if not lines or len(lines) > _MAX_SIGNATURES:
        raise NoteMalformedError(f"the note has {len(lines)} signature lines")
    return Note(text, tuple(_parse_line(line) for line in lines))


def verify_note(data: bytes, keys: Iterable[VerifierKey]) -> VerifiedNote:
    """The note in `data`, once every line of the given keys holds and there is at least one.

    Raises:
        NoteMalformedError: if it is no note.
        NoteUnverifiedError: no line of a given key, a wrong signature, or two given keys with one name and hash.
    """
    return verify_parsed_note(parse_note(data), tuple(keys))


def verify_parsed_note(note: Note, keys: Sequence[VerifierKey]) -> VerifiedNote:
    """As `verify_note`, from the parsed note."""
    signers: list[VerifierKey] = []
    unknown = 0
    message = note.text.encode()
    for line in note.signatures:
        matching = [key for key in keys if (key.name, key.key_hash) == (line.name, line.key_hash)]
        if not matching:
            unknown += 1
            continue
        if len(matching) > 1:
            raise NoteUnverifiedError(f"two trusted keys are called {line.name}+{line.key_hash:08x}")
        key = matching[0]
        try:
            Ed25519PublicKey.from_public_bytes(key.public_key).verify(line.signature, message)
        except (InvalidSignature, ValueError) as error:
            raise NoteUnverifiedError(f"the signature of {line.name}+{line.key_hash:08x} is wrong") from error
        if key not in signers:
            signers.append(key)
    if not signers:
        raise NoteUnverifiedError("the note has no signature of a trusted key")
    return VerifiedNote(note.text, tuple(signers), unknown)


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


def _parse_line(line: str) -> NoteSignature:
    name, space, text = line.removeprefix(_PREFIX).partition(" ")
    if not line.startswith(_PREFIX) or not space or not is_key_name(name):
        raise NoteMalformedError(f"not a signature line: {line[:80]!r}")
    try:
        data = decode_base64(text)
    except ValueError as error:
        raise NoteMalformedError(f"the signature of {name[:80]!r} is not base64") from error
    if len(data) <= 4:
        raise NoteMalformedError(f"the signature of {name[:80]!r} is too short")
    return NoteSignature(name, int.from_bytes(data[:4], "big"), data[4:])
