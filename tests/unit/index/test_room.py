"""The room keeps its promises about itself: codes, door, pages, imports."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import lotmark.index
from lotmark.index import api
from lotmark.index._tables import COLUMNS, column_names
from lotmark.index.rules import RULES

pytestmark = pytest.mark.verifies("REQ-023")


ROOM = Path(lotmark.index.__file__).parent
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "index.md"


def test_every_code_is_told_once():
    # The composition root compares the index with the ledger, which it alone holds both of.
    paths = [*ROOM.rglob("*.py"), ROOM.parent / "bootstrap" / "_answers.py"]
    used = {code for path in paths if path.name != "rules.py" for code in re.findall(r'"(LM-IDX-\d+)"', path.read_text(encoding="utf-8"))}
    assert used == {rule.code for rule in RULES}
    assert len({rule.code for rule in RULES}) == len(RULES)


def test_the_door_opens_everything_it_names():
    for name in api.__all__:
        assert getattr(api, name) is not None
    with pytest.raises(AttributeError):
        _ = api.nothing  # type: ignore[attr-defined]


def test_the_page_names_every_table_with_its_columns():
    page = PAGE.read_text(encoding="utf-8")
    told = {match[1]: tuple(match[2].split()) for match in re.finditer(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", page, re.MULTILINE)}
    assert told == {table: tuple(name for name in column_names(table) if name not in {"idx", "position"}) for table in COLUMNS}


def test_reading_through_the_verified_reader_does_not_load_the_index():
    code = "import sys, lotmark.index.api; print('lotmark.index._index' in sys.modules, 'lotmark.index.models' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
