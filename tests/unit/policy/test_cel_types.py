"""The types of the CEL subset."""

import pytest

from lotmark.policy._cel_syntax import CelError, parse_cel
from lotmark.policy._cel_types import BOOL, DOUBLE, INT, STRING, ListOf, ObjectOf, check_types, facts_read, type_of_value, types_of_schema
from lotmark.policy._facts_model import facts_schema

pytestmark = pytest.mark.verifies("REQ-015", "RC-008", "HAZ-002")


ROW = ObjectOf("rows", (("name", STRING), ("score", DOUBLE), ("good", BOOL), ("tags", ListOf(STRING))))
VARIABLES = {
    "part": ObjectOf("part", (("count", INT), ("name", STRING), ("ready", BOOL), ("ratio", DOUBLE), ("rows", ListOf(ROW)), ("names", ListOf(STRING)))),
    "numbers": ListOf(INT),
}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("part.count", INT),
        ("part.name", STRING),
        ("part.ratio", DOUBLE),
        ("part.rows[0].name", STRING),
        ("numbers[0]", INT),
        ("-part.count", INT),
        ("-part.ratio", DOUBLE),
        ("!part.ready", BOOL),
        ("part.ready && true || false", BOOL),
        ("part.count == 1", BOOL),
        ("part.name != 'x'", BOOL),
        ("part.ready == true", BOOL),
        ("part.count < 1", BOOL),
        ("part.ratio >= 1.0", BOOL),
        ("part.name > 'a'", BOOL),
        ("part.count + 1", INT),
        ("part.ratio - 1.0", DOUBLE),
        ("part.name + 'x'", STRING),
        ("part.names + ['x']", ListOf(STRING)),
        ("[] + part.names", ListOf(STRING)),
        ("part.names + []", ListOf(STRING)),
        ("part.name in part.names", BOOL),
        ("1 in numbers", BOOL),
        ("1 in []", BOOL),
        ("[]", ListOf(None)),
        ("[[], ['a']]", ListOf(ListOf(STRING))),
        ("[1, 2]", ListOf(INT)),
        ("part.ready ? ['a'] : []", ListOf(STRING)),
        ("part.ready ? 1 : 2", INT),
        ("size(part.rows)", INT),
        ("size([])", INT),
        ("string(part.count)", STRING),
        ("string(part.name)", STRING),
        ("has(part.name)", BOOL),
        ("part.name.contains('x')", BOOL),
        ("part.name.startsWith('x') || part.name.endsWith('y')", BOOL),
        ("part.rows.filter(r, r.good)", ListOf(ROW)),
        ("part.rows.filter(r, r.score > 7.0).map(r, r.name)", ListOf(STRING)),
        ("part.rows.all(r, r.tags.exists(t, t == r.name))", BOOL),
    ],
)
def test_every_form_of_the_subset_has_a_type(text, kind):
    assert check_types(parse_cel(text), VARIABLES) == kind


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("parts", "there is no fact 'parts'"),
        ("part.nam", "the fact part has no field 'nam'"),
        ("part.rows.name", "list of the fact rows has no field"),
        ("part.name.x", "string has no field"),
        ("part[0]", "the fact part cannot be indexed"),
        ("[][0]", "empty list cannot be indexed"),
        ("numbers['a']", "an index must be a whole number"),
        ("numbers[-1]", "an index must be a whole number"),
        ("numbers[part.count]", "an index must be a whole number"),
        ("[1, 'a']", "the elements of a list are int and string"),
        ("!part.count", "must be bool, not int"),
        ("-part.name", "'-' is not defined for string"),
        ("part.count ? 1 : 2", "the condition before '?' must be bool"),
        ("part.ready ? 1 : 'a'", "the two branches are int and string"),
        ("part.ready ? [1] : ['a']", "the two branches are int and string"),
        ("part.count && true", "the value before '&&' must be bool"),
        ("true || part.count", "the value after '||' must be bool"),
        ("part.count == 1.0", "are int and double"),
        ("part.ratio > 1", "are double and int"),
        ("part.names == part.names", "'==' is not defined for list of string"),
        ("part == part", "'==' is not defined for the fact part"),
        ("part.ready < true", "'<' is not defined for bool"),
        ("part.ready + true", "'+' is not defined for bool"),
        ("part.name - 'x'", "'-' is not defined for string"),
        ("1 in part.names", "int cannot be 'in' list of string"),
        ("part.rows in part.rows", "cannot be 'in'"),
        ("'a' in 'abc'", "string cannot be 'in' string"),
        ("size(part.name)", "size() is defined for lists here, not for string"),
        ("size(part)", "size() is defined for lists"),
        ("string(part.ratio)", "string() is defined for int and string here, not for double"),
        ("has(part)", "has() wants a field"),
        ("part.count.contains('x')", "the text before contains() must be string"),
        ("part.name.contains(1)", "the argument of contains() must be string"),
        ("part.name.all(x, true)", "all() is defined for lists of facts, not for string"),
        ("[].map(x, 1)", "not for empty list"),
        ("part.rows.filter(r, r.name)", "the body of filter() must be bool"),
        ("part.rows.filter(part, true)", "hides a fact"),
        ("part.rows.map(r, r.tags.map(r, r))", "hides a fact or an outer variable"),
    ],
)
def test_what_does_not_fit_is_refused(text, reason):
    with pytest.raises(CelError) as caught:
        check_types(parse_cel(text), VARIABLES)
    assert reason in caught.value.reason


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("parts.count", "did you mean 'part'?"),
        ("zzz", "known here: numbers, part"),
        ("part.coun", "did you mean 'count'?"),
        ("part.ratio > 7", "write whole numbers as 7.0"),
    ],
)
def test_the_refusal_says_how_to_cure_it(text, hint):
    with pytest.raises(CelError) as caught:
        check_types(parse_cel(text), VARIABLES)
    assert hint in caught.value.solution


@pytest.mark.parametrize(("value", "kind"), [(True, BOOL), (1, INT), (1.5, DOUBLE), ("a", STRING), (["a"], ListOf(STRING))])
def test_a_parameter_has_the_type_of_its_value(value, kind):
    assert type_of_value(value) == kind


def test_the_variables_are_the_properties_of_the_schema():
    types = types_of_schema(facts_schema())
    assert types["factsVersion"] == INT
    assert types["evaluatedOn"] == STRING
    assert isinstance(types["run"], ObjectOf)
    assert isinstance(types["stages"], ListOf)


def test_a_schema_that_is_no_object_is_not_one_of_facts():
    with pytest.raises(TypeError):
        types_of_schema({"type": "string"})


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("part.count > 1 ? [part.name] : []", {("part", "count"), ("part", "name")}),
        ("part.rows.filter(r, r.score > 1.0)", {("part", "rows")}),
        ("!part.ready && -part.count == 1", {("part", "ready"), ("part", "count")}),
        ("numbers[0] + size(part.names)", {("numbers",), ("part", "names")}),
        ("part.rows[0].name.contains('x')", {("part", "rows")}),
    ],
)
def test_the_facts_that_an_expression_reads_are_known(text, paths):
    assert set(facts_read(parse_cel(text), VARIABLES)) == paths
