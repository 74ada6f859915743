"""What persons do to records: triggers, holds, expiry and erasure; who must sign, and what refuses before anything is signed."""

from datetime import date, timedelta

import pytest

from lotmark.base.errors import EnvironmentLacksError, LotmarkError, NothingToJudgeError, RefusedError, UsageError
from lotmark.bootstrap._records import (
    approve_order,
    erase_values,
    expire_run,
    expired_entries,
    find_order,
    find_run_records,
    list_retention,
    record_trigger,
    release_hold,
    set_hold,
)

pytestmark = pytest.mark.verifies("REQ-019", "REQ-096")

RUN = "tiny:RUN-0001"


@pytest.fixture
def released(tiny_released):
    with tiny_released.workspace() as workspace:
        yield tiny_released, workspace


@pytest.fixture
def opened(tiny):
    with tiny.workspace() as workspace:
        yield tiny, workspace


def by(tiny, person="quinn", reason="a claim is pending"):
    return {"person": person, "signer": tiny.signer(person), "reason": reason}


def size_stays(workspace, size):
    assert workspace.ledger.size == size
    assert workspace.reader.records().orders == ()


# ---------------------------------------------------------------- runs


@pytest.mark.parametrize("name", ["RUN-0001", RUN])
def test_a_run_is_found_with_the_dates_of_its_retention(released, name):
    tiny, workspace = released
    found = find_run_records(workspace, name)
    assert (found.run, found.product, found.version) == (RUN, "tiny", "1.0.0")
    assert found.scopes == (f"run:{RUN}", "release:tiny@1.0.0", "product:tiny")
    assert found.dates.released_on == found.dates.closed_on == tiny.clock.now().date()


@pytest.mark.parametrize("name", ["RUN-0002", "other:RUN-0001"])
def test_a_run_that_is_not_there(released, name):
    with pytest.raises(NothingToJudgeError) as caught:
        find_run_records(released[1], name)
    assert (caught.value.code, caught.value.solution) == ("LM-REC-005", "`lotmark records status` lists them")


@pytest.mark.parametrize("name", ["", "RUN", "run-1", "../RUN-0001", "tiny:RUN-0001:x"])
def test_what_is_no_run_id(released, name):
    with pytest.raises(LotmarkError) as caught:
        find_run_records(released[1], name)
    assert caught.value.exit_code in {2, 5}


def test_the_retention_of_every_run_is_listed(released):
    (status,) = list_retention(released[1])
    assert (status.records.run, status.holds, status.expired) == (RUN, (), 0)
    assert not status.end.has_passed(date(2026, 12, 1))


def test_without_a_run_nothing_is_listed_and_nothing_is_expired(opened):
    assert list_retention(opened[1]) == []
    assert expired_entries(opened[1]) == frozenset()


# ---------------------------------------------------------------- triggers


@pytest.mark.parametrize(("days", "accepted"), [(1, False), (0, True), (-1, True), (-3650, True)], ids=["tomorrow", "today", "yesterday", "long ago"])
def test_an_event_is_recorded_once_it_has_happened(opened, days, accepted):
    tiny, workspace = opened
    on = workspace.clock.now().date() + timedelta(days=days)
    size = workspace.ledger.size
    if accepted:
        acted = record_trigger(workspace, "end-of-life", on, version="1.0.0", **by(tiny))
        assert (acted.index, acted.order.event, acted.order.act["on"], acted.removed) == (size, "trigger", on.isoformat(), None)
        assert acted.order.is_effective
    else:
        with pytest.raises(UsageError) as caught:
            record_trigger(workspace, "end-of-life", on, version="1.0.0", **by(tiny))
        assert (caught.value.code, caught.value.reason) == ("LM-REC-003", f"{on} has not come yet")
        size_stays(workspace, size)


def test_the_same_event_again_is_no_second_entry(opened):
    tiny, workspace = opened
    on = workspace.clock.now().date()
    first = record_trigger(workspace, "last-device", on, version="", **by(tiny))
    again = record_trigger(workspace, "last-device", on, version="", **by(tiny, "rene"))
    assert (again.index, again.order) == (first.index, first.order)


# ---------------------------------------------------------------- holds


@pytest.mark.parametrize(
    ("scope", "reason"),
    [
        ("", "'' is no scope"),
        ("product", "'product' is no scope"),
        ("product:", "'product:' is no scope"),
        ("tiny", "'tiny' is no scope"),
        ("version:tiny@1", "'version:tiny@1' is no scope"),
        ("release:tiny", "'release:tiny' is no scope"),
        ("product:tiny@1", "'product:tiny@1' is no scope"),
        ("run:tiny@1", "'run:tiny@1' is no scope"),
        ("product:other", "'product:other' is of another product"),
        ("release:other@1.0.0", "'release:other@1.0.0' is of another product"),
        ("product:tinyx", "'product:tinyx' is of another product"),
    ],
)
def test_a_hold_over_what_is_no_scope_is_not_signed(opened, scope, reason):
    tiny, workspace = opened
    with pytest.raises(UsageError) as caught:
        set_hold(workspace, scope, **by(tiny))
    assert (caught.value.code, caught.value.reason) == ("LM-REC-003", reason)
    assert "tiny" in caught.value.solution
    size_stays(workspace, 8)


@pytest.mark.parametrize(
    ("asked", "scope"),
    [("product:tiny", "product:tiny"), ("release:tiny@1.0.0", "release:tiny@1.0.0"), ("run:RUN-0001", f"run:{RUN}"), (f"run:{RUN}", f"run:{RUN}")],
)
def test_a_hold_stands_at_one_signature_and_keeps_the_run(released, asked, scope):
    tiny, workspace = released
    acted = set_hold(workspace, asked, **by(tiny))
    assert (acted.order.act["scope"], acted.order.is_effective, acted.removed) == (scope, True, None)
    (status,) = list_retention(workspace)
    assert [order.digest for order in status.holds] == [acted.order.digest]
    with pytest.raises(RefusedError) as caught:
        expire_run(workspace, RUN, **by(tiny))
    assert (caught.value.code, caught.value.where) == ("LM-REC-002", scope)
    assert f"HOLD: the records of {RUN} are under legal hold {acted.order.digest[:12]}: a claim is pending" in caught.value.reason


def test_a_hold_of_another_version_does_not_keep_this_one(released):
    tiny, workspace = released
    set_hold(workspace, "release:tiny@1.0.1", **by(tiny))
    assert [status.holds for status in list_retention(workspace)] == [()]


def test_a_hold_over_a_run_that_is_not_there(opened):
    tiny, workspace = opened
    with pytest.raises(NothingToJudgeError) as caught:
        set_hold(workspace, "run:RUN-0001", **by(tiny))
    assert caught.value.code == "LM-REC-005"


def test_a_hold_ends_with_the_second_persons_signature(released):
    tiny, workspace = released
    hold = set_hold(workspace, "product:tiny", **by(tiny)).order.digest
    first = release_hold(workspace, hold[:12], **by(tiny, reason="settled"))
    assert not first.order.is_effective
    assert len(list_retention(workspace)[0].holds) == 1
    with pytest.raises(RefusedError) as caught:
        approve_order(workspace, first.order.digest[:12], **by(tiny, reason="settled"))
    assert (caught.value.code, caught.value.where) == ("LM-REC-004", f"entry {first.index}")
    assert caught.value.reason == "Quinn Example has signed this hold-release already; another person is needed"
    assert len(list_retention(workspace)[0].holds) == 1
    second = approve_order(workspace, first.order.digest[:12], **by(tiny, "rene", "settled"))
    assert (second.order.is_effective, second.index) == (True, first.index + 1)
    assert list_retention(workspace)[0].holds == ()


# ---------------------------------------------------------------- who signs


@pytest.mark.parametrize(
    ("person", "key", "code"),
    [("quinn", "rene", "LM-CLI-018"), ("eve", "quinn", None)],
    ids=["another person's key", "nobody of that name"],
)
def test_nobody_signs_for_another(opened, person, key, code):
    tiny, workspace = opened
    with pytest.raises((EnvironmentLacksError, UsageError)) as caught:
        set_hold(workspace, "product:tiny", person=person, signer=tiny.signer(key), reason="x")
    assert code in {None, caught.value.code}
    size_stays(workspace, 8)


@pytest.mark.parametrize("digest", ["", "00", "z"])
def test_an_act_that_nobody_signed_is_not_found(opened, digest):
    with pytest.raises(NothingToJudgeError) as caught:
        find_order(opened[1], digest)
    assert (caught.value.code, caught.value.reason) == ("LM-REC-005", f"0 acts begin with {digest!r}")


def test_an_act_is_found_by_how_its_digest_begins_and_by_its_kind(opened):
    tiny, workspace = opened
    hold = set_hold(workspace, "product:tiny", **by(tiny)).order
    assert find_order(workspace, hold.digest[:1]) == find_order(workspace, hold.digest, "hold") == hold
    with pytest.raises(NothingToJudgeError):
        find_order(workspace, hold.digest, "expiry")
    with pytest.raises(NothingToJudgeError):
        release_hold(workspace, hold.digest[1:], **by(tiny))


# ---------------------------------------------------------------- expiry and erasure


def test_records_are_kept_to_the_end_of_retention(released):
    tiny, workspace = released
    size = workspace.ledger.size
    with pytest.raises(RefusedError) as caught:
        expire_run(workspace, RUN, **by(tiny))
    assert (caught.value.code, caught.value.where) == ("LM-REC-001", RUN)
    assert caught.value.reason.startswith(f"RETENTION: the records of {RUN} (1.0.0) are kept ")
    size_stays(workspace, size)


@pytest.mark.parametrize("value", ["nobody@example.org", "lm-commit:nothing"])
def test_a_value_that_the_vault_does_not_hold_is_not_erased(opened, value):
    tiny, workspace = opened
    with pytest.raises(NothingToJudgeError) as caught:
        erase_values(workspace, [value], **by(tiny))
    assert (caught.value.code, caught.value.reason) == ("LM-REC-005", f"the vault holds no {value!r}")
    size_stays(workspace, 8)


def test_a_name_under_a_signature_in_retention_is_not_erased(released):
    tiny, workspace = released
    size = workspace.ledger.size
    with pytest.raises(RefusedError) as caught:
        erase_values(workspace, ["quinn example"], **by(tiny, "rene"))
    assert (caught.value.code, caught.value.reason.partition(":")[0]) == ("LM-REC-001", "RETENTION")
    size_stays(workspace, size)


def test_a_value_is_erased_by_two_persons_and_stays_erased(opened):
    tiny, workspace = opened
    sealed = workspace.vault.seal("patient@example.org")
    first = erase_values(workspace, ["patient@example.org"], **by(tiny, reason="asked for"))
    assert (first.removed, first.order.is_effective, first.order.act["commitments"]) == (None, False, [sealed])
    assert workspace.revealer.text(sealed) == "patient@example.org"
    second = approve_order(workspace, first.order.digest, **by(tiny, "rene", "asked for"))
    assert (second.removed.values, second.removed.bodies, second.remains) == (1, 0, ())
    assert "patient@example.org" not in workspace.revealer.text(sealed)
    done = [order for order in workspace.reader.records().orders if order.event == "carried-out"]
    assert [order.act["of"] for order in done] == [first.order.digest]
    again = approve_order(workspace, first.order.digest, **by(tiny, "rene", "asked for"))
    assert (again.index, again.removed.values) == (second.index, 0)
    assert len([order for order in workspace.reader.records().orders if order.event == "carried-out"]) == 1
    tiny.assert_sound()


def test_a_hold_stops_an_erasure_between_its_two_signatures(opened):
    tiny, workspace = opened
    sealed = workspace.submitter()  # the submitter of what stands in the log: a hold keeps the records that speak of him
    operator = workspace.vault.find(sealed).value
    first = erase_values(workspace, [operator], **by(tiny, reason="asked for"))
    set_hold(workspace, "product:tiny", **by(tiny))
    with pytest.raises(RefusedError) as caught:
        approve_order(workspace, first.order.digest, **by(tiny, "rene", "asked for"))
    assert caught.value.code == "LM-REC-002"
    assert workspace.vault.find_value(operator) is not None
