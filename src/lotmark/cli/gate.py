"""`lotmark gate`: the release criteria, evaluated for a run now; records nothing."""

from typing import Any

import click

from lotmark.base.errors import ExitCode, NothingToJudgeError
from lotmark.cli._output import Output, table

_MARK = {"met": ("✓", "green"), "violated": ("✗", "red"), "error": ("?", "red")}


@click.command(name="gate")
@click.option("--run", "run_id", default=None, help="The run to judge (default: the newest).")
@click.option("--explain", "explained", is_flag=True, help="Each rule with what it requires and what it found.")
@click.pass_obj
def command(output: Output, run_id: str | None, explained: bool) -> int:
    """Evaluate every release criterion on the run's evidence; exits 1 if the gate is closed, 5 without a run."""
    from lotmark.pipeline.api import evaluate_run, find_run, pinned_file
    from lotmark.policy.api import explain, read_policy

    workspace = output.workspace()
    identity = find_run(workspace.settings(), run_id)
    if identity is None:
        reason = f"there is no run {run_id}" if run_id else "there is no run to judge"
        raise NothingToJudgeError("LM-CLI-019", reason, where=str(workspace.state), solution="`lotmark run` opens one")
    decision, tier, required = evaluate_run(workspace.settings(), identity)
    policy = read_policy(pinned_file(workspace.settings(), identity, "quality/policy.yaml"), name="quality/policy.yaml")
    explanations = explain(decision, policy)
    wire: dict[str, Any] = {
        "run": identity.run,
        "verdict": decision.verdict,
        "completeness": decision.completeness.to_wire(),
        "criteria": [explanation.to_wire() for explanation in explanations],
        "tier": dict(tier),
        "required": [dict(entry) for entry in required],
        "policySha256": decision.policy_sha256,
        "factsSha256": decision.facts_sha256,
        "logSize": decision.log_size,
    }
    rows = []
    for explanation in explanations:
        mark, color = _MARK[explanation.verdict]
        rows.append((click.style(mark, fg=color), click.style(explanation.verdict, fg=color), explanation.title, "; ".join(explanation.messages)))
    lines = [table(rows)]
    if explained:
        lines += [_explain(explanation) for explanation in explanations]
    lines += [f"✗ missing: {missing}" for missing in decision.completeness.missing]
    open_criteria = sum(1 for explanation in explanations if explanation.verdict != "met")
    state = (
        "open: every criterion is met"
        if decision.accepted
        else f"closed: {open_criteria} of {len(explanations)} criteria are not met, {len(decision.completeness.missing)} pieces of evidence missing"
    )
    lines.append(f"The gate is {state}. Risk tier {tier['name']} ({'; '.join(tier['reasons'])}).")
    lines.append(identity.run)
    output.result("gate", wire, "\n".join(lines))
    return int(ExitCode.ACCEPTED if decision.accepted else ExitCode.REFUSED)


def _explain(explanation: Any) -> str:
    found = "\n".join(f"    {name} = {value!r}" for name, value in explanation.found.items())
    parts = [
        f"{click.style(explanation.criterion, bold=True)}  {explanation.title}  [{explanation.clause}]",
        f"  why:   {explanation.required}",
        f"  rule:  {explanation.rule}",
        "  found:",
        found,
    ]
    if explanation.verdict != "met":
        parts.append(f"  help:  {explanation.solution}")
    return "\n".join(parts) + "\n"
