"""Erasure of a name: what stands against it, and its going from the vault. The records themselves are not touched."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lotmark.attest.models import Verified
from lotmark.base.errors import NothingToJudgeError, RefusedError
from lotmark.ledger.models import Header
from lotmark.ledger.ports import BlobStore
from lotmark.records._expiry import Removed, check_holds, require_effective
from lotmark.records._vault import Disclosure, Vault, find_commitments
from lotmark.records.models import Order, RecordState
from lotmark.records.predicates import ActBody

SIGNATURE_KINDS: frozenset[str] = frozenset({"approval", "approval-withdrawal", "delegation", "waiver", "waiver-closure", "key-event", "retention-event"})
"""Records whose printed names 21 CFR 11.50 and 11.70 keep as long as the record."""
_SEARCHED = 4 * 1024 * 1024
"""Blobs up to so many bytes are searched for a value that is erased: texts are small, artifacts need not be read."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An entry in which a value stands: its header, and its evidence where the kind is known and the body there."""

    index: int
    header: Header
    evidence: Verified | None


def find_values(vault: Vault, values: Sequence[str]) -> list[Disclosure]:
    """What the vault holds of the values: each a name, an address, or a commitment.

    Raises:
        NothingToJudgeError: LM-REC-005 for one that it does not hold.
    """
    found = []
    for value in values:
        disclosure = vault.find(value) or vault.find_value(value)
        if disclosure is None:
            raise NothingToJudgeError(
                "LM-REC-005", f"the vault holds no {value!r}", where=str(vault.path), solution="`lotmark log search --person NAME` shows how names stand in it"
            )
        found.append(disclosure)
    return found


def check_erasure(values: Sequence[str], commitments: Sequence[str], entries: Iterable[Occurrence], state: RecordState) -> None:
    """Return if the values may be erased: no signature in retention prints them, no hold keeps a record that speaks of them.

    Args:
        values: Clear texts to be erased; compared without case.
        commitments: Those of them that the vault holds.
        entries: All entries of the log.
        state: Holds and expiries.

    Raises:
        RefusedError: LM-REC-001 naming the signed records, LM-REC-002 naming the hold.
    """
    wanted, tokens = {value.casefold() for value in values}, set(commitments)
    signed: list[Occurrence] = []
    scopes: set[str] = set()
    for entry in entries:
        texts = _spoken(entry)
        said = not tokens.isdisjoint(texts) or any(text.casefold() in wanted for text in texts)
        # A submitter stands in the header alone: it is no printed name, and the signed bytes do not speak of it.
        if said and entry.header.kind in SIGNATURE_KINDS and entry.index not in state.expired:
            signed.append(entry)
        if said or entry.header.submitter in tokens:
            scopes |= _scopes(entry)
    if signed:
        named = ", ".join(f"entry {entry.index} ({entry.header.kind})" for entry in signed[:5]) + (f" and {len(signed) - 5} more" if len(signed) > 5 else "")
        raise RefusedError(
            "LM-REC-001",
            f"RETENTION: the printed name, time and meaning of a signature stay until the end of the record that it signs: {named}",
            where=f"entry {signed[0].index}",
            solution="erase it when those records have expired (`lotmark records status`); a name behind a signature is kept by law (GDPR article 17(3)(b))",
        )
    check_holds(state, sorted(scopes), "records that speak of it")


def kept_commitments(entries: Iterable[Verified]) -> set[str]:
    """The commitments that the signatures among the entries keep as long as their records: `check_erasure` lets none of them go before."""
    return find_commitments(text for entry in entries if entry.kind in SIGNATURE_KINDS for text in _said(entry))


def erasure_act(commitments: Sequence[str]) -> ActBody:
    """The act by which the clear values behind the commitments go."""
    return ActBody(commitments=sorted(set(commitments)))


def carry_out_erasure(vault: Vault, order: Order) -> Removed:
    """Erase what an effective order names from the vault; again is no error.

    Raises:
        RefusedError: LM-REC-004 if the order is not effective.
    """
    require_effective(order)
    commitments = order.act["commitments"]
    return Removed(0, 0, vault.erase(commitments if isinstance(commitments, list) else []))


def find_in_blobs(blobs: BlobStore, values: Sequence[str]) -> list[str]:
    """The digests of small blobs that hold one of the values in clear: pinned files and reports of tools, which erasure does not reach."""
    wanted = [value.encode("utf-8") for value in values]
    found = []
    for digest in blobs:
        with blobs.local_file(digest) as path:
            data = path.read_bytes() if path.stat().st_size <= _SEARCHED else b""
        if any(value in data for value in wanted):
            found.append(digest.hex)
    return found


def _spoken(entry: Occurrence) -> set[str]:
    """The texts of an entry; of a retention event who signed it, for what it names to be erased it does not print."""
    return set() if entry.evidence is None else _said(entry.evidence)


def _said(evidence: Verified) -> set[str]:
    predicate = evidence.statement.predicate
    return set(_texts(predicate["approver"] if evidence.kind == "retention-event" else predicate))


def _scopes(entry: Occurrence) -> set[str]:
    scope, _, name = entry.header.scope.partition(":")
    product = name.partition(":")[0] if scope == "run" else name.partition("@")[0]
    return {entry.header.scope, f"product:{product}"}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
