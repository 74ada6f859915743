"""The rules of the ground floor tell their story."""

import pytest

from lotmark.base.rules import RULES

pytestmark = pytest.mark.verifies("REQ-025")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_says_what_why_and_how_to_cure_it(rule):
    assert rule.code.startswith(("LM-BAS-", "LM-CFG-"))
    assert rule.title[0].islower()
    assert rule.story.endswith(".")
    assert rule.cure.endswith((".", ")"))
