"""The pytest plugin, in real pytest processes: it needs nothing configured and nothing of Lotmark."""

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

PLUGIN = Path(importlib.util.find_spec("lotmark.pytest_plugin").origin)

TESTS = """\
import pytest

pytestmark = pytest.mark.verifies("UN-001")

@pytest.mark.verifies("REQ-007", "RC-003")
@pytest.mark.parametrize("x", [1, pytest.param("b c", marks=pytest.mark.verifies("REQ-008"))])
def test_plateau(x):
    pass

@pytest.mark.verifies("REQ-009", "UN-001")
class TestCall:
    def test_fails(self):
        assert 0

    @pytest.mark.skip(reason="no")
    def test_skipped(self):
        pass

@pytest.fixture
def broken():
    raise RuntimeError

def test_error(broken):
    pass
"""

EXPECTED = {
    "test_it.py::test_plateau[1]": ["RC-003", "REQ-007", "UN-001"],
    "test_it.py::test_plateau[b c]": ["RC-003", "REQ-007", "REQ-008", "UN-001"],
    "test_it.py::TestCall::test_fails": ["REQ-009", "UN-001"],
    "test_it.py::TestCall::test_skipped": ["REQ-009", "UN-001"],
    "test_it.py::test_error": ["UN-001"],
}


@pytest.fixture
def project(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n")
    (tmp_path / "test_it.py").write_text(TESTS)
    return tmp_path


def run(folder, *arguments):
    """Run pytest as a product would: its own folder, its own settings, plugins found by their entry points."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def properties(path):
    """Node id -> what it verifies, from the JUnit file."""
    found = {}
    for case in ET.parse(path).iter("testcase"):
        values = [(one.get("name"), one.get("value")) for one in case.iter("property")]
        (node_id,) = [value for name, value in values if name == "nodeid"]
        assert node_id not in found
        found[node_id] = sorted(value for name, value in values if name == "verifies")
    return found


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_junit_carries_node_id_and_ids_whatever_becomes_of_the_test(project, arguments):
    result = run(project, "--junitxml=out.xml", *arguments)
    assert result.returncode == 1, result.stdout
    assert properties(project / "out.xml") == EXPECTED


def test_the_marker_is_registered(project):
    assert "@pytest.mark.verifies(id, ...)" in run(project, "--markers").stdout


class TestList:
    @pytest.mark.parametrize("arguments", [(), ("-v", "-n", "2")])
    def test_stdout_holds_one_line_per_test_and_nothing_else(self, project, arguments):
        result = run(project, "--lotmark-list", *arguments)
        assert result.returncode == 0
        listed = dict(line.split("\t") for line in result.stdout.splitlines())
        assert {node_id: sorted(ids.split(" ")) for node_id, ids in listed.items()} == EXPECTED

    def test_a_test_without_a_marker_has_no_tab(self, project):
        (project / "test_it.py").write_text("def test_a(): pass\n")
        assert run(project, "--lotmark-list").stdout == "test_it.py::test_a\n"

    def test_nothing_runs_and_the_last_results_stay(self, project):
        (project / "out.xml").write_text("the last results")
        (project / "test_it.py").write_text("def test_a(): open('ran', 'w')\n")
        assert run(project, "--lotmark-list", "--junitxml=out.xml").returncode == 0
        assert (project / "out.xml").read_text() == "the last results"
        assert not (project / "ran").exists()

    def test_a_choice_of_tests_is_honoured(self, project):
        assert run(project, "--lotmark-list", "-k", "plateau and 1").stdout == "test_it.py::test_plateau[1]\tREQ-007 RC-003 UN-001\n"

    def test_a_list_that_would_lack_tests_is_no_list(self, project):
        (project / "test_broken.py").write_text("import nothing_of_that_name\n")
        result = run(project, "--lotmark-list")
        assert result.returncode == 2
        assert result.stdout == ""
        assert "nothing_of_that_name" in result.stderr

    def test_no_tests_is_no_success(self, project):
        (project / "test_it.py").write_text("")
        assert run(project, "--lotmark-list").returncode == 5

    def test_it_works_without_the_terminal_plugin(self, project):
        result = run(project, "--lotmark-list", "-p", "no:terminal")
        assert len(result.stdout.splitlines()) == len(EXPECTED)


RERUN = """\
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    runtestprotocol(item, nextitem=nextitem, log=False)
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in runtestprotocol(item, nextitem=nextitem, log=False):
        item.ihook.pytest_runtest_logreport(report=report)
    return True
"""


def test_a_second_try_does_not_double_the_properties(project):
    (project / "conftest.py").write_text(RERUN)
    run(project, "--junitxml=out.xml")
    assert properties(project / "out.xml") == EXPECTED


REPEATED = """\
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    for last in (False, True):
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        red = any(report.failed for report in reports)
        for report in reports:
            if report.failed and not last:
                report.outcome = "rerun"
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        if not red:
            break
        item._initrequest()
    return True
"""
"""What pytest-rerunfailures does with ``--reruns 1``. The package itself opens a server in each pytest that has xdist, so it is not installed here."""

UNSTEADY = """\
import pathlib
import pytest

def first(name):
    place = pathlib.Path(__file__).with_name(name)
    fresh = not place.exists()
    place.touch()
    return fresh

@pytest.mark.verifies("REQ-007")
def test_red_then_green():
    assert not first("one")

@pytest.fixture
def slow_to_come():
    if first("two"):
        raise RuntimeError("not there yet")

def test_fixture_then_green(slow_to_come):
    pass

def test_green():
    pass

def test_red_twice():
    assert 0
"""


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_try_that_is_repeated_is_written_as_the_failure_that_it_was(tmp_path, arguments):
    (tmp_path / "conftest.py").write_text(REPEATED)
    (tmp_path / "test_it.py").write_text(UNSTEADY)
    run(tmp_path, "--junitxml=out.xml", *arguments)
    tries = {}
    for case in ET.parse(tmp_path / "out.xml").iter("testcase"):
        tries.setdefault(case.get("name"), []).append([child.tag for child in case if child.tag != "properties"])
    assert tries == {
        "test_red_then_green": [["failure"], []],
        "test_fixture_then_green": [["error"], []],
        "test_green": [[]],
        "test_red_twice": [["failure"], ["failure"]],
    }


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_without_a_file_of_results_a_repeated_try_changes_nothing(tmp_path, arguments):
    (tmp_path / "conftest.py").write_text(REPEATED)
    (tmp_path / "test_it.py").write_text(UNSTEADY)
    assert "1 failed, 3 passed" in run(tmp_path, *arguments).stdout


WRONG = {
    "verifies": "names no id",
    "verifies()": "names no id",
    'verifies("")': "not ''",
    'verifies("REQ-001", "")': "not ''",
    'verifies("REQ-001 REQ-002")': "not 'REQ-001 REQ-002'",
    "verifies(7)": "not 7",
    'verifies(["REQ-001"])': "not ['REQ-001']",
    'verifies("REQ-\\u0661")': "one identifier",
    'verifies(id="REQ-001")': "no keywords (id)",
}


def test_markers_without_good_ids_are_one_usage_error_that_names_all(tmp_path):
    tests = (f"@pytest.mark.{marker}\ndef test_{number}(): open('ran', 'w')\n" for number, marker in enumerate(WRONG))
    (tmp_path / "test_it.py").write_text("import pytest\n" + "".join(tests))
    result = run(tmp_path)
    assert result.returncode == 4
    lines = [line for line in result.stderr.splitlines() if "@pytest.mark.verifies" in line]
    for number, (line, word) in enumerate(zip(lines, WRONG.values(), strict=True)):
        assert f"test_it.py::test_{number}: @pytest.mark.verifies" in line
        assert word in line
    assert not (tmp_path / "ran").exists()


def test_under_xdist_a_wrong_marker_is_the_same_usage_error(project):
    (project / "test_wrong.py").write_text("import pytest\n@pytest.mark.verifies('')\ndef test_a(): pass\n")
    result = run(project, "-n", "2")
    assert result.returncode == 4
    assert result.stderr.count("test_wrong.py::test_a: @pytest.mark.verifies") == 1
    assert "INTERNALERROR" not in result.stdout


def test_the_plugin_imports_nothing_of_lotmark_and_nothing_heavy():
    tree = ast.parse(PLUGIN.read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names <= {"__future__", "sys", "typing", "pytest", "_pytest.junitxml"}, "pytest has loaded its writer of results anyway"
    script = "import sys, pytest; before = set(sys.modules); import lotmark.pytest_plugin; print(sorted(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert ast.literal_eval(loaded) == ["lotmark", "lotmark.pytest_plugin"]
