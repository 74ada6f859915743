"""The syntax of the CEL subset: text -> tree, with the column of every node.

Only what both engines of the conformance test agree on is in the grammar: no maps, no null, no unsigned numbers, no
bytes, no multiplication, no regular expressions, no functions but `size`, `string`, `has`, the macros `all`,
`exists`, `filter`, `map` and the string tests `contains`, `startsWith`, `endsWith`. Everything else is refused
here, before an engine sees it. Spec: https://github.com/google/cel-spec/blob/v0.20.0/doc/langdef.md
"""

import re
from dataclasses import dataclass
from functools import lru_cache

MAX_TOKENS = 500
"""Bounds the depth of the tree too (a chain of ``||`` is as deep as it is long), so that no reader of it overflows."""
MAX_DEPTH = 40


class CelError(Exception):
    """The expression is not in the subset; `offset` is where in its text."""

    def __init__(self, reason: str, offset: int, solution: str = "see the subset in docs/reference/policy.md") -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset
        self.solution = solution


@dataclass(frozen=True, slots=True)
class Literal:
    value: bool | int | float | str
    offset: int


@dataclass(frozen=True, slots=True)
class Name:
    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class Select:
    """``operand.field``"""

    operand: "Node"
    field: str
    offset: int


@dataclass(frozen=True, slots=True)
class Index:
    operand: "Node"
    index: "Node"
    offset: int


@dataclass(frozen=True, slots=True)
class ListLiteral:
    items: tuple["Node", ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Unary:
    operator: str
    operand: "Node"
    offset: int


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: "Node"
    right: "Node"
    offset: int


@dataclass(frozen=True, slots=True)
class Conditional:
    condition: "Node"
    then: "Node"
    otherwise: "Node"
    offset: int


@dataclass(frozen=True, slots=True)
class Call:
    """``function(argument)`` or ``target.function(argument)``."""

    function: str
    target: "Node | None"
    argument: "Node"
    offset: int


@dataclass(frozen=True, slots=True)
class Macro:
    """``target.macro(variable, body)``"""

    macro: str
    target: "Node"
    variable: str
    body: "Node"
    offset: int


Node = Literal | Name | Select | Index | ListLiteral | Unary | Binary | Conditional | Call | Macro

FUNCTIONS = frozenset({"size", "string", "has"})
METHODS = frozenset({"contains", "startsWith", "endsWith"})
MACROS = frozenset({"all", "exists", "filter", "map"})
_REFUSED_WORDS = frozenset(
    "null as break const continue else for function if import let loop package namespace return var void while".split()  # noqa: SIM905  # one line reads better
)

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<number>[0-9]+\.[0-9]+|[0-9]+)(?![\w.])
    |(?P<string>"(?:[^"\\\n]|\\["'\\nt])*"|'(?:[^'\\\n]|\\["'\\nt])*')
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)(?!["'])
    |(?P<mark>\|\||&&|<=|>=|==|!=|[-+<>!?:.,()\[\]])""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "t": "\t"}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    offset: int


@lru_cache(maxsize=512)
def parse_cel(text: str) -> Node:
    """The tree of `text`; a policy and the shipped one have most of their expressions in common.

    Raises:
        CelError: the text is not an expression of the subset.
    """
    return _Parser(_tokens(text)).whole()


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise CelError(f"{text[position : position + 12]!r} does not belong to the subset of CEL", position)
        kind = match.lastgroup or ""
        if kind != "space":
            if len(tokens) == MAX_TOKENS:
                raise CelError(f"the expression has more than {MAX_TOKENS} words and marks", position, "split the criterion")
            tokens.append(_Token(kind, match.group(), position))
        position = match.end()
    tokens.append(_Token("end", "", len(text)))
    return tokens


class _Parser:
    """Recursive descent, one method per level of precedence."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._expression()
        if self._peek.kind != "end":
            raise CelError(f"{self._peek.text!r} was not expected here", self._peek.offset)
        return node

    @property
    def _peek(self) -> _Token:
        return self._tokens[self._at]

    def _next(self) -> _Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _take(self, *marks: str) -> _Token | None:
        return self._next() if self._peek.kind == "mark" and self._peek.text in marks else None

    def _expect(self, mark: str) -> None:
        if self._take(mark) is None:
            raise CelError(f"{mark!r} was expected here, not {self._peek.text or 'the end'!r}", self._peek.offset)

    def _expression(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise CelError(f"the expression is nested deeper than {MAX_DEPTH}", self._peek.offset, "split the criterion")
        condition = self._or()
        mark = self._take("?")
        if mark is not None:
            then = self._or()
            self._expect(":")
            condition = Conditional(condition, then, self._expression(), mark.offset)
        self._depth -= 1
        return condition

    def _or(self) -> Node:
        node = self._and()
        while mark := self._take("||"):
            node = Binary("||", node, self._and(), mark.offset)
        return node

    def _and(self) -> Node:
        node = self._relation()
        while mark := self._take("&&"):
            node = Binary("&&", node, self._relation(), mark.offset)
        return node

    def _relation(self) -> Node:
        node = self._sum()
        mark = self._take("<", "<=", ">", ">=", "==", "!=")
        if mark is None and self._peek.kind == "word" and self._peek.text == "in":
            mark = self._next()
        if mark is None:
            return node
        return Binary(mark.text, node, self._sum(), mark.offset)

    def _sum(self) -> Node:
        node = self._unary()
        while mark := self._take("+", "-"):
            node = Binary(mark.text, node, self._unary(), mark.offset)
        return node

    def _unary(self) -> Node:
        mark = self._take("!", "-")
        if mark is None:
            return self._member()
        # One sign only: `!!x` and `--x` say nothing that `x` does not.
        return Unary(mark.text, self._member(), mark.offset)

    def _member(self) -> Node:
        node = self._primary()
        while mark := self._take(".", "["):
            if mark.text == "[":
                node = Index(node, self._expression(), mark.offset)
                self._expect("]")
                continue
            word = self._next()
            if word.kind != "word":
                raise CelError("a name was expected after '.'", word.offset)
            node = self._method(node, word) if self._take("(") else Select(node, word.text, word.offset)
        return node

    def _method(self, target: Node, word: _Token) -> Node:
        if word.text in MACROS:
            variable = self._next()
            if variable.kind != "word":
                raise CelError(f"{word.text}() wants the name of a variable first", variable.offset)
            self._expect(",")
            body = self._expression()
            self._expect(")")
            return Macro(word.text, target, variable.text, body, word.offset)
        if word.text not in METHODS:
            raise CelError(f"the function or macro {word.text}() is not in the subset", word.offset)
        argument = self._expression()
        self._expect(")")
        return Call(word.text, target, argument, word.offset)

    def _primary(self) -> Node:
        token = self._next()
        if token.kind == "number":
            return Literal(float(token.text) if "." in token.text else int(token.text), token.offset)
        if token.kind == "string":
            return Literal(re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), token.text[1:-1]), token.offset)
        if token.kind == "word":
            return self._word(token)
        if token.text == "(":
            node = self._expression()
            self._expect(")")
            return node
        if token.text == "[":
            return self._list(token)
        raise CelError(f"a value was expected here, not {token.text or 'the end'!r}", token.offset)

    def _word(self, token: _Token) -> Node:
        if token.text in {"true", "false"}:
            return Literal(token.text == "true", token.offset)
        if token.text in _REFUSED_WORDS or token.text == "in":
            raise CelError(f"the word {token.text!r} is not in the subset", token.offset)
        if self._take("(") is None:
            return Name(token.text, token.offset)
        if token.text not in FUNCTIONS:
            raise CelError(f"the function {token.text}() is not in the subset", token.offset)
        argument = self._expression()
        self._expect(")")
        return Call(token.text, None, argument, token.offset)

    def _list(self, token: _Token) -> Node:
        items: list[Node] = []
        while self._take("]") is None:
            if items:
                self._expect(",")
            items.append(self._expression())
        return ListLiteral(tuple(items), token.offset)
