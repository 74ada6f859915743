"""The contract of `Engine`, on both of them; and what only the durable one promises."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import wait
from pathlib import Path

import pytest

from fakes.quick import quick_environment
from lotmark.base.errors import EnvironmentLacksError, RefusedError
from lotmark.pipeline._run_lock import RunLock
from lotmark.pipeline.api import open_direct_engine, open_embedded_engine

pytestmark = pytest.mark.verifies("REQ-019", "RC-004", "HAZ-005")


ENGINES = {"durable": open_embedded_engine, "direct": open_direct_engine}


@pytest.fixture(params=ENGINES)
def open_engine(request, tmp_path):
    engines = []

    def opening():
        engines.append(ENGINES[request.param](tmp_path / "engine.db"))
        return engines[-1]

    yield opening
    for engine in engines:
        engine.close()


@pytest.fixture
def durable(tmp_path):
    engines = []

    def opening(**options):
        from lotmark.pipeline._dbos_engine import DbosEngine

        engines.append(DbosEngine(tmp_path / "engine.db", **options))
        return engines[-1]

    yield opening
    for engine in engines:
        engine.close()


class Steps:
    """Work and record that count their calls and fail when told to."""

    def __init__(self, *, work_fails=0, record_fails=0, result=None):
        self.calls = []
        self.work_fails = work_fails
        self.record_fails = record_fails
        self.result = result or {"n": 1}

    def work(self):
        self.calls.append("work")
        if self.work_fails:
            self.work_fails -= 1
            raise RefusedError("LM-TST-001", "work failed", where="here", solution="try again")
        return self.result

    def record(self, result):
        assert result == self.result
        self.calls.append("record")
        if self.record_fails:
            self.record_fails -= 1
            raise OSError(28, "No space left on device")
        return {"recorded": result["n"]}


def submit(engine, steps, key="run/unit/1"):
    return engine.submit(key, steps.work, steps.record).result(timeout=30)


# ---------------------------------------------------------------- both


def test_work_then_record(open_engine):
    steps = Steps(result={"n": 7, "text": "µ", "list": [1, None, True], "none": None})
    assert submit(open_engine(), steps) == {"recorded": 7}
    assert steps.calls == ["work", "record"]


def test_an_error_in_work_reaches_the_caller_as_it_is_and_nothing_is_recorded(open_engine):
    engine, steps = open_engine(), Steps(work_fails=1)
    with pytest.raises(RefusedError) as caught:
        submit(engine, steps)
    assert (caught.value.code, caught.value.where, caught.value.solution) == ("LM-TST-001", "here", "try again")
    assert steps.calls == ["work"]
    assert submit(engine, steps) == {"recorded": 1}
    assert steps.calls == ["work", "work", "record"]


def test_an_error_in_record_reaches_the_caller_as_it_is(open_engine):
    engine, steps = open_engine(), Steps(record_fails=1)
    with pytest.raises(OSError, match="No space left") as caught:
        submit(engine, steps)
    assert caught.value.errno == 28
    assert submit(engine, steps) == {"recorded": 1}


def test_keys_are_independent(open_engine):
    engine = open_engine()
    steps = {f"run/stage/{number}": Steps(result={"n": number}) for number in range(5)}
    futures = {key: engine.submit(key, each.work, each.record) for key, each in steps.items()}
    wait(futures.values(), timeout=30)
    assert {key: future.result() for key, future in futures.items()} == {key: {"recorded": each.result["n"]} for key, each in steps.items()}


def test_one_failure_does_not_touch_the_others(open_engine):
    engine = open_engine()
    good, bad = Steps(), Steps(work_fails=1)
    failing, passing = engine.submit("bad", bad.work, bad.record), engine.submit("good", good.work, good.record)
    with pytest.raises(RefusedError):
        failing.result(timeout=30)
    assert passing.result(timeout=30) == {"recorded": 1}


def test_close_twice_is_no_error(open_engine):
    engine = open_engine()
    submit(engine, Steps())
    engine.close()
    engine.close()


# ---------------------------------------------------------------- the lock


def test_two_runs_never_hold_the_engine_together(tmp_path):
    engine = open_embedded_engine(tmp_path / "engine.db")
    with pytest.raises(EnvironmentLacksError) as caught:
        RunLock(tmp_path / "engine.lock", wait_seconds=0.1)
    engine.close()
    assert (caught.value.code, caught.value.exit_code) == ("LM-PIP-001", 4)
    assert f"process {os.getpid()}" in caught.value.reason
    RunLock(tmp_path / "engine.lock", wait_seconds=0).release()


def test_single_stages_run_beside_each_other_and_not_beside_a_run(tmp_path):
    first, second = (open_direct_engine(tmp_path / "engine.db") for _ in range(2))
    with pytest.raises(EnvironmentLacksError):
        RunLock(tmp_path / "engine.lock", wait_seconds=0)
    first.close()
    second.close()
    lock = RunLock(tmp_path / "engine.lock", wait_seconds=0)
    with pytest.raises(EnvironmentLacksError) as caught:
        RunLock(tmp_path / "engine.lock", shared=True, wait_seconds=0)
    lock.release()
    lock.release()
    assert caught.value.code == "LM-PIP-001"


def test_who_waits_gets_the_lock_when_it_is_free(tmp_path):
    lock = RunLock(tmp_path / "engine.lock")
    threading.Timer(0.1, lock.release).start()
    RunLock(tmp_path / "engine.lock", wait_seconds=10).release()


def test_nothing_submitted_loads_no_workflow_engine(tmp_path):
    script = (
        "import sys; from pathlib import Path; from lotmark.pipeline.api import open_embedded_engine;"
        f"engine = open_embedded_engine(Path({str(tmp_path / 'engine.db')!r})); engine.close();"
        "print(sorted({'dbos', 'sqlalchemy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], env=quick_environment(), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert not (tmp_path / "engine.db").exists()


# ---------------------------------------------------------------- memory


def test_a_later_engine_remembers_what_was_recorded(durable):
    engine, steps = durable(), Steps()
    submit(engine, steps)
    engine.close()
    assert submit(durable(), steps) == {"recorded": 1}
    assert steps.calls == ["work", "record"]


def test_work_that_was_done_is_not_done_again_when_recording_failed(durable):
    engine, steps = durable(), Steps(record_fails=2)
    for _ in range(2):
        with pytest.raises(OSError, match="No space"):
            submit(engine, steps)
    engine.close()
    assert submit(durable(), steps) == {"recorded": 1}
    assert steps.calls == ["work", "record", "record", "record"]


def test_forgetting_removes_the_memory(durable, tmp_path):
    engine, steps = durable(), Steps()
    submit(engine, steps)
    engine.close(forget=True)
    assert not list(tmp_path.glob("engine.db*"))
    submit(durable(), steps)
    assert steps.calls == ["work", "record", "work", "record"]


def test_a_damaged_memory_is_made_anew(durable, tmp_path):
    (tmp_path / "engine.db").write_bytes(b"SQLite format 3\0" + b"nonsense" * 1000)
    assert submit(durable(), Steps()) == {"recorded": 1}
    connection = sqlite3.connect(tmp_path / "engine.db")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_memory_that_cannot_be_opened_is_exit_4(durable, tmp_path):
    (tmp_path / "engine.db").mkdir()
    with pytest.raises(EnvironmentLacksError) as caught:
        submit(durable(), Steps())
    assert (caught.value.code, caught.value.exit_code) == ("LM-PIP-005", 4)
    assert caught.value.solution


WORKER = """
import json, sys, time
from pathlib import Path
from lotmark.pipeline.api import open_embedded_engine

folder, stop_in = Path(sys.argv[1]), sys.argv[2]

def say(word):
    with (folder / "calls").open("a") as stream:
        stream.write(word + "\\n")

def hang(here):
    if stop_in == here:
        (folder / "stopped").touch()
        time.sleep(60)

def work():
    say("work")
    hang("work")
    return {"n": 3}

def record(result):
    say(f"record {json.dumps(result)}")
    hang("record")
    return {"recorded": result["n"]}

engine = open_embedded_engine(folder / "engine.db")
print(json.dumps(engine.submit("key", work, record).result()))
engine.close()
"""


def worker(folder: Path, stop_in: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(folder), stop_in], env=quick_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def kill_in(folder: Path, step: str) -> None:
    process = worker(folder, step)
    end = time.monotonic() + 30
    while not (folder / "stopped").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)
    process.kill()
    process.communicate()
    (folder / "stopped").unlink()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kills", "calls"),
    [
        (["record", "record"], ["work", "record", "record", "record"]),
        (["work", "record"], ["work", "work", "record", "record"]),
    ],
    ids="-".join,
)
def test_a_killed_process_is_taken_up_where_it_died(tmp_path, kills, calls):
    for step in kills:
        kill_in(tmp_path, step)
    process = worker(tmp_path, "nowhere")
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert json.loads(output) == {"recorded": 3}
    assert [line.split()[0] for line in (tmp_path / "calls").read_text().splitlines()] == calls
