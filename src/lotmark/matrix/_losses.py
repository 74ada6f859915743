"""What the last release covered, or asked to be covered, and this one does not: coverage that grew by asking less.

Who drops a hazard, cuts a link or makes a category milder may be right. It shows in no percentage, so it is said one by one,
and a person signs for each: a waiver in force that names the item. Pure.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lotmark.base.findings import Finding, Severity
from lotmark.matrix._file import Gating
from lotmark.matrix._index import MatrixIndex
from lotmark.matrix._subjects import KINDS, Subject
from lotmark.matrix.models import CoverageLoss, MatrixEvaluation
from lotmark.trace.models import TraceGraph

_WEIGHT: Final[dict[Gating, int]] = {"informational": 0, "waivable": 1, "blocking": 2}


@dataclass(frozen=True, slots=True)
class Baseline:
    """The last release: its version, the `trace-snapshot` predicate and the matrix evaluation of its run."""

    version: str
    snapshot: Mapping[str, Any]
    evaluation: MatrixEvaluation | None = None


def find_losses(before: Baseline, index: MatrixIndex, graph: TraceGraph, subjects: Iterable[Subject]) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Each loss: the item that it is about, what it is, and the items by whose names a waiver accepts it."""
    names = {**{item_id: item_id for item_id in graph.items}, **graph.aliases}
    found = [*_items(before, graph, names), *_links(before, graph, names)]
    if before.evaluation is not None:
        found += _needs(before.evaluation, index, names, {subject.id: subject for subject in subjects})
    return tuple(found)


def judge_losses(
    version: str, losses: Iterable[tuple[str, str, tuple[str, ...]]], waiver_for: Callable[[tuple[str, ...]], str | None]
) -> tuple[list[CoverageLoss], list[Finding]]:
    """The losses with the waivers that accept them, and a finding for each: an error where nobody did."""
    views, findings = [], []
    for subject, what, items in losses:
        waiver = waiver_for(items)
        views.append(CoverageLoss(subject=subject, what=what, waiver=waiver))
        findings.append(
            Finding(
                "LM-MTX-071",
                f"coverage shrank since {version}: {what}" + (f" (accepted by {waiver})" if waiver else ""),
                Severity.WARNING if waiver else Severity.ERROR,
                None,
                subject,
                f"put it back, or let a person sign for it: a waiver that names {' or '.join(items)}",
            )
        )
    return views, findings


def _is_subject(kind: str) -> bool:
    return kind in KINDS or kind.endswith("requirement")


def _living(item: Mapping[str, Any]) -> bool:
    return bool(item["status"] != "obsolete")


def _items(before: Baseline, graph: TraceGraph, names: Mapping[str, str]) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    for item in before.snapshot["items"]:
        if not _is_subject(item["type"]) or not _living(item):
            continue
        now = graph.items.get(names.get(item["id"], ""))
        if now is None:
            yield item["id"], f"{item['type']} {item['id']} ({item['title']}) is gone", (item["id"],)
        elif now.obsolete:
            yield item["id"], f"{item['type']} {item['id']} ({item['title']}) is obsolete", (item["id"],)


def _links(before: Baseline, graph: TraceGraph, names: Mapping[str, str]) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    """Links between items that both still stand; those of an item that is gone went with it."""
    for item in before.snapshot["items"]:
        now = graph.items.get(names.get(item["id"], ""))
        if now is None or now.obsolete or not _living(item):
            continue
        kept = {(link.type, names.get(link.target, link.target)) for link in now.links}
        for link in item["links"]:
            target = graph.items.get(names.get(link["target"], ""))
            if target is not None and not target.obsolete and (link["type"], target.id) not in kept:
                yield now.id, f"{now.id} no longer {link['type']} {target.id}", (now.id, target.id)


def _needs(
    before: MatrixEvaluation, index: MatrixIndex, names: Mapping[str, str], subjects: Mapping[str, Subject]
) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    for row in before.rows:
        subject = subjects.get(names.get(row.subject, ""))
        if subject is None or not subject.needs_tests:
            continue
        now = {category.id: category.gating for category in subject.needs}
        old = {required.category for required in row.required}
        layers = {category.id: category.layer for category in before.categories}
        for required in row.required:
            gating = now.get(required.category)
            # A category that is new for it, of the same layer and at least as strict, takes the place: mostly it was renamed.
            replaced = any(
                category.id not in old and category.layer == layers.get(required.category) and _WEIGHT[category.gating] >= _WEIGHT[required.gating]
                for category in subject.needs
            )
            if gating is None and required.gating != "informational" and not replaced:
                gone = "" if required.category in index.categories else ", a category that is gone"
                yield subject.id, f"{row.kind} {subject.id} no longer needs {required.category}{gone}", (subject.id,)
            elif gating is not None and _WEIGHT[gating] < _WEIGHT[required.gating]:
                yield subject.id, f"{required.category} of {row.kind} {subject.id} was {required.gating} and is {gating}", (subject.id,)
