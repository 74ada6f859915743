"""`lotmark show`: exit codes, both forms, the file as a question, and what it must not import."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import lotmark.index
from fakes.index_world import IndexWorld
from fakes.keyring import signer
from fakes.ledger import ORIGIN, clock, policy
from lotmark.attest.api import format_trust_policy
from lotmark.base.digest import Digest
from lotmark.base.errors import ExitCode
from lotmark.cli.main import run
from lotmark.ledger.api import create_ledger

pytestmark = pytest.mark.verifies("REQ-023")


SCHEMA = json.loads((Path(lotmark.index.__file__).parent / "schemas" / "answers.v1.json").read_text(encoding="utf-8"))
HEAVY = ("dbos", "sqlalchemy", "django", "rich", "cyclonedx", "cel", "celpy", "yaml", "jinja2", "typst", "univers")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work tree whose ledger holds a release of the file `artifact.whl` and a later run of the same version."""
    root = tmp_path_factory.mktemp("product")
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    (root / "artifact.whl").write_bytes(b"wheel")
    state = root / ".lotmark"
    with create_ledger(state, ORIGIN, signer("log"), clock()) as ledger:
        world = IndexWorld(ledger=ledger).found()
        world.waive()
        world.release(1, artifact=Digest.of(b"wheel").hex)
        world.product = "pump"
        world.run(1, "1.4.0", artifact="ab" * 32)
    (state / "trust.json").write_bytes(format_trust_policy(policy()))
    return root


@pytest.fixture
def product(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, and the command run inside."""
    copy = tmp_path / "product"
    shutil.copytree(made, copy)
    monkeypatch.chdir(copy)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return copy


def test_text_is_the_result_on_stdout(product: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["show", "qpcr@1.4.0"]) == ExitCode.ACCEPTED
    out, err = capsys.readouterr()
    assert out.startswith("qPCR Caller 1.4.0  ✓ released  qpcr:RUN-0001\n")
    assert err == ""
    assert "\x1b" not in out
    assert max(len(line) for line in out.splitlines()) <= 100
    assert (product / ".lotmark" / "index.db").is_file()


def test_the_page_is_as_narrow_as_the_terminal(product: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "70")
    run(["show", "WVR-0001"])
    assert max(len(line) for line in capsys.readouterr().out.splitlines()) <= 72


@pytest.mark.parametrize(("variable", "colored"), [("FORCE_COLOR", True), ("NO_COLOR", False)])
def test_colour_follows_the_environment(product: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, variable: str, *, colored: bool):
    monkeypatch.setenv(variable, "1")
    run(["show", "qpcr:RUN-0001"])
    assert ("\x1b[" in capsys.readouterr().out) is colored


@pytest.mark.parametrize("question", ["qpcr@1.4.0", "qpcr:RUN-0001", "REQ-001", "numpy", "WVR-0001", "pump@1.4.0"])
def test_json_names_its_schema_and_fits_it(product: Path, capsys: pytest.CaptureFixture[str], question: str):
    assert run(["--format", "json", "show", question]) == ExitCode.ACCEPTED
    wire = json.loads(capsys.readouterr().out)
    Draft202012Validator(SCHEMA).validate(wire)
    assert wire["schema"] == SCHEMA["$id"] == "https://lotmark.dev/output/answers/v1"
    assert wire["question"] == question


def test_a_file_is_asked_for_by_its_digest(product: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["show", "--artifact", "artifact.whl"]) == ExitCode.ACCEPTED
    assert f"sha256 {Digest.of(b'wheel').hex[:16]} is qpcr-1.4.0.whl of qpcr 1.4.0" in capsys.readouterr().out


def test_a_changed_file_is_nothing_that_the_ledger_knows(product: Path, capsys: pytest.CaptureFixture[str]):
    (product / "artifact.whl").write_bytes(b"wheel!")
    assert run(["show", "--artifact", "artifact.whl"]) == ExitCode.NOTHING_TO_JUDGE
    err = capsys.readouterr().err
    assert "no run of this ledger made or judged artifact.whl (sha256:" in err
    assert "one changed byte" in err


def test_several_things_are_listed(product: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["show", "1.4.0"]) == ExitCode.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert "error[LM-IDX-005]: 2 things in the ledger are called '1.4.0'" in err
    assert "    qpcr@1.4.0  (version: qPCR Caller 1.4.0)" in err
    assert "    pump@1.4.0  (version: qPCR Caller 1.4.0)" in err


def test_near_misses_are_told(product: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["show", "REQ-01"]) == ExitCode.NOTHING_TO_JUDGE
    assert "did you mean REQ-001" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["show"], ["show", "1.4.0", "--artifact", "artifact.whl"], ["show", "--artifact", "missing.whl"], ["show", ""]])
def test_a_call_that_asks_nothing_or_twice_is_a_usage_error(product: Path, words: list[str]):
    assert run(words) == ExitCode.USAGE


def test_without_a_ledger_it_says_how_to_make_one(product: Path, capsys: pytest.CaptureFixture[str]):
    shutil.rmtree(product / ".lotmark")
    assert run(["show", "1.4.0"]) == ExitCode.ENVIRONMENT
    assert "LM-CLI-010" in capsys.readouterr().err


def test_a_ledger_that_was_changed_is_not_answered_from(product: Path, capsys: pytest.CaptureFixture[str]):
    database = product / ".lotmark" / "ledger.db"
    data = bytearray(database.read_bytes())
    data[data.find(b'"payload":"ey') + 40] ^= 1
    database.write_bytes(bytes(data))
    assert run(["show", "qpcr@1.4.0"]) == ExitCode.INTEGRITY
    assert "error[LM-LED-107]" in capsys.readouterr().err


def test_the_declaration_is_not_read(product: Path):
    (product / "lotmark.yaml").write_text("{ not yaml", encoding="utf-8")
    assert run(["show", "qpcr@1.4.0"]) == ExitCode.ACCEPTED


@pytest.mark.parametrize("current", [False, True])
def test_it_imports_nothing_heavy(product: Path, *, current: bool):
    if current:
        run(["show", "qpcr@1.4.0"])
    code = "import sys; from lotmark.cli.main import run; code = run(['show', 'qpcr@1.4.0']); print(*sys.modules, file=sys.stderr); sys.exit(code)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=product, check=True, env={**os.environ, "COLUMNS": "100"})
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert loaded.isdisjoint(HEAVY)
    if current:
        assert not {name for name in done.stderr.split() if name.endswith(".predicates")} - {"lotmark.attest.predicates"}
        assert "lotmark.index._project" not in done.stderr.split()
