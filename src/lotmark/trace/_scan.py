"""Test sources -> markers and tests: which files are looked at, and by which reader."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from lotmark.base.findings import Finding, Location, Severity
from lotmark.trace._policy import DEFAULT_POLICY
from lotmark.trace._scan_python import PythonScan
from lotmark.trace._scan_text import TextScan
from lotmark.trace.models import Marker, SourceScan, SourceTest, TracePolicy

MAX_SOURCE_BYTES = 4 * 1024 * 1024
_PASSED_OVER = frozenset(
    {".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".nox", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".lotmark"}
)


def scan_source(path: str, data: bytes, product: str, *, policy: TracePolicy = DEFAULT_POLICY) -> SourceScan:
    """The markers and tests of one source; `path` is relative to the repository and becomes part of the test ids."""
    if b"\0" in data[:8192]:
        return SourceScan()
    if len(data) > MAX_SOURCE_BYTES:
        finding = Finding(
            "LM-TRC-040",
            f"the source has {len(data)} bytes, more than {MAX_SOURCE_BYTES}; it was not read",
            Severity.WARNING,
            Location(path),
            path,
            "narrow tests.markers in lotmark.yaml to the test sources",
        )
        return SourceScan(files=1, findings=(finding,))
    layer = find_layer(path, policy)
    reader: PythonScan | TextScan
    if path.endswith(".py"):
        reader = PythonScan(path, product, layer)
        reader.run(data)
    else:
        reader = TextScan(path, product, layer)
        # Old C sources are Latin-1 in their comments; markers and names are ASCII either way.
        reader.run(data.decode("utf-8", "replace").replace("\r\n", "\n"))
    return SourceScan(tuple(reader.markers), tuple(reader.tests), 1, tuple(reader.findings))


def scan_sources(
    root: Path, patterns: Sequence[str], product: str, *, policy: TracePolicy = DEFAULT_POLICY, seen: Callable[[str, bytes | None], None] | None = None
) -> SourceScan:
    """The markers and tests of all files below `root` that match a pattern (``*`` within a folder, ``**`` across).

    `seen` is told each file as it was read, and None for one that could not be read.
    """
    markers: list[Marker] = []
    tests: list[SourceTest] = []
    findings: list[Finding] = []
    files = 0
    for path in find_files(root, patterns):
        shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        try:
            with open(f"{root}/{path}", "rb") as stream:  # noqa: PTH123 -- a Path for each of thousands of files costs as much as reading it
                data = stream.read()
        except OSError as error:
            if seen is not None:
                seen(path, None)
            findings.append(
                Finding(
                    "LM-TRC-040",
                    f"the source cannot be read: {error.strerror}",
                    Severity.ERROR,
                    Location(shown),
                    shown,
                    "give read permission, or take it out of tests.markers",
                )
            )
            continue
        if seen is not None:
            seen(path, data)
        scan = scan_source(shown, data, product, policy=policy)
        markers.extend(scan.markers)
        tests.extend(scan.tests)
        findings.extend(scan.findings)
        files += 1
    if not files:
        shown = ", ".join(patterns) or "nothing"
        findings.append(
            Finding(
                "LM-TRC-045",
                f"no test source matches {shown}",
                Severity.WARNING,
                None,
                product,
                "mend tests.markers in lotmark.yaml: globs relative to the repository",
            )
        )
    return SourceScan(tuple(markers), tuple(tests), files, tuple(findings))


def find_layer(path: str, policy: TracePolicy) -> str:
    """The layer that a folder of the path names; empty if none does."""
    folders = path.lower().split("/")[:-1]
    return next((layer for folder in folders for layer, names in policy.layers.items() if folder in names), "")


def find_files(root: Path, patterns: Sequence[str]) -> list[str]:
    """Relative paths of the regular files that match, sorted; links are not followed."""
    wanted = [_compile(pattern) for pattern in patterns]
    starts = {_literal_start(pattern) for pattern in patterns}
    found = {path for start in starts for path in _walk(root, start) if any(pattern.fullmatch(path) for pattern in wanted)}
    return sorted(found)


def _walk(root: Path, start: str) -> Iterator[str]:
    parts = start.split("/")
    if any((root / "/".join(parts[:depth])).is_symlink() for depth in range(1, len(parts) + 1)):
        return
    for folder, names, files in os.walk(root / start):
        names[:] = [name for name in names if name not in _PASSED_OVER]
        relative = os.path.relpath(folder, root)
        prefix = "" if relative == "." else f"{relative}/"
        for name in files:
            if not os.path.islink(f"{folder}/{name}"):  # noqa: PTH114
                yield prefix + name


def _literal_start(pattern: str) -> str:
    """The folders before the first wildcard; a pattern cannot climb out of the root."""
    parts = pattern.split("/")
    literal = [
        part for part in parts[: next((at for at, part in enumerate(parts[:-1]) if set(part) & set("*?[")), len(parts) - 1)] if part not in {"", ".", ".."}
    ]
    return "/".join(literal)


@lru_cache(maxsize=256)
def _compile(pattern: str) -> re.Pattern[str]:
    pattern = pattern.removeprefix("./")
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            parts.append("(?:.*/)?")
            at += 3
        elif pattern.startswith("**", at):
            parts.append(".*")
            at += 2
        else:
            char = pattern[at]
            parts.append({"*": "[^/]*", "?": "[^/]"}.get(char) or re.escape(char))
            at += 1
    return re.compile("".join(parts), re.DOTALL)
