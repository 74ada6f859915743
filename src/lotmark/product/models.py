"""The types of `lotmark.yaml`: one product, its environment, and how it is built, tested, packaged and deployed.

Keys are kebab-case in the file. Every Struct refuses unknown keys; defaults are the safe choice.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from lotmark.base.digest import Digest
from lotmark.base.documents import Document
from lotmark.product._models_dependencies import (
    AssessedComponent,
    DependencySection,
    ExploitedList,
    LicenceException,
    LicencePolicy,
    LockFile,
    NoDependencies,
    VexFile,
    VulnerabilityException,
    VulnerabilityPolicy,
)
from lotmark.product._section import Command, DateText, NonEmpty, Seconds, Section, Sha256Hex

__all__ = [
    "AssessedComponent",
    "BuildSection",
    "Command",
    "Commit",
    "Comparator",
    "ConfigurationFile",
    "DateText",
    "DependencySection",
    "DeploySection",
    "DeviceSection",
    "DirectoryTarget",
    "EnvironmentSection",
    "ExploitedList",
    "FirmwareChecksum",
    "LicenceException",
    "LicencePolicy",
    "LockFile",
    "Market",
    "NoDependencies",
    "NonEmpty",
    "PackageSection",
    "Product",
    "ProductFile",
    "ProductSection",
    "RecordsSection",
    "Seconds",
    "Section",
    "Sha256Hex",
    "SourceSection",
    "SourceState",
    "TestLayer",
    "TestsSection",
    "VersionSource",
    "VexFile",
    "VulnerabilityException",
    "VulnerabilityPolicy",
]


class VersionSource(Section, frozen=True, kw_only=True):
    """Where the version stands in the sources: the first group of `pattern` (multi-line regex) in `file`."""

    file: NonEmpty
    """A path in the repository."""
    pattern: NonEmpty
    """A multi-line regular expression with one group, which is the version."""


class ProductSection(Section, frozen=True, kw_only=True):
    """Who the product is."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,39}$(?!\n)")]
    """The namespace of every identifier of the product."""
    name: NonEmpty
    """As it is printed in records, notes and the dossier."""
    version: VersionSource | NonEmpty
    """The proposed version, or where it stands in the sources."""
    manufacturer: str = ""
    """The legal manufacturer."""
    intended_use: str = ""
    """The intended use, in one or two sentences."""
    safety_class: Literal["A", "B", "C"]
    """IEC 62304:2006+A1:2015, 4.3."""
    udi_di: str = ""
    """The device identifier of the UDI, where there is one."""
    part11: bool = True
    """Whether the release records fall under 21 CFR Part 11."""


class EnvironmentSection(Section, frozen=True, kw_only=True):
    """The build environment: the host's root read-only plus these trees; with ``engine``, the root of `image`."""

    backend: Literal["bwrap", "engine", "inplace", "host"] = "bwrap"
    """How build and tests are isolated: in namespaces, in a container of `image`, confined in the CI container that is the pinned image itself; ``host`` is not isolated, and the release policy refuses it."""
    image: str = ""
    """For ``engine``: the image by its digest, ``name@sha256:...``; it is the whole root, so `python` is then the image's own."""
    python: str = ""
    """Interpreter whose environment is mounted read-only (path, may be relative to the repository); empty: the one that runs Lotmark; ``none``: no Python."""
    mounts: list[NonEmpty] = []
    """Further absolute paths mounted read-only."""
    packages: list[NonEmpty] = []
    """Debian packages whose files, with all that they depend on and the essential ones, are the root of a capsule."""
    path: list[NonEmpty] = []
    """Folders put before the default PATH inside."""
    variables: dict[str, str] = {}
    """Further environment variables, the same in every build."""

    def interpreter(self, root: Path) -> Path | None:
        """The Python interpreter that builds and tests the product in `root`; None where it uses no Python."""
        if self.python == "none":
            return None
        return root / self.python if self.python else Path(sys.executable)


class Comparator(Section, frozen=True, kw_only=True):
    """A declared way to call two different files equivalent."""

    pattern: NonEmpty
    """Glob of the outputs that it is for."""
    kind: Literal["zip", "tar", "gzip", "ar", "elf", "byte-ranges", "command"]
    """What is left out of the comparison: the times and owners in an archive, the debug information and build id of a program, byte ranges, or what a command of the repository says."""
    ranges: list[list[int]] = []
    """For ``byte-ranges``: [start, end) pairs that may differ; negative numbers count from the end (a signature trailer)."""
    command: list[NonEmpty] = []
    """For ``command``: run in the sandbox on the sources with both files' paths behind it; 0 says equivalent, 1 different, anything else that it failed."""
    timeout: Seconds = 60
    """For ``command``: seconds."""
    reason: NonEmpty
    """Why these differences do not matter."""
    owner: NonEmpty
    """The person who answers for it."""
    expires: DateText
    """The last day on which it holds."""


class BuildSection(Section, frozen=True, kw_only=True):
    """How the product is built; the command sees a read-only source and writes to `outputs`."""

    command: Command
    """The build command."""
    outputs: Annotated[list[NonEmpty], msgspec.Meta(min_length=1)]
    """Globs, relative to the source root, of the files that the build makes."""
    working_directory: str = "."
    """Where it starts, relative to the source root."""
    timeout: Seconds = 900
    """Seconds."""
    twin: Literal["controlled", "robust"] = "robust"
    """How much the second build varies: ``robust`` adds path, time zone and umask to ``controlled``."""
    comparators: list[Comparator] = []
    """Declared ways to call two different outputs equivalent."""
    bisection: Annotated[float, msgspec.Meta(ge=0)] = 60
    """Seconds that may be spent on building again to find which condition makes an unexplained output differ; 0: none."""


class TestLayer(Section, frozen=True, kw_only=True):
    """A command that runs tests and leaves JUnit XML. It runs in the sandbox with the built outputs in place."""

    __test__ = False

    command: Command
    """The test command."""
    results: Annotated[list[NonEmpty], msgspec.Meta(min_length=1)]
    """Globs, relative to the source root, of the JUnit XML files that the command writes."""
    list_command: list[NonEmpty] = []
    """A command that prints one expected test id per line (a tab and anything else may follow); empty: the expected tests are those named in `matrix.yaml` and by the source markers."""
    working_directory: str = "."
    """Where it starts, relative to the source root."""
    timeout: Seconds = 1800
    """Seconds."""
    attempts: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1
    """How often the command is tried while a test fails; every attempt is kept as evidence."""
    network: bool = False
    """Whether the tests may use the network."""
    selection: str = ""
    """A path, relative to the source root, at which the command finds the ids of the tests to run, one a line; empty: it runs all."""
    shards: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    """Over how many sandboxes at a time the tests are spread; more than one needs `selection` and `list-command`."""


class TestsSection(Section, frozen=True, kw_only=True):
    """The three layers of tests that the pipeline runs."""

    __test__ = False

    unit: TestLayer
    """Unit and contract tests."""
    integration: TestLayer
    """Integration tests."""
    validation: TestLayer
    """Validation tests against the intended use."""
    markers: list[NonEmpty] = msgspec.field(default_factory=lambda: ["tests/**/*.py", "tests/**/*.c", "tests/**/*.js", "test/**/*"])
    """Globs of the sources that are read for ``verifies`` markers."""


class FirmwareChecksum(Section, frozen=True, kw_only=True):
    """A checksum in the form that the device itself checks: over the file or over [start, end) of it."""

    algorithm: Literal["crc32", "sha256"]
    """As the device computes it."""
    start: int = 0
    """First byte."""
    end: int | None = None
    """One past the last byte; the end of the file where it is left away."""


class DeviceSection(Section, frozen=True, kw_only=True):
    """What is recorded for products with hardware."""

    models: Annotated[list[NonEmpty], msgspec.Meta(min_length=1)]
    """The device models that the firmware is for."""
    format: Literal["raw", "hex", "dfu"] = "raw"
    """What carries the firmware: the bytes themselves, Intel HEX, or a file with a DFU suffix; checksum and version are read from the bytes that the device is programmed with."""
    calibration_profile: str = ""
    """Path of the calibration profile in the repository."""
    firmware_checksum: FirmwareChecksum | None = None
    """The checksum that the device itself checks."""
    version_pattern: str = ""
    """Regex with one group, searched in the artifact's bytes: the version that it reports."""


class PackageSection(Section, frozen=True, kw_only=True):
    """Which build output is the one canonical release artifact."""

    artifact: NonEmpty
    """Glob among the build outputs; it must match exactly one file."""
    media_type: str = "application/octet-stream"
    """Media type of the artifact."""
    version_pattern: str = ""
    """Regex with one group, searched in the artifact's bytes: the version that it tells. Not needed for wheels, Python and npm archives."""
    label: VersionSource | None = None
    """Where the version stands in the labelling (instructions for use, about box); it must be the proposed one."""
    device: DeviceSection | None = None
    """For products with hardware."""


class DirectoryTarget(Section, frozen=True, kw_only=True):
    """A folder that runs the product: versions side by side, ``current`` switched atomically."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,39}$(?!\n)")]
    """How commands and records call it."""
    driver: Literal["directory"] = "directory"
    """The only one there is."""
    path: NonEmpty
    """Absolute, or relative to the repository's root."""
    environment: str = "production"
    """What it is for, in a word."""
    probe: list[NonEmpty] = []
    """A command run in the sandbox after the switch; ``{current}`` is the deployed folder, ``{artifact}`` the file. Exit 0 and, if given, `expect` in its output."""
    expect: str = ""
    """Text that the probe must print; ``{version}`` is the release's version."""
    keep: Annotated[int, msgspec.Meta(ge=1, le=50)] = 3
    """How many versions stay beside the running one."""


class DeploySection(Section, frozen=True, kw_only=True):
    """Where releases go."""

    targets: Annotated[list[DirectoryTarget], msgspec.Meta(min_length=1)]
    """At least one."""


class SourceSection(Section, frozen=True, kw_only=True):
    """What the source stage asks of the history."""

    require_sign_off: bool = True
    """Every commit since the last release carries ``Signed-off-by`` of its author."""
    require_references: bool = True
    """Every commit since the last release references an identifier of the product."""
    baseline: str = ""
    """The history up to this commit, or before this day (``2026-01-01``, UTC), is exempt from the two rules."""


Market = Literal["us", "eu-mdr", "eu-mdr-implantable", "eu-ivdr"]
"""Where, and under which regulation, devices are placed on the market."""


class RecordsSection(Section, frozen=True, kw_only=True):
    """How long records are kept, and what leaves the house with them."""

    markets: list[Market] = []
    """Where the device is placed on the market. The longest retention of all of them counts; none named means the longest there is."""
    names_in_bundles: bool = True
    """Whether a bundle carries the clear names of authors and operators; what has left in a bundle cannot be erased any more."""


class ProductFile(Section, frozen=True, kw_only=True):
    """`lotmark.yaml`, whole."""

    lotmark: Literal[1]
    """Version of this format."""
    product: ProductSection
    """Who the product is."""
    source: SourceSection = SourceSection()
    """What is asked of the history."""
    environment: EnvironmentSection = EnvironmentSection()
    """What build and tests run in."""
    dependencies: DependencySection
    """What the product is made from."""
    build: BuildSection
    """How it is built."""
    tests: TestsSection
    """How it is tested."""
    package: PackageSection
    """What is released."""
    deploy: DeploySection
    """Where it goes."""
    records: RecordsSection = RecordsSection()
    """How long its records are kept."""


@dataclass(frozen=True, slots=True)
class ConfigurationFile:
    """A file of the product's own quality system that a decision pins: path as shown, digest."""

    path: str
    digest: Digest


@dataclass(frozen=True, slots=True)
class Product:
    """A product repository with its parsed declaration.

    `root` is the git work tree, `config_root` the folder that holds `lotmark.yaml` (the root itself unless
    ``--config``), `quality` the folder of requirements, risks, matrix, policy, approvals and people.
    """

    root: Path
    config_root: Path
    document: Document[ProductFile]
    version: str
    configuration: tuple[ConfigurationFile, ...]

    @property
    def file(self) -> ProductFile:
        return self.document.value

    @property
    def id(self) -> str:
        return self.document.value.product.id

    @property
    def quality(self) -> Path:
        return self.config_root / "quality"


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of the history, as the source stage records it."""

    sha: str
    subject: str
    author_name: str
    author_email: str
    committer_name: str
    committer_email: str
    committed_at: str
    body: str
    trailers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SourceState:
    """What git says of the work tree at one moment."""

    commit: str
    tree: str
    ref: str
    repository: str
    committed_at: str
    dirty: tuple[str, ...]
    """Changed, staged or untracked paths, and what git was told not to look at; empty for a clean tree."""
