"""Every rule code that pipeline, bootstrap and command line use is explained once, and none is explained that nobody uses."""

import re
from pathlib import Path

import pytest

import lotmark
from lotmark.bootstrap.api import rules

pytestmark = pytest.mark.verifies("REQ-019")


SOURCE = Path(lotmark.__file__).parent


def codes(*rooms):
    found = set()
    for room in rooms:
        for path in (SOURCE / room).rglob("*.py"):
            if path.name != "rules.py":
                found |= set(re.findall(r"LM-[A-Z]{3}-\d{3}", path.read_text()))
    return found


def test_every_code_that_is_used_is_explained():
    known = {rule.code for rule in rules()}
    assert codes("pipeline", "bootstrap", "cli") <= known


def test_every_code_of_pipeline_and_command_line_is_used():
    own = {rule.code for rule in rules() if rule.code.startswith(("LM-PIP-", "LM-CLI-"))}
    assert own <= codes("pipeline", "bootstrap", "cli", "views")
