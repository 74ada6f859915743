"""Evaluation of CEL expressions in one limited child process. A crash, a time-out or nonsense is an error, never a pass."""

import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from lotmark.base.errors import EnvironmentLacksError

WORKER = Path(__file__).with_name("_worker.py")
WALL_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The value of one expression, or why there is none."""

    value: bool | tuple[str, ...] | None = None
    error: str = ""


def evaluate_all(expressions: Sequence[str], values: dict[str, Any], *, worker: Path = WORKER, wall_seconds: float = WALL_SECONDS) -> tuple[Evaluation, ...]:
    """Each expression's value over `values`, in one child process; one Evaluation per expression, always.

    Raises:
        EnvironmentLacksError: LM-POL-010 if the CEL engine is not installed or the child cannot be started.
    """
    request = json.dumps({"expressions": list(expressions), "values": values}).encode()
    try:
        # -I -S: no site-packages, no environment: the child starts in a few milliseconds and reads nothing of the caller's.
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(worker), engine_library()],
            input=request,
            capture_output=True,
            timeout=wall_seconds,
            check=False,
            env=_environment(),
        )
    except subprocess.TimeoutExpired:
        return _all_failed(expressions, f"the evaluation took longer than {wall_seconds:g} s")
    except OSError as error:
        raise EnvironmentLacksError(
            "LM-POL-010", f"the policy cannot be evaluated: {error.strerror}", where=sys.executable, solution="check that Python can be started here"
        ) from error
    if done.returncode != 0:
        # Which limit it was is in the return code (-9, -11, -24) or on stderr; to the verdict it is all one.
        return _all_failed(expressions, "the evaluation ended before its answer: it used too much time or memory, or the engine failed")
    return _answer(done.stdout, expressions)


def _environment() -> dict[str, str]:
    """Only what a Python may need to find its own shared library."""
    return {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}


def _answer(stdout: bytes, expressions: Sequence[str]) -> tuple[Evaluation, ...]:
    try:
        results = json.loads(stdout)["results"]
        evaluations = tuple(_evaluation(result) for result in results)
    except (ValueError, KeyError, TypeError):
        return _all_failed(expressions, "the evaluation gave no readable answer")
    if len(evaluations) != len(expressions):
        return _all_failed(expressions, "the evaluation gave too few or too many answers")
    return evaluations


def _evaluation(result: dict[str, Any]) -> Evaluation:
    if "error" in result:
        return Evaluation(error=str(result["error"]) or "unknown")
    value = result["value"]
    return Evaluation(value=value if isinstance(value, bool) else tuple(str(item) for item in value))


def _all_failed(expressions: Sequence[str], reason: str) -> tuple[Evaluation, ...]:
    return tuple(Evaluation(error=reason) for _ in expressions)


@lru_cache(maxsize=1)
def engine_library() -> str:
    """Path of the extension module of ``common-expression-language``, found without importing its package."""
    spec = importlib.util.find_spec("cel")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for suffix in importlib.machinery.EXTENSION_SUFFIXES:
            library = Path(folder) / f"cel{suffix}"
            if library.is_file():
                return str(library)
    raise EnvironmentLacksError(
        "LM-POL-010", "the policy cannot be evaluated: the CEL engine is not installed", solution="install the package common-expression-language"
    )
