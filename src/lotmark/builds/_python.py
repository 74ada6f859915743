"""Find what a Python interpreter needs to run inside: its environment, its base installation, its ``.pth`` folders.

By reading alone. The interpreter may belong to the product, so it is never run outside the sandbox.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from lotmark.base.digest import Digest
from lotmark.base.errors import UsageError
from lotmark.builds.models import Mount

_SYSTEM = (Path("/usr"), Path("/bin"), Path("/lib"))


@dataclass(frozen=True, slots=True)
class PythonEnvironment:
    """The mounts that an interpreter needs, the folder of its programs, its distributions, and skipped ``.pth`` folders.

    `skipped` are folders inside the product's repository that a ``.pth`` file names (an editable install): the work
    tree is never shown to a build.
    """

    executable: Path
    bin: Path
    mounts: tuple[Mount, ...]
    distributions: tuple[str, ...]
    skipped: tuple[Path, ...]


def find_python(executable: Path, repo: Path | None) -> PythonEnvironment:
    """What `executable` needs.

    Raises:
        UsageError: LM-BLD-006 if it is not there.
    """
    if not executable.is_file() or not os.access(executable, os.X_OK):
        raise UsageError(
            "LM-BLD-006",
            f"there is no Python interpreter at {executable}",
            where="environment.python",
            solution=f"python3 -m venv {executable.parent.parent}, or correct environment.python in lotmark.yaml",
        )
    executable = _absolute(executable)
    prefix = executable.parent.parent
    places = [*_hops(executable)]
    home = _home(prefix)
    if home is not None:
        # The base interpreter by the name in pyvenv.cfg: Python derives its standard library from there.
        places += _hops(home / executable.name) if (home / executable.name).exists() else [home]
    prefixes = {prefix: None, **{_prefix_of(place): None for place in places}}
    sites = [site for root in (prefix, *prefixes) for site in _site_folders(root)]
    extra, skipped = _pth_folders(dict.fromkeys(sites), repo)
    folders = {folder: None for folder in (*prefixes, *extra) if not _is_system(folder)}
    return PythonEnvironment(
        executable=executable,
        bin=executable.parent,
        mounts=tuple(Mount(folder.resolve(), os.fspath(folder)) for folder in folders if not _covered(folder, folders)),
        distributions=_distributions(_site_folders(prefix)),
        skipped=skipped,
    )


def _hops(path: Path) -> list[Path]:
    """Every place that a chain of links passes, folder links included, to the file itself."""
    found = [path]
    while path.is_symlink() and len(found) < 40:
        path = _absolute(path.parent / path.readlink())
        found.append(path)
    real = path.resolve()
    return found if real == path else [*found, real]


def _absolute(path: Path) -> Path:
    """The path made absolute, ``..`` folded away by name, no link followed: the chain of links is what is wanted."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def _prefix_of(place: Path) -> Path:
    """The installation prefix of ``<prefix>/bin/python`` or ``<prefix>/bin``."""
    return place.parent if place.name == "bin" else place.parent.parent


def _home(prefix: Path) -> Path | None:
    """``home`` in the environment's ``pyvenv.cfg``."""
    try:
        text = (prefix / "pyvenv.cfg").read_text(encoding="utf-8")
    except OSError:
        return None
    for line in text.splitlines():
        key, _, value = line.partition("=")
        if key.strip().lower() == "home" and value.strip():
            return Path(value.strip())
    return None


def _site_folders(prefix: Path) -> list[Path]:
    return sorted(prefix.glob("lib/python3*/site-packages"))


def _pth_folders(sites: dict[Path, None], repo: Path | None) -> tuple[list[Path], tuple[Path, ...]]:
    """The folders that ``.pth`` files add to the path, and those of them that lie in the repository."""
    taken: dict[Path, None] = {}
    skipped: dict[Path, None] = {}
    for site in sites:
        for file in sorted(site.glob("*.pth")):
            for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
                folder = Path(line.strip())
                if not folder.is_absolute() or not folder.is_dir() or folder.is_relative_to(site):
                    continue
                inside = repo is not None and (folder.resolve().is_relative_to(repo.resolve()) or repo.resolve().is_relative_to(folder.resolve()))
                (skipped if inside else taken)[folder] = None
    return list(taken), tuple(skipped)


def _is_system(folder: Path) -> bool:
    return any(folder.is_relative_to(system) for system in _SYSTEM)


def _covered(folder: Path, folders: dict[Path, None]) -> bool:
    """Whether another folder of the set already holds it, under the same name and truly."""
    return any(folder != other and folder.is_relative_to(other) and folder.resolve() == other.resolve() / folder.relative_to(other) for other in folders)


def _distributions(sites: list[Path]) -> tuple[str, ...]:
    """``name-version sha256-of-RECORD`` of what is installed: the RECORD holds a hash of each installed file."""
    found = []
    for site in sites:
        for info in site.glob("*.dist-info"):
            record = info / "RECORD"
            found.append(f"{info.name.removesuffix('.dist-info')} {Digest.of_file(record).hex if record.is_file() else '-'}")
    return tuple(sorted(found))
