"""Electronic signatures and waivers, as 21 CFR 11.50 wants them shown: printed name, date and time, meaning."""

from lotmark.approvals.api import evaluate_approvals, parse_approvals, parse_people
from lotmark.approvals.models import ApprovalStatus
from lotmark.attest.models import Verified
from lotmark.base.clock import parse_instant
from lotmark.base.errors import LotmarkError
from lotmark.dossier._view_basic import Status
from lotmark.dossier._view_model import ApprovalsView, RequiredView, SignatureView, WaiverItem
from lotmark.dossier._view_source import Predicate, ViewSource
from lotmark.dossier._view_words import instant

_PEOPLE, _RULES = "quality/people.yaml", "quality/approvals.yaml"
_NOT_COUNTED = "Whether it counts was not judged: the people and rules that the run pinned are not at hand."


def view_approvals(source: ViewSource, at: str) -> ApprovalsView | None:
    """The signatures under the last decision, judged by the rules that the run pinned, as of the instant `at`."""
    decision = source.evidence.find("decision")
    if decision is None:
        return None
    content = decision.statement.predicate
    status = evaluate_signatures(source, decision, at)
    entries = source.evidence.all("approval")
    signatures = tuple(_signature(source, entry, status) for entry in entries)
    return ApprovalsView(
        tier=content["tier"]["name"],
        reasons=tuple(content["tier"]["reasons"]),
        required=tuple(_required(wanted, status, accepted=content["verdict"] == "accepted") for wanted in content["required"]),
        signatures=signatures,
        problems=status.problems if status else (),
        signed=len({signature.person for signature in signatures if signature.status.word == "counts"}),
    )


def evaluate_signatures(source: ViewSource, decision: Verified, at: str) -> ApprovalStatus | None:
    """Which signatures count; None where that cannot be judged here, and then none is said to count."""
    people, rules = source.pinned(_PEOPLE), source.pinned(_RULES)
    if people is None or rules is None or source.trust is None:
        return None
    try:
        known = parse_people(people, name=_PEOPLE)
        parsed = parse_approvals(rules, known, name=_RULES)
    except LotmarkError:
        return None
    judged = [*source.evidence, *(entry for entry in source.product_entries if entry.kind in {"delegation", "approval-withdrawal", "role-event"})]
    return evaluate_approvals(decision, judged, known.value, parsed.value, source.trust, parse_instant(at))


def _required(wanted: Predicate, status: ApprovalStatus | None, *, accepted: bool) -> RequiredView:
    role, meaning, number = wanted["role"], wanted["meaning"], wanted["count"]
    if status is None:
        return RequiredView(role, meaning, number, None, Status("none", "not judged"))
    lacking = next((item for item in status.missing if (item.role, item.meaning) == (role, meaning)), None)
    if lacking is None:
        return RequiredView(role, meaning, number, number, Status("ok", "signed"))
    word = Status("wait", "waiting") if accepted and not status.rejections else Status("none", "not signed")
    return RequiredView(role, meaning, number, lacking.have, word)


def _signature(source: ViewSource, entry: Verified, status: ApprovalStatus | None) -> SignatureView:
    content = entry.statement.predicate
    judged, note = _judge(entry, status)
    behalf = content["onBehalfOf"]
    return SignatureView(
        name=content["signer"]["name"],
        person=content["signer"]["person"],
        email=content["signer"]["email"],
        role=content["role"],
        meaning=content["meaning"],
        signed_at=instant(content["signedAt"]),
        zone=content["zone"],
        reason=content["reason"],
        key_id=entry.key.key_id,
        components=" and ".join(content["authenticator"]["components"]),
        on_behalf_of=source.name_of(behalf["person"]) if behalf else "",
        index=entry.index,
        status=judged,
        note=note,
    )


def _judge(entry: Verified, status: ApprovalStatus | None) -> tuple[Status, str]:
    payload = entry.envelope.payload_digest.hex
    if status is None:
        return Status("none", "not judged"), _NOT_COUNTED
    for item in status.ignored:
        if item.payload == payload:
            return Status("bad", "does not count"), f"{item.code}: {item.reason}"
    if any(item.payload == payload for item in status.rejections):
        return Status("bad", "rejects"), ""
    if any(item.payload == payload and item.counted for item in status.accepted):
        return Status("ok", "counts"), ""
    return Status("none", "in addition"), "It holds, and no required signature needed it."


def view_waivers(source: ViewSource) -> tuple[WaiverItem, ...] | None:
    """The waivers that took effect in the test matrix; None where the matrix was not evaluated."""
    matrix = source.find("matrix-evaluation")
    if matrix is None:
        return None
    signed = {entry.index: entry.statement.predicate for entry in source.product_entries if entry.kind == "waiver"}
    return tuple(_waiver(source, waiver, signed.get(waiver["index"])) for waiver in matrix["waivers"])


def _waiver(source: ViewSource, waiver: Predicate, record: Predicate | None) -> WaiverItem:
    scope = waiver["scope"]
    signer = record["signer"] if record else None
    return WaiverItem(
        id=waiver["id"],
        covers=(*scope["tests"], *scope["requirements"], *scope["hazards"], *scope["riskControls"]),
        reason=waiver["reason"],
        residual_risk=waiver["residualRisk"],
        owner=source.name_of(waiver["owner"]),
        signer=f"{signer['name']} ({signer['role']})" if signer else "",
        signed_at=instant(record["signedAt"]) if record else "",
        zone=record["zone"] if record else "",
        expires=waiver["expires"],
        index=waiver["index"],
    )
