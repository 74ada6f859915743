"""Attacks on the log that only somebody outside can notice: what the command line answers, and that nothing changed."""

import base64
import json
import shutil

import pytest

from fakes.note_signers import NoteKey
from fakes.witnessed_world import WitnessedWorld, serve_folder
from lotmark.attest.api import FileSigner
from lotmark.base.errors import IntegrityError
from lotmark.tlog import api as tlog
from lotmark.tlog.models import Checkpoint, KeyType, ProofFile

pytestmark = [pytest.mark.verifies("REQ-060", "REQ-061", "RC-003", "RC-060", "HAZ-001")]


@pytest.fixture
def world(tiny, tmp_path):
    made = WitnessedWorld(tiny, tmp_path / "world")
    yield made
    made.close()


def codes(called):
    return [finding["code"] for finding in called.wire["findings"]]


def answers(called):
    return [(answer["outcome"], answer["detail"]) for answer in called.wire["answers"]]


# ---- L07: the tail cut off, the older signed checkpoint put back


@pytest.mark.attack("L07")
def test_l07_a_ledger_that_was_put_back_is_a_rollback_and_signs_nothing(world):
    before = world.snapshot("before")
    size = world.size()
    larger = world.grow(2)
    assert world.ask().code == 0
    world.put_back(before, whole=False)
    told = world.ask()
    assert told.code == 6
    ((outcome, detail),) = answers(told)
    assert outcome == "rollback"
    assert f"ROLLBACK: the log has {size} entries, w1.example cosigned {larger}" in detail
    assert [path.name for path in world.evidence()] == ["ours.checkpoint", "witness.checkpoint"]
    found = world.tiny.cli("--format", "json", "log", "fsck")
    assert (found.code, set(codes(found))) == (6, {"LM-LED-115"}), "the witness's memory and the user's own tell"
    with pytest.raises(IntegrityError, match="ROLLBACK") as caught:
        world.grow()
    assert caught.value.code == "LM-LED-115"
    assert world.size() == size


@pytest.mark.attack("L07")
def test_l07_with_the_whole_state_put_back_the_witness_tells(world):
    before = world.snapshot("before")
    world.grow(2)
    world.ask()
    world.put_back(before, whole=True)
    assert world.tiny.cli("log", "fsck").code == 6, "who has seen the longer log is told"
    world.forget()
    assert world.tiny.cli("log", "fsck").code == 0, "what lies in the folder is sound"
    told = world.ask()
    assert (told.code, answers(told)[0][0]) == (6, "rollback")
    assert len(world.evidence()) == 2


# ---- L08, L09: history rewritten with the stolen log key


def without_the_third(old):
    return [*old[:3], *old[4:]]


@pytest.mark.attack("L08")
def test_l08_a_history_that_was_rewritten_and_signed_again_is_a_fork(world):
    world.ask()
    cosigned = world.witnesses[0].store.cosigned("example.org/tiny")
    world.grow(2)
    world.rewrite(without_the_third)
    world.forget()
    assert world.tiny.cli("log", "fsck").code == 0, "with the log's key and no memory it looks sound"
    size = world.size()
    told = world.ask()
    assert (told.code, answers(told)[0][0]) == (6, "fork")
    kept = {path.name: path.read_bytes() for path in world.evidence()}
    assert set(kept) == {"ours.checkpoint", "witness.checkpoint"}
    for note in kept.values():
        tlog.verify_checkpoint(note, [tlog.parse_vkey(world.log_key)])
    assert world.size() == size
    assert world.witnesses[0].store.cosigned("example.org/tiny") == cosigned


def swapped(old):
    """The same records, two of them in another order: the same size, another tree."""
    return [*old[:-2], old[-1], old[-2]]


@pytest.mark.attack("L08")
def test_l08_two_trees_of_one_size_under_the_stolen_key_are_a_fork(world):
    world.ask()
    size = world.size()
    world.rewrite(swapped)
    fsck = world.tiny.cli("--format", "json", "log", "fsck")
    assert (fsck.code, set(codes(fsck))) == (6, {"LM-LED-116"}), "the machine itself remembers"
    world.forget()
    assert world.tiny.cli("log", "fsck").code == 0
    told = world.ask()
    outcome, detail = answers(told)[0]
    assert (told.code, outcome) == (6, "fork")
    assert f"FORK: the log has {size} entries, w1.example cosigned {size}" in detail
    ours, theirs = [tlog.parse_checkpoint(tlog.parse_note(path.read_bytes()).text) for path in world.evidence()]
    assert (ours.size, theirs.size) == (size, size)
    assert ours.root != theirs.root
    assert world.size() == size


@pytest.mark.attack("L09")
def test_l09_an_entry_inserted_in_the_past_is_a_fork(world):
    world.grow()
    world.ask()
    size = world.size()

    def insert(old):
        return [*old[:4], old[-1], *old[4:-1], *old[4:4]]

    world.rewrite(insert)
    world.forget()
    told = world.ask()
    assert (told.code, answers(told)[0][0]) == (6, "fork")
    assert "FORK" in answers(told)[0][1]
    assert (len(world.evidence()), world.size()) == (2, size)


# ---- L10: two readers, two trees


@pytest.mark.attack("L10")
def test_l10_of_two_trees_of_one_size_at_most_one_is_witnessed(world, tmp_path):
    world.ask()
    assert world.tiny.cli("log", "export", str(tmp_path / "first")).code == 0
    world.rewrite(swapped)
    world.forget()
    world.ask()
    assert world.tiny.cli("log", "export", str(tmp_path / "second")).code == 0
    one = world.tiny.cli("log", "fsck", "--tiles", str(tmp_path / "first"), "--trust", str(world.trust_path))
    other = world.tiny.cli("log", "fsck", "--tiles", str(tmp_path / "second"), "--trust", str(world.trust_path))
    assert (one.code, other.code) == (0, 6)
    assert "Cosigned by 1 witness" in one.out
    assert "NOT_WITNESSED" in other.err
    assert "LM-LED-141" in other.err


# ---- L11: an old checkpoint for ever


@pytest.mark.attack("L11")
def test_l11_a_mirror_that_shows_an_old_checkpoint_for_ever_is_stale(world, tmp_path):
    world.clock.seconds -= 3 * 3600
    world.ask()
    place = str(tmp_path / "export")
    world.tiny.cli("log", "export", place)
    assert world.tiny.cli("log", "fsck", "--tiles", place).code == 0
    assert world.tiny.cli("log", "fsck", "--tiles", place, "--max-age", "4").code == 0
    stale = world.tiny.cli("log", "fsck", "--tiles", place, "--max-age", "2")
    assert stale.code == 6
    assert "LM-LED-142" in stale.err
    assert "STALE: a quorum cosigned 3 h ago, you allow 2 h" in stale.err


# ---- L18: a tile or bundle altered on the way


@pytest.fixture
def export(tiny, tmp_path):
    place = tmp_path / "export"
    assert tiny.cli("log", "export", str(place)).code == 0
    return place


@pytest.mark.attack("L18")
def test_l18_each_file_of_an_export_that_a_disk_altered_is_named(tiny, export):
    before = {path: path.read_bytes() for path in export.rglob("*") if path.is_file()}
    for path, data in before.items():
        if path.name == "checkpoint":
            continue
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        told = tiny.cli("--format", "json", "log", "fsck", "--tiles", str(export))
        assert (told.code, set(codes(told))) == (6, {"LM-LED-140"})
        name = str(path.relative_to(export))
        assert any(f"TILE_MISMATCH: {name}" in finding["message"] for finding in told.wire["findings"])
        path.write_bytes(data)
    assert tiny.cli("log", "fsck", "--tiles", str(export)).code == 0


@pytest.mark.attack("L18")
@pytest.mark.parametrize("which", ["tile/0", "tile/entries"])
def test_l18_what_a_proxy_alters_is_named(tiny, export, which):
    def alter(path, data):
        return bytes([data[0] ^ 1]) + data[1:] if path.startswith(which) else data

    with serve_folder(export) as honest, serve_folder(export, alter) as proxy:
        assert tiny.cli("log", "fsck", "--tiles", honest).code == 0
        told = tiny.cli("log", "fsck", "--tiles", proxy)
    assert told.code == 6
    assert f"TILE_MISMATCH: {which}" in told.out


@pytest.mark.attack("L18")
def test_l18_a_proxy_that_serves_nothing_is_no_sound_mirror(tiny, export, tmp_path):
    shutil.rmtree(export / "tile")
    told = tiny.cli("log", "fsck", "--tiles", str(export))
    assert (told.code, "TILE_MISMATCH" in told.out) == (6, True)
    (tmp_path / "empty").mkdir()
    with serve_folder(tmp_path / "empty") as url:
        assert tiny.cli("log", "fsck", "--tiles", url).code == 5
    assert tiny.cli("log", "fsck", "--tiles", url).code == 4


# ---- L19: proofs that do not prove


@pytest.fixture
def proof(tiny, tmp_path):
    path = tmp_path / "entry.tlog-proof"
    assert tiny.cli("log", "prove", "3", "--form", "tlog-proof", "-o", str(path)).code == 0
    return path


EMPTY = base64.b64encode(tlog.EMPTY_ROOT).decode()


@pytest.mark.attack("L19")
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda p, _: ProofFile(p.index, (*p.proof, bytes(32)), p.note, p.extra), id="an extra hash"),
        pytest.param(lambda p, _: ProofFile(p.index, p.proof[:-1], p.note, p.extra), id="a missing hash"),
        pytest.param(lambda p, _: ProofFile(p.index, (), p.note, p.extra), id="no hash"),
        pytest.param(lambda p, _: ProofFile(p.index + 1, p.proof, p.note, p.extra), id="another index"),
        pytest.param(lambda p, size: ProofFile(size, p.proof, p.note, p.extra), id="the index of the size"),
        pytest.param(lambda p, _: ProofFile(2**62, p.proof, p.note, p.extra), id="a huge index"),
        pytest.param(lambda p, _: ProofFile(p.index, p.proof, p.note, p.extra + b" "), id="another record"),
        pytest.param(lambda p, _: ProofFile(p.index, p.proof[::-1], p.note, p.extra), id="hashes in another order"),
    ],
)
def test_l19_a_proof_that_does_not_lead_to_the_root_is_invalid(tiny, proof, change):
    good = tlog.parse_proof_file(proof.read_bytes())
    proof.write_bytes(tlog.format_proof_file(change(good, tiny.size())))
    told = tiny.cli("log", "prove", "--verify", str(proof))
    assert told.code == 6
    assert "error[LM-LED-113]: PROOF_INVALID" in told.err
    assert told.out == ""


@pytest.mark.attack("L19")
@pytest.mark.parametrize("size", [31, 33, 1, 64])
def test_l19_a_hash_of_another_length_is_invalid(tiny, proof, size):
    lines = proof.read_bytes().split(b"\n")
    lines[3] = base64.b64encode(bytes(size))
    proof.write_bytes(b"\n".join(lines))
    told = tiny.cli("log", "prove", "--verify", str(proof))
    assert (told.code, "PROOF_INVALID" in told.err) == (6, True)


@pytest.mark.attack("L19")
@pytest.mark.parametrize("size", [0, 3])
def test_l19_a_tree_that_is_too_small_for_the_index_is_invalid(tiny, proof, size):
    """Signed with the log's own key: nothing but the arithmetic refuses it."""
    good = tlog.parse_proof_file(proof.read_bytes())
    root = tlog.EMPTY_ROOT if size == 0 else bytes(32)
    note = tlog.sign_checkpoint(Checkpoint("example.org/tiny", size, root), log_signer(tiny))
    proof.write_bytes(tlog.format_proof_file(ProofFile(good.index, good.proof, note, good.extra)))
    told = tiny.cli("log", "prove", "--verify", str(proof))
    assert (told.code, "PROOF_INVALID" in told.err) == (6, True)


def test_a_good_proof_verifies_in_both_forms(tiny, proof, tmp_path):
    assert tiny.cli("log", "prove", "--verify", str(proof)).code == 0
    receipt = tmp_path / "receipt.json"
    receipt.write_text(tiny.cli("log", "prove", "3").out)
    told = tiny.cli("--format", "json", "log", "prove", "--verify", str(receipt))
    assert (told.code, told.wire["index"], told.wire["kind"]) == (0, 3, "key-event")
    receipt.write_text(receipt.read_text().replace('"index": 3', '"index": 4'))
    assert tiny.cli("log", "prove", "--verify", str(receipt)).code == 6


# ---- L20: checkpoints in another form


class LogKey:
    """The log's key in somebody's hands: it signs whatever text."""

    name = "example.org/tiny"

    def __init__(self, tiny):
        self._signer = FileSigner.load(tiny.state / "keys" / "log.key")
        self.public_key = self._signer.public_key

    def sign(self, data):
        return self._signer.sign(data)


def log_signer(tiny):
    return LogKey(tiny)


def sign_text(tiny, text):
    """A note of the text, signed by the log's key, whether it can stand in a note or not."""
    signer = log_signer(tiny)
    key = tlog.make_key(signer.name, signer.public_key)
    line = base64.b64encode(key.key_hash.to_bytes(4, "big") + signer.sign(text)).decode()
    return text + f"\n\N{EM DASH} {signer.name} {line}\n".encode()


@pytest.mark.attack("L20")
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda o, s, r: f"{o}\n{s}\n{r}\nmore\n", id="an extension line"),
        pytest.param(lambda o, s, r: f"{o}\n0{s}\n{r}\n", id="a leading zero"),
        pytest.param(lambda o, s, r: f"{o}\n+{s}\n{r}\n", id="a sign"),
        pytest.param(lambda o, s, r: f"{o}\n{s}\n{r[:-2]}{chr(ord(r[-2]) + 1)}=\n", id="base64 that is not canonical"),
        pytest.param(lambda o, s, r: f"{o}\n{s}\n{r[:-1]}\n", id="base64 without padding"),
        pytest.param(lambda o, s, r: f"{o}\r\n{s}\r\n{r}\r\n", id="CRLF"),
        pytest.param(lambda o, s, r: f"{o}\n{s}\n{r}\x00\n", id="a zero byte"),
        pytest.param(lambda o, s, r: f"{o}\n{s} \n{r}\n", id="a space behind the size"),
        pytest.param(lambda o, s, r: f"{o}\n{s}\n", id="no root"),
        pytest.param(lambda o, s, r: f"{o}\n{s}\n{base64.b64encode(bytes(31)).decode()}\n", id="a root of 31 bytes"),
        pytest.param(lambda o, s, r: f"{o}\n99999999999999999999\n{r}\n", id="a size beyond 2^63"),
        pytest.param(lambda o, s, r: f"{o}\n0\n{r}\n", id="an empty tree with another root"),
    ],
)
def test_l20_a_checkpoint_in_another_form_is_malformed(tiny, export, change):
    origin, size, root = (export / "checkpoint").read_text().split("\n")[:3]
    (export / "checkpoint").write_bytes(sign_text(tiny, change(origin, size, root).encode()))
    told = tiny.cli("log", "fsck", "--tiles", str(export))
    assert told.code == 6
    assert "error[LM-LED-111]: CHECKPOINT_MALFORMED" in told.err
    kept = tiny.cli("--format", "json", "log", "fsck", "--seen", str(export / "checkpoint"))
    assert (kept.code, codes(kept)) == (6, ["LM-LED-111"])
    assert "CHECKPOINT_MALFORMED" in kept.wire["findings"][0]["message"]


def test_further_signature_lines_do_not_disturb(tiny, export):
    note = (export / "checkpoint").read_bytes()
    (export / "checkpoint").write_bytes(NoteKey("w.example", KeyType.COSIGNATURE).cosign(note, 1))
    told = tiny.cli("--format", "json", "log", "fsck", "--tiles", str(export))
    assert (told.code, told.wire["witnesses"]) == (0, [])
    assert json.loads(told.out)["sound"] is True
