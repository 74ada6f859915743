"""The values of the room: keys, notes, checkpoints, cosignatures, tiles, proof files, policies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class KeyType(IntEnum):
    """The signature types of C2SP ``signed-note`` that are verified here; lines of all others are kept and ignored."""

    ED25519 = 0x01
    """Ed25519 over the note's text: what a log signs its checkpoints with."""
    COSIGNATURE = 0x04
    """Ed25519 with a time, over a checkpoint (C2SP ``tlog-cosignature``, ``cosignature/v1``)."""
    MLDSA44 = 0x06
    """ML-DSA-44 (FIPS 204) with a time, over a checkpoint (C2SP ``tlog-cosignature``, ``subtree/v1``)."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A note key: `name`, the 32-bit `key_hash` of name, type and key, and the raw `public_key` (32 bytes; 1,312 for ML-DSA-44)."""

    name: str
    key_hash: int
    public_key: bytes
    kind: KeyType = KeyType.ED25519


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
class VerifiedSignature:
    """A signature line that holds. `time` is when it was made, in seconds since 1970, as its key says; None for a type without one."""

    key: VerifierKey
    time: int | None = None


@dataclass(frozen=True, slots=True)
class VerifiedNote:
    """A note with at least one good signature of a trusted key.

    `signatures` are the good ones, in the order of their lines, one for each key; `unknown` counts the lines of other keys.
    """

    text: str
    signatures: tuple[VerifiedSignature, ...]
    unknown: int

    @property
    def signers(self) -> tuple[VerifierKey, ...]:
        """The keys of the good signatures."""
        return tuple(signature.key for signature in self.signatures)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's commitment: the Merkle `root` over its first `size` entries."""

    origin: str
    size: int
    root: bytes
    extension: tuple[str, ...] = ()
    """Further lines; Lotmark writes none and by default refuses them."""


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request to a witness, nothing verified: the size that it is thought to know, the proof from there, the signed checkpoint."""

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes


@dataclass(frozen=True, slots=True)
class ProofFile:
    """A C2SP ``tlog-proof``, nothing verified. `extra` is context that nothing vouches for; None where the line is left out."""

    index: int
    proof: tuple[bytes, ...]
    note: bytes
    """The signed checkpoint, with the cosignatures that it carries."""
    extra: bytes | None = None


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile of C2SP ``tlog-tiles``, or the bundle of the entries under a tile of level 0."""

    level: int
    """0 to 63; `ENTRIES` (-1) for an entry bundle."""
    index: int
    width: int = 256
    """How many hashes or entries it holds; less than 256 in a partial one."""


@dataclass(frozen=True, slots=True)
class PolicyLog:
    """A log that a policy accepts."""

    key: VerifierKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class PolicyWitness:
    """A witness that a policy knows; `name` has no meaning outside of it."""

    name: str
    key: VerifierKey
    url: str = ""
    """Its submission prefix."""


@dataclass(frozen=True, slots=True)
class PolicyGroup:
    """A group that witnesses once `threshold` of its members do; a member is a witness or an earlier group."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A C2SP ``tlog-policy``: known logs, known witnesses, and which sets of them are enough."""

    logs: tuple[PolicyLog, ...] = ()
    witnesses: tuple[PolicyWitness, ...] = ()
    groups: tuple[PolicyGroup, ...] = ()
    quorum: str = "none"
    """Name of a witness or group; ``none`` asks for no cosignature."""


@dataclass(frozen=True, slots=True)
class Witnessing:
    """What a policy finds in a checkpoint: when each of its witnesses cosigned, and whether they are enough."""

    times: Mapping[str, int] = field(default_factory=dict)
    """Name of the witness in the policy -> seconds since 1970."""
    is_quorum: bool = False
    quorum_time: int | None = None
    """The latest moment at or after which a whole quorum cosigned; None without one, or where none is asked for."""
