"""Names of archive members: what one name means on every system, and that no two mean the same file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotmark.intake._names import MemberNames, unsafe
from lotmark.intake._refusal import CURES, Refusal

pytestmark = pytest.mark.verifies("REQ-052", "RC-001")

OUT = "its name leads out of the folder into which it is unpacked"
PLAIN = "its name is not a plain relative path"


def add(*names: str) -> list[str]:
    """Each name in turn; one that ends with a slash is a folder's."""
    seen = MemberNames()
    return [seen.add(name, folder=name.endswith("/")) for name in names]


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "a.txt",
        ".hidden",
        "a/b/c",
        "a b",
        "ä/中文/😀",
        "a:b/c".replace(":", "_"),
        "a/b:c",
        "...",
        "a...b",
        "..a",
        "a..",
        "x" * 1024,
        "-",
        "~",
        "~/a",
        "$HOME",
        "%2e%2e/a",
    ],
)
def test_a_plain_name_stays_as_it_is(name: str):
    assert add(name) == [name]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/etc/passwd", OUT),
        ("\\windows", OUT),
        ("..", OUT),
        ("../a", OUT),
        ("a/../b", OUT),
        ("a/..", OUT),
        ("a\\..\\b", OUT),
        ("C:/a", OUT),
        ("C:a", OUT),
        ("C:\\a", OUT),
        ("file:", OUT),
        ("//host/share", OUT),
        ("a\\b", PLAIN),
        ("", PLAIN),
        (".", PLAIN),
        ("./a", PLAIN),
        ("a/./b", PLAIN),
        ("a//b", PLAIN),
        ("a/", PLAIN),
        ("x" * 1025, PLAIN),
        ("a\x00b", PLAIN),
        ("a\nb", PLAIN),
        ("a\x1b[2J", PLAIN),
        ("a\u202egpj.exe", PLAIN),
        ("a\u200bb", PLAIN),
        ("a\ud800", PLAIN),
        ("a\u00a0b", PLAIN),
        ("\ufeffa", PLAIN),
    ],
)
def test_a_name_that_leads_out_or_hides_is_refused(name: str, why: str):
    with pytest.raises(Refusal) as caught:
        MemberNames().add(name)
    assert caught.value.code == "LM-INT-011"
    assert caught.value.reason == f"ARCHIVE_UNSAFE: {name[:80]!r}: {why}"


@pytest.mark.parametrize(
    "names",
    [
        ("a", "b"),
        ("a/b", "a/c"),
        ("a/", "a/b"),
        ("a/b", "a/"),
        ("a/", "a/"),
        ("a/b/", "a/"),
        ("a/b/c", "a/b/d", "a/b/"),
        ("a", "aa"),
        ("é", "e"),
        ("a/x", "b/x"),
    ],
    ids="|".join,
)
def test_names_that_mean_different_files_stand_together(names: tuple[str, ...]):
    assert add(*names) == [name.removesuffix("/") for name in names]


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (("a", "a"), "it stands there twice"),
        (("a/b", "a/b"), "it stands there twice"),
        (("a", "a/"), "it stands there twice"),
        (("a/", "a"), "it is a file and a folder ('a')"),
        (("a/b", "a"), "it is a file and a folder ('a')"),
        (("a", "a/b"), "it lies below 'a', which is a file"),
        (("a", "a/b/c"), "it lies below 'a', which is a file"),
        (("a", "A"), "its name differs from 'a' in case or accents alone"),
        (("a/", "A/"), "its name differs from 'a' in case or accents alone"),
        (("a/b", "A/c"), "its folder differs from 'a' in case or accents alone"),
        (("x/a/b", "x/A/c"), "its folder differs from 'x/a' in case or accents alone"),
        (("A", "a/b"), "it lies below 'A', which is a file"),
        (("straße", "STRASSE"), "its name differs from 'straße' in case or accents alone"),
        (("\u00e9", "e\u0301"), "its name differs from 'é' in case or accents alone"),
        (("\u03c3", "\u03c2"), "its name differs from 'σ' in case or accents alone"),
        (("\u212b", "\u00c5"), "its name differs from '\u212b' in case or accents alone"),
    ],
    ids=lambda value: "|".join(value) if isinstance(value, tuple) else "",
)
def test_two_names_for_one_file_are_refused(names: tuple[str, ...], why: str):
    with pytest.raises(Refusal) as caught:
        add(*names)
    assert caught.value.reason.endswith(f": {why}")


@given(name=st.text(alphabet="aA./\\:é\u0301 ", min_size=1, max_size=12))
def test_what_is_taken_never_leaves_the_folder_and_is_never_taken_twice(name: str):
    seen = MemberNames()
    try:
        taken = seen.add(name)
    except Refusal:
        return
    assert taken == name
    assert not taken.startswith("/")
    assert ".." not in taken.split("/")
    for again in (name, name.upper(), name.swapcase()):
        with pytest.raises(Refusal):
            seen.add(again)


@pytest.mark.parametrize(("name", "told"), [(None, "ARCHIVE_UNSAFE: why"), ("a", "ARCHIVE_UNSAFE: 'a': why"), ("", "ARCHIVE_UNSAFE: '': why")])
def test_the_member_is_named_where_there_is_one(name: str | None, told: str):
    assert unsafe("why", name).reason == told


@pytest.mark.parametrize(
    ("place", "where"), [(None, "f.json"), ((3, 7), "f.json:3:7"), ((3, 0), "f.json:3"), ((0, 0), "f.json")], ids=["none", "both", "line", "nothing"]
)
@pytest.mark.parametrize("code", CURES)
def test_every_refusal_becomes_an_error_with_place_and_cure(code: str, place: tuple[int, int] | None, where: str):
    from lotmark.base.errors import UsageError

    error = Refusal(code, "why", place=place).as_error(UsageError, "f.json")
    assert (error.code, error.reason, error.where, error.solution) == (code, "f.json: why", where, CURES[code])
    assert Refusal(code, "why").as_error(UsageError, "f", cure="do that").solution == "do that"
