"""The evidence of a run up to its approval, with everything in it that candidate, manifest, notes and admission read."""

from typing import Any

from fakes.release_run import COMMIT, RUN, VERSION, WHEEL, ReleaseRun, key, verified
from lotmark.attest.models import Subject, Verified
from lotmark.releases.models import RunEvidence

POLICY = "90" * 32
NAME = "qpcr-1.4.0.whl"
AT = "2026-11-23T12:00:00.000Z"


def whole_run() -> ReleaseRun:
    """A good run, to be spoiled."""
    run = ReleaseRun()
    assert run.opened is not None
    run.opened["source"] |= {"repository": "https://git.example.org/qpcr", "ref": "refs/heads/main", "tree": "7e" * 20, "committedAt": AT}
    run.predicate("rebuild").update(environmentSha256="e0" * 32, tools=[{"name": "gcc", "version": "12.2.0"}, {"name": "python", "version": "3.11.7"}])
    run.predicate("risk-snapshot")["hazards"][0]["after"].update(severity="serious", probability="remote")
    run.predicate("release-candidate").update(
        evidence=[],
        build={"commit": COMMIT, "builtAt": AT, "locks": [{"path": "requirements.lock", "sha256": "11" * 32}], "run": RUN, "environmentSha256": "e0" * 32},
    )
    for layer in ("unit", "integration", "validation"):
        run.predicate("test-run", layer)["results"] = [{"name": f"{layer}.xml", "sha256": "33" * 32}]
    return run


def decision(index: int = 60, *, sha256: str = WHEEL, **change: Any) -> Verified:
    told = {"verdict": "accepted", "completeness": {"complete": True, "missing": []}, "policySha256": POLICY, **change}
    return verified("decision", {"run": RUN, "product": "qpcr", "version": VERSION, **told}, index, subjects=(Subject(NAME, {"sha256": sha256}),))


def approval(name: str, role: str, meaning: str, index: int) -> Verified:
    signer = {"person": name, "name": f"{name.capitalize()} Example", "email": f"{name}@example.org"}
    return verified("approval", {"run": RUN, "signer": signer, "role": role, "meaning": meaning, "signedAt": AT}, index, by=key(name))


def evidence_of(run: ReleaseRun, *more: Verified) -> RunEvidence:
    return RunEvidence([*run.entries(), *more])
