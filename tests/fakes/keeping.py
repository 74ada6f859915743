"""Acts on records as two persons of the tiny product sign them, and what a state folder holds, byte for byte."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from fakes.tiny_product import Called, ShiftedClock, TinyProduct
from lotmark.bootstrap.api import Acted, approve_order, erase_values, expire_run

LATER = ShiftedClock(timedelta(days=366 * 3))
"""Three years from now: the least retention of a run without a release has passed."""
STRANGER = "mallory"
"""Writes a commit and stands nowhere else: no key, not in people.yaml."""


def audit(tiny: TinyProduct) -> list[tuple[str, str, str, int]]:
    """The audit events of the ledger: tag, outcome, code, count."""
    return [(each["tag"], each["outcome"], each["code"], each["count"]) for each in tiny.predicates("audit-event")]


def blobs_of(tiny: TinyProduct) -> set[str]:
    """The names of all blobs."""
    return {path.name for path in (tiny.state / "blobs").rglob("*") if path.is_file()}


def fingerprint(folder: Path, *, without: Sequence[str] = ()) -> dict[str, str]:
    """Every file below the folder with its digest."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(name in str(path.relative_to(folder)) for name in without)
    }


def refused_run(tiny: TinyProduct) -> str:
    """A run that was rejected and is closed: nothing of it was ever placed on the market."""
    tiny.approve(by=(("rene", "regulatory", "rejection"),))
    report = tiny.run()
    assert report.outcome == "refused", report
    return report.run


def expire_by_two(tiny: TinyProduct, run: str) -> Acted:
    """Two persons sign the expiry of a run, three years from now."""
    with tiny.workspace(LATER) as workspace:
        first = expire_run(workspace, run, person="quinn", signer=tiny.signer("quinn"), reason="retention has ended")
    assert not first.order.is_effective
    assert first.removed is None
    with tiny.workspace(LATER) as workspace:
        return approve_order(workspace, first.order.digest, person="rene", signer=tiny.signer("rene"), reason="checked the dates")


def erase_by_two(tiny: TinyProduct, *values: str) -> Acted:
    """Two persons sign the erasure of values."""
    with tiny.workspace() as workspace:
        first = erase_values(workspace, values, person="quinn", signer=tiny.signer("quinn"), reason="asked for by the person")
    with tiny.workspace() as workspace:
        return approve_order(workspace, first.order.digest, person="rene", signer=tiny.signer("rene"), reason="identity was checked")


def act(tiny: TinyProduct, *words: str, by: str) -> Called:
    """A command that a person signs, on the command line."""
    return tiny.cli("records", *words, *tiny.as_person(by), "--reason", "a test")
