"""`lotmark log` towards the outside: export, proofs, checkpoints, witnesses; and what `run` says of them at its end."""

import json
import subprocess
from pathlib import Path

import pytest

from fakes.witnessed_world import WitnessedWorld
from lotmark.cli._output import Output
from lotmark.cli.run import cosign_end
from lotmark.tlog import api as tlog

pytestmark = pytest.mark.verifies("REQ-060", "REQ-061", "REQ-063")


@pytest.fixture
def world(tiny, tmp_path):
    made = WitnessedWorld(tiny, tmp_path / "world")
    yield made
    made.close()


def test_an_export_tells_what_is_new_and_says_so_when_nothing_is(world, tmp_path):
    place = tmp_path / "export"
    first = world.tiny.cli("log", "export", str(place))
    assert (first.code, "2 tiles" in first.out or "1 tiles" in first.out) == (0, True)
    assert "nothing is new but perhaps cosignatures" in world.tiny.cli("log", "export", str(place)).out
    world.ask()
    world.tiny.cli("log", "export", str(place))
    assert b"w1.example" in (place / "checkpoint").read_bytes()
    wire = world.tiny.cli("--format", "json", "log", "export", str(place)).wire
    assert (wire["origin"], wire["size"], wire["tiles"]) == ("example.org/tiny", world.size(), 0)


def test_an_export_to_what_is_no_place_is_refused(tiny):
    told = tiny.cli("log", "export", "ftp://somewhere/")
    assert (told.code, "LM-ITG-001" in told.err) == (2, True)


def test_a_mirror_is_checked_with_the_ledger_s_own_trust_or_the_caller_s(world, tmp_path):
    place = str(tmp_path / "export")
    world.ask()
    world.tiny.cli("log", "export", place)
    own = world.tiny.cli("log", "fsck", "--tiles", place)
    assert (own.code, "Cosigned by 1 witness" in own.out) == (0, True)
    wire = world.tiny.cli("--format", "json", "log", "fsck", "--tiles", place, "--trust", str(world.trust_path)).wire
    assert (wire["sound"], wire["witnesses"]) == (True, ["w1"])
    assert world.tiny.cli("--format", "markdown", "log", "fsck", "--tiles", place).code == 0
    missing = world.tiny.cli("log", "fsck", "--tiles", place, "--trust", str(tmp_path / "nowhere.json"))
    assert (missing.code, "LM-DOS-002" in missing.err) == (2, True)


def test_a_mirror_without_any_witness_says_what_that_means(tiny, tmp_path):
    tiny.cli("log", "export", str(tmp_path / "export"))
    assert "tamper-evident only against people without the log key" in tiny.cli("log", "fsck", "--tiles", str(tmp_path / "export")).out


@pytest.mark.parametrize("words", [("--trust", "x"), ("--max-age", "1")])
def test_options_of_a_mirror_without_one_are_refused(tiny, words):
    assert tiny.cli("log", "fsck", *words).code == 2


def test_a_checkpoint_is_printed_or_written_with_its_cosignatures(world, tmp_path):
    world.ask()
    printed = world.tiny.cli("log", "checkpoint")
    assert printed.code == 0
    assert [line.name for line in tlog.parse_note(printed.out.encode()).signatures] == ["example.org/tiny", "w1.example"]
    path = tmp_path / "kept"
    written = world.tiny.cli("log", "checkpoint", "-o", str(path))
    assert (written.code, written.out, path.read_text()) == (0, "", printed.out)
    older = world.tiny.cli("log", "checkpoint", "--size", "0")
    assert older.out.split("\n")[1] == "0"
    assert world.tiny.cli("log", "checkpoint", "--size", "99999").code == 5
    refused = world.tiny.cli("log", "checkpoint", "-o", str(tmp_path / "no" / "such"))
    assert (refused.code, "LM-CLI-002" in refused.err) == (2, True)


@pytest.mark.parametrize("words", [(), ("1", "--verify", "pyproject.toml")])
def test_a_proof_is_of_one_thing(tiny, words):
    assert tiny.cli("log", "prove", *words).code == 2


def test_a_proof_of_no_entry_is_no_proof(tiny):
    assert tiny.cli("log", "prove", "99999", "--form", "tlog-proof").code == 5
    assert tiny.cli("log", "prove", "99999").code == 5


def test_a_proof_verifies_elsewhere_with_the_trust_file_and_its_quorum(world, tmp_path):
    world.ask()
    path = tmp_path / "entry"
    world.tiny.cli("log", "prove", "2", "--form", "tlog-proof", "-o", str(path))
    told = world.tiny.cli("--format", "json", "log", "prove", "--verify", str(path), "--trust", str(world.trust_path))
    assert (told.code, told.wire["index"], told.wire["witnesses"]) == (0, 2, ["w1"])
    world.grow()
    world.tiny.cli("log", "prove", "2", "--form", "tlog-proof", "-o", str(path))
    unwitnessed = world.tiny.cli("log", "prove", "--verify", str(path))
    assert (unwitnessed.code, "NOT_WITNESSED" in unwitnessed.err) == (6, True)


@pytest.mark.parametrize("content", [b"", b"{", b"nonsense", b"c2sp.org/tlog-proof@v1\nindex 0\n\nx", b'{"checkpoint":"","header":"","index":0,"proof":[]}'])
def test_what_is_no_proof_is_refused(tiny, tmp_path, content):
    path = tmp_path / "proof"
    path.write_bytes(content)
    told = tiny.cli("log", "prove", "--verify", str(path))
    assert told.code == 6
    assert "LM-LED-11" in told.err


def test_witnesses_are_asked_and_told_of(world):
    told = world.tiny.cli("log", "witness")
    assert told.code == 0
    assert "✓ cosigned" in told.out
    assert "✓ witnessed: example.org/tiny at size" in told.out
    wire = world.ask().wire
    assert wire["quorum"]
    assert wire["quorumTime"].endswith("Z")
    fsck = world.tiny.cli("log", "fsck")
    assert f"Witnessed up to size {world.size()}. Cosigned by 1 witness" in fsck.out


def test_a_git_repository_keeps_the_checkpoint(world, tmp_path):
    remote = tmp_path / "other-team.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(remote)], check=True)
    told = world.tiny.cli("log", "witness", "--git", str(remote))
    assert (told.code, f"at size {world.size()} lies in" in told.out) == (0, True)
    world.grow()
    wire = world.tiny.cli("--format", "json", "log", "witness", "--git", str(remote), "--branch", "checkpoints").wire
    assert (wire["size"], wire["branch"]) == (world.size(), "checkpoints")
    nowhere = world.tiny.cli("log", "witness", "--git", str(tmp_path / "nowhere"))
    assert (nowhere.code, "LM-ITG-011" in nowhere.err) == (4, True)


def quiet():
    return Output(Path(), None, None, "text", quiet=False)


def test_at_the_end_of_a_run_the_witnesses_are_asked(world, capsys):
    with world.tiny.workspace() as workspace:
        assert cosign_end(quiet(), workspace)
    assert capsys.readouterr().err == ""
    assert world.tiny.cli("--format", "json", "log", "fsck").wire["witnessedSize"] == world.size()


def test_a_witness_that_is_away_at_the_end_of_a_run_is_told_of(world, capsys):
    world.down(0)
    with world.tiny.workspace() as workspace:
        assert cosign_end(quiet(), workspace)
    told = capsys.readouterr().err
    assert "witness w1.example: unreachable" in told
    assert "not witnessed yet" in told


def test_a_log_that_was_rewritten_during_a_run_is_not_passed_over(world, capsys):
    world.ask()
    world.rewrite(lambda old: [*old[:-2], old[-1], old[-2]])
    world.forget()
    with world.tiny.workspace() as workspace:
        assert not cosign_end(quiet(), workspace)
    assert "FORK" in capsys.readouterr().err


def test_without_witnesses_the_end_of_a_run_asks_nobody(tiny, capsys):
    with tiny.workspace() as workspace:
        assert cosign_end(quiet(), workspace)
    assert capsys.readouterr().err == ""


def test_a_trust_file_s_policy_stands_as_lines(world):
    assert json.loads(world.trust_path.read_text())["tlogPolicy"][-1] == "quorum g"
