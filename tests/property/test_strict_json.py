"""Laws of the strict JSON reader, for any value and any bytes."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotmark.attest.api import MAX_INTEGER, format_json, parse_json
from lotmark.base.errors import IntegrityError

pytestmark = pytest.mark.verifies("REQ-002", "RC-001")


texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=40)
json_like = st.text(st.sampled_from('[]{}":,\\ \n0123456789.eE+-truefalsnud8dcINy\u00e9'), max_size=60).map(lambda text: text.encode("utf-8"))


def read(data):
    """The value and None, or None and the code of the refusal."""
    try:
        return parse_json(data), None
    except IntegrityError as error:
        return None, error.code


@given(values)
def test_what_is_written_is_read_back(value):
    assert parse_json(format_json(value)) == value


@given(values)
def test_writing_is_stable(value):
    data = format_json(value)
    assert format_json(parse_json(data)) == data
    assert data.isascii()


@given(values, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_other_writers_are_understood(value, ascii_only, indent):
    assert parse_json(json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()) == value
    assert parse_json(msgspec.json.encode(value)) == value


@given(st.binary(max_size=80) | json_like)
def test_any_bytes_are_read_as_every_reader_reads_them_or_refused_with_a_rule(data):
    value, code = read(data)
    if code is None:
        assert value == json.loads(data) == msgspec.json.decode(data)
        assert parse_json(format_json(value)) == value
    else:
        assert code.startswith("LM-INT-00")


@given(st.lists(st.sampled_from(["\\ud83d", "\\ude00", "\\\\", "x", "\\n", "\\uD800", "\\uDFFF", "\\u0041"]), max_size=8))
def test_a_text_is_refused_exactly_if_it_holds_half_a_pair(parts):
    data = f'"{"".join(parts)}"'.encode()
    has_half = any("\ud800" <= char <= "\udfff" for char in json.loads(data))
    assert read(data)[1] == ("LM-INT-004" if has_half else None)


@given(st.integers(1, 80), st.lists(st.sampled_from(["]]]", "[[[", "}", "{", '"', "\\", "a"]), max_size=4).map("".join))
def test_depth_is_counted_as_the_scanner_nests(depth, noise):
    value: object = noise
    for level in range(depth):
        value = [noise, value] if level % 2 else {noise: value}
    data = json.dumps(value).encode()
    assert read(data) == ((value, None) if depth <= 64 else (None, "LM-INT-005"))
