"""RootedPath: a path that cannot leave its root."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lotmark.base.errors import UsageError


@dataclass(frozen=True, slots=True)
class RootedPath:
    """A folder, below which names from foreign input are resolved safely."""

    root: Path

    def join(self, name: str) -> Path:
        """The path of the POSIX-relative `name` below the root, links followed.

        Raises:
            UsageError: LM-BAS-001 if the name is empty, absolute, holds ``..`` or NUL, or a link leads outside.
        """
        pure = PurePosixPath(name)
        if not name or "\0" in name or pure.is_absolute() or ".." in pure.parts:
            raise UsageError("LM-BAS-001", f"the path {name!r} does not stay below {self.root}", solution="use a relative path without '..'")
        try:
            resolved = (self.root / pure).resolve()
        except (OSError, RuntimeError) as error:  # a link that leads to itself
            raise UsageError("LM-BAS-001", f"the path {name!r} leads nowhere below {self.root}", solution="replace the link by the file") from error
        if not resolved.is_relative_to(self.root.resolve()):
            raise UsageError("LM-BAS-001", f"the path {name!r} leads outside {self.root} through a link", solution="replace the link by the file")
        return resolved
