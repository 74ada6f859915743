"""The generated pages are current, and every code, kind and exit code stands in them."""

import re
from pathlib import Path

import msgspec
import pytest
from tools.reference import FILES, MEANING, pages

from lotmark.base.errors import ExitCode
from lotmark.bootstrap.api import registry, rules, schemas

pytestmark = pytest.mark.verifies("REQ-025")

ROOT = Path(__file__).parents[2]
PAGES = pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_current(name):
    assert (ROOT / name).read_text(encoding="utf-8") == PAGES[name], "run `make docs`"


def test_every_code_in_the_source_is_explained_once_and_every_explained_code_is_used():
    listed = [rule.code for rule in rules()]
    assert len(listed) == len(set(listed))
    used: set[str] = set()
    for path in (ROOT / "src").rglob("*.py"):
        if path.name != "rules.py":
            used.update(re.findall(r"LM-[A-Z]{3}-[0-9]{3}", path.read_text(encoding="utf-8")))
    assert used - set(listed) == set()


def test_every_rule_tells_story_and_cure():
    for rule in rules():
        assert rule.title.strip(), rule.code
        assert len(rule.story.split()) > 3, rule.code
        assert rule.cure.strip(), rule.code


def test_every_kind_names_its_clause_and_retention():
    for kind in registry():
        assert all((kind.clause, kind.retention, kind.title)), kind.name
        assert f"`{kind.name}`" in PAGES["docs/spec/predicates.md"]


def test_every_key_of_the_declaration_has_a_meaning():
    page = PAGES["docs/reference/files.md"]
    declaration = page[page.index("## lotmark.yaml") : page.index("## quality/")]
    rows = [line.split(" | ") for line in declaration.splitlines() if line.startswith("| `")]
    assert len(rows) > 80
    assert [row[0] for row in rows if not row[-1].strip(" |")] == []


def test_every_type_of_every_file_of_a_product_stands_in_the_page():
    page = PAGES["docs/reference/files.md"]
    for place, kind in FILES.items():
        assert f"## {place}\n" in page
        for field in msgspec.structs.fields(kind):
            assert f"| `{field.encode_name}` |" in page


def test_every_published_schema_stands_in_the_page():
    for name, _ in schemas():
        assert f"| `{name}` |" in PAGES["docs/reference/files.md"]


def test_every_exit_code_has_a_meaning():
    assert set(MEANING) == set(ExitCode)
