"""`docs/spec/conformance.md` against the vectors that are there: every file is read by a test, and every exception is one that a test makes."""

import ast
import json
import os
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.verifies("REQ-357", "REQ-005")

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "spec" / "conformance.md").read_text(encoding="utf-8")
FOLDER = Path(os.environ.get("LOTMARK_REFERENCE", HERE.parents[2] / "shared" / "reference")) / "vectors"
FILES, EXCEPTIONS = PAGE.split("## Exceptions")


def rows(part, columns):
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line.startswith("| `")]
    assert all(len(row) == columns for row in cells)
    return cells


def quoted(text):
    return re.findall(r"`([^`]+)`", text)


@pytest.fixture(scope="module")
def index():
    if not FOLDER.is_dir():
        pytest.skip(f"the reference vectors are not here: {FOLDER} (LOTMARK_REFERENCE)")
    return {entry["file"]: entry for entry in json.loads((FOLDER / "INDEX.json").read_bytes())}


def test_the_list_is_of_every_file_with_its_number_and_origin(index):
    listed = {quoted(name)[0]: (int(count), origin) for name, count, origin, _ in rows(FILES, 4)}
    assert set(listed) == set(index) == {path.name for path in FOLDER.glob("*.json")} - {"INDEX.json"}
    for name, (count, origin) in listed.items():
        assert count == index[name]["count"], name
        assert origin == ", ".join(each["repo"].removeprefix("github.com/") for each in index[name]["origin"]), name


@pytest.mark.parametrize("row", rows(FILES, 4), ids=lambda row: quoted(row[0])[0])
def test_each_file_is_read_by_a_test_of_the_module_that_is_named(row):
    (name,), (module,) = quoted(row[0]), quoted(row[3])
    tree = ast.parse((HERE / module).read_bytes())
    reading = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value in {name, name.removesuffix(".json")} for each in ast.walk(node))
    ]
    assert reading, f"nothing in {module} reads {name}"


@pytest.mark.parametrize("row", rows(EXCEPTIONS, 5), ids=lambda row: quoted(row[4])[0])
def test_each_exception_has_a_reason_and_a_test_that_makes_it(row):
    name, which, here, why, test = row
    assert all(len(cell) > 5 for cell in (which, here))
    assert len(why) > 30
    module = next(quoted(module)[0] for file, _, _, module in rows(FILES, 4) if file == name)
    assert f"def {quoted(test)[0]}(" in (HERE / module).read_text(encoding="utf-8")


def test_no_other_test_judges_a_vector_otherwise():
    """In the modules, what differs from the vectors is marked by a table of names; each such table is one of the exceptions."""
    text = (HERE / "test_tlog_vectors.py").read_text(encoding="utf-8")
    marked = {"LAX", "ONE_KEY_TWICE"}
    assert set(re.findall(r"^([A-Z_]{3,}) = \{", text, re.MULTILINE)) == marked
    assert len(rows(EXCEPTIONS, 5)) == 7
