"""CSV, XLSX and Markdown tables: whatever spreadsheets write, read row by row or refused with its line."""

import io
import zipfile

import openpyxl
import pytest

from fakes.foreign_items import item_of, plan_of, read, said, written
from lotmark.base.errors import LotmarkError, UsageError
from lotmark.trace.api import parse_trace

pytestmark = pytest.mark.verifies("REQ-450", "RC-450")


def cells(document):
    return [(item.id, dict(item.fields), item.line) for item in document.items]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("ID,Title\nR-1,One\nR-2,Two\n", [("R-1", {"Title": "One"}, 2), ("R-2", {"Title": "Two"}, 3)], id="commas"),
        pytest.param("ID;Title\nR-1;One, two\n", [("R-1", {"Title": "One, two"}, 2)], id="semicolons"),
        pytest.param("ID\tTitle\nR-1\tOne\n", [("R-1", {"Title": "One"}, 2)], id="tabs"),
        pytest.param("ID|Title\nR-1|One\n", [("R-1", {"Title": "One"}, 2)], id="bars"),
        pytest.param(
            'ID,Text\nR-1,"Two\nlines, ""quoted"""\nR-2,x\n', [("R-1", {"Text": 'Two\nlines, "quoted"'}, 2), ("R-2", {"Text": "x"}, 4)], id="cells over lines"
        ),
        pytest.param("ID,Title\r\nR-1,One\r\n", [("R-1", {"Title": "One"}, 2)], id="CRLF"),
        pytest.param("\ufeffID,Title\nR-1,One\n", [("R-1", {"Title": "One"}, 2)], id="byte order mark"),
        pytest.param("ID,Title\n\n,\nR-1,One\n", [("R-1", {"Title": "One"}, 4)], id="empty rows"),
        pytest.param("Title, ID \nOne,R-1\n", [("R-1", {"Title": "One"}, 2)], id="the id is not the first column"),
        pytest.param("Custom field (Requirement ID),Summary\ncES1,One\n", [("cES1", {"Summary": "One"}, 2)], id="Jira"),
        pytest.param("Issue key,Labels,Labels\nA-1,x,y\n", [("A-1", {"Labels": ("x", "y")}, 2)], id="a column twice"),
        pytest.param("ID,,Title\nR-1,x,One\n", [("R-1", {"column 2": "x", "Title": "One"}, 2)], id="a column without a name"),
        pytest.param("ID,Title\nR-1\n", [("R-1", {}, 2)], id="a short row"),
        pytest.param("The hazard id of the thing,Title\nH-1,One\n", [("H-1", {"Title": "One"}, 2)], id="a name that holds id"),
    ],
)
def test_a_csv_is_read_row_by_row(text, expected):
    assert cells(read(text)) == expected


@pytest.mark.parametrize(
    ("data", "options", "line", "says"),
    [
        pytest.param(b"", {}, 1, "empty", id="empty"),
        pytest.param(b"\n\n ", {}, 1, "empty", id="blank"),
        pytest.param(b"a,b\n1,2\n", {}, 1, "no column holds the ids", id="no ids"),
        pytest.param(b"ID,b\nR-1,2\n", {"id": "key"}, 1, "no column holds the ids", id="the named column is not there"),
        pytest.param(b'ID,b\nR-1,"x\n', {}, 2, "not CSV", id="an open quote"),
        pytest.param(b'ID,b\nR-0,y\nR-1,"x"y"\n', {}, 3, "not CSV", id="text after a quote"),
        pytest.param(b"ID,b\nR-1,\xff\n", {}, 2, "not utf-8 at byte 9", id="another encoding"),
        pytest.param(b"ID,b\nR-1,\0\n", {}, 2, "NUL", id="NUL"),
        pytest.param(b"ID,b\nR-1,x\n", {"encoding": "rot13"}, 0, "'rot13' is not read", id="an encoding that is none"),
        pytest.param(b"ID,b\nR-1,x\n", {"delimiter": "::"}, 0, "not one character", id="two delimiters"),
        pytest.param(b"\xff\xfeI\0", {"encoding": "utf-8"}, 1, "not utf-8", id="UTF-16 read as UTF-8"),
        pytest.param(b"ID,b\nR-1," + b"x" * 200_000, {}, 2, "not CSV", id="a huge cell"),
        pytest.param(b"ID" + b",x" * 2000 + b"\nR-1\n", {}, 1, "columns, more than 1000", id="a thousand columns"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(data, options, line, says):
    with pytest.raises(UsageError) as caught:
        read(data, **options)
    assert caught.value.code == "LM-TRC-050"
    assert says in caught.value.reason
    assert caught.value.where == (f"source.csv:{line}:1" if line else "source.csv")
    assert caught.value.solution


@pytest.mark.parametrize(
    ("data", "options"),
    [
        ("ID,Text\nR-1,größer\n".encode("cp1252"), {"encoding": "cp1252"}),
        ("ID,Text\nR-1,größer\n".encode("utf-16"), {}),
        ("ID,Text\nR-1,größer\n".encode("latin-1"), {"encoding": "latin-1"}),
        ("# exported\n#\nID,Text\nR-1,größer\n".encode(), {"header": "3"}),
        ("Nr;Text\nR-1;größer\n".encode(), {"id": "nr", "delimiter": ";"}),
        ("ID\tText\nR-1\tgrößer\n".encode(), {"delimiter": "tab"}),
    ],
    ids=["cp1252", "UTF-16 with its mark", "Latin-1", "a head further down", "a named id column", "a named delimiter"],
)
def test_options_say_what_the_file_does_not(data, options):
    assert [(item.id, item.fields["Text"]) for item in read(data, **options).items] == [("R-1", "größer")]


def test_what_a_row_cannot_place_is_said_and_kept():
    document = read("ID,Title\nR-1,One,more,\n,Without an id\n")
    assert cells(document) == [("R-1", {"Title": "One", "column 3": "more"}, 2)]
    assert [(finding.code, finding.location.line) for finding in document.findings] == [("LM-TRC-052", 2), ("LM-TRC-053", 3)]
    assert "Without an id" in document.findings[1].message


def test_ids_that_differ_by_case_are_two_items_and_the_clash_is_found_by_the_checks():
    plan = plan_of(read("ID,Text\nREQ-001,a\nreq-001,b\nREQ-01,c\n"))
    assert len({native.id for native in plan.carried.items}) == 3
    assert plan.carried.aliases["req-001"] not in {"REQ-001", "REQ-01"}


# ---- XLSX


def workbook(*sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


REQUIREMENTS = ("Requirements", [["ID", "Title", "Weight", "Done"], ["R-1", "One", 3, True], [None, None, None, None], ["R-2", "Two\nlines", 2.5, None]])


def test_a_sheet_is_read_row_by_row_with_its_row_numbers():
    document = read(workbook(REQUIREMENTS), "a.xlsx")
    assert cells(document) == [("R-1", {"Title": "One", "Weight": "3", "Done": "true"}, 2), ("R-2", {"Title": "Two\nlines", "Weight": "2.5", "Done": ""}, 4)]
    assert document.findings == ()


def test_other_sheets_are_named_and_can_be_chosen():
    data = workbook(REQUIREMENTS, ("Hazards", [["ID", "Harm"], ["H-1", "Death"]]))
    assert [finding.message for finding in read(data, "a.xlsx").findings] == ["the sheet 'Hazards' was not read"]
    assert [item.id for item in read(data, "a.xlsx", sheet="Hazards").items] == ["H-1"]
    with pytest.raises(UsageError, match="no sheet 'Risks'"):
        read(data, "a.xlsx", sheet="Risks")


def evil(part, text):
    source = io.BytesIO(workbook(REQUIREMENTS))
    out = io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, text if name == part else old.read(name))
    return out.getvalue()


BOMB = b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><s>&b;</s>'


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"PK no zip", "LM-INT-012", id="no zip"),
        pytest.param(evil("xl/workbook.xml", BOMB), "LM-INT-009", id="an entity bomb"),
        pytest.param(evil("xl/worksheets/sheet1.xml", b"<a>" * 100_000), "LM-INT-005", id="a hundred thousand nested elements"),
        pytest.param(evil("xl/worksheets/sheet1.xml", b"<worksheet"), "LM-INT-008", id="half an element"),
        pytest.param(evil("xl/workbook.xml", b"<workbook/>"), "LM-TRC-050", id="no workbook"),
    ],
)
def test_a_hostile_workbook_is_refused(data, code):
    with pytest.raises(LotmarkError) as caught:
        read(data, "a.xlsx")
    assert caught.value.code in {code, "LM-INT-010"} if code == "LM-INT-008" else caught.value.code == code


# ---- Markdown tables


MARKDOWN = """\
# Requirements

Some text.

## Alarms

| **ID** | Requirement | Traces to |
|---|:--|--:|
| **SYS-001** | The pump shall stop. | UN-1 |
| `SYS-002` | Two<br>lines, with a \\| bar. | |
| [SYS-003](x.md) | A link. | UN-2 |

| Colour | Meaning |
|---|---|
| red | stop |

```
| ID | no |
|---|---|
| X-1 | in a fence |
```

### Deep

| | |
|---|---|
| SYS-004 | No head. |
| SYS-005 | None either. |
"""


def test_tables_of_ids_are_items_and_other_tables_are_counted():
    document = read(MARKDOWN, "a.md")
    assert [item.id for item in document.items] == ["SYS-001", "SYS-002", "SYS-003", "SYS-004", "SYS-005"]
    assert document.items[1].fields["Requirement"] == "Two\nlines, with a | bar."
    assert document.items[0].chapter == ("Requirements", "Alarms")
    assert document.items[3].chapter == ("Requirements", "Alarms", "Deep")
    assert document.items[0].line == 9
    assert [finding.message for finding in document.findings] == ["1 tables without ids were passed over"]


@pytest.mark.parametrize("text", ["", "# Only text\n", "| a | b |\n|---|---|\n| x | y |\n", "| ID |\n| no rule |\n"])
def test_a_document_without_a_table_of_ids_is_refused(text):
    with pytest.raises(UsageError) as caught:
        read(text, "a.md")
    assert caught.value.code == "LM-TRC-050"


# ---- through to items


def test_a_table_becomes_items_with_rationale_links_and_extensions():
    text = "ID,Title,Description,Rationale,Status,Parent,Team\nSRS-1,One,It shall.,Because.,Approved,UN-1,Blue\nUN-1,Need,Users need.,,New,,\n"
    plan = plan_of(read(text))
    one = item_of(plan, "SRS-1")
    assert (one.title, one.text, one.sections["rationale"], one.status) == ("One", "It shall.", "Because.", "proposed")
    assert one.targets("refines") == ("UN-1",)
    assert one.attributes["x-team"] == "Blue"
    assert plan.carried.extensions == {"Team": 1}
    assert item_of(plan, "UN-1").status == "draft"


def test_approval_is_never_imported():
    plan = plan_of(read("ID,Text,Status\nA-1,x,approved\nA-2,x,valid\nA-3,x,deprecated\n"))
    assert [native.values["status"] for native in plan.carried.items] == ["proposed", "proposed", "obsolete"]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("## Rationale\nhidden", "\\## Rationale\nhidden"),
        ("```\nnever closed\n", "\\```\nnever closed"),
        ("```\n~~~\n```\n~~~", "\\```\n\\~~~\n\\```\n\\~~~"),
        ("```\ncode\n```", "```\ncode\n```"),
        ("a\x0bb", "a\nb"),
        ("a \n\n\n b", "a\n\n\n b"),
        ("---\nx: y\n---", "---\nx: y\n---"),
    ],
    ids=["a heading of ours", "an open fence", "mixed fences", "a sound fence", "a line break of Word", "blank lines", "a rule"],
)
def test_a_text_cannot_become_something_else(cell, text):
    quoted = cell.replace('"', '""')
    plan = plan_of(read(f'ID,Title,Description,Rationale\nA-1,t,"{quoted}",because\n'))
    one = item_of(plan, "A-1")
    assert one.text == text
    assert one.sections == {"rationale": "because"}


def test_characters_that_no_text_may_hold_are_replaced_and_said():
    plan = plan_of(read("ID,Title,Description\nA-1,a\u0007b,x\u0001y\n"))
    one = item_of(plan, "A-1")
    assert (one.title, one.text) == ("a\ufffdb", "x\ufffdy")
    assert len(said(plan, "LM-TRC-052")) == 2


@pytest.mark.parametrize(
    "title",
    ['a "quoted" one', "x: y", "# no comment", "[list]", "{a: b}", "- dash", "a #b", "back\\slash", "'", "yes", "1.0", "&a", "*b", "!t", "@x", "%", "`", "~"],
)
def test_any_title_survives(title):
    out = io.StringIO()
    import csv

    csv.writer(out).writerows([["ID", "Title", "Text"], ["A-1", title, "x"]])
    assert item_of(plan_of(read(out.getvalue())), "A-1").title == title


def test_an_item_without_a_title_is_called_by_its_first_line_and_one_without_text_by_its_title():
    long = "word " * 60
    plan = plan_of(read(f"ID,Title,Description\nA-1,,First line.\nA-2,Only a title,\nA-3,,{long}\n"))
    assert [native.values["title"] for native in plan.carried.items[:2]] == ["First line", "Only a title"]
    assert len(plan.carried.items[2].values["title"]) <= 120
    assert plan.carried.items[2].values["title"].endswith("…")
    assert plan.carried.items[1].text == "Only a title"
    assert [finding.subject for finding in said(plan, "LM-TRC-052")] == ["A-2"]
    assert parse_trace(written(plan), "qpcr").findings[0].code == "LM-TRC-015"
