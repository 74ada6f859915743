"""fsck: every stored byte of a ledger against its signed checkpoint and the caller's trust. It writes nothing.

Each row is read once, in order: header, leaf, tree nodes, envelope, list of blobs, the blobs themselves, the
signature and whether its key counted there. What is found is a list; nothing stops at the first finding.
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from lotmark.attest.api import apply_key_event, parse_envelope, verify_envelope
from lotmark.attest.models import Envelope, Registry, Trust, TrustPolicy
from lotmark.attest.predicates import KEY_EVENT
from lotmark.base.digest import Digest
from lotmark.base.errors import IntegrityError, LotmarkError
from lotmark.base.findings import Finding, Severity
from lotmark.ledger._attachments import check_attachment
from lotmark.ledger._log_keys import verify_by_log_keys
from lotmark.ledger._reader import StoredLedger
from lotmark.ledger._records import RESTORE, check_blob_list, check_envelope, place, read_entry
from lotmark.ledger._rows import Rows
from lotmark.ledger._sequencer import CLOCK_BACK
from lotmark.ledger._state import fork, rollback
from lotmark.ledger._stores import blobs_beside, open_stored_rows
from lotmark.ledger._timestamps import TIMESTAMP, verify_timestamps
from lotmark.ledger.models import Entry, FsckReport, Header
from lotmark.ledger.ports import BlobOpener, BlobStore, TimestampVerifier
from lotmark.tlog import api as tlog
from lotmark.tlog.models import Checkpoint

_Row = tuple[int, bytes, bytes, bytes | None]


def fsck(
    ledger: StoredLedger | Path | str,
    policy: TrustPolicy,
    registry: Registry,
    *,
    seen: Sequence[bytes] = (),
    blobs: BlobOpener | None = None,
    timestamps: TimestampVerifier | None = None,
    expired: Collection[int] = (),
) -> FsckReport:
    """Check the whole ledger, of one moment, while a writer may go on.

    Args:
        ledger: A ledger, or its folder: one that is too broken to be opened can still be checked.
        policy: What the caller trusts; nothing is trusted because it stands in the ledger.
        registry: The kinds of evidence that the caller knows; an unknown kind is noted and never counts.
        seen: Signed checkpoints that were kept elsewhere. Only they can show that the log was rolled back or rewritten
            by somebody who holds its key.
        expired: Indices of the entries whose body and blobs may be gone, by orders in the log that the caller has verified.
        blobs: Opens the blob store; without it, that of the ledger, or the folder ``blobs`` beside the database.
        timestamps: Verifies time stamps; without it they are only compared with their digests.

    Raises:
        NothingToJudgeError: LM-LED-001 if there is no ledger.
        UsageError: LM-LED-014 for a file of another program or format.
    """
    try:
        rows = ledger.rows if isinstance(ledger, StoredLedger) else open_stored_rows(ledger)
    except IntegrityError as error:
        return FsckReport((_finding(error),), 0, tlog.EMPTY_ROOT, 0, 0)
    if blobs is not None:
        store = blobs(False)
    elif isinstance(ledger, StoredLedger):
        store = ledger.blobs
    else:
        store = blobs_beside(ledger)(False)
    check = _Fsck(rows, store, policy, registry, timestamps, expired)
    try:
        with rows.snapshot():
            check.run(seen)
    except IntegrityError as error:
        check.note(error)
    finally:
        if not isinstance(ledger, StoredLedger):
            rows.close()
    return FsckReport(tuple(check.findings), check.size, check.root, check.rows, len(check.blobs), check.expired, check.seen)


class _Fsck:
    """One check in progress."""

    def __init__(
        self, rows: Rows, store: BlobStore, policy: TrustPolicy, registry: Registry, timestamps: TimestampVerifier | None, expired: Collection[int]
    ) -> None:
        self._timestamps = timestamps
        self._rows = rows
        self._store = store
        self._policy = policy
        self._registry = registry
        self._may_be_gone = expired
        self._trust = Trust()
        self._keys = Trust()
        self._roots: dict[int, bytes] = {}
        self.findings: list[Finding] = []
        self.blobs: dict[Digest, IntegrityError | None] = {}
        self.size = 0
        self.root = tlog.EMPTY_ROOT
        self.rows = 0
        self.expired = 0
        self.seen = 0

    def run(self, seen: Sequence[bytes]) -> None:
        """All checks, inside one snapshot."""
        self._check_database()
        self._keys = self._replay_keys()
        checkpoints = self._read_checkpoints()
        witnessed = self._read_seen(seen)
        self.seen = len(witnessed)
        wanted = {checkpoint.size for checkpoint in (*checkpoints, *witnessed)}
        whole = self._check_rows(wanted)
        self._check_head(checkpoints)
        self._check_attachments()
        if whole:
            self._check_roots(checkpoints)
            self._check_seen(witnessed)

    def note(self, error: LotmarkError, index: int | None = None) -> None:
        """Add a finding."""
        self.findings.append(_finding(error, index))

    def _check_database(self) -> None:
        """The definitions of the tables, and what the database finds of itself: pages, indices, rows that belong to nothing."""
        try:
            self._rows.check_schema()
        except IntegrityError as error:
            self.note(error)
        for fault in self._rows.faults():
            self.note(fault)

    def _replay_keys(self) -> Trust:
        """The keys as the log's key events tell, up to the first that does not hold; which one that is, the rows will say."""
        trust = Trust()
        rows = self._rows.scan("SELECT idx, envelope FROM entry JOIN body USING (idx) WHERE kind = ? ORDER BY idx", (KEY_EVENT.name,))
        try:
            for index, raw in rows:
                trust = apply_key_event(trust, index, parse_envelope(raw), self._policy.roots)
        except LotmarkError:
            return trust
        return trust

    def _read_checkpoints(self) -> list[Checkpoint]:
        """Every stored checkpoint whose signature holds under the log key of the caller, or a successor that counted at that size."""
        good: list[Checkpoint] = []
        for size, note in self._rows.scan("SELECT size, note FROM checkpoint ORDER BY size"):
            checkpoint = self._verify(note, f"checkpoint of size {size}")
            if checkpoint is not None and checkpoint.size != size:
                self.note(
                    IntegrityError("LM-LED-111", f"CHECKPOINT_MALFORMED: checkpoint of size {size}: it speaks of size {checkpoint.size}", solution=RESTORE)
                )
            elif checkpoint is not None:
                good.append(checkpoint)
        return good

    def _read_seen(self, seen: Sequence[bytes]) -> list[Checkpoint]:
        checkpoints = [self._verify(note, f"seen checkpoint {number + 1}") for number, note in enumerate(seen)]
        return [checkpoint for checkpoint in checkpoints if checkpoint is not None]

    def _verify(self, note: bytes, name: str) -> Checkpoint | None:
        try:
            return verify_by_log_keys(note, self._policy, self._keys)
        except IntegrityError as error:
            self.note(IntegrityError(error.code, f"{name}: {error.reason}", where=name, solution=error.solution))
            return None

    def _check_rows(self, wanted: set[int]) -> bool:
        """Every row; the roots at the wanted sizes are kept. Whether no row was missing."""
        frontier = tlog.Frontier()
        whole = True
        expected = 0
        self._keep_root(frontier, wanted)
        for index, header, nodes, envelope in self._read_rows():
            for missing in range(expected, min(index, expected + 20)):
                whole = False
                self.note(IntegrityError("LM-LED-103", f"GAP: entry {missing} is missing", where=place(missing), solution=RESTORE), missing)
            expected = index + 1
            self.rows += 1
            if whole:
                self._check_nodes(index, nodes, frontier)
                self._keep_root(frontier, wanted)
            try:
                entry = read_entry(index, header, nodes[: tlog.HASH_SIZE])
            except IntegrityError as error:
                self.note(error, index)
            else:
                self._check_record(entry, envelope)
        self.size = expected
        self.root = frontier.root()
        return whole

    def _read_rows(self) -> Iterator[_Row]:
        yield from self._rows.scan(f"SELECT entry.idx, {self._rows.header}, nodes, envelope FROM entry LEFT JOIN body USING (idx) ORDER BY entry.idx")  # noqa: S608

    def _check_nodes(self, index: int, nodes: bytes, frontier: tlog.Frontier) -> None:
        """The stored tree nodes follow from the stored leaf hashes."""
        if b"".join(frontier.append(nodes[: tlog.HASH_SIZE])) != nodes:
            self.note(
                IntegrityError(
                    "LM-LED-112", f"NODE_MISMATCH: the tree nodes stored with entry {index} do not follow from the leaves", where=place(index), solution=RESTORE
                ),
                index,
            )

    def _keep_root(self, frontier: tlog.Frontier, wanted: set[int]) -> None:
        if frontier.size in wanted:
            self._roots[frontier.size] = frontier.root()

    def _check_record(self, entry: Entry, raw: bytes | None) -> None:
        """What hangs on a sound header: envelope, blobs, signature."""
        if raw is None and entry.index in self._may_be_gone:
            self.expired += 1
            self._check_blobs(entry.index, entry.header)
            return
        try:
            envelope = check_envelope(entry.index, entry.header, raw)
        except IntegrityError as error:
            self.note(error, entry.index)
        else:
            self._check_signature(entry.index, entry.header, envelope)
        self._check_blobs(entry.index, entry.header)

    def _check_signature(self, index: int, header: Header, envelope: Envelope) -> None:
        """The envelope's signature, by a key that counted at this index and may sign this kind."""
        if index and not self._trust.keys:
            return  # without a genesis no key counts; that is one finding, not one for each entry
        try:
            if header.kind == KEY_EVENT.name or index == 0:
                self._trust = apply_key_event(self._trust, index, envelope, self._policy.roots)
            elif self._registry.find(header.kind) is None:
                self.findings.append(
                    Finding(
                        "LM-LED-120",
                        f"entry {index} is of the unknown kind {header.kind}: stored, never counted",
                        Severity.INFO,
                        subject=place(index),
                        help=_UNKNOWN,
                    )
                )
            else:
                verify_envelope(envelope, kind=header.kind, index=index, trust=self._trust, registry=self._registry)
        except LotmarkError as error:
            self.note(error, index)

    def _check_blobs(self, index: int, header: Header) -> None:
        rows = self._rows.read("SELECT digest FROM entry_blob WHERE idx = ? ORDER BY digest", (index,))
        try:
            blobs = check_blob_list(index, header, [row[0] for row in rows])
        except IntegrityError as error:
            self.note(error, index)
            return
        for blob in blobs:
            if blob not in self.blobs:
                self.blobs[blob] = self._store.find_fault(blob)
            fault = self.blobs[blob]
            if fault is not None and not (fault.code == _MISSING and index in self._may_be_gone):
                self.note(
                    IntegrityError(fault.code, f"{fault.reason}; entry {index} ({header.kind}) needs it", where=fault.where, solution=fault.solution), index
                )

    def _check_attachments(self) -> None:
        """Each is what was attached, to a checkpoint that is there. Whether a witness's signature holds is for its reader to say."""
        rows = self._rows.scan("SELECT a.size, kind, name, digest, data, note FROM attachment a LEFT JOIN checkpoint USING (size)")
        for *row, note in rows:
            try:
                attachment = check_attachment(*row)
            except IntegrityError as error:
                self.note(error)
                continue
            where = f"checkpoint of size {attachment.size}"
            if note is None:
                self.note(
                    IntegrityError(
                        "LM-LED-117", f"ATTACHMENT_MISMATCH: {attachment.kind} of {attachment.name}: there is no {where}", where=where, solution=RESTORE
                    )
                )
            elif attachment.kind == CLOCK_BACK:
                told = attachment.data.decode("ascii", "replace")
                self.findings.append(Finding("LM-LED-121", f"CLOCK_BACK: {where}: {told}", Severity.INFO, subject=where, help=_CLOCK))
            elif attachment.kind == TIMESTAMP and self._timestamps is not None:
                try:
                    verify_timestamps(note, [attachment], self._timestamps)
                except LotmarkError as error:
                    self.note(error)

    def _check_head(self, checkpoints: Sequence[Checkpoint]) -> None:
        """Head, newest checkpoint and number of rows agree, and the log calls itself as the caller does."""
        origin = self._rows.read("SELECT value FROM meta WHERE name = 'origin'")
        if not origin or origin[0][0] != self._policy.origin:
            self.note(
                IntegrityError("LM-LED-111", f"CHECKPOINT_MALFORMED: the ledger does not call itself {self._policy.origin}", where="meta", solution=RESTORE)
            )
        head = self._rows.read("SELECT size FROM head")
        ends = {
            "the entries": self.size,
            "the head": head[0][0] if head else None,
            "the newest checkpoint that holds": max((checkpoint.size for checkpoint in checkpoints), default=None),
        }
        if len(set(ends.values())) > 1:
            first = min(size for size in ends.values() if size is not None)
            told = ", ".join(f"{name} at {'none' if size is None else size}" for name, size in ends.items())
            self.note(IntegrityError("LM-LED-104", f"SIZE_MISMATCH: these should end at one size: {told}", where=place(first), solution=RESTORE), first)
        if checkpoints:
            self.size = checkpoints[-1].size

    def _check_roots(self, checkpoints: Sequence[Checkpoint]) -> None:
        """The tree had each signed root at its size; only the first that it had not is named."""
        for checkpoint in checkpoints:
            root = self._roots.get(checkpoint.size)
            if root is not None and root != checkpoint.root:
                previous = max((other.size for other in checkpoints if other.size < checkpoint.size), default=0)
                self.note(
                    IntegrityError(
                        "LM-LED-102",
                        f"ROOT_MISMATCH: the tree of {checkpoint.size} entries has another root than its signed checkpoint; the change is in entries {previous} to {checkpoint.size - 1}",
                        where=place(previous),
                        solution=RESTORE,
                    ),
                    previous,
                )
                return

    def _check_seen(self, witnessed: Sequence[Checkpoint]) -> None:
        """The log still continues every checkpoint that the caller saw."""
        for checkpoint in witnessed:
            root = self._roots.get(checkpoint.size)
            if root is None:
                self.note(rollback(checkpoint.size, self.rows), self.rows)
            elif root != checkpoint.root:
                self.note(fork(checkpoint.size))


_CLOCK = "times of receipt did not go back with it; find out who set the clock, for times that machines or people claimed are off by as much"
_MISSING = "LM-LED-108"
_UNKNOWN = "read it with a version of Lotmark that knows the kind"


def _finding(error: LotmarkError, index: int | None = None) -> Finding:
    """An error as a finding that names its record."""
    named = index is None or place(index) in error.reason
    message = error.reason if named else f"{place(index or 0)}: {error.reason}"
    return Finding(error.code, message, subject=None if index is None else place(index), help=error.solution)
