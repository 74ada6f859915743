"""build_view: verified evidence of one run -> everything that a person is shown, in plain values."""

from collections.abc import Callable, Sequence
from typing import Final

from lotmark.attest.models import Trust, Verified
from lotmark.base.digest import Digest
from lotmark.base.errors import IntegrityError
from lotmark.dossier._view_answers import view_answers, view_commands, view_digests
from lotmark.dossier._view_approvals import view_approvals, view_waivers
from lotmark.dossier._view_basic import Fact
from lotmark.dossier._view_build import view_rebuild, view_supply
from lotmark.dossier._view_decision import view_decision
from lotmark.dossier._view_model import DossierView, LogFacts
from lotmark.dossier._view_release import view_anomalies, view_changes, view_deployments, view_device, view_stages
from lotmark.dossier._view_risk import view_risk
from lotmark.dossier._view_source import ViewSource
from lotmark.dossier._view_tests import view_layers, view_matrix
from lotmark.dossier._view_timeline import view_timeline
from lotmark.dossier._view_trace import view_trace
from lotmark.dossier._view_verdict import outcome_of_run, say_verdict, view_figures
from lotmark.releases.models import RunEvidence

_SECTIONS: Final = {
    "criteria": "decision",
    "approvals": "decision",
    "waivers": "matrix-evaluation",
    "risk": "risk-snapshot",
    "trace": "trace-snapshot",
    "matrix": "matrix-evaluation",
    "layers": "test-run",
    "rebuild": "rebuild",
    "components": "dependencies",
    "changes": "change-summary",
    "artifact": "release-candidate",
    "deployments": "deployment",
    "anomalies": "trace-snapshot",
}
"""Section -> the evidence without which there is nothing to show."""


def build_view(
    evidence: RunEvidence,
    product_entries: Sequence[Verified],
    *,
    log: LogFacts,
    trust: Trust | None = None,
    blob: Callable[[Digest], bytes | None] = lambda _: None,
) -> DossierView:
    """The view of a run, whatever its state: released, refused, waiting, or stopped at its first stage.

    Nothing is judged anew but which signatures count, and that by the people and rules that the run pinned; where their
    bytes or `trust` are not given, no signature is said to count.

    Args:
        evidence: The verified entries of the run.
        product_entries: The verified entries of its product: key events, waivers, delegations, withdrawals.
        log: The checkpoint that covers them (`log_facts`).
        trust: The keys by log index.
        blob: Bytes by digest, None where they are not at hand.

    Raises:
        NothingToJudgeError: LM-REL-001 if the run holds no record that opened it.
        IntegrityError: LM-DOS-018 if a record does not have its published shape.
    """
    source = ViewSource(evidence, tuple(product_entries), log, trust, blob)
    _ = source.opened
    try:
        return _build(source)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise IntegrityError(
            "LM-DOS-018",
            f"a record of {source.opened.get('run', 'the run')} does not have its published shape ({type(error).__name__}: {error})",
            where=str(source.opened.get("run", "")),
            solution="render with the version of Lotmark that made the records",
        ) from error


def _build(source: ViewSource) -> DossierView:
    opened, log = source.opened, source.log
    at = log.received.get(max(log.received, default=0)) or opened["openedAt"]
    stages = view_stages(source)
    decision, approvals, waivers = view_decision(source), view_approvals(source, at), view_waivers(source)
    risk, trace, matrix, layers = view_risk(source), view_trace(source), view_matrix(source), view_layers(source)
    rebuild, supply, changes = view_rebuild(source), view_supply(source), view_changes(source)
    outcome = outcome_of_run(source)
    figures = view_figures(decision, approvals, layers, matrix, risk, rebuild, supply)
    candidate = source.find("release-candidate")
    closed = source.closed
    return DossierView(
        product=opened["product"]["id"],
        name=opened["product"]["name"],
        version=opened["product"]["version"],
        safety_class=opened["product"]["safetyClass"],
        run=opened["run"],
        outcome=outcome,
        at=closed["closedAt"] if closed else at,
        artifact=Fact(candidate["artifact"]["name"], candidate["artifact"]["sha256"], "digest") if candidate else None,
        verdict=say_verdict(source, outcome, stages, decision, approvals, waivers, figures),
        answers=view_answers(source, decision, approvals, layers, matrix, rebuild),
        stages=stages,
        decision=decision,
        approvals=approvals,
        waivers=waivers,
        risk=risk,
        trace=trace,
        matrix=matrix,
        layers=layers,
        rebuild=rebuild,
        supply=supply,
        changes=changes,
        device=view_device(source),
        deployments=view_deployments(source),
        anomalies=view_anomalies(source),
        timeline=view_timeline(source),
        log=log,
        commands=view_commands(source),
        digests=view_digests(source),
        absent={section: source.why_absent(kind) for section, kind in _SECTIONS.items() if source.find(kind) is None},
        lotmark=opened["lotmark"],
    )
