"""Reads a quality folder from disk and puts the whole graph of a product together."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lotmark.base.findings import Finding, Location, Severity
from lotmark.trace._policy import FOLDERS
from lotmark.trace._scan import scan_sources
from lotmark.trace._tree import ANOMALIES, DOCUMENTS, EXTERNAL, MARKERS, MODEL, parse_policy, parse_trace
from lotmark.trace.models import SourceScan, TraceGraph, TracePolicy

if TYPE_CHECKING:
    from lotmark.product.models import Product

Seen = Callable[[str, bytes | None], None]
_BLOCK = 1 << 16
_MOST = 5 << 20
"""Beyond the limits of every reader, so that a larger file is still refused for its size."""
_MOST_EXTERNAL = 256 << 20
"""A snapshot of another product holds all its items."""


def load_product_trace(product: "Product", *, policy: TracePolicy | None = None, seen: Seen | None = None) -> TraceGraph:
    """The graph of a product: its quality files, and the markers of its test sources; `seen` as in `load_trace`."""
    return load_trace(product.quality, product.id, root=product.root, patterns=product.file.tests.markers, policy=policy, seen=seen)


def load_trace(
    quality: Path, product: str, *, root: Path | None = None, patterns: Sequence[str] = (), policy: TracePolicy | None = None, seen: Seen | None = None
) -> TraceGraph:
    """The graph of a `quality/` folder; with `root`, the sources below it that match `patterns` are scanned for markers.

    `seen` is told each file as it was read (path as shown, bytes), and None for one that could not be read.
    """
    findings: list[Finding] = []
    files = read_quality_files(quality, findings)
    if seen is not None:
        for path, data in files.items():
            seen(path, data)
        for finding in findings:
            seen(finding.subject or "", None)
    said: list[Finding] = []
    policy = policy or parse_policy(files, product, said)
    sources = SourceScan() if root is None else scan_sources(root, patterns, product, policy=policy, seen=seen)
    findings.extend(said)
    graph = parse_trace(files, product, sources=sources, policy=policy)
    return replace(graph, findings=(*findings, *graph.findings)) if findings else graph


def read_quality_files(quality: Path, findings: list[Finding] | None = None) -> dict[str, bytes]:
    """Path as shown (``quality/...``) -> content of the files that this room reads.

    What cannot be read is left out and, where a list is given, added to it as a finding.
    """
    findings = [] if findings is None else findings
    files: dict[str, bytes] = {}
    for folder in FOLDERS:
        for name in sorted(_walk(quality, folder)):
            _read(quality, name, files, findings)
    for name in (ANOMALIES, MARKERS, MODEL):
        if (quality / name).exists():
            _read(quality, name, files, findings)
    for name in sorted(_walk(quality, DOCUMENTS.rstrip("/"))):
        if name.endswith(".md"):
            _read(quality, name, files, findings)
    if f"quality/{MODEL}" in files:
        for name in sorted(_walk(quality, EXTERNAL.rstrip("/"))):
            _read(quality, name, files, findings, most=_MOST_EXTERNAL)
    return files


def _walk(quality: Path, folder: str) -> list[str]:
    found: list[str] = []
    prefix = len(str(quality)) + 1
    for place, names, files in os.walk(quality / folder):
        names[:] = [name for name in names if not name.startswith(".")]
        inner = place[prefix:]
        found.extend(f"{inner}/{name}" for name in files if not name.startswith("."))
    return found


def _read(quality: Path, name: str, files: dict[str, bytes], findings: list[Finding], *, most: int = _MOST) -> None:
    path = f"{quality}/{name}"
    shown = f"quality/{name}".encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    reason = ""
    try:
        # O_NOFOLLOW: an item that is a link would show text from outside the repository, which no commit holds.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            data = os.read(descriptor, _BLOCK)
            # A short read is the end of a regular file; nearly every item is one block.
            while len(data) % _BLOCK == 0 and len(data) < most and (more := os.read(descriptor, _BLOCK)):
                data += more
            files[shown] = data
        finally:
            os.close(descriptor)
    except OSError as error:
        reason = "it is a link" if os.path.islink(path) else error.strerror or "unknown reason"  # noqa: PTH114
    if reason:
        findings.append(
            Finding("LM-TRC-001", f"the file cannot be read: {reason}", Severity.ERROR, Location(shown), shown, "put a regular, readable file in its place")
        )
