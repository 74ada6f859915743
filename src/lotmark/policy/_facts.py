"""compute_facts: verified entries of one run -> the facts. Pure, total, the same bytes for the same entries."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from lotmark.attest.models import Verified
from lotmark.base.clock import format_instant
from lotmark.policy import _facts_model as model
from lotmark.policy._claims import INCONSISTENT, Claims
from lotmark.policy._evidence import (
    ArtifactSignature,
    ChangeSummary,
    DependenciesShape,
    Match,
    Provenance,
    Rebuild,
    ReleaseCandidate,
    RiskSnapshot,
    RunOpened,
    SbomShape,
    TraceSnapshot,
)
from lotmark.policy._facts_matrix import excused_tests, matrix_fact, trace_fact, unstable_tests, waivers_fact
from lotmark.policy._facts_witness import witness_fact
from lotmark.policy._selection import DECIDED_STAGES, REQUIRED_LAYERS, Selection, select

UNKNOWN_AGE = 1_000_000
"""Days; older than any limit."""
WORST_SCORE = 10.0


def compute_facts(entries: Sequence[Verified], evaluated_at: datetime) -> dict[str, Any]:
    """The facts of a run, from its verified entries alone.

    What is absent, misshapen, unclaimed or of another run stands as ``present: false`` and is named in
    ``completeness.missing``. `evaluated_at` must be aware; ages and expiries are judged by its date in UTC.
    """
    selection = select(entries)
    today = evaluated_at.astimezone(UTC).date()
    claims = Claims(selection, today)
    candidate = selection.find("release-candidate", ReleaseCandidate)
    facts = model.Facts(
        facts_version=1,
        evaluated_at=format_instant(evaluated_at),
        evaluated_on=today.isoformat(),
        run=_run(selection.run),
        completeness=model.CompletenessFact(complete=not selection.missing, missing=list(dict.fromkeys(selection.missing))),
        stages=[_stage(selection, claims, stage) for stage in DECIDED_STAGES],
        source=_source(selection.find("change-summary", ChangeSummary)),
        dependencies=_dependencies(selection.find("dependencies", DependenciesShape)),
        sbom=_sbom(selection.find("sbom", SbomShape)),
        vulnerabilities=_vulnerabilities(selection.find("dependencies", DependenciesShape), today),
        build=_build(selection),
        tests=model.Tests(layers=[_layer(selection, claims, layer) for layer in REQUIRED_LAYERS]),
        matrix=matrix_fact(selection, claims),
        waivers=waivers_fact(selection, today),
        trace=trace_fact(selection),
        risks=_risks(selection.find("risk-snapshot", RiskSnapshot)),
        anomalies=_anomalies(selection.find("trace-snapshot", TraceSnapshot)),
        artifact=_artifact(candidate),
        versions=_versions(selection, candidate),
        bindings=_bindings(selection, candidate),
        witness=witness_fact(selection),
    )
    plain: dict[str, Any] = msgspec.to_builtins(facts)
    return plain


def _run(opened: RunOpened | None) -> model.Run:
    if opened is None:
        nothing = model.PreviousRelease(present=False, version="", commit="")
        return model.Run(present=False, id="", product="", version="", safety_class="", commit="", operator="", previous_release=nothing)
    previous = opened.previous_release
    return model.Run(
        present=True,
        id=opened.run,
        product=opened.product.id,
        version=opened.product.version,
        safety_class=opened.product.safety_class,
        commit=opened.source.commit,
        operator=opened.operator,
        previous_release=model.PreviousRelease(
            present=previous is not None, version=previous.version if previous else "", commit=previous.commit if previous else ""
        ),
    )


def _stage(selection: Selection, claims: Claims, stage: str) -> model.Stage:
    results = selection.results.get(stage)
    if not results:
        return model.Stage(stage=stage, present=False, outcome="absent", attempts=0, refused_attempts=0, errors=0, contradictions=[])
    latest = results[-1]
    contradictions = claims.stage(latest)
    return model.Stage(
        stage=stage,
        present=True,
        outcome=INCONSISTENT if contradictions else latest.outcome,
        attempts=latest.attempt,
        refused_attempts=sum(result.outcome == "refused" for result in results),
        errors=sum(finding.severity == "error" for finding in latest.findings),
        contradictions=contradictions,
    )


def _source(summary: ChangeSummary | None) -> model.Source:
    if summary is None:
        return model.Source(
            present=False,
            commits=[],
            authors=[],
            committers=[],
            last_pusher="",
            changed_paths=[],
            referenced_ids=[],
            changed_items=[],
            # What nobody has looked at counts as changed: the tier of the change must not fall by it.
            dependencies_changed=True,
            policy_changed=True,
        )
    return model.Source(
        present=True,
        commits=[
            model.CommitFact(
                sha=commit.sha,
                subject=commit.subject,
                author=commit.author.email,
                signed_off=commit.signed_off,
                references=commit.references,
                exempt=commit.exempt,
            )
            for commit in summary.commits
        ],
        authors=summary.authors,
        committers=summary.committers,
        last_pusher=summary.last_pusher,
        changed_paths=summary.changed_paths,
        referenced_ids=summary.referenced_ids,
        changed_items=summary.changed_items,
        dependencies_changed=summary.dependencies_changed,
        policy_changed=summary.policy_changed,
    )


def _dependencies(found: DependenciesShape | None) -> model.Dependencies:
    if found is None:
        return model.Dependencies(present=False, locks=[], none_declared=False, components=0, licences_refused=[], unhashed=[])
    return model.Dependencies(
        present=True,
        locks=[lock.path for lock in found.locks],
        none_declared=found.none is not None and bool(found.none.reason.strip() and found.none.owner.strip()),
        components=len(found.components),
        licences_refused=[
            model.LicenceFact(component=f"{part.name}@{part.version}", licence=part.licence or "", verdict=part.licence_verdict)
            for part in found.components
            if part.licence_verdict not in {"allowed", "excepted"}
        ],
        unhashed=[f"{part.name}@{part.version}" for part in found.components if not any(part.hashes.values())],
    )


def _sbom(found: SbomShape | None) -> model.Sbom:
    return model.Sbom(present=found is not None, version=found.metadata.component.version if found else "", components=len(found.components) if found else 0)


def _vulnerabilities(found: DependenciesShape | None, today: date) -> model.Vulnerabilities:
    if found is None:
        return model.Vulnerabilities(present=False, evaluated=False, records=0, retrieved="", age_days=UNKNOWN_AGE, affected=[], exceptions=[])
    source = found.vulnerabilities
    exceptions = [(match, _expired(match.expires, today)) for match in source.matched if match.state == "not_affected"]
    lapsed = [match for match, expired in exceptions if expired]
    return model.Vulnerabilities(
        present=True,
        evaluated=source.evaluated,
        records=source.records,
        retrieved=source.retrieved,
        age_days=_age(source.retrieved, today),
        affected=[_vulnerability(match) for match in source.matched if match.state == "affected" or match in lapsed],
        exceptions=[
            model.VexFact(
                id=match.id,
                component=match.component,
                justification=match.justification or "",
                owner=match.owner or "",
                expires=match.expires or "",
                expired=expired,
            )
            for match, expired in exceptions
        ],
    )


def _vulnerability(match: Match) -> model.VulnerabilityFact:
    score = WORST_SCORE if match.score is None else float(match.score)
    return model.VulnerabilityFact(
        id=match.id,
        component=match.component,
        severity=str(match.severity or "unknown"),
        score=score,
        score_text="unknown" if match.score is None else f"{score:.1f}",
        fixed=bool(match.fixed),
    )


def _age(text: str, today: date) -> int:
    try:
        days = (today - date.fromisoformat(text[:10])).days
    except ValueError:
        return UNKNOWN_AGE
    # A date written in a zone ahead of UTC may be tomorrow's; a later one is no date of a retrieval.
    return max(days, 0) if days >= -1 else UNKNOWN_AGE


def _expired(text: str | None, today: date) -> bool:
    """Whether the last valid day has passed; a date that cannot be read has."""
    try:
        return date.fromisoformat(text or "") < today
    except ValueError:
        return True


def _build(selection: Selection) -> model.Build:
    found = selection.find("rebuild", Rebuild)
    provenance = selection.find("provenance", Provenance) is not None
    if found is None:
        return model.Build(present=False, provenance=provenance, verdict="ABSENT", claim="", hermetic=False, backend="", differing=[])
    return model.Build(
        present=True,
        provenance=provenance,
        verdict=found.verdict,
        claim=found.claim,
        hermetic=found.isolation.hermetic,
        backend=found.isolation.backend,
        differing=[model.OutputFact(name=output.name, verdict=output.verdict) for output in found.outputs if output.verdict != "IDENTICAL"],
    )


def _layer(selection: Selection, claims: Claims, layer: str) -> model.Layer:
    found = selection.find_layer(layer)
    if found is None:
        return model.Layer(
            layer=layer, present=False, expected=0, received=0, passed=0, failed=0, skipped=0, missing=[], unexcused=[], unexpected=[], failing=[], unstable=[]
        )
    excused = excused_tests(selection, claims, found.missing) | {test.id for test in found.tests if test.quarantined}
    return model.Layer(
        layer=layer,
        present=True,
        expected=found.expected,
        received=found.received,
        passed=found.counts.passed,
        failed=found.counts.failed + found.counts.error,
        skipped=found.counts.skipped,
        missing=found.missing,
        unexcused=[test for test in found.missing if test not in excused],
        unexpected=found.unexpected,
        failing=[test.id for test in found.tests if test.status != "passed"],
        unstable=sorted(unstable_tests(found, selection.test_runs)),
    )


def _risks(found: RiskSnapshot | None) -> model.Risks:
    if found is None:
        return model.Risks(present=False, hazards=[])
    return model.Risks(
        present=True,
        hazards=[
            model.HazardFact(
                id=hazard.id,
                title=hazard.title,
                level=hazard.after.level,
                acceptable=hazard.residual_risk.acceptable is True,
                rationale=bool(hazard.residual_risk.rationale.strip()),
                controls=len(hazard.controls),
            )
            for hazard in found.hazards
        ],
    )


def _anomalies(found: TraceSnapshot | None) -> model.Anomalies:
    if found is None or found.anomalies is None:
        return model.Anomalies(present=False, open=[])
    return model.Anomalies(
        present=True,
        open=[
            model.AnomalyFact(id=anomaly.id, title=anomaly.title, severity=anomaly.severity, rationale=bool(anomaly.rationale.strip()))
            for anomaly in found.anomalies
            if anomaly.status != "closed"
        ],
    )


def _artifact(found: ReleaseCandidate | None) -> model.Artifact:
    if found is None:
        return model.Artifact(present=False, name="", sha256="", size=0)
    return model.Artifact(present=True, name=found.artifact.name, sha256=found.artifact.sha256, size=found.artifact.size)


def _versions(selection: Selection, candidate: ReleaseCandidate | None) -> model.Versions:
    claimed = candidate.versions if candidate else None
    sbom = selection.find("sbom", SbomShape)
    return model.Versions(
        proposed=(claimed.proposed if claimed else None) or "",
        tested=(claimed.tested if claimed else None) or "",
        # The SBOM's own word, not what the candidate says of it.
        sbom=sbom.metadata.component.version if sbom else "",
        artifact=(claimed.artifact if claimed else None) or "",
        label=(claimed.label if claimed else None) or "",
        opened=selection.run.product.version if selection.run else "",
    )


def _bindings(selection: Selection, candidate: ReleaseCandidate | None) -> list[model.Binding]:
    """What keeps good evidence of another artifact or commit from being shown for this one."""
    commit = selection.run.source.commit if selection.run else ""
    summary = selection.find("change-summary", ChangeSummary)
    sha256 = candidate.artifact.sha256 if candidate else ""
    rebuild = selection.find("rebuild", Rebuild)
    signature = selection.find("artifact-signature", ArtifactSignature)
    provenance = selection.find_entry("provenance")
    subjects = [subject.digest.get("sha256", "") for subject in provenance[0].statement.subject] if provenance else []
    bindings = [
        _bind("commit of the change summary", commit, [summary.source.commit] if summary else []),
        _bind("commit of the release candidate", commit, [candidate.build.commit] if candidate else []),
        _bind("artifact among the build's outputs", sha256, [output.sha256_a or "" for output in rebuild.outputs] if rebuild else []),
        _bind("artifact among the subjects of the provenance", sha256, subjects),
        _bind("artifact that was signed", sha256, [signature.artifact.sha256] if signature else []),
        _bind("version of the artifact's signature", candidate.version if candidate else "", [signature.version] if signature else []),
    ]
    for layer in REQUIRED_LAYERS:
        run = selection.find_layer(layer)
        bindings.append(_bind(f"artifact in the tests of layer {layer}", sha256, [artifact.sha256 for artifact in run.artifacts] if run else []))
    return bindings


def _bind(what: str, expected: str, found: list[str]) -> model.Binding:
    same = bool(expected) and expected in found
    return model.Binding(what=what, expected=expected, found=expected if same else ", ".join(found), same=same)
