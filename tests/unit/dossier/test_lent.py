"""Results that an earlier run lent: the record that lent them must be at hand, and must bear them."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from fakes.release_run import verified
from lotmark.dossier._lent import check_lent, lent_payloads

pytestmark = pytest.mark.verifies("REQ-440", "RC-005", "HAZ-006")

TEST = "tests/integration/test_call.py::test_call"
ATTEMPT = {"status": "passed", "seconds": 0.1, "message": "", "results": "a.xml"}


def record(**change: Any) -> dict[str, Any]:
    """An integration run in which the test passed at once."""
    test = {
        "id": TEST,
        "name": "test_call",
        "suite": "s",
        "file": "f",
        "status": "passed",
        "seconds": 0.1,
        "attempts": [ATTEMPT],
        "redThenGreen": False,
        "verifies": ["REQ-001"],
    }
    told = {
        "run": "qpcr:RUN-0001",
        "layer": "integration",
        "finishedAt": "2026-11-20T12:00:00.000Z",
        "artifacts": [{"name": "w", "sha256": "a" * 64}],
        "tests": [test],
    }
    return {**told, **change}  # fmt: skip


def borrowed(origin: dict[str, Any], **change: Any) -> dict[str, Any]:
    """The later run that reuses the result of `origin`."""
    told = record(run="qpcr:RUN-0002", finishedAt="2026-11-23T12:00:00.000Z")
    digest = verified("test-run", origin, 7).envelope.payload_digest.hex
    told["tests"][0]["reused"] = {"run": "qpcr:RUN-0001", "testRun": digest, "finishedAt": origin["finishedAt"], "expires": "2026-12-04", **change}
    return told


def said(origin: dict[str, Any], later: dict[str, Any]) -> list[tuple[str, str]]:
    lent = [verified("test-run", origin, 7)]
    return [(finding.code, finding.message.rpartition(": ")[2]) for finding in check_lent([verified("test-run", later, 20)], lent)]


def test_a_result_that_the_record_bears_needs_no_word() -> None:
    origin = record()
    assert said(origin, borrowed(origin)) == []


def test_its_digest_names_the_record_that_the_bundle_takes_in() -> None:
    origin = record()
    later = verified("test-run", borrowed(origin), 20)
    assert lent_payloads([later, verified("sbom", {}, 21)]) == {verified("test-run", origin, 7).envelope.payload_digest.hex}


def test_a_run_that_reused_nothing_borrows_nothing() -> None:
    own = verified("test-run", record(), 20)
    assert lent_payloads([own]) == frozenset()
    assert check_lent([own], []) == []


def test_without_the_record_nobody_can_tell() -> None:
    (finding,) = check_lent([verified("test-run", borrowed(record()), 20)], [])
    assert (finding.code, finding.subject) == ("LM-DOS-012", TEST)
    assert "qpcr:RUN-0001" in finding.message


def test_a_record_of_another_kind_bears_nothing() -> None:
    origin = record()
    (finding,) = check_lent([verified("test-run", borrowed(origin), 20)], [verified("test-result", origin, 7)])
    assert finding.code == "LM-DOS-012"


def _of_test(**change: Any) -> Callable[[dict[str, Any]], None]:
    return lambda told: told["tests"][0].update(change)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        pytest.param(lambda told: told.update(layer="unit"), "that record is of another run, layer or time", id="another layer"),
        pytest.param(lambda told: told.update(run="qpcr:RUN-0009"), "that record is of another run, layer or time", id="another run"),
        pytest.param(lambda told: told.update(artifacts=[{"name": "w", "sha256": "b" * 64}]), "other artifacts were tested there", id="another artifact"),
        pytest.param(lambda told: told["artifacts"].append({"name": "x", "sha256": "c" * 64}), "other artifacts were tested there", id="one artifact more"),
        pytest.param(lambda told: told.update(tests=[]), "that record says something else of it", id="no such test"),
        pytest.param(_of_test(status="failed"), "that record says something else of it", id="it failed there"),
        pytest.param(_of_test(seconds=9.0), "that record says something else of it", id="it took another time there"),
        pytest.param(_of_test(quarantined="flaky"), "it did not pass there at the first try, or did not count", id="in quarantine there"),
        pytest.param(_of_test(reused={"run": "qpcr:RUN-0000"}), "it did not pass there at the first try, or did not count", id="reused there already"),
    ],
)
def test_a_record_that_does_not_bear_it(spoil: Callable[[dict[str, Any]], None], why: str) -> None:
    origin = copy.deepcopy(record())
    spoil(origin)
    assert said(origin, borrowed(origin)) == [("LM-DOS-035", why)]


@pytest.mark.parametrize("change", [{"status": "failed"}, {"redThenGreen": True}])
def test_a_result_that_was_no_pass_at_the_first_try_may_not_be_lent(change: dict[str, Any]) -> None:
    origin = record()
    origin["tests"][0].update(change)
    later = borrowed(origin)
    later["tests"][0].update(change)
    assert said(origin, later) == [("LM-DOS-035", "it did not pass there at the first try, or did not count")]


@pytest.mark.parametrize(("until", "holds"), [("2026-11-23", True), ("2026-11-22", False)])
def test_it_stands_in_to_its_last_day(until: str, holds: bool) -> None:
    origin = record()
    found = said(origin, borrowed(origin, expires=until))
    assert found == ([] if holds else [("LM-DOS-035", "it could stand in until 2026-11-22 only")])


def test_another_time_of_the_record_is_another_record() -> None:
    origin = record()
    assert said(origin, borrowed(origin, finishedAt="2026-11-21T12:00:00.000Z")) == [("LM-DOS-035", "that record is of another run, layer or time")]


def test_without_artifacts_nothing_can_be_the_same() -> None:
    origin = record(artifacts=[])
    later = borrowed(origin)
    later["artifacts"] = []
    assert said(origin, later) == [("LM-DOS-035", "other artifacts were tested there")]
