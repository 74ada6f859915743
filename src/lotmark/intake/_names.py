"""Names of archive members: what one name means on every system, and that no two mean the same file."""

import unicodedata
from typing import Final

from lotmark.intake._refusal import Refusal

_MAX_NAME: Final = 1024


class MemberNames:
    """The names seen so far in one archive."""

    def __init__(self) -> None:
        self._files: dict[str, str] = {}
        """Folded name -> name as written."""
        self._folders: dict[str, str] = {}

    def add(self, name: str, *, folder: bool = False) -> str:
        """The name, without the slash that ends a folder's, if it is safe and new.

        Raises:
            Refusal: LM-INT-011.
        """
        plain = name.removesuffix("/") if folder else name
        _check_plain(plain)
        folded = _fold(plain)
        clash = self._files.get(folded)
        if clash is not None:
            raise unsafe("it stands there twice" if clash == plain else f"its name differs from {clash!r} in case or accents alone", plain)
        if folded in self._folders:
            if not folder:
                raise unsafe(f"it is a file and a folder ({self._folders[folded]!r})", plain)
            if self._folders[folded] != plain:
                raise unsafe(f"its name differs from {self._folders[folded]!r} in case or accents alone", plain)
            return plain
        self._add_parents(plain)
        (self._folders if folder else self._files)[folded] = plain
        return plain

    def _add_parents(self, plain: str) -> None:
        parent = plain.rpartition("/")[0]
        while parent:
            folded = _fold(parent)
            if folded in self._files:
                raise unsafe(f"it lies below {self._files[folded]!r}, which is a file", plain)
            known = self._folders.setdefault(folded, parent)
            if known != parent:
                raise unsafe(f"its folder differs from {known!r} in case or accents alone", plain)
            parent = parent.rpartition("/")[0]


def _check_plain(name: str) -> None:
    """Refuse what leads out, what is written in two ways, and characters that do not show (controls, marks that turn the text)."""
    shown = name[:80]
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        raise unsafe("its name leads out of the folder into which it is unpacked", shown)
    if "\\" in name or "" in parts or "." in parts or len(name) > _MAX_NAME or not name.isprintable():
        raise unsafe("its name is not a plain relative path", shown)


def _fold(name: str) -> str:
    """Names that some file system takes for one have one fold."""
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def unsafe(reason: str, name: str | None = None) -> Refusal:
    """ARCHIVE_UNSAFE, naming the member."""
    return Refusal("LM-INT-011", f"ARCHIVE_UNSAFE: {name!r}: {reason}" if name is not None else f"ARCHIVE_UNSAFE: {reason}")
