"""What a person signs, and the refusals before a signature is made.

The evaluation judges what stands in the log; here the same rules speak earlier, while the person can still be told.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lotmark.approvals._bench import Bench, Objection, read_body
from lotmark.approvals._documents import find_person
from lotmark.approvals._roles import read_roles
from lotmark.approvals.models import TIERS, ApprovalsFile, Meaning, PeopleDocument, PeopleFile, Person, Signing
from lotmark.approvals.predicates import ApprovalBody, DelegationBody
from lotmark.attest.models import Evidence, Subject, Trust, Verified
from lotmark.base.clock import format_instant
from lotmark.base.errors import EnvironmentLacksError, LotmarkError, RefusedError, UsageError

MEANINGS: tuple[str, ...] = get_args(Meaning)
_CURES = {
    "LM-APR-001": "somebody who took no part in the change must sign",
    "LM-APR-002": "have somebody sign who holds the role, or sign on behalf with a delegation",
    "LM-APR-005": "evaluate the gate again (`lotmark gate`) and sign the new decision",
    "LM-APR-009": "ask for a new delegation (`lotmark approve delegate`)",
    "LM-APR-010": "renew the training and record it in quality/people.yaml",
    "LM-APR-013": "mend what the decision names; it can only be rejected",
    "LM-APR-015": "add the person to quality/people.yaml, under approval",
    "LM-APR-022": "evaluate the gate again with the rules that the run pinned",
    "LM-APR-033": "root persons grant it: `lotmark key role grant`",
}
_LACKS = frozenset({"LM-APR-002", "LM-APR-009", "LM-APR-010", "LM-APR-015", "LM-APR-033"})
"""Objections for want of identity or permission (exit 4); the others are refusals (exit 1)."""
_NOW = 2**63
"""A log index after every entry."""


def check_may_sign(
    decision: Verified,
    entries: Sequence[Verified],
    people: PeopleFile,
    rules: ApprovalsFile,
    *,
    person: str,
    role: str,
    meaning: str,
    at: datetime,
    on_behalf_of: Verified | None = None,
    trust: Trust | None = None,
) -> None:
    """Refuse, before the signature is made, whatever would not count after it.

    `entries` as for `evaluate_approvals`; `on_behalf_of` is the delegation that the person uses; `trust` are the
    keys by log index, by which the role events among the entries are judged.

    Raises:
        UsageError: LM-APR-018 a meaning or role that this decision does not ask for.
        RefusedError: LM-APR-001 self-approval, -005 stale, -008 signed already, -013 a refused decision, -014 closed by a
            rejection, -022.
        EnvironmentLacksError: LM-APR-002 or -033 no such role, -009 delegation, -010 training, -015 unknown person.
    """
    roles = read_roles(entries, trust or Trust(), product=decision.statement.predicate["product"])
    bench = Bench(decision, entries, people, rules, roles)
    _check_asked(bench, role, meaning)
    _raise(bench.object_to_person(person, at.astimezone(UTC).date()))
    if on_behalf_of is None:
        _raise(bench.object_to_role(person, role, _NOW))
    else:
        body = _delegation(on_behalf_of)
        payload = on_behalf_of.envelope.payload_digest.hex
        _raise(bench.object_to_delegation(payload, delegator=body.delegator, delegate=person, role=role, at=at, index=None))
        _raise(bench.object_to_separation(body.delegator, meaning))
    _raise(bench.object_to_separation(person, meaning))
    if meaning != "rejection":
        for problem in bench.problems():
            _raise(problem)
    _check_standing(bench, person, role, meaning)


def _check_asked(bench: Bench, role: str, meaning: str) -> None:
    asked = [(item.role, item.meaning) for item in bench.required]
    if meaning not in MEANINGS:
        raise UsageError("LM-APR-018", f"{meaning!r} is no meaning of a signature", solution=f"use one of: {', '.join(MEANINGS)}")
    if meaning in {"rejection", "authorship"}:
        return
    if (role, meaning) not in asked:
        wanted = ", ".join(f"{name} ({sense})" for name, sense in asked)
        raise UsageError("LM-APR-018", f"nobody is asked to sign as {role} with the meaning {meaning}", solution=f"tier {bench.tier.name} asks for: {wanted}")


def _check_standing(bench: Bench, person: str, role: str, meaning: str) -> None:
    """What already stands in the log about this decision: a rejection closes, a signature is made once."""
    for entry in bench.entries:
        body = read_body(entry, ApprovalBody) if entry.kind == "approval" else None
        if body is None or body.run != bench.predicate["run"] or bench.withdrawal_of(entry) is not None:
            continue
        if body.meaning == "rejection" and meaning != "rejection":
            raise RefusedError(
                "LM-APR-014",
                f"{body.signer.name} rejected this run: {body.reason}",
                where=f"log entry {entry.index}",
                solution="mend the product and start a new run",
            )
        if (body.record.payload, entry.key.person, body.role, body.meaning) == (bench.payload, person, role, meaning):
            raise RefusedError(
                "LM-APR-008",
                f"{body.signer.name} has signed this already",
                where=f"log entry {entry.index}",
                solution="nothing is left to do; `lotmark show` has the signature",
            )


def _raise(objection: Objection | None) -> None:
    if objection is None:
        return
    kind: type[LotmarkError] = EnvironmentLacksError if objection.code in _LACKS else RefusedError
    raise kind(objection.code, objection.reason, solution=_CURES[objection.code])


def _delegation(entry: Verified) -> DelegationBody:
    body = read_body(entry, DelegationBody) if entry.kind == "delegation" else None
    if body is None:
        raise UsageError("LM-APR-009", f"entry {entry.index} is no delegation", solution="name the delegation by its id, for instance qpcr:DLG-0001")
    found: DelegationBody = body
    return found


def build_approval(
    decision: Verified,
    signer: Person,
    *,
    role: str,
    meaning: Meaning,
    reason: str,
    key_id: str,
    signing: Signing,
    signed_at: datetime,
    zone: str,
    on_behalf_of: Verified | None = None,
) -> Evidence:
    """The approval as the person is shown it and signs it.

    Everything that is shown stands in the signed bytes: the decision, artifact, evidence, policy and log size that it is
    for, and the signer's printed name, time, zone and meaning (21 CFR 11.50, 11.70).

    Raises:
        UsageError: LM-APR-020 for an unknown time zone or an empty reason.
    """
    _check_zone(zone)
    predicate = decision.statement.predicate
    behalf = None
    if on_behalf_of is not None:
        behalf = {"person": _delegation(on_behalf_of).delegator, "delegation": on_behalf_of.envelope.payload_digest.hex}
    return Evidence(
        kind="approval",
        subjects=decision.statement.subject,
        predicate={
            "run": predicate["run"],
            "product": predicate["product"],
            "version": predicate["version"],
            "signer": _signer(signer),
            "role": role,
            "meaning": meaning,
            "signedAt": format_instant(signed_at),
            "zone": zone,
            "reason": _text(reason, "the reason"),
            "record": {"kind": "decision", "payload": decision.envelope.payload_digest.hex},
            "artifact": dict(predicate["artifact"]),
            "evidenceRoot": predicate["evidenceRoot"],
            "policySha256": predicate["policySha256"],
            "logSize": predicate["logSize"],
            "session": {"id": signing.session_id, "ordinal": signing.ordinal},
            "authenticator": {"type": "passphrase-key", "keyId": key_id, "components": list(signing.components)},
            "onBehalfOf": behalf,
        },
        name=f"{signer.id}-{role}-{meaning}",
    )


def build_withdrawal(target: Verified, signer: Person, *, reason: str, withdrawn_at: datetime) -> Evidence:
    """The withdrawal of an approval or delegation by the person who signed it; the withdrawn record stays.

    Raises:
        UsageError: LM-APR-020 for another kind of record or an empty reason.
        RefusedError: LM-APR-023 if somebody else signed it.
    """
    if target.kind not in {"approval", "delegation"}:
        raise UsageError("LM-APR-020", f"a {target.kind} cannot be withdrawn", solution="name an approval or a delegation")
    if target.key.person != signer.id:
        raise RefusedError(
            "LM-APR-023",
            f"{signer.name} did not sign this {target.kind}",
            where=f"log entry {target.index}",
            solution=f"only {target.key.name} can withdraw it",
        )
    return Evidence(
        kind="approval-withdrawal",
        subjects=target.statement.subject,
        predicate={
            "run": target.statement.predicate.get("run", ""),
            "approval": target.envelope.payload_digest.hex,
            "signer": _signer(signer),
            "reason": _text(reason, "the reason"),
            "withdrawnAt": format_instant(withdrawn_at),
        },
        name=f"{signer.id}-{target.index}",
    )


def build_delegation(
    people: PeopleDocument,
    rules: ApprovalsFile,
    *,
    delegation: str,
    product: str,
    delegator: str,
    delegate: str,
    role: str,
    tier_limit: str,
    begin: datetime,
    until: datetime,
    reason: str,
    signed_at: datetime,
) -> Evidence:
    """The delegation of a role for a time and up to a tier, for the delegator to sign with his own key.

    It is authority, never a credential: the delegate signs as himself, on behalf of the delegator.

    Raises:
        EnvironmentLacksError: LM-APR-002 the delegator does not hold the role, -015 one of the two is no active person.
        RefusedError: LM-APR-009 a delegation that the rules do not allow.
        UsageError: LM-APR-020 an empty reason or an unknown tier.
    """
    giver, taker = (_active(people.value, person) for person in (delegator, delegate))
    if role not in giver.roles:
        raise EnvironmentLacksError(
            "LM-APR-002",
            f"{giver.name} does not hold the role {role!r}",
            solution="only who holds a role directly can delegate it; a delegated role cannot be passed on",
        )
    if tier_limit not in TIERS:
        raise UsageError("LM-APR-020", f"{tier_limit!r} is no tier", solution=f"use one of: {', '.join(TIERS)}")
    allowed = rules.delegation.up_to
    fault = ""
    if giver.id == taker.id:
        fault = "nobody delegates to himself"
    elif allowed == "none" or TIERS.index(tier_limit) > TIERS.index(allowed):
        fault = f"the rules allow delegation up to tier {allowed}, not {tier_limit}"
    elif not begin < until or until - begin > timedelta(days=rules.delegation.max_days):
        fault = f"a delegation lasts from an instant to a later one, at most {rules.delegation.max_days} days"
    if fault:
        raise RefusedError("LM-APR-009", fault, solution="see `delegation` in quality/approvals.yaml")
    return Evidence(
        kind="delegation",
        # The delegation rests on who held which role when it was made.
        subjects=(Subject(name=people.path, digest=people.digest.digest_set),),
        predicate={
            "delegation": delegation,
            "product": product,
            "delegator": giver.id,
            "delegate": taker.id,
            "role": role,
            "tierLimit": tier_limit,
            "from": format_instant(begin),
            "until": format_instant(until),
            "reason": _text(reason, "the reason"),
            "signedAt": format_instant(signed_at),
        },
        name=delegation,
    )


def get_person(people: PeopleFile, person_id: str) -> Person:
    """The active person of that id.

    Raises:
        EnvironmentLacksError: LM-APR-015 if there is none.
    """
    return _active(people, person_id)


def _active(people: PeopleFile, person_id: str) -> Person:
    person = find_person(people, person_id)
    if person is None or not person.active:
        raise EnvironmentLacksError("LM-APR-015", f"{person_id!r} is not an active person of this product", solution=_CURES["LM-APR-015"])
    return person


def _signer(person: Person) -> dict[str, Any]:
    return {"person": person.id, "name": person.name, "email": person.email}


def _text(text: str, what: str) -> str:
    if not text.strip():
        raise UsageError("LM-APR-020", f"{what} is empty", solution="say in a few words why; it becomes part of the signature")
    return text.strip()


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError("LM-APR-020", f"{zone!r} is no time zone", solution="use an IANA name, for instance Europe/Berlin") from error
