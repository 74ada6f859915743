"""The words of this room: what a lock pins, what a component is, and the report over all of them."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from lotmark.base.findings import Finding, Location, has_errors
from lotmark.product.models import AssessedComponent, NoDependencies

Ecosystem = Literal["PyPI", "npm", "crates.io", "Go", "Maven", "RubyGems", "ConanCenter", "other"]
"""An ecosystem by its OSV name; ``other`` for components that only an SBOM names, their name then begins with the purl type."""

Scope = Literal["runtime", "build", "test"]
"""What a component is there for: shipped or run with the product, needed to build it, or needed to test it."""

LockKind = Literal["pip", "uv", "npm", "poetry", "pylock", "pdm", "yarn", "pnpm", "cargo", "go", "gradle", "maven", "conan", "gem", "cyclonedx", "spdx"]

LicenceVerdict = Literal["allowed", "refused", "missing", "excepted"]

LicenceSource = Literal["lock", "License-Expression", "classifiers", "License", "exception", ""]
"""Where a licence was found: stated by the lock or the metadata, read from looser words, or declared by a person."""

SeverityWord = Literal["none", "low", "medium", "high", "critical"]
"""CVSS 3.1 section 5; what has no score and no word of its own counts as ``high``."""


@dataclass(frozen=True, slots=True)
class RootComponent:
    """The product itself, as the SBOM's subject."""

    id: str
    name: str
    version: str
    manufacturer: str = ""
    type: Literal["application", "firmware"] = "application"


@dataclass(frozen=True, slots=True)
class Pin:
    """One component exactly as one lock file pins it.

    `name` is normalised for its ecosystem. `needed` says that an environment made from the lock holds it, `group` which
    optional group it comes from otherwise. `requires` are the ``(name, version)`` pairs that it pulls in, `supplier` who
    made it, both as far as the lock tells. `hashes` are pairs of algorithm and hex digits: sha256, sha384 and sha512 of
    the file that a registry delivers, ``h1`` (Go) and ``berry`` (yarn) of what the tool makes of it.
    """

    ecosystem: Ecosystem
    name: str
    version: str
    hashes: tuple[tuple[str, str], ...]
    location: Location
    scope: Scope = "runtime"
    needed: bool = True
    group: str = ""
    direct: bool = True
    licence: str = ""
    requires: tuple[tuple[str, str], ...] = ()
    supplier: str = ""


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock file that was read: path as declared, kind, digest, how many components it pins, and the bytes that were read."""

    path: str
    kind: LockKind
    sha256: str
    components: int
    data: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Distribution:
    """One installed Python distribution, read from its metadata folder."""

    name: str
    version: str
    licence_expression: str = ""
    licence: str = ""
    classifiers: tuple[str, ...] = ()
    path: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class Environment:
    """What lies in the declared interpreter's environment; nothing was executed to learn it unless it is no venv."""

    python: str
    version: str
    distributions: tuple[Distribution, ...]


@dataclass(frozen=True, slots=True)
class Component:
    """A component of the product, judged.

    `licence` is the SPDX expression that holds ("" when missing). `installed` is the version found in the environment,
    None where there is none to look at.
    """

    purl: str
    ecosystem: Ecosystem
    name: str
    version: str
    scope: Scope
    hashes: tuple[tuple[str, str], ...]
    location: Location
    licence: str
    licence_source: LicenceSource
    licence_verdict: LicenceVerdict
    installed: str | None
    direct: bool
    requires: tuple[str, ...]
    supplier: str = ""
    """Who makes it: as the SOUP list, the lock or the installed metadata says; "" where none does."""


@dataclass(frozen=True, slots=True)
class SoupItem:
    """A SOUP item of the product (IEC 62304 8.1.2, 5.3.3, 5.3.4, 7.1.2, 7.1.3), one per component that its entry describes."""

    purl: str
    title: str
    manufacturer: str
    version: str
    requirements: tuple[str, ...]
    needs: tuple[str, ...]
    anomalies_source: str
    anomalies_evaluated: str
    anomalies: tuple[str, ...]
    support: str
    end_of_support: str


@dataclass(frozen=True, slots=True)
class ComponentChange:
    """What became of a component since the last release; `before` and `after` are versions, "" where there was none."""

    kind: Literal["added", "removed", "upgraded", "downgraded", "drifted"]
    ecosystem: str
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """The last release to compare with: its version and the components of its ``dependencies`` record."""

    version: str
    components: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class InputFile:
    """A further file that was judged by: a VEX document, the catalogue of exploited vulnerabilities, the SOUP list."""

    path: str
    sha256: str
    data: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A pin that is no part of this product here, and why (a marker, an optional group that is not installed)."""

    purl: str
    reason: str


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """One OSV record that matches one component.

    `score` is the CVSS 3.x base score, None when the record carries none; `vector` the vector as recorded, whatever its
    version. `state` is ``not_affected`` only by a declared exception that has not expired.
    """

    id: str
    aliases: tuple[str, ...]
    component: str
    summary: str
    severity: SeverityWord
    score: float | None
    vector: str
    fixed: tuple[str, ...]
    state: Literal["affected", "not_affected"]
    justification: str = ""
    reason: str = ""
    owner: str = ""
    expires: str = ""
    exploited: str = ""
    """The day on which CISA added it to the catalogue of known exploited vulnerabilities; "" if it is not in it or none is declared."""
    vex: str = ""
    """The VEX document whose statement holds."""


@dataclass(frozen=True, slots=True)
class DumpReading:
    """What was read of the vulnerability dump. `evaluated` is False unless every component could be judged by it."""

    dump: str
    sha256: str
    retrieved: str
    records: int
    ecosystems: tuple[str, ...]
    evaluated: bool
    assessed: tuple[AssessedComponent, ...] = ()
    """The components that no dump covers and that a person has looked up elsewhere."""


@dataclass(frozen=True, slots=True)
class SupplyReport:
    """Everything that was found out about the product's dependencies.

    `sbom` are the bytes of the CycloneDX document, `spdx` those of the SPDX one; they exist even when the report refuses.
    `changes` is None where there is no earlier release.
    """

    product: RootComponent
    committed_at: str
    findings: tuple[Finding, ...]
    locks: tuple[Lock, ...]
    none: NoDependencies | None
    components: tuple[Component, ...]
    left_out: tuple[LeftOut, ...]
    environment: Environment | None
    allowed_licences: tuple[str, ...]
    vulnerabilities: tuple[Vulnerability, ...]
    dump: DumpReading
    sbom: bytes
    today: date
    spdx: bytes = b""
    soup: tuple[SoupItem, ...] = ()
    soup_declared: bool = False
    since: str = ""
    changes: tuple[ComponentChange, ...] | None = None
    inputs: tuple[InputFile, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether no finding closes the gate."""
        return not has_errors(self.findings)
