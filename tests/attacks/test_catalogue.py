"""The catalogue of attacks against the tests and the threat model: each id is a test, or is named as left with its reason."""

import ast
import json
import os
import re
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.verifies("REQ-356", "RC-002", "HAZ-003")

ROOT = Path(__file__).parents[2]
REFERENCE = Path(os.environ.get("LOTMARK_REFERENCE", ROOT.parent / "shared" / "reference"))
MODEL = ROOT / "docs" / "threat-model.md"
_IN_NAME = re.compile(r"test_((?:[a-z]\d{2}_)+)")
_LEFT = re.compile(r"^\| (?P<id>[A-Z]\d{2}) \| (?P<what>[^|]+) \| (?P<why>[^|]+) \|$", re.MULTILINE)


def catalogue():
    path = REFERENCE / "attacks.json"
    if not path.is_file():
        pytest.skip(f"the catalogue of attacks is not here: {path} (LOTMARK_REFERENCE)")
    return {attack["id"]: attack for attack in json.loads(path.read_bytes())}


@cache
def find_tests():
    """Id -> the tests that carry it in their name or as the argument of their `attack` mark.

    A name with T alone says nothing: the acceptance tests of 21 CFR Part 11 are called so too. There the mark tells.
    """
    found = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                name = _IN_NAME.match(node.name)
                ids = {part.upper() for part in name[1].rstrip("_").split("_") if part[0] != "t"} if name else set()
                for mark in node.decorator_list:
                    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.attack":
                        ids |= {argument.value for argument in mark.args if isinstance(argument, ast.Constant)}
                for each in ids:
                    found.setdefault(each, []).append(f"{path.relative_to(ROOT)}::{node.name}")
    return found


def left():
    """Id -> (attack, reason), of the list "Left" in the threat model."""
    part = MODEL.read_text(encoding="utf-8").partition("## Left")[2].partition("\n## ")[0]
    return {row["id"]: (row["what"].strip(), row["why"].strip()) for row in _LEFT.finditer(part)}


def test_every_attack_of_the_catalogue_is_a_test_or_is_left_with_a_reason():
    known = catalogue()
    assert len(known) == 78
    without = sorted(known.keys() - find_tests().keys() - left().keys())
    assert without == [], "no test carries the id, and the threat model does not say why"


def test_what_is_left_is_in_the_catalogue_has_a_reason_and_no_test():
    known = catalogue()
    for each, (what, why) in left().items():
        assert each in known
        assert len(what) > 10
        assert len(why) > 40, "a reason, not a word"
        assert each not in find_tests(), f"{each} has a test now: take it out of the list"


def test_a_test_of_the_suite_names_only_ids_that_there_are():
    """T apart: the acceptance tests of Part 11 have numbers beyond those of the catalogue."""
    known = catalogue()
    unknown = {
        each: tests for each, tests in find_tests().items() if each not in known and each[0] != "T" and any(test.startswith("tests/attacks/") for test in tests)
    }
    assert unknown == {}


def test_an_id_that_only_looks_like_one_is_none():
    assert _IN_NAME.match("test_a_role_counts") is None
    assert _IN_NAME.match("test_e04_e07_an_envelope_has_one_form")[1] == "e04_e07_"
    assert _LEFT.search("| E14 | sigstore bundles | ") is None
