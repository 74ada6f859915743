"""Which blob the storage must lock until when, and what a storage that refuses or is away leads to."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest

from fakes.record_log import RecordLog
from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError, IntegrityError
from lotmark.records.api import BlobLock, RunRecords, apply_locks, plan_locks, run_retention
from lotmark.records.models import RunDates
from lotmark.records.predicates import ActBody

pytestmark = pytest.mark.verifies("REQ-353", "REQ-050", "RC-093", "HAZ-090")

ONE, TWO, SHARED = (Digest.of(name) for name in (b"one", b"two", b"shared"))


def run(name, version, *, released=None, closed=None, triggers=None):
    records = RunRecords(f"qpcr:{name}", "qpcr", version, RunDates(released, closed, triggers or {}))
    return records, run_retention(records, ["us"])


def log():
    made = RecordLog()
    for data in (b"one", b"two", b"shared"):
        made.ledger.blobs.put(data)
    made.note("first", scope="run:qpcr:RUN-0001", blobs=(ONE, SHARED))
    made.note("second", scope="run:qpcr:RUN-0002", blobs=(TWO, SHARED))
    return made


CLOSED = run("RUN-0001", "1.0.0", closed=date(2026, 3, 1))
LATER = run("RUN-0002", "1.1.0", closed=date(2026, 5, 1))
OPEN = run("RUN-0002", "1.1.0", released=date(2026, 5, 1))


def test_a_blob_is_kept_to_the_end_of_its_last_day_and_a_shared_one_to_the_later():
    made = log()
    plan = plan_locks(made.ledger, made.state, [CLOSED, LATER])
    assert plan == {
        ONE: BlobLock(datetime(2028, 3, 2, tzinfo=UTC)),
        TWO: BlobLock(datetime(2028, 5, 2, tzinfo=UTC)),
        SHARED: BlobLock(datetime(2028, 5, 2, tzinfo=UTC)),
    }


def test_an_open_date_locks_nothing_yet_and_takes_nothing_from_a_known_one():
    made = log()
    plan = plan_locks(made.ledger, made.state, [CLOSED, OPEN])
    assert (plan[TWO], plan[SHARED]) == (BlobLock(), BlobLock(datetime(2028, 3, 2, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("scope", "held"),
    [
        pytest.param("run:qpcr:RUN-0001", {ONE, SHARED}, id="a run"),
        pytest.param("release:qpcr@1.1.0", {TWO, SHARED}, id="a release"),
        pytest.param("product:qpcr", {ONE, TWO, SHARED}, id="the product"),
        pytest.param("product:other", set(), id="another product"),
    ],
)
def test_a_hold_reaches_the_blobs_of_its_scope(scope, held):
    made = log()
    made.act("hold", ActBody(scope=scope), by="quinn")
    plan = plan_locks(made.ledger, made.state, [CLOSED, LATER])
    assert {blob for blob, lock in plan.items() if lock.held} == held


def test_a_blob_that_two_holds_keep_stays_held_when_one_goes():
    made = log()
    made.act("hold", ActBody(scope="run:qpcr:RUN-0001"), by="quinn")
    made.act("hold", ActBody(scope="release:qpcr@1.1.0"), by="quinn")
    order = made.state.orders[0].digest
    for name in ("quinn", "rene"):
        made.act("hold-release", ActBody(of=order), by=name)
    plan = plan_locks(made.ledger, made.state, [CLOSED, LATER])
    assert {blob for blob, lock in plan.items() if lock.held} == {TWO, SHARED}


@pytest.mark.parametrize(
    ("scopes", "blobs"),
    [
        ({"run:qpcr:RUN-0001"}, {ONE, SHARED}),
        ({"release:qpcr@1.1.0"}, {TWO, SHARED}),
        ({"product:qpcr"}, {ONE, TWO, SHARED}),
        ({"run:qpcr:RUN-0009"}, set()),
        (None, {ONE, TWO, SHARED}),
    ],
)
def test_an_act_concerns_the_blobs_of_its_scope_alone_but_each_with_all_that_keeps_it(scopes, blobs):
    made = log()
    plan = plan_locks(made.ledger, made.state, [CLOSED, LATER], scopes=scopes)
    assert set(plan) == blobs
    if SHARED in plan:
        assert plan[SHARED].until == datetime(2028, 5, 2, tzinfo=UTC)


def test_entries_of_the_product_are_held_and_have_no_date():
    made = log()
    blob = made.ledger.blobs.put(b"frozen")
    made.note("release", scope="release:qpcr@1.0.0", blobs=(blob,))
    made.act("hold", ActBody(scope="product:qpcr"), by="quinn")
    assert plan_locks(made.ledger, made.state, [CLOSED])[blob] == BlobLock(None, held=True)


def test_a_trigger_gives_a_date():
    end = run("RUN-0001", "1.0.0", released=date(2026, 1, 1), triggers={"end-of-life": date(2031, 6, 30)})
    made = log()
    assert plan_locks(made.ledger, made.state, [end])[ONE].until == datetime(2031, 7, 1, tzinfo=UTC)


# ------------------------------------------------------------ the storage


NOW = datetime(2027, 1, 1, tzinfo=UTC)


@dataclass
class Storage:
    """`BlobLocks` that remembers: a date never goes back and none that is over is taken, as with Object Lock."""

    locks: bool = True
    dates: dict = field(default_factory=dict)
    holds: set = field(default_factory=set)
    broken: dict = field(default_factory=dict)
    calls: int = 0

    def retain(self, digest, until):
        self._try(digest)
        if until <= NOW:
            raise EnvironmentLacksError("LM-LED-004", "the retain-until date must be in the future", solution="")
        self.dates[digest] = max(until, self.dates.get(digest, until))

    def hold(self, digest, *, on):
        self._try(digest)
        (self.holds.add if on else self.holds.discard)(digest)

    def _try(self, digest):
        self.calls += 1
        if digest in self.broken:
            raise self.broken[digest]


PLAN = {ONE: BlobLock(datetime(2028, 1, 1, tzinfo=UTC)), TWO: BlobLock(None, held=True), SHARED: BlobLock(datetime(2029, 1, 1, tzinfo=UTC), held=True)}


def test_locks_are_laid_and_the_same_again_changes_nothing():
    storage = Storage()
    first = apply_locks(storage, PLAN, NOW)
    assert (first.retained, first.held, first.faults) == (2, 2, ())
    state = dict(storage.dates), set(storage.holds)
    assert apply_locks(storage, PLAN, NOW) == first
    assert (storage.dates, storage.holds) == state
    assert state == ({ONE: PLAN[ONE].until, SHARED: PLAN[SHARED].until}, {TWO, SHARED})


def test_a_hold_that_is_released_goes_and_the_date_stays():
    storage = Storage()
    apply_locks(storage, PLAN, NOW)
    apply_locks(storage, {SHARED: BlobLock(PLAN[SHARED].until)}, NOW)
    assert (storage.dates[SHARED], SHARED in storage.holds) == (PLAN[SHARED].until, False)


@pytest.mark.parametrize(("over", "dates"), [(0, 0), (-1, 0), (1, 1)])
def test_a_date_that_is_over_is_not_asked_for_and_the_hold_is_laid_all_the_same(over, dates):
    """Records whose retention has ended and that nobody has expired yet: the storage refuses the date, and must not be asked."""
    storage = Storage()
    report = apply_locks(storage, {ONE: BlobLock(NOW + timedelta(seconds=over), held=True), TWO: BlobLock(held=True)}, NOW)
    assert (report.retained, report.held, report.faults) == (dates, 2, ())
    assert (len(storage.dates), storage.holds) == (dates, {ONE, TWO})


def test_one_blob_that_is_missing_is_told_and_the_others_are_locked():
    storage = Storage(broken={TWO: IntegrityError("LM-LED-108", "BLOB_MISSING", solution="restore it")})
    report = apply_locks(storage, PLAN, NOW)
    assert (report.retained, report.held) == (2, 1)
    assert report.faults == (f"the blob {TWO}: BLOB_MISSING",)


def test_a_storage_that_is_away_is_asked_once_and_the_rest_is_counted():
    away = EnvironmentLacksError("LM-LED-004", "the bucket cannot be reached", solution="try again")
    storage = Storage(broken=dict.fromkeys(PLAN, away))
    report = apply_locks(storage, PLAN, NOW)
    assert storage.calls == 1
    assert report.faults == (f"the blob {ONE}: the bucket cannot be reached; 3 of 3 blobs were not locked",)
    storage.broken.clear()
    assert apply_locks(storage, PLAN, NOW).faults == (), "and the same call finishes it"
