"""The test matrix and the test layers: what was needed, what ran, what passed, and every attempt."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from lotmark.base.clock import parse_instant
from lotmark.dossier._view_basic import Fact, Status
from lotmark.dossier._view_model_tests import AttemptView, CategoryRow, HeldTest, LayerView, LossView, MatrixCell, MatrixRow, MatrixView, NoteworthyTest
from lotmark.dossier._view_source import LAYERS, Predicate, ViewSource
from lotmark.dossier._view_trace import group_tests, outcome_of
from lotmark.dossier._view_words import count, instant, join, number, status_of

_WORST: Final = ("failed", "missing", "incomplete", "waived", "passed")
_COUNTS: Final = ("passed", "failed", "error", "skipped", "missing")
_GATINGS: Final = ("blocking", "waivable", "informational")
_MESSAGE: Final = 400
"""Characters of a test's message that are shown; the rest lies in the results file."""


def view_matrix(source: ViewSource) -> MatrixView | None:
    """The evaluated test matrix, if the run recorded one."""
    content = source.find("matrix-evaluation")
    if content is None:
        return None
    layer_of = {category["id"]: category["layer"] for category in content["categories"]}
    layers = tuple(layer for layer in LAYERS if layer in layer_of.values())
    rows = tuple(_row(row, layers, layer_of, changed=source.has_base and row["changed"]) for row in content["rows"])
    return MatrixView(
        summary=_summary(content["summary"]),
        layers=layers,
        hazards=tuple(row for row in rows if row.kind == "hazard"),
        others=tuple(row for row in rows if row.kind != "hazard"),
        categories=tuple(
            CategoryRow(
                category["title"],
                category["layer"],
                category["gating"],
                source.name_of(category["owner"]),
                category["environment"],
                category["retention"],
            )
            for category in content["categories"]
        ),
        left_out=tuple(Fact(entry["test"], entry["reason"]) for entry in content["leftOut"]),
        quarantined=tuple(_held(source, held) for held in content.get("quarantined", ())),
        losses=tuple(_loss(loss) for loss in content.get("losses", ())),
    )


def _held(source: ViewSource, held: Predicate) -> HeldTest:
    owner = source.name_of(held["owner"])
    return HeldTest(held["test"], status_of(held["status"]), owner, held["expires"], held["reason"], tuple(held["subjects"]), tuple(held["uncovered"]))


def _loss(loss: Predicate) -> LossView:
    if loss["waiver"]:
        return LossView(loss["subject"], loss["what"], status_of("waived"), f"accepted by {loss['waiver']}")
    if loss.get("declared"):
        return LossView(loss["subject"], loss["what"], Status("warn", "declared"), loss["declared"])
    return LossView(loss["subject"], loss["what"], Status("warn", "shown"), "nobody had to sign, or nobody did: see the findings")


def _summary(summary: Mapping[str, Mapping[str, int]]) -> str:
    parts = []
    for gating in _GATINGS:
        counts = summary[gating]
        if counts["required"]:
            waived = f", {number(counts['waived'])} waived" if counts["waived"] else ""
            parts.append(f"{gating}: {number(counts['passed'])} of {number(counts['required'])} passed{waived}")
    return "; ".join(parts) + "." if parts else "The matrix requires nothing."


def _row(row: Predicate, layers: tuple[str, ...], layer_of: Mapping[str, str], *, changed: bool) -> MatrixRow:
    cells = []
    for layer in layers:
        results = [result for result in row["required"] if layer_of[result["category"]] == layer]
        tests = {test["id"]: _word(test) for result in results for test in result["tests"]}
        worst = next((status for status in _WORST if any(result["status"] == status for result in results)), None)
        cells.append(MatrixCell(layer, bool(results), status_of(worst) if worst else None, outcome_of(Counter(tests.values()))))
    return MatrixRow(row["subject"], row["kind"], row["title"], changed, tuple(cells), status_of(row["status"]))


def _word(test: Predicate) -> str:
    """The status of a test in a row, and what else a reader must know of it."""
    notes = [word for word, holds in (("waived", test["waiver"]), ("reused", test.get("reused")), ("in quarantine", test.get("quarantined"))) if holds]
    return f"{test['status']} ({', '.join(notes)})" if notes else str(test["status"])


def view_layers(source: ViewSource) -> tuple[LayerView, ...]:
    """Every layer that ran, in order; the last record of each counts."""
    runs = (source.find("test-run", layer=layer) for layer in LAYERS)
    return tuple(_layer(source, run) for run in runs if run is not None)


def _layer(source: ViewSource, run: Predicate) -> LayerView:
    missing = tuple(run["missing"])
    results = [(test["id"], test["status"]) for test in run["tests"]]
    waived = _waived(source)
    return LayerView(
        layer=run["layer"],
        status=_layer_status(run, waived),
        expected=run["expected"],
        received=run["received"],
        counts=tuple(Fact(name, number(run["counts"][name])) for name in _COUNTS),
        missing=missing,
        unexpected=tuple(run["unexpected"]),
        attempts=tuple(_attempt(number, attempt) for number, attempt in enumerate(run["attempts"], 1)),
        noteworthy=tuple(_noteworthy(test, waived, run["finishedAt"]) for test in run["tests"] if _is_noteworthy(test)),
        groups=group_tests(results),
        command=" ".join(run["command"]),
        artifacts=tuple(Fact(file["name"], file["sha256"], "digest") for file in run["artifacts"]),
    )


def _waived(source: ViewSource) -> dict[str, str]:
    """Test -> the waiver that took effect for it."""
    matrix = source.find("matrix-evaluation")
    results = (test for row in matrix["rows"] for result in row["required"] for test in result["tests"]) if matrix else ()
    found = {test["id"]: test["waiver"] for test in results if test["waiver"]}
    runs = (source.find("test-run", layer=layer) for layer in LAYERS)
    return found | {test["id"]: test["waived"] for run in runs if run for test in run["tests"] if test.get("waived")}


def _layer_status(run: Predicate, waived: Mapping[str, str]) -> Status:
    held = {test["id"] for test in run["tests"] if test.get("quarantined")}
    excused_by = held.union(waived)
    bad = [test["id"] for test in run["tests"] if test["status"] != "passed" and test["id"] not in excused_by]
    lacking = [name for name in run["missing"] if name not in excused_by]
    if bad or lacking or run["received"] == 0:
        return Status("bad", f"{number(len({*bad, *lacking}))} not passed" if bad or lacking else "nothing received")
    excused = sum(test["status"] != "passed" and test["id"] not in held for test in run["tests"])
    reused = sum(bool(test.get("reused")) for test in run["tests"])
    parts = ((excused, "waived"), (len(held), "in quarantine"), (reused, "reused"))
    told = ", ".join(f"{number(count)} {word}" for count, word in parts if count)
    return Status("warn", f"passed, {told}") if told else Status("ok", "passed")


def _attempt(ordinal: int, attempt: Predicate) -> AttemptView:
    results = tuple(Fact(file["name"], file["sha256"], "digest") for file in attempt["results"])
    return AttemptView(ordinal, instant(attempt["startedAt"]), instant(attempt["finishedAt"]), attempt["exitCode"], results)


def _is_noteworthy(test: Predicate) -> bool:
    return bool(test["status"] != "passed" or test["redThenGreen"] or test.get("reused") or test.get("quarantined"))


def _noteworthy(test: Predicate, waived: Mapping[str, str], finished_at: str) -> NoteworthyTest:
    parts = []
    if reused := test.get("reused"):
        age = (parse_instant(finished_at) - parse_instant(reused["finishedAt"])).days
        parts.append(
            f"not run: the result of {reused['run']}, {count(age, 'day')} old, stands in for the same artifacts until {reused['expires']}; "
            f"test run sha256 {reused['testRun']}"
        )
    if test.get("quarantined"):
        parts.append(f"in quarantine, counts for nothing: {test['quarantined']}")
    cause = test["attempts"][-1].get("environment", "") if test["attempts"] and test["status"] in {"failed", "error"} else ""
    if cause:
        parts.append(f"a failure of the environment: {cause}")
    if len(test["attempts"]) > 1:
        parts.append("attempts: " + ", ".join(attempt["status"] for attempt in test["attempts"]))
    if test["redThenGreen"]:
        parts.append(test["reason"] or "failed before it passed; nobody has said why")
    message = next((attempt["message"] for attempt in reversed(test["attempts"]) if attempt["message"]), "")
    if message:
        parts.append(message if len(message) <= _MESSAGE else message[:_MESSAGE] + "…")
    if test["id"] in waived:
        parts.append(f"waived by {waived[test['id']]}")
    return NoteworthyTest(test["id"], status_of(test["status"]), "; ".join(parts))


def describe_layers(layers: tuple[LayerView, ...]) -> str:
    """``200 of 200 expected tests reported: 199 passed, 1 skipped``."""
    if not layers:
        return "No test has run"
    expected, received = sum(layer.expected for layer in layers), sum(layer.received for layer in layers)
    counts: Counter[str] = Counter()
    for layer in layers:
        counts.update({fact.label: int(fact.value.replace(",", "")) for fact in layer.counts})
    return f"{number(received)} of {count(expected, 'expected test')} reported: {join([outcome_of(counts)])}"
