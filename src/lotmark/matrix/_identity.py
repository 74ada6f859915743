"""The id of a test, the same whichever producer wrote the results.

A ``nodeid`` property is taken as it stands. Otherwise a result that is recognisably pytest's gets its node id
(``tests/unit/test_ct.py::TestPlateau::test_flat[a]``) back from ``classname``, ``name`` and ``file``; anything else is
``classname::name``, and ``suite::name`` where there is no class name.
"""

import re
from collections.abc import Collection

from lotmark.trace.api import base_test_id

UNNAMED = "(unnamed)"
"""Stands for an empty test name; such a result (a failed set-up, mostly) counts like any other."""

SUITE = "(suite)"
"""Name of the case that stands for an error of a whole suite."""

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\Z", re.ASCII)
_MODULE = re.compile(r"test_\w*\Z|\w+_tests?\Z", re.ASCII)
# `runTest` is the one test of a unittest class that names none.
_FUNCTION = re.compile(r"(?:test\w*|runTest)(?:\[.*\])?\Z", re.ASCII | re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


def normalise_id(*, nodeid: str, classname: str, name: str, file: str, suite: str) -> str:
    """The id of a test from what its results say of it; never empty, one line."""
    if nodeid:
        return one_line(nodeid)
    found = _pytest_id(classname, name, file.replace("\\", "/"))
    if found is None:
        owner = classname or suite
        found = f"{owner}::{name or UNNAMED}" if owner else name or UNNAMED
    return one_line(found)


def pytest_names(expected: Collection[str]) -> dict[str, str]:
    """What pytest's JUnit XML makes of node ids (``a/b.py::C::check`` -> ``a.b.C::check``), to the id itself, both without parameters.

    Which functions and files are tests is up to a project's settings, so such a result cannot be told by its form alone. Two
    ids that become one are left out.
    """
    found: dict[str, set[str]] = {}
    for test in expected:
        base = base_test_id(test)
        module, *inner = base.split("::")
        if inner and module.endswith(".py"):
            owner = ".".join((*module.removesuffix(".py").split("/"), *inner[:-1]))
            found.setdefault(f"{owner}::{inner[-1]}", set()).add(base)
    return {name: ids.pop() for name, ids in found.items() if len(ids) == 1}


def one_line(text: str) -> str:
    """The text with control characters written as escapes: an id never breaks a line of a log or a table."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def _pytest_id(classname: str, name: str, file: str) -> str | None:
    if not name or not _DOTTED.match(classname or "x"):
        return None
    parts = classname.split(".") if classname else []
    if file.endswith(".py") and not file.startswith(("/", ".")):
        module = file.removesuffix(".py").split("/")
        classes = parts[len(module) :] if parts[: len(module)] == module else parts
        return "::".join((file, *classes, name))
    if not _FUNCTION.match(name):
        return None
    # Without a file the module is the last part that is named like one: parts before it are packages, after it classes.
    for at in range(len(parts) - 1, -1, -1):
        # `app.tests` is a module in Python's habit and a package in Java's, where methods are not named with an underscore.
        if _MODULE.match(parts[at]) or (parts[at] == "tests" and at > 0 and name.startswith("test_")):
            return "::".join(("/".join(parts[: at + 1]) + ".py", *parts[at + 1 :], name))
    return None
