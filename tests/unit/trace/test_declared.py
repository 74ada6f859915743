"""Markers from outside the sources: they count as if they stood above the test, wherever the test is known from."""

import pytest

from fakes.trace_files import codes, found, graph_of, requirement, sound, sources
from lotmark.base.findings import Location, Severity
from lotmark.trace.api import check_trace, find_impact, load_trace, mark_tests, read_quality_files, roll_up, verifies_of
from lotmark.trace.models import SourceScan

pytestmark = pytest.mark.verifies("REQ-008", "RC-009", "HAZ-006")


PATH = "quality/markers.yaml"
FOREIGN = sources("def test_foreign(): pass", "def test_other(): pass", path="tests/test_it.py")
FOREIGN_ID, OTHER_ID = "tests/test_it.py::test_foreign", "tests/test_it.py::test_other"
JS_ID = "Profile::should create a profile with 0/1"


def entry(*tests, verifies="[REQ-001]", reason="they compare with the reference"):
    shown = ", ".join(f"'{glob}'" for glob in tests)
    return f"  - tests: [{shown}]\n    verifies: {verifies}\n    reason: {reason}\n"


def marked(*entries, scan=FOREIGN, more=()):
    return graph_of(sound(), *more, {PATH: "markers:\n{}".format("".join(entries)).encode()}, scan=scan)


def test_a_test_of_the_sources_is_verified_as_if_it_were_marked_there():
    graph = marked(entry("tests/test_it.py::test_foreign"))
    assert graph.verified_by == {"REQ-001": (FOREIGN_ID,)}
    assert graph.sources.verifies == {FOREIGN_ID: ("REQ-001",)}
    assert codes(check_trace(graph)) == ["LM-TRC-044"], "the other test says nothing, nor does anybody for it"
    assert find_impact(graph, ["REQ-001"]).tests == (FOREIGN_ID,)
    assert roll_up(graph, {FOREIGN_ID: "passed"})["HAZ-001"].covered


def test_the_markers_of_the_sources_stay_beside_the_declared_ones():
    scan = sources('@pytest.mark.verifies("RC-001")', "def test_it(): pass")
    graph = marked(entry("tests/**"), scan=scan)
    assert verifies_of(graph)("tests/unit/test_it.py::test_it") == ("RC-001", "REQ-001")


@pytest.mark.parametrize("glob", ["Profile::**", "Profile", JS_ID, "**", "Profile::should create a profile*/*"])
def test_a_test_that_only_results_know_is_verified_too(glob):
    graph = marked(entry(glob))
    assert verifies_of(graph)(JS_ID) == ("REQ-001",)
    done = mark_tests(graph, [(JS_ID, "unit")], complete=True)
    assert JS_ID in done.verified_by["REQ-001"]
    assert "LM-TRC-035" not in codes(check_trace(done))
    statuses = dict.fromkeys((JS_ID, FOREIGN_ID, OTHER_ID), "passed")
    assert roll_up(done, statuses)["REQ-001"].covered
    assert not roll_up(done, {**statuses, JS_ID: "failed"})["REQ-001"].covered


def test_a_star_stays_between_slashes():
    assert verifies_of(marked(entry("Profile::should create a profile *"), scan=SourceScan()))("Profile::should create a profile with 0") == ("REQ-001",)
    assert verifies_of(marked(entry("Prof*"), scan=SourceScan()))("Other/Profile::x") == ()


def test_a_glob_over_the_base_id_stands_for_all_parameter_sets():
    graph = marked(entry("tests/test_it.py::test_foreign"))
    assert verifies_of(graph)(f"{FOREIGN_ID}[a/b]") == ("REQ-001",)
    done = mark_tests(graph, [(f"{FOREIGN_ID}[a/b]", "unit"), (f"{FOREIGN_ID}[c]", "unit")], complete=True)
    assert done.verified_by == {"REQ-001": (FOREIGN_ID,)}
    assert not roll_up(done, {f"{FOREIGN_ID}[a/b]": "passed", f"{FOREIGN_ID}[c]": "skipped"})["REQ-001"].covered


def test_one_parameter_set_may_be_meant_alone():
    graph = marked(entry("tests/test_it.py::test_foreign[a]"))
    assert verifies_of(graph)(f"{FOREIGN_ID}[b]") == ()
    assert "LM-TRC-046" not in codes(check_trace(graph)), "its base id is known, the rest shows when it has run"
    done = mark_tests(graph, [(f"{FOREIGN_ID}[a]", "unit"), (f"{FOREIGN_ID}[b]", "unit")], complete=True)
    assert done.verified_by == {"REQ-001": (f"{FOREIGN_ID}[a]",)}
    assert [finding.subject for finding in check_trace(done)] == [OTHER_ID]
    assert roll_up(done, {f"{FOREIGN_ID}[a]": "passed", f"{FOREIGN_ID}[b]": "failed"})["REQ-001"].covered


class TestUnreached:
    def test_before_the_results_nobody_knows_so_it_warns(self):
        finding = found(check_trace(marked(entry(FOREIGN_ID, "Nowhere::**"))), "LM-TRC-046")
        assert (finding.severity, finding.location, finding.subject) == (Severity.WARNING, Location(PATH, 2, 47), "Nowhere::**")
        assert "only the results can tell" in finding.message

    def test_when_all_layers_have_reported_it_is_an_error(self):
        done = mark_tests(marked(entry(FOREIGN_ID), entry("Nowhere::**")), [(FOREIGN_ID, "unit")], complete=True)
        finding = found(check_trace(done), "LM-TRC-046")
        assert (finding.severity, finding.message) == (Severity.ERROR, "'Nowhere::**' matches no test")

    def test_a_requirement_that_results_may_verify_is_not_yet_without_a_test(self):
        graph = marked(entry("Nowhere::**"))
        assert "LM-TRC-035" not in codes(check_trace(graph))
        assert {"LM-TRC-035", "LM-TRC-046"} <= set(codes(check_trace(mark_tests(graph, [], complete=True))))

    def test_another_requirement_is(self):
        more = requirement("REQ-002", "derives: [UN-001]")
        assert found(check_trace(marked(entry("Nowhere::**"), more=[more])), "LM-TRC-035").subject == "REQ-002"

    def test_what_an_earlier_layer_reported_stays_known(self):
        graph = mark_tests(marked(entry("A::*", "B::*")), [("A::a", "unit")])
        done = mark_tests(graph, [("B::b", "validation"), ("A::a", "validation")], complete=True)
        assert "LM-TRC-046" not in codes(check_trace(done))
        assert done.ran_in == {"A::a": {"unit", "validation"}, "B::b": {"validation"}}
        assert done.verified_by["REQ-001"] == ("A::a", "B::b")


class TestFindings:
    def test_unknown_and_obsolete_ids_are_said_once_with_their_place_even_where_no_test_is_reached(self):
        for glob in ("tests/**", "Nowhere::**"):
            findings = check_trace(marked(entry(FOREIGN_ID), entry(glob, verifies="[REQ-404]")))
            assert [(finding.location, finding.message) for finding in findings if finding.code == "LM-TRC-041"] == [
                (Location(PATH, 5), "the marker names REQ-404, which does not exist")
            ]
        graph = marked(
            entry("tests/**", verifies="[REQ-002]"), more=[{path: data.replace(b"approved", b"obsolete") for path, data in requirement("REQ-002").items()}]
        )
        assert "LM-TRC-025" in codes(check_trace(graph))

    def test_a_text_that_is_no_id_is_a_finding_with_its_place(self):
        graph = marked(entry("tests/**", verifies="[req one, REQ-001]"))
        finding = found(graph.findings, "LM-TRC-010")
        assert (finding.location.line, finding.subject) == (3, "req one")
        assert verifies_of(graph)(FOREIGN_ID) == ("REQ-001",)

    def test_an_entry_without_a_good_id_marks_nothing(self):
        graph = marked(entry("tests/**", verifies="[req one]"))
        assert graph.sources.markers == ()

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("markers:\n  - tests: [a]\n    verifies: [REQ-001]\n", "LM-CFG-005"),  # no reason
            ("markers:\n  - {tests: [], verifies: [REQ-001], reason: r}\n", "LM-CFG-005"),
            ("markers:\n  - {tests: [a], verifies: [], reason: r}\n", "LM-CFG-005"),
            ("markers:\n  - {tests: [a], verify: [REQ-001], reason: r}\n", "LM-CFG-004"),
            ("markers: [\n", "LM-CFG-002"),
            ("[]\n", "LM-CFG-005"),
        ],
    )
    def test_a_wrong_file_is_one_located_error(self, text, code):
        graph = graph_of(sound(), {PATH: text.encode()}, scan=FOREIGN)
        finding = found(graph.findings, code)
        assert (finding.severity, finding.location.path) == (Severity.ERROR, PATH)
        assert graph.declared == ()


def test_the_file_is_read_with_the_others(tmp_path):
    for path, data in {**sound(), PATH: "markers:\n{}".format(entry("tests/**")).encode(), "tests/test_it.py": b"def test_it(): pass\n"}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    assert PATH in read_quality_files(tmp_path / "quality")
    assert check_trace(load_trace(tmp_path / "quality", "qpcr", root=tmp_path, patterns=["tests/**"])) == ()


def test_no_file_changes_nothing():
    graph = graph_of(sound(), scan=FOREIGN)
    assert graph.declared == ()
    assert mark_tests(graph, [("A::a", "unit")]).sources is graph.sources
