"""The five answers, exact; every state and standing in its own words; the wire form under its schema."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fakes.index_world import IndexWorld, PlayedRun
from lotmark.base.digest import Digest
from lotmark.index._schemas import FOLDER, SCHEMA_ID, answers_schema, format_schema
from lotmark.index.api import CAVEAT, Index, answer_question, format_answers
from lotmark.index.models import Answers, FiveAnswers

pytestmark = pytest.mark.verifies("REQ-023")


TODAY = date(2026, 11, 23)
COMMIT = Digest.of(b"qpcr1.4.0").hex[:40]
WHEEL = Digest.of(b"artifact of qpcr 1.4.0").hex


def check(answers: Answers) -> Answers:
    """The answers, once their wire form fits the schema and their text the width."""
    wire = {"schema": SCHEMA_ID, **json.loads(json.dumps(answers.to_wire()))}
    Draft202012Validator(json.loads((FOLDER / "answers.v1.json").read_text(encoding="utf-8"))).validate(wire)
    for width in (60, 80, 100):
        assert max(len(line) for line in format_answers(answers, width=width).splitlines() if "  " not in line.strip() or width == 100) <= width
    return answers


def ask(world: IndexWorld, tmp_path: Path, question: str = "1.4.0", today: date = TODAY) -> Answers:
    with world.index(tmp_path) as index:
        index.refresh()
        return check(answer_question(index, question, today))


def plain(answers: Answers) -> str:
    """The text without its line breaks."""
    return " ".join(format_answers(answers).split())


def five(answers: Answers) -> FiveAnswers:
    assert answers.answers is not None
    return answers.answers


@pytest.fixture(scope="module")
def answers(index: Index) -> Answers:
    """About the one release of `shared`."""
    return check(answer_question(index, "1.4.0", TODAY))


class TestRelease:
    def test_what_was_built(self, answers: Answers):
        what = five(answers).what
        assert (what.product, what.product_name, what.version, what.state, what.safety_class) == ("qpcr", "qPCR Caller", "1.4.0", "released", "B")
        assert what.artifact is not None
        assert (what.artifact.name, what.artifact.size, what.artifact.sha256) == ("qpcr-1.4.0.whl", 12, WHEEL)
        assert [(target.name, target.environment, target.is_current, target.verdict) for target in what.targets] == [
            ("laboratory", "production", True, "verified")
        ]

    def test_from_what(self, answers: Answers):
        source = five(answers).from_what
        assert (source.repository, source.commit, source.tree) == ("https://git.example.org/qpcr", COMMIT, "7e" * 20)
        assert [(lock.path, lock.sha256, lock.components) for lock in source.locks] == [("requirements.lock", "11" * 32, 2)]
        assert source.components is not None
        assert (source.components.total, source.components.scopes, source.components.licences_refused) == (2, {"runtime": 1, "test": 1}, ())
        assert source.environment is not None
        assert (source.environment.sha256, source.environment.backend, source.environment.hermetic) == ("e0" * 32, "bwrap", True)
        assert source.rebuild is not None
        assert source.rebuild.words == "built twice, and both builds are identical, byte for byte"
        assert source.rebuild.claim_text == "R2: built twice on this machine, varied: clock"

    def test_by_whom(self, answers: Answers):
        people = five(answers).by_whom
        assert [(author.name, author.commits) for author in people.authors] == [("Dana Example", 1), ("Eli Example", 1)]
        assert [(author.name, author.commits) for author in people.committers] == [("Dana Example", 2)]
        assert (people.operator, people.machine, people.commits, people.since, people.pipeline_key_since) == ("root", "vm", 2, None, 1)

    def test_with_which_tests(self, answers: Answers):
        tests = five(answers).with_which_tests
        assert [(layer.layer, layer.expected, layer.received, layer.passed, layer.skipped) for layer in tests.layers] == [
            ("unit", 2, 2, 2, 0),
            ("validation", 1, 1, 0, 1),
        ]
        assert [(covered.kind, covered.passed, covered.total, covered.waived) for covered in tests.covered] == [
            ("hazard", 1, 1, 0),
            ("risk-control", 1, 1, 0),
            ("requirement", 1, 2, 1),
        ]
        assert [(gap.item, gap.status) for gap in tests.gaps] == [("REQ-002", "waived")]
        (waiver,) = tests.waivers
        assert (waiver.waiver, waiver.standing, waiver.expires, waiver.items) == ("qpcr:WVR-0001", "holds", "2026-12-31", ("REQ-002",))
        assert tests.open_anomalies == ("ANO-001 (severity 3): Slow start",)

    def test_under_which_approval(self, answers: Answers):
        approval = five(answers).under_which_approval
        assert approval.decision is not None
        assert (approval.decision.verdict, approval.decision.criteria_met, approval.decision.criteria, approval.decision.tier) == ("accepted", 2, 2, "high")
        assert [(each.count, each.role, each.meaning) for each in approval.required] == [(1, "quality-owner", "approval"), (1, "regulatory", "review")]
        assert [(each.name, each.role, each.meaning, each.signed_at, each.zone, each.standing) for each in approval.signatures] == [
            ("Quinn Example", "quality-owner", "approval", "2026-11-23T12:00:40.000Z", "UTC", "counted"),
            ("Rene Example", "regulatory", "review", "2026-11-23T12:00:40.000Z", "Europe/Berlin", "counted"),
        ]
        assert approval.stage is None

    def test_and_the_proof(self, answers: Answers, shared: IndexWorld):
        proof = answers.proof
        assert (proof.origin, proof.first, proof.last, proof.size, proof.witnesses) == ("example.org/lotmark/test", 5, 26, 27, 0)
        assert proof.caveat == CAVEAT
        assert len(proof.root) == 64

    @pytest.mark.parametrize("witnessed,reached", [((27, 2), True), ((100, 1), True), ((26, 2), False), ((0, 0), False)])
    def test_the_proof_is_witnessed_once_its_last_record_is(self, index: Index, witnessed: tuple[int, int], reached: bool):
        proof = check(answer_question(index, "RUN-0001", TODAY, witnessed=witnessed)).proof
        assert proof.last == 26
        assert proof.witnesses == (witnessed[1] if reached else 0)
        assert proof.caveat == (f"Cosigned by {witnessed[1]} of your witnesses up to size {witnessed[0]}." if reached else CAVEAT)

    @pytest.mark.parametrize("question", ["RUN-0001", COMMIT[:7], WHEEL[:8], "04012345000016"])
    def test_every_name_of_the_run_gives_the_same(self, index: Index, answers: Answers, question: str):
        other = check(answer_question(index, question, TODAY))
        assert (other.run, other.answers, other.proof) == (answers.run, answers.answers, answers.proof)

    def test_the_text_says_all_of_it(self, answers: Answers):
        text = format_answers(answers)
        for part in ("What was built", "From what", "By whom", "With which tests", "Under which approval", "Proof"):
            assert f"\n{part}\n" in text
        for told in (
            "qPCR Caller 1.4.0  ✓ released  qpcr:RUN-0001",
            "UDI-DI 04012345000016",
            "qpcr-1.4.0.whl, 12 bytes",
            WHEEL,
            COMMIT,
            "✓ IDENTICAL: built twice, and both builds are identical, byte for byte",
            "claim R2: built twice on this machine, varied: clock",
            "root on the machine vm",
            "✓ accepted: 2 of 2 criteria met",
            "✓ Quinn Example, quality-owner: approval",
            "2026-11-23 13:00:40 in Europe/Berlin",
            "! qpcr:WVR-0001, holds until 2026-12-31",
            "residual risk: Instrument B is not named",
            "No witness: tamper-evident only against people without the log key.",
        ):
            assert told in text
        assert "\x1b" not in text

    def test_colours_only_add(self, answers: Answers):
        import re

        styled = format_answers(answers, styled=True)
        assert "\x1b[32m" in styled
        assert re.sub("\x1b\\[[0-9;]*m", "", styled) == format_answers(answers)


class TestWaivers:
    @pytest.mark.parametrize(
        ("today", "standing", "words"),
        [(date(2026, 12, 31), "holds", "holds until 2026-12-31"), (date(2027, 1, 1), "expired", "expired on 2026-12-31")],
    )
    def test_expire_after_their_last_day(self, index: Index, today: date, standing: str, words: str):
        (waiver,) = five(check(answer_question(index, "1.4.0", today))).with_which_tests.waivers
        assert (waiver.standing, waiver.standing_words) == (standing, words)

    def test_that_are_closed_say_by_whom(self, released: IndexWorld, tmp_path: Path):
        released.close_waiver()
        answers = ask(released, tmp_path, "WVR-0001")
        assert answers.waiver is not None
        assert answers.waiver.waiver.standing == "closed"
        assert "✗ qpcr:WVR-0001, closed by Quinn Example on 2026-11-23: The panel came" in format_answers(answers)

    def test_signed_with_another_persons_key_are_told(self, tmp_path: Path):
        world = IndexWorld().found()
        world.waive(by="rene")
        world.release()
        answers = ask(world, tmp_path, "WVR-0001")
        assert answers.waiver is not None
        assert answers.waiver.waiver.standing == "not counted"
        assert "a key that is not Quinn Example's" in format_answers(answers)

    def test_name_the_runs_that_used_them(self, index: Index, world: IndexWorld, tmp_path: Path):
        answers = check(answer_question(index, "WVR-0001", TODAY))
        assert answers.waiver is not None
        assert [run.run for run in answers.waiver.runs] == [answers.run] == ["qpcr:RUN-0001"]
        assert answers.proof.first == answers.proof.last == 4
        assert "Used by 1 run" in format_answers(answers)

    def test_that_nobody_used_stand_alone(self, world: IndexWorld, tmp_path: Path):
        world.waive("WVR-0002", version=None)
        world.run()
        answers = ask(world, tmp_path, "WVR-0002")
        assert answers.run == ""
        assert "Used by 0 runs" in format_answers(answers)

    def test_used_but_not_in_the_log_are_left_out(self, tmp_path: Path):
        world = IndexWorld().found()
        world.release()
        assert five(ask(world, tmp_path)).with_which_tests.waivers == ()


def refused(run: PlayedRun) -> None:
    run.change()
    run.stage("source", "one commit")
    run.test("unit", [("tests/a.py::t", "failed"), ("tests/a.py::u", "error")], missing=("tests/a.py::v",), unexpected=("x",), unstable=True)
    run.stage("unit", "2 of 3 reported: 1 failed, 1 error, 1 missing", "refused")


class TestOtherStates:
    def test_a_run_that_was_only_opened(self, world: IndexWorld, tmp_path: Path):
        world.run()
        answers = ask(world, tmp_path)
        text = format_answers(answers)
        told = five(answers)
        assert (told.what.state, told.what.artifact, told.from_what.rebuild, told.from_what.components) == ("open", None, None, None)
        assert [(layer.layer, layer.reported) for layer in told.with_which_tests.layers] == [("unit", False), ("validation", False)]
        for words in (
            "✗ none: the run did not come to its package",
            "nowhere: no deployment of it is recorded",
            "✗ no dependency evidence is recorded",
            "✗ no build is recorded",
            "✗ did not report",
            "✗ the matrix was not evaluated",
            "✗ none: the run did not come to its decision",
            "none recorded",
        ):
            assert words in text

    def test_a_refused_one_says_where_it_stopped(self, world: IndexWorld, tmp_path: Path):
        refused(world.run())
        answers = ask(world, tmp_path)
        text = format_answers(answers)
        assert five(answers).what.state == "refused"
        assert "✗ refused; stage unit refused: 2 of 3 reported" in text
        for words in ("✗ failed", "! 1 test reported that nobody expected", "! 2 tests failed before passing"):
            assert words in text

    def test_a_layer_with_missing_tests_is_incomplete(self, world: IndexWorld, tmp_path: Path):
        world.run().test("unit", [("a", "passed")], missing=("b",))
        assert "✗ incomplete" in format_answers(ask(world, tmp_path))

    def test_no_layer_at_all(self, world: IndexWorld, tmp_path: Path):
        world.change = lambda kind, told: told.update(expected=[]) if kind == "run-opened" else None
        world.run()
        assert "✗ no tests are recorded" in format_answers(ask(world, tmp_path))

    def test_a_refused_decision_lists_what_was_not_met(self, world: IndexWorld, tmp_path: Path):
        run = world.run()
        run.work()
        run.decide("refused", missing=("rebuild",))
        text = format_answers(ask(world, tmp_path))
        assert "✗ refused: 1 of 2 criteria met" in text
        assert "not met: Every test passed: 1 test failed" in text
        assert "missing: rebuild" in text
        assert "✗ refused: 1 of 2 criteria met" in text

    def test_a_pending_one_says_for_whom_it_waits(self, world: IndexWorld, tmp_path: Path):
        run = world.run()
        run.work()
        run.decide()
        run.sign("quinn", "quality-owner", "approval")
        answers = ask(world, tmp_path)
        assert five(answers).what.state == "pending"
        assert [each.standing for each in five(answers).under_which_approval.signatures] == ["recorded"]
        assert "… pending: 2 of 2 criteria met; to be signed by 1 × quality-owner (approval)" in format_answers(answers)

    def test_an_abandoned_one(self, world: IndexWorld, tmp_path: Path):
        world.run().close("abandoned")
        assert "- abandoned" in format_answers(ask(world, tmp_path))

    @pytest.mark.parametrize(
        ("verdict", "words"),
        [
            ("EQUIVALENT", "! EQUIVALENT: built twice; the builds are not identical, but equal under the declared comparators"),
            ("DIFFERENT", "✗ DIFFERENT: built twice, and the builds differ"),
            ("NOT_COMPARABLE", "✗ NOT_COMPARABLE: the two builds could not be compared"),
            ("FAILED", "✗ FAILED: a build failed"),
        ],
    )
    def test_other_rebuild_verdicts_are_never_told_as_identical(self, world: IndexWorld, tmp_path: Path, verdict: str, words: str):
        world.run().rebuild(verdict)
        text = plain(ask(world, tmp_path))
        assert words in text
        assert "byte for byte" not in text

    def test_other_runs_of_the_version_are_listed(self, world: IndexWorld, tmp_path: Path):
        refused(world.run(1))
        world.release(2)
        answers = ask(world, tmp_path)
        assert answers.run == "qpcr:RUN-0002"
        assert [run.run for run in answers.others] == ["qpcr:RUN-0001"]
        assert "Other runs of that name" in format_answers(answers)

    def test_a_deployment_that_was_refused_after_the_release(self, world: IndexWorld, tmp_path: Path):
        run = world.run()
        run.work()
        run.decide()
        run.conclude([run.sign("quinn", "quality-owner", "approval")])
        run.stage("deployment", "the target is full", "refused")
        assert "stage deployment refused: the target is full" in plain(ask(world, tmp_path))

    def test_deployments_that_were_not_checked_do_not_hold_or_are_over(self, world: IndexWorld, tmp_path: Path):
        run = world.release(1)
        run.deploy("second", at=100)
        run.deploy("third", at=100)
        run.check("third", verdict="unreachable", at=110)
        other = world.run(2, "1.5.0")
        other.deploy("laboratory", at=120)
        text = plain(ask(world, tmp_path))
        assert "· no longer at laboratory (production): from 2026-11-23 12:01:10 UTC, then replaced by 1.5.0" in text
        assert "! second (production) since 2026-11-23 12:01:40 UTC; not checked since" in text
        assert "✗ third (production) since 2026-11-23 12:01:40 UTC; unreachable" in text


class TestDependencies:
    def test_none_are_told_with_their_reason(self, world: IndexWorld, tmp_path: Path):
        run = world.run(components=[])
        run.dependencies(none={"reason": "no third-party code", "owner": "dana"})
        assert "none: no third-party code" in format_answers(ask(world, tmp_path))

    def test_none_without_a_reason(self, world: IndexWorld, tmp_path: Path):
        world.run(components=[]).dependencies()
        assert "components      none\n" in format_answers(ask(world, tmp_path))

    def test_refused_licences_and_vulnerabilities(self, world: IndexWorld, tmp_path: Path):
        match: dict[str, Any] = {
            "id": "CVE-2026-1",
            "aliases": [],
            "component": "pkg:pypi/numpy@2.1.0",
            "summary": "",
            "severity": "high",
            "score": 7.5,
            "vector": "",
        }
        match |= {"fixed": [], "state": "affected", "justification": "", "reason": "", "owner": "", "expires": ""}
        run = world.run(components=[("pkg:pypi/numpy@2.1.0", "runtime", "AGPL-3.0", "refused"), ("pkg:pypi/odd@1.0", "test", "", "missing")])
        run.dependencies(matched=(match, {**match, "id": "CVE-2026-2", "state": "not_affected", "justification": "not called"}))
        text = format_answers(ask(world, tmp_path))
        assert "licence refused: numpy 2.1.0: AGPL-3.0" in text
        assert "licence refused: odd 1.0: no licence" in text
        assert "✗ 1 known vulnerability affecting it" in text
        assert "affected: CVE-2026-1 in pkg:pypi/numpy@2.1.0, high" in text
        assert "not affected: CVE-2026-2 in pkg:pypi/numpy@2.1.0, high: not called" in text

    def test_what_was_not_looked_up_is_said(self, world: IndexWorld, tmp_path: Path):
        world.run().dependencies(evaluated=False)
        assert "! known vulnerabilities were not looked up" in format_answers(ask(world, tmp_path))


class TestSignatures:
    def test_each_has_its_standing(self, tmp_path: Path):
        world = IndexWorld().found("quinn", "rene", "clio", "dana", "omar")
        run = world.run()
        run.work()
        run.decide()
        run.sign("dana", "quality-owner", "approval", at=31)
        run.decide(seconds=35)
        run.withdraw(run.sign("clio", "clinical", "review", at=41), "clio")
        run.withdraw(run.sign("quinn", "quality-owner", "approval", at=42, behalf="rene"), "rene")
        run.sign("rene", "regulatory", "review", by="omar", at=43)
        run.sign("omar", "operations", "rejection", at=44)
        answers = ask(world, tmp_path)
        assert [(each.person, each.standing) for each in five(answers).under_which_approval.signatures] == [
            ("dana", "stale"),
            ("clio", "withdrawn"),
            ("quinn", "recorded"),
            ("rene", "foreign key"),
            ("omar", "rejection"),
        ]
        text = plain(answers)
        for words in (
            "does not count: made under an earlier decision",
            "does not count: withdrawn by the signer",
            "Quinn Example on behalf of rene",
            "does not count: made with a key of somebody else",
            "rejects the release",
        ):
            assert words in text

    def test_a_surplus_one_is_told_once_released(self, world: IndexWorld, tmp_path: Path):
        run = world.run()
        run.work()
        run.decide()
        counted = run.sign("quinn", "quality-owner", "approval")
        run.sign("quinn", "quality-owner", "approval", at=41)
        run.conclude([counted])
        assert [each.standing for each in five(ask(world, tmp_path)).under_which_approval.signatures] == ["counted", "not counted"]

    def test_the_decision_of_the_release_is_shown_and_not_a_later_one(self, released: IndexWorld, tmp_path: Path):
        first = released.payloads["decision"][-1]
        run = released.run(2, "1.5.0")
        run.name = "qpcr:RUN-0001"
        run.decide("refused", seconds=200)
        assert released.payloads["decision"][-1] != first
        decision = five(ask(released, tmp_path)).under_which_approval.decision
        assert decision is not None
        assert decision.verdict == "accepted"

    def test_an_unknown_zone_is_named(self, world: IndexWorld, tmp_path: Path):
        run = world.run()
        run.work()
        run.decide()
        run.sign("quinn", "quality-owner", "approval", zone="Mars/Olympus")
        assert "(signer's zone Mars/Olympus)" in format_answers(ask(world, tmp_path))


class TestItemsAndComponents:
    def test_an_item_lists_its_releases_and_tests(self, world: IndexWorld, tmp_path: Path):
        world.release(1, "1.4.0", fingerprint="f1")
        world.release(2, "1.5.0", fingerprint="f2")
        world.run(3, "1.6.0", fingerprint="f2").trace()
        answers = ask(world, tmp_path, "REQ-001")
        assert [item.run.version for item in answers.items] == ["1.4.0", "1.5.0", "1.6.0"]
        assert answers.run == "qpcr:RUN-0002"
        text = plain(answers)
        assert "In 2 releases and 1 other run" in text
        assert "first seen here" in text
        assert "its text changed here" in text
        assert "text unchanged" in text
        assert "not in the matrix" in text
        assert "✓ passed: tests/test_ct.py\n                    test_ct[…] × 2\n" in format_answers(answers)

    def test_a_hazard_and_a_waived_requirement(self, index: Index):
        text = format_answers(check(answer_question(index, "HAZ-001", TODAY)))
        assert "medium before control, low after, residual risk acceptable" in text
        assert "RC-001 mitigates it" in text
        assert "! skipped, waived by qpcr:WVR-0001: tests/test_panel.py" in format_answers(check(answer_question(index, "REQ-002", TODAY)))

    def test_an_item_without_tests_and_one_that_fails(self, world: IndexWorld, tmp_path: Path):
        run = world.run()
        run.trace()
        assert "✗ none" in format_answers(ask(world, tmp_path, "REQ-001"))
        run.test("unit", [("plain", "failed")])
        text = format_answers(ask(world, tmp_path, "REQ-002"))
        assert "unit            ✗ failed\n                    plain\n" in text

    def test_a_component_names_releases_artifacts_and_places(self, world: IndexWorld, tmp_path: Path):
        world.release(1, "1.4.0")
        world.run(2, "1.5.0").dependencies()
        answers = ask(world, tmp_path, "numpy")
        assert [use.run.version for use in answers.components] == ["1.4.0", "1.5.0"]
        assert answers.run == "qpcr:RUN-0001"
        text = format_answers(answers)
        for words in ("Part of 1 release", "Part of 1 run without a release", WHEEL, "runs at: laboratory (production)"):
            assert words in text

    def test_a_component_of_no_release(self, world: IndexWorld, tmp_path: Path):
        world.run(1, components=[("pkg:pypi/odd@1.0", "test", "", "missing")]).dependencies()
        text = plain(ask(world, tmp_path, "odd"))
        assert "none holds it" in text
        assert "no licence" in text


class TestOddities:
    def test_devices(self, world: IndexWorld, tmp_path: Path):
        run = world.run()
        run.candidate(
            {
                "models": ["LP-1"],
                "firmwareChecksum": {"algorithm": "crc32", "value": "44e332d2", "range": [0, 12]},
                "calibrationProfile": {"path": "c.json", "sha256": "29" * 32},
            }
        )
        text = format_answers(ask(world, tmp_path))
        assert "models LP-1; firmware checksum crc32 44e332d2" in text
        assert "c.json" in text

    def test_a_device_with_models_alone(self, world: IndexWorld, tmp_path: Path):
        world.run().candidate({"models": ["LP-1"], "firmwareChecksum": None, "calibrationProfile": None})
        assert "models LP-1\n" in format_answers(ask(world, tmp_path))

    def test_an_operator_without_a_machine(self, world: IndexWorld, tmp_path: Path):
        world.change = lambda kind, told: told.update(operator="ci") if kind == "run-opened" else None
        world.run()
        answers = ask(world, tmp_path)
        assert (five(answers).by_whom.operator, five(answers).by_whom.machine) == ("ci", "")
        assert "ci on 2026-11-23" in format_answers(answers)

    def test_control_characters_are_shown_and_not_sent(self, world: IndexWorld, tmp_path: Path):
        def spoil(kind: str, told: dict[str, Any]) -> None:
            if kind == "run-opened":
                told["source"] = {**told["source"], "repository": "https://x/\x1b[31mred\x07"}
                told["product"]["name"] = "evil\x1b[2J"

        world.change = spoil
        world.run()
        text = format_answers(ask(world, tmp_path), styled=False)
        assert "\x1b" not in text
        assert "\\x1b[31mred\\x07" in text

    def test_a_change_since_a_release_names_it(self, world: IndexWorld, tmp_path: Path):
        world.run().change({"version": "1.3.0", "commit": "b" * 40})
        assert "2 commits since 1.3.0" in format_answers(ask(world, tmp_path))


def test_the_schema_is_the_one_of_the_types():
    assert (FOLDER / "answers.v1.json").read_text(encoding="utf-8") == format_schema()
    Draft202012Validator.check_schema(answers_schema())


def test_the_schema_refuses_what_is_not_an_answer(index: Index):
    validator = Draft202012Validator(answers_schema())
    wire = {"schema": SCHEMA_ID, **json.loads(json.dumps(answer_question(index, "1.4.0", TODAY).to_wire()))}
    assert validator.is_valid(wire)
    assert not validator.is_valid({**wire, "more": 1})
    assert not validator.is_valid({**wire, "schema": "another"})
    assert not validator.is_valid({key: value for key, value in wire.items() if key != "proof"})
