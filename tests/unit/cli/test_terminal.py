"""What reaches a terminal: of the text of a record no control character, of our own colours those that are wanted."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.cli_desk import Desk
from lotmark.base.errors import RefusedError
from lotmark.base.findings import Finding, Severity
from lotmark.base.formats import show_page, show_text
from lotmark.cli._output import Output, fold_findings, format_finding, table
from lotmark.cli._progress import LineProgress, _marked
from lotmark.pipeline.models import Stage

pytestmark = pytest.mark.verifies("REQ-025", "RC-009")

HOSTILE = {
    "clear screen": ("\x1b[2J", "\\x1b[2J"),
    "cursor up": ("\x1b[1A", "\\x1b[1A"),
    "window title": ("\x1b]0;x\x07", "\\x1b]0;x\\x07"),
    "carriage return": ("\rok", "\\x0dok"),
    "backspace": ("\b", "\\x08"),
    "one byte CSI": ("\x9b2J", "\\x9b2J"),
    "right to left": ("\u202e", "\\u202e"),
    "line separator": ("\u2028", "\\u2028"),
    "null": ("\x00", "\\x00"),
    "lone surrogate": ("\udc80", "\\udc80"),
}
hostile = pytest.mark.parametrize(("raw", "shown"), HOSTILE.values(), ids=HOSTILE.keys())


def output(form: str = "text", *, quiet: bool = False) -> Output:
    return Output(Path(), None, None, form, quiet)


@hostile
def test_a_text_shows_what_a_terminal_would_obey(capsys, raw, shown):
    output().print(f"before {raw} after")
    assert capsys.readouterr().out == f"before {shown} after\n"


@hostile
def test_a_note_shows_it_too(capsys, raw, shown):
    output().note(f"before {raw} after")
    assert capsys.readouterr().err == f"before {shown} after\n"


@hostile
def test_json_writes_it_as_an_escape_and_keeps_the_value(capsys, raw, shown):
    del shown
    value = {f"name {raw}": [f"before {raw} after", {"deep": raw}]}
    output("json").result("x", value, "")
    told = capsys.readouterr().out
    assert not [char for char in raw if not char.isprintable() and char in told]
    assert json.loads(told) == {"schema": "https://lotmark.dev/output/x/v1", **value}


@pytest.mark.parametrize(
    ("raw", "written"),
    [
        ("\x7f", "\\u007f"),
        ("\x80", "\\u0080"),
        ("\x85", "\\u0085"),
        ("\x9b", "\\u009b"),
        ("\x9f", "\\u009f"),
        ("\xa0", "\xa0"),
        ("\u061b", "\u061b"),
        ("\u061c", "\\u061c"),
        ("\u061d", "\u061d"),
        ("\u200d", "\u200d"),
        ("\u200e", "\\u200e"),
        ("\u200f", "\\u200f"),
        ("\u2028", "\\u2028"),
        ("\u202a", "\\u202a"),
        ("\u202e", "\\u202e"),
        ("\u202f", "\u202f"),
        ("\u2065", "\u2065"),
        ("\u2066", "\\u2066"),
        ("\u2069", "\\u2069"),
        ("\ud800", "\\ud800"),
        ("\uffff", "\\uffff"),
        ("\n", "\\n"),
        ("\t", "\\t"),
        ("\x1b", "\\u001b"),
        ("é", "é"),
        ("中", "中"),
        ("😀", "😀"),
        ("\\", "\\\\"),
        ("\\u202e", "\\\\u202e"),
        ("\\\u202e", "\\\\\\u202e"),
    ],
    ids=ascii,
)
def test_json_escapes_exactly_what_a_terminal_obeys(raw, written):
    told = output("json").format_json("x", {"a": raw})
    assert told == f'{{\n  "schema": "https://lotmark.dev/output/x/v1",\n  "a": "{written}"\n}}'
    assert json.loads(told)["a"] == raw


@given(value=st.dictionaries(st.text(max_size=8), st.none() | st.integers() | st.lists(st.text(max_size=8), max_size=3), max_size=3))
def test_escaped_json_has_the_value_it_had(value):
    told = output("json").format_json("x", {"a": value})
    assert json.loads(told)["a"] == value
    assert show_page(told) == told


@hostile
def test_an_error_shows_it_in_its_reason_its_place_and_its_cure(desk: Desk, raw, shown):
    desk.answers("list_retention", RefusedError("LM-REC-001", f"reason {raw}", where=f"place {raw}", solution=f"cure {raw}"))
    told = desk("records", "status").err.splitlines()
    assert told == [f"error[LM-REC-001]: reason {shown}", f"  at: place {shown}", f"  help: cure {shown}", "  more: lotmark explain LM-REC-001"]


@hostile
def test_progress_shows_it(capsys, raw, shown):
    LineProgress().stage_note(Stage.UNIT, f"test {raw}")
    assert capsys.readouterr().err == f"unit          test {shown}\n"


@hostile
def test_a_finding_shows_it(raw, shown):
    told = click.unstyle(format_finding({"code": "LM-X-001", "severity": "error", "message": f"m {raw}", "location": f"p {raw}", "help": f"h {raw}"}))
    assert told == f"✗ LM-X-001 p {shown}: m {shown}\n  help: h {shown}"


@pytest.mark.parametrize("part", ["message", "location", "help"])
def test_a_line_feed_in_a_finding_makes_no_finding(part):
    told = format_finding({"code": "LM-X-001", "severity": "warning", "message": "m", part: "x\n✓ all is well"})
    assert "\n✓" not in told
    assert "x\\n✓ all is well" in told


def test_a_line_feed_in_a_cell_makes_no_row():
    assert table([("a", "b"), ("x\n✓ released", "y")]) == "a              b\nx\\n✓ released  y"


@pytest.mark.parametrize("text", ["two\nlines", "a\ttab", "\x1b[32m✓\x1b[0m verified", "\x1b[1;31mx\x1b[0m", "ümläut 中文 😀", ""])
def test_what_a_page_is_made_of_stays(text):
    assert show_page(text) == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\x1b[32m\x1b[2J\x1b[0m", "\x1b[32m\\x1b[2J\x1b[0m"),
        ("\x1b[?25l", "\\x1b[?25l"),
        ("\x1b[38;5;1mx", "\x1b[38;5;1mx"),
        ("\x1b[31", "\\x1b[31"),
        ("\x1b", "\\x1b"),
        ("\r\n", "\\x0d\n"),
    ],
    ids=["between-colours", "private-mode", "colour", "cut-short", "escape", "crlf"],
)
def test_only_colours_are_let_through(text, told):
    assert show_page(text) == told


@given(text=st.text(max_size=40))
def test_a_page_loses_nothing_and_is_the_same_when_shown_again(text):
    shown = show_page(text)
    assert show_page(shown) == shown
    assert len(shown) >= len(text)
    assert "".join(show_text(line) for line in click.unstyle(shown).replace("\t", "").split("\n")) == click.unstyle(shown).replace("\t", "").replace("\n", "")


@pytest.mark.parametrize("form", ["json", "sarif", "csv", "markdown", "github", "gitlab", "junit"])
def test_forms_for_machines_are_printed_as_they_are(capsys, form):
    output(form).print("a\x1b[2Jb", newline=False)
    assert capsys.readouterr().out in {"a\x1b[2Jb", "ab"}


def test_json_writes_control_characters_as_json_does(capsys):
    output("json").result("x", {"text": "a\x1b[2J\r\n"}, "")
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert json.loads(printed) == {"schema": "https://lotmark.dev/output/x/v1", "text": "a\x1b[2J\r\n"}


@pytest.mark.parametrize("text", ["[red]x[/]", "[link=file:///etc/passwd]x[/link]", "[", "a]b", "[/]", "\\[bold]"])
def test_foreign_text_is_no_style_of_the_live_table(text):
    from rich.text import Text

    assert Text.from_markup(_marked(text)).plain == text


def test_quiet_tells_nothing_but_the_result(capsys):
    made = output(quiet=True)
    made.note("a hint")
    made.result("x", {}, "the result")
    assert capsys.readouterr() == ("the result\n", "")


@pytest.mark.parametrize("form", ["sarif", "junit", "github", "gitlab", "markdown", "csv"])
def test_a_result_that_is_no_list_of_findings_has_two_forms(form):
    with pytest.raises(Exception, match=f"no form '{form}'") as caught:
        output(form).result("x", {}, "")
    assert (caught.value.code, caught.value.solution) == ("LM-CLI-005", "use text or json; `check` has the other forms")  # type: ignore[attr-defined]


def test_findings_have_no_table():
    with pytest.raises(Exception, match="findings have no form 'csv'") as caught:
        output("csv").findings([])
    assert caught.value.solution == "use text, json, sarif, junit, github, gitlab or markdown"  # type: ignore[attr-defined]


# ---- colours


class Stream:
    def __init__(self, *, tty: bool) -> None:
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty


@pytest.mark.parametrize(
    ("variables", "tty", "wanted"),
    [
        ({}, True, None),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, None),
        ({"NO_COLOR": "", "FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": ""}, False, False),
    ],
    ids=lambda value: "+".join(f"{name}={text}" for name, text in value.items()) or "plain" if isinstance(value, dict) else None,
)
def test_colours_are_a_wish_of_the_person_then_of_the_terminal(monkeypatch, variables, tty, wanted):
    from lotmark.cli._output import _wants_color

    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert _wants_color(Stream(tty=tty)) is wanted


# ---- tables and folded findings


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([], ""),
        ([()], ""),
        ([("a",)], "a"),
        ([("a", "b"), ("ccc", "d")], "a    b\nccc  d"),
        ([("a", ""), ("ccc", "")], "a\nccc"),
        ([("a",), ("b", "c")], "a\nb  c"),
        ([(1, None)], "1  None"),
    ],
    ids=["nothing", "an-empty-row", "a-cell", "aligned", "empty-cells", "ragged", "other-values"],
)
def test_tables(rows: list[Any], text: str):
    assert table(rows) == text


def test_a_table_may_be_set_in():
    assert table([("a", "b")], indent="  ") == "  a  b"


def finding(code: str, severity: Severity) -> Finding:
    return Finding(code, "m", severity)


@pytest.mark.parametrize(
    ("given", "shown", "hidden"),
    [
        ([], 0, {}),
        ([("LM-A-001", Severity.WARNING)] * 3, 3, {}),
        ([("LM-A-001", Severity.WARNING)] * 4, 3, {"LM-A-001": 1}),
        ([("LM-A-001", Severity.INFO)] * 5, 3, {"LM-A-001": 2}),
        ([("LM-A-001", Severity.ERROR)] * 9, 9, {}),
        ([("LM-B-001", Severity.WARNING)] * 5 + [("LM-A-001", Severity.INFO)] * 4, 6, {"LM-A-001": 1, "LM-B-001": 2}),
        ([("LM-A-001", Severity.WARNING), ("LM-A-001", Severity.ERROR)] * 4, 7, {"LM-A-001": 1}),
    ],
    ids=["none", "three", "four", "information", "errors", "two-rules", "a-rule-that-is-both"],
)
def test_what_repeats_is_folded_and_counted_by_rule(given, shown, hidden):
    findings = [finding(code, severity) for code, severity in given]
    kept, left_out = fold_findings(findings)
    assert (len(kept), left_out) == (shown, hidden)
    wire = [each.to_wire() for each in findings]
    assert fold_findings(wire) == ([each.to_wire() for each in kept], hidden)


@pytest.fixture
def closed() -> SimpleNamespace:
    return SimpleNamespace(write=lambda _: (_ for _ in ()).throw(BrokenPipeError()), flush=lambda: None, isatty=lambda: False)


def test_a_listener_that_went_away_changes_no_note(monkeypatch, closed):
    with monkeypatch.context() as patch:
        patch.setattr("sys.stderr", closed)
        LineProgress().stage_note(Stage.UNIT, "on")
