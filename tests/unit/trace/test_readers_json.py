"""needs.json, Doorstop, LOBSTER, OpenFastTrace, issues: each format's records, whole."""

import json

import pytest

from fakes.foreign_items import item_of, plan_of, read, written
from lotmark.base.errors import LotmarkError, UsageError
from lotmark.trace.api import READERS, parse_trace

pytestmark = pytest.mark.verifies("REQ-450", "RC-450")


def needs(**more):
    need = {
        "id": "REQ_1",
        "type": "req",
        "title": "Stop",
        "content": "It shall.",
        "status": "open",
        "links": ["REQ_2"],
        "links_back": ["X"],
        "lineno": 7,
        "docname": "index",
        "sections": ["Inner", "Outer"],
        "is_need": True,
        "tags": [],
        "effort": 3,
    }
    return {"project": "pump", "current_version": "2", "versions": {"1": {"needs": {}}, "2": {"needs": {"REQ_1": {**need, **more}}}}}


def test_needs_of_the_current_version_are_read():
    document = read(json.dumps(needs()), "needs.json")
    assert (document.reader, document.title) == ("needs", "pump")
    (one,) = document.items
    assert (one.id, one.kind, one.line, one.chapter) == ("REQ_1", "req", 7, ("Outer", "Inner"))
    assert one.fields == {"type": "req", "title": "Stop", "content": "It shall.", "status": "open", "links": ("REQ_2",), "effort": "3"}
    plan = plan_of(document)
    item = item_of(plan, "REQ-1")
    assert (item.title, item.text, item.targets("refines")) == ("Stop", "It shall.", ())
    assert (item.attributes["x-effort"], item.attributes["x-links"]) == ("3", "REQ_2")
    assert plan.carried.dangling == [("REQ-1", "refines", "REQ_2")]


def test_another_version_can_be_named():
    assert read(json.dumps(needs()), "needs.json", version="1").items == ()
    tree = needs()
    tree["current_version"] = ""
    with pytest.raises(UsageError, match="no version ''") as caught:
        read(json.dumps(tree), "needs.json")
    assert "one of: 1, 2" in caught.value.solution


@pytest.mark.parametrize("tree", [{"versions": {}}, {"versions": 3}, {"versions": {"1": {}}}, {"versions": {"1": {"needs": {"a": 3}}}}, []])
def test_what_is_no_needs_json_is_refused(tree):
    with pytest.raises(UsageError) as caught:
        read(json.dumps(tree), "needs.json", reader="needs")
    assert caught.value.code == "LM-TRC-050"


DOORSTOP = """\
active: true
derived: false
header: |
  Stop the pump
level: 1.2.0
links:
- HLR001: d41d8cd98f00b204
- HLR002
normative: true
ref: ''
reviewed: abc
text: |
  It shall stop.

  At once.
"""


def test_a_doorstop_item_is_called_by_its_file():
    (one,) = read(DOORSTOP, "reqs/SRD001.yml").items
    assert (one.id, one.kind) == ("SRD001", "requirement")
    assert [link.target for link in one.links] == ["HLR001", "HLR002"]
    assert one.fields["text"] == "It shall stop.\n\nAt once.\n"
    item = item_of(plan_of(read(DOORSTOP, "reqs/SRD001.yml")), "SRD-001")
    assert (item.title, item.text, item.aliases) == ("Stop the pump", "It shall stop.\n\nAt once.", ("SRD001",))
    assert item.attributes["x-links"] == ("HLR001", "HLR002")


def test_links_into_another_document_hold_once_that_is_imported():
    parents = plan_of(read(DOORSTOP.replace("links:\n- HLR001: d41d8cd98f00b204\n- HLR002\n", "links: []\n"), "reqs/HLR001.yml"), name="hlr")
    plan = plan_of(read(DOORSTOP, "reqs/SRD001.yml"), files=written(parents))
    item = parse_trace(written(plan, over=written(parents)), "qpcr").items["SRD-001"]
    assert item.targets("refines") == ("HLR-001",)
    assert item.attributes["x-links"] == "HLR002"


def test_a_markdown_item_of_doorstop_is_read_too():
    text = "---\nactive: true\nlevel: 1.0\nlinks: []\n---\n\n# Stop\n\nIt shall.\n"
    document = read(text, "SRD002.md")
    assert document.reader == "doorstop"
    assert document.items[0].fields["text"] == "# Stop\n\nIt shall."


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("- a\n", "LM-TRC-050"),
        ("a: b\n", "LM-TRC-050"),
        ("a: [\n", "LM-CFG-002"),
        ("active: true\nactive: false\n", "LM-CFG-003"),
        ("a: &x [*x]\n", "LM-CFG-002"),
    ],
)
def test_what_is_no_doorstop_item_is_refused(text, code):
    with pytest.raises(UsageError) as caught:
        read(text, "A001.yml")
    assert caught.value.code == code


def test_the_settings_of_a_doorstop_document_hold_no_item_and_a_broken_link_is_said():
    assert read("settings:\n  prefix: REQ\n", "reqs/.doorstop.yml").items == ()
    (finding,) = read("active: true\nlevel: 1.0\nlinks: [3]\n", "A001.yml").findings
    assert finding.code == "LM-TRC-052"


LOBSTER = {
    "schema": "lobster-req-trace",
    "version": 4,
    "generator": "x",
    "data": [
        {
            "tag": "req pump.stop@3",
            "name": "pump.stop",
            "text": "It shall.",
            "refs": ["req pump.top@1"],
            "kind": "Requirement",
            "framework": "TRLC",
            "status": None,
            "location": {"kind": "file", "file": "a.trlc", "line": 3},
        },
        {"tag": "req pump.top", "name": "pump.top", "text": "Top.", "refs": [], "kind": "Requirement", "framework": "TRLC"},
    ],
}


def test_lobster_items_lose_namespace_and_version_of_their_tags_and_keep_their_place():
    document = read(json.dumps(LOBSTER), "reqs.lobster")
    one, top = document.items
    assert (one.id, one.kind, [link.target for link in one.links]) == ("pump.stop", "Requirement", ["pump.top"])
    assert one.fields["location"] == "a.trlc:3"
    plan = plan_of(document)
    item = item_of(plan, plan.carried.aliases["pump.stop"])
    assert item.targets() == (plan.carried.aliases["pump.top"],)
    assert item.aliases == ("pump.stop",)
    assert top.links == ()


@pytest.mark.parametrize("tree", [{}, {"schema": "other"}, {"schema": "lobster-req-trace", "data": 3}, {"schema": "lobster-req-trace", "data": [3]}])
def test_other_files_are_no_lobster_files(tree):
    with pytest.raises(UsageError) as caught:
        read(json.dumps(tree), "a.lobster")
    assert caught.value.code == "LM-TRC-050"


OFT_XML = """<?xml version="1.0"?>
<specdocument><specobjects doctype="dsn"><specobject><id>login-limit</id><version>2</version><status>approved</status><shortdesc>Limit</shortdesc>
<description>Three tries.</description><rationale>Safety.</rationale>
<providescoverage><provcov><linksto>login</linksto><dstdoctype>req</dstdoctype><dstversion>1</dstversion></provcov></providescoverage>
<needscoverage><needsobj>impl</needsobj><needsobj>utest</needsobj></needscoverage></specobject></specobjects>
<specobjects doctype="req"><specobject><id>login</id><version>1</version><description>Log in.</description></specobject></specobjects></specdocument>"""


def test_openfasttrace_items_are_named_as_its_tags_name_them():
    limit, login = read(OFT_XML, "a.oft").items
    assert (limit.id, limit.kind, [link.target for link in limit.links]) == ("dsn~login-limit", "dsn", ["req~login"])
    assert limit.fields["needscoverage"] == ("impl", "utest")
    assert login.id == "req~login"
    plan = plan_of(read(OFT_XML, "a.oft"))
    item = item_of(plan, plan.carried.aliases["dsn~login-limit"])
    assert (item.title, item.text, item.sections["rationale"], item.status) == ("Limit", "Three tries.", "Safety.", "proposed")
    assert item.targets("refines") == (plan.carried.aliases["req~login"],)


def test_a_json_list_of_openfasttrace_items_is_read_too():
    records = [
        {"id": "dsn~a~2", "artifactType": "dsn", "title": "A", "description": "x", "covers": ["req~b~1"]},
        {"id": "req~b~1", "title": "B", "description": "y"},
    ]
    a, b = read(json.dumps(records), "a.json").items
    assert (a.id, a.kind, a.links[0].target, b.kind) == ("dsn~a", "dsn", "req~b", "req")


GITHUB = [
    {
        "number": 42,
        "title": "Stop",
        "body": "It shall.",
        "state": "OPEN",
        "labels": [{"name": "bug"}, {"name": "pump"}],
        "html_url": "https://x/42",
        "milestone": None,
        "author": {"login": "ada"},
    }
]
GITLAB = [{"iid": 7, "id": 900, "title": "Stop", "description": "It shall.", "state": "opened", "labels": ["bug"], "web_url": "https://x/7"}]
JIRA = {
    "issues": [
        {
            "key": "PUMP-12",
            "id": "1",
            "fields": {
                "summary": "Stop",
                "description": "It shall.",
                "status": {"name": "Done", "id": "3"},
                "issuetype": {"name": "Story"},
                "parent": {"key": "PUMP-1"},
                "issuelinks": [
                    {"type": {"outward": "verifies"}, "outwardIssue": {"key": "PUMP-3"}},
                    {"type": {"inward": "x"}, "inwardIssue": {"key": "PUMP-4"}},
                ],
                "labels": ["a", "b"],
                "customfield_1": {"deep": {"deeper": {"deepest": 1}}},
                "empty": None,
            },
        }
    ]
}


@pytest.mark.parametrize(
    ("tree", "key", "text"), [(GITHUB, "#42", "body"), (GITLAB, "#7", "description"), (JIRA, "PUMP-12", "fields.description")], ids=["GitHub", "GitLab", "Jira"]
)
def test_issues_are_read_with_their_keys(tree, key, text):
    document = read(json.dumps(tree), "issues.json")
    assert document.reader == "issues"
    (one,) = document.items
    assert (one.id, one.fields[text]) == (key, "It shall.")
    (native,) = plan_of(document).carried.items
    assert (native.values["title"], native.text) == ("Stop", "It shall.")


def test_a_key_that_is_an_identifier_stays_and_a_number_becomes_an_alias():
    assert item_of(plan_of(read(json.dumps(JIRA), "a.json")), "PUMP-12").aliases == ()
    plan = plan_of(read(json.dumps(GITHUB), "a.json"))
    assert plan.carried.aliases == {"#42": "REQ-0001"}
    assert item_of(plan, "REQ-0001").attributes["x-labels"] == ("bug", "pump")


def test_links_of_jira_point_where_they_say():
    (one,) = read(json.dumps(JIRA), "a.json").items
    assert [(link.role, link.target) for link in one.links] == [("verifies", "PUMP-3"), ("parent", "PUMP-1")]
    assert one.fields["fields.status.name"] == "Done"
    assert json.loads(one.fields["fields.customfield_1.deep"] if "fields.customfield_1.deep" in one.fields else one.fields["fields.customfield_1.deep.deeper"])


def test_an_issue_without_a_key_is_said():
    (finding,) = read(json.dumps([{"title": "x", "web_url": "y"}]), "a.json").findings
    assert finding.code == "LM-TRC-053"


def test_any_list_can_be_read_with_options():
    tree = {"data": {"rows": [{"ref": "A-1", "what": "x", "flags": [1, True, None]}, {"what": "no ref"}]}}
    document = read(json.dumps(tree), "a.json", reader="json", records="data.rows", id="ref", kind="what")
    assert [(item.id, item.kind, item.fields["flags"]) for item in document.items] == [("A-1", "x", ("1", "true", ""))]
    assert [finding.code for finding in document.findings] == ["LM-TRC-053"]
    assert [item.id for item in read('{"A-1": {"title": "x"}, "A-2": {}}', "a.json").items] == ["A-1", "A-2"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "LM-INT-001"),
        ('{"a": 1, "a": 2}', "LM-INT-002"),
        ("[" * 100_000, "LM-INT-005"),
        (b"[\xff]", "LM-INT-004"),
        ("[NaN]", "LM-INT-003"),
        ("[1]", "LM-TRC-050"),
        ("3", "LM-TRC-050"),
        ("", "LM-TRC-050"),
    ],
)
def test_hostile_json_is_refused(text, code):
    with pytest.raises(LotmarkError) as caught:
        read(text, "a.json")
    assert caught.value.code == code
    assert "a.json" in str(caught.value.where)


@pytest.mark.parametrize(
    ("name", "text", "reader"),
    [
        ("a.csv", "x", "csv"), ("a.TSV", "x", "csv"), ("a.xlsx", "x", "xlsx"), ("a.reqif", "x", "reqif"), ("a.reqifz", "x", "reqifz"), ("a.md", "x", "markdown"),
        ("a.sdoc", "x", "sdoc"), ("a.rst", "x", "rst"), ("a.lobster", "x", "lobster"), ("a.yml", "x", "doorstop"),
        ("a.xml", '<?xml version="1.0"?>\n<REQ-IF xmlns="x">', "reqif"), ("a.xml", "<specdocument>", "openfasttrace"),
        ("a.json", '{"current_version": "", "versions": {}}', "needs"), ("a", '[{"issuetype": 1}]', "issues"), ("a.json", "[]", "json"),
    ],
)  # fmt: skip
def test_name_or_content_tell_the_reader(name, text, reader):
    from lotmark.trace._readers._registry import find_reader

    assert find_reader(name, text.encode()) == reader
    assert reader in READERS


def test_what_nothing_tells_is_asked_for():
    with pytest.raises(UsageError) as caught:
        read("hello", "a.bin")
    assert "--reader" in caught.value.solution
    with pytest.raises(UsageError) as caught:
        read("hello", "a.bin", reader="word")
    assert caught.value.code == "LM-TRC-059"
    assert "csv, xlsx" in caught.value.solution
