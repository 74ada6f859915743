"""Compare the outputs of two lanes, cheapest first: artifact set, sha256, declared comparator, explanation. Pure but for reading the files."""

import datetime as dt
from collections.abc import Sequence

from lotmark.base.findings import Finding, Severity
from lotmark.builds._causes import ExplainFacts
from lotmark.builds._comparators import RunComparator, apply_comparators, no_sandbox
from lotmark.builds._explain import explain
from lotmark.builds.models import Cause, Dimension, OutputComparison, OutputFile, Verdict
from lotmark.product.models import Comparator

_MAX_EXPLAINED = 256 * 2**20


def compare_outputs(
    first: Sequence[OutputFile],
    second: Sequence[OutputFile],
    comparators: list[Comparator],
    facts: ExplainFacts,
    today: dt.date,
    run: RunComparator = no_sandbox,
) -> tuple[tuple[OutputComparison, ...], tuple[Finding, ...]]:
    """One comparison per output of either lane, by name, and the findings of comparators."""
    left = {output.name: output for output in first}
    right = {output.name: output for output in second}
    comparisons: list[OutputComparison] = []
    findings: list[Finding] = []
    for name in sorted(left.keys() | right.keys()):
        if name not in right:
            comparisons.append(_one_sided(left[name], "A"))
        elif name not in left:
            comparisons.append(_one_sided(right[name], "B"))
        else:
            comparison, more = _compare(left[name], right[name], comparators, facts, today, run)
            comparisons.append(comparison)
            findings += more
    return tuple(comparisons), tuple(findings)


def worst_verdict(comparisons: Sequence[OutputComparison]) -> Verdict:
    """The verdict of the whole from those of its outputs."""
    verdicts = {comparison.verdict for comparison in comparisons}
    return next((verdict for verdict in (Verdict.DIFFERENT, Verdict.EQUIVALENT) if verdict in verdicts), Verdict.IDENTICAL)


def _one_sided(output: OutputFile, lane: str) -> OutputComparison:
    cause = Cause(output.name, f"it stands in lane {lane} only")
    return OutputComparison(
        output.name, output.size, output.digest if lane == "A" else None, output.digest if lane == "B" else None, Verdict.DIFFERENT, causes=(cause,)
    )


def _compare(
    one: OutputFile, two: OutputFile, comparators: list[Comparator], facts: ExplainFacts, today: dt.date, run: RunComparator
) -> tuple[OutputComparison, list[Finding]]:
    causes: tuple[Cause, ...] = ()
    if one.executable != two.executable:
        causes = (
            Cause(
                one.name,
                f"it is {'' if one.executable else 'not '}executable in A and {'' if two.executable else 'not '}executable in B",
                dimension=Dimension.UMASK,
            ),
        )
    if one.digest == two.digest:
        return OutputComparison(one.name, one.size, one.digest, two.digest, Verdict.DIFFERENT if causes else Verdict.IDENTICAL, causes=causes), []
    if max(one.size, two.size) > _MAX_EXPLAINED:
        causes = (*causes, Cause(one.name, f"{one.size} bytes in A, {two.size} in B; too big to compare further"))
        return OutputComparison(one.name, one.size, one.digest, two.digest, Verdict.DIFFERENT, causes=causes), []
    first, second = one.path.read_bytes(), two.path.read_bytes()
    applied, findings = apply_comparators(one.name, first, second, comparators, today, run) if not causes else (None, [])
    causes = (*causes, *explain(one.name, first, second, facts))
    if applied:
        findings.append(
            Finding(
                "LM-BLD-019",
                f"{one.name!r} differs between the builds, only in what the {applied.kind} comparator allows: {applied.reason}",
                Severity.INFO,
                subject=one.name,
                help=f"{applied.owner} answers for it until {applied.expires}",
            )
        )
    verdict = Verdict.EQUIVALENT if applied else Verdict.DIFFERENT
    return OutputComparison(one.name, one.size, one.digest, two.digest, verdict, applied, causes), findings
