"""Attacks on and through witnesses: what the command line and the witness's HTTP answer, and that nothing changed."""

import http.client
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.note_signers import Log, NoteKey
from fakes.tiny_product import call
from fakes.witnessed_world import WitnessedWorld
from fakes.witnesses import LocalWitness
from lotmark.tlog import api as tlog
from lotmark.tlog.models import AddCheckpoint, KeyType

pytestmark = [pytest.mark.verifies("REQ-060", "REQ-062", "REQ-063", "RC-060", "HAZ-001")]


@pytest.fixture
def world(tiny, tmp_path):
    made = WitnessedWorld(tiny, tmp_path / "world", witnesses=2, quorum=2)
    yield made
    made.close()


def answers(called):
    return {answer["witness"]: answer["outcome"] for answer in called.wire["answers"]}


# ---- W01: a witness is away


@pytest.mark.attack("W01")
def test_w01_appends_go_on_and_are_marked_unwitnessed(world):
    assert world.ask().code == 0
    first = world.size()
    world.down(1)
    size = world.grow()
    told = world.ask()
    assert (told.code, answers(told), told.wire["quorum"]) == (4, {"w1": "cosigned", "w2": "unreachable"}, False)
    assert "does not answer as a witness" in told.wire["answers"][1]["detail"]
    text = world.tiny.cli("log", "witness").out
    assert "✗ not witnessed" in text
    assert "NOT_WITNESSED" in text
    found = world.tiny.cli("--format", "json", "log", "fsck")
    assert (found.code, found.wire["witnessedSize"], found.wire["size"]) == (0, first, size)
    world.up(1)
    assert world.ask().code == 0
    assert world.tiny.cli("--format", "json", "log", "fsck").wire["witnessedSize"] == size


@pytest.mark.attack("W01")
def test_w01_without_any_witness_every_report_says_what_that_means(tiny):
    assert "tamper-evident only against people without the log key" in tiny.cli("log", "fsck").out
    told = tiny.cli("log", "witness")
    assert (told.code, "error[LM-LED-041]" in told.err) == (4, True)


@pytest.mark.attack("W01")
@pytest.mark.slow
def test_w01_the_release_gate_fails_closed_and_opens_when_the_witness_is_back(world):
    """The policy's grace is an hour; the last quorum is two hours old."""
    world.clock.seconds -= 7200
    world.ask()
    world.clock.seconds += 7200
    world.down(1)
    before = world.size()
    refused = world.tiny.run()
    assert refused.outcome == "refused"
    (decision,) = world.tiny.predicates("decision")
    (witnessed,) = [criterion for criterion in decision["criteria"] if criterion["id"] == "witnessed"]
    assert witnessed["verdict"] == "violated"
    assert any("w2: unreachable" in violation["message"] for violation in witnessed["violations"])
    assert [criterion["id"] for criterion in decision["criteria"] if criterion["verdict"] != "met"] == ["witnessed"]
    assert world.size() > before, "every stage was recorded all the same"
    world.up(1)
    report = world.tiny.run(new=True)
    assert report.outcome == "pending", report
    record = world.tiny.predicates("witnessing")[-1]
    assert {answer["outcome"] for answer in record["answers"]} == {"cosigned"}
    with world.tiny.workspace() as workspace:
        sealed = {entry.header.submitter for entry in workspace.ledger.entries(kind="stage-result")}
        assert {entry.header.submitter for entry in workspace.ledger.entries(kind="witnessing")} <= sealed, "the operator is named sealed, here too"
    assert record["logSize"] == tlog.parse_checkpoint(tlog.parse_note(record["checkpoint"].encode()).text).size
    world.tiny.assert_sound()


# ---- W02: the witness's own answers, from a process of its own


class Served:
    """`lotmark log witness --serve` as a process."""

    def __init__(self, folder: Path, *logs: str, name: str = "witness.example/w1") -> None:
        options = [word for log in logs for word in ("--log", log)]
        command = [sys.executable, "-m", "lotmark.cli.main", "--format", "json", "log", "witness", "--serve", "--folder", str(folder), "--name", name]
        self.process = subprocess.Popen([*command, "--listen", "127.0.0.1:0", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if line == "}\n":
                break
        self.told = json.loads("".join(lines)) if lines else {}

    def post(self, body: bytes) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection(self.told["url"].removeprefix("http://"), timeout=20)
        connection.request("POST", "/add-checkpoint", body=body)
        answer = connection.getresponse()
        told = (answer.status, answer.headers["Content-Type"], answer.read())
        connection.close()
        return told

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=30)
        return self.process.returncode


LOG = Log()


def body(old, new, log=LOG, proof=None):
    return tlog.format_add_checkpoint(AddCheckpoint(old, log.consistency(old, new) if proof is None else proof, log.note(new)))


@pytest.mark.attack("W02")
def test_w02_a_served_witness_answers_as_c2sp_says_and_remembers_over_a_restart(tmp_path):
    served = Served(tmp_path / "w", LOG.signer.vkey)
    try:
        key = tlog.parse_vkey(served.told["vkey"])
        status, _, line = served.post(body(0, 5))
        assert (status, tlog.verify_note(LOG.note(5) + line, [key]).signers) == (200, (key,))
        other = Log(salt="other")
        asked = [body(5, 3), body(8, 5), body(5, 5, other), body(5, 8, other), body(5, 8, proof=()), body(0, 8), b"nonsense"]
        assert [served.post(each)[0] for each in asked] == [400, 400, 422, 422, 422, 409, 400]
        assert served.post(body(0, 8)) == (409, "text/x.tlog.size", b"5\n")
        assert served.post(body(0, 5, Log("log.example/other")))[0] == 404
        stolen = Log()
        stolen.signer = NoteKey("log.example/one", seed="stolen")
        assert served.post(body(5, 8, stolen))[0] == 403
    finally:
        assert served.stop() == 0
    again = Served(tmp_path / "w")
    try:
        assert again.told["vkey"] == served.told["vkey"]
        assert again.post(body(0, 8))[2] == b"5\n"
        assert again.post(body(5, 8))[0] == 200
    finally:
        assert again.stop() == 0


# ---- W03: a witness that is not independent


@pytest.mark.attack("W03")
@pytest.mark.parametrize("kind", [KeyType.ED25519, KeyType.COSIGNATURE])
@pytest.mark.parametrize("words", [("log", "witness"), ("log", "fsck"), ("log", "checkpoint")], ids=lambda words: words[1])
def test_w03_a_witness_with_the_log_s_key_is_refused_as_configuration(world, kind, words):
    log = tlog.parse_vkey(world.log_key)
    selfish = tlog.format_vkey(tlog.make_key("w.example", log.public_key, kind))
    world.set_trust(tlogPolicy=[f"witness w {selfish} http://127.0.0.1:9/", "quorum w"])
    size_before = (world.tiny.state / "ledger.db").stat().st_size
    told = world.tiny.cli(*words)
    assert told.code == 2
    assert "error[LM-ATT-090]: WITNESS_NOT_INDEPENDENT" in told.err
    assert (world.tiny.state / "ledger.db").stat().st_size == size_before


@pytest.mark.attack("W03")
def test_w03_one_key_under_two_names_does_not_make_a_quorum(world):
    key = world.witnesses[0].key.public_key
    twice = [f"witness {name} {tlog.format_vkey(tlog.make_key(f'{name}.example', key, KeyType.COSIGNATURE))}" for name in ("a", "b")]
    world.set_trust(tlogPolicy=[*twice, "group g all a b", "quorum g"])
    told = world.tiny.cli("log", "witness")
    assert (told.code, "would count as two" in told.err) == (2, True)


@pytest.mark.attack("W03")
def test_w03_a_witness_on_the_same_machine_is_marked(world):
    told = world.tiny.cli("--format", "json", "log", "witness")
    assert [(finding["code"], finding["severity"]) for finding in told.wire["findings"]] == [("LM-LED-042", "warning")] * 2
    assert "WITNESS_NOT_INDEPENDENT: w1.example runs on this machine" in told.wire["findings"][0]["message"]
    lines = [line.replace("127.0.0.1", "witness.invalid") for line in world.policy_lines]
    world.set_trust(tlogPolicy=lines)
    assert world.tiny.cli("--format", "json", "log", "witness").wire["findings"] == []


@pytest.mark.attack("W03")
def test_w03_doctor_notices_what_is_not_independent(world):
    told = world.tiny.cli("--format", "json", "doctor")
    assert [finding["code"] for finding in told.wire["findings"]].count("LM-LED-042") == 2
    selfish = tlog.format_vkey(tlog.make_key("w.example", tlog.parse_vkey(world.log_key).public_key, KeyType.COSIGNATURE))
    world.set_trust(tlogPolicy=[f"witness w {selfish}", "quorum w"])
    told = world.tiny.cli("--format", "json", "doctor")
    assert told.code == 4
    assert "LM-ATT-090" in [finding["code"] for finding in told.wire["findings"]]


# ---- W04: the witness itself was put back


@pytest.mark.attack("W04")
def test_w04_a_witness_whose_database_was_put_back_refuses_to_serve(tmp_path):
    served = Served(tmp_path / "w", LOG.signer.vkey)
    served.post(body(0, 5))
    assert served.stop() == 0
    shutil.copy(tmp_path / "w" / "witness.db", tmp_path / "old.db")
    served = Served(tmp_path / "w")
    assert served.post(body(5, 8))[0] == 200
    assert served.stop() == 0
    for path in (tmp_path / "w").glob("witness.db*"):
        path.unlink()
    shutil.copy(tmp_path / "old.db", tmp_path / "w" / "witness.db")
    before = (tmp_path / "w" / "witness.db").read_bytes()
    told = call("log", "witness", "--serve", "--folder", str(tmp_path / "w"), "--name", "witness.example/w1", "--listen", "127.0.0.1:0")
    assert told.code == 6
    assert "error[LM-WIT-101]: ROLLBACK: this witness published size 8 of log.example/one, its database knows 5" in told.err
    assert (tmp_path / "w" / "witness.db").read_bytes() == before


@pytest.mark.attack("W04")
def test_w04_a_log_notices_that_one_of_its_witnesses_was_put_back(world):
    world.ask()
    world.grow()
    assert world.ask().code == 0
    world.down(0)
    world.witnesses[0].close()
    shutil.rmtree(world.folder / "w1")
    world.witnesses[0] = LocalWitness(world.folder / "w1", "w1.example", [world.log_key], world.clock)
    world.up(0)
    told = world.ask()
    assert answers(told) == {"w1": "rolled-back", "w2": "cosigned"}
    assert "it was put back itself" in told.wire["answers"][0]["detail"]


# ---- the witness's command line


@pytest.mark.parametrize(
    "words,code,told",
    [
        pytest.param(("--serve",), 2, "needs --folder and --name", id="nothing said"),
        pytest.param(("--serve", "--folder", "{}", "--name", "a b"), 2, "LM-WIT-002", id="a name with a space"),
        pytest.param(("--serve", "--folder", "{}", "--name", "w", "--log", "nonsense"), 2, "LM-WIT-002", id="no key"),
        pytest.param(("--serve", "--folder", "{}", "--name", "w", "--listen", "nowhere"), 2, "LM-WIT-003", id="no address"),
        pytest.param(("--serve", "--folder", "{}", "--name", "w", "--listen", "192.0.2.1:1"), 4, "LM-WIT-003", id="another machine's address"),
        pytest.param(("--folder", "{}"), 2, "belong to --serve", id="folder without serve"),
    ],
)
def test_a_witness_that_cannot_be_is_told_why(tmp_path, words, code, told):
    called = call("log", "witness", *(word.format(tmp_path / "w") for word in words))
    assert (called.code, told in called.err) == (code, True), called.err
