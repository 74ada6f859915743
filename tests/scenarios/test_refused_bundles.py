"""Scenario: bundles that somebody changed, and what an offline verification answers; see ``refused-bundles/README.md``."""

import base64
import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.bundles import TRUST, find, pack, unpack, verify
from fakes.keyring import signer
from fakes.ledger import policy
from fakes.note_signers import NoteKey
from fakes.release_log import DIGEST, ReleaseLog
from lotmark.attest.api import sign_payload
from lotmark.base.digest import Digest
from lotmark.dossier.models import VerificationReport
from lotmark.tlog.models import KeyType

pytestmark = pytest.mark.verifies("REQ-022", "REQ-025", "RC-001")

FOLDER = Path(__file__).parent / "refused-bundles"
Files = dict[str, bytes]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    path = tmp_path_factory.mktemp("refused") / "bundle.zip"
    ReleaseLog().record().bundle(path)
    return unpack(path)


def without(*names: str) -> Callable[[Files], Files]:
    return lambda files: {name: data for name, data in files.items() if name not in names}


def without_kind(kind: str, number: int = 0) -> Callable[[Files], Files]:
    return lambda files: without(find(files, kind, number))(files)


def forged(kind: str, old: bytes, new: bytes, by: str) -> Callable[[Files], Files]:
    """The record says something else, signed again with some key."""

    def change(files: Files) -> Files:
        name = find(files, kind)
        payload = base64.b64decode(json.loads(files[name])["payload"])
        assert old in payload
        return {**files, name: sign_payload(payload.replace(old, new), signer(by)).raw}

    return change


def edited(name: str, change: Callable[[bytes], bytes]) -> Callable[[Files], Files]:
    return lambda files: {**files, name: change(files[name])}


def exchanged(first: str, second: str) -> Callable[[Files], Files]:
    """Two records of the run in each other's place."""

    def change(files: Files) -> Files:
        one, two = find(files, first), find(files, second)
        return {**files, one: files[two], two: files[one]}

    return change


def proofs(change: Callable[[dict], None]) -> Callable[[Files], Files]:
    def apply(files: Files) -> Files:
        wire = json.loads(files["log/proofs.json"])
        change(wire)
        return {**files, "log/proofs.json": json.dumps(wire).encode()}

    return apply


def swapped_proofs(wire: dict) -> None:
    first, second = wire["entries"][3], wire["entries"][4]
    first["proof"], second["proof"] = second["proof"], first["proof"]


CHANGES: dict[str, Callable[[Files], Files]] = {
    "a02 the approval is left out": without_kind("approval"),
    "o06 a failed stage is left out": without_kind("stage-result", 3),
    "o06 the whole decision is left out": without_kind("decision"),
    "o01 the opening is left out": without_kind("run-opened"),
    "e08 a revocation or enrolment is left out": without_kind("key-event", 1),
    "t04 the waiver is left out": without_kind("waiver"),
    "a06 the verdict is turned, signed by the pipeline": forged("decision", b'"accepted"', b'"refused!"', "pipeline"),
    "a02 the approver is exchanged, signed by him": forged("approval", b"quinn", b"omar!", "omar"),
    "o03 a failed test is made a pass, signed by a thief": forged("test-run", b'"passed":', b'"passed" :', "thief"),
    "l05 two records change places": exchanged("sbom", "rebuild"),
    "l18 a header is changed": edited("log/headers", lambda data: data.replace(b'"kind":"sbom"', b'"kind":"sbam"')),
    "l03 a header is removed": edited("log/headers", lambda data: data.split(b"\n", 1)[1]),
    "l18 the headers lack their last line end": edited("log/headers", lambda data: data[:-1]),
    "l20 the checkpoint has another line end": edited("log/checkpoint", lambda data: data.replace(b"\n", b"\r\n")),
    "l20 the checkpoint speaks of another size": edited("log/checkpoint", lambda data: re.sub(rb"\n(\d+)\n", lambda m: b"\n%d\n" % (int(m[1]) - 1), data)),
    "l20 the checkpoint is empty": edited("log/checkpoint", lambda _: b""),
    "l19 two proofs change places": proofs(swapped_proofs),
    "l19 a proof is empty": proofs(lambda wire: wire["entries"][7].update(proof=[])),
    "l19 an entry has no proof": proofs(lambda wire: wire["entries"].pop(7)),
    "l19 a proof of an entry that is not here": proofs(lambda wire: wire["entries"].append({**wire["entries"][0], "index": 500})),
    "l19 a negative index": proofs(lambda wire: wire["entries"][7].update(index=-1)),
    "l19 the tree has size 0": proofs(lambda wire: wire.update(size=0)),
    "r04 the artifact is missing": without(f"blobs/sha256/{DIGEST.hex}"),
    "r04 a blob that no record needs": lambda files: {**files, f"blobs/sha256/{Digest.of(b'x').hex}": b"x"},
    "p12 the guide is missing": without("VERIFY.md"),
    "p12 the page is missing": without("dossier.html"),
    "p12 a file of another kind": lambda files: {**files, "notes.txt": b"see me"},
    "p12 a record under a number too short": lambda files: {**files, "envelopes/12-sbom.json": files[find(files, "sbom")]},
    "p12 a record that the log does not hold": lambda files: {**files, "envelopes/0900-sbom.json": files[find(files, "sbom")]},
    "p01 the proofs hold a key twice": edited("log/proofs.json", lambda data: data.replace(b'{"', b'{"size":1,"', 1)),
    "p05 the proofs begin with a byte order mark": edited("log/proofs.json", lambda data: b"\xef\xbb\xbf" + data),
}


def shown(name: str, report: VerificationReport) -> str:
    lines = [f"{name}: {report.verdict}, exit {int(report.exit_code)}"]
    for step in report.steps:
        if step.verdict != "passed":
            lines.append(f"  {step.number} {step.verdict}: {step.detail}")
        lines += [f"    {finding.code} [{finding.subject}] {finding.message}" for finding in step.findings]
    text = re.sub(r"[0-9a-f]{64}", "<digest>", "\n".join(lines))
    return re.sub(r"entry \d+", "entry <n>", text) + "\n"


@pytest.fixture(scope="module")
def reports(files: Files, tmp_path_factory: pytest.TempPathFactory) -> dict[str, VerificationReport]:
    path = tmp_path_factory.mktemp("refused") / "changed.zip"
    return {name: verify(pack(path, change(files))) for name, change in CHANGES.items()}


def test_each_change_is_answered_as_it_stands_in_the_file(reports: dict[str, VerificationReport]) -> None:
    found = "\n".join(shown(name, report) for name, report in reports.items())
    expected = FOLDER / "out" / "reports.txt"
    if os.environ.get("LOTMARK_REGENERATE"):
        expected.write_text(found, encoding="utf-8")
    assert found.split("\n\n") == expected.read_text(encoding="utf-8").split("\n\n")


def test_no_change_is_accepted_and_each_is_named(reports: dict[str, VerificationReport]) -> None:
    for name, report in reports.items():
        assert int(report.exit_code) == 6, name
        assert report.verdict == "broken", name
        assert all(finding.subject and finding.help for finding in report.findings if finding.severity == "error"), name
        assert any(finding.severity == "error" for finding in report.findings), name


def test_a_step_that_rests_on_a_failed_one_is_never_passed(reports: dict[str, VerificationReport]) -> None:
    for name, report in reports.items():
        first = next(step.number for step in report.steps if step.verdict == "failed")
        if first < 6:
            assert {step.verdict for step in report.steps[first:]} == {"not-checked"}, name
            assert {step.detail for step in report.steps[first:]} == {f"rests on step {first}"}, name


def test_the_same_bundle_unchanged_is_accepted(files: Files, tmp_path: Path) -> None:
    """So it is the change that was refused, not the packing."""
    assert verify(pack(tmp_path / "same.zip", files)).verdict == "accepted"


@pytest.mark.parametrize("kind", ["approval", "decision", "stage-result", "waiver"])
def test_without_completeness_a_key_event_is_still_demanded_but_other_records_are_not(files: Files, tmp_path: Path, kind: str) -> None:
    left_out = pack(tmp_path / "part.zip", without_kind(kind)(files))
    assert "LM-DOS-011" in {finding.code for finding in verify(left_out).findings}
    assert "LM-DOS-011" not in {finding.code for finding in verify(left_out, complete=False).findings}


@pytest.mark.attack("L10")
@pytest.mark.parametrize(
    ("trust", "step", "exit_code"),
    [
        (None, 3, 4),
        (policy(signer("stranger")), 3, 6),
        (replace(TRUST, origin="example.org/other"), 3, 6),
        (replace(TRUST, roots=(signer("mallory").public_key,)), 5, 6),
        (replace(TRUST, roots=()), 5, 6),
        (replace(TRUST, witnesses=(NoteKey("w.example", KeyType.COSIGNATURE).vkey,), quorum=1), 3, 6),
    ],
    ids=["nobody", "another log key", "another origin", "another root", "no root", "a witness that is not there"],
)
def test_whom_the_caller_trusts_decides_and_nothing_in_the_bundle(files: Files, tmp_path: Path, trust, step: int, exit_code: int) -> None:
    report = verify(pack(tmp_path / "same.zip", files), trust=trust)
    assert [item.number for item in report.steps if item.verdict == "failed"] == [step]
    assert int(report.exit_code) == exit_code
    assert report.verdict == ("not-checked" if exit_code == 4 else "broken")
