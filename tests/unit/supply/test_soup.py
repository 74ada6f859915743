"""The SOUP list against the inventory, minimum elements, and what changed since the last release."""

import json
from datetime import date
from pathlib import Path

import pytest

from fakes.supply_world import PRODUCT, hex_of, messages
from lotmark.base.findings import Location, Severity
from lotmark.supply._changes import compare_components
from lotmark.supply._environment import read_environment
from lotmark.supply._evidence import dependencies_predicate
from lotmark.supply._schemas import FOLDER, all_schemas
from lotmark.supply._soup import check_soup
from lotmark.supply.models import Baseline, Component, RootComponent

pytestmark = pytest.mark.verifies("REQ-632", "RC-011", "HAZ-002")

WHOLE = """soup:
  - component: a@1.0
    title: The A library
    manufacturer: A Makers
    requirements: [parses CSV per RFC 4180, REQ-003]
    needs: [Python 3.11 or later]
    anomalies: {source: https://example.org/a/issues, evaluated: 2026-11-01, known: [A-12 does not concern us]}
    support: maintained
    end-of-support: 2027-12-31
"""


def soup(world, text=WHOLE, **more):
    world.require("a", "1.0")
    return world.examine(soup=text.encode(), **more)


def codes(report):
    return [finding.code for finding in report.findings if finding.code != "LM-SUP-025"]


def test_a_list_that_describes_every_component_is_accepted_and_recorded(world):
    report = soup(world)
    assert codes(report) == []
    (item,) = report.soup
    assert (item.purl, item.title, item.manufacturer, item.version) == ("pkg:pypi/a@1.0", "The A library", "A Makers", "1.0")
    wire = dependencies_predicate(report, "run-1")
    assert wire["soup"][0]["anomaliesEvaluated"] == "2026-11-01"
    assert wire["soup"][0]["endOfSupport"] == "2027-12-31"
    assert wire["soupDeclared"]
    assert wire["inputs"] == [{"path": "quality/soup.yaml", "sha256": hex_of(WHOLE)}]


def test_without_a_list_a_warning_says_so(world):
    world.require("a", "1.0")
    report = world.examine(whole=True)
    assert report.accepted
    assert "1 components are in the product and none is described" in messages(report, "LM-SUP-060")[0]
    assert not report.soup_declared


def test_a_product_without_components_needs_no_list(world):
    world.config["none"] = {"reason": "bare metal", "owner": "dana"}
    assert codes(world.examine(whole=True)) == []


def test_what_only_tests_the_product_is_no_soup(world):
    world.lock("dev-requirements.txt", f"t==1.0 --hash=sha256:{hex_of('t')}\n")
    world.install("t", "1.0")
    assert codes(world.examine(whole=True)) == []
    assert codes(world.examine(soup=b"soup: []")) == []


MISSING = ["requirements: [parses CSV per RFC 4180, REQ-003]", "needs: [Python 3.11 or later]", "support: maintained", "end-of-support: 2027-12-31"]


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ("a@1.0", "a@2.0", "LM-SUP-063", "the product has a 1.0"),
        ("a@1.0", "b@1.0", "LM-SUP-063", "is no component of the product"),
        ("a@1.0", "a", "LM-SUP-063", "names no version"),
        ("a@1.0", "pkg:pypi/a", "LM-SUP-063", "names no version"),
        ("a@1.0", "b", "LM-SUP-063", "names no version"),
        ("2027-12-31", "'20271231'", "LM-SUP-012", "neither a day"),
        ("2027-12-31", "2027-W52-5", "LM-SUP-012", "neither a day"),
        ("2027-12-31", "2026-11-22", "LM-SUP-065", "ended on 2026-11-22"),
        ("support: maintained", "support: none", "LM-SUP-065", "no support any more"),
        ("2027-12-31", "2026-11-31", "LM-SUP-012", "neither a day"),
        ("2026-11-01", "2025-11-01", "LM-SUP-066", "387 days ago"),
        ("2026-11-01", "2026-11-24", "LM-SUP-066", "in the future"),
        ("2026-11-01", "2026-11-31", "LM-SUP-012", "no day of the calendar"),
        ("support: maintained", "support: forever", "LM-SUP-061", "Invalid enum value"),
        ("    title:", "    tite:", "LM-SUP-061", "unknown key"),
        ("    manufacturer: A Makers\n", "", "LM-SUP-061", "manufacturer"),
        *((f"    {line}\n", "", "LM-SUP-064", line.partition(":")[0]) for line in MISSING),
    ],
)
def test_a_list_with_one_thing_wrong_is_refused_with_its_line(world, old, new, code, says):
    assert old in WHOLE
    report = soup(world, WHOLE.replace(old, new))
    (finding,) = [each for each in report.findings if each.code == code]
    assert says in finding.message
    assert finding.location.path == "quality/soup.yaml"
    assert finding.location.line
    assert finding.help
    assert not report.accepted


@pytest.mark.parametrize("text", ["soup: []", ""])
def test_a_component_without_an_entry_is_a_finding_at_its_lock(world, text):
    report = soup(world, text or "{}")
    (finding,) = [each for each in report.findings if each.code == "LM-SUP-062"]
    assert finding.location.path == "requirements.txt"
    assert "component: a@1.0" in finding.help


def test_a_component_with_two_entries_is_a_finding(world):
    report = soup(world, WHOLE + WHOLE.removeprefix("soup:\n"))
    assert codes(report) == ["LM-SUP-063"]
    assert "described here and at quality/soup.yaml:2" in messages(report, "LM-SUP-063")[0]


@pytest.mark.parametrize("text", ["soup: [", "- x", "soup: 3", "a: &a [*a]", "\x00"])
def test_what_is_no_list_is_refused_whole(world, text):
    assert codes(soup(world, text)) == ["LM-SUP-061"]


def test_class_a_needs_title_maker_and_designation_alone(world):
    text = "soup:\n  - {component: a@1.0, manufacturer: A Makers}\n"
    assert codes(soup(world, text, safety_class="A")) == []
    assert codes(world.examine(soup=text.encode(), safety_class="B")) == ["LM-SUP-064"]


@pytest.mark.parametrize(("support", "ends"), [("by-us", "2020-01-01"), ("security-fixes", "not-announced"), ("maintained", "2026-11-23")])
def test_support_that_has_not_ended_or_was_taken_over_is_no_finding(world, support, ends):
    text = WHOLE.replace("support: maintained", f"support: {support}").replace("2027-12-31", ends)
    assert codes(soup(world, text)) == []


def test_one_entry_without_a_version_is_refused_and_covers_no_upgrade():
    place = Location("x")
    components = [Component(f"pkg:npm/@s/a@{v}", "npm", "@s/a", v, "runtime", (), place, "MIT", "lock", "allowed", None, True, ()) for v in ("1.0.0", "2.0.0")]
    text = b'soup: [{component: "@s/a", manufacturer: A}]'
    items, findings = check_soup(text, components, safety_class="A", today=date(2026, 1, 1))
    assert [item.version for item in items] == ["1.0.0", "2.0.0"]
    assert [finding.code for finding in findings] == ["LM-SUP-063"]


# minimum elements


def test_suppliers_come_from_the_soup_list_then_the_metadata(world):
    world.require("b", "1.0", "License-Expression: MIT", "Author-email: Bea <bea@example.org>")
    text = WHOLE.replace("a@1.0", "b@1.0")
    assert [each.supplier for each in world.examine().components] == ["Bea"]
    assert [each.supplier for each in world.examine(soup=text.encode()).components] == ["A Makers"]
    document = json.loads(world.examine(soup=text.encode()).sbom)
    assert document["components"][0]["supplier"] == {"name": "A Makers"}
    assert document["metadata"]["authors"] == [{"name": "Example Diagnostics"}]


def test_what_the_minimum_elements_lack_is_a_warning(world):
    for name in "abcd":
        world.require(name, "1.0")
    report = world.examine(whole=True, product=RootComponent("p", "P", "1"))
    found = [finding for finding in report.findings if finding.code == "LM-SUP-025"]
    assert [finding.severity for finding in found] == [Severity.WARNING] * 2
    assert "the supplier of 4 components is not known: a 1.0, b 1.0, c 1.0 and 1 more" in found[1].message


@pytest.mark.parametrize(
    ("headers", "author"),
    [
        (["Author: Ann"], "Ann"),
        (["Author-email: ann@example.org"], ""),
        (['Author-email: "Ann, Inc." <ann@example.org>'], "Ann, Inc."),
        (["Maintainer-email: Max <m@x>"], "Max"),
        (["Author: ", "Maintainer: Max"], "Max"),
        ([], ""),
    ],
)
def test_the_author_of_an_installed_distribution(world, headers, author):
    world.install("x", "1.0", *headers, "License-Expression: MIT")
    environment, _ = read_environment(Path(world.python))
    assert [each.author for each in environment.distributions] == [author]


# changes


def now(name, version, digest="0", ecosystem="PyPI", kind="pypi"):
    return Component(
        f"pkg:{kind}/{name}@{version}", ecosystem, name, version, "runtime", (("sha256", digest),), Location("x"), "MIT", "lock", "allowed", None, True, ()
    )


def before(name, version, digest="0", kind="pypi"):
    return {"purl": f"pkg:{kind}/{name}@{version}", "hashes": {"sha256": [digest]}}


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ([], [], []),
        ([before("a", "1")], [now("a", "1")], []),
        ([], [now("a", "1")], [("added", "", "1")]),
        ([before("a", "1")], [], [("removed", "1", "")]),
        ([before("a", "1")], [now("a", "2")], [("upgraded", "1", "2")]),
        ([before("a", "1.10")], [now("a", "1.9")], [("downgraded", "1.10", "1.9")]),
        ([before("a", "1")], [now("a", "1", "1")], [("drifted", "1", "1")]),
        ([{"purl": "pkg:pypi/a@1"}], [now("a", "1", "1")], []),
        ([before("a", "1"), before("a", "2")], [now("a", "2"), now("a", "3")], [("upgraded", "1", "3")]),
        ([before("a", "1"), before("a", "2")], [now("a", "3")], [("removed", "1", ""), ("removed", "2", ""), ("added", "", "3")]),
        ([before("x", "1", kind="generic")], [now("generic/x", "0.9", ecosystem="other", kind="generic")], []),
        ([{"purl": "nonsense"}], [], []),
    ],
)
def test_changes_since_the_last_release(old, new, changes):
    if new and new[0].ecosystem == "other":
        new = [now("x", "0.9", ecosystem="other", kind="generic")]
        changes = [("upgraded", "1", "0.9")]  # no order is known there, so it is not called a downgrade
    assert [(each.kind, each.before, each.after) for each in compare_components(old, new)] == changes


def test_drift_refuses_and_other_changes_are_told(world):
    world.require("a", "1.0")
    world.require("b", "1.0")
    first = dependencies_predicate(world.examine(), "run-1")
    baseline = Baseline("2.0.0", tuple(first["components"]))
    assert world.examine(baseline=baseline).changes == ()
    drifted = Baseline("2.0.0", tuple({**each, "hashes": {"sha256": ["f" * 64]}} for each in first["components"] if each["name"] == "a"))
    report = world.examine(baseline=drifted)
    assert codes(report) == ["LM-SUP-026"]
    assert "than in release 2.0.0" in messages(report, "LM-SUP-026")[0]
    wire = dependencies_predicate(report, "run-2")["changes"]
    assert wire["since"] == "2.0.0"
    assert [(each["kind"], each["name"]) for each in wire["changed"]] == [("drifted", "a"), ("added", "b")]


def test_without_an_earlier_release_nothing_is_said_of_changes(world):
    world.require("a", "1.0")
    assert dependencies_predicate(world.examine(), "run")["changes"] is None


def test_the_product_of_the_tests_has_a_manufacturer():
    assert PRODUCT.manufacturer


def test_the_published_schemas_are_those_of_the_types():
    for name, data in all_schemas().items():
        assert (FOLDER / name).read_bytes() == data
