"""Explain the difference of two files by their bytes: canaries first, then order, numbers and times. Pure.

Each unique value that lane B was given is searched and lane A's put back in its place: if the files are equal after
that, the canaries explain all of it. What is left is looked at in small windows around the differences, within a
budget, so that a big file costs no more than a small one.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Literal

from lotmark.builds._causes import MEANING, TEXT_DIMENSIONS, ExplainFacts, Found, find_words, make_found
from lotmark.builds._times import blank_stamps, find_stamps, parse_stamp, show_time
from lotmark.builds.models import Dimension

_BYTE_ORDERS: Final[tuple[Literal["little", "big"], ...]] = ("little", "big")
_MAX_DEEP = 64 * 2**20
_MAX_ORDER = 2**20
_MAX_WINDOW = 2**16
_MAX_RANGES = 400
_MAX_BLOCKS = 64
_CONTEXT = 48
_BLOCK = 4096
_CHUNK = 2**16
_DIGITS = re.compile(rb"\d+")
_LINES = re.compile(rb"[^\n]+")
_WORDS = re.compile(rb"\S+")
_TOKENS = re.compile(rb"[\w./+-]+")
_Span = tuple[int, int]
_Step = tuple[list[Found], bytes, bytes]
"""Causes found, and both texts with what they explain taken out."""


def explain_bytes(name: str, first: bytes, second: bytes, facts: ExplainFacts) -> list[Found]:
    """The causes of the difference; ranges count in `second` as it is."""
    span = difference_span(first, second)
    if max(len(first), len(second)) > _MAX_DEEP:
        return [make_found(name, f"{len(first)} and {len(second)} bytes; too big to explain, first difference at byte {span[0]}", span, None, "big")]
    found, mine, theirs = _canaries(name, first, second, span, facts)
    if mine == theirs:
        return found
    rest = _explain_rest(name, mine, theirs, facts)
    if theirs is not second:
        rest = [_relocate(each, theirs, second, span) for each in rest]
    if found and rest[-1].key[0] == "rest":
        rest[-1] = replace(rest[-1], cause=replace(rest[-1].cause, text=rest[-1].cause.text + "; it may follow from the causes above"))
    return found + rest


def _canaries(name: str, first: bytes, second: bytes, span: _Span, facts: ExplainFacts) -> _Step:
    """Find each canary, and give both files with lane A's value in its place."""
    original = second
    found: list[Found] = []
    for dimension in TEXT_DIMENSIONS:
        for mine, theirs in find_words(dimension, facts):
            # A short value of B (the locale C) cannot be searched; then A's is.
            if len(theirs) >= 3 and first.count(theirs) < second.count(theirs):
                place = original.find(theirs)
                second = second.replace(theirs, mine)
            elif len(theirs) < 3 <= len(mine) and first.count(mine) > second.count(mine):
                place = -1
                first = first.replace(mine, theirs)
            else:
                continue
            text = f"{MEANING[dimension]} is embedded: {mine.decode()!r} in A, {theirs.decode()!r} in B"
            found.append(make_found(name, text, (place, place + len(theirs)) if place >= 0 else span, dimension, dimension))
            if first == second:
                return found, first, second
    return found, first, second


def _relocate(found: Found, replaced: bytes, original: bytes, span: _Span) -> Found:
    """Put a range that counts in the text with canaries replaced back to the file as it is."""
    begin, end = found.cause.span or (0, 0)
    word = replaced[begin:end]
    place = original.find(word) if word and original.count(word) == 1 else -1
    return replace(found, cause=replace(found.cause, span=(place, place + len(word)) if place >= 0 else span))


def _explain_rest(name: str, first: bytes, second: bytes, facts: ExplainFacts) -> list[Found]:
    """What the canaries left: order, numbers and times, and in the end the first bytes that nothing explains."""
    span = difference_span(first, second)
    order = _order(first, second, facts)
    if order:
        return [make_found(name, order[0], span, order[1], "order")]
    windows, complete = _windows(first, second, span)
    found: list[Found] = []
    left: list[_Span] = []
    for (a_begin, a_end), (b_begin, b_end) in windows:
        more, mine, theirs = _explain_window(name, first[a_begin:a_end], second[b_begin:b_end], facts)
        found += [replace(each, cause=replace(each.cause, span=_shift(each.cause.span, b_begin))) for each in more]
        if mine != theirs:
            order = _order(mine, theirs, facts)
            if order:
                found.append(make_found(name, order[0], (b_begin, b_end), order[1], "order"))
            else:
                begin, end = difference_span(first[a_begin:a_end], second[b_begin:b_end])
                left.append((b_begin + begin, b_begin + end))
    if left or not complete:
        place = (left[0][0], left[-1][1]) if left and complete else (left[0][0] if left else span[0], span[1])
        text = f"not explained: bytes {place[0]} to {place[1]} differ ({len(first)} bytes in A, {len(second)} in B)"
        found.append(make_found(name, text, place, None, "rest"))
    return found


def _explain_window(name: str, first: bytes, second: bytes, facts: ExplainFacts) -> _Step:
    found: list[Found] = []
    steps: tuple[Callable[[str, bytes, bytes, ExplainFacts], _Step], ...] = (_numbers, _stamps, _binary_times)
    for step in steps:
        more, first, second = step(name, first, second, facts)
        found += more
        if first == second:
            break
    return found, first, second


def _shift(span: _Span | None, by: int) -> _Span | None:
    return (span[0] + by, span[1] + by) if span else None


def _windows(first: bytes, second: bytes, span: _Span) -> tuple[list[tuple[_Span, _Span]], bool]:
    """Pairs of ranges of both files with some context around each difference, and whether they hold all differences."""
    if len(first) != len(second):
        begin = max(0, span[0] - _CONTEXT)
        a_end = min(len(first), len(first) - (len(second) - span[1]) + _CONTEXT)
        b_end = min(len(second), span[1] + _CONTEXT)
        complete = max(a_end, b_end) - begin <= _MAX_WINDOW
        return [((begin, min(a_end, begin + _MAX_WINDOW)), (begin, min(b_end, begin + _MAX_WINDOW)))], complete
    ranges, complete = difference_ranges(first, second)
    merged: list[_Span] = []
    for start, end in ranges:
        begin, stop = max(0, start - _CONTEXT), min(len(second), end + _CONTEXT)
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], stop)
        else:
            merged.append((begin, stop))
    kept: list[_Span] = []
    room = _MAX_WINDOW
    for begin, stop in merged:
        if room <= 0:
            return [(each, each) for each in kept], False
        kept.append((begin, min(stop, begin + room)))
        complete = complete and stop - begin <= room
        room -= stop - begin
    return [(each, each) for each in kept], complete


def _order(first: bytes, second: bytes, facts: ExplainFacts) -> tuple[str, Dimension | None] | None:
    """Whether both hold the same lines, or the same words, in another order; and whose order that is."""
    if len(first) != len(second) or len(first) > _MAX_ORDER:
        return None
    for cut in (_LINES, _WORDS, _TOKENS):
        parts_a, parts_b = cut.findall(first), cut.findall(second)
        if len(parts_a) > 1 and sorted(parts_a) == sorted(parts_b) and parts_a != parts_b:
            return _whose_order(parts_b, facts)
    return None


def _whose_order(parts: list[bytes], facts: ExplainFacts) -> tuple[str, Dimension | None]:
    words = [part.strip().decode("utf-8", "replace").removeprefix("./") for part in parts[:50]]
    tracked = sum(word in facts.names or any(name.endswith("/" + word) for name in facts.names) for word in words)
    if Dimension.DIRECTORY_ORDER in facts.values and tracked * 2 >= len(words):
        return "the same names in another order: the order in which a folder lists them", Dimension.DIRECTORY_ORDER
    if Dimension.HASH_SEED in facts.values and tracked == 0:
        return "the same parts in another order: the order of a hash, a locale or threads", Dimension.HASH_SEED
    return "the same parts in another order: directory order, locale, hash order or threads", None


def _stamps(name: str, first: bytes, second: bytes, facts: ExplainFacts) -> _Step:
    """Dates and times as text."""
    stamps_a, stamps_b = list(find_stamps(first)), list(find_stamps(second))
    pairs = [(a, b) for a, b in zip(stamps_a, stamps_b, strict=False) if a[2] != b[2]]
    if len(stamps_a) != len(stamps_b) or not pairs:
        return [], first, second
    found: list[Found] = []
    for a, b in pairs:
        one, two = parse_stamp(a[2]), parse_stamp(b[2])
        dimension = facts.times.classify(one, two) if one is not None and two is not None else None
        if dimension is None and one is not None and two is not None:
            dimension = _date_dimension(one, two, facts)
        dimension = dimension or (Dimension.CLOCK if Dimension.CLOCK in facts.values else None)
        found.append(
            make_found(
                name, f"a time is embedded: {a[2].decode('latin-1')!r} in A, {b[2].decode('latin-1')!r} in B", (b[0], b[1]), dimension, "stamp", dimension
            )
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
    found: list[Found] = []
    parts: list[bytes] = []
    last = 0
    for a, b in zip(_DIGITS.finditer(first), _DIGITS.finditer(second), strict=True):
        dimension = _number_dimension(a[0], b[0], facts) if a[0] != b[0] else None
        if dimension:
            found.append(
                make_found(name, f"{MEANING[dimension]} is embedded: {a[0].decode()} in A, {b[0].decode()} in B", b.span(), dimension, "number", dimension)
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
    found: list[Found] = []
    patched = bytearray(second)
    for start, end in difference_ranges(first, second)[0]:
        for begin in range(max(0, end - 4), min(start, len(first) - 4) + 1):
            one, two, dimension = _read_times(first[begin : begin + 4], second[begin : begin + 4], facts)
            if dimension:
                found.append(
                    make_found(
                        name, f"a binary time is embedded: {show_time(one)} in A, {show_time(two)} in B", (begin, begin + 4), dimension, "binary", dimension
                    )
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


def difference_ranges(first: bytes, second: bytes) -> tuple[list[_Span], bool]:
    """The ranges in which two files of one length differ, and whether that is all of them.

    Gaps of up to three equal bytes are bridged. It ends after some hundred ranges, or some dozen blocks with a difference.
    """
    ranges: list[_Span] = []
    blocks = 0
    for base in range(0, len(first), _BLOCK):
        if first[base : base + _BLOCK] == second[base : base + _BLOCK]:
            continue
        blocks += 1
        if blocks > _MAX_BLOCKS:
            return ranges, False
        for index in range(base, min(base + _BLOCK, len(first))):
            if first[index] != second[index]:
                if ranges and index - ranges[-1][1] <= 3:
                    ranges[-1] = (ranges[-1][0], index + 1)
                elif len(ranges) == _MAX_RANGES:
                    return ranges, False
                else:
                    ranges.append((index, index + 1))
    return ranges, True


def difference_span(first: bytes, second: bytes) -> _Span:
    """The smallest range of `second` outside which the two files agree from both ends."""
    shorter = min(len(first), len(second))
    start = _agreement(shorter, lambda begin, end: first[begin:end] == second[begin:end])
    a, b = len(first), len(second)
    stop = _agreement(shorter - start, lambda begin, end: first[a - end : a - begin] == second[b - end : b - begin])
    return start, len(second) - stop


def _agreement(length: int, same: Callable[[int, int], bool]) -> int:
    """How many of `length` positions agree: chunk by chunk, then by halving, for comparing slices is fast and single bytes are not."""
    low = 0
    while low < length and same(low, min(low + _CHUNK, length)):
        low = min(low + _CHUNK, length)
    high = min(low + _CHUNK, length)
    begin = low
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if same(begin, middle) else (low, middle - 1)
    return low
