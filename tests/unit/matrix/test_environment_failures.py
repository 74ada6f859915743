"""Failures of the environment: told apart by declared texts, never silently, and no pass."""

import pytest

from fakes.matrix_product import MATRIX, NOON, RUN, UNIT, UNIT_OTHER, graph, matrix
from lotmark.base.findings import Finding, Severity
from lotmark.matrix.api import collect_results, evaluate_matrix
from lotmark.matrix.models import Attempt, CollectedResults, ResultFile

pytestmark = pytest.mark.verifies("REQ-423", "REQ-011", "RC-005", "HAZ-006")

DECLARED = """\
environment-failures:
  - {cause: network, patterns: [connection refused, "name * not known"], owner: dana, rerun: true}
  - {cause: missing files, patterns: ["No such file or directory: *panel"], owner: clio}
"""


def junit(message: str | None, element: str = "failure", text: str = "") -> bytes:
    inner = "" if message is None else f'<{element} message="{message}">{text}</{element}>'
    return f'<testsuite><testcase classname="tests.unit.test_ct" name="test_plateau">{inner}</testcase><testcase classname="tests.unit.test_lot" name="test_expired"/></testsuite>'.encode()


def collected(*messages: str | None, declared: str = DECLARED, element: str = "failure") -> CollectedResults:
    attempts = [Attempt((ResultFile("r.xml", junit(message, element), NOON),), NOON, NOON, int(message is not None)) for message in messages]
    return collect_results("unit", attempts, run=RUN, product="qpcr", expected=[UNIT, UNIT_OTHER], matrix=matrix(MATRIX + declared))


def about(found: CollectedResults) -> list[Finding]:
    return [each for each in found.findings if each.subject == UNIT]


@pytest.mark.parametrize("element", ["failure", "error"])
@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("ConnectionError: [Errno 111] Connection refused", "network"),
        ("CONNECTION REFUSED", "network"),
        ("Name or service not known", "network"),
        ("name registry.example.org is not known", "network"),
        ("FileNotFoundError: No such file or directory: /data/panel", "missing files"),
        ("No such file or directory: /data/other", ""),
        ("expected 1, got 2", ""),
        ("connection&#10;refused", ""),
        ("", ""),
    ],
)
def test_the_cause_is_told_by_the_message(message: str, cause: str, element: str) -> None:
    found = collected(message, element=element)
    record = next(test for test in found.test_run.tests if test.id == UNIT)
    assert record.environment == cause
    assert record.status == ("failed" if element == "failure" else "error")
    (finding,) = about(found)
    assert finding.code == ("LM-MTX-065" if cause else "LM-MTX-026")
    assert finding.severity is Severity.ERROR
    assert not cause or cause in finding.message


def test_without_a_declaration_nothing_is_told_apart() -> None:
    assert about(collected("Connection refused", declared=""))[0].code == "LM-MTX-026"


def test_it_is_no_pass_in_the_matrix() -> None:
    found = collected("Connection refused")
    result = evaluate_matrix(matrix(MATRIX + DECLARED), graph(), [found.test_run], run=RUN, first_release=True)
    row = next(each for each in result.evaluation.rows if each.subject == "REQ-001")
    assert row.status == "failed"
    assert [test.environment for test in row.required[0].tests] == ["network"]


def test_a_rerun_is_explained_where_the_declaration_says_so() -> None:
    found = collected("Connection refused", None)
    record = next(test for test in found.test_run.tests if test.id == UNIT)
    assert record.red_then_green
    assert record.reason == "environment failure: network (dana)"
    assert [attempt.environment for attempt in record.attempts] == ["network", ""]
    (finding,) = about(found)
    assert (finding.code, finding.severity) == ("LM-MTX-023", Severity.WARNING)


@pytest.mark.attack("O02")
@pytest.mark.parametrize("messages", [("No such file or directory: /panel", None), ("Connection refused", "expected 1, got 2", None), ("expected 1", None)])
def test_a_rerun_is_not_explained_by_another_cause(messages: tuple[str | None, ...]) -> None:
    found = collected(*messages)
    record = next(test for test in found.test_run.tests if test.id == UNIT)
    assert record.reason == ""
    (finding,) = about(found)
    assert (finding.code, finding.severity) == ("LM-MTX-023", Severity.ERROR)
    assert len(record.attempts) == len(messages)


def test_a_green_test_has_no_cause_whatever_it_says() -> None:
    found = collected(None)
    assert not any(test.environment for test in found.test_run.tests)
    assert not about(found)


def test_many_wildcards_do_not_make_it_slow() -> None:
    pattern = "*".join("a" * 12)
    declared = f'environment-failures:\n  - {{cause: x, patterns: ["{pattern}b"], owner: dana}}\n'
    assert about(collected("a" * 1999, declared=declared))[0].code == "LM-MTX-026"


@pytest.mark.parametrize("text", ["(", "[a", "a{1", "\\"])
def test_a_pattern_is_a_text_and_no_expression(text: str) -> None:
    declared = f"environment-failures:\n  - {{cause: odd, patterns: ['{text}'], owner: dana}}\n"
    assert about(collected(f"before {text} after", declared=declared))[0].code == "LM-MTX-065"
    assert about(collected("before after", declared=declared))[0].code == "LM-MTX-026"
