"""The quick look before a merge: lock files alone."""

from collections.abc import Callable
from pathlib import Path

from lotmark.base.findings import Finding, Location
from lotmark.product.models import DependencySection
from lotmark.supply._files import FolderFiles, SeenFiles
from lotmark.supply._locks import LockSet
from lotmark.supply._markers import Markers
from lotmark.supply.ports import Places, SourceFiles


def check_locks(
    product_root: Path,
    declared: DependencySection,
    *,
    config_root: Path | None = None,
    files: SourceFiles | None = None,
    where: Places | None = None,
    seen: Callable[[str, bytes | None], None] | None = None,
) -> tuple[Finding, ...]:
    """Whether the lock files are there, declared and pinned; a quick look before a merge, without environment, licences or dump.

    `seen` is told each file as it was read, and None for one that could not be read.
    """
    files = files or FolderFiles(product_root)
    if seen is not None:
        files = SeenFiles(files, seen)
    locks = LockSet(product_root, config_root or product_root, declared, files, Markers(None), where or somewhere)
    locks.read()
    return tuple(locks.reading.findings)


def somewhere(_path: tuple[str | int, ...] = (), /) -> Location:
    """The declaration as a whole: for callers that know no place."""
    return Location("lotmark.yaml")
