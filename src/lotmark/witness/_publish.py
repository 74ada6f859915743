"""What a witness publishes: the last cosigned checkpoint of each log, a file that any web server can serve.

It is also the witness's own memory against its database being put back; so it lies best on another disk.
"""

import os
import re
import tempfile
from pathlib import Path
from typing import Final

from lotmark.base.errors import EnvironmentLacksError
from lotmark.witness._store import size_of

_HASH: Final = re.compile(r"[0-9a-f]{64}\Z")
_NAME: Final = "checkpoint"


class PublishedFolder:
    """One file ``<hash of the origin>/checkpoint`` for each log; replaced whole, and only by a checkpoint that is no smaller."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, origin_hash: str) -> Path:
        """Where the checkpoint of that log lies, or would lie."""
        return self._root / origin_hash / _NAME

    def get(self, origin_hash: str) -> bytes | None:
        """The published checkpoint; None if there is none, or the hash is none.

        Raises:
            EnvironmentLacksError: LM-WIT-001 if it cannot be read.
        """
        if not _HASH.match(origin_hash):
            return None
        try:
            return self.path(origin_hash).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._failed(error) from error

    def put(self, origin_hash: str, note: bytes) -> None:
        """Publish the checkpoint; durable on return.

        Raises:
            EnvironmentLacksError: LM-WIT-001.
        """
        old = self.get(origin_hash)
        if old is not None and size_of(old) > size_of(note):
            return  # another process was faster with a larger one
        folder = self._root / origin_hash
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=folder, prefix=".tmp-")
            with os.fdopen(descriptor, "wb") as target:
                target.write(note)
                target.flush()
                os.fchmod(target.fileno(), 0o644)
                os.fsync(target.fileno())
            Path(name).replace(folder / _NAME)
            for parent in (folder, self._root):
                handle = os.open(parent, os.O_RDONLY | os.O_DIRECTORY)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> EnvironmentLacksError:
        return EnvironmentLacksError(
            "LM-WIT-001",
            f"the published checkpoint cannot be read or written: {error.strerror}",
            where=str(self._root),
            solution="mend the disk or its permissions",
        )
