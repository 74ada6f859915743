"""Real pytest, with and without the plugin: what it lists, what it reports and what the sources say carry the same ids."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from fakes.matrix_product import RUN, said
from lotmark.base.findings import Severity
from lotmark.matrix.api import collect_results, parse_test_list, read_results
from lotmark.matrix.models import Attempt, CollectedResults, ResultFile
from lotmark.trace.api import scan_sources

pytestmark = pytest.mark.verifies("REQ-011", "RC-005", "HAZ-006")


SOURCE = """\
import pytest


@pytest.mark.verifies("REQ-001")
@pytest.mark.parametrize("text", ["a", "b/c", "d::e", "f[g]", "h i", "ü"])
def test_param(text):
    assert text


class TestGroup:
    @pytest.mark.verifies("REQ-002", "RC-001")
    def test_inner(self):
        assert True

    class TestDeep:
        def test_deeper(self):
            assert True


def test_red():
    assert 1 == 2


def test_skipped():
    pytest.skip("not here")


@pytest.fixture
def broken():
    yield
    raise RuntimeError("tear-down")


def test_error(broken):
    pass


@pytest.mark.xfail
def test_expected_to_fail():
    assert False
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    folder = root / "tests" / "unit"
    folder.mkdir(parents=True)
    (folder / "test_things.py").write_text(SOURCE)
    (root / "pytest.ini").write_text("[pytest]\nmarkers = verifies\n")
    return root


def _pytest(project: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:cov", "-p", "no:hypothesispytest", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, check=False, env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"})


@cache
def _run(project: Path, *arguments: str) -> tuple[bytes, int]:
    done = _pytest(project, "-q", "--junitxml=results.xml", *arguments)
    return (project / "results.xml").read_bytes(), done.returncode


def _collect(project: Path, data: bytes, code: int, **more) -> CollectedResults:
    now = datetime.fromtimestamp((project / "results.xml").stat().st_mtime, UTC)
    attempt = Attempt((ResultFile("results.xml", data, now),), now - timedelta(seconds=9), now, code)
    return collect_results("unit", [attempt], run=RUN, product="qpcr", **more)


def _errors(collected: CollectedResults) -> list[str]:
    return sorted(finding.code for finding in collected.findings if finding.severity is Severity.ERROR)


def test_what_is_listed_is_what_reports(project: Path) -> None:
    listed = parse_test_list(_pytest(project, "--lotmark-list").stdout, "list")
    data, code = _run(project)
    collected = _collect(project, data, code, expected=listed)
    assert len(listed) == 12
    assert collected.test_run.missing == collected.test_run.unexpected == ()
    assert _errors(collected) == ["LM-MTX-026", "LM-MTX-026"]
    counts = collected.test_run.counts
    assert (counts.passed, counts.failed, counts.error, counts.skipped) == (8, 1, 1, 2)
    assert {test.id: test.verifies for test in collected.test_run.tests} == listed


def test_pytests_own_collection_is_what_reports(project: Path) -> None:
    listed = parse_test_list(_pytest(project, "--collect-only", "-q").stdout, "list")
    data, code = _run(project)
    collected = _collect(project, data, code, expected=listed)
    assert collected.test_run.missing == collected.test_run.unexpected == ()


@pytest.mark.parametrize("family", ["xunit1", "xunit2"])
def test_without_the_plugin_the_ids_are_the_same(project: Path, family: str) -> None:
    with_plugin = read_results(_run(project)[0], "r.xml")
    without = read_results(_run(project, "-p", "no:lotmark", "-o", f"junit_family={family}")[0], "r.xml")
    assert [(case.id, case.status) for case in without.cases] == [(case.id, case.status) for case in with_plugin.cases]
    assert not any(case.verifies for case in without.cases)


def test_markers_in_the_sources_name_the_same_tests(project: Path) -> None:
    scanned = scan_sources(project, ["tests/**/*.py"], "qpcr")
    data, code = _run(project, "-p", "no:lotmark")
    collected = _collect(project, data, code, expected=scanned.verifies, expected_complete=False, verifies=said(scanned.verifies))
    verifies = {test.id: test.verifies for test in collected.test_run.tests}
    assert verifies["tests/unit/test_things.py::test_param[d::e]"] == ("REQ-001",)
    assert verifies["tests/unit/test_things.py::TestGroup::test_inner"] == ("REQ-002", "RC-001")
    assert collected.test_run.missing == ()


def test_a_crash_in_the_middle_leaves_missing_tests(project: Path) -> None:
    """A process that dies writes no XML at all; the results of the run before it are stale."""
    data, _ = _run(project)
    before = datetime.fromtimestamp((project / "results.xml").stat().st_mtime, UTC)
    started = before + timedelta(seconds=1)
    attempt = Attempt((ResultFile("results.xml", data, before),), started, started, -11)
    with pytest.raises(Exception, match="stale") as caught:
        collect_results("unit", [attempt], run=RUN, product="qpcr", expected={"x"})
    assert caught.value.code == "LM-MTX-009"
