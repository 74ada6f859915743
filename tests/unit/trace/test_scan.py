"""Which sources are looked at, and what is said of those that are not."""

import os

import pytest

from fakes.trace_files import codes
from lotmark.base.findings import Severity
from lotmark.trace._scan import MAX_SOURCE_BYTES, find_files, find_layer
from lotmark.trace.api import DEFAULT_POLICY, scan_source, scan_sources

pytestmark = pytest.mark.verifies("REQ-008", "RC-009", "HAZ-006")


FILES = (
    "tests/unit/test_a.py",
    "tests/unit/deep/test_b.py",
    "tests/test_c.c",
    "test/d.js",
    "src/e.py",
    "tests/__pycache__/test_a.py",
    "tests/node_modules/x/test_x.py",
    ".git/test_g.py",
    "f.py",
)


@pytest.fixture
def root(tmp_path):
    for path in FILES:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("# @implements REQ-001\n")
    return tmp_path


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["tests/**/*.py"], ["tests/unit/deep/test_b.py", "tests/unit/test_a.py"]),
        (["./tests/**/*.py"], ["tests/unit/deep/test_b.py", "tests/unit/test_a.py"]),
        (["tests/*/*.py"], ["tests/unit/test_a.py"]),
        (["tests/**"], ["tests/test_c.c", "tests/unit/deep/test_b.py", "tests/unit/test_a.py"]),
        (["**/*.py"], ["f.py", "src/e.py", "tests/unit/deep/test_b.py", "tests/unit/test_a.py"]),
        (["*.py"], ["f.py"]),
        (["test/?.js", "test/**/*"], ["test/d.js"]),
        (["tests/test_c.c"], ["tests/test_c.c"]),
        (["nothing/**/*.py", ""], []),
        (["/etc/*"], []),
        (["../*/f.py"], []),
    ],
)
def test_patterns_choose_files_below_the_root(root, patterns, expected):
    assert find_files(root, patterns) == expected


def test_links_are_not_followed(root):
    (root / "tests/test_link.py").symlink_to(root / "f.py")
    (root / "tests/loop").symlink_to(root)
    assert find_files(root, ["tests/*.py", "tests/loop/**"]) == []


def test_all_sources_are_read_in_order(root):
    found = scan_sources(root, ["tests/**/*.py", "tests/*.c"], "qpcr")
    assert found.files == 3
    assert [marker.path for marker in found.markers] == ["tests/test_c.c", "tests/unit/deep/test_b.py", "tests/unit/test_a.py"]


@pytest.mark.parametrize("patterns", [["nothing/*"], []])
def test_no_source_at_all_is_a_finding(root, patterns):
    (finding,) = scan_sources(root, patterns, "qpcr").findings
    assert (finding.code, finding.severity) == ("LM-TRC-045", Severity.WARNING)


def test_a_source_that_vanishes_is_a_finding(root, monkeypatch):
    from lotmark.trace import _scan

    monkeypatch.setattr(_scan, "find_files", lambda _root, _patterns: ["gone.py"])
    assert codes(scan_sources(root, ["*"], "qpcr").findings) == ["LM-TRC-040", "LM-TRC-045"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_source_without_permission_is_a_finding(root):
    (root / "f.py").chmod(0)
    assert "LM-TRC-040" in codes(scan_sources(root, ["f.py"], "qpcr").findings)


def test_binary_files_hold_no_markers():
    found = scan_source("test/data.bin", b"\x00// @verifies REQ-001\n", "qpcr")
    assert (found.files, found.markers) == (0, ())


def test_a_huge_source_is_said_and_not_read():
    (finding,) = scan_source("test/data.txt", b"x" * (MAX_SOURCE_BYTES + 1), "qpcr").findings
    assert (finding.code, finding.severity) == ("LM-TRC-040", Severity.WARNING)


@pytest.mark.parametrize(
    ("path", "layer"),
    [
        ("tests/unit/test_a.py", "unit"),
        ("tests/contract/test_a.py", "unit"),
        ("tests/Integration/test_a.py", "integration"),
        ("tests/acceptance/x/test_a.py", "validation"),
        ("tests/unit.py", ""),
        ("tests/unity/test_a.py", ""),
        ("tests/integration/unit/test_a.py", "integration"),
    ],
)
def test_the_layer_is_the_first_folder_that_names_one(path, layer):
    assert find_layer(path, DEFAULT_POLICY) == layer
