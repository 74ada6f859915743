"""Asking witnesses to cosign the newest checkpoint, and what it means when one does not (``docs/spec/ledger.md``, section 8).

A witness that knows a longer log than this one shows a rollback; one that knows another history shows a fork. Both
checkpoints are then saved as evidence. One that is not there is named; the log goes on without it.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from lotmark.attest.api import witness_policy
from lotmark.attest.models import TrustPolicy
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, LotmarkError
from lotmark.ledger._blobs import sync_folder
from lotmark.ledger._cosignatures import attach_cosignature, check_witnesses, cosigned_checkpoint
from lotmark.ledger._objects import ObjectFolder
from lotmark.ledger.models import WitnessAnswer, Witnessed, WitnessReport
from lotmark.ledger.ports import CheckpointVerifier, Ledger, WitnessClient
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import ProofError, TlogError, WitnessRefusalError
from lotmark.tlog.models import AddCheckpoint, Checkpoint, NoteSignature, PolicyWitness

_ROUNDS: Final = 3
"""Requests to one witness: it may tell us a size, and another process may have asked it meanwhile."""


class WitnessMemory:
    """The newest checkpoint that each witness cosigned, kept beside the ledger: what the log may never fall behind again."""

    def __init__(self, folder: Path) -> None:
        self._objects = ObjectFolder(folder)

    def remember(self, name: str, note: bytes) -> None:
        """Keep the note as the newest of that witness.

        Raises:
            EnvironmentLacksError: LM-LED-004.
        """
        self._objects.replace(_file_name(name), note)

    def find(self, name: str) -> bytes | None:
        """The newest note that was kept of that witness."""
        path = _file_name(name)
        return self._objects.get(path) if self._objects.exists(path) else None

    def notes(self) -> tuple[bytes, ...]:
        """The notes of all witnesses; a ledger that is opened must continue each (`open_ledger`, `seen`)."""
        return tuple(self._objects.get(name) for name in self._objects.names() if name.endswith(_SUFFIX))


_SUFFIX: Final = ".checkpoint"


def _file_name(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:16] + _SUFFIX


def ask_witnesses(
    ledger: Ledger,
    policy: TrustPolicy,
    clients: Mapping[str, WitnessClient],
    *,
    verify: CheckpointVerifier,
    open_writer: Callable[[], AbstractContextManager[Ledger]],
    memory: WitnessMemory,
    evidence: Path,
    now: Callable[[], datetime],
) -> WitnessReport:
    """Ask every witness of the policy to cosign the newest checkpoint; keeps what they sign.

    Args:
        ledger: Open for reading.
        policy: Names the witnesses.
        clients: How each is reached, by its name in the policy; one without a client is reported as not reachable.
        verify: Which checkpoints of the log the caller trusts.
        open_writer: Opens the same ledger for appending, for the moment in which a cosignature is kept: no append waits for a witness.
        memory: What each witness cosigned last.
        evidence: Folder for both checkpoints of a fork or rollback; made when needed.
        now: The time, for the names of what is saved.

    Raises:
        UsageError: LM-ATT-050 or -090 for a policy that does not hold.
        IntegrityError: LM-LED-111 if the ledger's own checkpoint does not hold.
        EnvironmentLacksError: LM-LED-004 if a cosignature cannot be kept.
    """
    witnesses = witness_policy(policy).witnesses
    answers = []
    for witness in witnesses:
        client = clients.get(witness.name)
        asking = _Asking(ledger, verify, witness, open_writer, memory, evidence, now)
        answers.append(asking.ask(client) if client else WitnessAnswer(witness.name, witness.key.name, "unreachable", "the policy gives no URL for it"))
    note = cosigned_checkpoint(ledger)
    size = tlog.parse_checkpoint(tlog.parse_note(note).text).size
    return WitnessReport(size, note, tuple(answers), check_witnesses(note, policy))


def find_witnessed(ledger: Ledger, policy: TrustPolicy, memory: WitnessMemory, *, verify: CheckpointVerifier) -> Witnessed:
    """How far the log is witnessed: the newest checkpoint with the policy's quorum, or with any witness where none is asked for.

    Raises:
        IntegrityError: LM-LED-111 if a kept cosignature of a named witness is wrong, LM-LED-115 or -116 if the ledger does not
            continue a checkpoint that one of them cosigned.
    """
    sizes = {ledger.size}
    for witness in witness_policy(policy).witnesses:
        note = memory.find(witness.key.name)
        if note is not None:
            sizes.add(check_continues(ledger, verify(note)).size)
    for size in sorted(sizes, reverse=True):
        found = check_witnesses(cosigned_checkpoint(ledger, size), policy)
        if found.is_quorum and found.times:
            return Witnessed(size, found)
    return Witnessed(0, check_witnesses(cosigned_checkpoint(ledger), policy))


def check_continues(ledger: Ledger, kept: Checkpoint) -> Checkpoint:
    """The checkpoint, once the ledger continues it.

    Raises:
        IntegrityError: LM-LED-115 if the ledger is shorter, LM-LED-116 if it had another tree at that size.
    """
    own = tlog.parse_checkpoint(tlog.parse_note(ledger.checkpoint()).text)
    if kept.size > own.size:
        raise IntegrityError(
            "LM-LED-115", f"ROLLBACK: a checkpoint of {kept.size} entries was cosigned, the log has {own.size}", where="checkpoint", solution=_STOP
        )
    if kept.size:
        try:
            tlog.verify_consistency(kept.size, own.size, ledger.consistency_proof(kept.size, own.size), kept.root, own.root)
        except ProofError as error:
            raise IntegrityError(
                "LM-LED-116", f"FORK: the log signed two different trees of {kept.size} entries", where="checkpoint", solution=_STOP
            ) from error
    return kept


_STOP: Final = "do not append: keep both checkpoints, find out who put back or rewrote the log, and restore the state that the witness knows"


@dataclass
class _Asking:
    """One witness being asked."""

    ledger: Ledger
    verify: CheckpointVerifier
    witness: PolicyWitness
    open_writer: Callable[[], AbstractContextManager[Ledger]]
    memory: WitnessMemory
    evidence: Path
    now: Callable[[], datetime]

    def ask(self, client: WitnessClient) -> WitnessAnswer:
        """Ask, with the proof from what the witness knows; at 409 again, from the size that it tells."""
        name = self.witness.key.name
        known = self._remembered()
        old = known.size if known else 0
        try:
            for _ in range(_ROUNDS):
                note = self.ledger.checkpoint()
                own = tlog.parse_checkpoint(tlog.parse_note(note).text)
                if old > own.size:
                    return self._broken(client, note, own, "rollback")
                proof = self.ledger.consistency_proof(old, own.size) if 0 < old < own.size else ()
                try:
                    lines = client.add_checkpoint(AddCheckpoint(old, proof, note))
                except WitnessRefusalError as refusal:
                    if refusal.status == 422:
                        return self._broken(client, note, own, "fork")
                    if refusal.status != 409 or refusal.size is None:
                        return self._answer("refused", f"{refusal.status}: {refusal}{_CURES.get(refusal.status, '')}")
                    if known is not None and refusal.size < known.size:
                        return self._broken_witness(refusal.size, known.size)
                    old = refusal.size
                    continue
                return self._keep(note, own, lines)
        except EnvironmentLacksError as error:
            if error.code == "LM-LED-004":
                raise
            return self._answer("unreachable", error.reason)
        return self._answer("refused", f"it knows another size each time it is asked, at last {old}; somebody else asks {name} too")

    def _remembered(self) -> Checkpoint | None:
        """What this witness cosigned last, if it was kept and holds."""
        note = self.memory.find(self.witness.key.name)
        if note is None:
            return None
        try:
            tlog.verify_note(note, [self.witness.key])
            return self.verify(note)
        except (TlogError, LotmarkError):
            return None  # the witness itself is asked then; nothing rests on this file alone

    def _keep(self, note: bytes, own: Checkpoint, lines: Sequence[NoteSignature]) -> WitnessAnswer:
        """The witness's cosignature, verified and kept; lines of other keys are ignored, as the specification says."""
        key = self.witness.key
        mine = [line for line in lines if (line.name, line.key_hash) == (key.name, key.key_hash)]
        try:
            cosigned = tlog.add_signatures(note, mine)
            (verified,) = tlog.verify_note(cosigned, [key]).signatures
        except TlogError as error:
            return self._answer("refused", f"it answered without a good cosignature of {key.name}: {error}")
        if not verified.time:
            return self._answer("refused", "its cosignature tells no time")
        with self.open_writer() as writer:
            for line in mine:
                attach_cosignature(writer, own.size, line)
        self.memory.remember(key.name, cosigned)
        return WitnessAnswer(self.witness.name, key.name, "cosigned", f"size {own.size}", verified.time)

    def _broken(self, client: WitnessClient, note: bytes, own: Checkpoint, what: str) -> WitnessAnswer:
        """The witness knows a longer log or another history: both checkpoints are kept as evidence."""
        try:
            theirs = client.published(own.origin)
        except LotmarkError:
            theirs = None
        theirs = theirs or self.memory.find(self.witness.key.name)
        folder = self._save(what, note, theirs)
        known = self._size_of(theirs)
        told = f"the log has {own.size} entries" + (f", {self.witness.key.name} cosigned {known}" if known is not None else "")
        word = "ROLLBACK" if what == "rollback" else "FORK"
        return self._answer(what, f"{word}: {told}; both checkpoints are kept in {folder}")

    def _broken_witness(self, size: int, known: int) -> WitnessAnswer:
        return self._answer("rolled-back", f"the witness says that it cosigned {size} entries; we hold its cosignature on {known}: it was put back itself")

    def _size_of(self, note: bytes | None) -> int | None:
        try:
            return None if note is None else self.verify(note).size
        except LotmarkError:
            return None

    def _save(self, what: str, ours: bytes, theirs: bytes | None) -> Path:
        """Both checkpoints in a folder of their own, named by what they say, so that asking again makes no second one."""
        digest = hashlib.sha256(ours + (theirs or b"")).digest()
        name = base64.b32encode(digest[:5]).decode().lower()
        folder = self.evidence / f"{what}-{name}"
        objects = ObjectFolder(folder)
        objects.put_new("ours.checkpoint", ours)
        if theirs is not None:
            objects.put_new("witness.checkpoint", theirs)
        if not objects.exists("README.txt"):
            at = self.now().isoformat(timespec="seconds")
            objects.replace("README.txt", f"{at} {self.witness.key.name}: {what}\nBoth checkpoints are signed by the log.\n".encode())
        sync_folder(self.evidence)
        return folder

    def _answer(self, outcome: str, detail: str) -> WitnessAnswer:
        return WitnessAnswer(self.witness.name, self.witness.key.name, outcome, detail)


_CURES: Final[Mapping[int, str]] = {
    403: "; give its operator the log key that signs now",
    404: "; it does not know this log: give its operator the log's verifier key (logKey in trust.json)",
}
