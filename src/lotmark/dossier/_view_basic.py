"""The smallest values of a view: a status, a labelled value, a reference, a finding."""

from dataclasses import dataclass
from typing import Literal

Mark = Literal["ok", "bad", "wait", "warn", "none"]
"""How a status is marked. A mark never stands alone: a word says the same."""
FactKind = Literal["text", "digest", "mono"]


@dataclass(frozen=True, slots=True)
class Status:
    """A mark with its word."""

    mark: Mark
    word: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A labelled value."""

    label: str
    value: str
    kind: FactKind = "text"


@dataclass(frozen=True, slots=True)
class Ref:
    """An item by id and title."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding of a stage."""

    code: str
    severity: str
    message: str
    help: str
