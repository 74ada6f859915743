"""The signing session: when both components are asked for again (21 CFR 11.200(a)(1)).

A session belongs to one person, one key and one set of roles. It ends by idleness, by age, by a clock that jumps and by a
change of roles. It holds no secret and may be stored; stealing it gains nothing, because the key is asked for each time.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from lotmark.approvals.models import Signing
from lotmark.base.clock import format_instant, parse_instant
from lotmark.base.errors import EnvironmentLacksError, UsageError

BOTH = frozenset({"key", "passphrase"})
IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=8)
JUMP = timedelta(seconds=5)


class SessionState(StrEnum):
    """Fresh: nothing was signed yet. Open: the personal key suffices. Expired: both components again."""

    FRESH = "fresh"
    OPEN = "open"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Tick:
    """One look at both clocks: what the wall clock says, and seconds of the one that cannot be set."""

    wall: datetime
    monotonic: float


class SigningSession(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """A session as it may be stored."""

    id: str
    person: str
    key_id: str
    roles: tuple[str, ...]
    opened_at: str
    last_at: str
    last_monotonic: float
    ordinal: int = 0
    """How many signatures were made in it."""


def open_session(session_id: str, person: str, key_id: str, roles: Collection[str], now: Tick) -> SigningSession:
    """A fresh session; `session_id` must be new."""
    instant = format_instant(now.wall)
    return SigningSession(
        id=session_id, person=person, key_id=key_id, roles=tuple(sorted(roles)), opened_at=instant, last_at=instant, last_monotonic=now.monotonic
    )


def session_state(session: SigningSession, *, person: str, key_id: str, roles: Collection[str], now: Tick) -> SessionState:
    """Whether the session can go on for this person, key and roles at this moment."""
    wall = now.wall - parse_instant(session.last_at)
    steady = timedelta(seconds=now.monotonic - session.last_monotonic)
    ended = (
        (session.person, session.key_id, session.roles) != (person, key_id, tuple(sorted(roles)))
        # A restart sets the steady clock back; a set clock parts the two.
        or steady < timedelta(0)
        or abs(wall - steady) > JUMP
        or steady > IDLE
        or now.wall - parse_instant(session.opened_at) > LONGEST
    )
    if ended:
        return SessionState.EXPIRED
    return SessionState.OPEN if session.ordinal else SessionState.FRESH


def next_signing(
    session: SigningSession, *, person: str, key_id: str, roles: Collection[str], components: Collection[str], now: Tick
) -> tuple[SigningSession, Signing]:
    """The session after one more signature, and what of it goes into the signed bytes.

    Raises:
        EnvironmentLacksError: LM-APR-021 if the session is over, or its first signing lacks a component.
        UsageError: LM-APR-020 for an unknown component.
    """
    given = frozenset(components)
    if not given or not given <= BOTH:
        raise UsageError("LM-APR-020", f"unknown components of a signature: {', '.join(sorted(given)) or 'none'}", solution="give key, passphrase, or both")
    state = session_state(session, person=person, key_id=key_id, roles=roles, now=now)
    if state is SessionState.EXPIRED:
        raise EnvironmentLacksError("LM-APR-021", "the signing session is over", solution="open a new one: enter your passphrase again")
    if state is SessionState.FRESH and given != BOTH:
        raise EnvironmentLacksError("LM-APR-021", "the first signing of a session needs both components", solution="present your key and enter its passphrase")
    moved = msgspec.structs.replace(session, last_at=format_instant(now.wall), last_monotonic=now.monotonic, ordinal=session.ordinal + 1)
    return moved, Signing(session_id=session.id, ordinal=moved.ordinal, components=tuple(sorted(given)))


def format_session(session: SigningSession) -> bytes:
    """The session as bytes to store."""
    return msgspec.json.encode(session)


def parse_session(data: bytes) -> SigningSession | None:
    """A stored session; None for anything else, which reads as: open a new one."""
    try:
        session = msgspec.json.decode(data, type=SigningSession)
        parse_instant(session.opened_at), parse_instant(session.last_at)
    except (msgspec.DecodeError, ValueError):
        return None
    return session
