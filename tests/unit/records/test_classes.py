"""The table of retention classes and the dates that follow from it."""

from datetime import date

import pytest

from lotmark.bootstrap.api import registry
from lotmark.records.api import CLASSES, KIND_CLASSES, classes_of, retention_end
from lotmark.records.models import RetentionEnd, RunDates

pytestmark = pytest.mark.verifies("REQ-090", "RC-090", "HAZ-090")

RELEASED = date(2026, 3, 1)
CLOSED = date(2026, 2, 28)


def names(classes):
    return [each.name for each in classes]


def test_each_class_says_how_long_by_which_clause_and_why():
    assert names(CLASSES) == ["permanent", "device-life", "mdr-10y", "mdr-15y", "ivdr-10y", "unreleased"]
    for each in CLASSES:
        assert "CFR" in each.clause or "Regulation (EU)" in each.clause or "ISO 13485" in each.clause
        assert each.basis.endswith(".")
        assert each.title
    assert {each.name: each.years for each in CLASSES if each.years} == {"mdr-10y": 10, "mdr-15y": 15, "ivdr-10y": 10, "unreleased": 2}


def test_every_kind_of_evidence_names_one_of_the_two():
    assert {kind.retention for kind in registry()} == KIND_CLASSES


def test_what_a_signature_rests_on_never_ends():
    permanent = {kind.name for kind in registry() if kind.retention == "permanent"}
    assert {"key-event", "delegation", "retention-event", "audit-event", "backup", "restore", "log-epoch"} <= permanent
    assert permanent.isdisjoint({"approval", "test-run", "decision", "release-manifest"})


@pytest.mark.parametrize(
    ("markets", "expected"),
    [
        ([], ["device-life", "mdr-10y", "mdr-15y", "ivdr-10y"]),
        (["us"], ["device-life"]),
        (["eu-ivdr"], ["device-life", "ivdr-10y"]),
        (["eu-mdr", "us"], ["device-life", "mdr-10y"]),
        (["eu-mdr-implantable"], ["device-life", "mdr-15y"]),
    ],
    ids=["none declared: the strictest", "only the US", "in vitro diagnostics", "medical device", "implant"],
)
def test_the_markets_choose_the_classes(markets, expected):
    assert names(classes_of("device-record", markets, released=True)) == expected


def test_what_was_not_released_is_kept_two_years_whatever_the_market():
    assert names(classes_of("device-record", ["eu-mdr-implantable"], released=False)) == ["unreleased"]


def test_a_permanent_kind_is_permanent_in_every_market():
    assert names(classes_of("permanent", ["us"], released=True)) == ["permanent"]


@pytest.mark.parametrize("name", ["release", "device-lifetime", "", "Permanent"])
def test_an_unknown_class_is_a_mistake_of_the_program(name):
    with pytest.raises(ValueError, match="no retention class"):
        classes_of(name, [], released=True)


ENDS = [
    ("nothing known", ["us"], {}, None, "end-of-life"),
    ("life over long after the release", ["us"], {"end-of-life": date(2031, 5, 4)}, date(2031, 5, 4), ""),
    ("life over at once: two years from the release", ["us"], {"end-of-life": date(2026, 4, 1)}, date(2028, 3, 1), ""),
    ("last device not told", ["eu-ivdr"], {"end-of-life": date(2031, 5, 4)}, None, "last-device"),
    ("last device told", ["eu-ivdr"], {"end-of-life": date(2031, 5, 4), "last-device": date(2029, 1, 1)}, date(2039, 1, 1), ""),
    ("the longest wins", ["eu-ivdr", "eu-mdr-implantable"], {"end-of-life": date(2050, 1, 1), "last-device": date(2029, 1, 1)}, date(2050, 1, 1), ""),
    ("none declared", [], {"end-of-life": date(2031, 5, 4), "last-device": date(2029, 1, 1)}, date(2044, 1, 1), ""),
    ("a leap day", ["eu-mdr"], {"end-of-life": date(2028, 2, 29), "last-device": date(2028, 2, 29)}, date(2038, 3, 1), ""),
    ("a leap day to a leap year", [], {"end-of-life": date(2028, 2, 29), "last-device": date(2028, 2, 29)}, date(2043, 3, 1), ""),
]


@pytest.mark.parametrize(("markets", "triggers", "expected", "waits"), [row[1:] for row in ENDS], ids=[row[0] for row in ENDS])
def test_the_date_follows_from_the_latest_class_or_is_open(markets, triggers, expected, waits):
    end = retention_end(classes_of("device-record", markets, released=True), RunDates(RELEASED, CLOSED, triggers))
    assert (end.on, end.waits_for) == (expected, waits)
    assert end.has_passed(date(2026, 6, 1)) is False


def test_the_first_day_after_is_the_first_on_which_it_has_passed():
    end = retention_end(classes_of("device-record", [], released=False), RunDates(None, CLOSED))
    assert end.on == date(2028, 2, 28)
    assert [end.has_passed(date(2028, 2, day)) for day in (27, 28, 29)] == [False, False, True]


def test_a_run_that_is_not_closed_is_open():
    end = retention_end(classes_of("device-record", [], released=False), RunDates(None, None))
    assert (end.on, end.waits_for, end.words) == (None, "run-closed", "open: run-closed is not known (unreleased)")


def test_a_permanent_record_has_no_end_and_waits_for_nothing():
    end = retention_end(classes_of("permanent", [], released=True), RunDates(RELEASED, CLOSED))
    assert (end.on, end.words, end.has_passed(date.max)) == (None, "for ever (permanent)", False)


def test_the_words_name_day_and_class():
    end = RetentionEnd(date(2039, 1, 1), CLASSES[4])
    assert end.words == "until 2039-01-01 (ivdr-10y)"
