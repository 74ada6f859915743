"""The `engine` backend: a container of podman or docker, from an image that is named by its digest.

The image is the whole root file system; nothing of the host is shown but the lane, its accounts and the declared
mounts. The engine must have the image already (``podman pull`` once): nothing is fetched while a build runs. Its own
variables are cleared by ``env -i``. The container is removed by name when the run ends, however it ends.
"""

import functools
import json
import os
import re
import secrets
import shutil
import subprocess
from pathlib import Path
from typing import Any

from lotmark.base.errors import EnvironmentLacksError
from lotmark.builds._conditions import find_faketime, find_locale
from lotmark.builds._process import supervise
from lotmark.builds.models import TOLD, Capabilities, Dimension, SandboxResult, SandboxSpec

_IMAGE = re.compile(r"^[a-z0-9][A-Za-z0-9._:/-]*@sha256:[0-9a-f]{64}\Z")
_ENGINES = ("podman", "docker")
_RUNTIMES = ("crun", "runc")
_OPEN_FILES = 65536
_ANSWER_SECONDS = 60
_ENGINE_FAILED = 125
"""What both engines exit with when the container was never started."""


class EngineSandbox:
    """Runs commands in containers of one image; see `Sandbox`."""

    def __init__(self, image: str) -> None:
        self._image = image

    def probe(self) -> Capabilities:
        """Whether an engine is here and has the image; looks once per process and image."""
        return _probe(self._image)

    def run(self, spec: SandboxSpec) -> SandboxResult:
        """Run the command; see `Sandbox.run`."""
        capabilities = self.probe()
        if not capabilities.available:
            raise EnvironmentLacksError("LM-BLD-001", capabilities.reason, solution=capabilities.solution)
        return _run(_find_engine(), self._image, spec)


def _find_engine() -> str:
    return next((found for name in _ENGINES if (found := shutil.which(name))), "")


def _run(engine: str, image: str, spec: SandboxSpec) -> SandboxResult:
    name = f"lotmark-{secrets.token_hex(8)}"
    result = supervise(
        format_container(engine, name, image, spec, _facts(engine)),
        variables=_variables(),
        cwd=Path("/"),
        umask=0o022,
        timeout=spec.timeout,
        quota=spec.quota,
        watched=[mount.source for mount in spec.mounts if mount.writable],
        merge_output=spec.merge_output,
        cancel=spec.cancel,
        # The client is not the container: killing it leaves the container running.
        after=lambda _: _remove(engine, name),
    )
    said = (result.stdout.data if spec.merge_output else result.stderr.data).decode("utf-8", "replace")
    if result.exit_code == _ENGINE_FAILED and re.search(r"^(Error|docker|time=|podman)\b", said, re.MULTILINE):
        raise EnvironmentLacksError("LM-BLD-001", f"the container was not started: {said.strip().splitlines()[-1]}", solution=f"run `{Path(engine).name} info`")
    return result


def format_container(engine: str, name: str, image: str, spec: SandboxSpec, facts: "EngineFacts") -> list[str]:
    """The whole command line of a run."""
    line = [engine, "run", "--rm", f"--name={name}", "--pull=never", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
    line += [f"--network={'host' if spec.network else 'none'}", "--init", f"--hostname={spec.hostname}", f"--user={_user(spec, facts)}"]
    line += [f"--ulimit=nofile={_OPEN_FILES}:{_OPEN_FILES}", f"--ulimit=nproc={spec.quota.processes}:{spec.quota.processes}", "--ulimit=core=0:0"]
    line += [f"--ulimit=fsize={spec.quota.disk}:{spec.quota.disk}", f"--pids-limit={spec.quota.processes}", f"--workdir={spec.working_directory}"]
    if facts.runtime:
        line.append(f"--runtime={facts.runtime}")
    if facts.rootless and facts.podman:
        line.append(f"--userns=keep-id:uid={spec.uid},gid={spec.gid}")
    if spec.cpus is not None:
        line.append(f"--cpuset-cpus={','.join(str(cpu) for cpu in spec.cpus)}")
    for target in (*spec.scratch, "/dev/shm"):  # noqa: S108 (a path inside the container)
        line.append(f"--tmpfs={target}:rw,exec,nosuid,nodev,mode=1777,size={spec.quota.scratch}")
    for mount in spec.mounts:
        line.append(f"--mount=type=bind,source={mount.source},target={mount.target}{'' if mount.writable else ',readonly'}")
    # The shell sets the umask, which no engine does; env -i shuts out what the image declares.
    line += ["--entrypoint=/usr/bin/env", image, "-i", *(f"{key}={value}" for key, value in spec.variables.items())]
    return [*line, "/bin/sh", "-c", 'umask "$0"; exec "$@"', f"{spec.umask:04o}", *spec.command]


def _user(spec: SandboxSpec, facts: "EngineFacts") -> str:
    return f"{spec.uid}:{spec.gid}" if facts.told else f"{os.geteuid()}:{os.getegid()}"


class EngineFacts:
    """What the engine says of itself: podman or not, rootless, storage driver, version, and a runtime where its own is missing."""

    def __init__(self, info: dict[str, Any], version: str, *, podman: bool) -> None:
        host, store = info.get("host", {}), info.get("store", {})
        self.podman = podman
        self.version = version
        self.rootless = bool(host.get("security", {}).get("rootless")) if podman else any("rootless" in str(each) for each in info.get("SecurityOptions") or ())
        self.driver = str(store.get("graphDriverName", "") if podman else info.get("Driver", ""))
        offered = str(host.get("ociRuntime", {}).get("path", "")) if podman else ""
        self.runtime = ""
        if podman and not (offered and os.access(offered, os.X_OK)):
            self.runtime = next((found for name in _RUNTIMES if (found := shutil.which(name))), "")

    @property
    def told(self) -> bool:
        """Whether a command can be given any user id: the lane's files can be given to it, or the engine maps it."""
        return os.geteuid() == 0 or (self.podman and self.rootless)


def _ask(engine: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [engine, *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=_ANSWER_SECONDS,
            env=_variables(),
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess([engine, *arguments], 1, "", f"no answer within {_ANSWER_SECONDS} s")


def _variables() -> dict[str, str]:
    """What an engine's client needs to find its server and its store; no secret of the caller's."""
    kept = ("PATH", "HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "DOCKER_HOST", "CONTAINER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"LC_ALL": "C.UTF-8"}


def _remove(engine: str, name: str) -> None:
    _ask(engine, "rm", "--force", name)


@functools.cache
def _facts(engine: str) -> EngineFacts:
    """Ask the engine once.

    Raises:
        EnvironmentLacksError: LM-BLD-001 if it does not answer.
    """
    podman = "podman" in Path(engine).name
    answer = _ask(engine, "info", "--format", "json" if podman else "{{json .}}")
    try:
        info = json.loads(answer.stdout) if answer.returncode == 0 else None
    except ValueError:
        info = None
    if not isinstance(info, dict) or info.get("ServerErrors"):
        said = (answer.stderr or answer.stdout).strip().splitlines()
        raise EnvironmentLacksError(
            "LM-BLD-001",
            f"{Path(engine).name} does not answer: {said[-1] if said else 'no message'}",
            solution=f"start its service, or see what `{Path(engine).name} info` says",
        )
    version = info.get("version", {}).get("Version", "") if podman else info.get("ServerVersion", "")
    return EngineFacts(info, str(version), podman=podman)


@functools.cache
def _probe(image: str) -> Capabilities:
    """Ask the engine, look for the image, and start it once."""
    if not _IMAGE.match(image):
        return _not(f"the image {image!r} is not named by its digest", "set environment.image to name@sha256:...; `podman image inspect` shows it")
    engine = _find_engine()
    if not engine:
        return _not("neither podman nor docker is installed", "sudo apt-get install podman")
    name = Path(engine).name
    try:
        facts = _facts(engine)
        if facts.driver == "vfs":
            return _not("the engine stores images as plain copies (vfs), which takes seconds to start", "install fuse-overlayfs, and `podman system reset`")
        if _ask(engine, "image", "inspect", image).returncode:
            return _not(f"{name} does not have the image {image}", f"{name} pull {image}")
        seen = _look(engine, image)
    except EnvironmentLacksError as error:
        return _not(error.reason, error.solution or "")
    varies = set(Dimension) - {Dimension.CLOCK, Dimension.LOCALE} | seen
    if not facts.told:
        varies -= {Dimension.USER}
    owner = TOLD if os.geteuid() == 0 else None
    return Capabilities("engine", available=True, version=f"{name} {facts.version}", hides=True, relocates=True, varies=frozenset(varies), owner=owner)


def _look(engine: str, image: str) -> set[Dimension]:
    """Start the image once; the dimensions whose means (libfaketime, the locale) it holds."""
    script = 'test -f "$1" && echo clock; { locale -a 2>/dev/null; echo C; } | grep -qx -- "$2" && echo locale; true'
    spec = SandboxSpec(
        command=("/bin/sh", "-c", script, "sh", find_faketime() or "/none", find_locale()),
        working_directory="/",
        variables={"PATH": "/usr/bin:/bin"},
        mounts=(),
        timeout=_ANSWER_SECONDS,
    )
    result = _run(engine, image, spec)
    if not result.succeeded:
        raise EnvironmentLacksError("LM-BLD-001", f"the image does not start: {result.stderr.last_lines(1) or 'it has no /bin/sh or /usr/bin/env'}")
    return {Dimension(word) for word in result.stdout.data.decode("ascii", "replace").split() if word in ("clock", "locale")}


def _not(reason: str, solution: str) -> Capabilities:
    return Capabilities("engine", available=False, reason=reason, solution=solution)
