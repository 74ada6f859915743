"""The command line before a workspace that is not there: what a command asks for, and what it says of the answer.

The room `bootstrap` has tests of its own with a real ledger; here each of its functions gives what the test says, and
what it was asked for is kept.
"""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import lotmark.bootstrap.api as bootstrap
from fakes.tiny_product import Called, call


class Desk:
    """Calls the command line in process; `answers` says what a function of a door gives, or raises."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self.asked: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        """Name, arguments (without the workspace) and named arguments of each call."""
        self.told: list[dict[str, Any]] = []
        """Events that were recorded."""
        self.workspace = SimpleNamespace(close=lambda: None, state=Path("/state"), product=SimpleNamespace(id="qpcr"))
        patch.setattr(bootstrap, "open_workspace", lambda *_: self.workspace)
        patch.setattr(bootstrap, "record_event", lambda _, tag, **told: self.told.append({"tag": tag, **told}))

    def answers(self, name: str, given: Any, *, door: Any = bootstrap) -> None:
        """`given` is what the function gives; an exception is raised."""

        def function(*arguments: Any, **named: Any) -> Any:
            shown = arguments[1:] if arguments and arguments[0] is self.workspace else arguments
            self.asked.append((name, shown, named))
            if isinstance(given, BaseException):
                raise given
            return given

        self._patch.setattr(door, name, function)

    def keys(self, *modules: Any) -> None:
        """In these modules a person's key is opened without a passphrase; which one is kept."""

        def load(person: str, key_file: str | None) -> str:
            self.asked.append(("key", (person, key_file), {}))
            return f"key of {person}"

        for module in modules:
            self._patch.setattr(module, "load_personal_key", load)

    def names(self) -> list[str]:
        return [name for name, _, _ in self.asked]

    def __call__(self, *words: str, form: str = "text", variables: Mapping[str, str] | None = None) -> Called:
        for name, value in (variables or {}).items():
            self._patch.setenv(name, value)
        return call("--format", form, *words)
