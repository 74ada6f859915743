"""The document: set in every state, PDF/A-3a, the same bytes each time, whatever characters stand in it."""

import re
import subprocess
import sys
import types
import zlib

import pytest

from fakes.dossier_log import STATES, DossierLog, item, large, released
from lotmark.base.errors import EnvironmentLacksError
from lotmark.dossier import _pdf
from lotmark.dossier._pdf import KNOWN, breakable, pdf_data, printable, render_pdf

pytestmark = pytest.mark.verifies("REQ-024")


@pytest.fixture(scope="module")
def document() -> bytes:
    return render_pdf(released())


def streams(data: bytes) -> bytes:
    """The uncompressed contents of a PDF, as far as zlib can read them."""
    parts = []
    for match in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL):
        try:
            parts.append(zlib.decompress(match[1]))
        except zlib.error:
            parts.append(match[1])
    return b"\n".join(parts)


def test_two_renderings_are_the_same_bytes(document):
    assert render_pdf(DossierLog().record().view()) == document


def test_another_process_without_fonts_or_home_gives_the_same_bytes(document, tmp_path):
    code = "import sys; from fakes.dossier_log import released; from lotmark.dossier._pdf import render_pdf; sys.stdout.buffer.write(render_pdf(released()))"
    paths = [path for path in sys.path if path.endswith(("tests", "src", "site-packages"))]
    made = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": ":".join(paths), "HOME": str(tmp_path), "TZ": "Asia/Tokyo", "FONTCONFIG_FILE": "/dev/null", "PYTHONHASHSEED": "7"},
    ).stdout
    assert made == document


def test_it_is_pdf_a_3a_and_ua_1_with_the_checkpoint_attached(document):
    text = streams(document)
    assert document.startswith(b"%PDF-1.7")
    assert b"<pdfaid:part>3</pdfaid:part>" in text
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in text
    assert b"<pdfuaid:part>1</pdfuaid:part>" in text
    assert released().log.checkpoint.encode() in text
    assert b"/EmbeddedFile" in document


def test_its_time_is_that_of_the_run(document):
    assert b"2026-11-23T12:01:00" in streams(document)


def test_only_fonts_of_the_compiler_are_inside(document):
    names = {name.rpartition(b"+")[2].split(b"-")[0] for name in re.findall(rb"/FontName\s*/([\w+-]+)", document)}
    assert names <= {b"LibertinusSerif", b"DejaVuSansMono"}
    assert names


@pytest.mark.parametrize("state", STATES)
def test_every_state_of_a_run_is_set(state):
    assert render_pdf(STATES[state]()).startswith(b"%PDF-1.7")


def test_three_hundred_requirements_are_set():
    assert render_pdf(large(300)).startswith(b"%PDF-1.7")


def test_every_character_of_the_tested_set_is_set():
    """A character that a font lacks would be refused by PDF/A."""
    log = DossierLog()
    log.predicate("trace-snapshot")["items"].append(item("REQ-002", "requirement", " ".join(sorted(KNOWN)), ("derives", "UN-001")))
    assert render_pdf(log.record(until="work").view())


def test_text_of_others_is_no_markup():
    log = DossierLog()
    evil = '#panic("x") $x^2$ *bold* `raw` \\ @ref <label> = Heading #include "/etc/passwd" </script> \u202e张伟 \U0001f600 a\u0301 \u0600\u0e47'
    log.opened["product"]["name"] = evil
    log.predicate("trace-snapshot")["items"].append(item("REQ-002", "requirement", evil, ("derives", "UN-001")))
    log.predicate("change-summary")["commits"][0]["subject"] = evil
    assert render_pdf(log.record(until="work").view()).startswith(b"%PDF-1.7")


def test_what_the_fonts_lack_is_shown_by_its_number():
    assert printable("Zhang 张\tÉ\n") == "Zhang [U+5F20] É\n"
    assert printable("e\u0301") == "é"
    assert printable("\u202e") == "\ufffd"
    log = DossierLog()
    log.opened["product"]["name"] = "张"
    data, _ = pdf_data(log.record(until="open").view())
    assert data["replaced"] is True
    assert data["name"] == "[U+5F20]"
    assert pdf_data(released())[0]["replaced"] is False


def test_long_words_may_break_and_digests_do_not():
    assert breakable("short words only") == "short words only"
    assert breakable("tests/unit/test_long_module.py::test_x") == "tests/\u200bunit/\u200btest_\u200blong_\u200bmodule.\u200bpy::\u200btest_\u200bx"
    assert breakable("x" * 45) == "\u200b".join(["x" * 20, "x" * 20, "x" * 5])
    digest = "ab" * 32
    assert breakable(digest) == digest
    assert breakable(f"must print {digest}") == f"must print {digest}"


def test_data_keeps_the_checkpoint_as_it_is():
    data, checkpoint = pdf_data(released())
    assert checkpoint == released().log.checkpoint
    assert "received" not in data["log"]
    assert data["safetyClass"] == "B"


def test_missing_compiler_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(EnvironmentLacksError) as caught:
        render_pdf(released())
    assert caught.value.code == "LM-DOS-080"


class Panic(BaseException):
    """As pyo3's PanicException, no Exception."""


@pytest.mark.parametrize(("error", "expected"), [(Panic("out of bounds"), EnvironmentLacksError), (KeyboardInterrupt(), KeyboardInterrupt)])
def test_panic_of_the_compiler_is_an_error_and_an_interrupt_stays_one(monkeypatch, error, expected):
    def fail(*_, **__):
        raise error

    monkeypatch.setitem(sys.modules, "typst", types.SimpleNamespace(Fonts=lambda **_: None, compile=fail))
    with pytest.raises(expected):
        render_pdf(released())


def test_template_reads_no_file():
    template = _pdf.TEMPLATE.read_text(encoding="utf-8")
    assert not re.search(r"#?(include|import|read|image|plugin|eval)\s*[(\"]", template)
