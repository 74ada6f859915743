"""Bundles taken apart and put together again, as somebody would who wants to deceive."""

from collections.abc import Callable
from pathlib import Path

from lotmark.base.digest import Digest
from lotmark.dossier._archive import Archive, parse_archive, write_archive
from lotmark.dossier._bundle_manifest import MANIFEST, format_manifest, parse_manifest
from lotmark.dossier.models import BundleFile, Manifest


def unpack(path: Path) -> dict[str, bytes]:
    data = path.read_bytes()
    archive = Archive(data, parse_archive(data))
    return {name: archive.read(name) for name in archive.names}


def pack(path: Path, files: dict[str, bytes], *, honest: bool = True, change: Callable[[Manifest], Manifest] = lambda manifest: manifest) -> Path:
    """Write the files; `honest`: with a manifest that fits them, so that only the log can tell."""
    if honest:
        old = parse_manifest(files[MANIFEST])
        listed = tuple(BundleFile(name, Digest.of(data).hex, len(data)) for name, data in sorted(files.items()) if name != MANIFEST)
        manifest = Manifest(old.product, old.version, old.run, old.outcome, old.origin, old.log_size, listed)
        files = {**files, MANIFEST: format_manifest(change(manifest))}
    write_archive(path, files)
    return path


def find(files: dict[str, bytes], kind: str, number: int = 0) -> str:
    """The path of the envelope of that kind."""
    return [name for name in sorted(files) if name.startswith("envelopes/") and name.endswith(f"-{kind}.json")][number]
