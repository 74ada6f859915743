"""Real requirement trees of other tools: as they stand they are refused by code and line; carried over, they are one sound graph of their size."""

import os
import re
from pathlib import Path

import pytest

from lotmark.base.findings import Severity
from lotmark.base.formats import FORMATS, format_findings
from lotmark.trace.api import changed_items, check_trace, find_cycles, find_impact, parse_trace, roll_up, scan_source, summarise_coverage
from lotmark.trace.rules import RULES

REFERENCE = Path(os.environ.get("LOTMARK_REFERENCE") or Path(__file__).resolve().parents[2].parent / "shared" / "reference")
CORPUS = REFERENCE / "corpus" / "requirements"
FILES = sorted(path for path in CORPUS.rglob("*") if path.is_file())
REQIF = sorted((REFERENCE / "corpus" / "reqif").glob("*"))
SDOC = sorted((CORPUS / "zephyr").glob("*.sdoc"))
CODES = {rule.code for rule in RULES}

pytestmark = [
    pytest.mark.verifies("REQ-008", "RC-009"),
    pytest.mark.skipif(not FILES, reason=f"no requirement trees below {REFERENCE} (set LOTMARK_REFERENCE)"),
]


def name_of(path: Path) -> str:
    return path.name.rpartition("__")[2]


# ---- as they stand


@pytest.mark.parametrize("path", [*FILES, *REQIF], ids=name_of)
def test_a_file_of_another_tool_is_no_item_and_says_so(path):
    data = path.read_bytes()
    graph = parse_trace({"quality/requirements/REQ-001.md": data}, "foreign")
    assert graph.items == {}
    (finding,) = [finding for finding in graph.findings if finding.code not in {"LM-TRC-007", "LM-TRC-015"}]
    assert finding.code in {"LM-TRC-001", "LM-TRC-002", "LM-TRC-003"}
    assert finding.severity is Severity.ERROR
    assert finding.location.path == "quality/requirements/REQ-001.md"


@pytest.mark.parametrize("path", [*FILES, *REQIF], ids=name_of)
def test_it_is_not_read_as_a_risk_file_either(path):
    graph = parse_trace({"quality/risks/more.yaml": path.read_bytes()}, "foreign")
    assert graph.items == {}
    (finding,) = [finding for finding in graph.findings if finding.code != "LM-TRC-015"]
    assert finding.code.startswith("LM-CFG-")
    assert finding.location.path == "quality/risks/more.yaml"


@pytest.mark.parametrize("path", [*FILES, *REQIF], ids=name_of)
def test_under_its_own_name_it_is_named_as_not_read(path):
    place = f"quality/requirements/{path.name}"
    graph = parse_trace({place: path.read_bytes()}, "foreign")
    assert [(finding.code, finding.location.path) for finding in graph.findings if finding.code != "LM-TRC-015"] == [("LM-TRC-014", place)]


@pytest.mark.parametrize("path", FILES, ids=name_of)
@pytest.mark.parametrize("suffix", [".py", ".c", ".spec.ts"])
def test_as_a_test_source_it_declares_no_marker_of_ours(path, suffix):
    scan = scan_source(f"tests/unit/test_it{suffix}", path.read_bytes(), "foreign")
    assert scan.markers == ()
    assert {finding.code for finding in scan.findings} <= {"LM-TRC-040", "LM-TRC-042"}


# ---- carried over in memory


def blocks(text: str):
    """(id, title, statement, parents) of each requirement of a StrictDoc document."""
    for block in text.split("[REQUIREMENT]\n")[1:]:
        uid = re.search(r"^UID: *(\S+)", block, re.MULTILINE)
        title = re.search(r"^TITLE: *(.+)", block, re.MULTILINE)
        statement = re.search(r"^STATEMENT: *(?:>>>\n(.*?)\n<<<|(.+))", block, re.MULTILINE | re.DOTALL)
        parents = re.findall(r"^- TYPE: Parent\n +VALUE: *(\S+)", block, re.MULTILINE)
        if uid and title and statement:
            yield uid[1], title[1].strip(), (statement[1] or statement[2].split("\n")[0]).strip(), parents


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def local(uid: str) -> str:
    """An id of our grammar for one of theirs, in which a part between the dashes may be a bare number."""
    return re.sub(r"-(\d+)-", r"-S\1-", uid)


@pytest.fixture(scope="module")
def zephyr() -> tuple[dict[str, bytes], dict[str, list[str]]]:
    """The tree as item files, and by hand the parents of each id."""
    found = {local(uid): (title, text, [local(one) for one in parents]) for path in SDOC for uid, title, text, parents in blocks(path.read_text())}
    files = {}
    for uid, (title, text, parents) in found.items():
        body = "\n".join(f"    {line}" if line.startswith("## ") else line for line in text.split("\n"))
        links = f"refines: [{', '.join(dict.fromkeys(parents))}]\n" if parents else ""
        files[f"quality/requirements/{uid}.md"] = (
            f"---\nid: {uid}\ntype: software-requirement\ntitle: {quoted(title)}\nstatus: draft\n{links}---\n{body}\n".encode()
        )
    return files, {uid: parents for uid, (_, _, parents) in found.items()}


def test_every_requirement_becomes_an_item(zephyr):
    files, parents = zephyr
    graph = parse_trace(files, "zephyr")
    assert len(graph.items) == len(files) > 200
    assert [finding.code for finding in graph.findings if finding.code != "LM-TRC-015"] == []
    assert all(item.category == "software" and item.title and item.text for item in graph.items.values())
    assert {uid: list(item.targets("refines")) for uid, item in graph.items.items()} == {uid: list(dict.fromkeys(above)) for uid, above in parents.items()}


def test_the_checks_say_what_a_plain_reckoning_says(zephyr):
    files, parents = zephyr
    graph = parse_trace(files, "zephyr")
    findings = check_trace(graph)
    assert {finding.code for finding in findings} <= CODES
    dangling = sum(above not in parents for uid in parents for above in dict.fromkeys(parents[uid]))
    assert sum(finding.code == "LM-TRC-023" for finding in findings) == dangling
    assert {finding.subject for finding in findings if finding.code == "LM-TRC-030"} == {uid for uid in parents if not parents[uid]}
    refined = {above for uid in parents for above in parents[uid]}
    assert {finding.subject for finding in findings if finding.code == "LM-TRC-035"} == set(parents) - refined
    assert find_cycles(graph) == ()


def test_a_test_of_each_leaf_covers_the_tree_and_one_red_test_opens_its_branch(zephyr):
    files, parents = zephyr
    refined = {above for uid in parents for above in parents[uid]}
    leaves = sorted(set(parents) - refined)
    source = "import pytest\n" + "".join(f'@pytest.mark.verifies("{uid}")\ndef test_{number}(): ...\n' for number, uid in enumerate(leaves))
    graph = parse_trace(files, "zephyr", sources=scan_source("tests/unit/test_all.py", source.encode(), "zephyr"))
    statuses = {f"tests/unit/test_all.py::test_{number}": "passed" for number in range(len(leaves))}
    coverage = roll_up(graph, statuses)
    assert all(one.covered for one in coverage.values())
    assert summarise_coverage(graph, coverage).verified == len(files)
    red = leaves.index(next(uid for uid in leaves if parents[uid]))
    opened = {uid for uid, one in roll_up(graph, {**statuses, f"tests/unit/test_all.py::test_{red}": "failed"}).items() if not one.covered}
    above, waiting = {leaves[red]}, [leaves[red]]
    while waiting:
        more = [one for one in parents.get(waiting.pop(), []) if one in parents and one not in above]
        above.update(more)
        waiting += more
    assert opened == above


def test_the_impact_of_a_system_requirement_is_what_refines_it(zephyr):
    files, parents = zephyr
    graph = parse_trace(files, "zephyr")
    top = max(parents, key=lambda uid: sum(uid in above for above in parents.values()))
    below = {uid for uid, above in parents.items() if top in above}
    assert len(below) > 1
    assert below <= set(find_impact(graph, [top]).below)


def test_a_change_of_one_text_changes_one_fingerprint(zephyr):
    files, _ = zephyr
    path = sorted(files)[7]
    after = {**files, path: files[path] + b"It shall also do more.\n"}
    assert changed_items(files, after, "zephyr").all == (Path(path).stem,)
    assert changed_items(files, files, "zephyr").all == ()


def test_look_alikes_and_doubles_among_hundreds_are_found(zephyr):
    files, _ = zephyr
    path = sorted(files)[7]
    uid = Path(path).stem
    head, _, number = uid.rpartition("-")
    twin = f"{head}-0{number}"
    more = {
        f"quality/requirements/{twin}.md": files[path].replace(f"id: {uid}\n".encode(), f"id: {twin}\n".encode()),
        f"quality/requirements/a/{uid}.md": files[path],
    }
    codes = sorted(finding.code for finding in parse_trace({**files, **more}, "zephyr").findings if finding.code != "LM-TRC-015")
    assert codes == ["LM-TRC-011", "LM-TRC-012"]


@pytest.mark.parametrize("form", FORMATS)
def test_the_findings_of_the_whole_tree_can_be_shown(zephyr, form):
    files, _ = zephyr
    findings = check_trace(parse_trace(files, "zephyr"))
    assert len(format_findings(findings, form).splitlines()) >= 1
    assert form == "markdown" or findings[0].code in format_findings(findings, form)
