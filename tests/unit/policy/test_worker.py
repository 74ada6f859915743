"""The child process, seen from inside."""

import io
import json
import resource

import pytest

from lotmark.policy import _worker
from lotmark.policy.api import engine_library

pytestmark = pytest.mark.verifies("REQ-015", "RC-008", "HAZ-002")


VALUES = {"n": 3, "names": ["a", "b"], "part": {"x": 1}, "long": ["x" * 3000]}


@pytest.fixture(scope="module")
def engine():
    return _worker.load_engine(engine_library())


@pytest.mark.parametrize(
    ("expression", "value"),
    [("n > 2", True), ("n > 5", False), ("names.map(x, x + '!')", ["a!", "b!"]), ("names.filter(x, x == 'z')", []), ("long", ["x" * 2000])],
)
def test_a_bool_and_a_list_of_texts_are_values(engine, expression, value):
    assert _worker.evaluate(engine, expression, VALUES) == {"value": value}


@pytest.mark.parametrize("expression", ["n", "part", "part.y", "names[7]", "nobody", "(", "n / 0 == 1", "[1]", "'text'", "has(n.x)"])
def test_everything_else_is_an_error(engine, expression):
    assert set(_worker.evaluate(engine, expression, VALUES)) == {"error"}


def test_messages_without_end_are_cut(engine):
    value = _worker.evaluate(engine, "many", {"many": ["m"] * 1500})["value"]
    assert len(value) == 1001
    assert value[-1] == "... and 500 more"


def test_an_engine_that_cannot_be_found_is_an_import_error():
    with pytest.raises(ImportError):
        _worker.load_engine("/nowhere/cel.so")


def test_the_process_limits_itself(monkeypatch):
    set_limits = {}
    monkeypatch.setattr(resource, "setrlimit", lambda which, values: set_limits.update({which: values}))
    _worker.limit()
    assert set_limits[resource.RLIMIT_CPU] == (_worker.CPU_SECONDS, _worker.CPU_SECONDS)
    assert set_limits[resource.RLIMIT_AS] == (_worker.MEMORY_BYTES, _worker.MEMORY_BYTES)
    assert set_limits[resource.RLIMIT_FSIZE] == (0, 0)


def test_a_panic_of_the_engine_is_an_error():
    class Panic(BaseException):
        """As a Rust library raises it: no Exception."""

    class Engine:
        def compile(self, expression):
            raise Panic("index out of range")

    assert _worker.evaluate(Engine(), "n", VALUES) == {"error": "Panic: index out of range"}


def test_the_process_answers_on_stdout(monkeypatch, engine):
    request = json.dumps({"expressions": ["n > 2", "zzz"], "values": VALUES}).encode()
    out = io.BytesIO()
    monkeypatch.setattr(_worker, "limit", lambda: None)
    # The engine can be loaded once in a process, no more.
    monkeypatch.setattr(_worker, "load_engine", lambda library: engine)
    monkeypatch.setattr(_worker.sys, "argv", ["_worker.py", engine_library()])
    monkeypatch.setattr(_worker.sys, "stdin", type("In", (), {"buffer": io.BytesIO(request)}))
    monkeypatch.setattr(_worker.sys, "stdout", type("Out", (), {"buffer": out}))
    _worker.main()
    first, second = json.loads(out.getvalue())["results"]
    assert first == {"value": True}
    assert "zzz" in second["error"]
