"""`import`, `id` and `trace split|join|documents|export`: what is shown, what is written, and the exit codes."""

import json

import pytest

from fakes.declared_product import declaration
from fakes.trace_files import sound

pytestmark = pytest.mark.verifies("REQ-450", "REQ-451", "REQ-452", "REQ-453")

SOURCE = "ID,Title,Description,Team,Parent\ncES1,One,It shall.,Blue,\ncES2,Two,It shall too.,Red,cES1\ncES3,Three,x,Red,cES9\n"


@pytest.fixture
def product(tmp_path):
    import subprocess

    root = tmp_path / "product"
    root.mkdir()
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=root, check=True)
    (root / "lotmark.yaml").write_text(declaration())
    for path, data in sound().items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


def run(product, capsys, *words):
    from lotmark.cli.main import run as call

    code = call(["-C", str(product), *words])
    taken = capsys.readouterr()
    return code, taken.out, taken.err


def tree(product):
    return {path.relative_to(product).as_posix(): path.read_bytes() for path in sorted((product / "quality").rglob("*")) if path.is_file()}


def test_an_import_shows_first_and_writes_only_when_told(product, capsys):
    (product / "old.csv").write_text(SOURCE)
    before = tree(product)
    code, out, err = run(product, capsys, "import", "old.csv")
    assert code == 0
    assert tree(product) == before
    assert "old: 3 items read by csv" in out
    assert "4 new, 0 changed, 0 unchanged, 0 in conflict" in out
    assert "1 lead nowhere (1 targets: cES9)" in out
    assert "3 ids rewritten, the old ones kept as aliases: CES-1 was cES1" in out
    assert "kept as extensions: Team (3), Parent (1)" in out
    assert "Parent: refines" in out
    assert "nothing was written; with --write: 4 files" in out
    assert "LM-TRC-054" in err
    code, out, _ = run(product, capsys, "import", "old.csv", "--write")
    assert code == 0
    assert "wrote 5 files" in out
    assert sorted(set(tree(product)) - set(before)) == [
        "quality/documents/old.md", "quality/import/old.yaml", "quality/requirements/CES-1.md", "quality/requirements/CES-2.md", "quality/requirements/CES-3.md",
    ]  # fmt: skip
    after = tree(product)
    code, out, _ = run(product, capsys, "import", "old", "--write")
    assert (code, tree(product)) == (0, after)
    assert "nothing to write" in out


def test_a_conflict_exits_1_until_a_side_is_chosen(product, capsys):
    (product / "old.csv").write_text(SOURCE)
    run(product, capsys, "import", "old.csv", "--write")
    path = product / "quality/requirements/CES-1.md"
    path.write_text(path.read_text().replace("It shall.", "It shall, said Ada."))
    (product / "old.csv").write_text(SOURCE.replace("It shall.", "It shall now."))
    code, out, err = run(product, capsys, "import", "old", "--diff", "--write")
    assert code == 1
    assert "1 in conflict" in out
    assert "+It shall now." in out
    assert "LM-TRC-057" in err
    assert "said Ada" in path.read_text()
    code, _, _ = run(product, capsys, "import", "old", "--theirs", "--write")
    assert code == 0
    assert "It shall now." in path.read_text()


def test_the_plan_as_json_names_everything(product, capsys):
    (product / "old.csv").write_text(SOURCE)
    code, out, _ = run(product, capsys, "--format", "json", "import", "old.csv", "--as", "legacy", "--option", "delimiter=,")
    value = json.loads(out)
    assert code == 0
    assert (value["schema"], value["name"], value["read"], value["links"]) == ("https://lotmark.dev/output/import/v1", "legacy", 3, 1)
    assert value["dangling"] == [{"item": "CES-3", "link": "refines", "target": "cES9"}]
    assert value["withoutLinks"] == ["CES-1"]
    assert value["extensions"] == {"Parent": 1, "Team": 3}
    assert {one["state"] for one in value["files"]} == {"new"}
    assert value["written"] == []


def test_findings_of_an_import_have_every_form(product, capsys):
    (product / "old.csv").write_text(SOURCE)
    code, out, _ = run(product, capsys, "--format", "sarif", "import", "old.csv")
    assert code == 0
    assert json.loads(out)["runs"][0]["results"][0]["ruleId"] == "LM-TRC-054"


@pytest.mark.parametrize(
    ("text", "words", "code", "says"),
    [
        ("ID,Title\n", (), 5, "LM-TRC-051"),
        ("Title\nx\n", (), 2, "no column holds the ids"),
        (SOURCE, ("--reader", "word"), 2, "LM-TRC-059"),
        (SOURCE, ("--option", "delimiter"), 2, "LM-CLI-004"),
        (SOURCE, ("missing.csv",), 2, "no file matches missing.csv"),
    ],
)
def test_what_cannot_be_imported_exits_with_its_code(product, capsys, text, words, code, says):
    (product / "old.csv").write_text(text)
    got, _, err = run(product, capsys, "import", "old.csv", *words)
    assert got == code
    assert says in err
    assert not (product / "quality/import").exists()


def test_a_new_id_is_the_next_one_and_its_file_a_draft(product, capsys):
    assert run(product, capsys, "id", "new", "requirement")[:2] == (0, "REQ-002\n")
    code, out, _ = run(product, capsys, "id", "new", "security-requirement", "--prefix", "SEC", "--title", "Lock: at once", "--write")
    assert (code, out) == (0, "SEC-001  quality/requirements/SEC-001.md\n")
    assert (
        product / "quality/requirements/SEC-001.md"
    ).read_text() == '---\nid: SEC-001\ntype: security-requirement\ntitle: "Lock: at once"\nstatus: draft\n---\n'
    assert run(product, capsys, "id", "new", "HAZ")[1] == "HAZ-002\n"
    assert run(product, capsys, "id", "new", "hazard", "--write")[1] == "HAZ-002  quality/risks/HAZ-002.md\n"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("new", "wish"), "LM-CLI-004"),
        (("new", "SRS", "--write"), "LM-CLI-004"),
        (("rename", "REQ-9", "REQ-8"), "LM-TRC-062"),
        (("rename", "REQ-001", "x"), "LM-TRC-062"),
        (("alias", "REQ-001", "RC-001"), "LM-TRC-062"),
    ],
)
def test_an_id_that_cannot_be_is_refused(product, capsys, words, code):
    before = tree(product)
    got, _, err = run(product, capsys, "id", *words)
    assert got == 2
    assert code in err
    assert tree(product) == before


def test_a_rename_names_its_files_first(product, capsys):
    before = tree(product)
    code, out, _ = run(product, capsys, "id", "rename", "REQ-001", "SRS-001")
    assert (code, tree(product)) == (0, before)
    assert "would remove quality/requirements/REQ-001.md" in out
    assert run(product, capsys, "id", "rename", "REQ-001", "SRS-001", "--write")[0] == 0
    assert "quality/requirements/REQ-001.md" not in tree(product)
    assert b"aliases: [REQ-001]" in tree(product)["quality/requirements/SRS-001.md"]
    assert run(product, capsys, "id", "alias", "SRS-001", "their id", "--write")[0] == 0
    assert (
        b'aliases: [REQ-001, "their id"]' in tree(product)["quality/requirements/SRS-001.md"]
        or b"aliases: [REQ-001, their id]" in tree(product)["quality/requirements/SRS-001.md"]
    )


def test_split_and_join(product, capsys):
    (product / "quality/requirements/MORE.md").write_text("# More\n\n## REQ-010 Ten\n\n- type: requirement\n- derives: [UN-001]\n\nIt shall.\n")
    code, out, _ = run(product, capsys, "trace", "split", "quality/requirements/MORE.md")
    assert code == 0
    assert "1 items would be written" in out
    assert (product / "quality/requirements/MORE.md").exists()
    assert run(product, capsys, "trace", "split", str(product / "quality/requirements/MORE.md"), "--write")[0] == 0
    assert not (product / "quality/requirements/MORE.md").exists()
    assert (product / "quality/requirements/REQ-010.md").exists()
    code, out, _ = run(product, capsys, "trace", "join", "MORE")
    assert code == 0
    assert out.startswith("# More\n\n## REQ-010 Ten\n")
    assert run(product, capsys, "trace", "join", "MORE", "-o", str(product / "joined.md"))[0] == 0
    assert (product / "joined.md").read_text() == out


@pytest.mark.parametrize(
    "words",
    [
        ("split", "nothing.md"),
        ("split", "quality/requirements/REQ-001.md"),
        ("join", "nothing"),
        ("documents", "nothing"),
        ("reqif", "-o", "x.reqif", "--document", "nothing"),
    ],
)
def test_a_form_of_nothing_is_refused(product, capsys, words, monkeypatch):
    monkeypatch.chdir(product)
    code, _, err = run(product, capsys, "trace", *words)
    assert code == 2
    assert "LM-" in err


def test_documents_are_written_in_both_forms(product, capsys, tmp_path):
    code, out, _ = run(product, capsys, "trace", "documents", "-o", str(tmp_path / "out"))
    assert code == 0
    assert len(out.splitlines()) == 3
    assert (tmp_path / "out/risk-management-file.html").read_text().startswith("<!doctype html>")
    assert run(product, capsys, "trace", "documents", "test-plan", "--form", "markdown", "-o", str(tmp_path / "out"))[0] == 0
    assert (tmp_path / "out/test-plan.md").exists()
    (product / "quality/documents").mkdir()
    (product / "quality/documents/srs.md").write_text("# SRS\n\n- REQ-404\n")
    code, _, err = run(product, capsys, "trace", "documents", "-o", str(tmp_path / "out"))
    assert code == 1
    assert "LM-TRC-060" in err


@pytest.mark.parametrize("name", ["out.reqif", "out.reqifz"])
def test_an_export_comes_back_by_import(product, capsys, tmp_path, name):
    assert run(product, capsys, "trace", "reqif", "-o", str(tmp_path / name))[:2] == (0, f"4 items in {tmp_path / name}\n")
    for path in ("REQ-001", "UN-001"):
        (product / f"quality/requirements/{path}.md").unlink()
    for path in ("HAZ-001", "RC-001"):
        (product / f"quality/risks/{path}.md").unlink()
    code, out, _ = run(product, capsys, "import", str(tmp_path / name), "--write")
    assert code == 0
    assert "4 items read by" in out
    files = tree(product)
    assert b"status: approved" in files["quality/requirements/REQ-001.md"]
    assert b"before: {severity: critical, probability: probable}" in files["quality/risks/HAZ-001.md"]


def test_an_empty_document_exports_nothing(product, capsys, tmp_path):
    (product / "quality/documents").mkdir()
    (product / "quality/documents/srs.md").write_text("# SRS\n")
    assert run(product, capsys, "trace", "reqif", "-o", str(tmp_path / "x.reqif"), "--document", "srs")[0] == 5
    assert not (tmp_path / "x.reqif").exists()


def test_the_group_names_its_commands_and_guesses(product, capsys):
    code, out, _ = run(product, capsys, "trace", "--help")
    assert code == 0
    for name in ("split", "join", "documents", "reqif", "export"):
        assert name in out
