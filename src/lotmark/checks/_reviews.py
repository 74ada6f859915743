"""Suspect links: the texts at both ends of a link against those for which somebody said that it holds.

`quality/trace.lock` is the shadow of those records for work offline, one line for each statement, sorted:

    SW-001 refines SYS-002 <32 hex digits of the source's fingerprint> <32 of the target's>

Two lines for one link are two statements; one that fits is enough, so git may merge the file by union. Pure.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from lotmark.base.findings import Finding, Location, Severity
from lotmark.checks.models import LinkReviews, Suspect
from lotmark.trace.models import TraceGraph

LOCK = "trace.lock"
SHORT = 32
"""Hex digits of a fingerprint in the lock: 128 bits. Records hold it whole."""
MAX_LOCK_BYTES = 256 << 20

_LINE = re.compile(rf"([^ ]+ [a-z][a-z-]* [^ ]+) ([0-9a-f]{{{SHORT}}} [0-9a-f]{{{SHORT}}})")
_CURE = "`lotmark trace review` lists the suspect links, and signs that they hold"


def parse_lock(data: bytes, path: str = "quality/trace.lock") -> LinkReviews:
    """The reviews of a lock file; a line that cannot be read is a finding and counts for nothing."""
    held: dict[str, set[str]] = {}
    findings = []
    for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), 1):
        match = _LINE.fullmatch(line.rstrip("\r"))
        if match:
            held.setdefault(match[1], set()).add(match[2])
        elif line.strip() and not line.startswith("#"):
            cure = "write the file anew with `lotmark trace review --write-lock`; in a merge keep the lines of both sides"
            findings.append(Finding("LM-CHK-003", f"{line[:60]!r} is no line of a lock file", Severity.ERROR, Location(path, number, 1), path, cure))
    return LinkReviews({key: frozenset(pairs) for key, pairs in held.items()}, tuple(findings))


def format_lock(reviews: LinkReviews, graph: TraceGraph) -> bytes:
    """The lines of links that the graph still has, sorted."""
    lines = sorted(f"{key} {pair}\n" for key in _links(graph) for pair in reviews.held.get(key, ()))
    return "".join(lines).encode()


def merge_reviews(*reviews: LinkReviews) -> LinkReviews:
    """All statements of all of them."""
    held: dict[str, frozenset[str]] = {}
    for one in reviews:
        for key, pairs in one.held.items():
            held[key] = held.get(key, frozenset()) | pairs
    return LinkReviews(held, tuple(finding for one in reviews for finding in one.findings))


def pair_of(graph: TraceGraph, source: str, target: str) -> str:
    """The fingerprints of both ends, as the lock writes them."""
    return f"{graph.items[source].fingerprint[:SHORT]} {graph.items[target].fingerprint[:SHORT]}"


def find_suspects(graph: TraceGraph, reviews: LinkReviews) -> tuple[Suspect, ...]:
    """The links between living items of this product that no review covers, in the order of the graph."""
    held = reviews.held
    items = graph.items
    short = {item_id: item.fingerprint[:SHORT] for item_id, item in items.items()}
    nothing: frozenset[str] = frozenset()
    found = []
    for item in items.values():
        if item.status == "obsolete":
            continue
        for link in item.links:
            target = short.get(link.target)
            if target is None:
                continue
            pairs = held.get(f"{item.id} {link.type} {link.target}", nothing)
            if f"{short[item.id]} {target}" not in pairs and items[link.target].status != "obsolete":
                found.append(Suspect(item.id, link.type, link.target, bool(pairs)))
    return tuple(found)


def check_reviews(graph: TraceGraph, reviews: LinkReviews, *, safety_class: str = "C") -> tuple[Finding, ...]:
    """Suspect links, and links that nobody has reviewed, each at its place; for safety class A they only warn."""
    return (*reviews.findings, *(_say(graph, suspect, safety_class) for suspect in find_suspects(graph, reviews)))


def _say(graph: TraceGraph, suspect: Suspect, safety_class: str) -> Finding:
    item = graph.items[suspect.source]
    if not suspect.reviewed:
        text = f"nobody has said that {suspect.source} {suspect.type} {suspect.target} holds"
        return Finding("LM-CHK-002", text, Severity.WARNING, item.where(suspect.type), item.id, _CURE)
    severity = Severity.WARNING if (item.safety_class or safety_class) == "A" else Severity.ERROR
    text = f"{suspect.source} {suspect.type} {suspect.target} is suspect: one of the two changed since somebody said that it holds"
    return Finding("LM-CHK-001", text, severity, item.where(suspect.type), item.id, _CURE)


def reviews_of(bodies: Iterable[Mapping[str, object]]) -> LinkReviews:
    """The reviews that stand in predicates of ``link-review/v1``."""
    held: dict[str, set[str]] = {}
    for key, pair in _recorded(bodies):
        held.setdefault(key, set()).add(pair)
    return LinkReviews({key: frozenset(pairs) for key, pairs in held.items()})


def _recorded(bodies: Iterable[Mapping[str, object]]) -> Iterator[tuple[str, str]]:
    for body in bodies:
        links = body.get("links", ())
        for link in links if isinstance(links, list) else ():
            yield f"{link['source']} {link['type']} {link['target']}", f"{link['sourceFingerprint'][:SHORT]} {link['targetFingerprint'][:SHORT]}"


def _links(graph: TraceGraph) -> Iterator[str]:
    for item in graph.items.values():
        for link in item.links:
            yield f"{item.id} {link.type} {link.target}"
