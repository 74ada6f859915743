"""The types of ``dependencies`` in `lotmark.yaml`: what the product is made from, and what is held against it."""

from typing import Annotated, Literal

import msgspec

from lotmark.product._section import DateText, NonEmpty, Section, Sha256Hex


class LockFile(Section, frozen=True, kw_only=True):
    """One lock file and its kind; an empty kind is found from the file's name."""

    path: NonEmpty
    """Relative to the folder of lotmark.yaml."""
    kind: Literal["", "pip", "uv", "npm", "poetry", "pylock", "pdm", "yarn", "pnpm", "cargo", "go", "gradle", "maven", "conan", "gem", "cyclonedx", "spdx"] = ""
    """Which reader takes it."""


class NoDependencies(Section, frozen=True, kw_only=True):
    """The statement that a product has no third-party components, with the person who answers for it."""

    reason: NonEmpty
    """Why there are none."""
    owner: NonEmpty
    """The person who answers for it."""


class LicenceException(Section, frozen=True, kw_only=True):
    """A component whose licence was looked at by a person."""

    component: NonEmpty
    """``name`` or ``name@version`` or a purl."""
    licence: NonEmpty
    """The SPDX expression that holds for it."""
    reason: NonEmpty
    """Why it may be used."""
    owner: NonEmpty
    """The person who looked."""
    expires: DateText
    """The last day on which it holds."""


class LicencePolicy(Section, frozen=True, kw_only=True):
    """SPDX licence ids that may be used; an expression holds if one of its OR branches uses only these."""

    allow: list[NonEmpty]
    """SPDX licence identifiers."""
    exceptions: list[LicenceException] = []
    """Components that a person has looked at."""


class VulnerabilityException(Section, frozen=True, kw_only=True):
    """A known vulnerability that does not affect the product (VEX justification words)."""

    id: NonEmpty
    """The identifier of the advisory, or one of its aliases."""
    component: NonEmpty
    """``name`` or ``name@version`` or a purl."""
    justification: Literal[
        "component_not_present",
        "vulnerable_code_not_present",
        "vulnerable_code_not_in_execute_path",
        "vulnerable_code_cannot_be_controlled_by_adversary",
        "inline_mitigations_already_exist",
    ]
    """Why it does not affect the product, in the words of VEX."""
    reason: NonEmpty
    """The same in a sentence."""
    owner: NonEmpty
    """The person who judged it."""
    expires: DateText
    """The last day on which it holds."""


class VexFile(Section, frozen=True, kw_only=True):
    """A VEX document of the repository (OpenVEX or CycloneDX, JSON) and who answers for it here."""

    path: NonEmpty
    """Path of the document, relative to the folder of lotmark.yaml."""
    owner: NonEmpty
    """The person who has read it and answers for it."""
    expires: DateText
    """The last day on which its statements hold."""


class ExploitedList(Section, frozen=True, kw_only=True):
    """The catalogue of known exploited vulnerabilities of CISA (JSON), pinned by digest."""

    path: NonEmpty
    """Path of the catalogue, relative to the folder of lotmark.yaml."""
    sha256: Sha256Hex
    """Digest of the catalogue."""
    retrieved: DateText
    """The day on which it was fetched."""


class AssessedComponent(Section, frozen=True, kw_only=True):
    """A component that no advisory database covers, whose known anomalies a person looked up elsewhere."""

    component: NonEmpty
    """``name`` or ``name@version`` or a purl."""
    reason: NonEmpty
    """What was looked at, and what came of it."""
    owner: NonEmpty
    """The person who looked."""
    expires: DateText
    """The last day on which it holds."""


class VulnerabilityPolicy(Section, frozen=True, kw_only=True):
    """The OSV dump (a zip, a folder or one JSON-lines file of OSV records) that is evaluated, pinned by digest."""

    dump: NonEmpty
    """Path of the dump, relative to the folder of lotmark.yaml."""
    sha256: Sha256Hex
    """Digest of the dump."""
    retrieved: DateText
    """The day on which it was fetched."""
    max_age_days: Annotated[int, msgspec.Meta(ge=1)] = 30
    """How old it may be when a release is decided."""
    exceptions: list[VulnerabilityException] = []
    """Known vulnerabilities that do not affect the product."""
    vex: list[VexFile] = []
    """Documents that say the same of more vulnerabilities."""
    exploited: ExploitedList | None = None
    """The catalogue of vulnerabilities that are known to be exploited."""
    assessed: list[AssessedComponent] = []
    """Components that the dump cannot cover."""


class DependencySection(Section, frozen=True, kw_only=True):
    """What the product is made from."""

    locks: list[LockFile] = []
    """The lock files; every component is pinned in one of them."""
    none: NoDependencies | None = None
    """In place of locks, for a product without third-party components."""
    licences: LicencePolicy
    """Which licences may be used."""
    vulnerabilities: VulnerabilityPolicy
    """What is held against the components."""
