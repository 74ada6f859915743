"""Evidence: predicates as they are written, and read again; schemas and rules kept current."""

import json
import re
from pathlib import Path

import msgspec
import pytest

import lotmark.matrix
from fakes.matrix_product import RUN, UNIT, UNIT_OTHER, graph, green_runs, matrix, test_run
from lotmark.attest.api import build_payload
from lotmark.attest.models import Registry, Subject
from lotmark.base.errors import IntegrityError
from lotmark.matrix._schemas import FOLDER, all_schemas
from lotmark.matrix.api import (
    build_matrix_evaluation,
    build_test_result,
    build_test_run,
    evaluate_matrix,
    matrix_schema,
    parse_matrix_evaluation,
    parse_test_run,
)
from lotmark.matrix.models import FileRef, TestRun
from lotmark.matrix.predicates import KINDS
from lotmark.matrix.rules import RULES

pytestmark = pytest.mark.verifies("REQ-011", "RC-005", "HAZ-006")


ROOM = Path(lotmark.matrix.__file__).parent
SUBJECTS = (Subject("q.whl", {"sha256": "0" * 64}),)
CONFIGURATION = (FileRef(name="quality/matrix.yaml", sha256="1" * 64),)


def test_a_test_run_is_written_and_read_again() -> None:
    run = test_run("unit", {UNIT: "failed", UNIT_OTHER: "passed"}, {UNIT: "passed", UNIT_OTHER: "skipped"}, expected={UNIT, "gone::t"})
    evidence = build_test_run(run, SUBJECTS)
    assert (evidence.kind, evidence.name) == ("test-run", "unit")
    assert evidence.predicate["exitCode"] == 0
    assert evidence.predicate["tests"][0]["redThenGreen"] is False
    assert evidence.predicate["counts"] == {"passed": 1, "failed": 0, "error": 0, "skipped": 1, "missing": 1}
    assert parse_test_run(evidence.predicate) == run
    assert parse_test_run(json.loads(build_payload(evidence, Registry(KINDS)))["predicate"]) == run


def test_an_evaluation_is_written_and_read_again() -> None:
    evaluation = evaluate_matrix(matrix(), graph(), green_runs(), run=RUN).evaluation
    evidence = build_matrix_evaluation(evaluation, SUBJECTS)
    assert parse_matrix_evaluation(evidence.predicate) == evaluation
    assert set(evidence.predicate) == {"run", "product", "categories", "rows", "selected", "leftOut", "waivers", "summary", "quarantined", "losses"}
    assert set(evidence.predicate["rows"][0]) == {"subject", "kind", "title", "changed", "required", "status"}
    build_payload(evidence, Registry(KINDS))


@pytest.mark.parametrize("parse", [parse_test_run, parse_matrix_evaluation])
@pytest.mark.parametrize("predicate", [{}, {"run": 7}, {"run": RUN, "surprise": True}])
def test_a_predicate_of_another_form_does_not_count(parse, predicate: dict) -> None:
    with pytest.raises(IntegrityError) as caught:
        parse(predicate)
    assert caught.value.code == "LM-MTX-014"


def _result(run: TestRun, **more) -> dict:
    evidence = build_test_result(run, SUBJECTS, CONFIGURATION, **more)
    assert evidence.kind == "test-result"
    build_payload(evidence, Registry(KINDS))
    return evidence.predicate


def test_the_in_toto_form() -> None:
    assert _result(test_run("unit", {UNIT: "passed"}), url="https://ci/1") == {
        "result": "PASSED",
        "configuration": [{"name": "quality/matrix.yaml", "digest": {"sha256": "1" * 64}}],
        "passedTests": [UNIT],
        "warnedTests": [],
        "failedTests": [],
        "url": "https://ci/1",
    }


def test_red_then_green_is_warned_if_explained_and_failed_if_not() -> None:
    tries = ({UNIT: "failed"}, {UNIT: "passed"})
    assert _result(test_run("unit", *tries, reasons={UNIT: "r"}))["warnedTests"] == [UNIT]
    assert _result(test_run("unit", *tries, reasons={UNIT: "r"}))["result"] == "WARNED"
    assert _result(test_run("unit", *tries))["result"] == "FAILED"


@pytest.mark.parametrize("status", ["failed", "error", "skipped"])
def test_what_is_no_pass_is_failed_for_readers_that_know_three_words(status: str) -> None:
    predicate = _result(test_run("unit", {UNIT: status, UNIT_OTHER: "passed"}, expected={UNIT, UNIT_OTHER, "gone::t"}))
    assert predicate["result"] == "FAILED"
    assert predicate["failedTests"] == sorted(["gone::t", UNIT])


def test_no_test_at_all_is_not_passed() -> None:
    assert _result(msgspec.structs.replace(test_run("unit", {UNIT: "passed"}), tests=()))["result"] == "FAILED"


# ---- kept current


@pytest.mark.parametrize("name", sorted(all_schemas()))
def test_schemas_are_current(name: str) -> None:
    assert (FOLDER / name).read_bytes() == all_schemas()[name], "run `python -m lotmark.matrix._schemas`"


def test_no_schema_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(all_schemas())


def test_the_schema_of_the_matrix_has_a_public_name() -> None:
    schema = matrix_schema()
    assert schema["$id"] == "https://lotmark.dev/schemas/matrix.v1.json"
    assert schema["$defs"]["Category"]["additionalProperties"] is False


def test_people_sign_waivers_and_the_pipeline_signs_results() -> None:
    assert {kind.name: set(kind.signers) for kind in KINDS} == {
        "test-run": {"pipeline"},
        "test-result": {"pipeline"},
        "matrix-evaluation": {"pipeline"},
        "waiver": {"person"},
        "waiver-closure": {"person"},
    }
    assert all(kind.clause and kind.title for kind in KINDS)


def test_every_code_that_is_used_has_its_story_once_and_no_other_has() -> None:
    codes = [rule.code for rule in RULES]
    assert len(codes) == len(set(codes))
    assert all(rule.title and rule.story and rule.cure for rule in RULES)
    text = "\n".join(path.read_text() for path in ROOM.glob("*.py") if path.name != "rules.py")
    used = {f"LM-MTX-{number}" for number in re.findall(r"LM-MTX-(\d{3})|\"(0\d\d)\"", text) for number in number if number}
    assert used == set(codes)
