"""Differences told by their bytes: each canary, number, stamp and order with its text, its span and its dimension."""

from itertools import chain, combinations

import pytest

from lotmark.builds._bisect import Bisected, bisect
from lotmark.builds._bytes import difference_ranges, difference_span, explain_bytes
from lotmark.builds._causes import MEANING, TEXT_DIMENSIONS, ExplainFacts, find_words, make_found
from lotmark.builds._text import show
from lotmark.builds._times import TimeFacts
from lotmark.builds.models import Dimension

pytestmark = pytest.mark.verifies("REQ-013", "RC-007", "HAZ-004")

D = Dimension
COMMIT, NOW, SHIFT, BACK = 1_760_000_000, 1_795_415_400, 398 * 86_400, -40 * 86_400
VALUES = {
    D.CLOCK: ("real", f"+{SHIFT}s"),
    D.HOSTNAME: ("lotmark-build", "twin-host-ab12"),
    D.USER: ("builder 1000:1001", "twinuserab12 23456:23463"),
    D.HOME: ("/build/home", "/build/twin-home-ab12"),
    D.ENVIRONMENT: ("", "LOTMARK_TWIN=twin-env-ab12"),
    D.LOCALE: ("C.UTF-8", "et_EE.UTF-8"),
    D.CPUS: ("2", "1"),
    D.DIRECTORY_ORDER: ("sorted", "reversed"),
    D.MTIMES: ("commit", "commit-3456000s"),
    D.HASH_SEED: ("0", "1519907729"),
    D.PATH: ("/build/src", "/build/twin-path-ab12/src"),
    D.TIME_ZONE: ("UTC", "Pacific/Chatham"),
    D.UMASK: ("022", "027"),
}
TIMES = TimeFacts(COMMIT, (NOW, NOW + 5), (NOW, NOW + 5), SHIFT, BACK, (45_900, 49_500))
FACTS = ExplainFacts(VALUES, TIMES, frozenset({"src/a.c", "src/b.c", "src/c.c"}))
BLIND = ExplainFacts({}, TimeFacts(COMMIT, (NOW, NOW + 5), (NOW, NOW + 5)), frozenset())


def without(*dimensions: Dimension) -> ExplainFacts:
    return ExplainFacts({key: value for key, value in VALUES.items() if key not in dimensions}, TIMES, FACTS.names)


def told(first: bytes, second: bytes, facts: ExplainFacts = FACTS) -> list[tuple[Dimension | None, tuple[int, int] | None, str]]:
    return [(each.cause.dimension, each.cause.span, each.cause.text) for each in explain_bytes("out", first, second, facts)]


@pytest.mark.parametrize(
    ("first", "second", "dimension", "span", "text"),
    [
        (b"[/build/src]", b"[/build/twin-path-ab12/src]", D.PATH, (1, 26), "the path of the build is embedded: '/build/src' in A, '/build/twin-path-ab12/src' in B"),
        (b"h=/build/home", b"h=/build/twin-home-ab12", D.HOME, (2, 23), "the home folder is embedded: '/build/home' in A, '/build/twin-home-ab12' in B"),
        (b"on lotmark-build", b"on twin-host-ab12", D.HOSTNAME, (3, 17), "the host name is embedded: 'lotmark-build' in A, 'twin-host-ab12' in B"),
        (b"by builder.", b"by twinuserab12.", D.USER, (3, 15), "the user is embedded: 'builder' in A, 'twinuserab12' in B"),
        (b"uid=1000", b"uid=23456", D.USER, (4, 9), "the user is embedded: '1000' in A, '23456' in B"),
        (b"gid=1001", b"gid=23463", D.USER, (4, 9), "the user is embedded: '1001' in A, '23463' in B"),
        (b"LC=C.UTF-8", b"LC=et_EE.UTF-8", D.LOCALE, (3, 14), "the locale is embedded: 'C.UTF-8' in A, 'et_EE.UTF-8' in B"),
        (b"TZ=UTC", b"TZ=Pacific/Chatham", D.TIME_ZONE, (3, 18), "the time zone is embedded: 'UTC' in A, 'Pacific/Chatham' in B"),
        (b"noon UTC", b"noon CHAST", D.TIME_ZONE, (5, 10), "the time zone is embedded: 'UTC' in A, 'CHAST' in B"),
        (b"noon UTC", b"noon LMT", D.TIME_ZONE, (5, 8), "the time zone is embedded: 'UTC' in A, 'LMT' in B"),
        (b"x +0000 y", b"x +1245 y", D.TIME_ZONE, (2, 7), "the time zone is embedded: '+0000' in A, '+1245' in B"),
        (b"x+00:00", b"x+13:45", D.TIME_ZONE, (1, 7), "the time zone is embedded: '+00:00' in A, '+13:45' in B"),
        (b"seed 0", b"seed 1519907729", D.HASH_SEED, (5, 15), "the hash seed is embedded: '0' in A, '1519907729' in B"),
        (b"-j2 x", b"-j1 x", D.CPUS, (2, 3), "the number of processors is embedded: 2 in A, 1 in B"),
        (b"umask 022", b"umask 027", D.UMASK, (6, 9), "the umask is embedded: 022 in A, 027 in B"),
        (b"umask 0022", b"umask 0027", D.UMASK, (6, 10), "the umask is embedded: 0022 in A, 0027 in B"),
        (b"mode 755", b"mode 750", D.UMASK, (5, 8), "the umask is embedded: 755 in A, 750 in B"),
        (b"mode 100644", b"mode 100640", D.UMASK, (5, 11), "the umask is embedded: 100644 in A, 100640 in B"),
        (b"t=1795415401", b"t=1829802601", D.CLOCK, (2, 12), "the time of the build is embedded: 1795415401 in A, 1829802601 in B"),
        (b"m=1760000000", b"m=1756544000", D.MTIMES, (2, 12), "the modification time of a source is embedded: 1760000000 in A, 1756544000 in B"),
        (b"z=1760000000", b"z=1760045900", D.TIME_ZONE, (2, 12), "the time zone is embedded: 1760000000 in A, 1760045900 in B"),
        (b"t=1795415401000", b"t=1829802601000", D.CLOCK, (2, 15), "the time of the build is embedded: 1795415401000 in A, 1829802601000 in B"),
        (b"[2026-11-23]", b"[2027-12-26]", D.CLOCK, (1, 11), "a time is embedded: '2026-11-23' in A, '2027-12-26' in B"),
        (b"[2025-10-09]", b"[2025-08-30]", D.MTIMES, (1, 11), "a time is embedded: '2025-10-09' in A, '2025-08-30' in B"),
        (b"at 06:30:01", b"at 06:31:02", D.CLOCK, (3, 11), "a time is embedded: '06:30:01' in A, '06:31:02' in B"),
        (b"Nov 23 2026 06:30:01", b"Dec 26 2027 06:30:02", D.CLOCK, (0, 20), "a time is embedded: 'Nov 23 2026 06:30:01' in A, 'Dec 26 2027 06:30:02' in B"),
    ],
    ids=lambda value: value.decode() if isinstance(value, bytes) else "",
)  # fmt: skip
def test_one_cause_is_told_whole(first: bytes, second: bytes, dimension: Dimension, span: tuple[int, int], text: str) -> None:
    assert told(first, second) == [(dimension, span, text)]


@pytest.mark.parametrize(
    ("first", "second", "dimension"),
    [
        (b"[/build/src]", b"[/build/twin-path-ab12/src]", D.PATH),
        (b"h=/build/home", b"h=/build/twin-home-ab12", D.HOME),
        (b"on lotmark-build", b"on twin-host-ab12", D.HOSTNAME),
        (b"by builder.", b"by twinuserab12.", D.USER),
        (b"noon UTC", b"noon CHAST", D.TIME_ZONE),
        (b"-j2 x", b"-j1 x", D.CPUS),
        (b"umask 022", b"umask 027", D.UMASK),
        (b"mode 755", b"mode 750", D.UMASK),
        (b"LC=C.UTF-8", b"LC=et_EE.UTF-8", D.LOCALE),
        (b"seed 0", b"seed 1519907729", D.HASH_SEED),
    ],
)
def test_what_was_not_varied_is_never_blamed(first: bytes, second: bytes, dimension: Dimension) -> None:
    assert told(first, second)[0][0] is dimension
    assert dimension not in [each[0] for each in told(first, second, without(dimension))]
    [(blamed, _, text)] = told(first, second, BLIND)
    assert blamed is None
    assert text.startswith("not explained: bytes ")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (b"-j2 x", b"-j3 x"),
        (b"-j1 x", b"-j2 x"),
        (b"mode 755", b"mode 700"),
        (b"mode 750", b"mode 755"),
        (b"umask 027", b"umask 022"),
        (b"t=179541540", b"t=182980260"),
        (b"version 1.2", b"version 1.3"),
        (b"abc", b"abd"),
    ],
    ids=lambda value: value.decode(),
)
def test_what_fits_almost_is_not_explained(first: bytes, second: bytes) -> None:
    [(dimension, span, text)] = told(first, second)
    assert dimension is None
    assert span == difference_span(first, second)
    assert text == f"not explained: bytes {span[0]} to {span[1]} differ ({len(first)} bytes in A, {len(second)} in B)"


@pytest.mark.parametrize(
    ("first", "second", "facts", "dimension", "text"),
    [
        (b"a.c\nb.c\n", b"b.c\na.c\n", FACTS, D.DIRECTORY_ORDER, "the same names in another order: the order in which a folder lists them"),
        (b"./src/a.c ./src/b.c", b"./src/b.c ./src/a.c", FACTS, D.DIRECTORY_ORDER, "the same names in another order: the order in which a folder lists them"),
        (b"a.c x", b"x a.c", FACTS, D.DIRECTORY_ORDER, "the same names in another order: the order in which a folder lists them"),
        (b"a.c x y", b"x a.c y", FACTS, None, "the same parts in another order: directory order, locale, hash order or threads"),
        (b"x y", b"y x", FACTS, D.HASH_SEED, "the same parts in another order: the order of a hash, a locale or threads"),
        (b"{x,y}", b"{y,x}", FACTS, D.HASH_SEED, "the same parts in another order: the order of a hash, a locale or threads"),
        (b"a.c\nb.c\n", b"b.c\na.c\n", without(D.DIRECTORY_ORDER), None, "the same parts in another order: directory order, locale, hash order or threads"),
        (b"x y", b"y x", without(D.HASH_SEED), None, "the same parts in another order: directory order, locale, hash order or threads"),
        (b"x y", b"y x", BLIND, None, "the same parts in another order: directory order, locale, hash order or threads"),
    ],
    ids=["lines", "paths", "half of them tracked", "a third", "words", "tokens", "folders not varied", "hash not varied", "nothing varied"],
)
def test_another_order_tells_whose_it_is(first: bytes, second: bytes, facts: ExplainFacts, dimension: Dimension | None, text: str) -> None:
    assert [(each[0], each[2]) for each in told(first, second, facts)] == [(dimension, text)]


def word(value: int, order: str) -> bytes:
    return value.to_bytes(4, order)  # type: ignore[arg-type]


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("at", [0, 1, 3, 97])
@pytest.mark.parametrize(
    ("one", "two", "dimension"),
    [(NOW + 1, NOW + 2 + SHIFT, D.CLOCK), (COMMIT, COMMIT + BACK, D.MTIMES), (COMMIT, COMMIT + 45_900, D.TIME_ZONE)],
    ids=["clock", "mtime", "zone"],
)
def test_a_binary_time_is_found_wherever_it_stands(order: str, at: int, one: int, two: int, dimension: Dimension) -> None:
    first, second = (b"\xaa" * at + word(value, order) + b"\xbb" * 5 for value in (one, two))
    [(blamed, span, text)] = told(first, second)
    assert (blamed, span) == (dimension, (at, at + 4))
    assert text.startswith("a binary time is embedded: 20")


@pytest.mark.parametrize("length", [0, 1, 2, 3])
def test_a_file_too_short_for_a_binary_time(length: int) -> None:
    [(dimension, span, _)] = told(b"\x01" + b"a" * length, b"\x02" + b"a" * length)
    assert (dimension, span) == (None, (0, 1))


@pytest.mark.parametrize(
    ("first", "second", "dimensions"),
    [
        (b"/build/src lotmark-build", b"/build/twin-path-ab12/src twin-host-ab12", [D.PATH, D.HOSTNAME]),
        (b"lotmark-build 2026-11-23", b"twin-host-ab12 2027-12-26", [D.HOSTNAME, D.CLOCK]),
        (b"builder 1000 1001", b"twinuserab12 23456 23463", [D.USER, D.USER, D.USER]),
        (b"-j2 022", b"-j1 027", [D.CPUS, D.UMASK]),
        (b"lotmark-build x", b"twin-host-ab12 y", [D.HOSTNAME, None]),
    ],
    ids=["path and host", "host and date", "user and numbers", "processors and umask", "host and something"],
)
def test_several_causes_are_told_in_order(first: bytes, second: bytes, dimensions: list[Dimension | None]) -> None:
    assert [each[0] for each in told(first, second)] == dimensions


def test_what_is_left_behind_a_canary_may_follow_from_it() -> None:
    *_, (_, span, text) = told(b"lotmark-build [x]", b"twin-host-ab12 [y]")
    assert span == (16, 17)
    assert text == "not explained: bytes 15 to 16 differ (17 bytes in A, 17 in B); it may follow from the causes above"


def test_a_canary_that_both_hold_is_no_cause() -> None:
    [(dimension, *_)] = told(b"twin-host-ab12 x", b"twin-host-ab12 y")
    assert dimension is None


# ---------------------------------------------------------------- spans and ranges


@pytest.mark.parametrize(
    ("first", "second", "span"),
    [
        (b"", b"", (0, 0)),
        (b"", b"abc", (0, 3)),
        (b"abc", b"", (0, 0)),
        (b"abc", b"abc", (3, 3)),
        (b"abc", b"xbc", (0, 1)),
        (b"abc", b"abx", (2, 3)),
        (b"abc", b"axc", (1, 2)),
        (b"ac", b"abc", (1, 2)),
        (b"abc", b"ac", (1, 1)),
        (b"aaa", b"aa", (2, 2)),
        (b"abab", b"ababab", (4, 6)),
        (b"x" * 65_535 + b"a", b"x" * 65_535 + b"b", (65_535, 65_536)),
        (b"x" * 65_536 + b"a", b"x" * 65_536 + b"b", (65_536, 65_537)),
        (b"a" + b"x" * 65_536, b"b" + b"x" * 65_536, (0, 1)),
        (b"a" + b"x" * 200_000, b"bb" + b"x" * 200_000, (0, 2)),
    ],
    ids=[
        "empty", "all", "nothing left", "equal", "first", "last", "middle", "put in", "taken out", "one less", "repeated",
        "last of a chunk", "first of the next", "a chunk behind it", "three chunks behind it",
    ],
)  # fmt: skip
def test_the_span_of_a_difference(first: bytes, second: bytes, span: tuple[int, int]) -> None:
    assert difference_span(first, second) == span


@pytest.mark.parametrize(
    ("places", "ranges"),
    [
        ([], []),
        ([0], [(0, 1)]),
        ([0, 1], [(0, 2)]),
        ([0, 4], [(0, 5)]),
        ([0, 5], [(0, 1), (5, 6)]),
        ([4095, 4096], [(4095, 4097)]),
        ([4092, 4096], [(4092, 4097)]),
        ([4091, 4096], [(4091, 4092), (4096, 4097)]),
        ([9999], [(9999, 10_000)]),
    ],
    ids=str,
)
def test_ranges_are_bridged_over_three_equal_bytes(places: list[int], ranges: list[tuple[int, int]]) -> None:
    second = bytearray(10_000)
    for place in places:
        second[place] = 1
    assert difference_ranges(bytes(10_000), bytes(second)) == (ranges, True)


@pytest.mark.parametrize(("count", "complete"), [(399, True), (400, True), (401, False)])
def test_four_hundred_ranges_are_kept(count: int, complete: bool) -> None:
    second = bytearray(5 * count)
    second[::5] = b"\x01" * count
    ranges, whole = difference_ranges(bytes(5 * count), bytes(second))
    assert (len(ranges), whole) == (min(count, 400), complete)


@pytest.mark.parametrize(("blocks", "complete"), [(63, True), (64, True), (65, False)])
def test_sixty_four_blocks_are_looked_into(blocks: int, complete: bool) -> None:
    second = bytearray(4096 * blocks)
    second[::4096] = b"\x01" * blocks
    ranges, whole = difference_ranges(bytes(4096 * blocks), bytes(second))
    assert (len(ranges), whole) == (min(blocks, 64), complete)


# ---------------------------------------------------------------- words of a dimension, and folding


@pytest.mark.parametrize(
    ("dimension", "words"),
    [
        (D.PATH, [(b"/build/src", b"/build/twin-path-ab12/src")]),
        (D.HOME, [(b"/build/home", b"/build/twin-home-ab12")]),
        (D.HOSTNAME, [(b"lotmark-build", b"twin-host-ab12")]),
        (D.USER, [(b"builder", b"twinuserab12"), (b"1000", b"23456"), (b"1001", b"23463")]),
        (D.ENVIRONMENT, [(b"", b"LOTMARK_TWIN=twin-env-ab12"), (b"", b"twin-env-ab12")]),
        (D.LOCALE, [(b"C.UTF-8", b"et_EE.UTF-8")]),
        (D.HASH_SEED, [(b"0", b"1519907729")]),
    ],
)
def test_by_which_words_a_dimension_shows(dimension: Dimension, words: list[tuple[bytes, bytes]]) -> None:
    assert find_words(dimension, FACTS) == words
    assert find_words(dimension, without(dimension)) == []


def test_a_zone_shows_by_its_name_its_abbreviations_and_its_offsets() -> None:
    assert [theirs for _, theirs in find_words(D.TIME_ZONE, FACTS)] == [
        b"Pacific/Chatham",
        b"CHADT",
        b"CHAST",
        b"LMT",
        b"+1345",
        b"+1245",
        b"+13:45",
        b"+12:45",
    ]
    assert {mine for mine, _ in find_words(D.TIME_ZONE, FACTS)} == {b"UTC", b"+0000", b"+00:00"}


def test_every_dimension_that_shows_has_a_name() -> None:
    assert set(TEXT_DIMENSIONS) < set(MEANING)
    assert set(D) - set(MEANING) == {D.DIRECTORY_ORDER}
    assert len(set(MEANING.values())) == len(MEANING)


@pytest.mark.parametrize(
    ("one", "two", "folded"),
    [
        (("f", D.CLOCK, "time"), ("f", D.CLOCK, "time"), True),
        (("f", D.CLOCK, "time"), ("g", D.CLOCK, "time"), False),
        (("f", D.CLOCK, "time"), ("f", D.MTIMES, "time"), False),
        (("f", D.CLOCK, "time"), ("f", D.CLOCK, "owner"), False),
        (("f", D.CLOCK, "time", "x"), ("g", D.CLOCK, "time", "x"), True),
        (("f", D.CLOCK, "time", "x"), ("f", D.CLOCK, "time", "y"), False),
    ],
    ids=["all the same", "another file", "another dimension", "another kind", "one archive", "another archive"],
)
def test_what_is_folded_into_one_line(one: tuple, two: tuple, folded: bool) -> None:  # type: ignore[type-arg]
    keys = [make_found(file, "text", None, dimension, *key).key for file, dimension, *key in (one, two)]
    assert (keys[0] == keys[1]) is folded


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain text", "plain text"),
        ("grün", "grün"),
        ("a\nb", "a\\nb"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u200bb", "a\\u200bb"),
        ("\udcff", "\\udcff"),
        ("\U000e0001", "\\U000e0001"),
        ("\x7f", "\\x7f"),
        ("a\u00a0b", "a\\xa0b"),
    ],
    ids=["empty", "plain", "umlaut", "line end", "escape", "right to left", "no width", "no text", "tag", "delete", "blank that does not break"],
)
def test_what_a_command_chose_is_shown_harmless(text: str, shown: str) -> None:
    assert show(text) == shown


# ---------------------------------------------------------------- bisection

FOUR = (D.PATH, D.HOSTNAME, D.LOCALE, D.CPUS)
SUBSETS = [frozenset(each) for each in chain.from_iterable(combinations(FOUR, size) for size in range(1, 5))]


def named(subset: frozenset[Dimension]) -> str:
    return "+".join(sorted(each.value for each in subset))


@pytest.mark.parametrize("guilty", SUBSETS, ids=named)
def test_any_one_of_several_culprits_alone_is_found(guilty: frozenset[Dimension]) -> None:
    """Each of them alone makes it differ: one is found, and it is one of them."""
    found = bisect(lambda varied: bool(varied & guilty), frozenset(FOUR))
    assert (found.chance, found.complete, len(found.dimensions)) == (False, True, 1)
    assert found.dimensions <= guilty


@pytest.mark.parametrize("guilty", SUBSETS, ids=named)
def test_culprits_that_act_together_are_all_in_what_is_found(guilty: frozenset[Dimension]) -> None:
    found = bisect(lambda varied: guilty <= varied, frozenset(FOUR))
    assert (found.chance, found.complete) == (False, True)
    assert guilty <= found.dimensions


@pytest.mark.parametrize("budget", range(7))
def test_a_budget_that_ends_leaves_what_is_certain(budget: int) -> None:
    left = [budget]

    def differs(varied: frozenset[Dimension]) -> bool | None:
        left[0] -= 1
        return D.CPUS in varied if left[0] >= 0 else None

    found = bisect(differs, frozenset(FOUR))
    assert D.CPUS in found.dimensions
    assert found.complete is (budget >= 4)
    assert found.chance is False


@pytest.mark.parametrize(
    ("answer", "varied", "expected"),
    [
        (True, FOUR, Bisected(chance=True, dimensions=frozenset(), complete=True)),
        (None, FOUR, Bisected(chance=False, dimensions=frozenset(FOUR), complete=False)),
        (False, FOUR[:1], Bisected(chance=False, dimensions=frozenset(FOUR[:1]), complete=True)),
        (False, (), Bisected(chance=False, dimensions=frozenset(), complete=True)),
    ],
    ids=["chance", "no build left", "one suspect", "none"],
)
def test_the_first_build_varies_nothing(answer: bool | None, varied: tuple[Dimension, ...], expected: Bisected) -> None:
    asked: list[frozenset[Dimension]] = []

    def differs(which: frozenset[Dimension]) -> bool | None:
        asked.append(which)
        return answer

    assert bisect(differs, frozenset(varied)) == expected
    assert asked == [frozenset()]
