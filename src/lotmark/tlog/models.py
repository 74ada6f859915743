"""The values of the room: keys, notes, checkpoints."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """An Ed25519 note key: `name`, the 32-bit `key_hash` of name and key, and the raw 32-byte `public_key`."""

    name: str
    key_hash: int
    public_key: bytes


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: `signature` without the four bytes of the key hash."""

    name: str
    key_hash: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A parsed note, nothing verified: `text` ends in a newline and is what the signatures cover."""

    text: str
    signatures: tuple[NoteSignature, ...]


@dataclass(frozen=True, slots=True)
class VerifiedNote:
    """A note with at least one good signature of a trusted key.

    `signers` are those keys, in the order of their lines and without repeats; `unknown` counts the lines of other keys.
    """

    text: str
    signers: tuple[VerifierKey, ...]
    unknown: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's commitment: the Merkle `root` over its first `size` entries."""

    origin: str
    size: int
    root: bytes
    extension: tuple[str, ...] = ()
    """Further lines; Lotmark writes none and by default refuses them."""
