"""The room could be a package of its own: it imports the standard library, cryptography and itself."""

import ast
import sys
from pathlib import Path

import pytest

import lotmark.tlog

pytestmark = pytest.mark.verifies("REQ-005")

FILES = sorted(Path(lotmark.tlog.__file__).parent.glob("*.py"))


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield node.module


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_module_imports_nothing_of_lotmark(path):
    for name in imported(ast.parse(path.read_bytes())):
        first = name.split(".")[0]
        assert first in sys.stdlib_module_names or first == "cryptography" or name.startswith("lotmark.tlog"), name


def test_the_room_reads_no_clock_file_or_socket():
    names = {name.split(".")[0] for path in FILES for name in imported(ast.parse(path.read_bytes()))}
    assert not names & {"time", "datetime", "os", "pathlib", "socket", "urllib", "http", "sqlite3", "random", "secrets"}
    assert len(FILES) >= 12
