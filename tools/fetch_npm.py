"""Fetch the npm packages of tools/npm.txt into a folder, before the tests, which never touch the network.

`python tools/fetch_npm.py FOLDER`. Each comes by `npm pack` and is unpacked into FOLDER/node_modules only if its bytes are
the pinned ones; none of its scripts is run. Without npm or a network it says so and ends well: the test that needs them
skips, with the reason. A wrong digest is an error.
"""

import base64
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

LIST = Path(__file__).with_name("npm.txt")
_LINE = re.compile(r"^(?P<name>@?[\w./-]+) (?P<version>[\w.-]+) sha512-(?P<digest>[\w+/=]+)$", re.MULTILINE)
_STAMP = ".fetched"


def main(folder: Path) -> int:
    """Bring the folder up to date; exit code 1 if something was fetched that is not what is pinned."""
    missing = [match for match in _LINE.finditer(LIST.read_text(encoding="utf-8")) if not _is_there(folder, match)]
    if not missing:
        return 0
    npm = shutil.which("npm")
    if npm is None:
        print("warning: npm is not installed; the tests with a foreign verifier will skip", file=sys.stderr)
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        for match in missing:
            named = f"{match['name']}@{match['version']}"
            done = subprocess.run([npm, "pack", "--silent", "--ignore-scripts", named], cwd=scratch, capture_output=True, text=True, check=False)
            made = Path(scratch) / (done.stdout.strip().splitlines() or [""])[-1]
            if done.returncode or not made.is_file():
                last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
                print(f"warning: {named} could not be fetched; the tests on it will skip ({last})", file=sys.stderr)
                continue
            if base64.b64encode(hashlib.sha512(made.read_bytes()).digest()).decode() != match["digest"]:
                print(f"error: {named} is not the pinned one", file=sys.stderr)
                return 1
            _unpack(made, _place(folder, match), match["digest"])
    return 0


def _unpack(archive: Path, place: Path, digest: str) -> None:
    shutil.rmtree(place, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=archive.parent) as scratch, tarfile.open(archive) as tar:
        tar.extractall(scratch, filter="data")
        place.parent.mkdir(parents=True, exist_ok=True)
        (Path(scratch) / "package").replace(place)
    (place / _STAMP).write_text(digest, encoding="utf-8")


def _place(folder: Path, match: re.Match[str]) -> Path:
    return folder / "node_modules" / match["name"]


def _is_there(folder: Path, match: re.Match[str]) -> bool:
    stamp = _place(folder, match) / _STAMP
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == match["digest"]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
