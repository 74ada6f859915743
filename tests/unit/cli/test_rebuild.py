"""`lotmark build --capsule` and `lotmark rebuild`: exit codes, schema, what they say and leave."""

import datetime as dt
import json
from pathlib import Path

import pytest

from fakes.tiny_product import TinyProduct, call
from lotmark.base.digest import Digest
from lotmark.builds import api as builds
from lotmark.builds.models import CapsuleVerdict, LogCapture, SandboxResult, Verdict

pytestmark = pytest.mark.verifies("REQ-603", "RC-007", "HAZ-004")

OLD, NEW = Digest.of(b"old"), Digest.of(b"new")


def verdict_of(verdict: Verdict, rebuilt: Digest | None, shift: dt.timedelta = dt.timedelta(0)) -> CapsuleVerdict:
    said = LogCapture(b"cc: not found\n", b"", 14)
    result = SandboxResult(127 if verdict is Verdict.FAILED else 0, "", 1.0, said, LogCapture(b"", b"", 0))
    return CapsuleVerdict("1.0", Digest.of(b"key"), verdict, (("out/fw.bin", OLD, rebuilt),), result, shift)


CLAIMS = {
    Verdict.IDENTICAL: "R5: rebuilt",
    Verdict.DIFFERENT: "R5 does not hold: the build gave other outputs",
    Verdict.FAILED: "R5 does not hold: the build failed",
}
ENDS = [(Verdict.IDENTICAL, OLD, 0), (Verdict.DIFFERENT, NEW, 1), (Verdict.DIFFERENT, None, 1), (Verdict.FAILED, None, 1)]


@pytest.mark.parametrize(("verdict", "rebuilt", "code"), ENDS, ids=["identical", "different", "output missing", "failed"])
def test_rebuild_ends_as_its_verdict_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verdict: Verdict, rebuilt: Digest | None, code: int) -> None:
    asked: list[tuple[str, dt.timedelta]] = []

    def rebuild(_: Path, name: str, work: Path, *, shift: dt.timedelta) -> CapsuleVerdict:
        asked.append((name, shift))
        (work / "outputs/out").mkdir(parents=True)
        (work / "outputs/out/fw.bin").write_bytes(b"fw")
        return verdict_of(verdict, rebuilt, shift)

    with monkeypatch.context() as patch:
        patch.setattr(builds, "rebuild_capsule", rebuild)
        words = ("rebuild", "1.0", "--capsule", str(tmp_path), "--years", "10", "-o", str(tmp_path / "made"))
        text, wire = call(*words), call("--format", "json", *words)
    assert (text.code, wire.code) == (code, code)
    how = "from the capsule alone, offline, the clock 3652 days on"
    assert f"{verdict.value}. {CLAIMS[verdict]} {how}. build key" in text.out
    assert ("cc: not found" in text.out) is (verdict is Verdict.FAILED)
    told = json.loads(wire.out)
    assert told["schema"].endswith("rebuild/v1")
    assert told["outputs"] == [{"name": "out/fw.bin", "expected": OLD.hex, "rebuilt": rebuilt.hex if rebuilt else None}]
    assert told["claim"] == ("R5" if verdict is Verdict.IDENTICAL else None)
    assert told["claimText"] == f"{CLAIMS[verdict]} {how}"
    assert told["buildKey"] == Digest.of(b"key").hex
    assert (tmp_path / "made/out/fw.bin").read_bytes() == b"fw"
    assert asked == [("1.0", dt.timedelta(days=3652))] * 2


@pytest.mark.parametrize(
    ("index", "code", "rule"),
    [(None, 5, "LM-BLD-044"), ("{", 6, "LM-BLD-045"), ('{"manifests": []}', 5, "LM-BLD-044"), ('{"manifests": [7]}', 6, "LM-BLD-045")],
    ids=["no capsule", "damaged index", "no release", "no descriptor"],
)
def test_what_is_no_capsule_is_refused(tmp_path: Path, index: str | None, code: int, rule: str) -> None:
    if index is not None:
        (tmp_path / "index.json").write_text(index)
    called = call("rebuild", "1.0", "--capsule", str(tmp_path))
    assert called.code == code
    assert rule in called.err
    assert "help:" in called.err
    assert called.out == ""


@pytest.mark.parametrize("words", [(), ("1.0",), ("1.0", "--capsule", "x", "--years", "-1"), ("1.0", "--capsule", "x", "--years", "soon")])
def test_usage_is_told(words: tuple[str, ...]) -> None:
    assert call("rebuild", *words).code == 2


@pytest.mark.parametrize(("verdict", "rebuilt", "code"), ENDS, ids=["identical", "different", "output missing", "failed"])
def test_a_capsule_that_does_not_agree_refuses_the_build(
    tiny: TinyProduct, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verdict: Verdict, rebuilt: Digest | None, code: int
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(builds, "make_capsule", lambda *_: verdict_of(verdict, rebuilt))
        called = tiny.cli("build", "--capsule", str(tmp_path / "capsules"))
    assert called.code == code
    assert f"of 1.0: {verdict.value}." in called.out
    assert ("cc: not found" in called.out) is (verdict is Verdict.FAILED)


def test_a_build_that_differs_becomes_no_capsule(tiny: TinyProduct, tmp_path: Path) -> None:
    tiny.edit("lotmark.yaml", "[install, -D, src/tool.sh, out/tool.sh]", "[sh, -c, 'mkdir out && date +%s%N > out/tool.sh']")
    tiny.commit()
    called = tiny.cli("build", "--capsule", str(tmp_path / "capsules"))
    assert called.code == 1
    assert "LM-BLD-043" in called.err
    assert not (tmp_path / "capsules").exists()
