"""What is installed in the environment of an interpreter, read from its metadata folders.

Nothing of the product runs: a virtual environment is recognised by its ``pyvenv.cfg`` and read as files. Any other
interpreter is asked for its folders with ``-I -S``, so that no ``.pth`` file, no ``sitecustomize`` and no variable of
the caller has a say.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from lotmark.base.findings import Finding, Location
from lotmark.supply._files import read_limited
from lotmark.supply._findings import make_finding
from lotmark.supply._names import normalise_name
from lotmark.supply.models import Distribution, Environment

_MAX_METADATA = 4 * 1024 * 1024
_ASK = "import json, platform, site; print(json.dumps({'version': platform.python_version(), 'folders': site.getsitepackages()}))"
_VERSION = re.compile(r"\d+\.\d+(\.\d+)?")


class _UnreadableError(Exception):
    """The environment cannot be read, with the reason."""


def read_environment(python: Path) -> tuple[Environment | None, list[Finding]]:
    """The distributions of the interpreter's environment; findings where it, or one of them, cannot be read."""
    place = Location(str(python))
    try:
        version, folders = _find_folders(python)
    except _UnreadableError as error:
        return None, [make_finding("LM-SUP-020", f"the environment of {python} cannot be read: {error}", place)]
    findings: list[Finding] = []
    found: dict[str, Distribution] = {}
    for folder in folders:
        here: dict[str, Distribution] = {}
        for metadata in _metadata_files(folder):
            distribution = _read_distribution(metadata)
            if distribution is None:
                findings.append(make_finding("LM-SUP-023", f"{metadata.parent.name} has no metadata with name and version", Location(str(metadata))))
                continue
            twin = here.setdefault(distribution.name, distribution)
            if twin.version != distribution.version:
                findings.append(
                    make_finding(
                        "LM-SUP-023",
                        f"{distribution.name} is installed as {twin.version} and as {distribution.version}",
                        Location(str(metadata)),
                        subject=distribution.name,
                    )
                )
        # The first folder of the import path wins, as it does for the interpreter.
        found = {**here, **found}
    return Environment(str(python), version, tuple(found[name] for name in sorted(found))), findings


def _find_folders(python: Path) -> tuple[str, list[Path]]:
    """The version and the site-packages folders, in the order of the import path."""
    prefix = python.parent.parent
    settings = _read_pyvenv(prefix / "pyvenv.cfg")
    if settings is None:
        return _ask(python)
    version = _VERSION.match(settings.get("version_info") or settings.get("version") or "")
    short = ".".join(version[0].split(".")[:2]) if version else "*"
    folders = sorted(prefix.glob(f"lib/python{short}/site-packages"))
    if version is None or len(folders) != 1:
        raise _UnreadableError(f"{prefix} has no single site-packages folder of the version that its pyvenv.cfg names")
    if settings.get("include-system-site-packages", "false").lower() == "true":
        base = Path(settings.get("home", "")) / "python3"
        folders += _ask(base)[1]
    return version[0], folders


def _read_pyvenv(path: Path) -> dict[str, str] | None:
    try:
        text = read_limited(path, 64 * 1024).decode("utf-8", "replace")
    except OSError:
        return None
    pairs = (line.partition("=") for line in text.splitlines())
    return {key.strip().lower(): value.strip() for key, equals, value in pairs if equals}


def _ask(python: Path) -> tuple[str, list[Path]]:
    try:
        done = subprocess.run([str(python), "-I", "-S", "-c", _ASK], capture_output=True, timeout=20, check=True, env={"PATH": "/usr/bin:/bin"}, cwd="/")
        answer = json.loads(done.stdout)
        return str(answer["version"]), [Path(folder) for folder in dict.fromkeys(answer["folders"]) if Path(folder).is_dir()]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
        raise _UnreadableError(f"it does not answer ({type(error).__name__})") from error


def _metadata_files(folder: Path) -> Iterator[Path]:
    """The metadata file of each distribution: ``*.dist-info/METADATA``, ``*.egg-info/PKG-INFO``, ``*.egg-info``."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith("~"):
            # pip renames to such names before it deletes.
            continue
        if entry.suffix == ".dist-info":
            yield entry / "METADATA"
        elif entry.suffix == ".egg-info":
            yield entry / "PKG-INFO" if entry.is_dir() else entry


def _read_distribution(path: Path) -> Distribution | None:
    try:
        headers = _read_headers(read_limited(path, _MAX_METADATA))
    except OSError:
        return None
    name, version = headers.get("name", [""])[0], headers.get("version", [""])[0]
    if not name or not version:
        return None
    return Distribution(
        normalise_name("PyPI", name),
        version,
        headers.get("license-expression", [""])[0],
        headers.get("license", [""])[0],
        tuple(value for value in headers.get("classifier", []) if value.startswith("License ::")),
        str(path.parent),
        _author(headers),
    )


def _author(headers: dict[str, list[str]]) -> str:
    """Who made it, without addresses: the author, else the maintainer."""
    for key in ("author", "author-email", "maintainer", "maintainer-email"):
        name = re.sub(r"<[^>]*>|\S+@\S+", "", headers.get(key, [""])[0].partition("\n")[0]).strip(" ,\"'")
        if name:
            return name[:200]
    return ""


def _read_headers(data: bytes) -> dict[str, list[str]]:
    """The headers of core metadata up to the first empty line; continued lines joined."""
    head = re.split(rb"\r?\n\r?\n", data, maxsplit=1)[0]
    headers: dict[str, list[str]] = {}
    last: list[str] | None = None
    for line in head.decode("utf-8", "replace").splitlines():
        if line[:1] in (" ", "\t"):
            if last:
                last[-1] += "\n" + line.strip()
            continue
        key, colon, value = line.partition(":")
        if colon:
            last = headers.setdefault(key.strip().lower(), [])
            last.append(value.strip())
    return headers
