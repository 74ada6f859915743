"""The multi-item form, split and join, outlines and rendered documents."""

import re

import pytest

from fakes.trace_files import anything, codes, hazard, item, need, requirement, sound, sound_sources
from lotmark.base.errors import UsageError
from lotmark.base.findings import Severity
from lotmark.trace._outline import format_outline
from lotmark.trace.api import join_items, list_documents, parse_outline, parse_trace, render_html, render_markdown, split_document

pytestmark = pytest.mark.verifies("REQ-452", "RC-450")

SRS = "quality/requirements/SRS.md"
DOCUMENT = """\
# Software requirements

Words before.

## Alarms

### SRS-0031 Reject an expired lot

- type: software-requirement
- status: approved
- safety-class: C
* derives: [UN-001]

The software shall reject it.

#### Rationale

An expired lot loses sensitivity.

##### Detail

Deep.

### SRS-0032: Two titles #

- type: requirement
- derives: [UN-001]

```
### SRS-9999 in a fence
```

## Closing

Words after.
"""


def document(text=DOCUMENT, **more):
    return parse_trace({**need("UN-001"), **hazard("HAZ-001"), SRS: text.encode(), **more}, "qpcr")


# ---- the multi-item form


def test_items_stand_under_their_headings_with_their_fields():
    graph = document()
    assert graph.findings == ()
    one, two = graph.items["SRS-0031"], graph.items["SRS-0032"]
    assert (one.title, one.category, one.status, one.safety_class, one.targets()) == ("Reject an expired lot", "software", "approved", "C", ("UN-001",))
    assert one.text == "The software shall reject it."
    assert one.sections == {"rationale": "An expired lot loses sensitivity.\n\n### Detail\n\nDeep."}
    assert (one.path, one.line) == (SRS, 7)
    assert (two.title, two.text) == ("Two titles", "```\n### SRS-9999 in a fence\n```")


def test_both_forms_give_the_same_fingerprint():
    single = item(
        "software-requirement", "SRS-0031", "safety-class: C", "derives: [UN-001]", title="Reject an expired lot", body="The software shall reject it."
    )
    assert parse_trace({"quality/requirements/SRS-0031.md": single}, "qpcr").items["SRS-0031"].fingerprint == document().items["SRS-0031"].fingerprint


@pytest.mark.parametrize("data", [DOCUMENT.replace("\n", "\r\n").encode(), b"\xef\xbb\xbf" + DOCUMENT.encode()], ids=["CRLF", "byte order mark"])
def test_windows_files_are_read_with_a_warning(data):
    graph = parse_trace({**need("UN-001"), **hazard("HAZ-001"), SRS: data}, "qpcr")
    assert codes(graph.findings) == ["LM-TRC-007"]
    assert len(graph.items) == 4


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("- status: approved", "- status: finished", "LM-TRC-006", 10),
        ("- status: approved", "- statsu: approved", "LM-TRC-005", 10),
        ("- status: approved", "- type: requirement", "LM-TRC-004", 10),
        ("- status: approved", "- status: &a", "LM-TRC-003", 10),
        ("- type: software-requirement\n", "", "LM-TRC-006", 0),
        ("### SRS-0032", "### SRS-0031", "LM-TRC-011", 24),
        ("[UN-001]\n\nThe", "[UN-009]\n\nThe", "", 0),
        ("#### Rationale", "#### Rational", "LM-TRC-008", 16),
        ("The software shall reject it.\n", "", "LM-TRC-009", 0),
    ],
)
def test_a_mistake_is_said_with_its_line(old, new, code, line):
    findings = document(DOCUMENT.replace(old, new, 1)).findings
    if not code:
        assert findings == ()
        return
    assert codes(findings) == [code]
    if line:
        assert findings[0].location.line == line


def test_a_file_without_items_is_no_document():
    assert "LM-TRC-002" in codes(document("# Only words\n\n## And more\n").findings)


# ---- split and join


def test_a_document_is_split_into_one_file_per_item_and_an_outline():
    graph = document()
    plan = split_document(SRS, DOCUMENT.encode(), graph)
    assert sorted(plan) == ["quality/documents/SRS.md", "quality/requirements/SRS-0031.md", "quality/requirements/SRS-0032.md", SRS]
    assert plan[SRS] is None
    files = {path: data for path, data in plan.items() if data is not None}
    after = parse_trace({**need("UN-001"), **hazard("HAZ-001"), **files}, "qpcr")
    assert after.findings == ()
    for name in ("SRS-0031", "SRS-0032"):
        assert (after.items[name].fingerprint, after.items[name].sections, after.items[name].targets()) == (
            graph.items[name].fingerprint,
            graph.items[name].sections,
            graph.items[name].targets(),
        )
    assert (
        plan["quality/documents/SRS.md"].decode()
        == "# Software requirements\n\nWords before.\n\n## Alarms\n\n- SRS-0031\n- SRS-0032\n\n## Closing\n\nWords after.\n"
    )


def test_what_is_split_can_be_joined_to_the_same_items():
    graph = document()
    files = {**need("UN-001"), **hazard("HAZ-001"), **{path: data for path, data in split_document(SRS, DOCUMENT.encode(), graph).items() if data is not None}}
    after = parse_trace(files, "qpcr")
    outline = parse_outline("quality/documents/SRS.md", files["quality/documents/SRS.md"], "qpcr", [])
    joined = join_items(outline, after, files)
    again = document(joined.decode())
    assert again.findings == ()
    for name, one in graph.items.items():
        other = again.items[name]
        assert (one.fingerprint, one.sections, one.attributes, one.targets(), one.status, one.aliases) == (
            other.fingerprint,
            other.sections,
            other.attributes,
            other.targets(),
            other.status,
            other.aliases,
        )
    assert b"Words before." in joined
    assert b"## Closing" in joined


def test_every_type_survives_join_and_split():
    files = {**sound(), **anything()}
    graph = parse_trace(files, "qpcr")
    outline = parse_outline("quality/documents/all.md", format_outline("All", [((), name) for name in graph.items]), "qpcr", [])
    joined = join_items(outline, graph, files)
    alone = parse_trace({SRS: joined}, "qpcr")
    split = parse_trace({path: data for path, data in split_document(SRS, joined, alone).items() if data is not None}, "qpcr")
    assert set(split.items) == set(graph.items)
    for name, one in graph.items.items():
        other = split.items[name]
        assert (one.fingerprint, one.sections, one.attributes, one.aliases, one.status, [link.target for link in one.links]) == (
            other.fingerprint, other.sections, other.attributes, other.aliases, other.status, [link.target for link in other.links],
        )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("# Only words\n", "no document with items"),
        ("---\nid: REQ-001\n---\n", "no document with items"),
        (DOCUMENT.replace("SRS-0032", "SRS-0031"), "stands twice"),
        (DOCUMENT.replace("- status: approved", "- status: &a"), "cannot start with"),
        (DOCUMENT.replace("- status: approved", "- type: requirement"), "stands twice"),
    ],
)
def test_a_document_that_would_lose_something_is_not_split(text, says):
    with pytest.raises(UsageError, match=says) as caught:
        split_document(SRS, text.encode(), document())
    assert caught.value.code == "LM-TRC-062"


@pytest.mark.parametrize(
    ("lines", "says"),
    [("- REQ-404\n", "REQ-404 does not exist"), ("<!-- items: type=hazard -->\n", "computes items"), ("- SRS-0031\n", "stands in a document already")],
)
def test_an_outline_that_cannot_be_joined_is_refused(lines, says):
    files = {**sound(), SRS: DOCUMENT.encode()}
    outline = parse_outline("quality/documents/a.md", f"# A\n\n{lines}".encode(), "qpcr", [])
    with pytest.raises(UsageError, match=says):
        join_items(outline, parse_trace(files, "qpcr"), files)


@pytest.mark.parametrize("line", ["# One", "###### Six"])
def test_an_item_with_a_heading_that_no_document_can_hold_is_not_joined(line):
    files = {"quality/requirements/REQ-001.md": item("requirement", "REQ-001", body=f"Text.\n\n{line}\n")}
    outline = parse_outline("quality/documents/a.md", b"# A\n\n- REQ-001\n", "qpcr", [])
    with pytest.raises(UsageError, match="has no place in a document"):
        join_items(outline, parse_trace(files, "qpcr"), files)


def test_a_list_behind_the_fields_is_text():
    graph = document("## SRS-1 One\n\n- type: requirement\n- derives: [UN-001]\n\n- status: of the pump\n- harm: none\n")
    assert graph.findings == ()
    assert graph.items["SRS-1"].text == "- status: of the pump\n- harm: none"


# ---- outlines


OUTLINE = """\
---
title: The requirements
covers: [user-need]
---
Before.

## First

- UN-001
- [REQ-001](../requirements/REQ-001.md)
* [[RC-001]]

- a list of words
- REQ-001 and more

<!-- items: type=hazard -->

<!-- table: hazards -->

```
- UN-001
```
"""


def outline_of(text, **more):
    graph = parse_trace({**sound(), **more, "quality/documents/srs.md": text.encode()}, "qpcr", sources=sound_sources())
    findings = []
    return parse_outline("quality/documents/srs.md", text.encode(), "qpcr", findings), graph, findings


def test_an_outline_is_headings_texts_items_queries_and_tables():
    outline, graph, findings = outline_of(OUTLINE)
    assert (outline.title, outline.covers, findings, graph.findings) == ("The requirements", ("user-need",), [], ())
    assert [(block.kind, block.text.split("\n")[0]) for block in outline.blocks] == [
        ("text", "Before."), ("heading", "First"), ("item", "UN-001"), ("item", "REQ-001"), ("item", "RC-001"), ("text", "- a list of words"),
        ("items", "type=hazard"), ("table", "hazards"), ("text", "```"),
    ]  # fmt: skip
    assert outline.blocks[2].line == 9


@pytest.mark.parametrize(
    ("text", "code", "severity"),
    [
        ("- REQ-404\n", "LM-TRC-060", Severity.ERROR),
        ("- REQ-001\n- REQ-001\n", "LM-TRC-060", Severity.WARNING),
        ("<!-- table: colours -->\n", "LM-TRC-060", Severity.ERROR),
        ("<!-- items: colour=red -->\n", "LM-TRC-060", Severity.ERROR),
        ("<!-- items: all of them -->\n", "LM-TRC-060", Severity.ERROR),
        ("---\ncovers: [requirement]\n---\n- UN-001\n", "LM-TRC-061", Severity.ERROR),
        ("---\ntitel: x\n---\n- UN-001\n", "LM-TRC-005", Severity.ERROR),
        ("---\ntitle: x\n", "LM-TRC-002", Severity.ERROR),
        ("- REQ-002\n", "LM-TRC-025", Severity.WARNING),
    ],
)
def test_what_is_wrong_with_an_outline_is_a_finding_of_the_trace(text, code, severity):
    gone = {path: data.replace(b"status: approved", b"status: obsolete") for path, data in requirement("REQ-002").items()}
    _, graph, _ = outline_of(text, **gone)
    assert [(finding.code, finding.severity) for finding in graph.findings] == [(code, severity)]
    assert graph.findings[0].location.path == "quality/documents/srs.md"


def test_an_outline_that_is_no_text_is_said():
    graph = parse_trace({**sound(), "quality/documents/srs.md": b"\xff"}, "qpcr")
    assert codes(graph.findings) == ["LM-TRC-001"]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("type=requirement", ["REQ-001", "REQ-002"]), ("type=software-requirement", ["REQ-002"]), ("category=software", ["REQ-002"]), ("prefix=UN", ["UN-001"]),
        ("status=approved type=hazard", ["HAZ-001"]), ("safety-class=C", ["REQ-002"]), ("status=draft", []),
    ],
)  # fmt: skip
def test_a_query_takes_the_items_that_fit(query, ids):
    more = {"quality/requirements/REQ-002.md": item("software-requirement", "REQ-002", "safety-class: C", "derives: [UN-001]")}
    outline, graph, _ = outline_of(f"<!-- items: {query} -->\n", **more)
    from lotmark.trace.api import outline_items

    assert [one.id for one in outline_items(outline, graph)] == ids


# ---- documents


def test_a_product_without_outlines_has_the_standard_documents():
    graph = parse_trace(sound(), "qpcr")
    outlines, findings = list_documents(sound(), graph)
    assert [outline.name for outline in outlines] == ["software-requirements", "risk-management-file", "test-plan"]
    assert findings == ()
    own = {**sound(), "quality/documents/test-plan.md": b"# Our plan\n"}
    outlines, _ = list_documents(own, parse_trace(own, "qpcr"))
    assert [outline.title for outline in outlines] == ["Our plan", "Software requirements specification", "Risk management file"]


@pytest.fixture(scope="module")
def everything():
    files = {
        **sound(),
        **anything(),
        "quality/anomalies.yaml": b"anomalies:\n  - {id: ANO-009, title: An old one, severity: 4, status: open, rationale: Cosmetic.}\n",
    }
    graph = parse_trace(files, "qpcr", sources=sound_sources())
    outlines, _ = list_documents(files, graph)
    return graph, {outline.name: outline for outline in outlines}


@pytest.mark.parametrize("form", [render_html, render_markdown], ids=["HTML", "Markdown"])
def test_every_item_of_the_covered_types_stands_in_its_document(everything, form):
    graph, outlines = everything
    for outline in outlines.values():
        page = form(outline, graph)
        for name in outline.covers:
            for one in graph.of_type(name):
                assert one.id in page
                assert one.title in page


def test_the_risk_file_says_before_and_after_and_who_judged(everything):
    graph, outlines = everything
    page = render_markdown(outlines["risk-management-file"], graph)
    assert "| HAZ-001 | A title | The patient is not treated | Death | critical x probable: high | RC-001 | critical x improbable: medium | yes |" in page
    assert "| ANO-009 | An old one | 4 | open | Cosmetic. |  |" in page
    assert "- mitigated by: RC-001" in page


def test_the_test_plan_names_the_tests_of_each_requirement(everything):
    graph, outlines = everything
    page = render_markdown(outlines["test-plan"], graph)
    assert "| REQ-001 | A title |  | tests/unit/test_it.py::test_it |" in page
    assert "| REQ-011 | A title |  | TC-001 |" in page


def test_the_page_is_one_sound_file_that_loads_nothing(everything):
    from html.parser import HTMLParser

    graph, outlines = everything
    for outline in outlines.values():
        page = render_html(outline, graph)
        seen = []

        class Look(HTMLParser):
            def handle_starttag(self, tag, attrs, seen=seen):
                seen.append((tag, dict(attrs)))

        Look().feed(page)
        tags = {tag for tag, _ in seen}
        assert not tags & {"script", "link", "img", "iframe", "object", "form"}
        anchors = {attributes["id"] for _, attributes in seen if "id" in attributes}
        inner = [attributes["href"][1:] for tag, attributes in seen if tag == "a" and attributes.get("href", "").startswith("#")]
        assert set(inner) - anchors <= set(graph.items)
        assert page.startswith("<!doctype html>")


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "[x](javascript:alert(1))", "![x](https://evil/x.png)", "<img src=x onerror=alert(1)>", '"><b>'])
def test_nothing_of_an_item_reaches_the_page_as_markup(text):
    files = {"quality/requirements/REQ-001.md": item("requirement", "REQ-001", 'x-note: "<script>alert(2)</script>"', title='"<i>t</i>"', body=text)}
    graph = parse_trace(files, "qpcr")
    outlines, _ = list_documents(files, graph)
    page = render_html(outlines[0], graph)
    assert not re.search(r"<script|<img|<i>|<b>|href=\"javascript", page)


def test_a_line_that_names_nothing_leaves_no_gap_in_silence():
    outline, graph, _ = outline_of("# D\n\n- REQ-404\n\n<!-- items: type=threat -->\n\n<!-- table: soup -->\n")
    assert render_markdown(outline, graph).count("There are none") == 2
    assert "REQ-404 does not exist" in render_markdown(outline, graph)
    assert "REQ-404 does not exist" in render_html(outline, graph)
