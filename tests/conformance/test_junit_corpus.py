"""Real JUnit files of many producers: each is read or refused by code and line, never with a traceback, never as a silent zero.

Where another project's own reading of a file lies beside it (the oracle folder), both readings agree.
"""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from lotmark.base.errors import LotmarkError
from lotmark.matrix.api import read_results
from lotmark.matrix.models import ResultReport
from lotmark.matrix.rules import RULES

REFERENCE = Path(os.environ.get("LOTMARK_REFERENCE") or Path(__file__).resolve().parents[2].parent / "shared" / "reference")
CORPUS = REFERENCE / "corpus" / "junit"
FOREIGN = REFERENCE / "corpus" / "junit-like"
FILES = sorted(CORPUS.glob("*.xml"))
ORACLES = [path for path in FILES if (CORPUS / "oracle" / f"{path.stem}.results.json").exists()]

pytestmark = [pytest.mark.verifies("REQ-009"), pytest.mark.skipif(not FILES, reason=f"no JUnit corpus below {REFERENCE} (set LOTMARK_REFERENCE)")]

# name -> cases read by status, distinct ids, gaps between declared and listed
READ = {
    "dorny-external-java-TEST-org.apache.pulsar.AddMissingPatchVersionTest": ({"skipped": 1, "failed": 1}, 1, 0),
    "dorny-external-java-junit4-complete": ({"passed": 5, "skipped": 1, "failed": 1, "error": 1}, 8, 0),
    "dorny-jest-junit-eslint": ({"passed": 1}, 1, 0),
    "dorny-junit-with-message": ({"failed": 1}, 1, 1),
    "dorny-nette-tester-tester-v1.7-report": ({"skipped": 3, "passed": 61, "failed": 1}, 65, 0),
    "dorny-python-xunit-pytest": ({"passed": 6, "skipped": 2, "failed": 2}, 10, 1),
    "dorny-python-xunit-unittest": ({"passed": 4, "failed": 1, "error": 1, "skipped": 2}, 8, 0),
    "jenkins-gh-237-TEST-io.olamy.AlwaysFailTest": ({"failed": 1}, 1, 0),
    "jenkins-gh-237-TEST-io.olamy.FlakyTest": ({"passed": 1}, 1, 0),
    "jenkins-junit-report-1233": ({"passed": 5}, 5, 1),
    "jenkins-junit-report-bad-duration": ({"passed": 2}, 1, 0),
    "jenkins-junit-report-empty-testcasename": ({"failed": 1}, 1, 0),
    "jenkins-junit-report-errror-details": ({"error": 1}, 1, 1),
    "jenkins-junit-report-nested-testsuites": ({"passed": 2, "error": 1}, 3, 1),
    "kosli-testdata-report_junit_delta_timestamp": ({"passed": 5}, 5, 0),
    "pur-empty-system-out-err": ({"passed": 1}, 1, 0),
    "pur-jest-jest-junit": ({"passed": 2}, 2, 0),
    "pur-minimal-attributes": ({"passed": 1, "skipped": 1, "failed": 1, "error": 1}, 4, 0),
    "pur-mocha-latex-utensils": ({"passed": 109}, 101, 0),
    "pur-testsuite-in-testsuite": ({"passed": 5}, 5, 0),
    "pur-testsuite-root": ({"passed": 5}, 5, 0),
    "pur-tst-disabled": ({"passed": 6, "failed": 19, "skipped": 5, "error": 1}, 31, 0),
    "pur-xunit-xunit": ({"passed": 2}, 2, 1),
}
REFUSED = {
    "dorny-empty-jest-junit-empty-testsuite": ("LM-MTX-008", "2"),
    "dorny-empty-phpunit-empty": ("LM-MTX-008", "2"),
    "jenkins-testXxe-oob": ("LM-MTX-005", "1:1"),
    "pur-no-cases-but-tests": ("LM-MTX-008", "1"),
    "pur-non-junit": ("LM-MTX-007", "2:1"),
    "pur-pytest-corrupt-xml": ("LM-MTX-004", "11:22"),
}


def _read(path: Path) -> ResultReport:
    return read_results(path.read_bytes(), path.name)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_file_is_read_or_refused_by_code_and_line(path: Path) -> None:
    refusal = None
    try:
        report = _read(path)
    except LotmarkError as error:
        refusal = error
    if refusal is None:
        assert report.cases
        assert all(case.id and case.attempts and case.seconds >= 0 for case in report.cases)
        return
    assert refusal.code in {rule.code for rule in RULES}
    assert refusal.solution
    name, _, place = refusal.where.partition(":")
    assert name == path.name
    assert int(place.split(":")[0]) >= 1


@pytest.mark.parametrize("name", sorted(READ))
def test_what_was_read(name: str) -> None:
    path = CORPUS / f"{name}.xml"
    if not path.exists():
        pytest.skip(f"{path.name} is not in this corpus")
    report = _read(path)
    statuses, ids, gaps = READ[name]
    assert Counter(case.status for case in report.cases) == statuses
    assert len({case.id for case in report.cases}) == ids
    assert len(report.gaps) == gaps


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_was_refused(name: str) -> None:
    path = CORPUS / f"{name}.xml"
    if not path.exists():
        pytest.skip(f"{path.name} is not in this corpus")
    with pytest.raises(LotmarkError) as caught:
        _read(path)
    code, place = REFUSED[name]
    assert (caught.value.code, caught.value.where) == (code, f"{path.name}:{place}")


@pytest.mark.parametrize("path", ORACLES, ids=lambda path: path.stem)
def test_another_projects_reading_agrees(path: Path) -> None:
    stats = json.loads((CORPUS / "oracle" / f"{path.stem}.results.json").read_text())["stats"]
    report = _read(path)
    runs = Counter(case.status for case in report.cases)
    assert len(report.cases) == stats["runs"]
    assert (runs["passed"], runs["skipped"], runs["failed"], runs["error"]) == (stats["runs_succ"], stats["runs_skip"], stats["runs_fail"], stats["runs_error"])
    assert len({case.id for case in report.cases}) == stats["tests"]
    assert report.suites == stats["suites"]
    assert abs(sum(case.seconds for case in report.cases) - stats["duration"]) < 1.0


def test_surefires_reruns_are_kept_as_attempts() -> None:
    flaky = _read(CORPUS / "jenkins-gh-237-TEST-io.olamy.FlakyTest.xml").cases[0]
    assert [attempt.status for attempt in flaky.attempts] == ["failed", "failed", "passed"]
    always = _read(CORPUS / "jenkins-gh-237-TEST-io.olamy.AlwaysFailTest.xml").cases[0]
    assert [attempt.status for attempt in always.attempts] == ["failed"] * 4


def test_a_lost_suite_is_noticed() -> None:
    gap = _read(CORPUS / "jenkins-junit-report-1233.xml").gaps[0]
    assert (gap.suite, gap.declared, gap.listed) == ("StudioAllTests", 456, 5)


def test_ids_of_pytest_are_node_ids() -> None:
    ids = [case.id for case in _read(CORPUS / "dorny-python-xunit-pytest.xml").cases]
    assert ids[2] == "tests/test_lib.py::test_parameterized[param1]"
    assert ids[-1] == "custom_classname::test_with_record_xml_attribute"


# name -> format, cases by status, distinct ids, gaps
OTHERS = {
    "dorny-rspec-json.json": ("rspec", {"passed": 1, "failed": 1, "skipped": 1}, 3, 0),
    # Both were cut by the project that they come from: they declare four tests and hold three and one.
    "pur-nunit-nunit3-jenkins-NUnit-failure.xml": ("nunit", {"passed": 2, "failed": 1}, 3, 1),
    "pur-nunit-nunit3-jenkins-NUnitUnicode.xml": ("nunit", {"failed": 1}, 1, 1),
    "pur-xunit-mstest-fixie.xml": ("xunit", {"passed": 3, "failed": 3, "skipped": 1}, 7, 0),
}


@pytest.mark.parametrize("path", sorted(FOREIGN.glob("*.*")), ids=lambda path: path.name)
def test_results_in_other_formats(path: Path) -> None:
    report = _read(path)
    kind, statuses, ids, gaps = OTHERS[path.name]
    assert report.format == kind
    assert Counter(case.status for case in report.cases) == statuses
    assert len({case.id for case in report.cases}) == ids
    assert len(report.gaps) == gaps


@pytest.mark.parametrize("path", sorted(FOREIGN.glob("*.*")), ids=lambda path: path.name)
def test_other_formats_cut_anywhere_are_refused(path: Path) -> None:
    data = path.read_bytes()
    whole = len(data.rstrip())
    for end in range(0, whole - 1, max(1, whole // 40)):
        with pytest.raises(LotmarkError) as caught:
            read_results(data[:end], path.name)
        assert caught.value.code in {"LM-MTX-001", "LM-MTX-003", "LM-MTX-004", "LM-MTX-007", "LM-MTX-010"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_cut_anywhere_is_refused_or_was_whole(path: Path) -> None:
    """A truncated file is never read as a shorter one."""
    data = path.read_bytes()
    try:
        whole = len(_read(path).cases)
    except LotmarkError:
        whole = 0
    step = max(1, len(data) // 150)
    for end in range(0, len(data), step):
        try:
            report = read_results(data[:end], path.name)
        except LotmarkError:
            continue
        assert len(report.cases) == whole
