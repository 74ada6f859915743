"""One stored record: the checks that tie row, header, envelope and blobs together."""

from collections.abc import Iterable, Sequence
from typing import Final

from lotmark.attest.api import parse_envelope
from lotmark.attest.models import Envelope
from lotmark.base.digest import Digest
from lotmark.base.errors import IntegrityError, LotmarkError
from lotmark.ledger._headers import parse_header
from lotmark.ledger.models import Entry, Header, blob_list
from lotmark.tlog import api as tlog

RESTORE: Final = "run `lotmark log fsck`, then restore the ledger from a backup and compare its checkpoint with one kept elsewhere"


def gap(index: int) -> IntegrityError:
    """The error for an entry that is not there though later ones are committed to."""
    return IntegrityError("LM-LED-103", f"GAP: entry {index} is missing", where=f"entry {index}", solution=RESTORE)


def blobs_root(blobs: Iterable[Digest]) -> Digest | None:
    """The digest by which a header names its blobs: RFC 6962 root over their sorted raw digests; None for none."""
    leaves = [tlog.leaf_hash(blob.raw) for blob in blob_list(blobs)]
    return Digest(tlog.tree_root(leaves).hex()) if leaves else None


def check_leaf(index: int, header: bytes, leaf: bytes) -> None:
    """Return if the stored leaf hash is that of the header.

    Raises:
        IntegrityError: LM-LED-101.
    """
    if tlog.leaf_hash(header) != leaf:
        raise IntegrityError(
            "LM-LED-101", f"LEAF_MISMATCH: the header of entry {index} is not the one that the log committed to", where=place(index), solution=RESTORE
        )


def read_entry(index: int, header: bytes, leaf: bytes) -> Entry:
    """The entry of a row, its leaf hash checked.

    Raises:
        IntegrityError: LM-LED-101 or LM-LED-105.
    """
    check_leaf(index, header, leaf)
    try:
        return Entry(index, parse_header(header), header, leaf)
    except IntegrityError as error:
        raise IntegrityError(error.code, f"entry {index}: {error.reason}", where=place(index), solution=RESTORE) from error


def check_envelope(index: int, header: Header, raw: bytes | None) -> Envelope:
    """The envelope of a header, from its stored bytes.

    Raises:
        IntegrityError: LM-LED-106 if there are none, LM-LED-107 if they are not those of the header.
    """
    if raw is None:
        raise IntegrityError("LM-LED-106", f"ENVELOPE_MISSING: entry {index} ({header.kind}) has no envelope", where=place(index), solution=RESTORE)
    if len(raw) != header.size or Digest.of(raw) != header.envelope:
        raise IntegrityError(
            "LM-LED-107", f"ENVELOPE_MISMATCH: the envelope of entry {index} ({header.kind}) has changed", where=place(index), solution=RESTORE
        )
    try:
        envelope = parse_envelope(raw)
    except LotmarkError as error:
        raise IntegrityError(
            "LM-LED-107", f"ENVELOPE_MISMATCH: entry {index} ({header.kind}) holds no envelope: {error}", where=place(index), solution=RESTORE
        ) from error
    if envelope.payload_digest != header.payload or (envelope.key_id,) != header.keys:
        raise IntegrityError(
            "LM-LED-107",
            f"ENVELOPE_MISMATCH: the header of entry {index} ({header.kind}) speaks of another payload or signer",
            where=place(index),
            solution=RESTORE,
        )
    return envelope


def check_blob_list(index: int, header: Header, stored: Sequence[bytes]) -> tuple[Digest, ...]:
    """The blobs of an entry, from its stored list.

    Raises:
        IntegrityError: LM-LED-110 if the list is not the one of the header.
    """
    blobs = tuple(Digest(raw.hex()) for raw in stored if len(raw) == tlog.HASH_SIZE)
    if len(blobs) != len(stored) or blobs_root(blobs) != header.blobs:
        raise IntegrityError(
            "LM-LED-110", f"BLOB_LIST_MISMATCH: the list of blobs of entry {index} ({header.kind}) has changed", where=place(index), solution=RESTORE
        )
    return blob_list(blobs)


def place(index: int) -> str:
    """How messages name a record."""
    return f"entry {index}"
