"""Source changes, device attributes, deployments and anomalies."""

from collections.abc import Sequence

from lotmark.attest.models import Verified
from lotmark.dossier._view_basic import Fact, Status
from lotmark.dossier._view_model import StageView
from lotmark.dossier._view_model_build import AnomaliesView, AnomalyItem, ChangesView, CommitView, DeploymentView
from lotmark.dossier._view_source import Predicate, ViewSource, last_pusher, list_people
from lotmark.dossier._view_trace import finding_view
from lotmark.dossier._view_words import count, instant, join, number, size, status_of


def view_stages(source: ViewSource) -> tuple[StageView, ...]:
    """Every promised stage in order, run or not."""
    return tuple(_stage(name, result) for name, result in source.stages.items())


def _stage(name: str, result: Predicate | None) -> StageView:
    if result is None:
        return StageView(name, status_of("not-run"), 0, "", ())
    return StageView(name, status_of(result["outcome"]), result["attempt"], result["summary"], tuple(finding_view(finding) for finding in result["findings"]))


def view_changes(source: ViewSource) -> ChangesView | None:
    """What changed since the last release, if the run recorded it."""
    content = source.find("change-summary")
    if content is None:
        return None
    base = content["base"]
    since = f"since {base['version']} ({base['commit'][:12]})" if base else "since the beginning: this is the first release"
    lifted = [
        name for name, holds in (("dependencies", content["dependenciesChanged"]), ("the product's own quality files", content["policyChanged"])) if holds
    ]
    return ChangesView(
        summary=f"{count(len(content['commits']), 'commit')}, {count(len(content['changedPaths']), 'file')} and "
        f"{count(len(content['changedItems']), 'requirement, hazard or control', 'requirements, hazards and controls')} changed {since}."
        + (f" {join(lifted).capitalize()} changed." if lifted else ""),
        facts=(
            Fact("Authors", list_people(content, "authors")),
            Fact("Committers", list_people(content, "committers")),
            Fact("Last pusher", last_pusher(content)),
        ),
        commits=tuple(
            CommitView(
                commit["sha"],
                commit["subject"],
                f"{commit['author']['name']} <{commit['author']['email']}>",
                instant(commit["committedAt"]),
                _sign_off(commit),
                ", ".join(commit["references"]),
            )
            for commit in content["commits"]
        ),
        items=tuple(source.ref(item) for item in content["changedItems"]),
        paths=tuple(content["changedPaths"]),
    )


def _sign_off(commit: Predicate) -> Status:
    """Whether the author signed off; a commit from before the product's baseline need not."""
    if commit["signedOff"]:
        return Status("ok", "yes")
    return Status("none", "exempt") if commit.get("exempt") else Status("warn", "no")


def view_device(source: ViewSource) -> tuple[Fact, ...]:
    """Artifact, versions, UDI and device attributes; empty where no artifact was made."""
    candidate = source.find("release-candidate")
    if candidate is None:
        return ()
    artifact, versions = candidate["artifact"], candidate["versions"]
    told = {name: versions.get(name) or "not told" for name in ("proposed", "tested", "sbom", "artifact")}
    same = f"{versions['proposed']}, the same in sources, tests, SBOM and artifact"
    facts = [
        Fact("Artifact", artifact["name"]),
        Fact("Size", size(artifact["size"])),
        Fact("Media type", artifact["mediaType"]),
        Fact("SHA-256", artifact["sha256"], "mono"),
        Fact("Version", same if len(set(told.values())) == 1 else "differs: " + ", ".join(f"{name} {value}" for name, value in told.items())),
        Fact("Built as of", instant(candidate["build"]["builtAt"])),
    ]
    udi = source.opened["product"]["udiDi"]
    facts.append(Fact("UDI-DI", udi or "none declared"))
    if udi:
        facts.append(Fact("UDI-PI", f"version {candidate['version']}, lot {candidate['run']}"))
    return (*facts, *_device(candidate["device"]))


def _device(device: Predicate | None) -> list[Fact]:
    if not device:
        return []
    facts = [Fact("Device models", ", ".join(device["models"]) or "none")]
    if device.get("firmwareChecksum"):
        checksum = device["firmwareChecksum"]
        start, end = checksum["range"]
        facts.append(Fact("Firmware checksum", f"{checksum['algorithm']} {checksum['value']} over bytes {number(start)} to {number(end)}"))
    if device.get("calibrationProfile"):
        facts.append(Fact("Calibration profile", device["calibrationProfile"]["path"]))
        facts.append(Fact("Calibration profile, SHA-256", device["calibrationProfile"]["sha256"], "digest"))
    if device.get("reportedVersion"):
        facts.append(Fact("Version that the firmware tells", device["reportedVersion"]))
    return facts


def view_deployments(source: ViewSource) -> tuple[DeploymentView, ...]:
    """Every switch of a target, with the next check of that target after it."""
    checks = source.evidence.all("deployment-check")
    entries = source.evidence.all("deployment")
    return tuple(_deployment(entry, entries, checks) for entry in entries)


def _deployment(entry: Verified, entries: Sequence[Verified], checks: Sequence[Verified]) -> DeploymentView:
    content = entry.statement.predicate
    target = content["target"]["name"]
    later = [other.index for other in entries if other.index > entry.index and other.statement.predicate["target"]["name"] == target]
    until = min(later, default=None)
    own = [
        check.statement.predicate
        for check in checks
        if check.index > entry.index and (until is None or check.index < until) and check.statement.predicate["target"]["name"] == target
    ]
    admission = content["admission"]
    failed = sum(check["verdict"] != "passed" for check in admission["checks"])
    admitted = (
        Status("bad", f"{number(failed)} failed") if failed or not admission["checks"] else Status("ok", f"all {number(len(admission['checks']))} passed")
    )
    previous = content["previous"]
    return DeploymentView(
        target=target,
        environment=content["target"]["environment"],
        action=content["action"],
        switched_at=instant(content["switchedAt"]),
        previous=f"{previous['version']} ({previous['sha256'][:12]})" if previous else "nothing",
        admission=tuple(Fact(f"{check['name']}: {check['verdict']}", check["detail"]) for check in admission["checks"]),
        admitted=admitted,
        check=status_of(own[-1]["verdict"]) if own else Status("none", "not checked"),
        check_facts=_check(own[-1]) if own else (),
    )


def _check(check: Predicate) -> tuple[Fact, ...]:
    probe = check["probe"]
    facts = [
        Fact("Read back", instant(check["checkedAt"])),
        Fact("Found at the target", check["artifact"]["found"] or "nothing", "digest" if check["artifact"]["found"] else "text"),
        Fact("Expected", check["artifact"]["expected"], "digest"),
    ]
    if probe:
        facts.append(Fact("Probe answered", probe["output"].strip() or f"nothing, exit code {probe['exitCode']}", "mono"))
    return (*facts, Fact("Finding", check.get("reason") or "not told"))


def view_anomalies(source: ViewSource) -> AnomaliesView | None:
    """The known anomalies, open ones first; None where the trace was not recorded."""
    trace = source.find("trace-snapshot")
    if trace is None:
        return None
    listed = trace.get("anomalies")
    if listed is None:
        return AnomaliesView(declared=False, summary="The product has no list of known anomalies.", items=())
    ordered = sorted(listed, key=lambda anomaly: (anomaly["status"] != "open", anomaly["severity"], anomaly["id"]))
    unresolved = [anomaly for anomaly in listed if anomaly["status"] == "open"]
    grave = min((anomaly["severity"] for anomaly in unresolved), default=0)
    summary = (
        f"{count(len(unresolved), 'unresolved anomaly', 'unresolved anomalies')}, the gravest of severity {grave} (1 is the gravest)."
        if unresolved
        else "No unresolved anomaly."
    )
    return AnomaliesView(
        declared=True,
        summary=summary,
        items=tuple(
            AnomalyItem(anomaly["id"], anomaly["title"], anomaly["severity"], status_of(anomaly["status"]), anomaly["rationale"], ", ".join(anomaly["affects"]))
            for anomaly in ordered
        ),
    )
