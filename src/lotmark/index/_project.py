"""From entries of a ledger to rows of the index."""

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from lotmark.attest.models import Verified
from lotmark.base.errors import IntegrityError
from lotmark.index._projectors import PROJECTORS
from lotmark.index._projectors._row import Row, words
from lotmark.index._reader import VerifiedReader
from lotmark.index._tables import INSERTS
from lotmark.ledger.models import Entry


def write_batch(connection: sqlite3.Connection, reader: VerifiedReader, start: int, end: int) -> Iterator[bytes]:
    """Write the rows of the entries [start, end); yields the leaf hash of each entry once its rows are written.

    Raises:
        IntegrityError: LM-IDX-001 for an entry that cannot be projected; what the reader raises for one that does not verify.
    """
    for entry in reader.ledger.entries(start, end):
        verified = reader.find(entry, keep=False)
        try:
            for table, rows in group(entry.index, project(entry, verified, _title(reader, entry, verified))).items():
                connection.executemany(INSERTS[table], rows)
        except _UNFIT as error:
            reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            raise IntegrityError(
                "LM-IDX-001",
                f"entry {entry.index} ({entry.header.kind}) cannot be read into the index: {reason}",
                where=f"entry {entry.index}",
                solution="run `lotmark log fsck`; if the log is sound, another version of Lotmark may have written the entry",
            ) from error
        yield entry.leaf_hash


_UNFIT = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
)
"""What a projector, or SQLite's strict typing, raises for evidence that is not of the shape of its kind."""


def _title(reader: VerifiedReader, entry: Entry, verified: Verified | None) -> str:
    """What an entry that has no projector of its own is called; of an expired one why, when and by whom its body went."""
    title = reader.title(entry.header.kind)
    if verified is not None:
        return title
    order = reader.expired(entry.index)
    return f"EXPIRED: {title}: {order.words}" if order else f"a record of a kind that is not known here: {title}"


def project(entry: Entry, verified: Verified | None, title: str) -> Iterator[Row]:
    """The rows of one entry, the one of `entries` first. Pure."""
    told = verified.statement.predicate if verified else {}
    rows = _rows(verified, title)
    _, said = next(rows)
    header = entry.header
    scope, _, name = header.scope.partition(":")
    run = told.get("run") or (name if scope == "run" else None)
    product = told.get("product")
    yield (
        "entries",
        {
            "kind": header.kind,
            "verified": int(verified is not None),
            "run": run,
            "product": product if isinstance(product, str) else name.partition(":")[0],
            "scope": header.scope,
            "slot": header.slot,
            "received_at": header.received_at,
            "submitter": header.submitter,
            "envelope": header.envelope.hex,
            "size": header.size,
            "payload": header.payload.hex,
            "key_id": ",".join(header.keys),
            "signer": (verified.key.name or verified.key.kind) if verified else None,
            "person": verified.key.person if verified else None,
            "why": _why(told),
            **said,
        },
    )
    for subject in verified.statement.subject if verified else ():
        yield "subjects", {"run": run, "name": subject.name, "sha256": subject.digest.get("sha256"), "git_commit": subject.digest.get("gitCommit")}
    yield from rows


def _why(told: Mapping[str, Any]) -> str | None:
    """The reason that a record gives, if it gives one in a text."""
    given = (told.get(name) for name in ("reason", "detail", "justification"))
    return next((reason for reason in given if isinstance(reason, str) and reason), None)


def _rows(verified: Verified | None, title: str) -> Iterator[Row]:
    """Words and rows; words alone for a kind that no projector knows."""
    if verified is None:
        yield words(title)
    elif verified.kind in PROJECTORS:
        yield from PROJECTORS[verified.kind](verified)
    else:
        yield words(title)


def group(index: int, rows: Iterator[Row]) -> dict[str, list[dict[str, Any]]]:
    """The rows by table, each with the log index and its number within the table."""
    grouped: dict[str, list[dict[str, Any]]] = {}
    for table, row in rows:
        place = grouped.setdefault(table, [])
        row["idx"], row["position"] = index, len(place)
        place.append(row)
    return grouped
