"""Changed items between two states, by fingerprint."""

import pytest

from fakes.trace_files import control, graph_of, hazard, item, need, requirement, sound
from lotmark.trace.api import changed_items, compare_graphs
from lotmark.trace.models import ChangedItems

pytestmark = pytest.mark.verifies("REQ-008", "RC-009", "HAZ-006")


def changed(before, after):
    return changed_items(before, after, "qpcr")


def test_nothing_changed():
    assert changed(sound(), sound()) == ChangedItems((), (), ())
    assert changed({}, {}).all == ()


def test_against_nothing_everything_is_new():
    assert changed({}, sound()).new == ("HAZ-001", "RC-001", "REQ-001", "UN-001")
    assert changed(sound(), {}).removed == ("HAZ-001", "RC-001", "REQ-001", "UN-001")


def test_new_changed_and_removed_are_told_apart():
    after = sound() | requirement("REQ-001", "derives: [UN-001]", "implements: [RC-001]", body="The software shall do more.") | need("UN-002")
    del after["quality/risks/RC-001.md"]
    found = changed(sound(), after)
    assert found == ChangedItems(("UN-002",), ("REQ-001",), ("RC-001",))
    assert found.all == ("RC-001", "REQ-001", "UN-002")


def test_links_status_and_informative_sections_change_nothing():
    after = sound() | requirement("REQ-001", "derives: [UN-001]", body="The software shall do it.\n## Notes\nNew.")
    after |= {path: data.replace(b"approved", b"draft") for path, data in control("RC-001").items()}
    assert changed(sound(), after).all == ()


def test_a_changed_estimate_and_kind_count():
    after = sound() | hazard("HAZ-001", "after: {severity: critical, probability: remote}") | control("RC-001", "mitigates: [HAZ-001]", kind="inherent")
    assert changed(sound(), after).changed == ("HAZ-001", "RC-001")


def test_a_moved_file_changes_nothing():
    after = sound()
    after["quality/requirements/calling/REQ-001.md"] = after.pop("quality/requirements/REQ-001.md")
    assert changed(sound(), after).all == ()


def test_line_ends_change_nothing():
    after = {path: data.replace(b"\n", b"\r\n") for path, data in sound().items()}
    assert changed(sound(), after).all == ()


def test_becoming_obsolete_is_being_removed_and_back():
    after = sound() | {path: data.replace(b"approved", b"obsolete") for path, data in need("UN-001").items()}
    assert changed(sound(), after) == ChangedItems((), (), ("UN-001",))
    assert changed(after, sound()) == ChangedItems(("UN-001",), (), ())


def test_an_item_that_can_no_longer_be_read_counts_as_removed():
    assert changed(sound(), sound() | {"quality/requirements/UN-001.md": b"\xff"}).removed == ("UN-001",)


def test_yaml_risks_are_compared_item_by_item():
    def risks(harm):
        return {
            "quality/risks/all.yaml": f"""\
hazards:
  - {{id: HAZ-002, title: T, hazardous-situation: S, harm: {harm}, before: {{severity: 1, probability: 1}}, after: {{severity: 1, probability: 1}}, residual-risk: {{acceptable: true}}}}
  - {{id: HAZ-003, title: T, hazardous-situation: S, harm: H, before: {{severity: 1, probability: 1}}, after: {{severity: 1, probability: 1}}, residual-risk: {{acceptable: true}}}}
""".encode()
        }

    assert changed(sound() | risks("a"), sound() | risks("b")) == ChangedItems((), ("HAZ-002",), ())


def test_graphs_that_are_read_already_are_compared_alike():
    after = sound() | {"quality/requirements/REQ-001.md": item("requirement", "REQ-001", title="Another")}
    assert compare_graphs(graph_of(sound()), graph_of(after)) == changed(sound(), after)
