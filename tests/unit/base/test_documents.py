"""Documents: YAML in, one type out; every complaint names file, line, column and cure."""

import json
import os
from typing import Annotated, Literal

import msgspec
import pytest

from lotmark.base.digest import Digest
from lotmark.base.documents import DOCUMENT_LIMITS, Document, _guilty, document_schema, parse_document, read_document
from lotmark.base.errors import UsageError
from lotmark.base.findings import Location
from lotmark.base.limits import Limits

pytestmark = pytest.mark.verifies("REQ-026", "RC-009")


class Leaf(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    good_name: str
    weight: Annotated[int, msgspec.Meta(ge=1)] = 1


class Circle(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="shape", tag="circle"):
    radius: float


class Square(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="shape", tag="square"):
    side: float


class Top(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    title: str
    leaves: list[Leaf] = []
    by_name: dict[str, Leaf] = {}
    grid: list[dict[str, list[int]]] = []
    either: Leaf | str | None = None
    shapes: list[Circle | Square] = []
    words: dict[Annotated[str, msgspec.Meta(pattern="^[a-z]+$")], str] = {}
    deep: dict[str, dict[Annotated[str, msgspec.Meta(pattern="^[a-z]+$")], int]] = {}
    mode: Literal["a", "b"] = "a"
    day: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$(?!\n)")] = "2026-01-01"
    inner: dict[str, dict[str, Leaf]] = {}


def read(text) -> Document[Top]:
    return parse_document(text.encode(), Top, name="top.yaml")


def refusal(text):
    with pytest.raises(UsageError) as error:
        read(text)
    return error.value


def test_a_document_is_its_value_with_its_digest_and_places():
    document = read("title: T\nleaves:\n  - good-name: x\n")
    assert document.value == Top(title="T", leaves=[Leaf(good_name="x")])
    assert document.digest == Digest.of(b"title: T\nleaves:\n  - good-name: x\n")
    assert document.where(("leaves", 0, "good-name")) == Location("top.yaml", 3, 16)


def test_a_place_that_does_not_exist_is_that_of_the_nearest_value_around():
    document = read("title: T\nleaves: [{good-name: x}]")
    assert document.where(("leaves", 0, "weight")) == document.where(("leaves", 0)) == Location("top.yaml", 2, 10)
    assert document.where(("mode",)) == document.where() == Location("top.yaml", 1, 1)
    assert Document(1, Digest.of(b""), "x", {}).where(("a",)) == Location("x")


DEEP = {
    "at the top": ("title: T\ntitel: x", "titel", "top.yaml:2:1", "did you mean 'title'?"),
    "in a list": ("title: T\nleaves:\n  - good-name: x\n  - good-name: y\n    wieght: 2", "wieght", "top.yaml:5:5", "did you mean 'weight'?"),
    "snake for kebab": ("title: T\nleaves: [{good_name: x}]", "good_name", "top.yaml:2:11", "did you mean 'good-name'?"),
    "in a mapping's value": (
        "title: T\nby-name:\n  a: {good-name: x}\n  b: {good-name: y, weigth: 3}\n  c: {good-name: y}",
        "weigth",
        "top.yaml:4:21",
        "did you mean 'weight'?",
    ),
    "in a mapping in a mapping": (
        "title: T\ninner:\n  p: {a: {good-name: x}}\n  q: {a: {good-name: x}, b: {good-name: x, wait: 1}}",
        "wait",
        "top.yaml:4:44",
        "did you mean 'weight'?",
    ),
    "in a union": ("title: T\neither: {good-name: x, heavy: 1}", "heavy", "top.yaml:2:24", "remove it; here stand: good-name, weight"),
    "in a tagged union": ("title: T\nshapes:\n  - shape: circle\n    radius: 1.0\n    side: 2.0", "side", "top.yaml:5:5", None),
}


@pytest.mark.parametrize(("text", "field", "place", "hint"), DEEP.values(), ids=DEEP)
def test_an_unknown_key_is_refused_at_its_place_with_a_suggestion_from_there(text, field, place, hint):
    error = refusal(text)
    assert (error.code, error.where) == ("LM-CFG-004", place)
    assert error.reason == f"unknown key {field!r} in top.yaml"
    assert hint is None or error.solution == hint


def test_the_suggestion_never_comes_from_another_part_of_the_file():
    assert refusal("title: T\nradius: 1").solution.startswith("remove it; here stand: by-name, day, deep, either,")


WRONG = {
    "a text for a number": ("title: T\nleaves: [{good-name: x, weight: heavy}]", "leaves.0.weight", "top.yaml:2:33"),
    "too small": ("title: T\nleaves:\n- good-name: x\n  weight: 0", "leaves.0.weight", "top.yaml:4:11"),
    "a missing key": ("title: T\nleaves:\n  - weight: 1", "leaves.0", "top.yaml:3:5"),
    "a missing key in a mapping's value": ("title: T\nby-name:\n  a: {good-name: x}\n  b: {weight: 2}", "by-name.b", "top.yaml:4:6"),
    "inside a mapping's value": ("title: T\nby-name:\n  a: {good-name: x}\n  b: {good-name: y, weight: 0}", "by-name.b.weight", "top.yaml:4:29"),
    "deep in lists and mappings": ("title: T\ngrid:\n  - {a: [1]}\n  - {a: [1], b: [1, 2, x]}", "grid.1.b.2", "top.yaml:4:24"),
    "no alternative of a union": ("title: T\neither: [1]", "either", "top.yaml:2:9"),
    "inside a union": ("title: T\neither: {good-name: 1}", "either.good-name", "top.yaml:2:21"),
    "an unknown tag": ("title: T\nshapes: [{shape: star}]", "shapes.0.shape", "top.yaml:2:18"),
    "a key that does not fit": ("title: T\nwords:\n  fine: x\n  Not-Fine: y\n  more: z", "words.Not-Fine", "top.yaml:4:3"),
    "a key that does not fit, deep inside": ("title: T\ndeep: {p: {ok: 1}, q: {ok: 1, NO: 2}}", "deep.q.NO", "top.yaml:2:31"),
    "not one of the words": ("title: T\nmode: c", "mode", "top.yaml:2:7"),
    "a date that is none": ("title: T\nday: 23.11.2026", "day", "top.yaml:2:6"),
    "null where something must stand": ("title:", "title", "top.yaml:1:7"),
    "a list as the document": ("- title", "the document", "top.yaml:1:1"),
    "an empty file": ("", "the document", "top.yaml:1:1"),
    "a word as the document": ("title", "the document", "top.yaml:1:1"),
}


@pytest.mark.parametrize(("text", "path", "place"), WRONG.values(), ids=WRONG)
def test_a_wrong_value_is_refused_at_its_place(text, path, place):
    error = refusal(text)
    assert (error.code, error.where) == ("LM-CFG-005", place)
    assert error.reason.startswith(f"{path}: ")
    assert "`" not in error.reason


@pytest.mark.parametrize("plain", ["1.10", "7", "true"])
def test_where_quotes_are_what_is_missing_the_cure_says_so(plain):
    assert refusal(f"title: {plain}").solution == "put the value in quotes"
    assert refusal(f"title: T\neither: {plain}").solution == "put the value in quotes"


def test_words_are_those_of_yaml():
    assert "'mapping'" in refusal("- title").reason
    assert "'list'" in refusal("title: T\nleaves: {}").reason


def test_a_date_is_a_text():
    assert read("title: T\nday: 2026-11-23").value.day == "2026-11-23"


def test_finding_the_guilty_entry_leaves_the_tree_as_it_was_and_takes_few_looks(monkeypatch):
    looks = []
    convert = msgspec.convert

    def counted(tree, kind, **options):
        looks.append(len(tree["by-name"]))
        return convert(tree, kind, **options)

    monkeypatch.setattr(msgspec, "convert", counted)
    entries = "".join(f"  k{n}: {{good-name: x{', weight: 0' if n == 777 else ''}}}\n" for n in range(1_000))
    error = refusal(f"title: T\nby-name:\n{entries}")
    assert error.where == "top.yaml:780:32"
    assert len(looks) < 15


def test_a_complaint_about_the_size_of_a_mapping_is_about_the_mapping():
    class Sized(msgspec.Struct):
        m: Annotated[dict[str, int], msgspec.Meta(max_length=1)]

    with pytest.raises(UsageError) as error:
        parse_document(b"m: {a: 1, b: 2}", Sized, name="s")
    assert error.value.where == "s:1:4"


def test_an_entry_can_be_guilty_only_in_a_mapping():
    assert _guilty([1, 2], lambda: True) is None
    assert _guilty({}, lambda: True) is None


def test_a_set_is_read_from_a_list():
    class Holder(msgspec.Struct):
        s: set[int]

    with pytest.raises(UsageError) as error:
        parse_document(b"s: [1, x]", Holder, name="s")
    assert error.value.where == "s:1:8"


def test_an_entry_that_is_wrong_only_beside_another_is_named_by_its_mapping():
    class Few(msgspec.Struct):
        m: Annotated[dict[str, int], msgspec.Meta(min_length=2)]

    with pytest.raises(UsageError) as error:
        parse_document(b"m: {a: 1, b: x}", Few, name="s")
    assert (error.value.code, error.value.where) == ("LM-CFG-005", "s:1:4")


class TestReading:
    def test_a_file_is_read_under_the_name_that_is_shown(self, tmp_path):
        (tmp_path / "f.yaml").write_text("title: T")
        assert read_document(tmp_path / "f.yaml", Top).path == str(tmp_path / "f.yaml")
        assert read_document(tmp_path / "f.yaml", Top, name="f").path == "f"

    def test_a_missing_file_is_refused(self, tmp_path):
        with pytest.raises(UsageError) as error:
            read_document(tmp_path / "f.yaml", Top, name="f.yaml")
        assert (error.value.code, error.value.where, error.value.reason) == ("LM-CFG-001", "f.yaml", "cannot read f.yaml: No such file or directory")
        assert "lotmark init" in error.value.solution

    def test_a_folder_is_refused(self, tmp_path):
        with pytest.raises(UsageError, match="not a file") as error:
            read_document(tmp_path, Top)
        assert error.value.code == "LM-CFG-001"

    def test_a_pipe_is_refused_and_not_waited_for(self, tmp_path):
        os.mkfifo(tmp_path / "f.yaml")
        with pytest.raises(UsageError, match="not a file"):
            read_document(tmp_path / "f.yaml", Top)

    def test_a_file_below_a_file_is_refused(self, tmp_path):
        (tmp_path / "f").write_text("")
        with pytest.raises(UsageError) as error:
            read_document(tmp_path / "f" / "g", Top)
        assert error.value.code == "LM-CFG-001"

    def test_no_more_is_read_than_the_limit(self, tmp_path):
        with (tmp_path / "big").open("wb") as stream:
            stream.truncate(1 << 40)
        with pytest.raises(UsageError, match="more than 10 bytes"):
            read_document(tmp_path / "big", Top, limits=Limits(max_bytes=10))

    def test_the_limit_is_four_mebibytes(self):
        assert DOCUMENT_LIMITS.max_bytes == 4 * 1024 * 1024


def test_the_schema_is_that_of_the_type_and_says_the_same():
    jsonschema = pytest.importorskip("jsonschema")
    schema = document_schema(Top, title="A top", identifier="https://lotmark.dev/schemas/top.v1.json")
    assert (schema["$id"], schema["title"]) == ("https://lotmark.dev/schemas/top.v1.json", "A top")
    check = jsonschema.Draft202012Validator(schema)
    check.check_schema(schema)
    assert check.is_valid({"title": "T", "leaves": [{"good-name": "x"}]})
    assert not check.is_valid({"title": "T", "leaves": [{"good_name": "x"}]})
    assert not check.is_valid({"title": "T", "day": "2026-11-23\n"})
    json.dumps(schema)
