"""The tests that are known before anything runs."""

import pytest

from fakes.matrix_product import ALL, EXPENSIVE, INTEGRATION, MATRIX, UNIT, UNIT_OTHER, VALIDATION, foreign_graph, graph, matrix
from lotmark.base.errors import RefusedError
from lotmark.matrix.api import find_known_tests, parse_test_list
from lotmark.matrix.models import KnownTest

pytestmark = pytest.mark.verifies("REQ-011", "RC-005", "HAZ-006")


def _layers(tests: tuple[KnownTest, ...]) -> dict[str, str | None]:
    return {test.id: test.layer for test in tests}


def test_marked_tests_have_the_layer_of_their_path() -> None:
    known = find_known_tests(matrix(), graph())
    assert _layers(known) == {UNIT: "unit", UNIT_OTHER: "unit", INTEGRATION: "integration", VALIDATION: "validation", EXPENSIVE: "validation"}
    assert {test.id: test.verifies for test in known} == ALL


def test_listed_tests_stand_for_the_marker_of_their_base_id() -> None:
    known = find_known_tests(matrix(), graph(), {"unit": [f"{UNIT}[a]", f"{UNIT}[b]", UNIT_OTHER, "tests/unit/test_x.py::test_plain"]})
    assert UNIT not in _layers(known)
    assert next(test for test in known if test.id == f"{UNIT}[a]").verifies == ("REQ-001",)
    assert next(test for test in known if test.id.endswith("test_plain")).verifies == ()


def test_a_marked_test_that_the_list_lacks_stays_known() -> None:
    assert UNIT_OTHER in _layers(find_known_tests(matrix(), graph(), {"unit": [UNIT]}))


def test_a_path_that_names_no_layer_is_found_by_the_globs_of_the_matrix() -> None:
    marked = {"bench/panel.c::panel": ("RC-001",), "odd.c::odd": ("RC-001",)}
    text = MATRIX.replace("tests: [tests/validation]", "tests: [tests/validation, bench]")
    assert _layers(find_known_tests(matrix(text), graph(marked))) == {"bench/panel.c::panel": "validation", "odd.c::odd": None}


def test_a_test_named_one_by_one_in_the_matrix_is_known() -> None:
    text = MATRIX.replace("tests: [tests/validation]", 'tests: ["bench/panel.c::panel"]')
    assert _layers(find_known_tests(matrix(text), graph({}))) == {"bench/panel.c::panel": "validation"}


def test_what_a_list_says_that_its_tests_verify_counts_beside_the_markers() -> None:
    known = find_known_tests(matrix(), graph(), {"unit": {f"{UNIT}[a]": ("REQ-003", "REQ-001"), "tests/unit/test_x.py::test_y": ()}})
    assert next(test for test in known if test.id == f"{UNIT}[a]").verifies == ("REQ-003", "REQ-001")
    assert next(test for test in known if test.id == "tests/unit/test_x.py::test_y").verifies == ()


# ---- the list itself


def test_a_list_is_one_id_a_line_with_what_it_verifies_behind_a_tab() -> None:
    printed = b"tests/a.py::test_a[x y]\tREQ-001 RC-002 REQ-001\r\ntests/a.py::test_b\n\n  \nspec::does a thing \n"
    assert parse_test_list(printed, "list") == {"tests/a.py::test_a[x y]": ("REQ-001", "RC-002"), "tests/a.py::test_b": (), "spec::does a thing": ()}


@pytest.mark.parametrize("summary", ["2 tests collected in 0.05s", "1 test collected", "2/5 tests collected (3 deselected) in 0.02s"])
def test_pytests_own_collection_is_a_list(summary: str) -> None:
    assert list(parse_test_list(f"tests/a.py::test_a\ntests/a.py::test_b\n\n{summary}\n".encode(), "list")) == ["tests/a.py::test_a", "tests/a.py::test_b"]


@pytest.mark.parametrize("printed", [b"", b"\n \n", b"no tests collected in 0.01s\n", b"tests/a.py::test_\xff\n"])
def test_a_list_that_names_no_test_or_is_no_text_is_refused(printed: bytes) -> None:
    with pytest.raises(RefusedError) as caught:
        parse_test_list(printed, "tests.unit.list-command")
    assert caught.value.code == "LM-MTX-015"
    assert caught.value.where == "tests.unit.list-command"


def test_listed_tests_verify_what_markers_from_outside_say() -> None:
    declared = '  - {tests: ["Profile::**"], verifies: [REQ-002], reason: r}\n'
    known = find_known_tests(matrix(), foreign_graph(declared), {"unit": {"Profile::a b": ("REQ-001",), "Other::c": ()}})
    assert {test.id: test.verifies for test in known} == {"Profile::a b": ("REQ-001", "REQ-002"), "Other::c": ()}
