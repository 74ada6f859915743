"""Properties of the builds room that hold for any bytes and any names."""

import datetime as dt
import string
from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.archives import make_gzip, make_tar, make_zip
from lotmark.base.digest import Digest
from lotmark.builds._archives import ArchiveError, looks_like, read_archive, stored_times
from lotmark.builds._bytes import difference_ranges, difference_span
from lotmark.builds._causes import ExplainFacts
from lotmark.builds._comparators import apply_comparators, is_equivalent
from lotmark.builds._explain import explain
from lotmark.builds._outputs import _Pattern
from lotmark.builds._process import _Capture
from lotmark.builds._source import digest_entries
from lotmark.builds._text import show
from lotmark.builds._times import TimeFacts, blank_stamps, find_stamps, parse_stamp
from lotmark.builds.models import Dimension, Quota, SourceEntry
from lotmark.product.models import Comparator

pytestmark = pytest.mark.verifies("REQ-013")


COMMIT, NOW = 1_760_000_000, 1_795_415_400.0
FACTS = ExplainFacts(
    {
        Dimension.CLOCK: ("real", "+34387200s"),
        Dimension.HOSTNAME: ("lotmark-build", "twin-host-ab12"),
        Dimension.USER: ("builder 1000:1000", "twinuserab12 23456:23463"),
        Dimension.LOCALE: ("C.UTF-8", "C"),
        Dimension.CPUS: ("2", "1"),
        Dimension.DIRECTORY_ORDER: ("sorted", "reversed"),
        Dimension.PATH: ("/build/src", "/build/twin-path-ab12/src"),
        Dimension.TIME_ZONE: ("UTC", "Pacific/Chatham"),
        Dimension.UMASK: ("022", "027"),
    },
    TimeFacts(COMMIT, (NOW, NOW + 5), (NOW, NOW + 5), 398 * 86_400, -40 * 86_400, (45_900, 49_500)),
    frozenset({"src/a.c", "src/b.c"}),
)
WORDS = [
    b"lotmark-build",
    b"twin-host-ab12",
    b"2026-11-23",
    b"2027-12-26 06:30:00",
    b"1795415400",
    b"644",
    b"640",
    b"2",
    b"1",
    b"a.c",
    b"b.c",
    b"\n",
    b" ",
    b"/build/src",
    b"\0\xff",
    b"UTC",
    b"Nov 23 2026",
]
MIXED = st.lists(st.one_of(st.sampled_from(WORDS), st.binary(max_size=6)), max_size=12).map(b"".join)
NAMES = st.text(alphabet=string.ascii_lowercase + ".-_ ", min_size=1, max_size=6).filter(lambda name: name not in (".", ".."))
MEMBERS = st.dictionaries(NAMES, st.binary(max_size=40), max_size=5).map(lambda members: list(members.items()))


@given(MIXED, MIXED)
@settings(max_examples=150)
def test_every_difference_has_a_cause_that_points_into_the_file(first: bytes, second: bytes) -> None:
    causes = explain("f", first, second, FACTS)
    assert bool(causes) is (first != second)
    for cause in causes:
        assert cause.text.isprintable()
        assert cause.span is not None
        assert 0 <= cause.span[0] <= cause.span[1] <= len(second)


@given(MEMBERS, MEMBERS, st.sampled_from(["zip", "tar", "tgz"]), st.integers(0, 2**31), st.sampled_from([0o644, 0o640, 0o755]))
def test_every_difference_of_archives_has_a_cause(one: list[tuple[str, bytes]], two: list[tuple[str, bytes]], kind: str, when: int, mode: int) -> None:
    def pack(members: list[tuple[str, bytes]], *, at: int, bits: int) -> bytes:
        if kind == "zip":
            return make_zip(members, mode=0o100000 | bits)
        data = make_tar(members, mtime=at, mode=bits)
        return make_gzip(data, mtime=at) if kind == "tgz" else data

    first, second = pack(one, at=COMMIT, bits=0o644), pack(two, at=when, bits=mode)
    assert bool(explain("f", first, second, FACTS)) is (first != second)


@given(st.binary(max_size=200))
def test_foreign_bytes_are_an_archive_or_one_kind_of_error(data: bytes) -> None:
    for kind in ("zip", "tar", "gzip"):
        try:
            for member in read_archive(data, kind).members:
                member.read()
        except ArchiveError:
            pass
    assert looks_like(data) in ("", "zip", "tar", "gzip")
    list(stored_times(data))


@given(MEMBERS.filter(bool), st.data())
def test_a_damaged_archive_is_an_archive_or_one_kind_of_error(members: list[tuple[str, bytes]], data: st.DataObject) -> None:
    kind, whole = data.draw(st.sampled_from([("zip", make_zip(members)), ("tar", make_tar(members)), ("gzip", make_gzip(members[0][1]))]))
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    try:
        for member in read_archive(bytes(broken[: data.draw(st.integers(0, len(broken)))]), kind).members:
            member.read()
    except ArchiveError:
        pass


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_the_span_leaves_equal_ends_and_is_the_smallest(first: bytes, second: bytes) -> None:
    start, end = difference_span(first, second)
    tail = len(second) - end
    assert first[:start] == second[:start]
    assert first[len(first) - tail :] == second[end:]
    if first != second:
        assert start + tail <= min(len(first), len(second))
        assert first[start : start + 1] != second[start : start + 1] or start == min(len(first), len(second))


@given(st.binary(max_size=400), st.dictionaries(st.integers(0, 399), st.integers(1, 255), max_size=8))
def test_the_ranges_hold_every_difference_and_nothing_far_from_one(first: bytes, flips: dict[int, int]) -> None:
    second = bytearray(first)
    for at, by in flips.items():
        if at < len(second):
            second[at] ^= by
    ranges, complete = difference_ranges(first, bytes(second))
    assert complete
    inside = {index for start, end in ranges for index in range(start, end)}
    differing = {index for index in range(len(first)) if first[index] != second[index]}
    assert differing <= inside
    assert all(start in differing and end - 1 in differing for start, end in ranges)


@given(MEMBERS, st.permutations(range(5)), st.integers(0, 2**31), st.sampled_from(["zip", "tar"]))
def test_comparators_ignore_order_and_times_and_are_symmetric(members: list[tuple[str, bytes]], order: list[int], when: int, kind: str) -> None:
    moved = [members[index] for index in order if index < len(members)]
    comparator = Comparator(pattern="*", kind=kind, reason="r", owner="o", expires="2030-01-01")  # type: ignore[arg-type]
    first, second = (make_zip(members), make_zip(moved, when=(2001, 2, 3, 4, 5, 6))) if kind == "zip" else (make_tar(members), make_tar(moved, mtime=when))
    assert is_equivalent(comparator, first, second)
    assert is_equivalent(comparator, second, first)


@given(MEMBERS.filter(bool), st.binary(min_size=1, max_size=9), st.sampled_from(["zip", "tar"]))
def test_comparators_never_ignore_content(members: list[tuple[str, bytes]], more: bytes, kind: str) -> None:
    comparator = Comparator(pattern="*", kind=kind, reason="r", owner="o", expires="2030-01-01")  # type: ignore[arg-type]
    pack = make_zip if kind == "zip" else make_tar
    changed = [(members[0][0], members[0][1] + more), *members[1:]]
    assert not is_equivalent(comparator, pack(members), pack(changed))


@given(st.binary(max_size=60), st.binary(max_size=60), st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=3))
def test_byte_ranges_ignore_exactly_their_bytes(first: bytes, second: bytes, pairs: list[tuple[int, int]]) -> None:
    ranges = [[start, start + length] for start, length in pairs]
    comparator = Comparator(pattern="*", kind="byte-ranges", ranges=ranges, reason="r", owner="o", expires="2030-01-01")
    masked = {index for start, end in ranges for index in range(start, end)}
    expected = len(first) == len(second) and all(first[index] == second[index] or index in masked for index in range(len(first)))
    assert is_equivalent(comparator, first, second) is expected


@given(st.dates(dt.date(2020, 1, 1), dt.date(2035, 1, 1)), st.dates(dt.date(2020, 1, 1), dt.date(2035, 1, 1)))
def test_no_comparator_outlives_its_day(expires: dt.date, today: dt.date) -> None:
    comparator = Comparator(pattern="*", kind="byte-ranges", ranges=[[0, 9]], reason="r", owner="o", expires=expires.isoformat())
    applied, findings = apply_comparators("f", b"a", b"b", [comparator], today)
    assert (applied is not None) is (today <= expires)
    assert [finding.code for finding in findings] == ([] if applied else ["LM-BLD-018"])


@given(st.lists(st.binary(max_size=50), max_size=30), st.integers(1, 60), st.integers(1, 60))
def test_a_log_is_its_two_ends(pieces: list[bytes], head: int, tail: int) -> None:
    capture = _Capture(Quota(log_head=head, log_tail=tail))
    for piece in pieces:
        capture.feed(piece)
    whole, log = b"".join(pieces), capture.finish()
    assert log.total == len(whole)
    assert log.head == whole[:head]
    assert log.tail == whole[head:][-tail:]
    assert log.omitted == max(0, len(whole) - head - tail)


@given(st.text(alphabet=st.characters(), max_size=40))
def test_what_is_shown_is_printable_and_printable_text_stays(text: str) -> None:
    assert show(text).isprintable()
    assert show(show(text)) == show(text)
    assert (show(text) == text) is text.isprintable()


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_a_pattern_without_wildcards_means_one_name(names: list[str]) -> None:
    pattern = _Pattern.parse("/".join(names))
    assert pattern.matches(tuple(names))
    assert not pattern.matches((*names, "more"))
    assert all(pattern.may_match_below(tuple(names[:depth])) for depth in range(1, len(names)))


@given(st.lists(NAMES, min_size=1, max_size=4), st.lists(st.sampled_from(["*", "**", "?", "a*", "*.c", "[a-c]", "[!a]"]), min_size=1, max_size=4))
def test_a_folder_that_is_not_entered_holds_no_match(names: list[str], parts: list[str]) -> None:
    pattern = _Pattern.parse("/".join(parts))
    if pattern.matches(tuple(names)):
        assert all(pattern.may_match_below(tuple(names[:depth])) for depth in range(1, len(names)))
    if "**" not in parts and len(names) == len(parts) and not any("[" in part for part in parts):
        assert pattern.matches(tuple(names)) is all(PurePosixPath(name).match(part) for name, part in zip(names, parts, strict=True))


ENTRIES = st.dictionaries(
    st.binary(min_size=1, max_size=8).filter(lambda path: b"\0" not in path),
    st.tuples(st.sampled_from([0o100644, 0o100755, 0o120000]), st.binary(max_size=8)),
    max_size=5,
)


def entries_of(tree: dict[bytes, tuple[int, bytes]]) -> tuple[SourceEntry, ...]:
    return tuple(SourceEntry(path, mode, "", len(data), Digest.of(data)) for path, (mode, data) in sorted(tree.items()))


@given(ENTRIES, ENTRIES)
def test_two_trees_have_one_digest_only_if_they_are_equal(one: dict[bytes, tuple[int, bytes]], two: dict[bytes, tuple[int, bytes]]) -> None:
    assert (digest_entries(entries_of(one)) == digest_entries(entries_of(two))) is (one == two)


@given(
    st.datetimes(dt.datetime(2001, 1, 1), dt.datetime(2036, 1, 1)),
    st.sampled_from(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%a %b %d %H:%M:%S %Y", "%a, %d %b %Y %H:%M:%S GMT", "%b %d %Y"]),
)
def test_a_written_time_is_found_and_read(when: dt.datetime, form: str) -> None:
    text = when.strftime(form).encode()
    expected = when.replace(microsecond=0, tzinfo=dt.UTC)
    if "%H" not in form:
        expected = expected.replace(hour=0, minute=0, second=0)
    assert parse_stamp(text) == expected.timestamp()
    assert blank_stamps(b"<" + text + b">") == b"<<time>>"


@given(MIXED)
def test_stamps_never_overlap_and_are_what_stands_there(data: bytes) -> None:
    last = 0
    for start, end, text in find_stamps(data):
        assert last <= start < end
        assert data[start:end] == text
        last = end
