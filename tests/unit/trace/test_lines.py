"""The strict line reader: what it reads, and what it says of what it does not read."""

import pytest

from lotmark.base.findings import Severity
from lotmark.trace._lines import MAX_BYTES, MAX_LINES, parse_file

pytestmark = pytest.mark.verifies("REQ-008", "RC-009", "HAZ-006")


PATH = "quality/requirements/REQ-001.md"


def read(text, *, data=None):
    findings = []
    fields = parse_file(PATH, text.encode() if data is None else data, findings)
    return fields, findings


def front(*lines, body="Text.\n"):
    return "\n".join(["---", *lines, "---", body])


def values(*lines):
    fields, findings = read(front(*lines))
    assert findings == []
    return fields.values


def one_finding(*lines):
    fields, findings = read(front(*lines))
    assert fields is not None
    (finding,) = findings
    return finding, fields.values


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("title: Reject an expired lot", "Reject an expired lot"),
        ("title: A", "A"),
        ("title:   spaces around   ", "spaces around"),
        ("title: 007", "007"),
        ("title: true", "true"),
        ("title: ~", "~"),
        ("title: https://example.org/a", "https://example.org/a"),
        ("title: a#b", "a#b"),
        ("title: -5 °C", "-5 °C"),
        ("title: two words # a comment", "two words"),
        ('title: "a: b"', "a: b"),
        ('title: "say \\"no\\" \\\\ here"', 'say "no" \\ here'),
        ("title: 'it''s'", "it's"),
        ('title: ""', ""),
        ('title: "quoted" # a comment', "quoted"),
        ("title:", ""),
        ("title: # nothing but a comment", ""),
        ("title: Größe µl → 5", "Größe µl → 5"),
    ],
)
def test_a_scalar_is_read_as_the_text_that_it_is(line, value):
    assert values(line) == {"title": value}


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        (["derives: [UN-001]"], ("UN-001",)),
        (["derives: [UN-001, UN-002]"], ("UN-001", "UN-002")),
        (["derives: [ UN-001 ,UN-002 ] # why"], ("UN-001", "UN-002")),
        (["derives: [UN-001, UN-002,]"], ("UN-001", "UN-002")),
        (["derives: []"], ()),
        (["derives: ['a, b', \"c]\", pelican:SYS-1]"], ("a, b", "c]", "pelican:SYS-1")),
        (["derives: [it's, so]"], ("it's", "so")),
        (['derives: ["a \\" , b"]'], ('a " , b',)),
        (["derives:", "  - UN-001", "  - UN-002"], ("UN-001", "UN-002")),
        (["derives:", "- UN-001", "- UN-002"], ("UN-001", "UN-002")),
        (["derives:", "  # first", "  - UN-001 # why", "", "  - 'UN-002'"], ("UN-001", "UN-002")),
    ],
)
def test_a_flat_list_is_read_in_flow_and_block_form(lines, value):
    assert values(*lines, "title: T") == {"derives": value, "title": "T"}


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        (["before: {severity: critical, probability: remote}"], {"severity": "critical", "probability": "remote"}),
        (["before: {severity: 'a, b', probability: \"}\"}"], {"severity": "a, b", "probability": "}"}),
        (["before: {}"], {}),
        (["before: { severity: 4 , }"], {"severity": "4"}),
        (["before:", "  severity: critical", "  probability: remote # rarely"], {"severity": "critical", "probability": "remote"}),
        (["before:", "    severity: critical", "", "    # a comment", "    probability: remote"], {"severity": "critical", "probability": "remote"}),
    ],
)
def test_a_one_level_mapping_is_read_in_flow_and_block_form(lines, value):
    assert values(*lines, "title: T") == {"before": value, "title": "T"}


def test_places_are_those_of_the_values():
    fields, _ = read(front("id: REQ-001", "# comment", "derives: [UN-001]", "before:", "  severity: x"))
    assert fields.places == {"id": (2, 5), "derives": (4, 10), "before": (5, 8)}


def test_the_body_starts_after_the_second_line_of_dashes():
    fields, _ = read("---\nid: A-1\n---\nFirst.\n---\nSecond.\n")
    assert fields.body == "First.\n---\nSecond.\n"
    assert fields.body_line == 4


def test_an_empty_front_matter_is_read_as_nothing():
    fields, findings = read("---\n---\nBody\n")
    assert (fields.values, fields.body, fields.body_line, findings) == ({}, "Body\n", 3, [])


def test_a_file_may_end_with_the_closing_dashes():
    fields, findings = read("---\nid: A-1\n---")
    assert (fields.values, fields.body, findings) == ({"id": "A-1"}, "", [])


@pytest.mark.parametrize(
    ("line", "at", "word"),
    [
        ("title:\tReject", (2, 7), "tab"),
        ("\ttitle: Reject", (2, 1), "tab"),
        ("Title: Reject", (2, 1), "is not 'key: value'"),
        ("just words", (2, 1), "is not 'key: value'"),
        ("  title: Reject", (2, 3), "is not 'key: value'"),
        ("title:Reject", (2, 1), "is not 'key: value'"),
        ("title: a: b", (2, 9), "two ways"),
        ("title: ends with:", (2, 17), "two ways"),
        ("title: &anchor x", (2, 8), "cannot start"),
        ("title: *alias", (2, 8), "cannot start"),
        ("title: !tag x", (2, 8), "cannot start"),
        ("title: |", (2, 8), "cannot start"),
        ("title: >-", (2, 8), "cannot start"),
        ("title: - a", (2, 8), "cannot start"),
        ("title: %x", (2, 8), "cannot start"),
        ("title: 'open", (2, 8), "not closed"),
        ('title: "open', (2, 8), "not closed"),
        ('title: "a\\n"', (2, 10), "escapes"),
        ('title: "a" b', (2, 11), "after the closing quote"),
        ("derives: [UN-001", (2, 10), "missing on this line"),
        ("derives: [UN-001] x", (2, 18), "stands after"),
        ("derives: [UN-001,, UN-002]", (2, 18), "between the commas"),
        ("derives: [a: b]", (2, 12), "two ways"),
        ("derives: [[a]]", (2, 14), "stands after"),
        ("derives: [[a, b]", (2, 11), "cannot start"),
        ('derives: ["a" b]', (2, 14), "after the closing quote"),
        ("before: {severity}", (2, 10), "is not 'key: value'"),
        ("before: {severity: a", (2, 9), "missing on this line"),
        ("before: {severity: &a}", (2, 20), "cannot start"),
    ],
)
def test_a_line_outside_the_subset_is_named_with_its_column(line, at, word):
    finding, _ = one_finding(line)
    assert finding.code == "LM-TRC-003"
    assert (finding.location.line, finding.location.column) == at
    assert word in finding.message
    assert finding.help
    assert finding.severity is Severity.ERROR


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (["derives:", "  - UN-001", "    - UN-002"], 4),
        (["derives:", "  - UN-001", "  severity: x"], 4),
        (["before:", "  severity: x", "  - UN-001"], 4),
        (["before:", "  severity: x", "  words only"], 4),
        (["before:", "  severity: x", "\tprobability: y"], 4),
        (["before:", "  - a: b"], 3),
        (["before:", "  severity:"], 3),
        (["derives:", "  -"], 3),
        (["derives:", "  - [a]"], 3),
    ],
)
def test_a_block_of_two_minds_is_named_and_left_out(lines, line):
    finding, read_values = one_finding(*lines, "title: T")
    assert (finding.code, finding.location.line) == ("LM-TRC-003", line)
    assert read_values == {"title": "T"}


def test_reading_goes_on_after_a_wrong_line():
    _, findings = read(front("id: REQ-001", "wrong", "title: a: b", "status: [", "owner: me"))
    assert [finding.location.line for finding in findings] == [3, 4, 5]


@pytest.mark.parametrize(
    "lines",
    [["title: A", "title: B"], ["title: a: b", "title: B"], ["title: B", "title: [x]"], ["title:", "  - x", "title:"]],
)
def test_a_key_that_stands_twice_is_named_and_the_first_is_kept(lines):
    _, findings = read(front(*lines))
    (finding,) = [finding for finding in findings if finding.code == "LM-TRC-004"]
    assert "first on line 2" in finding.message


@pytest.mark.parametrize("lines", [["before: {a: 1, a: 2}"], ["before:", "  a: 1", "  a: 2"]])
def test_a_key_that_stands_twice_in_a_mapping_is_named(lines):
    finding, read_values = one_finding(*lines)
    assert finding.code == "LM-TRC-004"
    assert read_values == {}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "does not start"),
        ("# A heading\n", "'# A heading'"),
        ("\n---\nid: A-1\n---\n", "does not start"),
        ("---\nid: A-1\n", "not closed"),
        ("---\nid: A-1\n ---\n", "not closed"),
        ("----\n", "does not start"),
    ],
)
def test_a_file_without_a_front_matter_is_a_finding(text, word):
    fields, (finding,) = read(text)
    assert fields is None
    assert finding.code == "LM-TRC-002"
    assert word in finding.message
    assert str(finding.location) == f"{PATH}:1:1"


def test_windows_line_ends_and_a_byte_order_mark_are_read_and_said():
    fields, findings = read("", data=b"\xef\xbb\xbf---\r\nid: A-1\r\ntitle: T\r\n---\r\nOne.\r\nTwo.\r\n")
    assert fields.values == {"id": "A-1", "title": "T"}
    assert fields.body == "One.\nTwo.\n"
    assert [(finding.code, finding.severity, finding.location.line) for finding in findings] == [
        ("LM-TRC-007", Severity.WARNING, 1),
        ("LM-TRC-007", Severity.WARNING, 1),
    ]


def test_an_old_mac_file_is_read_too():
    fields, findings = read("", data=b"---\rid: A-1\r---\rText\r")
    assert fields.values == {"id": "A-1"}
    assert len(findings) == 1


@pytest.mark.parametrize(
    ("data", "at", "word"),
    [
        (b"---\nid: A-1\ntitle: \xe4\n---\n", (3, 8), "not UTF-8"),
        ("---\nid: A-1\n---\n".encode("utf-16"), (1, 1), "UTF-16"),
        (b"\xff", (1, 1), "not UTF-8"),
    ],
)
def test_bytes_that_are_no_utf8_are_refused_with_their_place(data, at, word):
    fields, (finding,) = read("", data=data)
    assert fields is None
    assert finding.code == "LM-TRC-001"
    assert (finding.location.line, finding.location.column) == at
    assert word in finding.message


@pytest.mark.parametrize(
    ("char", "shown"), [("\0", "U+0000"), ("\x1b", "U+001B"), ("\x85", "U+0085"), ("\u2028", "U+2028"), ("\ufeff", "U+FEFF"), ("\x7f", "U+007F")]
)
def test_a_control_character_is_refused_wherever_it_stands(char, shown):
    fields, (finding,) = read(f"---\nid: A-1\n---\nab{char}c\n")
    assert fields is None
    assert finding.code == "LM-TRC-003"
    assert shown in finding.message
    assert (finding.location.line, finding.location.column) == (4, 3)


def test_tabs_may_stand_in_the_body():
    assert read("---\nid: A-1\n---\na\tb\n")[1] == []


def test_a_huge_file_is_a_finding_and_not_a_zero():
    fields, (finding,) = read("", data=b"---\nid: A-1\n---\n" + b"x" * MAX_BYTES)
    assert fields is None
    assert finding.code == "LM-TRC-001"
    assert str(MAX_BYTES) in finding.message


def test_an_endless_front_matter_is_one_finding():
    fields, (finding,) = read(front(*(f"key-{number}: x" for number in range(MAX_LINES + 1))))
    assert fields.values == {}
    assert "more than 500" in finding.message
