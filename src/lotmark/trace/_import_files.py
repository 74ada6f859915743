"""From names on the command line to a plan: which files, which mapping, what they hold."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lotmark.base.documents import read_document
from lotmark.base.errors import UsageError
from lotmark.trace._foreign import ForeignDocument
from lotmark.trace._mapping import MappingFile, propose_mapping
from lotmark.trace._readers._registry import find_reader, read_foreign
from lotmark.trace._scan import find_files
from lotmark.trace.models import TracePolicy

IMPORTS = "import"
"""Folder below `quality/` with the saved mappings."""
MAX_SOURCE = 512 * 1024 * 1024


def read_import(
    root: Path, quality: Path, sources: Sequence[str], policy: TracePolicy, *, name: str = "", reader: str = "", options: Mapping[str, str] | None = None
) -> tuple[str, MappingFile, tuple[ForeignDocument, ...], bool]:
    """What an import is called, its mapping, its documents, and whether the mapping was saved before.

    `sources` are files, folders or globs (relative to `root` where they are not absolute); or one word, the name of a saved
    mapping, which names its sources itself.

    Raises:
        UsageError: LM-TRC-050 if a source is not there or cannot be read, LM-TRC-059 or LM-CFG-* for the mapping.
    """
    if len(sources) == 1 and not name and (quality / IMPORTS / f"{sources[0]}.yaml").is_file():
        name, sources = sources[0], ()
    name = name or default_name(sources)
    saved = quality / IMPORTS / f"{name}.yaml"
    mapping = read_document(saved, MappingFile, name=f"quality/{IMPORTS}/{name}.yaml").value if saved.is_file() else None
    if mapping is None and not sources:
        raise UsageError("LM-TRC-059", f"there is no mapping {name!r}", where=f"quality/{IMPORTS}/{name}.yaml", solution="name the files to import")
    wanted = tuple(sources) or tuple(mapping.sources if mapping else ())
    chosen = dict(options or {}) or dict(mapping.options if mapping else {})
    used = reader or (mapping.reader if mapping else "")
    documents = [read_foreign(path, data, reader=used, options=chosen) for path, data in _read(root, wanted, used)]
    if mapping is not None:
        return name, mapping, tuple(documents), True
    return name, propose_mapping(documents, [_shown(root, source) for source in wanted], policy, chosen), tuple(documents), False


def default_name(sources: Sequence[str]) -> str:
    """What an import is called where nobody says: the name of its first source, as a word."""
    first = Path(sources[0]) if sources else Path("source")
    stem = first.name.partition(".")[0] or first.parent.name
    plain = "".join(char if char.isascii() and char.isalnum() else "-" for char in stem.lower()).strip("-")
    return plain or "source"


def _read(root: Path, sources: Sequence[str], reader: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for source in sources:
        for path in _expand(root, source, reader):
            shown = _shown(root, str(path))
            try:
                if path.stat().st_size > MAX_SOURCE:
                    raise UsageError("LM-TRC-050", f"{shown} has more than {MAX_SOURCE} bytes", where=shown, solution="export it in parts")
                found.append((shown, path.read_bytes()))
            except OSError as error:
                raise UsageError("LM-TRC-050", f"{shown} cannot be read: {error.strerror}", where=shown, solution="give a readable file") from error
    return found


def _expand(root: Path, source: str, reader: str) -> list[Path]:
    path = root / source
    if path.is_file():
        return [path]
    if path.is_dir():
        files = sorted(one for one in path.rglob("*") if one.is_file() and not one.is_symlink() and _readable(one, reader))
    else:
        files = [root / one for one in find_files(root, [source])]
    if not files:
        raise UsageError("LM-TRC-050", f"no file matches {source}", where=source, solution="name files, a folder, a glob, or a saved mapping")
    return files


def _readable(path: Path, reader: str) -> bool:
    """Whether a file of a folder belongs to an import: one that its name tells to be of the reader."""
    try:
        found = find_reader(path.name, path.read_bytes()[:65536])
    except (UsageError, OSError):
        return False
    return found == reader if reader else found not in {"json", "markdown"}


def _shown(root: Path, source: str) -> str:
    path = Path(source)
    return path.relative_to(root).as_posix() if path.is_absolute() and path.is_relative_to(root) else path.as_posix()
