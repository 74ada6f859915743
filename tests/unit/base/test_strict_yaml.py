"""Strict YAML: what readers could read in two ways is refused, at its line and column, within limits."""

import sys

import pytest
import yaml

from lotmark.base.documents import DOCUMENT_LIMITS, parse_yaml
from lotmark.base.errors import UsageError
from lotmark.base.findings import Location
from lotmark.base.limits import Limits

pytestmark = pytest.mark.verifies("REQ-025")


def read(text, **limits):
    data = text if isinstance(text, bytes) else text.encode()
    return parse_yaml(data, name="f.yaml", limits=Limits(**limits) if limits else DOCUMENT_LIMITS)


def value(text):
    return read(text)[0]


def refusal(text, **limits):
    with pytest.raises(UsageError) as error:
        read(text, **limits)
    assert error.value.solution
    return error.value.code, error.value.where, error.value.reason


@pytest.fixture(params=["CSafeLoader", "SafeLoader"], autouse=True)
def loader(request, monkeypatch):
    """Everything holds with and without libyaml."""
    if request.param == "SafeLoader":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    return request.param


@pytest.mark.parametrize(
    ("plain", "meant"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("0", 0),
        ("-0", 0),
        ("+7", 7),
        ("-42", -42),
        ("9007199254740991", 2**53 - 1),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("-1.5E-2", -0.015),
    ],
)
def test_a_plain_scalar_of_the_core_schema_has_its_type(plain, meant):
    found = value(f"a: {plain}")["a"]
    assert (found, type(found)) == (meant, type(meant))


@pytest.mark.parametrize(
    "plain",
    [
        "no", "No", "NO", "yes", "on", "off", "y", "n", "tRUE", "nULL",
        "1:30", "12:30:45", "0o17", "0x1F", "012", "-012", "00", "00.5", "1_000", "0b1",
        ".inf", "-.inf", ".nan", "inf", "nan", "+.", ".", "e3", "1e", "1.2.3",
        "2026-11-23", "2026-11-23T12:00:00Z", "=", "1 000",
    ],
)  # fmt: skip
def test_what_only_some_readers_take_for_a_number_a_date_or_a_word_is_text(plain):
    assert value(f"a: {plain}") == {"a": plain}


@pytest.mark.parametrize("quoted", ["'true'", '"true"', "'1'", '"1.5"', "'~'", "''", '""', "'2026-11-23'"])
def test_quotes_make_a_text(quoted):
    assert value(f"a: {quoted}") == {"a": quoted[1:-1]}


@pytest.mark.parametrize("block", ["|\n  1\n", ">\n  true\n"])
def test_a_block_is_text(block):
    assert isinstance(value(f"a: {block}")["a"], str)


@pytest.mark.parametrize("number", ["9007199254740992", "-9007199254740992", "1" * 17, "9" * 400, "9" * 20_000, "1e999", "-1e999"])
def test_a_number_that_json_readers_would_bend_is_refused(number):
    assert refusal(f"a: 1\nb: {number}")[:2] == ("LM-CFG-005", "f.yaml:2:4")


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "\ufeff"], ids=["empty", "blank", "comment", "marker", "byte order mark"])
def test_a_file_without_a_value_is_none(text):
    assert value(text) is None


def test_collections_are_plain_and_every_value_has_its_place():
    tree, places = read("a: [1, {b: two}]\n'c d':\n  - x\n")
    assert tree == {"a": [1, {"b": "two"}], "c d": ["x"]}
    assert places[()] == Location("f.yaml", 1, 1)
    assert places["a", 1, "b"] == Location("f.yaml", 1, 12)
    assert places["a", 1, "b", "\0key"] == Location("f.yaml", 1, 9)
    assert places["c d", 0] == Location("f.yaml", 3, 5)


def test_json_is_yaml():
    assert value('{"a": [1, 2.5, true, null, "\\u00e9"], "b": {}}') == {"a": [1, 2.5, True, None, "é"], "b": {}}


@pytest.mark.parametrize(
    ("text", "place"),
    [("a: 1\nb: 2\na: 3", "f.yaml:3:1"), ("x:\n  - {k: 1, k: 2}", "f.yaml:2:12"), ("a: 1\n'a': 2", "f.yaml:2:1"), ('"\\x61": 1\na: 2', "f.yaml:2:1")],
    ids=["at the top", "in a list", "quoted once", "escaped once"],
)
def test_a_key_that_stands_twice_is_refused_at_the_second(text, place):
    assert refusal(text)[:2] == ("LM-CFG-003", place)


@pytest.mark.parametrize("key", ["1", "-1", "1.5", "true", "False", "null", "~", ""])
def test_a_key_that_is_no_text_is_refused(key):
    assert refusal(f"{key}: x")[0] == "LM-CFG-002"


@pytest.mark.parametrize("key", ["'1'", '"true"', "on", "no", "y", "012", "2026-11-23"])
def test_a_key_that_is_text_here_is_taken(key):
    assert value(f"{key}: x") == {key.strip("'\""): "x"}


@pytest.mark.parametrize("text", ["? [a]\n: x", "? {a: b}\n: x", "&k a: 1\nb: {*k : 2}", "[a]: x"], ids=["list", "mapping", "alias", "flow list"])
def test_a_key_that_is_not_plain_is_refused(text):
    assert refusal(text)[0] == "LM-CFG-002"


def test_an_explicit_key_that_is_text_is_taken():
    assert value("? a\n: 1\n? b") == {"a": 1, "b": None}


def test_the_merge_key_is_refused_and_its_quoted_twin_is_a_text():
    assert refusal("base: &b {x: 1}\nuse:\n  <<: *b")[:2] == ("LM-CFG-002", "f.yaml:3:3")
    assert value("'<<': 1") == {"<<": 1}


@pytest.mark.parametrize(
    "text",
    [
        "a: !!str 5",
        "a: !!int '5'",
        "a: !custom x",
        "a: ! x",
        "a: !!python/object/apply:os.system [x]",
        "a: !!set {b}",
        "!!map {a: 1}",
        "!!str a: 1",
        "- !<tag:x> 1",
    ],
)
def test_a_tag_is_refused_wherever_it_stands(text):
    code, where, reason = refusal(text)
    assert code == "LM-CFG-002"
    assert "tag" in reason
    assert where.startswith("f.yaml:1:")


@pytest.mark.parametrize("text", ["%YAML 1.1\n---\na: 1", "%TAG ! tag:x,2000:\n---\na: 1"])
def test_directives_are_refused(text):
    assert refusal(text)[0] == "LM-CFG-002"


@pytest.mark.parametrize("text", ["a: 1\n---\nb: 2", "---\na\n---\n---\n", "a: 1\n...\n---\nb: 2"])
def test_several_documents_are_refused(text):
    assert refusal(text)[2] == "the file holds several documents"


def test_one_document_may_say_where_it_begins_and_ends():
    assert value("---\na: 1\n...\n") == {"a": 1}


def test_an_alias_is_written_out_and_each_copy_is_its_own():
    tree, places = read("a: &x [1, &y {k: v}]\nb: *x\nc: *y\n")
    assert tree == {"a": [1, {"k": "v"}], "b": [1, {"k": "v"}], "c": {"k": "v"}}
    assert tree["b"] is not tree["a"]
    assert places["b", 1, "k"] == places["a", 1, "k"] == Location("f.yaml", 1, 18)


@pytest.mark.parametrize(
    ("text", "place"),
    [("a: *x", "f.yaml:1:4"), ("a: *x\nb: &x 1", "f.yaml:1:4"), ("a: &x [1, *x]", "f.yaml:1:11"), ("&x a: *y", "f.yaml:1:7")],
    ids=["unknown", "before its anchor", "of itself", "an anchor of a key"],
)
def test_an_alias_of_nothing_is_refused(text, place):
    assert refusal(text)[:2] == ("LM-CFG-002", place)


def test_an_anchor_is_defined_once():
    assert refusal("a: &x 1\nb: &x 2")[:2] == ("LM-CFG-002", "f.yaml:2:4")


def test_a_billion_laughs_are_not_laughed():
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert refusal("\n".join(lines), max_items=5_000)[2].startswith("f.yaml is nested deeper than")


def test_aliases_count_towards_the_depth_too():
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 40))]
    assert "nested deeper than 32" in refusal("\n".join(lines))[2]


@pytest.mark.parametrize("text", ["[" * 200_000, "- " * 200_000, "{a: " * 200_000, "[" * 33 + "]" * 33, "\n".join(" " * n + "a:" for n in range(40))])
def test_deep_nesting_is_refused_and_never_meets_the_recursion_limit(text):
    assert "nested deeper than 32" in refusal(text)[2]


def test_the_depth_that_is_allowed_is_read_with_little_stack():
    depth = 0
    frame = sys._getframe()
    while frame:
        depth, frame = depth + 1, frame.f_back
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(depth + 120)
    try:
        tree = value("[" * 32 + "]" * 32)
    finally:
        sys.setrecursionlimit(before)
    for _ in range(31):
        (tree,) = tree
    assert tree == []


def test_the_number_of_values_is_bounded():
    assert value("[" + ",".join("1" * 50) + "]") == [1] * 50
    assert refusal("[" + ",".join("1" * 50) + "]", max_items=50)[0] == "LM-CFG-002"


def test_the_number_of_bytes_is_bounded():
    assert read("a: 1", max_bytes=4)[0] == {"a": 1}
    assert refusal("a: 1 ", max_bytes=4) == ("LM-CFG-002", "f.yaml", "f.yaml has more than 4 bytes")
    assert refusal("#" * (4 * 1024 * 1024 + 1))[0] == "LM-CFG-002"


def test_a_byte_order_mark_at_the_beginning_is_skipped():
    tree, places = read("\ufeffa: 1")
    assert tree == {"a": 1}
    assert places["a", "\0key"] == Location("f.yaml", 1, 1)


@pytest.mark.parametrize(
    "data", ["a: ü".encode("latin-1"), "a: 1".encode("utf-16"), b"a: \xed\xa0\x80", b"\xff"], ids=["latin-1", "utf-16", "surrogate", "no text"]
)
def test_bytes_that_are_not_utf_8_are_refused(data):
    code, where, reason = refusal(data)
    assert (code, where) == ("LM-CFG-002", "f.yaml")
    assert "not UTF-8" in reason


UNSEEN = {
    "NUL": "\0",
    "escape": "\x1b",
    "delete": "\x7f",
    "next line": "\x85",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "right-to-left override": "\u202e",
    "isolate": "\u2066",
    "left-to-right mark": "\u200e",
    "byte order mark inside": "\ufeff",
    "lone carriage return": "\r",
    "form feed": "\x0c",
}


@pytest.mark.parametrize("char", UNSEEN.values(), ids=UNSEEN)
def test_a_character_that_cannot_be_seen_is_refused_even_in_a_comment(char):
    code, where, reason = refusal(f"a: 1\n#  {char}b: 2\n")
    assert (code, where) == ("LM-CFG-002", "f.yaml:2:4")
    assert f"U+{ord(char):04X}" in reason


@pytest.mark.parametrize("escape", ["\\0", "\\x1b", "\\r", "\\N", "\\L", "\\P", "\\u202e", "\\x7f", "\\e", "\\ud800"])
def test_nor_can_it_come_in_as_an_escape(escape):
    assert refusal(f'ok: 1\na: "x{escape}y"')[0] == "LM-CFG-002"
    assert refusal(f'"x{escape}y": 1')[0] == "LM-CFG-002"


def test_tabs_and_line_feeds_are_seen():
    assert value('a: "1\\t2\\n3"\nb: "x\ty"') == {"a": "1\t2\n3", "b": "x\ty"}


def test_lines_that_end_as_on_windows_are_lines():
    tree, places = read("a: 1\r\nb: |\r\n  x\r\n  y\r\n")
    assert tree == {"a": 1, "b": "x\ny\n"}
    assert places["b",].line == 2


@pytest.mark.parametrize(
    ("text", "line"),
    [("a:\n\t- b", 2), ("a: [1", 1), ("a: b: c", 1), ("a: 'x", 1), ("a: @x", 1), ("- a\nb: c", 2), ('a: "\\q"', 1)],
    ids=["tab as indentation", "open list", "two colons", "open quote", "reserved sign", "list then mapping", "unknown escape"],
)
def test_broken_yaml_is_refused_near_its_place(text, line):
    code, where, reason = refusal(text)
    assert code == "LM-CFG-002"
    assert int(where.split(":")[1]) in {line, line + 1}
    assert reason.startswith("f.yaml is not YAML: ")
    assert "\n" not in reason


def test_a_character_outside_of_yaml_is_refused_without_a_place():
    assert refusal("a: \ufffe")[:2] == ("LM-CFG-002", "f.yaml")


def test_text_of_every_script_is_text():
    assert value("name: Ünïcødé 漢字 עברית 👩🏽\u200d🔬") == {"name": "Ünïcødé 漢字 עברית 👩🏽\u200d🔬"}
