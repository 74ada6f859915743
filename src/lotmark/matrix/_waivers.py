"""Waivers: made, closed, and judged against a moment, a product and a version.

A waiver holds from the instant it names as its signature until the end of its last day (UTC), unless it was closed. What
does not hold is never dropped in silence: each has a finding that says why. A closure that cannot be read closes, a waiver
that cannot be read does not waive. The first waiver of an id is the waiver; an extension is a new one with an id of its own.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta

import msgspec

from lotmark.attest.models import Evidence, Subject, Verified
from lotmark.base.clock import format_instant, parse_instant
from lotmark.base.digest import Digest
from lotmark.base.errors import LotmarkError, UsageError
from lotmark.base.findings import Finding, Severity
from lotmark.ids.api import parse_id
from lotmark.matrix.models import Waiver, WaiverClosure, WaiverReview, WaiverRules, WaiverScope, WaiverSigner

WAIVER = "waiver"
CLOSURE = "waiver-closure"
CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far the signer's clock may run ahead of the one that judges."""

_HELP = {
    "050": "sign the waiver again with `lotmark waive`",
    "051": "the person who is named must sign with the key that was enrolled for that person",
    "052": "sign a waiver for this product",
    "053": "sign a waiver for this version, or mend what it waived",
    "054": "wait, or set the clock right",
    "055": "mend what it waived, or sign a new waiver with a new reason; an expired one is never prolonged",
    "056": "mend what it waived, or sign a new waiver",
    "057": "give the later waiver an id of its own",
    "058": "sign it for a shorter time; the longest is `waivers.max-days` in quality/matrix.yaml",
    "059": "let somebody sign who holds one of the roles under `waivers.roles` in quality/matrix.yaml",
}


def build_waiver(
    *,
    waiver: str,
    product: str,
    scope: WaiverScope,
    version: str | None,
    reason: str,
    residual_risk: str,
    owner: str,
    signer: WaiverSigner,
    signed_at: datetime,
    zone: str,
    expires: date,
    rules: WaiverRules | None = None,
) -> Evidence:
    """The evidence of a waiver, to be signed with the signer's own key.

    Raises:
        UsageError: LM-MTX-063 if a statement is missing, the scope is empty or no identifiers, or the expiry is not after
            the signature or later than the rules allow; LM-IDS-001 if `waiver` is no identifier.
    """
    parse_id(waiver, product)
    texts = {
        "reason": reason,
        "residual risk": residual_risk,
        "owner": owner,
        "signer": signer.person,
        "signer's name": signer.name,
        "role": signer.role,
        "zone": zone,
    }
    for name, text in texts.items():
        if not text.strip():
            raise _usage(f"the waiver lacks: {name}", "say it; the usual cause of an empty value is an unset shell variable")
    if not any((scope.tests, *scope.items)):
        raise _usage("the waiver lacks: scope", "name the tests, requirements, hazards or risk controls that it covers, and no more than these")
    for item in sorted(scope.items):
        if parse_id(item, product).product != product:
            raise _usage(f"{item} is not an item of {product}", "a waiver covers one product")
    _check_expiry(signed_at, expires, rules or WaiverRules())
    record = Waiver(
        waiver=parse_id(waiver, product).canonical,
        product=product,
        scope=_short(scope, product),
        version=version,
        reason=reason.strip(),
        residual_risk=residual_risk.strip(),
        owner=owner,
        signer=signer,
        signed_at=format_instant(signed_at),
        zone=zone,
        expires=expires.isoformat(),
    )
    return _evidence(WAIVER, record.waiver, record)


def _check_expiry(signed_at: datetime, expires: date, rules: WaiverRules) -> None:
    first = signed_at.date()
    if expires <= first:
        raise _usage(f"the waiver would expire on {expires.isoformat()}, not after the day of its signature", "name a later day")
    if (expires - first).days > rules.max_days:
        raise _usage(
            f"the waiver would hold for {(expires - first).days} days, more than the {rules.max_days} that quality/matrix.yaml allows",
            f"name a day not after {(first + timedelta(days=rules.max_days)).isoformat()}",
        )


def _short(scope: WaiverScope, product: str) -> WaiverScope:
    """The scope with short ids, each once, sorted."""
    requirements, hazards, controls = (
        tuple(sorted({parse_id(item, product).short for item in items})) for items in (scope.requirements, scope.hazards, scope.risk_controls)
    )
    return WaiverScope(tests=tuple(sorted(set(scope.tests))), requirements=requirements, hazards=hazards, risk_controls=controls)


def build_waiver_closure(*, waiver: str, product: str, reason: str, signer: WaiverSigner, closed_at: datetime) -> Evidence:
    """The evidence that a waiver holds no longer.

    Raises:
        UsageError: LM-MTX-063 without a reason, LM-IDS-001 if `waiver` is no identifier.
    """
    if not reason.strip():
        raise _usage("the closure of the waiver lacks: reason", "say why it is no longer needed or no longer right")
    record = WaiverClosure(waiver=parse_id(waiver, product).canonical, reason=reason.strip(), signer=signer, closed_at=format_instant(closed_at))
    return _evidence(CLOSURE, record.waiver, record)


def _evidence(kind: str, waiver: str, record: Waiver | WaiverClosure) -> Evidence:
    # The subject is the exception itself: there is no file that it is about. Its digest covers every field of the record.
    digest = Digest.of(msgspec.json.encode(record, order="sorted"))
    return Evidence(kind, (Subject(f"{kind}:{waiver}", digest.digest_set),), record.to_wire(), waiver)


def _usage(reason: str, solution: str) -> UsageError:
    return UsageError("LM-MTX-063", reason, solution=solution)


# ---- judging


def find_active_waivers(
    entries: Iterable[Verified],
    at: datetime,
    *,
    product: str,
    version: str,
    rules: WaiverRules | None = None,
    roles: Mapping[str, Collection[str]] | None = None,
) -> WaiverReview:
    """Which of the waivers among the verified entries hold at `at`, in log order, and why each other one does not.

    Args:
        entries: Verified evidence; kinds other than ``waiver`` and ``waiver-closure`` are passed over.
        at: The moment of judging.
        product: The product that is judged.
        version: The version that is judged.
        rules: The rules of the matrix.
        roles: Person -> roles as the product's own people file gives them; None: the role that the waiver states is believed.
    """
    ordered = sorted((entry for entry in entries if entry.kind in {WAIVER, CLOSURE}), key=lambda entry: entry.index)
    closures: dict[str, int] = {}
    for entry in ordered:
        name = entry.statement.predicate.get("waiver")
        if entry.kind == CLOSURE and isinstance(name, str):
            closures[name] = entry.index
    judge = _Judge(at, product, version, rules or WaiverRules(), roles, closures)
    active: list[tuple[Waiver, int]] = []
    for entry in ordered:
        if entry.kind == WAIVER:
            waiver = judge.review(entry)
            if waiver is not None:
                active.append((waiver, entry.index))
    return WaiverReview(tuple(active), tuple(judge.findings))


class _Judge:
    """Looks at one waiver after the other, in log order."""

    def __init__(
        self, at: datetime, product: str, version: str, rules: WaiverRules, roles: Mapping[str, Collection[str]] | None, closures: Mapping[str, int]
    ) -> None:
        self.findings: list[Finding] = []
        self._at = at
        self._product = product
        self._version = version
        self._rules = rules
        self._roles = roles
        self._closures = closures
        self._taken: set[str] = set()

    def review(self, entry: Verified) -> Waiver | None:
        """The waiver, if it holds."""
        try:
            waiver = msgspec.convert(entry.statement.predicate, Waiver, strict=True)
            signed_at = parse_instant(waiver.signed_at)
            expires = date.fromisoformat(waiver.expires)
            parse_id(waiver.waiver, waiver.product)
        except (msgspec.ValidationError, ValueError, LotmarkError) as error:
            self._say("050", f"the waiver at log index {entry.index} is not of the form that a waiver has: {error}", f"log index {entry.index}")
            return None
        for number, why in self._objections(entry, waiver, signed_at, expires):
            self._say(number, f"the waiver {waiver.waiver} does not apply: {why}", waiver.waiver)
            self._taken.add(waiver.waiver)
            return None
        self._taken.add(waiver.waiver)
        return waiver

    def _objections(self, entry: Verified, waiver: Waiver, signed_at: datetime, expires: date) -> Iterable[tuple[str, str]]:
        """Why the waiver does not hold, the weightiest first."""
        if waiver.product != self._product:
            yield "052", f"it is for the product {waiver.product!r}"
        if waiver.waiver in self._taken:
            yield "057", f"its id was taken before log index {entry.index}"
        if entry.key.kind != "person" or entry.key.person != waiver.signer.person:
            yield "051", f"it names {waiver.signer.person!r} as its signer, the key is that of {entry.key.person or 'a machine'!r}"
        yield from self._role(waiver)
        if waiver.version is not None and waiver.version != self._version:
            yield "053", f"it is for version {waiver.version}, this is {self._version}"
        if signed_at > self._at + CLOCK_TOLERANCE:
            yield "054", f"it is not yet valid: signed {waiver.signed_at}"
        if (expires - signed_at.date()).days > self._rules.max_days:
            yield "058", f"it runs {(expires - signed_at.date()).days} days, more than {self._rules.max_days}"
        if self._at.date() > expires:
            yield "055", f"it expired on {waiver.expires}"
        if self._closures.get(waiver.waiver, -1) > entry.index:
            yield "056", f"it was closed at log index {self._closures[waiver.waiver]}"

    def _role(self, waiver: Waiver) -> Iterable[tuple[str, str]]:
        role, person = waiver.signer.role, waiver.signer.person
        if self._rules.roles and role not in self._rules.roles:
            yield "059", f"{person} signed as {role!r}, and only {', '.join(self._rules.roles)} may"
        if self._roles is not None and role not in self._roles.get(person, ()):
            yield "059", f"{person} signed as {role!r}, a role that the people file does not give"

    def _say(self, number: str, message: str, subject: str) -> None:
        self.findings.append(Finding(f"LM-MTX-{number}", message, Severity.WARNING, None, subject, _HELP[number]))
