"""Values of this room -> unsigned evidence, and verified predicates -> values."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from lotmark.attest.models import Evidence, Subject
from lotmark.base.errors import IntegrityError
from lotmark.matrix.models import FileRef, MatrixEvaluation, Record, TestRun

R = TypeVar("R", bound=Record)


def build_test_run(test_run: TestRun, subjects: Sequence[Subject]) -> Evidence:
    """The evidence ``test-run`` of one layer; `subjects` are the artifacts (or the source) that were tested."""
    return Evidence("test-run", tuple(subjects), test_run.to_wire(), test_run.layer)


def build_test_result(test_run: TestRun, subjects: Sequence[Subject], configuration: Sequence[FileRef], *, url: str = "") -> Evidence:
    """The same layer as in-toto ``test-result/v0.1``, for readers that know nothing of Lotmark.

    PASSED only if every test passed at the first try; a test that was red and then green, and is explained, is a warned
    one, and so is a green one in quarantine or whose result an earlier run lent; everything else that is no pass (skipped and missing too) stands among the failed.
    """
    passed = [test.id for test in test_run.tests if test.status == "passed" and not (test.red_then_green or test.quarantined or test.reused)]
    warned = [test.id for test in test_run.tests if test.status == "passed" and (test.reason if test.red_then_green else test.quarantined or test.reused)]
    failed = sorted({test.id for test in test_run.tests} - {*passed, *warned})
    predicate: dict[str, Any] = {
        "result": "FAILED" if failed or not test_run.tests else "WARNED" if warned else "PASSED",
        "configuration": [{"name": file.name, "digest": {"sha256": file.sha256}} for file in configuration],
        "passedTests": passed,
        "warnedTests": warned,
        "failedTests": failed,
    }
    if url:
        predicate["url"] = url
    return Evidence("test-result", tuple(subjects), predicate, test_run.layer)


def build_matrix_evaluation(evaluation: MatrixEvaluation, subjects: Sequence[Subject]) -> Evidence:
    """The evidence ``matrix-evaluation``."""
    return Evidence("matrix-evaluation", tuple(subjects), evaluation.to_wire())


def parse_test_run(predicate: Mapping[str, Any]) -> TestRun:
    """The predicate of a verified ``test-run`` as a value.

    Raises:
        IntegrityError: LM-MTX-014 if it is not of that form.
    """
    return _parse(predicate, TestRun, "test-run")


def parse_matrix_evaluation(predicate: Mapping[str, Any]) -> MatrixEvaluation:
    """The predicate of a verified ``matrix-evaluation`` as a value.

    Raises:
        IntegrityError: LM-MTX-014 if it is not of that form.
    """
    return _parse(predicate, MatrixEvaluation, "matrix-evaluation")


def _parse(predicate: Mapping[str, Any], kind: type[R], name: str) -> R:
    try:
        return msgspec.convert(dict(predicate), kind, strict=True)
    except msgspec.ValidationError as error:
        raise IntegrityError(
            "LM-MTX-014",
            f"the predicate is not a {name}: {error}",
            where=name,
            solution="it was written by something else, or by a later version of Lotmark: read it with that version",
        ) from error
