"""Aligned paragraphs: nothing wider than the page, long words broken where a reader would."""

import pytest

from lotmark.index._layout import Page
from lotmark.index._words import both_times, instant, number_of

pytestmark = pytest.mark.verifies("REQ-023")


def page(width: int = 60, *, styled: bool = False) -> Page:
    return Page(width, styled=styled)


def test_fields_align_and_wrap_under_their_text():
    made = page()
    made.field("label", "one two three four five six seven eight nine ten eleven", mark="✓", color="green")
    assert made.text() == "  label           ✓ one two three four five six seven eight\n                    nine ten eleven"


def test_small_labels_hang():
    made = page()
    made.more("reason", "one two three four five six seven eight nine")
    assert made.text() == "                    reason: one two three four five six\n                            seven eight nine"


@pytest.mark.parametrize(
    ("word", "lines"),
    [
        ("tests/unit/test_a_long_name.py::test_that_it_is_cut", ["tests/unit/test_a_long_name.py", "::test_that_it_is_cut"]),
        ("a" * 50, ["a" * 40, "a" * 10]),
        ("src/lotmark/index/projectors/delivering_releases.py", ["src/lotmark/index/projectors/delivering", "_releases.py"]),
    ],
)
def test_long_words_are_cut_at_a_mark_of_separation(word: str, lines: list[str]):
    made = page()
    made.line(word)
    assert [line.strip() for line in made.text().split("\n")] == lines


def test_empty_text_is_a_line():
    made = page()
    made.field("label", "")
    assert made.text() == "  label"


def test_columns_align_by_what_is_seen():
    made = page(styled=True)
    made.table([("a", made.style("1", "red")), ("bbb", "22")], right=[1])
    assert made.text() == "  a     \x1b[31m1\x1b[0m\n  bbb  22"


def test_control_characters_never_reach_the_terminal():
    made = page()
    made.field("label", "a\x1b[2Jb\nc")
    assert "\x1b" not in made.text()
    assert made.text().count("\n") == 0


def test_a_page_is_never_too_narrow_to_read():
    made = page(5)
    made.line("one two three four five six seven eight nine ten")
    assert len(made.text().split("\n")) == 2


def test_instants():
    assert instant("2026-11-23T12:00:40.000Z") == "2026-11-23 12:00:40 UTC"
    assert instant("yesterday") == "yesterday"
    assert instant("") == ""


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", "2026-11-23 23:30:00 UTC (signer's zone UTC)"),
        ("Asia/Tokyo", "2026-11-23 23:30:00 UTC (2026-11-24 08:30:00 in Asia/Tokyo, the signer's zone)"),
        ("../../etc/passwd", "2026-11-23 23:30:00 UTC (signer's zone ../../etc/passwd)"),
        ("", "2026-11-23 23:30:00 UTC (signer's zone )"),
    ],
)
def test_both_times(zone: str, expected: str):
    assert both_times("2026-11-23T23:30:00.000Z", zone) == expected


def test_numbers():
    assert [number_of(number, "entry", "entries") for number in (0, 1, 2, 1500)] == ["0 entries", "1 entry", "2 entries", "1,500 entries"]


@pytest.mark.parametrize("width", [60, 61, 80, 100])
@pytest.mark.parametrize(("mark", "label"), [("", "label"), ("✓", "label"), ("✓", "")])
def test_a_field_fills_its_page_to_the_last_column(width: int, mark: str, label: str):
    room = width - 18 - (2 if mark else 0)
    fits, more = "x" * (room - 9) + " " + "y" * 8, "x" * (room - 8) + " " + "y" * 8
    for text, lines in ((fits, 1), (more, 2)):
        made = page(width)
        made.field(label, text, mark=mark, color="green")
        shown = made.text().split("\n")
        assert (len(shown), max(map(len, shown)) <= width) == (lines, True)
        assert "".join(shown).replace(" ", "").removeprefix(label + mark) == text.replace(" ", "")
    assert len(made.text().split("\n")[0]) == width - 9 + 1


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("label", ["a", "reason", "residual risk"])
def test_a_small_label_leaves_its_text_the_rest_of_the_line(width: int, label: str):
    room = width - 20 - len(label) - 2
    for text, lines in (("x" * (room - 9) + " " + "y" * 8, 1), ("x" * (room - 8) + " " + "y" * 8, 2)):
        made = page(width)
        made.more(label, text)
        shown = made.text().split("\n")
        assert len(shown) == lines
        assert max(map(len, shown)) <= width
    assert shown[1] == " " * (22 + len(label)) + "y" * 8


@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_line_below_a_field_is_set_in(width: int):
    room = width - 20
    for text, lines in (("x" * (room - 9) + " " + "y" * 8, 1), ("x" * (room - 8) + " " + "y" * 8, 2)):
        made = page(width)
        made.line(text)
        assert len(made.text().split("\n")) == lines
    assert made.text().split("\n")[1] == " " * 20 + "y" * 8


@pytest.mark.parametrize(
    ("word", "lines"),
    [
        ("a" * 40, ["a" * 40]),
        ("a" * 41, ["a" * 40, "a"]),
        ("::" + "a" * 50, ["::" + "a" * 38, "a" * 12]),
        ("a" * 30 + "::" + "b" * 30, ["a" * 30, "::" + "b" * 30]),
        ("a" * 10 + "::" + "b" * 35, ["a" * 10, "::" + "b" * 35]),
        ("a" * 19 + "/" + "b" * 30, ["a" * 19 + "/" + "b" * 20, "b" * 10]),
        ("a" * 25 + "/" + "b" * 30, ["a" * 25, "/" + "b" * 30]),
        ("a" * 25 + "[" + "b" * 5 + "-" + "c" * 20, ["a" * 25 + "[" + "b" * 5, "-" + "c" * 20]),
        ("a" * 39 + "/b", ["a" * 39, "/b"]),
    ],
)
def test_a_long_word_is_cut_late_and_loses_nothing(word: str, lines: list[str]):
    made = page()
    made.line(word)
    assert [line.strip() for line in made.text().split("\n")] == lines
    assert "".join(lines) == word
