"""The root file system of a capsule: the declared Debian packages with all that they depend on, as files of this machine.

Read from dpkg's own database, so the root is what is installed here, package by package, and nothing that no package
owns. Documentation is left out, as in Debian's slim images. Nothing is run.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lotmark.base.errors import EnvironmentLacksError, UsageError

_LEFT_OUT = ("usr/share/doc/", "usr/share/man/", "usr/share/info/", "usr/share/lintian/", "usr/share/locale/")
_ALWAYS = ("etc/ld.so.cache", "etc/ld.so.conf", "etc/os-release", "etc/debian_version")
_NAME = re.compile(r"^[a-z0-9][a-z0-9+.-]+\Z")


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package: name, version, architecture, whether it is essential, and the alternatives of each dependency."""

    name: str
    version: str
    architecture: str
    essential: bool
    depends: tuple[tuple[str, ...], ...]
    provides: tuple[str, ...] = ()


def read_packages(status: str) -> dict[str, Package]:
    """The installed packages of a dpkg status file, by name; a virtual name leads to the first that provides it."""
    found: dict[str, Package] = {}
    for paragraph in status.split("\n\n"):
        fields = dict(_fields(paragraph))
        if fields.get("Status") == "install ok installed" and {"Package", "Version", "Architecture"} <= fields.keys():
            depends = [*_relation(fields.get("Pre-Depends", "")), *_relation(fields.get("Depends", ""))]
            provides = tuple(names[0] for names in _relation(fields.get("Provides", "")))
            package = Package(fields["Package"], fields["Version"], fields["Architecture"], fields.get("Essential") == "yes", tuple(depends), provides)
            found[package.name] = package
    for package in list(found.values()):
        for name in package.provides:
            found.setdefault(name, package)
    return found


def _fields(paragraph: str) -> Iterator[tuple[str, str]]:
    for line in paragraph.replace("\n ", " ").splitlines():
        name, mark, value = line.partition(":")
        if mark:
            yield name, value.strip()


def _relation(text: str) -> list[tuple[str, ...]]:
    """``a (>= 1) | b, c:any`` as names: alternatives within each."""
    return [tuple(re.split(r"[\s(:\[]", each.strip(), maxsplit=1)[0] for each in part.split("|")) for part in text.split(",") if part.strip()]


def close_over(packages: Mapping[str, Package], wanted: Sequence[str]) -> tuple[Package, ...]:
    """The wanted and the essential packages with everything that they depend on, sorted by name.

    Raises:
        UsageError: LM-BLD-041 if a wanted package is not installed, or a dependency of one is not.
    """
    pending = [*wanted, *sorted({each.name for each in packages.values() if each.essential})]
    chosen: dict[str, Package] = {}
    while pending:
        name = pending.pop()
        package = packages.get(name) if _NAME.match(name) else None
        if package is None:
            raise UsageError("LM-BLD-041", f"the package {name!r} is not installed", where="environment.packages", solution=f"sudo apt-get install {name}")
        if package.name in chosen:
            continue
        chosen[package.name] = package
        for alternatives in package.depends:
            held = next((each for each in alternatives if each in packages), alternatives[0])
            pending.append(held)
    return tuple(sorted(chosen.values(), key=lambda each: each.name))


def root_files(packages: Sequence[Package], base: Path = Path("/")) -> dict[str, Path]:
    """Path inside the root, relative -> the file, folder or link of this machine, for every file that the packages own.

    Raises:
        EnvironmentLacksError: LM-BLD-042 if dpkg's list of a package is missing.
    """
    found: dict[str, Path] = {}
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        if (base / name).is_symlink():
            found[name] = base / name
    for package in packages:
        for line in _list_of(package, base):
            inside = _inside(base, line.lstrip("/"))
            if inside and not f"{inside}/".startswith(_LEFT_OUT) and os.path.lexists(base / inside):
                found[inside] = base / inside
    for name in _ALWAYS:
        if (base / name).exists():
            found[name] = base / name
    _add_alternatives(found, base)
    return dict(sorted(found.items()))


def _list_of(package: Package, base: Path) -> list[str]:
    for name in (f"{package.name}.list", f"{package.name}:{package.architecture}.list"):
        path = base / "var/lib/dpkg/info" / name
        if path.is_file():
            return path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    raise EnvironmentLacksError("LM-BLD-042", f"dpkg has no list of the files of {package.name}", solution=f"sudo apt-get install --reinstall {package.name}")


def _inside(base: Path, name: str) -> str:
    """The path with the links of a merged /usr followed, so that no file is written through a link."""
    top, _, rest = name.partition("/")
    if rest and (base / top).is_symlink():
        return f"{(base / top).readlink().as_posix().lstrip('/')}/{rest}"
    return "" if name in (".", "") or ((base / name).is_symlink() and "/" not in name) else name


def _add_alternatives(found: dict[str, Path], base: Path) -> None:
    """The links of update-alternatives (``cc``, ``awk``) whose program is in the root; no package owns them."""
    folder = base / "etc/alternatives"
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        target = _inside(base, os.fspath(entry.readlink()).lstrip("/")) if entry.is_symlink() else ""
        link = f"usr/bin/{entry.name}"
        if target in found and (base / link).is_symlink():
            found[f"etc/alternatives/{entry.name}"] = entry
            found[link] = base / link
