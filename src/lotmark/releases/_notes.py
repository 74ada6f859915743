"""Release notes: changed requirements, waived tests, residual risks, open anomalies; nothing that is not evidence."""

from collections.abc import Mapping, Sequence
from typing import Any

from lotmark.releases._test_record import suite
from lotmark.releases.models import RunEvidence

LAYERS = ("unit", "integration", "validation")


def format_notes(evidence: RunEvidence) -> str:
    """The notes of a run as Markdown."""
    opened = evidence.predicate("run-opened")
    change = evidence.predicate("change-summary")
    candidate = evidence.predicate("release-candidate")
    trace = evidence.predicate("trace-snapshot")
    matrix = evidence.predicate("matrix-evaluation")
    risks = evidence.predicate("risk-snapshot")["hazards"]
    titles = {item["id"]: item["title"] for item in trace["items"]}
    manifest = evidence.find("release-manifest")
    previous = opened["previousRelease"]
    lines = [
        f"# {_plain(opened['product']['name'])} {candidate['version']}",
        "",
        f"Artifact `{candidate['artifact']['name']}`, sha256 `{candidate['artifact']['sha256']}`,",
        f"from commit `{opened['source']['commit']}`, run {opened['run']}.",
        f"Previous release: {previous['version']}." if previous else "First release.",
        "",
    ]
    lines += _section("Changed requirements, hazards and controls", [f"{item}: {titles.get(item, 'removed')}" for item in change["changedItems"]])
    lines += _section("Changes", [_change(commit) for commit in change["commits"]])
    lines += _section("Waived tests", [_waiver(waiver) for waiver in matrix["waivers"]])
    lines += _tests_told(evidence, matrix)
    lines += _section("Residual risks", [_risk(hazard) for hazard in risks])
    declared = trace.get("anomalies")  # before the manifest is frozen, the list as the trace holds it
    anomalies = manifest.statement.predicate["anomalies"] if manifest else [entry for entry in declared or [] if entry["status"] == "open"]
    none = "None." if manifest or declared is not None else "Not declared."
    lines += _section("Known anomalies", [f"{anomaly['id']} (severity {anomaly['severity']}): {anomaly['title']}" for anomaly in anomalies], none)
    return "\n".join(lines).rstrip() + "\n"


def _tests_told(evidence: RunEvidence, matrix: Mapping[str, Any]) -> list[str]:
    """Sections for tests that did not simply run and pass; none where there is nothing to say."""
    runs = [found.statement.predicate for layer in LAYERS if (found := evidence.find("test-run", layer=layer))]
    suites = [suite(run, matrix) for run in runs]
    told = {
        "Results of earlier runs": [
            f"{each['test']}: {each['run']}, {each['finishedAt'][:10]}, for the same artifacts, until {each['expires']}"
            for one in suites
            for each in one["reused"]
        ],
        "Tests in quarantine": [_held(each) for one in suites for each in one["quarantined"]],
        "Failures of the environment": [f"{each['test']}: {each['status']}, {each['cause']}" for one in suites for each in one["environmentFailures"]],
        "Tests left out": [f"{each['test']}: {each['reason']}" for each in matrix["leftOut"]],
    }
    return [line for title, entries in told.items() if entries for line in _section(title, entries)]


def _held(held: Mapping[str, Any]) -> str:
    lacking = f"; nothing else covers {', '.join(held['uncovered'])}" if held["uncovered"] else ""
    return f"{held['test']}: {held['status']}, counts for nothing until {held['expires']} ({held['owner']}). {held['reason']}{lacking}"


def _section(title: str, entries: Sequence[str], none: str = "None.") -> list[str]:
    return [f"## {title}", "", *([f"- {_plain(entry)}" for entry in entries] or [none]), ""]


def _plain(text: str) -> str:
    """Foreign text on one line and without markup of its own: it cannot begin a section or an HTML element."""
    return " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")


def _change(commit: Mapping[str, Any]) -> str:
    references = f" ({', '.join(commit['references'])})" if commit["references"] else ""
    return f"{commit['subject']}{references}, {commit['author']['name']}"


def _waiver(waiver: Mapping[str, Any]) -> str:
    covered = ", ".join(sorted(item for items in waiver["scope"].values() for item in items))
    return f"{waiver['id']}: {covered}, until {waiver['expires']}. {waiver['reason']} Residual risk: {waiver['residualRisk']}"


def _risk(hazard: Mapping[str, Any]) -> str:
    judged = {True: "acceptable", False: "not acceptable", None: "not judged"}[hazard["residualRisk"]["acceptable"]]
    return f"{hazard['id']} {hazard['title']}: {hazard['after']['level'] or 'unknown'} after control, {judged}. {hazard['residualRisk']['rationale']}"
