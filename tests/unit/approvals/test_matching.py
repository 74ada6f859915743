"""Filling required signatures: nobody twice, and as many as can be."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lotmark.approvals._matching import Candidate, fill
from lotmark.approvals.models import RequiredSignature

pytestmark = pytest.mark.verifies("REQ-017", "RC-012", "HAZ-003")


def need(role: str, count: int = 1) -> RequiredSignature:
    return RequiredSignature(role=role, count=count)


def by(person: str, role: str) -> Candidate:
    return Candidate(role, "approval", frozenset({person}))


def test_nothing_fills_nothing():
    assert fill([need("a")], []) == frozenset()
    assert fill([], [by("x", "a")]) == frozenset()


def test_another_meaning_fills_nothing():
    assert fill([need("a")], [Candidate("a", "review", frozenset({"x"}))]) == frozenset()


def test_two_of_a_role_are_two_persons():
    assert fill([need("a", 2)], [by("x", "a"), by("x", "a")]) == frozenset({0})
    assert fill([need("a", 2)], [by("x", "a"), by("y", "a")]) == frozenset({0, 1})


def test_the_choice_is_not_made_too_early():
    assert fill([need("a"), need("b"), need("c")], [by("x", "a"), by("x", "b"), by("y", "a"), by("y", "c"), by("z", "c")]) == frozenset({1, 2, 4})


def test_what_cannot_be_filled_leaves_the_rest():
    assert fill([need("a"), need("b")], [by("x", "b")]) == frozenset({0})


def test_a_search_without_end_stops_with_the_best_that_it_found():
    persons = [f"p{n}" for n in range(9)]
    candidates = [by(person, role) for person in persons for role in "abcdefghijkl"]
    found = fill([need(role) for role in "abcdefghijkl"], candidates)
    assert len(found) == 9


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("wxyz"), st.sampled_from("abc")), max_size=6), st.lists(st.sampled_from("abc"), max_size=3))
def test_it_is_the_best_that_there_is(signatures, roles):
    candidates = [by(person, role) for person, role in signatures]
    found = fill([need(role) for role in roles], candidates)

    def fits(chosen) -> bool:
        persons = [signatures[n][0] for n in chosen]
        wanted = list(roles)
        for n in chosen:
            if signatures[n][1] not in wanted:
                return False
            wanted.remove(signatures[n][1])
        return len(set(persons)) == len(persons)

    assert fits(found)
    best = max(len(chosen) for size in range(len(roles) + 1) for chosen in itertools.combinations(range(len(signatures)), size) if fits(chosen))
    assert len(found) == best
