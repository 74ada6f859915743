"""Requirements, hazards, risk controls, known anomalies and what links them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lotmark.attest.models import Verified
from lotmark.index._projectors._row import Projector, Row, finding_rows, plural, words


def _trace_snapshot(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    run, product, coverage = told["run"], told["product"], told["coverage"]
    yield words(f"{plural(len(told['items']), 'item')}; {coverage['verified']:,} of {plural(coverage['requirements'], 'requirement')} verified")
    for item in told["items"]:
        common: dict[str, Any] = {"run": run, "product": product}
        yield (
            "items",
            {
                **common,
                "item": item["id"],
                "type": item["type"],
                "title": item["title"],
                "status": item["status"],
                "safety_class": item["safetyClass"],
                "fingerprint": item["fingerprint"],
                "path": item["path"],
                "line": item["line"],
            },
        )
        for link in item["links"]:
            yield "links", {**common, "source": item["id"], "type": link["type"], "target": link["target"]}
    for anomaly in told.get("anomalies") or ():
        yield (
            "anomalies",
            {
                "run": run,
                "product": product,
                "item": anomaly["id"],
                "title": anomaly["title"],
                "severity": anomaly["severity"],
                "status": anomaly["status"],
                "rationale": anomaly["rationale"],
            },
        )
    yield (
        "coverage",
        {
            "run": run,
            "requirements": coverage["requirements"],
            "with_risk_or_need": coverage["withRiskOrNeed"],
            "with_test": coverage["withTest"],
            "verified": coverage["verified"],
        },
    )
    yield from finding_rows(run, "trace", told["findings"])


def _risk_snapshot(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    run, product = told["run"], told["product"]
    yield words(f"{plural(len(told['hazards']), 'hazard')}, {plural(len(told['controls']), 'risk control')}")
    for hazard in told["hazards"]:
        residual = hazard["residualRisk"] or {}
        yield (
            "hazards",
            {
                "run": run,
                "product": product,
                "item": hazard["id"],
                "title": hazard["title"],
                "situation": hazard["hazardousSituation"],
                "harm": hazard["harm"],
                "level_before": (hazard["before"] or {}).get("level"),
                "level_after": (hazard["after"] or {}).get("level"),
                "acceptable": None if residual.get("acceptable") is None else int(residual["acceptable"]),
                "rationale": residual.get("rationale"),
            },
        )
    for control in told["controls"]:
        yield "controls", {"run": run, "product": product, "item": control["id"], "title": control["title"], "kind": control["kind"]}


PROJECTORS: Final[Mapping[str, Projector]] = {"trace-snapshot": _trace_snapshot, "risk-snapshot": _risk_snapshot}
