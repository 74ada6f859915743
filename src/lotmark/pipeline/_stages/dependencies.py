"""Stage 2, dependencies: locks, licences, vulnerabilities, SBOM; what was not evaluated is refused."""

from lotmark.base.clock import format_instant
from lotmark.base.digest import Digest
from lotmark.pipeline._context import StageContext, read_run
from lotmark.pipeline.models import Outcome, StageResult
from lotmark.supply.api import build_evidence, examine
from lotmark.supply.models import Baseline, RootComponent

SOUP = "quality/soup.yaml"


def _baseline(context: StageContext) -> Baseline | None:
    """The components of the last release, None where there is none or it recorded none."""
    previous = context.previous
    if previous is None:
        return None
    told = read_run(context.settings.reader, previous.run).find("dependencies")
    return None if told is None else Baseline(previous.version, tuple(told.statement.predicate["components"]))


def work(context: StageContext) -> StageResult:
    """Examine what the product is made from, offline."""
    builder = context.builder()
    product = context.product
    section = product.file.product
    opened = context.evidence().predicate("run-opened")
    now = context.settings.clock.now()
    root = RootComponent(product.id, section.name, product.version, section.manufacturer, "firmware" if product.file.package.device else "application")
    report = examine(
        product.root,
        product.file.dependencies,
        product=root,
        python=product.file.environment.interpreter(product.root),
        today=now.date(),
        committed_at=opened["source"]["committedAt"],
        config_root=product.config_root,
        where=lambda path=(): product.document.where(("dependencies", *path)),
        soup=context.pinned(SOUP).read_bytes() if SOUP in dict(context.identity.configuration) else None,
        safety_class=section.safety_class,
        baseline=_baseline(context),
    )
    sbom = Digest.of(report.sbom)
    files = [report.spdx, *(lock.data for lock in report.locks), *(each.data for each in report.inputs)]
    context.store([report.sbom, *files], [])
    locks = [Digest.of(data) for data in files]
    for item in build_evidence(report, run=context.run, subjects=(context.source_subject,), scanned_at=format_instant(now)):
        builder.add(item, [sbom] if item.kind == "sbom" else locks if item.kind == "dependencies" else [])
    affected = sum(1 for match in report.vulnerabilities if match.state == "affected")
    evaluated = f"{affected} known vulnerabilities affect it" if report.dump.evaluated else "vulnerabilities not evaluated"
    summary = f"{len(report.components)} components in {len(report.locks)} {'lock file' if len(report.locks) == 1 else 'lock files'}, {evaluated}"
    if report.none:
        summary = f"no third-party components (declared by {report.none.owner}), {evaluated}"
    return builder.close(Outcome.ACCEPTED if report.accepted else Outcome.REFUSED, summary, report.findings)
