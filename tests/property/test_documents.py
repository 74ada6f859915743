"""Laws of strict YAML: what is written is read back; whatever comes in, only a located refusal or a value comes out."""

import json

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lotmark.base.documents import parse_document, parse_yaml
from lotmark.base.errors import UsageError
from lotmark.base.limits import Limits
from lotmark.base.strict_yaml import KEY
from lotmark.product.models import ProductFile

pytestmark = pytest.mark.verifies("REQ-026")


LIMITS = Limits(max_bytes=100_000, max_depth=32, max_items=2_000)
SEEN = st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp", "Cn", "Co"])
TEXT = st.text(SEEN, max_size=12)
SCALAR = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
TREE = st.recursive(SCALAR, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=25)
TEXTS = st.recursive(TEXT, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=25)
SIGNS = st.sampled_from([*"abk019:-?[]{}&*!|>'\"%@`#, \n\t.~<=", "\n  ", ": ", "- ", "&a ", "*a", "<<: ", "\r", "\\x", "!!str ", "---\n", "null", "1e9"])


def paths(tree, path=()):
    yield path, tree
    below = enumerate(tree) if isinstance(tree, list) else tree.items() if isinstance(tree, dict) else ()
    for step, value in below:
        yield from paths(value, (*path, step))


@given(TREE)
def test_json_is_read_back_as_it_was(tree):
    found, places = parse_yaml(json.dumps(tree, ensure_ascii=False).encode(), name="f", limits=LIMITS)
    assert json.dumps(found) == json.dumps(tree)
    assert {path for path in places if path[-1:] != (KEY,)} == {path for path, _ in paths(tree)}


@given(TEXTS, st.booleans())
def test_what_a_yaml_writer_writes_is_read_back_as_it_was(tree, flow):
    text = yaml.safe_dump(tree, default_style='"', default_flow_style=flow, allow_unicode=True, width=20)
    assert parse_yaml(text.encode(), name="f", limits=LIMITS)[0] == tree


@given(st.lists(SIGNS, max_size=60).map("".join))
@settings(max_examples=600)
def test_whatever_comes_in_a_value_or_a_refusal_with_a_cure_comes_out(text):
    refused = None
    try:
        tree, places = parse_yaml(text.encode(), name="f", limits=LIMITS)
    except UsageError as error:
        refused = error
    if refused is None:
        assert {path for path, _ in paths(tree)} <= places.keys()
        json.dumps(tree, allow_nan=False)
    else:
        assert refused.code in {"LM-CFG-002", "LM-CFG-003", "LM-CFG-005"}
        assert refused.solution
        assert refused.where.partition(":")[0] == "f"


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_read_or_refused(data):
    try:
        parse_yaml(data, name="f", limits=LIMITS)
    except UsageError as error:
        assert error.code.startswith("LM-CFG-")  # noqa: PT017


@given(st.lists(SIGNS, max_size=40).map("".join))
def test_a_text_reads_the_same_with_and_without_libyaml(text):
    """Where both accept it; libyaml takes a tab in some places where the reader in Python does not."""
    answers = []
    fast = yaml.CSafeLoader
    for loader in (fast, None):
        with pytest.MonkeyPatch.context() as patch:
            if loader is None:
                patch.delattr(yaml, "CSafeLoader")
            try:
                answers.append(parse_yaml(text.encode(), name="f", limits=LIMITS)[0])
            except UsageError:
                return
    assert answers[0] == answers[1]


@given(TREE)
def test_a_wrong_declaration_is_refused_at_a_place_of_the_file(tree):
    data = json.dumps({"lotmark": 1, "product": tree}, ensure_ascii=False).encode()
    with pytest.raises(UsageError) as error:
        parse_document(data, ProductFile, name="lotmark.yaml")
    assert error.value.code in {"LM-CFG-004", "LM-CFG-005"}
    assert error.value.where.startswith("lotmark.yaml:1:")


class Entry(msgspec.Struct, forbid_unknown_fields=True):
    n: int


class Table(msgspec.Struct):
    rows: dict[str, Entry]


@given(st.dictionaries(TEXT.filter(bool), st.booleans(), min_size=1, max_size=30).filter(lambda rows: not all(rows.values())))
def test_of_many_entries_a_wrong_one_is_named(rows):
    data = json.dumps({"rows": {key: {"n": 1 if good else "x"} for key, good in rows.items()}}, ensure_ascii=False).encode()
    with pytest.raises(UsageError) as error:
        parse_document(data, Table, name="f")
    assert error.value.reason.startswith(tuple(f"rows.{key}.n: " for key, good in rows.items() if not good))
