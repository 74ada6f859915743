"""Decision and signatures of a run as the ledger tells them.

Whether a signature counts is judged in the room `approvals` and told by the frozen manifest. Before the release the
index says only what is plain to see: withdrawn, made under an earlier decision, made with somebody else's key.
"""

from typing import Any, Final

from lotmark.index._index import Index
from lotmark.index.models import Decision, RequiredSignature, RunSummary, Signature, UnderWhichApproval

_OPEN: Final = ("refused", "pending")


def read_approval(index: Index, summary: RunSummary) -> UnderWhichApproval:
    """The decision on which the release stands (else the newest one), what it wants signed, and every signature."""
    run = summary.run
    release = index.first("SELECT idx, decision FROM releases WHERE run = ? ORDER BY idx DESC LIMIT 1", run)
    decided = None
    if release is not None:
        decided = index.first("SELECT * FROM decisions WHERE run = ? AND payload = ? ORDER BY idx DESC LIMIT 1", run, release["decision"])
    decided = decided or index.first("SELECT * FROM decisions WHERE run = ? ORDER BY idx DESC LIMIT 1", run)
    required: list[dict[str, Any]] = []
    if decided is not None:
        required = index.rows("SELECT count, role, meaning FROM required_signatures WHERE idx = ? ORDER BY position", decided["idx"])
    stage = index.first("SELECT outcome, summary FROM stages WHERE run = ? AND stage = 'approval' ORDER BY idx DESC LIMIT 1", run)
    return UnderWhichApproval(
        decision=_decision(index, decided) if decided else None,
        required=tuple(RequiredSignature(**row) for row in required),
        signatures=_signatures(index, run, decided, release),
        stage=f"{stage['outcome']}: {stage['summary']}" if stage and stage["outcome"] in _OPEN else None,
    )


def _decision(index: Index, row: dict[str, Any]) -> Decision:
    criteria = index.rows("SELECT title, verdict, messages FROM criteria WHERE idx = ? ORDER BY position", row["idx"])
    notes = index.rows("SELECT what, note FROM decision_notes WHERE idx = ? ORDER BY position", row["idx"])
    return Decision(
        verdict=row["verdict"],
        criteria_met=sum(1 for criterion in criteria if criterion["verdict"] == "met"),
        criteria=len(criteria),
        unmet=tuple(
            criterion["title"] + (f": {criterion['messages']}" if criterion["messages"] else "") for criterion in criteria if criterion["verdict"] != "met"
        ),
        missing=tuple(note["note"] for note in notes if note["what"] == "missing"),
        tier=row["tier"],
        tier_reasons=tuple(note["note"] for note in notes if note["what"] == "tier"),
        policy_sha256=row["policy_sha256"],
        evaluated_at=row["evaluated_at"],
        log_size=row["log_size"],
        index=row["idx"],
    )


def _signatures(index: Index, run: str, decided: dict[str, Any] | None, release: dict[str, Any] | None) -> tuple[Signature, ...]:
    counted: set[str] = set()
    if release is not None:
        counted = {row["approval"] for row in index.rows("SELECT approval FROM release_signatures WHERE idx = ?", release["idx"])}
    # Only the signer can withdraw: a withdrawal by somebody else changes nothing.
    withdrawn = {(row["approval"], row["person"]) for row in index.rows("SELECT approval, person FROM withdrawals WHERE run = ?", run)}
    signatures = []
    for row in index.rows("SELECT * FROM approvals WHERE run = ? ORDER BY idx", run):
        standing: Any = "recorded"
        if row["key_person"] != row["person"]:
            standing = "foreign key"
        elif (row["payload"], row["person"]) in withdrawn:
            standing = "withdrawn"
        elif row["payload"] in counted:
            standing = "counted"
        elif row["meaning"] == "rejection":
            standing = "rejection"
        elif decided is None or row["decision"] != decided["payload"]:
            standing = "stale"
        elif release is not None:
            standing = "not counted"
        signatures.append(
            Signature(
                name=row["name"],
                person=row["person"],
                role=row["role"],
                meaning=row["meaning"],
                signed_at=row["signed_at"],
                zone=row["zone"],
                reason=row["reason"],
                on_behalf_of=row["on_behalf_of"],
                standing=standing,
                index=row["idx"],
            )
        )
    return tuple(signatures)
