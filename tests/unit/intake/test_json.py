"""The strict JSON reader and writer."""

import json
import math
from enum import IntEnum

import pytest

from lotmark.attest.api import JSON_LIMITS, MAX_INTEGER, format_json, parse_json
from lotmark.base.errors import IntegrityError, UsageError
from lotmark.base.limits import Limits

pytestmark = pytest.mark.verifies("REQ-002", "RC-001", "HAZ-001")


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"null", None),
        (b" [1, 2.5, true, false] \r\n\t", [1, 2.5, True, False]),
        (b'{"b": {"a": 1}, "a": "x"}', {"b": {"a": 1}, "a": "x"}),
        (b'"\xc3\xa9\\u00e9"', "éé"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\uD83D\\uDE00\\ud83d\\ude00"', "\U0001f600\U0001f600"),
        (b'"\\\\ud800"', "\\ud800"),
        (b'"\\\\\\ud83d\\ude00"', "\\\U0001f600"),
        (b"9007199254740992", MAX_INTEGER),
        (b"-9007199254740992", -MAX_INTEGER),
        (b"1e300", 1e300),
        (b"0.12345678901234567890123", 0.12345678901234567890123),
        (b"-0", 0),
        (b"[]", []),
        (b"{}", {}),
        (b'"NaN"', "NaN"),
    ],
)
def test_json_is_read(data, value):
    assert parse_json(data) == value


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"", "LM-INT-001", id="nothing"),
        pytest.param(b"  ", "LM-INT-001", id="blanks"),
        pytest.param(b"{} {}", "LM-INT-001", id="trailing data"),
        pytest.param(b"{}\0", "LM-INT-001", id="trailing NUL"),
        pytest.param(b"[1,]", "LM-INT-001", id="trailing comma"),
        pytest.param(b"{'a': 1}", "LM-INT-001", id="single quotes"),
        pytest.param(b"{a: 1}", "LM-INT-001", id="bare key"),
        pytest.param(b"// c\n1", "LM-INT-001", id="comment"),
        pytest.param(b'"a\nb"', "LM-INT-001", id="raw control character"),
        pytest.param(b'"\\x41"', "LM-INT-001", id="unknown escape"),
        pytest.param(b"01", "LM-INT-001", id="leading zero"),
        pytest.param(b"+1", "LM-INT-001", id="plus"),
        pytest.param(b"1.", "LM-INT-001", id="bare point"),
        pytest.param(b"0x10", "LM-INT-001", id="hexadecimal"),
        pytest.param(b'"open', "LM-INT-001", id="open string"),
        pytest.param(b"\xc2\xa01", "LM-INT-001", id="no-break space"),
        pytest.param("١".encode(), "LM-INT-001", id="Arabic digit"),
        pytest.param(b'{"a": 1, "a": 1}', "LM-INT-002", id="duplicate key", marks=pytest.mark.attack("P01")),
        pytest.param(b'[{"x": {"a": 1, "b": 2, "\\u0061": 3}}]', "LM-INT-002", id="duplicate key by escape", marks=pytest.mark.attack("P01")),
        pytest.param(b"NaN", "LM-INT-003", id="NaN", marks=pytest.mark.attack("P04")),
        pytest.param(b"[Infinity]", "LM-INT-003", id="Infinity", marks=pytest.mark.attack("P04")),
        pytest.param(b'{"a": -Infinity}', "LM-INT-003", id="-Infinity", marks=pytest.mark.attack("P04")),
        pytest.param(b"1e999", "LM-INT-003", id="1e999", marks=pytest.mark.attack("P04")),
        pytest.param(b"-1E+999", "LM-INT-003", id="-1E+999", marks=pytest.mark.attack("P04")),
        pytest.param(b"9" * 400 + b".0", "LM-INT-003", id="long decimal", marks=pytest.mark.attack("P04")),
        pytest.param(b"9007199254740993", "LM-INT-003", id="2^53+1", marks=pytest.mark.attack("P04")),
        pytest.param(b"[-9007199254740993]", "LM-INT-003", id="-2^53-1", marks=pytest.mark.attack("P04")),
        pytest.param(b"18446744073709551617", "LM-INT-003", id="2^64+1", marks=pytest.mark.attack("P04")),
        pytest.param(b"1" * 1_000_000, "LM-INT-003", id="a million digits", marks=pytest.mark.attack("P04")),
        pytest.param(b"\xef\xbb\xbf{}", "LM-INT-004", id="BOM", marks=pytest.mark.attack("P05")),
        pytest.param('{"a": 1}'.encode("utf-16"), "LM-INT-004", id="UTF-16", marks=pytest.mark.attack("P05")),
        pytest.param(b'"\xff"', "LM-INT-004", id="not UTF-8", marks=pytest.mark.attack("P05")),
        pytest.param(b'"\xc0\x80"', "LM-INT-004", id="overlong", marks=pytest.mark.attack("P05")),
        pytest.param(b'"\xed\xa0\x80"', "LM-INT-004", id="surrogate in UTF-8", marks=pytest.mark.attack("P05")),
        pytest.param(b'"\\ud800"', "LM-INT-004", id="lone high surrogate", marks=pytest.mark.attack("P05")),
        pytest.param(b'"\\uDFff"', "LM-INT-004", id="lone low surrogate", marks=pytest.mark.attack("P05")),
        pytest.param(b'"\\ude00\\ud83d"', "LM-INT-004", id="swapped pair", marks=pytest.mark.attack("P05")),
        pytest.param(b'"\\ud83d\\\\\\ude00"', "LM-INT-004", id="pair parted by a backslash", marks=pytest.mark.attack("P05")),
        pytest.param(b'"\\ud83d\\ud83d\\ude00\\ude00"', "LM-INT-004", id="pair within a pair", marks=pytest.mark.attack("P05")),
        pytest.param(b'{"\\udc00": 1}', "LM-INT-004", id="lone surrogate in a key", marks=pytest.mark.attack("P05")),
        pytest.param(b"[" * 65 + b"]" * 65, "LM-INT-005", id="65 arrays", marks=pytest.mark.attack("P02")),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, "LM-INT-005", id="100,000 arrays", marks=pytest.mark.attack("P02")),
        pytest.param(b"{" * 65_536, "LM-INT-005", id="64 KiB of braces", marks=pytest.mark.attack("P02")),
        pytest.param(b'{"a":' * 1000 + b"1" + b"}" * 1000, "LM-INT-005", id="1,000 objects", marks=pytest.mark.attack("P02")),
        pytest.param(b'["]]]]]]]]]]",' * 65 + b"1" + b"]" * 65, "LM-INT-005", id="depth behind closing brackets in texts", marks=pytest.mark.attack("P02")),
        pytest.param(b'["\\"]]]]]]]]]\\\\",' * 65 + b"1" + b"]" * 65, "LM-INT-005", id="depth behind escapes", marks=pytest.mark.attack("P02")),
    ],
)
def test_what_readers_disagree_on_is_refused(data, code):
    with pytest.raises(IntegrityError) as caught:
        parse_json(data)
    assert caught.value.code == code
    assert caught.value.solution


def test_nesting_up_to_the_limit_is_read():
    data = b"[" * 64 + b"]" * 64
    assert json.loads(data) == parse_json(data)


@pytest.mark.parametrize("text", ["[[[", '\\"[', "{" * 200, '[\\\\"' * 100])
def test_brackets_in_texts_do_not_nest(text):
    value = [[text], {text: [text] * 70}, [[] for _ in range(100)]]
    assert parse_json(json.dumps(value).encode()) == value


def test_a_document_over_the_size_is_refused_before_it_is_looked_at():
    with pytest.raises(IntegrityError) as caught:
        parse_json(b"\xff" * 11, Limits(max_bytes=10))
    assert caught.value.code == "LM-INT-006"


def test_a_document_of_too_many_values_is_refused():
    limits = Limits(max_items=10)
    assert parse_json(b"[1,2,3,4,5,6,7,8,9]", limits) == list(range(1, 10))
    assert parse_json(b'[",,,,,,,,,,,,,,"]', limits) == [",,,,,,,,,,,,,,"]
    with pytest.raises(IntegrityError) as caught:
        parse_json(b"[1,2,3,4,5,6,7,8,9,0]", limits)
    assert caught.value.code == "LM-INT-006"
    for data in (b"[[],[],[],[],[],[]]", b",,,,,,,,,," + b'"' * 41):
        with pytest.raises(IntegrityError) as caught:
            parse_json(data, limits)
        assert caught.value.code == "LM-INT-006"
    full = b'{"a":"\\"","b":"","c":"","d":"","e":"","f":"","g":"","h":"","i":"","j,":""}'
    assert len(parse_json(full, Limits(max_items=11))) == 10


def test_depth_that_the_interpreter_cannot_follow_is_refused_even_where_a_caller_allows_it():
    with pytest.raises(IntegrityError) as caught:
        parse_json(b"[" * 500_000, Limits(max_depth=10**9))
    assert caught.value.code == "LM-INT-005"


def test_a_user_file_is_answered_as_a_usage_error_with_its_name_and_place():
    with pytest.raises(UsageError, match=r"lock\.json: it is not JSON: .* at line 2, column 3") as caught:
        parse_json(b"{\n  x", what="lock.json", error=UsageError)
    assert caught.value.where == "lock.json:2:3"


def test_messages_quote_little_of_the_input():
    key = b'"' + b"k" * 10_000 + b'"'
    with pytest.raises(IntegrityError) as caught:
        parse_json(b"{" + key + b":1," + key + b":2}")
    assert len(str(caught.value)) < 300


def test_the_limits_are_those_of_the_design():
    assert JSON_LIMITS.max_depth == 64


class _Number(IntEnum):
    ONE = 1


@pytest.mark.parametrize(
    ("value", "data"),
    [
        ({"b": 1, "a": [1, 2.5, None, True]}, b'{"a":[1,2.5,null,true],"b":1}'),
        ("é\U0001f600\x7f", b'"\\u00e9\\ud83d\\ude00\\u007f"'),
        ((1, 2), b"[1,2]"),
        (_Number.ONE, b"1"),
        ({}, b"{}"),
    ],
)
def test_values_are_written_in_one_form(value, data):
    assert format_json(value) == data


def test_the_order_of_keys_does_not_matter():
    assert format_json({"a": 1, "b": 2}) == format_json({"b": 2, "a": 1})


def _cycle() -> list[object]:
    value: list[object] = []
    value.append(value)
    return value


def _deep() -> list[object]:
    value: list[object] = []
    for _ in range(100_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, 2**53 + 1, "\ud800", {1, 2}, b"x", {1: "a", "1": "b"}, {"1": "b", None: "a"}, object(), _cycle()],
    ids=["NaN", "infinity", "2^53+1", "lone surrogate", "set", "bytes", "mixed keys", "None key", "object", "cycle"],
)
def test_what_has_no_strict_form_is_not_written(value):
    with pytest.raises(UsageError) as caught:
        format_json(value)
    assert caught.value.code == "LM-INT-007"


def test_a_value_that_is_nested_without_end_is_not_written():
    value = _deep()
    try:
        with pytest.raises(UsageError) as caught:
            format_json(value)
    finally:
        while value:  # taken apart by hand: freeing it in one go would recurse as deep
            value = value.pop()  # type: ignore[assignment]
    assert caught.value.code == "LM-INT-007"
