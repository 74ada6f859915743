"""DBOS on SQLite behind the Engine port: one short workflow per stage attempt, two steps each.

Facts that shape this file (measured with dbos 3.4): the default serializer is pickle, so JSON is set. Launch recovers
the pending workflows of its own executor id, whose work this process may not know yet, so the id is unique and launch
adopts nothing. Resuming a workflow goes through a queue that starts it again at any later launch, submitted or not, so a
key that a dead process left is started anew with the result of its first step as an argument. The tables are scratch,
never evidence.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lotmark.base.errors import EnvironmentLacksError, LotmarkError
from lotmark.pipeline._run_lock import RunLock
from lotmark.pipeline.ports import Record, Work

if TYPE_CHECKING:
    from dbos import WorkflowHandle

_Workflow = Callable[[str, dict[str, Any] | None], dict[str, Any]]

_APPLICATION_VERSION = "stage-v2"
_THREADS = 8
_STOP_SECONDS = 0.02
"""How often DBOS's listener looks whether it is to end; `DBOS.destroy` waits for it."""


class DbosEngine:
    """The embedded engine: DBOS in this process, its tables in one SQLite file.

    The run lock is held from the start; DBOS is imported and launched when something is submitted, since it takes half a
    second of processor time.

    Raises:
        EnvironmentLacksError: LM-PIP-001 if another process holds the engine.
    """

    def __init__(self, database: Path, *, wait_seconds: float = 10.0) -> None:
        self._database = database
        self._lock = RunLock(database.with_suffix(".lock"), wait_seconds=wait_seconds)
        self._tasks: dict[str, tuple[Work, Record]] = {}
        self._failures: dict[str, Exception] = {}
        self._waiters = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="stage-wait")
        self._launching = threading.Lock()
        self._workflow: _Workflow | None = None

    def submit(self, key: str, work: Work, record: Record) -> "Future[dict[str, Any]]":
        self._tasks[key] = (work, record)
        self._failures.pop(key, None)
        return self._waiters.submit(self._carry_out, key)

    def close(self, *, forget: bool = False) -> None:
        self._waiters.shutdown(wait=True, cancel_futures=True)
        try:
            if self._workflow is not None:
                _dbos().destroy(destroy_registry=True, workflow_completion_timeout_sec=0)
                self._workflow = None
            if forget:
                _remove(self._database)
        finally:
            self._lock.release()

    def _carry_out(self, key: str) -> dict[str, Any]:
        try:
            return self._start(key, self._launch()).get_result()
        except Exception as error:  # noqa: BLE001 - handed to the caller through the future, whatever it is
            cause = self._failures.get(key, error)
            raise _meaning(cause, self._database) from (None if cause is not error else error.__cause__)

    def _launch(self) -> _Workflow:
        with self._launching:
            if self._workflow is None:
                self._workflow = _launch(self._database, self._run)
            return self._workflow

    def _start(self, key: str, workflow: _Workflow) -> "WorkflowHandle[dict[str, Any]]":
        """The one workflow of a key: remembered, taken up where it was left, or new."""
        from dbos import DBOS, SetWorkflowID

        remembered: dict[str, Any] | None = None
        status = DBOS.get_workflow_status(key)
        if status is not None:
            if status.status == "SUCCESS":
                return DBOS.retrieve_workflow(key)
            remembered = _first_result(key)
            DBOS.delete_workflow(key)
        with SetWorkflowID(key):
            return DBOS.start_workflow(workflow, key, remembered)

    def _run(self, key: str, remembered: dict[str, Any] | None) -> dict[str, Any]:
        from dbos import DBOS

        work, record = self._tasks[key]
        try:
            result = DBOS.run_step({"name": "work"}, work) if remembered is None else remembered
            return DBOS.run_step({"name": "record"}, record, result)
        except Exception as error:
            # The engine's JSON keeps only the text of an error; the caller gets the error itself.
            self._failures[key] = error
            raise


def _dbos() -> Any:
    from dbos import DBOS

    return DBOS


def _launch(database: Path, run: _Workflow) -> _Workflow:
    """Launch DBOS; a database that is damaged is made anew, since nothing in it is evidence."""
    try:
        return _launch_once(database, run)
    except Exception as error:
        if not _is_damaged(error):
            raise
        _remove(database)
        return _launch_once(database, run)


def _launch_once(database: Path, run: _Workflow) -> _Workflow:
    from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer

    config: DBOSConfig = {
        "name": "lotmark",
        "system_database_url": f"sqlite:///{database}",
        "application_version": _APPLICATION_VERSION,
        "executor_id": f"embedded-{os.getpid()}-{time.time_ns()}",
        "serializer": DBOSPortableJSONSerializer(),
        "enable_otlp": False,
        "log_level": "CRITICAL",
        "run_migrations": True,
        "max_executor_threads": _THREADS,
        "notification_listener_polling_interval_sec": _STOP_SECONDS,
    }
    DBOS(config=config)
    logging.getLogger("dbos").setLevel(logging.CRITICAL + 1)

    @DBOS.workflow(name="lotmark-stage")
    def workflow(key: str, remembered: dict[str, Any] | None) -> dict[str, Any]:  # a function, since a bound method cannot carry DBOS's marks
        return run(key, remembered)

    try:
        DBOS.launch()
    except BaseException:
        with suppress(Exception):
            DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=0)
        raise
    return workflow


def _first_result(key: str) -> dict[str, Any] | None:
    """What the `work` step of an unfinished workflow returned, if it returned.

    A workflow that was itself taken up and died before its first step still holds the result as its argument.
    """
    from dbos import DBOS

    for step in DBOS.list_workflow_steps(key):
        if step["function_name"] == "work" and step["error"] is None and isinstance(step["output"], dict):
            return step["output"]
    status = DBOS.get_workflow_status(key)
    arguments = status.input["args"] if status is not None and status.input else ()
    return arguments[1] if len(arguments) > 1 and isinstance(arguments[1], dict) else None


def _is_damaged(error: BaseException | None) -> bool:
    """Whether SQLite says that the file is no sound database (a full or broken disk is another matter)."""
    while error is not None:
        if str(getattr(error, "orig", "")).partition(" (")[0] in {"file is not a database", "database disk image is malformed"}:
            return True
        error = error.__cause__ or error.__context__
    return False


def _meaning(error: Exception, database: Path) -> Exception:
    """An error of the engine's own database as one that a person can act on; any other as it is."""
    origin = getattr(error, "orig", None)
    if isinstance(error, LotmarkError) or origin is None:
        return error
    return EnvironmentLacksError(
        "LM-PIP-005",
        f"the workflow engine cannot write its notes: {origin}",
        where=str(database),
        solution="free space on the disk, or give this user the folder, then run again: what is recorded is not done again",
    )


def _remove(database: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
