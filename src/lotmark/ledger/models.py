"""The values of the room: header, entry, submission, receipt, report."""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from lotmark.attest.models import Envelope
from lotmark.base.digest import Digest
from lotmark.base.findings import Finding, has_errors
from lotmark.tlog.models import Witnessing


@dataclass(frozen=True, slots=True)
class Header:
    """What the log commits to for one entry; its strict ASCII JSON bytes are the leaf (``docs/spec/ledger.md``)."""

    kind: str
    """Registry name of the kind of evidence."""
    envelope: Digest
    """Of the envelope's stored bytes."""
    size: int
    """Of the envelope's stored bytes."""
    payload: Digest
    """Of the signed bytes."""
    keys: tuple[str, ...]
    """Key ids of the signers: a hint, as in the envelope."""
    scope: str
    """What the entry belongs to: ``product:<id>``, ``run:<run>``, ``release:<id>@<version>``."""
    received_at: str
    """When the ledger took it, RFC 3339 UTC; a claim, not an order."""
    slot: str = ""
    """A place that at most one entry takes; empty for none."""
    submitter: str = ""
    blobs: Digest | None = None
    """RFC 6962 root over the sorted raw digests of the blobs that the entry needs; None for none."""
    v: int = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of the log, its leaf hash checked against its header."""

    index: int
    header: Header
    header_bytes: bytes
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class Submission:
    """Something to append.

    It is the same as an earlier one if kind, payload, signer and scope are, or if its `slot` is taken: a step that is
    run again after a crash finds what it had recorded, even if its time stamps differ now.
    """

    envelope: Envelope
    kind: str
    scope: str
    slot: str = ""
    submitter: str = ""
    blobs: tuple[Digest, ...] = ()
    """Blobs that the evidence refers to. They must lie in the blob store before, and fsck looks for them ever after."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that an entry is in the log: it verifies offline with the log's key alone."""

    index: int
    header_bytes: bytes
    proof: tuple[bytes, ...]
    """Inclusion proof in the tree of `checkpoint`."""
    checkpoint: bytes
    """The signed checkpoint with which the entry was recorded."""

    def to_json(self) -> bytes:
        """The one JSON form of the receipt (compact, sorted, ASCII)."""
        wire = {
            "checkpoint": self.checkpoint.decode(),
            "header": self.header_bytes.decode("ascii"),
            "index": self.index,
            "proof": [base64.b64encode(value).decode() for value in self.proof],
        }
        return json.dumps(wire, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Timestamp:
    """What a verified time stamp says: the checkpoint existed at `time` (UTC), by the clock of `authority`."""

    time: datetime
    authority: str
    """The subject of the authority's certificate (RFC 4514)."""
    serial: str
    """The serial number of the stamp, in hex."""


@dataclass(frozen=True, slots=True, order=True)
class Attachment:
    """What somebody else says of a checkpoint of this log: a witness's cosignature, a time stamp. Kept beside the log, not covered by its root."""

    size: int
    """Of the checkpoint."""
    kind: str
    """What it is: a kebab-case word of at most 40 characters, such as ``cosignature``."""
    name: str
    """Who made it: printable ASCII of at most 160 characters, such as the name of a witness's key."""
    data: bytes
    """At most 1 MiB. Whoever reads it verifies it: the ledger knows its digest, not its meaning."""


@dataclass(frozen=True, slots=True)
class FsckReport:
    """What a full check of a ledger found."""

    findings: tuple[Finding, ...]
    size: int
    """Entries that the signed checkpoint speaks of."""
    root: bytes
    """The Merkle root computed from the stored headers."""
    entries: int
    """Rows that were checked."""
    blobs: int
    """Different blobs that were checked."""
    expired: int = 0
    """Entries whose body is gone by an order that counts: their headers and proofs hold."""
    seen: int = 0
    """Checkpoints kept elsewhere that the log was compared with; at 0 a rollback or a second history cannot show."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing is broken."""
        return not has_errors(self.findings)


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """An export of the log as tiles that was brought up to date."""

    origin: str
    size: int
    root: bytes
    tiles: int
    """Tiles that were stored now, partial ones too."""
    bundles: int
    """Entry bundles that were stored now."""


@dataclass(frozen=True, slots=True)
class TilesReport:
    """What a check of an export or mirror found."""

    findings: tuple[Finding, ...]
    note: bytes
    """The checkpoint, its log signature verified, with the cosignatures that it carries."""
    size: int
    root: bytes
    tiles: int
    """Tiles that were read."""
    bundles: int
    """Entry bundles whose every entry is the one that the tree commits to."""
    seen: int
    """Checkpoints kept elsewhere that the log was compared with."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing is broken."""
        return not has_errors(self.findings)


@dataclass(frozen=True, slots=True)
class WitnessAnswer:
    """What one witness said when it was asked to cosign."""

    name: str
    """In the caller's policy."""
    key_name: str
    outcome: str
    """``cosigned``, ``unreachable``, ``refused``; ``fork`` or ``rollback`` where it knows another or a longer log than this;
    ``rolled-back`` where it has itself forgotten what it cosigned."""
    detail: str
    time: int | None = None
    """When it cosigned, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class WitnessReport:
    """What the witnesses of a policy say of the newest checkpoint."""

    size: int
    note: bytes
    """The checkpoint with every cosignature that was kept on it."""
    answers: tuple[WitnessAnswer, ...]
    witnessing: Witnessing

    @property
    def breach(self) -> WitnessAnswer | None:
        """The answer of a witness that shows a rollback or fork, if there is one."""
        return next((answer for answer in self.answers if answer.outcome in {"fork", "rollback"}), None)

    @property
    def is_broken(self) -> bool:
        """Whether a witness shows that the log was rolled back or rewritten."""
        return self.breach is not None


@dataclass(frozen=True, slots=True)
class Witnessed:
    """How far a log is witnessed; `size` 0 where it is not."""

    size: int
    witnessing: Witnessing


def blob_list(blobs: Iterable[Digest]) -> tuple[Digest, ...]:
    """The blobs of an entry in the order in which they are hashed: sorted, each once."""
    return tuple(sorted(set(blobs)))
