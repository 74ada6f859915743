"""Real files of other tools through `lotmark import`: known answers, and never a traceback, never a silent zero."""

import csv
import os
import re
from pathlib import Path

import pytest

from fakes.foreign_items import read_or_refuse
from lotmark.base.findings import Severity
from lotmark.trace.api import check_trace, parse_trace, plan_import, propose_mapping, read_foreign, read_import
from lotmark.trace.rules import RULES

REFERENCE = Path(os.environ.get("LOTMARK_REFERENCE") or Path(__file__).resolve().parents[2].parent / "shared" / "reference")
CORPUS = REFERENCE / "corpus"
TREES = CORPUS / "requirements"
REQIF = sorted((CORPUS / "reqif").glob("*"))
EVERY = sorted(path for path in CORPUS.rglob("*") if path.is_file())
CODES = {rule.code for rule in RULES}

pytestmark = [
    pytest.mark.verifies("REQ-450", "RC-450", "HAZ-450"),
    pytest.mark.skipif(not TREES.is_dir(), reason=f"no corpus below {REFERENCE} (set LOTMARK_REFERENCE)"),
]


def imported(source, name="it", files=None, **options):
    """The plan of a first import of this source into an empty product, or over `files`."""
    files = files or {}
    graph = parse_trace(files, "foreign")
    _, mapping, documents, _ = read_import(Path("/nowhere"), Path("/nowhere/quality"), [str(source)], graph.policy, name=name, **options)
    return plan_import(documents, mapping, graph, files, name)


def written(plan):
    return {planned.path: planned.after for planned in plan.to_write()}


def graph_of(plan):
    return parse_trace(written(plan), "foreign")


# ---- RespiraWorks: mlx.traceability directives


@pytest.fixture(scope="module")
def respiraworks():
    return imported(TREES / "respiraworks")


def test_respiraworks_has_296_items(respiraworks):
    assert respiraworks.read == len(respiraworks.carried.items) == 296
    text = "".join(path.read_text() for path in (TREES / "respiraworks").glob("*.rst"))
    assert len(re.findall(r"(?m)^\.\. item::", text)) == 296


def test_exactly_20_targets_do_not_exist(respiraworks):
    targets = {target for _, _, target in respiraworks.carried.dangling}
    assert len(targets) == 20
    said = {finding.message.partition("leads to ")[2].partition(",")[0] for finding in respiraworks.findings if finding.code == "LM-TRC-054"}
    assert said == targets
    graph = graph_of(respiraworks)
    findings = [finding for finding in check_trace(graph) if finding.code == "LM-TRC-023"]
    assert {re.search(r"points at (\S+),", finding.message)[1] for finding in findings} == targets
    assert len(findings) == len(respiraworks.carried.dangling)


def test_81_items_fulfil_nothing_47_with_an_empty_field_and_34_without_one(respiraworks):
    assert len(respiraworks.carried.empty) == 81
    lines = "\n".join(path.read_text() for path in (TREES / "respiraworks").glob("*.rst")).splitlines()
    empty = sum(line.rstrip().endswith(":fulfills:") for line in lines)
    without = len(re.findall(r"(?m)^\.\. item::", (TREES / "respiraworks/covent_19.rst").read_text()))
    assert (empty, without) == (47, 34)


def test_each_item_carries_its_own_text(respiraworks):
    by_id = {native.id: native for native in respiraworks.carried.items}
    assert by_id["RW-SW-8"].text == "All software clocks must have high enough range to not overflow within 2 weeks"
    assert by_id["RW-SW-8"].values["refines"] == ("RW-SYS-16",)
    assert by_id["SR-3"].text.startswith("Volume Control")
    assert all(native.text for native in respiraworks.carried.items)
    assert not any(".. item::" in native.text for native in respiraworks.carried.items)
    assert by_id["RW-SW-45"].chapter[-1] == "Alarms"


# ---- Zephyr: StrictDoc documents


@pytest.fixture(scope="module")
def zephyr():
    return imported(TREES / "zephyr")


def test_zephyr_has_288_requirements_all_draft(zephyr):
    assert zephyr.read == len(zephyr.carried.items) == 288
    assert {native.values["status"] for native in zephyr.carried.items} == {"draft"}
    text = "".join(path.read_text() for path in (TREES / "zephyr").glob("*.sdoc"))
    assert text.count("\nSTATUS: Draft\n") == 288
    assert zephyr.mapping.states == {"Draft": "draft"}


def test_its_ids_are_ids_here_and_its_relations_links(zephyr):
    assert zephyr.carried.aliases == {}
    text = "".join(path.read_text() for path in (TREES / "zephyr").glob("*.sdoc"))
    assert zephyr.carried.links == len(re.findall(r"(?m)^- TYPE: Parent$", text))
    assert zephyr.carried.dangling == []
    graph = graph_of(zephyr)
    assert set(graph.items) == set(re.findall(r"(?m)^UID: *(\S+)", text)) & set(graph.items)
    assert len(graph.items) == 288
    assert [finding for finding in graph.findings if finding.severity is Severity.ERROR and finding.code != "LM-TRC-015"] == []


def test_what_the_model_does_not_hold_is_kept(zephyr):
    item = graph_of(zephyr).items["ZEP-SRS-26-1"]
    assert (item.attributes["x-type"], item.attributes["x-component"]) == ("Functional", "Atomic Service")
    assert zephyr.carried.extensions == {"TYPE": 288, "COMPONENT": 288, "USER_STORY": zephyr.carried.extensions["USER_STORY"]}


# ---- NASA cFE: CSV


@pytest.fixture(scope="module")
def cfe():
    return imported(TREES / "cFE_FunctionalRequirements.csv")


def rows():
    with open(TREES / "cFE_FunctionalRequirements.csv", encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_cfe_has_397_rows_and_each_becomes_an_item(cfe):
    assert cfe.read == len(cfe.carried.items) == len(rows()) == 397
    assert cfe.carried.aliases["cES1000"] == "CES-1000"
    assert len(set(cfe.carried.aliases.values())) == 397


def test_every_cell_of_cfe_is_found_again(cfe):
    graph = graph_of(cfe)
    for row in rows():
        item = graph.items[graph.aliases[row["Custom field (Requirement ID)"].strip()]]
        assert item.title == " ".join(row["Summary"].split())
        plain = re.sub(r"\s+", " ", row["Description"]).strip()
        assert re.sub(r"\s+", " ", item.text) == plain
        rationale = re.sub(r"\s+", " ", row["Custom field (Requirement Rationale)"]).strip()
        assert re.sub(r"\s+", " ", item.sections.get("rationale", "")) == rationale


# ---- S-CORE: sphinx-needs directives


@pytest.fixture(scope="module")
def score():
    return imported(TREES / "s-core-sphinx-needs")


def test_every_need_of_score_becomes_an_item(score):
    text = "\n".join(path.read_text() for path in (TREES / "s-core-sphinx-needs").glob("*.rst"))
    assert score.read == len(re.findall(r"(?m)^\s+:id:", text)) == 673
    assert len(score.carried.items) == 673
    assert set(score.carried.aliases) == {native.foreign_id for native in score.carried.items}


def test_links_over_several_lines_and_their_qualifiers_are_kept(score):
    by_foreign = {native.foreign_id: native for native in score.carried.items}
    native = by_foreign["wp__issue_track_system"]
    kept = str(native.values.get("x-complies", "")) + str(native.sections)
    assert "std_wp__iso26262__management_554[version==1]" in kept
    assert "std_req__aspice_40__iic-13-16[version==1]" in kept
    aspice = score.carried.aliases["std_req__aspice_40__iic-13-16"]
    assert aspice in native.values["refines"]


def test_what_only_sphinx_could_compute_is_said(score):
    said = [finding for finding in score.findings if "needextend" in finding.message]
    text = "\n".join(path.read_text() for path in (TREES / "s-core-sphinx-needs").glob("*.rst"))
    assert sum(int(finding.message.split()[0]) for finding in said) == len(re.findall(r"(?m)^\s*\.\. needextend::", text))


# ---- all of them


@pytest.mark.parametrize("name", ["respiraworks", "zephyr", "cfe", "score"])
def test_a_second_import_changes_nothing(name, request):
    plan = request.getfixturevalue(name)
    source = {"cfe": "cFE_FunctionalRequirements.csv", "score": "s-core-sphinx-needs"}.get(name, name)
    again = imported(TREES / source, files=written(plan))
    assert again.counts == {"new": 0, "changed": 0, "unchanged": plan.read, "conflict": 0}
    assert again.to_write() == ()
    assert again.gone == ()


@pytest.mark.parametrize("name", ["respiraworks", "zephyr", "cfe", "score"])
def test_what_is_written_reads_as_what_was_meant(name, request):
    plan = request.getfixturevalue(name)
    graph = graph_of(plan)
    assert {native.id for native in plan.carried.items} == set(graph.items)
    assert [finding for finding in plan.findings if finding.severity is Severity.ERROR] == []
    assert {finding.code for finding in plan.findings} <= CODES
    outline = next(planned for planned in plan.files if planned.path == "quality/documents/it.md").after.decode()
    assert sorted(re.findall(r"(?m)^- (\S+)$", outline)) == sorted(graph.items)


@pytest.mark.parametrize("path", REQIF, ids=lambda path: path.name)
def test_every_reqif_file_is_read_with_all_its_objects(path):
    data = path.read_bytes()
    document = read_foreign(path.name, data)
    if path.suffix == ".reqif":
        assert len(document.items) == len(re.findall(rb"<SPEC-OBJECT [^>]*IDENTIFIER", data))
    assert document.items or document.findings
    if document.items:
        graph = parse_trace({}, "foreign")
        plan = plan_import([document], propose_mapping([document], [path.name], graph.policy, {}), graph, {}, "it")
        assert len(plan.carried.items) == len(document.items)
        assert len(graph_of(plan).items) == len(document.items)


def test_relations_between_the_documents_of_an_archive_hold():
    (path,) = [path for path in REQIF if "TC1700" in path.name]
    document = read_foreign(path.name, path.read_bytes())
    assert [(item.id, [link.target for link in item.links]) for item in document.items if item.links] == [("ID_TC1700_SpecObject1", ["ID_TC1700_SpecObject2"])]
    assert document.findings == ()


def test_attributes_of_all_kinds_are_read():
    (path,) = [path for path in REQIF if "TC1000" in path.name]
    (item,) = read_foreign(path.name, path.read_bytes()).items
    assert item.fields["TC1000 Integer"] == "5000"
    assert item.fields["TC1000 Enum MultiValue"] == ("TC1000 Yellow", "TC1000 Red", "TC1000 Green")
    assert item.fields["TC1000 Date"].startswith("2002-05-30")


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.name)
def test_every_file_of_the_corpus_is_read_or_refused_with_code_and_place(path):
    """Also those that hold no requirements at all: results, SBOMs, lock files."""
    document, error = read_or_refuse(path.name, path.read_bytes())
    if error is not None:
        assert re.fullmatch(r"LM-[A-Z]{3}-\d{3}", error.code)
        assert path.name in error.where
        assert error.solution
        return
    assert document.items or document.findings or document.reader == "sdoc", "a silent zero"
    if not document.items:
        graph = parse_trace({}, "foreign")
        plan = plan_import([document], propose_mapping([document], [path.name], graph.policy, {}), graph, {}, "it")
        assert "LM-TRC-051" in {finding.code for finding in plan.findings}
