"""Markers of other tools in the comments of sources: StrictDoc's ``@relation``, OpenFastTrace's tags, ``lobster-trace``.

They name items by the ids of their own tools; the graph resolves these as aliases. Formats: the StrictDoc User Guide
("Language-aware parsing of source code"), the OpenFastTrace User Guide ("Specification tags") and LOBSTER's documentation.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from lotmark.trace._local import local_id
from lotmark.trace._marker_ids import parse_marked_ids
from lotmark.trace.models import MarkerKind

SIGNS = ("@relation", "lobster-trace:", "->")
"""A text without any of these holds none of the markers."""
_RELATION = re.compile(r"@relation\(([^()]{0,2000})\)")
_OPEN = re.compile(r"@relation\b(?!\()|@relation\([^()]{0,2000}$")
_KEYWORD = re.compile(r"(scope|role)[ \t]*=[ \t]*([\w-]+)")
_OFT = re.compile(
    r"\[[ \t]{0,4}([a-z]{2,16})(?:~[\w.-]{0,80}(?:~\d{1,9})?)?[ \t]{0,4}->[ \t]{0,4}([A-Za-z]{2,16}~[\w.-]{1,120}?~\d{1,9}|[A-Z][A-Z0-9]{0,15}(?:-[A-Z0-9]{1,16}){0,6}-\d{1,9})(?:[ \t]{0,4}>>[^\[\]]{0,200})?[ \t]{0,4}\]"
)
_LOBSTER = re.compile(r"lobster-trace:[ \t]*([\w.:-]+(?:[ \t]*,[ \t]*[\w.:-]+)*)")
_TESTS = frozenset({"utest", "itest", "stest", "test", "uman", "mtest"})


@dataclass(frozen=True, slots=True)
class ForeignMarker:
    """A marker: its kind (None: as the source that it stands in), the ids as graph or tool names, its column, what is wrong."""

    kind: MarkerKind | None
    ids: tuple[str, ...]
    column: int
    problem: str = ""


def find_foreign_markers(line: str, product: str) -> Iterator[ForeignMarker]:
    """The markers in one line of a source."""
    if "@relation" in line:
        yield from _relations(line, product)
    if "->" in line:
        for match in _OFT.finditer(line):
            kind = MarkerKind.VERIFIES if match[1] in _TESTS else MarkerKind.IMPLEMENTS
            yield ForeignMarker(kind, (_name(re.sub(r"~\d+$", "", match[2]), product),), match.start() + 1)
    if "lobster-trace:" in line:
        for match in _LOBSTER.finditer(line):
            names = tuple(_name(name.strip(), product) for name in match[1].split(","))
            yield ForeignMarker(None, tuple(dict.fromkeys(names)), match.start() + 1)


def _relations(line: str, product: str) -> Iterator[ForeignMarker]:
    """``@relation(REQ-1, REQ-2, scope=function, role=Verification)``; a range's end says nothing new."""
    for match in _RELATION.finditer(line):
        words = dict(_KEYWORD.findall(match[1]))
        if words.get("scope") == "range_end":
            continue
        names: dict[str, None] = {}
        for part in _KEYWORD.sub("", match[1]).split(","):
            text = part.strip()
            if not text:
                continue
            marked = parse_marked_ids(text, 0, product)
            if marked.problem:
                yield ForeignMarker(None, (), match.start() + 1, marked.problem)
            elif marked.ids and marked.end == len(text):
                names.update(dict.fromkeys(marked.ids))
            else:
                names[_name(text, product)] = None
        if names:
            yield ForeignMarker(_kind(words.get("role", "")), tuple(names), match.start() + 1)
        else:
            yield ForeignMarker(None, (), match.start() + 1, "@relation names no id")
    found = _OPEN.search(line)
    if found and "@relation(" in line:
        yield ForeignMarker(None, (), found.start() + 1, "@relation is not closed on its line")


def _kind(role: str) -> MarkerKind | None:
    lower = role.lower()
    if "verif" in lower or "test" in lower:
        return MarkerKind.VERIFIES
    return MarkerKind.IMPLEMENTS if "impl" in lower else None


def _name(text: str, product: str) -> str:
    return local_id(text, product) or text


def kind_by_place(path: str, layer: str) -> MarkerKind:
    """What a marker without a role says: in a test that it verifies, elsewhere that it implements."""
    name = PurePosixPath(path).name.lower()
    is_test = bool(layer) or name.startswith("test") or "_test." in name or ".test." in name or ".spec." in name
    return MarkerKind.VERIFIES if is_test else MarkerKind.IMPLEMENTS
