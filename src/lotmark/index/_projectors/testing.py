"""Tests and the matrix: what was expected, what came, which requirement, control and hazard stands on it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lotmark.attest.models import Verified
from lotmark.index._projectors._row import Projector, Row, plural, product_of, words

_STATUSES: Final = ("passed", "failed", "error", "skipped", "missing")
_SUMS: Final = ("required", "passed", "failed", "missing", "incomplete", "waived")


def _test_run(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    run, layer, counts = told["run"], told["layer"], told["counts"]
    counted = ", ".join(f"{counts[status]} {status}" for status in _STATUSES if counts[status])
    yield words(f"{layer} tests: {told['received']:,} of {told['expected']:,} expected reported: {counted or 'none'}")
    yield (
        "test_runs",
        {
            "run": run,
            "layer": layer,
            "expected": told["expected"],
            "received": told["received"],
            **{status: counts[status] for status in _STATUSES},
            "unexpected": len(told["unexpected"]),
            "exit_code": told["exitCode"],
            "started_at": told["startedAt"],
            "finished_at": told["finishedAt"],
        },
    )
    for test in told["tests"]:
        yield _test(run, layer, test)
        for item in test["verifies"]:
            yield "test_items", {"run": run, "product": product_of(run), "test": test["id"], "item": item}


def _test(run: str, layer: str, test: dict[str, Any]) -> Row:
    attempts, reused = test["attempts"], test.get("reused") or {}
    return "tests", {
        "run": run,
        "layer": layer,
        "test": test["id"],
        "suite": test["suite"],
        "status": test["status"],
        "seconds": test["seconds"],
        "attempts": len(attempts),
        "red_then_green": int(test["redThenGreen"]),
        "message": test.get("reason") or (attempts[-1]["message"] if attempts else ""),
        "waiver": test.get("waived") or None,
        "quarantined": test.get("quarantined", ""),
        "environment": attempts[-1].get("environment", "") if attempts and test["status"] in {"failed", "error"} else "",
        "reused_run": reused.get("run", ""),
        "reused_at": reused.get("finishedAt", ""),
        "reused_until": reused.get("expires", ""),
    }


def _matrix_evaluation(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    run, product, summary = told["run"], told["product"], told["summary"]
    met = sum(1 for row in told["rows"] if row["status"] == "passed")
    yield words(f"the matrix: {met:,} of {plural(len(told['rows']), 'row')} verified, {plural(len(told['waivers']), 'waiver')} in use")
    for row in told["rows"]:
        item = row["subject"]
        common: dict[str, Any] = {"run": run, "product": product, "item": item}
        yield "matrix_rows", {**common, "kind": row["kind"], "title": row["title"], "changed": int(row["changed"]), "status": row["status"]}
        for need in row["required"]:
            yield "matrix_categories", {**common, "category": need["category"], "gating": need["gating"], "status": need["status"]}
            for test in need["tests"]:
                yield (
                    "matrix_tests",
                    {
                        **common,
                        "category": need["category"],
                        "layer": test["layer"],
                        "test": test["id"],
                        "status": test["status"],
                        "waiver": test["waiver"],
                        "quarantined": int(test.get("quarantined", False)),
                        "environment": test.get("environment", ""),
                        "reused": test.get("reused") or "",
                    },
                )
    for gating in sorted(summary):
        yield "matrix_sums", {"run": run, "gating": gating, **{name: summary[gating][name] for name in _SUMS}}
    for left in told.get("leftOut", ()):
        yield "left_out", {"run": run, "test": left["test"], "reason": left["reason"]}
    for held in told.get("quarantined", ()):
        row = {name: held[name] for name in ("test", "status", "reason", "owner", "expires")}
        yield "quarantines", {"run": run, **row, "uncovered": ", ".join(held["uncovered"])}
    for loss in told.get("losses", ()):
        yield "coverage_losses", {"run": run, "item": loss["subject"], "what": loss["what"], "waiver": loss["waiver"], "declared": loss.get("declared", "")}
    for waiver in told["waivers"]:
        yield "waiver_uses", {"run": run, "waiver": waiver["id"], "product": product}


PROJECTORS: Final[Mapping[str, Projector]] = {"test-run": _test_run, "matrix-evaluation": _matrix_evaluation}
