"""Fetch the source distributions of tools/sdists.txt into a folder, before the tests, which never touch the network.

`python tools/fetch_sdists.py FOLDER`. What is there with the right digest is not fetched again. Without a network it says so
and ends well: the test that needs the file skips, with the reason. A wrong digest is an error.
"""

import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

LIST = Path(__file__).with_name("sdists.txt")
_LINE = re.compile(r"^(?P<name>[\w-]+)==(?P<version>[\w.]+) --hash=sha256:(?P<sha256>[0-9a-f]{64})$", re.MULTILINE)


def main(folder: Path) -> int:
    """Bring the folder up to date; exit code 1 if something was fetched that is not what is pinned."""
    wanted = {f"{match['name']}-{match['version']}.tar.gz": match["sha256"] for match in _LINE.finditer(LIST.read_text(encoding="utf-8"))}
    missing = {name for name, sha256 in wanted.items() if _digest(folder / name) != sha256}
    if not missing:
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        done = subprocess.run([*_pip(), *_OPTIONS, "--dest", scratch, "-r", str(LIST)], capture_output=True, text=True, check=False)
        if "DO NOT MATCH THE HASHES" in done.stderr:
            print(f"error: a source distribution is not the pinned one:\n{done.stderr}", file=sys.stderr)
            return 1
        for name in sorted(missing):
            if _digest(Path(scratch) / name) == wanted[name]:
                (Path(scratch) / name).replace(folder / name)
            else:
                last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
                print(f"warning: {name} could not be fetched; the tests on it will skip ({last})", file=sys.stderr)
    return 0


_OPTIONS = ("download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary", ":all:", "--no-build-isolation", "--require-hashes")
"""pip asks a source distribution's back end for its metadata; the one that these use (flit_core) is installed here."""


def _pip() -> list[str]:
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv is None:
        sys.exit("error: neither pip nor uv is here. help: run it by `make test`, with the environment that this makes")
    return [uv, "tool", "run", "--quiet", "--from", "pip", "--with", "flit-core==4.2.0", "pip"]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
