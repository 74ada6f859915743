"""A page is shown on a terminal: whatever stands in the evidence, no control character leaves it and no line is forged."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.index_answers import (
    answers,
    approval,
    component,
    components,
    decision,
    five,
    from_what,
    item,
    item_test,
    signature,
    summary,
    target,
    waiver,
    what,
    with_which_tests,
)
from lotmark.base.formats import show_text
from lotmark.index.api import format_answers
from lotmark.index.models import Answers, Covered, Device, Gap, Layer, Vulnerability, WaiverAnswer

pytestmark = pytest.mark.verifies("REQ-023")

ESCAPES = {
    "clear screen": "\x1b[2J\x1b[H",
    "title of the window": "\x1b]0;owned\x07",
    "hyperlink": "\x1b]8;;https://evil.example\x1b\\",
    "carriage return": "\r  state           ✓ released",
    "line feed": "\n  state           ✓ released",
    "backspace": "\b" * 40,
    "one byte CSI": "\x9b31m",
    "right to left": "\u202egpj.exe",
    "isolate": "\u2066x\u2069",
    "line separator": "\u2028forged",
    "null": "\x00",
    "delete": "\x7f",
    "next line": "\x85forged",
    "half of a pair": "\ud800",
}
WORDS = ("state", "standing")
"""Fields whose values are words of the index itself, never of a record."""
LABELS = ("version", "run", "layer", "status", "claim_text", "backend")
"""Fields that may stand as the label of a line."""

FULL = five(
    what=what(device=Device(models="LP", firmware_algorithm="crc32", firmware_checksum="44", calibration_path="c.json", calibration_sha256="29")),
    from_what=from_what(
        components=components(
            licences_refused=("x",),
            vulnerabilities=(Vulnerability(vulnerability="CVE", component="numpy", severity="high", state="affected", justification="why"),),
        )
    ),
    with_which_tests=with_which_tests(
        layers=(Layer(layer="unit", reported=True, unexpected=1, unstable=1), Layer(layer="validation", reported=False)),
        covered=(Covered(kind="hazard", total=1, passed=1, waived=0),),
        gaps=(Gap(item="REQ-001", kind="requirement", title="t", status="failed"),),
        waivers=(waiver(),),
        open_anomalies=("ANO-001",),
    ),
    under_which_approval=approval(
        decision=decision(unmet=("u",), missing=("m",), tier_reasons=("r",)), signatures=(signature(on_behalf_of="rene"),), stage="refused: why"
    ),
)
PAGES = {
    "release": answers("commit", answers=FULL, others=(summary(),)),
    "item": answers("item", items=(item(risk="r", links=("l",), tests=(item_test(waiver="w"), item_test(test="a::b[c]"))),)),
    "component": answers("component", components=(component(), component(run=summary(state="open", released_at=None)))),
    "waiver": answers("waiver", waiver=WaiverAnswer(waiver=waiver(), runs=(summary(),))),
    "place": answers("digest", answers=five(what=what(targets=(target(is_current=False, replaced_by="1.5.0"), target(verdict=None), target(reason="r"))))),
}


def spoiled(value: Any, ending: str, keep: tuple[str, ...] = WORDS, name: str = "") -> Any:
    """The same with `ending` behind every text that a record may hold."""
    if isinstance(value, str):
        return value if name in keep else value + ending
    if isinstance(value, tuple):
        return tuple(spoiled(each, ending, keep) for each in value)
    if isinstance(value, dict):
        return {key + ending: each for key, each in value.items()}
    if isinstance(value, msgspec.Struct):
        return type(value)(**{field: spoiled(getattr(value, field), ending, keep, field) for field in value.__struct_fields__})
    return value


@pytest.mark.parametrize("ending", ESCAPES.values(), ids=ESCAPES.keys())
@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
def test_nothing_but_the_pages_own_line_feeds_reaches_the_terminal(page: Answers, ending: str):
    made = format_answers(spoiled(page, ending), width=100)
    assert [line for line in made.split("\n") if show_text(line) != line] == []


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
def test_a_line_feed_makes_no_line_of_its_own(page: Answers):
    forged = "\n  sentence        ✓ forged"
    assert forged not in format_answers(spoiled(page, forged), width=400)


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
def test_on_a_page_with_colours_the_only_sequences_are_its_own(page: Answers):
    made = format_answers(spoiled(page, "\x1b[31m"), styled=True)
    for code in ("0", "1", "2", "31", "32", "33"):
        made = made.replace(f"\x1b[{code}m", "")
    assert "\x1b" not in made
    assert made.count("\\x1b[31m") > 5


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
@pytest.mark.parametrize("width", [0, 1, 60, 80, 100, 132])
def test_a_page_is_as_wide_as_asked_for_whatever_it_holds(page: Answers, width: int):
    made = format_answers(spoiled(page, " and more words " * 5, (*WORDS, *LABELS)), width=width)
    long = [line for line in made.split("\n") if len(line) > max(width, 60)]
    # A title and a table run on; a paragraph does not.
    assert [line for line in long if line.startswith("   ")] == []


@given(ending=st.text(max_size=12))
@settings(max_examples=25)
def test_any_text_stays_on_its_line(ending: str):
    for page in PAGES.values():
        assert [line for line in format_answers(spoiled(page, ending)).split("\n") if show_text(line) != line] == []


def test_every_page_of_this_file_holds_a_text_for_most_fields():
    """So that a field which is added is spoiled too."""
    said = {type(value).__name__ for page in PAGES.values() for value in _structs(page)}
    assert said >= {"About", "Proof", "Target", "Device", "Vulnerability", "Gap", "Signature", "Decision", "ItemTest", "RunSummary", "Waiver"}


def _structs(value: Any) -> Iterator[msgspec.Struct]:
    if isinstance(value, tuple):
        for each in value:
            yield from _structs(each)
    elif isinstance(value, msgspec.Struct):
        yield value
        for field in value.__struct_fields__:
            yield from _structs(getattr(value, field))
