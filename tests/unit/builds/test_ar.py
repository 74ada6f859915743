"""Static libraries: what is read, what is refused, what the comparator ignores, and how their differences are told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.elves import make_ar
from lotmark.builds._archives import ArchiveError, looks_like, read_archive, stored_times
from lotmark.builds._causes import ExplainFacts
from lotmark.builds._comparators import is_equivalent
from lotmark.builds._explain import explain
from lotmark.builds._times import TimeFacts
from lotmark.builds.models import Dimension
from lotmark.product.models import Comparator

pytestmark = pytest.mark.verifies("REQ-601", "RC-007", "HAZ-004")

PARTS = [
    (b"/", b"symbols "),
    (b"//", b"a_name_longer_than_sixteen.o/\nanother_long_name_here.o/\n"),
    (b"/0", b"one"),
    (b"/30", b"two!"),
    (b"short.o/", b"three"),
]
AR = Comparator(pattern="*.a", kind="ar", reason="r", owner="quinn", expires="2027-01-01")


def test_names_of_every_form_are_read() -> None:
    found = read_archive(make_ar([*PARTS, (b"#1/8", b"bsd.o\0\0\0data"), (b"plain", b"x")]), "ar")
    assert [member.name for member in found.members] == [
        "/",
        "//",
        "a_name_longer_than_sixteen.o",
        "another_long_name_here.o",
        "short.o",
        "bsd.o",
        "plain",
    ]
    assert [member.read() for member in found.members][2:] == [b"one", b"two!", b"three", b"data", b"x"]


def test_what_the_header_says_is_kept() -> None:
    [member] = read_archive(make_ar([(b"a/", b"")], mtime=1_760_000_000, uid=7, gid=8, mode=0o100755), "ar").members
    assert (member.when, member.owner, member.mode, member.offset) == (1_760_000_000, (7, 8), 0o755, 8)


@pytest.mark.parametrize(
    "data",
    [
        b"!<arch>",
        b"!<thin>\n",
        make_ar(PARTS)[:-3],
        make_ar([(b"a/", b"xx")])[:-1],
        make_ar([(b"a/", b"xx")]) + b"hidden",
        make_ar([(b"a/", b"xx")]).replace(b"`\n", b"``"),
        make_ar([(b"a/", b"xx")]).replace(b"2         `", b"-2        `"),
        make_ar([(b"a/", b"xx")]).replace(b"2         `", b"9         `"),
        make_ar([(b"a/", b"xxx")])[:-1] + b"\0",
        make_ar([(b"/99", b"xx")]),
        make_ar([(b"#1/9", b"xx")]),
        make_ar([(b"#1/x", b"xx")]),
        make_ar([(b"a/", b"")]).replace(b"0           ", b"now         ", 1),
        make_ar([(b"a/", b"")], mode=0).replace(b"0       0", b"9       0"),
    ],
    ids=[
        "cut magic",
        "thin",
        "cut content",
        "cut by one",
        "bytes behind",
        "header end",
        "negative size",
        "too big a size",
        "padding",
        "no name table",
        "BSD name too long",
        "BSD name no number",
        "time no number",
        "mode not octal",
    ],
)
def test_what_does_not_add_up_is_refused(data: bytes) -> None:
    with pytest.raises(ArchiveError):
        read_archive(data, "ar")


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    for candidate in (data, b"!<arch>\n" + data, make_ar([(b"a/", data)])[: 40 + len(data) // 2]):
        try:
            read_archive(candidate, "ar")
        except ArchiveError:
            continue


@given(st.lists(st.tuples(st.sampled_from([b"a.o/", b"b.o/", b"c.o/"]), st.binary(max_size=40)), max_size=6), st.integers(0, 2**31), st.integers(0, 99_999))
def test_times_and_owners_never_count_and_content_always_does(members: list[tuple[bytes, bytes]], mtime: int, uid: int) -> None:
    plain, other = make_ar(members), make_ar(members, mtime=mtime, uid=uid, mode=0o100600)
    assert is_equivalent(AR, plain, other)
    changed = make_ar([*members, (b"d.o/", b"payload")], mtime=mtime)
    assert not is_equivalent(AR, plain, changed)


@pytest.mark.parametrize(
    "other",
    [
        make_ar(PARTS[::-1][:1] + PARTS[:-1]),
        make_ar(PARTS[:-1]),
        make_ar([*PARTS[:-1], (b"short.o/", b"four!")]),
        make_ar([*PARTS[:-1], (b"long.o/", b"three")]),
    ],
    ids=["order", "a member less", "content", "name"],
)
def test_order_names_and_content_count(other: bytes) -> None:
    assert not is_equivalent(AR, make_ar(PARTS), other)


def test_it_is_known_by_its_content_and_its_times_are_found() -> None:
    data = make_ar([(b"a/", b"x")], mtime=77)
    assert looks_like(data) == "ar"
    assert list(stored_times(data)) == [77]


def test_a_difference_is_told_by_member_with_its_bytes() -> None:
    facts = ExplainFacts({Dimension.USER: ("builder 1000:1000", "twin 2:3")}, TimeFacts(1000, (2000, 2001), (2000, 2001), mtime_shift=-500), frozenset())
    first = make_ar([(b"a.o/", b"same"), (b"b.o/", b"same")], mtime=1000)
    second = make_ar([(b"a.o/", b"same"), (b"b.o/", b"same")], mtime=500, uid=2)
    causes = explain("lib.a", first, second, facts)
    assert [(cause.dimension, cause.span) for cause in causes] == [(Dimension.MTIMES, (24, 36)), (Dimension.USER, (36, 48))]
    assert causes[0].file == "lib.a!a.o"
    assert "and 1 more like it" in causes[0].text
