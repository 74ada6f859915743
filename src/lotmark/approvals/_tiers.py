"""The risk tier of a change, from the facts; what nobody knows lifts it."""

from collections.abc import Mapping
from typing import Any

from lotmark.approvals._documents import matching
from lotmark.approvals.models import TIERS, ApprovalsFile, RequiredSignature, Tier, TierResult

_SHOWN = 3


def compute_tier(facts: Mapping[str, Any], rules: ApprovalsFile) -> TierResult:
    """The highest tier that any rule asks for; `medium` unless every changed file is one of the lowest tier's `only-paths`.

    A first release, a change of the product's quality files and a change that nobody examined are of the highest tier
    whatever the rules say.
    """
    floor = _always_highest(facts)
    if floor:
        return TierResult("high", tuple(floor))
    for name in reversed(TIERS[1:]):
        reasons = _reasons(rules.tier(name), facts)
        if reasons:
            return TierResult(name, tuple(reasons))
    changed = facts["source"]["changedPaths"]
    only = rules.tier("low").when.only_paths
    others = [path for path in changed if path not in set(matching(changed, only))]
    if not only or others or not changed:
        why = f"changes {_some(others)}" if only and others else "no rule places the change in the lowest tier"
        return TierResult("medium", (why,))
    return TierResult("low", (f"changes only {_some(changed)}",))


def required_approvals(tier: str, rules: ApprovalsFile) -> tuple[RequiredSignature, ...]:
    """Who has to sign a change of that tier."""
    return tuple(rules.tier(tier).required)


def _always_highest(facts: Mapping[str, Any]) -> list[str]:
    reasons: list[str] = []
    if not all(facts[section]["present"] for section in ("run", "source", "trace")):
        reasons.append("the change was not examined")
    elif not facts["run"]["previousRelease"]["present"]:
        reasons.append("first release of the product")
    if facts["source"]["policyChanged"]:
        reasons.append("changes the product's own quality files")
    return reasons


def _reasons(tier: Tier, facts: Mapping[str, Any]) -> list[str]:
    rule = tier.when
    reasons: list[str] = []
    hit = matching(facts["source"]["changedPaths"], rule.paths)
    if hit:
        reasons.append(f"changes {_some(hit)}")
    reasons.extend(f"changes items of safety class {name}" for name in facts["trace"]["changedClasses"] if name in rule.safety_classes)
    if rule.dependencies_changed and facts["source"]["dependenciesChanged"]:
        reasons.append("changes the dependencies")
    return reasons


def _some(paths: list[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + more
