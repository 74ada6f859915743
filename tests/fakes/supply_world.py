"""A product folder, a virtual environment and an OSV dump, made of files alone, for tests of the supply room."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from lotmark.base.findings import Severity
from lotmark.product.models import DependencySection
from lotmark.supply.api import examine
from lotmark.supply.models import RootComponent, SupplyReport

UNDESCRIBED = frozenset({"LM-SUP-025", "LM-SUP-060"})
TODAY = date(2026, 11, 23)
COMMITTED_AT = "2026-11-20T08:00:00.000Z"
PRODUCT = RootComponent("qpcr", "qPCR caller", "2.1.0", "Example Diagnostics")


def hex_of(text: str) -> str:
    """A well-formed SHA-256, different for each text."""
    return hashlib.sha256(text.encode()).hexdigest()


def requirement(name: str, version: str, marker: str = "") -> str:
    """A pinned and hashed line of a requirements file."""
    return f"{name}=={version}{f' ; {marker}' if marker else ''} --hash=sha256:{hex_of(name + version)}\n"


def osv_record(
    name: str = "unrelated", *, ecosystem: str = "PyPI", identifier: str = "OSV-1", events: list[dict[str, str]] | None = None, **more: Any
) -> dict[str, Any]:
    """An OSV record with one ECOSYSTEM range (SEMVER for npm)."""
    kind = "SEMVER" if ecosystem == "npm" else "ECOSYSTEM"
    ranges = [{"type": kind, "events": events if events is not None else [{"introduced": "0"}]}]
    affected = {"package": {"ecosystem": ecosystem, "name": name}, "ranges": ranges}
    return {"id": identifier, "modified": "2026-11-01T00:00:00Z", "affected": [affected], **more}


class World:
    """A product under `root` with an environment beside it; everything is allowed and nothing is vulnerable until a test says so."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "product"
        self.root.mkdir()
        self.venv = folder / "venv"
        self.python = self.venv / "bin" / "python"
        self.site = self.venv / "lib" / "python3.11" / "site-packages"
        self.site.mkdir(parents=True)
        (self.venv / "pyvenv.cfg").write_text("home = /usr/bin\nversion_info = 3.11.7\ninclude-system-site-packages = false\n")
        self.config: dict[str, Any] = {
            "locks": [],
            "licences": {"allow": ["MIT", "Apache-2.0", "BSD-3-Clause"], "exceptions": []},
            "vulnerabilities": {"dump": "osv.jsonl", "sha256": "0" * 64, "retrieved": "2026-11-20", "exceptions": []},
        }
        self.dump([osv_record(), osv_record(ecosystem="npm")])

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def lock(self, name: str, content: str | bytes, kind: str = "") -> None:
        """Write and declare a lock file."""
        self.write(name, content)
        self.config["locks"].append({"path": name, "kind": kind})

    def install(self, name: str, version: str, *headers: str, folder: Path | None = None) -> Path:
        """Put a distribution into the environment; MIT unless `headers` say otherwise."""
        info = (folder or self.site) / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        lines = ["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}", *(headers or ("License-Expression: MIT",)), "", "License: not a header"]
        (info / "METADATA").write_text("\n".join(lines))
        return info

    def require(self, name: str, version: str, *headers: str) -> None:
        """Lock a distribution in requirements.txt and install it."""
        path = self.root / "requirements.txt"
        self.write("requirements.txt", (path.read_text() if path.exists() else "") + requirement(name, version))
        if not self.config["locks"]:
            self.config["locks"].append({"path": "requirements.txt"})
        self.install(name, version, *headers)

    def dump(self, records: Iterable[dict[str, Any]], name: str = "osv.jsonl") -> Path:
        """Write the dump as JSON lines and pin it."""
        path = self.write(name, "".join(json.dumps(record) + "\n" for record in records))
        self.pin(name, hashlib.sha256(path.read_bytes()).hexdigest())
        return path

    def pin(self, name: str, sha256: str) -> None:
        self.config["vulnerabilities"].update(dump=name, sha256=sha256)

    def declared(self) -> DependencySection:
        return msgspec.convert(self.config, DependencySection)

    def examine(self, *, whole: bool = False, **more: Any) -> SupplyReport:
        """The report; warnings about missing descriptions (SOUP list, suppliers) only if `whole`, since nearly no world has any."""
        arguments: dict[str, Any] = {"product": PRODUCT, "python": self.python, "today": TODAY, "committed_at": COMMITTED_AT, **more}
        report = examine(self.root, self.declared(), **arguments)
        return report if whole or "soup" in more else replace(report, findings=tuple(each for each in report.findings if each.code not in UNDESCRIBED))

    def codes(self, **more: Any) -> list[str]:
        """The codes of the findings that refuse."""
        return [finding.code for finding in self.examine(**more).findings if finding.severity is Severity.ERROR]


def messages(report: SupplyReport, code: str) -> list[str]:
    """The messages of the findings with that code."""
    return [finding.message for finding in report.findings if finding.code == code]


def codes_of(findings: Iterable[Any], keep: Callable[[Any], bool] = lambda _: True) -> list[str]:
    return [finding.code for finding in findings if keep(finding)]
