"""`docs/reference/trace-format.md` says what the code does: its examples are read, its tables are those of the policy."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from fakes.trace_files import codes, graph_of, sound
from lotmark.trace.api import DEFAULT_POLICY, DEFAULT_SCALE, find_level, parse_trace, scan_source, verifies_of
from lotmark.trace.rules import RULES

pytestmark = pytest.mark.verifies("REQ-008", "RC-009", "HAZ-006")


PAGE = (Path(__file__).parents[3] / "docs/reference/trace-format.md").read_text(encoding="utf-8")
BLOCKS = [re.sub("(?m)^    ", "", block).strip("\n") + "\n" for block in re.findall(r"(?m)(?:^(?:    .*)?\n)+", PAGE) if block.strip()]


def block(start):
    """The example that starts with this line."""
    (found,) = [each for each in BLOCKS if each.startswith(start)]
    return found


def table(start):
    """The rows of the table whose head starts so, without its rule."""
    lines = PAGE[PAGE.index(start) :].split("\n\n")[0].split("\n")
    return [[cell.strip() for cell in line.strip("| ").split("|")] for line in lines[2:]]


def words(cell):
    return set(re.findall(r"`([a-z-]+)`", cell))


def test_the_item_is_read_without_a_finding_and_its_rationale_is_not_normative():
    name, _, text = block("quality/requirements/REQ-031.md").partition("\n")
    graph = parse_trace({name: text.lstrip("\n").encode()}, "qpcr")
    assert codes(graph.findings) == ["LM-TRC-015"], "there is no risk beside it"
    item = graph.items["REQ-031"]
    assert (item.category, item.status, item.safety_class, item.layers) == ("software", "approved", "C", ("unit", "validation"))
    assert item.targets() == ("UN-007", "RC-012")
    assert item.text.startswith("The software shall")
    assert item.sections["rationale"].startswith("An expired")
    array = ["lotmark-item/1", "requirement", "software", item.title, item.text, [["safety-class", "C"]]]
    assert item.fingerprint == hashlib.sha256(json.dumps(array, separators=(",", ":")).encode()).hexdigest()


def test_the_hazard_lines_make_a_judged_hazard():
    lines = block("before: {severity").strip()
    data = f"---\nid: HAZ-009\ntype: hazard\ntitle: T\nhazardous-situation: S\nharm: H\n{lines}\n---\n".encode()
    assert codes(parse_trace({"quality/risks/HAZ-009.md": data}, "qpcr").findings) == ["LM-TRC-015"]


@pytest.mark.parametrize("start", ["anomalies:", "markers:"])
def test_the_yaml_examples_are_read(start):
    name = start.rstrip(":")
    graph = graph_of(sound(), {f"quality/{name}.yaml": block(start).encode()})
    assert graph.findings == ()
    assert graph.anomalies or graph.declared


def test_the_markers_do_what_the_page_says():
    verified = verifies_of(graph_of(sound(), {"quality/markers.yaml": block("markers:").encode()}))
    assert verified("tests/test_insulin_math.py::TestInsulin::test_x[a]") == ("REQ-001", "RC-001")
    assert verified("tests/test_dose_math.py::TestDose::test_a") == ("REQ-001", "RC-001")
    assert verified("tests/test_dose_math.py::TestOther::test_a") == ()
    assert verified("Profile::should create a profile") == ("REQ-002",)


def test_the_scale_is_read():
    graph = graph_of(sound(), {"quality/risks/scale.yaml": block("scale:").encode()})
    assert graph.scale.levels == ("fine", "bad")


def test_the_levels_are_those_of_the_scale():
    rows = table("| | improbable")
    assert [row[0] for row in rows] == list(DEFAULT_SCALE.severities)
    for severity, *levels in rows:
        assert levels == [find_level(DEFAULT_SCALE, severity, probability) for probability in DEFAULT_SCALE.probabilities]
    assert f"`{' '.join(DEFAULT_SCALE.severities)}`" in PAGE


def test_the_types_and_their_keys_are_those_of_the_policy():
    rows = {re.findall(r"`([a-z-]+)`", row[0])[0]: (*row, "")[:3] for row in table("| `type` |")}
    assert set(rows) == set(DEFAULT_POLICY.types)
    for name, (_, prefix, keys) in rows.items():
        kind = DEFAULT_POLICY.types[name]
        assert prefix == kind.prefix
        named = words(keys) - {"inherent", "protective", "information"}
        assert named == set(kind.keys) | set(kind.required), name
        assert set(re.findall(r"\*\*`([a-z-]+)`\*\*", keys)) == set(kind.required)


def test_the_links_are_those_of_the_policy():
    rows = table("| link | from")
    found = {re.findall(r"`([a-z-]+)`", link)[0]: (named(source), named(target)) for link, source, target in rows}
    assert found == {link.name: (link.sources, link.targets) for link in DEFAULT_POLICY.links.values()}


def named(cell):
    return frozenset(part.strip().replace(" ", "-") for part in cell.split(","))


@pytest.mark.parametrize(("start", "path"), [("@pytest.mark", "tests/unit/test_lot.py"), ("/* @verifies", "tests/unit/test_lot.c")])
def test_the_markers_in_sources_are_seen(start, path):
    scan = scan_source(path, block(start).encode(), "qpcr")
    assert list(scan.verifies.values()) == [("REQ-031", "RC-012")]
    assert next(iter(scan.verifies)) in PAGE
    assert scan.findings == ()


def test_every_rule_stands_in_a_range_and_the_story_that_is_named_exists():
    numbers = {int(rule.code[-3:]) for rule in RULES}
    ranges = [(int(low), int(high)) for low, high in re.findall(r"LM-TRC-(\d{3}) \.\. (\d{3})", PAGE)]
    assert {number for number in numbers if not any(low <= number <= high for low, high in ranges)} == set()
    assert all(high in numbers and low in numbers for low, high in ranges)
    assert set(map(int, re.findall(r"LM-TRC-(\d{3})", PAGE))) <= numbers
