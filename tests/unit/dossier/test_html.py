"""The page: whole, inert, accessible in its structure, the same bytes each time."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from fakes.dossier_log import STATES, DossierLog, item, large, released
from lotmark.dossier._html import SECTIONS, css_string, render_html

pytestmark = pytest.mark.verifies("REQ-024")


VOID = {"meta", "link", "br", "use", "path", "circle"}


class Page(HTMLParser):
    """What a browser would see, as far as these tests look."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.errors: list[str] = []
        self.headings: list[tuple[int, str]] = []
        self.text: list[str] = []
        self._style = ""
        self.feed(data.decode("utf-8"))
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((int(tag[1]), ""))

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.errors.append(tag)

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            self._style += data
        else:
            self.text.append(data)
        if self.open and re.fullmatch("h[1-6]", self.open[-1]):
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def style(self) -> str:
        return self._style

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(render_html(released()))


@pytest.mark.parametrize("state", STATES)
def test_every_state_of_a_run_gives_a_whole_page(state):
    view = STATES[state]()
    page = Page(render_html(view))
    assert page.errors == []
    assert page.open == []
    assert [attrs["id"] for attrs in page.all("section")] == [name for name, _ in SECTIONS]
    assert view.verdict.sentence in page.words
    links = {attrs["href"][1:] for attrs in page.all("a") if attrs["href"].startswith("#")}
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert links <= set(ids)


def test_two_renderings_are_the_same_bytes():
    assert render_html(released()) == render_html(DossierLog().record().view())


def test_nothing_is_loaded_and_nothing_runs(page):
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "iframe", "img", "object", "embed", "form", "input", "base"}
    assert [attrs["href"] for attrs in page.all("link")] == ["data:,"]
    for _, attrs in page.tags:
        assert not any(name.startswith("on") for name in attrs)
        assert "style" not in attrs
        assert all(attrs[name].startswith(("#", "data:,")) for name in ("href", "src") if name in attrs)
    assert "url(" not in page.style
    assert "@import" not in page.style
    assert "@font-face" not in page.style


def test_policy_allows_this_style_sheet_alone(page):
    (policy,) = [attrs["content"] for attrs in page.all("meta") if attrs.get("http-equiv") == "Content-Security-Policy"]
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


EVIL = "<script>alert(1)</script>\" onload='x' {{ 7*7 }} &amp; </style></title>"


def test_text_of_others_stays_text():
    log = DossierLog()
    log.opened["product"]["name"] = EVIL
    trace = log.predicate("trace-snapshot")
    trace["items"].append(item("REQ-002", "requirement", EVIL, ("derives", "UN-001")))
    log.predicate("risk-snapshot")["hazards"][0] |= {"title": EVIL, "harm": EVIL, "id": 'HAZ-1"><script>'}
    log.predicate("change-summary")["commits"][0] |= {"subject": EVIL, "references": [EVIL]}
    log.predicate("release-candidate")["artifact"]["name"] = EVIL
    log.predicate("dependencies")["components"][0] |= {"name": EVIL, "licence": EVIL}
    log.run.findings["unit"] = [{"code": EVIL, "severity": "error", "message": EVIL, "help": EVIL}]
    data = render_html(log.record(until="work").view())
    page = Page(data)
    assert page.errors == []
    assert "script" not in {tag for tag, _ in page.tags}
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert b"<script" not in data
    assert b"49" not in data.partition(b"{{ 7*7 }}")[2][:20]
    assert EVIL.split('"', 1)[0] in page.words
    assert "</style" not in page.style


def test_hidden_and_turning_characters_are_shown_as_a_mark():
    log = DossierLog()
    log.opened["product"]["name"] = "Caller \u202e0.1\u202c\x00"
    data = render_html(log.record(until="open").view())
    assert "\u202e" not in data.decode()
    assert b"\x00" not in data
    assert "Caller \ufffd0.1\ufffd\ufffd" in data.decode()


def test_css_string_cannot_be_left():
    assert css_string('a"; } </style>') == '"a\\22 \\3b  \\7d  \\3c \\2f style\\3e "'
    assert css_string("Ünit 1") == '"\\dc nit 1"'


def test_paper_says_product_run_status_artifact_and_log(page):
    margin = page.style.rpartition("@page {")[2]
    assert "qPCR caller 1.4.0, qpcr:RUN-0001" in margin
    assert "Released" in margin
    assert "counter(page)" in margin
    assert released().artifact.value[:16] in margin
    assert f"size {released().log.size}" in margin


def test_headings_stand_in_order_without_a_gap(page):
    levels = [level for level, _ in page.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_landmarks_language_title_and_skip_link(page):
    names = [tag for tag, _ in page.tags]
    assert [names.count(tag) for tag in ("header", "nav", "main", "footer")] == [1, 1, 1, 1]
    assert page.all("html")[0]["lang"] == "en"
    assert "qPCR caller 1.4.0: Released (qpcr:RUN-0001)" in page.words
    first = page.all("a")[0]
    assert (first["class"], first["href"]) == ("skip", "#main")
    assert all("aria-labelledby" in attrs for attrs in page.all("section"))


def test_every_table_has_a_caption_and_scoped_headers(page):
    tables, captions = page.all("table"), page.all("caption")
    assert len(tables) == len(captions) > 15
    assert all("scope" in attrs for attrs in page.all("th"))
    regions = [attrs for attrs in page.all("div") if attrs.get("role") == "region"]
    assert all(attrs["tabindex"] == "0" and attrs["aria-labelledby"] for attrs in regions)


def test_no_status_by_colour_alone(page):
    """Each status has a sign, and a word beside it."""
    data = render_html(released()).decode()
    statuses = re.findall(r'<span class="st (\w+)"><svg[^>]*><use href="#i-(\w+)"/></svg><span>([^<]+)</span></span>', data)
    assert len(statuses) == len(re.findall(r'class="st ', data))
    assert all(colour == sign and word.strip() for colour, sign, word in statuses)


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colours_keep_the_contrast_of_wcag_aa(page, scheme):
    blocks = re.findall(r":root \{([^}]*)\}", page.style)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[0])) | (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[1])) if scheme else {})
    pairs = [(ink, ground) for ink in ("ink", "soft", "accent", "ok", "bad", "wait", "none") for ground in ("page", "panel", "head")]
    pairs += [(mark, f"{mark}-bg") for mark in ("ok", "bad", "wait", "none")] + [("ink", f"{mark}-bg") for mark in ("ok", "bad", "wait", "none")]
    pairs += [("lv-ink", f"lv{n}") for n in "01234x"]
    weak = {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in pairs if contrast(colours[pair[0]], colours[pair[1]]) < 4.5}
    assert weak == {}
    assert contrast(colours["rule"], colours["page"]) >= 3


def test_five_hundred_requirements_stay_a_page_that_can_be_used():
    data = render_html(large(500))
    page = Page(data)
    assert len(data) < 3_000_000
    assert page.errors == []
    assert "REQ-500" in page.words
    groups = [attrs for attrs in page.all("details") if attrs.get("class") == "group"]
    assert len(groups) == 10
    assert not any("open" in attrs for attrs in groups)


def test_log_without_a_witness_says_what_that_means(page):
    assert "No witness: tamper-evident only against people without the log key." in page.words
    cosigned = replace(released(), log=replace(released().log, witnesses=2))
    assert "Cosigned by 2 witnesses" in Page(render_html(cosigned)).words


def test_page_says_that_it_is_a_rendering(page):
    assert "carries no signature itself" in page.words
    assert "lotmark verify qpcr-1.4.0.zip --trust trust.json" in page.words
