"""Importing again: what changed there, what was edited here, what both changed, what is gone; and mappings."""

import pytest
import yaml

from fakes.foreign_items import plan_of, read, said, written
from fakes.trace_files import requirement, sound
from lotmark.base.documents import parse_document
from lotmark.base.errors import UsageError
from lotmark.base.findings import Severity
from lotmark.trace._mapping import IdSection, MappingFile, TypeMapping
from lotmark.trace.api import check_trace, format_mapping, parse_trace, plan_import, propose_mapping, read_import

pytestmark = pytest.mark.verifies("REQ-450", "RC-450", "HAZ-450")

SOURCE = "ID,Title,Description,Team,Parent\nREQ-1,One,It shall.,Blue,\nREQ-2,Two,It shall too.,Red,REQ-1\n"
ONE = "quality/requirements/REQ-1.md"


def first(text=SOURCE):
    return written(plan_of(read(text)))


def states(plan):
    return {planned.item or planned.path: planned.state for planned in plan.files}


# ---- again and again


def test_the_first_import_writes_items_and_an_outline():
    plan = plan_of(read(SOURCE))
    assert states(plan) == {"REQ-1": "new", "REQ-2": "new", "quality/documents/legacy.md": "new"}
    assert plan.counts == {"new": 3, "changed": 0, "unchanged": 0, "conflict": 0}
    assert [planned.before for planned in plan.files] == [None, None, None]
    assert plan.files[0].diff.startswith("--- /dev/null\n+++ b/quality/requirements/REQ-1.md\n")


def test_the_same_source_changes_nothing():
    again = plan_of(read(SOURCE), files=first())
    assert states(again) == {"REQ-1": "unchanged", "REQ-2": "unchanged"}
    assert again.to_write() == ()
    assert all(planned.diff == "" for planned in again.files)


def test_a_change_there_is_taken_over_and_shown():
    again = plan_of(read(SOURCE.replace("It shall.", "It shall now.")), files=first())
    assert states(again) == {"REQ-1": "changed", "REQ-2": "unchanged"}
    assert "-It shall.\n+It shall now.\n" in again.files[0].diff
    third = plan_of(read(SOURCE.replace("It shall.", "It shall now.")), files=written(again, over=first()))
    assert third.to_write() == ()


EDITS = {
    "a link added": (b"source: legacy\n", b"source: legacy\nderives: [UN-001]\n"),
    "an owner added": (b"source: legacy\n", b"source: legacy\nowner: Ada\n"),
    "notes added": (b"It shall.\n", b"It shall.\n\n## Notes\n\nSeen by Ada.\n"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_what_was_added_here_stays_when_the_source_changes(edit):
    old, new = EDITS[edit]
    files = first()
    files[ONE] = files[ONE].replace(old, new)
    assert states(plan_of(read(SOURCE), files=files))["REQ-1"] == "unchanged"
    again = plan_of(read(SOURCE.replace("It shall.", "It shall now.")), files=files)
    assert states(again)["REQ-1"] == "changed"
    after = again.files[0].after
    assert b"It shall now." in after
    assert new.split(b"\n")[1 if edit != "notes added" else 4] in after
    assert said(again, "LM-TRC-057") == []


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"It shall.", b"It shall, said Ada."), (b"title: One", b"title: First"), (b"status: draft", b"status: approved"), (b"x-team: Blue", b"x-team: Green")],
    ids=["text", "title", "status", "an extension"],
)
def test_an_edit_here_stays_while_the_source_does_not_change(old, new):
    files = first()
    files[ONE] = files[ONE].replace(old, new)
    again = plan_of(read(SOURCE), files=files)
    assert states(again)["REQ-1"] == "unchanged"
    assert again.to_write() == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"It shall.", b"It shall, said Ada."), (b"title: One", b"title: First"), (b"x-team: Blue", b"x-team: Green")],
    ids=["text", "title", "an extension"],
)
def test_what_both_changed_is_a_conflict_that_a_person_decides(old, new):
    files = first()
    files[ONE] = files[ONE].replace(old, new)
    again = plan_of(read(SOURCE.replace("It shall.", "It shall now.")), files=files)
    assert states(again)["REQ-1"] == "conflict"
    assert again.to_write() == ()
    (finding,) = said(again, "LM-TRC-057")
    assert (finding.severity, finding.subject) == (Severity.ERROR, "REQ-1")
    taken = written(again, theirs=True, over=files)
    assert b"It shall now." in taken[ONE]
    assert states(plan_of(read(SOURCE.replace("It shall.", "It shall now.")), files=taken))["REQ-1"] == "unchanged"


def test_an_item_that_left_the_source_is_named_and_stays():
    again = plan_of(read(SOURCE.partition("REQ-2")[0]), files=first())
    assert again.gone == ("REQ-2",)
    assert [finding.code for finding in again.findings] == ["LM-TRC-056"]
    assert again.to_write() == ()
    obsolete = first()
    obsolete["quality/requirements/REQ-2.md"] = obsolete["quality/requirements/REQ-2.md"].replace(b"status: draft", b"status: obsolete")
    assert plan_of(read(SOURCE.partition("REQ-2")[0]), files=obsolete).gone == ()


def test_an_item_that_came_to_the_source_is_new():
    again = plan_of(read(SOURCE + "REQ-3,Three,And this.,Blue,REQ-2\n"), files=first())
    assert states(again) == {"REQ-1": "unchanged", "REQ-2": "unchanged", "REQ-3": "new"}


def test_a_field_that_left_the_source_leaves_the_item():
    again = plan_of(read("ID,Title,Description,Parent\nREQ-1,One,It shall.,\nREQ-2,Two,It shall too.,REQ-1\n"), files=first())
    assert states(again)["REQ-1"] == "changed"
    assert b"x-team" not in again.files[0].after


def test_an_item_of_our_own_with_that_id_is_never_overwritten():
    plan = plan_of(read("ID,Title,Description\nREQ-001,Theirs,x\n"), files=sound())
    assert [planned.item for planned in plan.files if planned.item] == []
    (finding,) = said(plan, "LM-TRC-057")
    assert "an item of its own here" in finding.message


def test_an_item_that_stands_in_a_document_is_not_torn_out():
    document = {"quality/requirements/SRS.md": b"# SRS\n\n## REQ-1 One\n\n- type: requirement\n\nIt shall.\n"}
    plan = plan_of(read(SOURCE), files=document)
    assert "which holds several items" in said(plan, "LM-TRC-057")[0].message


def test_an_item_may_be_moved_and_renamed_here_and_is_still_found():
    files = first()
    moved = files.pop(ONE).replace(b"id: REQ-1\n", b"id: SRS-001\naliases: [REQ-1]\n")
    files["quality/requirements/pump/SRS-001.md"] = moved
    again = plan_of(read(SOURCE), files=files)
    assert states(again) == {"SRS-001": "unchanged", "REQ-2": "changed"}
    assert b"refines: [SRS-001]" in again.files[1].after


def test_two_imports_do_not_mix():
    files = first()
    other = plan_of(read("ID,Title,Description\nA-1,Other,x\n"), files=files, name="other")
    assert states(other)["A-1"] == "new"
    assert other.gone == ()


# ---- nothing is lost


def test_an_item_twice_in_the_source_is_said():
    plan = plan_of(read("ID,Title,Description\nA-1,One,x\nA-1,Two,y\n"))
    assert len(plan.carried.items) == 1
    (finding,) = said(plan, "LM-TRC-011")
    assert finding.location.line == 3


def test_no_item_at_all_is_an_error():
    plan = plan_of(read("ID,Title\n"), mapping=MappingFile(reader="csv", sources=["a"]))
    assert (plan.read, plan.files) == (0, ())
    assert [finding.code for finding in plan.findings] == ["LM-TRC-051"]


def test_every_field_is_a_key_a_section_an_extension_or_dropped():
    text = 'ID,Title,Description,Owner,Rationale,Long,Secret,X Y,x-y\nA-1,t,d,Ada,why,"two\nlines",s,1,2\n'
    document = read(text)
    mapping = propose_mapping([document], ["a"], parse_trace({}, "q").policy, {})
    mapping = parse_document(format_mapping(mapping) + b"fields: {Owner: owner}\ndrop: [Secret]\n", MappingFile, name="m").value
    (native,) = plan_of(document, mapping=mapping).carried.items
    assert native.values["owner"] == "Ada"
    assert native.sections == {"rationale": "why", "extension: Long": "two\nlines"}
    assert (native.values["x-x-y"], native.values["x-x-y-2"]) == ("1", "2")
    assert "s" not in native.values.values()


def test_names_of_fields_that_are_no_keys_become_keys():
    document = read("ID,Title,Description,Größe (mm),???,import\nA-1,t,d,3,4,5\n")
    (native,) = plan_of(document).carried.items
    assert {key for key in native.values if key.startswith("x-")} == {"x-gr-e-mm", "x-field", "x-import-2"}


# ---- ids


@pytest.mark.parametrize(
    ("foreign", "own"),
    [
        ("SRS-001", "SRS-001"),
        ("ZEP-SRS-26-1", "ZEP-SRS-26-1"),
        ("cES1000", "CES-1000"),
        ("cES1014.2.1", "CES-1014-2-1"),
        ("req_7", "REQ-7"),
        ("gd_req__x", "REQ-0001"),
        ("7", "REQ-0001"),
        ("Ümlaut-1", "REQ-0001"),
        ("a" * 40 + "1", "REQ-0001"),
    ],
)
def test_an_id_stays_or_becomes_one_and_keeps_its_old_name(foreign, own):
    plan = plan_of(read(f"ID,Title,Description\n{foreign},t,d\n"))
    (native,) = plan.carried.items
    assert native.id == own
    assert plan.carried.aliases == ({} if foreign == own else {foreign: own})
    assert native.values.get("aliases", ()) == (() if foreign == own else (foreign,))


def test_ids_that_would_clash_are_numbered():
    plan = plan_of(read("ID,Title,Description\nreq1,a,x\nREQ_1,b,x\nREQ-01,c,x\n"))
    assert len({native.id for native in plan.carried.items}) == 3
    assert parse_trace(written(plan), "qpcr").findings[0].code == "LM-TRC-015"
    assert len(parse_trace(written(plan), "qpcr").findings) == 1


@pytest.mark.parametrize(
    ("ids", "own"),
    [
        (IdSection(pattern="old/([0-9]+)", to=r"NEW-\1"), "NEW-12"),
        (IdSection(prefix="SRS", digits=3), "SRS-001"),
        (IdSection(prefix="ZEP-SRS-26", digits=1), "ZEP-SRS-26-1"),
        (IdSection(pattern="x(.*)", to=r"NEW-\1"), "REQ-0001"),
    ],
)
def test_the_mapping_says_how(ids, own):
    mapping = MappingFile(reader="csv", sources=["a"], ids=ids, title="Title", text="Description")
    plan = plan_of(read("ID,Title,Description\nold/12,t,d\n"), mapping=mapping)
    assert [native.id for native in plan.carried.items] == [own]


def test_numbers_go_on_after_the_highest_one_here():
    plan = plan_of(read("ID,Title,Description\n?,t,d\n"), files=requirement("REQ-0041"))
    assert plan.carried.aliases == {"?": "REQ-0042"}


# ---- types and statuses


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Hazard", "hazard"),
        ("Hazardous Situation", "hazardous-situation"),
        ("risk control", "risk-control"),
        ("User Need", "user-need"),
        ("stkh_req", "user-need"),
        ("Test Case", "test-case"),
        ("System Requirement", "system-requirement"),
        ("Bug", "anomaly"),
        ("Functional", "software-requirement"),
        ("security goal", "security-requirement"),
        ("", "software-requirement"),
    ],
)
def test_a_kind_is_taken_for_the_type_that_it_sounds_like(kind, name):
    from lotmark.trace._mapping import guess_type

    assert guess_type(kind, parse_trace({}, "q").policy) == name


def test_a_field_can_tell_the_type_and_items_can_be_left_out():
    types = TypeMapping(field="Kind", words={"Need": "user-need", "Note": "skip"}, default="system-requirement")
    mapping = MappingFile(reader="csv", sources=["a"], types=types, title="Title", text="Description")
    plan = plan_of(read("ID,Title,Description,Kind\nA-1,t,d,Need\nA-2,t,d,Note\nA-3,t,d,Other\n"), mapping=mapping)
    assert [(native.id, native.values["type"]) for native in plan.carried.items] == [("A-1", "user-need"), ("A-3", "system-requirement")]
    assert [(finding.code, finding.severity) for finding in plan.findings] == [("LM-TRC-053", Severity.INFO)]


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ({"types": {"default": "wish"}}, "there is no type 'wish'"),
        ({"links": {"Parent": "fulfils"}}, "there is no link 'fulfils'"),
        ({"sections": {"Why": "reason"}}, "there is no section 'reason'"),
        ({"ids": {"pattern": "(", "to": "A-1"}}, "no regular expression"),
        ({"ids": {"pattern": "a"}}, "belong together"),
        ({"status": "Team", "states": {"Blue": "finished"}}, "'finished' is no status"),
        ({"fields": {"Team": "colour"}}, "has no field 'colour'"),
    ],
)
def test_a_mapping_that_cannot_be_is_said(mapping, says):
    data = yaml.safe_dump({"reader": "csv", "sources": ["a"], "title": "Title", "text": "Description", **mapping}).encode()
    chosen = parse_document(data, MappingFile, name="quality/import/m.yaml").value
    plan = plan_of(read(SOURCE), mapping=chosen)
    assert any(says in finding.message and finding.code == "LM-TRC-059" for finding in plan.findings)


@pytest.mark.parametrize("text", ["reader: csv", "reader: csv\nsources: []", "reader: csv\nsources: [a]\nlinks: {a: B}", "reader: csv\nsources: [a]\ntitel: x"])
def test_a_mapping_that_is_no_mapping_is_refused(text):
    with pytest.raises(UsageError) as caught:
        parse_document(text.encode(), MappingFile, name="m")
    assert caught.value.code in {"LM-CFG-004", "LM-CFG-005"}


def test_a_mapping_survives_being_saved():
    document = read(SOURCE)
    mapping = propose_mapping([document], ["docs/*.csv"], parse_trace({}, "q").policy, {"delimiter": ","})
    data = format_mapping(mapping)
    assert parse_document(data, MappingFile, name="m").value == mapping
    assert data.startswith(b"# yaml-language-server: $schema=")
    assert b"verbatim" not in data


def test_a_status_that_the_mapping_does_not_know_is_said():
    mapping = MappingFile(reader="csv", sources=["a"], title="Title", text="Description", status="Team", states={"Blue": "proposed"})
    plan = plan_of(read(SOURCE), mapping=mapping)
    assert [native.values["status"] for native in plan.carried.items] == ["proposed", "draft"]
    assert [finding.subject for finding in said(plan, "LM-TRC-052")] == ["REQ-2"]


# ---- links


def test_links_are_resolved_through_aliases_and_dangling_ones_are_said():
    text = "ID,Title,Description,Parent\ncES2,a,x,cES1\ncES1,b,x,REQ-001\ncES3,c,x,NOPE-9\n"
    plan = plan_of(read(text), files=sound())
    by_id = {native.foreign_id: native.values.get("refines") for native in plan.carried.items}
    assert by_id == {"cES2": ("CES-1",), "cES1": ("REQ-001",), "cES3": ("NOPE-9",)}
    assert plan.carried.dangling == [("CES-3", "refines", "NOPE-9")]
    findings = check_trace(parse_trace({**sound(), **written(plan)}, "qpcr"))
    assert [one.subject for one in findings if one.code == "LM-TRC-023"] == ["CES-3"]


def test_items_without_any_link_are_counted():
    assert plan_of(read(SOURCE)).carried.empty == ["REQ-1"]


def test_a_field_of_links_is_found_by_what_it_holds():
    document = read("ID,Title,Description,See\nA-1,a,x,\nA-2,b,x,A-1\nA-3,c,x,A-1; A-2\n")
    assert propose_mapping([document], ["a"], parse_trace({}, "q").policy, {}).links == {"See": "refines"}


def test_numbers_and_words_are_no_links():
    document = read("ID,Title,Description,See\nA-1,a,x,one\nA-2,b,x,two\n")
    assert propose_mapping([document], ["a"], parse_trace({}, "q").policy, {}).links == {}


# ---- from disk


def test_sources_are_files_folders_globs_or_a_saved_mapping(tmp_path):
    (tmp_path / "docs/deep").mkdir(parents=True)
    (tmp_path / "quality/import").mkdir(parents=True)
    (tmp_path / "docs/Reqs v2.csv").write_text(SOURCE)
    (tmp_path / "docs/deep/more.csv").write_text("ID,Title\nA-1,x\n")
    (tmp_path / "docs/notes.txt").write_text("nothing")
    policy = parse_trace({}, "q").policy
    quality = tmp_path / "quality"

    def names(*sources, **options):
        name, mapping, documents, saved = read_import(tmp_path, quality, sources, policy, **options)
        return name, [document.path for document in documents], saved, mapping

    assert names("docs/Reqs v2.csv")[:3] == ("reqs-v2", ["docs/Reqs v2.csv"], False)
    assert names("docs")[1] == ["docs/Reqs v2.csv", "docs/deep/more.csv"]
    assert names("docs/**/*.csv", name="all")[:2] == ("all", ["docs/Reqs v2.csv", "docs/deep/more.csv"])
    (quality / "import/all.yaml").write_bytes(format_mapping(names("docs/**/*.csv", name="all")[3]))
    assert names("all")[:3] == ("all", ["docs/Reqs v2.csv", "docs/deep/more.csv"], True)
    assert names(str(tmp_path / "docs/deep/more.csv"))[1] == ["docs/deep/more.csv"]
    for wrong in ("nothing.csv", "docs/*.xlsx", "empty"):
        with pytest.raises(UsageError) as caught:
            names(wrong)
        assert caught.value.code == "LM-TRC-050"


def test_a_plan_is_made_from_values_alone():
    document = read(SOURCE)
    graph = parse_trace({}, "qpcr")
    mapping = propose_mapping([document], ["a"], graph.policy, {})
    first_plan, second_plan = (plan_import([document], mapping, graph, {}, "legacy") for _ in range(2))
    assert first_plan.files == second_plan.files


def test_a_proposed_mapping_fits_the_published_schema():
    import json
    from pathlib import Path

    import jsonschema

    schema = json.loads((Path(__file__).parents[3] / "src/lotmark/trace/schemas/import.v1.json").read_text(encoding="utf-8"))
    mapping = propose_mapping([read(SOURCE)], ["docs/*.csv"], parse_trace({}, "q").policy, {})
    jsonschema.validate(yaml.safe_load(format_mapping(mapping)), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"reader": "csv", "sources": [], "titel": "x"}, schema)


def test_a_name_without_mapping_and_sources_is_refused_and_a_huge_source_too(tmp_path, monkeypatch):
    from lotmark.trace import _import_files

    policy = parse_trace({}, "q").policy
    with pytest.raises(UsageError) as caught:
        read_import(tmp_path, tmp_path / "quality", [], policy, name="legacy")
    assert caught.value.code == "LM-TRC-059"
    (tmp_path / "a.csv").write_text(SOURCE)
    monkeypatch.setattr(_import_files, "MAX_SOURCE", 10)
    with pytest.raises(UsageError, match="more than 10 bytes"):
        read_import(tmp_path, tmp_path / "quality", ["a.csv"], policy)
