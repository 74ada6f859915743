"""Where a ledger lies decides which store it is in; everything else is the same."""

from collections.abc import Sequence
from pathlib import Path

from lotmark.attest.ports import Signer
from lotmark.base.clock import Clock
from lotmark.base.errors import UsageError
from lotmark.ledger._open import WAIT, create_in_folder, folder_blobs, open_reader, open_rows, open_writer
from lotmark.ledger._reader import StoredLedger
from lotmark.ledger._rows import Rows
from lotmark.ledger.ports import BlobOpener


def create_ledger(
    place: Path | str, origin: str, log_signer: Signer, clock: Clock | None = None, *, wait: float = WAIT, blobs: BlobOpener | None = None
) -> StoredLedger:
    """A new, empty ledger, open for appending, in a folder (made if need be) or in the PostgreSQL database of a URL.

    Raises:
        UsageError: LM-LED-002 if there is one already, LM-LED-015 if no log can be called `origin`.
        EnvironmentLacksError: LM-LED-003 or LM-LED-004.
    """
    if isinstance(place, str):
        from lotmark.ledger._postgres_open import create_in_postgres

        return create_in_postgres(place, origin, log_signer, clock, wait=wait, blobs=blobs or blobs_beside(place))
    folder = place.absolute()
    return create_in_folder(folder, origin, log_signer, clock, wait=wait, blobs=blobs or blobs_beside(place))


def open_ledger(
    place: Path | str,
    log_signer: Signer | None = None,
    clock: Clock | None = None,
    *,
    beside: Sequence[Signer] = (),
    wait: float = WAIT,
    seen: Sequence[bytes] = (),
    attaching: bool = False,
    submitting: bool = False,
    blobs: BlobOpener | None = None,
) -> StoredLedger:
    """The ledger in `place`, its right edge checked against its signed checkpoint.

    Args:
        place: The folder of ``ledger.db``, or the URL of a PostgreSQL database.
        log_signer: The log's key, to append; without it the ledger is read-only, takes no lock and never writes. In
            PostgreSQL whoever opens it so is the log's sequencer, and `StoredLedger.serve` takes what others submit.
        clock: For the time of receipt of new entries.
        beside: The log keys that sign each checkpoint too, while one follows the other.
        wait: Seconds to wait for another writer to finish, and for the sequencer's answer.
        seen: Signed checkpoints of this log that the caller kept outside of it. The log must continue each, so that
            a backup that was put back is noticed before anything is appended to it.
        attaching: Whether something may be attached to checkpoints. With the log's key it always may.
        submitting: Whether to append through the log's sequencer, without its key (PostgreSQL only).
        blobs: Opens the blob store; without it, that is the folder ``blobs`` beside ``ledger.db``. PostgreSQL needs one.

    Raises:
        NothingToJudgeError: LM-LED-001 if there is no ledger.
        EnvironmentLacksError: LM-LED-003 naming the pid of the other writer, LM-LED-004, LM-LED-011 for the wrong log key.
        IntegrityError: LM-LED-101 to -104, -111, -112, -114 if it is not what its checkpoint says, LM-LED-115 or -116 if it does not
            continue what was seen.
        UsageError: LM-LED-014 for a file of another program or format.
    """
    if isinstance(place, str):
        return _open_postgres(
            place, log_signer, clock, beside=beside, wait=wait, seen=seen, attaching=attaching, submitting=submitting, blobs=blobs or blobs_beside(place)
        )
    folder = place.absolute()
    opener = blobs or blobs_beside(place)
    if log_signer is None:
        return open_reader(folder, seen=seen, attaching=attaching, blobs=opener)
    return open_writer(folder, log_signer, clock, wait=wait, seen=seen, blobs=opener, beside=beside)


def open_stored_rows(place: Path | str) -> Rows:
    """The rows of a ledger for reading, whatever state it is in.

    Raises:
        As `open_ledger`, but nothing is compared with the checkpoint.
    """
    if isinstance(place, Path):
        return open_rows(place.absolute())
    from lotmark.ledger._postgres import PostgresRows

    return PostgresRows(place, writable=False)


def _open_postgres(
    url: str,
    log_signer: Signer | None,
    clock: Clock | None,
    *,
    beside: Sequence[Signer],
    wait: float,
    seen: Sequence[bytes],
    attaching: bool,
    submitting: bool,
    blobs: BlobOpener,
) -> StoredLedger:
    # psycopg is an extra, and takes its time to load: a ledger in SQLite never meets it.
    from lotmark.ledger._postgres_open import open_postgres_reader, open_sequencer, open_submitter

    if log_signer is not None:
        return open_sequencer(url, log_signer, clock, wait=wait, seen=seen, blobs=blobs, beside=beside)
    if submitting:
        return open_submitter(url, wait=wait, seen=seen, blobs=blobs)
    return open_postgres_reader(url, seen=seen, attaching=attaching, blobs=blobs)


def blobs_beside(place: Path | str) -> BlobOpener:
    """The blob store of a ledger for which none is named.

    Raises:
        UsageError: LM-LED-017 where there is no such place.
    """
    if isinstance(place, str):
        raise UsageError(
            "LM-LED-017", "a ledger in PostgreSQL has no folder for its blobs", solution="say where they are: a folder or a bucket (LOTMARK_BLOBS)"
        )
    return folder_blobs(place.absolute())
