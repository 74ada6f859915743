"""The syntax of the CEL subset."""

import pytest

from lotmark.policy._cel_syntax import (
    MAX_DEPTH,
    MAX_TOKENS,
    Binary,
    Call,
    CelError,
    Conditional,
    Index,
    ListLiteral,
    Literal,
    Macro,
    Name,
    Select,
    Unary,
    parse_cel,
)

pytestmark = pytest.mark.verifies("REQ-015", "RC-008", "HAZ-002")


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("0", 0), ("7.5", 7.5), ("true", True), ("false", False), ('"a"', "a"), ("'a'", "a"), (r'"q\"q\\n\n\t"', 'q"q\\n\n\t'), ("'a\"b'", 'a"b')],
)
def test_a_literal_is_its_value(text, value):
    node = parse_cel(text)
    assert isinstance(node, Literal)
    assert node.value == value
    assert type(node.value) is type(value)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a.b", Select(Name("a", 0), "b", 2)),
        ("a[0]", Index(Name("a", 0), Literal(0, 2), 1)),
        ("!a", Unary("!", Name("a", 1), 0)),
        ("-1", Unary("-", Literal(1, 1), 0)),
        ("(a)", Name("a", 1)),
        ("[]", ListLiteral((), 0)),
        ("[a, b]", ListLiteral((Name("a", 1), Name("b", 4)), 0)),
        ("size(a)", Call("size", None, Name("a", 5), 0)),
        ('a.contains("x")', Call("contains", Name("a", 0), Literal("x", 11), 2)),
        ("a.all(x, x)", Macro("all", Name("a", 0), "x", Name("x", 9), 2)),
        ("a ? b : c", Conditional(Name("a", 0), Name("b", 4), Name("c", 8), 2)),
        ("a in b", Binary("in", Name("a", 0), Name("b", 5), 2)),
    ],
)
def test_each_form_has_its_node(text, tree):
    assert parse_cel(text) == tree


def _shape(node):
    if isinstance(node, Binary):
        return [_shape(node.left), node.operator, _shape(node.right)]
    if isinstance(node, Conditional):
        return [_shape(node.condition), "?", _shape(node.then), ":", _shape(node.otherwise)]
    if isinstance(node, Unary):
        return [node.operator, _shape(node.operand)]
    return node.name


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("a || b && c", ["a", "||", ["b", "&&", "c"]]),
        ("a || b || c", [["a", "||", "b"], "||", "c"]),
        ("a && b && c", [["a", "&&", "b"], "&&", "c"]),
        ("a - b + c", [["a", "-", "b"], "+", "c"]),
        ("a + b < c", [["a", "+", "b"], "<", "c"]),
        ("!a && b", [["!", "a"], "&&", "b"]),
        ("a ? b : c ? d : e", ["a", "?", "b", ":", ["c", "?", "d", ":", "e"]]),
        ("a || b ? c : d", [["a", "||", "b"], "?", "c", ":", "d"]),
    ],
)
def test_operators_bind_as_in_cel(text, shape):
    assert _shape(parse_cel(text)) == shape


@pytest.mark.parametrize(
    ("text", "reason", "offset"),
    [
        ("", "a value was expected here", 0),
        ("a b", "'b' was not expected here", 2),
        ("a b c", "'b' was not expected here", 2),
        ("(a", "')' was expected here", 2),
        ("[a b]", "',' was expected here", 3),
        ("a ? b", "':' was expected here", 5),
        ("a.", "a name was expected after '.'", 2),
        ("a.1", "a name was expected after '.'", 2),
        ("+", "a value was expected here, not '+'", 0),
        ("a.matches('x')", "matches() is not in the subset", 2),
        ("a.exists_one(x, x)", "exists_one() is not in the subset", 2),
        ("timestamp('x')", "timestamp() is not in the subset", 0),
        ("int(a)", "int() is not in the subset", 0),
        ("null", "the word 'null' is not in the subset", 0),
        ("in", "the word 'in' is not in the subset", 0),
        ("a.filter(1, x)", "wants the name of a variable", 9),
        ("a.filter(x)", "',' was expected here", 10),
        ("a.map(x, y, z)", "')' was expected here", 10),
        ("{}", "does not belong to the subset", 0),
        ("a * b", "does not belong to the subset", 2),
        ("a / b", "does not belong to the subset", 2),
        ("a % b", "does not belong to the subset", 2),
        ("1u", "does not belong to the subset", 0),
        ("0x10", "does not belong to the subset", 0),
        ("1e3", "does not belong to the subset", 0),
        ("1.", "does not belong to the subset", 0),
        ("b'x'", "does not belong to the subset", 0),
        ('r"x"', "does not belong to the subset", 0),
        (r'"\x41"', "does not belong to the subset", 0),
        ('"a\nb"', "does not belong to the subset", 0),
        ("a // b", "does not belong to the subset", 2),
        ("a.?b", "was expected after '.'", 2),
        ("ä", "does not belong to the subset", 0),
        ("a == b == c", "'==' was not expected here", 7),
        ("!!a", "a value was expected here, not '!'", 1),
    ],
)
def test_what_is_not_in_the_subset_is_refused_at_its_place(text, reason, offset):
    with pytest.raises(CelError) as caught:
        parse_cel(text)
    assert reason in caught.value.reason
    assert caught.value.offset == offset
    assert caught.value.solution


def test_a_long_expression_is_refused_before_it_is_parsed():
    text = " || ".join(["a"] * MAX_TOKENS)
    with pytest.raises(CelError, match="more than 500"):
        parse_cel(text)


def test_a_deep_expression_is_refused():
    parse_cel("(" * (MAX_DEPTH - 1) + "a" + ")" * (MAX_DEPTH - 1))
    with pytest.raises(CelError, match="nested deeper"):
        parse_cel("(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH)
