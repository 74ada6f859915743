"""Reads a product repository: the declaration, the digests of its configuration, its version and its history."""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from lotmark.base.digest import Digest
from lotmark.base.documents import Document, document_schema, read_document
from lotmark.base.errors import UsageError
from lotmark.base.paths import RootedPath
from lotmark.product._git import (
    changed_paths,
    commits_before,
    files_at,
    find_root,
    git,
    is_ancestor,
    list_commits,
    read_cleanliness,
    read_source_state,
    resolve_commit,
)
from lotmark.product.models import ConfigurationFile, DependencySection, Product, ProductFile, VersionSource

__all__ = [
    "DECLARATION",
    "changed_paths",
    "commits_before",
    "configuration_files",
    "files_at",
    "find_root",
    "git",
    "is_ancestor",
    "list_commits",
    "load_product",
    "locks_beside",
    "product_schema",
    "read_cleanliness",
    "read_source_state",
    "read_version",
    "resolve_commit",
]

DECLARATION = "lotmark.yaml"


def load_product(root: Path, config: Path | None = None, *, pinned: bool = True) -> Product:
    """Read `lotmark.yaml` from the work tree, or from the folder `config` in its place.

    `pinned` False leaves `configuration` empty: for what records nothing and decides nothing. The files are looked at all
    the same, not read.

    Raises:
        UsageError: LM-CFG-* if the file is wrong, LM-PRD-003 if the version is not found, LM-PRD-004 if there is no
            `quality/` folder, LM-PRD-006 if something in it is no plain file.
    """
    config_root = (config or root).resolve()
    document = read_document(config_root / DECLARATION, ProductFile, name=DECLARATION)
    _check_targets(document)
    if not (config_root / "quality").is_dir():
        raise UsageError("LM-PRD-004", f"there is no folder {config_root / 'quality'}", solution="`lotmark init` writes a first one")
    version = _checked_version(read_version(root, document.value.product.version))
    beside = locks_beside(root.resolve(), config_root, document.value.dependencies)
    if pinned:
        return Product(root.resolve(), config_root, document, version, configuration_files(config_root, beside))
    _plain_files(config_root, beside)
    return Product(root.resolve(), config_root, document, version, ())


def locks_beside(root: Path, config_root: Path, declared: DependencySection) -> tuple[str, ...]:
    """The declared lock files that lie with a configuration outside the repository: no commit holds them, so they are configuration."""
    paths = (os.path.normpath(lock.path) for lock in declared.locks)
    inside = (path for path in paths if not path.startswith(("..", "/")))
    return tuple(path for path in inside if config_root != root and not (root / path).exists() and (config_root / path).exists())


def configuration_files(config_root: Path, more: Iterable[str] = ()) -> tuple[ConfigurationFile, ...]:
    """`lotmark.yaml`, every file below `quality/` and the files `more`, with digests, sorted by path.

    Links are refused and not followed: what they lead to could change, or lie outside, while every digest here holds.

    Raises:
        UsageError: LM-PRD-006 for anything but plain files and folders, LM-CFG-001 if one cannot be read.
    """
    found = []
    for name in _plain_files(config_root, more):
        try:
            with open(f"{config_root}/{name}", "rb") as stream:  # noqa: PTH123 -- ten thousand files: a Path for each costs more than its digest
                found.append(ConfigurationFile(name, Digest.of(stream.read())))
        except OSError as error:
            raise UsageError(
                "LM-CFG-001", f"cannot read {name}: {error.strerror}", where=f"{config_root}/{name}", solution="let this user read the file"
            ) from error
    return tuple(found)


def _plain_files(config_root: Path, more: Iterable[str]) -> list[str]:
    """The names of the configuration files, sorted."""
    names = sorted({DECLARATION, *_walk(config_root, "quality"), *more})
    for name in names:
        try:
            plain = stat.S_ISREG(os.lstat(f"{config_root}/{name}").st_mode)
        except OSError:
            plain = False
        if not plain or not name.isprintable():
            raise UsageError(
                "LM-PRD-006",
                f"{name!r} is no plain file",
                where=str(config_root),
                solution="put a file with a plain name in its place; links are not followed",
            )
    return names


def _walk(root: Path, top: str) -> Iterator[str]:
    """Everything below the folder but plain folders themselves, as names relative to `root`."""
    if (root / top).is_symlink():
        yield top
        return
    start = len(str(root).rstrip("/")) + 1
    for folder, folders, files in os.walk(f"{root}/{top}", onerror=_unreadable):
        prefix = folder[start:]
        links = [name for name in folders if os.path.islink(f"{folder}/{name}")]  # noqa: PTH114
        yield from (f"{prefix}/{name}" for name in (*files, *links))


def _unreadable(error: OSError) -> None:
    raise UsageError("LM-CFG-001", f"cannot read {error.filename}: {error.strerror}", solution="let this user read the folder") from error


def product_schema() -> dict[str, Any]:
    """The JSON Schema of `lotmark.yaml`."""
    return document_schema(ProductFile, title="lotmark.yaml: a product and how it is released", identifier="https://lotmark.dev/schemas/lotmark.v1.json")


def _check_targets(document: Document[ProductFile]) -> None:
    """Two targets of one name, or in one folder, would overwrite each other's evidence or files."""
    seen: set[tuple[str, str]] = set()
    for number, target in enumerate(document.value.deploy.targets):
        for key, value in (("name", target.name), ("path", os.path.normpath(target.path))):
            if (key, value) in seen:
                raise UsageError(
                    "LM-CFG-005",
                    f"deploy.targets.{number}.{key}: another target has {value!r} too",
                    where=str(document.where(("deploy", "targets", number, key))),
                    solution="give each target its own name and folder",
                )
            seen.add((key, value))


_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_!~-]{0,127}\Z")
_CURE = "mend product.version in lotmark.yaml: a text, or `file` (a path in the repository) and `pattern` (a regular expression with one group)"


def _checked_version(version: str) -> str:
    """The version, fit to be a part of file names and identifiers."""
    if not _VERSION.match(version):
        raise UsageError("LM-PRD-003", f"{version[:80]!r} is no version: letters, digits and . + _ ! ~ - alone", where=DECLARATION, solution=_CURE)
    return version


def read_version(root: Path, source: VersionSource | str) -> str:
    """The version that a file of the repository tells; a text is the version itself.

    Raises:
        UsageError: LM-PRD-003 if it is not to be found.
    """
    if isinstance(source, str):
        return source
    try:
        text = RootedPath(root).join(source.file).read_text(encoding="utf-8")
        match = re.search(source.pattern, text, re.MULTILINE)
    except (OSError, UnicodeDecodeError, UsageError) as error:
        told = error.reason if isinstance(error, UsageError) else str(error)
        raise UsageError("LM-PRD-003", f"cannot read the version from {source.file}: {told}", where=DECLARATION, solution=_CURE) from error
    except re.error as error:
        raise UsageError("LM-PRD-003", f"product.version.pattern is not a regular expression: {error}", where=DECLARATION, solution=_CURE) from error
    if not match or not match.groups() or not match[1]:
        raise UsageError("LM-PRD-003", f"no version in {source.file} matches {source.pattern!r}", where=DECLARATION, solution=_CURE)
    return match[1]
