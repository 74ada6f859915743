"""Cosignatures of a ledger's checkpoints: where they are kept, and whether the caller's trust finds enough of them.

They stand beside the log as attachments, one signature line each (C2SP ``tlog-cosignature``): no root covers them, whoever
reads them verifies them.
"""

from datetime import datetime, timedelta
from typing import Final

from lotmark.attest.api import witness_policy
from lotmark.attest.models import TrustPolicy
from lotmark.base.errors import IntegrityError
from lotmark.ledger.ports import Ledger
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import TlogError
from lotmark.tlog.models import NoteSignature, Witnessing

COSIGNATURE: Final = "cosignature"
NOT_WITNESSED: Final = "No witness: tamper-evident only against people without the log key."
_MAX_SEARCHED: Final = 10_000
"""Checkpoints: a log that was not witnessed for so many batches is not searched to its end."""
_SKEW: Final = timedelta(minutes=5)
"""How far a witness's clock may be ahead of ours."""


def attach_cosignature(ledger: Ledger, size: int, signature: NoteSignature) -> None:
    """Keep a cosignature on the checkpoint of that size.

    Raises:
        NothingToJudgeError, EnvironmentLacksError: as `Ledger.attach`.
    """
    ledger.attach(size, COSIGNATURE, signature.name, tlog.format_signatures([signature]).encode())


def cosigned_checkpoint(ledger: Ledger, size: int | None = None, *, first: bool = False) -> bytes:
    """The signed checkpoint of that size (default: the newest) with the cosignatures that were kept, one of each key.

    Args:
        ledger: The log.
        size: One at which a checkpoint was signed.
        first: Of several of one key take the oldest in place of the youngest: so what is exported once stays the same.

    Raises:
        NothingToJudgeError: LM-LED-010 if no checkpoint was made at that size.
        IntegrityError: LM-LED-117 if an attachment has changed, LM-LED-111 if checkpoint or cosignature is not of its form.
    """
    note = ledger.checkpoint(size)
    try:
        size = tlog.parse_checkpoint(tlog.parse_note(note).text).size
        lines: dict[tuple[str, int], NoteSignature] = {}
        for attachment in ledger.attachments(size):
            if attachment.kind != COSIGNATURE:
                continue
            for line in tlog.parse_signatures(attachment.data.decode()):
                kept = lines.setdefault((line.name, line.key_hash), line)
                if (tlog.read_time(line.signature) < tlog.read_time(kept.signature)) is first:
                    lines[line.name, line.key_hash] = line
        return tlog.add_signatures(note, lines.values())
    except ValueError as error:  # TlogError is one, and so is what is no text or no cosignature
        raise IntegrityError("LM-LED-111", f"CHECKPOINT_MALFORMED: {error}", where="checkpoint", solution="run `lotmark log fsck`") from error


def covering_checkpoint(ledger: Ledger, index: int, policy: TrustPolicy) -> bytes:
    """The oldest checkpoint that covers the entry and has the policy's quorum, with the oldest cosignatures of each key.

    Where none has it: the oldest that covers the entry. Once a quorum stands, the answer stays the same for ever.

    Raises:
        NothingToJudgeError: LM-LED-010 if there is no such entry.
        IntegrityError: as `cosigned_checkpoint`, or LM-LED-111 if a kept line of a named witness is wrong.
    """
    oldest = _size_of(ledger.receipt(index).checkpoint)
    size = oldest
    wanted = witness_policy(policy).quorum != tlog.NO_WITNESSES
    for _ in range(_MAX_SEARCHED if wanted else 0):
        note = cosigned_checkpoint(ledger, size, first=True)
        try:
            judge_witnesses(note, policy)
        except IntegrityError as error:
            if error.code != "LM-LED-141":
                raise
        else:
            return note
        if size >= ledger.size:
            break
        size = _size_of(ledger.receipt(size).checkpoint)
    return cosigned_checkpoint(ledger, oldest, first=True)


def _size_of(note: bytes) -> int:
    return tlog.parse_checkpoint(tlog.parse_note(note).text).size


def check_witnesses(note: bytes, policy: TrustPolicy) -> Witnessing:
    """What the caller's witnesses say of a signed checkpoint, enough of them or not; the log signature is not judged here.

    Raises:
        IntegrityError: LM-LED-111 a line of a named witness is wrong, or it is no note.
        UsageError: LM-ATT-050 or -090 if the policy does not hold.
    """
    try:
        return tlog.check_policy(witness_policy(policy), note)
    except TlogError as error:
        raise IntegrityError("LM-LED-111", f"{error.code}: {error}", where="checkpoint", solution=_OTHER) from error


def judge_witnesses(note: bytes, policy: TrustPolicy, *, now: datetime | None = None, max_age: timedelta | None = None) -> Witnessing:
    """What the caller's witnesses say of a signed checkpoint, once they are enough.

    Args:
        note: The checkpoint; its log signature is not judged here.
        policy: Names witnesses and quorum.
        now: To judge times with; without it none is judged.
        max_age: How old a quorum may be; the log is shown frozen to whoever gets an older one.

    Raises:
        IntegrityError: LM-LED-141 NOT_WITNESSED without a quorum, or with a cosignature from the future; LM-LED-142 STALE;
            LM-LED-111 a line of a named witness is wrong, or it is no note.
    """
    found = check_witnesses(note, policy)
    if not found.is_quorum:
        names = ", ".join(sorted(found.times)) or "nobody"
        raise IntegrityError(
            "LM-LED-141",
            f"NOT_WITNESSED: the checkpoint is cosigned by {names} of your witnesses; that is not the quorum that you ask for",
            where="checkpoint",
            solution="get a checkpoint with the cosignatures (`lotmark log witness` asks for them); two trees of one size can not both have them",
        )
    if now is not None and found.quorum_time is not None:
        age = now - datetime.fromtimestamp(found.quorum_time, now.tzinfo)
        if age < -_SKEW:
            raise IntegrityError(
                "LM-LED-141", "NOT_WITNESSED: cosigned in the future", where="checkpoint", solution="compare this machine's clock with that of the witness"
            )
        if max_age is not None and age > max_age:
            raise IntegrityError(
                "LM-LED-142",
                f"STALE: a quorum cosigned {_hours(age)} ago, you allow {_hours(max_age)}",
                where="checkpoint",
                solution="get the newest checkpoint of the log; if there is none, the log stands still or is hidden from you",
            )
    return found


def describe_witnesses(found: Witnessing) -> str:
    """One sentence on what the cosignatures are worth."""
    if not found.times:
        return NOT_WITNESSED
    count = len(found.times)
    return f"Cosigned by {count} witness{'es' if count > 1 else ''}: the log's owner alone could not have shown another history."


def _hours(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    return f"{hours:.0f} h" if hours >= 2 else f"{age.total_seconds() / 60:.0f} min"


_OTHER: Final = "get the checkpoint again; if it stays so, somebody changed the cosignatures"
