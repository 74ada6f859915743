"""What a person does: approve, reject, withdraw, delegate, waive; each signed with that person's own key and appended.

Everything is checked before the signature is made, so that nothing stands in the ledger that could not count.
"""

import os
import secrets
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from lotmark.approvals.api import (
    build_approval,
    build_delegation,
    build_withdrawal,
    check_may_sign,
    get_person,
    read_approvals,
    read_people,
)
from lotmark.approvals.models import ApprovalsFile, Meaning, PeopleDocument, Person, Signing
from lotmark.attest.api import build_payload, sign_payload
from lotmark.attest.models import Evidence, Verified
from lotmark.attest.ports import Signer
from lotmark.base.errors import EnvironmentLacksError, NothingToJudgeError
from lotmark.bootstrap._workspace import Workspace
from lotmark.ids.api import parse_id
from lotmark.ledger.models import Submission
from lotmark.matrix.api import build_waiver, build_waiver_closure, read_matrix
from lotmark.matrix.models import WaiverScope, WaiverSigner
from lotmark.pipeline.api import closed_outcome, read_run, stage_context
from lotmark.pipeline.models import RunIdentity, Stage

_COMPONENTS = ("key", "passphrase")


def sign_approval(
    workspace: Workspace, identity: RunIdentity, *, person: str, signer: Signer, role: str, meaning: Meaning, reason: str, delegation: str | None = None
) -> int:
    """Sign the run's decision; gives the log index.

    Raises:
        NothingToJudgeError: LM-CLI-017 if no decision waits.
        RefusedError, EnvironmentLacksError, UsageError: as `approvals.api.check_may_sign`; nothing is signed then.
    """
    people, rules = _rules(workspace)
    decision, entries = waiting_decision(workspace, identity)
    at = workspace.clock.now()
    behalf = _find_delegation(workspace, delegation) if delegation else None
    check_may_sign(
        decision, entries, people.value, rules, person=person, role=role, meaning=meaning, at=at, on_behalf_of=behalf, trust=workspace.reader.trust()
    )
    evidence = build_approval(
        decision,
        _sealed(workspace, get_person(people.value, person)),
        role=role,
        meaning=meaning,
        reason=reason,
        key_id=own_key(workspace, person, signer),
        # Each call of the command line is a session of its own, opened with both components.
        signing=Signing(f"cli-{secrets.token_hex(8)}", 1, _COMPONENTS),
        signed_at=at,
        zone=local_zone(),
        on_behalf_of=behalf,
    )
    return _append(workspace, evidence, signer, f"run:{identity.run}")


def sign_withdrawal(workspace: Workspace, index: int, *, person: str, signer: Signer, reason: str) -> int:
    """Withdraw one's own approval or delegation; the withdrawn record stays. Gives the log index."""
    people, _ = _rules(workspace)
    entry = workspace.ledger.entry(index)
    evidence = build_withdrawal(workspace.reader.verify(entry), get_person(people.value, person), reason=reason, withdrawn_at=workspace.clock.now())
    own_key(workspace, person, signer)
    return _append(workspace, evidence, signer, entry.header.scope)


def sign_delegation(
    workspace: Workspace, *, person: str, signer: Signer, delegate: str, role: str, tier_limit: str, until: datetime, reason: str
) -> tuple[str, int]:
    """Delegate a role for a time and up to a tier; gives the delegation's id and log index."""
    people, rules = _rules(workspace)
    at = workspace.clock.now()
    product = workspace.product.id
    own_key(workspace, person, signer)

    def build(name: str) -> Evidence:
        return build_delegation(
            people,
            rules,
            delegation=name,
            product=product,
            delegator=person,
            delegate=delegate,
            role=role,
            tier_limit=tier_limit,
            begin=at,
            until=until,
            reason=reason,
            signed_at=at,
        )

    return _append_numbered(workspace, "delegation", "DLG", build, signer)


def sign_waiver(
    workspace: Workspace,
    *,
    person: str,
    signer: Signer,
    role: str,
    scope: WaiverScope,
    version: str | None,
    reason: str,
    residual_risk: str,
    owner: str,
    expires: date,
) -> tuple[str, int]:
    """Sign a waiver; gives its id and log index.

    Raises:
        EnvironmentLacksError: LM-APR-002 if the person does not hold the role, LM-CLI-018 if the key is not the person's.
        UsageError: LM-MTX-063 for a waiver that says too little or holds too long.
    """
    people, _ = _rules(workspace)
    who = get_person(people.value, person)
    _check_role(who, role)
    own_key(workspace, person, signer)
    rules = read_matrix(workspace.product.quality / "matrix.yaml", name="quality/matrix.yaml").value.waivers

    def build(name: str) -> Evidence:
        return build_waiver(
            waiver=name,
            product=workspace.product.id,
            scope=scope,
            version=version,
            reason=reason,
            residual_risk=residual_risk,
            owner=owner,
            signer=WaiverSigner(person=who.id, name=who.name, role=role),
            signed_at=workspace.clock.now(),
            zone=local_zone(),
            expires=expires,
            rules=rules,
        )

    return _append_numbered(workspace, "waiver", "WVR", build, signer)


def close_waiver(workspace: Workspace, waiver: str, *, person: str, signer: Signer, role: str, reason: str) -> int:
    """Sign that a waiver holds no longer; gives the log index.

    Raises:
        NothingToJudgeError: LM-CLI-017 if the ledger holds no such waiver.
    """
    people, _ = _rules(workspace)
    who = get_person(people.value, person)
    _check_role(who, role)
    product = workspace.product.id
    wanted = parse_id(waiver, product).canonical
    if not any(entry.statement.predicate["waiver"] == wanted for entry in workspace.reader.entries(kind="waiver", scope=f"product:{product}")):
        raise NothingToJudgeError("LM-CLI-017", f"there is no waiver {wanted}", solution="`lotmark log search --kind waiver` lists them")
    evidence = build_waiver_closure(
        waiver=wanted, product=product, reason=reason, signer=WaiverSigner(person=who.id, name=who.name, role=role), closed_at=workspace.clock.now()
    )
    own_key(workspace, person, signer)
    return _append(workspace, evidence, signer, f"product:{product}")


def waiting_decision(workspace: Workspace, identity: RunIdentity) -> tuple[Verified, list[Verified]]:
    """The decision that waits for signatures, and the entries against which a signature is judged.

    Raises:
        NothingToJudgeError: LM-CLI-017 if the run has none, or is closed.
        RefusedError: LM-PIP-003 if the configuration is no longer the one that the run was opened with.
    """
    outcome = closed_outcome(workspace.reader, identity.run)
    if outcome is not None:
        raise NothingToJudgeError(
            "LM-CLI-017", f"{identity.run} is closed ({outcome}): it waits for no signature", where=identity.run, solution="`lotmark run` opens the next run"
        )
    context = stage_context(workspace.settings(), identity, Stage.APPROVAL)
    context.check_configuration()
    evidence = read_run(workspace.reader, identity.run)
    decision = evidence.find("decision")
    if decision is None:
        raise NothingToJudgeError(
            "LM-CLI-017", f"{identity.run} waits for no signature", where=identity.run, solution="`lotmark run` brings it to its decision"
        )
    return decision, [*evidence, *context.product_entries("delegation", "approval-withdrawal", "role-event")]


def local_zone() -> str:
    """The signer's time zone as an IANA name; ``UTC`` where the machine names none."""
    candidates = [os.environ.get("TZ", ""), str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2]]
    for name in candidates:
        try:
            return ZoneInfo(name).key if name else "UTC"
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return "UTC"


def _rules(workspace: Workspace) -> tuple[PeopleDocument, ApprovalsFile]:
    quality = workspace.product.quality
    people = read_people(quality / "people.yaml", name="quality/people.yaml")
    return people, read_approvals(quality / "approvals.yaml", people, name="quality/approvals.yaml").value


def _sealed(workspace: Workspace, person: Person) -> Person:
    """The person with the address as a commitment; the printed name stays in clear, as 21 CFR 11.50 asks for."""
    return msgspec.structs.replace(person, email=workspace.vault.seal(person.email))


def _check_role(person: Person, role: str) -> None:
    if role not in person.roles:
        raise EnvironmentLacksError(
            "LM-APR-002",
            f"{person.name} does not hold the role {role}",
            where="quality/people.yaml",
            solution=f"{person.name} holds: {', '.join(person.roles) or 'no role'}",
        )


def own_key(workspace: Workspace, person: str, signer: Signer) -> str:
    """The id of the signer's key, once it is enrolled for this person and valid now."""
    key = workspace.reader.trust().find(signer.key_id)
    if key is None or key.person != person or key.kind != "person" or not key.is_valid_at(workspace.ledger.size):
        raise EnvironmentLacksError(
            "LM-CLI-018",
            f"the key {signer.key_id[:12]} is not enrolled for {person}, or not valid any more",
            solution=f"an administrator runs `lotmark key enrol {person}`; `lotmark key list` shows who may sign",
        )
    return signer.key_id


def _find_delegation(workspace: Workspace, delegation: str) -> Verified:
    wanted = delegation if ":" in delegation else f"{workspace.product.id}:{delegation}"
    for entry in workspace.reader.entries(kind="delegation", scope=f"product:{workspace.product.id}"):
        if entry.statement.predicate["delegation"] == wanted:
            return entry
    raise NothingToJudgeError("LM-CLI-017", f"there is no delegation {wanted}", solution="`lotmark log search --kind delegation` lists them")


def _append(workspace: Workspace, evidence: Evidence, signer: Signer, scope: str) -> int:
    envelope = sign_payload(build_payload(evidence, workspace.registry), signer)
    with workspace.writer() as ledger:
        (receipt,) = ledger.append([Submission(envelope, evidence.kind, scope, submitter=workspace.submitter())])
    return receipt.index


def _append_numbered(workspace: Workspace, kind: str, prefix: str, build: Callable[[str], Evidence], signer: Signer) -> tuple[str, int]:
    """Append evidence that takes the product's next number of its kind; gives its id and log index.

    Counted, signed and appended under the ledger's lock, so that two people never sign the same number.
    """
    product = workspace.product.id
    scope = f"product:{product}"
    with workspace.writer() as ledger:
        name = f"{product}:{prefix}-{sum(1 for _ in workspace.reader.entries(kind=kind, scope=scope)) + 1:04d}"
        envelope = sign_payload(build_payload(build(name), workspace.registry), signer)
        (receipt,) = ledger.append([Submission(envelope, kind, scope, submitter=workspace.submitter())])
    return name, receipt.index
