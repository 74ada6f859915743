"""What a ledger says of itself, checked against its own signed checkpoint when it is opened."""

from collections.abc import Sequence
from dataclasses import dataclass

from lotmark.base.errors import EnvironmentLacksError, IntegrityError
from lotmark.ledger._nodes import with_nodes
from lotmark.ledger._records import RESTORE, read_entry
from lotmark.ledger._rows import Rows
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import TlogError
from lotmark.tlog.models import Checkpoint, KeyType


@dataclass(frozen=True, slots=True)
class State:
    """The log at one moment: its name and the right edge of its tree."""

    origin: str
    frontier: tlog.Frontier
    checkpoint: Checkpoint
    received_at: str
    """Time of receipt of the last entry; empty for the empty log."""


def load_state(rows: Rows, log_keys: Sequence[bytes]) -> State:
    """The state, once root, size and last entry are those of the signed checkpoint.

    Args:
        rows: Inside a snapshot, so that all is of one moment.
        log_keys: Raw public keys of which one must have signed the checkpoint; none leaves the signature to fsck and to verifiers.

    Raises:
        IntegrityError: LM-LED-101 to -104, -111, -112.
        EnvironmentLacksError: LM-LED-011 if another key signed it.
    """
    size, note = read_head(rows)
    found = rows.read("SELECT value FROM meta WHERE name = 'origin'")
    origin = found[0][0] if found else ""
    try:
        parsed = tlog.parse_note(note)
        checkpoint = tlog.parse_checkpoint(parsed.text)
        if log_keys:
            keys = [tlog.log_key(origin, key) for key in log_keys]
            first = [key.key_hash for key in keys if key.kind is KeyType.ED25519]
            if {line.key_hash for line in parsed.signatures}.isdisjoint(first):
                raise EnvironmentLacksError(
                    "LM-LED-011",
                    f"the key is not that of the log {origin}",
                    where="checkpoint",
                    solution="use the log key that belongs to this ledger (keys/log.key beside it)",
                )
            tlog.verify_checkpoint(note, keys)
    except TlogError as error:
        raise IntegrityError("LM-LED-111", f"{error.code}: the last checkpoint: {error}", where="checkpoint", solution=RESTORE) from error
    if checkpoint.origin != origin or checkpoint.size != size:
        raise IntegrityError(
            "LM-LED-111",
            f"CHECKPOINT_MALFORMED: the last checkpoint is of {checkpoint.origin!r} at size {checkpoint.size}, not of {origin!r} at {size}",
            where="checkpoint",
            solution=RESTORE,
        )
    last = rows.read("SELECT max(idx) FROM entry")[0][0]
    stored = 0 if last is None else last + 1
    if stored != size:
        raise IntegrityError(
            "LM-LED-104",
            f"SIZE_MISMATCH: the entries end at {stored}, the signed checkpoint speaks of {size}",
            where=f"entry {min(stored, size)}",
            solution=RESTORE,
        )
    frontier = with_nodes(rows, lambda node: tlog.Frontier.load(size, node))
    if frontier.root() != checkpoint.root:
        raise IntegrityError(
            "LM-LED-102", f"ROOT_MISMATCH: the tree of {size} entries has another root than the signed checkpoint", where="checkpoint", solution=RESTORE
        )
    received_at = ""
    if size:
        ((header, leaf),) = rows.read(f"SELECT {rows.header}, substr(nodes, 1, 32) FROM entry WHERE idx = ?", (size - 1,))  # noqa: S608
        received_at = read_entry(size - 1, header, leaf).header.received_at
    return State(origin, frontier, checkpoint, received_at)


def check_seen(rows: Rows, state: State, note: bytes) -> None:
    """Return if the log continues a checkpoint that the caller saw earlier and kept himself.

    Raises:
        IntegrityError: LM-LED-115 if the log is shorter, LM-LED-116 if it had another tree at that size, LM-LED-111 if
            it is no checkpoint of this log.
    """
    try:
        checkpoint = tlog.parse_checkpoint(tlog.parse_note(note).text)
    except TlogError as error:
        raise IntegrityError("LM-LED-111", f"{error.code}: the checkpoint that was kept: {error}", where="seen checkpoint", solution=RESTORE) from error
    if checkpoint.origin != state.origin:
        raise IntegrityError(
            "LM-LED-111", f"the checkpoint that was kept is of {checkpoint.origin!r}, not of {state.origin!r}", where="seen checkpoint", solution=RESTORE
        )
    if checkpoint.size > state.frontier.size:
        raise rollback(checkpoint.size, state.frontier.size)
    if with_nodes(rows, lambda node: tlog.Frontier.load(checkpoint.size, node)).root() != checkpoint.root:
        raise fork(checkpoint.size)


def rollback(seen: int, size: int) -> IntegrityError:
    """The error for a log that is shorter than it was."""
    return IntegrityError(
        "LM-LED-115",
        f"ROLLBACK: a checkpoint of {seen} entries was seen, the log has {size}",
        where=f"entry {size}",
        solution="do not append: restore the newest state, or open a new log that quotes the seen checkpoint",
    )


def fork(size: int) -> IntegrityError:
    """The error for a log that has two histories."""
    return IntegrityError(
        "LM-LED-116",
        f"FORK: the log signed two different trees of {size} entries",
        where="checkpoint",
        solution="keep both checkpoints: they prove that the log's key was misused; take the log out of use",
    )


def read_head(rows: Rows) -> tuple[int, bytes]:
    """Size and signed checkpoint of the log.

    Raises:
        IntegrityError: LM-LED-111 if there is none.
    """
    found = rows.read("SELECT size, note FROM head JOIN checkpoint USING (size)")
    if not found:
        raise IntegrityError("LM-LED-111", "CHECKPOINT_MALFORMED: the head has no checkpoint", where="checkpoint", solution=RESTORE)
    return int(found[0][0]), bytes(found[0][1])
