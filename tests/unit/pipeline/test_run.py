"""A run from its opening to its end: what starts when, what is recorded, what is never recorded."""

import shutil
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from fakes.tiny_product import APPROVALS, ShiftedClock, describe
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, RefusedError, UsageError
from lotmark.base.findings import Finding
from lotmark.bootstrap.api import sign_approval
from lotmark.pipeline import _attempt, _run
from lotmark.pipeline._context import StageContext
from lotmark.pipeline.api import find_previous, find_run, identify_run, open_direct_engine, read_run, read_statuses, run_pipeline, stage_context
from lotmark.pipeline.models import EXPECTED, NEEDS, Outcome, Stage
from lotmark.pipeline.ports import Silence

pytestmark = pytest.mark.verifies("REQ-019", "RC-004", "HAZ-005")


JUDGED = tuple(stage for stage in Stage if stage not in {Stage.DEPLOYMENT, Stage.VERIFICATION})


def statuses(report):
    return {status.stage: status.outcome for status in report.stages}


def codes(report, stage):
    return [finding["code"] for status in report.stages if status.stage is stage for finding in status.findings]


def refuse(context):
    return context.builder().close(Outcome.REFUSED, "refused by the test", [Finding("LM-TST-001", "the test refuses")])


def accept(context):
    return context.builder().close(Outcome.ACCEPTED, "accepted by the test")


@pytest.fixture
def work(monkeypatch):
    """The stages' work, to be replaced stage by stage."""
    table = {stage: _attempt.work_of(stage) for stage in Stage}
    monkeypatch.setattr(_attempt, "work_of", table.__getitem__)
    return table


# ---------------------------------------------------------------- the way through


def test_a_run_waits_for_people_with_all_evidence_of_the_stages_before(tiny_waiting):
    with tiny_waiting.workspace() as workspace:
        evidence = read_run(workspace.reader, "tiny:RUN-0001")
        found = read_statuses(evidence)
    assert {stage: status.outcome for stage, status in found.items()} == {
        **dict.fromkeys(JUDGED, Outcome.ACCEPTED),
        Stage.APPROVAL: Outcome.PENDING,
        Stage.DEPLOYMENT: None,
        Stage.VERIFICATION: None,
    }
    for entry in evidence.all("stage-result"):
        content = entry.statement.predicate
        recorded = {each["kind"] for each in content["evidence"]}
        if content["stage"] != "approval":
            assert recorded >= set(EXPECTED[Stage(content["stage"])])
        # The stage's own record names each payload of its batch by digest.
        payloads = {each.envelope.payload_digest.hex for each in evidence}
        assert {each["payload"] for each in content["evidence"]} <= payloads
    opened = evidence.predicate("run-opened")
    assert [each["stage"] for each in opened["expected"]] == [stage.value for stage in Stage]
    assert opened["openedAt"].endswith("Z")


def test_a_released_run_has_every_expected_kind_once_per_stage(tiny_released):
    report = tiny_released.run()
    assert (report.outcome, report.resumed, report.run) == ("released", True, "tiny:RUN-0001")
    assert set(statuses(report).values()) == {Outcome.ACCEPTED}
    assert tiny_released.assert_sound() == tiny_released.size()
    kinds = tiny_released.kinds(report.run)
    assert (kinds["stage-result"], kinds["run-opened"], kinds["run-closed"], kinds["deployment"], kinds["deployment-check"]) == (11, 1, 1, 1, 1)


def test_nothing_is_recorded_while_nothing_can_go_on(tiny_waiting):
    before = tiny_waiting.size()
    report = tiny_waiting.run()
    assert (report.outcome, report.resumed) == ("pending", True)
    assert report.waiting_for == ("regulatory (review): 0 of 1", "quality-owner (approval): 0 of 1")
    assert tiny_waiting.size() == before


def test_a_released_commit_is_not_run_again(tiny_released):
    before = tiny_released.size()
    assert tiny_released.run().outcome == "released"
    assert tiny_released.size() == before


def test_progress_hears_each_stage_begin_and_end(tiny):
    told = []

    class Listener(Silence):
        def stage_started(self, stage, attempt):
            told.append(("started", stage, attempt))

        def stage_ended(self, status, seconds):
            assert seconds >= 0
            told.append(("ended", status.stage, status.attempts))

    tiny.run(progress=Listener(), until=Stage.BUILD)
    assert told == [("started", Stage.SOURCE, 1), ("ended", Stage.SOURCE, 1), ("started", Stage.BUILD, 1), ("ended", Stage.BUILD, 1)]


def test_stages_that_do_not_depend_on_each_other_run_together(tiny, work):
    meeting = threading.Barrier(2, timeout=20)

    def meet(context):
        meeting.wait()
        return accept(context)

    work[Stage.DEPENDENCIES] = work[Stage.BUILD] = meet
    # The build leaves no outputs, so that the tests have nothing to judge; that the two met is what counts.
    assert tiny.run().outcome == "refused"
    assert not meeting.broken
    assert tiny.kinds()["stage-result"] >= 4


def test_the_scratch_does_not_outlive_its_attempt(tiny_released):
    assert not list((tiny_released.state / "work").rglob("*-1"))
    assert not list(tiny_released.state.glob("engine.db*"))


# ---------------------------------------------------------------- partial runs


def test_until_stops_and_the_next_run_goes_on(tiny):
    report = tiny.run(until=Stage.DEPENDENCIES)
    assert statuses(report)[Stage.DEPENDENCIES] is Outcome.ACCEPTED
    assert statuses(report)[Stage.BUILD] is None
    assert report.outcome == "open"
    size = tiny.size()
    assert tiny.run(until=Stage.SOURCE).resumed
    assert tiny.size() == size
    report = tiny.run()
    assert (report.outcome, report.resumed, report.run) == ("pending", True, "tiny:RUN-0001")
    assert tiny.kinds()["run-opened"] == 1


def test_single_stages_make_a_whole_run_in_somebody_elses_ci(tiny):
    with tiny.workspace() as workspace:
        settings = replace(workspace.settings(), open_engine=lambda: open_direct_engine(tiny.state / "engine.db"))
        # What it needs is not recorded: nothing starts.
        assert statuses(run_pipeline(settings, only=Stage.UNIT))[Stage.UNIT] is None
        assert tiny.size() == 8
        for stage in JUDGED:
            report = run_pipeline(settings, only=stage)
            assert statuses(report)[stage] in {Outcome.ACCEPTED, Outcome.PENDING}
            later = [each for each in Stage if each not in JUDGED[: JUDGED.index(stage) + 1]]
            assert {statuses(report)[each] for each in later} == {None}
        tiny.approve()
        for stage in (Stage.APPROVAL, Stage.DEPLOYMENT, Stage.VERIFICATION):
            report = run_pipeline(settings, only=stage)
    assert report.outcome == "released", describe(report)
    assert tiny.kinds()["stage-result"] == 11


def test_new_abandons_the_open_run(tiny_waiting):
    report = tiny_waiting.run(new=True, until=Stage.SOURCE)
    assert (report.run, report.outcome, report.resumed) == ("tiny:RUN-0002", "open", False)
    (closed,) = tiny_waiting.predicates("run-closed")
    assert (closed["run"], closed["outcome"]) == ("tiny:RUN-0001", "abandoned")
    assert {each["stage"]: each["outcome"] for each in closed["stages"]}["deployment"] == "not-run"
    # The old decision is nobody's any more.
    with tiny_waiting.workspace() as workspace:
        assert find_run(workspace.settings(), None).run == "tiny:RUN-0002"
        assert find_run(workspace.settings(), "RUN-0001").run == "tiny:RUN-0001"
        assert find_run(workspace.settings(), "RUN-0009") is None


def test_new_after_a_release_opens_another_run_of_the_same_commit(tiny_released):
    report = tiny_released.run(new=True, until=Stage.SOURCE)
    assert report.run == "tiny:RUN-0002"
    change = tiny_released.predicates("change-summary")[-1]
    assert (change["base"]["version"], change["commits"], change["changedPaths"], change["policyChanged"]) == ("1.0.0", [], [], False)


# ---------------------------------------------------------------- what a run stands on


@pytest.mark.parametrize("change", ["edit", "untracked", "staged", "deleted"])
def test_a_dirty_tree_is_refused_and_nothing_is_recorded(tiny, change):
    if change == "edit":
        tiny.edit("README.md", "Tiny", "Dirty")
        path = "README.md"
    elif change == "untracked":
        tiny.write({"new folder/é.txt": "x"})
        path = "new folder/é.txt"
    elif change == "staged":
        tiny.write({"staged.txt": "x"})
        tiny.git("add", "staged.txt")
        path = "staged.txt"
    else:
        (tiny.root / "README.md").unlink()
        path = "README.md"
    with pytest.raises(RefusedError) as caught:
        tiny.run()
    assert (caught.value.code, caught.value.reason) == ("LM-PIP-002", f"the work tree is not clean: {path}")
    assert tiny.size() == 8


def test_many_dirty_paths_are_counted(tiny):
    tiny.write({f"new-{number}.txt": "x" for number in range(8)})
    with pytest.raises(RefusedError, match=r"new-4\.txt and 3 more"):
        tiny.run()


def test_lotmarks_own_folder_never_counts_as_a_change(tiny):
    assert ".lotmark" not in (tiny.root / ".gitignore").read_text()
    assert tiny.git("status", "--porcelain", "--untracked-files=all") == ""
    tiny.git("add", "--all")
    assert tiny.git("diff", "--cached", "--name-only") == ""


@pytest.mark.parametrize("stage", [Stage.DEPENDENCIES, Stage.UNIT, Stage.VALIDATION, Stage.PACKAGE])
def test_a_tree_that_changes_while_a_stage_looks_at_it_is_refused(tiny_waiting, stage):
    with tiny_waiting.workspace() as workspace:
        identity = find_run(workspace.settings(), None)
        context = replace(stage_context(workspace.settings(), identity, stage), attempt=9)
        tiny_waiting.edit("tests/unit/tests.sh", "REQ-001", "REQ-002")
        with pytest.raises(RefusedError) as caught:
            _attempt.carry_out(context)
    assert caught.value.code == "LM-PIP-002"


def test_a_head_that_moves_while_a_stage_looks_at_it_is_refused(tiny_waiting):
    with tiny_waiting.workspace() as workspace:
        context = stage_context(workspace.settings(), find_run(workspace.settings(), None), Stage.UNIT)
        tiny_waiting.commit()
        with pytest.raises(RefusedError, match="HEAD is at"):
            context.check_tree()


def test_a_configuration_that_changes_while_a_run_goes_on_is_refused(tiny, work):
    def edit(context):
        tiny.edit("quality/policy.yaml", "anomalySeverity: 1", "anomalySeverity: 3")
        return accept(context)

    work[Stage.DEPENDENCIES] = edit
    with pytest.raises(RefusedError) as caught:
        tiny.run(until=Stage.DEPENDENCIES)
    assert caught.value.code == "LM-PIP-002"
    with tiny.workspace() as workspace:
        context = stage_context(workspace.settings(), find_run(workspace.settings(), None), Stage.BUILD)
        with pytest.raises(RefusedError) as caught:
            _attempt.carry_out(context)
    assert (caught.value.code, "quality/policy.yaml" in caught.value.reason) == ("LM-PIP-003", True)


def outside(tiny):
    """The product's configuration, moved out of its repository."""
    config = tiny.folder / "config"
    config.mkdir()
    shutil.move(tiny.root / "lotmark.yaml", config)
    shutil.move(tiny.root / "quality", config)
    tiny.commit()
    return config


def settings_outside(workspace, config):
    workspace.config = config
    return workspace.settings()


def test_a_configuration_outside_the_repository(tiny):
    config = outside(tiny)
    with tiny.workspace() as workspace:
        report = run_pipeline(settings_outside(workspace, config))
        assert report.outcome == "pending", describe(report)
    declaration = config / "lotmark.yaml"
    declaration.write_text(declaration.read_text().replace("name: Tiny", "name: Other"))
    with tiny.workspace() as workspace, pytest.raises(RefusedError) as caught:
        run_pipeline(settings_outside(workspace, config))
    assert (caught.value.code, "lotmark.yaml" in caught.value.reason) == ("LM-PIP-003", True)
    with tiny.workspace() as workspace:
        report = run_pipeline(settings_outside(workspace, config), new=True, until=Stage.SOURCE)
    assert (report.run, report.outcome) == ("tiny:RUN-0002", "open")


def test_a_version_that_changes_on_the_same_commit_and_configuration_is_another_run(tiny):
    """The version may stand in a file that git ignores."""
    tiny.write({".gitignore": "/VERSION\n", "VERSION": "1.0.0\n"})
    tiny.edit("lotmark.yaml", "{file: src/tool.sh, pattern: '^VERSION=(.+)$'}", "{file: VERSION, pattern: '^(.+)$'}")
    tiny.commit()
    tiny.run(until=Stage.SOURCE)
    tiny.write({"VERSION": "1.0.1\n"})
    with pytest.raises(RefusedError) as caught:
        tiny.run()
    assert (caught.value.code, "the version is 1.0.1 now" in caught.value.reason) == ("LM-PIP-003", True)
    assert tiny.run(new=True, until=Stage.SOURCE).version == "1.0.1"


def test_items_that_changed_outside_the_repository_are_known_from_the_last_release(tiny):
    config = outside(tiny)
    with tiny.workspace() as workspace:
        settings = settings_outside(workspace, config)
        run = run_pipeline(settings).run
        for person, role, meaning in APPROVALS:
            sign_approval(workspace, find_run(settings, run), person=person, signer=tiny.signer(person), role=role, meaning=meaning, reason="It holds.")
        assert run_pipeline(settings).outcome == "released"
    requirement = config / "quality" / "requirements" / "REQ-001.md"
    requirement.write_text(requirement.read_text().replace("shall greet", "shall greet politely"))
    with tiny.workspace() as workspace:
        run_pipeline(settings_outside(workspace, config), until=Stage.SOURCE)
    assert tiny.predicates("change-summary")[-1]["changedItems"] == ["REQ-001"]


@pytest.mark.parametrize("name", ["policy", "approvals", "people", "matrix"])
def test_a_file_that_cannot_be_read_ends_the_run_before_it_is_opened(tiny, name):
    tiny.write({f"quality/{name}.yaml": "nonsense: true\n"})
    tiny.commit()
    with pytest.raises(UsageError) as caught:
        tiny.run()
    assert caught.value.where.startswith(f"quality/{name}.yaml")
    assert tiny.size() == 8


# ---------------------------------------------------------------- errors and refusals


def test_a_stage_that_raises_leaves_the_others_to_end_and_be_recorded(tiny, work):
    entered = threading.Event()
    tiny.run(until=Stage.BUILD)

    def fail(context):
        assert entered.wait(20)
        raise RuntimeError("a bug")

    def slow(context):
        entered.set()
        return real(context)

    real, work[Stage.UNIT], work[Stage.INTEGRATION] = work[Stage.UNIT], slow, fail
    work[Stage.UNIT] = slow
    with pytest.raises(RuntimeError, match="a bug"):
        tiny.run(until=Stage.VALIDATION)
    work.update({Stage.UNIT: real, Stage.INTEGRATION: real})
    with tiny.workspace() as workspace:
        found = read_statuses(read_run(workspace.reader, "tiny:RUN-0001"))
    assert (found[Stage.UNIT].outcome, found[Stage.INTEGRATION].outcome) == (Outcome.ACCEPTED, None)
    assert not list((tiny.state / "work").rglob("*-1"))
    report = tiny.run()
    assert report.outcome == "pending", describe(report)
    assert tiny.kinds()["test-run"] == 3


def test_what_a_stage_refuses_by_raising_is_recorded_with_its_code(tiny, work):
    def raise_refusal(context):
        raise RefusedError("LM-TST-002", "it may not be", where="a/file", solution="mend it")

    work[Stage.BUILD] = raise_refusal
    report = tiny.run()
    assert (report.outcome, codes(report, Stage.BUILD)) == ("refused", ["LM-TST-002"])
    (finding,) = [finding for status in report.stages if status.stage is Stage.BUILD for finding in status.findings]
    assert (finding["subject"], finding["help"]) == ("a/file", "mend it")
    # The stage beside it ended and was recorded, then the run was closed.
    assert statuses(report)[Stage.DEPENDENCIES] is Outcome.ACCEPTED
    assert [each["outcome"] for each in tiny.predicates("run-closed")] == ["refused"]


def test_a_refused_run_is_closed_and_the_next_one_takes_the_next_number(tiny, work):
    work[Stage.BUILD] = refuse
    assert tiny.run().outcome == "refused"
    assert tiny.run().run == "tiny:RUN-0002"


def test_stages_that_may_refuse_are_judged_together_by_the_gate(tiny):
    tiny.edit("tests/unit/tests.sh", "'^tiny '", "'^no such '")
    tiny.commit()
    report = tiny.run()
    assert report.outcome == "refused"
    assert statuses(report)[Stage.UNIT] is Outcome.REFUSED
    assert statuses(report)[Stage.PACKAGE] is Outcome.ACCEPTED
    assert statuses(report)[Stage.APPROVAL] is Outcome.REFUSED
    assert set(codes(report, Stage.APPROVAL)) == {"LM-POL-001"}


def test_a_partial_run_is_not_closed_while_another_stage_may_still_run(tiny, work):
    work[Stage.BUILD] = refuse
    report = tiny.run(until=Stage.BUILD)
    assert (report.outcome, statuses(report)[Stage.BUILD]) == ("open", Outcome.REFUSED)
    assert tiny.run().outcome == "refused"


def test_a_single_stage_that_refuses_at_the_end_closes_the_run(tiny, work):
    tiny.run(until=Stage.PACKAGE)
    work[Stage.APPROVAL] = refuse
    assert tiny.run(only=Stage.APPROVAL).outcome == "refused"


def test_a_target_that_does_not_answer_as_it_should_closes_the_run_as_refused(tiny):
    tiny.edit("lotmark.yaml", 'expect: "tiny {version}"', 'expect: "other {version}"')
    tiny.commit()
    assert tiny.run().outcome == "pending"
    tiny.approve()
    report = tiny.run()
    assert (report.outcome, codes(report, Stage.VERIFICATION)) == ("refused", ["LM-DEP-005"])
    assert [each["verdict"] for each in tiny.predicates("deployment-check")] == ["mismatch"]


def test_someone_elses_run_is_left_alone(tiny_waiting):
    with tiny_waiting.workspace() as workspace:
        settings = workspace.settings()
        identity = replace(find_run(settings, None), commit="0" * 40)
        engine = settings.open_engine()
        try:
            with pytest.raises(EnvironmentLacksError) as caught:
                _run._Loop(settings, identity, None, engine, Silence(), None, None).run()
        finally:
            engine.close()
    assert (caught.value.code, caught.value.exit_code) == ("LM-PIP-004", 4)


def test_an_older_ledger_that_was_put_back_is_noticed(tiny, monkeypatch):
    tiny.run(until=Stage.SOURCE)
    shutil.copytree(tiny.state, tiny.folder / "backup")
    tiny.run(until=Stage.DEPENDENCIES)
    for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
        (tiny.state / name).unlink(missing_ok=True)
        if (tiny.folder / "backup" / name).exists():
            shutil.copy2(tiny.folder / "backup" / name, tiny.state / name)
    with pytest.raises(IntegrityError) as caught:
        tiny.run(until=Stage.DEPENDENCIES)
    assert (caught.value.code, caught.value.exit_code) == ("LM-PIP-022", 6)
    (tiny.state / "engine.db").unlink()
    with pytest.raises(IntegrityError) as caught:
        tiny.run(until=Stage.DEPENDENCIES)
    assert caught.value.code == "LM-LED-115", "who has seen the longer log never signs a second one"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tiny.folder / "another-machine"))
    assert tiny.run(until=Stage.DEPENDENCIES).stages[1].outcome is Outcome.ACCEPTED


def test_no_key_is_loaded_while_a_stage_works(tiny, monkeypatch):
    """The pipeline's key is loaded to record, after the product's commands have ended."""
    inside = threading.local()
    loaded = []
    real = _attempt.carry_out

    def carry_out(context):
        inside.stage = context.stage
        try:
            return real(context)
        finally:
            inside.stage = None

    monkeypatch.setattr(_run, "carry_out", carry_out)
    with tiny.workspace() as workspace:

        def signer():
            loaded.append(getattr(inside, "stage", None))
            return workspace.pipeline_signer()

        run_pipeline(replace(workspace.settings(), pipeline_signer=signer))
    assert len(loaded) == 8
    assert set(loaded) == {None}


def test_what_could_not_be_recorded_is_recorded_later_without_being_done_again(tiny, work):
    """The scratch is gone by then: what counts lies in the blob store and in the engine's memory."""
    tiny.run(until=Stage.SOURCE)
    built = []
    real = work[Stage.BUILD]

    def build(context):
        built.append(context.work_place)
        return real(context)

    def no_key():
        raise EnvironmentLacksError("LM-TST-004", "the key is on a stick that is not here")

    work[Stage.BUILD] = build
    with pytest.raises(EnvironmentLacksError, match="stick"):
        tiny.run(until=Stage.BUILD, settings={"pipeline_signer": no_key})
    assert not built[0].exists()
    assert tiny.kinds()["rebuild"] == 0
    report = tiny.run(until=Stage.UNIT)
    assert (statuses(report)[Stage.UNIT], len(built)) == (Outcome.ACCEPTED, 1)
    tiny.assert_sound()


# ---------------------------------------------------------------- waiting


def test_signatures_hold_over_the_night(tiny_waiting):
    tiny_waiting.approve(by=(("rene", "regulatory", "review"),))
    tomorrow = ShiftedClock(timedelta(days=1))
    tiny_waiting.approve(by=(("quinn", "quality-owner", "approval"),), clock=tomorrow)
    report = tiny_waiting.run(clock=tomorrow, until=Stage.APPROVAL)
    assert statuses(report)[Stage.APPROVAL] is Outcome.ACCEPTED, describe(report)
    assert tiny_waiting.kinds()["decision"] == 1


def test_a_dump_that_grows_too_old_while_people_wait_is_decided_anew(tiny):
    tiny.edit("quality/policy.yaml", "maximumDumpAgeDays: 30", "maximumDumpAgeDays: 36500")
    tiny.commit()
    report = tiny.run()
    assert report.outcome == "pending", describe(report)
    tiny.approve()
    late = ShiftedClock(timedelta(days=36600))
    report = tiny.run(clock=late)
    assert report.outcome == "refused", describe(report)
    assert any("older than" in finding["message"] for status in report.stages for finding in status.findings)
    assert tiny.kinds()["decision"] == 2


def test_an_approval_starts_again_only_when_it_can_conclude(tiny_waiting):
    tiny_waiting.approve(by=(("rene", "regulatory", "review"),))
    size = tiny_waiting.size()
    report = tiny_waiting.run()
    assert report.waiting_for == ("quality-owner (approval): 0 of 1",)
    assert tiny_waiting.size() == size
    tiny_waiting.approve(by=(("quinn", "quality-owner", "approval"),))
    report = tiny_waiting.run()
    assert (report.outcome, report.stages[7].attempts) == ("released", 2)


# ---------------------------------------------------------------- looking


def test_needs_name_every_stage_before_the_one_that_needs_it():
    order = list(Stage)
    for stage, needs in NEEDS.items():
        assert all(order.index(need) < order.index(stage) for need in needs)


def test_previous_releases_are_those_of_ancestors(tiny_released):
    first = tiny_released.git("rev-parse", "HEAD")
    second = tiny_released.commit()
    tiny_released.git("checkout", "--quiet", "--orphan", "elsewhere")
    stranger = tiny_released.commit("Elsewhere\n\nRefs: REQ-001")
    with tiny_released.workspace() as workspace:
        settings = workspace.settings()
        for commit in (first, second):
            found = find_previous(settings, commit)
            assert (found.version, found.commit) == ("1.0.0", first)
        assert find_previous(settings, stranger) is None
        assert identify_run(settings)[1] == "new"


def test_a_context_for_looking_gives_the_pinned_files(tiny_waiting):
    with tiny_waiting.workspace() as workspace:
        context: StageContext = stage_context(workspace.settings(), find_run(workspace.settings(), None), Stage.APPROVAL)
        place = tiny_waiting.root / "quality" / "approvals.yaml"
        assert context.pinned("quality/approvals.yaml") == place
        original = place.read_bytes()
        place.write_text("approvals: 2\n")
        assert context.pinned("quality/approvals.yaml").read_bytes() == original
        copy = context.pinned("quality/approvals.yaml")
        copy.write_bytes(b"changed")
        assert context.pinned("quality/approvals.yaml").read_bytes() == original
        blob = next(workspace.state.glob(f"blobs/sha256/??/{copy.name}"))
        blob.chmod(0o600)
        blob.write_bytes(b"changed")
        with pytest.raises(IntegrityError):
            context.pinned("quality/approvals.yaml")
        blob.unlink()
        with pytest.raises(RefusedError, match="configuration changed"):
            context.pinned("quality/approvals.yaml")
