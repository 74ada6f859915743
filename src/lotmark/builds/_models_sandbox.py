"""What a sandbox is asked for, what it can do on this machine, and what it gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from threading import Event
from typing import Final

from lotmark.base.digest import Digest


class Dimension(StrEnum):
    """A condition of a build that can be varied."""

    CLOCK = "clock"
    HOSTNAME = "hostname"
    USER = "user"
    HOME = "home"
    ENVIRONMENT = "environment"
    LOCALE = "locale"
    CPUS = "cpus"
    DIRECTORY_ORDER = "directory-order"
    MTIMES = "mtimes"
    HASH_SEED = "hash-seed"
    PATH = "path"
    TIME_ZONE = "time-zone"
    UMASK = "umask"


@dataclass(frozen=True, slots=True)
class Mount:
    """The host's `source` at `target` inside; read-only unless `writable`."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True, slots=True)
class Quota:
    """How much a run may use: bytes on the writable mounts, bytes of its tmpfs folders, processes, kept log bytes."""

    disk: int = 4 * 2**30
    scratch: int = 2**30
    processes: int = 8192
    log_head: int = 4 * 2**20
    log_tail: int = 2**20


DEFAULT_QUOTA = Quota()
"""What a command may use unless its caller says otherwise."""


@dataclass(frozen=True, slots=True)
class SandboxSpec:
    """One command and everything that it may see. What is not named here is not there.

    `links` are symbolic links inside, `scratch` writable tmpfs folders. `variables` is the whole environment.
    `user`, `uid`, `gid`, `hostname` and `cpus` are what the command is told; backends that cannot vary them say so in
    their Capabilities.
    """

    command: tuple[str, ...]
    working_directory: str
    variables: Mapping[str, str]
    mounts: tuple[Mount, ...]
    links: tuple[tuple[str, str], ...] = ()
    scratch: tuple[str, ...] = ("/tmp",)  # noqa: S108 (a path inside the sandbox)
    hostname: str = "lotmark"
    uid: int = 1000
    gid: int = 1000
    umask: int = 0o022
    cpus: tuple[int, ...] | None = None
    network: bool = False
    timeout: float = 900.0
    quota: Quota = DEFAULT_QUOTA
    report: bool = False
    """Whether a backend that filters system calls says first, on a line ``@sockets refused``, that it tried one in vain."""
    merge_output: bool = False
    """Whether stderr is written into stdout, in the order in which it came."""
    cancel: Event | None = field(default=None, compare=False, repr=False)
    """Set from another thread, it ends the run at once."""


TOLD: Final = -1
"""As `Capabilities.owner`: commands run under the very user id that they are told."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a backend can do on this machine; if not `available`, `reason` says why and `solution` how to cure it."""

    backend: str
    available: bool
    version: str = ""
    reason: str = ""
    solution: str = ""
    hides: bool = False
    """Whether it hides network, files and capabilities from the command."""
    relocates: bool = False
    """Whether the command has a file system of its own, with the paths that it is told."""
    owner: int | None = None
    """The kernel's user id that must own a lane's files; ``TOLD``: the one that the command is told; None: ours."""
    varies: frozenset[Dimension] = frozenset(Dimension)
    """The dimensions that it is able to vary."""


@dataclass(frozen=True, slots=True)
class LogCapture:
    """What a command printed: the first and the last bytes, with how many were left out between them."""

    head: bytes
    tail: bytes
    total: int

    @property
    def omitted(self) -> int:
        """How many bytes are not kept."""
        return self.total - len(self.head) - len(self.tail)

    @property
    def data(self) -> bytes:
        """The kept bytes, the gap marked."""
        if not self.omitted:
            return self.head + self.tail
        return self.head + b"\n[... %d bytes left out by lotmark ...]\n" % self.omitted + self.tail

    def last_lines(self, count: int = 20) -> str:
        """The last lines as text, for messages."""
        return "\n".join(self.data[-16384:].decode("utf-8", "replace").splitlines()[-count:])


@dataclass(frozen=True, slots=True)
class SandboxResult:
    """How a command ended. `stopped` says why we ended it: ``timeout``, ``quota``, ``cancelled`` or empty."""

    exit_code: int
    """The command's exit code; 128 + signal when a signal ended it."""
    stopped: str
    seconds: float
    stdout: LogCapture
    stderr: LogCapture

    @property
    def succeeded(self) -> bool:
        """Whether it ended by itself with exit code 0."""
        return self.exit_code == 0 and not self.stopped


@dataclass(frozen=True, slots=True)
class RootFacts:
    """The root file system that a command saw: its kind, the digest of its package list and how many packages."""

    kind: str
    digest: Digest
    packages: int


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool with the version that it reported inside the sandbox."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class IsolationFacts:
    """What was measured inside the sandbox."""

    backend: str
    network: bool
    """Whether an interface other than loopback was there."""
    capabilities: bool
    """Whether the command held or could gain a Linux capability."""
    read_only_source: bool
    """Whether the command had no way to the staged source or the repository, and its copy of the sources came back unchanged."""
    clean_environment: bool
    """Whether the environment held the declared variables alone."""
    root: RootFacts
    measured: bool = True

    @property
    def hermetic(self) -> bool:
        """Sealed: nothing but the declared inputs could reach the command."""
        return self.measured and self.clean_environment and self.read_only_source and not self.network and not self.capabilities

    def to_wire(self) -> dict[str, object]:
        """As it stands in predicates."""
        return {
            "backend": self.backend,
            "network": self.network,
            "capabilities": self.capabilities,
            "readOnlySource": self.read_only_source,
            "cleanEnvironment": self.clean_environment,
            "hermetic": self.hermetic,
            "root": {"kind": self.root.kind, "sha256": self.root.digest.hex, "packages": self.root.packages},
        }
