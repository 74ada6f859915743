"""Laws of retention and of commitments that hold for every date, market and name."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotmark.records._audit import SpooledEvent, compact
from lotmark.records.api import COMMITMENT, classes_of, commit, conceal, retention_end
from lotmark.records.models import RunDates

pytestmark = pytest.mark.verifies("REQ-090", "REQ-092", "REQ-093", "RC-090", "RC-091", "RC-092")

MARKETS = ("us", "eu-mdr", "eu-mdr-implantable", "eu-ivdr")
days = st.dates(date(2000, 1, 1), date(2100, 12, 31))
triggers = st.dictionaries(st.sampled_from(["end-of-life", "last-device"]), days)
markets = st.lists(st.sampled_from(MARKETS), unique=True)


def end(chosen, released, told):
    return retention_end(classes_of("device-record", chosen, released=True), RunDates(released, released, told))


@given(markets, days, triggers)
def test_a_record_is_kept_two_years_at_the_least_and_open_while_its_event_is(chosen, released, told):
    found = end(chosen, released, told)
    assert (found.on is None) == bool(found.waits_for)
    if found.on is not None:
        assert found.on >= released.replace(year=released.year + 2) if (released.month, released.day) != (2, 29) else found.on > released
        assert not found.has_passed(found.on)
        assert found.has_passed(found.on + timedelta(days=1))


@given(markets, st.sampled_from(MARKETS), days, triggers)
def test_one_market_more_never_shortens(chosen, more, released, told):
    before, after = end([*chosen, more], released, told), end([*chosen, more, *MARKETS], released, told)
    assert after.on is None or (before.on is not None and before.on <= after.on)


@given(markets, days, triggers)
def test_none_declared_keeps_as_long_as_any(chosen, released, told):
    strictest, declared = end([], released, told), end(chosen, released, told)
    assert strictest.on is None or (declared.on is not None and declared.on <= strictest.on)


@given(markets, days, triggers, days)
def test_an_event_told_later_never_shortens(chosen, released, told, day):
    later = {name: max(known, day) for name, known in told.items()}
    before, after = end(chosen, released, told), end(chosen, released, later)
    assert (before.on is None) == (after.on is None)
    assert after.on is None or before.on <= after.on


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
salts = st.binary(min_size=32, max_size=32)


@given(salts, names, salts, names)
def test_a_commitment_is_of_one_salt_and_value(salt, name, other_salt, other):
    token = commit(salt, name)
    assert COMMITMENT.fullmatch(token)
    assert (commit(other_salt, other) == token) == ((salt, name) == (other_salt, other))


@given(salts, names, st.text(max_size=20), st.text(max_size=20))
def test_concealing_leaves_no_whole_commitment(salt, name, before, after):
    shown = conceal({"by": [f"{before} {commit(salt, name)} {after}"]})
    assert not COMMITMENT.search(str(shown))


events = st.builds(
    SpooledEvent,
    tag=st.sampled_from(["a:b:c", "d:e:f"]),
    outcome=st.sampled_from(["done", "refused"]),
    actor=st.sampled_from(["x", "y"]),
    person=st.sampled_from(["", "quinn"]),
    subject=st.text(max_size=3),
    code=st.sampled_from(["", "LM-REC-001"]),
    detail=st.text(max_size=3),
    count=st.integers(1, 5),
    first=st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]),
    last=st.sampled_from(["2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"]),
)


@given(st.lists(events, max_size=60), st.integers(4, 30))
def test_counting_together_loses_no_event_and_is_bounded(told, most):
    grouped = compact(told, most)
    assert sum(each.count for each in grouped) == sum(each.count for each in told)
    assert len(grouped) <= max(most, 4), "two tags, two outcomes"
    assert {(each.tag, each.outcome) for each in grouped} == {(each.tag, each.outcome) for each in told}
