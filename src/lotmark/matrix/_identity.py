"""The id of a test, the same whichever producer wrote the results.

A ``nodeid`` property is taken as it stands. Otherwise a result that is recognisably pytest's gets its node id
(``tests/unit/test_ct.py::TestPlateau::test_flat[a]``) back from ``classname``, ``name`` and ``file``; anything else is
``classname::name``, and ``suite::name`` where there is no class name.
"""

import re
from collections.abc import Collection, Mapping

from lotmark.trace.api import base_test_id

UNNAMED = "(unnamed)"
"""Stands for an empty test name; such a result (a failed set-up, mostly) counts like any other."""

SUITE = "(suite)"
"""Name of the case that stands for an error of a whole suite."""

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\Z", re.ASCII)
_MODULE = re.compile(r"test_\w*\Z|\w+_tests?\Z", re.ASCII)
# A test function's name as pytest reports it; `runTest` is the one test of a unittest class that names none.
FUNCTION = re.compile(r"(?:test\w*|runTest)(?:\[.*\])?\Z", re.ASCII | re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


def normalise_id(*, nodeid: str, classname: str, name: str, file: str, suite: str) -> str:
    """The id of a test from what its results say of it; never empty, one line."""
    return one_line(nodeid) if nodeid else Identities().of(classname, name, file, suite)


class Identities:
    """Ids of one results file. What a class or a suite contributes is worked out once: a file has many tests of each."""

    __slots__ = ("_classes", "_seen")

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str, bool], tuple[str | None, bool, str]] = {}
        self._classes: dict[str, tuple[str, bool] | None] = {}

    def of(self, classname: str, name: str, file: str, suite: str) -> str:
        """The id; never empty, one line."""
        key = (classname, file, suite, name[:5] == "test_")
        found = self._seen.get(key)
        if found is None:
            if len(self._seen) >= _KEPT:
                self._seen.clear()
            found = self._seen[key] = _prefixes(*key)
        prefix, any_name, plain = found
        identity = prefix + name if prefix is not None and name and (any_name or FUNCTION.match(name)) else plain + (name or UNNAMED)
        return identity if identity.isprintable() else one_line(identity)

    def by_class(self, classes: Collection[str]) -> Mapping[str, tuple[str, bool] | None]:
        """For classes without a file: what stands before a name, and whether before any; else before a test function's alone.

        None where it takes the name to tell, or where the class has no name.
        """
        missing = [name for name in classes if name not in self._classes]
        if missing and len(self._classes) >= _KEPT:
            self._classes.clear()
            missing = list(classes)
        for classname in missing:
            prefix, _, plain = found = _prefixes(classname, "", "", True)
            # Only a part that is called `tests` is read in another way before another name.
            told = bool(plain) and plain.isprintable() and (".tests" not in classname or found == _prefixes(classname, "", "", False))
            self._classes[classname] = None if not told else (plain, True) if prefix is None else (prefix, False)
        return self._classes


_KEPT = 4096


def _prefixes(classname: str, file: str, suite: str, underscored: bool) -> tuple[str | None, bool, str]:
    """What stands before the name in a node id (None: not pytest's), whether any name will do, and the prefix otherwise."""
    owner = classname or suite
    plain = f"{owner}::" if owner else ""
    if not _DOTTED.match(classname or "x"):
        return None, False, plain
    file = file.replace("\\", "/")
    parts = classname.split(".") if classname else []
    if file.endswith(".py") and not file.startswith(("/", ".")):
        module = file.removesuffix(".py").split("/")
        classes = parts[len(module) :] if parts[: len(module)] == module else parts
        return "::".join((file, *classes, "")), True, plain
    # Without a file the module is the last part that is named like one: parts before it are packages, after it classes.
    for at in range(len(parts) - 1, -1, -1):
        # `app.tests` is a module in Python's habit and a package in Java's, where methods are not named with an underscore.
        if _MODULE.match(parts[at]) or (parts[at] == "tests" and at > 0 and underscored):
            return "::".join(("/".join(parts[: at + 1]) + ".py", *parts[at + 1 :], "")), False, plain
    return None, False, plain


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
