"""Globs over test ids and paths."""

import pytest

from lotmark.matrix._globs import matches_any, matches_item

pytestmark = pytest.mark.verifies("REQ-011", "RC-005", "HAZ-006")


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("tests/unit", "tests/unit/test_ct.py::test_a", True),
        ("tests/unit/", "tests/unit/test_ct.py::test_a", True),
        ("tests/unit", "tests/unit2/test_ct.py::test_a", False),
        ("tests/unit/test_ct.py", "tests/unit/test_ct.py::test_a[x]", True),
        ("tests/unit/test_ct.py::test_a", "tests/unit/test_ct.py::test_a[x/y]", True),
        ("tests/unit/test_ct.py::test_a", "tests/unit/test_ct.py::test_ab", False),
        ("tests/unit/test_ct.py::test_a[x]", "tests/unit/test_ct.py::test_a[x]", True),
        ("tests/unit/test_ct.py::test_a[x]", "tests/unit/test_ct.py::test_ax", False),
        ("tests/*/test_ct.py", "tests/unit/test_ct.py::t", True),
        ("tests/*/test_ct.py", "tests/unit/deep/test_ct.py::t", False),
        ("tests/**/test_ct.py", "tests/unit/deep/test_ct.py::t", True),
        ("tests/**/test_ct.py", "tests/test_ct.py::t", True),
        ("**", "anything/at::all[x]", True),
        ("**/ct*.py", "src/qpcr/ct_calling.py", True),
        ("src/?t.py", "src/ct.py", True),
        ("src/?t.py", "src//t.py", False),
        ("Suite::*", "Suite::does a thing", True),
        ("a.c", "abc", False),
        ("/", "/", True),
    ],
)
def test_a_glob_matches_what_it_names_and_what_lies_below(pattern: str, text: str, matches: bool) -> None:
    assert matches_any(text, [pattern]) is matches


def test_no_pattern_matches_nothing() -> None:
    assert not matches_any("a", [])


@pytest.mark.parametrize(("pattern", "matches"), [("RC-001", True), ("RC-", True), ("RC", False), ("RC-00", False), ("HAZ-", False)])
def test_an_item_is_named_by_its_id_or_a_prefix_with_a_hyphen(pattern: str, matches: bool) -> None:
    assert matches_item("RC-001", [pattern]) is matches
