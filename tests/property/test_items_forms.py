"""Whatever an item says, it says the same after being written, joined, split, exported and imported."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.foreign_items import WHEN, plan_of, read, read_or_refuse, written
from lotmark.trace._items import clean_text
from lotmark.trace._outline import format_outline, parse_outline
from lotmark.trace._writer import as_body, format_item, format_scalar
from lotmark.trace.api import format_reqif, join_items, parse_trace, split_document

pytestmark = pytest.mark.verifies("REQ-451", "REQ-452", "RC-450")

PLAIN = st.characters(blacklist_categories=("Cc", "Cs"), blacklist_characters="\u2028\u2029\ufeff\ufffe\uffff")
LINE = st.text(PLAIN, max_size=40).map(lambda text: " ".join(text.split()))
WORDS = LINE.filter(bool)
MARKS = st.sampled_from(
    ["## Rationale", "## b", "### c", "```", "~~~", "- x", "- type: hazard", "---", "", "  indented", "| a | b |", "\\## d", "id: REQ-9", "1. n", "> q", "<b>"]
)
BODY = st.lists(st.one_of(MARKS, LINE), min_size=1, max_size=8).map("\n".join)


@given(WORDS)
def test_a_scalar_is_read_back(text):
    data = format_item({"id": "REQ-001", "type": "requirement", "title": text}, "x", {})
    graph = parse_trace({"quality/requirements/REQ-001.md": data}, "q")
    assert graph.items["REQ-001"].title == text
    assert format_scalar(text)


@given(WORDS, BODY, BODY, st.lists(WORDS, max_size=3, unique=True))
def test_a_foreign_text_is_an_item_that_says_it_and_nothing_else(title, text, why, tags):
    body, rationale = clean_text(as_body(text)), clean_text(as_body(why))
    data = format_item({"id": "REQ-001", "type": "requirement", "title": title, "x-tags": tuple(tags)}, body, {"rationale": rationale})
    item = parse_trace({"quality/requirements/REQ-001.md": data}, "q").items["REQ-001"]
    assert item.text == body
    assert item.sections == ({"rationale": rationale} if rationale else {})
    assert item.attributes["x-tags"] == (tuple(tags) if tags else ())
    assert item.links == ()


@settings(max_examples=30)
@given(WORDS, BODY, BODY, st.lists(WORDS, max_size=3, unique=True))
def test_an_item_survives_reqif_and_the_multi_item_form(title, text, why, names):
    body, rationale = clean_text(as_body(text)), clean_text(as_body(why))
    aliases = tuple(name for name in names if name != "REQ-001")
    values = {"id": "REQ-001", "type": "security-requirement", "title": title, "status": "approved", "x-note": title}
    if aliases:
        values["aliases"] = aliases
    files = {"quality/requirements/REQ-001.md": format_item(values, body or "x", {"notes": rationale})}
    graph = parse_trace(files, "q")
    one = graph.items["REQ-001"]
    outline = parse_outline("quality/documents/a.md", format_outline("A", [((), "REQ-001")]), "q", [])
    joined = join_items(outline, graph, files)
    alone = parse_trace({"quality/requirements/A.md": joined}, "q")
    split = {path: data for path, data in split_document("quality/requirements/A.md", joined, alone).items() if data is not None}
    for other in (
        alone.items["REQ-001"],
        parse_trace(split, "q").items["REQ-001"],
        parse_trace(written(plan_of(read(format_reqif(graph, at=WHEN), "a.reqif"), product="q")), "q").items["REQ-001"],
    ):
        assert (one.title, one.text, one.sections, one.aliases, one.status, one.fingerprint) == (
            other.title,
            other.text,
            other.sections,
            other.aliases,
            other.status,
            other.fingerprint,
        )
        assert one.attributes == {key: value for key, value in other.attributes.items() if key != "x-import"}


@settings(max_examples=60)
@given(st.binary(max_size=400), st.sampled_from(["a.csv", "a.xlsx", "a.reqif", "a.reqifz", "a.md", "a.json", "a.yml", "a.sdoc", "a.rst", "a.lobster", "a.oft"]))
def test_any_bytes_are_read_or_refused(data, name):
    document, error = read_or_refuse(name, data)
    assert document is not None or error.where


@settings(max_examples=30)
@given(st.lists(st.tuples(WORDS, BODY, LINE), max_size=5))
def test_any_table_is_carried_over_without_loss_and_only_once(rows):
    import csv
    import io

    out = io.StringIO()
    csv.writer(out).writerows([["ID", "Title", "Description", "Team"], *rows])
    plan = plan_of(read(out.getvalue()))
    document_ids = [item.foreign_id for item in plan.carried.items]
    assert len(set(document_ids)) == len(document_ids)
    files = written(plan)
    graph = parse_trace(files, "qpcr")
    assert set(graph.items) == {native.id for native in plan.carried.items}
    for native in plan.carried.items:
        assert graph.items[native.id].text == clean_text(native.text)
    if plan.carried.items:
        assert plan_of(read(out.getvalue()), files=files, mapping=plan.mapping).to_write() == ()
