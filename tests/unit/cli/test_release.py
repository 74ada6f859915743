"""`lotmark release`: what there is, notes, the bundle, plans; and `verify` against the ledger, on a real release."""

import json
from pathlib import Path

import pytest

from fakes.tiny_product import TinyProduct, call

pytestmark = pytest.mark.verifies("REQ-025", "RC-009")


RUN = "tiny:RUN-0001"


def test_list(tiny: TinyProduct, tiny_released: TinyProduct) -> None:
    called = tiny_released.cli("release", "list")
    assert called.code == 0
    assert RUN in called.out
    assert "✓" in called.out
    (run,) = tiny_released.cli("--format", "json", "release", "list").wire["runs"]
    assert (run["run"], run["version"], run["outcome"]) == (RUN, "1.0.0", "released")
    assert run["artifact"]["name"] == "tool.sh"
    assert run["closedAt"]


def test_list_before_the_first_run(tiny: TinyProduct) -> None:
    assert tiny.cli("release", "list").out == "no run yet; `lotmark run` opens one\n"


def test_an_open_run_is_listed_and_has_neither_notes_nor_bundle(tiny_waiting: TinyProduct, tmp_path: Path) -> None:
    (run,) = tiny_waiting.cli("--format", "json", "release", "list").wire["runs"]
    assert (run["outcome"], run["closedAt"]) == ("open", None)
    for words in (("notes",), ("bundle", "-o", str(tmp_path / "x.zip")), ("notes", "9.9.9")):
        called = tiny_waiting.cli("release", *words)
        assert called.code == 5
        assert "LM-DOS-072" in called.err
    called = tiny_waiting.cli("release", "bundle", "--run", "RUN-0001", "-o", str(tmp_path / "x.zip"))
    assert called.code == 5
    assert "LM-DOS-050" in called.err
    assert tiny_waiting.cli("release", "notes", "--run", RUN).code == 0


def test_notes(tiny_released: TinyProduct) -> None:
    called = tiny_released.cli("release", "notes", "1.0.0")
    assert called.code == 0
    assert called.out.startswith("# Tiny 1.0.0\n")
    wire = tiny_released.cli("--format", "json", "release", "notes").wire
    assert wire["markdown"] == called.out


def test_bundle(tiny_released: TinyProduct, tmp_path: Path) -> None:
    called = tiny_released.cli("release", "bundle", "-o", str(tmp_path / "a.zip"), "--dossier", str(tmp_path / "a.html"))
    assert called.code == 0
    assert called.out.splitlines()[-1] == RUN
    assert b"tiny" in (tmp_path / "a.html").read_bytes().lower()
    wire = tiny_released.cli("--format", "json", "release", "bundle", "1.0.0", "-o", str(tmp_path / "b.zip")).wire
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert wire["path"] == str(tmp_path / "b.zip")
    trust = str(tiny_released.folder / "trust.json")
    assert call("verify", str(tmp_path / "a.zip"), "--trust", trust).code == 0
    shown = called.out.splitlines()[2].split()
    assert shown[:3] == ["verify", "lotmark", "verify"]
    assert call(*shown[2:]).code == 0


# ---- plan and apply


def test_a_plan_is_applied_while_the_log_stands_still(tiny_waiting: TinyProduct, tmp_path: Path) -> None:
    tiny_waiting.approve()
    plan = tmp_path / "plan.json"
    called = tiny_waiting.cli("release", "plan", "-o", str(plan))
    assert called.code == 0
    assert "nobody" in called.out
    wire = json.loads(plan.read_text())
    assert wire["lotmarkPlan"] == 1
    assert wire["run"] == RUN
    assert wire["next"] == ["approval", "deployment", "verification"]
    assert wire["artifact"]["name"] == "tool.sh"
    assert tiny_waiting.cli("release", "apply", str(plan)).code == 0
    assert tiny_waiting.kinds(RUN)["run-closed"] == 1
    called = tiny_waiting.cli("release", "apply", str(plan))
    assert called.code == 1
    assert "LM-DOS-070" in called.err


def test_a_plan_says_who_is_waited_for_and_apply_waits_too(tiny_waiting: TinyProduct, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    wire = tiny_waiting.cli("--format", "json", "release", "plan", "-o", str(plan)).wire
    assert wire["plan"]["waitingFor"] == ["regulatory (review): 0 of 1", "quality-owner (approval): 0 of 1"]
    assert tiny_waiting.cli("release", "apply", str(plan)).code == 8
    tiny_waiting.approve()
    called = tiny_waiting.cli("release", "apply", str(plan))
    assert called.code == 1
    assert "the log stands at size" in called.err
    assert tiny_waiting.kinds(RUN)["run-closed"] == 0


def test_a_plan_before_anything_was_decided(tiny: TinyProduct) -> None:
    called = tiny.cli("release", "plan")
    assert called.code == 5
    assert "LM-CLI-019" in called.err
    tiny.cli("run", "--stage", "build")
    wire = tiny.cli("--format", "json", "release", "plan").wire["plan"]
    assert wire["decision"] is None
    assert wire["artifact"] is None
    assert "none yet" in tiny.cli("release", "plan").out


def test_a_plan_of_another_work_tree_or_commit(tiny_waiting: TinyProduct, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    tiny_waiting.cli("release", "plan", "-o", str(plan))
    changed = json.loads(plan.read_text())
    for change in ({"run": "tiny:RUN-0009"}, {"commit": "0" * 40}, {"version": "9.9.9"}):
        plan.write_text(json.dumps({**changed, **change}))
        called = tiny_waiting.cli("release", "apply", str(plan))
        assert called.code == 1
        assert "LM-DOS-070" in called.err
    plan.write_text(json.dumps(changed))
    tiny_waiting.write({"README.md": "more\n"})
    tiny_waiting.commit()
    assert tiny_waiting.cli("release", "apply", str(plan)).code == 1


@pytest.mark.parametrize("text", ["{}", "[]", "{", '{"lotmarkPlan": 2}', '{"lotmarkPlan": 1, "lotmarkPlan": 1}'])
def test_what_is_no_plan(tiny_waiting: TinyProduct, tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.json").write_text(text)
    assert tiny_waiting.cli("release", "apply", str(tmp_path / "plan.json")).code == 2
    assert tiny_waiting.cli("release", "apply", str(tmp_path / "absent.json")).code == 2


# ---- verify, against the ledger


def test_verify_an_artifact(tiny_released: TinyProduct, tmp_path: Path) -> None:
    (run,) = tiny_released.cli("--format", "json", "release", "list").wire["runs"]
    with tiny_released.workspace() as workspace:
        from lotmark.base.digest import Digest

        data = workspace.ledger.blobs.get(Digest(run["artifact"]["sha256"]))
    (tmp_path / "download.sh").write_bytes(data)
    called = tiny_released.cli("verify", "--artifact", str(tmp_path / "download.sh"))
    assert called.code == 0
    assert f"download.sh is tool.sh of tiny 1.0.0, {RUN}" in called.out
    (tmp_path / "download.sh").write_bytes(data + b"#")
    called = tiny_released.cli("verify", "--artifact", str(tmp_path / "download.sh"))
    assert called.code == 5
    assert "LM-DOS-060" in called.out


def test_verify_a_deployment(tiny_released: TinyProduct) -> None:
    (target,) = [entry["target"]["name"] for entry in tiny_released.predicates("deployment")]
    called = tiny_released.cli("verify", "--deployment", target)
    assert called.code == 0
    assert called.out.startswith(f"1 ✓ passed      {target} runs what was deployed\n")
    assert [line[0] for line in called.out.splitlines() if line[0] in "1234567"] == list("1234567")
    (artifact,) = [path for path in tiny_released.site.rglob("tool.sh") if not path.is_symlink()]
    artifact.chmod(0o755)
    artifact.write_bytes(artifact.read_bytes() + b"# evil\n")
    called = tiny_released.cli("verify", "--deployment", target)
    assert called.code == 6
    assert "LM-DEP-005" in called.out
    assert tiny_released.cli("verify", "--deployment", "nowhere").code == 2
