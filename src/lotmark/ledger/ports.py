"""Ledger, BlobStore and ObjectStore: what other rooms see of the log, whatever stores it."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

from lotmark.attest.models import Envelope
from lotmark.base.digest import Digest
from lotmark.base.errors import IntegrityError
from lotmark.ledger.models import Attachment, Entry, Receipt, Submission, Timestamp
from lotmark.tlog.models import AddCheckpoint, Checkpoint, NoteSignature


class BlobStore(Protocol):
    """Big things by digest. What `put` returned is durable; `get` never returns other bytes than were put."""

    def put(self, data: bytes) -> Digest:
        """Store the bytes; again is no change.

        Raises:
            EnvironmentLacksError: LM-LED-004 if they cannot be made durable; nothing is stored then.
        """
        ...

    def put_file(self, path: Path) -> Digest:
        """As `put`, from a file, in blocks."""
        ...

    def get(self, digest: Digest) -> bytes:
        """The bytes, their digest checked.

        Raises:
            IntegrityError: LM-LED-108 if there are none, LM-LED-109 if they have changed.
        """
        ...

    def local_file(self, digest: Digest) -> AbstractContextManager[Path]:
        """A file on this machine with the blob's bytes, for reading, until the context ends; as `get`, but never whole in memory.

        Raises:
            IntegrityError: LM-LED-108 if there are none, LM-LED-109 if they have changed.
            EnvironmentLacksError: LM-LED-004 if the store cannot be reached or the file cannot be made.
        """
        ...

    def find_fault(self, digest: Digest) -> IntegrityError | None:
        """What is wrong with the blob as it is stored, found without holding it in memory; None if it holds."""
        ...

    def has(self, digest: Digest) -> bool:
        """Whether there is such a blob; its bytes are not checked."""
        ...

    def remove(self, digest: Digest) -> bool:
        """Delete the blob; whether it was there. Only for blobs whose retention has ended: whoever calls it holds the order.

        Raises:
            EnvironmentLacksError: LM-LED-004 if it cannot be deleted, LM-LED-009 without the log's key.
        """
        ...

    def __iter__(self) -> Iterator[Digest]:
        """The digests of all blobs, sorted."""
        ...


@runtime_checkable
class BlobLocks(Protocol):
    """What a blob store with write-once storage can do besides: keep bytes from being deleted, by the storage itself."""

    @property
    def locks(self) -> bool:
        """Whether the setting asks for locks; without it the storage is not asked to keep anything."""
        ...

    def retain(self, digest: Digest, until: datetime) -> None:
        """Keep the blob at least until then, which is still to come; a date that is later already stays.

        Raises:
            IntegrityError: LM-LED-108 if there is no such blob.
            EnvironmentLacksError: LM-LED-032 if the storage does not lock, LM-LED-004 if it cannot be reached.
        """
        ...

    def hold(self, digest: Digest, *, on: bool) -> None:
        """Keep the blob whatever its date (legal hold), or no longer.

        Raises:
            As `retain`.
        """
        ...


class ObjectReader(Protocol):
    """Where an export can be read from: a folder, a bucket, a web server that nobody need trust."""

    def get(self, name: str) -> bytes:
        """The bytes of the object.

        Raises:
            NothingToJudgeError: LM-LED-031 if there is none. EnvironmentLacksError: LM-LED-004 if it cannot be read.
        """
        ...


BlobOpener = Callable[[bool], BlobStore]
"""Opens a ledger's blob store, writable or for reading only."""


class TimestampAuthority(Protocol):
    """Somebody outside who says with a signature that bytes existed at a time (RFC 3161)."""

    @property
    def name(self) -> str:
        """How records call it; printable ASCII."""
        ...

    def stamp(self, data: bytes) -> tuple[bytes, int]:
        """A reply over the SHA-256 of the bytes, as it came and not verified, and the nonce of the request.

        Raises:
            EnvironmentLacksError: LM-ITG-022 if none came within a bounded time.
        """
        ...


class TimestampVerifier(Protocol):
    """Judges replies of time stamping authorities by certificates that the caller trusts; asks nobody."""

    def verify(self, reply: bytes, data: bytes, *, nonce: int | None = None) -> Timestamp:
        """What the reply says of the bytes.

        It holds if it was granted, is over exactly these bytes, answers the request with that nonce (if given), was signed by one
        certificate for time stamping alone, and that leads to a trusted one and was valid at the time that the reply tells.

        Raises:
            IntegrityError: LM-LED-133.
        """
        ...


class ObjectStore(Protocol):
    """Named objects that strangers read: the tiles, entry bundles and checkpoint of an export, in a folder or a bucket.

    A name is a relative POSIX path of the characters ``A-Za-z0-9._-`` and ``/``. What a write returned from is durable, and
    readers see an object whole or not at all. One process at a time writes.
    """

    def put_new(self, name: str, data: bytes) -> None:
        """Store an object that never changes again; the same bytes again is no change.

        Raises:
            UsageError: LM-LED-030 if the name is not allowed.
            IntegrityError: LM-LED-130 if there is an object of that name with other bytes; it is left as it is.
            EnvironmentLacksError: LM-LED-004 if it cannot be made durable.
        """
        ...

    def replace(self, name: str, data: bytes) -> None:
        """Store an object in the place of an older one, at once for every reader: the checkpoint, a partial tile.

        Raises:
            UsageError: LM-LED-030. EnvironmentLacksError: LM-LED-004.
        """
        ...

    def get(self, name: str) -> bytes:
        """The bytes of the object.

        Raises:
            UsageError: LM-LED-030. NothingToJudgeError: LM-LED-031 if there is none. EnvironmentLacksError: LM-LED-004.
        """
        ...

    def exists(self, name: str) -> bool:
        """Whether there is such an object.

        Raises:
            UsageError: LM-LED-030. EnvironmentLacksError: LM-LED-004.
        """
        ...

    def names(self, prefix: str = "") -> Iterator[str]:
        """The names that start with `prefix`, sorted by their bytes.

        Raises:
            EnvironmentLacksError: LM-LED-004.
        """
        ...


CheckpointVerifier = Callable[[bytes], Checkpoint]
"""Gives the checkpoint in a signed note, once a key that the caller trusts signed it; raises IntegrityError LM-LED-111 if not."""


class WitnessClient(Protocol):
    """A witness, however it is reached (C2SP ``tlog-witness``). What it answers is not trusted: the caller verifies it."""

    def add_checkpoint(self, request: AddCheckpoint) -> tuple[NoteSignature, ...]:
        """The signature lines with which it cosigns.

        Raises:
            WitnessRefusalError: with the status of its answer, and at 409 the size that it knows.
            EnvironmentLacksError: LM-LED-040 if it cannot be reached or does not speak the protocol.
        """
        ...

    def published(self, origin: str) -> bytes | None:
        """The newest checkpoint of that log that it publishes; None if it has none.

        Raises:
            EnvironmentLacksError: LM-LED-040.
        """
        ...


class Ledger(Protocol):
    """An append-only log of envelopes. Appends are durable once they return; threads may share one ledger."""

    @property
    def origin(self) -> str:
        """The log's name, first line of its checkpoints."""
        ...

    @property
    def size(self) -> int:
        """How many entries the last signed checkpoint covers."""
        ...

    @property
    def blobs(self) -> BlobStore: ...

    def append(self, submissions: Sequence[Submission]) -> tuple[Receipt, ...]:
        """Record the batch, whole or not at all; the receipts are in its order.

        A submission that was recorded before (kind, payload, signer and scope, or its slot) is not recorded again: its
        receipt is the first one, byte for byte. Where the two rules lead to different entries the slot decides.

        Raises:
            UsageError: LM-LED-007 a submission is not well formed, LM-LED-008 a blob is not in the store.
            RefusedError: LM-LED-012 the slot holds another kind or scope.
            EnvironmentLacksError: LM-LED-004 disk, LM-LED-005 another writer, LM-LED-006 stopped, LM-LED-009 no log key.
        """
        ...

    def entries(self, start: int = 0, end: int | None = None, *, kind: str | None = None, scope: str | None = None) -> Iterator[Entry]:
        """The entries with start <= index < end (default: the size now), in order, of that kind and scope if given.

        Raises:
            IntegrityError: LM-LED-101 or LM-LED-105 for a changed row; without a filter LM-LED-103 for a missing one.
        """
        ...

    def entry(self, index: int) -> Entry:
        """The entry at `index`.

        Raises:
            NothingToJudgeError: LM-LED-010 if the log is not so long.
            IntegrityError: if it is missing or changed.
        """
        ...

    def find_slot(self, slot: str) -> Entry | None:
        """The entry that took the slot, if any."""
        ...

    def envelope(self, entry: Entry | int) -> Envelope:
        """The envelope of an entry, its bytes checked against the header; its signature is not verified here.

        Raises:
            NothingToJudgeError: LM-LED-010 if there is no such entry.
            IntegrityError: LM-LED-106 or LM-LED-107.
        """
        ...

    def entry_blobs(self, entry: Entry | int) -> tuple[Digest, ...]:
        """The blobs that the entry needs, sorted, checked against the header.

        Raises:
            IntegrityError: LM-LED-110.
        """
        ...

    def checkpoint(self, size: int | None = None) -> bytes:
        """The signed checkpoint of that size (default: the newest).

        Raises:
            NothingToJudgeError: LM-LED-010 if none was made at that size.
        """
        ...

    def attach(self, size: int, kind: str, name: str, data: bytes) -> None:
        """Keep what somebody else says of the checkpoint of that size; durable once it returns, never changed or deleted.

        The same again is no change; other data under the same kind and name stands beside the first. The log's key is
        not needed, so that whoever collects cosignatures need not hold it.

        Raises:
            UsageError: LM-LED-016 if kind, name or data may not stand in an attachment.
            NothingToJudgeError: LM-LED-010 if no checkpoint was signed at that size.
            EnvironmentLacksError: LM-LED-004 disk, LM-LED-006 stopped, LM-LED-009 opened for reading only.
        """
        ...

    def attachments(self, size: int) -> tuple[Attachment, ...]:
        """What was attached to the checkpoint of that size, sorted by kind, name and data; empty if there is none.

        Raises:
            IntegrityError: LM-LED-117 if one has changed since.
        """
        ...

    def remove_bodies(self, indices: Collection[int]) -> int:
        """Delete the envelopes of these entries; gives how many were there. Headers, lists of blobs and proofs stay.

        Only for records whose retention has ended: whoever calls it holds the order, which is in the log.

        Raises:
            EnvironmentLacksError: LM-LED-004 disk, LM-LED-006 stopped, LM-LED-009 no log key.
        """
        ...

    def receipt(self, index: int) -> Receipt:
        """The receipt with which the entry was recorded, byte for byte."""
        ...

    def inclusion_proof(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """RFC 6962 inclusion proof in the tree of the first `size` entries (default: all)."""
        ...

    def consistency_proof(self, old: int, new: int) -> tuple[bytes, ...]:
        """RFC 6962 consistency proof between two sizes."""
        ...

    def close(self) -> None:
        """Let go of files and lock; again is no error."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...
