"""The reference page: its example is a matrix, and the codes that it names exist."""

import re
from pathlib import Path

import pytest

from lotmark.matrix.api import parse_matrix
from lotmark.matrix.models import Category
from lotmark.matrix.rules import RULES

pytestmark = pytest.mark.verifies("REQ-011", "RC-005", "HAZ-006")


PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "matrix.md"


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text()


def test_the_example_is_a_whole_matrix_of_at_most_40_lines(page: str) -> None:
    example = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1]
    parsed = parse_matrix(example.encode()).value
    assert [category.id for category in parsed.categories] == ["unit", "integration", "validation", "smoke"]
    assert all(getattr(parsed, part) for part in ("requires", "overrides", "triggers", "expensive", "unstable"))
    assert len(example.splitlines()) <= 40


def test_every_code_on_the_page_exists(page: str) -> None:
    named = set(re.findall(r"LM-MTX-\d{3}", page)) | {f"LM-MTX{number}" for number in re.findall(r"`(-\d{3})`", page)}
    assert named
    assert named <= {rule.code for rule in RULES}


def test_every_refusal_of_a_results_file_is_on_the_page(page: str) -> None:
    assert {f"LM-MTX-{number:03}" for number in range(1, 11)} <= set(re.findall(r"LM-MTX-\d{3}", page))


def test_every_key_of_a_category_is_on_the_page(page: str) -> None:
    assert all(f"`{key}`" in page for key in Category.__struct_encode_fields__)
