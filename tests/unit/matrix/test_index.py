"""`quality/matrix.yaml`: read strictly, and asked."""

from datetime import date
from pathlib import Path

import pytest

from fakes.matrix_product import INTEGRATION, MATRIX, UNIT, VALIDATION, matrix
from lotmark.base.errors import UsageError
from lotmark.matrix._index import MatrixIndex, exact_tests
from lotmark.matrix.api import parse_matrix, read_matrix

pytestmark = pytest.mark.verifies("REQ-011", "RC-005", "HAZ-006")


SHORT = """\
matrix: 1
categories:
  - {id: unit, title: Unit, owner: dana, layer: unit}
requires:
  - {of: hazard, categories: [unit]}
"""


def _refusal(text: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        parse_matrix(text.encode())
    return caught.value


def test_a_matrix_for_a_real_product_is_short() -> None:
    assert len(MATRIX.splitlines()) <= 40


def test_five_lines_are_enough() -> None:
    category = parse_matrix(SHORT.encode()).value.categories[0]
    assert (category.gating, category.when, category.tests, category.retention) == ("blocking", "pull-request", (), "device-lifetime")


def test_it_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "matrix.yaml").write_text(SHORT)
    assert read_matrix(tmp_path / "matrix.yaml", name="quality/matrix.yaml").path == "quality/matrix.yaml"
    with pytest.raises(UsageError) as caught:
        read_matrix(tmp_path / "absent.yaml")
    assert caught.value.code == "LM-CFG-001"


def test_an_unknown_key_is_refused_with_its_place_and_a_suggestion() -> None:
    error = _refusal(SHORT.replace("owner:", "ownr:"))
    assert error.code == "LM-CFG-004"
    assert error.where == "quality/matrix.yaml:3:29"
    assert "owner" in error.solution


@pytest.mark.parametrize(
    "change",
    [
        ("layer: unit", "layer: system"),
        ("of: hazard", "of: user-need"),
        ("matrix: 1", "matrix: 2"),
        ("id: unit", "id: Unit"),
        ("categories: [unit]", "categories: []"),
        ("title: Unit", "title: ''"),
    ],
    ids=["layer", "kind", "version", "category id", "no category", "no title"],
)
def test_wrong_values_are_refused(change: tuple[str, str]) -> None:
    assert _refusal(SHORT.replace(*change)).code == "LM-CFG-005"


def test_a_category_that_stands_twice() -> None:
    error = _refusal(SHORT.replace("requires", "  - {id: unit, title: Unit, owner: dana, layer: unit}\nrequires"))
    assert error.code == "LM-MTX-030"
    assert error.where == "quality/matrix.yaml:4:10"


@pytest.mark.parametrize(
    "part",
    [
        "requires:\n  - {of: hazard, categories: [unti]}\n",
        "overrides:\n  - {items: [REQ-001], categories: [unti], reason: r}\n",
        "triggers:\n  - {items: [RC-], categories: [unti], reason: r}\n",
    ],
)
def test_a_category_that_does_not_exist(part: str) -> None:
    text = SHORT.replace("requires:\n  - {of: hazard, categories: [unit]}\n", "") + part if part.startswith("requires") else SHORT + part
    error = _refusal(text)
    assert error.code == "LM-MTX-031"
    assert "'unti'" in error.reason
    assert error.where.startswith("quality/matrix.yaml:")


def test_a_matrix_made_in_code_is_held_to_the_same_rules() -> None:
    import msgspec

    value = msgspec.structs.replace(parse_matrix(SHORT.encode()).value, categories=parse_matrix(SHORT.encode()).value.categories * 2)
    with pytest.raises(UsageError) as caught:
        MatrixIndex(value)
    assert caught.value.where == "categories.1.id"


# ---- asking


def test_categories_of_a_test() -> None:
    index = MatrixIndex(matrix())
    assert [c.id for c in index.categories_of(INTEGRATION, "integration")] == ["integration", "smoke"]
    assert [c.id for c in index.categories_of("anything", "unit")] == ["unit"]
    assert [c.id for c in index.categories_of("anything", "validation")] == []
    assert [c.id for c in index.categories_of(VALIDATION, None)] == ["validation"]
    assert [c.id for c in index.categories_of("anything", None)] == []


def test_layer_of_a_test_is_that_of_the_globs_that_name_it() -> None:
    index = MatrixIndex(matrix())
    assert index.layer_of(VALIDATION) == "validation"
    assert index.layer_of("spec/odd.js::x") is None


@pytest.mark.parametrize(
    ("kind", "severities", "needs"),
    [
        ("requirement", set(), ["unit"]),
        ("risk-control", {"minor"}, ["integration"]),
        ("hazard", {"minor"}, ["integration", "smoke"]),
        ("hazard", {"critical"}, ["integration", "validation", "smoke"]),
        ("hazard", {"minor", "critical"}, ["integration", "validation", "smoke"]),
        ("hazard", {""}, ["integration", "validation", "smoke"]),
    ],
)
def test_needs_add_up_by_severity(kind: str, severities: set[str], needs: list[str]) -> None:
    assert [c.id for c in MatrixIndex(matrix()).needs_of(kind, "X-001", "C", frozenset(severities))] == needs


def test_needs_by_safety_class() -> None:
    index = MatrixIndex(matrix(SHORT + "  - {of: requirement, safety-class: [B, C], categories: [unit]}\n"))
    assert [len(index.needs_of("requirement", "REQ-001", safety_class, frozenset())) for safety_class in ("A", "B", "C", "")] == [0, 1, 1, 1]


def test_an_override_takes_the_place_of_the_defaults() -> None:
    index = MatrixIndex(
        matrix(MATRIX + "overrides:\n  - {items: [HAZ-001], categories: [smoke], reason: r}\n  - {items: [HAZ-001], categories: [unit], reason: r}\n")
    )
    assert [c.id for c in index.needs_of("hazard", "HAZ-001", "C", frozenset({"critical"}))] == ["unit", "smoke"]
    assert [c.id for c in index.needs_of("hazard", "HAZ-002", "C", frozenset({"minor"}))] == ["integration", "smoke"]


def test_expensive_and_unstable() -> None:
    index = MatrixIndex(matrix())
    assert index.expensive_reason("tests/validation/test_full.py::x") == "45 min: a full plate"
    assert index.expensive_reason(UNIT) == ""
    assert index.unstable_reason(INTEGRATION, date(2026, 12, 31))
    assert index.unstable_reason(INTEGRATION, date(2027, 1, 1)) == ""
    assert index.unstable_reason(UNIT, date(2026, 1, 1)) == ""


def test_exact_tests_are_those_without_a_wildcard() -> None:
    text = SHORT.replace("layer: unit}", 'layer: unit, tests: ["a.py::t", "a.py::*", "a.py", "b.py::t[x]"]}')
    assert list(exact_tests(matrix(text))) == [("a.py::t", "unit"), ("b.py::t[x]", "unit")]
