"""A table of trees with one mistake each: the rule that names it, its place, its weight, and nothing else beside it."""

from typing import NamedTuple

import pytest

from fakes.trace_files import RISK_LINES, case, check, control, hazard, item, need, requirement, sound, sources

pytestmark = pytest.mark.verifies("REQ-008", "RC-009", "HAZ-006")

REQ = "quality/requirements/REQ-002.md"
UN = "quality/requirements/UN-002.md"
HAZ = "quality/risks/HAZ-002.md"
RC = "quality/risks/RC-002.md"
RISKS = "quality/risks/more.yaml"
ANOMALIES = "quality/anomalies.yaml"
MARKERS = "quality/markers.yaml"
TESTS = "tests/unit/test_it.py"
BOTH = '@pytest.mark.verifies("REQ-001", "REQ-002")'
UP = "refines: [REQ-001]"


class Mistake(NamedTuple):
    """Files beside the sound tree, and what must be said of them: code, place, first letter of the severity."""

    name: str
    files: dict[str, bytes]
    said: tuple[str, ...]
    marks: str = BOTH


def text(head: str, body: str = "The software shall do it.\n") -> bytes:
    return f"---\n{head}---\n{body}".encode()


def second(*lines: str, **more) -> dict[str, bytes]:
    """A second requirement that refines the first, with these lines more (the first of them is line 7)."""
    return requirement("REQ-002", UP, *lines, **more)


def twin(hazard_lines=(), control_lines=("mitigates: [HAZ-002]",), **more) -> dict[str, bytes]:
    """A second hazard with its control and the requirement that implements it."""
    return {**hazard("HAZ-002", *hazard_lines), **control("RC-002", *control_lines, **more), **requirement("REQ-002", "implements: [RC-002]")}


def risk_lines(**change: str) -> list[str]:
    return [change.get(line.partition(":")[0].replace("-", "_"), line) for line in RISK_LINES]


def whole_hazard(*lines: str) -> dict[str, bytes]:
    """The second hazard with exactly these lines (the first of them is line 6), its control and its requirement."""
    return {**twin(), HAZ: item("hazard", "HAZ-002", *lines)}


READING = [
    Mistake("an empty file", {REQ: b""}, (f"LM-TRC-002 {REQ}:1:1 e", f"LM-TRC-041 {TESTS}:2 e")),
    Mistake("a file of one line feed", {REQ: b"\n"}, (f"LM-TRC-002 {REQ}:1:1 e", f"LM-TRC-041 {TESTS}:2 e")),
    Mistake("prose without front matter", {REQ: b"# REQ-002\n\nIt shall.\n"}, (f"LM-TRC-002 {REQ}:1:1 e", f"LM-TRC-041 {TESTS}:2 e")),
    Mistake("front matter after a blank line", {REQ: b"\n---\nid: REQ-002\n---\nIt.\n"}, (f"LM-TRC-002 {REQ}:1:1 e", f"LM-TRC-041 {TESTS}:2 e")),
    Mistake("front matter never closed", {REQ: b"---\nid: REQ-002\nIt shall.\n"}, (f"LM-TRC-002 {REQ}:1:1 e", f"LM-TRC-041 {TESTS}:2 e")),
    Mistake("closing dashes are four", {REQ: b"---\nid: REQ-002\n----\nIt shall.\n"}, (f"LM-TRC-002 {REQ}:1:1 e", f"LM-TRC-041 {TESTS}:2 e")),
    Mistake("UTF-16", {REQ: "---\nid: REQ-002\n".encode("utf-16")}, (f"LM-TRC-001 {REQ}:1:1 e", f"LM-TRC-041 {TESTS}:2 e")),
    Mistake("Latin-1 in the body", {REQ: second()[REQ] + b"\xb5L of blood\n"}, (f"LM-TRC-001 {REQ}:9:1 e", f"LM-TRC-041 {TESTS}:2 e")),
    Mistake("an escape sequence in the body", {REQ: second()[REQ] + b"a \x1b[2J\n"}, (f"LM-TRC-003 {REQ}:9:3 e", f"LM-TRC-041 {TESTS}:2 e")),
    Mistake("a line separator", {REQ: second()[REQ] + "a\u2028b\n".encode()}, (f"LM-TRC-003 {REQ}:9:2 e", f"LM-TRC-041 {TESTS}:2 e")),
    Mistake("a byte order mark", {REQ: b"\xef\xbb\xbf" + second()[REQ]}, (f"LM-TRC-007 {REQ}:1:1 w",)),
    Mistake("CRLF", {REQ: second()[REQ].replace(b"\n", b"\r\n")}, (f"LM-TRC-007 {REQ}:1 w",)),
    Mistake("a stray CR on one line", {REQ: second()[REQ].replace(b"do it.", b"do\rit.")}, (f"LM-TRC-007 {REQ}:8 w",)),
    Mistake("a tab before a value", {REQ: second("owner:\tdana")[REQ]}, (f"LM-TRC-003 {REQ}:7:7 e",)),
    Mistake("a text over two lines", second("owner: dana", "  and quinn"), (f"LM-TRC-003 {REQ}:8:3 e",)),
    Mistake("a key in capitals", second("Owner: dana"), (f"LM-TRC-003 {REQ}:7:1 e",)),
    Mistake("a key without a colon", second("owner dana"), (f"LM-TRC-003 {REQ}:7:1 e",)),
    Mistake("a colon without a space", second("owner:dana"), (f"LM-TRC-003 {REQ}:7:1 e",)),
    Mistake("a colon inside a plain text", second("source: ISO 14971: 2019"), (f"LM-TRC-003 {REQ}:7:18 e",)),
    Mistake("an anchor", second("owner: &a dana"), (f"LM-TRC-003 {REQ}:7:8 e",)),
    Mistake("an alias", second("owner: *a"), (f"LM-TRC-003 {REQ}:7:8 e",)),
    Mistake("a tag", second("owner: !!str dana"), (f"LM-TRC-003 {REQ}:7:8 e",)),
    Mistake("a block text", second("source: |", "  many lines"), (f"LM-TRC-003 {REQ}:7:9 e", f"LM-TRC-003 {REQ}:8:3 e")),
    Mistake("a quote that is not closed", second('owner: "dana'), (f"LM-TRC-003 {REQ}:7:8 e",)),
    Mistake("text after a quote", second('owner: "dana" x'), (f"LM-TRC-003 {REQ}:7:14 e",)),
    Mistake("an escape of another language", second(r'owner: "d\nana"'), (f"LM-TRC-003 {REQ}:7:10 e",)),
    Mistake("a list that is not closed", second("layers: [unit"), (f"LM-TRC-003 {REQ}:7:9 e",)),
    Mistake("a list in a list", second("layers: [[unit]]"), (f"LM-TRC-003 {REQ}:7:16 e",)),
    Mistake("two commas", second("layers: [unit,, unit]"), (f"LM-TRC-003 {REQ}:7:15 e",)),
    Mistake("text after a list", second("layers: [unit] x"), (f"LM-TRC-003 {REQ}:7:15 e",)),
    Mistake("a key twice", second("owner: dana", "owner: quinn"), (f"LM-TRC-004 {REQ}:8:1 e",)),
    Mistake("a link twice as key", second(UP), (f"LM-TRC-004 {REQ}:7:1 e",)),
    Mistake("an unknown key", second("priority: high"), (f"LM-TRC-005 {REQ}:7:11 e",)),
    Mistake("a hazard's key in a requirement", second("harm: Death"), (f"LM-TRC-005 {REQ}:7:7 e",)),
    Mistake("an unknown safety class", second("safety-class: D"), (f"LM-TRC-006 {REQ}:7:15 e",)),
    Mistake("a safety class in lower case", second("safety-class: c"), (f"LM-TRC-006 {REQ}:7:15 e",)),
    Mistake("an unknown layer", second("layers: [system]"), (f"LM-TRC-006 {REQ}:7:9 e", f"LM-TRC-036 {REQ}:7:9 e")),
    Mistake("one layer as a text", second("layers: unit"), (f"LM-TRC-006 {REQ}:7:9 e",)),
    Mistake("a category of two words", second('category: "big one"'), (f"LM-TRC-006 {REQ}:7:11 e",)),
    Mistake("a link as a mapping", second("derives: {a: b}"), (f"LM-TRC-006 {REQ}:7:10 e",)),
    Mistake("a link that names one target twice", requirement("REQ-002", "refines: [REQ-001, REQ-001]"), (f"LM-TRC-006 {REQ}:6:10 w",)),
    Mistake("a link that is no id", second("derives: [un-001]"), (f"LM-TRC-010 {REQ}:7:10 e",)),
    Mistake("an unknown link", second("fulfils: [UN-001]"), (f"LM-TRC-021 {REQ}:7:10 e",)),
    Mistake("an unknown section", second(body="It shall.\n\n## Motivation\n\nBecause."), (f"LM-TRC-008 {REQ}:10:1 w",)),
    Mistake("a section twice", second(body="It shall.\n## Notes\na\n## Notes\nb"), (f"LM-TRC-008 {REQ}:11:1 w",)),
    Mistake("an empty body", second(body=""), (f"LM-TRC-009 {REQ}:8:1 e",)),
    Mistake("a body of sections alone", second(body="## Rationale\n\nBecause.\n"), (f"LM-TRC-009 {REQ}:8:1 e",)),
    Mistake(
        "a second file of one id",
        {"quality/requirements/a/REQ-001.md": second()[REQ].replace(b"REQ-002", b"REQ-001").replace(b"refines: [REQ-001]", b"derives: [UN-001]")},
        ("LM-TRC-011 quality/requirements/a/REQ-001.md:2:5 e",),
        '@pytest.mark.verifies("REQ-001")',
    ),
    Mistake(
        "a look-alike by zeros",
        {"quality/requirements/REQ-0001.md": second()[REQ].replace(b"REQ-002", b"REQ-0001")},
        ("LM-TRC-012 quality/requirements/REQ-001.md:2:5 e",),
        '@pytest.mark.verifies("REQ-001", "REQ-0001")',
    ),
    Mistake("a file named otherwise", {"quality/requirements/REQ-2.md": second()[REQ]}, ("LM-TRC-013 quality/requirements/REQ-2.md:2:5 e",)),
    Mistake("a file that nobody reads", {**second(), "quality/requirements/notes.txt": b"x"}, ("LM-TRC-014 quality/requirements/notes.txt w",)),
    Mistake("YAML below the requirements", {**second(), "quality/requirements/more.yaml": b"x: 1"}, ("LM-TRC-014 quality/requirements/more.yaml w",)),
    Mistake(
        "a README that claims to be an item", {**second(), "quality/requirements/README.md": b"---\n"}, ("LM-TRC-002 quality/requirements/README.md:1:1 e",)
    ),
]

LINKS = [
    Mistake("an unknown type", {UN: item("wish", "UN-002")}, (f"LM-TRC-020 {UN}:3:7 e",), '@pytest.mark.verifies("REQ-001")'),
    Mistake("a wrong link for the type", second("mitigates: [HAZ-001]"), (f"LM-TRC-022 {REQ}:7:12 e",)),
    Mistake("a requirement that derives from a control", second("derives: [RC-001]"), (f"LM-TRC-022 {REQ}:7:10 e",)),
    Mistake("a link into nothing", second("derives: [UN-009]"), (f"LM-TRC-023 {REQ}:7:10 e",)),
    Mistake("a link into another product", second("derives: [pelican:UN-001]"), (f"LM-TRC-023 {REQ}:7:10 e",)),
    Mistake("a link to itself", second("derives: [REQ-002]"), (f"LM-TRC-024 {REQ}:7:10 e",)),
    Mistake(
        "a circle of two",
        {**requirement("REQ-002", "refines: [REQ-001, REQ-003]"), **requirement("REQ-003", "refines: [REQ-002]")},
        (f"LM-TRC-024 {REQ}:6:10 e",),
    ),
    Mistake(
        "an obsolete parent",
        {**requirement("REQ-002", "derives: [UN-001, UN-002]"), UN: need("UN-002")[UN].replace(b"approved", b"obsolete")},
        (f"LM-TRC-025 {REQ}:6:10 e",),
    ),
    Mistake("no origin", requirement("REQ-002"), (f"LM-TRC-030 {REQ}:2:5 e",)),
    Mistake("an origin that is one of a test case alone", {**requirement("REQ-002"), **case("TC-001", "verifies: [REQ-002]")}, (f"LM-TRC-030 {REQ}:2:5 e",)),
    Mistake("a need that nobody fulfils", need("UN-002"), (f"LM-TRC-031 {UN}:2:5 e",), '@pytest.mark.verifies("REQ-001")'),
    Mistake("a requirement without test", second(), (f"LM-TRC-035 {REQ}:2:5 e",), '@pytest.mark.verifies("REQ-001")'),
    Mistake("a layer without test", second("layers: [unit, validation]"), (f"LM-TRC-036 {REQ}:7:9 e",)),
    Mistake("two layers without test", second("layers: [integration, validation]"), (f"LM-TRC-036 {REQ}:7:9 e", f"LM-TRC-036 {REQ}:7:9 e")),
]

RISK = [
    Mistake("a hazard without control", hazard("HAZ-002"), (f"LM-TRC-032 {HAZ}:2:5 e",), '@pytest.mark.verifies("REQ-001")'),
    Mistake(
        "a hazard whose only control is obsolete",
        {**twin(), RC: control("RC-002", "mitigates: [HAZ-002]")[RC].replace(b"approved", b"obsolete"), **requirement("REQ-002", "derives: [UN-001]")},
        (f"LM-TRC-032 {HAZ}:2:5 e",),
    ),
    Mistake(
        "a control on paper",
        {**hazard("HAZ-002"), **control("RC-002", "mitigates: [HAZ-002]")},
        (f"LM-TRC-033 {RC}:2:5 e",),
        '@pytest.mark.verifies("REQ-001")',
    ),
    Mistake(
        "a control without hazard", {**control("RC-002"), **requirement("REQ-002", "implements: [RC-002]", "derives: [UN-001]")}, (f"LM-TRC-034 {RC}:2:5 e",)
    ),
    Mistake("an unknown kind of control", twin(kind="magic"), (f"LM-TRC-006 {RC}:6:7 e",)),
    Mistake("an unknown severity", whole_hazard(*risk_lines(before="before: {severity: awful, probability: probable}")), (f"LM-TRC-006 {HAZ}:8:9 e",)),
    Mistake("an unknown probability", whole_hazard(*risk_lines(after="after: {severity: critical, probability: often}")), (f"LM-TRC-006 {HAZ}:9:8 e",)),
    Mistake("a rank of zero", whole_hazard(*risk_lines(before="before: {severity: 0, probability: 1}")), (f"LM-TRC-006 {HAZ}:8:9 e",)),
    Mistake("a rank beyond the scale", whole_hazard(*risk_lines(before="before: {severity: 6, probability: 5}")), (f"LM-TRC-006 {HAZ}:8:9 e",)),
    Mistake("an estimate without severity", whole_hazard(*risk_lines(before="before: {probability: probable}")), (f"LM-TRC-006 {HAZ}:8:9 e",)),
    Mistake("an estimate as a text", whole_hazard(*risk_lines(before="before: high")), (f"LM-TRC-006 {HAZ}:8:9 e",)),
    Mistake(
        "a third word in an estimate",
        whole_hazard(*risk_lines(before="before: {severity: critical, probability: probable, detection: low}")),
        (f"LM-TRC-005 {HAZ}:8:9 e",),
    ),
    Mistake("no estimate before control", whole_hazard(*risk_lines()[:2], *risk_lines()[3:]), (f"LM-TRC-006 {HAZ}:2:5 e",)),
    Mistake("no harm", whole_hazard(RISK_LINES[0], *RISK_LINES[2:]), (f"LM-TRC-006 {HAZ}:2:5 e",)),
    Mistake("no judgement", whole_hazard(*RISK_LINES[:4]), (f"LM-TRC-006 {HAZ}:2:5 e",)),
    Mistake(
        "a judgement in another word",
        whole_hazard(*risk_lines(residual_risk="residual-risk: {acceptable: maybe, rationale: x}")),
        (f"LM-TRC-037 {HAZ}:10:16 e",),
    ),
    Mistake("a judgement without rationale", whole_hazard(*risk_lines(residual_risk="residual-risk: {acceptable: true}")), (f"LM-TRC-037 {HAZ}:10:16 e",)),
    Mistake("not acceptable", whole_hazard(*risk_lines(residual_risk="residual-risk: {acceptable: false, rationale: x}")), (f"LM-TRC-038 {HAZ}:10:16 e",)),
    Mistake(
        "a key beside the judgement",
        whole_hazard(*risk_lines(residual_risk="residual-risk: {acceptable: true, rationale: x, by: dana}")),
        (f"LM-TRC-005 {HAZ}:10:16 e",),
    ),
    Mistake(
        "accepted at the highest level", whole_hazard(*risk_lines(after="after: {severity: critical, probability: probable}")), (f"LM-TRC-038 {HAZ}:10:16 w",)
    ),
    Mistake("worse after control", whole_hazard(*risk_lines(before="before: {severity: minor, probability: remote}")), (f"LM-TRC-038 {HAZ}:9:8 e",)),
    Mistake("no YAML", {**second(), RISKS: b"hazards: [\n"}, (f"LM-CFG-002 {RISKS}:2:1 e",)),
    Mistake("a YAML file of nothing", {**second(), RISKS: b"hazards: []\n"}, (f"LM-TRC-002 {RISKS}:1:1 e",)),
    Mistake("an unknown key in YAML", {**second(), RISKS: b"risks: []\n"}, (f"LM-CFG-004 {RISKS}:1:1 e",)),
    Mistake(
        "a scale with a row too few",
        {**second(), RISKS: b"scale:\n  severities: [a, b]\n  probabilities: [x, y]\n  levels: [l, h]\n  matrix: [[l, l]]\n"},
        (f"LM-TRC-006 {RISKS}:2:3 e",),
    ),
    Mistake(
        "a scale with a column too many",
        {**second(), RISKS: b"scale:\n  severities: [a, b]\n  probabilities: [x, y]\n  levels: [l, h]\n  matrix: [[l, l], [l, l, h]]\n"},
        (f"LM-TRC-006 {RISKS}:2:3 e",),
    ),
    Mistake(
        "a scale with a stranger",
        {**second(), RISKS: b"scale:\n  severities: [a, b]\n  probabilities: [x, y]\n  levels: [l, h]\n  matrix: [[l, l], [l, m]]\n"},
        (f"LM-TRC-006 {RISKS}:2:3 e",),
    ),
    Mistake(
        "a scale with a word twice",
        {**second(), RISKS: b"scale:\n  severities: [a, a]\n  probabilities: [x, y]\n  levels: [l, h]\n  matrix: [[l, l], [l, h]]\n"},
        (f"LM-TRC-006 {RISKS}:2:3 e",),
    ),
]

SOURCES = [
    Mistake("a marker of nothing", second(), (f"LM-TRC-041 {TESTS}:2 e",), '@pytest.mark.verifies("REQ-001", "REQ-002", "REQ-009")'),
    Mistake("a marker in another grammar", second(), (f"LM-TRC-042 {TESTS}:2:45 e",), '@pytest.mark.verifies("REQ-001", "REQ-002", "req-3")'),
    Mistake("a marker that is computed", second(), (f"LM-TRC-042 {TESTS}:2:45 e",), '@pytest.mark.verifies("REQ-001", "REQ-002", f"REQ-{9}")'),
    Mistake(
        "a marker of an obsolete item",
        {UN: need("UN-002")[UN].replace(b"approved", b"obsolete")},
        (f"LM-TRC-025 {TESTS}:2 e",),
        '@pytest.mark.verifies("REQ-001", "UN-002")',
    ),
    Mistake(
        "an anomaly without severity",
        {**second(), ANOMALIES: b"anomalies:\n  - {id: ANO-001, title: t, status: open, rationale: r}\n"},
        (f"LM-CFG-005 {ANOMALIES}:2:5 e",),
    ),
    Mistake(
        "an anomaly of severity five",
        {**second(), ANOMALIES: b"anomalies:\n  - {id: ANO-001, title: t, severity: 5, status: open, rationale: r}\n"},
        (f"LM-CFG-005 {ANOMALIES}:2:39 e",),
    ),
    Mistake(
        "an anomaly whose id is none",
        {**second(), ANOMALIES: b"anomalies:\n  - {id: bug 7, title: t, severity: 1, status: open, rationale: r}\n"},
        (f"LM-TRC-010 {ANOMALIES}:2:10 e",),
    ),
    Mistake(
        "an anomaly of another product",
        {**second(), ANOMALIES: b'anomalies:\n  - {id: "pump:ANO-1", title: t, severity: 1, status: open, rationale: r}\n'},
        (f"LM-TRC-010 {ANOMALIES}:2:10 e",),
    ),
    Mistake(
        "an anomaly twice",
        {**second(), ANOMALIES: b"anomalies:\n" + 2 * b"  - {id: ANO-001, title: t, severity: 1, status: open, rationale: r}\n"},
        (f"LM-TRC-011 {ANOMALIES}:3:10 e",),
    ),
    Mistake(
        "an anomaly named like an item",
        {**second(), ANOMALIES: b"anomalies:\n  - {id: REQ-001, title: t, severity: 1, status: open, rationale: r}\n"},
        (f"LM-TRC-011 {ANOMALIES}:2:10 e",),
    ),
    Mistake(
        "an anomaly that affects nothing known",
        {**second(), ANOMALIES: b"anomalies:\n  - {id: ANO-001, title: t, severity: 1, status: open, rationale: r, affects: [REQ-009]}\n"},
        (f"LM-TRC-023 {ANOMALIES}:2:10 e",),
    ),
    Mistake(
        "a declared marker that matches nothing",
        {**second(), MARKERS: b"markers:\n  - tests: [tests/gone.py]\n    verifies: [REQ-001]\n    reason: r\n"},
        (f"LM-TRC-046 {MARKERS}:2:13 w",),
    ),
    Mistake(
        "a declared marker of an unknown id",
        {**second(), MARKERS: b"markers:\n  - tests: [tests/unit]\n    verifies: [REQ-009]\n    reason: r\n"},
        (f"LM-TRC-041 {MARKERS}:2 e",),
    ),
    Mistake(
        "a declared marker of no id",
        {**second(), MARKERS: b"markers:\n  - tests: [tests/unit]\n    verifies: [nine]\n    reason: r\n"},
        (f"LM-TRC-010 {MARKERS}:3:16 e",),
    ),
    Mistake(
        "a declared marker without reason",
        {**second(), MARKERS: b"markers:\n  - tests: [tests/unit]\n    verifies: [REQ-001]\n"},
        (f"LM-CFG-005 {MARKERS}:2:5 e",),
    ),
]
TABLE = [*READING, *LINKS, *RISK, *SOURCES]


@pytest.mark.parametrize("mistake", TABLE, ids=[mistake.name for mistake in TABLE])
def test_one_mistake_is_said_with_its_rule_and_place_and_nothing_else_is(mistake):
    findings = check(sound(), mistake.files, scan=sources(mistake.marks, "def test_it(): pass"))
    assert tuple(f"{finding.code} {finding.location} {finding.severity.value[0]}" for finding in findings) == mistake.said
    assert all(finding.help and finding.message for finding in findings)


def test_the_names_in_the_table_differ():
    assert len({mistake.name for mistake in TABLE}) == len(TABLE)


@pytest.mark.parametrize("pair", [(READING, LINKS), (LINKS, RISK)], ids=["reading and links", "links and risks"])
def test_two_mistakes_in_two_files_are_both_said(pair):
    first = next(mistake for mistake in pair[0] if mistake.name in {"an unknown key", "no origin"})
    other = {path.replace("002", "003"): data.replace(b"-002", b"-003") for path, data in second("harm: Death").items()}
    marks = '@pytest.mark.verifies("REQ-001", "REQ-002", "REQ-003")'
    findings = check(sound(), first.files, other, scan=sources(marks, "def test_it(): pass"))
    assert [f"{finding.code} {finding.location} {finding.severity.value[0]}" for finding in findings] == [
        *first.said,
        "LM-TRC-005 quality/requirements/REQ-003.md:7:7 e",
    ]
