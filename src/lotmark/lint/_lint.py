"""One pass over a work tree: list, choose, read, match, rank."""

import json
from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path

from lotmark.base.errors import UsageError
from lotmark.base.findings import Finding, Location, Severity
from lotmark.lint._commands import find_in_commands, find_in_container, find_in_requirements, logical_lines
from lotmark.lint._declared import NAME, Declared
from lotmark.lint._files import builds, find_kind, list_files
from lotmark.lint._patterns import BY_KIND
from lotmark.lint.models import FileKind, Hit, LintReport
from lotmark.lint.rules import RULES

_MAX_BYTES = 4 * 1024 * 1024
_CURES = {rule.code: rule.cure for rule in RULES}
_COMMANDS: frozenset[FileKind] = frozenset({"shell", "make", "container", "ci", "flags"})
_WEIGHT = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
_IN_C = (b"__DATE__", b"__TIME__", b"__TIMESTAMP__", b"/home/", b"/Users/", b":\\Users\\")
"""One of these a C source must hold to be looked at line by line."""


def lint_tree(root: Path, *, today: date, read_set: Collection[str] | None = None, declared: bytes | None = None) -> LintReport:
    """Everything that the lint finds below `root`, the worst first.

    Args:
        root: the work tree.
        today: the day on which declarations are judged.
        read_set: the files that a build was seen to read. Hits in them come first and are errors, hits in other files than
            these and build scripts are warnings; without one, C sources outside tests and examples count as read.
        declared: the bytes of ``quality/lint.yaml``.

    Raises:
        UsageError: LM-CFG-002 to -005 for a ``quality/lint.yaml`` that cannot be read, LM-LNT-003 for a read set of which nothing
            lies in this tree: it is of another one, and every source would count as not compiled.
    """
    declarations = Declared(declared, today)
    names = list_files(root)
    if read_set is not None and not any(name in read_set for name in names):
        raise UsageError("LM-LNT-003", "the read set names no file of this tree", where=str(root), solution=_CURES["LM-LNT-003"])
    rows: list[tuple[int, Finding]] = []
    read = held = 0
    for name in names:
        kind = find_kind(name)
        data = _read(root / name) if kind is not None else None
        if kind is None or data is None:
            continue
        read += isinstance(data, bytes)
        hits = find_hits(name, kind, data) if isinstance(data, bytes) else [Hit("LM-LNT-004", name, 1, 1, "", f"it was not looked at: {data}")]
        for hit in hits:
            rank = _rank(name, kind, read_set)
            declaration = declarations.find(hit)
            held += declaration is not None
            rows.append((rank, _finding(hit, rank, declaration.reason if declaration else "", declaration.owner if declaration else "")))
    rows += [(1, finding) for finding in declarations.finish()]
    rows.sort(key=lambda row: (_WEIGHT[row[1].severity], row[0], row[1].location or Location(""), row[1].code))
    return LintReport(tuple(finding for _, finding in rows), len(names), read, held)


def find_hits(name: str, kind: FileKind, data: bytes) -> Iterator[Hit]:
    """The hits in one file; text that is not UTF-8 is read as far as it goes."""
    if kind == "c" and not any(word in data for word in _IN_C):
        return
    lines = list(logical_lines(data.decode("utf-8", "replace"), kind))
    if kind == "requirements":
        yield from find_in_requirements(name, lines)
        return
    if kind == "container":
        yield from find_in_container(name, lines)
    if kind in _COMMANDS:
        yield from find_in_commands(name, lines)
    # What matches in a line matches in the text, so that most patterns are done with in one look.
    whole = "\n".join(line for _, line in lines)
    lowered = whole.lower()
    patterns = [pattern for pattern in BY_KIND[kind] if pattern.may_stand_in(lowered) and pattern.regex.search(whole)]
    for number, line in lines if patterns else ():
        for pattern in patterns:
            match = pattern.regex.search(line)
            if match and not (pattern.unless and pattern.unless.search(line)):
                shown = " ".join(match[0].split())[:100]
                yield Hit(pattern.code, name, number, match.start() + 1, line.strip()[:200], pattern.what.format(shown))


def parse_read_set(data: bytes, name: str) -> frozenset[str]:
    """The names of a read set: a JSON list of texts, or one name a line.

    Raises:
        UsageError: LM-LNT-003 if it is neither.
    """
    try:
        text = data.decode("utf-8-sig")
        found = json.loads(text) if text.lstrip().startswith(("[", "{")) else text.splitlines()
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise ValueError("it is no list of texts")  # noqa: TRY301 -- as the reader of JSON does
    except (ValueError, RecursionError) as error:
        raise UsageError("LM-LNT-003", f"the read set {name} cannot be read", where=name, solution=_CURES["LM-LNT-003"]) from error
    names = {each.strip().removeprefix("./") for each in found if each.strip()}
    if not names:
        raise UsageError("LM-LNT-003", f"the read set {name} names no file", where=name, solution=_CURES["LM-LNT-003"])
    return frozenset(names)


def _read(path: Path) -> bytes | str | None:
    """The bytes of a plain file of a size that people write; why it cannot be looked at; None for links and pipes."""
    try:
        if path.is_symlink() or not path.is_file():
            return None
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        return error.strerror or type(error).__name__
    return data if len(data) <= _MAX_BYTES else f"it has more than {_MAX_BYTES >> 20} MiB"


def _rank(name: str, kind: FileKind, read_set: Collection[str] | None) -> int:
    """0 for what a build was seen to read, 1 for what scripts it, 2 for the rest."""
    if read_set is not None and name in read_set:
        return 0
    if builds(name, kind):
        return 1
    # Without a read set nobody knows which sources are compiled, so those beside no test count.
    return 1 if read_set is None and kind == "c" and builds(name, "make") else 2


def _finding(hit: Hit, rank: int, reason: str, owner: str) -> Finding:
    place = Location(hit.path, hit.line, hit.column)
    if reason:
        return Finding(hit.code, f"{hit.message} (declared by {owner}: {reason})", Severity.INFO, place, hit.path, f"declared in {NAME}")
    severity = Severity.WARNING if rank == 2 else Severity.ERROR
    read = ", and a build read this file" if rank == 0 else ""
    return Finding(hit.code, f"{hit.message}{read}", severity, place, hit.path, _CURES[hit.code])
