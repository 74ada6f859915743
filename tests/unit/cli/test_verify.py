"""`lotmark verify`: each step with mark and word, the exit codes, the forms of the result."""

import json
from pathlib import Path

import pytest

from fakes.bundles import find, pack, unpack
from fakes.release_log import ARTIFACT, REGISTRY, ReleaseLog
from fakes.tiny_product import call

pytestmark = pytest.mark.verifies("REQ-025", "RC-009")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    log = ReleaseLog().record()
    log.bundle(folder / "bundle.zip")
    (folder / "trust.json").write_bytes(unpack(folder / "bundle.zip")["trust/trust.json"])
    return folder / "bundle.zip"


@pytest.fixture(autouse=True)
def _small_world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("lotmark.bootstrap.api.registry", lambda: REGISTRY)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def trust(bundle: Path) -> tuple[str, str]:
    return "--trust", str(bundle.with_name("trust.json"))


def test_accepted(bundle: Path) -> None:
    called = call("verify", str(bundle), *trust(bundle))
    assert called.code == 0
    lines = called.out.splitlines()
    assert [line[0] for line in lines if not line.startswith(" ")][:8] == list("12345678")
    assert lines[0] == "1 ✓ passed      the archive is safe"
    assert lines[-1] == "qpcr 1.4.0, qpcr:RUN-0001: ✓ accepted"
    assert "Quinn Example (quality-owner), approval, 2026-11-23T12:00:30.000Z" in called.out
    assert called.err == ""


def test_json_has_a_schema(bundle: Path) -> None:
    wire = call("--format", "json", "verify", str(bundle), *trust(bundle)).wire
    assert wire["schema"] == "https://lotmark.dev/output/verification/v1"
    assert wire["verdict"] == "accepted"
    assert [step["verdict"] for step in wire["steps"]] == ["passed"] * 8
    assert wire["about"]["artifact"]["name"] == "qpcr-1.4.0.whl"


def test_a_known_log_needs_no_trust_file(bundle: Path) -> None:
    from lotmark.attest.api import parse_trust_policy
    from lotmark.bootstrap.api import remember_log

    called = call("verify", str(bundle))
    assert called.code == 4
    assert "LM-DOS-007" in called.out
    assert "--trust FILE" in called.out
    assert called.out.splitlines()[-1].endswith("- not checked to the end")
    assert "- not-checked" in called.out
    remember_log(parse_trust_policy(bundle.with_name("trust.json").read_bytes()))
    assert call("verify", str(bundle)).code == 0


def test_refused_and_broken(bundle: Path, tmp_path: Path) -> None:
    ReleaseLog().record(signers=(("quinn", "quality-owner", "approval"),)).bundle(tmp_path / "x.zip")
    called = call("verify", str(tmp_path / "x.zip"), *trust(bundle))
    assert called.code == 1
    assert "✗ LM-DOS-030 regulatory (review): 0 of 1 signatures" in called.out
    assert called.out.splitlines()[-1].endswith("✗ refused")
    data = bytearray(bundle.read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "x.zip").write_bytes(data)
    called = call("verify", str(tmp_path / "x.zip"), *trust(bundle))
    assert called.code == 6
    assert called.out.splitlines()[-1].endswith("✗ broken: do not rely on it")
    called = call("--format", "sarif", "verify", str(tmp_path / "x.zip"), *trust(bundle))
    assert called.code == 6
    assert json.loads(called.out)["runs"][0]["results"]


def test_incomplete_only_if_asked(bundle: Path, tmp_path: Path) -> None:
    files = unpack(bundle)
    del files[find(files, "deployment-check")]
    files["log/proofs.json"] = json.dumps(
        {**(proofs := json.loads(files["log/proofs.json"])), "entries": [item for item in proofs["entries"] if item["envelope"] in files]}
    ).encode()
    pack(tmp_path / "x.zip", files)
    called = call("verify", str(tmp_path / "x.zip"), *trust(bundle))
    assert called.code == 6
    assert "INCOMPLETE" in called.out
    called = call("verify", str(tmp_path / "x.zip"), *trust(bundle), "--allow-incomplete")
    assert called.code == 0
    assert "completeness was not asked for" in called.out


def test_the_file_in_hand(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.whl").write_bytes(ARTIFACT)
    assert call("verify", str(bundle), *trust(bundle), "--artifact", str(tmp_path / "mine.whl")).code == 0
    (tmp_path / "mine.whl").write_bytes(ARTIFACT[::-1])
    called = call("verify", str(bundle), *trust(bundle), "--artifact", str(tmp_path / "mine.whl"))
    assert called.code == 6
    assert "LM-DOS-022" in called.out


@pytest.mark.parametrize("words", [("verify",), ("verify", "x.zip", "--deployment", "site"), ("verify", "--artifact", "a", "--deployment", "site")])
def test_one_thing_at_a_time(words: tuple[str, ...]) -> None:
    called = call(*words)
    assert called.code == 2
    assert "name one thing to verify" in called.err


def test_files_that_are_not_there(bundle: Path, tmp_path: Path) -> None:
    assert call("verify", str(tmp_path / "absent.zip"), *trust(bundle)).code == 2
    called = call("verify", str(bundle), "--trust", str(tmp_path / "absent.json"))
    assert called.code == 2
    assert "LM-DOS-002" in called.err
    (tmp_path / "trust.json").write_text("{}")
    assert call("verify", str(bundle), "--trust", str(tmp_path / "trust.json")).code == 2


@pytest.mark.verifies("REQ-352")
def test_a_bundle_opens_the_addresses_behind_its_signatures(tiny_released):
    """The key events hold commitments; whoever has the bundle sees the address and computes that it is the one."""
    bundle = tiny_released.folder / "named.zip"
    assert tiny_released.cli("release", "bundle", "-o", str(bundle)).code == 0
    values = {each["value"] for each in json.loads(unpack(bundle)["names/openings.json"])["openings"]}
    assert "quinn@example.org" in values
    assert not any("dana" in value and "commit" in value for value in values)
    told = call("verify", str(bundle), "--trust", str(tiny_released.folder / "trust.json"))
    assert (told.code, "names and addresses opened" in told.out) == (0, True)


@pytest.mark.verifies("REQ-352")
def test_a_product_that_keeps_names_in_the_house_opens_none(tiny_released):
    path = tiny_released.root / "lotmark.yaml"
    path.write_text(path.read_text() + "\nrecords:\n  names-in-bundles: false\n")
    bundle = tiny_released.folder / "sealed.zip"
    called = tiny_released.cli("release", "bundle", "-o", str(bundle))
    assert called.code == 0, called.err
    files = unpack(bundle)
    assert "names/openings.json" not in files
    assert not any(b"quinn@example.org" in data for name, data in files.items() if not name.startswith("blobs/"))
    assert call("verify", str(bundle), "--trust", str(tiny_released.folder / "trust.json")).code == 0
