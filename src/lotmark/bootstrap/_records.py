"""What is done to records: dates, holds, expiry and erasure, each signed by persons and carried out by the pipeline."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from lotmark.approvals.api import get_person, read_people
from lotmark.attest.api import build_payload, sign_payload
from lotmark.attest.ports import Signer
from lotmark.base.clock import parse_instant
from lotmark.base.errors import IntegrityError, NothingToJudgeError, RefusedError, UsageError
from lotmark.bootstrap._locks import follow_retention
from lotmark.bootstrap._signing import own_key
from lotmark.bootstrap._workspace import Workspace
from lotmark.ids.api import parse_id
from lotmark.ledger.models import Submission
from lotmark.records.api import (
    LockReport,
    Occurrence,
    Removed,
    RunRecords,
    build_retention_event,
    carry_out_erasure,
    carry_out_expiry,
    check_erasure,
    erasure_act,
    find_in_blobs,
    find_values,
    order_digest,
    plan_expiry,
    run_retention,
)
from lotmark.records.models import NEEDS_TWO, Order, RecordEvent, RetentionEnd, RunDates, Trigger
from lotmark.records.predicates import ActBody


@dataclass(frozen=True, slots=True)
class Acted:
    """What a signature under an act has led to."""

    order: Order
    index: int
    """Log index of the signature."""
    removed: Removed | None
    """What went, if the act is carried out by removing something."""
    remains: tuple[str, ...] = ()
    """Blobs in which an erased value still stands in clear."""
    locks: LockReport | None = None
    """What became of the locks of the storage, where it locks and the act concerns them."""


@dataclass(frozen=True, slots=True)
class RunStatus:
    """Retention of one run."""

    records: RunRecords
    end: RetentionEnd
    holds: tuple[Order, ...]
    expired: int
    """Entries whose bodies are gone."""


def list_retention(workspace: Workspace) -> list[RunStatus]:
    """Every run of the log with its retention, in log order."""
    state = workspace.reader.records()
    found = []
    for entry in workspace.ledger.entries(kind="run-opened"):
        records = find_run_records(workspace, entry.header.scope.removeprefix("run:"))
        own = [each.index for each in workspace.ledger.entries(scope=entry.header.scope)]
        found.append(
            RunStatus(
                records,
                run_retention(records, workspace.product.file.records.markets),
                tuple(hold.order for hold in state.holds_on(*records.scopes)),
                sum(index in state.expired for index in own),
            )
        )
    return found


def find_run_records(workspace: Workspace, run: str) -> RunRecords:
    """The run with the dates from which its retention is derived; they stand in headers, so they outlive the bodies.

    Raises:
        NothingToJudgeError: LM-REC-005 if there is no such run.
    """
    name = parse_id(run, workspace.product.id).canonical
    ledger, product = workspace.ledger, name.partition(":")[0]
    opened = next(iter(ledger.entries(kind="run-opened", scope=f"run:{name}")), None)
    if opened is None:
        raise NothingToJudgeError("LM-REC-005", f"there is no run {name}", where=str(workspace.state), solution="`lotmark records status` lists them")
    evidence = workspace.reader.find(opened)
    version = evidence.statement.predicate["product"]["version"] if evidence else ""
    return RunRecords(
        name,
        product,
        version,
        RunDates(
            _received_on(workspace, "release-manifest", name),
            _received_on(workspace, "run-closed", name),
            workspace.reader.records().triggers(product, version),
        ),
    )


def record_trigger(workspace: Workspace, trigger: Trigger, on: date, *, version: str, person: str, signer: Signer, reason: str) -> Acted:
    """Record that an event has happened from which retention counts; of one version, or of the whole product."""
    if on > workspace.clock.now().date():
        raise UsageError("LM-REC-003", f"{on} has not come yet", solution="record an event when it has happened")
    return _sign(workspace, "trigger", ActBody(trigger=trigger, on=on.isoformat(), version=version), person, signer, reason)


def set_hold(workspace: Workspace, scope: str, *, person: str, signer: Signer, reason: str) -> Acted:
    """Put everything in the scope under legal hold: ``product:<id>``, ``run:<run>`` or ``release:<id>@<version>``."""
    kind, _, name = scope.partition(":")
    if kind not in {"product", "run", "release"} or not name or (kind == "release") != ("@" in name):
        raise UsageError(
            "LM-REC-003", f"{scope!r} is no scope", solution=f"use product:{workspace.product.id}, run:RUN-0001 or release:{workspace.product.id}@1.0.0"
        )
    if kind == "run":
        scope = f"run:{find_run_records(workspace, name).run}"
    elif name.partition("@")[0] != workspace.product.id:
        raise UsageError("LM-REC-003", f"{scope!r} is of another product", solution=f"this ledger is of {workspace.product.id}")
    return _sign(workspace, "hold", ActBody(scope=scope), person, signer, reason)


def release_hold(workspace: Workspace, hold: str, *, person: str, signer: Signer, reason: str) -> Acted:
    """Sign the release of a hold; at the second person's signature it stands no longer."""
    order = find_order(workspace, hold, "hold")
    return _sign(workspace, "hold-release", ActBody(of=order.digest), person, signer, reason)


def expire_run(workspace: Workspace, run: str, *, person: str, signer: Signer, reason: str) -> Acted:
    """Sign that the records of a run go; at the second person's signature they do.

    Raises:
        RefusedError: LM-REC-001 before the end of retention, LM-REC-002 under a hold.
    """
    return _sign(workspace, "expiry", _expiry_act(workspace, run), person, signer, reason)


def erase_values(workspace: Workspace, values: Sequence[str], *, person: str, signer: Signer, reason: str) -> Acted:
    """Sign that clear values go from the vault; at the second person's signature they do.

    Raises:
        RefusedError: LM-REC-001 if a signature that is kept prints one, LM-REC-002 if a hold keeps a record that speaks of one.
        NothingToJudgeError: LM-REC-005 if the vault does not hold one.
    """
    check_erasure(values, [], _occurrences(workspace), workspace.reader.records())  # a signer's name need not be in the vault to be refused
    found = find_values(workspace.vault, values)
    commitments = [disclosure.commitment for disclosure in found]
    _check_erasure(workspace, commitments)
    return _sign(workspace, "erasure", erasure_act(commitments), person, signer, reason)


def approve_order(workspace: Workspace, digest: str, *, person: str, signer: Signer, reason: str) -> Acted:
    """Sign an act that another person has signed; everything is checked again before.

    Raises:
        RefusedError: LM-REC-001, -002 as at first, -003 if the records have changed since, -004 if the same person signs.
    """
    order = find_order(workspace, digest)
    act = ActBody(**order.act)  # type: ignore[arg-type]
    if order.event == "expiry" and not order.is_effective:
        now = _expiry_act(workspace, act.scope.removeprefix("run:"))
        if order_digest("expiry", order.product, now) != order.digest:
            raise RefusedError("LM-REC-003", "the records or dates have changed since the act was signed", solution="sign it anew: `lotmark records expire`")
    elif order.event == "erasure":
        _check_erasure(workspace, act.commitments)
    return _sign(workspace, order.event, act, person, signer, reason)


def find_order(workspace: Workspace, digest: str, event: RecordEvent | None = None) -> Order:
    """The act whose digest begins so.

    Raises:
        NothingToJudgeError: LM-REC-005 if there is none, or more than one.
    """
    found = [order for order in workspace.reader.records().orders if digest and order.digest.startswith(digest) and event in {None, order.event}]
    if len(found) != 1:
        raise NothingToJudgeError(
            "LM-REC-005", f"{len(found)} acts begin with {digest!r}", where=str(workspace.state), solution="`lotmark records status` lists holds and open acts"
        )
    return found[0]


def _expiry_act(workspace: Workspace, run: str) -> ActBody:
    today = workspace.clock.now().date()
    records = find_run_records(workspace, run)
    return plan_expiry(workspace.ledger, workspace.registry, workspace.reader.records(), records, workspace.product.file.records.markets, today)


def _check_erasure(workspace: Workspace, commitments: Sequence[str]) -> None:
    clear = [disclosure.value for disclosure in workspace.vault.disclosures(commitments)]
    check_erasure(clear, commitments, _occurrences(workspace), workspace.reader.records())


def _sign(workspace: Workspace, event: RecordEvent, act: ActBody, person: str, signer: Signer, reason: str) -> Acted:
    """Append one person's signature under an act, and carry it out if that was the last one needed."""
    product = workspace.product.id
    digest = order_digest(event, product, act)
    name = _name(workspace, person)
    own_key(workspace, person, signer)
    known = next((order for order in workspace.reader.records().orders if order.digest == digest), None)
    if known is not None and event in NEEDS_TWO and not known.is_effective and known.approvals[0].person == person:
        raise RefusedError(
            "LM-REC-004",
            f"{name} has signed this {event} already; another person is needed",
            where=f"entry {known.approvals[0].index}",
            solution=f"another person signs it with his own key: `lotmark records approve {digest[:12]}`",
        )
    if known is None or (event in NEEDS_TWO and not known.is_effective):
        evidence = build_retention_event(event, product=product, act=act, person=person, name=name, reason=reason, at=workspace.clock.now())
        index = _append(workspace, evidence, signer)
    else:
        index = known.approvals[-1].index  # it counts already; what was not carried out, by a crash, is carried out now
    order = next(order for order in workspace.reader.records().orders if order.digest == digest)
    if not order.is_effective:
        return Acted(order, index, None)
    if event in {"expiry", "erasure"}:
        return _carry_out(workspace, order, index)
    return Acted(order, index, None, locks=lock_records(workspace, _concerned(workspace, order)))


def lock_records(workspace: Workspace, scope: str = "") -> LockReport | None:
    """Bring the locks of the storage in line with retention and holds, of everything or of one scope; None where it does not lock."""
    return follow_retention(workspace, lambda: [(each.records, each.end) for each in list_retention(workspace)], scopes={scope} if scope else None)


def _concerned(workspace: Workspace, order: Order) -> str:
    """The scope whose dates or holds an act has changed."""
    if order.event == "hold-release":
        order = find_order(workspace, str(order.act["of"]), "hold")
    act = ActBody(**order.act)  # type: ignore[arg-type]
    if order.event == "hold":
        return act.scope
    return f"release:{order.product}@{act.version}" if act.version else f"product:{order.product}"


def _carry_out(workspace: Workspace, order: Order, index: int) -> Acted:
    remains: tuple[str, ...] = ()
    with workspace.writer() as ledger:
        if order.event == "expiry":
            removed = carry_out_expiry(ledger, order)
        else:
            act = ActBody(**order.act)  # type: ignore[arg-type]
            clear = [disclosure.value for disclosure in workspace.vault.disclosures(act.commitments)]
            remains = tuple(find_in_blobs(ledger.blobs, clear)) if clear else ()
            removed = carry_out_erasure(workspace.vault, order)
    _forget_index(workspace)
    words = f"{removed.bodies} bodies and {removed.blobs} blobs removed" if order.event == "expiry" else f"{removed.values} clear values erased from the vault"
    done = build_retention_event("carried-out", product=order.product, act=ActBody(of=order.digest), person=None, reason=words, at=workspace.clock.now())
    if not any(each.event == "carried-out" and each.act["of"] == order.digest for each in workspace.reader.records().orders):
        _append(workspace, done, workspace.pipeline_signer())
    return Acted(order, index, removed, remains)


def _forget_index(workspace: Workspace) -> None:
    """The index holds rows of bodies that are gone; it is computed anew from what is there, and no clear name is remembered for it."""
    from lotmark.index.api import FILE

    workspace.__dict__.pop("revealer", None)
    for path in workspace.state.glob(f"{FILE}*"):
        path.unlink(missing_ok=True)


def _append(workspace: Workspace, evidence: Any, signer: Signer) -> int:
    envelope = sign_payload(build_payload(evidence, workspace.registry), signer)
    with workspace.writer() as ledger:
        (receipt,) = ledger.append([Submission(envelope, evidence.kind, f"product:{workspace.product.id}", submitter=workspace.submitter())])
    return receipt.index


def _name(workspace: Workspace, person: str) -> str:
    people = read_people(workspace.product.quality / "people.yaml", name="quality/people.yaml").value
    return get_person(people, person).name


def _occurrences(workspace: Workspace) -> Iterator[Occurrence]:
    """Every entry of the log. One that does not verify stops the search: it could speak of the value."""
    for entry in workspace.ledger.entries():
        evidence = workspace.reader.find(entry, keep=False)
        yield Occurrence(entry.index, entry.header, evidence)


def _received_on(workspace: Workspace, kind: str, run: str) -> date | None:
    entry = next(iter(workspace.ledger.entries(kind=kind, scope=f"run:{run}")), None)
    return None if entry is None else parse_instant(entry.header.received_at).date()


def expired_entries(workspace: Workspace) -> frozenset[int]:
    """The entries whose bodies may be gone, by orders that verify; none where the log is too broken to tell."""
    try:
        return frozenset(workspace.reader.records().expired)
    except IntegrityError:
        return frozenset()
