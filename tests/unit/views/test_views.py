"""Views of the trace: what a page and a table say, and what nobody can make them say."""

import csv
import io
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from fakes.trace_files import case, hazard, need, requirement, sound, sound_sources
from lotmark.trace.api import parse_trace, scan_source
from lotmark.trace.models import SourceScan
from lotmark.views.api import (
    build_view,
    escape_cell,
    format_csv,
    format_dot,
    format_graph_json,
    format_mermaid,
    format_xlsx,
    matrix_table,
    render_html,
    risk_table,
    select_items,
)
from lotmark.views.models import SYMBOLS, State, TrendPoint

pytestmark = pytest.mark.verifies("REQ-405")

TEST = "tests/unit/test_it.py::test_it"
CONTROL = "tests/unit/test_control.py::test_control"
HOSTILE = "<script>alert(1)</script>\"&' =cmd|x \u202e"


def graph_of(files=None, sources=None):
    return parse_trace(files or sound(), "qpcr", sources=sources or sound_sources())


def with_control_test():
    more = scan_source("tests/unit/test_control.py", b'import pytest\n@pytest.mark.verifies("RC-001", "HAZ-001")\ndef test_control(): pass\n', "qpcr")
    first = sound_sources()
    return SourceScan(first.markers + more.markers, first.tests + more.tests, 2)


def row(view, item_id):
    return next(row for row in view.rows if row.id == item_id)


class TestStates:
    def test_without_results_nothing_is_judged(self):
        view = build_view(graph_of(), None)
        assert {row.state for row in view.rows} == {State.UNKNOWN}
        assert all(not row.reasons for row in view.rows)
        assert view.open_hazards == view.risks
        assert "nothing is shown as verified" in view.source

    def test_a_passing_test_verifies_everything_above_it(self):
        view = build_view(graph_of(sources=with_control_test()), {TEST: "passed", CONTROL: "passed"})
        assert {row.state for row in view.rows} == {State.VERIFIED}
        assert view.open_hazards == ()
        assert view.counts == {"verified": 1}

    @pytest.mark.parametrize(
        ("status", "state"),
        [("failed", State.FAILED), ("error", State.FAILED), ("skipped", State.INCOMPLETE), ("stale", State.INCOMPLETE), ("odd", State.INCOMPLETE)],
    )
    def test_anything_else_does_not(self, status, state):
        view = build_view(graph_of(), {TEST: status})
        assert row(view, "REQ-001").state is state
        assert row(view, "HAZ-001").state is State.INCOMPLETE
        assert any(status in reason for reason in row(view, "REQ-001").reasons)

    def test_a_test_without_result_is_missing(self):
        view = build_view(graph_of(), {})
        assert row(view, "REQ-001").tests == ((TEST, "missing"),)
        assert row(view, "REQ-001").state is State.INCOMPLETE

    def test_implementation_and_effectiveness_of_a_control_are_verified_apart(self):
        (risk,) = build_view(graph_of(), {TEST: "passed"}).risks
        assert risk.controls[0][3:] == (State.VERIFIED, State.INCOMPLETE)
        (risk,) = build_view(graph_of(sources=with_control_test()), {TEST: "failed", CONTROL: "passed"}).risks
        assert risk.controls[0][3:] == (State.INCOMPLETE, State.VERIFIED)
        (risk,) = build_view(graph_of(sources=with_control_test()), {TEST: "passed", CONTROL: "error"}).risks
        assert risk.controls[0][3:] == (State.VERIFIED, State.FAILED)

    def test_a_hazard_is_only_as_verified_as_its_controls_are_effective(self):
        view = build_view(graph_of(), {TEST: "passed"})
        (risk,) = view.open_hazards
        assert risk.state is row(view, "HAZ-001").state is State.INCOMPLETE
        assert risk.reasons == ("the effectiveness of RC-001 is not verified",)

    def test_what_results_say_that_they_verify_counts_too(self):
        view = build_view(graph_of(sources=SourceScan()), {"Pump::stops": "passed"}, verifies={"Pump::stops": ("REQ-001",)})
        assert row(view, "REQ-001").state is State.VERIFIED

    def test_obsolete_items_are_not_shown(self):
        files = {**sound(), "quality/requirements/REQ-009.md": requirement("REQ-009", "derives: [UN-001]").popitem()[1].replace(b"approved", b"obsolete")}
        assert "REQ-009" not in {row.id for row in build_view(graph_of(files), {}).rows}

    def test_every_state_has_a_symbol_of_its_own(self):
        assert len({SYMBOLS[state] for state in State}) == len(State)


class TestHeatMap:
    def test_each_hazard_stands_in_its_cell_before_and_after(self):
        view = build_view(graph_of(), None)
        assert view.before.severities[0] == "catastrophic"
        assert view.before.probabilities[0] == "improbable"
        at = view.before.severities.index("critical")
        assert view.before.cells[at][view.before.probabilities.index("probable")] == ("HAZ-001",)
        assert view.after.cells[at][0] == ("HAZ-001",)
        assert sum(len(cell) for line in view.before.cells for cell in line) == 1

    def test_an_unknown_estimate_is_not_placed_and_not_lost(self):
        files = {**sound(), **hazard("HAZ-001", "after: {severity: odd, probability: remote}")}
        view = build_view(graph_of(files), None)
        assert view.after.unplaced == ("HAZ-001",)
        assert not any(cell for line in view.after.cells for cell in line)


class Page(HTMLParser):
    """Collects what the tests ask of a page."""

    def __init__(self, data):
        super().__init__()
        self.tags, self.ids, self.targets, self.loads, self.text = [], [], [], [], []
        self.feed(data.decode())

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append((tag, given))
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a" and given.get("href", "").startswith("#"):
            self.targets.append(given["href"][1:])
        self.loads += [value for key, value in attrs if key in {"src", "srcset", "data", "action"} or (key == "href" and not value.startswith("#"))]

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def page():
    trend = (TrendPoint("qpcr:RUN-0001", 1, 0, 0), TrendPoint("qpcr:RUN-0002", 1, 1, 1))
    return render_html(build_view(graph_of(), {TEST: "passed"}, name="qPCR", version="1.0", trend=trend))


class TestPage:
    def test_it_loads_nothing(self, page):
        assert Page(page).loads == []
        assert not re.search(rb"https?://|@import|url\(", page)

    def test_its_policy_allows_only_what_stands_in_it(self, page):
        (policy,) = [attrs["content"] for tag, attrs in Page(page).tags if attrs.get("http-equiv") == "Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy

    def test_its_links_lead_somewhere_and_ids_are_single(self, page):
        found = Page(page)
        assert set(found.targets) <= set(found.ids)
        assert len(found.ids) == len(set(found.ids))

    def test_it_is_complete_without_script(self, page):
        text = re.sub(rb"<script>.*?</script>", b"", page, flags=re.DOTALL).decode()
        for word in ("UN-001", "REQ-001", "HAZ-001", "RC-001", TEST, "The patient is not treated", "RUN-0002"):
            assert word in text
        assert not any("hidden" in attrs for tag, attrs in Page(page).tags if tag == "tr")

    def test_states_are_symbol_and_word(self, page):
        states = [attrs for tag, attrs in Page(page).tags if tag == "span" and attrs.get("class", "").startswith("state")]
        assert len(states) > 5
        assert len(re.findall(r'<span class="state [\w-]+"><span aria-hidden="true">.</span> [\w ]+</span>', page.decode())) == len(states)

    def test_it_can_be_read_with_a_keyboard_and_a_screen_reader(self, page):
        found = Page(page)
        tags = [tag for tag, _ in found.tags]
        assert ("html", {"lang": "en"}) in found.tags
        assert tags.count("h1") == 1
        assert tags.count("main") == 1
        assert ("a", {"class": "skip", "href": "#main"}) in found.tags
        assert all("scope" in attrs for tag, attrs in found.tags if tag == "th")
        regions = [attrs for _, attrs in found.tags if attrs.get("role") == "region"]
        assert regions
        assert all(attrs.get("tabindex") == "0" and ("aria-label" in attrs or "aria-labelledby" in attrs) for attrs in regions)
        assert page.count(b"<label>") == sum(tag in {"input", "select"} for tag in tags)

    def test_it_has_a_dark_face_and_a_printed_one(self, page):
        assert b"prefers-color-scheme: dark" in page
        assert b"@media print" in page

    def test_no_wide_column_is_cut_off_on_paper(self, page):
        screen, _, paper = page.decode().partition("</style>")[0].partition("@media print {")
        wide = re.findall(r"^([^{}]+?) \{[^}]*min-width: \d{2}rem", screen, re.MULTILINE)
        (free,) = re.findall(r"^ *([^{}]+?) \{ min-width: 0; \}", paper, re.MULTILINE)
        assert wide
        assert set(wide) == set(free.split(", "))

    def test_the_same_view_gives_the_same_bytes(self):
        assert render_html(build_view(graph_of(), {})) == render_html(build_view(graph_of(), {}))

    def test_hostile_text_stays_text(self):
        files = {**sound(), **hazard("HAZ-001", f'harm: "{HOSTILE.replace(chr(34), "")}"'), **need("UN-001", title="'<b>bold</b>'")}
        page = render_html(build_view(graph_of(files), {TEST + "[<img src=x onerror=alert(1)>]": "failed"}))
        found = Page(page)
        assert not {"img", "b/"} & {tag for tag, _ in found.tags}
        assert [tag for tag, _ in found.tags].count("script") == 1
        assert "\u202e".encode() not in page

    CONTRASTS = re.compile(r"--(\w+): (#[0-9a-f]{3,6})")

    @pytest.mark.parametrize("face", ["light", "dark"])
    def test_its_colours_have_the_contrast_of_wcag_aa(self, page, face):
        roots = re.findall(r":root \{(.*?)\}", page.decode(), re.DOTALL)
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", roots[0 if face == "light" else 1]))
        pairs = [
            ("ink", "page"),
            ("ink", "panel"),
            ("soft", "page"),
            ("soft", "panel"),
            ("accent", "page"),
            ("accent", "panel"),
            ("ink", "head"),
            ("page", "accent"),
        ]
        pairs += [(name, f"{name}-bg") for name in ("ok", "bad", "wait", "none")] + [("cell", level) for level in ("low", "medium", "high")]
        pairs += [("accent", level) for level in ("low", "medium", "high")]
        assert {pair: round(_contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in pairs if _contrast(colours[pair[0]], colours[pair[1]]) < 4.5} == {}
        assert _contrast(colours["rule"], colours["panel"]) >= 3

    @pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
    @pytest.mark.parametrize(
        ("fragment", "shown"), [("", 4), ("#q=HAZ", 2), ("#state=verified", 3), ("#kind=user+need", 1), ("#q=nothing-at-all", 0), ("#REQ-001", 4)]
    )
    def test_filters_stand_in_the_address(self, tmp_path, page, fragment, shown):
        (tmp_path / "page.html").write_bytes(page)
        switches = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile", "--virtual-time-budget=2000", "--dump-dom"]
        done = subprocess.run(["chromium", *switches, f"file://{tmp_path}/page.html{fragment}"], capture_output=True, text=True, timeout=60, check=False)
        if not done.stdout:
            pytest.skip("chromium does not start here")
        assert f"{shown} of 4 items are shown" in done.stdout


def _contrast(one, other):
    """WCAG 2.2, relative luminance and contrast ratio."""

    def luminance(colour):
        digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
        parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    first, second = sorted((luminance(one), luminance(other)), reverse=True)
    return (first + 0.05) / (second + 0.05)


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", '=HYPERLINK("http://x")', "-"]


class TestTables:
    @pytest.mark.parametrize("text", FORMULAS)
    def test_no_cell_is_a_formula(self, text):
        assert escape_cell(text).startswith("'")

    @pytest.mark.parametrize(
        ("text", "cell"),
        [
            (" =1+1", "' =1+1"),
            ("   @SUM(A1)", "'   @SUM(A1)"),
            ("\u00a0-1", "'\u00a0-1"),
            (" \t=1", "' \\t=1"),
            ("\t=1", "'\\t=1"),
            ("\r=1", "'\\x0d=1"),
            ("\n=1", "'\n=1"),
            (" ＝1", "' ＝1"),
            (" a=1", " a=1"),
            ("' =1", "' =1"),
        ],
        ids=ascii,
    )
    def test_blanks_before_a_formula_hide_it_from_nobody(self, text, cell):
        assert escape_cell(text) == cell

    @pytest.mark.parametrize("text", ["", "REQ-001", "a=b", "1", "a\nb", "'quoted"])
    def test_other_text_is_left_alone(self, text):
        assert escape_cell(text) == text

    def test_control_characters_are_written_out(self):
        assert escape_cell("a\x1b[31m\x00") == "a\\x1b[31m\\x00"

    def test_csv_is_what_rfc_4180_says_and_reads_back(self):
        data = format_csv(matrix_table(build_view(graph_of(), {TEST: "failed"})))
        assert data.startswith(b"\xef\xbb\xbf")
        assert b"\r\n" in data
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
        assert [row["id"] for row in rows] == ["REQ-001", "UN-001", "HAZ-001", "RC-001"]
        assert rows[0]["state"] == "failed"
        assert rows[0]["above"] == "UN-001 RC-001"
        assert rows[0]["tests"] == f"{TEST}: failed"

    def test_a_hostile_title_reaches_no_spreadsheet_as_a_formula(self):
        files = {**sound(), **need("UN-001", title='"=cmd|calc!A1"')}
        for table in (matrix_table(build_view(graph_of(files), {})), risk_table(build_view(graph_of(files), {}))):
            for cells in csv.reader(io.StringIO(format_csv(table).decode("utf-8-sig"), newline="")):
                assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)

    def test_the_risk_table_holds_both_estimates_and_the_controls(self):
        head, line = risk_table(build_view(graph_of(), {TEST: "passed"}))
        found = dict(zip(head, line, strict=True))
        assert (found["severity before"], found["probability before"], found["level after"]) == ("critical", "probable", "medium")
        assert found["controls"] == "RC-001 (protective): implementation verified, effectiveness incomplete"

    def test_xlsx_holds_text_alone(self):
        openpyxl = pytest.importorskip("openpyxl")
        files = {**sound(), **need("UN-001", title='"=1+1"'), **requirement("REQ-001", "derives: [UN-001]", "implements: [RC-001]", title="x" * 200)}
        book = openpyxl.load_workbook(io.BytesIO(format_xlsx(build_view(graph_of(files), {}))))
        assert book.sheetnames == ["Matrix", "Risks"]
        sheet = book["Matrix"]
        assert sheet["A2"].value == "REQ-001"
        assert sheet["C3"].value == "'=1+1"
        assert sheet.freeze_panes == "B2"
        assert all(cell.data_type in {"s", "n"} and not str(cell.value or "").startswith("=") for line in sheet.iter_rows() for cell in line)

    def test_a_cell_longer_than_a_sheet_allows_is_cut_visibly(self):
        openpyxl = pytest.importorskip("openpyxl")
        files = {**sound(), **hazard("HAZ-001", "harm: " + "x" * 40_000)}
        book = openpyxl.load_workbook(io.BytesIO(format_xlsx(build_view(graph_of(files), {}))))
        assert book["Risks"]["D2"].value.endswith("…")


class TestGraphs:
    def test_around_an_item_stand_those_above_and_below_it(self):
        files = {**sound(), **need("UN-002"), **requirement("REQ-002", "derives: [UN-002]"), **case("TC-001", "verifies: [REQ-001]")}
        graph = graph_of(files)
        assert select_items(graph, ["REQ-001"]) == ("REQ-001", "TC-001", "UN-001", "HAZ-001", "RC-001")
        assert select_items(graph, ["UN-002"]) == ("REQ-002", "UN-002")
        assert len(select_items(graph, [])) == 7
        assert select_items(graph, ["NO-001"]) == ()

    def test_cycles_end(self):
        files = {**need("UN-001"), **requirement("REQ-001", "refines: [REQ-002]"), **requirement("REQ-002", "refines: [REQ-001]")}
        assert select_items(graph_of(files), ["REQ-001"]) == ("REQ-001", "REQ-002")

    def test_json_names_nodes_links_and_tests(self):
        graph = graph_of()
        value = json.loads(format_graph_json(graph, select_items(graph, [])))
        assert {"source": "REQ-001", "type": "derives", "target": "UN-001"} in value["links"]
        assert len(value["nodes"]) == 4
        assert value["verifiedBy"] == {"REQ-001": [TEST]}

    @pytest.mark.parametrize("title", ['a "quoted" title', "back\\slash", "<b>", "a];b --> c", "#34;", "ü"])
    def test_titles_break_no_drawing(self, title):
        files = {**sound(), **need("UN-001", title="'" + title + "'")}
        graph = graph_of(files)
        chosen = select_items(graph, [])
        mermaid = format_mermaid(graph, chosen)
        assert re.fullmatch(r'flowchart BT\n(  n\d+\["[^"<>\]\n]*"\]\n){4}(  n\d -- [a-z]+ --> n\d\n){3}', mermaid)
        dot = format_dot(graph, chosen)
        assert len(re.findall(r'^  "[A-Z]+-\d+" \[label="(?:[^"\\]|\\.)*", shape=\w+\];$', dot, re.MULTILINE)) == 4
        assert len(re.findall(r"^  \"[A-Z]+-\d+\" -> ", dot, re.MULTILINE)) == 3

    @pytest.mark.skipif(shutil.which("dot") is None, reason="graphviz is not installed")
    def test_graphviz_draws_it(self):
        graph = graph_of()
        subprocess.run(["dot", "-Tsvg"], input=format_dot(graph, select_items(graph, [])).encode(), check=True, capture_output=True)
