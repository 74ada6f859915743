"""Files -> graph: which files are read, duplicates, look-alikes, and never a silent zero."""

import pytest

from fakes.trace_files import case, codes, found, graph_of, item, need, requirement, sound
from lotmark.base.findings import Severity
from lotmark.trace._tree import inner_path
from lotmark.trace.api import parse_trace

pytestmark = pytest.mark.verifies("REQ-008", "RC-009", "HAZ-006")


def test_a_sound_tree_has_no_findings():
    graph = graph_of(sound())
    assert graph.findings == ()
    assert list(graph.items) == ["REQ-001", "UN-001", "HAZ-001", "RC-001"]
    assert graph.up == {"REQ-001": ("UN-001", "RC-001"), "RC-001": ("HAZ-001",)}
    assert graph.down == {"UN-001": ("REQ-001",), "RC-001": ("REQ-001",), "HAZ-001": ("RC-001",)}
    assert not graph.anomalies_declared


def test_files_of_other_rooms_are_passed_over():
    others = {"quality/matrix.yaml": b"x", "quality/people.yaml": b"", "quality/studies/a.md": b"", "quality/readme.md": b""}
    assert graph_of(sound(), others).findings == ()


def test_items_may_lie_in_folders_of_their_own():
    files = {"quality/requirements/needs/deep/UN-001.md": item("user-need", "UN-001")}
    assert "UN-001" in graph_of(files).items


@pytest.mark.parametrize("prefix", ["", "quality/", "products/qpcr/quality/"])
def test_the_quality_folder_may_lie_anywhere_in_the_repository(prefix):
    files = {path.replace("quality/", prefix, 1): data for path, data in sound().items()}
    assert set(graph_of(files).items) == {"REQ-001", "UN-001", "HAZ-001", "RC-001"}


@pytest.mark.parametrize(
    ("path", "inner"), [("quality/a", "a"), ("x/quality/a", "a"), ("a", "a"), ("equality/a", "equality/a"), ("x/quality/quality/a", "quality/a")]
)
def test_the_inner_path_starts_below_quality(path, inner):
    assert inner_path(path) == inner


def test_no_files_are_findings_for_both_folders():
    graph = parse_trace({}, "qpcr")
    assert [(finding.code, finding.severity, finding.subject) for finding in graph.findings] == [
        ("LM-TRC-015", Severity.ERROR, "quality/requirements/"),
        ("LM-TRC-015", Severity.WARNING, "quality/risks/"),
    ]


def test_the_place_of_what_is_missing_is_named_as_the_files_are():
    graph = parse_trace({"sub/quality/risks/HAZ-001.md": item("hazard", "HAZ-001")}, "qpcr")
    assert found(graph.findings, "LM-TRC-015").subject == "sub/quality/requirements/"


def test_a_file_that_cannot_be_read_counts_as_a_file():
    graph = graph_of(sound() | {"quality/requirements/REQ-002.md": b"nothing"})
    assert codes(graph.findings) == ["LM-TRC-002"]


def test_a_readme_may_stand_beside_the_items_unless_it_claims_to_be_one():
    assert graph_of(sound(), {"quality/risks/README.md": b"# Risks\n"}).findings == ()
    claims = graph_of(sound(), {"quality/risks/README.md": b"---\nid: X\n"})
    assert codes(claims.findings) == ["LM-TRC-002"]


@pytest.mark.parametrize("path", ["quality/requirements/a.txt", "quality/requirements/a.yaml", "quality/risks/a.docx", "quality/risks/A.MD"])
def test_a_file_that_nobody_reads_is_said(path):
    finding = found(graph_of(sound(), {path: b""}).findings, "LM-TRC-014")
    assert finding.severity is Severity.WARNING
    assert finding.location.path == path


def test_a_duplicate_id_names_both_files_and_the_first_holds():
    other = {"quality/requirements/sub/REQ-001.md": item("requirement", "REQ-001", title="The other")}
    graph = graph_of(sound(), other)
    finding = found(graph.findings, "LM-TRC-011")
    assert finding.location.path == "quality/requirements/sub/REQ-001.md"
    assert "quality/requirements/REQ-001.md:2" in finding.message
    assert graph.items["REQ-001"].title == "A title"


@pytest.mark.parametrize("other", ["REQ-1", "REQ-0001", "req-001", "RЕQ-001"])
def test_ids_that_a_person_takes_for_one_another_are_a_finding(other):
    graph = graph_of(sound(), requirement(other))
    finding = found(graph.findings, "LM-TRC-012")
    assert f"{finding.subject} and" in finding.message
    assert {finding.subject, finding.message.split(" and ")[1].split(" ")[0]} == {other, "REQ-001"}


def test_a_file_name_that_is_no_text_is_shown_and_not_a_traceback():
    graph = parse_trace({"quality/requirements/\udcff.md": b"x"}, "qpcr")
    assert graph.findings[0].location.path == "quality/requirements/�.md"
    str(graph.findings[0]).encode()


def test_views_leave_obsolete_items_out():
    old = requirement("REQ-002", "derives: [UN-001]")
    old = {path: data.replace(b"approved", b"obsolete") for path, data in old.items()}
    graph = graph_of(sound(), old, need("UN-002"), case("TC-001", "verifies: [UN-001]"))
    assert [one.id for one in graph.of_type("requirement")] == ["REQ-001"]
    assert [one.id for one in graph.of_type("requirement", "user-need")] == ["REQ-001", "UN-001", "UN-002"]
    assert [one.id for one in graph.below("UN-001")] == ["REQ-001", "TC-001"]
    assert [one.id for one in graph.below("UN-001", "requirement")] == ["REQ-001"]
    assert graph.below("UN-404") == ()
