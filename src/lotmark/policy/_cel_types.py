"""The types of the CEL subset: a criterion that reads an unknown fact or mixes types is refused when it is read.

CEL is a dynamic language: a misspelt fact would show itself only on the day of a release. The facts have a published
schema, so it can show itself at once.
"""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lotmark.policy._cel_syntax import Binary, Call, CelError, Conditional, Index, ListLiteral, Literal, Macro, Name, Node, Select, Unary


@dataclass(frozen=True, slots=True)
class Scalar:
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list; `item` is None for the empty literal, which fits every list."""

    item: "Type | None"

    def __str__(self) -> str:
        return f"list of {self.item}" if self.item else "empty list"


@dataclass(frozen=True, slots=True)
class ObjectOf:
    name: str
    fields: tuple[tuple[str, "Type"], ...]

    def __str__(self) -> str:
        return f"the fact {self.name}"


Type = Scalar | ListOf | ObjectOf

BOOL, INT, DOUBLE, STRING = Scalar("bool"), Scalar("int"), Scalar("double"), Scalar("string")
_NUMBERS = (INT, DOUBLE)
_OF_JSON = {"boolean": BOOL, "integer": INT, "number": DOUBLE, "string": STRING}


def types_of_schema(schema: Mapping[str, Any]) -> dict[str, Type]:
    """The variables that a JSON Schema of an object declares: the top-level facts."""
    definitions = schema.get("$defs", {})

    def of(node: Mapping[str, Any], name: str) -> Type:
        if "$ref" in node:
            return of(definitions[node["$ref"].rpartition("/")[2]], name)
        if node.get("type") == "array":
            return ListOf(of(node["items"], name))
        if node.get("type") == "object":
            return ObjectOf(name, tuple((field, of(value, field)) for field, value in node["properties"].items()))
        if "enum" in node:
            return type_of_value(node["enum"][0])
        return _OF_JSON[node["type"]]

    whole = of(schema, "facts")
    if not isinstance(whole, ObjectOf):
        raise TypeError("the schema of the facts is not an object")
    return dict(whole.fields)


def type_of_value(value: Any) -> Type:
    """The type of a policy parameter."""
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, int):
        return INT
    if isinstance(value, float):
        return DOUBLE
    if isinstance(value, str):
        return STRING
    return ListOf(STRING)


def check_types(node: Node, variables: Mapping[str, Type]) -> Type:
    """The type of the expression.

    Raises:
        CelError: it reads a fact that does not exist, or an operator meets types that it is not defined for.
    """
    match node:
        case Literal():
            return type_of_value(node.value)
        case Name():
            return _variable(node, variables)
        case Select():
            return _select(node, variables)
        case Index():
            return _index(node, variables)
        case ListLiteral():
            return _list(node, variables)
        case Unary():
            return _unary(node, variables)
        case Conditional():
            _demand(check_types(node.condition, variables), BOOL, "the condition before '?'", node.offset)
            return _unify(check_types(node.then, variables), check_types(node.otherwise, variables), "the two branches", node.offset)
        case Call():
            return _call(node, variables)
        case Macro():
            return _macro(node, variables)
    return _binary(node, check_types(node.left, variables), check_types(node.right, variables))


def _variable(node: Name, variables: Mapping[str, Type]) -> Type:
    if node.name not in variables:
        raise _unknown(f"there is no fact {node.name!r}", node.name, variables, node.offset)
    return variables[node.name]


def _unknown(reason: str, name: str, known: Mapping[str, Type], offset: int) -> CelError:
    close = difflib.get_close_matches(name, list(known), n=1)
    return CelError(reason, offset, f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(sorted(known))}")


def _select(node: Select, variables: Mapping[str, Type]) -> Type:
    operand = check_types(node.operand, variables)
    if not isinstance(operand, ObjectOf):
        raise CelError(f"{operand} has no field {node.field!r}", node.offset)
    fields = dict(operand.fields)
    if node.field not in fields:
        raise _unknown(f"{operand} has no field {node.field!r}", node.field, fields, node.offset)
    return fields[node.field]


def _index(node: Index, variables: Mapping[str, Type]) -> Type:
    operand = check_types(node.operand, variables)
    # An index below zero is an error to one engine and counts from the end to another.
    if not isinstance(node.index, Literal) or type_of_value(node.index.value) != INT:
        raise CelError("an index must be a whole number, written out", node.offset)
    if not isinstance(operand, ListOf) or operand.item is None:
        raise CelError(f"{operand} cannot be indexed", node.offset)
    return operand.item


def _list(node: ListLiteral, variables: Mapping[str, Type]) -> Type:
    item: Type | None = None
    for element in node.items:
        kind = check_types(element, variables)
        item = kind if item is None else _unify(item, kind, "the elements of a list", element.offset)
    return ListOf(item)


def _unary(node: Unary, variables: Mapping[str, Type]) -> Type:
    operand = check_types(node.operand, variables)
    if node.operator == "!":
        _demand(operand, BOOL, "the value after '!'", node.offset)
    elif operand not in _NUMBERS:
        raise CelError(f"'-' is not defined for {operand}", node.offset)
    return operand


def _call(node: Call, variables: Mapping[str, Type]) -> Type:
    argument = check_types(node.argument, variables)
    if node.target is not None:
        _demand(check_types(node.target, variables), STRING, f"the text before {node.function}()", node.offset)
        _demand(argument, STRING, f"the argument of {node.function}()", node.offset)
        return BOOL
    if node.function == "has":
        if not isinstance(node.argument, Select):
            raise CelError("has() wants a field, as in has(build.verdict)", node.offset)
        return BOOL
    if node.function == "string":
        # The engines write doubles differently; facts carry the text of a score beside it.
        if argument not in {INT, STRING}:
            raise CelError(f"string() is defined for int and string here, not for {argument}", node.offset)
        return STRING
    # One engine counts the bytes of a text, another its characters.
    if not isinstance(argument, ListOf):
        raise CelError(f"size() is defined for lists here, not for {argument}", node.offset)
    return INT


def _macro(node: Macro, variables: Mapping[str, Type]) -> Type:
    target = check_types(node.target, variables)
    if not isinstance(target, ListOf) or target.item is None:
        raise CelError(f"{node.macro}() is defined for lists of facts, not for {target}", node.offset)
    if node.variable in variables:
        raise CelError(f"the variable {node.variable!r} hides a fact or an outer variable", node.offset, "choose another name")
    body = check_types(node.body, {**variables, node.variable: target.item})
    if node.macro == "map":
        return ListOf(body)
    _demand(body, BOOL, f"the body of {node.macro}()", node.offset)
    return target if node.macro == "filter" else BOOL


def _binary(node: Binary, left: Type, right: Type) -> Type:
    operator = node.operator
    if operator in {"&&", "||"}:
        _demand(left, BOOL, f"the value before {operator!r}", node.offset)
        _demand(right, BOOL, f"the value after {operator!r}", node.offset)
        return BOOL
    if operator == "in":
        if not isinstance(left, Scalar) or not isinstance(right, ListOf) or right.item not in {left, None}:
            raise CelError(f"{left} cannot be 'in' {right}", node.offset)
        return BOOL
    both = _unify(left, right, f"the two sides of {operator!r}", node.offset)
    if operator in {"==", "!="}:
        good = isinstance(both, Scalar)
    elif operator == "+":
        good = both in {*_NUMBERS, STRING} or isinstance(both, ListOf)
    elif operator == "-":
        good = both in _NUMBERS
    else:
        good = both in {*_NUMBERS, STRING}
    if not good:
        raise CelError(f"{operator!r} is not defined for {both}", node.offset)
    return both if operator in {"+", "-"} else BOOL


def _demand(found: Type, wanted: Type, what: str, offset: int) -> None:
    if found != wanted:
        raise CelError(f"{what} must be {wanted}, not {found}", offset)


def _unify(left: Type, right: Type, what: str, offset: int) -> Type:
    if isinstance(left, ListOf) and isinstance(right, ListOf):
        if left.item is None or right.item is None:
            return left if right.item is None else right
        return ListOf(_unify(left.item, right.item, what, offset))
    if left != right:
        hint = "write whole numbers as 7.0 beside a double" if {left, right} == {INT, DOUBLE} else "make both the same type"
        raise CelError(f"{what} are {left} and {right}", offset, hint)
    return left


def facts_read(node: Node, variables: Mapping[str, Type]) -> Iterator[tuple[str, ...]]:
    """The paths of the facts that the expression reads, as far as they are plain (``("matrix", "blocking")``)."""
    path: list[str] = []
    walk: Node = node
    while isinstance(walk, Select):
        path.insert(0, walk.field)
        walk = walk.operand
    if isinstance(walk, Name) and walk.name in variables:
        yield (walk.name, *path)
        return
    for child in _children(node):
        yield from facts_read(child, variables)


def _children(node: Node) -> tuple[Node, ...]:
    match node:
        case Literal() | Name():
            return ()
        case Select() | Unary():
            return (node.operand,)
        case Index():
            return (node.operand, node.index)
        case ListLiteral():
            return node.items
        case Binary():
            return (node.left, node.right)
        case Conditional():
            return (node.condition, node.then, node.otherwise)
        case Call():
            return (node.argument,) if node.target is None else (node.target, node.argument)
    return (node.target, node.body)
