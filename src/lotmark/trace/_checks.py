"""All checks of a graph in one run: links here, levels and risks and markers in their own modules."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from lotmark.base.findings import Finding, Location, Severity
from lotmark.ids.api import look_alike_key
from lotmark.trace._checks_levels import check_levels
from lotmark.trace._checks_markers import check_markers
from lotmark.trace._checks_risks import check_risks
from lotmark.trace._graph import find_cycles
from lotmark.trace.models import Item, Link, TraceGraph, TracePolicy

WARNINGS = frozenset({"LM-TRC-043", "LM-TRC-044"})
"""Rules of the checks that weigh as a warning where the policy says nothing."""


def check_trace(graph: TraceGraph, *, safety_class: str = "C", policy: TracePolicy | None = None, externals: Collection[str] = ()) -> tuple[Finding, ...]:
    """Everything that is wrong with the graph, the findings of reading included, sorted by place.

    Args:
        graph: What to check; its findings of reading are part of the answer.
        policy: Types, links, states, layers, and the weight of the rules; the graph's own where none is given.
        safety_class: The product's IEC 62304 class; it holds for items that name none.
        externals: Canonical ids of other products (``pelican:SYS-004``) that links may point at, beside those of the policy.
    """
    if policy is not None:
        graph = replace(graph, policy=policy)
    policy = graph.policy
    known = frozenset(externals) | policy.externals.keys()
    findings = [*graph.findings, *graph.sources.findings]
    findings.extend(_check_links(graph, policy, known))
    findings.extend(_check_cycles(graph))
    findings.extend(check_levels(graph))
    findings.extend(check_risks(graph))
    findings.extend(check_markers(graph, known))
    weighed = (_weigh(finding, graph, safety_class, policy) for finding in findings)
    return tuple(sorted((finding for finding in weighed if finding is not None), key=_place))


def _check_links(graph: TraceGraph, policy: TracePolicy, externals: Collection[str]) -> list[Finding]:
    findings: list[Finding] = []
    look_alikes: dict[str, str] = {}
    for item in graph.items.values():
        for link in item.links:
            target = graph.items.get(link.target)
            if target is None:
                if link.target not in externals:
                    look_alikes = look_alikes or {look_alike_key(other): other for other in graph.items}
                    findings.append(_dangling(item, link, look_alikes))
                elif link.target in policy.externals:
                    findings.extend(_check_external(item, link, policy))
                continue
            rule = policy.links[link.type]
            if item.type in policy.types and target.type in policy.types and (item.type not in rule.sources or target.type not in rule.targets):
                wanted = f"{link.type} goes from {_or(rule.sources)} to {_or(rule.targets)}"
                findings.append(_at(item, link, "LM-TRC-022", f"a {item.type} cannot have '{link.type}' to the {target.type} {target.id}", wanted))
            if target.obsolete and not item.obsolete:
                findings.append(
                    _at(
                        item,
                        link,
                        "LM-TRC-025",
                        f"{item.id} still has '{link.type}' to {target.id}, which is obsolete",
                        "point the link at its successor, or make the item obsolete too",
                    )
                )
    for anomaly in graph.anomalies:
        if anomaly.id in graph.items and graph.items[anomaly.id].type != "anomaly":
            findings.append(
                Finding("LM-TRC-011", f"{anomaly.id} names an anomaly and an item", Severity.ERROR, anomaly.location, anomaly.id, "give one of them another id")
            )
        unknown = [target for target in anomaly.affects if target not in graph.items and target not in externals]
        if unknown:
            findings.append(
                Finding(
                    "LM-TRC-023",
                    f"{anomaly.id} affects {', '.join(unknown)}, which does not exist",
                    Severity.ERROR,
                    anomaly.location,
                    anomaly.id,
                    "correct the id, or remove it",
                )
            )
    return findings


def _check_external(item: Item, link: Link, policy: TracePolicy) -> list[Finding]:
    """A link to an item of another product, as far as that product's snapshot says what it is."""
    target, rule = policy.externals[link.target], policy.links[link.type]
    if target.type in policy.types and item.type in policy.types and (item.type not in rule.sources or target.type not in rule.targets):
        wanted = f"{link.type} goes from {_or(rule.sources)} to {_or(rule.targets)}"
        return [_at(item, link, "LM-TRC-022", f"a {item.type} cannot have '{link.type}' to the {target.type} {target.id}", wanted)]
    if target.status == "obsolete" and not item.obsolete:
        text = f"{item.id} still has '{link.type}' to {target.id}, which is obsolete in its product"
        return [_at(item, link, "LM-TRC-025", text, "point the link at its successor, or make the item obsolete too")]
    return []


def _dangling(item: Item, link: Link, look_alikes: Mapping[str, str]) -> Finding:
    if ":" in link.target:
        return _at(
            item,
            link,
            "LM-TRC-023",
            f"'{link.type}' points at {link.target} of another product, which is not declared",
            "declare it in quality/trace.yaml: below externals, or by that product's snapshot below products",
        )
    close = look_alikes.get(look_alike_key(link.target))
    return _at(
        item,
        link,
        "LM-TRC-023",
        f"'{link.type}' points at {link.target}, which does not exist",
        f"did you mean {close}?" if close else "correct the id, add the item, or remove the link",
    )


def _check_cycles(graph: TraceGraph) -> list[Finding]:
    findings: list[Finding] = []
    for group in find_cycles(graph):
        item = graph.items[group[0]]
        members = set(group)
        link = next(link for link in item.links if link.target in members)
        shown = ", ".join(group[:10]) + (f" and {len(group) - 10} more" if len(group) > 10 else "")
        text = f"{item.id} links to itself" if len(group) == 1 else f"these items reach themselves by their links: {shown}"
        findings.append(_at(item, link, "LM-TRC-024", text, "links point up; remove the one that points down"))
    return findings


def _at(item: Item, link: Link, code: str, message: str, cure: str) -> Finding:
    return Finding(code, message, Severity.ERROR, Location(item.path, link.line, link.column), item.id, cure)


def _or(words: Collection[str]) -> str:
    return " or ".join(sorted(words))


def _weigh(finding: Finding, graph: TraceGraph, safety_class: str, policy: TracePolicy) -> Finding | None:
    """The finding with the severity that policy and safety class give it; None where the policy turns the rule off."""
    weights = policy.severities.get(finding.code)
    chosen = None
    if weights:
        item = graph.items.get(finding.subject or "")
        chosen = weights.get((item.safety_class if item else "") or safety_class)
    if chosen == "off":
        return None
    severity = Severity(chosen) if chosen else Severity.WARNING if finding.code in WARNINGS else finding.severity
    return finding if severity is finding.severity else replace(finding, severity=severity)


def _place(finding: Finding) -> tuple[str, int, int, str, str]:
    where = finding.location
    return (where.path if where else "\U0010ffff", where.line if where else 0, where.column if where else 0, finding.code, finding.message)
