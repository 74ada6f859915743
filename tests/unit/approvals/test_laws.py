"""Laws of approvals: who may sign is whose signature counts, and nothing that is added makes too little enough."""

import itertools
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.release_run import verified
from fakes.signing import NOON, Desk, key, people, rules
from lotmark.approvals._documents import matching
from lotmark.approvals._matching import Candidate, fill
from lotmark.approvals.api import check_may_sign, compute_tier, evaluate_approvals, required_approvals
from lotmark.approvals.models import TIERS, Meaning, RequiredSignature
from lotmark.base.clock import format_instant
from lotmark.base.errors import LotmarkError

pytestmark = pytest.mark.verifies("REQ-017", "RC-012", "HAZ-003")

SIGN_AT = NOON + timedelta(hours=1)
LATER = NOON + timedelta(days=2)
PEOPLE = ["dana", "quinn", "rene", "clio", "omar", "gone"]
ROLES = ["developer", "quality-owner", "regulatory", "clinical", "operations"]
MEANINGS = list(Meaning.__args__)
ACTS = list(itertools.product(PEOPLE, ROLES, MEANINGS))


def judge(desk: Desk, *, rules_file=None, at=LATER):
    return evaluate_approvals(desk.decision, desk.entries, people().value, rules_file or rules(), desk.trust, at)


def refused_before(desk: Desk, person: str, role: str, meaning: str, **more) -> str:
    try:
        check_may_sign(
            desk.decision, desk.entries, people().value, more.pop("rules_file", rules()), person=person, role=role, meaning=meaning, at=SIGN_AT, **more
        )
    except LotmarkError as error:
        return error.code if error.solution else "a refusal without a cure"
    return ""


# ---- before and after


@pytest.mark.parametrize("path", ["src/qpcr/baseline.py", "src/qpcr/calling/ct.py", "docs/index.md"])
def test_what_may_be_signed_counts_and_what_counts_may_be_signed(path):
    """All people, roles and meanings. Only what nobody asks for (018) is told before and merely not counted after."""
    for person, role, meaning in ACTS:
        desk = Desk(path=path)
        before = refused_before(desk, person, role, meaning)
        desk.sign(person, role, meaning)
        found = judge(desk)
        after = "".join(item.code for item in found.ignored)
        counted = [item.counted for item in (*found.accepted, *found.rejections)]
        if before == "LM-APR-018":
            assert not any(counted), (person, role, meaning)
        else:
            assert before == after, (person, role, meaning)
            asked = (role, meaning) in {
                (item.role, item.meaning) for item in required_approvals(Desk(path=path).decision.statement.predicate["tier"]["name"], rules())
            }
            assert any(counted) == (not before and asked), (person, role, meaning)


def test_nobody_is_author_and_approver_in_any_role_or_tier():
    for path in ("src/qpcr/baseline.py", "docs/index.md"):
        desk = Desk(path=path)
        for role, meaning in itertools.product(ROLES, MEANINGS):
            if meaning not in {"authorship", "rejection"}:
                desk.sign("dana", role, meaning)
        found = judge(desk)
        assert found.accepted == ()
        assert {item.code for item in found.ignored} <= {"LM-APR-001", "LM-APR-002"}


# ---- monotone


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(ACTS), max_size=5), st.sampled_from(ACTS))
def test_a_further_signature_never_takes_away_what_was_filled_but_a_rejection_closes(acts, more):
    desk = Desk()
    for act in acts:
        desk.sign(*act)
    before = judge(desk)
    desk.sign(*more)
    after = judge(desk)
    if after.rejections and not before.rejections:
        assert not after.complete
        return
    assert sum(item.have for item in after.missing) + 2 - len(after.missing) >= sum(item.have for item in before.missing) + 2 - len(before.missing)
    assert after.complete >= before.complete


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(ACTS), min_size=1, max_size=5), st.data())
def test_every_signature_ends_in_exactly_one_list(acts, data):
    desk = Desk()
    made = [desk.sign(*act) for act in acts]
    for entry in made:
        if data.draw(st.booleans()):
            desk.withdraw(entry, entry.key.person)
    found = judge(desk)
    shown = [item.index for item in (*found.accepted, *found.ignored, *found.rejections)]
    assert sorted(shown) == [entry.index for entry in made]
    assert all(item.reason for item in found.ignored)
    assert [item.index for item in found.ignored] == sorted(item.index for item in found.ignored)


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(4)))
def test_the_order_in_which_entries_are_given_plays_no_part(order):
    desk = Desk()
    desk.sign("quinn", "regulatory", "review", session="s", ordinal=1)
    desk.sign("quinn", session="s", ordinal=2, components=("key",))
    desk.sign("rene", "regulatory", "review")
    desk.sign("dana")
    whole = judge(desk)
    assert whole.complete
    desk.later = [desk.later[position] for position in order]
    assert judge(desk) == whole


# ---- filling

PERSONS = "wxyz"


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(PERSONS), st.sampled_from(PERSONS), st.sampled_from("ab"), st.sampled_from(["approval", "review"])), max_size=6),
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["approval", "review"]), st.integers(1, 2)), max_size=3),
)
def test_nobody_fills_two_places_not_even_through_a_delegate(signatures, wanted):
    """Each signature takes a signer and whoever he signs for; a place takes a role and a meaning."""
    required = [RequiredSignature(role=role, meaning=meaning, count=count) for role, meaning, count in wanted]
    candidates = [Candidate(role, meaning, frozenset({signer, behalf})) for signer, behalf, role, meaning in signatures]
    chosen = fill(required, candidates)
    used = [name for position in chosen for name in candidates[position].takes]
    assert len(used) == len(set(used))
    for role, meaning in itertools.product("ab", ["approval", "review"]):
        places = sum(item.count for item in required if (item.role, item.meaning) == (role, meaning))
        assert sum((candidates[position].role, candidates[position].meaning) == (role, meaning) for position in chosen) <= places
    assert len(fill(required, [*candidates, Candidate("a", "approval", frozenset({"new"}))])) >= len(chosen)


# ---- tiers


def facts(path: str = "src/qpcr/baseline.py"):
    return Desk(path=path).decision.statement.predicate["facts"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["docs/a.md", "README.md", "src/qpcr/baseline.py", "src/qpcr/calling/ct.py", "tools/x", ""]), max_size=4),
    st.lists(st.sampled_from("ABC"), max_size=2),
    st.booleans(),
    st.sampled_from(["docs/b.md", "src/qpcr/b.py", "src/qpcr/calling/b.py", "other"]),
)
def test_a_further_changed_file_never_lowers_the_tier(paths, classes, dependencies, more):
    base = facts()

    def tier_of(changed):
        found = {
            **base,
            "source": {**base["source"], "changedPaths": changed, "dependenciesChanged": dependencies},
            "trace": {**base["trace"], "changedClasses": classes},
        }
        return compute_tier(found, rules())

    before = tier_of(paths)
    if paths:
        assert TIERS.index(tier_of([*paths, more]).name) >= TIERS.index(before.name)
    assert before.reasons
    assert (before.name == "high") >= ("C" in classes or dependencies)


@pytest.mark.parametrize(
    ("paths", "shown"),
    [
        (["src/a"], "changes src/a"),
        (["src/a", "src/b", "src/c"], "changes src/a, src/b, src/c"),
        (["src/a", "src/b", "src/c", "src/d"], "changes src/a, src/b, src/c and 1 more"),
        ([f"src/{name}" for name in "abcdefg"], "changes src/a, src/b, src/c and 4 more"),
        (["docs/x", "src/a"], "changes src/a"),
    ],
)
def test_a_reason_names_three_files_and_counts_the_others(paths, shown):
    base = facts()
    assert compute_tier({**base, "source": {**base["source"], "changedPaths": paths}}, rules()).reasons == (shown,)


@pytest.mark.parametrize(
    ("paths", "tier"),
    [
        ([], "medium"),
        (["docs/a"], "low"),
        (["docs/a", "a.md"], "low"),
        (["docs/a", "sub/a.md"], "medium"),
        (["docs"], "medium"),
        (["docs/a\n"], "low"),
        (["a.md\n"], "medium"),
    ],
)
def test_only_a_change_of_harmless_files_alone_is_of_the_lowest_tier(paths, tier):
    base = facts()
    assert compute_tier({**base, "source": {**base["source"], "changedPaths": paths}}, rules()).name == tier


@given(st.lists(st.sampled_from(["a", "b", "a/b", "a/b/c", "ab", "a.b"]), unique=True))
def test_two_stars_match_whatever_lies_below_and_one_star_only_what_lies_beside(paths):
    assert matching(paths, ["**"]) == paths
    assert matching(paths, ["*"]) == [path for path in paths if "/" not in path]
    assert matching(paths, ["a/**"]) == [path for path in paths if path.startswith("a/")]
    assert matching(paths, ["**/c"]) == [path for path in paths if path.endswith("/c") or path == "c"]
    assert matching(paths, ["a?b"]) == [path for path in paths if path == "a.b"]
    assert matching(paths, []) == []


# ---- delegation, to the instant


@pytest.mark.attack("A11")
@pytest.mark.parametrize(
    ("begin", "until", "at", "holds"),
    [
        (0, 60, 0, True),
        (0, 60, 60, True),
        (0, 60, -0.001, False),
        (0, 60, 60.001, False),
        (0, 30 * 86400, 60, True),
        (0, 30 * 86400 + 0.001, 60, False),
        (60, 0, 30, False),
    ],
    ids=["first instant", "last instant", "before", "after", "longest", "longer", "turned around"],
)
def test_a11_a_delegation_holds_from_its_begin_to_its_end_both_counted(begin, until, at, holds):
    desk = Desk()
    first = NOON + timedelta(minutes=10)

    def told(seconds):
        return format_instant(first + timedelta(seconds=seconds))

    made = desk.delegate(**{"from": told(begin), "until": told(until)})
    desk.sign("omar", "regulatory", "review", behalf=made, at=first + timedelta(seconds=at))
    assert [item.code for item in judge(desk).ignored] == ([] if holds else ["LM-APR-009"])


@pytest.mark.attack("A11")
@pytest.mark.parametrize(
    ("tier_path", "limit", "allowed", "holds"),
    [
        ("docs/a.md", "low", "low", True),
        ("docs/a.md", "low", "none", False),
        ("src/a.py", "low", "high", False),
        ("src/a.py", "medium", "low", False),
        ("src/a.py", "medium", "medium", True),
        ("src/a.py", "high", "medium", True),
        ("src/qpcr/calling/a.py", "high", "medium", False),
        ("src/qpcr/calling/a.py", "medium", "high", False),
        ("src/qpcr/calling/a.py", "high", "high", True),
    ],
)
def test_a11_both_the_delegation_and_the_rules_limit_the_tier(tier_path, limit, allowed, holds):
    wanted = {"docs/a.md": ("quality-owner", "approval"), "src/a.py": ("regulatory", "review"), "src/qpcr/calling/a.py": ("regulatory", "approval")}[tier_path]
    giver = "quinn" if wanted[0] == "quality-owner" else "rene"
    desk = Desk(path=tier_path)
    made = desk.delegate(giver=giver, role=wanted[0], limit=limit)
    desk.sign("omar", *wanted, behalf=made)
    limits = msgspec.structs.replace(rules(), delegation=msgspec.structs.replace(rules().delegation, up_to=allowed))
    assert [item.code for item in judge(desk, rules_file=limits).ignored] == ([] if holds else ["LM-APR-009"])
    assert refused_before(Desk(path=tier_path), "omar", *wanted, on_behalf_of=made, rules_file=limits) == "LM-APR-009", "it is not in that log"


def test_a_delegation_of_the_wrong_kind_of_record_is_none():
    desk = Desk()
    made = desk.delegate()
    desk.entries_before = [verified("approval", made.statement.predicate, made.index, by=key("rene"))]
    desk.sign("omar", "regulatory", "review", onBehalfOf={"person": "rene", "delegation": made.envelope.payload_digest.hex})
    assert ("LM-APR-009", "the delegation is not in the log") in [(item.code, item.reason) for item in judge(desk).ignored]
