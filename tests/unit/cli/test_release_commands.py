"""`lotmark run`, `stage` and `release`: every end of a run in words, in JSON and as an exit code; which run is meant."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import lotmark.pipeline.api as pipeline
from fakes.cli_desk import Desk
from lotmark.base.errors import RefusedError
from lotmark.bootstrap._release_plan import ReleasePlan
from lotmark.cli import release as module
from lotmark.cli.run import EXIT, format_report, report_wire
from lotmark.pipeline.models import Outcome, RunReport, Stage, StageStatus

pytestmark = pytest.mark.verifies("REQ-025", "RC-009")

FINDING = {"code": "LM-MTX-026", "severity": "error", "message": "a.py::t failed", "location": "a.py:1", "help": "mend it"}
WARNING = {"code": "LM-MTX-029", "severity": "warning", "message": "a.py::u was skipped"}


def report(outcome: str = "released", *stages: StageStatus, waiting: tuple[str, ...] = ()) -> RunReport:
    return RunReport("qpcr:RUN-0001", "1.4.0", "c0" * 20, outcome, stages, waiting_for=waiting)


def status(stage: Stage, outcome: str | None, *findings: Any, summary: str = "done") -> StageStatus:
    return StageStatus(stage, 1, Outcome(outcome) if outcome else None, summary if outcome else "", findings, 7 if outcome else None)


def lines(text: str) -> list[str]:
    import click

    return [" | ".join(part.strip() for part in line.split("  ") if part.strip()) for line in click.unstyle(text).splitlines()]


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (report("released"), ["", "qpcr 1.4.0 is released. `lotmark show 1.4.0` gives the five answers.", "qpcr:RUN-0001"]),
        (
            report("pending", waiting=("regulatory (review): 0 of 1",)),
            [
                "",
                "Waiting for people:",
                "regulatory (review): 0 of 1",
                "`lotmark approve request` shows what is to be signed; `lotmark run` goes on once it is.",
                "qpcr:RUN-0001",
            ],
        ),
        (report("refused"), ["", "qpcr 1.4.0 is refused. `lotmark gate --explain` tells each criterion.", "qpcr:RUN-0001"]),
        (report("open"), ["", "qpcr:RUN-0001"]),
        (report("abandoned"), ["", "qpcr:RUN-0001"]),
    ],
    ids=["released", "pending", "refused", "open", "another"],
)
def test_what_comes_next_is_said(made: RunReport, told: list[str]):
    assert lines(format_report(made)) == told


@pytest.mark.parametrize(
    ("outcome", "row"),
    [
        ("accepted", "✓ | unit | accepted | done"),
        ("refused", "✗ | unit | refused | done"),
        ("pending", "… | unit | pending | done"),
        (None, "- | unit | not run"),
    ],
)
def test_a_stage_has_mark_and_word(outcome: str | None, row: str):
    assert lines(format_report(report("open", status(Stage.UNIT, outcome))))[0] == row


def test_findings_stand_below_the_table_and_repeat_no_more_than_thrice():
    made = report("refused", status(Stage.UNIT, "refused", FINDING), status(Stage.VALIDATION, "accepted", *[WARNING] * 5))
    told = lines(format_report(made))
    assert told[2:4] == ["✗ LM-MTX-026 a.py:1: a.py::t failed", "help: mend it"]
    assert told[4:8] == ["! LM-MTX-029 a.py::u was skipped"] * 3 + ["and 2 more LM-MTX-029"]


def test_the_json_of_a_run():
    made = report("pending", status(Stage.SOURCE, "accepted", WARNING), status(Stage.UNIT, None), waiting=("regulatory",))
    assert report_wire(made) == {
        "run": "qpcr:RUN-0001",
        "version": "1.4.0",
        "commit": "c0" * 20,
        "outcome": "pending",
        "resumed": False,
        "waitingFor": ["regulatory"],
        "stages": [
            {"stage": "source", "outcome": "accepted", "attempts": 1, "summary": "done", "findings": [WARNING], "index": 7},
            {"stage": "unit", "outcome": "not-run", "attempts": 1, "summary": "", "findings": [], "index": None},
        ],
    }


def test_an_end_that_nobody_knows_is_no_success():
    assert {name: int(code) for name, code in EXIT.items()} == {"released": 0, "pending": 8, "refused": 1, "open": 0}


# ---- stage


@pytest.fixture
def running(desk: Desk) -> Desk:
    from dataclasses import make_dataclass

    desk.workspace.settings = make_dataclass("Settings", [("open_engine", object, None), ("after_run", object, None)])
    desk.workspace.witnesses = SimpleNamespace(named=False)
    desk.answers("check_plan", None)
    desk.answers("lock_records", None)
    return desk


@pytest.mark.parametrize(("outcome", "code"), [("accepted", 0), ("pending", 8), ("refused", 1)])
def test_a_single_stage_ends_as_it_was_judged(running: Desk, outcome: str, code: int):
    running.answers("run_pipeline", report("open", status(Stage.UNIT, outcome), status(Stage.BUILD, "accepted")), door=pipeline)
    assert running("stage", "unit").code == code
    assert running.asked[-1][2]["only"] is Stage.UNIT


def test_a_stage_that_cannot_start_is_nothing_to_judge(running: Desk):
    running.answers("run_pipeline", report("open", status(Stage.UNIT, None)), door=pipeline)
    called = running("stage", "unit")
    assert (called.code, called.out) == (5, "")
    assert called.err.splitlines()[-4:] == [
        "error[LM-PIP-014]: the stage unit cannot start: what it needs is not recorded",
        "  at: qpcr:RUN-0001",
        "  help: run the stages before it; `lotmark run` knows their order",
        "  more: lotmark explain LM-PIP-014",
    ]


@pytest.mark.parametrize("name", ["Unit", "test", "", "all"])
def test_a_stage_has_one_of_ten_names(running: Desk, name: str):
    assert (running("stage", name).code, running.asked) == (2, [])


@pytest.mark.parametrize(
    ("words", "stages", "outcome", "code"),
    [
        ((), (), "released", 0),
        ((), (), "pending", 8),
        ((), (), "refused", 1),
        ((), (), "abandoned", 1),
        (("--stage", "unit"), (status(Stage.UNIT, "accepted"),), "open", 0),
        (("--stage", "unit"), (status(Stage.UNIT, "refused"),), "refused", 1),
        (("--stage", "approval"), (status(Stage.APPROVAL, "pending"),), "pending", 8),
        (("--stage", "unit"), (status(Stage.UNIT, None),), "open", 1),
    ],
    ids=["released", "pending", "refused", "another", "stage", "stage-refused", "stage-pending", "stage-not-run"],
)
def test_the_exit_code_of_a_run_is_its_end_or_that_of_the_stage_asked_for(running: Desk, words: Any, stages: Any, outcome: str, code: int):
    running.answers("run_pipeline", report(outcome, *stages), door=pipeline)
    assert running("run", *words).code == code


@pytest.mark.parametrize(("breach", "quorum", "code", "told"), [(None, True, 0, 0), (None, False, 0, 1), ("fork", False, 6, 0)])
def test_at_its_end_a_run_asks_its_witnesses(running: Desk, breach: str | None, quorum: bool, code: int, told: int):
    asked = SimpleNamespace(answers=[], breach=breach, witnessing=SimpleNamespace(is_quorum=quorum))
    running.workspace.witnesses = SimpleNamespace(named=True, ask=lambda: asked)
    running.answers("run_pipeline", report("released"), door=pipeline)
    called = running("run")
    assert (called.code, called.err.count("not witnessed yet")) == (code, told)


@pytest.mark.parametrize(
    ("outcome", "faults", "told"),
    [
        ("released", (), []),
        ("released", ("blob ab: denied", "blob cd: denied"), ["blob ab: denied", "blob cd: denied"]),
        ("refused", ("blob ab: denied",), ["blob ab: denied"]),
        ("pending", ("blob ab: denied",), []),
    ],
    ids=["locked", "two-faults", "refused", "not-ended"],
)
def test_what_a_bucket_did_not_lock_is_told_and_changes_no_outcome(running: Desk, outcome: str, faults: tuple[str, ...], told: list[str]):
    running.answers("lock_records", SimpleNamespace(faults=faults))
    running.answers("run_pipeline", report(outcome), door=pipeline)
    called = running("run")
    assert called.code == int(EXIT[outcome])
    told = [f"LM-REC-025: not locked: {fault}" for fault in told]
    assert called.err.splitlines() == [*told, "help: the record stands; `lotmark records lock` tries again"] * bool(told)


# ---- release


def opened(run: str, version: str, product: str = "qpcr") -> Any:
    told = {"run": f"{product}:{run}", "product": {"id": product, "version": version}, "source": {"commit": "c0" * 20}, "openedAt": "2026-11-23T12:00:00Z"}
    return SimpleNamespace(statement=SimpleNamespace(predicate=told))


def record(run: str, **told: Any) -> Any:
    return SimpleNamespace(statement=SimpleNamespace(predicate={"run": f"qpcr:{run}", **told}))


ARTIFACT = {"name": "qpcr.whl", "mediaType": "application/zip", "size": 3, "sha256": "aa" * 32}
LOG = {
    "run-opened": [
        opened("RUN-0001", "1.4.0"),
        opened("RUN-0001", "9.9.9", "pump"),
        opened("RUN-0002", "1.5.0"),
        opened("RUN-0003", "1.4.0"),
        opened("RUN-0004", "1.6.0"),
    ],
    "run-closed": [
        record("RUN-0001", outcome="released", closedAt="2026-11-23T13:00:00Z"),
        record("RUN-0002", outcome="refused", closedAt="2026-11-23T14:00:00Z"),
        record("RUN-0003", outcome="released", closedAt="2026-11-23T15:00:00Z"),
    ],
    "release-candidate": [record("RUN-0001", artifact=ARTIFACT)],
}


@pytest.fixture
def shelf(running: Desk) -> Desk:
    running.workspace.reader = SimpleNamespace(entries=lambda kind: iter(LOG[kind]))
    return running


def test_runs_of_this_product_are_listed_the_oldest_first(shelf: Desk):
    assert lines(shelf("release", "list").out)[1:] == [
        "✓ | qpcr:RUN-0001 | 1.4.0 | released | c0c0c0c0c0c0 | aaaaaaaaaaaa | 2026-11-23T13:00:00Z",
        "✗ | qpcr:RUN-0002 | 1.5.0 | refused | c0c0c0c0c0c0 | 2026-11-23T14:00:00Z",
        "✓ | qpcr:RUN-0003 | 1.4.0 | released | c0c0c0c0c0c0 | 2026-11-23T15:00:00Z",
        "… | qpcr:RUN-0004 | 1.6.0 | open | c0c0c0c0c0c0",
    ]
    wire = shelf("release", "list", form="json").wire
    assert (wire["schema"], wire["product"], len(wire["runs"])) == ("https://lotmark.dev/output/release-list/v1", "qpcr", 4)
    assert wire["runs"][0]["artifact"] == {"name": "qpcr.whl", "sha256": "aa" * 32}
    assert [(run["artifact"], run["closedAt"]) for run in wire["runs"][3:]] == [(None, None)]


@pytest.mark.parametrize(
    ("version", "run_id", "chosen"),
    [
        (None, None, "RUN-0003"),
        ("1.4.0", None, "RUN-0003"),
        (None, "RUN-0001", "RUN-0001"),
        (None, "qpcr:RUN-0002", "RUN-0002"),
        (None, "RUN-0004", "RUN-0004"),
        ("1.4.0", "RUN-0001", "RUN-0001"),
    ],
)
def test_the_newest_release_is_meant_unless_a_run_is_named(shelf: Desk, version: str | None, run_id: str | None, chosen: str):
    assert module._choose(shelf.workspace, version, run_id)["run"] == f"qpcr:{chosen}"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("1.5.0",), "there is no release 1.5.0 of qpcr"),
        (("1.6.0",), "there is no release 1.6.0 of qpcr"),
        (("9.9.9",), "there is no release 9.9.9 of qpcr"),
        (("--run", "RUN-0009"), "there is no RUN-0009 of qpcr"),
        (("--run", "RUN-000"), "there is no RUN-000 of qpcr"),
    ],
    ids=["refused", "open", "of-another-product", "no-run", "half-a-name"],
)
@pytest.mark.parametrize("command", ["notes", "bundle"])
def test_what_was_not_released_has_neither_notes_nor_bundle(shelf: Desk, tmp_path: Path, command: str, words: tuple[str, ...], told: str):
    place = tmp_path / "b.zip"
    called = shelf("release", command, *words, *(("-o", str(place)) if command == "bundle" else ()))
    assert (called.code, called.out, place.exists()) == (5, "", False)
    assert called.err.splitlines()[0] == f"error[LM-DOS-072]: {told}"


def plan(**fields: Any) -> ReleasePlan:
    log = module_type("log", size=30, root="ab" * 32, origin="example.org/qpcr")
    told = {"lotmark_plan": 1, "product": "qpcr", "run": "qpcr:RUN-0001", "version": "1.4.0", "commit": "c0" * 20, "artifact": None, "decision": None}
    return ReleasePlan(**{**told, "verdict": None, "log": log, "waiting_for": [], "next": [], "targets": ["site"], **fields})


def module_type(field: str, **values: Any) -> Any:
    import typing

    hint = typing.get_type_hints(ReleasePlan)[field]
    kind = next(each for each in (typing.get_args(hint) or (hint,)) if each is not type(None))
    return kind(**{name: value for name, value in values.items() if name in kind.__struct_fields__})


@pytest.mark.parametrize(
    ("fields", "label", "told"),
    [
        ({}, "artifact", "none yet"),
        ({}, "decision", "none yet"),
        ({}, "waits for", "nobody"),
        ({}, "to be done", "nothing: the run has ended"),
        ({"decision": "de" * 32, "verdict": "accepted"}, "decision", f"accepted, {'de' * 32}"),
        ({"waiting_for": ["a", "b"]}, "waits for", "a; b"),
        ({"next": ["approval", "deployment"]}, "to be done", "approval, deployment"),
        ({"targets": ["site", "clinic"]}, "targets", "site, clinic"),
    ],
)
def test_a_plan_says_what_would_be_done(shelf: Desk, fields: dict[str, Any], label: str, told: str):
    shelf.answers("plan_release", plan(**fields))
    rows = dict(line.split(" | ", 1) for line in lines(shelf("release", "plan").out) if " | " in line)
    assert rows[label] == told


def test_a_plan_is_written_as_json_and_says_how_to_go_on(shelf: Desk, tmp_path: Path):
    place = tmp_path / "plan.json"
    shelf.answers("plan_release", plan())
    called = shelf("release", "plan", "-o", str(place))
    assert called.out.splitlines()[-2:] == [f"`lotmark release apply {place}` goes on, unless the log moves before", "qpcr:RUN-0001"]
    assert json.loads(place.read_text()) == plan().to_wire()
    assert shelf("release", "plan", form="json").wire == {"schema": "https://lotmark.dev/output/release-plan/v1", "plan": plan().to_wire()}


@pytest.mark.parametrize(("outcome", "code"), [("released", 0), ("open", 0), ("pending", 8), ("refused", 1), ("abandoned", 1)])
def test_a_planned_release_ends_as_a_run_does(shelf: Desk, tmp_path: Path, outcome: str, code: int):
    place = tmp_path / "plan.json"
    place.write_text("{}")
    shelf.answers("run_pipeline", report(outcome), door=pipeline)
    assert shelf("release", "apply", str(place)).code == code
    ended = ["lock_records"] if outcome in {"released", "refused"} else []
    assert shelf.names() == ["check_plan", "run_pipeline", *ended]
    assert shelf.asked[1][1][0].after_run is not None, "it is stamped too"


def test_a_planned_release_asks_its_witnesses_as_a_run_does(shelf: Desk, tmp_path: Path):
    place = tmp_path / "plan.json"
    place.write_text("{}")
    shelf.workspace.witnesses = SimpleNamespace(
        named=True, ask=lambda: SimpleNamespace(answers=[], breach="LM-LED-116", witnessing=SimpleNamespace(is_quorum=True))
    )
    shelf.answers("run_pipeline", report("released"), door=pipeline)
    assert shelf("release", "apply", str(place)).code == 6


def test_a_plan_that_the_log_left_behind_runs_nothing(shelf: Desk, tmp_path: Path):
    place = tmp_path / "plan.json"
    place.write_text("{}")
    shelf.answers("check_plan", RefusedError("LM-DOS-070", "the log has moved"))
    shelf.answers("run_pipeline", report(), door=pipeline)
    assert (shelf("release", "apply", str(place)).code, shelf.names()) == (1, ["check_plan"])


def test_a_plan_that_is_not_there(shelf: Desk, tmp_path: Path):
    called = shelf("release", "apply", str(tmp_path / "no.json"))
    assert called.code == 2
    assert f"error[LM-DOS-071]: cannot read {tmp_path / 'no.json'}: No such file or directory" in called.err
