"""What is wrong with a matrix against the product's items and known tests."""

from datetime import date

import pytest

from fakes.matrix_product import MATRIX, graph, known, matrix
from lotmark.base.findings import Finding, Severity
from lotmark.matrix.api import check_matrix, parse_matrix
from lotmark.matrix.models import KnownTest

pytestmark = pytest.mark.verifies("REQ-011", "RC-005", "HAZ-006")


TODAY = date(2026, 11, 23)


def _check(text: str, *, tests=(), day: date = TODAY, **more) -> list[Finding]:
    return list(check_matrix(parse_matrix(text.encode()), graph(), tests=tests, day=day, **more))


def test_a_good_matrix_has_no_finding() -> None:
    assert _check(MATRIX, tests=known()) == []


@pytest.mark.parametrize(
    ("text", "code", "where", "severity"),
    [
        (MATRIX + "overrides:\n  - {items: [HAZ-099], categories: [unit], reason: r}\n", "LM-MTX-032", "33:14", Severity.ERROR),
        (MATRIX + "overrides:\n  - {items: [HAZ-], categories: [unit], reason: r}\n", "LM-MTX-032", "33:14", Severity.ERROR),
        (MATRIX.replace("items: [HAZ-001]", "items: [SYS-]"), "LM-MTX-032", "22:13", Severity.WARNING),
        (MATRIX.replace("severity: [critical, catastrophic]", "severity: [critical, deadly]"), "LM-MTX-033", "19:39", Severity.ERROR),
        (MATRIX.replace('  - paths: ["src/**/ct*.py"]\n    items: [HAZ-001]\n    categories', "  - categories"), "LM-MTX-034", "21:5", Severity.ERROR),
        (MATRIX.replace("tests: [tests/validation]", "tests: [tests/validation, tests/gone]"), "LM-MTX-035", "13:31", Severity.WARNING),
    ],
)
def test_names_that_nothing_answers_to(text: str, code: str, where: str, severity: Severity) -> None:
    found = _check(text, tests=known(matrix()))
    assert [(finding.code, finding.severity, str(finding.location)) for finding in found] == [(code, severity, f"quality/matrix.yaml:{where}")]


def test_globs_are_not_held_against_nothing() -> None:
    assert _check(MATRIX.replace("tests/test_full.py", "tests/gone.py")) == []


def test_a_test_without_a_marker_stands_in_the_sources() -> None:
    from dataclasses import replace

    from lotmark.trace.models import SourceTest

    plain = graph()
    plain = replace(
        plain, sources=replace(plain.sources, tests=(SourceTest("tests/validation/test_plain.py::test_x", "tests/validation/test_plain.py", 1, "validation"),))
    )
    text = MATRIX.replace("tests: [tests/validation]", "tests: [tests/validation/test_plain.py]")
    assert list(check_matrix(parse_matrix(text.encode()), plain, tests=known(), day=TODAY)) == []


def test_a_parameter_set_of_a_marked_test_is_known() -> None:
    text = MATRIX.replace("tests: [tests/validation]", 'tests: [tests/validation, "tests/validation/test_reference.py::test_panel[p7]"]')
    assert _check(text, tests=known()) == []


def test_a_test_of_unknown_layer() -> None:
    found = _check(MATRIX, tests=[*known(), KnownTest("odd.c::odd")])
    assert [(finding.code, finding.subject) for finding in found] == [("LM-MTX-036", "odd.c::odd")]


def test_where_all_layers_list_their_tests_their_layer_will_be_known() -> None:
    assert _check(MATRIX, tests=(*known(), KnownTest("odd.c::odd", None, ("REQ-001",))), all_listed=True) == []


def test_an_expired_explanation() -> None:
    assert [finding.code for finding in _check(MATRIX, day=date(2027, 1, 1))] == ["LM-MTX-037"]
    assert _check(MATRIX, day=date(2026, 12, 31)) == []


def test_subjects_that_nothing_speaks_of() -> None:
    found = _check(MATRIX.replace("  - {of: risk-control, categories: [integration]}\n", ""))
    assert [(finding.code, finding.subject, finding.severity) for finding in found] == [
        ("LM-MTX-044", "RC-001", Severity.ERROR),
        ("LM-MTX-044", "RC-002", Severity.ERROR),
    ]
