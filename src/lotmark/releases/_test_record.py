"""What a release says of tests that did not simply run and pass: reused, in quarantine, red for the environment, waived, left out."""

from collections.abc import Mapping
from typing import Any


def suite(run: Mapping[str, Any], matrix: Mapping[str, Any]) -> dict[str, Any]:
    """One layer for the release manifest: counts, results files, and each test of which a reader must know more."""
    waivers = {
        test["id"]: test["waiver"]
        for row in matrix["rows"]
        for required in row["required"]
        for test in required["tests"]
        if test["waiver"] and test["layer"] == run["layer"]
    }
    waivers |= {test["id"]: test["waived"] for test in run["tests"] if test.get("waived")}
    ids = {test["id"] for test in run["tests"] if test.get("quarantined")}
    return {
        "layer": run["layer"],
        "suite": sorted(result["sha256"] for result in run["results"]),
        "counts": run["counts"],
        "expected": run["expected"],
        "received": run["received"],
        "reused": [{"test": test["id"], **test["reused"]} for test in run["tests"] if test.get("reused")],
        "quarantined": [
            {name: held[name] for name in ("test", "status", "reason", "owner", "expires", "uncovered")}
            for held in matrix.get("quarantined", ())
            if held["test"] in ids
        ],
        "environmentFailures": [{"test": test["id"], "status": test["status"], "cause": cause} for test in run["tests"] if (cause := environment_cause(test))],
        "waived": [{"test": test["id"], "status": test["status"], "waiver": waivers[test["id"]]} for test in run["tests"] if test["id"] in waivers],
    }


def environment_cause(test: Mapping[str, Any]) -> str:
    """The declared cause in the environment of a red result; empty where it is not red, or none is declared."""
    attempts = test.get("attempts") or ()
    return str(attempts[-1].get("environment", "")) if attempts and test["status"] in {"failed", "error"} else ""
