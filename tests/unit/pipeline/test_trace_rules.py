"""Which signed reviews and exceptions count: the key, the person, the role and the owner must fit each other."""

from types import SimpleNamespace

import pytest

from lotmark.checks.models import People
from lotmark.pipeline._trace_rules import _held, _signed

pytestmark = pytest.mark.verifies("REQ-019")

PEOPLE = People({}, {"dana": frozenset({"developer", "quality-owner"}), "quinn": frozenset({"quality-owner"}), "vera": frozenset()})


def entry(key="quinn", person="quinn", role="quality-owner", *, kind="trace-exception", exception="EXC-001", sha256="aa", owner="omar"):
    body = {"signer": {"person": person, "role": role}, "exception": exception, "entrySha256": sha256, "owner": owner}
    return SimpleNamespace(kind=kind, key=SimpleNamespace(person=key), statement=SimpleNamespace(predicate=body))


@pytest.mark.parametrize(
    ("one", "counts"),
    [
        (entry(), True),
        (entry("dana", "dana", "developer"), True),
        (entry("dana", "dana", "quality-owner"), True),
        (entry("dana", "quinn"), False),
        (entry("quinn", "dana"), False),
        (entry(role="developer"), False),
        (entry(role=""), False),
        (entry("vera", "vera"), False),
        (entry("eve", "eve"), False),
        (entry("", ""), False),
        (entry(kind="link-review"), False),
    ],
    ids=[
        "his own key, in his role",
        "one of her roles",
        "another of her roles",
        "her key under his name",
        "his key under her name",
        "a role that he does not hold",
        "no role",
        "a person without roles",
        "a stranger",
        "a machine",
        "another kind",
    ],
)
def test_a_record_counts_by_the_key_of_the_person_in_a_role_that_he_holds(one, counts):
    assert _held([one], "trace-exception", PEOPLE) == ([one] if counts else [])


def test_the_records_that_count_keep_their_order():
    good, bad, last = entry(sha256="1"), entry("eve", "eve"), entry(sha256="2")
    assert _held([good, bad, last], "trace-exception", PEOPLE) == [good, last]


@pytest.mark.parametrize(
    ("entries", "signed"),
    [
        ([], {}),
        ([entry()], {"EXC-001": "aa"}),
        ([entry(owner="quinn")], {}),
        ([entry("dana", "dana", "developer")], {}),
        ([entry(), entry(exception="EXC-002", sha256="bb")], {"EXC-001": "aa", "EXC-002": "bb"}),
        ([entry(sha256="old"), entry(sha256="new")], {"EXC-001": "new"}),
        ([entry(), entry(sha256="own", owner="quinn")], {"EXC-001": "aa"}),
    ],
    ids=["none", "signed", "by its owner", "in a role that may not", "two", "signed again", "the owner's later one does not count"],
)
def test_an_exception_is_signed_by_a_role_that_may_and_never_by_its_owner(entries, signed):
    assert _signed(entries, frozenset({"quality-owner"})) == signed
