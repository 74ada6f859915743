"""`docs/spec/verify_bundle.py`, written from the specification with nothing but Python: it agrees with `lotmark verify`."""

import base64
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fakes.bundles import TRUST, find, pack, unpack, verify
from fakes.keyring import NOON, person, signer
from fakes.note_signers import NoteKey
from fakes.release_log import ARTIFACT, ReleaseLog
from lotmark.attest.api import format_trust_policy, key_event, sign_payload
from lotmark.attest.models import STATEMENT_TYPE, Evidence, Person, Subject
from lotmark.records.api import Disclosure, commit
from lotmark.tlog.models import KeyType

pytestmark = pytest.mark.verifies("REQ-019", "RC-009")

SCRIPT = Path(__file__).parents[2] / "docs" / "spec" / "verify_bundle.py"
REFERENCE = Path(os.environ.get("LOTMARK_REFERENCE", Path(__file__).parents[2] / ".." / "shared" / "reference"))
READ = runpy.run_path(str(SCRIPT))
VALUE = Disclosure(commit(b"s" * 32, "quinn@example.org"), b"s" * 32, "quinn@example.org")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release")
    ReleaseLog().record().bundle(folder / "bundle.zip")
    (folder / "trust.json").write_bytes(format_trust_policy(TRUST))
    (folder / "artifact").write_bytes(ARTIFACT)
    return folder / "bundle.zip"


@pytest.fixture
def files(bundle: Path) -> dict[str, bytes]:
    return unpack(bundle)


def read(bundle: Path, trust: Path, *more: Path) -> str:
    """What the reading refuses for, or the empty text."""
    try:
        READ["main"](str(bundle), str(trust), *map(str, more))
    except (ValueError, KeyError, TypeError, OSError, IndexError) as error:
        return str(error) or type(error).__name__
    return ""


def refused(bundle: Path, tmp_path: Path, files: dict[str, bytes], **options: Any) -> str:
    """The same files packed anew with a manifest that fits them: only the log and the signatures can tell."""
    changed = pack(tmp_path / "changed.zip", files, **options)
    said = read(changed, bundle.parent / "trust.json")
    assert verify(changed).exit_code == (6 if said else 0), said or "the stranger accepted it"
    return said


def test_it_is_short_and_knows_nothing_of_lotmark() -> None:
    text = SCRIPT.read_text()
    assert text.count("\n") < 200
    lines = [line.partition("#")[0] for line in text.splitlines() if line.startswith(("import ", "from "))]
    imported = {name.strip() for line in lines for name in line.removeprefix("import ").split(",")}
    assert lines
    assert imported <= sys.stdlib_module_names


def test_a_stranger_runs_it_in_an_empty_folder(bundle: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-I", "-S", str(SCRIPT), str(bundle), str(bundle.parent / "trust.json"), str(bundle.parent / "artifact")]
    run = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, env={})
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1].endswith(f"was released: sha256 {READ['sha256'](ARTIFACT).hex()}")
    assert "quinn, rene signed the decision" in run.stdout
    (tmp_path / "other").write_bytes(b"another file")
    refusal = subprocess.run([*words[:-1], str(tmp_path / "other")], capture_output=True, text=True)
    assert (refusal.returncode, refusal.stdout.splitlines()[-1]) == (6, "refused: the file is not the artifact of this release")


def test_any_changed_byte_of_the_file_is_refused(bundle: Path, tmp_path: Path) -> None:
    good = bundle.read_bytes()
    place = tmp_path / "changed.zip"
    for position in range(0, len(good), max(1, len(good) // 24)):
        data = bytearray(good)
        data[position] ^= 0x01
        place.write_bytes(data)
        words = [str(place), str(bundle.parent / "trust.json")]
        try:
            READ["main"](*words)
        except Exception:  # any: a byte of the zip's own structure makes zipfile speak
            continue
        assert unpack(bundle) == READ["read_archive"](place), f"byte {position}: another content was accepted"


@pytest.mark.parametrize("kind", ["key-event", "run-opened", "decision", "approval", "release-manifest", "run-closed", "stage-result", "sbom", "waiver"])
def test_a_changed_record_is_not_the_one_of_its_header(bundle: Path, tmp_path: Path, files: dict[str, bytes], kind: str) -> None:
    name = find(files, kind)
    envelope = json.loads(files[name])
    payload = bytearray(base64.b64decode(envelope["payload"]))
    payload[len(payload) // 2] ^= 0x01
    envelope["payload"] = base64.b64encode(payload).decode()
    files[name] = json.dumps(envelope).encode()
    assert "is not the one of its header" in refused(bundle, tmp_path, files)


@pytest.mark.parametrize("kind", ["key-event", "stage-result", "approval", "run-closed", "waiver"])
def test_a_record_that_is_left_out_is_named(bundle: Path, tmp_path: Path, files: dict[str, bytes], kind: str) -> None:
    name = find(files, kind, 0)
    index = int(name[10:].split("-")[0])
    del files[name]
    assert refused(bundle, tmp_path, files) == f"entry {index}, a {kind}, is left out"


def test_a_record_too_many_is_refused(bundle: Path, tmp_path: Path, files: dict[str, bytes]) -> None:
    files["envelopes/9999-sbom.json"] = files[find(files, "sbom")]
    assert refused(bundle, tmp_path, files) == "there are records beyond the end of the log"


@pytest.mark.parametrize("position", [0, 7, -1])
def test_a_changed_header_gives_another_root(bundle: Path, tmp_path: Path, files: dict[str, bytes], position: int) -> None:
    lines = files["log/headers"].split(b"\n")[:-1]
    lines[position] = lines[position].replace(b'"v":1', b'"v":2')
    files["log/headers"] = b"\n".join(lines) + b"\n"
    assert refused(bundle, tmp_path, files) == "the headers do not give the root"


def test_headers_cut_off_at_the_end_are_refused(bundle: Path, tmp_path: Path, files: dict[str, bytes]) -> None:
    files["log/headers"] = b"\n".join(files["log/headers"].split(b"\n")[:-2]) + b"\n"
    assert refused(bundle, tmp_path, files) == "the headers do not give the root"


def _another_root(text: str) -> str:
    origin, size, root, *rest = text.split("\n")
    return "\n".join([origin, size, base64.b64encode(base64.b64decode(root)[::-1]).decode(), *rest])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_another_root, "on the checkpoint does not hold"),
        (lambda text: text.partition("\n\n")[0] + "\n\n", "is not signed by the log that you trust"),
        (lambda text: "other.example/log\n" + text.partition("\n")[2], "is not signed by the log that you trust"),
    ],
    ids=["another root", "no signature", "another origin"],
)
def test_a_checkpoint_that_the_log_did_not_sign(bundle: Path, tmp_path: Path, files: dict[str, bytes], change: Callable[[str], str], said: str) -> None:
    files["log/checkpoint"] = change(files["log/checkpoint"].decode()).encode()
    assert said in refused(bundle, tmp_path, files)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"roots": [base64.b64encode(signer("dana").public_key).decode()]}, "does not begin with a root key that you trust"),
        ({"origin": "other.example/log"}, "is not signed by the log that you trust"),
        ({"quorum": 1}, "0 witnesses have cosigned the checkpoint, you ask for 1"),
    ],
    ids=["another root key", "another log", "a quorum of witnesses"],
)
def test_trust_comes_from_the_caller_alone(bundle: Path, tmp_path: Path, change: dict[str, Any], said: str) -> None:
    trust = json.loads((bundle.parent / "trust.json").read_bytes()) | change
    (tmp_path / "trust.json").write_text(json.dumps(trust))
    assert said in read(bundle, tmp_path / "trust.json")


def test_a_member_that_stands_twice_is_refused(bundle: Path, tmp_path: Path) -> None:
    text = (bundle.parent / "trust.json").read_text().replace('"quorum":0', '"quorum":1,"quorum":0')
    (tmp_path / "trust.json").write_text(text)
    assert read(bundle, tmp_path / "trust.json") == "a JSON member stands twice"


@pytest.mark.parametrize("name", ["../evil", "/evil", "a//b", "a/../b", "-x", "ü"])
def test_an_archive_with_an_unsafe_name_is_not_read(bundle: Path, tmp_path: Path, name: str) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr(name, b"x")
    assert read(tmp_path / "evil.zip", bundle.parent / "trust.json") == "the archive holds a name that it may not"


def test_a_compressed_archive_is_not_read(bundle: Path, tmp_path: Path, files: dict[str, bytes]) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "small.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            archive.writestr(name, data)
    assert read(tmp_path / "small.zip", bundle.parent / "trust.json") == "the archive is compressed"


def test_a_file_that_the_manifest_does_not_know(bundle: Path, tmp_path: Path, files: dict[str, bytes]) -> None:
    files["extra.txt"] = b"not listed"
    said = refused(bundle, tmp_path, files, honest=False)
    assert said == "the manifest does not list every file and nothing else"


class TestKeys:
    """Whose signature counts is replayed from the key events, in log order."""

    def records(self, *acts: tuple[str, Evidence]) -> dict[int, tuple[str, bytes, dict[str, Any]]]:
        """Who signs what, one entry an act, entry 0 being the genesis of ada's root key."""
        made = {}
        genesis = key_event("genesis", public_key=signer("ada").public_key, kind="root", person=person("ada"), reason="opens", at=NOON)
        for index, (who, evidence) in enumerate((("ada", genesis), *acts)):
            uri = f"https://lotmark.dev/attestation/{evidence.kind}/v1"
            subject = [{"name": each.name, "digest": each.digest} for each in evidence.subjects]
            statement = {"_type": STATEMENT_TYPE, "subject": subject, "predicateType": uri, "predicate": evidence.predicate}
            envelope = sign_payload(json.dumps(statement).encode(), signer(who))
            made[index] = evidence.kind, envelope.payload, json.loads(envelope.raw)
        return made

    def event(self, event: str, name: str, kind: str = "person", **more: Any) -> Evidence:
        holder = person(name) if kind in {"person", "root"} else None
        return key_event(event, public_key=signer(name).public_key, kind=kind, person=holder, reason=event, at=NOON, **more)  # type: ignore[arg-type]

    def approval(self) -> Evidence:
        return Evidence("approval", (Subject("artifact", {"sha256": "ab" * 32}),), {"meaning": "approval"})

    def said(self, records: dict[int, tuple[str, bytes, dict[str, Any]]]) -> str:
        trust = {"roots": [base64.b64encode(signer("ada").public_key).decode()]}
        try:
            READ["check_signatures"](records, trust)
        except ValueError as error:
            return str(error)
        return ""

    def test_an_enrolled_person_signs(self) -> None:
        assert self.said(self.records(("ada", self.event("enrol", "quinn")), ("quinn", self.approval()))) == ""

    def test_what_was_signed_before_a_revocation_stays(self) -> None:
        acts = ("ada", self.event("enrol", "quinn")), ("quinn", self.approval()), ("ada", self.event("revoke", "quinn"))
        assert self.said(self.records(*acts)) == ""

    @pytest.mark.parametrize("end", ["revoke", "lost"])
    def test_what_is_signed_after_the_end_of_a_key_does_not_count(self, end: str) -> None:
        acts = ("ada", self.event("enrol", "quinn")), ("ada", self.event(end, "quinn")), ("quinn", self.approval())
        assert self.said(self.records(*acts)) == "entry 3, a approval: its key does not count there"

    def test_what_is_signed_before_the_enrolment_does_not_count(self) -> None:
        acts = ("quinn", self.approval()), ("ada", self.event("enrol", "quinn"))
        assert self.said(self.records(*acts)) == "entry 1, a approval: its key does not count there"

    def test_nobody_but_a_root_enrols(self) -> None:
        acts = ("ada", self.event("enrol", "quinn")), ("quinn", self.event("enrol", "zoe"))
        assert self.said(self.records(*acts)) == "entry 2: a person key may not sign a key-event"

    def test_a_machine_signs_no_approval_and_a_person_no_evidence(self) -> None:
        machine = ("ada", self.event("enrol", "pipeline", "pipeline"))
        assert self.said(self.records(machine, ("pipeline", self.approval()))) == "entry 2: a pipeline key may not sign a approval"
        sbom = Evidence("sbom", (Subject("artifact", {"sha256": "ab" * 32}),), {})
        assert self.said(self.records(("ada", self.event("enrol", "quinn")), ("quinn", sbom))) == "entry 2: a person key may not sign a sbom"

    def test_a_key_is_enrolled_once(self) -> None:
        acts = ("ada", self.event("enrol", "quinn")), ("ada", self.event("revoke", "quinn")), ("ada", self.event("enrol", "quinn"))
        assert self.said(self.records(*acts)) == "entry 3: the key was enrolled before"

    def test_a_signature_is_over_type_and_payload(self) -> None:
        records = self.records(("ada", self.event("enrol", "quinn")), ("quinn", self.approval()))
        records[2][2]["payloadType"] = "application/json"
        assert self.said(records) == "entry 2, a approval: the signature does not hold"

    def test_what_it_does_not_know_it_refuses(self) -> None:
        records = self.records(("ada", self.event("enrol", "quinn")))
        kind, payload, _ = records[1]
        statement = json.loads(payload)
        statement["predicate"]["event"] = "compromised"
        changed = json.dumps(statement).encode()
        again = sign_payload(changed, signer("ada"))
        records[1] = kind, changed, json.loads(again.raw)
        assert self.said(records) == "entry 1: ask `lotmark verify` what a compromised event means"

    @pytest.mark.parametrize(
        ("event", "more"),
        [
            pytest.param("threshold", {"threshold": 2, "keys": []}, id="several root persons"),
            pytest.param("compromised", {"countsBefore": 1}, id="a compromise"),
            pytest.param("unheard-of", {}, id="an event of tomorrow"),
        ],
    )
    def test_an_event_that_it_does_not_know_is_refused_and_never_passed_over(self, event: str, more: dict[str, Any]) -> None:
        records = self.records(("ada", self.event("enrol", "quinn")))
        kind, payload, _ = records[1]
        statement = json.loads(payload)
        statement["predicate"] |= {"event": event, **more}
        changed = json.dumps(statement).encode()
        records[1] = kind, changed, json.loads(sign_payload(changed, signer("ada")).raw)
        assert self.said(records) == f"entry 1: ask `lotmark verify` what a {event} event means"

    def test_a_key_of_the_other_curve_is_not_taken_for_good(self) -> None:
        """It enrols it, as the root says, and refuses what is signed with it."""
        key = {"id": "ab" * 32, "algorithm": "ecdsa-p256-sha256", "publicKey": base64.b64encode(b"\x04" + bytes(64)).decode(), "kind": "person"}
        records = self.records(("ada", self.event("enrol", "quinn")), ("quinn", self.approval()))
        kind, payload, _ = records[1]
        statement = json.loads(payload)
        statement["predicate"]["key"] = key
        changed = json.dumps(statement).encode()
        records[1] = kind, changed, json.loads(sign_payload(changed, signer("ada")).raw)
        records[2][2]["signatures"][0]["keyid"] = key["id"]
        assert self.said(records) == "entry 2: ask `lotmark verify` about ecdsa-p256-sha256"


class TestTrust:
    """What a trust file may ask for that this reading cannot answer."""

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            pytest.param({"rootThreshold": 2}, "ask `lotmark verify` about rootThreshold in the trust file", id="several roots"),
            pytest.param({"tlogPolicy": ["quorum none"]}, "ask `lotmark verify` about tlogPolicy in the trust file", id="groups of witnesses"),
            pytest.param(
                {"secondLogKey": "x", "secondLogKeyFrom": 3}, "ask `lotmark verify` about secondLogKey, secondLogKeyFrom in the trust file", id="ML-DSA-44"
            ),
            pytest.param(
                {"witnesses": [NoteKey("w.example", KeyType.MLDSA44).vkey], "quorum": 1},
                "ask `lotmark verify` about the key of w.example",
                id="an ML-DSA-44 witness",
            ),
            pytest.param(
                {"witnesses": [NoteKey("w.example", KeyType.COSIGNATURE).vkey], "quorum": 1},
                "0 witnesses have cosigned the checkpoint, you ask for 1",
                id="no quorum",
            ),
            pytest.param({"timestampRoots": []}, "", id="stamps, which it does not judge"),
            pytest.param(
                {"logKey": NoteKey("example.org/lotmark/test", seed="next").vkey},
                "the checkpoint is not signed by the log that you trust",
                id="a later log key",
            ),
        ],
    )
    def test_it_refuses_what_it_cannot_hold_to(self, bundle: Path, tmp_path: Path, more: dict[str, Any], said: str) -> None:
        trust = tmp_path / "trust.json"
        trust.write_text(json.dumps({**json.loads((bundle.parent / "trust.json").read_text()), **more}))
        assert read(bundle, trust) == said

    def test_its_head_and_the_specification_name_every_limit(self) -> None:
        head = " ".join(str(READ["__doc__"]).split())
        spec = " ".join((SCRIPT.parent / "bundle.md").read_text().split())
        for limit in ("P-256", "ML-DSA-44", "thresholds of root persons", "compromised keys", "groups of witnesses", "time stamps"):
            assert limit in head, limit
            assert limit in spec, limit


class TestNames:
    """Opened commitments: the two readers agree."""

    @pytest.fixture
    def named(self, tmp_path: Path) -> Path:
        log = ReleaseLog()
        quinn = person("quinn")
        log.sealed = {"quinn": Person(quinn.id, quinn.name, VALUE.commitment)}
        log.record().bundle(tmp_path / "bundle.zip", openings=[VALUE])
        (tmp_path / "trust.json").write_bytes(format_trust_policy(TRUST))
        return tmp_path / "bundle.zip"

    def test_an_address_that_a_signature_commits_to(self, named: Path, tmp_path: Path) -> None:
        assert json.loads(unpack(named)["names/openings.json"])["openings"][0]["value"] == VALUE.value
        assert refused(named, tmp_path, unpack(named)) == ""

    @pytest.mark.parametrize(
        "change", [{"value": "mallory@example.org"}, {"salt": base64.b64encode(bytes(32)).decode()}, {"commitment": commit(bytes(32), "x")}]
    )
    def test_another_name_than_the_one_that_was_signed(self, named: Path, tmp_path: Path, change: dict[str, str]) -> None:
        files = unpack(named)
        wire = json.loads(files["names/openings.json"])
        wire["openings"][0] |= change
        files["names/openings.json"] = json.dumps(wire, separators=(",", ":"), sort_keys=True).encode() + b"\n"
        assert "no signature commits to" in refused(named, tmp_path, files)


class TestEd25519:
    """Its arithmetic against vectors that others made."""

    @pytest.mark.parametrize(
        ("key", "message", "signature"),
        [
            (
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                "",
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            ),
            (
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
                "72",
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            ),
        ],
        ids=["RFC 8032 test 1", "RFC 8032 test 2"],
    )
    def test_vectors_of_the_rfc(self, key: str, message: str, signature: str) -> None:
        values = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
        assert READ["ed25519"](*values)
        assert not READ["ed25519"](values[0], values[1] + b"x", values[2])

    def test_every_signature_of_wycheproof(self) -> None:
        path = REFERENCE / "vectors" / "wycheproof_ed25519_test.json"
        if not path.exists():
            pytest.skip(f"the reference vectors are not at {REFERENCE} (LOTMARK_REFERENCE)")
        wrong = []
        for group in json.loads(path.read_text())["vectors"]:
            key = bytes.fromhex(group["publicKey"]["pk"])
            for case in group["tests"]:
                try:
                    holds = READ["ed25519"](key, bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
                except ValueError:
                    holds = False
                if holds is not (case["result"] == "valid"):
                    wrong.append((case["tcId"], case["comment"], case["result"]))
        assert wrong == []
