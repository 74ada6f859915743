"""What a bundle holds, that it is always the same, and that a stranger can check it."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fakes.bundles import find, pack, unpack
from fakes.release_log import ARTIFACT, DIGEST, NAME, RUN, ReleaseLog
from lotmark.attest.api import parse_trust_policy
from lotmark.base.digest import Digest
from lotmark.base.errors import IntegrityError, NothingToJudgeError
from lotmark.dossier._bundle_manifest import ALLOWED, format_manifest, parse_manifest, parse_proofs
from lotmark.dossier.api import select_scope
from lotmark.ledger.api import verify_headers, verify_log_checkpoint

pytestmark = pytest.mark.verifies("REQ-022", "RC-003")


TOOLS = ("unzip", "openssl", "sha256sum", "base64", "python3", "bash")


def test_two_exports_are_the_same_bytes(released: ReleaseLog, bundle: Path, tmp_path: Path) -> None:
    summary = released.bundle(tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == bundle.read_bytes()
    assert summary.sha256 == Digest.of_file(bundle).hex
    assert summary.size == bundle.stat().st_size
    assert summary.to_wire() == {
        "path": str(tmp_path / "again.zip"),
        "sha256": summary.sha256,
        "size": summary.size,
        "files": len(unpack(bundle)),
        "entries": 43,
        "blobs": 6,
        "run": RUN,
        "version": "1.4.0",
        "logSize": 43,
    }


def test_an_export_after_more_entries_is_the_same_bytes(bundle: Path, tmp_path: Path) -> None:
    log = ReleaseLog().record()
    log.key("enrol", "later", "person")
    log.waive(waiver="qpcr:WVR-0002")
    log.withdraw(log.last("approval"), "rene")
    log.bundle(tmp_path / "later.zip")
    assert (tmp_path / "later.zip").read_bytes() == bundle.read_bytes()


def test_what_is_in_it(bundle: Path, released: ReleaseLog) -> None:
    files = unpack(bundle)
    kinds = [re.fullmatch(r"envelopes/(\d{4})-(.*)\.json", name) for name in files if name.startswith("envelopes/")]
    assert [(int(match[1]), match[2]) for match in kinds if match] == [(entry.index, entry.header.kind) for entry in released.ledger.entries()]
    for entry in released.ledger.entries():
        assert files[f"envelopes/{entry.index:04d}-{entry.header.kind}.json"] == released.ledger.envelope(entry).raw
    assert files[f"blobs/sha256/{DIGEST.hex}"] == ARTIFACT
    assert {name for name in files if name.startswith("blobs/")} == {
        f"blobs/sha256/{Digest.of(data).hex}" for data in [ARTIFACT, *released.configuration.values()]
    }
    assert parse_trust_policy(files["trust/trust.json"].rstrip()) == released.trust
    assert files["dossier.html"] == b"<html></html>\n"
    assert "dossier.pdf" not in files
    assert all(name == "manifest.json" or ALLOWED.match(name) for name in files)


def test_the_manifest_lists_every_other_file(bundle: Path) -> None:
    files = unpack(bundle)
    manifest = parse_manifest(files["manifest.json"])
    assert [file.path for file in manifest.files] == sorted(set(files) - {"manifest.json"})
    assert all(file.sha256 == Digest.of(files[file.path]).hex and file.size == len(files[file.path]) for file in manifest.files)
    assert (manifest.product, manifest.version, manifest.run, manifest.outcome, manifest.log_size) == ("qpcr", "1.4.0", RUN, "released", 43)
    assert json.loads(files["manifest.json"])["lotmarkBundle"] == 1


def test_the_log_in_it_holds(bundle: Path, released: ReleaseLog) -> None:
    files = unpack(bundle)
    checkpoint = verify_log_checkpoint(files["log/checkpoint"], [released.trust.log_key])
    assert len(verify_headers(files["log/headers"], checkpoint)) == 43
    (size, root), proofs = parse_proofs(files["log/proofs.json"])
    assert (size, root) == (checkpoint.size, checkpoint.root)
    assert sorted(proofs) == list(range(43))


def test_a_pdf_lies_in_it_if_there_is_one(released: ReleaseLog, tmp_path: Path) -> None:
    released.bundle(tmp_path / "x.zip", pdf=b"%PDF-1.7")
    assert unpack(tmp_path / "x.zip")["dossier.pdf"] == b"%PDF-1.7"


def test_other_runs_and_products_stay_out(tmp_path: Path) -> None:
    log = ReleaseLog()
    log.found()
    log.waive()
    other = log.record_one("stage-result", {"run": "qpcr:RUN-0000"}, scope="run:qpcr:RUN-0000")
    foreign = log.record_one("stage-result", {"run": "pump:RUN-0001"}, scope="product:pump")
    release = log.record_one("stage-result", {"note": "an amendment"}, scope="release:qpcr@1.4.0")
    log.open()
    log.work()
    log.decide()
    log.approve("quinn", "quality-owner", "approval")
    log.approve("rene", "regulatory", "review")
    log.conclude()
    log.close()
    scope = select_scope(log.reader, RUN)
    own = {entry.index for entry in scope.verified}
    assert other.index not in own
    assert foreign.index not in own
    assert release.index in own
    assert {entry.kind for entry in scope.product_entries} == {"key-event", "waiver", "stage-result"}
    assert all(entry.statement.predicate.get("run", RUN) == RUN for entry in scope.run_entries)
    assert len(scope.run_entries) + len(scope.product_entries) == len(scope.verified)


def test_an_open_run_has_no_bundle(tmp_path: Path) -> None:
    log = ReleaseLog()
    log.found()
    with pytest.raises(NothingToJudgeError) as caught:
        log.bundle(tmp_path / "x.zip")
    assert caught.value.code == "LM-DOS-050"
    log.waive()
    log.open()
    log.work()
    with pytest.raises(NothingToJudgeError):
        log.bundle(tmp_path / "x.zip")
    assert not (tmp_path / "x.zip").exists()


def test_a_refused_run_has_one(tmp_path: Path) -> None:
    log = ReleaseLog()
    log.record(until="open")
    log.close("refused")
    summary = log.bundle(tmp_path / "x.zip")
    guide = unpack(tmp_path / "x.zip")["VERIFY.md"].decode()
    assert summary.entries == 9
    assert "refused" in guide
    assert "none was made" in guide


@pytest.mark.attack("R04")
@pytest.mark.parametrize("spoil", [lambda blobs, digest: blobs.pop(digest), lambda blobs, digest: blobs.update({digest: b"other"})], ids=["missing", "changed"])
def test_r04_a_broken_blob_is_never_exported(tmp_path: Path, spoil) -> None:
    log = ReleaseLog().record()
    spoil(log.ledger.blobs._blobs, DIGEST)
    with pytest.raises(IntegrityError) as caught:
        log.bundle(tmp_path / "x.zip")
    assert caught.value.code == "LM-DOS-013"
    assert DIGEST.hex in caught.value.reason
    assert not (tmp_path / "x.zip").exists()


# ---- the manifest's one form


def test_every_byte_of_the_manifest_counts(bundle: Path) -> None:
    """What is accepted after a change still says something else, so that a file or a record contradicts it."""
    good = unpack(bundle)["manifest.json"]
    manifest = parse_manifest(good)
    assert format_manifest(manifest) == good
    for position in range(len(good)):
        data = bytearray(good)
        data[position] ^= 1
        try:
            changed = parse_manifest(bytes(data))
        except IntegrityError:
            continue
        assert changed != manifest


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('"lotmarkBundle": 1', '"lotmarkBundle": 2'),
        lambda text: text.replace('"run": "qpcr:', '"run": "pump:'),
        lambda text: text.replace('"files": [', '"more": 1,\n "files": ['),
        lambda text: text.rstrip("\n"),
        lambda text: text.replace('"product"', '"run": "qpcr:RUN-0001",\n "product"'),
        lambda text: text.replace("log/headers", "log/zeaders"),
        lambda _: "[]\n",
        lambda _: "{",
    ],
)
def test_a_manifest_of_another_form(bundle: Path, change) -> None:
    text = unpack(bundle)["manifest.json"].decode()
    with pytest.raises(IntegrityError) as caught:
        parse_manifest(change(text).encode())
    assert caught.value.code == "LM-DOS-003"
    assert caught.value.where == "manifest.json"


@pytest.mark.parametrize("data", [b"{}", b"[]", b"{", b'{"size":1,"root":"!","entries":[]}'])
def test_proofs_of_another_form(data: bytes) -> None:
    with pytest.raises(IntegrityError) as caught:
        parse_proofs(data)
    assert caught.value.code == "LM-DOS-014"


# ---- the guide


def commands(files: dict[str, bytes]) -> str:
    blocks = re.findall(r"```sh\n(.*?)```", files["VERIFY.md"].decode(), re.DOTALL)
    return "set -euo pipefail\n" + "\n".join(blocks)


def follow(files: dict[str, bytes], path: Path, trust: bytes, folder: Path) -> subprocess.CompletedProcess[str]:
    """Do what VERIFY.md says, with nothing of Lotmark."""
    for tool in TOOLS:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    folder.mkdir()
    shutil.copy(path, folder / "bundle.zip")
    (folder.parent / "trust.json").write_bytes(trust)
    script = commands(files)
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, env={"PATH": "/usr/bin:/bin", "TRUST": "../trust.json", "LC_ALL": "C"}, capture_output=True, text=True, check=False
    )


def test_the_commands_of_the_guide_work(bundle: Path, released: ReleaseLog, tmp_path: Path) -> None:
    files = unpack(bundle)
    done = follow(files, bundle, files["trust/trust.json"], tmp_path / "empty")
    assert done.returncode == 0, done.stderr
    assert "Signature Verified Successfully" in done.stdout
    assert f"43 records are in the log, none of {RUN} is left out" in done.stdout
    guide = files["VERIFY.md"].decode()
    assert NAME in guide
    assert DIGEST.hex in guide
    assert "@@" not in guide


def change_blob(files: dict[str, bytes]) -> None:
    files[f"blobs/sha256/{DIGEST.hex}"] = b"evil bytes!!"


def change_signature(files: dict[str, bytes]) -> None:
    name = find(files, "decision")
    envelope = json.loads(files[name])
    sig = envelope["signatures"][0]["sig"]
    envelope["signatures"][0]["sig"] = ("B" if sig[0] == "A" else "A") + sig[1:]
    files[name] = json.dumps(envelope, separators=(",", ":"), sort_keys=True).encode()


def change_headers(files: dict[str, bytes]) -> None:
    files["log/headers"] = files["log/headers"].replace(b"decision", b"decisioN")


def leave_out(files: dict[str, bytes]) -> None:
    del files[find(files, "approval")]


def change_checkpoint(files: dict[str, bytes]) -> None:
    files["log/checkpoint"] = files["log/checkpoint"].replace(b"\n43\n", b"\n44\n")


@pytest.mark.parametrize(
    ("change", "honest"),
    [(change_blob, False), (change_signature, True), (change_headers, True), (leave_out, True), (change_checkpoint, True)],
)
def test_the_commands_of_the_guide_notice(bundle: Path, tmp_path: Path, change, honest: bool) -> None:
    files = unpack(bundle)
    trust = files["trust/trust.json"]
    change(files)
    path = pack(tmp_path / "evil.zip", files, honest=honest)
    assert follow(files, path, trust, tmp_path / "empty").returncode != 0


def test_the_commands_of_the_guide_want_the_root_key_of_the_reader(bundle: Path, tmp_path: Path) -> None:
    files = unpack(bundle)
    trust = json.loads(files["trust/trust.json"])
    trust["roots"] = ["A" * 43 + "="]
    assert follow(files, bundle, json.dumps(trust, separators=(",", ":")).encode(), tmp_path / "empty").returncode != 0
