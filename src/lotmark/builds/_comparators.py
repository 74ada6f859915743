"""Declared comparators: when two different files may be called equivalent. Pure.

Each lives in the repository with an owner, a reason and an expiry, and is changed under approval like any other file.
What each ignores, and nothing else: ``zip`` times, order, compression, extra fields and permissions but the executable
bit; ``tar`` times, owners, order and the same permissions; ``gzip`` its header and compression; ``byte-ranges`` the
bytes in the given ranges; ``ar`` times, owners and permissions; ``elf`` debug information and the build id;
``command`` what a command of the repository says, run in the sandbox.
"""

import datetime as dt
from collections.abc import Callable
from fnmatch import fnmatchcase

from lotmark.base.findings import Finding, Severity
from lotmark.builds._archives import Archive, ArchiveError, read_archive
from lotmark.builds._elf import same_program
from lotmark.builds.models import AppliedComparator
from lotmark.product.models import Comparator

RunComparator = Callable[[Comparator, str, bytes, bytes], bool]
"""Runs a ``command`` comparator on an output of that name in the sandbox: whether it says equivalent; `ComparatorError` if it says neither."""


class ComparatorError(Exception):
    """A comparator's command crashed, hung or said neither yes nor no."""


def no_sandbox(comparator: Comparator, name: str, first: bytes, second: bytes) -> bool:  # noqa: ARG001 (a RunComparator)
    """Where no sandbox is given, no command is run."""
    raise ComparatorError("there is no sandbox to run it in")


def apply_comparators(
    name: str, first: bytes, second: bytes, comparators: list[Comparator], today: dt.date, run: RunComparator = no_sandbox
) -> tuple[AppliedComparator | None, list[Finding]]:
    """The first declared comparator that makes the two files equivalent, and what hindered the others."""
    findings: list[Finding] = []
    for comparator in comparators:
        if not matches_output(name, comparator.pattern):
            continue
        if dt.date.fromisoformat(comparator.expires) < today:
            findings.append(
                Finding(
                    "LM-BLD-018",
                    f"the comparator for {comparator.pattern!r} expired on {comparator.expires} and was not applied to {name!r}",
                    subject=name,
                    help=f"{comparator.owner} removes the cause of the difference, or renews build.comparators in lotmark.yaml under approval",
                )
            )
            continue
        try:
            equivalent = run(comparator, name, first, second) if comparator.kind == "command" else is_equivalent(comparator, first, second)
        except ComparatorError as error:
            findings.append(
                Finding(
                    "LM-BLD-040",
                    f"the comparator {' '.join(comparator.command)!r} gave no answer about {name!r}: {error}",
                    subject=name,
                    help=f"{comparator.owner} mends the command, or removes the cause of the difference; until then the outputs differ",
                )
            )
            continue
        except (ArchiveError, ValueError) as error:
            findings.append(
                Finding(
                    "LM-BLD-029",
                    f"the {comparator.kind} comparator does not fit {name!r}: {error}",
                    Severity.WARNING,
                    subject=name,
                    help="correct kind, pattern or ranges of build.comparators in lotmark.yaml",
                )
            )
            continue
        if equivalent:
            return AppliedComparator(comparator.pattern, comparator.kind, comparator.reason, comparator.owner, comparator.expires), findings
    return None, findings


def matches_output(name: str, pattern: str) -> bool:
    """Whether a comparator's pattern means the output; a pattern without a folder means any folder."""
    return fnmatchcase(name, pattern) or ("/" not in pattern and fnmatchcase(name.rsplit("/", 1)[-1], pattern))


def is_equivalent(comparator: Comparator, first: bytes, second: bytes) -> bool:
    """Whether the two files differ in nothing but what the comparator ignores.

    Raises:
        ArchiveError: if one of them is not of the comparator's kind.
        ValueError: if the ranges are none.
    """
    if comparator.kind == "elf":
        return same_program(first, second)
    if comparator.kind == "byte-ranges":
        return len(first) == len(second) and _blank(first, comparator.ranges) == _blank(second, comparator.ranges)
    one, two = read_archive(first, comparator.kind), read_archive(second, comparator.kind)
    if comparator.kind == "gzip":
        return one.members[0].read() == two.members[0].read()
    if comparator.kind == "ar":
        # A linker searches the members in order, and a name may stand twice.
        return [(member.name, member.read()) for member in one.members] == [(member.name, member.read()) for member in two.members]
    return _same_members(one, two)


def _same_members(one: Archive, two: Archive) -> bool:
    left = {member.name: member for member in one.members}
    right = {member.name: member for member in two.members}
    if one.frame != two.frame or left.keys() != right.keys() or len(left) != len(one.members) or len(right) != len(two.members):
        return False
    for name, member in left.items():
        other = right[name]
        if member.kind != other.kind or (member.kind == "file" and (member.mode ^ other.mode) & 0o100):
            return False
        if (one.format == "tar" and member.other != other.other) or member.read() != other.read():
            return False
    return True


def _blank(data: bytes, ranges: list[list[int]]) -> bytes:
    blanked = bytearray(data)
    for pair in ranges:
        if len(pair) != 2 or not (0 <= pair[0] < pair[1] or pair[0] < pair[1] <= 0):
            raise ValueError(f"{pair} is not a range [start, end)")
        # Negative numbers count from the end, where 0 is the end itself.
        start, end = (max(0, len(data) + pair[0]), len(data) + pair[1]) if pair[0] < 0 else (pair[0], min(pair[1], len(data)))
        blanked[start:end] = bytes(max(0, end - start))
    return bytes(blanked)
