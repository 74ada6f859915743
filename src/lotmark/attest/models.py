"""Evidence, Statement, Envelope, keys and the registry of predicate kinds: plain frozen values, no behaviour with secrets."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec

from lotmark.base.digest import Digest
from lotmark.base.errors import UsageError

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"

KeyKind = Literal["log", "pipeline", "person", "root"]
"""What a key may be for: the log's checkpoints, the pipeline's evidence, a person's signatures, enrolling other keys."""

KEY_KINDS: Final[frozenset[str]] = frozenset({"log", "pipeline", "person", "root"})


def lotmark_uri(name: str) -> str:
    """The predicateType of one of Lotmark's own kinds: ``https://lotmark.dev/attestation/<name>/v1``."""
    return f"https://lotmark.dev/attestation/{name}/v1"


class Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a Statement is about: a name and its DigestSet, in which sha256 always stands."""

    name: str
    digest: dict[str, str]


class Statement(msgspec.Struct, frozen=True):
    """An in-toto Statement v1 as it was parsed from verified bytes."""

    subject: tuple[Subject, ...]
    predicate_type: str
    predicate: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something to be stated, not yet signed: the kind by its registry name, the subjects and the predicate.

    `name` tells several of one kind in one stage apart; it is not part of the signed bytes.
    """

    kind: str
    subjects: tuple[Subject, ...]
    predicate: dict[str, Any]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A DSSE v1 envelope with exactly one signature.

    `raw` are the exact bytes that are stored for ever; `payload` the exact bytes that were signed.
    """

    payload: bytes
    payload_type: str
    key_id: str
    signature: bytes
    raw: bytes

    @property
    def digest(self) -> Digest:
        """The name of the stored bytes."""
        return Digest.of(self.raw)

    @property
    def payload_digest(self) -> Digest:
        """The name of the signed bytes; with the signer it is the identity of the evidence."""
        return Digest.of(self.payload)


@dataclass(frozen=True, slots=True)
class Person:
    """Who holds a key: id, the printed name as it is shown in signatures, and e-mail (may be empty)."""

    id: str
    name: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A public key for which root keys vouched, and the half-open interval of log indices in which it counts."""

    key_id: str
    algorithm: str
    """One of the allowed: ``ed25519``, ``ecdsa-p256-sha256``."""
    public_key: bytes
    """The raw bytes of the point: 32 (RFC 8032), or 65 (SEC 1, uncompressed)."""
    kind: KeyKind
    person: str
    """Id of the person who holds it; empty for a machine."""
    name: str
    """The person's printed name at enrolment; the kind of key for a machine."""
    valid_from: int
    valid_until: int | None
    email: str = ""
    ended_by: str = ""
    """The last event that shortened its interval: ``rotate``, ``revoke``, ``lost`` or ``compromised``; empty if none did."""
    disowned: tuple[int, int] | None = None
    """The half-open interval in which it counted until a compromise, its own or that of who vouched for it, took it away."""

    def is_valid_at(self, index: int) -> bool:
        """Whether the key counts for the entry at `index`."""
        return self.valid_from <= index and (self.valid_until is None or index < self.valid_until)

    def is_disowned_at(self, index: int) -> bool:
        """Whether what it signed at `index` counted once and does so no more."""
        return self.disowned is not None and self.disowned[0] <= index < self.disowned[1]


@dataclass(frozen=True, slots=True)
class Grant:
    """A key event that took effect: where, who had signed it, and how many root persons that took. It falls with them."""

    payload: Digest
    index: int
    signers: tuple[str, ...]
    """Ids of the root keys, in the order of signing."""
    needed: int
    keys: tuple[str, ...] = ()
    """Ids of the keys that count because of it."""
    threshold: int | None = None
    """The threshold that it set, if it set one."""
    fallen: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """A key event that too few root persons have signed: it has no effect yet."""

    payload: Digest
    index: int
    """Where it was signed first."""
    signers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trust:
    """Every key that was ever enrolled, ended ones too, in the order of enrolment; and what the roots have signed."""

    keys: tuple[KeyRecord, ...] = ()
    grants: tuple[Grant, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    _by_id: dict[str, KeyRecord] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_id", {key.key_id: key for key in self.keys})

    @property
    def root_threshold(self) -> int:
        """How many root persons must sign a key event."""
        return next((grant.threshold for grant in reversed(self.grants) if grant.threshold is not None and not grant.fallen), 1)

    def root_threshold_at(self, index: int) -> int:
        """How many root persons had to sign at `index`."""
        return next((grant.threshold for grant in reversed(self.grants) if grant.threshold is not None and not grant.fallen and grant.index < index), 1)

    def find(self, key_id: str) -> KeyRecord | None:
        """The key of that id, valid or not."""
        return self._by_id.get(key_id)

    def find_proposal(self, payload: Digest) -> Proposal | None:
        """The event of that payload, if it waits for signatures."""
        return next((proposal for proposal in self.proposals if proposal.payload == payload), None)

    def valid_at(self, index: int, kind: KeyKind | None = None) -> tuple[KeyRecord, ...]:
        """The keys, of that kind if given, that count for the entry at `index`."""
        return tuple(key for key in self.keys if key.is_valid_at(index) and kind in {None, key.kind})

    def is_disowned(self, key_id: str, index: int) -> bool:
        """Whether what that key signed at `index` counted once and was disowned later: kept, never counted."""
        key = self.find(key_id)
        return key is not None and key.is_disowned_at(index)


def count_signers(keys: Iterable[KeyRecord]) -> int:
    """How many signatures these keys are for a threshold: distinct persons, each with a public key that no other has."""
    owners = {key.public_key: key.person for key in keys if key.person}
    return len(set(owners.values()))


@dataclass(frozen=True, slots=True)
class Verified:
    """Evidence that holds: made by `verify_envelope` alone. `index` is its place in the log, `key` who signed."""

    index: int
    kind: str
    statement: Statement
    key: KeyRecord
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """What a caller trusts of one log: its origin and key, the root public keys, the witnesses and their quorum."""

    origin: str
    log_key: str
    """C2SP vkey of the log."""
    roots: tuple[bytes, ...]
    """Raw public keys that may open the log with a genesis event."""
    witnesses: tuple[str, ...] = ()
    """C2SP vkeys of witnesses, any `quorum` of which are enough; empty where `tlog_policy` names them."""
    quorum: int = 0
    root_threshold: int = 1
    """How many of the roots must have confirmed the log's keys, in a threshold event that each of them signed."""
    timestamp_roots: tuple[bytes, ...] = ()
    """CA certificates (X.509, DER) of the time stamping authorities that are trusted."""
    second_log_key: str = field(default="", kw_only=True)
    """C2SP vkey (ML-DSA-44, the origin as its name) with which the log signs checkpoints besides; empty where the caller asks for none."""
    second_log_key_from: int = field(default=0, kw_only=True)
    """The smallest size of log whose checkpoint must carry that signature."""
    tlog_policy: str = field(default="", kw_only=True)
    """Text of a C2SP tlog-policy: witnesses, groups and quorum, in place of `witnesses` and `quorum`."""


_KIND_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")


@dataclass(frozen=True, slots=True)
class PredicateKind:
    """A kind of evidence: its short name, predicateType, the clause that requires the record, and who may sign it.

    Raises:
        ValueError: if the name is no kebab-case word or a signer is no kind of key.
    """

    name: str
    uri: str
    clause: str
    """Which clause requires the record, hence whether Part 11 applies."""
    retention: str
    """Retention class: ``permanent``, or ``device-record`` for what is kept as the product's markets ask for."""
    signers: frozenset[str]
    """Kinds of key that may sign it."""
    schema: str | None = None
    """File in the owning room's ``schemas/``; None for a foreign predicate."""
    title: str = ""
    body: Any = None
    """msgspec type, or union of types, that a predicate must convert to, where the owning room gives one."""

    def __post_init__(self) -> None:
        if not _KIND_NAME.match(self.name):
            raise ValueError(f"not a name of a kind of evidence: {self.name!r}")
        if not self.signers or not self.signers <= KEY_KINDS:
            raise ValueError(f"{self.name}: signers must be some of {sorted(KEY_KINDS)}, not {sorted(self.signers)}")


class Registry:
    """The known kinds of evidence, by name and by predicateType; what is not in it never counts.

    Raises:
        ValueError: if two kinds share a name or a predicateType.
    """

    __slots__ = ("_by_name", "_by_uri")

    def __init__(self, kinds: Iterable[PredicateKind]) -> None:
        self._by_name: dict[str, PredicateKind] = {}
        self._by_uri: dict[str, PredicateKind] = {}
        for kind in kinds:
            if kind.name in self._by_name or kind.uri in self._by_uri:
                raise ValueError(f"the kind {kind.name!r} ({kind.uri}) is registered twice")
            self._by_name[kind.name] = kind
            self._by_uri[kind.uri] = kind

    def kind(self, name: str) -> PredicateKind:
        """The kind of that name.

        Raises:
            UsageError: LM-ATT-010 if there is none.
        """
        found = self._by_name.get(name)
        if found is None:
            raise UsageError("LM-ATT-010", f"unknown kind of evidence {name!r}", solution=f"use one of: {', '.join(sorted(self._by_name))}")
        return found

    def find(self, name: str) -> PredicateKind | None:
        """The kind of that name, if it is known."""
        return self._by_name.get(name)

    def find_uri(self, uri: str) -> PredicateKind | None:
        """The kind of that predicateType, if it is known."""
        return self._by_uri.get(uri)

    def __iter__(self) -> Iterator[PredicateKind]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)
