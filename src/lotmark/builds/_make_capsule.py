"""Make a capsule that is known to work: written, then rebuilt once from itself, and taken back if that does not agree."""

from pathlib import Path

from lotmark.base.errors import RefusedError
from lotmark.builds._capsule import provisional, write_capsule
from lotmark.builds._layout import make_layout
from lotmark.builds._rebuild import rebuild_capsule
from lotmark.builds._rootfs import close_over, read_packages
from lotmark.builds._scratch import open_scratch
from lotmark.builds._source import stage_source
from lotmark.builds.models import BuildReport, CapsuleVerdict, Verdict
from lotmark.product.models import BuildSection, EnvironmentSection

_STATUS = Path("/var/lib/dpkg/status")


def make_capsule(folder: Path, name: str, repo: Path, report: BuildReport, config: BuildSection, environment: EnvironmentSection, work: Path) -> CapsuleVerdict:
    """Write the capsule and rebuild from it; see `lotmark.builds.api.make_capsule`."""
    if report.verdict is not Verdict.IDENTICAL or not report.isolation.hermetic or environment.backend != "bwrap":
        raise RefusedError(
            "LM-BLD-043",
            f"the build ended as {report.verdict.value}{'' if report.isolation.hermetic else ', not sealed off'}; a capsule must give the same bytes again",
            solution="remove the causes of the differences, and build with environment.backend: bwrap",
        )
    layout = make_layout(environment, repo)
    status = _STATUS.read_text(encoding="utf-8", errors="replace") if _STATUS.is_file() else ""
    packages = close_over(read_packages(status), environment.packages)
    with provisional(folder, name) as keep:
        with open_scratch(work) as scratch:
            staged = stage_source(repo, report.commit, scratch / "source")
            write_capsule(folder, name, report, staged, config, layout, packages)
        verdict = rebuild_capsule(folder, name, work / "capsule")
        if verdict.verdict is Verdict.IDENTICAL:
            keep()
    return verdict
