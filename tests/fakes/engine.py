"""A podman or docker that runs: it takes the options that the real ones take, refuses others, and starts bubblewrap on this machine's /usr as the image."""

import json
import os
import sys
from pathlib import Path
from typing import Any

IMAGE = "registry.example.test/toolchain@sha256:" + "ab" * 32

_PROGRAM = r"""
import json, os, pathlib, signal, subprocess, sys

STATE = pathlib.Path(sys.argv[0] + ".state")
state = json.loads(STATE.with_suffix(".json").read_text())
NAME = pathlib.Path(sys.argv[0]).name


def die(text, code=125):
    print(f"Error: {text}", file=sys.stderr)
    raise SystemExit(code)


def main(arguments):
    with STATE.with_suffix(".calls").open("a") as calls:
        calls.write(json.dumps(arguments) + "\n")
    match arguments[:2]:
        case ["info", "--format"]:
            if state.get("silent"):
                print("Cannot connect to the service", file=sys.stderr)
                return 1
            print(state.get("raw") or json.dumps(state["info"]))
            return 0
        case ["image", "inspect"]:
            return 0 if arguments[2] in state["images"] else 1
        case ["rm", "--force"]:
            mark = pathlib.Path(f"{STATE}.{arguments[2]}")
            if mark.exists():
                try:
                    os.killpg(int(mark.read_text()), signal.SIGKILL)
                except ProcessLookupError:
                    pass
                mark.unlink()
            return 0
        case ["run", *_]:
            return run(arguments[1:])
    die(f"unknown command {arguments[0]}")


def run(arguments):
    if state.get("broken"):
        die("OCI runtime error: crun: cannot start")
    plain = {"--rm", "--read-only", "--init"}
    known = {"--name", "--pull", "--cap-drop", "--security-opt", "--network", "--hostname", "--user", "--ulimit", "--pids-limit", "--workdir"}
    known |= {"--runtime", "--userns", "--cpuset-cpus", "--tmpfs", "--mount", "--entrypoint"}
    options = {}
    while arguments and arguments[0].startswith("--"):
        word = arguments.pop(0)
        name, _, value = word.partition("=")
        if word not in plain and name not in known:
            die(f"unknown flag: {name}")
        options.setdefault(name, []).append(value)
    image, *command = arguments
    if image not in state["images"]:
        die(f"{image}: image not known")
    user, group = options["--user"][0].split(":")
    line = ["bwrap", "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--new-session", "--hostname", options["--hostname"][0]]
    if options["--network"] == ["none"]:
        line.append("--unshare-net")
    if os.geteuid():
        line += ["--unshare-user", "--uid", user, "--gid", group]
    line += ["--ro-bind", "/usr", "/usr", "--perms", "0755", "--dir", "/var", "--perms", "0755", "--dir", "/var/lib", "--ro-bind-try", "/var/lib/dpkg", "/var/lib/dpkg"]
    for name in ("bin", "sbin", "lib", "lib64"):
        line += ["--symlink", f"usr/{name}", f"/{name}"]
    line += ["--proc", "/proc", "--dev", "/dev", "--setenv", "FROM_IMAGE", "1"]
    for each in options["--tmpfs"]:
        if not each.startswith("/dev"):
            line += ["--perms", "1777", "--tmpfs", each.partition(":")[0]]
    for each in options.get("--mount", []):
        parts = dict(part.partition("=")[::2] for part in each.split(","))
        if parts["type"] != "bind" or not os.path.exists(parts["source"]):
            die(f"statfs {parts.get('source')}: no such file or directory")
        line += ["--ro-bind" if "readonly" in parts else "--bind", parts["source"], parts["target"]]
    line += ["--remount-ro", "/", "--chdir", options["--workdir"][0], "--"]
    if not os.geteuid():
        line += ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--"]
    if "--cpuset-cpus" in options:
        line += ["taskset", "-c", options["--cpuset-cpus"][0]]
    child = subprocess.Popen([*line, *options["--entrypoint"], *command], start_new_session=True, stdin=subprocess.DEVNULL)
    mark = pathlib.Path(f"{STATE}.{options['--name'][0]}")
    mark.write_text(str(child.pid))
    code = child.wait()
    mark.unlink(missing_ok=True)
    return 128 - code if code < 0 else code


raise SystemExit(main(sys.argv[1:]))
"""


def podman_info(*, rootless: bool = False, driver: str = "overlay", runtime: str = "/bin/true") -> dict[str, Any]:
    """What ``podman info --format json`` says, as far as it is read."""
    return {
        "host": {"security": {"rootless": rootless}, "ociRuntime": {"name": "crun", "path": runtime}},
        "store": {"graphDriverName": driver},
        "version": {"Version": "4.9.3"},
    }


def docker_info(*, rootless: bool = False, driver: str = "overlay2") -> dict[str, Any]:
    """What ``docker info --format '{{json .}}'`` says, as far as it is read."""
    return {"ServerVersion": "28.2.2", "Driver": driver, "SecurityOptions": ["name=seccomp", *(["name=rootless"] if rootless else [])]}


def install_engine(folder: Path, name: str = "podman", **state: object) -> Path:
    """Write the program `name` into the folder; `state` is how it behaves: ``info``, ``images``, ``silent``, ``raw``, ``broken``."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!{sys.executable} -IS\n{_PROGRAM}")
    program.chmod(0o755)
    whole = {"info": podman_info() if name == "podman" else docker_info(), "images": [IMAGE], **state}
    Path(f"{program}.json").write_text(json.dumps(whole))
    return program


def calls_of(program: Path) -> list[list[str]]:
    """Every command line that the program was given."""
    path = Path(f"{program}.calls")
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def path_with(folder: Path) -> str:
    """A PATH that finds the folder's programs first."""
    return f"{folder}{os.pathsep}/usr/sbin:/usr/bin:/sbin:/bin"
