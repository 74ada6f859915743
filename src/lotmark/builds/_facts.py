"""Facts of the environment, measured: isolation and tools from inside the sandbox in one start, the root's package list.

What is asked of a sandbox and what it gives are two things; only the second is recorded. If the measurement itself
fails, everything is recorded as open.
"""

import functools
import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError
from lotmark.builds._layout import Layout, base_variables
from lotmark.builds._text import show
from lotmark.builds.models import Capabilities, EnvironmentFacts, IsolationFacts, RootFacts, SandboxSpec, StagedSource, Tool
from lotmark.builds.ports import Sandbox

_SCRIPT = r"""
repo=$1; python=$2; count=$3; shift 3
echo "@status"; cat /proc/self/status
echo "@net"; cat /proc/net/dev
echo "@see"; for f in "$repo" /etc/shadow; do [ -n "$f" ] && { ls "$f/." || head -c 1 "$f"; } >/dev/null 2>&1 && echo "$f"; done
echo "@env"; env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'
if [ -n "$python" ]; then echo "@tool python"; "$python" -V 2>&1; fi
for t in "$@"; do command -v "$t" >/dev/null 2>&1 && { echo "@tool $t"; case $t in go) go version;; *) "$t" --version;; esac 2>&1 | head -n 1; }; done
echo "@packages"; if [ -n "$count" ]; then { dpkg-query -W 2>/dev/null || rpm -qa 2>/dev/null || apk info 2>/dev/null; } | wc -l; fi
echo "@end"
"""
_TOOLS_BY_FILE = (
    (b"package.json", ("node", "npm")),
    (b"Cargo.toml", ("rustc", "cargo")),
    (b"go.mod", ("go",)),
    (b"CMakeLists.txt", ("cmake",)),
    (b"Makefile", ("cc", "make")),
    (b"pom.xml", ("java",)),
)
_HARMLESS = frozenset({"PWD", "OLDPWD", "SHLVL", "_", "LOTMARK_SANDBOX"})


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one look into the sandbox gave; `reason` says why it failed, if it did."""

    isolation: IsolationFacts
    environment: EnvironmentFacts
    reason: str = ""


_seen: dict[tuple[object, ...], Measurement] = {}
_MAX_SEEN = 64


def measure(
    sandbox: Sandbox, capabilities: Capabilities, layout: Layout, staged: StagedSource | None, repo: Path | None, *, network: bool = False
) -> Measurement:
    """Start the sandbox with the layout, look around, and record what was seen; one look per process and configuration."""
    python = layout.python.executable if layout.python else None
    key = (
        capabilities.backend,
        layout.image,
        layout.mounts,
        layout.path,
        tuple(layout.variables.items()),
        python,
        relevant_tools(staged),
        repo,
        network,
        _stamp(),
    )
    if key not in _seen:
        found = _look(sandbox, capabilities, layout, staged, repo, network=network)
        if found.reason:
            return found
        if len(_seen) >= _MAX_SEEN:
            _seen.clear()
        _seen[key] = found
    return _seen[key]


def _look(sandbox: Sandbox, capabilities: Capabilities, layout: Layout, staged: StagedSource | None, repo: Path | None, *, network: bool) -> Measurement:
    root = RootFacts("image", Digest(layout.image), 0) if layout.image else root_facts()
    closed = IsolationFacts(capabilities.backend, network=True, capabilities=True, read_only_source=False, clean_environment=False, root=root, measured=False)
    variables = base_variables(layout, source="/", staged=staged) | {"HOME": "/tmp", "LC_ALL": "C.UTF-8"}  # noqa: S108
    secret = os.fspath(repo.resolve() / ".git") if repo else ""
    command = ("/bin/sh", "-c", _SCRIPT, "sh", secret, os.fspath(layout.python.executable) if layout.python else "", layout.image, *relevant_tools(staged))
    spec = SandboxSpec(
        command=command, working_directory="/", variables=variables, mounts=layout.mounts, links=layout.links, network=network, timeout=60, report=True
    )
    if not capabilities.relocates:
        spec = replace(spec, scratch=())
    try:
        result = sandbox.run(spec)
    except EnvironmentLacksError as error:
        return Measurement(closed, describe_environment(root, (), layout), error.reason)
    said = result.stdout.data.decode("utf-8", "replace")
    sections = _parse(said)
    if not result.succeeded or "end" not in sections:
        return Measurement(
            closed, describe_environment(root, (), layout), f"the look into the sandbox ended with {result.exit_code}: {result.stderr.last_lines(2)}"
        )
    tools = tuple(Tool(name.removeprefix("tool "), show(lines[0].strip()[:200])) for name, lines in sections.items() if name.startswith("tool ") and lines)
    if layout.image:
        root = replace(root, packages=int("".join(sections.get("packages", [])).strip() or 0))
    isolation = replace(
        closed,
        root=root,
        measured=True,
        network=_has_network(sections["net"]) and not (not capabilities.relocates and said.startswith("@sockets refused\n")),
        capabilities=_has_capabilities(sections["status"]),
        read_only_source=capabilities.hides and not sections["see"],
        clean_environment=set(sections["env"]) <= set(variables) | _HARMLESS,
    )
    return Measurement(isolation, describe_environment(root, tools, layout))


def relevant_tools(staged: StagedSource | None) -> tuple[str, ...]:
    """The tools whose versions matter for a source, by the build files that it tracks; the C compiler and make always."""
    if staged is None:
        return ()
    names = {entry.path.rsplit(b"/", 1)[-1] for entry in staged.entries}
    found: dict[str, None] = dict.fromkeys(("cc", "make"))
    for file, tools in _TOOLS_BY_FILE:
        if file in names:
            found.update(dict.fromkeys(tools))
    # npm takes a third of a second to tell its version, and the lock file pins what it does.
    found.pop("npm", None)
    return tuple(found)


def _parse(text: str) -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.splitlines():
        if line.startswith("@"):
            current = sections.setdefault(line[1:], [])
        else:
            current.append(line)
    return sections


def _has_capabilities(status: Sequence[str]) -> bool:
    """Whether the process held a capability, or could gain one from its bounding set."""
    values = dict(line.split(":", 1) for line in status if ":" in line)
    held = any(int(values.get(name, "1").strip(), 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"))
    gains = values.get("NoNewPrivs", "0").strip() != "1" and int(values.get("CapBnd", "1").strip(), 16) != 0
    return held or gains


def _has_network(lines: Sequence[str]) -> bool:
    return any(line.split(":", 1)[0].strip() != "lo" for line in lines if ":" in line)


# ---------------------------------------------------------------- root and environment


def root_facts() -> RootFacts:
    """The host's root as package list: digest and count."""
    listing, count = _package_list(_stamp())
    return RootFacts("host", Digest.of(listing), count)


def _stamp() -> tuple[int, ...]:
    """Changes whenever a package is installed or removed."""
    for path in ("/var/lib/dpkg/status", "/var/lib/rpm"):
        try:
            state = Path(path).stat()
        except OSError:
            continue
        return (state.st_mtime_ns, state.st_size)
    return ()


@functools.lru_cache(maxsize=4)
def _package_list(_: tuple[int, ...]) -> tuple[bytes, int]:
    """The sorted package list and its length, anew for each stamp; where there is no package manager, what the system says of itself."""
    for command in (("dpkg-query", "-W", "-f", "${Package}:${Architecture}=${Version}\n"), ("rpm", "-qa")):
        try:
            result = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"})
        except OSError:
            continue
        lines = sorted(result.stdout.splitlines())
        if result.returncode == 0 and lines:
            return b"\n".join(lines) + b"\n", len(lines)
    try:
        return Path("/etc/os-release").read_bytes(), 0
    except OSError:
        return b"", 0


def describe_environment(root: RootFacts, tools: tuple[Tool, ...], layout: Layout) -> EnvironmentFacts:
    """The environment's parts and one digest over all of them."""
    python = layout.python.distributions if layout.python else ()
    whole = {
        "root": [root.kind, root.digest.hex, root.packages],
        "tools": [[tool.name, tool.version] for tool in tools],
        "python": list(python),
        "mounts": list(layout.mount_names()),
        "path": layout.path,
        "variables": layout.variables,
    }
    digest = Digest.of(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode())
    return EnvironmentFacts(digest, tools, python, layout.mount_names())
