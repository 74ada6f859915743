"""Stage 3, build: the declared command in the sandbox, twice under different conditions, outputs compared."""

from lotmark import __version__
from lotmark.attest.models import Evidence
from lotmark.base.digest import Digest
from lotmark.base.findings import Finding, has_errors
from lotmark.builds.api import build_twice
from lotmark.builds.models import BuildReport, Verdict
from lotmark.builds.predicates import provenance_evidence, rebuild_evidence
from lotmark.pipeline._context import StageContext
from lotmark.pipeline.models import Outcome, StageResult


def work(context: StageContext) -> StageResult:
    """Build twice and compare. A difference is recorded here and judged by the policy; no usable build is refused here."""
    builder = context.builder()
    product = context.product
    report = build_twice(
        product.root,
        context.identity.commit,
        product.file.build,
        product.file.environment,
        context.work_folder(),
        context.settings.clock,
        context.settings.clock.now().date(),
        progress=context.note,
    )
    blobs = context.store([], [*(output.path for output in report.outputs), *(lane.log.path for lane in report.lanes)])
    if report.outputs:
        builder.add(_provenance(context, report), blobs)
    builder.add(rebuild_evidence(report, context.run), blobs)
    findings = list(report.findings)
    usable = report.verdict is not Verdict.FAILED and bool(report.outputs)
    if not usable and not has_errors(findings):
        findings.append(Finding("LM-PIP-012", f"the build ended as {report.verdict.value} and left no outputs", help="`lotmark build` shows the log"))
    return builder.close(Outcome.ACCEPTED if usable else Outcome.REFUSED, summarise(report), findings)


def _provenance(context: StageContext, report: BuildReport) -> Evidence:
    product = context.product
    source = context.evidence().predicate("run-opened")["source"]
    # A lock file lies in the repository, or beside a configuration that was given from outside.
    places = [(lock.path, (product.root / lock.path, product.config_root / lock.path)) for lock in product.file.dependencies.locks]
    found = [(name, next((path for path in paths if path.is_file()), None)) for name, paths in places]
    return provenance_evidence(
        report,
        context.run,
        product.file.build,
        product.file.environment,
        repository=source["repository"],
        ref=source["ref"],
        locks=[(name, Digest.of_file(path)) for name, path in found if path is not None],
        version=__version__,
    )


def summarise(report: BuildReport) -> str:
    """The verdict in one line."""
    names = ", ".join(output.name for output in report.outputs[:3]) or "nothing"
    return f"{report.verdict.value}: {names}; {report.claim_text()}"
