"""The signing session: when both components are asked for again."""

from datetime import timedelta

import pytest

from fakes.signing import NOON
from lotmark.approvals.api import SessionState, Tick, format_session, next_signing, open_session, parse_session, session_state
from lotmark.base.errors import EnvironmentLacksError, UsageError

pytestmark = pytest.mark.verifies("REQ-016", "RC-002")


KEY = "ab" * 32
WHO = {"person": "quinn", "key_id": KEY, "roles": ["regulatory", "quality-owner"]}
BOTH = ["key", "passphrase"]


def tick(seconds: float = 0, *, wall: float | None = None) -> Tick:
    return Tick(NOON + timedelta(seconds=seconds if wall is None else wall), 1000 + seconds)


def fresh():
    return open_session("s-1", "quinn", KEY, ["quality-owner", "regulatory"], tick())


def opened():
    session, signing = next_signing(fresh(), **WHO, components=BOTH, now=tick(5))
    assert (signing.session_id, signing.ordinal, signing.components) == ("s-1", 1, ("key", "passphrase"))
    return session


def test_a_session_is_fresh_until_something_was_signed():
    assert session_state(fresh(), **WHO, now=tick(1)) is SessionState.FRESH
    assert session_state(opened(), **WHO, now=tick(6)) is SessionState.OPEN


@pytest.mark.parametrize("components", [["key"], ["passphrase"]])
def test_the_first_signing_takes_both_components(components):
    """T5."""
    with pytest.raises(EnvironmentLacksError) as caught:
        next_signing(fresh(), **WHO, components=components, now=tick(1))
    assert caught.value.code == "LM-APR-021"


def test_later_signings_take_one_and_count_on():
    session, signing = next_signing(opened(), **WHO, components=["key"], now=tick(60))
    assert (signing.ordinal, signing.components) == (2, ("key",))
    _, third = next_signing(session, **WHO, components=["passphrase"], now=tick(120))
    assert third.ordinal == 3


@pytest.mark.parametrize(
    ("now", "who"),
    [
        (tick(5 + 15 * 60 + 1), {}),
        (tick(8 * 3600 + 1), {}),
        (tick(60, wall=600), {}),
        (tick(60, wall=-600), {}),
        (Tick(NOON + timedelta(seconds=60), 10.0), {}),
        (tick(60), {"person": "rene"}),
        (tick(60), {"key_id": "cd" * 32}),
        (tick(60), {"roles": ["quality-owner"]}),
    ],
    ids=["idle", "too old", "clock set forward", "clock set back", "restarted", "another person", "another key", "roles changed"],
)
def test_a_session_ends(now, who):
    assert session_state(opened(), **{**WHO, **who}, now=now) is SessionState.EXPIRED
    with pytest.raises(EnvironmentLacksError) as caught:
        next_signing(opened(), **{**WHO, **who}, components=BOTH, now=now)
    assert caught.value.code == "LM-APR-021"
    assert "passphrase" in (caught.value.solution or "")


def test_a_session_ends_by_age_even_when_it_is_used():
    session = opened()
    for minutes in range(10, 8 * 60, 10):
        session, _ = next_signing(session, **WHO, components=["key"], now=tick(minutes * 60))
    assert session_state(session, **WHO, now=tick(8 * 3600 - 100)) is SessionState.OPEN
    assert session_state(session, **WHO, now=tick(8 * 3600 + 1)) is SessionState.EXPIRED


@pytest.mark.parametrize("components", [[], ["finger"], ["key", "finger"]])
def test_an_unknown_component_is_none(components):
    with pytest.raises(UsageError) as caught:
        next_signing(fresh(), **WHO, components=components, now=tick(1))
    assert caught.value.code == "LM-APR-020"


def test_a_session_can_be_stored_and_holds_no_secret():
    session = opened()
    stored = format_session(session)
    assert parse_session(stored) == session
    assert b"passphrase" not in stored


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"\xff", format_session(fresh()).replace(b"2026", b"xxxx"), format_session(fresh()).replace(b'"ordinal":0', b'"ordinal":"0"')]
)
def test_anything_else_reads_as_no_session(data):
    assert parse_session(data) is None
