"""ReqIF in and out: what the model holds survives the way to another tool and back."""

import io
import zipfile
from dataclasses import replace

import pytest

from fakes.foreign_items import WHEN, exported, item_of, plan_of, read, said, written
from fakes.trace_files import anything, item, sound
from lotmark.base.errors import LotmarkError
from lotmark.trace.api import format_reqif, list_documents, parse_trace

pytestmark = pytest.mark.verifies("REQ-451", "RC-450")

HEAD = '<REQ-IF xmlns="http://www.omg.org/spec/ReqIF/20110401/reqif.xsd" xmlns:xhtml="http://www.w3.org/1999/xhtml"><CORE-CONTENT><REQ-IF-CONTENT>'
TAIL = "</REQ-IF-CONTENT></CORE-CONTENT></REQ-IF>"
TYPES = """<DATATYPES><DATATYPE-DEFINITION-ENUMERATION IDENTIFIER="e"><SPECIFIED-VALUES><ENUM-VALUE IDENTIFIER="v1" LONG-NAME="High"/>
<ENUM-VALUE IDENTIFIER="v2" LONG-NAME="Low"/></SPECIFIED-VALUES></DATATYPE-DEFINITION-ENUMERATION></DATATYPES>
<SPEC-TYPES><SPEC-OBJECT-TYPE IDENTIFIER="t" LONG-NAME="Requirement"><SPEC-ATTRIBUTES>
<ATTRIBUTE-DEFINITION-XHTML IDENTIFIER="a" LONG-NAME="ReqIF.Text"/><ATTRIBUTE-DEFINITION-STRING IDENTIFIER="n" LONG-NAME="ReqIF.Name"/>
<ATTRIBUTE-DEFINITION-STRING IDENTIFIER="f" LONG-NAME="ReqIF.ForeignID"/><ATTRIBUTE-DEFINITION-ENUMERATION IDENTIFIER="p" LONG-NAME="Priority"/>
<ATTRIBUTE-DEFINITION-STRING IDENTIFIER="d" LONG-NAME="Default"><DEFAULT-VALUE><ATTRIBUTE-VALUE-STRING THE-VALUE="usual"/></DEFAULT-VALUE></ATTRIBUTE-DEFINITION-STRING>
</SPEC-ATTRIBUTES></SPEC-OBJECT-TYPE><SPEC-RELATION-TYPE IDENTIFIER="r" LONG-NAME="satisfies"/></SPEC-TYPES>"""


def definition(form, key):
    return f"<DEFINITION><ATTRIBUTE-DEFINITION-{form}-REF>{key}</ATTRIBUTE-DEFINITION-{form}-REF></DEFINITION>"


def string(key, value):
    return f'<ATTRIBUTE-VALUE-STRING THE-VALUE="{value}">{definition("STRING", key)}</ATTRIBUTE-VALUE-STRING>'


def xhtml(body, key="a"):
    return f"<ATTRIBUTE-VALUE-XHTML>{definition('XHTML', key)}<THE-VALUE><xhtml:div>{body}</xhtml:div></THE-VALUE></ATTRIBUTE-VALUE-XHTML>"


def words(*keys):
    values = "".join(f"<ENUM-VALUE-REF>{key}</ENUM-VALUE-REF>" for key in keys)
    return f"<ATTRIBUTE-VALUE-ENUMERATION><VALUES>{values}</VALUES>{definition('ENUMERATION', 'p')}</ATTRIBUTE-VALUE-ENUMERATION>"


def spec_object(key, *values):
    return f'<SPEC-OBJECT IDENTIFIER="{key}"><VALUES>{"".join(values)}</VALUES><TYPE><SPEC-OBJECT-TYPE-REF>t</SPEC-OBJECT-TYPE-REF></TYPE></SPEC-OBJECT>'


def relation(source, target, more=""):
    return (
        f'<SPEC-RELATION IDENTIFIER="{source}{target}">{more}<SOURCE><SPEC-OBJECT-REF>{source}</SPEC-OBJECT-REF></SOURCE>'
        f"<TARGET><SPEC-OBJECT-REF>{target}</SPEC-OBJECT-REF></TARGET><TYPE><SPEC-RELATION-TYPE-REF>r</SPEC-RELATION-TYPE-REF></TYPE></SPEC-RELATION>"
    )


def node(key, *children):
    below = f"<CHILDREN>{''.join(children)}</CHILDREN>" if children else ""
    return f'<SPEC-HIERARCHY IDENTIFIER="h{key}"><OBJECT><SPEC-OBJECT-REF>{key}</SPEC-OBJECT-REF></OBJECT>{below}</SPEC-HIERARCHY>'


def document(*objects, relations=(), tree=()):
    specification = f'<SPECIFICATIONS><SPECIFICATION IDENTIFIER="s" LONG-NAME="Doc"><CHILDREN>{"".join(tree)}</CHILDREN></SPECIFICATION></SPECIFICATIONS>'
    return f"{HEAD}{TYPES}<SPEC-OBJECTS>{''.join(objects)}</SPEC-OBJECTS><SPEC-RELATIONS>{''.join(relations)}</SPEC-RELATIONS>{specification}{TAIL}"


def texts(body):
    (one,) = read(document(spec_object("o", xhtml(body))), "a.reqif").items
    return one.fields["ReqIF.Text"]


# ---- in


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("plain", "plain"),
        ("  two\n  words  ", "two words"),
        ("<xhtml:p>One.</xhtml:p><xhtml:p>Two.</xhtml:p>", "One.\n\nTwo."),
        ("a<xhtml:br/>b", "a\nb"),
        ("<xhtml:b>bold</xhtml:b> and <xhtml:i>it<xhtml:u>al</xhtml:u></xhtml:i>ic", "bold and italic"),
        (
            "Lead:<xhtml:ul><xhtml:li>one</xhtml:li><xhtml:li>two<xhtml:ul><xhtml:li>deep</xhtml:li></xhtml:ul></xhtml:li></xhtml:ul>tail",
            "Lead:\n\n- one\n- two\n  - deep\n\ntail",
        ),
        ("<xhtml:ol><xhtml:li>one</xhtml:li><xhtml:li>two</xhtml:li></xhtml:ol>", "1. one\n2. two"),
        (
            "<xhtml:table><xhtml:tr><xhtml:th>A</xhtml:th><xhtml:th>B</xhtml:th></xhtml:tr><xhtml:tr><xhtml:td>1</xhtml:td><xhtml:td>2</xhtml:td></xhtml:tr></xhtml:table>",
            "| A | B |\n| 1 | 2 |",
        ),
        ("<xhtml:h1>Head</xhtml:h1>text", "Head\n\ntext"),
        ("<xhtml:pre>a\n  b</xhtml:pre>", "a\n  b"),
        ("a &lt; b &amp;&#160;c", "a < b & c"),
        ("", ""),
    ],
)
def test_formatted_text_becomes_text(body, text):
    assert texts(body) == text


def test_objects_come_with_all_attributes_in_the_order_of_the_hierarchy():
    source = document(
        spec_object("o1", string("f", "SYS-2"), xhtml("Second."), words("v1", "v2")),
        spec_object("o2", string("f", "SYS-1"), string("n", "Chapter one")),
        spec_object("o3", words("v2")),
        relations=[relation("o1", "o2")],
        tree=[node("o2", node("o1"))],
    )
    one, two, three = read(source, "a.reqif").items
    assert [one.id, two.id, three.id] == ["SYS-1", "SYS-2", "o3"]
    assert two.chapter == ("Chapter one",)
    assert two.fields == {"Default": "usual", "ReqIF.ForeignID": "SYS-2", "ReqIF.Text": "Second.", "Priority": ("High", "Low")}
    assert [(link.role, link.target) for link in two.links] == [("satisfies", "SYS-1")]
    assert three.fields["Priority"] == "Low"


def test_they_become_items_with_links_and_extensions():
    source = document(
        spec_object("o1", string("f", "SYS-2"), xhtml("Second."), words("v1")),
        spec_object("o2", string("f", "SYS-1"), xhtml("First.")),
        relations=[relation("o1", "o2")],
    )
    plan = plan_of(read(source, "a.reqif"))
    two = item_of(plan, "SYS-2")
    assert (two.text, two.targets("refines"), two.attributes["x-priority"], two.attributes["x-default"]) == ("Second.", ("SYS-1",), "High", "usual")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (document(spec_object("o", string("q", "x"))), "the attribute 'q', which is not defined"),
        (document(spec_object("o", words("v9"))), "the value 'v9' is not defined"),
        (document(spec_object("o"), spec_object("o")), "the identifier 'o' stands twice"),
        (document(spec_object("o1", string("f", "A-1")), spec_object("o2", string("f", "A-1"))), "the id 'A-1' stands twice"),
        (document(spec_object("o"), relations=[relation("x", "o")]), "starts at 'x', which is not in the file"),
        (document(spec_object("o"), relations=[relation("o", "o", "<VALUES><X/></VALUES>")]), "has attributes, which links do not hold"),
        (document(spec_object("o", xhtml('<xhtml:object data="pump.png" type="image/png">alt</xhtml:object>'))), "an embedded object was left out: pump.png"),
    ],
)
def test_what_an_item_cannot_hold_is_said(source, says):
    (finding,) = read(source, "a.reqif").findings
    assert says in finding.message
    assert finding.location.line > 0


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("<a/>", "LM-INT-008"),
        ("<REQ-IF/>", "LM-TRC-050"),
        ("", "LM-INT-008"),
        (HEAD, "LM-INT-010"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><REQ-IF>&a;</REQ-IF>', "LM-INT-009"),
        ("<REQ-IF>" + "<a>" * 100_000, "LM-INT-005"),
        ('<?xml version="1.0" encoding="rot13"?><REQ-IF/>', "LM-INT-004"),
        (b"<REQ-IF>\xff</REQ-IF>", "LM-INT-004"),
    ],
)
def test_a_hostile_or_broken_document_is_refused(data, code):
    with pytest.raises(LotmarkError) as caught:
        read(data, "a.reqif")
    assert caught.value.code in {code, "LM-INT-008", "LM-INT-010"} if code in {"LM-INT-008", "LM-INT-010"} else caught.value.code == code


def archive(*members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, data in members:
            made.writestr(name, data)
    return out.getvalue()


def test_an_archive_is_one_document_and_its_attachments_are_named():
    source = document(spec_object("o1", string("f", "SYS-1")))
    other = document(spec_object("o2", string("f", "SYS-2")), relations=[relation("o2", "o1")])
    found = read(archive(("a.reqif", source), ("b.reqif", other), ("pump.png", b"x")), "a.reqifz")
    assert [(one.id, [link.target for link in one.links]) for one in found.items] == [("SYS-1", []), ("SYS-2", ["SYS-1"])]
    assert [finding.message for finding in found.findings] == ["the attachment pump.png was not carried over"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"no", "LM-INT-012"),
        (archive(("a.txt", b"x")), "LM-TRC-050"),
        (archive(("../a.reqif", b"x")), "LM-INT-011"),
        (archive(("a.reqif", b"\0" * 50_000_000)), "LM-INT-008"),
    ],
)
def test_a_hostile_archive_is_refused(data, code):
    with pytest.raises(LotmarkError) as caught:
        read(data, "a.reqifz")
    assert caught.value.code == code


# ---- out and back

RICH = {
    **sound(),
    **anything(),
}


def same(one, other):
    """Everything that the model holds of an item, apart from where it stands."""
    attributes = {key: value for key, value in other.attributes.items() if key != "x-import"}
    other = replace(other, attributes=attributes)
    for name in ("id", "type", "category", "title", "status", "safety_class", "text", "attributes", "sections", "fingerprint", "aliases"):
        assert getattr(one, name) == getattr(other, name), (one.id, name)
    assert {(link.type, link.target) for link in one.links} == {(link.type, link.target) for link in other.links}


def test_everything_that_the_model_holds_comes_back():
    graph = parse_trace(RICH, "qpcr")
    assert graph.findings == ()
    plan = plan_of(exported(graph))
    assert plan.findings == ()
    back = parse_trace(written(plan), "qpcr")
    assert list(back.items) == sorted(graph.items, key=list(back.items).index)
    assert set(back.items) == set(graph.items)
    for item_id, one in graph.items.items():
        same(one, back.items[item_id])


def test_a_second_way_out_gives_the_same_bytes():
    graph = parse_trace(RICH, "qpcr")
    first = format_reqif(graph, at=WHEN)
    assert first == format_reqif(graph, at=WHEN)
    back = parse_trace(written(plan_of(read(first, "a.reqif"))), "qpcr")
    order = [back.items[item_id] for item_id in graph.items]
    assert format_reqif(back, at=WHEN, items=order) == first


def test_a_change_in_the_other_tool_comes_back_as_a_change():
    graph = parse_trace(RICH, "qpcr")
    data = format_reqif(graph, at=WHEN)
    plan = plan_of(read(data, "a.reqif"))
    files = written(plan)
    changed = data.replace(b"The software shall do it.", b"The software shall do more.", 1)
    assert changed != data
    again = plan_of(read(changed, "a.reqif"), files=files, mapping=plan.mapping)
    assert [planned.state for planned in again.files if planned.state != "unchanged"] == ["changed"]
    assert said(again, "LM-TRC-057") == []


def test_an_outline_gives_the_order_and_the_name():
    files = {**sound(), "quality/documents/srs.md": b"# The SRS\n\n- REQ-001\n- UN-001\n"}
    graph = parse_trace(files, "qpcr")
    (outline, *_), _ = list_documents(files, graph)
    document_ = exported(graph, outline=outline)
    assert document_.title == "The SRS"
    assert [one.id for one in document_.items][:2] == ["REQ-001", "UN-001"]
    assert len(document_.items) == 4


@pytest.mark.parametrize(
    "text",
    [
        "a\n\n\n\nb",
        "  indented\n    code",
        "<tag> & \"quotes\" 'x'",
        "tab\there",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "## Unknown section\n\ntext",
        "\\## escaped",
        "```\n## in a fence\n```",
        "größer ≥ 5 µL 🧪",
        "- a\n  - b\n\n1. c",
    ],
)
def test_any_text_survives(text):
    graph = parse_trace({"quality/requirements/REQ-001.md": item("requirement", "REQ-001", body=text)}, "qpcr")
    back = item_of(plan_of(exported(graph)), "REQ-001")
    assert back.text == graph.items["REQ-001"].text
    assert back.fingerprint == graph.items["REQ-001"].fingerprint


def test_what_comes_out_is_read_by_the_library_of_the_field():
    reqif = pytest.importorskip("reqif.parser")
    graph = parse_trace(RICH, "qpcr")
    bundle = reqif.ReqIFParser.parse_from_string(format_reqif(graph, at=WHEN).decode())
    content = bundle.core_content.req_if_content
    assert len(content.spec_objects) == len(graph.items)
    assert len(content.spec_relations) == sum(len(one.links) for one in graph.items.values())
    (specification,) = content.specifications
    assert len(list(bundle.iterate_specification_hierarchy(specification))) == len(graph.items)
