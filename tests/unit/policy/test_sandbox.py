"""The child process, seen from outside: whatever happens to it, every criterion gets an answer, and never a pass."""

import subprocess
import sys
from pathlib import Path

import pytest

from lotmark.base.errors import EnvironmentLacksError
from lotmark.policy import _sandbox
from lotmark.policy._sandbox import Evaluation, engine_library, evaluate_all

pytestmark = pytest.mark.verifies("REQ-015", "RC-008", "HAZ-002")


VALUES = {"n": 3, "names": ["a", "b"]}


def worker(folder: Path, body: str) -> Path:
    script = folder / "worker.py"
    script.write_text(body)
    return script


def test_each_expression_has_its_answer():
    assert evaluate_all(["n > 2", "names", "[]", "n"], VALUES) == (
        Evaluation(True),
        Evaluation(("a", "b")),
        Evaluation(()),
        Evaluation(error="the value is neither a bool nor a list of texts"),
    )


def test_an_error_in_one_leaves_the_others():
    first, second = evaluate_all(["names[9] == 'a'", "n == 3"], VALUES)
    assert first.value is None
    assert "IndexError" in first.error
    assert second == Evaluation(True)


def test_an_expression_that_costs_too_much_is_an_error(tmp_path):
    # Nested loops over a thousand numbers: 10^12 steps. The processor limit of the child ends them.
    costly = "l.all(a, l.all(b, l.all(c, l.all(d, a + b + c + d >= 0))))"
    script = Path(_sandbox.WORKER).read_text().replace("CPU_SECONDS = 5", "CPU_SECONDS = 1")
    (answer,) = evaluate_all([costly], {"l": list(range(1000))}, worker=worker(tmp_path, script))
    assert answer.value is None
    assert "too much time or memory" in answer.error


def test_an_expression_that_takes_too_much_memory_is_an_error():
    # Each addition doubles the text: 100 bytes become 100 MB, and then five times that.
    grown = "s"
    for variable in "abcdefghijklmnopqrst":
        grown = f"[{grown}].map({variable}, {variable} + {variable})[0]"
    (answer,) = evaluate_all([f"[{grown}].map(z, z + z + z + z + z)"], {"s": "x" * 100})
    assert answer.value is None
    assert "too much time or memory" in answer.error


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("raise SystemExit(3)", "ended before its answer"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended before its answer"),
        ("import time; time.sleep(60)", "took longer"),
        ("print('no json')", "no readable answer"),
        ("print('{}')", "no readable answer"),
        ("print('{\"results\": [5]}')", "no readable answer"),
        ("print('{\"results\": [{}]}')", "no readable answer"),
        ("print('{\"results\": []}')", "too few or too many"),
        ('print(\'{"results": [{"value": false}, {"value": false}]}\')', "too few or too many"),
    ],
)
def test_a_child_that_fails_is_an_error(tmp_path, body, error):
    (answer,) = evaluate_all(["true"], {}, worker=worker(tmp_path, body), wall_seconds=2)
    assert answer.value is None
    assert error in answer.error


def test_an_error_without_words_is_still_one(tmp_path):
    (answer,) = evaluate_all(["true"], {}, worker=worker(tmp_path, 'print(\'{"results": [{"error": ""}]}\')'))
    assert answer == Evaluation(error="unknown")


def test_the_child_sees_nothing_of_the_callers_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("SECRET", "secret")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/usr/lib")
    body = "import json, os, sys; print(json.dumps({'results': [{'value': sorted(set(os.environ) - {'LC_CTYPE'})}]}))"
    (answer,) = evaluate_all(["true"], {}, worker=worker(tmp_path, body))
    assert answer.value == ("LD_LIBRARY_PATH",)


def test_a_child_that_cannot_be_started_is_named(monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(subprocess, "run", refuse)
    with pytest.raises(EnvironmentLacksError) as caught:
        evaluate_all(["true"], {})
    assert caught.value.code == "LM-POL-010"
    assert caught.value.where == sys.executable


def test_the_engine_is_found_without_importing_its_package():
    assert Path(engine_library()).is_file()


@pytest.mark.parametrize("spec", [None, type("Spec", (), {"submodule_search_locations": None}), type("Spec", (), {"submodule_search_locations": ["/nowhere"]})])
def test_a_missing_engine_is_named(monkeypatch, spec):
    monkeypatch.setattr(_sandbox.importlib.util, "find_spec", lambda name: spec)
    engine_library.cache_clear()
    try:
        with pytest.raises(EnvironmentLacksError) as caught:
            engine_library()
    finally:
        engine_library.cache_clear()
    assert caught.value.code == "LM-POL-010"
    assert "common-expression-language" in (caught.value.solution or "")
