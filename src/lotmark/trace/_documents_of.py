"""The documents of a product: its outlines, and the standard ones for which it has none of that name."""

from collections.abc import Mapping

from lotmark.base.findings import Finding
from lotmark.trace._outline import Outline, parse_outline, read_outlines
from lotmark.trace._render import STANDARD
from lotmark.trace.models import TraceGraph


def list_documents(files: Mapping[str, bytes], graph: TraceGraph) -> tuple[tuple[Outline, ...], tuple[Finding, ...]]:
    """The outlines among the quality files, in the order of their names, then the standard ones; and what is wrong with the first."""
    findings: list[Finding] = []
    own = read_outlines(files, graph, findings)
    names = {outline.name for outline in own}
    standard = [parse_outline(f"{name}.md", data, graph.product, []) for name, data in STANDARD.items() if name not in names]
    return (*own, *(outline for outline in standard if outline is not None)), tuple(findings)
