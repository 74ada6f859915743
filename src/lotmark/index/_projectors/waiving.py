"""Waivers: signed exceptions with scope, reason, residual risk and an end."""

from collections.abc import Iterator, Mapping
from typing import Final

from lotmark.attest.models import Verified
from lotmark.index._projectors._row import Projector, Row, words

_SCOPES: Final = {"tests": "test", "requirements": "requirement", "hazards": "hazard", "riskControls": "risk-control"}


def _waiver(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    waiver, product, signer = told["waiver"], told["product"], told["signer"]
    targets = [(kind, target) for name, kind in _SCOPES.items() for target in told["scope"].get(name, ())]
    yield words(f"{signer['name']} ({signer['role']}) waives {', '.join(target for _, target in targets)} until {told['expires']}: {waiver}")
    yield (
        "waivers",
        {
            "waiver": waiver,
            "product": product,
            "version": told["version"],
            "reason": told["reason"],
            "residual_risk": told["residualRisk"],
            "owner": told["owner"],
            "person": signer["person"],
            "name": signer["name"],
            "role": signer["role"],
            "key_person": entry.key.person,
            "signed_at": told["signedAt"],
            "zone": told["zone"],
            "expires": told["expires"],
        },
    )
    for kind, target in targets:
        yield "waiver_scopes", {"waiver": waiver, "product": product, "kind": kind, "target": target}


def _waiver_closure(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    signer = told["signer"]
    yield words(f"{signer['name']} ({signer['role']}) ends the waiver {told['waiver']}: {told['reason']}")
    yield (
        "waiver_closures",
        {
            "waiver": told["waiver"],
            "product": told["waiver"].partition(":")[0],
            "reason": told["reason"],
            "person": signer["person"],
            "name": signer["name"],
            "role": signer["role"],
            "closed_at": told["closedAt"],
        },
    )


PROJECTORS: Final[Mapping[str, Projector]] = {"waiver": _waiver, "waiver-closure": _waiver_closure}
