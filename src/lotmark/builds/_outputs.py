"""Collect what a command left: files by declared globs, out of a folder whose every byte a stranger wrote.

Links are never followed on the way down. An output may be a link to a regular file inside the folder; a link that
leads outside, a link in place of a folder, a fifo, socket or device, and a name that evidence cannot carry (not UTF-8,
control or reordering characters: what is signed must read as what it is) are refused.
"""

import functools
import os
import re
import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lotmark.base.digest import Digest
from lotmark.base.errors import UsageError
from lotmark.base.findings import Finding
from lotmark.builds._text import show
from lotmark.builds.models import OutputFile

_MAX_FILES = 20_000


@dataclass(frozen=True, slots=True)
class Collected:
    """The files found, by name, and why others were refused."""

    files: tuple[OutputFile, ...]
    refused: tuple[Finding, ...]


def collect(folder: Path, patterns: Sequence[str], target: Path) -> Collected:
    """Copy every file below `folder` that a pattern matches to `target`, with its digest.

    Raises:
        UsageError: LM-BLD-014 if a pattern is absolute or holds ``..``.
    """
    files: list[OutputFile] = []
    refused: list[Finding] = []
    matchers = [_Pattern.parse(pattern) for pattern in patterns]
    for name in _matching(folder, matchers, refused):
        if len(files) >= _MAX_FILES:
            refused.append(_refusal(name, f"the patterns match more than {_MAX_FILES} files"))
            break
        reason = _reason_against(folder, name)
        if reason:
            refused.append(_refusal(name, reason))
            continue
        try:
            files.append(_take(folder, name, target))
        except OSError as error:
            refused.append(_refusal(name, f"it cannot be read: {error.strerror}"))
    return Collected(tuple(files), tuple(refused))


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A glob: ``*`` and ``?`` stay within a name, ``**`` stands for any folders."""

    parts: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "_Pattern":
        parts = tuple(part for part in text.split("/") if part != ".")
        if text.startswith("/") or ".." in parts or "" in parts or not parts or "\0" in text:
            raise UsageError(
                "LM-BLD-014",
                f"the pattern {text!r} does not stay in the source tree",
                where="outputs",
                solution="write a glob relative to the source root, for instance dist/*.whl",
            )
        return cls(parts)

    def matches(self, names: tuple[str, ...]) -> bool:
        return _match(self.parts, names)

    def may_match_below(self, names: tuple[str, ...]) -> bool:
        """Whether a file below the folder `names` could match."""
        if "**" in self.parts[: len(names) + 1]:
            before = self.parts[: self.parts.index("**")]
            return _match(before, names[: len(before)])
        return len(self.parts) > len(names) and _match(self.parts[: len(names)], names)


def _match(parts: tuple[str, ...], names: tuple[str, ...]) -> bool:
    if not parts:
        return not names
    if parts[0] == "**":
        return any(_match(parts[1:], names[skip:]) for skip in range(len(names) + 1))
    return bool(names) and _regex(parts[0]).fullmatch(names[0]) is not None and _match(parts[1:], names[1:])


@functools.lru_cache(maxsize=256)
def _regex(part: str) -> re.Pattern[str]:
    text = "".join(
        {"*": ".*", "?": "."}.get(piece) or (_characters(piece) if piece.startswith("[") and len(piece) > 2 else re.escape(piece))
        for piece in re.findall(r"\[!?\]?[^\]]*\]|.", part, re.DOTALL)
    )
    return re.compile(text, re.DOTALL)


def _characters(piece: str) -> str:
    inner = piece[1:-1].replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]").replace("^", "\\^")
    return f"[{'^' + inner[1:] if inner.startswith('!') else inner}]"


def _matching(folder: Path, patterns: Sequence[_Pattern], refused: list[Finding]) -> Iterator[str]:
    """The names of what matches, sorted folder by folder."""
    pending: list[tuple[str, ...]] = [()]
    while pending:
        here = pending.pop()
        try:
            entries = sorted(os.scandir(folder.joinpath(*here)), key=lambda entry: entry.name)
        except OSError as error:
            refused.append(_refusal("/".join(here), f"the folder cannot be read: {error.strerror}"))
            continue
        below: list[tuple[str, ...]] = []
        for entry in entries:
            names = (*here, entry.name)
            if entry.is_dir(follow_symlinks=False):
                if any(pattern.may_match_below(names) for pattern in patterns):
                    below.append(names)
            elif any(pattern.matches(names) for pattern in patterns):
                yield "/".join(names)
            elif entry.is_symlink() and any("**" not in pattern.parts and pattern.may_match_below(names) for pattern in patterns):
                refused.append(_refusal("/".join(names), "the folder of an output is a link"))
        pending.extend(reversed(below))


def _reason_against(folder: Path, name: str) -> str:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    if not name.isprintable():
        return "its name holds a character that cannot be shown"
    path = folder / name
    state = path.lstat()
    if stat.S_ISLNK(state.st_mode):
        real = Path(os.path.realpath(path))
        if not real.is_relative_to(os.path.realpath(folder)):
            return "it is a link that leads outside"
        if not real.exists():
            return "it is a link that leads nowhere"
        state = real.stat()
    if stat.S_ISDIR(state.st_mode):
        return "it is a link to a folder"
    return "" if stat.S_ISREG(state.st_mode) else "it is not a regular file"


def _take(folder: Path, name: str, target: Path) -> OutputFile:
    place = target / name
    place.parent.mkdir(parents=True, exist_ok=True)
    # Nobody else writes here any more: the sandbox and all its processes are gone.
    origin = folder / name
    shutil.copyfile(origin, place)
    state = origin.stat()
    executable = bool(state.st_mode & 0o100)
    place.chmod(0o755 if executable else 0o644)
    os.utime(place, ns=(state.st_mtime_ns, state.st_mtime_ns))
    return OutputFile(name, place, state.st_size, Digest.of_file(place), executable)


def _refusal(name: str, reason: str) -> Finding:
    shown = show(name)
    return Finding(
        "LM-BLD-014",
        f"the output '{shown}' is refused: {reason}",
        subject=shown,
        help="let the command write a regular file of that name inside the source tree",
    )
