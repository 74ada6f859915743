"""Findings are values: what they say on the wire, and which of them closes a gate."""

import dataclasses

import pytest

from lotmark.base.findings import Finding, Location, Severity, has_errors

pytestmark = pytest.mark.verifies("REQ-025")


@pytest.mark.parametrize(
    ("location", "text"),
    [
        (Location("a.yaml"), "a.yaml"),
        (Location("a.yaml", 3), "a.yaml:3"),
        (Location("a.yaml", 3, 7), "a.yaml:3:7"),
        (Location("a.yaml", 0, 7), "a.yaml"),
        (Location("c:d", 1, 1), "c:d:1:1"),
    ],
    ids=["a file", "a line", "a column", "a column without its line is not taken for a line", "a colon in the name"],
)
def test_a_location_is_written_as_editors_read_it(location, text):
    assert str(location) == text


def test_locations_stand_in_reading_order():
    places = [Location("b", 1, 1), Location("a", 10, 1), Location("a", 2, 9), Location("a", 2, 1)]
    assert [str(place) for place in sorted(places)] == ["a:2:1", "a:2:9", "a:10:1", "b:1:1"]


def test_the_wire_leaves_out_what_is_not_known():
    assert Finding("LM-BAS-001", "gone").to_wire() == {"code": "LM-BAS-001", "severity": "error", "message": "gone"}


def test_the_wire_holds_everything_that_is_known():
    finding = Finding("LM-BAS-001", "gone", Severity.WARNING, Location("a", 1, 2), "REQ-001", "put it back")
    assert finding.to_wire() == {
        "code": "LM-BAS-001",
        "severity": "warning",
        "message": "gone",
        "location": "a:1:2",
        "subject": "REQ-001",
        "help": "put it back",
    }


def test_a_finding_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Finding("LM-BAS-001", "gone").message = "all is well"


@pytest.mark.parametrize(
    ("severities", "closes"),
    [([], False), (["info"], False), (["warning", "info"], False), (["info", "error"], True), (["error"], True)],
    ids=lambda value: "+".join(value) or "none" if isinstance(value, list) else str(value),
)
def test_only_an_error_closes_a_gate(severities, closes):
    assert has_errors(Finding("LM-BAS-001", "x", Severity(severity)) for severity in severities) is closes
