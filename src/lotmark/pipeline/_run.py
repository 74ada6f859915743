"""One run: which stages may start, started together where they do not depend on each other, until nothing can go on."""

import time
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

from lotmark.base.errors import EnvironmentLacksError, IntegrityError
from lotmark.pipeline._attempt import carry_out, remove_work_folder
from lotmark.pipeline._closing import close_run
from lotmark.pipeline._context import Settings, StageContext, read_run
from lotmark.pipeline._recorder import record_result
from lotmark.pipeline._runs import check_files, closed_outcome, find_previous, identify_run, identity_of, open_runs, read_statuses
from lotmark.pipeline._stages.approval import missing_approvals, ready_to_conclude
from lotmark.pipeline.models import MUST_ACCEPT, NEEDS, Outcome, PreviousRelease, RunIdentity, RunReport, Stage, StageResult, StageStatus
from lotmark.pipeline.ports import Engine, Progress, Silence
from lotmark.releases.models import RunEvidence

_Started = dict["Future[dict[str, Any]]", tuple[Stage, int, float]]


def run_pipeline(
    settings: Settings, *, progress: Progress | None = None, until: Stage | None = None, only: Stage | None = None, new: bool = False
) -> RunReport:
    """Bring the run of the commit at HEAD as far as it goes: to its end, to a refusal, or to where people must act.

    Resumes an open run: what the ledger holds is not done again. With `until`, stops once that stage is recorded; with
    `only`, starts no other stage than that one. With `new`, an open run of the commit is closed as abandoned and another is opened.

    Raises:
        RefusedError: LM-PIP-002 dirty tree, LM-PIP-003 changed configuration.
        UsageError: if a file of the product is wrong; nothing was recorded then.
        EnvironmentLacksError: LM-PIP-001 if another process runs here; LM-LED-* if nothing can be recorded.
    """
    # The engine's lock comes before the first look: whoever waited for another run sees what that one recorded.
    engine = settings.open_engine()
    try:
        if new:
            _abandon_open(settings)
        identity, standing = identify_run(settings, new=new)
        if standing == "new":
            check_files(settings.product)
        if standing != "released":
            _Loop(settings, identity, find_previous(settings, identity.commit), engine, progress or Silence(), until or only, only).run()
        closed = closed_outcome(settings.reader, identity.run) is not None
    except Exception:
        engine.close()
        raise
    # A person's interrupt passes by: the process ends at once, like one that is killed, and the next run takes up what is not recorded.
    engine.close(forget=closed)
    report = _report(settings, identity, resumed=standing != "new")
    told = settings.after_run(report.outcome == "released" and standing != "released")
    if told:
        (progress or Silence()).stage_note(Stage.VERIFICATION, told)
    return report


class _Loop:
    """Starts every stage whose needs are recorded, and takes in what ends, until nothing is left to start."""

    def __init__(
        self,
        settings: Settings,
        identity: RunIdentity,
        previous: PreviousRelease | None,
        engine: Engine,
        progress: Progress,
        until: Stage | None,
        only: Stage | None,
    ) -> None:
        self._settings = settings
        self._identity = identity
        self._previous = previous
        self._engine = engine
        self._progress = progress
        self._until = until
        self._only = only
        self._started: _Started = {}

    def run(self) -> None:
        """Go on until nothing can be started and nothing runs.

        After an error the stages that run still end and are recorded, before the error goes on its way.
        """
        try:
            while self._start_ready() or self._started:
                done, _ = wait(self._started, return_when=FIRST_COMPLETED)
                for future in done:
                    self._take_in(future)
        except Exception:
            wait(self._started)
            for stage, attempt, _ in self._started.values():
                remove_work_folder(self._context(stage, attempt))
            raise
        self._close_if_refused()

    def _evidence(self) -> RunEvidence:
        """The run's entries, once it is sure that the run is ours."""
        evidence = read_run(self._settings.reader, self._identity.run)
        opened = evidence.find("run-opened")
        if opened is not None and identity_of(opened) != self._identity:
            raise EnvironmentLacksError(
                "LM-PIP-004",
                f"{self._identity.run} was opened by somebody else meanwhile, for commit {identity_of(opened).commit[:12]}",
                where=f"entry {opened.index}",
                solution="start it again: it takes the next number",
            )
        return evidence

    def _start_ready(self) -> bool:
        statuses = read_statuses(self._evidence())
        running = {stage for stage, _, _ in self._started.values()}
        if self._until is not None and statuses[self._until].outcome in {Outcome.ACCEPTED, Outcome.REFUSED}:
            return False
        started = False
        for stage in Stage:
            if stage not in running and self._may_start(stage, statuses):
                self._start(stage, statuses[stage].attempts + 1)
                started = True
        return started

    def _may_start(self, stage: Stage, statuses: Mapping[Stage, StageStatus]) -> bool:
        if self._only not in {None, stage} or (self._until is not None and not _leads_to(stage, self._until)):
            return False
        return _is_open(stage, statuses) and (statuses[stage].outcome is None or ready_to_conclude(self._context(stage, statuses[stage].attempts + 1)))

    def _context(self, stage: Stage, attempt: int) -> StageContext:
        return StageContext(self._settings, self._identity, stage, attempt, self._previous, lambda text: self._progress.stage_note(stage, text))

    def _start(self, stage: Stage, attempt: int) -> None:
        context = self._context(stage, attempt)

        def work() -> dict[str, Any]:
            return carry_out(context).to_wire()

        def record(result: dict[str, Any]) -> dict[str, Any]:
            settings = self._settings
            record_result(
                StageResult.from_wire(result), self._identity.run, writer=settings.open_writer, signer=settings.pipeline_signer, submitter=settings.submitter
            )
            return {"outcome": result["outcome"]}

        began = time.monotonic()
        self._progress.stage_started(stage, attempt)
        future = self._engine.submit(f"{self._identity.key}/{stage.value}/{attempt}", work, record)
        self._started[future] = (stage, attempt, began)

    def _take_in(self, future: "Future[dict[str, Any]]") -> None:
        stage, attempt, began = self._started.pop(future)
        remove_work_folder(self._context(stage, attempt))
        future.result()
        status = read_statuses(self._evidence())[stage]
        if status.attempts < attempt:
            raise IntegrityError(
                "LM-PIP-022",
                f"the engine remembers that {stage.value} of {self._identity.run} was recorded, and the ledger does not hold it",
                where=str(self._settings.state),
                solution="find out who put an older ledger back; if it is meant, delete engine.db there and run again",
            )
        self._progress.stage_ended(status, time.monotonic() - began)

    def _close_if_refused(self) -> None:
        """Close the run once a refusal ended it and no stage beside it is left to run, here or in another job of somebody's CI."""
        statuses = read_statuses(self._evidence())
        stopped = any(status.outcome is Outcome.REFUSED and (stage in MUST_ACCEPT or stage is Stage.VERIFICATION) for stage, status in statuses.items())
        if stopped and not any(_is_open(stage, statuses) for stage in Stage):
            close_run(self._settings, self._identity, "refused", statuses)


def _abandon_open(settings: Settings) -> None:
    """Close the open runs of HEAD, whatever their configuration."""
    for identity in open_runs(settings):
        close_run(settings, identity, "abandoned", read_statuses(read_run(settings.reader, identity.run)))


def _is_open(stage: Stage, statuses: Mapping[Stage, StageStatus]) -> bool:
    """Whether what the stage needs is recorded and it has not ended itself."""
    if statuses[stage].outcome in {Outcome.ACCEPTED, Outcome.REFUSED}:
        return False
    for need in NEEDS[stage]:
        outcome = statuses[need].outcome
        if outcome in {None, Outcome.PENDING} or (need in MUST_ACCEPT and outcome is not Outcome.ACCEPTED):
            return False
    return True


def _leads_to(stage: Stage, goal: Stage) -> bool:
    """Whether `goal` is the stage or needs it, directly or through others."""
    return stage is goal or any(_leads_to(stage, need) for need in NEEDS[goal])


def _report(settings: Settings, identity: RunIdentity, *, resumed: bool) -> RunReport:
    evidence = read_run(settings.reader, identity.run)
    statuses = read_statuses(evidence)
    outcome = closed_outcome(settings.reader, identity.run)
    waiting: tuple[str, ...] = ()
    if outcome is None and statuses[Stage.APPROVAL].outcome is Outcome.PENDING:
        outcome = "pending"
        waiting = missing_approvals(StageContext(settings, identity, Stage.APPROVAL, statuses[Stage.APPROVAL].attempts, None, lambda _: None))
    return RunReport(identity.run, identity.version, identity.commit, outcome or "open", tuple(statuses.values()), resumed, waiting)
