"""Group commit: who shares an fsync with whom, and what happens to the others when one fails."""

import threading

import pytest

from fakes.ledger import note
from lotmark.base.errors import EnvironmentLacksError, RefusedError, UsageError
from lotmark.ledger import _group_commit
from lotmark.ledger._group_commit import GroupCommit
from lotmark.ledger.models import Receipt, Submission

pytestmark = pytest.mark.verifies("REQ-006", "RC-004")


class Disk:
    """Writes groups when it is told to; keeps how large each was."""

    def __init__(self):
        self.groups = []
        self.free = threading.Semaphore(0)
        self.busy = threading.Semaphore(0)
        self.error = None

    def write(self, jobs):
        self.busy.release()
        assert self.free.acquire(timeout=10)
        self.groups.append([len(job.batch) for job in jobs])
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        for number, job in enumerate(jobs):
            job.receipts = tuple(Receipt(len(self.groups), b"", (), b"%d" % number) for _ in job.batch)


class Submitters:
    """Threads that each append a batch and keep what came of it."""

    def __init__(self, commits):
        self.commits = commits
        self.results = {}
        self.threads = []

    def start(self, name, entries=1):
        def work():
            try:
                self.results[name] = self.commits.append([note(f"{name} {number}") for number in range(entries)])
            except BaseException as error:
                self.results[name] = error

        queued = len(self.commits._queue)
        thread = threading.Thread(target=work)
        thread.start()
        self.threads.append(thread)
        return queued

    def wait_for(self, length):
        for _ in range(2000):
            if len(self.commits._queue) == length:
                return
            threading.Event().wait(0.005)
        raise AssertionError(f"{len(self.commits._queue)} in the queue, not {length}")

    def join(self):
        for thread in self.threads:
            thread.join(10)
            assert not thread.is_alive()
        return self.results


@pytest.fixture
def disk():
    return Disk()


@pytest.fixture
def submitters(disk):
    return Submitters(GroupCommit(disk.write))


def test_one_submitter_writes_alone_and_at_once(disk, submitters):
    disk.free.release()
    receipts = submitters.commits.append([note("one"), note("two")])
    assert (len(receipts), disk.groups) == (2, [[2]])


def test_what_arrives_during_one_write_is_the_next_group(disk, submitters):
    submitters.start("first")
    assert disk.busy.acquire(timeout=10)
    for number in range(5):
        submitters.start(f"late {number}", entries=number + 1)
        submitters.wait_for(number + 1)
    disk.free.release(2)
    results = submitters.join()
    assert disk.groups == [[1], [1, 2, 3, 4, 5]]
    assert [len(results[f"late {number}"]) for number in range(5)] == [1, 2, 3, 4, 5]


def test_a_group_has_no_more_entries_than_allowed_and_a_large_batch_stays_whole(disk, submitters, monkeypatch):
    monkeypatch.setattr(_group_commit, "MAX_GROUP", 4)
    submitters.start("first")
    assert disk.busy.acquire(timeout=10)
    for number, entries in enumerate((2, 2, 1, 6, 1)):
        submitters.start(str(number), entries)
        submitters.wait_for(number + 1)
    disk.free.release(10)
    submitters.join()
    assert disk.groups == [[1], [2, 2], [1], [6], [1]]


def test_an_error_of_the_group_reaches_all_of_it_and_nobody_else(disk, submitters):
    submitters.start("first")
    assert disk.busy.acquire(timeout=10)
    submitters.start("second")
    submitters.wait_for(1)
    disk.error = EnvironmentLacksError("LM-LED-004", "full")
    disk.free.release(2)
    results = submitters.join()
    assert results["first"].code == "LM-LED-004"
    assert len(results["second"]) == 1


def test_an_error_of_one_job_is_raised_to_its_submitter_alone():
    def write(jobs):
        for job in jobs:
            job.error = RefusedError("LM-LED-012", "taken")

    with pytest.raises(RefusedError):
        GroupCommit(write).append([note("one")])


def test_a_submission_that_is_not_well_formed_never_enters_the_queue(disk, submitters):
    with pytest.raises(UsageError):
        submitters.commits.append([Submission(note("one").envelope, "Note", "run:qpcr:RUN-0001")])
    assert disk.groups == []


def test_an_interrupted_writer_hands_on_and_tells_its_company_that_it_is_stopped(disk, submitters):
    submitters.start("first")
    assert disk.busy.acquire(timeout=10)
    submitters.start("second")
    submitters.start("third")
    submitters.wait_for(2)
    disk.free.release()  # the first
    assert disk.busy.acquire(timeout=10)
    disk.error = KeyboardInterrupt()
    disk.free.release()
    results = submitters.join()
    kinds = sorted(type(results[name]).__name__ for name in ("second", "third"))
    assert kinds == ["EnvironmentLacksError", "KeyboardInterrupt"]
    disk.free.release()
    assert len(submitters.commits.append([note("after")])) == 1


@pytest.mark.parametrize("turn", [False, True], ids=["in the queue", "as the next writer"])
def test_an_interrupted_waiter_leaves_the_queue_and_others_go_on(disk, submitters, turn):
    submitters.start("first")
    assert disk.busy.acquire(timeout=10)

    class Interrupted(_group_commit._Waiting):
        def wait(self):
            if turn:
                super().wait()
            raise KeyboardInterrupt

    original, _group_commit._Waiting = _group_commit._Waiting, Interrupted
    try:
        submitters.start("interrupted")
        if turn:
            submitters.wait_for(1)
        else:
            submitters.threads[-1].join(10)
            assert len(submitters.commits._queue) == 0
    finally:
        _group_commit._Waiting = original
    if turn:
        submitters.start("behind")
        submitters.wait_for(2)
    disk.free.release(3)
    results = submitters.join()
    assert isinstance(results["interrupted"], KeyboardInterrupt)
    assert len(results["first"]) == 1
    assert not turn or len(results["behind"]) == 1
    disk.free.release()
    assert len(submitters.commits.append([note("after")])) == 1


def test_closing_waits_for_what_is_under_way_and_refuses_what_comes_after(disk, submitters):
    submitters.start("first")
    assert disk.busy.acquire(timeout=10)
    closing = threading.Thread(target=submitters.commits.close)
    closing.start()
    for _ in range(1000):
        if submitters.commits._closed:
            break
        threading.Event().wait(0.005)
    with pytest.raises(EnvironmentLacksError) as caught:
        submitters.commits.append([note("late")])
    assert caught.value.code == "LM-LED-006"
    assert closing.is_alive()
    disk.free.release()
    closing.join(10)
    assert not closing.is_alive()
    assert len(submitters.join()["first"]) == 1


class Crowd:
    """Submitters who each append three times; the store holds its first group until all have come, then takes 50 ms a group."""

    def __init__(self, patience, submitters=6):
        self.groups = []
        self.submitters = submitters
        self.commits = GroupCommit(self.write, patience=patience)

    def write(self, jobs):
        if not self.groups:
            for _ in range(2000):
                if len(jobs) + len(self.commits._queue) == self.submitters:
                    break
                threading.Event().wait(0.005)
        else:
            threading.Event().wait(0.05)
        self.groups.append(len(jobs))

    def run(self):
        threads = [threading.Thread(target=lambda number=number: self.three(number)) for number in range(self.submitters)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive()

    def three(self, number):
        for turn in range(3):
            self.commits.append([note(f"{number} {turn}")])


def test_with_patience_all_who_were_answered_share_the_next_group_and_nothing_is_left_out():
    crowd = Crowd(patience=40)
    crowd.run()
    assert sum(crowd.groups) == 18
    assert crowd.groups[1:-1].count(6) >= 1
    assert crowd.commits._company == crowd.groups[-1]


def test_without_patience_nobody_is_waited_for_and_nothing_is_left_out():
    crowd = Crowd(patience=0)
    crowd.run()
    assert sum(crowd.groups) == 18


def test_patience_ends_when_those_who_were_answered_do_not_come_back():
    written = []
    commits = GroupCommit(lambda jobs: written.append(len(jobs)), patience=1)
    commits.append([note("one")])
    commits._company, commits._took = 2, 0.01
    commits.append([note("two")])
    assert (written, commits._company) == ([1, 1], 1)
