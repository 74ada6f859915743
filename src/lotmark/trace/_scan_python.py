"""Markers and tests of a Python source, found without running it.

``@pytest.mark.verifies("REQ-007")`` counts on functions, on classes, in `pytestmark` of a module or class, in a
``pytest.param(..., marks=...)``, by a name that the module gives a marker, and with ids from constants of the module. What
cannot be read without running the code is said. A parametrised test has one base id.
"""

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from typing import TypeGuard

from lotmark.base.findings import Finding, Location, Severity
from lotmark.trace._foreign_markers import find_foreign_markers, kind_by_place
from lotmark.trace._local import local_id
from lotmark.trace._marker_ids import parse_marked_ids
from lotmark.trace.models import Marker, MarkerKind, SourceTest

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_COMMENT = re.compile(r"^#+[ \t]*@(verifies|implements)\b(?!\()")
_OFT_SIGN = re.compile(rb"#[^\n]{0,200}\[[ ]?[a-z]{2,16}[~\w.-]{0,100}[ ]?->")
_DOC_LINE = re.compile(r"^[ \t]*(?:@(verifies|implements)\b(?!\()|(Verifies|Implements):)[ \t]*", re.MULTILINE)


class PythonScan:
    """One pass over one file; the results stand in `markers`, `tests` and `findings`."""

    def __init__(self, path: str, product: str, layer: str) -> None:
        self.markers: list[Marker] = []
        self.tests: list[SourceTest] = []
        self.findings: list[Finding] = []
        self._path = path
        self._product = product
        self._layer = layer
        self._is_test_file = _is_test_file(path)
        self._constants: dict[str, ast.expr] = {}
        self._functions: list[tuple[int, int, int, str]] = []
        """(first line with decorators, line of def, last line, id)."""

    def run(self, data: bytes) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(data, self._path)
                comments = _comments(data)
        except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError) as error:
            line, column = getattr(error, "lineno", None) or 0, getattr(error, "offset", None) or 0
            reason = getattr(error, "msg", None) or str(error) or type(error).__name__
            self._say("LM-TRC-040", f"the test source is not Python: {reason}", line, column, "mend the file: its tests and markers were not seen")
            return
        for statement in tree.body:
            target = _assigned_name(statement)
            if target is not None:
                self._constants[target[0]] = target[1]
        self._docstring(tree, None)
        self._body(tree.body, "", self._pytestmark(tree.body), collect=self._is_test_file)
        for line, text in comments:
            match = _COMMENT.match(text)
            if match:
                self._text_marker(match[1], text, match.end(), line, self._owner(line, data), lenient=False)
            self._foreign_markers(text, line, lambda line=line: self._owner(line, data))  # type: ignore[misc]

    def _body(self, body: Iterable[ast.stmt], prefix: str, inherited: list[Marker], *, collect: bool) -> None:
        for statement in _definitions(body):
            if isinstance(statement, ast.ClassDef):
                self._class(statement, prefix, inherited)
            else:
                self._function(statement, prefix, inherited, collect=collect)

    def _function(self, node: _Function, prefix: str, inherited: list[Marker], *, collect: bool) -> None:
        test_id = f"{self._path}::{prefix}{node.name}"
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        self._functions.append((first, node.lineno, node.end_lineno or node.lineno, test_id))
        self._docstring(node, test_id)
        own = [marker for decorator in node.decorator_list for marker in self._marks(decorator, test_id)]
        self.markers.extend(own)
        if not node.name.startswith("test") or _is_fixture(node) or not collect:
            return
        self.tests.append(SourceTest(test_id, self._path, node.lineno, self._layer))
        self.markers.extend(Marker(test_id, marker.path, marker.line, marker.ids, marker.kind) for marker in inherited)

    def _class(self, node: ast.ClassDef, prefix: str, inherited: list[Marker]) -> None:
        name = f"{prefix}{node.name}::"
        own = [marker for decorator in node.decorator_list for marker in self._marks(decorator, None)]
        own += self._pytestmark(node.body)
        self._docstring(node, f"{self._path}::{prefix}{node.name}")
        self._body(node.body, name, [*inherited, *own], collect=self._is_test_file and _is_test_class(node))

    def _pytestmark(self, body: Iterable[ast.stmt]) -> list[Marker]:
        targets = (_assigned_name(statement) for statement in body)
        return [marker for target in targets if target and target[0] == "pytestmark" for marker in self._marks(target[1], None)]

    def _marks(self, expression: ast.expr, test_id: str | None) -> list[Marker]:
        """The `verifies` markers in a decorator or in a value of `pytestmark`."""
        found: list[Marker] = []
        if _is_plain(expression):
            self._mark(expression, test_id, found)
            return found
        called: set[int] = set()
        for node in ast.walk(expression):
            if isinstance(node, ast.Call) and _is_verifies(node.func):
                called.add(id(node.func))
                self._mark(node, test_id, found)
            elif isinstance(node, ast.Attribute) and _is_verifies(node) and id(node) not in called:
                self._say("LM-TRC-042", "the marker names no id", node.lineno, node.col_offset + 1, 'write @pytest.mark.verifies("REQ-001")')
            elif isinstance(node, ast.Name) and isinstance(self._constants.get(node.id), ast.Call):
                value = self._constants[node.id]
                if isinstance(value, ast.Call) and _is_verifies(value.func):
                    self._mark(value, test_id, found)
        return found

    def _mark(self, call: ast.Call, test_id: str | None, found: list[Marker]) -> None:
        ids: dict[str, None] = {}
        for argument in call.args:
            for text in self._strings(argument):
                written = local_id(text, self._product) if text is not None else None
                if text is None:
                    self._say(
                        "LM-TRC-042",
                        "the ids of this marker cannot be read without running the code",
                        argument.lineno,
                        argument.col_offset + 1,
                        "write the ids as texts, or as a constant of this module",
                    )
                elif written is None:
                    self._say(
                        "LM-TRC-042",
                        f"{text!r} is no identifier",
                        argument.lineno,
                        argument.col_offset + 1,
                        'write one id per text: verifies("REQ-001", "RC-003")',
                    )
                else:
                    ids[written] = None
        if call.keywords or not call.args:
            self._say(
                "LM-TRC-042", "the marker takes ids, at least one, and no keywords", call.lineno, call.col_offset + 1, 'write @pytest.mark.verifies("REQ-001")'
            )
        if ids:
            found.append(Marker(test_id, self._path, call.lineno, tuple(ids), MarkerKind.VERIFIES))

    def _strings(self, node: ast.expr, depth: int = 0) -> Iterator[str | None]:
        """The texts of an argument; None for what is not known before the code runs."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Name) and node.id in self._constants and depth < 5:
            yield from self._strings(self._constants[node.id], depth + 1)
        elif isinstance(node, ast.Starred):
            yield from self._strings(node.value, depth)
        elif isinstance(node, ast.Tuple | ast.List):
            for element in node.elts:
                yield from self._strings(element, depth)
        else:
            yield None

    def _docstring(self, node: ast.Module | ast.ClassDef | _Function, owner: str | None) -> None:
        body = node.body[0] if node.body else None
        if not isinstance(body, ast.Expr) or not isinstance(body.value, ast.Constant) or not isinstance(body.value.value, str):
            return
        text = body.value.value
        for match in _DOC_LINE.finditer(text):
            line = body.lineno + text.count("\n", 0, match.start(1 if match[1] else 2))
            # "Implements: the iterator protocol" is prose of foreign code, not a marker.
            self._text_marker(match[1] or match[2].lower(), text, match.end(), line, owner, lenient=not match[1])
        if "@relation(" in text:
            for number, part in enumerate(text.split("\n"), body.lineno):
                self._foreign_markers(part, number, lambda: owner)

    def _owner(self, line: int, data: bytes) -> str | None:
        """The function that a comment stands in, at or directly above."""
        inside = [entry for entry in self._functions if entry[1] <= line <= entry[2] or entry[0] <= line < entry[1]]
        if inside:
            return max(inside)[3]
        lines = data.split(b"\n")
        for first, _, _, name in sorted(self._functions):
            if first > line:
                between = (text.strip() for text in lines[line : first - 1])
                return name if all(not text or text.startswith(b"#") for text in between) else None
        return None

    def _text_marker(self, kind: str, text: str, at: int, line: int, owner: str | None, *, lenient: bool) -> None:
        marked = parse_marked_ids(text, at, self._product)
        if not marked.ids and lenient:
            return
        if marked.problem or not marked.ids:
            self._say("LM-TRC-042", marked.problem or f"@{kind} names no id", line, 0, f"write: @{kind} REQ-001 REQ-002")
        if marked.ids:
            self.markers.append(Marker(owner, self._path, line, marked.ids, MarkerKind(kind)))

    def _foreign_markers(self, text: str, line: int, owner: Callable[[], str | None]) -> None:
        for marker in find_foreign_markers(text, self._product):
            if marker.problem:
                self._say("LM-TRC-042", marker.problem, line, marker.column, "write @relation(REQ-001, scope=function)")
            else:
                self.markers.append(Marker(owner(), self._path, line, marker.ids, marker.kind or kind_by_place(self._path, self._layer)))

    def _say(self, code: str, message: str, line: int, column: int, cure: str) -> None:
        self.findings.append(Finding(code, message, Severity.ERROR, Location(self._path, line, column), self._path, cure))


def _comments(data: bytes) -> list[tuple[int, str]]:
    """(line, text) of the comments, where there may be a marker among them."""
    if b"@verifies" not in data and b"@implements" not in data and b"@relation(" not in data and b"lobster-trace:" not in data and not _OFT_SIGN.search(data):
        return []
    return [(token.start[0], token.string) for token in tokenize.tokenize(io.BytesIO(data).readline) if token.type == tokenize.COMMENT]


def _definitions(body: Iterable[ast.stmt]) -> Iterator[_Function | ast.ClassDef]:
    """The functions and classes of a body, those inside `if`, `try`, `with`, `match` and loops too, in order.

    With a stack of its own: a chain of a thousand `elif` is a thousand levels deep.
    """
    waiting: list[ast.AST] = []
    waiting.extend(reversed([*body]))
    while waiting:
        node = waiting.pop()
        if isinstance(node, _Function | ast.ClassDef):
            yield node
            continue
        for name in ("finalbody", "orelse", "cases", "handlers", "body"):
            inner = getattr(node, name, None)
            if isinstance(inner, list):
                waiting.extend(inner[::-1])


def _is_plain(node: ast.expr) -> TypeGuard[ast.Call]:
    """The usual marker: a call of `verifies` with texts alone, in which no other marker can stand."""
    return isinstance(node, ast.Call) and not node.keywords and _is_verifies(node.func) and all(isinstance(argument, ast.Constant) for argument in node.args)


def _is_verifies(node: ast.AST) -> bool:
    """``pytest.mark.verifies`` or ``mark.verifies``."""
    if not isinstance(node, ast.Attribute) or node.attr != "verifies":
        return False
    owner = node.value
    return (isinstance(owner, ast.Attribute) and owner.attr == "mark") or (isinstance(owner, ast.Name) and owner.id == "mark")


def _assigned_name(statement: ast.stmt) -> tuple[str, ast.expr] | None:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id, statement.value
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value is not None:
        return statement.target.id, statement.value
    return None


def _is_test_file(path: str) -> bool:
    """By the names that pytest collects."""
    name = PurePosixPath(path).name
    return name.startswith("test_") or name.endswith("_test.py")


def _is_test_class(node: ast.ClassDef) -> bool:
    for statement in node.body:
        target = _assigned_name(statement)
        if target and target[0] == "__test__" and isinstance(target[1], ast.Constant) and target[1].value is False:
            return False
    bases = [base.attr if isinstance(base, ast.Attribute) else base.id if isinstance(base, ast.Name) else "" for base in node.bases]
    if any(base.endswith("TestCase") for base in bases):
        return True
    return node.name.startswith("Test") and not any(isinstance(statement, _Function) and statement.name == "__init__" for statement in node.body)


def _is_fixture(node: _Function) -> bool:
    for decorator in node.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        if (isinstance(target, ast.Attribute) and target.attr == "fixture") or (isinstance(target, ast.Name) and target.id == "fixture"):
            return True
    return False
