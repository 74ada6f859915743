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
