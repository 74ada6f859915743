"""CVSS 3.0 and 3.1 base scores in exact decimal arithmetic.

Implements: https://www.first.org/cvss/v3-1/specification-document sections 7.1 and 7.4, appendix A (Roundup).
CVSS 2 and 4 vectors are kept as text and not scored: a score by another scale would pass for one of this.
"""

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext

from lotmark.supply.models import SeverityWord

_WEIGHTS: dict[str, dict[str, str]] = {
    "AV": {"N": "0.85", "A": "0.62", "L": "0.55", "P": "0.2"},
    "AC": {"L": "0.77", "H": "0.44"},
    "PR": {"N": "0.85", "L": "0.62", "H": "0.27"},
    "UI": {"N": "0.85", "R": "0.62"},
    "S": {"U": "0", "C": "1"},
    "C": {"H": "0.56", "L": "0.22", "N": "0"},
    "I": {"H": "0.56", "L": "0.22", "N": "0"},
    "A": {"H": "0.56", "L": "0.22", "N": "0"},
}
_PRIVILEGES_WHEN_CHANGED = {"N": "0.85", "L": "0.68", "H": "0.5"}


def find_base_score(vector: str) -> Decimal | None:
    """The base score of a ``CVSS:3.0/...`` or ``CVSS:3.1/...`` vector; None if it is not a whole, valid one.

    Temporal and environmental metrics may follow and do not change the base score.
    """
    version, _, rest = vector.partition("/")
    if version not in ("CVSS:3.0", "CVSS:3.1"):
        return None
    metrics: dict[str, str] = {}
    for part in rest.split("/"):
        metric, colon, value = part.partition(":")
        if not colon or not value or metric in metrics:
            return None
        metrics[metric] = value
    if any(metrics.get(metric) not in values for metric, values in _WEIGHTS.items()):
        return None
    with localcontext() as context:
        context.prec = 60
        return _score(metrics)


def _score(metrics: dict[str, str]) -> Decimal:
    changed = metrics["S"] == "C"
    weight = {metric: Decimal(values[metrics[metric]]) for metric, values in _WEIGHTS.items()}
    if changed:
        weight["PR"] = Decimal(_PRIVILEGES_WHEN_CHANGED[metrics["PR"]])
    base = 1 - (1 - weight["C"]) * (1 - weight["I"]) * (1 - weight["A"])
    if changed:
        impact = Decimal("7.52") * (base - Decimal("0.029")) - Decimal("3.25") * (base - Decimal("0.02")) ** 15
    else:
        impact = Decimal("6.42") * base
    if impact <= 0:
        return Decimal("0.0")
    exploitability = Decimal("8.22") * weight["AV"] * weight["AC"] * weight["PR"] * weight["UI"]
    total = impact + exploitability
    return _round_up(min(total * Decimal("1.08") if changed else total, Decimal(10)))


def _round_up(value: Decimal) -> Decimal:
    """The smallest number with one decimal that is not below the value, which counts to five decimals."""
    units = int((value * 100_000).to_integral_value(ROUND_HALF_UP))
    if units % 10_000 == 0:
        return (Decimal(units) / 100_000).quantize(Decimal("0.1"))
    return ((Decimal(units) / 10_000).to_integral_value(ROUND_FLOOR) + 1) / 10


def severity_of(score: Decimal) -> SeverityWord:
    """The qualitative rating of a score (section 5)."""
    for limit, word in ((Decimal(9), "critical"), (Decimal(7), "high"), (Decimal(4), "medium"), (Decimal("0.1"), "low")):
        if score >= limit:
            return word  # type: ignore[return-value]
    return "none"
