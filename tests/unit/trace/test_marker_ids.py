"""The ids after a marker."""

import pytest

from lotmark.trace._marker_ids import parse_marked_ids

pytestmark = pytest.mark.verifies("REQ-008", "RC-009", "HAZ-006")


def ids(text):
    return parse_marked_ids(text, 0, "qpcr")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" REQ-007", ("REQ-007",)),
        ("REQ-007 RC-003", ("REQ-007", "RC-003")),
        ("REQ-007,RC-003; UN-1", ("REQ-007", "RC-003", "UN-1")),
        ("REQ-007 and RC-003", ("REQ-007", "RC-003")),
        ("REQ-007, and RC-003 */", ("REQ-007", "RC-003")),
        ("REQ-007 REQ-007", ("REQ-007",)),
        ("qpcr:REQ-007 pelican:SYS-SES-004", ("REQ-007", "pelican:SYS-SES-004")),
        ("REQ-001 through REQ-004", ("REQ-001", "REQ-002", "REQ-003", "REQ-004")),
        ("SYS-ERR-009 through SYS-ERR-011, REQ-1", ("SYS-ERR-009", "SYS-ERR-010", "SYS-ERR-011", "REQ-1")),
        ("REQ-5 through REQ-5", ("REQ-5",)),
        ("REQ-007 because it must", ("REQ-007",)),
        ("REQ-007. More.", ("REQ-007",)),
        ("nothing", ()),
        ("", ()),
        ("REQ-007x", ()),
        ("req-007", ()),
        ("ABCDEFGHIJKLMNOPQ-1", ()),
    ],
)
def test_ids_are_read_as_far_as_they_go(text, expected):
    marked = ids(text)
    assert (marked.ids, marked.problem) == (expected, "")


@pytest.mark.parametrize(
    ("text", "kept", "word"),
    [
        ("REQ-007, REQ_008", ("REQ-007",), "'REQ_008'"),
        ("REQ-007,", ("REQ-007",), "expected after the comma"),
        ("REQ-004 through REQ-001", ("REQ-004",), "backwards"),
        ("REQ-001 through RC-004", ("REQ-001",), "same prefix"),
        ("REQ-001 through the end", ("REQ-001",), "after 'through'"),
        ("REQ-1 through REQ-5000", ("REQ-1",), "more than 1000"),
        ("REQ-1 through ABCDEFGHIJKLMNOPQ-1", ("REQ-1",), "after 'through'"),
    ],
)
def test_what_does_not_hold_is_said_and_the_rest_kept(text, kept, word):
    marked = ids(text)
    assert marked.ids == kept
    assert word in marked.problem


def test_reading_stops_behind_the_last_id():
    text = "REQ-001 RC-002 @implements REQ-003"
    assert text[ids(text).end :].lstrip() == "@implements REQ-003"
