"""The order in which findings are shown, and how many of them: changed lines first, the grave before the light."""

from collections import Counter
from collections.abc import Sequence

from lotmark.base.findings import Finding, Severity
from lotmark.checks.models import Change

_WEIGHT = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def order_findings(findings: Sequence[Finding], change: Change | None) -> tuple[tuple[Finding, ...], int]:
    """The findings as they are shown, and how many of them, from the first, stand on changed lines."""
    if change is None:
        return tuple(findings), 0
    mine = [finding for finding in findings if change.holds(finding)]
    others = [finding for finding in findings if not change.holds(finding)]
    mine.sort(key=lambda finding: _WEIGHT[finding.severity])
    return (*mine, *others), len(mine)


def limit_annotations(findings: Sequence[Finding], most: int = 10) -> tuple[list[Finding], dict[str, int]]:
    """The first `most` of each severity, the rest as number per rule code: GitHub shows ten a level and drops others unsaid.

    (GitHub: "10 warning annotations, 10 error annotations, and 10 notice annotations per step".)
    """
    seen: Counter[Severity] = Counter()
    shown, hidden = [], Counter[str]()
    for finding in findings:
        seen[finding.severity] += 1
        if seen[finding.severity] <= most:
            shown.append(finding)
        else:
            hidden[finding.code] += 1
    return shown, dict(sorted(hidden.items()))
