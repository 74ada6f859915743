"""Every text of a view is somebody else's: none of it becomes an element, an attribute, a style or a direction of writing."""

import dataclasses
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.dossier_log import STATES, released
from lotmark.dossier._html import css_string, render_html
from lotmark.dossier._view_words import count, in_words, instant, join, number, size, status_of, tally, visible, worst

pytestmark = pytest.mark.verifies("REQ-024")

ATTACKS = {
    "script": "<script>alert(1)</script>",
    "image": '"><img src=x onerror=alert(1)>',
    "attribute": '" onmouseover="alert(1)" x="',
    "apostrophe": "' onclick='alert(1)",
    "end of the style": "</style><script>alert(1)</script>",
    "end of the title": "</title><iframe src=//evil.example>",
    "comment": "<!-- --><base href=//evil.example>",
    "form": "<form action=//evil.example><input name=a>",
    "template": "{{ 7*7 }}{% raw %}{#",
    "entity": "&lt;b&gt;&#x3c;script&#x3e;",
    "link": '<a href="javascript:alert(1)">x</a>',
    "svg": "<svg onload=alert(1)><use href=//evil.example#a>",
    "meta": '<meta http-equiv="refresh" content="0;url=//evil.example">',
    "escape sequence": "\x1b[2J\x1b]0;x\x07",
    "right to left": "\u202e\u2066x\u2069\u200b",
    "css": "}</style> @import url(//evil.example); a{background:url(//evil.example)",
    "null": "a\x00b",
    "half of a pair": "\udcff",
    "large": "x" * 1_000,
    "combining": "e" + "\u0301" * 50,
}
KEEP = {"mark", "kind", "section", "word"}
"""Words of the dossier itself."""


def spoiled(value: Any, ending: str, name: str = "") -> Any:
    """The same with `ending` behind every text that comes from a record."""
    if isinstance(value, str):
        return value if name in KEEP or _is_number(value) else value + ending
    if isinstance(value, tuple):
        return tuple(spoiled(each, ending) for each in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return type(value)(**{field.name: spoiled(getattr(value, field.name), ending, field.name) for field in dataclasses.fields(value)})
    return value


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9,]+", text))


class Elements(HTMLParser):
    """The elements and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.links: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, tuple(name for name, _ in attrs)))
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "action"}]


@pytest.fixture(scope="module")
def plain() -> Elements:
    return Elements(render_html(released()).decode())


@pytest.mark.parametrize("ending", ATTACKS.values(), ids=ATTACKS.keys())
def test_a_page_has_the_same_elements_whatever_stands_in_its_texts(plain: Elements, ending: str):
    page = render_html(spoiled(released(), ending)).decode()
    made = Elements(page)
    assert {tag for tag, _ in made.found} <= {tag for tag, _ in plain.found}
    assert {name for _, names in made.found for name in names} <= {name for _, names in plain.found for name in names}
    assert [link for link in made.links if not link.startswith(("#", "data:,"))] == []
    assert page == visible(page)  # no character that steers a terminal or turns the direction of writing


@pytest.mark.parametrize("state", STATES)
def test_in_every_state_of_a_run(state: str):
    ending = '"</style><script>" onclick="'
    view = STATES[state]()
    made, good = Elements(render_html(spoiled(view, ending)).decode()), Elements(render_html(view).decode())
    assert {tag for tag, _ in made.found} <= {tag for tag, _ in good.found}
    assert not [name for _, names in made.found for name in names if name.startswith("on")]


@given(text=st.text(max_size=60))
@settings(max_examples=50)
def test_a_css_string_ends_only_at_its_end(text: str):
    made = css_string(text)
    assert made.startswith('"')
    assert made.endswith('"')
    assert re.fullmatch(r"(?:[A-Za-z0-9 .,:_-]|\\[0-9a-f]+ )*", made[1:-1])


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("", '""'),
        ("qPCR 1.4.0", '"qPCR 1.4.0"'),
        ('"', '"\\22 "'),
        ("\\", '"\\5c "'),
        ("\n", '"\\a "'),
        ("</style>", '"\\3c \\2f style\\3e "'),
        ("é", '"\\e9 "'),
        ("\x00", '"\\fffd "'),
        ("😀", '"\\1f600 "'),
    ],
)
def test_css_strings(text: str, made: str):
    assert css_string(text) == made


# ---- words


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        *((code, True) for code in (0x00, 0x08, 0x0B, 0x0D, 0x1B, 0x1F, 0x7F, 0x85, 0x9B, 0x9F, 0x061C, 0x200B, 0x200F, 0x2028, 0x202E, 0x2060, 0x206F)),
        *((code, True) for code in (0xFEFF, 0xD800, 0xDFFF, 0xFFF9, 0xFFFB, 0xE0000, 0xE007F)),
        *((code, False) for code in (0x09, 0x0A, 0x20, 0x7E, 0xA0, 0xAD, 0x061B, 0x061D, 0x200A, 0x2010, 0x2027, 0x202F, 0x205F, 0x2070)),
        *((code, False) for code in (0xFEFE, 0xD7FF, 0xE000, 0xFFF8, 0xFFFC, 0xE0080, 0x1F600)),
    ],
)
def test_what_cannot_be_seen_is_shown_as_a_mark(code: int, shown: bool):
    assert (visible(f"a{chr(code)}b") == "a\ufffdb") is shown


STATUS = {
    "ok": ["accepted", "passed", "met", "verified", "allowed", "not_affected", "closed", "IDENTICAL"],
    "bad": ["refused", "failed", "error", "missing", "incomplete", "violated", "mismatch", "unreachable", "affected", "DIFFERENT", "NOT_COMPARABLE", "FAILED"],
    "warn": ["skipped", "waived", "excepted", "open", "EQUIVALENT"],
    "wait": ["pending"],
    "none": ["not-run"],
}
UNKNOWN = ["", "ok", "Passed", "ACCEPTED", "passed ", "pass", "IDENTICAl", "unknown", "true"]


@pytest.mark.parametrize(("word", "mark"), [*((word, mark) for mark, words in STATUS.items() for word in words), *((word, "bad") for word in UNKNOWN)])
def test_the_mark_of_a_word(word: str, mark: str):
    assert status_of(word).mark == mark
    assert status_of(word).word


@pytest.mark.parametrize(
    ("word", "told"),
    [("not-run", "not run"), ("violated", "not met"), ("NOT_COMPARABLE", "not comparable"), ("IDENTICAL", "identical"), ("", "unknown"), ("Odd", "Odd")],
)
def test_the_word_of_a_word(word: str, told: str):
    assert status_of(word).word == told


@pytest.mark.parametrize(
    ("marks", "wanted"),
    [
        ((), "none"),
        (("ok",), "ok"),
        (("none",), "none"),
        (("none", "ok"), "ok"),
        (("ok", "warn"), "warn"),
        (("warn", "wait"), "wait"),
        (("wait", "bad", "ok"), "bad"),
    ],
)
def test_the_worst_of_several(marks: Any, wanted: str):
    assert worst(marks) == wanted
    assert worst(reversed(marks)) == wanted


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-11-23T07:30:26.266Z", "2026-11-23 07:30:26 UTC"),
        ("2026-11-23T07:30:26Z", "2026-11-23 07:30:26 UTC"),
        ("2026-11-23T07:30:26+01:00", "2026-11-23T07:30:26+01:00"),
        ("2026-11-23", "2026-11-23"),
        ("", ""),
    ],
)
def test_instants(text: str, told: str):
    assert instant(text) == told


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (in_words(0), "no"),
        (in_words(1), "one"),
        (in_words(12), "twelve"),
        (in_words(13), "13"),
        (in_words(-1), "-1"),
        (in_words(1000), "1,000"),
        (number(0), "0"),
        (number(1234567), "1,234,567"),
        (count(0, "test"), "0 tests"),
        (count(1, "test"), "1 test"),
        (count(1, "criterion", "criteria"), "1 criterion"),
        (count(2, "criterion", "criteria"), "2 criteria"),
        (size(1), "1 byte"),
        (size(1024), "1,024 bytes"),
        (join([]), ""),
        (join(["a"]), "a"),
        (join(["a", "b"]), "a and b"),
        (join(["a", "b", "c"], "or"), "a, b or c"),
        (join(["", "a", ""]), "a"),
        (tally({"passed": 18, "failed": 0, "skipped": 1}), "18 passed, 1 skipped"),
        (tally({"passed": 1200}), "1,200 passed"),
        (tally({}), ""),
    ],
)
def test_numbers_and_lists_in_words(made: str, told: str):
    assert made == told


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _texts(each)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _texts(getattr(value, field.name))


def test_the_view_of_these_tests_has_texts_in_every_part():
    assert len(list(_texts(released()))) > 300
