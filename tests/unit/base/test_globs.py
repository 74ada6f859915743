"""Globs over paths and test ids, as every file of a product writes them."""

import pytest

from lotmark.base.globs import compile_glob, matches_any

pytestmark = pytest.mark.verifies("REQ-011", "RC-005", "HAZ-006")


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("tests/*.py", "tests/a.py", True),
        ("tests/*.py", "tests/deep/a.py", False),
        ("tests/**/*.py", "tests/a.py", True),
        ("tests/**/*.py", "tests/deep/er/a.py", True),
        ("tests/**", "tests/deep/a.py", True),
        ("tests", "tests/deep/a.py", True),
        ("tests/", "tests/a.py", True),
        ("test", "tests/a.py", False),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("t.py::test_a", "t.py::test_a[1]", True),
        ("t.py::test_a", "t.py::test_ab", False),
        ("t.py", "t.py::test_a", True),
        ("t.py::test_a[1]", "t.py::test_a[1]", True),
        ("t.py::test_a[12]", "t.py::test_a1", False),
        ("a.c", "abc", False),
        ("*", "line\nfeed", True),
        ("/", "/", True),
    ],
)
def test_a_glob_matches_what_it_says_and_what_lies_below(pattern, text, matches):
    assert bool(compile_glob(pattern).match(text)) is matches


def test_one_of_many_is_enough_and_none_matches_nothing():
    assert matches_any("src/a.c", ["docs/**", "src/*.c"])
    assert not matches_any("src/a.c", ["docs/**", "src/*.h"])
    assert not matches_any("src/a.c", [])
