"""The sequencer: it alone gives entries their places. One transaction per group, a signed checkpoint in it.

A group holds the batches of several submitters, each whole or not at all. First all are taken to be new, which is what
they nearly always are; if the database says that one is not, the group is tried again with a look-up for each.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from lotmark.attest.ports import Signer
from lotmark.base.clock import Clock, format_instant, parse_instant
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, LotmarkError, RefusedError, UsageError
from lotmark.ledger._attachments import attachment_digest
from lotmark.ledger._prepared import Prepared
from lotmark.ledger._records import RESTORE
from lotmark.ledger._rows import DuplicateError, Tables, head_moved
from lotmark.ledger._state import State
from lotmark.ledger.models import Attachment, Receipt
from lotmark.ledger.ports import BlobStore
from lotmark.tlog import api as tlog
from lotmark.tlog.models import Checkpoint, KeyType, Note, NoteSignature

CLOCK_BACK: Final = "clock-back"
"""Kind of the attachment that notes a clock that went back."""
_NOTED: Final = timedelta(seconds=1)
"""Clocks of one machine differ by less between two readings; going back further is noted."""
STOPPED: Final = "a write to its disk failed"
_log: Final = logging.getLogger(__name__)


class LogSigner:
    """The log's `attest` signer as a tlog `NoteSigner` whose name is the origin.

    `beside` holds the other log key during the overlap of a rotation, and the second, ML-DSA-44 key of a log that has one: a
    checkpoint carries the signatures of all.
    """

    def __init__(self, origin: str, signer: Signer, beside: Sequence[Signer] = ()) -> None:
        self.name = origin
        self._signer = signer
        self._beside = tuple(LogSigner(origin, other) for other in beside)

    @property
    def public_key(self) -> bytes:
        """See `NoteSigner`."""
        return self._signer.public_key

    def sign(self, data: bytes) -> bytes:
        """See `NoteSigner`."""
        return self._signer.sign(data)

    def sign_checkpoint(self, checkpoint: Checkpoint) -> bytes:
        """The signed note of a checkpoint, one line for each key."""
        if not self._beside:
            return tlog.sign_checkpoint(checkpoint, self)
        text = tlog.format_checkpoint(checkpoint)
        return tlog.format_note(Note(text, tuple(_line(signer, text) for signer in (self, *self._beside))))


def _line(signer: LogSigner, text: str) -> NoteSignature:
    key = tlog.log_key(signer.name, signer.public_key)
    if key.kind is KeyType.MLDSA44:
        return tlog.cosign(text, signer, 0, kind=key.kind)  # time 0: a log says nothing of when (C2SP tlog-cosignature)
    return NoteSignature(key.name, key.key_hash, signer.sign(text.encode()))


@dataclass(slots=True)
class Job:
    """The batch of one submitter, and what became of it: either indices with receipts or an error."""

    batch: Sequence[Prepared]
    indices: list[int] = field(default_factory=list)
    receipts: tuple[Receipt, ...] = ()
    error: BaseException | None = None


class Sequencer:
    """Places jobs in one log. Not thread-safe: one group at a time."""

    def __init__(self, tables: Tables, state: State, blobs: BlobStore, signer: LogSigner, clock: Clock, read_receipt: Callable[[int], Receipt]) -> None:
        """A sequencer over a checked state; `read_receipt` finds the receipt of an entry that was recorded before."""
        self._tables = tables
        self._state = state
        self._frontier = state.frontier
        self._blobs = blobs
        self._signer = signer
        self._clock = clock
        self._read_receipt = read_receipt
        self._latest = parse_instant(state.received_at) if state.received_at else None
        self._is_back = False
        self.stopped: LotmarkError | None = None
        """Why nothing more can be recorded: after a failed write nobody knows what the disk holds."""

    def record(self, jobs: Sequence[Job], also: Callable[[Sequence[Job]], None] | None = None) -> None:
        """Record what is new of the jobs, in one transaction; each job then has its receipts or its error.

        `also` runs in the transaction, once every job has one of the two.

        Raises:
            BaseException: what hit the group as a whole; nothing of it is recorded then, and each job holds the error too.
        """
        if self.stopped is not None:
            raise self.stopped
        try:
            try:
                self._try(jobs, self._place_as_new, also)
            except DuplicateError:
                self._tables.rollback()
                self._try_again(jobs, also)
        except BaseException as error:
            raised = self._undo(error)
            for job in jobs:
                job.error = job.error or raised
            if raised is error:
                raise
            raise raised from error

    def _try_again(self, jobs: Sequence[Job], also: Callable[[Sequence[Job]], None] | None) -> None:
        try:
            self._try(jobs, self._place_by_look_up, also)
        except DuplicateError as error:
            raise IntegrityError("LM-LED-114", "DATABASE_CORRUPT: an index refuses an entry that the table does not hold", solution=RESTORE) from error

    def _try(self, jobs: Sequence[Job], place: "Callable[[Job, _Group], None]", also: Callable[[Sequence[Job]], None] | None) -> None:
        group = _Group(self._frontier.size)
        received_at, clock_back = self._receive()
        self._tables.begin()
        for job in jobs:
            self._place(job, group, place, received_at)
        growth = self._insert(group, received_at)
        if clock_back:
            self._note_clock_back(clock_back, self._frontier.size if growth is None else growth.frontier.size)
        for job in jobs:
            if job.error is None:
                job.receipts = tuple(self._receipt(index, group) for index in job.indices)
        if also is not None:
            also(jobs)
        self._tables.commit()
        if growth is not None:  # what recorded nothing leaves nothing behind: another opening of the same log would not know of it
            self._frontier = growth.frontier
            self._latest = parse_instant(received_at)

    def _place(self, job: Job, group: "_Group", place: "Callable[[Job, _Group], None]", received_at: str) -> None:
        mark = len(group.new)
        job.indices, job.error = [], None
        try:
            place(job, group)
            for prepared in group.new[mark:]:
                if prepared.blobs:
                    self._check_blobs(prepared)
                if prepared.claimed:
                    prepared.check_claim(received_at)
        except LotmarkError as error:
            group.cut(mark)
            job.indices, job.error = [], error

    def _place_as_new(self, job: Job, group: "_Group") -> None:
        start = group.start + len(group.new)
        group.new.extend(job.batch)
        job.indices = list(range(start, start + len(job.batch)))

    def _place_by_look_up(self, job: Job, group: "_Group") -> None:
        for prepared in job.batch:
            index = self._find(prepared, group)
            job.indices.append(group.add(prepared) if index is None else index)

    def _find(self, prepared: Prepared, group: "_Group") -> int | None:
        """The index of the entry that a submission repeats, if any.

        Raises:
            RefusedError: LM-LED-012 if its slot is taken by something of another kind or scope.
        """
        if prepared.slot:
            found = group.slots.get(prepared.slot) or self._tables.find("SELECT idx, kind, scope FROM entry WHERE slot = ?", (prepared.slot,))
            if found is not None:
                index, kind, scope = found
                if (kind, scope) != (prepared.kind, prepared.scope):
                    raise RefusedError(
                        "LM-LED-012",
                        f"the slot {prepared.slot} is taken by entry {index}, a {kind} of {scope}; this is a {prepared.kind} of {prepared.scope}",
                        where=f"entry {index}",
                        solution="use another slot",
                    )
                return int(index)
        if prepared.identity in group.identities:
            return group.identities[prepared.identity]
        row = self._tables.find("SELECT idx FROM entry WHERE scope = ? AND kind = ? AND payload = ? AND signers = ?", prepared.identity)
        return None if row is None else int(row[0])

    def _check_blobs(self, prepared: Prepared) -> None:
        for blob in prepared.blobs:
            if not self._blobs.has(blob):
                raise UsageError(
                    "LM-LED-008",
                    f"the submission ({prepared.kind}) needs the blob {blob}, which is not in the blob store",
                    solution="put the blob first, then append",
                )

    def _insert(self, group: "_Group", received_at: str) -> tlog.Growth | None:
        """Insert what is new with its checkpoint; how the tree grew by it."""
        if not group.new:
            return None
        headers = [prepared.header(received_at) for prepared in group.new]
        growth = tlog.Growth(self._frontier, [tlog.leaf_hash(header.encode("ascii")) for header in headers])
        # The compare-and-swap, not the lock, is what keeps two sequencers from making two histories.
        if not self._tables.move_head(group.start, growth.frontier.size):
            raise head_moved()
        self._tables.insert(group.start, group.new, headers, [growth.nodes(index) for index in range(group.start, growth.frontier.size)])
        group.headers = headers
        group.proofs = growth.inclusion_proofs()
        group.note = self._signer.sign_checkpoint(Checkpoint(self._state.origin, growth.frontier.size, growth.root))
        self._tables.execute("INSERT INTO checkpoint VALUES (?, ?)", (growth.frontier.size, group.note))
        return growth

    def _receipt(self, index: int, group: "_Group") -> Receipt:
        if index < group.start:
            return self._read_receipt(index)
        offset = index - group.start
        return Receipt(index, group.headers[offset].encode("ascii"), group.proofs[offset], group.note)

    def _receive(self) -> tuple[str, str]:
        """The time of receipt, which never decreases, and what is to be noted of a clock that went back (mostly nothing)."""
        now = self._clock.now()
        if self._latest is None or now >= self._latest:
            self._is_back = False
            return format_instant(now), ""
        back = self._latest - now
        latest = format_instant(self._latest)
        if back < _NOTED or self._is_back:
            return latest, ""
        return latest, f"the clock stands at {format_instant(now)}, {back.total_seconds():.0f} s before the last time of receipt, {latest}"

    def _note_clock_back(self, text: str, size: int) -> None:
        """Beside the checkpoint of this group, or of the last one if it brought nothing new."""
        note = Attachment(size, CLOCK_BACK, "sequencer", text.encode())
        self._tables.execute(
            "INSERT INTO attachment VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", (note.size, note.kind, note.name, attachment_digest(note), note.data)
        )
        self._is_back = True
        _log.warning("CLOCK_BACK: %s", text)

    def _undo(self, error: BaseException) -> BaseException:
        """Roll back; the error that is to be raised. After a failed write or fsync: stop, and let the next opening read what is there.

        https://wiki.postgresql.org/wiki/Fsync_Errors
        """
        meaning = self._tables.fault(error) if isinstance(error, Exception) else None
        try:
            self._tables.rollback()
        except Exception as second:  # noqa: BLE001 - whatever it is, the transaction's end is unknown
            meaning = meaning or self._tables.fault(second)
            self._stop()
        if meaning is None:
            return error
        if meaning[1]:
            self._stop()
        return meaning[0]

    def _stop(self) -> None:
        self.stopped = EnvironmentLacksError("LM-LED-006", f"the ledger is stopped: {STOPPED}", solution="open it again: what was acknowledged is there")


class _Group:
    """What one transaction adds."""

    __slots__ = ("headers", "identities", "new", "note", "proofs", "slots", "start")

    def __init__(self, start: int) -> None:
        self.start = start
        self.new: list[Prepared] = []
        self.headers: list[str] = []
        self.proofs: list[tuple[bytes, ...]] = []
        self.note = b""
        self.identities: dict[tuple[str, str, str, str], int] = {}
        self.slots: dict[str, tuple[int, str, str]] = {}

    def add(self, prepared: Prepared) -> int:
        """Give it the next index."""
        index = self.start + len(self.new)
        self.new.append(prepared)
        self.identities[prepared.identity] = index
        if prepared.slot:
            self.slots[prepared.slot] = (index, prepared.kind, prepared.scope)
        return index

    def cut(self, length: int) -> None:
        """Take back what a job added that cannot be recorded."""
        for prepared in self.new[length:]:
            self.identities.pop(prepared.identity, None)
            self.slots.pop(prepared.slot, None)
        del self.new[length:]
