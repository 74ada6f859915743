"""Laws of the trace room, for any input."""

import json
import string
from xml.etree import ElementTree as ET

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fakes.trace_files import control, graph_of, hazard, item, need, requirement, sources
from lotmark.base.findings import Finding, Location, Severity
from lotmark.base.formats import FORMATS, format_findings
from lotmark.trace._graph import find_below, top_sets
from lotmark.trace._items import _split_fenced, _split_sections, parse_item
from lotmark.trace._lines import parse_file
from lotmark.trace._marker_ids import parse_marked_ids
from lotmark.trace._policy import DEFAULT_POLICY
from lotmark.trace.api import base_test_id, changed_items, check_trace, find_cycles, find_impact, parse_trace, roll_up, scan_source, summarise_coverage

pytestmark = pytest.mark.verifies("REQ-008", "RC-009")


PATH = "quality/requirements/REQ-001.md"
WORDS = (
    "title",
    "derives",
    "before",
    "a",
    "UN-001",
    "REQ-1",
    "x: y",
    "é",
    "-",
    "- a",
    "[a, b]",
    "{a: b}",
    "{a: 'b, c'}",
    "#",
    " # c",
    "'",
    '"',
    "''",
    '"a"',
    "'it''s'",
    "\\",
    ",",
    "]",
    "}",
    "&a",
    "*a",
    "!t",
    "|",
    ">",
    "%",
    "@",
    "`",
    "~",
    "?",
    ": ",
    ":",
    "--",
    "...",
    "007",
    "true",
    "https://x.y/z",
    "a#b",
)

pieces = st.lists(st.sampled_from(WORDS) | st.text(string.printable, max_size=4), max_size=4).map("".join)
lines = st.one_of(
    pieces,
    st.builds("{}: {}".format, st.sampled_from(("title", "derives", "before", "owner", "x-1")), pieces),
    st.builds("{}:".format, st.sampled_from(("title", "derives", "before"))),
    st.builds("  - {}".format, pieces),
    st.builds("  {}: {}".format, st.sampled_from("abc"), pieces),
)
front_matters = st.lists(lines, max_size=4).map("\n".join)


def as_yaml(text):
    """What YAML makes of it, all scalars as texts."""
    return yaml.load(text, Loader=yaml.BaseLoader)


def plain(value):
    return list(value) if isinstance(value, tuple) else value


@settings(max_examples=600)
@given(front_matters)
@example('a: [a:"b"]')
@example("a: {b: 'c'}")
@example("a: [-1, -]")
@example("a: x\n# c\nb:\n  # d\n  - 'e'  # f")
def test_what_the_line_reader_accepts_yaml_reads_alike(text):
    findings = []
    fields = parse_file(PATH, f"---\n{text}\n---\n".encode(), findings)
    if findings or "\n---\n" in f"\n{text}\n":
        return  # what it does not accept it has said
    assert as_yaml(text) in ({key: plain(value) for key, value in fields.values.items()}, None if not fields.values else ...)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True, alphabet=string.ascii_lowercase + string.digits + "-"),
        st.text(st.characters(blacklist_categories=["C", "Zl", "Zp"]), max_size=20),
        max_size=5,
    )
)
def test_any_text_can_be_written_in_quotes_and_comes_back(values):
    quoted = "\n".join(f'{key}: "{value}"' for key, value in ((key, value.replace("\\", "\\\\").replace('"', '\\"')) for key, value in values.items()))
    findings = []
    fields = parse_file(PATH, f"---\n{quoted}\n---\n".encode(), findings)
    assert findings == []
    assert fields.values == values


@given(st.binary(max_size=300) | front_matters.map(lambda text: f"---\n{text}\n---\nbody".encode()))
def test_any_file_is_an_item_or_a_finding_and_never_a_traceback(data):
    findings = []
    one = parse_item(PATH, data, "qpcr", DEFAULT_POLICY, findings)
    assert one is not None or findings
    assert all(finding.location.path == PATH and finding.help for finding in findings)


@given(
    st.dictionaries(
        st.sampled_from((PATH, "quality/risks/HAZ-001.md", "quality/risks/a.yaml", "quality/anomalies.yaml", "x")),
        st.binary(max_size=200) | front_matters.map(str.encode),
        max_size=4,
    )
)
def test_any_tree_is_checked_without_a_traceback(files):
    graph = parse_trace(files, "qpcr")
    findings = check_trace(graph)
    assert findings, "a tree of noise is never found sound"
    assert [finding.location or Location("\U0010ffff") for finding in findings] == sorted(finding.location or Location("\U0010ffff") for finding in findings)
    roll_up(graph, {})


@given(
    st.sampled_from(("tests/test_a.py", "tests/test_a.c", "test/a.js", "a.txt", "a_test.go")),
    st.binary(max_size=200)
    | st.lists(
        st.sampled_from(
            (
                "/*",
                "*/",
                "//",
                "#",
                "@verifies",
                "@implements",
                " REQ-001",
                " through ",
                ",",
                "\n",
                "void test_a(void) {",
                "def test_a(): pass",
                "@pytest.mark.verifies(",
                ")",
                '"REQ-001"',
                "'''",
                "it('",
                "\t",
            )
        ),
        max_size=15,
    ).map(lambda parts: "".join(parts).encode()),
)
def test_any_source_is_scanned_without_a_traceback(path, data):
    found = scan_source(path, data, "qpcr")
    assert all(marker.ids and marker.path == path and marker.line >= 1 for marker in found.markers)
    assert all(test.id.startswith(f"{path}::") for test in found.tests)


@given(st.text(alphabet="REQ-0123 ,;andthroug:q", max_size=40))
def test_marked_ids_stop_within_the_text_and_stand_once(text):
    marked = parse_marked_ids(text, 0, "qpcr")
    assert 0 <= marked.end <= len(text)
    assert len(set(marked.ids)) == len(marked.ids)


@given(st.lists(st.sampled_from(("## Rationale", "## Odd ##", "##", "##  Notes  ", "### Deep", "text", "", "  ## not", "## x")), max_size=10).map("\n".join))
def test_both_ways_to_split_sections_agree(body):
    assert _split_sections(body) == _split_fenced(body)


@given(st.text(max_size=30))
def test_the_base_of_a_base_is_itself(test_id):
    base = base_test_id(test_id)
    assert test_id.startswith(base)
    assert base_test_id(f"tests/a.py::test_x[{test_id}]") == "tests/a.py::test_x"


# ---- graphs -------------------------------------------------------------------------------------------------------

NUMBERS = range(1, 7)


@st.composite
def trees(draw):
    """Small trees of all types with links of all kinds, good and bad, and a marker for some items."""
    files = {}
    below = {}
    for number in draw(st.sets(st.sampled_from(NUMBERS))):
        files |= need(f"UN-{number}")
    for number in draw(st.sets(st.sampled_from(NUMBERS))):
        low = draw(st.booleans())
        estimate = "{severity: 1, probability: 1}" if low else "{severity: 4, probability: 3}"
        files |= hazard(f"HAZ-{number}", f"before: {estimate}", "after: {severity: 1, probability: 1}")
    for number in draw(st.sets(st.sampled_from(NUMBERS))):
        below[f"RC-{number}"] = {"mitigates": draw(st.sets(st.sampled_from([f"HAZ-{n}" for n in NUMBERS]), max_size=2))}
    for number in draw(st.sets(st.sampled_from(NUMBERS))):
        below[f"REQ-{number}"] = {
            "derives": draw(st.sets(st.sampled_from([f"UN-{n}" for n in NUMBERS]), max_size=1)),
            "refines": draw(st.sets(st.sampled_from([f"REQ-{n}" for n in NUMBERS]), max_size=2)),
            "implements": draw(st.sets(st.sampled_from([f"RC-{n}" for n in NUMBERS]), max_size=2)),
        }
    for item_id, links in below.items():
        written = [f"{name}: [{', '.join(sorted(targets))}]" for name, targets in links.items() if targets]
        files |= control(item_id, *written) if item_id.startswith("RC") else requirement(item_id, *written)
    dead = draw(st.sets(st.sampled_from(sorted(files)), max_size=2)) if files else set()
    for path in dead:
        files[path] = files[path].replace(b"status: approved", b"status: obsolete")
    marked = draw(st.lists(st.sampled_from(sorted({path.rpartition("/")[2][:-3] for path in files}) or ["REQ-1"]), max_size=6, unique=True))
    text = [line for item_id in marked for line in (f'@pytest.mark.verifies("{item_id}")', f"def test_{item_id.replace('-', '_')}(): pass")]
    return graph_of(files, scan=sources(*text))


def reaches(graph, start, edges):
    seen, waiting = set(), list(edges.get(start, ()))
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting.extend(edges.get(one, ()))
    return seen


@given(trees())
def test_bitsets_and_closures_agree_with_a_plain_walk(graph):
    live = {
        item_id: tuple(target for target in targets if not graph.items[target].obsolete)
        for item_id, targets in graph.up.items()
        if not graph.items[item_id].obsolete
    }
    tops = [one.id for one in graph.of_type("user-need", "hazard")]
    reach = top_sets(graph, tops)
    for one in graph.items.values():
        expected = {top for top in tops if top in reaches(graph, one.id, live) | {one.id}} if not one.obsolete else set()
        assert {top for number, top in enumerate(tops) if reach.get(one.id, 0) >> number & 1} == expected
    for top in tops:
        down = {item_id: tuple(child.id for child in graph.below(item_id)) for item_id in graph.items}
        assert set(find_below(graph, top)) == reaches(graph, top, down) - {top}


@given(trees())
def test_cycles_are_exactly_the_items_that_reach_themselves(graph):
    cyclic = {item_id for item_id in graph.items if item_id in reaches(graph, item_id, graph.up)}
    groups = find_cycles(graph)
    assert {item_id for group in groups for item_id in group} == cyclic
    assert sum(len(group) for group in groups) == len(cyclic)


@given(trees(), st.data())
def test_the_impact_is_all_that_lies_below_and_above_it(graph, data):
    changed = data.draw(st.sets(st.sampled_from([*graph.items, "X-1"])))
    impact = find_impact(graph, changed)
    known = changed & set(graph.items)
    below = set().union(*(reaches(graph, one, graph.down) for one in known)) - known
    above = set().union(*(reaches(graph, one, graph.up) for one in known | below)) - known - below
    assert (set(impact.changed), set(impact.below), set(impact.above)) == (known, below, above)
    assert set(impact.unknown) == changed - known


statuses = st.sampled_from(("passed", "passed", "passed", "failed", "error", "skipped", "missing", "other"))


@given(trees(), st.data())
def test_only_passing_results_cover_and_a_worse_result_never_covers_more(graph, data):
    results = {test.id: data.draw(statuses) for test in graph.sources.tests if data.draw(st.booleans())}
    coverage = roll_up(graph, results)
    covered = {item_id for item_id, one in coverage.items() if one.covered}
    assert set(coverage) == {one.id for one in graph.items.values() if not one.obsolete}
    for item_id in covered:
        one = coverage[item_id]
        assert all(results.get(test) == "passed" for test in graph.verified_by.get(item_id, ()))
        assert set(one.below) <= covered
        assert one.tests or one.below or graph.items[item_id].type == "hazard"
    for item_id, one in coverage.items():
        assert one.covered == (not one.reasons), item_id
    for test in results:
        worse = roll_up(graph, results | {test: "failed"})
        assert {item_id for item_id, one in worse.items() if one.covered} <= covered
    summary = summarise_coverage(graph, coverage)
    assert summary.verified <= summary.with_test <= summary.requirements
    assert summary.with_risk_or_need <= summary.requirements


@st.composite
def sound_trees(draw):
    """Trees with nothing wrong: every level complete, links always to an earlier item, a marked test for each leaf."""
    needs = [f"UN-{n}" for n in range(draw(st.integers(1, 3)))]
    hazards = [f"HAZ-{n}" for n in range(draw(st.integers(1, 3)))]
    controls = [f"RC-{n}" for n in range(len(hazards) + draw(st.integers(0, 2)))]
    files, requirements, refined = {}, [], set()
    for one in needs:
        files |= need(one)
    for one in hazards:
        files |= hazard(one)
    for number, one in enumerate(controls):
        files |= control(one, f"mitigates: [{hazards[number % len(hazards)]}]")
    for number in range(max(len(needs), len(controls)) + draw(st.integers(0, 3))):
        parents = draw(st.lists(st.sampled_from(requirements), max_size=2, unique=True)) if requirements else []
        refined.update(parents)
        requirements.append(f"REQ-{number}")
        above = [f"derives: [{needs[number % len(needs)]}]", f"implements: [{controls[number % len(controls)]}]"]
        files |= requirement(requirements[-1], *above, *([f"refines: [{', '.join(parents)}]"] if parents else []))
    text = [line for one in requirements if one not in refined for line in (f'@pytest.mark.verifies("{one}")', f"def test_{one.replace('-', '_')}(): pass")]
    return graph_of(files, scan=sources(*text))


@given(sound_trees(), st.data())
def test_in_a_sound_tree_passing_tests_cover_all_and_one_failure_shows_up_to_the_top(graph, data):
    assert check_trace(graph) == ()
    results = {test.id: "passed" for test in graph.sources.tests}
    assert all(one.covered for one in roll_up(graph, results).values())
    failed = data.draw(st.sampled_from(sorted(results)))
    incomplete = {item_id for item_id, one in roll_up(graph, results | {failed: "failed"}).items() if not one.covered}
    verified = graph.sources.verifies[failed]
    assert incomplete == set(verified).union(*(reaches(graph, one, graph.up) for one in verified))


@given(
    st.dictionaries(st.sampled_from([f"REQ-{n}" for n in NUMBERS]), st.sampled_from("abc")),
    st.dictionaries(st.sampled_from([f"REQ-{n}" for n in NUMBERS]), st.sampled_from("abc")),
)
def test_changes_are_those_of_the_texts_and_run_backwards_when_turned(before, after):
    def files(texts):
        return {f"quality/requirements/{item_id}.md": item("requirement", item_id, body=text) for item_id, text in texts.items()}

    found = changed_items(files(before), files(after), "qpcr")
    assert set(found.new) == set(after) - set(before)
    assert set(found.removed) == set(before) - set(after)
    assert set(found.changed) == {item_id for item_id in before.keys() & after.keys() if before[item_id] != after[item_id]}
    back = changed_items(files(after), files(before), "qpcr")
    assert (back.new, back.changed, back.removed) == (found.removed, found.changed, found.new)


# ---- formats ------------------------------------------------------------------------------------------------------

texts = st.text(max_size=12)
findings_ = st.builds(
    Finding,
    st.from_regex(r"LM-[A-Z]{3}-[0-9]{3}", fullmatch=True),
    texts,
    st.sampled_from(Severity),
    st.none() | st.builds(Location, texts, st.integers(0, 99), st.integers(0, 99)),
    st.none() | texts,
    st.none() | texts,
)


@given(st.lists(findings_, max_size=3), st.sampled_from(FORMATS))
def test_any_finding_can_be_shown_in_any_form(findings, fmt):
    shown = format_findings(findings, fmt)
    shown.encode()
    assert "\x1b" not in shown
    assert "\r" not in shown
    if fmt in {"json", "sarif", "gitlab"}:
        json.loads(shown)
    if fmt == "junit":
        assert len(list(ET.fromstring(shown).iter("testcase"))) == max(len(findings), 1)
    if fmt == "github":
        assert len(shown.splitlines()) == len(findings)


@pytest.mark.parametrize("fmt", FORMATS)
def test_the_same_findings_are_shown_with_the_same_bytes(fmt):
    finding = Finding("LM-TRC-001", "m", location=Location("a", 1, 1))
    assert format_findings([finding], fmt) == format_findings([finding], fmt)
