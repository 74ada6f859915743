"""What can still be said of a run whose records have expired: by whose order they went, and what the log proves without them."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from lotmark.base.digest import Digest
from lotmark.base.formats import show_text
from lotmark.bootstrap._workspace import Workspace
from lotmark.ledger.models import Entry
from lotmark.records.api import CLASSES
from lotmark.records.models import Order

_LEAST_DIGITS = 8


@dataclass(frozen=True, slots=True)
class ExpiredRun:
    """A run whose bodies are gone: their headers, the order by which they went, and the day on which it was carried out."""

    run: str
    version: str
    """Empty where the order does not tell it."""
    entries: tuple[Entry, ...]
    """The entries of the run whose bodies are gone, in log order."""
    kept: int
    """Entries of the run that are still there."""
    order: Order
    carried_out: str
    """RFC 3339; empty while nobody has said so."""
    log_size: int

    @property
    def kinds(self) -> dict[str, int]:
        """Kind -> how many records of it are gone."""
        return dict(sorted(Counter(entry.header.kind for entry in self.entries).items()))

    @property
    def clause(self) -> str:
        """By which clause the records were kept so long and no longer."""
        name = str(self.order.act["retention_class"])
        return next((known.clause for known in CLASSES if known.name == name), "")

    def to_wire(self) -> dict[str, Any]:
        """As JSON values."""
        act, first, last = self.order.act, self.entries[0], self.entries[-1]
        return {
            "run": self.run,
            "version": self.version or None,
            "expired": {
                "records": len(self.entries),
                "kinds": self.kinds,
                "blobs": len(_texts(act["blobs"])),
                "keptUntil": act["on"],
                "class": act["retention_class"],
                "clause": self.clause,
                "order": self.order.digest,
                "approvals": [
                    {"index": each.index, "person": each.person, "name": each.name, "reason": each.reason, "at": each.at} for each in self.order.approvals
                ],
                "carriedOutAt": self.carried_out or None,
            },
            "proved": {
                "firstIndex": first.index,
                "firstReceivedAt": first.header.received_at,
                "lastIndex": last.index,
                "lastReceivedAt": last.header.received_at,
                "logSize": self.log_size,
                "recordsKept": self.kept,
            },
        }

    def to_text(self) -> str:
        """For a person."""
        wire = self.to_wire()
        gone, proved = wire["expired"], wire["proved"]
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.kinds.items())
        lines = [
            f"{self.run}{' ' + self.version if self.version else ''}  EXPIRED",
            "",
            "What expired",
            f"  records         {gone['records']} records and {gone['blobs']} blobs: {kinds}",
            f"  kept            until {gone['keptUntil']} ({gone['class']}), by {self.clause}",
            *(
                f"  approved        {show_text(each['name'])} on {each['at'][:10]}, entry {each['index']}: {show_text(each['reason'])}"
                for each in gone["approvals"]
            ),
            f"  removed         {gone['carriedOutAt'] or 'not told yet: `lotmark records approve ' + self.order.digest[:12] + '` finishes it'}",
            "",
            "What is still proved",
            f"  presence        each of these records was in the log: entry {proved['firstIndex']} of {proved['firstReceivedAt']} to entry {proved['lastIndex']} of {proved['lastReceivedAt']}",
            "  digests         kind, time, signer and digest of each stand in its header; a copy that somebody kept can be held against them",
            f"  proof           `lotmark log prove {proved['firstIndex']}` proves a header under the signed checkpoint of {proved['logSize']} entries",
            *([f"  kept records    {self.kept} records of the run are still there: `lotmark log search --scope run:{self.run}`"] if self.kept else []),
            "",
            "What they said (artifact, tests, signatures) can be shown no more.",
        ]
        return "\n".join(lines)


def find_expired_run(workspace: Workspace, question: str) -> ExpiredRun | None:
    """The run that the question names (id, version, or digest of something in it), if its records have expired; else None.

    Of several the newest. Only orders that two persons signed and that verify are believed.
    """
    state = workspace.reader.records()
    for order in reversed(state.orders):
        if order.event != "expiry" or not order.is_effective:
            continue
        run = str(order.act["scope"]).removeprefix("run:")
        if not _fits(question, run, order):
            continue
        entries = list(workspace.ledger.entries(scope=f"run:{run}"))
        gone = tuple(entry for entry in entries if entry.index in state.expired)
        if gone:
            done = next((each for each in state.orders if each.event == "carried-out" and each.act["of"] == order.digest), None)
            return ExpiredRun(
                run, str(order.act["version"]), gone, len(entries) - len(gone), order, done.approvals[0].at if done else "", workspace.ledger.size
            )
    return None


def _fits(question: str, run: str, order: Order) -> bool:
    asked = question.strip().removeprefix("sha256:")
    if asked in {run, run.partition(":")[2]} or (asked and asked == order.act["version"]):
        return True
    digests = [Digest(blob).hex for blob in _texts(order.act["blobs"])]
    return len(asked) >= _LEAST_DIGITS and any(digest.startswith(asked.lower()) for digest in digests)


def _texts(value: object) -> list[str]:
    return value if isinstance(value, list) else []
