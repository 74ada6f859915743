"""Scenario: a firmware that leaks its build conditions; see ``twin-build/README.md``."""

import json
import os
import shutil
from pathlib import Path

import pytest

from fakes.build_world import NO_PYTHON, TODAY, make_clock, make_repo
from lotmark.builds.api import build_twice, probe
from lotmark.builds.models import BuildReport, Dimension
from lotmark.product.models import BuildSection

pytestmark = pytest.mark.verifies("REQ-013", "RC-007")


FOLDER = Path(__file__).parent / "twin-build"
NEEDED = frozenset({Dimension.CLOCK, Dimension.CPUS, Dimension.DIRECTORY_ORDER})


def summary(report: BuildReport) -> dict[str, object]:
    """What holds on every day and every machine."""
    outputs = [
        {
            "name": comparison.name,
            "verdict": comparison.verdict.value,
            "causes": sorted({f"{cause.file}: {cause.dimension.value if cause.dimension else 'not explained'}" for cause in comparison.causes}),
        }
        for comparison in report.comparisons
    ]
    return {"verdict": report.verdict.value, "outputs": outputs}


def test_every_leak_is_found_and_named(tmp_path: Path) -> None:
    if not probe().available:
        pytest.skip(f"no sandbox here: {probe().reason}")
    if shutil.which("make") is None or shutil.which("cc") is None:
        pytest.skip("needs make and a C compiler")
    files: dict[str, str | bytes] = {str(path.relative_to(FOLDER / "in")): path.read_bytes() for path in (FOLDER / "in").rglob("*") if path.is_file()}
    config = BuildSection(command=["make"], outputs=["out/*"])
    report = build_twice(make_repo(tmp_path / "repo", files), "HEAD", config, NO_PYTHON, tmp_path / "work", make_clock(), TODAY)
    if NEEDED & set(report.not_varied):
        pytest.skip(f"this machine cannot vary {', '.join(sorted(NEEDED & set(report.not_varied)))}")
    found = json.dumps(summary(report), indent=2) + "\n"
    expected = FOLDER / "out" / "report.json"
    if os.environ.get("LOTMARK_REGENERATE"):
        expected.write_text(found, encoding="utf-8")
    assert found == expected.read_text(encoding="utf-8"), [lane.result.stdout.last_lines() for lane in report.lanes]
