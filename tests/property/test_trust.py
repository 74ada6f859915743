"""Laws of trust over time: whatever is signed, in whatever order."""

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.keyring import NOON, person, signer
from lotmark.attest.api import apply_key_event, build_payload, key_event, log_keys_at, replay_trust, sign_payload, threshold_event
from lotmark.attest.models import Envelope, Registry, Trust
from lotmark.attest.predicates import KINDS
from lotmark.base.errors import IntegrityError, UsageError

pytestmark = pytest.mark.verifies("REQ-330", "RC-330", "REQ-004", "RC-002")

REGISTRY = Registry(KINDS)
ROOTS = ("ada", "beth", "carl")
NAMES = {"ada": "root", "beth": "root", "carl": "root", "quinn": "person", "rene": "person", "p1": "pipeline", "p2": "pipeline", "log": "log", "log2": "log"}
NAMED = {"LM-ATT-018", "LM-ATT-020", "LM-ATT-021", "LM-ATT-023", "LM-ATT-025", "LM-ATT-040", "LM-ATT-041"}
SETTINGS = settings(max_examples=60, deadline=None)


@cache
def envelope(event: str, name: str, by: str, number: int, extra: int, keys: tuple[str, ...] = ()) -> Envelope | None:
    """The signed event, or None if it cannot even be made."""
    kind: Any = NAMES[name]
    more: dict[str, Any] = {}
    if event == "rotate":
        more = {"successor": signer(f"{name}-{extra}").public_key, "overlap": extra}
    if event == "compromised":
        more = {"counts_before": extra}
    try:
        if event == "threshold":
            made = threshold_event(extra, [], reason=f"number {number}", at=NOON)
            tree = {**made.predicate, "keys": list(keys)}
            made = type(made)(made.kind, tuple(type(made.subjects[0])(key, {"sha256": key}) for key in keys), tree, made.name)
        else:
            holder = person(name) if kind in {"person", "root"} else None
            made = key_event(event, public_key=signer(name).public_key, kind=kind, person=holder, reason=f"number {number}", at=NOON, **more)  # type: ignore[arg-type]
        return sign_payload(build_payload(made, REGISTRY), signer(by))
    except (UsageError, IndexError):
        return None


STEPS = st.tuples(
    st.sampled_from(["enrol", "enrol", "enrol", "rotate", "revoke", "lost", "compromised", "threshold"]),
    st.sampled_from(sorted(NAMES)),
    st.lists(st.sampled_from([*ROOTS, "quinn", "p1", "mallory"]), min_size=1, max_size=3),
    st.integers(0, 4),
)
HISTORIES = st.lists(STEPS, max_size=14)


def play(steps: list[Any]) -> tuple[list[tuple[int, Envelope]], list[Trust]]:
    """The events of the history that may stand, with the trust after each; every refusal has one of the named codes."""
    genesis = envelope("genesis", "ada", "ada", 0, 0)
    assert genesis is not None
    events: list[tuple[int, Envelope]] = [(0, genesis)]
    trusts = [replay_trust(events, [signer("ada").public_key])]
    for number, (event, name, signers, extra) in enumerate(steps, 1):
        for by in signers:
            index = len(events)
            keys = tuple(sorted(key.key_id for key in trusts[-1].valid_at(index + 1))) if event == "threshold" else ()
            made = envelope(event, name, by, number, extra, keys)
            if made is None:
                continue
            try:
                after = apply_key_event(trusts[-1], index, made, [signer("ada").public_key])
            except IntegrityError as error:
                assert error.code in NAMED, error  # noqa: PT017
                continue
            events.append((index, made))
            trusts.append(after)
    return events, trusts


def valid(trust: Trust, upto: int) -> set[tuple[str, int]]:
    return {(key.key_id, index) for key in trust.keys for index in range(upto) if key.is_valid_at(index)}


@SETTINGS
@given(HISTORIES)
def test_no_event_brings_a_key_back(steps):
    """Of the past, trust only shrinks: what did not count at an index never comes to count there."""
    events, trusts = play(steps)
    for size in range(1, len(trusts)):
        before, after = trusts[size - 1], trusts[size]
        grown = valid(after, size + 1) - valid(before, size + 1)
        assert not grown, (events[size], grown)
        ended = {key.key_id for key in before.keys if key.valid_until is not None and key.valid_until <= size}
        assert not [key for key in after.keys if key.key_id in ended and key.is_valid_at(10**9)]


@SETTINGS
@given(HISTORIES)
def test_what_may_stand_replays_to_the_same_trust(steps):
    events, trusts = play(steps)
    assert replay_trust(events, [signer("ada").public_key]) == trusts[-1]
    for size in range(1, len(events)):
        assert replay_trust(events[:size], [signer("ada").public_key]) == trusts[size - 1]


@SETTINGS
@given(HISTORIES)
def test_somebody_can_always_go_on(steps):
    """After every event enough root persons are left for the next one, and a log key if there was one."""
    _, trusts = play(steps)
    had_log = False
    for size, trust in enumerate(trusts, 1):
        persons = {key.person for key in trust.valid_at(size, "root")}
        assert len(persons) >= trust.root_threshold
        logs = trust.valid_at(size, "log")
        assert logs or not had_log
        had_log = bool(logs)
        assert set(log_keys_at(trust, size, signer("log").public_key)) >= {key.public_key for key in logs}


@SETTINGS
@given(HISTORIES)
def test_nothing_takes_effect_by_fewer_persons_than_the_threshold_asked_for(steps):
    _, trusts = play(steps)
    for trust in trusts:
        for grant in trust.grants:
            signers = [trust.find(key_id) for key_id in grant.signers]
            assert all(key is not None and key.kind == "root" for key in signers)
            assert len({key.person for key in signers}) >= grant.needed
        for proposal in trust.proposals:
            assert len({trust.find(key_id).person for key_id in proposal.signers}) <= len(ROOTS)


@SETTINGS
@given(HISTORIES, st.randoms(use_true_random=False))
def test_the_order_of_the_log_decides(steps, random):
    """Shuffled events are another history: refused by name, or a trust of its own, never an error of another kind."""
    events, _ = play(steps)
    shuffled = [made for _, made in events[1:]]
    random.shuffle(shuffled)
    again = [events[0], *enumerate(shuffled, 1)]
    try:
        replay_trust(again, [signer("ada").public_key])
    except IntegrityError as error:
        assert error.code in NAMED  # noqa: PT017


JUNK = st.recursive(st.none() | st.booleans() | st.integers(-2, 2**40) | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=4)


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_an_arbitrary_event_raises_a_named_error_or_stands(data):
    """Any field of a well-formed event replaced by anything, signed by a real root."""
    event = data.draw(st.sampled_from(["enrol", "rotate", "revoke", "lost", "compromised"]))
    made = envelope(event, "p1", "ada", 1, 1)
    assert made is not None
    tree = json.loads(made.payload)
    place = tree["predicate"]
    if data.draw(st.booleans()):
        place = data.draw(st.sampled_from([tree, tree["predicate"]["key"], tree["subject"][0]]))
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(JUNK)
    genesis, enrol = envelope("genesis", "ada", "ada", 0, 0), envelope("enrol", "p1", "ada", 9, 0)
    start = [(0, genesis), (1, enrol)] if event != "enrol" else [(0, genesis)]
    try:
        replay_trust([*start, (2, sign_payload(json.dumps(tree).encode(), signer("ada")))], [signer("ada").public_key])
    except IntegrityError as error:
        assert error.code.startswith(("LM-ATT-0", "LM-INT-0"))  # noqa: PT017
