"""The product's quality files -> one graph, with everything that is wrong in them."""

import re
from collections.abc import Mapping
from dataclasses import replace

from lotmark.base.findings import Finding, Location, Severity
from lotmark.ids.api import look_alike_key
from lotmark.trace._aliases import check_aliases
from lotmark.trace._anomalies import add_anomalies
from lotmark.trace._graph import build_graph
from lotmark.trace._items import parse_item
from lotmark.trace._policy import DEFAULT_POLICY, DEFAULT_SCALE, FOLDERS
from lotmark.trace.models import Anomaly, DeclaredMarker, Item, RiskScale, SourceScan, TraceGraph, TracePolicy

REQUIREMENTS = "requirements/"
RISKS = "risks/"
ANOMALIES = "anomalies.yaml"
MARKERS = "markers.yaml"
MODEL = "trace.yaml"
DOCUMENTS = "documents/"
"""Outlines of documents; `lotmark.trace._outline` reads them."""
EXTERNAL = "external/"
"""Trace snapshots of other products, which `quality/trace.yaml` names."""

_ITEM_HEADING = re.compile(
    rb"^#{1,5}[ \t]+(?:[a-z][a-z0-9-]{0,39}:)?[A-Z][A-Z0-9]{0,15}-(?:[A-Z0-9]{1,16}-){0,6}[0-9]{1,9}(?:[ \t:][^\n]*)?\r?\n(?:[ \t]*\r?\n){0,9}[-*][ \t]+(?:\*\*)?[a-z][a-z0-9-]*(?:\*\*)?:",
    re.MULTILINE,
)
"""An item's heading with the first of its fields: a heading alone that names an id is prose."""
_HOLD_ITEMS = frozenset(f"{folder}/" for folder in FOLDERS)


def parse_trace(files: Mapping[str, bytes], product: str, *, sources: SourceScan | None = None, policy: TracePolicy | None = None) -> TraceGraph:
    """The graph of the files (path as shown -> content) of a `quality/` folder; files of other rooms are passed over.

    `policy` is taken in place of the one that `quality/trace.yaml` describes. Never raises for what stands in a file:
    that becomes a finding of the graph.
    """
    findings: list[Finding] = []
    policy = policy or parse_policy(files, product, findings)
    items: list[Item] = []
    anomalies: tuple[Anomaly, ...] | None = None
    markers: tuple[DeclaredMarker, ...] = ()
    scale: RiskScale | None = None
    read = {REQUIREMENTS: 0, RISKS: 0}
    for path in sorted(files):
        inner = inner_path(path)
        folder = inner[: inner.find("/") + 1]
        if folder not in _HOLD_ITEMS:
            folder = ""
        shown = path if path.isascii() else path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        if inner == ANOMALIES:
            from lotmark.trace._yaml import parse_anomalies

            anomalies = parse_anomalies(shown, files[path], product, findings)
        elif inner == MARKERS:
            from lotmark.trace._yaml import parse_markers

            markers = parse_markers(shown, files[path], product, findings)
        elif folder and path.endswith(".md"):
            if _is_readme(path, files[path]):
                continue
            if not files[path].startswith(b"---") and is_multi(files[path]):
                from lotmark.trace._multi import parse_multi

                items.extend(parse_multi(shown, files[path], product, policy, findings))
            else:
                item = parse_item(shown, files[path], product, policy, findings)
                if item is not None:
                    items.append(item)
            read[folder] = read.get(folder, 0) + 1
        elif folder == RISKS and path.endswith((".yaml", ".yml")):
            from lotmark.trace._yaml import parse_risk_file

            read[folder] += 1
            more, declared = parse_risk_file(shown, files[path], product, policy, findings)
            items.extend(more)
            if declared is not None and scale is not None:
                findings.append(
                    Finding("LM-TRC-006", "a second scale is declared", Severity.ERROR, Location(shown, 1, 1), shown, "keep one scale for the product")
                )
            scale = scale or declared
        elif folder:
            findings.append(
                Finding(
                    "LM-TRC-014",
                    f"the file is not read: only .md{' and .yaml' if folder == RISKS else ''} files hold items here",
                    Severity.WARNING,
                    Location(shown),
                    shown,
                    "move it out of the folder",
                )
            )
    for folder, count in read.items():
        if not count:
            findings.append(_nothing(folder, files))
    unique = _unique(items, findings)
    check_aliases(unique, findings)
    anomalies = add_anomalies(anomalies, unique, findings)
    graph = build_graph(product, unique, anomalies=anomalies, scale=scale or DEFAULT_SCALE, sources=sources, findings=findings, declared=markers, policy=policy)
    return _with_documents(graph, files)


def _with_documents(graph: TraceGraph, files: Mapping[str, bytes]) -> TraceGraph:
    """The graph, knowing also what is wrong with the outlines of its documents."""
    if not any(path.endswith(".md") and inner_path(path).startswith(DOCUMENTS) for path in files if DOCUMENTS in path):
        return graph
    from lotmark.trace._outline import read_outlines

    said: list[Finding] = []
    read_outlines(files, graph, said)
    return replace(graph, findings=(*graph.findings, *said)) if said else graph


def parse_policy(files: Mapping[str, bytes], product: str, findings: list[Finding]) -> TracePolicy:
    """What `quality/trace.yaml` makes of the default; the default where there is no such file."""
    path = next((path for path in files if path.endswith(MODEL) and inner_path(path) == MODEL), None)
    if path is None:
        return DEFAULT_POLICY
    from lotmark.trace._model_file import parse_model

    external = {inner_path(name): data for name, data in files.items() if inner_path(name).startswith(EXTERNAL)}
    return parse_model(path, files[path], external, product, findings)


def inner_path(path: str) -> str:
    """The path below the `quality/` folder, wherever that stands in the repository."""
    if path.startswith("quality/"):
        return path[8:]
    _, found, rest = path.partition("/quality/")
    return rest if found else path


def is_multi(data: bytes) -> bool:
    """Whether a file is a document with items under headings, and not one item with a front matter."""
    return not data.removeprefix(b"\xef\xbb\xbf").startswith(b"---") and _ITEM_HEADING.search(data) is not None


def _is_readme(path: str, data: bytes) -> bool:
    """A README may stand beside the items, unless it claims to be one."""
    return path.rpartition("/")[2].lower() == "readme.md" and not data.startswith((b"---", b"\xef\xbb\xbf---"))


def _nothing(folder: str, files: Mapping[str, bytes]) -> Finding:
    first = next(iter(files), "quality/")
    start = first.find("quality/")
    where = (first[: start + 8] if start >= 0 else "quality/") + folder
    severity = Severity.ERROR if folder == REQUIREMENTS else Severity.WARNING
    return Finding("LM-TRC-015", f"there is no item in {where}", severity, Location(where), where, "write one file per item; `lotmark init` writes a first one")


def _unique(items: list[Item], findings: list[Finding]) -> dict[str, Item]:
    """Id -> item, the first in path order where one stands twice; clashes by case or look-alike are said."""
    unique: dict[str, Item] = {}
    keys: dict[str, Item] = {}
    for item in items:
        first = unique.setdefault(item.id, item)
        if first is not item:
            findings.append(
                Finding(
                    "LM-TRC-011",
                    f"{item.id} stands twice, first in {first.path}:{first.line}",
                    Severity.ERROR,
                    item.where("id"),
                    item.id,
                    "give the younger item a new id; ids are never reused",
                )
            )
            continue
        other = keys.setdefault(look_alike_key(item.id), item)
        if other is not item:
            findings.append(
                Finding(
                    "LM-TRC-012",
                    f"{item.id} and {other.id} ({other.path}:{other.line}) look alike",
                    Severity.ERROR,
                    item.where("id"),
                    item.id,
                    "give one of them another id: people, file systems and fonts take the two for one",
                )
            )
    return unique
