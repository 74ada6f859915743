"""Results of an earlier run that stand in for tests of this one: the record that lent each, and whether it says what is claimed.

A test run that reuses a result names the run and the digest of its `test-run`. That record goes into the bundle with its
results files, so that a stranger sees the result where it was made: the same test, the same artifacts, passed at the first try.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lotmark.attest.models import Verified
from lotmark.base.findings import Finding
from lotmark.dossier._steps import broken

_SAME = ("id", "name", "suite", "file", "status", "seconds", "attempts", "redThenGreen")
"""What a reused result repeats word for word."""


def lent_payloads(run_entries: Iterable[Verified]) -> frozenset[str]:
    """Payload digests of the `test-run` records from which the run borrowed."""
    return frozenset(test["reused"]["testRun"] for entry in run_entries for test in _reused(entry))


def check_lent(run_entries: Iterable[Verified], lent: Iterable[Verified], *, complete: bool = True) -> list[Finding]:
    """Each reused result whose record is not here, or says something else; an empty list where all hold.

    Args:
        run_entries: The verified records of the run.
        lent: The verified `test-run` records of earlier runs that are at hand.
        complete: Whether each of these records must be at hand; one that is must bear its result in any case.
    """
    here = {entry.envelope.payload_digest.hex: entry.statement.predicate for entry in lent if entry.kind == "test-run"}
    tests = {payload: _by_id(origin) for payload, origin in here.items()}
    findings = []
    for entry in run_entries:
        for test in _reused(entry):
            payload = test["reused"]["testRun"]
            what = f"the result of {test['id']} was reused from {test['reused']['run']}"
            if payload not in here:
                if complete:
                    findings.append(broken("LM-DOS-012", f"MISSING_EVIDENCE: {what}, whose test run is not among the records", test["id"]))
            elif why := _contradiction(entry.statement.predicate, test, here[payload], tests[payload].get(test["id"], [])):
                findings.append(broken("LM-DOS-035", f"REUSED_RESULT: {what}: {why}", test["id"], "do not rely on this release; run the test"))
    return findings


def _by_id(run: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for test in run["tests"]:
        found.setdefault(test["id"], []).append(test)
    return found


def _reused(entry: Verified) -> Iterator[Mapping[str, Any]]:
    if entry.kind == "test-run":
        yield from (test for test in entry.statement.predicate.get("tests", ()) if test.get("reused"))


def _contradiction(here: Mapping[str, Any], test: Mapping[str, Any], origin: Mapping[str, Any], then: Sequence[Mapping[str, Any]]) -> str:
    """Why the earlier record, and what it says of the test, do not bear the result; empty where they do."""
    told = test["reused"]
    if (origin["run"], origin["layer"], origin["finishedAt"]) != (told["run"], here["layer"], told["finishedAt"]):
        return "that record is of another run, layer or time"
    if _product(origin) != _product(here):
        return "that record is of another product"
    if not here["artifacts"] or _digests(origin) != _digests(here):
        return "other artifacts were tested there"
    if len(then) != 1 or any(then[0][name] != test[name] for name in _SAME):
        return "that record says something else of it"
    if then[0].get("reused") or then[0].get("quarantined") or then[0]["status"] != "passed" or then[0]["redThenGreen"]:
        return "it did not pass there at the first try, or did not count"
    if told["expires"] < here["finishedAt"][:10]:
        return f"it could stand in until {told['expires']} only"
    return ""


def _product(run: Mapping[str, Any]) -> str:
    return str(run["run"]).partition(":")[0]


def _digests(run: Mapping[str, Any]) -> set[str]:
    return {file["sha256"] for file in run["artifacts"]}
