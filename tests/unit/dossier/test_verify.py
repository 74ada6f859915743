"""The eight steps: what is good passes each, and every lie is found by the step that must find it."""

import base64
import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fakes.bundles import TRUST, codes, expect, failed, find, pack, unpack, verify
from fakes.keyring import NOON, signer
from fakes.ledger import policy
from fakes.note_signers import NoteKey
from fakes.release_log import DIGEST, NAME, REGISTRY, RUN, SUBJECT, ReleaseLog
from lotmark.attest.api import KeySigner, build_payload, generate_key, key_id_of, sign_payload
from lotmark.attest.models import Evidence, PredicateKind, Registry, lotmark_uri
from lotmark.base.digest import Digest
from lotmark.base.errors import ExitCode, UsageError
from lotmark.base.limits import Limits
from lotmark.dossier._verify import NAMES
from lotmark.dossier.api import verify_bundle
from lotmark.dossier.models import Freshness, Step, VerificationReport
from lotmark.tlog.models import KeyType

pytestmark = pytest.mark.verifies("REQ-022", "RC-003", "HAZ-001")


# ---- what is good


def test_a_good_bundle_passes_every_step(bundle: Path) -> None:
    report = verify(bundle)
    assert [step.number for step in report.steps] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [step.name for step in report.steps] == list(NAMES)
    assert {step.verdict for step in report.steps} == {"passed"}
    assert report.findings == ()
    assert (report.verdict, report.exit_code) == ("accepted", 0)
    assert report.about == {
        "bundle": str(bundle),
        "sha256": Digest.of_file(bundle).hex,
        "product": "qpcr",
        "version": "1.4.0",
        "run": RUN,
        "origin": TRUST.origin,
        "logSize": 43,
        "outcome": "released",
        "artifact": {"name": NAME, "sha256": DIGEST.hex},
    }
    wire = json.loads(json.dumps(report.to_wire()))
    assert wire["verdict"] == "accepted"
    assert wire["exitCode"] == 0
    assert wire["steps"][6]["detail"].startswith("Quinn Example (quality-owner), approval, 2026-11-23T12:00:30.000Z; Rene Example")


def test_trust_may_be_found_by_the_log_s_origin(bundle: Path) -> None:
    asked = []

    def find_trust(origin: str):
        asked.append(origin)
        return TRUST

    assert verify(bundle, trust=find_trust).verdict == "accepted"
    assert asked == [TRUST.origin]


def test_other_runs_of_the_log_are_named(tmp_path: Path) -> None:
    log = ReleaseLog()
    log.found()
    log.record_one("run-opened", {"run": "qpcr:RUN-0007"}, scope="run:qpcr:RUN-0007")
    log.waive()
    log.open()
    log.work()
    log.decide()
    log.approve("quinn", "quality-owner", "approval")
    log.approve("rene", "regulatory", "review")
    log.conclude()
    log.close()
    log.bundle(tmp_path / "x.zip")
    report = verify(tmp_path / "x.zip")
    assert report.verdict == "accepted"
    assert "the log tells of other runs: qpcr:RUN-0007" in report.steps[3].detail


# ---- one changed byte


@pytest.mark.attack("P12")
def test_p12_a_changed_byte_anywhere_is_found_and_the_record_named(bundle: Path, tmp_path: Path) -> None:
    good = bundle.read_bytes()
    place = tmp_path / "changed.zip"
    for position in range(0, len(good), 173):
        data = bytearray(good)
        data[position] ^= 1 << (position % 8)
        place.write_bytes(data)
        report = verify(place)
        assert report.exit_code is ExitCode.INTEGRITY, position
        assert failed(report)[0] in {1, 2, 3, 4, 6}
        assert report.findings[0].subject, position


def test_every_kind_of_file_is_named_when_it_changes(bundle: Path, tmp_path: Path) -> None:
    files = unpack(bundle)
    for name in files:
        data = bytearray(files[name])
        data[len(data) // 2] ^= 4
        report = verify(pack(tmp_path / "x.zip", {**files, name: bytes(data)}, honest=False))
        assert report.exit_code is ExitCode.INTEGRITY
        assert failed(report) == [2]
        assert name in report.findings[0].message
    report = verify(pack(tmp_path / "x.zip", {**files, find(files, "sbom"): b"{}"}, honest=False))
    index = int(find(files, "sbom")[10:14])
    assert report.findings[0].subject == f"entry {index} (sbom)"


# ---- step 1


@pytest.mark.attack("P09")
def test_step_1_an_unsafe_archive(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(bundle.read_bytes() + b"x")
    report = verify(tmp_path / "x.zip")
    expect(report, 1, "LM-DOS-001", "ARCHIVE_UNSAFE")
    assert [step.verdict for step in report.steps] == ["failed", *["not-checked"] * 7]
    assert report.steps[7].detail == "rests on step 1"
    assert report.verdict == "broken"


def test_step_1_limits_are_kept_before_anything_is_read(bundle: Path) -> None:
    expect(verify(bundle, limits=Limits(max_bytes=1000)), 1, "LM-DOS-001", "more than 1000")


def test_no_such_bundle(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        verify(tmp_path / "absent.zip")


# ---- step 2


@pytest.mark.attack("P12")
@pytest.mark.parametrize("name", ["dossier.html", "log/headers", "VERIFY.md", "log/checkpoint", "trust/trust.json"])
def test_step_2_p12_a_missing_file(bundle: Path, tmp_path: Path, name: str) -> None:
    files = unpack(bundle)
    del files[name]
    expect(verify(pack(tmp_path / "x.zip", files, honest=False)), 2, "LM-DOS-006", "MISSING", name)
    expect(verify(pack(tmp_path / "x.zip", files)), 2, "LM-DOS-006", "MISSING", name)


@pytest.mark.attack("P12")
@pytest.mark.parametrize("name", ["extra.txt", "envelopes/0001-x.txt", "dossier.exe", "blobs/sha256/xyz"])
def test_step_2_p12_an_extra_file(bundle: Path, tmp_path: Path, name: str) -> None:
    files = {**unpack(bundle), name: b"hello"}
    expect(verify(pack(tmp_path / "x.zip", files, honest=False)), 2, "LM-DOS-005", "UNLISTED", name)
    expect(verify(pack(tmp_path / "x.zip", files)), 2, "LM-DOS-005", "UNLISTED", name)


@pytest.mark.attack("P12")
def test_step_2_p12_bytes_that_the_manifest_does_not_name(bundle: Path, tmp_path: Path) -> None:
    files = {**unpack(bundle), "dossier.html": b"<html>released!</html>"}
    expect(verify(pack(tmp_path / "x.zip", files, honest=False)), 2, "LM-DOS-004", "DIGEST_MISMATCH: dossier.html")


def test_step_2_a_blob_under_another_name(bundle: Path, tmp_path: Path) -> None:
    files = {**unpack(bundle), f"blobs/sha256/{DIGEST.hex}": b"evil bytes!!"}
    expect(verify(pack(tmp_path / "x.zip", files)), 2, "LM-DOS-004", "does not hold what its name says")


def test_step_2_no_manifest(bundle: Path, tmp_path: Path) -> None:
    files = unpack(bundle)
    del files["manifest.json"]
    expect(verify(pack(tmp_path / "x.zip", files, honest=False)), 2, "LM-DOS-006", "manifest.json")
    expect(verify(pack(tmp_path / "x.zip", {**files, "manifest.json": b"{}"}, honest=False)), 2, "LM-DOS-003", "manifest.json")


def test_step_2_the_archive_s_own_checksum(bundle: Path, tmp_path: Path) -> None:
    """A wrong CRC, the same in both records, beside right bytes: an unzip program would complain, so we do."""
    import struct
    import zlib

    files = unpack(bundle)
    data = bundle.read_bytes()
    for name in ("manifest.json", "dossier.html"):
        crc = struct.pack("<I", zlib.crc32(files[name]))
        (tmp_path / "x.zip").write_bytes(data.replace(crc, b"evil"))
        expect(verify(tmp_path / "x.zip"), 2, "LM-DOS-004", f"checksum of {name}")


# ---- step 3


def test_step_3_nobody_is_trusted_by_default(bundle: Path) -> None:
    for trust in (None, lambda _: None):
        report = verify(bundle, trust=trust)
        expect(report, 3, "LM-DOS-007", TRUST.origin, exit_code=ExitCode.ENVIRONMENT)
        assert report.verdict == "not-checked"
        assert "--trust FILE" in (report.findings[0].help or "")
        assert [step.verdict for step in report.steps[3:]] == ["not-checked"] * 5


def test_step_3_a_trust_file_that_cannot_be_used_is_the_caller_s_lack(bundle: Path) -> None:
    def find_trust(_origin: str):
        raise UsageError("LM-ATT-050", "not a trust policy", where="known_logs/x.json")

    expect(verify(bundle, trust=find_trust), 3, "LM-ATT-050", "known_logs/x.json", exit_code=ExitCode.ENVIRONMENT)


def test_step_3_the_trust_in_the_bundle_is_never_used(bundle: Path, tmp_path: Path) -> None:
    files = {**unpack(bundle), "trust/trust.json": b"{}\n"}
    assert verify(pack(tmp_path / "x.zip", files)).verdict == "accepted"


def test_step_3_another_log_s_key(bundle: Path) -> None:
    expect(verify(bundle, trust=policy(signer("thief"))), 3, "LM-LED-111", "NOTE_UNVERIFIED")
    expect(verify(bundle, trust=policy(origin="example.org/other")), 3, "LM-LED-111")


@pytest.mark.attack("L20")
@pytest.mark.parametrize(
    "change", [lambda note: note.replace(b"\n43\n", b"\n043\n"), lambda note: note.replace(b"\n", b"\r\n"), lambda note: note.replace(b"\n43\n", b"\n42\n")]
)
def test_step_3_a_changed_checkpoint(bundle: Path, tmp_path: Path, change) -> None:
    files = unpack(bundle)
    files["log/checkpoint"] = change(files["log/checkpoint"])
    expect(verify(pack(tmp_path / "x.zip", files)), 3, "LM-LED-111")


def test_step_3_the_checkpoint_is_that_of_the_manifest(bundle: Path, tmp_path: Path, released: ReleaseLog) -> None:
    older = {**unpack(bundle), "log/checkpoint": released.ledger.checkpoint(40)}
    expect(verify(pack(tmp_path / "x.zip", older)), 3, "LM-DOS-017", "size 40")


@pytest.mark.attack("L10")
def test_step_3_l10_witnesses_that_the_caller_asks_for(bundle: Path, tmp_path: Path) -> None:
    first, second = NoteKey("witness.example/w1", KeyType.COSIGNATURE), NoteKey("witness.example/w2", KeyType.COSIGNATURE)
    asking = replace(TRUST, witnesses=(first.vkey, second.vkey), quorum=1)
    expect(verify(bundle, trust=asking), 3, "LM-DOS-008", "NOT_WITNESSED: the checkpoint is cosigned by nobody")
    files = unpack(bundle)
    path = pack(tmp_path / "x.zip", {**files, "log/checkpoint": first.cosign(files["log/checkpoint"], 1_700_000_000)})
    report = verify(path, trust=asking)
    assert report.verdict == "accepted"
    assert "cosigned by w1" in report.steps[2].detail
    expect(verify(path, trust=replace(asking, quorum=2)), 3, "LM-DOS-008", "cosigned by w1 of your witnesses")


@pytest.mark.attack("L11")
def test_step_3_l11_a_quorum_that_is_older_than_the_caller_allows(bundle: Path, tmp_path: Path) -> None:
    witness = NoteKey("witness.example/w1", KeyType.COSIGNATURE)
    asking = replace(TRUST, witnesses=(witness.vkey,), quorum=1)
    files = unpack(bundle)
    path = pack(tmp_path / "x.zip", {**files, "log/checkpoint": witness.cosign(files["log/checkpoint"], 1_700_000_000)})
    at = datetime.fromtimestamp(1_700_000_000, UTC)

    def judged(hours: float) -> VerificationReport:
        return verify_bundle(path, trust=asking, registry=REGISTRY, fresh=Freshness(at + timedelta(hours=hours), timedelta(hours=24)))

    assert judged(24).verdict == "accepted"
    expect(judged(25), 3, "LM-LED-142", "STALE: a quorum cosigned 25 h ago, you allow 24 h")
    expect(judged(-1), 3, "LM-DOS-008", "cosigned in the future")


@pytest.mark.attack("L10")
def test_step_3_a_changed_cosignature_or_a_witness_that_is_the_log(bundle: Path, tmp_path: Path) -> None:
    witness = NoteKey("witness.example/w1", KeyType.COSIGNATURE)
    asking = replace(TRUST, witnesses=(witness.vkey,), quorum=1)
    files = unpack(bundle)
    note = witness.cosign(files["log/checkpoint"], 1_700_000_000)
    other = witness.cosign(files["log/checkpoint"], 1_700_000_001)
    line = note.split(b"\n")[-2]
    mixed = note.replace(line, line[:-20] + other.split(b"\n")[-2][-20:])
    expect(verify(pack(tmp_path / "x.zip", {**files, "log/checkpoint": mixed}), trust=asking), 3, "LM-LED-111", "is wrong")
    selfish = replace(TRUST, witnesses=(TRUST.log_key,), quorum=1)
    report = verify(bundle, trust=selfish)
    assert (report.verdict, report.steps[2].findings[0].code) == ("not-checked", "LM-ATT-090")


# ---- step 4


@pytest.mark.attack("O06")
@pytest.mark.parametrize("kind", ["stage-result", "approval", "sbom", "waiver", "run-closed", "run-opened", "test-run", "deployment-check"])
def test_step_4_o06_a_record_that_is_left_out(bundle: Path, tmp_path: Path, kind: str) -> None:
    files = unpack(bundle)
    name = find(files, kind)
    del files[name]
    path = pack(tmp_path / "x.zip", files)
    expect(verify(path), 4, "LM-DOS-011", "INCOMPLETE", f"entry {int(name[10:14])} ({kind})")
    report = verify(path, complete=False)
    assert "LM-DOS-011" not in codes(report)


def test_step_4_without_completeness_what_is_there_is_still_proved(bundle: Path, tmp_path: Path) -> None:
    files = unpack(bundle)
    for name in list(files):
        if name.startswith("envelopes/") and not name.endswith(("key-event.json", "sbom.json")):
            del files[name]
    proofs = json.loads(files["log/proofs.json"])
    proofs["entries"] = [item for item in proofs["entries"] if item["envelope"] in files]
    files["log/proofs.json"] = json.dumps(proofs).encode()
    files = {name: data for name, data in files.items() if not name.startswith("blobs/")}
    report = verify(pack(tmp_path / "x.zip", files), complete=False)
    assert [step.verdict for step in report.steps[:5]] == ["passed"] * 5
    assert "completeness was not asked for" in report.steps[3].detail
    assert report.exit_code is not ExitCode.ACCEPTED


@pytest.mark.parametrize("complete", [True, False])
def test_step_4_a_key_event_can_never_be_left_out(tmp_path: Path, complete: bool) -> None:
    """A revocation that does not show would let a dead key sign."""
    log = ReleaseLog().record()
    log.bundle(tmp_path / "x.zip")
    files = unpack(tmp_path / "x.zip")
    del files[find(files, "key-event", 2)]
    expect(verify(pack(tmp_path / "x.zip", files), complete=complete), 4, "LM-DOS-011", "key-event")


def test_step_4_an_envelope_that_the_log_does_not_hold(bundle: Path, tmp_path: Path) -> None:
    files = unpack(bundle)
    name = find(files, "decision")
    forged = sign_payload(base64.b64decode(json.loads(files[name])["payload"]).replace(b"accepted", b"refused!"), signer("pipeline")).raw
    expect(verify(pack(tmp_path / "x.zip", {**files, name: forged})), 4, "LM-DOS-010", "LEAF_MISMATCH", f"entry {int(name[10:14])} (decision)")


def test_step_4_an_envelope_in_another_s_place(bundle: Path, tmp_path: Path) -> None:
    files = unpack(bundle)
    files["envelopes/0999-decision.json"] = files[find(files, "decision")]
    expect(verify(pack(tmp_path / "x.zip", files)), 4, "LM-DOS-010", "entry 999 (decision)")


def test_step_4_headers_of_another_history(bundle: Path, tmp_path: Path) -> None:
    files = unpack(bundle)
    lines = files["log/headers"].split(b"\n")
    swapped = b"\n".join([lines[1], lines[0], *lines[2:]])
    expect(verify(pack(tmp_path / "x.zip", {**files, "log/headers": swapped})), 4, "LM-LED-102", "ROOT_MISMATCH")
    expect(verify(pack(tmp_path / "x.zip", {**files, "log/headers": b"\n".join(lines[1:])})), 4, "LM-LED-104", "SIZE_MISMATCH")


def change_proofs(files: dict[str, bytes], change) -> dict[str, bytes]:
    proofs = json.loads(files["log/proofs.json"])
    change(proofs)
    return {**files, "log/proofs.json": json.dumps(proofs).encode()}


@pytest.mark.attack("L19")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda proofs: proofs["entries"][5]["proof"].pop(), "LM-DOS-014"),
        (lambda proofs: proofs["entries"][5]["proof"].append("A" * 43 + "="), "LM-DOS-014"),
        (lambda proofs: proofs["entries"][5]["proof"].__setitem__(0, "AAAA"), "LM-DOS-014"),
        (lambda proofs: proofs["entries"][5].__setitem__("index", 999), "LM-DOS-014"),
        (lambda proofs: proofs.__setitem__("size", 44), "LM-DOS-014"),
        (lambda proofs: proofs.__setitem__("root", "A" * 43 + "="), "LM-DOS-014"),
        (lambda proofs: proofs["entries"].pop(), "LM-DOS-014"),
        (lambda proofs: next(item for item in proofs["entries"] if item["blobs"])["blobs"].pop(), "LM-DOS-013"),
        (lambda proofs: proofs["entries"][0]["blobs"].append("00" * 32), "LM-DOS-013"),
        (lambda proofs: proofs.__setitem__("more", 1), "LM-DOS-014"),
    ],
)
def test_step_4_l19_proofs_and_lists_that_do_not_hold(bundle: Path, tmp_path: Path, change, code: str) -> None:
    expect(verify(pack(tmp_path / "x.zip", change_proofs(unpack(bundle), change))), 4, code)


@pytest.mark.attack("R04")
def test_step_4_r04_a_missing_blob_is_listed(bundle: Path, tmp_path: Path) -> None:
    files = unpack(bundle)
    del files[f"blobs/sha256/{DIGEST.hex}"]
    expect(verify(pack(tmp_path / "x.zip", files)), 4, "LM-DOS-013", "BLOB_MISSING", DIGEST.hex)


def test_step_4_a_blob_that_nobody_needs(bundle: Path, tmp_path: Path) -> None:
    files = {**unpack(bundle), f"blobs/sha256/{Digest.of(b'porn').hex}": b"porn"}
    expect(verify(pack(tmp_path / "x.zip", files)), 4, "LM-DOS-013", "no entry needs")


def test_step_4_an_unknown_kind_is_kept_and_never_counts(tmp_path: Path) -> None:
    """The verifier's registry is older than the log."""
    new = PredicateKind("novelty", lotmark_uri("novelty"), "none", "short", frozenset({"pipeline"}))
    log = ReleaseLog()
    log.record(until="open")
    payload = build_payload(Evidence("novelty", (SUBJECT,), {}), Registry([new]))
    from lotmark.ledger.models import Submission

    log.ledger.append([Submission(sign_payload(payload, signer("thief")), "novelty", f"run:{RUN}")])
    log.work()
    log.decide()
    log.approve("quinn", "quality-owner", "approval")
    log.approve("rene", "regulatory", "review")
    log.conclude()
    log.close()
    log.bundle(tmp_path / "x.zip")
    report = verify(tmp_path / "x.zip")
    assert report.verdict == "accepted"
    assert [(finding.code, finding.severity.value) for finding in report.findings] == [("LM-DOS-016", "info")]
    files = unpack(tmp_path / "x.zip")
    del files[find(files, "novelty")]
    expect(verify(pack(tmp_path / "x.zip", files)), 4, "LM-DOS-011", "novelty")


@pytest.mark.attack("O01")
def test_step_4_o01_a_stage_that_was_promised_and_never_recorded(tmp_path: Path) -> None:
    log = ReleaseLog()
    log.run.opened["expected"].append({"stage": "penetration", "kinds": ["pentest"]})  # type: ignore[index]
    log.record().bundle(tmp_path / "x.zip")
    report = verify(tmp_path / "x.zip")
    expect(report, 4, "LM-DOS-012", "MISSING_EVIDENCE", "penetration", exit_code=ExitCode.REFUSED)
    assert report.verdict == "refused"
    assert verify(tmp_path / "x.zip", complete=False).verdict == "accepted"


@pytest.mark.attack("O01")
def test_step_4_o01_evidence_that_a_stage_promised_or_claims(tmp_path: Path) -> None:
    log = ReleaseLog()
    next(item for item in log.run.opened["expected"] if item["stage"] == "unit")["kinds"].append("coverage")  # type: ignore[index]
    log.record().bundle(tmp_path / "x.zip")
    expect(verify(tmp_path / "x.zip"), 4, "LM-DOS-012", "coverage of the stage unit", exit_code=ExitCode.REFUSED)
    log = ReleaseLog()
    log.record(until="conclude")
    result = log.last("stage-result").statement.predicate
    log.record_one("stage-result", {**result, "attempt": 3, "evidence": [{"kind": "release", "name": "", "payload": "00" * 32}]})
    log.close()
    log.bundle(tmp_path / "x.zip")
    expect(verify(tmp_path / "x.zip"), 4, "LM-DOS-012", "claims (payload 000000000000)", exit_code=ExitCode.REFUSED)


@pytest.mark.parametrize(("raw", "code"), [(b"no envelope", "LM-INT-001"), (None, "LM-DOS-010")])
def test_step_4_a_log_whose_header_lies_about_its_envelope(tmp_path: Path, raw: bytes | None, code: str) -> None:
    """The log's owner commits to bytes that are not what the header says of them."""
    from lotmark.ledger.api import format_header
    from lotmark.ledger.models import Entry, Submission
    from lotmark.tlog.api import leaf_hash

    log = ReleaseLog().record(until="conclude")
    envelope = log.last("decision").envelope
    other = raw if raw is not None else log.last("approval").envelope.raw
    index = log.ledger.size
    header = replace(log.ledger.entry(index - 1).header, envelope=Digest.of(other), size=len(other), slot="")
    data = format_header(header)
    log.ledger._entries.append((Entry(index, header, data, leaf_hash(data)), Submission(replace(envelope, raw=other), header.kind, header.scope)))
    log.ledger._sign()
    log.reader.verify = lambda entry, verify=log.reader.verify: verify(log.ledger.entry(index - 1) if entry.index == index else entry)  # type: ignore[method-assign]
    log.close()
    log.bundle(tmp_path / "x.zip")
    expect(verify(tmp_path / "x.zip"), 4, code, f"entry {index}")


# ---- step 5


@pytest.mark.attack("E04")
def test_step_5_another_root(bundle: Path) -> None:
    expect(verify(bundle, trust=replace(TRUST, roots=(signer("thief").public_key,))), 5, "LM-ATT-040")


@pytest.mark.attack("E08")
def test_step_5_e08_a_key_that_did_not_count_there(tmp_path: Path) -> None:
    """The ledger takes what it is given; whether the key counted is for the reader to say."""
    log = ReleaseLog()
    log.record(until="decide")
    log.approve("quinn", "quality-owner", "approval")
    log.conclude()
    stranger = KeySigner(generate_key())
    scope = f"run:{RUN}"
    from lotmark.ledger.models import Submission

    evidence = Evidence("stage-result", (SUBJECT,), {"run": RUN})
    log.ledger.append([Submission(sign_payload(build_payload(evidence, REGISTRY), stranger), "stage-result", scope)])
    index = log.ledger.size - 1
    log.close()
    with pytest.raises(Exception, match="not an enrolled key"):
        log.bundle(tmp_path / "x.zip")
    # Somebody exports it all the same.
    log.reader.verify = lambda entry, verify=log.reader.verify: verify(entry) if entry.index != index else verify(log.ledger.entry(index - 1))  # type: ignore[method-assign]
    log.bundle(tmp_path / "x.zip")
    expect(verify(tmp_path / "x.zip"), 5, "LM-ATT-020", f"entry {index} (stage-result)", key_id_of(stranger.public_key)[:12])


@pytest.mark.attack("E03")
def test_step_5_e03_a_person_s_key_signs_no_pipeline_evidence(tmp_path: Path) -> None:
    log = ReleaseLog()
    log.record()
    index = log.ledger.size
    log2 = ReleaseLog()
    log2.found()
    log2.waive()
    log2.open()
    log2.add(Evidence("stage-result", (SUBJECT,), {"run": RUN}), by="quinn", scope=f"run:{RUN}")
    bad = log2.ledger.size - 1
    log2.reader.verify = lambda entry, verify=log2.reader.verify: verify(entry) if entry.index != bad else verify(log2.ledger.entry(bad - 1))  # type: ignore[method-assign]
    log2.close()
    log2.bundle(tmp_path / "x.zip")
    expect(verify(tmp_path / "x.zip"), 5, "LM-ATT-023", f"entry {bad}")
    assert index


# ---- the report


def step(number: int, verdict, exit_code: ExitCode = ExitCode.ACCEPTED) -> Step:
    return Step(number, "a step", verdict, "", (), exit_code)


@pytest.mark.parametrize(
    ("steps", "verdict", "code"),
    [
        ((step(1, "passed"),), "accepted", 0),
        ((), "refused", 1),
        ((step(1, "passed"), step(2, "not-checked")), "refused", 1),
        ((step(1, "failed", ExitCode.REFUSED), step(2, "failed", ExitCode.INTEGRITY)), "broken", 6),
        ((step(1, "failed", ExitCode.REFUSED), step(2, "failed", ExitCode.ENVIRONMENT)), "not-checked", 4),
        ((step(1, "failed", ExitCode.NOTHING_TO_JUDGE),), "not-checked", 5),
        ((step(1, "failed", ExitCode.REFUSED),), "refused", 1),
    ],
)
def test_what_steps_amount_to(steps, verdict: str, code: int) -> None:
    report = VerificationReport(steps, {})
    assert (report.verdict, report.exit_code) == (verdict, code)


def test_verifying_imports_nothing_heavy(bundle: Path, tmp_path: Path) -> None:
    """Neither the engine nor the web, no database, nothing that renders."""
    (tmp_path / "trust.json").write_bytes(unpack(bundle)["trust/trust.json"])
    script = (
        "import sys\n"
        "from lotmark.cli.main import run\n"
        f"code = run(['verify', {str(bundle)!r}, '--trust', {str(tmp_path / 'trust.json')!r}])\n"
        "heavy = {'django', 'dbos', 'sqlalchemy', 'rich', 'jinja2', 'typst', 'cyclonedx', 'univers', 'numpy', 'cel', 'license_expression', 'defusedxml'}\n"
        "print('HEAVY', sorted(heavy & {name.split('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "HEAVY []" in done.stdout


def test_noon_is_when_it_was_decided(released: ReleaseLog) -> None:
    assert released.last("decision").statement.predicate["evaluatedAt"].startswith(NOON.isoformat()[:19])
