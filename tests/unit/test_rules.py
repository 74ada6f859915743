"""Every rule code of the source is explained once, and every explained code can still come up."""

import ast
import functools
import re
from pathlib import Path

import pytest

import lotmark
from lotmark.bootstrap.api import rules

pytestmark = pytest.mark.verifies("REQ-025")

SOURCE = Path(lotmark.__file__).parent
CODE = re.compile(r"LM-[A-Z]{3}-[0-9]{3}(?![0-9])")
PREFIX = re.compile(r"LM-[A-Z]{3}-")
ALL = tuple(rules())
ROOMS = {
    "BAS": "base", "CFG": "base", "INT": "intake", "IDS": "ids", "PRD": "product", "ATT": "attest", "LED": "ledger", "REC": "records", "IDX": "index", "TRC": "trace",
    "BLD": "builds", "LNT": "lint", "SUP": "supply", "MTX": "matrix", "POL": "policy", "APR": "approvals", "REL": "releases", "DEP": "deploy",
    "DOS": "dossier", "PIP": "pipeline", "ITG": "integrations", "CHK": "checks", "WIT": "witness", "CLI": "cli",
}  # fmt: skip


def texts(tree):
    """Every text of a module but its docstrings, which may name codes that others raise."""
    nodes = list(ast.walk(tree))
    docstrings = {
        id(node.body[0].value)
        for node in nodes
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body and isinstance(node.body[0], ast.Expr)
    }
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings]


@functools.cache
def used_codes():
    """Code -> the files that raise or find it, by its text or by the constant of a `rules.py` that holds it."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCE.rglob("*.py") if "_examples" not in path.parts}
    used = {}
    constants = {}
    for path, tree in trees.items():
        if path.name != "rules.py":
            said = texts(tree)
            found = {code for text in said for code in CODE.findall(text)}
            # A helper may put the code together: f"LM-MTX-{number}"; then the numbers of the file are codes.
            found |= {prefix + number for prefix in said if PREFIX.fullmatch(prefix) for number in said if re.fullmatch("[0-9]{3}", number)}
            for code in found:
                used.setdefault(code, set()).add(path)
            continue
        for node in tree.body:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target if isinstance(node, ast.AnnAssign) else None
            if isinstance(target, ast.Name) and isinstance(node.value, ast.Constant) and CODE.fullmatch(str(node.value.value)):
                constants[path.parent, target.id] = node.value.value
    for path, tree in trees.items():
        if path.name == "rules.py":
            continue
        names = {node.id if isinstance(node, ast.Name) else node.attr for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute)}
        for (room, name), code in constants.items():
            if name in names and room in path.parents:
                used.setdefault(code, set()).add(path)
    return used


def test_every_code_that_the_source_says_is_explained():
    assert sorted(used_codes().keys() - {rule.code for rule in ALL}) == []


def test_every_explained_code_can_still_come_up():
    assert sorted({rule.code for rule in ALL} - used_codes().keys()) == []


def test_no_code_is_explained_twice():
    codes = [rule.code for rule in ALL]
    assert sorted(codes) == sorted(set(codes))


def test_every_room_with_rules_is_asked():
    assert {path.parent.name for path in SOURCE.glob("*/rules.py")} == set(ROOMS.values())


@pytest.mark.parametrize("room", sorted(set(ROOMS.values())))
def test_a_room_explains_its_own_codes_alone(room):
    tree = ast.parse((SOURCE / room / "rules.py").read_text(encoding="utf-8"))
    told = {code for text in texts(tree) for code in CODE.findall(text) if CODE.fullmatch(text)}
    assert told
    assert {ROOMS[code[3:6]] for code in told} == {room}


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.code)
def test_a_rule_says_what_why_and_how_to_cure_it(rule):
    assert CODE.fullmatch(rule.code)
    assert rule.title.strip() == rule.title != ""
    assert not rule.title.endswith(".")
    assert len(rule.story.split()) > 3
    assert rule.story.strip()[-1] in ".)`"
    assert len(rule.cure.split()) > 1
