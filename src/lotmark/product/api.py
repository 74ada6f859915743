"""Reads a product repository: the declaration, the digests of its configuration, its version and its history."""

import re
from pathlib import Path
from typing import Any

from lotmark.base.digest import Digest
from lotmark.base.documents import document_schema, read_document
from lotmark.base.errors import UsageError
from lotmark.product._git import changed_paths, files_at, git, is_ancestor, list_commits, read_source_state, resolve_commit
from lotmark.product.models import ConfigurationFile, Product, ProductFile, VersionSource

__all__ = [
    "DECLARATION",
    "changed_paths",
    "configuration_files",
    "files_at",
    "find_root",
    "git",
    "is_ancestor",
    "list_commits",
    "load_product",
    "product_schema",
    "read_source_state",
    "resolve_commit",
]

DECLARATION = "lotmark.yaml"


def find_root(start: Path) -> Path:
    """The top of the git work tree that holds `start`.

    Raises:
        UsageError: LM-PRD-002 if there is none.
    """
    return Path(git(start, "rev-parse", "--show-toplevel").decode().rstrip("\n"))


def load_product(root: Path, config: Path | None = None) -> Product:
    """Read `lotmark.yaml` from the work tree, or from the folder `config` in its place.

    Raises:
        UsageError: LM-CFG-* if the file is wrong, LM-PRD-003 if the version is not found, LM-PRD-004 if there is no
            `quality/` folder.
    """
    config_root = (config or root).resolve()
    document = read_document(config_root / DECLARATION, ProductFile, name=DECLARATION)
    if not (config_root / "quality").is_dir():
        raise UsageError("LM-PRD-004", f"there is no folder {config_root / 'quality'}", solution="`lotmark init` writes a first one")
    version = _read_version(root, document.value.product.version)
    return Product(root.resolve(), config_root, document, version, configuration_files(config_root))


def configuration_files(config_root: Path) -> tuple[ConfigurationFile, ...]:
    """`lotmark.yaml` and every file below `quality/`, with digests, sorted by path."""
    paths = [config_root / DECLARATION, *(path for path in sorted((config_root / "quality").rglob("*")) if path.is_file())]
    return tuple(ConfigurationFile(path.relative_to(config_root).as_posix(), Digest.of_file(path)) for path in paths)


def product_schema() -> dict[str, Any]:
    """The JSON Schema of `lotmark.yaml`."""
    return document_schema(ProductFile, title="lotmark.yaml: a product and how it is released", identifier="https://lotmark.dev/schemas/lotmark.v1.json")


def _read_version(root: Path, source: VersionSource | str) -> str:
    if isinstance(source, str):
        return source
    path = root / source.file
    cure = "mend product.version in lotmark.yaml: `file` is a path in the repository, `pattern` a regular expression with one group"
    try:
        match = re.search(source.pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("LM-PRD-003", f"cannot read the version from {source.file}: {error}", where=DECLARATION, solution=cure) from error
    except re.error as error:
        raise UsageError("LM-PRD-003", f"product.version.pattern is not a regular expression: {error}", where=DECLARATION, solution=cure) from error
    if not match or not match.groups() or not match[1]:
        raise UsageError("LM-PRD-003", f"no version in {source.file} matches {source.pattern!r}", where=DECLARATION, solution=cure)
    return match[1]
