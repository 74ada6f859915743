"""A capsule made by one checkout rebuilds its releases byte for byte: without network, from an empty folder, with the clock ten years on, by a script alone."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from fakes.build_world import TODAY, make_clock, make_repo
from fakes.tiny_product import call
from lotmark.base.digest import Digest
from lotmark.base.errors import IntegrityError
from lotmark.builds._conditions import find_faketime
from lotmark.builds.api import build_twice, make_capsule, probe, rebuild_capsule
from lotmark.builds.models import CapsuleVerdict, Verdict
from lotmark.product.models import BuildSection, EnvironmentSection

pytestmark = pytest.mark.verifies("REQ-603", "RC-007", "HAZ-004")

C = 'static const char version[] = "0.1.0";\nint pump(int stroke) { return version[stroke & 3] * stroke; }\n'
BARE = "set -e; mkdir out; $(cpp -print-prog-name=cc1) -quiet -O1 -o pump.s main.c; as -o pump.o pump.s; ld -e pump -o out/pump pump.o"
"""Compiler, assembler and linker without a C library, as for a device: half of the root that the driver ``gcc`` needs."""
PYTHON = """import os, time, zipfile
when = time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"]))[:6]
os.mkdir("dist")
with zipfile.ZipFile("dist/tool-1.0-py3-none-any.whl", "w") as wheel:
    for name in ("tool/__init__.py", "tool/core.py"):
        wheel.writestr(zipfile.ZipInfo(name, when), open(name).read())
"""
PRODUCTS = {
    "tool-1.0": (
        {"build.py": PYTHON, "tool/__init__.py": "", "tool/core.py": "VERSION = '1.0'\n"},
        BuildSection(command=["/usr/bin/python3", "build.py"], outputs=["dist/*.whl"]),
        EnvironmentSection(python="none", packages=["python3-minimal", "libpython3-stdlib"]),
        "/usr/bin/python3",
    ),
    "pump-0.1.0": (
        {"main.c": C},
        BuildSection(command=["sh", "-c", BARE], outputs=["out/pump"]),
        EnvironmentSection(python="none", packages=["cpp", "binutils"]),
        "/usr/bin/ld",
    ),
}


@pytest.fixture(scope="module", params=PRODUCTS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, CapsuleVerdict]:
    """One product's capsule, its checkout removed."""
    if not probe().available:
        pytest.skip(f"no sandbox here: {probe().reason}")
    name = str(request.param)
    files, config, environment, program = PRODUCTS[name]
    if not Path(program).exists() or not Path("/var/lib/dpkg/status").exists():
        pytest.skip(f"{program} of Debian is not installed")
    place = tmp_path_factory.mktemp("made")
    repo = make_repo(place / "repo", dict(files))
    report = build_twice(repo, "HEAD", config, environment, place / "work", make_clock(), TODAY)
    assert report.verdict is Verdict.IDENTICAL, report.findings
    verdict = make_capsule(place / "capsule", name, repo, report, config, environment, place / "work")
    shutil.rmtree(repo)
    return name, place / "capsule", verdict


def test_it_counts_only_after_it_was_rebuilt_from(made: tuple[str, Path, CapsuleVerdict]) -> None:
    _, _, verdict = made
    assert verdict.verdict is Verdict.IDENTICAL, verdict.result.stdout.data
    assert verdict.claim_text() == "R5: rebuilt from the capsule alone, offline"
    assert all(old == new for _, old, new in verdict.outputs)


def test_a_script_rebuilds_it_without_network_from_an_empty_folder(made: tuple[str, Path, CapsuleVerdict], tmp_path: Path) -> None:
    name, capsule, verdict = made
    line = ["unshare", *([] if os.geteuid() == 0 else ["-r"]), "-n", str(capsule / f"rebuild-{name}.sh"), "rebuilt"]
    result = subprocess.run(line, cwd=tmp_path, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "IDENTICAL" in result.stdout
    [(output, digest, _)] = verdict.outputs
    assert Digest.of_file(tmp_path / "rebuilt" / output) == digest


@pytest.mark.parametrize("made", ["tool-1.0"], indirect=True)
def test_a_drill_ten_years_on_gives_the_same_bytes(made: tuple[str, Path, CapsuleVerdict], tmp_path: Path) -> None:
    if not find_faketime():
        pytest.skip("libfaketime is not installed")
    name, capsule, _ = made
    called = call("rebuild", name, "--capsule", str(capsule), "--years", "10", "-o", str(tmp_path / "made"))
    assert called.code == 0, called.err
    assert "IDENTICAL. R5: rebuilt from the capsule alone, offline, the clock 3652 days on." in called.out
    [(output, digest, _)] = made[2].outputs
    assert Digest.of_file(tmp_path / "made" / output) == digest


def test_a_blob_with_another_byte_is_not_unpacked(made: tuple[str, Path, CapsuleVerdict], tmp_path: Path) -> None:
    name, capsule, _ = made
    copy = tmp_path / "copy"
    shutil.copytree(capsule, copy, copy_function=os.link)
    biggest = max((copy / "blobs/sha256").iterdir(), key=lambda path: path.stat().st_size)
    biggest.unlink()
    biggest.write_bytes(b"another root")
    with pytest.raises(IntegrityError) as caught:
        rebuild_capsule(copy, name, tmp_path / "work")
    assert caught.value.code == "LM-BLD-045"
    assert not (tmp_path / "work/outputs").exists()
    script = subprocess.run([str(copy / f"rebuild-{name}.sh")], cwd=tmp_path, capture_output=True, check=False)
    assert script.returncode == 6
