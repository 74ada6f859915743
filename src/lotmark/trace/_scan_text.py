"""Comment markers of any other source, and the tests of C, C++, JavaScript, TypeScript and Go sources.

``/* @verifies REQ-007 RC-003 */`` above ``static void test_crc(void)`` belongs to that function; the marker is the first
thing in its comment. The reader knows no grammar: it looks at lines, takes the first declaration after the comment, and
gives the id ``path::name``.
"""

import re
from pathlib import PurePosixPath

from lotmark.base.findings import Finding, Location, Severity
from lotmark.trace._foreign_markers import SIGNS, find_foreign_markers, kind_by_place
from lotmark.trace._marker_ids import parse_marked_ids
from lotmark.trace.models import Marker, MarkerKind, SourceTest

MAX_LINE = 500
"""Longer lines are generated code: they may hold a marker, and declare nothing."""
_REACH = 5
"""Lines of code after a marker in which the declaration must stand (return type, attributes and name may be split)."""

# The runs are bounded: a line of half a million slashes must not be searched from each of them.
_MARKER = re.compile(
    r"(?:^[ \t]*(?:;+|%+|\*+)?|/{2,80}!?|/\*{1,80}!?|(?:^|[ \t])(?:#{1,80}|-{2,80})|<!--|\"\"\"|''')[ \t]{0,80}@(verifies|implements)\b(?![\w(-])"
)
_ANOTHER = re.compile(r"[ \t,;.]*@(verifies|implements)\b(?![\w(-])")

_MACRO = re.compile(r"^\s*(?:[A-Z_]*TEST[A-Z_0-9]*|Test|ParameterizedTest|SCENARIO)\s*\(\s*([A-Za-z_]\w*|\"[^\"]+\")\s*(?:,\s*([A-Za-z_]\w*))?")
_CALL = re.compile(r"^\s*(?:it|test|specify)(?:\.\w+)*\s*\(\s*([\"'`])((?:(?!\1).)+)\1")
_KEYWORD = re.compile(
    r"^\s*(?:export\s+|pub(?:\([a-z]+\))?\s+|async\s+|default\s+|public\s+|private\s+)*(?:fn|func|function|def|fun|sub|proc)\s+(?:\([^)]*\)\s*)?([A-Za-z_]\w*)"
)
_FUNCTION = re.compile(r"^\s*(?:[\w:<>*&,\[\]]+\s+)*[*&]*([A-Za-z_]\w*)\s*\((?:[^;{}]*\)\s*(?:\w+\b\s*)*(?:\{.*)?|[^;{})]*)$")
_NOT_A_NAME = frozenset(
    {"if", "for", "while", "switch", "return", "else", "sizeof", "do", "case", "catch", "typedef", "throw", "new", "delete", "assert", "defined"}
)

_C = frozenset({".c", ".cc", ".cpp", ".cxx", ".ino"})
_JS = frozenset({".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".tsx"})


class TextScan:
    """One pass over one file; the results stand in `markers`, `tests` and `findings`."""

    def __init__(self, path: str, product: str, layer: str) -> None:
        self.markers: list[Marker] = []
        self.tests: list[SourceTest] = []
        self.findings: list[Finding] = []
        self._path = path
        self._suffix = PurePosixPath(path).suffix.lower()
        self._product = product
        self._layer = layer
        self._waiting: list[Marker] = []
        self._waited = 0
        self._in_block = False

    def run(self, text: str) -> None:
        foreign = any(sign in text for sign in SIGNS)
        if not foreign and "@verifies" not in text and "@implements" not in text and not self._may_hold_tests():
            return
        for number, line in enumerate(text.split("\n"), 1):
            found = self._line_markers(line, number) if "@" in line else []
            if foreign and any(sign in line for sign in SIGNS):
                found += self._foreign_markers(line, number)
            code = self._code(line)
            self._waiting.extend(found)
            if code:
                self._declaration(code if len(code) <= MAX_LINE else "...", number)
        self._drop()

    def _may_hold_tests(self) -> bool:
        return self._suffix in _C or self._suffix in _JS or self._path.endswith("_test.go")

    def _line_markers(self, line: str, number: int) -> list[Marker]:
        found: list[Marker] = []
        match = _MARKER.search(line)
        while match:
            marked = parse_marked_ids(line, match.end(), self._product)
            if marked.problem or not marked.ids:
                message = marked.problem or f"@{match[1]} names no id"
                self.findings.append(
                    Finding(
                        "LM-TRC-042", message, Severity.ERROR, Location(self._path, number, match.start(1)), self._path, f"write: @{match[1]} REQ-001 REQ-002"
                    )
                )
            if marked.ids:
                found.append(Marker(None, self._path, number, marked.ids, MarkerKind(match[1])))
            match = _ANOTHER.match(line, marked.end)
        return found

    def _foreign_markers(self, line: str, number: int) -> list[Marker]:
        found: list[Marker] = []
        for marker in find_foreign_markers(line, self._product):
            if marker.problem:
                where = Location(self._path, number, marker.column)
                self.findings.append(Finding("LM-TRC-042", marker.problem, Severity.ERROR, where, self._path, "write @relation(REQ-001, scope=function)"))
            else:
                found.append(Marker(None, self._path, number, marker.ids, marker.kind or kind_by_place(self._path, self._layer)))
        return found

    def _code(self, line: str) -> str:
        """The line without its comments; block comments may run over lines."""
        if self._in_block:
            _, end, line = line.partition("*/")
            if not end:
                return ""
            self._in_block = False
        parts: list[str] = []
        at = 0
        while (start := line.find("/*", at)) >= 0:
            parts.append(line[at:start])
            at = line.find("*/", start + 2) + 2
            if at < 2:
                self._in_block = True
                at = len(line)
        parts.append(line[at:])
        # The code keeps its own indentation, which tells a declaration from a call.
        line = " ".join(parts) if parts[0].strip() else parts[0] + " ".join(parts[1:]).lstrip()
        stripped = line.strip()
        if stripped.startswith(("//", "#", "--", ";", "%", "*", "<!--", '"""', "'''")):
            return ""
        return line.partition("//")[0].rstrip() if self._suffix in _C and "//" in line else line.rstrip()

    def _declaration(self, code: str, number: int) -> None:
        """A line of code: it may declare a test, and it may be what the waiting markers belong to."""
        name, is_test = _declared(code)
        if name and is_test and self._may_hold_tests() and not (self._suffix in _C and _inside(code)):
            self.tests.append(SourceTest(f"{self._path}::{name}", self._path, number, self._layer))
        if not self._waiting:
            return
        if name:
            self.markers.extend(Marker(f"{self._path}::{name}", marker.path, marker.line, marker.ids, marker.kind) for marker in self._waiting)
            self._waiting, self._waited = [], 0
            return
        self._waited += 1
        if self._waited >= _REACH or code.endswith((";", "}")):
            self._drop()

    def _drop(self) -> None:
        """Markers with no declaration after them belong to the file."""
        self.markers.extend(self._waiting)
        self._waiting, self._waited = [], 0


def _inside(code: str) -> bool:
    """Whether an indented line of C is the inside of a function and declares nothing."""
    return code[:1] in {" ", "\t"}


def _declared(code: str) -> tuple[str, bool]:
    """The name that a line declares, and whether it is a test by its form or name; ("", False) for other code."""
    match = _CALL.match(code)
    if match:
        return match[2], True
    match = _MACRO.match(code)
    if match and not code.endswith(";"):
        first = match[1].strip('"')
        return (f"{first}.{match[2]}" if match[2] else first), True
    match = _KEYWORD.match(code)
    if match:
        return match[1], match[1].startswith(("test", "Test"))
    match = _FUNCTION.match(code)
    if match and match[1] not in _NOT_A_NAME and not match[1].startswith("__") and code.split(None, 1)[0] not in _NOT_A_NAME:
        return match[1], match[1].startswith("test_") or match[1].endswith("_test")
    return "", False
