"""StrictDoc documents and item directives in reStructuredText, line by line."""

import json

import pytest

from fakes.foreign_items import item_of, plan_of, read, read_or_refuse, said
from lotmark.base.errors import UsageError

pytestmark = pytest.mark.verifies("REQ-450", "RC-450")

SDOC = """\
[DOCUMENT]
TITLE: Alarms

[GRAMMAR]
ELEMENTS:
- TAG: REQUIREMENT

[FREETEXT]
[REQUIREMENT] is a tag in a text.
[/FREETEXT]

[[SECTION]]
TITLE: Loud ones

[REQUIREMENT]
UID: SYS-1
STATUS: Active
TITLE: Stop
STATEMENT: >>>
The pump shall stop.

[REQUIREMENT]
<<<
COMMENT: first
COMMENT: second
RELATIONS:
- TYPE: Parent
  VALUE: UN-1
- TYPE: Parent
  VALUE: RC-1
  ROLE: Implements

[[REQUIREMENT]]
UID: SYS-2
STATEMENT: Composite.

[REQUIREMENT]
UID: SYS-3
STATEMENT: Inside.

[[/REQUIREMENT]]

[[/SECTION]]

[REQUIREMENT]
UID: SYS-4
STATEMENT: Outside.
"""


def test_nodes_become_items_with_fields_relations_and_chapters():
    document = read(SDOC, "a.sdoc")
    assert document.title == "Alarms"
    one, two, three, four = document.items
    assert one.fields["STATEMENT"] == "The pump shall stop.\n\n[REQUIREMENT]"
    assert one.fields["COMMENT"] == ("first", "second")
    assert [(link.role, link.target) for link in one.links] == [("Parent", "UN-1"), ("Implements", "RC-1")]
    assert (one.line, one.chapter, one.kind) == (15, ("Loud ones",), "REQUIREMENT")
    assert (two.chapter, three.chapter, four.chapter) == (("Loud ones",), ("Loud ones", "SYS-2"), ())
    assert [finding.message for finding in document.findings] == ["1 texts outside items (FREETEXT, TEXT) were not carried over"]


def test_they_are_carried_over():
    plan = plan_of(read(SDOC, "a.sdoc"))
    one = item_of(plan, "SYS-1")
    assert (one.title, one.status, one.sections["notes"]) == ("Stop", "proposed", "first\n\nsecond")
    assert {link.type for link in one.links} == {"refines", "implements"}


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "no StrictDoc document"),
        ("# Markdown\n", 1, "'# Markdown'"),
        ("[DOCUMENT]\nTITLE: x\n\n[REQUIREMENT]\nUID: A-1\nSTATEMENT: >>>\nnever closed\n", 6, "not closed"),
    ],
)
def test_a_document_that_cannot_be_read_whole_is_refused(text, line, says):
    with pytest.raises(UsageError) as caught:
        read(text, "a.sdoc")
    assert (caught.value.code, caught.value.where) == ("LM-TRC-050", f"a.sdoc:{line}:1")
    assert says in caught.value.reason


@pytest.mark.parametrize(
    ("lines", "line", "says", "code"),
    [
        (["STATEMENT: No UID."], 4, "has no UID", "LM-TRC-053"),
        (["UID: A-1", "what is this"], 6, "is no field", "LM-TRC-052"),
        (["UID: A-1", "", "[/SECTION]"], 7, "closes nothing", "LM-TRC-052"),
        (["UID: A-1", "RELATIONS:", "- TYPE: Parent"], 7, "has no VALUE", "LM-TRC-052"),
        (["UID: A-1", "RELATIONS:", "- TYPE: Child", "  VALUE: B-1"], 7, "links are stored on the later item", "LM-TRC-052"),
    ],
)
def test_what_a_node_cannot_say_is_named_with_its_line(lines, line, says, code):
    document = read("[DOCUMENT]\nTITLE: x\n\n[REQUIREMENT]\n" + "\n".join(lines) + "\n", "a.sdoc")
    (finding,) = document.findings
    assert (finding.code, finding.location.line) == (code, line)
    assert says in finding.message


def test_the_json_of_strictdoc_gives_the_same_items():
    tree = {
        "DOCUMENTS": [
            {
                "TITLE": "Alarms",
                "NODES": [
                    {"_NODE_TYPE": "TEXT", "STATEMENT": "Prose."},
                    {
                        "_NODE_TYPE": "SECTION",
                        "TITLE": "Loud ones",
                        "NODES": [
                            {
                                "_NODE_TYPE": "REQUIREMENT",
                                "_TOC": "1.1",
                                "UID": "SYS-1",
                                "STATUS": "Active",
                                "STATEMENT": "Stop.",
                                "RELATIONS": [{"TYPE": "Parent", "VALUE": "UN-1"}, {"TYPE": "Child", "VALUE": "X-1"}],
                            }
                        ],
                    },
                    {"TYPE": "REQUIREMENT", "TITLE": "No UID"},
                    3,
                ],
            }
        ]
    }
    document = read(json.dumps(tree), "export.json")
    assert document.reader == "strictdoc-json"
    (one,) = document.items
    assert (one.id, one.kind, one.chapter, one.fields["STATEMENT"]) == ("SYS-1", "REQUIREMENT", ("Loud ones",), "Stop.")
    assert [(link.role, link.target) for link in one.links] == [("Parent", "UN-1")]
    assert [finding.code for finding in document.findings] == ["LM-TRC-053", "LM-TRC-052"]


@pytest.mark.parametrize("text", ["[]", "{}", '{"DOCUMENTS": 3}', "3"])
def test_other_json_is_no_export_of_strictdoc(text):
    with pytest.raises(UsageError) as caught:
        read(text, "export.json", reader="strictdoc-json")
    assert caught.value.code == "LM-TRC-050"


# ---- reStructuredText


RST = """\
==========
 The title
==========

Chapter
-------

.. req:: Stop the pump
   :id: gd_req__stop
   :status: valid
   :links: a__1,
           a__2

   The pump shall stop.

   .. note:: Not an item, but a part of it.

   * a list

.. toctree::
   :maxdepth: 1

   other

Below
^^^^^

* A bullet
    .. req:: Nested in a list
       :id: gd_req__nested

.. needextend:: "x"
   :+tags: y

Another
-------

.. item:: SW-1 With a title
   :fulfills: SYS-1 SYS-2

Text that is not indented.

More of it.

.. item:: SW-2

   Indented text.

.. _label:

Text after a label.
"""


def test_directives_with_an_id_and_items_are_read_with_their_content():
    document = read(RST, "a.rst")
    stop, nested, one, two = document.items
    assert (stop.id, stop.kind, stop.fields["title"], stop.fields["status"]) == ("gd_req__stop", "req", "Stop the pump", "valid")
    assert stop.fields["links"] == "a__1, a__2"
    assert stop.fields["content"] == "The pump shall stop.\n\n.. note:: Not an item, but a part of it.\n\n* a list"
    assert stop.chapter == ("The title", "Chapter")
    assert (nested.id, nested.line, nested.chapter) == ("gd_req__nested", 29, ("The title", "Chapter", "Below"))
    assert (one.id, one.fields["title"], one.fields["content"]) == ("SW-1", "With a title", "Text that is not indented.\n\nMore of it.")
    assert one.chapter == ("The title", "Another")
    assert two.fields["content"] == "Indented text."
    assert [finding.message for finding in document.findings] == ["1 `needextend` were not applied: only Sphinx can compute them"]


def test_an_item_inside_the_content_of_another_is_an_item():
    text = ".. req:: Outer\n   :id: A_1\n\n   Outer text.\n\n   .. req:: Inner\n      :id: A_2\n\n      Inner text.\n"
    outer, inner = read(text, "a.rst").items
    assert outer.fields["content"] == "Outer text."
    assert inner.fields["content"] == "Inner text."


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (".. req:: Title\n   :id:\n", "LM-TRC-053", 1),
        (".. item::\n\nText.\n", "LM-TRC-053", 1),
        (".. req:: T\n   :id: A_1\n   :status: a\n   :status: b\n", "LM-TRC-052", 4),
    ],
)
def test_a_directive_that_is_no_sound_item_is_said(text, code, line):
    (finding,) = read(text, "a.rst").findings
    assert (finding.code, finding.location.line) == (code, line)


@pytest.mark.parametrize("text", ["", "Only text.\n", ".. note:: x\n", "Title\n=====\n"])
def test_a_file_without_items_is_refused(text):
    with pytest.raises(UsageError) as caught:
        read(text, "a.rst")
    assert caught.value.code == "LM-TRC-050"


def test_qualified_links_become_links_and_the_whole_field_is_kept():
    text = ".. req:: One\n   :id: A_1\n   :satisfies: A_2[version==1], A_3(x)\n\n.. req:: Two\n   :id: A_2\n"
    plan = plan_of(read(text, "a.rst"))
    one = item_of(plan, plan.carried.aliases["A_1"])
    assert one.targets() == (plan.carried.aliases["A_2"],)
    assert one.attributes["x-satisfies"] == "A_2[version==1], A_3(x)"


def test_a_link_whose_target_is_no_identifier_is_kept_and_said():
    text = ".. req:: One\n   :id: A_1\n   :satisfies: wf__plan\n"
    plan = plan_of(read(text, "a.rst"))
    assert item_of(plan, "A-1").attributes["x-satisfies"] == "wf__plan"
    assert [finding.message for finding in said(plan, "LM-TRC-054")] == ["'refines' of A_1 leads to wf__plan, which is neither in the source nor here"]
    assert plan.carried.dangling == [("A-1", "refines", "wf__plan")]


@pytest.mark.parametrize(
    "text",
    [
        "x" * 2_000_000,
        "=" * 100_000 + "\n" + "=" * 100_000,
        ".. " * 200_000,
        (".. req:: a\n   :id: A_%d\n" * 3) % (1, 2, 3) + " " * 100_000,
        ":a: b\n" * 100_000,
    ],
)
def test_strange_files_are_read_in_good_time(text):
    document, error = read_or_refuse("a.rst", text.encode())
    assert document is not None or error.code == "LM-TRC-050"
