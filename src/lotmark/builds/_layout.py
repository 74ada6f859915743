"""The layout of a sandbox: what `environment` in ``lotmark.yaml`` declares, turned into mounts, PATH and variables.

Only what is needed is there: /usr (and the top folders of an unmerged one), four files of /etc, the Python
environment and the declared mounts. Nothing that holds a key may be mounted.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from lotmark.base.errors import UsageError
from lotmark.builds._bwrap import system_links, system_mounts
from lotmark.builds._python import PythonEnvironment, find_python
from lotmark.builds.models import Mount, StagedSource
from lotmark.product.models import EnvironmentSection

SOURCE = "/build/src"
HOME = "/build/home"
_PATH = ("/usr/local/bin", "/usr/bin", "/bin")
_ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "debian_version", "os-release")
_ETC_NETWORK = ("resolv.conf", "hosts", "ssl", "ca-certificates", "pki", "services", "protocols")
_SHARED_MEMORY = "/dev/shm"  # noqa: S108 (our own scratch lies there)
_KERNEL = ("/proc", "/sys", "/dev", "/run", "/boot")
RESERVED = frozenset(
    {"HOME", "USER", "LOGNAME", "PATH", "TZ", "LANG", "LC_ALL", "LANGUAGE", "TMPDIR", "SOURCE_DATE_EPOCH", "LD_PRELOAD", "FAKETIME", "NO_FAKE_STAT"}
)
"""Variables that the lanes themselves pin or vary."""

OFFLINE = {
    "CARGO_NET_OFFLINE": "true",
    "GOFLAGS": "",
    "GOPROXY": "off",
    "GOSUMDB": "off",
    "GOTOOLCHAIN": "local",
    "MAVEN_ARGS": "--offline",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INDEX": "1",
    "PIP_NO_INPUT": "1",
    "UV_OFFLINE": "1",
    "npm_config_audit": "false",
    "npm_config_fund": "false",
    "npm_config_offline": "true",
    "npm_config_update_notifier": "false",
}
"""Each ecosystem's own word for "no network", so that a build fails at once and says why, not after time-outs."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What every command of one environment has in common."""

    mounts: tuple[Mount, ...]
    links: tuple[tuple[str, str], ...]
    path: str
    variables: dict[str, str]
    python: PythonEnvironment | None
    image: str = ""
    """The digest of the image that is the root, in hexadecimal; empty: the root is this machine's."""

    def mount_names(self) -> tuple[str, ...]:
        """The targets of all mounts, for the environment's digest."""
        return tuple(mount.target for mount in self.mounts)


def make_layout(environment: EnvironmentSection, repo: Path | None, *, network: bool = False, extra: tuple[Mount, ...] = ()) -> Layout:
    """The layout that `environment` declares; `extra` are mounts that the caller adds.

    Raises:
        UsageError: LM-BLD-005 for a mount that is absent or holds secrets, -006 interpreter, -007 reserved variable, -046 an image that the backend does not use.
    """
    python = _find_python(environment, repo)
    declared = [Mount(Path(path), path) for path in environment.mounts]
    secrets = secret_folders(repo)
    for mount in (*declared, *extra, *(python.mounts if python else ())):
        _refuse_unsafe(mount, secrets)
    for name in environment.variables:
        if name in RESERVED or not name or "=" in name or "\0" in name:
            raise UsageError(
                "LM-BLD-007",
                f"the variable {name!r} belongs to the build lanes",
                where="environment.variables",
                solution="remove it from environment.variables in lotmark.yaml",
            )
    if environment.image and environment.backend != "engine":
        raise UsageError(
            "LM-BLD-046",
            f"the image {environment.image!r} is declared, and the backend {environment.backend} uses none",
            where="environment.image",
            solution="set environment.backend: engine in lotmark.yaml, or remove the image",
        )
    if environment.backend == "engine":
        return Layout(
            (*declared, *extra), (), ":".join((*environment.path, *_PATH)), dict(environment.variables), None, environment.image.rpartition("@sha256:")[2]
        )
    etc = [Mount(Path("/etc") / name, f"/etc/{name}") for name in (*_ETC, *(_ETC_NETWORK if network else ())) if (Path("/etc") / name).exists()]
    mounts = (Mount(Path("/usr"), "/usr"), *system_mounts(), *etc, *(python.mounts if python else ()), *declared, *extra)
    path = (*environment.path, *([os.fspath(python.bin)] if python and python.bin != Path("/usr/bin") else ()), *_PATH)
    return Layout(
        mounts=tuple({mount.target: mount for mount in mounts}.values()),
        links=(*system_links(), ("../tmp", "/var/tmp")),  # noqa: S108 (a path inside the sandbox)
        path=":".join(path),
        variables=dict(environment.variables),
        python=python,
    )


def _find_python(environment: EnvironmentSection, repo: Path | None) -> PythonEnvironment | None:
    executable = environment.interpreter(repo or Path("/"))
    return None if executable is None or environment.backend == "engine" else find_python(executable, repo)


def _refuse_unsafe(mount: Mount, secrets: tuple[Path, ...]) -> None:
    """Refuse a mount that is not there, that is the kernel's, or that would show a key."""
    where = "environment.mounts"
    if not Path(mount.target).is_absolute() or ".." in Path(mount.target).parts:
        raise UsageError("LM-BLD-005", f"the mount {mount.target!r} is not an absolute path", where=where, solution="write the absolute path in lotmark.yaml")
    if not mount.source.exists():
        raise UsageError(
            "LM-BLD-005", f"the mount {mount.target} does not exist", where=where, solution="create it, or remove it from environment.mounts in lotmark.yaml"
        )
    source = mount.source.resolve()
    if source == Path("/") or _is_kernel(source) or _is_kernel(Path(mount.target)):
        raise UsageError(
            "LM-BLD-005",
            f"the mount {mount.target} is the system's own",
            where=where,
            solution="name the folder that the build needs, for instance /opt/toolchain",
        )
    for secret in secrets:
        if source.is_relative_to(secret) or secret.is_relative_to(source):
            raise UsageError(
                "LM-BLD-005",
                f"the mount {mount.target} would show {secret} to the product's commands",
                where=where,
                solution="name a folder that does not hold it",
            )


def _is_kernel(path: Path) -> bool:
    return not path.is_relative_to(_SHARED_MEMORY) and any(path.is_relative_to(kernel) for kernel in _KERNEL)


def secret_folders(repo: Path | None) -> tuple[Path, ...]:
    """Existing folders that hold keys or the ledger."""
    # Where there is no home at all this stays "~", which does not exist.
    home = Path("~").expanduser() if "HOME" in os.environ else Path("~")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "lotmark"
    candidates = [config, home / ".ssh", home / ".gnupg", Path("/etc/shadow"), *([repo / ".lotmark"] if repo else [])]
    return tuple(candidate.resolve() for candidate in candidates if candidate.exists())


def base_variables(layout: Layout, *, source: str, staged: StagedSource | None) -> dict[str, str]:
    """The variables that every command gets; ``{source}`` in a declared value is the source folder inside."""
    variables = {**OFFLINE, "PATH": layout.path, "SHELL": "/bin/sh", "TMPDIR": "/tmp", "PYTHONHASHSEED": "0"}  # noqa: S108
    if staged is not None:
        variables["SOURCE_DATE_EPOCH"] = str(staged.committed_at)
        if any(entry.path == b"vendor/modules.txt" for entry in staged.entries):
            variables["GOFLAGS"] = "-mod=vendor"
    variables.update({name: value.replace("{source}", source) for name, value in layout.variables.items()})
    return variables


def write_accounts(folder: Path, user: str, uid: int, gid: int, home: str, hostname: str) -> tuple[Mount, ...]:
    """Write passwd, group, hosts and nsswitch.conf for one lane; the mounts that put them in /etc."""
    folder.mkdir(parents=True)
    files = {
        "passwd": f"root:x:0:0:root:/root:/usr/sbin/nologin\n{user}:x:{uid}:{gid}:{user}:{home}:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
        "group": f"root:x:0:\n{user}:x:{gid}:\nnogroup:x:65534:\n",
        "hosts": f"127.0.0.1 localhost {hostname}\n::1 localhost\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o444)
    return tuple(Mount(folder / name, f"/etc/{name}") for name in files)
