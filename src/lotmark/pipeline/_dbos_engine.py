"""DBOS on SQLite behind the Engine port: one short workflow per stage attempt, two steps each.

Facts that shape this file (measured with dbos 3.4): the default serializer is pickle, so JSON is set; launch recovers
the pending workflows of its own executor id, whose work this process may not know yet, so the id is unique and a key is
resumed when it is submitted; the tables are scratch, never evidence. The run lock keeps a second process out: resuming a workflow whose owner lives would run
a step twice.
"""

import fcntl
import logging
import os
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID, WorkflowHandle

from lotmark.base.errors import EnvironmentLacksError
from lotmark.pipeline.ports import Record, Work

_APPLICATION_VERSION = "stage-v1"
_POLL_SECONDS = 0.01
_UNFINISHED = frozenset({"PENDING", "ENQUEUED", "DELAYED"})


class DbosEngine:
    """The embedded engine: DBOS in this process, its tables in one SQLite file.

    Raises:
        EnvironmentLacksError: LM-PIP-001 if another process holds the engine.
    """

    def __init__(self, database: Path, *, wait_seconds: float = 10.0) -> None:
        self._lock = _lock(database.with_suffix(".lock"), wait_seconds)
        self._tasks: dict[str, tuple[Work, Record]] = {}
        self._failures: dict[str, Exception] = {}
        self._waiters = ThreadPoolExecutor(max_workers=8, thread_name_prefix="stage-wait")
        config: DBOSConfig = {
            "name": "lotmark",
            "system_database_url": f"sqlite:///{database}",
            "application_version": _APPLICATION_VERSION,
            # Unique, so that launch adopts nothing by itself: a key is resumed when, and only when, it is submitted again.
            "executor_id": f"embedded-{os.getpid()}-{time.time_ns()}",
            "serializer": DBOSPortableJSONSerializer(),
            "enable_otlp": False,
            "log_level": "CRITICAL",
            "run_migrations": True,
            "max_executor_threads": 8,
        }
        DBOS(config=config)
        logging.getLogger("dbos").setLevel(logging.CRITICAL + 1)

        @DBOS.workflow(name="lotmark-stage")
        def workflow(key: str) -> dict[str, Any]:  # a function, since a bound method cannot carry DBOS's marks
            return self._run(key)

        self._workflow = workflow
        DBOS.launch()

    def submit(self, key: str, work: Work, record: Record) -> "Future[dict[str, Any]]":
        self._tasks[key] = (work, record)
        self._failures.pop(key, None)
        return self._waiters.submit(self._wait, key, self._start(key))

    def close(self) -> None:
        self._waiters.shutdown(wait=True, cancel_futures=True)
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=0)
        os.close(self._lock)

    def _start(self, key: str) -> "WorkflowHandle[dict[str, Any]]":
        """The one workflow of a key: remembered, resumed where a dead process left it, or new (also after an error)."""
        status = DBOS.get_workflow_status(key)
        if status is not None and status.status == "SUCCESS":
            return DBOS.retrieve_workflow(key)
        if status is not None and status.status in _UNFINISHED:
            return DBOS.resume_workflow(key)
        if status is not None:
            DBOS.delete_workflow(key)
        with SetWorkflowID(key):
            return DBOS.start_workflow(self._workflow, key)

    def _wait(self, key: str, handle: "WorkflowHandle[dict[str, Any]]") -> dict[str, Any]:
        try:
            return handle.get_result(polling_interval_sec=_POLL_SECONDS)
        except Exception:
            if key in self._failures:
                raise self._failures[key] from None
            raise

    def _run(self, key: str) -> dict[str, Any]:
        work, record = self._tasks[key]
        try:
            result = DBOS.run_step({"name": "work"}, work)
            return DBOS.run_step({"name": "record"}, record, result)
        except Exception as error:
            # The engine's JSON keeps only the text of an error; the caller gets the error itself.
            self._failures[key] = error
            raise


def _lock(path: Path, wait_seconds: float) -> int:
    """Take the run lock, which the kernel frees when the process dies."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    end = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                owner = os.pread(handle, 32, 0).decode(errors="replace").strip() or "unknown"
                os.close(handle)
                raise EnvironmentLacksError(
                    "LM-PIP-001", f"another `lotmark run` works here (process {owner})", where=str(path), solution="wait until it ends, or stop that process"
                ) from None
            time.sleep(0.05)
        else:
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
            return handle
