"""What single stages say and refuse: history, layers of tests, admission, targets."""

from dataclasses import replace

import pytest

from fakes.tiny_product import APPROVALS, describe
from lotmark.base.errors import IntegrityError
from lotmark.bootstrap.api import sign_withdrawal
from lotmark.pipeline._stages.deployment import prove_inclusion
from lotmark.pipeline.api import find_run, run_pipeline
from lotmark.pipeline.models import Outcome, Payload, Stage, StageResult

pytestmark = pytest.mark.verifies("REQ-019", "RC-004", "HAZ-005")


def ended(report, stage):
    """How a stage ended, and the codes of what it found wrong."""
    status = next(status for status in report.stages if status.stage is stage)
    return status.outcome, [finding["code"] for finding in status.findings if finding["severity"] == "error"]


# ---------------------------------------------------------------- source


def test_a_commit_that_is_not_signed_off_or_names_nothing_is_refused(tiny):
    tiny.commit("No sign-off\n\nRefs: REQ-001", sign_off=False)
    tiny.commit("Speaks of UTF-8 and SHA-256 only")
    report = tiny.run()
    assert ended(report, Stage.SOURCE) == (Outcome.REFUSED, ["LM-PIP-010", "LM-PIP-011"])
    assert report.outcome == "refused"
    assert tiny.kinds()["rebuild"] == 0


def test_somebody_elses_sign_off_is_none(tiny):
    tiny.commit("Signed by another\n\nRefs: REQ-001\nSigned-off-by: Quinn <quinn@example.org>", sign_off=False)
    assert ended(tiny.run(until=Stage.SOURCE), Stage.SOURCE) == (Outcome.REFUSED, ["LM-PIP-010"])


def test_history_before_the_baseline_is_exempt(tiny):
    old = tiny.commit("From before", sign_off=False)
    tiny.edit("lotmark.yaml", "environment:\n  python: none", f"source: {{baseline: {old}}}\nenvironment:\n  python: none")
    tiny.commit()
    assert ended(tiny.run(until=Stage.SOURCE), Stage.SOURCE) == (Outcome.ACCEPTED, [])


def test_an_unknown_baseline_exempts_nothing(tiny):
    tiny.edit("lotmark.yaml", "environment:\n  python: none", "source: {baseline: nowhere}\nenvironment:\n  python: none")
    tiny.commit("Says nothing")
    assert ended(tiny.run(until=Stage.SOURCE), Stage.SOURCE) == (Outcome.REFUSED, ["LM-PIP-011"])


def test_rules_that_a_product_does_not_want(tiny):
    tiny.edit("lotmark.yaml", "environment:\n  python: none", "source: {require-sign-off: false, require-references: false}\nenvironment:\n  python: none")
    tiny.commit("Says nothing", sign_off=False)
    assert ended(tiny.run(until=Stage.SOURCE), Stage.SOURCE) == (Outcome.ACCEPTED, [])


def test_the_summary_of_a_change(tiny):
    tiny.write({"src/more.txt": "more\n"})
    tiny.commit("Add more\n\nImplements: REQ-002, HAZ-001", by="omar")
    tiny.run(until=Stage.SOURCE)
    (change,) = tiny.predicates("change-summary")
    assert change["base"] is None
    assert [commit["subject"] for commit in change["commits"]] == ["The tiny product", "Add more"]
    assert change["commits"][1]["references"] == ["HAZ-001", "REQ-002"]
    assert (change["authors"], change["lastPusher"]) == (["dana", "omar"], "omar")
    assert change["referencedIds"] == ["HAZ-001", "REQ-001", "REQ-002"]
    assert "src/more.txt" in change["changedPaths"]
    assert all(commit["committedAt"].endswith("Z") for commit in change["commits"])
    assert (change["dependenciesChanged"], change["policyChanged"]) == (True, True)


def test_changed_items_are_those_whose_meaning_changed(tiny_released):
    tiny = tiny_released
    tiny.edit("quality/requirements/REQ-001.md", "shall greet", "shall greet politely")
    tiny.write({"quality/requirements/REQ-002.md": (tiny.root / "quality/requirements/REQ-002.md").read_text() + "\n"})
    tiny.commit()
    tiny.run(until=Stage.SOURCE)
    change = tiny.predicates("change-summary")[-1]
    assert change["changedItems"] == ["REQ-001"]
    assert (change["base"]["version"], change["policyChanged"]) == ("1.0.0", False)


# ---------------------------------------------------------------- tests


def test_a_list_command_that_fails_is_refused(tiny):
    tiny.edit("tests/run.sh", 'if [ "$2" = list ]; then', 'if [ "$2" = list ]; then echo "cannot list" >&2; exit 2')
    tiny.commit()
    report = tiny.run(until=Stage.UNIT)
    assert ended(report, Stage.UNIT) == (Outcome.REFUSED, ["LM-PIP-015"])
    assert "cannot list" in report.stages[3].findings[0]["help"]


def test_without_a_list_command_a_test_that_vanished_leaves_its_requirement_unverified(tiny):
    for layer in ("unit", "integration", "validation"):
        tiny.edit("lotmark.yaml", f"    list-command: [sh, tests/run.sh, {layer}, list]\n", "")
    tiny.commit()
    report = tiny.run()
    assert report.outcome == "pending", describe(report)
    assert [finding["code"] for finding in report.stages[3].findings] == ["LM-MTX-021"]
    tiny.edit("tests/run.sh", "for name in $names; do\n    echo", "for name in $names; do\n    [ $name = test_version ] && continue\n    echo")
    tiny.commit()
    report = tiny.run()
    assert report.outcome == "refused", describe(report)
    assert any("REQ-002" in finding["message"] for finding in report.stages[5].findings)


def test_a_layer_that_runs_into_its_time_has_judged_nothing(tiny):
    tiny.edit("tests/unit/tests.sh", "test_greets() {", "test_greets() {\n  sleep 30")
    tiny.edit("lotmark.yaml", "    results: [results/unit.xml]\n", "    results: [results/unit.xml]\n    timeout: 1\n")
    tiny.commit()
    report = tiny.run(until=Stage.UNIT)
    outcome, codes = ended(report, Stage.UNIT)
    assert outcome is Outcome.REFUSED
    assert codes


def test_results_of_a_command_that_was_stopped_do_not_count(tiny):
    text = (tiny.root / "tests/run.sh").read_text().rstrip()
    tiny.write({"tests/run.sh": text.removesuffix("exit 0") + 'if [ "$layer" = unit ]; then sleep 30; fi\n'})
    tiny.edit("lotmark.yaml", "    results: [results/unit.xml]\n", "    results: [results/unit.xml]\n    timeout: 2\n")
    tiny.commit()
    outcome, codes = ended(tiny.run(until=Stage.UNIT), Stage.UNIT)
    assert (outcome, "LM-PIP-013" in codes) == (Outcome.REFUSED, True)


def test_every_attempt_is_kept_and_red_before_green_is_seen(tiny):
    tiny.edit("lotmark.yaml", "    results: [results/unit.xml]\n", "    results: [results/unit.xml]\n    attempts: 2\n")
    tiny.edit("tests/unit/tests.sh", "'^tiny '", "'^no such '")
    tiny.commit()
    tiny.run(until=Stage.UNIT)
    (run,) = tiny.predicates("test-run")
    (test,) = [each for each in run["tests"] if each["id"].endswith("test_greets")]
    assert [each["status"] for each in test["attempts"]] == ["failed", "failed"]


# ---------------------------------------------------------------- build, package


def test_a_build_that_leaves_nothing_is_refused(tiny):
    tiny.edit("lotmark.yaml", "outputs: [out/tool.sh]", "outputs: [out/nothing]")
    tiny.commit()
    report = tiny.run()
    outcome, codes = ended(report, Stage.BUILD)
    assert (outcome, bool(codes), report.outcome) == (Outcome.REFUSED, True, "refused")
    assert tiny.kinds()["provenance"] == 0
    assert tiny.kinds()["rebuild"] == 1


def test_an_artifact_that_is_not_there_is_refused(tiny):
    tiny.edit("lotmark.yaml", "artifact: out/tool.sh", "artifact: out/other.sh")
    tiny.commit()
    report = tiny.run(until=Stage.PACKAGE)
    outcome, codes = ended(report, Stage.PACKAGE)
    assert (outcome, bool(codes)) == (Outcome.REFUSED, True)


# ---------------------------------------------------------------- deployment


def test_an_approval_that_is_withdrawn_in_time_refuses_the_deployment(tiny_waiting):
    tiny = tiny_waiting
    _, index = tiny.approve(by=APPROVALS)
    tiny.run(until=Stage.APPROVAL)
    with tiny.workspace() as workspace:
        sign_withdrawal(workspace, index, person="quinn", signer=tiny.signer("quinn"), reason="A recall.")
    report = tiny.run()
    assert (report.outcome, ended(report, Stage.DEPLOYMENT)) == ("refused", (Outcome.REFUSED, ["LM-DEP-001"]))
    assert not tiny.site.exists()
    assert tiny.kinds()["deployment"] == 0


def test_a_log_that_another_key_signed_proves_nothing(tiny_released, tiny):
    with tiny_released.workspace() as workspace:
        prove_inclusion(workspace.reader, workspace.trust_policy, 5)
        stranger = replace(workspace.trust_policy, origin="example.org/other")
        with pytest.raises(IntegrityError) as caught:
            prove_inclusion(workspace.reader, stranger, 5)
    assert caught.value.code == "LM-LED-111"


def test_a_target_that_cannot_be_written_leaves_the_run_to_go_on_later(tiny_waiting):
    tiny = tiny_waiting
    tiny.approve()
    tiny.site.write_text("a file where the folder should be\n")
    with tiny.workspace() as workspace, pytest.raises(Exception, match="target") as caught:
        run_pipeline(workspace.settings())
    assert (caught.value.code, caught.value.exit_code) == ("LM-DEP-004", 4)
    tiny.site.unlink()
    report = tiny.run()
    assert (report.outcome, report.resumed) == ("released", True)


def test_a_second_target(tiny):
    tiny.edit("lotmark.yaml", "deploy:\n  targets:\n", "deploy:\n  targets:\n    - {name: second, path: ../second, environment: staging}\n")
    tiny.commit()
    tiny.run()
    tiny.approve()
    report = tiny.run()
    assert report.outcome == "released", describe(report)
    assert {each["target"]["name"] for each in tiny.predicates("deployment")} == {"site", "second"}
    assert [each["verdict"] for each in tiny.predicates("deployment-check")] == ["verified", "verified"]
    assert (tiny.folder / "second" / "current" / "tool.sh").is_file()


# ---------------------------------------------------------------- values


def test_results_go_through_the_engine_unchanged():
    result = StageResult(
        Stage.UNIT, 2, Outcome.REFUSED, "2 failed", ({"code": "LM-TST-001"},), (Payload("test-run", "name", b"\x00\xff", ()),), "run:tiny:RUN-0001"
    )
    assert StageResult.from_wire(result.to_wire()) == result


def test_a_run_is_found_by_either_form_of_its_id(tiny_waiting):
    with tiny_waiting.workspace() as workspace:
        settings = workspace.settings()
        assert find_run(settings, "RUN-0001") == find_run(settings, "tiny:RUN-0001") == find_run(settings, None)
        assert find_run(settings, None).key != replace(find_run(settings, None), configuration=()).key
