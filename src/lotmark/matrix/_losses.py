"""What the last release covered, or asked to be covered, and this one does not: coverage that grew by asking less.

Who drops a hazard, cuts a link, makes a category milder or lets other tests stand under its name may be right. It shows in
no percentage, so it is said one by one, and a person signs for each: a waiver in force that names the item. Pure.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lotmark.base.findings import Finding, Severity
from lotmark.matrix._file import Gating
from lotmark.matrix._index import MatrixIndex
from lotmark.matrix._lost_tests import Standing, find_lost_tests
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


@dataclass(frozen=True, slots=True)
class Loss:
    """The item that it is about, what it is, the items by whose names a waiver accepts it, and the declaration that explains it."""

    subject: str
    what: str
    items: tuple[str, ...]
    declared: str = ""
    exchanged: bool = False
    """Whether as many tests as before count all the same: shown, and nobody has to sign."""


def find_losses(before: Baseline, index: MatrixIndex, graph: TraceGraph, subjects: Iterable[Subject], standing: Standing) -> tuple[Loss, ...]:
    """Every loss against the last release; `standing` knows which tests there are now."""
    names = {**{item_id: item_id for item_id in graph.items}, **graph.aliases}
    found = [*_items(before, graph, names), *_links(before, graph, names)]
    if before.evaluation is not None:
        here = {subject.id: subject for subject in subjects}
        found += _needs(before, before.evaluation, index, names, here, standing)
    return tuple(found)


def judge_losses(version: str, losses: Iterable[Loss], waiver_for: Callable[[tuple[str, ...]], str | None]) -> tuple[list[CoverageLoss], list[Finding]]:
    """The losses with the waivers that accept them, and a finding for each: an error where nobody did."""
    views, findings = [], []
    for loss in losses:
        waiver = None if loss.declared or loss.exchanged else waiver_for(loss.items)
        views.append(CoverageLoss(subject=loss.subject, what=loss.what, waiver=waiver, declared=loss.declared))
        accepted = loss.declared or waiver or loss.exchanged
        why = f" (declared: {loss.declared})" if loss.declared else f" (accepted by {waiver})" if waiver else ""
        findings.append(
            Finding(
                "LM-MTX-072" if loss.exchanged else "LM-MTX-071",
                f"{'tests were exchanged' if loss.exchanged else 'coverage shrank'} since {version}: {loss.what}{why}",
                Severity.WARNING if accepted else Severity.ERROR,
                None,
                loss.subject,
                _cure(loss),
            )
        )
    return views, findings


def _cure(loss: Loss) -> str:
    if loss.exchanged:
        return "see whether the tests of now show what those of then showed"
    return f"put it back, or let a person sign for it: a waiver that names {' or '.join(loss.items)}"


def _is_subject(kind: str) -> bool:
    return kind in KINDS or kind.endswith("requirement")


def _living(item: Mapping[str, Any]) -> bool:
    return bool(item["status"] != "obsolete")


def _items(before: Baseline, graph: TraceGraph, names: Mapping[str, str]) -> Iterable[Loss]:
    for item in before.snapshot["items"]:
        if not _is_subject(item["type"]) or not _living(item):
            continue
        now = graph.items.get(names.get(item["id"], ""))
        if now is None:
            yield Loss(item["id"], f"{item['type']} {item['id']} ({item['title']}) is gone", (item["id"],))
        elif now.obsolete:
            yield Loss(item["id"], f"{item['type']} {item['id']} ({item['title']}) is obsolete", (item["id"],))


def _links(before: Baseline, graph: TraceGraph, names: Mapping[str, str]) -> Iterable[Loss]:
    """Links between items that both still stand; those of an item that is gone went with it."""
    for item in before.snapshot["items"]:
        now = graph.items.get(names.get(item["id"], ""))
        if now is None or now.obsolete or not _living(item):
            continue
        kept = {(link.type, names.get(link.target, link.target)) for link in now.links}
        for link in item["links"]:
            target = graph.items.get(names.get(link["target"], ""))
            if target is not None and not target.obsolete and (link["type"], target.id) not in kept:
                yield Loss(now.id, f"{now.id} no longer {link['type']} {target.id}", (now.id, target.id))


def _needs(
    release: Baseline, before: MatrixEvaluation, index: MatrixIndex, names: Mapping[str, str], subjects: Mapping[str, Subject], standing: Standing
) -> Iterable[Loss]:
    layers = {category.id: category.layer for category in before.categories}
    below = _below(release)
    for row in before.rows:
        subject = subjects.get(names.get(row.subject, ""))
        if subject is None or not subject.needs_tests:
            continue
        then = [names.get(item, item) for item in below(row.subject)]
        # A link that was cut is a loss of its own, so what a test counted for then is looked up too.
        items = subject.items.union(then)
        gone = tuple(item for item in then if item not in names)
        now = {category.id: category for category in subject.needs}
        old = {required.category for required in row.required}
        for required in row.required:
            weight = _WEIGHT[required.gating]
            same = now.get(required.category)
            # A category that is new for it, of the same layer and at least as strict, takes the place: mostly it was renamed.
            heirs = [
                category
                for category in subject.needs
                if category.id not in old and category.layer == layers.get(required.category) and _WEIGHT[category.gating] >= weight
            ]
            who = f"{row.kind} {subject.id}"
            if same is not None and _WEIGHT[same.gating] < weight:
                yield Loss(subject.id, f"{required.category} of {who} was {required.gating} and is {same.gating}", (subject.id,))
            elif required.gating != "informational" and not (same or heirs):
                ended = "" if required.category in index.categories else ", a category that is gone"
                yield Loss(subject.id, f"{who} no longer needs {required.category}{ended}", (subject.id,))
            elif required.gating != "informational":
                lost = find_lost_tests(required, items, [same] if same else heirs, index.matrix.retired, release.version, standing)
                yield from (Loss(subject.id, f"{what} for {who}", (subject.id, *gone), declared, exchanged) for what, declared, exchanged in lost)


def _below(release: Baseline) -> Callable[[str], list[str]]:
    """Item -> itself and all that stood below it at that release, as it was named then."""
    links: dict[str, list[str]] = {}
    for item in release.snapshot["items"]:
        for link in item["links"] if _living(item) else ():
            links.setdefault(link["target"], []).append(item["id"])

    def below(start: str) -> list[str]:
        found = {start: None}
        waiting = [start]
        while waiting:
            for item in links.get(waiting.pop(), ()):
                if item not in found:
                    found[item] = None
                    waiting.append(item)
        return [*found]

    return below
