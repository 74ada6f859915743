"""The conventions that the page on links shows are those that the readers know."""

import re
from pathlib import Path

import pytest

from lotmark.checks.api import parse_exceptions, parse_lock
from lotmark.trace.api import scan_source

pytestmark = pytest.mark.verifies("REQ-025", "REQ-403")

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "how-to/link-work.md").read_text(encoding="utf-8")


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


MARKED = {
    "python": ("test_lots.py", {"test_an_expired_lot_is_refused": ("REQ-014", "RC-002")}),
    "js": ("lots.test.js", {"refuses an expired lot": ("REQ-014", "RC-002"), "tells why": ("REQ-015", "REQ-016", "REQ-017")}),
    "c": ("test_lots.c", {"test_expired_lot": ("REQ-014", "RC-002")}),
    "cpp": ("test_lots.cpp", {"Lots.TellsWhy": ("REQ-015",), "LotsOnDevice.Beeps": ("REQ-016",)}),
}


@pytest.mark.parametrize("language", MARKED)
def test_the_markers_of_a_language_are_read_as_the_page_says(language):
    name, expected = MARKED[language]
    (source,) = blocks(PAGE, language)
    scan = scan_source(f"tests/unit/{name}", source.encode(), "qpcr")
    assert scan.verifies == {f"tests/unit/{name}::{test}": ids for test, ids in expected.items()}
    assert {test.id for test in scan.tests} == set(scan.verifies)
    assert scan.findings == ()


def test_the_exception_and_the_lock_line_of_the_page_are_read():
    page = (DOCS / "reference/check.md").read_text(encoding="utf-8")
    (text,) = blocks(page, "yaml")
    (entry,) = parse_exceptions(text.encode()).value.exceptions
    assert entry.owner == "dana"
    (line,) = re.findall(r"^    (REQ-014 derives .*)$", page, re.MULTILINE)
    assert parse_lock(line.encode()).findings == ()
    assert parse_lock(line.encode()).held
