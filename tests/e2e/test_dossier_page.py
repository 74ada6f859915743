"""The dossier in a real browser: it lays out at every width, loads nothing, obeys its own policy, and prints whole."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fakes.dossier_log import large, poor, released
from lotmark.dossier.api import render_html

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.verifies("REQ-024"), pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]
WIDTHS = (320, 400, 800, 1280)
SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--allow-file-access-from-files",
    "--enable-logging=stderr",
)
LOOK = """
const found = [];
for (const frame of document.querySelectorAll("iframe")) {
  const page = frame.contentDocument, root = page.documentElement;
  const small = [...page.querySelectorAll("a, summary")].filter(it => {
    const box = it.getBoundingClientRect();
    const line = it.closest("p, li") && !it.closest("td, .toc, .figures");
    return box.height > 0 && box.height < 23.9 && !line && !it.classList.contains("skip");
  }).map(it => it.outerHTML.slice(0, 120));
  found.push({
    width: root.clientWidth, wide: root.scrollWidth, height: root.scrollHeight, small,
    numerals: frame.contentWindow.getComputedStyle(page.body).fontVariantNumeric,
    loaded: frame.contentWindow.performance.getEntriesByType("resource").length,
    scripts: page.scripts.length, h1: page.querySelector("h1").textContent,
  });
}
document.body.textContent = "RESULT" + JSON.stringify(found) + "END";
"""


def chromium(folder: Path, page: Path, *switches: str) -> subprocess.CompletedProcess[str]:
    assert CHROMIUM is not None
    command = [CHROMIUM, *SWITCHES, f"--user-data-dir={folder / 'profile'}", *switches, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


@pytest.mark.parametrize("make", [released, poor, lambda: large(500)], ids=["released", "refused", "500 requirements"])
def test_page_fits_every_width_and_loads_nothing(tmp_path: Path, make):
    page = tmp_path / "dossier.html"
    page.write_bytes(render_html(make()))
    frames = "".join(f'<iframe src="dossier.html" width="{width}" height="900"></iframe>' for width in WIDTHS)
    look = tmp_path / "look.html"
    look.write_text(f"<!doctype html><body>{frames}<script>addEventListener('load', () => {{{LOOK}}})</script></body>")
    done = chromium(tmp_path, look, "--window-size=3000,1000", "--dump-dom")
    match = re.search(r"RESULT(.*)END", done.stdout, re.DOTALL)
    assert match, done.stderr[-2000:]
    found = json.loads(match[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    assert [entry["wide"] <= entry["width"] for entry in found] == [True] * len(WIDTHS), found
    assert {(entry["numerals"], entry["loaded"], entry["scripts"], entry["h1"]) for entry in found} == {("tabular-nums", 0, 0, "qPCR caller 1.4.0")}
    assert [entry["small"] for entry in found] == [[]] * len(WIDTHS)
    assert "Content Security Policy" not in done.stderr


def test_paper_has_everything_with_numbered_pages(tmp_path: Path):
    page, paper = tmp_path / "dossier.html", tmp_path / "dossier.pdf"
    page.write_bytes(render_html(released()))
    chromium(tmp_path, page, f"--print-to-pdf={paper}", "--no-pdf-header-footer")
    assert paper.read_bytes().startswith(b"%PDF")
    if (pdftotext := shutil.which("pdftotext")) is None:
        pytest.skip("no pdftotext on this machine: the paper was made and not read")
    text = subprocess.run([pdftotext, "-layout", str(paper), "-"], capture_output=True, text=True, check=True).stdout
    pages = text.split("\f")[:-1]
    assert len(pages) > 3
    for number, content in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in content
        assert "qPCR caller 1.4.0, qpcr:RUN-0001" in content
    # Folded on the screen, open on paper.
    assert "stages.filter(" in text
    assert "tests/unit/test_ct.py" in text
    assert "src/qpcr/baseline.py" in text
