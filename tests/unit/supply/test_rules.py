"""Every code that the room uses is registered once, and every registered code is used."""

import re
from pathlib import Path

import pytest

import lotmark.supply
from lotmark.supply.rules import RULES

pytestmark = pytest.mark.verifies("REQ-014", "RC-011", "HAZ-002")


SOURCE = Path(lotmark.supply.__file__).parent


def test_codes_and_sources_agree():
    used = {code for path in SOURCE.rglob("*.py") if path.name != "rules.py" for code in re.findall(r"LM-SUP-\d{3}", path.read_text())}
    registered = [rule.code for rule in RULES]
    assert len(registered) == len(set(registered))
    assert used == set(registered)


def test_every_rule_tells_its_story():
    assert all(rule.title and rule.story and rule.cure and not rule.cure.endswith(".") for rule in RULES)
