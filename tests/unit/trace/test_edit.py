"""New ids, renames and aliases; ids that history knows; two branches that add items."""

import subprocess

import pytest

from fakes.trace_files import anything, codes, graph_of, need, requirement, sound, sources
from lotmark.base.errors import UsageError
from lotmark.trace.api import add_alias, changed_items, find_used_ids, next_id, parse_trace, rename_item

pytestmark = pytest.mark.verifies("REQ-453", "RC-451")


def after(files, plan):
    return {path: data for path, data in {**files, **plan}.items() if data is not None}


# ---- new


@pytest.mark.parametrize(
    ("files", "prefix", "used", "expected"),
    [
        ({}, "SRS", (), "SRS-001"),
        (requirement("SRS-0031"), "SRS", (), "SRS-0032"),
        (requirement("SRS-0031"), "SRS", ("SRS-0040", "OTHER-99"), "SRS-0041"),
        ({**requirement("SRS-9"), **requirement("SRS-10")}, "SRS", (), "SRS-11"),
        (requirement("SRS-001", "aliases: [SRS-050]"), "SRS", (), "SRS-051"),
        ({path: data.replace(b"approved", b"obsolete") for path, data in requirement("SRS-007").items()}, "SRS", (), "SRS-008"),
        (requirement("ZEP-SRS-26-3"), "ZEP-SRS-26", (), "ZEP-SRS-26-4"),
        ({"quality/anomalies.yaml": b"anomalies:\n  - {id: ANO-003, title: t, severity: 4, status: open, rationale: r}\n"}, "ANO", (), "ANO-004"),
    ],
)
def test_a_number_comes_after_every_one_that_there_was(files, prefix, used, expected):
    assert next_id(parse_trace(files, "qpcr"), prefix, used) == expected


@pytest.mark.parametrize("prefix", ["", "srs", "SRS-", "1A", "A B"])
def test_what_is_no_prefix_is_refused(prefix):
    with pytest.raises(UsageError) as caught:
        next_id(parse_trace({}, "qpcr"), prefix)
    assert caught.value.code == "LM-IDS-001"


# ---- rename


LINKED = {
    **sound(),
    **requirement("REQ-002", "refines: [REQ-001]", body="It shall do as REQ-001 says."),
    "quality/requirements/MORE.md": b"# More\n\n## REQ-003 Third\n\n- type: requirement\n- refines: [REQ-001, REQ-0010]\n\nREQ-001 in prose.\n",
    "quality/anomalies.yaml": b"anomalies:\n  - {id: ANO-001, title: t, severity: 4, status: open, rationale: r, affects: [REQ-001]}\n",
    "quality/markers.yaml": b"markers:\n  - {tests: ['tests/**'], verifies: [REQ-001], reason: r}\n",
    "quality/documents/srs.md": b"# SRS\n\nAs REQ-001 says.\n\n- REQ-001\n- [REQ-002](../requirements/REQ-002.md)\n",
}


def test_a_rename_reaches_every_link_and_no_prose():
    graph = parse_trace(LINKED, "qpcr", sources=sources('@pytest.mark.verifies("REQ-001")', "def test_it(): pass"))
    plan = rename_item(graph, LINKED, "REQ-001", "SRS-0001")
    files = after(LINKED, plan)
    assert plan["quality/requirements/REQ-001.md"] is None
    renamed = parse_trace(files, "qpcr", sources=sources('@pytest.mark.verifies("REQ-001")', "def test_it(): pass"))
    assert codes(renamed.findings) == codes(graph.findings)
    assert renamed.items["SRS-0001"].aliases == ("REQ-001",)
    assert renamed.items["REQ-002"].targets() == ("SRS-0001",)
    assert renamed.items["REQ-002"].text == "It shall do as REQ-001 says."
    assert renamed.items["REQ-003"].targets() == ("SRS-0001", "REQ-0010")
    assert renamed.anomalies[0].affects == ("SRS-0001",)
    assert renamed.declared[0].ids == ("SRS-0001",)
    assert b"- SRS-0001\n" in files["quality/documents/srs.md"]
    assert b"As REQ-001 says." in files["quality/documents/srs.md"]
    assert renamed.verified_by["SRS-0001"] == ("tests/unit/test_it.py::test_it",), "sources go on with the alias"
    assert renamed.items["SRS-0001"].fingerprint == graph.items["REQ-001"].fingerprint
    assert changed_items(LINKED, files, "qpcr").changed == ()


def test_a_second_rename_keeps_both_names():
    files = after(sound(), rename_item(graph_of(sound()), sound(), "REQ-001", "SRS-0001"))
    files = after(files, rename_item(parse_trace(files, "qpcr"), files, "SRS-0001", "SRS-0002"))
    assert parse_trace(files, "qpcr").items["SRS-0002"].aliases == ("REQ-001", "SRS-0001")


def test_an_item_may_have_its_old_name_back():
    files = after(sound(), rename_item(graph_of(sound()), sound(), "REQ-001", "SRS-0001"))
    files = after(files, rename_item(parse_trace(files, "qpcr"), files, "SRS-0001", "REQ-001"))
    graph = parse_trace(files, "qpcr")
    assert (graph.items["REQ-001"].aliases, graph.findings) == (("SRS-0001",), ())


def test_an_item_in_a_document_is_renamed_there():
    graph = parse_trace(LINKED, "qpcr")
    files = after(LINKED, rename_item(graph, LINKED, "REQ-003", "REQ-033"))
    renamed = parse_trace(files, "qpcr")
    assert renamed.items["REQ-033"].aliases == ("REQ-003",)
    assert renamed.items["REQ-033"].fingerprint == graph.items["REQ-003"].fingerprint
    assert codes(renamed.findings) == codes(graph.findings)


@pytest.mark.parametrize("name", sorted(path.rpartition("/")[2][:-3] for path in {**sound(), **anything()}))
def test_every_item_of_a_tree_can_be_renamed(name):
    files = {**sound(), **anything()}
    graph = parse_trace(files, "qpcr")
    new = f"{name.partition('-')[0]}-900"
    renamed = parse_trace(after(files, rename_item(graph, files, name, new)), "qpcr")
    assert renamed.findings == ()
    assert set(renamed.items) == set(graph.items) - {name} | {new}
    assert {other for other, above in renamed.up.items() if new in above} == {other for other, above in graph.up.items() if name in above}


@pytest.mark.parametrize(
    ("old", "new", "used", "says"),
    [
        ("REQ-404", "REQ-405", (), "no item REQ-404"),
        ("REQ-001", "RC-001", (), "is or was RC-001"),
        ("REQ-001", "RC-01", (), "is or was RC-001"),
        ("REQ-001", "REQ-777", ("REQ-777",), "is or was REQ-777"),
        ("REQ-001", "req-2", (), "no identifier"),
        ("REQ-001", "pump:REQ-2", (), "no identifier"),
    ],
)
def test_a_name_that_is_or_was_anothers_is_refused(old, new, used, says):
    with pytest.raises(UsageError, match=says) as caught:
        rename_item(graph_of(sound()), sound(), old, new, used=used)
    assert caught.value.code == "LM-TRC-062"


# ---- alias


@pytest.mark.parametrize("text", [b"", b"aliases: [OLD-1]\n", b"aliases:\n  - OLD-1\n  - OLD-2\n"])
def test_an_alias_is_added_to_what_there_is(text):
    files = sound()
    files["quality/requirements/REQ-001.md"] = files["quality/requirements/REQ-001.md"].replace(b"type:", text + b"type:")
    before = parse_trace(files, "qpcr").items["REQ-001"].aliases
    graph = parse_trace(after(files, add_alias(parse_trace(files, "qpcr"), files, "REQ-001", "their: id")), "qpcr")
    assert graph.items["REQ-001"].aliases == (*before, "their: id")
    assert graph.findings == ()


@pytest.mark.parametrize(("item", "name", "says"), [("REQ-404", "x", "no item"), ("REQ-001", "RC-001", "names RC-001 already")])
def test_an_alias_that_is_taken_is_refused(item, name, says):
    with pytest.raises(UsageError, match=says):
        add_alias(graph_of(sound()), sound(), item, name)


# ---- history and merges


def git(root, *arguments):
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1"}
    names = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *names, *arguments], cwd=root, capture_output=True, text=True, env=environment)


def put(root, files, message):
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    git(root, "add", "-A")
    assert git(root, "commit", "-q", "-m", message).returncode == 0


@pytest.fixture
def repository(tmp_path):
    assert git(tmp_path, "init", "-q", "-b", "main").returncode == 0
    put(tmp_path, {**sound(), **requirement("REQ-002", "derives: [UN-001]")}, "start")
    return tmp_path


def files_in(root):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.md") if ".git" not in path.parts}


def test_ids_of_deleted_files_other_branches_documents_and_aliases_are_known(repository):
    (repository / "quality/requirements/REQ-002.md").unlink()
    put(repository, {}, "gone")
    git(repository, "checkout", "-q", "-b", "other")
    put(repository, {"quality/requirements/DOC.md": b"## REQ-050 In a document\n\n- type: requirement\n- aliases: [REQ-060]\n\nx\n"}, "a document")
    git(repository, "checkout", "-q", "main")
    used, known = find_used_ids(repository)
    assert known
    assert {"REQ-001", "REQ-002", "REQ-050", "REQ-060"} <= used
    assert next_id(parse_trace(files_in(repository), "qpcr"), "REQ", used) == "REQ-061"


def test_without_a_history_it_says_so(tmp_path):
    assert find_used_ids(tmp_path) == (frozenset(), False)


def branch(repository, name, files, start="main"):
    git(repository, "checkout", "-q", "-b", name, start)
    put(repository, files, name)


def test_two_branches_that_add_items_merge_without_a_conflict_and_without_a_silent_double(repository):
    """Thirty rounds of two people who add items, link to old ones and write into one outline each."""
    for number in range(30):
        base = f"base{number}"
        git(repository, "checkout", "-q", "-b", base, "main" if number == 0 else f"one{number - 1}")
        one, two = f"REQ-1{number:02d}", f"REQ-2{number:02d}"
        branch(repository, f"one{number}", {**requirement(one, "derives: [UN-001]"), **need(f"UN-1{number:02d}")}, base)
        branch(repository, f"two{number}", {**requirement(two, "refines: [REQ-001]"), **need(f"UN-2{number:02d}")}, base)
        git(repository, "checkout", "-q", f"one{number}")
        assert git(repository, "merge", "-q", "--no-edit", f"two{number}").returncode == 0
    graph = parse_trace(files_in(repository), "qpcr")
    assert len(graph.items) == 5 + 4 * 30
    assert graph.findings == ()


def test_one_number_taken_twice_is_a_conflict_in_git(repository):
    branch(repository, "one", requirement("REQ-003", "derives: [UN-001]", title="Ada's"))
    branch(repository, "two", requirement("REQ-003", "derives: [UN-001]", title="Ben's"))
    done = git(repository, "merge", "--no-edit", "one")
    assert done.returncode != 0
    assert "CONFLICT (add/add)" in done.stdout
    assert codes(parse_trace(files_in(repository), "qpcr").findings) != [], "and whoever commits the marks is told"


def test_one_number_in_two_folders_or_spellings_is_a_finding(repository):
    branch(repository, "one", requirement("REQ-003", "derives: [UN-001]"))
    branch(
        repository,
        "two",
        {
            "quality/requirements/pump/REQ-003.md": requirement("REQ-003", "derives: [UN-001]")["quality/requirements/REQ-003.md"],
            **requirement("REQ-02", "derives: [UN-001]"),
        },
    )
    assert git(repository, "merge", "-q", "--no-edit", "one").returncode == 0
    assert sorted(codes(parse_trace(files_in(repository), "qpcr").findings)) == ["LM-TRC-011", "LM-TRC-012"]


def test_a_rename_and_an_edit_of_a_link_to_it_meet_in_the_alias(repository):
    files = files_in(repository)
    git(repository, "checkout", "-q", "-b", "rename")
    plan = rename_item(parse_trace(files, "qpcr"), files, "REQ-001", "SRS-0001")
    for path, data in plan.items():
        if data is None:
            (repository / path).unlink()
    put(repository, {path: data for path, data in plan.items() if data is not None}, "rename")
    branch(repository, "link", requirement("REQ-009", "refines: [REQ-001]"), "main")
    assert git(repository, "merge", "-q", "--no-edit", "rename").returncode == 0
    graph = parse_trace(files_in(repository), "qpcr")
    assert graph.findings == ()
    assert graph.items["REQ-009"].targets() == ("SRS-0001",)
