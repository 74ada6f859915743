"""Suspect links: a review counts for exactly the two texts that it names."""

import pytest

from fakes.trace_files import control, hazard, need, requirement, sound, sound_sources
from lotmark.base.findings import Severity
from lotmark.checks.api import SHORT, check_reviews, find_suspects, format_lock, merge_reviews, pair_of, parse_lock, reviews_of
from lotmark.checks.models import LinkReviews
from lotmark.trace.api import parse_trace

pytestmark = pytest.mark.verifies("REQ-401")

LINKS = ("REQ-001 derives UN-001", "REQ-001 implements RC-001", "RC-001 mitigates HAZ-001")


def graph_of(files):
    return parse_trace(files, "qpcr", sources=sound_sources())


def reviewed(graph):
    """Every link of the graph, reviewed as it is."""
    held = {}
    for item in graph.items.values():
        for link in item.links:
            if link.target in graph.items:
                held[f"{item.id} {link.type} {link.target}"] = frozenset({pair_of(graph, item.id, link.target)})
    return LinkReviews(held)


@pytest.fixture
def graph():
    return graph_of(sound())


def test_links_that_were_reviewed_as_they_are_say_nothing(graph):
    assert check_reviews(graph, reviewed(graph)) == ()


def test_the_lock_holds_one_sorted_line_for_each_statement_and_reads_back(graph):
    data = format_lock(reviewed(graph), graph)
    lines = data.decode().splitlines()
    assert lines == sorted(lines)
    assert [line[: -2 * SHORT - 2] for line in lines] == sorted(LINKS)
    assert parse_lock(data).held == reviewed(graph).held


EDITS = {
    "the text of the requirement": (
        requirement("REQ-001", "derives: [UN-001]", "implements: [RC-001]", body="It shall do more."),
        {"REQ-001 derives UN-001", "REQ-001 implements RC-001"},
    ),
    "the title of the need": (need("UN-001", title="Another"), {"REQ-001 derives UN-001"}),
    "an estimate of the hazard": (hazard("HAZ-001", "before: {severity: minor, probability: remote}"), {"RC-001 mitigates HAZ-001"}),
    "the kind of the control": (control("RC-001", "mitigates: [HAZ-001]", kind="inherent"), {"REQ-001 implements RC-001", "RC-001 mitigates HAZ-001"}),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_change_of_one_end_makes_exactly_the_links_at_it_suspect(graph, edit):
    changed, suspect = EDITS[edit]
    after = graph_of({**sound(), **changed})
    assert {one.key for one in find_suspects(after, reviewed(graph))} == suspect
    findings = check_reviews(after, reviewed(graph))
    assert {finding.code for finding in findings} == {"LM-CHK-001"}
    assert all(finding.severity is Severity.ERROR and finding.location.line > 1 for finding in findings)


HARMLESS = {
    "status": requirement("REQ-001", "derives: [UN-001]", "implements: [RC-001]").copy(),
    "rationale": requirement("REQ-001", "derives: [UN-001]", "implements: [RC-001]", body="The software shall do it.\n\n## Rationale\n\nNew."),
    "notes": need("UN-001", body="The software shall do it.\n\n## Notes\n\nSeen."),
}


@pytest.mark.parametrize("edit", HARMLESS)
def test_what_is_not_part_of_the_fingerprint_makes_nothing_suspect(graph, edit):
    changed = {path: data.replace(b"status: approved", b"status: proposed") for path, data in HARMLESS[edit].items()}
    assert check_reviews(graph_of({**sound(), **changed}), reviewed(graph)) == ()


def test_a_new_link_was_never_reviewed_and_warns(graph):
    more = {**sound(), **need("UN-002"), **requirement("REQ-001", "derives: [UN-001, UN-002]", "implements: [RC-001]")}
    (finding,) = check_reviews(graph_of(more), reviewed(graph))
    assert (finding.code, finding.severity, finding.subject) == ("LM-CHK-002", Severity.WARNING, "REQ-001")


def test_taking_a_text_back_heals_its_links(graph):
    reviews = reviewed(graph)
    changed = graph_of({**sound(), **need("UN-001", title="Another")})
    assert check_reviews(changed, reviews)
    assert check_reviews(graph_of(sound()), reviews) == ()


def test_statements_of_two_branches_count_side_by_side(graph):
    changed = graph_of({**sound(), **need("UN-001", title="Another")})
    both = merge_reviews(reviewed(graph), reviewed(changed))
    assert check_reviews(graph, both) == ()
    assert check_reviews(changed, both) == ()
    assert len(both.held["REQ-001 derives UN-001"]) == 2


def test_a_text_that_both_branches_changed_is_suspect_although_each_had_a_review(graph):
    ours, theirs = (graph_of({**sound(), **need("UN-001", title=title)}) for title in ("Ours", "Theirs"))
    merged = graph_of({**sound(), **need("UN-001", title="Ours and theirs")})
    suspects = find_suspects(merged, merge_reviews(reviewed(ours), reviewed(theirs)))
    assert [one.key for one in suspects] == ["REQ-001 derives UN-001"]


@pytest.mark.parametrize(
    ("own", "product", "weight"), [("A", "C", Severity.WARNING), ("", "A", Severity.WARNING), ("C", "A", Severity.ERROR), ("", "B", Severity.ERROR)]
)
def test_suspicion_weighs_by_safety_class(graph, own, product, weight):
    lines = ("derives: [UN-001]", "implements: [RC-001]", *([f"safety-class: {own}"] if own else []))
    before = graph_of({**sound(), **requirement("REQ-001", *lines)})
    after = graph_of({**sound(), **requirement("REQ-001", *lines), **need("UN-001", title="Another")})
    (finding,) = check_reviews(after, reviewed(before), safety_class=product)
    assert finding.severity is weight


@pytest.mark.parametrize("end", ["UN-001", "REQ-001"])
def test_obsolete_items_ask_for_no_review(end):
    files = {path: data.replace(b"approved", b"obsolete") if end.encode() in path.encode() else data for path, data in sound().items()}
    keys = {one.key for one in find_suspects(graph_of(files), LinkReviews({}))}
    assert "REQ-001 derives UN-001" not in keys


def test_a_dangling_link_is_no_suspect(graph):
    files = {**sound(), **requirement("REQ-001", "derives: [UN-001, UN-009]", "implements: [RC-001]")}
    assert all("UN-009" not in one.key for one in find_suspects(graph_of(files), LinkReviews({})))


BROKEN = {
    "a conflict marker": b"<<<<<<< ours\n",
    "too short a fingerprint": b"REQ-001 derives UN-001 " + b"0" * 31 + b" " + b"0" * 32 + b"\n",
    "capitals in it": b"REQ-001 derives UN-001 " + b"A" * 32 + b" " + b"0" * 32 + b"\n",
    "three words": b"REQ-001 derives UN-001\n",
    "bytes that are no text": b"\xff\xfe\x00\n",
    "tabs": b"REQ-001\tderives\tUN-001 " + b"0" * 32 + b" " + b"0" * 32 + b"\n",
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_line_that_cannot_be_read_counts_for_nothing_and_is_said(graph, case):
    good = format_lock(reviewed(graph), graph)
    found = parse_lock(good + BROKEN[case])
    assert found.held == reviewed(graph).held
    (finding,) = found.findings
    assert (finding.code, finding.severity, finding.location.line) == ("LM-CHK-003", Severity.ERROR, 4)
    assert finding in check_reviews(graph, found)


def test_comments_empty_lines_and_windows_line_ends_are_read(graph):
    good = format_lock(reviewed(graph), graph)
    assert parse_lock(b"# reviewed links\n\n" + good.replace(b"\n", b"\r\n")) == LinkReviews(reviewed(graph).held)


def test_the_lock_drops_what_the_graph_no_longer_links(graph):
    fewer = graph_of({**sound(), **requirement("REQ-001", "derives: [UN-001]")})
    assert b"REQ-001 implements" not in format_lock(reviewed(graph), fewer)


def test_recorded_reviews_are_cut_to_the_length_of_the_lock(graph):
    item, need_ = graph.items["REQ-001"], graph.items["UN-001"]
    body = {
        "links": [{"source": "REQ-001", "type": "derives", "target": "UN-001", "sourceFingerprint": item.fingerprint, "targetFingerprint": need_.fingerprint}]
    }
    assert reviews_of([body]).held == {"REQ-001 derives UN-001": reviewed(graph).held["REQ-001 derives UN-001"]}
    assert not reviews_of([{"links": "none"}, {}])
