"""Findings of builds and commands: what was refused or is worth saying, each with its cure. Pure."""

from collections.abc import Mapping

from lotmark.base.findings import Finding, Severity
from lotmark.builds._facts import Measurement
from lotmark.builds._layout import Layout
from lotmark.builds._text import show
from lotmark.builds.models import Dimension, IsolationFacts, OutputComparison, SandboxResult


def judge_run(result: SandboxResult, name: str, timeout: float) -> tuple[Finding, ...]:
    last = show(result.stdout.last_lines(3).replace("\n", " | "))
    if result.stopped == "timeout":
        return (
            Finding(
                "LM-BLD-011",
                f"the build in lane {name} did not end within {timeout:g} s and was killed",
                subject=name,
                help="make it faster, or raise build.timeout in lotmark.yaml",
            ),
        )
    if result.stopped == "quota":
        return (
            Finding(
                "LM-BLD-012",
                f"the build in lane {name} used more disk than it may and was killed",
                subject=name,
                help="let it write less; the log says what it was doing",
            ),
        )
    if result.exit_code:
        return (
            Finding(
                "LM-BLD-010",
                f"the build in lane {name} ended with {result.exit_code}: {last}",
                subject=name,
                help=f"see logs/build-{name}.log; the command had no network and saw only the tracked files",
            ),
        )
    return ()


def changed_finding(who: str, changed: tuple[str, ...], severity: Severity = Severity.ERROR) -> Finding:
    names = ", ".join(show(name) for name in changed[:5])
    return Finding(
        "LM-BLD-015",
        f"{who} changed {len(changed)} tracked file(s): {names}{' ...' if len(changed) > 5 else ''}",
        severity,
        subject=names,
        help="write generated files to paths that git does not track",
    )


def different_finding(comparison: OutputComparison) -> Finding:
    first = comparison.causes[0] if comparison.causes else None
    why = f": {first.text} ({first.file})" if first else ""
    more = f" and {len(comparison.causes) - 1} more cause(s)" if len(comparison.causes) > 1 else ""
    return Finding(
        "LM-BLD-016",
        f"{comparison.name!r} differs between the two builds{why}{more}",
        subject=comparison.name,
        help="take the value out of the build, or derive it from SOURCE_DATE_EPOCH and the sources",
    )


def isolation_findings(measurement: Measurement, isolation: IsolationFacts, layout: Layout, missing: Mapping[Dimension, str]) -> list[Finding]:
    findings: list[Finding] = []
    if measurement.reason:
        findings.append(Finding("LM-BLD-033", f"the isolation could not be measured: {measurement.reason}", Severity.WARNING, help="run `lotmark doctor`"))
    elif not isolation.hermetic:
        findings.append(
            Finding(
                "LM-BLD-020",
                f"the build was not sealed off (backend {isolation.backend})",
                Severity.WARNING,
                help="set environment.backend to bwrap; `lotmark doctor` says what is missing for it",
            )
        )
    for dimension, reason in missing.items():
        findings.append(
            Finding(
                "LM-BLD-021",
                f"{dimension.value} was not varied: {reason}",
                Severity.INFO,
                subject=dimension.value,
                help="`lotmark doctor` says how to make it varied here",
            )
        )
    if layout.python and layout.python.skipped:
        names = ", ".join(str(folder) for folder in layout.python.skipped)
        findings.append(
            Finding(
                "LM-BLD-023",
                f"the editable install of {names} is not shown to the build",
                Severity.WARNING,
                subject=names,
                help="set PYTHONPATH in environment.variables, for instance {source}/src",
            )
        )
    return findings
