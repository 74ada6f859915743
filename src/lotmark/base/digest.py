"""Digest: the SHA-256 name of some bytes (FIPS 180-4), written ``sha256:<64 hex>``."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_HEX = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """A SHA-256 digest; `hex` is 64 lower-case hex digits.

    Raises:
        ValueError: if `hex` is anything else.
    """

    hex: str

    def __post_init__(self) -> None:
        if not _HEX.match(self.hex):
            raise ValueError(f"not a lower-case SHA-256 hex digest: {self.hex[:80]!r}")

    @classmethod
    def of(cls, data: bytes) -> Self:
        """The digest of `data`."""
        return cls(hashlib.sha256(data).hexdigest())

    @classmethod
    def of_file(cls, path: Path) -> Self:
        """The digest of the file's bytes, read in blocks."""
        with path.open("rb") as stream:
            return cls(hashlib.file_digest(stream, "sha256").hexdigest())

    @classmethod
    def parse(cls, text: str) -> Self:
        """``sha256:<hex>`` or bare hex -> Digest.

        Raises:
            ValueError: if the text is neither.
        """
        return cls(text.removeprefix("sha256:"))

    @property
    def raw(self) -> bytes:
        """The 32 bytes."""
        return bytes.fromhex(self.hex)

    @property
    def digest_set(self) -> dict[str, str]:
        """The in-toto DigestSet: ``{"sha256": hex}``."""
        return {"sha256": self.hex}

    def short(self) -> str:
        """The first 12 hex digits, for people."""
        return self.hex[:12]

    def __str__(self) -> str:
        return f"sha256:{self.hex}"
