"""Every code used in the room stands once in its registry, and every registered code is used."""

import re
from pathlib import Path

import pytest

import lotmark.builds
from lotmark.builds.rules import RULES

pytestmark = pytest.mark.verifies("REQ-013", "RC-007", "HAZ-004")


SOURCES = [path for path in Path(lotmark.builds.__file__).parent.glob("*.py") if path.name != "rules.py"]


def test_codes_and_registry_agree() -> None:
    used = {code for path in SOURCES for code in re.findall(r'"(LM-BLD-\d{3})"', path.read_text(encoding="utf-8"))}
    listed = [rule.code for rule in RULES]
    assert len(listed) == len(set(listed))
    assert used == set(listed)


def test_every_rule_tells_its_story_and_cure() -> None:
    for rule in RULES:
        assert rule.title
        assert rule.story.endswith(".")
        assert rule.cure
