"""The risk tier of a change."""

import copy

import pytest

from fakes.release_run import NOON, ReleaseRun
from fakes.signing import rules
from lotmark.approvals.api import compute_tier, parse_approvals, required_approvals
from lotmark.policy.api import compute_facts

pytestmark = pytest.mark.verifies("REQ-017", "RC-012", "HAZ-003")


FACTS = compute_facts(ReleaseRun().entries(), NOON)


def facts(paths=("src/qpcr/baseline.py",), **source):
    found = copy.deepcopy(FACTS)
    found["source"]["changedPaths"] = list(paths)
    found["source"].update(source)
    return found


@pytest.mark.parametrize(
    ("paths", "tier", "reason"),
    [
        (["docs/use.md", "README.md"], "low", "changes only docs/use.md, README.md"),
        (["docs/a.md", "docs/b.md", "docs/c.md", "docs/d.md"], "low", "changes only docs/a.md, docs/b.md, docs/c.md and 1 more"),
        (["docs/use.md", "src/qpcr/io.py"], "medium", "changes src/qpcr/io.py"),
        (["docs/use.md", "setup.cfg"], "medium", "changes setup.cfg"),
        ([], "medium", "no rule places the change in the lowest tier"),
        (["src/qpcr/calling/ct.py", "README.md"], "high", "changes src/qpcr/calling/ct.py"),
    ],
)
def test_the_highest_tier_that_a_rule_asks_for_holds(paths, tier, reason):
    found = compute_tier(facts(paths), rules())
    assert (found.name, found.reasons) == (tier, (reason,))
    assert found.to_wire() == {"name": tier, "reasons": [reason]}


def test_classes_and_dependencies_lift():
    changed = facts(["README.md"], dependenciesChanged=True)
    changed["trace"]["changedClasses"] = ["A", "C"]
    found = compute_tier(changed, rules())
    assert found.name == "high"
    assert found.reasons == ("changes items of safety class C", "changes the dependencies")


def _first(found):
    found["run"]["previousRelease"]["present"] = False


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_first, "first release of the product"),
        (lambda found: found["source"].update(policyChanged=True), "changes the product's own quality files"),
        (lambda found: found["run"].update(present=False), "the change was not examined"),
        (lambda found: found["source"].update(present=False), "the change was not examined"),
        (lambda found: found["trace"].update(present=False), "the change was not examined"),
    ],
)
def test_some_changes_are_of_the_highest_tier_whatever_the_rules_say(spoil, reason):
    found = facts(["README.md"])
    spoil(found)
    tier = compute_tier(found, rules())
    assert (tier.name, tier.reasons) == ("high", (reason,))


def test_no_evidence_is_of_the_highest_tier():
    tier = compute_tier(compute_facts([], NOON), rules())
    assert tier.name == "high"
    assert tier.reasons == ("the change was not examined", "changes the product's own quality files")


def test_without_a_list_of_harmless_files_nothing_is_of_the_lowest_tier():
    plain = parse_approvals(
        b"""approvals: 1
tiers:
  - {name: low, required: [{role: a}]}
  - {name: medium, required: [{role: a}]}
  - {name: high, required: [{role: a}]}
""",
        name="a",
    ).value
    tier = compute_tier(facts(["README.md"]), plain)
    assert (tier.name, tier.reasons) == ("medium", ("no rule places the change in the lowest tier",))


def test_each_tier_has_its_signatures():
    assert [item.to_wire() for item in required_approvals("low", rules())] == [{"role": "quality-owner", "count": 1, "meaning": "approval"}]
    assert [item.role for item in required_approvals("high", rules())] == ["quality-owner", "regulatory", "clinical"]
