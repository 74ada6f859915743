"""A ledger in memory with the contract of the real one, and a small world of people and evidence to put into it."""

import tempfile
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Self

from fakes.keyring import NOON, person, signer
from lotmark.attest.api import KeySigner, build_payload, key_event, sign_payload
from lotmark.attest.models import Envelope, Evidence, PredicateKind, Registry, Subject, TrustPolicy, lotmark_uri
from lotmark.attest.predicates import KINDS
from lotmark.base.clock import Clock, SteppingClock, format_instant
from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, NothingToJudgeError, RefusedError, UsageError
from lotmark.ledger._attachments import attachment_digest
from lotmark.ledger._headers import parse_header
from lotmark.ledger._prepared import Prepared
from lotmark.ledger._reader import StoredLedger
from lotmark.ledger._records import check_blob_list
from lotmark.ledger._sequencer import LogSigner
from lotmark.ledger.models import Attachment, Entry, Receipt, Submission
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import ProofError
from lotmark.tlog.models import Checkpoint

ORIGIN = "example.org/lotmark/test"
NOTE = PredicateKind(name="note", uri=lotmark_uri("note"), clause="none", retention="short", signers=frozenset({"pipeline"}), title="Note")
REGISTRY = Registry((*KINDS, NOTE))


def clock(*, hours: int = 0) -> SteppingClock:
    """A clock that starts at noon, or so many hours later, and moves on by a second with every look."""
    return SteppingClock(NOON + timedelta(hours=hours), timedelta(seconds=1))


def policy(log: KeySigner | None = None, origin: str = ORIGIN) -> TrustPolicy:
    """What the tests trust: the log's key and ada's root key."""
    key = tlog.make_key(origin, (log or signer("log")).public_key)
    return TrustPolicy(origin, tlog.format_vkey(key), (signer("ada").public_key,))


def founding() -> tuple[Submission, ...]:
    """Ada's genesis and the enrolment of the pipeline's key: the first two entries of a log that holds."""
    root = key_event("genesis", public_key=signer("ada").public_key, kind="root", person=person("ada"), reason="open the log", at=NOON)
    pipeline = key_event("enrol", public_key=signer("pipeline").public_key, kind="pipeline", person=None, reason="this machine", at=NOON)
    return tuple(Submission(sign_payload(build_payload(event, REGISTRY), signer("ada")), "key-event", "product:qpcr") for event in (root, pipeline))


def note_envelope(text: str, by: str = "pipeline") -> Envelope:
    """A signed note: evidence of the kind `note`."""
    evidence = Evidence("note", (Subject("source", Digest.of(b"source").digest_set),), {"text": text})
    return sign_payload(build_payload(evidence, REGISTRY), signer(by))


def note(text: str, *, scope: str = "run:qpcr:RUN-0001", slot: str = "", blobs: tuple[Digest, ...] = (), by: str = "pipeline") -> Submission:
    """A submission of a note."""
    return Submission(note_envelope(text, by), "note", scope, slot=slot, submitter="pipeline", blobs=blobs)


@contextmanager
def serving(ledger: StoredLedger) -> Iterator[None]:
    """The ledger takes in another thread what others submit."""
    stop = threading.Event()
    thread = threading.Thread(target=ledger.serve, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class MemoryBlobs:
    """A `BlobStore` in memory."""

    def __init__(self) -> None:
        self._blobs: dict[Digest, bytes] = {}

    def put(self, data: bytes) -> Digest:
        digest = Digest.of(data)
        self._blobs[digest] = data
        return digest

    def put_file(self, path: Path) -> Digest:
        try:
            return self.put(path.read_bytes())
        except OSError as error:
            raise EnvironmentLacksError("LM-LED-004", f"cannot read {path}: {error.strerror}") from error

    def get(self, digest: Digest) -> bytes:
        if digest not in self._blobs:
            raise IntegrityError("LM-LED-108", f"BLOB_MISSING: the blob {digest} cannot be read")
        if Digest.of(self._blobs[digest]) != digest:
            raise IntegrityError("LM-LED-109", f"BLOB_MISMATCH: the blob {digest} has other bytes")
        return self._blobs[digest]

    @contextmanager
    def local_file(self, digest: Digest) -> Iterator[Path]:
        data = self.get(digest)
        with tempfile.TemporaryDirectory(prefix="lotmark-blobs-") as folder:
            path = Path(folder) / digest.hex
            path.write_bytes(data)
            yield path

    def find_fault(self, digest: Digest) -> IntegrityError | None:
        try:
            self.get(digest)
        except IntegrityError as error:
            return error
        return None

    def has(self, digest: Digest) -> bool:
        return digest in self._blobs

    def remove(self, digest: Digest) -> bool:
        return self._blobs.pop(digest, None) is not None

    def __iter__(self) -> Iterator[Digest]:
        return iter(sorted(self._blobs))


class MemoryLedger:
    """A `Ledger` that is gone with the process. The same contract tests run on it and on the one in SQLite."""

    def __init__(self, origin: str = ORIGIN, log_signer: KeySigner | None = None, clock_: Clock | None = None) -> None:
        self.origin = origin
        self.blobs = MemoryBlobs()
        self._signer = LogSigner(origin, log_signer or signer("log"))
        self._clock = clock_ or clock()
        self._entries: list[tuple[Entry, Submission]] = []
        self._checkpoints: dict[int, bytes] = {}
        self._attachments: set[Attachment] = set()
        self._closed = False
        self._gone: set[int] = set()
        self._latest = ""
        self._sign()

    @property
    def size(self) -> int:
        self._live()
        return len(self._entries)

    def append(self, submissions: Sequence[Submission]) -> tuple[Receipt, ...]:
        self._live()
        received_at = max(self._latest, format_instant(self._clock.now()))
        prepared = [(submission, Prepared(submission)) for submission in submissions]
        before = len(self._entries)
        try:
            indices = [self._place(submission, one, one.header(received_at).encode()) for submission, one in prepared]
        except BaseException:
            del self._entries[before:]
            raise
        if len(self._entries) > before:
            self._latest = received_at
            self._sign()
        return tuple(self.receipt(index) for index in indices)

    def entries(self, start: int = 0, end: int | None = None, *, kind: str | None = None, scope: str | None = None) -> Iterator[Entry]:
        self._live()
        for entry, _ in self._entries[max(start, 0) : end]:
            if kind in {None, entry.header.kind} and scope in {None, entry.header.scope}:
                yield entry

    def entry(self, index: int) -> Entry:
        if not 0 <= index < self.size:
            raise NothingToJudgeError("LM-LED-010", f"there is no entry {index}")
        return self._entries[index][0]

    def find_slot(self, slot: str) -> Entry | None:
        self._live()
        return next((entry for entry, _ in self._entries if slot and entry.header.slot == slot), None)

    def envelope(self, entry: Entry | int) -> Envelope:
        index = entry if isinstance(entry, int) else entry.index
        if self.entry(index).index in self._gone:
            raise IntegrityError("LM-LED-106", f"ENVELOPE_MISSING: entry {index} has no envelope")
        return self._entries[index][1].envelope

    def entry_blobs(self, entry: Entry | int) -> tuple[Digest, ...]:
        record = self.entry(entry) if isinstance(entry, int) else entry
        return check_blob_list(record.index, record.header, [blob.raw for blob in sorted(set(self._entries[record.index][1].blobs))])

    def remove_bodies(self, indices: Collection[int]) -> int:
        self._live()
        gone = {index for index in indices if 0 <= index < len(self._entries)} - self._gone
        self._gone |= gone
        return len(gone)

    def checkpoint(self, size: int | None = None) -> bytes:
        wanted = self.size if size is None else size
        if wanted not in self._checkpoints:
            raise NothingToJudgeError("LM-LED-010", f"no checkpoint was signed at size {wanted}")
        return self._checkpoints[wanted]

    def attach(self, size: int, kind: str, name: str, data: bytes) -> None:
        attachment = Attachment(size, kind, name, data)
        attachment_digest(attachment)
        self._live()
        self.checkpoint(size)
        self._attachments.add(attachment)

    def attachments(self, size: int) -> tuple[Attachment, ...]:
        self._live()
        return tuple(sorted(attachment for attachment in self._attachments if attachment.size == size))

    def receipt(self, index: int) -> Receipt:
        entry = self.entry(index)
        size = min(size for size in self._checkpoints if size > index)
        return Receipt(index, entry.header_bytes, self.inclusion_proof(index, size), self._checkpoints[size])

    def inclusion_proof(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        try:
            return tlog.inclusion_proof(index, self.size if size is None else self._within(size), self._nodes())
        except ProofError as error:
            raise NothingToJudgeError("LM-LED-010", str(error)) from error

    def consistency_proof(self, old: int, new: int) -> tuple[bytes, ...]:
        try:
            return tlog.consistency_proof(old, self._within(new), self._nodes())
        except ProofError as error:
            raise NothingToJudgeError("LM-LED-010", str(error)) from error

    def close(self) -> None:
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _place(self, submission: Submission, prepared: Prepared, data: bytes) -> int:
        header = parse_header(data)
        taken = self.find_slot(header.slot)
        if taken is not None:
            if (taken.header.kind, taken.header.scope) != (header.kind, header.scope):
                raise RefusedError("LM-LED-012", f"the slot {header.slot} is taken by entry {taken.index}")
            return taken.index
        for entry, _ in self._entries:
            old = entry.header
            if (old.kind, old.payload, old.keys, old.scope) == (header.kind, header.payload, header.keys, header.scope):
                return entry.index
        for blob in submission.blobs:
            if not self.blobs.has(blob):
                raise UsageError("LM-LED-008", f"the submission needs the blob {blob}")
        prepared.check_claim(header.received_at)
        index = len(self._entries)
        self._entries.append((Entry(index, header, data, tlog.leaf_hash(data)), submission))
        return index

    def _sign(self) -> None:
        root = tlog.tree_root(entry.leaf_hash for entry, _ in self._entries)
        self._checkpoints[len(self._entries)] = tlog.sign_checkpoint(Checkpoint(self.origin, len(self._entries), root), self._signer)

    def _nodes(self) -> tlog.LeafNodes:
        return tlog.LeafNodes([entry.leaf_hash for entry, _ in self._entries])

    def _within(self, size: int) -> int:
        if size > self.size:
            raise NothingToJudgeError("LM-LED-010", f"the log has not {size} entries yet")
        return size

    def _live(self) -> None:
        if self._closed:
            raise EnvironmentLacksError("LM-LED-006", "the ledger is stopped: it is closed")
