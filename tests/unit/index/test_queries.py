"""Releases, timelines, components, items: what dossier, web and recall ask."""

from pathlib import Path

import pytest

from fakes.index_world import COMPONENTS, MYSTERY, IndexWorld
from lotmark.index.api import component_releases, find_release, item_history, list_releases, list_runs, run_targets, run_timeline

pytestmark = pytest.mark.verifies("REQ-023")


class TestStates:
    def test_each_state_has_its_reason_in_the_ledger(self, world: IndexWorld, tmp_path: Path):
        world.run(1)
        pending = world.run(2)
        pending.work()
        pending.decide()
        refused = world.run(3)
        refused.stage("unit", "1 failed", "refused")
        closed = world.run(4)
        closed.stage("unit", "1 failed", "refused")
        closed.close("refused")
        world.run(5).close("abandoned")
        again = world.run(6)
        again.stage("unit", "1 failed", "refused")
        again.stage("unit", "all passed", "accepted", attempt=2)
        world.release(7)
        with world.index(tmp_path) as index:
            index.refresh()
            states = {run.run[-1]: run.state for run in list_runs(index)}
        assert states == {"1": "open", "2": "pending", "3": "refused", "4": "refused", "5": "abandoned", "6": "open", "7": "released"}

    def test_a_release_stays_one_when_its_deployment_is_refused(self, world: IndexWorld, tmp_path: Path):
        run = world.run()
        run.work()
        run.decide()
        run.sign("quinn", "quality-owner", "approval")
        run.conclude()
        run.stage("deployment", "the target is full", "refused")
        run.close("refused")
        with world.index(tmp_path) as index:
            index.refresh()
            (summary,) = list_runs(index)
        assert summary.state == "released"
        assert summary.released_at == "2026-11-23T12:01:00.000Z"


class TestReleases:
    def test_are_listed_in_log_order_without_other_runs(self, world: IndexWorld, tmp_path: Path):
        world.release(1, "1.4.0")
        world.run(2, "1.5.0")
        world.release(3, "1.5.0")
        with world.index(tmp_path) as index:
            index.refresh()
            releases = list_releases(index)
            assert [(release.version, release.run) for release in releases] == [("1.4.0", "qpcr:RUN-0001"), ("1.5.0", "qpcr:RUN-0003")]
            assert list_releases(index, "qpcr") == releases
            assert list_releases(index, "pump") == []
            assert find_release(index, "1.5.0") == releases[1]
            assert find_release(index, "1.5.0", "pump") is None
            assert find_release(index, "1.6.0") is None

    def test_tell_what_a_list_needs(self, index):
        (release,) = list_releases(index)
        assert (release.product_name, release.artifact, release.udi_di) == ("qPCR Caller", "qpcr-1.4.0.whl", "04012345000016")
        assert len(release.commit) == 40
        assert len(release.sha256 or "") == 64


class TestTargets:
    def test_of_a_release_that_was_replaced_and_came_back(self, world: IndexWorld, tmp_path: Path):
        first = world.release(1, "1.4.0")
        world.release(2, "1.5.0")
        with world.index(tmp_path) as index:
            index.refresh()
            (target,) = run_targets(index, "qpcr:RUN-0001")
            assert (target.is_current, target.replaced_by) == (False, "1.5.0")
            (target,) = run_targets(index, "qpcr:RUN-0002")
            assert (target.is_current, target.replaced_by, target.verdict) == (True, None, "verified")
            first.deploy(action="rollback", previous="1.5.0", at=100)
            index.refresh()
            (target,) = run_targets(index, "qpcr:RUN-0001")
            assert (target.is_current, target.verdict) == (True, None)
            first.check(verdict="mismatch", at=110)
            index.refresh()
            (target,) = run_targets(index, "qpcr:RUN-0001")
            assert (target.verdict, target.checked_at) == ("mismatch", "2026-11-23T12:01:50.000Z")
            assert run_targets(index, "qpcr:RUN-0009") == ()


class TestTimeline:
    def test_is_in_log_order_with_who_and_what(self, index):
        events = run_timeline(index, "qpcr:RUN-0001")
        assert [event.index for event in events] == sorted(event.index for event in events)
        assert events[0].kind == "run-opened"
        assert events[-1].words == "the run is closed: released"
        assert {event.who for event in events if event.kind == "approval"} == {"Quinn Example", "Rene Example"}
        assert run_timeline(index, "qpcr:RUN-0002") == []

    def test_shows_records_of_unknown_kinds_as_such(self, world: IndexWorld, tmp_path: Path):
        world.add(MYSTERY.name, {"run": "qpcr:RUN-0001"})
        with world.index(tmp_path) as index:
            index.refresh()
            (event,) = run_timeline(index, "qpcr:RUN-0001")
        assert event.who == "not verified"


class TestComponents:
    @pytest.mark.parametrize("asked", ["numpy", "NumPy", "numpy@2.1.0", "pkg:pypi/numpy@2.1.0", "pkg:pypi/numpy"])
    def test_are_found_by_any_of_their_names(self, index, asked: str):
        (use,) = component_releases(index, asked)
        assert (use.purl, use.run.state, use.scope, use.licence) == ("pkg:pypi/numpy@2.1.0", "released", "runtime", "BSD-3-Clause")
        assert [target.name for target in use.targets] == ["laboratory"]

    @pytest.mark.parametrize("asked", ["nump", "numpy@2.2.0", "pkg:pypi/num", "pkg:npm/numpy", "", "@", "@scope/numpy", "%"])
    def test_are_not_found_by_others(self, index, asked: str):
        assert component_releases(index, asked) == []

    def test_names_with_a_scope_are_whole(self, world: IndexWorld, tmp_path: Path):
        world.run(components=[("pkg:npm/%40scope/thing@1.0.0", "runtime", "MIT", "allowed")]).dependencies()
        with world.index(tmp_path) as index:
            index.refresh()
            assert len(component_releases(index, "thing")) == 1

    def test_recall_lists_every_release_and_leaves_out_those_without(self, world: IndexWorld, tmp_path: Path):
        world.release(1, "1.4.0")
        world.release(2, "1.5.0", components=COMPONENTS[1:])
        world.release(3, "1.6.0", components=[("pkg:pypi/numpy@2.2.0", "runtime", "BSD-3-Clause", "allowed")])
        with world.index(tmp_path) as index:
            index.refresh()
            assert [(use.run.version, use.version) for use in component_releases(index, "numpy")] == [("1.4.0", "2.1.0"), ("1.6.0", "2.2.0")]

    def test_the_last_look_at_the_dependencies_of_a_run_counts(self, world: IndexWorld, tmp_path: Path):
        run = world.run()
        run.dependencies()
        run.components = COMPONENTS[1:]
        run.dependencies()
        with world.index(tmp_path) as index:
            index.refresh()
            assert component_releases(index, "numpy") == []
            assert len(component_releases(index, "pytest")) == 1

    def test_a_run_that_was_never_opened_is_passed_over(self, world: IndexWorld, tmp_path: Path):
        run = world.run()
        run.name = "qpcr:RUN-0009"
        run.dependencies()
        with world.index(tmp_path) as index:
            index.refresh()
            assert component_releases(index, "numpy") == []


class TestItems:
    def test_history_tells_verdict_tests_and_whether_the_text_changed(self, world: IndexWorld, tmp_path: Path):
        world.release(1, "1.4.0", fingerprint="f1")
        world.release(2, "1.5.0", fingerprint="f1")
        world.release(3, "1.6.0", fingerprint="f2")
        with world.index(tmp_path) as index:
            index.refresh()
            history = item_history(index, "qpcr", "REQ-001")
            assert [(item.run.version, item.changed, item.verdict) for item in history] == [
                ("1.4.0", True, "passed"),
                ("1.5.0", False, "passed"),
                ("1.6.0", True, "passed"),
            ]
            assert [test.test for test in history[0].tests] == ["tests/test_ct.py::test_ct[a]", "tests/test_ct.py::test_ct[b]"]
            assert item_history(index, "qpcr", "REQ-009") == []
            assert item_history(index, "pump", "REQ-001") == []

    def test_hazards_tell_their_risk_and_their_controls(self, index):
        (hazard,) = item_history(index, "qpcr", "HAZ-001")
        assert hazard.risk == "medium before control, low after, residual risk acceptable"
        assert hazard.links == ("RC-001 mitigates it",)
        (control,) = item_history(index, "qpcr", "RC-001")
        assert control.links == ("mitigates HAZ-001",)
        assert control.risk is None

    def test_without_a_row_of_the_matrix_tests_speak_for_themselves(self, world: IndexWorld, tmp_path: Path):
        run = world.run()
        run.trace()
        run.test("unit")
        run.test("unit", [("tests/test_ct.py::test_ct[a]", "passed")])
        with world.index(tmp_path) as index:
            index.refresh()
            (item,) = item_history(index, "qpcr", "REQ-001")
        assert item.verdict is None
        assert [(test.test, test.layer, test.status) for test in item.tests] == [("tests/test_ct.py::test_ct[a]", "unit", "passed")]

    def test_waived_tests_name_the_waiver(self, index):
        (item,) = item_history(index, "qpcr", "REQ-002")
        assert [(test.status, test.waiver) for test in item.tests] == [("skipped", "qpcr:WVR-0001")]
