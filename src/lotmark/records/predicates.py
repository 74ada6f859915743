"""The kinds of evidence of this room: what was done to records (`retention-event`), who tried what (`audit-event`), and copies
(`backup`, `restore`, `log-epoch`).
"""

from typing import Annotated, Final, Literal

import msgspec

from lotmark.attest.models import PredicateKind, lotmark_uri
from lotmark.records.models import RecordEvent

Hex = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
CheckpointText = Annotated[str, msgspec.Meta(min_length=1, max_length=100_000)]
"""A signed note with what witnesses and a second key of the log added to it."""
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Day = Annotated[str, msgspec.Meta(pattern=r"^(\d{4}-\d{2}-\d{2})?$(?!\n)")]
Instant = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$(?!\n)")]
PersonId = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$(?!\n)")]
ProductId = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,39}$(?!\n)")]
Count = Annotated[int, msgspec.Meta(ge=0)]
Tag = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,39}(:[a-z][a-z0-9-]{0,39}){2}$(?!\n)")]
CommitmentText = Annotated[str, msgspec.Meta(pattern=r"^commitment:[A-Za-z0-9_-]{43}$(?!\n)")]


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Base of every mapping in the predicates."""


class ActBody(Body, frozen=True):
    """What is done, the same in the statement of each person who signs it; what an event does not need is empty."""

    trigger: Literal["", "end-of-life", "last-device", "release-withdrawn"] = ""
    """trigger: the event that became known."""
    version: str = ""
    """trigger: of which version, empty for all of the product. expiry: the version of the run, so that it can still be asked for."""
    on: Day = ""
    """trigger: the day on which it happened. expiry: the last day of retention."""
    scope: str = ""
    """hold: over what. expiry: of what the bodies go, ``run:<run>``."""
    of: str = ""
    """hold-release: the order of the hold. carried-out: the order that was carried out."""
    retention_class: str = ""
    """expiry: the class that kept the records longest."""
    entries: list[Count] = []
    """expiry: log indices whose bodies go."""
    blobs: list[Hex] = []
    """expiry: blobs that nothing else needs."""
    commitments: list[CommitmentText] = []
    """erasure: whose clear values go."""


class ApproverBody(Body, frozen=True):
    """Who signs; the printed name is a snapshot."""

    person: PersonId
    name: Name


class RetentionEventBody(Body, frozen=True):
    """The predicate of ``retention-event/v1``."""

    event: RecordEvent
    product: ProductId
    act: ActBody
    order: Hex
    """SHA-256 over event, product and act: what several persons sign is the same when this is."""
    approver: ApproverBody | None
    """None for `carried-out`, which the pipeline's key signs."""
    reason: Text
    signed_at: Instant
    """The ledger refuses a claim from later than its own time: so nobody ends a retention by dating an act ahead."""


class AuditEventBody(Body, frozen=True):
    """The predicate of ``audit-event/v1``; several equal events in a row may stand in one record."""

    tag: Tag
    """``source:subject:action``, for instance ``approve:signature:refused``."""
    product: ProductId
    outcome: Literal["done", "refused"]
    actor: Name
    """Who, as a commitment: user and machine; what the operating system says, a claim."""
    person: str
    """Whom the actor claimed to be, by id; empty if nobody was named."""
    subject: str
    """On what."""
    code: str
    """Rule code of a refusal."""
    detail: str
    """Why."""
    count: Annotated[int, msgspec.Meta(ge=1)]
    first_at: Instant
    last_at: Instant
    link: Hex
    """Hash of the spool up to and including the last of these events: tells that none was left out between."""


class CopiedFileBody(Body, frozen=True):
    """A file of a backup."""

    path: Text
    sha256: Hex
    size: Count


class BackupBody(Body, frozen=True):
    """The predicate of ``backup/v1``: the subject is the backup's manifest."""

    product: ProductId
    origin: Text
    size: Count
    """Entries of the log in the copy."""
    root: Hex
    files: Count
    bytes: Count
    with_keys: bool
    made_at: Instant


class RestoreBody(Body, frozen=True):
    """The predicate of ``restore/v1``: what was proven when a backup was put back; the subject is the backup's manifest."""

    product: ProductId
    origin: Text
    size: Count
    root: Hex
    entries: Count
    blobs: Count
    expired: Count
    seen: Count
    """Checkpoints kept elsewhere that the log was compared with."""
    newest_seen: Count
    """The largest size among them."""
    findings: list[str]
    verdict: Literal["sound", "behind", "broken"]
    """`behind`: sound, but shorter than a checkpoint that was seen."""
    restored_at: Instant


class LogEpochBody(Body, frozen=True):
    """The predicate of ``log-epoch/v1``, the second entry of a log that goes on where another was lost."""

    product: ProductId
    epoch: Annotated[int, msgspec.Meta(ge=2)]
    previous_origin: Text
    restored_size: Count
    restored_checkpoint: CheckpointText
    """The signed note of what could be restored."""
    seen_size: Count
    seen_checkpoint: CheckpointText
    """The signed note of the largest size that was ever seen."""
    lost: Count
    """Entries between the two."""
    reason: Text
    opened_at: Instant


_PIPELINE: Final = frozenset({"pipeline"})

RETENTION_EVENT: Final = PredicateKind(
    "retention-event",
    lotmark_uri("retention-event"),
    clause="21 CFR 11.10(c), 11.10(e); ISO 13485:2016, 4.2.5: 21 CFR Part 11 applies",
    retention="permanent",
    signers=frozenset({"person", "pipeline"}),
    schema="retention-event.v1.json",
    title="What sets, holds or ends the retention of records",
    body=RetentionEventBody,
)
AUDIT_EVENT: Final = PredicateKind(
    "audit-event",
    lotmark_uri("audit-event"),
    clause="21 CFR 11.10(e), 11.300(d)",
    retention="permanent",
    signers=_PIPELINE,
    schema="audit-event.v1.json",
    title="An export, a refused attempt or an act of administration",
    body=AuditEventBody,
)
BACKUP: Final = PredicateKind(
    "backup",
    lotmark_uri("backup"),
    clause="21 CFR 11.10(c)",
    retention="permanent",
    signers=_PIPELINE,
    schema="backup.v1.json",
    title="A copy of the ledger, by the digest of its list",
    body=BackupBody,
)
RESTORE: Final = PredicateKind(
    "restore",
    lotmark_uri("restore"),
    clause="21 CFR 11.10(a), 11.10(c)",
    retention="permanent",
    signers=_PIPELINE,
    schema="restore.v1.json",
    title="A copy was put back, and what was proven of it",
    body=RestoreBody,
)
LOG_EPOCH: Final = PredicateKind(
    "log-epoch",
    lotmark_uri("log-epoch"),
    clause="21 CFR 11.10(c), 11.10(e)",
    retention="permanent",
    signers=frozenset({"root"}),
    schema="log-epoch.v1.json",
    title="A log goes on where another was lost",
    body=LogEpochBody,
)
KINDS: Final[tuple[PredicateKind, ...]] = (RETENTION_EVENT, AUDIT_EVENT, BACKUP, RESTORE, LOG_EPOCH)
