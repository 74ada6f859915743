"""Explanations: one line per cause, with file, bytes and dimension."""

import pytest

from fakes.archives import make_gzip, make_tar, make_zip, time_extra, unix_extra
from lotmark.builds import _bytes
from lotmark.builds._bytes import difference_ranges, difference_span
from lotmark.builds._causes import ExplainFacts
from lotmark.builds._explain import explain
from lotmark.builds._times import TimeFacts
from lotmark.builds.models import Cause, Dimension

pytestmark = pytest.mark.verifies("REQ-013", "RC-007", "HAZ-004")


D = Dimension
COMMIT, NOW, SHIFT, BACK = 1_760_000_000, 1_795_415_400.0, 398 * 86_400, -40 * 86_400
VALUES = {
    D.CLOCK: ("real", f"+{SHIFT}s"),
    D.HOSTNAME: ("lotmark-build", "twin-host-ab12"),
    D.USER: ("builder 1000:1000", "twinuserab12 23456:23463"),
    D.HOME: ("/build/home", "/build/twin-home-ab12"),
    D.ENVIRONMENT: ("", "LOTMARK_TWIN=twin-env-ab12"),
    D.LOCALE: ("C.UTF-8", "C"),
    D.CPUS: ("2", "1"),
    D.DIRECTORY_ORDER: ("sorted", "reversed"),
    D.MTIMES: ("commit", "commit-3456000s"),
    D.HASH_SEED: ("0", "1519907729"),
    D.PATH: ("/build/src", "/build/twin-path-ab12/src"),
    D.TIME_ZONE: ("UTC", "Pacific/Chatham"),
    D.UMASK: ("022", "027"),
}
FACTS = ExplainFacts(
    VALUES, TimeFacts(COMMIT, (NOW, NOW + 5), (NOW, NOW + 5), SHIFT, BACK, (45_900, 49_500)), frozenset({"src/a.c", "src/b.c", "src/c.c", "Makefile"})
)
NONE = ExplainFacts({}, TimeFacts(COMMIT, (NOW, NOW + 5), (NOW, NOW + 5)), frozenset())


def dimensions(causes: tuple[Cause, ...]) -> list[Dimension | None]:
    return [cause.dimension for cause in causes]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (b"at 2026-11-23 06:30:01.", b"at 2027-12-26 06:30:02.", D.CLOCK),
        (b"on 2026-11-23 only", b"on 2027-12-26 only", D.CLOCK),
        (b"built Nov 23 2026 06:30:01", b"built Dec 26 2027 06:30:03", D.CLOCK),
        (b"at 06:30:01", b"at 06:30:02", D.CLOCK),
        (b"epoch=1795415401;", b"epoch=1829802601;", D.CLOCK),
        (b"millis=1795415401123;", b"millis=1829802601456;", D.CLOCK),
        (b"host lotmark-build!", b"host twin-host-ab12!", D.HOSTNAME),
        (b"user builder!", b"user twinuserab12!", D.USER),
        (b"uid 1000!", b"uid 23456!", D.USER),
        (b"home=/build/home/x", b"home=/build/twin-home-ab12/x", D.HOME),
        (b"env ", b"env LOTMARK_TWIN=twin-env-ab12", D.ENVIRONMENT),
        (b"value []", b"value [twin-env-ab12]", D.ENVIRONMENT),
        (b"LANG=C.UTF-8\n", b"LANG=C\n", D.LOCALE),
        (b"jobs: 2\n", b"jobs: 1\n", D.CPUS),
        (b"a.c b.c c.c Makefile", b"c.c b.c Makefile a.c", D.DIRECTORY_ORDER),
        (b"src/a.c\nsrc/b.c\n", b"src/b.c\nsrc/a.c\n", D.DIRECTORY_ORDER),
        (b"{'x', 'y', 'z'}", b"{'x', 'z', 'y'}", D.HASH_SEED),
        (b"a.c p q", b"q a.c p", None),
        (b"x y z", b"z y x", D.HASH_SEED),
        (b"mtime 1760000000", b"mtime 1756544000", D.MTIMES),
        (b"dated 2025-10-09", b"dated 2025-08-30", D.MTIMES),
        (b"seed=0;", b"seed=1519907729;", D.HASH_SEED),
        (b"at /build/src/a.c", b"at /build/twin-path-ab12/src/a.c", D.PATH),
        (b"zone +0000", b"zone +1345", D.TIME_ZONE),
        (b"zone UTC", b"zone CHADT", D.TIME_ZONE),
        (b"mode 644", b"mode 640", D.UMASK),
        (b"mode 100755", b"mode 100750", D.UMASK),
    ],
    ids=lambda value: value.decode() if isinstance(value, bytes) else str(value),
)
def test_a_text_tells_its_one_dimension(first: bytes, second: bytes, expected: Dimension | None) -> None:
    causes = explain("out.txt", first, second, FACTS)
    assert dimensions(causes) == [expected]
    assert causes[0].file == "out.txt"
    assert causes[0].span is not None


def test_the_range_points_at_the_canary_in_lane_b() -> None:
    second = b"x" * 1000 + b"twin-host-ab12" + b"y" * 50
    [cause] = explain("f", b"x" * 1000 + b"lotmark-build" + b"y" * 50, second, FACTS)
    assert cause.span == (1000, 1014)
    assert second[slice(*cause.span)] == b"twin-host-ab12"
    assert "'lotmark-build' in A, 'twin-host-ab12' in B" in cause.text


def test_several_causes_are_several_lines() -> None:
    first = b"lotmark-build /build/src 2026-11-23 06:30:00"
    second = b"twin-host-ab12 /build/twin-path-ab12/src 2027-12-26 06:30:04"
    assert dimensions(explain("f", first, second, FACTS)) == [D.PATH, D.HOSTNAME, D.CLOCK]


def test_many_of_a_kind_are_folded_into_one_line() -> None:
    first = b"\n".join(b"2026-11-23 06:30:%02d" % index for index in range(5))
    second = b"\n".join(b"2027-12-26 06:30:%02d" % index for index in range(5))
    [cause] = explain("f", first, second, FACTS)
    assert cause.text.endswith("(and 4 more like it)")


def test_a_binary_time_is_found_in_either_byte_order() -> None:
    for order in ("little", "big"):
        first = bytes(64) + int(NOW).to_bytes(4, order) + b"\x01" * 64  # type: ignore[arg-type]
        second = bytes(64) + (int(NOW) + SHIFT).to_bytes(4, order) + b"\x01" * 64  # type: ignore[arg-type]
        [cause] = explain("a.pyc", first, second, FACTS)
        assert (cause.dimension, cause.span) == (D.CLOCK, (64, 68))
        assert "2026-11-23 06:30:00 in A" in cause.text


def test_source_times_in_compiled_python_are_mtimes() -> None:
    first, second = (b"\xa7\r\r\n\0\0\0\0" + value.to_bytes(4, "little") + bytes(30) for value in (COMMIT, COMMIT + BACK))
    assert dimensions(explain("a.pyc", first, second, FACTS)) == [D.MTIMES]


def test_two_times_far_apart_are_both_found_in_place() -> None:
    first = b"2026-11-23 06:30:00" + b"." * 9000 + b"lotmark-build" + b"." * 9000 + b"2026-11-23 06:30:01"
    second = b"2027-12-26 06:30:00" + b"." * 9000 + b"twin-host-ab12" + b"." * 9000 + b"2027-12-26 06:30:01"
    causes = explain("f", first, second, FACTS)
    assert dimensions(causes) == [D.HOSTNAME, D.CLOCK]
    assert causes[1].text.endswith("(and 1 more like it)")
    assert causes[1].span is not None
    assert second[slice(*causes[1].span)] == b"2027-12-26 06:30:00"


def test_a_word_that_stands_twice_is_placed_by_the_whole_difference() -> None:
    first, second = b"lotmark-build 2026-11-23 x 2026-11-23", b"twin-host-ab12 2027-12-26 x 2027-12-26"
    causes = explain("f", first, second, FACTS)
    assert causes[1].span == difference_span(first, second)


@pytest.mark.parametrize("size", [200_000, 2_000_000], ids=["beyond the windows", "beyond the blocks"])
def test_files_that_differ_everywhere_end_soon_and_are_not_explained(size: int) -> None:
    first, second = bytes(size), b"\1" * size
    [cause] = explain("f", first, second, FACTS)
    assert cause.text.startswith("not explained")
    [other] = explain("f", first, second + b"\1", FACTS)
    assert other.text.startswith("not explained")


def test_more_differences_than_are_looked_at_are_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_bytes, "_MAX_WINDOW", 150)
    first = b"2026-11-23" + b"." * 500 + b"2026-11-23" + b"." * 500 + b"2026-11-23"
    causes = explain("f", first, first.replace(b"2026-11-23", b"2027-12-26"), FACTS)
    assert dimensions(causes) == [D.CLOCK, None]


def test_an_order_beside_a_time_is_both() -> None:
    first = b"2026-11-23" + b"." * 100 + b"\nsrc/a.c\nsrc/b.c\n" + b"." * 100
    second = b"2027-12-26" + b"." * 100 + b"\nsrc/b.c\nsrc/a.c\n" + b"." * 100
    assert set(dimensions(explain("f", first, second, FACTS))) >= {D.CLOCK}


def test_what_nothing_explains_is_said_so_with_its_place() -> None:
    [cause] = explain("f", b"aaaa-one-zzzz", b"aaaa-other-zzzz", FACTS)
    assert cause.dimension is None
    assert cause.text == "not explained: bytes 6 to 10 differ (13 bytes in A, 15 in B)"
    assert cause.span == (6, 10)


def test_a_remainder_beside_a_cause_says_that_it_may_follow_from_it() -> None:
    causes = explain("f", b"lotmark-build \x01\x02", b"twin-host-ab12 \x07\x09", FACTS)
    assert dimensions(causes) == [D.HOSTNAME, None]
    assert causes[1].text.endswith("it may follow from the causes above")


def test_nothing_is_attributed_to_what_was_not_varied() -> None:
    for first, second in ((b"2026-11-23", b"2027-12-26"), (b"x y", b"y x"), (b"mode 644", b"mode 640")):
        assert dimensions(explain("f", first, second, NONE)) == [None]


def test_equal_files_have_no_cause() -> None:
    assert explain("f", b"same", b"same", FACTS) == ()


def test_a_file_too_big_is_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_bytes, "_MAX_DEEP", 10)
    [cause] = explain("f", b"lotmark-build", b"twin-host-ab12", FACTS)
    assert "too big to explain" in cause.text


# ---------------------------------------------------------------- archives


def stamp(when: float) -> tuple[int, ...]:
    import datetime as dt

    return dt.datetime.fromtimestamp(when, dt.UTC).timetuple()[:6]


FILES = [("src/a.c", b"alpha"), ("src/b.c", b"beta")]


def test_zip_times_are_one_line_with_the_place_of_the_field() -> None:
    second = make_zip(FILES, when=stamp(NOW + SHIFT))
    [cause] = explain("x.zip", make_zip(FILES, when=stamp(NOW)), second, FACTS)
    assert (cause.file, cause.dimension, cause.span) == ("x.zip!src/a.c", D.CLOCK, (10, 14))
    assert cause.text == "the stored time is 2026-11-23 06:30:00 in A and 2027-12-26 06:30:00 in B: the time of the build (and 1 more like it)"


def test_zip_times_of_sources_and_zones_are_told_apart() -> None:
    assert dimensions(explain("x", make_zip(FILES, when=stamp(COMMIT)), make_zip(FILES, when=stamp(COMMIT + BACK)), FACTS)) == [D.MTIMES]
    assert dimensions(explain("x", make_zip(FILES, when=stamp(COMMIT)), make_zip(FILES, when=stamp(COMMIT + 49_500)), FACTS)) == [D.TIME_ZONE]
    [unknown] = explain("x", make_zip(FILES), make_zip(FILES, when=(2001, 1, 1, 0, 0, 0)), FACTS)
    assert (unknown.dimension, unknown.text.endswith("not explained (and 1 more like it)")) == (None, True)


def test_zip_order_names_the_first_that_moved() -> None:
    [cause] = explain("x.zip", make_zip(FILES), make_zip(FILES[::-1]), FACTS)
    assert cause.dimension is D.DIRECTORY_ORDER
    assert "from 'src/b.c' on" in cause.text


def test_zip_permissions_are_the_umask() -> None:
    [cause] = explain("x.zip", make_zip(FILES, mode=0o100644), make_zip(FILES, mode=0o100640), FACTS)
    assert cause.dimension is D.UMASK
    assert "644 in A and 640 in B" in cause.text


def test_zip_extra_fields_are_owner_or_time() -> None:
    assert dimensions(explain("x", make_zip(FILES, extra=unix_extra(1000, 1000)), make_zip(FILES, extra=unix_extra(23456, 23463)), FACTS)) == [D.USER]
    assert dimensions(explain("x", make_zip(FILES, extra=time_extra(1)), make_zip(FILES, extra=time_extra(2)), FACTS)) == [D.CLOCK]
    assert dimensions(explain("x", make_zip(FILES), make_zip(FILES, level=0), FACTS)) == [None]


def test_content_inside_an_archive_is_explained_there() -> None:
    [cause] = explain("x.whl", make_zip([("m.py", b"H='lotmark-build'")]), make_zip([("m.py", b"H='twin-host-ab12'")]), FACTS)
    assert (cause.file, cause.dimension, cause.span) == ("x.whl!m.py", D.HOSTNAME, (3, 17))


def test_members_in_one_archive_only_are_named() -> None:
    [cause] = explain("x", make_zip(FILES), make_zip([*FILES, ("extra", b"")]), FACTS)
    assert (cause.dimension, cause.text) == (None, "members stand in one build only: extra")
    [by_host] = explain("x", make_zip([("lotmark-build.log", b"")]), make_zip([("twin-host-ab12.log", b"")]), FACTS)
    assert by_host.dimension is D.HOSTNAME
    [by_date] = explain("x", make_zip([("2026-11-23.log", b"")]), make_zip([("2027-12-26.log", b"")]), FACTS)
    assert by_date.dimension is D.CLOCK
    [many] = explain("x", make_zip([]), make_zip([(str(index), b"") for index in range(9)]), FACTS)
    assert many.text.endswith("...")


def test_what_a_product_names_cannot_steer_a_terminal_or_break_the_evidence() -> None:
    first, second = (make_tar([("esc\x1b[2J\udcff", data)]) for data in (b"one", b"two"))
    [cause] = explain("x.tar", first, second, FACTS)
    assert cause.file == "x.tar!esc\\x1b[2J\\udcff"
    assert cause.text.isprintable()


def test_a_zip_prefix_is_named() -> None:
    [cause] = explain("x.pyz", make_zip(FILES, prefix=b"#!/a\n"), make_zip(FILES, prefix=b"#!/b\n"), FACTS)
    assert "before the first member" in cause.text


def test_a_member_of_another_kind_is_named() -> None:
    causes = explain("x", make_zip([("a", b"t")], mode=0o100777), make_zip([("a", b"t")], mode=0o120777), FACTS)
    assert [cause.text for cause in causes] == ["it is a file in A and a link in B"]


def test_tar_owner_time_mode_point_at_their_fields() -> None:
    first = make_tar(FILES[:1], mtime=COMMIT, mode=0o644)
    second = make_tar(FILES[:1], mtime=COMMIT + BACK, uid=23456, user="twinuserab12", mode=0o640)
    found = {cause.dimension: cause.span for cause in explain("x.tar", first, second, FACTS)}
    assert found == {D.MTIMES: (136, 148), D.USER: (108, 124), D.UMASK: (100, 108)}


def test_a_gzip_header_and_a_tar_within_are_both_explained() -> None:
    first = make_gzip(make_tar(FILES, mtime=COMMIT), mtime=int(NOW))
    second = make_gzip(make_tar(FILES, mtime=COMMIT + BACK), mtime=int(NOW) + SHIFT)
    causes = explain("x.tgz", first, second, FACTS)
    assert [(cause.file, cause.dimension, cause.span) for cause in causes] == [("x.tgz", D.CLOCK, (4, 8)), ("x.tgz!!src/a.c", D.MTIMES, (136, 148))]


def test_the_name_in_a_gzip_header_is_explained_by_its_bytes() -> None:
    [cause] = explain("x.gz", make_gzip(b"x", name="a"), make_gzip(b"x", name="b"), FACTS)
    assert cause.dimension is None


def test_a_broken_archive_is_explained_as_bytes() -> None:
    first = bytearray(make_gzip(b"x" * 999))
    second = bytearray(first)
    second[-6] ^= 1
    [cause] = explain("x.gz", bytes(first), bytes(second), FACTS)
    assert cause.text.startswith("not explained")


def test_archives_within_archives_end_somewhere() -> None:
    first, second = b"lotmark-build", b"twin-host-ab12"
    for _ in range(6):
        first, second = make_gzip(first), make_gzip(second)
    assert explain("x", first, second, FACTS)


def test_an_ar_header_is_read_by_its_decimal_fields() -> None:
    def archive(when: int, uid: int) -> bytes:
        return b"!<arch>\n" + b"a.o/            %-12d%-6d%-6d%-8o%-10d`\n" % (when, uid, uid, 0o100644, 4) + b"data"

    assert set(dimensions(explain("lib.a", archive(int(NOW), 1000), archive(int(NOW) + SHIFT, 1000), FACTS))) == {D.CLOCK}


# ---------------------------------------------------------------- ranges


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (b"abc", b"abc", []),
        (b"abc", b"abd", [(2, 3)]),
        (b"a234b", b"x234y", [(0, 5)]),
        (b"a23456b", b"x23456y", [(0, 1), (6, 7)]),
        (bytes(9000), bytes(8999) + b"x", [(8999, 9000)]),
    ],
)
def test_ranges_bridge_small_gaps(first: bytes, second: bytes, expected: list[tuple[int, int]]) -> None:
    assert difference_ranges(first, second) == (expected, True)


def test_ranges_have_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_bytes, "_MAX_RANGES", 7)
    ranges, complete = difference_ranges(b"a23456" * 50, b"x23456" * 50)
    assert (len(ranges), complete) == (7, False)
    monkeypatch.setattr(_bytes, "_MAX_BLOCKS", 2)
    assert difference_ranges(bytes(40_000), bytes([1]) * 40_000) == ([(0, 8192)], False)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [(b"aXc", b"aYc", (1, 2)), (b"abc", b"abXXc", (2, 4)), (b"abc", b"", (0, 0)), (b"aa", b"aaa", (2, 3)), (b"", b"x", (0, 1))],
)
def test_the_span_is_the_smallest_from_both_ends(first: bytes, second: bytes, expected: tuple[int, int]) -> None:
    assert difference_span(first, second) == expected
