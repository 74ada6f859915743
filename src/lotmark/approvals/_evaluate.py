"""evaluate_approvals: which signatures count for a decision. Every signature ends in exactly one list, with its reason."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from lotmark.approvals._bench import CLOCK_TOLERANCE, Bench, Objection, read_body
from lotmark.approvals._documents import find_person
from lotmark.approvals._matching import Candidate, fill
from lotmark.approvals._roles import read_roles
from lotmark.approvals.models import ApprovalsFile, ApprovalStatus, ESignature, IgnoredSignature, MissingSignature, PeopleFile
from lotmark.approvals.predicates import ApprovalBody
from lotmark.attest.models import KeyRecord, Trust, Verified
from lotmark.base.clock import parse_instant


@dataclass(frozen=True, slots=True)
class _Read:
    """An approval entry with its predicate."""

    entry: Verified
    body: ApprovalBody


def evaluate_approvals(decision: Verified, entries: Sequence[Verified], people: PeopleFile, rules: ApprovalsFile, trust: Trust, at: datetime) -> ApprovalStatus:
    """Where the approvals of `decision` stand at the instant `at`.

    `entries` are the verified entries of the run, and the product's delegations with their withdrawals, and its role events. Complete only if the
    decision is an accepted one, still the newest, on unchanged evidence; nobody rejects; and every required signature is
    filled by its own person with an own key.
    """
    bench = Bench(decision, entries, people, rules, read_roles(entries, trust, product=decision.statement.predicate["product"]))
    problems = bench.problems()
    accepted: list[_Read] = []
    ignored: list[IgnoredSignature] = []
    rejections: list[ESignature] = []
    seen: list[_Read] = []
    for entry in sorted((entry for entry in entries if entry.kind == "approval"), key=lambda entry: entry.index):
        body = read_body(entry, ApprovalBody)
        if body is None:
            ignored.append(_ignore(entry, Objection("LM-APR-017", "it does not have the published shape")))
            continue
        read = _Read(entry, body)
        objection = _object(bench, read, seen, trust, at)
        if objection is not None:
            ignored.append(_ignore(entry, objection))
        elif body.meaning == "rejection":
            rejections.append(_signature(read))
        else:
            accepted.append(read)
    counted = fill(bench.required, [_candidate(item) for item in accepted])
    used = {name for position in counted for name in _candidate(accepted[position]).takes}
    signatures: list[ESignature] = []
    for position, item in enumerate(accepted):
        if position not in counted and used & _candidate(item).takes:
            ignored.append(_ignore(item.entry, Objection("LM-APR-008", "this person, or this key, already counts: persons are counted, not signatures")))
        else:
            signatures.append(replace(_signature(item), counted=position in counted))
    missing = _missing(bench, [accepted[position].body for position in sorted(counted)])
    return ApprovalStatus(
        complete=not problems and not rejections and not missing,
        missing=missing,
        accepted=tuple(signatures),
        ignored=tuple(sorted(ignored, key=lambda item: item.index)),
        rejections=tuple(rejections),
        problems=tuple(f"{problem.code}: {problem.reason}" for problem in problems),
    )


def _object(bench: Bench, read: _Read, seen: list[_Read], trust: Trust, at: datetime) -> Objection | None:
    """The first reason against the signature, in the order: whose, how, for what, when, may he.

    `seen` collects the acts of signing, stale and withdrawn ones too: each moves its session on.
    """
    objection = _object_to_signer(bench, read, trust) or _object_to_session(read, seen)
    if objection is not None:
        return objection
    seen.append(read)
    return (
        (_object_to_scope(bench, read) if read.body.meaning == "rejection" else _object_to_binding(bench, read))
        or _object_to_time(bench, read, at)
        or _object_to_authority(bench, read)
        or _object_to_withdrawal(bench, read)
    )


def _object_to_signer(bench: Bench, read: _Read, trust: Trust) -> Objection | None:
    key, body = read.entry.key, read.body
    if key.kind != "person" or not key.person:
        return Objection("LM-APR-003", "only a person's own key makes a signature")
    known = trust.find(key.key_id)
    if known is None or known.public_key != key.public_key or not known.is_valid_at(read.entry.index):
        return Objection("LM-APR-016", f"the key of {key.name} was not valid at entry {read.entry.index}")
    if body.signer.person != key.person or body.authenticator.key_id != key.key_id:
        return Objection("LM-APR-004", f"it names {body.signer.person} and was signed with the key of {key.person}")
    if not _is_own_name(bench, key, body.signer.name):
        return Objection("LM-APR-004", f"the printed name {body.signer.name!r} is not the signer's")
    return None


def _is_own_name(bench: Bench, key: KeyRecord, name: str) -> bool:
    # A renamed person has two true names: the one at enrolment and today's. Any other would print a stranger's.
    person = find_person(bench.people, key.person)
    return name == key.name or (person is not None and name == person.name)


def _object_to_scope(bench: Bench, read: _Read) -> Objection | None:
    predicate, body = bench.predicate, read.body
    if (body.run, body.product) != (predicate["run"], predicate["product"]):
        return Objection("LM-APR-006", f"it was made for run {body.run} of {body.product}")
    return None


def _object_to_binding(bench: Bench, read: _Read) -> Objection | None:
    """Stale: it signs other bytes than this decision's. Says which of the things shown has changed."""
    predicate, body = bench.predicate, read.body
    foreign = _object_to_scope(bench, read)
    if foreign is not None:
        return foreign
    shown = {
        "artifact": ((body.artifact.name, body.artifact.sha256), (predicate["artifact"]["name"], predicate["artifact"]["sha256"])),
        "evidence": (body.evidence_root, predicate["evidenceRoot"]),
        "policy": (body.policy_sha256, predicate["policySha256"]),
        "log size": (body.log_size, predicate["logSize"]),
        "version": (body.version, predicate["version"]),
    }
    changed = [name for name, (signed, now) in shown.items() if signed != now]
    if body.record.payload != bench.payload and not changed:
        changed = ["decision"]
    if changed:
        return Objection("LM-APR-005", f"stale: {', '.join(changed)} changed after it was signed")
    if read.entry.index <= bench.decision.index:
        return Objection("LM-APR-005", "it stands before the decision in the log")
    return None


def _object_to_time(bench: Bench, read: _Read, at: datetime) -> Objection | None:
    signed_at = parse_instant(read.body.signed_at)
    if read.body.meaning != "rejection" and signed_at < bench.decided_at - CLOCK_TOLERANCE:
        return Objection(
            "LM-APR-011", f"CLAIMED_TIME_BEFORE_EVIDENCE: claimed time {read.body.signed_at} lies before the decision ({bench.predicate['evaluatedAt']})"
        )
    if signed_at > at + CLOCK_TOLERANCE:
        return Objection("LM-APR-011", f"claimed time {read.body.signed_at} lies in the future")
    return None


def _object_to_session(read: _Read, seen: list[_Read]) -> Objection | None:
    session, components = read.body.session, set(read.body.authenticator.components)
    same = [item.body.session.ordinal for item in seen if item.body.session.id == session.id and item.entry.key.person == read.entry.key.person]
    if session.ordinal in same:
        return Objection("LM-APR-012", f"the signing {session.ordinal} of session {session.id} was used already")
    # One component is enough only behind a signing of the same session that is in evidence.
    if components != {"key", "passphrase"} and session.ordinal - 1 not in same:
        return Objection("LM-APR-012", "the first signing of a session needs both components, key and passphrase")
    return None


def _object_to_authority(bench: Bench, read: _Read) -> Objection | None:
    body, person = read.body, read.entry.key.person
    signed_at = parse_instant(body.signed_at)
    unfit = bench.object_to_person(person, signed_at.astimezone(UTC).date())
    if unfit is not None:
        return unfit
    if body.on_behalf_of is None:
        return bench.object_to_role(person, body.role, read.entry.index) or bench.object_to_separation(person, body.meaning, email=body.signer.email)
    return (
        bench.object_to_delegation(
            body.on_behalf_of.delegation, delegator=body.on_behalf_of.person, delegate=person, role=body.role, at=signed_at, index=read.entry.index
        )
        or bench.object_to_separation(person, body.meaning, email=body.signer.email)
        # An author cannot approve through a delegate either.
        or bench.object_to_separation(body.on_behalf_of.person, body.meaning)
    )


def _object_to_withdrawal(bench: Bench, read: _Read) -> Objection | None:
    withdrawal = bench.withdrawal_of(read.entry)
    return Objection("LM-APR-007", f"withdrawn at entry {withdrawal.index}") if withdrawal is not None else None


def _candidate(read: _Read) -> Candidate:
    behalf = read.body.on_behalf_of
    takes = {f"person {read.entry.key.person}", f"key {read.entry.key.public_key.hex()}"}
    if behalf is not None:
        takes.add(f"person {behalf.person}")
    return Candidate(role=read.body.role, meaning=read.body.meaning, takes=frozenset(takes))


def _missing(bench: Bench, counted: list[ApprovalBody]) -> tuple[MissingSignature, ...]:
    missing: list[MissingSignature] = []
    wanted: dict[tuple[str, str], int] = {}
    for item in bench.required:
        wanted[item.role, item.meaning] = wanted.get((item.role, item.meaning), 0) + item.count
    for (role, meaning), count in wanted.items():
        have = sum((body.role, body.meaning) == (role, meaning) for body in counted)
        if have < count:
            missing.append(MissingSignature(role=role, meaning=meaning, count=count, have=have))
    return tuple(missing)


def _signature(read: _Read) -> ESignature:
    body = read.body
    return ESignature(
        person=body.signer.person,
        name=body.signer.name,
        role=body.role,
        meaning=body.meaning,
        signed_at=body.signed_at,
        zone=body.zone,
        reason=body.reason,
        index=read.entry.index,
        payload=read.entry.envelope.payload_digest.hex,
        key_id=read.entry.key.key_id,
        on_behalf_of=body.on_behalf_of.person if body.on_behalf_of else "",
    )


def _ignore(entry: Verified, objection: Objection) -> IgnoredSignature:
    return IgnoredSignature(code=objection.code, reason=objection.reason, person=entry.key.person, index=entry.index, payload=entry.envelope.payload_digest.hex)
