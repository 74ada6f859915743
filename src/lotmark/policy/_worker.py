"""The child process in which criteria are evaluated: one JSON request on stdin, one JSON answer on stdout.

It is started as a script (``python -I -S _worker.py LIBRARY``) and imports nothing of Lotmark, and of the standard library no
more than it must: its start is most of what a decision costs (`typing` and `importlib.util` alone would be a third of it). The
CEL engine has no limit of its own on what an expression may cost, so the process limits itself before it reads anything.
"""

import json
import re
import resource
import sys
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from types import ModuleType

CPU_SECONDS = 5
MEMORY_BYTES = 512 * 1024 * 1024
MAX_MESSAGES = 1_000
MAX_MESSAGE = 2_000
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def limit() -> None:
    """Bound processor time and address space, and allow no file to be written."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def load_engine(library: str) -> ModuleType:
    """The engine's extension module alone; its package would import a command line first."""
    loader = ExtensionFileLoader("cel", library)
    module: ModuleType = loader.create_module(ModuleSpec("cel", loader, origin=library))
    loader.exec_module(module)
    return module


def evaluate(engine: ModuleType, expression: str, values: dict[str, object]) -> dict[str, object]:
    """``{"value": bool | [str]}`` or ``{"error": why}``; whatever is neither is an error."""
    try:
        value = engine.compile(expression).execute(_named(expression, values))
    except BaseException as error:  # noqa: BLE001  # a panic of the engine is no Exception; each of it is a refusal
        return {"error": f"{type(error).__name__}: {error}"[:MAX_MESSAGE]}
    if isinstance(value, bool):
        return {"value": value}
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return {"error": "the value is neither a bool nor a list of texts"}
    if len(value) > MAX_MESSAGES:
        value = [*value[:MAX_MESSAGES], f"... and {len(value) - MAX_MESSAGES} more"]
    return {"value": [item[:MAX_MESSAGE] for item in value]}


def _named(expression: str, values: dict[str, object]) -> dict[str, object]:
    """The values whose names stand in the expression: the engine copies all that it is given, each time."""
    words = set(_WORD.findall(expression))
    return {name: value for name, value in values.items() if name in words}


def answer(library: str, request: bytes) -> bytes:
    """Evaluate every expression of the request over its values."""
    asked = json.loads(request)
    engine = load_engine(library)
    results = [evaluate(engine, expression, asked["values"]) for expression in asked["expressions"]]
    return json.dumps({"results": results}).encode()


def main() -> None:
    limit()
    sys.stdout.buffer.write(answer(sys.argv[1], sys.stdin.buffer.read()))


if __name__ == "__main__":  # pragma: no cover - runs in the child, which starts without the coverage hook
    main()
