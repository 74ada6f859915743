"""Explain why two builds of one file differ: one line per cause, with the file, the bytes and the dimension.

Pure. Two ways meet: the *structure* of archives (order, times, owners, permissions per member) and the *canaries*,
the unique values that lane B was given, searched and then put back: if the files are equal after that, the canary
explains all of it. Byte ranges count in lane B's file.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from lotmark.builds._archives import Archive, ArchiveError, Member, looks_like, read_archive
from lotmark.builds._times import TimeFacts, blank_stamps, find_stamps, parse_stamp, show_time
from lotmark.builds.models import Cause, Dimension

_BYTE_ORDERS: Final[tuple[Literal["little", "big"], ...]] = ("little", "big")
_MAX_CAUSES = 50
_MAX_DEPTH = 3
_MAX_DEEP = 64 * 2**20
_DIGITS = re.compile(rb"\d+")
_TEXT_DIMENSIONS = (
    Dimension.PATH,
    Dimension.HOME,
    Dimension.HOSTNAME,
    Dimension.USER,
    Dimension.ENVIRONMENT,
    Dimension.TIME_ZONE,
    Dimension.LOCALE,
    Dimension.HASH_SEED,
)
_MEANING = {
    Dimension.PATH: "the path of the build",
    Dimension.HOME: "the home folder",
    Dimension.HOSTNAME: "the host name",
    Dimension.USER: "the user",
    Dimension.ENVIRONMENT: "an environment variable that the build does not declare",
    Dimension.TIME_ZONE: "the time zone",
    Dimension.LOCALE: "the locale",
    Dimension.HASH_SEED: "the hash seed",
    Dimension.CPUS: "the number of processors",
    Dimension.UMASK: "the umask",
    Dimension.CLOCK: "the time of the build",
    Dimension.MTIMES: "the modification time of a source",
}


@dataclass(frozen=True, slots=True)
class ExplainFacts:
    """What the two lanes were given: the values of each varied dimension, the times, the names of tracked files."""

    values: Mapping[Dimension, tuple[str, str]]
    times: TimeFacts
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Found:
    """A cause, and the key by which many of a kind are folded into one line."""

    cause: Cause
    key: tuple[object, ...]


_Step = tuple[list[_Found], bytes, bytes]
"""Causes found, and both files with what they explain taken out."""


def explain(name: str, first: bytes, second: bytes, facts: ExplainFacts) -> tuple[Cause, ...]:
    """The causes of the difference between `first` (lane A) and `second` (lane B), folded, at most fifty."""
    found = _explain(name, first, second, facts, 0)
    groups: dict[tuple[object, ...], list[Cause]] = {}
    for each in found:
        groups.setdefault(each.key, []).append(each.cause)
    folded = [replace(causes[0], text=f"{causes[0].text} (and {len(causes) - 1} more like it)") if len(causes) > 1 else causes[0] for causes in groups.values()]
    return tuple(folded[:_MAX_CAUSES])


def _explain(name: str, first: bytes, second: bytes, facts: ExplainFacts, depth: int) -> list[_Found]:
    if first == second:
        return []
    kind = looks_like(first)
    if kind and kind == looks_like(second) and depth < _MAX_DEPTH:
        try:
            found = _explain_archive(name, read_archive(first, kind), read_archive(second, kind), facts, depth)
        except ArchiveError:
            found = []
        if found:
            return found
    return _explain_bytes(name, first, second, facts)


# ---------------------------------------------------------------- archives


def _explain_archive(name: str, one: Archive, two: Archive, facts: ExplainFacts, depth: int) -> list[_Found]:
    found: list[_Found] = []
    order_a, order_b = [m.name for m in one.members], [m.name for m in two.members]
    left = {member.name: member for member in one.members}
    right = {member.name: member for member in two.members}
    if one.format == "gzip":
        left, right = {"": one.members[0]}, {"": two.members[0]}
        order_a = order_b = [""]
    if left.keys() != right.keys():
        only = sorted(left.keys() ^ right.keys())
        found.append(
            _make(
                name, f"members stand in one build only: {', '.join(only[:5])}{' ...' if len(only) > 5 else ''}", None, _names_dimension(only, facts), "members"
            )
        )
    elif order_a != order_b:
        at = next(index for index, pair in enumerate(zip(order_a, order_b, strict=True)) if pair[0] != pair[1])
        start = two.members[at].offset
        found.append(_make(name, f"members stand in another order, from {order_b[at]!r} on", (start, start + 1), Dimension.DIRECTORY_ORDER, "order"))
    for member_name in (key for key in right if key in left):
        found += _explain_member(name, one.format, left[member_name], right[member_name], facts, depth)
    if one.frame != two.frame:
        found.append(_make(name, "the bytes before the first member, or the comment, differ", (0, 1), None, "frame"))
    return found


_TIME_FIELD = {"zip": (10, 14), "tar": (136, 148), "gzip": (4, 8)}
_OWNER_FIELD = {"tar": (108, 124)}
_MODE_FIELD = {"tar": (100, 108)}


def _explain_member(name: str, form: str, one: Member, two: Member, facts: ExplainFacts, depth: int) -> list[_Found]:
    found: list[_Found] = []
    shown = f"{name}!{two.name}" if two.name else name

    def at(field: tuple[int, int] | None) -> tuple[int, int] | None:
        return (two.offset + field[0], two.offset + field[1]) if field else (two.offset, two.offset + 1)

    if one.when != two.when:
        dimension = facts.times.classify(one.when, two.when)
        text = f"the stored time is {show_time(one.when)} in A and {show_time(two.when)} in B: {_MEANING[dimension] if dimension else 'not explained'}"
        found.append(_make(shown, text, at(_TIME_FIELD.get(form)), dimension, "time", name))
    if one.owner != two.owner:
        found.append(
            _make(shown, f"the stored owner is {_join(one.owner)} in A and {_join(two.owner)} in B", at(_OWNER_FIELD.get(form)), Dimension.USER, "owner", name)
        )
    if one.mode != two.mode:
        found.append(
            _make(shown, f"the stored permissions are {one.mode:o} in A and {two.mode:o} in B", at(_MODE_FIELD.get(form)), Dimension.UMASK, "mode", name)
        )
    if one.kind != two.kind:
        found.append(_make(shown, f"it is a {one.kind} in A and a {two.kind} in B", at(None), None, "kind", name))
    one_data, two_data = one.read(), two.read()
    if one_data != two_data:
        found += _explain(shown if two.name else f"{name}!", one_data, two_data, facts, depth + 1)
    elif one.other != two.other:
        found.append(_make(shown, "compression, system or extra fields differ", at(None), _extra_dimension(one, two, facts), "other", name))
    return found


def _extra_dimension(one: Member, two: Member, facts: ExplainFacts) -> Dimension | None:
    """Info-ZIP's extra fields hold times (UT) and owners (ux)."""
    text_a, text_b = str(one.other), str(two.other)
    if Dimension.USER in facts.values and "75780b" in text_b and text_a[-30:] != text_b[-30:]:
        return Dimension.USER
    return Dimension.CLOCK if "55540" in text_b and "55540" in text_a else None


def _join(owner: tuple[object, ...]) -> str:
    return "/".join(str(part) for part in owner)


def _names_dimension(names: list[str], facts: ExplainFacts) -> Dimension | None:
    joined = "\n".join(names)
    for dimension in _TEXT_DIMENSIONS:
        for word in _words(dimension, facts):
            if word[1] and word[1].decode() in joined:
                return dimension
    if any(find_stamps(each.encode("utf-8", "surrogateescape")) for each in names) and blank_stamps(joined.encode("utf-8", "surrogateescape")).count(
        b"<time>"
    ) == len(names):
        return Dimension.CLOCK
    return None


# ---------------------------------------------------------------- bytes


def _explain_bytes(name: str, first: bytes, second: bytes, facts: ExplainFacts) -> list[_Found]:
    """Search the canaries, put lane A's values in their place, and see what is left."""
    original = second
    span = difference_span(first, second)
    if max(len(first), len(second)) > _MAX_DEEP:
        return [_make(name, f"{len(first)} and {len(second)} bytes; too big to explain, first difference at byte {span[0]}", span, None, "big")]
    found: list[_Found] = []
    for dimension in _TEXT_DIMENSIONS:
        for mine, theirs in _words(dimension, facts):
            # A short value of B (the locale C) cannot be searched; then A's is.
            if len(theirs) >= 3 and first.count(theirs) < second.count(theirs):
                place = original.find(theirs)
                second = second.replace(theirs, mine)
            elif len(theirs) < 3 <= len(mine) and first.count(mine) > second.count(mine):
                place = -1
                first = first.replace(mine, theirs)
            else:
                continue
            text = f"{_MEANING[dimension]} is embedded: {mine.decode()!r} in A, {theirs.decode()!r} in B"
            found.append(_make(name, text, (place, place + len(theirs)) if place >= 0 else span, dimension, dimension))
            if first == second:
                return found
    found += _explain_rest(name, first, second, facts)
    if found and found[-1].cause.dimension is None and len(found) > 1 and found[-1].key[0] == "rest":
        found[-1] = replace(found[-1], cause=replace(found[-1].cause, text=found[-1].cause.text + "; it may follow from the causes above"))
    return found


def _explain_rest(name: str, first: bytes, second: bytes, facts: ExplainFacts) -> list[_Found]:
    """What the canaries left: times, numbers, order, and in the end the first bytes that nothing explains."""
    found: list[_Found] = []
    steps: tuple[Callable[[str, bytes, bytes, ExplainFacts], _Step], ...] = (_numbers, _stamps, _binary_times)
    for step in steps:
        more, first, second = step(name, first, second, facts)
        found += more
        if first == second:
            return found
    lines_a, lines_b = first.split(b"\n"), second.split(b"\n")
    if len(lines_a) > 1 and sorted(lines_a) == sorted(lines_b):
        return [*found, _make(name, *_order(lines_b, difference_span(first, second), facts), "order")]
    words_a, words_b = first.split(), second.split()
    if len(words_a) > 1 and sorted(words_a) == sorted(words_b):
        return [*found, _make(name, *_order(words_b, difference_span(first, second), facts), "order")]
    span = difference_span(first, second)
    return [*found, _make(name, f"not explained: bytes {span[0]} to {span[1]} differ ({len(first)} bytes in A, {len(second)} in B)", span, None, "rest")]


def _order(parts: list[bytes], span: tuple[int, int], facts: ExplainFacts) -> tuple[str, tuple[int, int], Dimension | None]:
    tracked = sum(
        any(name == word or name.endswith("/" + word) for name in facts.names)
        for word in (part.strip().decode("utf-8", "replace").removeprefix("./") for part in parts[:50])
    )
    if Dimension.DIRECTORY_ORDER in facts.values and tracked * 2 >= min(len(parts), 50):
        return "the same names in another order: the order in which a folder lists them", span, Dimension.DIRECTORY_ORDER
    if Dimension.HASH_SEED in facts.values and tracked == 0:
        return "the same parts in another order: the order of a hash, a locale or threads", span, Dimension.HASH_SEED
    return "the same parts in another order: directory order, locale, hash order or threads", span, None


def _words(dimension: Dimension, facts: ExplainFacts) -> list[tuple[bytes, bytes]]:
    """The texts by which a dimension shows: lane A's and lane B's."""
    if dimension not in facts.values:
        return []
    mine, theirs = facts.values[dimension]
    pairs = [(mine, theirs)]
    if dimension is Dimension.USER:
        name_a, ids_a = mine.split(" ")
        name_b, ids_b = theirs.split(" ")
        pairs = [(name_a, name_b), *zip(ids_a.split(":"), ids_b.split(":"), strict=True)]
    elif dimension is Dimension.ENVIRONMENT:
        pairs = [(mine, theirs), ("", theirs.partition("=")[2])]
    elif dimension is Dimension.TIME_ZONE:
        pairs = [
            (mine, theirs),
            *((mine, abbreviation) for abbreviation in ("CHADT", "CHAST", "LMT")),
            *(("+0000", offset) for offset in ("+1345", "+1245")),
            *(("+00:00", offset) for offset in ("+13:45", "+12:45")),
        ]
    return [(a.encode(), b.encode()) for a, b in pairs]


def _stamps(name: str, first: bytes, second: bytes, facts: ExplainFacts) -> _Step:
    """Dates and times as text."""
    stamps_a, stamps_b = list(find_stamps(first)), list(find_stamps(second))
    pairs = [(a, b) for a, b in zip(stamps_a, stamps_b, strict=False) if a[2] != b[2]]
    if len(stamps_a) != len(stamps_b) or not pairs:
        return [], first, second
    found: list[_Found] = []
    for a, b in pairs:
        one, two = parse_stamp(a[2]), parse_stamp(b[2])
        dimension = facts.times.classify(one, two) if one is not None and two is not None else None
        if dimension is None and one is not None and two is not None:
            dimension = _date_dimension(one, two, facts)
        dimension = dimension or (Dimension.CLOCK if Dimension.CLOCK in facts.values else None)
        found.append(
            _make(name, f"a time is embedded: {a[2].decode('latin-1')!r} in A, {b[2].decode('latin-1')!r} in B", (b[0], b[1]), dimension, "stamp", dimension)
        )
    return found, blank_stamps(first), blank_stamps(second)


def _date_dimension(one: float, two: float, facts: ExplainFacts) -> Dimension | None:
    """For a date without a time: compare whole days."""
    times, day = facts.times, 86400
    if abs(two - one - times.clock_shift) <= day and abs(one - times.real_a[0]) <= day:
        return Dimension.CLOCK
    if abs(one - times.committed_at) <= day and abs(two - one - times.mtime_shift) <= day:
        return Dimension.MTIMES
    return None


def _numbers(name: str, first: bytes, second: bytes, facts: ExplainFacts) -> _Step:
    """Numbers that are a dimension's own value: processors, umask and permissions, epoch seconds of times."""
    if _DIGITS.sub(b"#", first) != _DIGITS.sub(b"#", second):
        return [], first, second
    found: list[_Found] = []
    parts: list[bytes] = []
    last = 0
    for a, b in zip(_DIGITS.finditer(first), _DIGITS.finditer(second), strict=True):
        dimension = _number_dimension(a[0], b[0], facts) if a[0] != b[0] else None
        if dimension:
            found.append(
                _make(name, f"{_MEANING[dimension]} is embedded: {a[0].decode()} in A, {b[0].decode()} in B", b.span(), dimension, "number", dimension)
            )
            parts += [second[last : b.start()], a[0]]
            last = b.end()
    return found, first, b"".join((*parts, second[last:]))


_PERMISSIONS = (
    {(f"{base & ~0o022:o}", f"{base & ~0o027:o}") for base in (0o777, 0o666)}
    | {(f"100{base & ~0o022:o}", f"100{base & ~0o027:o}") for base in (0o777, 0o666)}
    | {("022", "027"), ("0022", "0027")}
)


def _number_dimension(a: bytes, b: bytes, facts: ExplainFacts) -> Dimension | None:
    one, two = a.decode(), b.decode()
    if (one, two) == facts.values.get(Dimension.CPUS):
        return Dimension.CPUS
    if Dimension.UMASK in facts.values and (one, two) in _PERMISSIONS:
        return Dimension.UMASK
    if len(one) in (10, 13, 19) and len(one) == len(two):
        return facts.times.classify(float(one[:10]), float(two[:10]))
    return None


def _binary_times(name: str, first: bytes, second: bytes, facts: ExplainFacts) -> _Step:
    """Four-byte seconds, either end first, where files of one length differ."""
    if len(first) != len(second):
        return [], first, second
    found: list[_Found] = []
    patched = bytearray(second)
    for start, end in difference_ranges(first, second):
        for begin in range(max(0, end - 4), min(start, len(first) - 4) + 1):
            one, two, dimension = _read_times(first[begin : begin + 4], second[begin : begin + 4], facts)
            if dimension:
                found.append(
                    _make(name, f"a binary time is embedded: {show_time(one)} in A, {show_time(two)} in B", (begin, begin + 4), dimension, "binary", dimension)
                )
                patched[begin : begin + 4] = first[begin : begin + 4]
                break
    return found, first, bytes(patched)


def _read_times(one: bytes, two: bytes, facts: ExplainFacts) -> tuple[int, int, Dimension | None]:
    """The two words as times, and the dimension from which they come, if either byte order gives one."""
    values = (0, 0)
    for order in _BYTE_ORDERS:
        values = (int.from_bytes(one, order), int.from_bytes(two, order))
        dimension = facts.times.classify(*values)
        if dimension:
            return *values, dimension
    return *values, None


def difference_ranges(first: bytes, second: bytes, limit: int = 1000) -> list[tuple[int, int]]:
    """The ranges in which two files of one length differ, at most `limit`; gaps of up to three equal bytes are bridged."""
    ranges: list[tuple[int, int]] = []
    block = 4096
    for base in range(0, len(first), block):
        if first[base : base + block] == second[base : base + block]:
            continue
        for index in range(base, min(base + block, len(first))):
            if first[index] != second[index]:
                if ranges and index - ranges[-1][1] <= 3:
                    ranges[-1] = (ranges[-1][0], index + 1)
                elif len(ranges) == limit:
                    return ranges
                else:
                    ranges.append((index, index + 1))
    return ranges


def difference_span(first: bytes, second: bytes) -> tuple[int, int]:
    """The smallest range of `second` outside which the two files agree from both ends."""
    shorter = min(len(first), len(second))
    low, high = 0, shorter
    while low < high:  # equal prefixes are found by halving: comparing slices is fast, bytes one by one is not
        middle = (low + high + 1) // 2
        low, high = (middle, high) if first[:middle] == second[:middle] else (low, middle - 1)
    start = low
    low, high = 0, shorter - start
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if first[len(first) - middle :] == second[len(second) - middle :] else (low, middle - 1)
    return start, len(second) - low


def _make(file: str, text: str, span: tuple[int, int] | None, dimension: Dimension | None, *key: object) -> _Found:
    return _Found(Cause(file, text, span, dimension), (key[0], dimension, *(key[1:] or (file,))))
