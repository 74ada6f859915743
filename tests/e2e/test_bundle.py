"""The bundle of a real release: made twice, made later, changed by a byte, checked without Lotmark."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fakes.bundles import unpack
from fakes.tiny_product import TinyProduct, call
from fakes.tiny_world import own_configuration, tiny_released

pytestmark = pytest.mark.verifies("REQ-019")


__all__ = ["own_configuration", "tiny_released"]


def export(tiny: TinyProduct, path: Path, *words: str) -> bytes:
    called = tiny.cli("release", "bundle", *words, "-o", str(path))
    assert called.code == 0, called.err
    return path.read_bytes()


def test_made_again_after_the_next_release_it_is_the_same(tiny_released: TinyProduct, tmp_path: Path) -> None:
    first = export(tiny_released, tmp_path / "first.zip")
    tiny_released.edit("src/tool.sh", "VERSION=1.0.0", "VERSION=1.1.0")
    tiny_released.commit("The next version\n\nRefs: REQ-002")
    tiny_released.release()
    assert export(tiny_released, tmp_path / "again.zip", "1.0.0") == first
    second = export(tiny_released, tmp_path / "second.zip")
    assert second != first
    trust = ("--trust", str(tiny_released.folder / "trust.json"))
    for name in ("first", "second"):
        called = call("verify", str(tmp_path / f"{name}.zip"), *trust)
        assert called.code == 0, called.out
    assert "the log tells of other runs: tiny:RUN-0001" in called.out


def test_one_changed_byte_is_found_and_its_file_named(tiny_released: TinyProduct, tmp_path: Path) -> None:
    from lotmark.attest.api import parse_trust_policy
    from lotmark.bootstrap.api import registry
    from lotmark.dossier.api import verify_bundle

    good = export(tiny_released, tmp_path / "good.zip")
    trust = parse_trust_policy((tiny_released.folder / "trust.json").read_bytes())
    kinds = registry()
    place = tmp_path / "changed.zip"
    for position in range(0, len(good), max(1, len(good) // 400)):
        data = bytearray(good)
        data[position] ^= 0x40
        place.write_bytes(data)
        report = verify_bundle(place, trust=trust, registry=kinds)
        assert report.exit_code == 6, position
        assert report.findings[0].subject


def test_a_stranger_checks_it_with_openssl(tiny_released: TinyProduct, tmp_path: Path) -> None:
    for tool in ("unzip", "openssl", "sha256sum", "bash"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    empty = tmp_path / "empty"
    empty.mkdir()
    export(tiny_released, empty / "bundle.zip")
    guide = unpack(empty / "bundle.zip")["VERIFY.md"].decode()
    script = "set -euo pipefail\n" + "\n".join(re.findall(r"```sh\n(.*?)```", guide, re.DOTALL))
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=empty,
        env={"PATH": "/usr/bin:/bin", "TRUST": str(tiny_released.folder / "trust.json")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "none of tiny:RUN-0001 is left out" in done.stdout


def test_verifying_needs_neither_product_nor_ledger(tiny_released: TinyProduct, tmp_path: Path) -> None:
    export(tiny_released, tmp_path / "bundle.zip")
    shutil.copy(tiny_released.folder / "trust.json", tmp_path / "trust.json")
    shutil.rmtree(tiny_released.folder)
    called = call("verify", str(tmp_path / "bundle.zip"), "--trust", str(tmp_path / "trust.json"))
    assert called.code == 0, called.out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle.zip", "trust.json"]
