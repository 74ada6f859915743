"""Every kind of evidence and every rule that the rooms bring."""

import importlib
from collections.abc import Iterator
from pathlib import Path

import lotmark
from lotmark.attest.models import Registry
from lotmark.base.rules import Rule

_WITH_KINDS = ("attest", "records", "trace", "builds", "supply", "matrix", "policy", "approvals", "checks", "releases", "deploy", "pipeline")
_WITH_RULES = (
    "base",
    "intake",
    "ids",
    "product",
    "tlog",
    "attest",
    "witness",
    "ledger",
    "records",
    "index",
    "trace",
    "builds",
    "supply",
    "lint",
    "matrix",
    "policy",
    "approvals",
    "checks",
    "releases",
    "deploy",
    "dossier",
    "integrations",
    "pipeline",
    "cli",
)


def registry() -> Registry:
    """Every kind of evidence that counts."""
    return Registry(kind for room in _WITH_KINDS for kind in importlib.import_module(f"lotmark.{room}.predicates").KINDS)


def schemas() -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every published JSON Schema: the product's own files, kinds of evidence, outputs."""
    for folder in sorted(Path(lotmark.__file__).parent.glob("*/schemas")):
        for path in sorted(folder.glob("*.json")):
            yield path.name, path.read_bytes()


def rules() -> Iterator[Rule]:
    """Every rule code with its story."""
    for room in _WITH_RULES:
        try:
            module = importlib.import_module(f"lotmark.{room}.rules")
        except ModuleNotFoundError:
            continue
        yield from module.RULES
