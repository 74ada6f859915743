"""One pass over a tree: ranking, declarations, read sets, and files that nobody can read."""

import json
import subprocess
from datetime import date

import pytest

from lotmark.base.errors import UsageError
from lotmark.base.findings import Severity
from lotmark.cli.main import run
from lotmark.lint._schemas import FOLDER, all_schemas
from lotmark.lint.api import lint_tree, parse_read_set

pytestmark = pytest.mark.verifies("REQ-634")

TODAY = date(2026, 11, 23)
NATIVE = "CFLAGS = -march=native\n"


def declaration(**more):
    entry = {"rule": "LM-LNT-025", "files": ["Makefile"], "reason": "one board only", "owner": "dana", "expires": "2027-01-31", **more}
    return json.dumps({"declared": [entry]}).encode()


@pytest.fixture
def tree(tmp_path):
    def make(files, **more):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return lint_tree(tmp_path, today=TODAY, **more)

    return make


def told(report):
    return [(finding.code[-3:], finding.severity.value, str(finding.location).rpartition(":")[0]) for finding in report.findings]


def test_a_clean_tree_has_no_findings(tree):
    report = tree({"Makefile": "all:\n", "src/a.py": "import time; time.time()"})
    assert (report.findings, report.files, report.read) == ((), 2, 1)


def test_build_scripts_come_first_and_tests_only_warn(tree):
    report = tree({"tests/Makefile": NATIVE, "Makefile": NATIVE, "src/a.c": "x = __DATE__;\n", "examples/b.c": "x = __DATE__;\n"})
    assert told(report) == [
        ("025", "error", "Makefile:1"), ("021", "error", "src/a.c:1"), ("021", "warning", "examples/b.c:1"), ("025", "warning", "tests/Makefile:1"),
    ]  # fmt: skip


def test_what_a_build_read_comes_first_and_other_sources_only_warn(tree):
    files = {"Makefile": NATIVE, "src/a.c": "x = __DATE__;\n", "src/unused.c": "x = __DATE__;\n", "tests/used.c": "x = __DATE__;\n"}
    report = tree(files, read_set={"src/a.c", "tests/used.c"})
    assert told(report) == [
        ("021", "error", "src/a.c:1"), ("021", "error", "tests/used.c:1"), ("025", "error", "Makefile:1"), ("021", "warning", "src/unused.c:1"),
    ]  # fmt: skip
    assert "a build read this file" in report.findings[0].message


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, ["025 info"]),
        ({"contains": "march"}, ["025 info"]),
        ({"files": ["**/*", "Makefile"]}, ["025 info"]),
        ({"expires": "2026-11-23"}, ["025 info"]),
        ({"expires": "2026-11-22"}, ["025 error", "001 error"]),
        ({"expires": "2026-02-30"}, ["025 error", "001 error"]),
        ({"contains": "mtune"}, ["025 error", "002 warning"]),
        ({"files": ["src/*"]}, ["025 error", "002 warning"]),
        ({"rule": "LM-LNT-024"}, ["025 error", "002 warning"]),
    ],
)
def test_a_declaration_changes_the_weight_and_hides_nothing(tree, more, expected):
    report = tree({"Makefile": NATIVE}, declared=declaration(**more))
    assert sorted(f"{finding.code[-3:]} {finding.severity.value}" for finding in report.findings) == sorted(expected)
    assert all(finding.help and finding.location.line for finding in report.findings)
    if expected == ["025 info"]:
        assert report.declared == 1
        assert "declared by dana: one board only" in report.findings[0].message


def test_the_declaration_that_still_holds_counts_beside_one_that_ended(tree):
    entries = [json.loads(declaration(expires=day))["declared"][0] for day in ("2026-01-01", "2027-01-01")]
    report = tree({"Makefile": NATIVE}, declared=json.dumps({"declared": entries}).encode())
    assert [(finding.code[-3:], finding.severity) for finding in report.findings] == [("001", Severity.ERROR), ("025", Severity.INFO)]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"[", "LM-CFG-002"),
        (b"declared: [{rule: X}]", "LM-CFG-005"),
        (b"declard: []", "LM-CFG-004"),
        (declaration(owner=""), "LM-CFG-005"),
        (declaration(expires="soon"), "LM-CFG-005"),
    ],
)
def test_declarations_that_cannot_be_read_are_an_error_of_the_configuration(tree, data, code):
    with pytest.raises(UsageError) as caught:
        tree({"Makefile": NATIVE}, declared=data)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b"a\nb/c\n\n", {"a", "b/c"}),
        (b'["./a", "b"]', {"a", "b"}),
        (b"\xef\xbb\xbfa\r\nb", {"a", "b"}),
        (b'\xef\xbb\xbf["a", "a"]', {"a"}),
        (b' ["a b"]', {"a b"}),
    ],
)
def test_a_read_set_is_a_list_of_names(data, names):
    assert parse_read_set(data, "x") == names


@pytest.mark.parametrize("data", [b"", b"\n\n", b"[]", b"[", b"\xff", b'{"files": ["a"]}', b'{\n"a"\n}', b'[1, {"a": 2}]', b'["a", null]', b"[" * 100_000])
def test_a_read_set_that_names_nothing_is_refused(data):
    with pytest.raises(UsageError, match="read set x") as caught:
        parse_read_set(data, "x")
    assert caught.value.code == "LM-LNT-003"
    assert caught.value.solution


@pytest.mark.parametrize("names", [{"other.c"}, {"null"}, {"/abs/src/a.c"}, {"src\\a.c"}])
def test_a_read_set_of_another_tree_is_refused_and_makes_no_error_a_warning(tree, names):
    with pytest.raises(UsageError, match="names no file of this tree") as caught:
        tree({"src/a.c": "x = __DATE__;\n"}, read_set=names)
    assert caught.value.code == "LM-LNT-003"


def test_what_is_too_large_to_be_looked_at_is_a_hit_that_may_be_declared(tree):
    files = {"src/big.c": "x = __DATE__;\n" + " " * (4 * 1024 * 1024), "tests/big.mk": "#" * (4 * 1024 * 1024 + 1), "notes.txt": " " * (4 * 1024 * 1024 + 1)}
    report = tree(files)
    assert (told(report), report.read) == ([("004", "error", "src/big.c:1"), ("004", "warning", "tests/big.mk:1")], 0)
    assert report.findings[0].message == "it was not looked at: it has more than 4 MiB"
    report = tree(files, declared=declaration(rule="LM-LNT-004", files=["src/*"]))
    assert told(report) == [("004", "warning", "tests/big.mk:1"), ("004", "info", "src/big.c:1")]


def test_what_cannot_be_opened_is_a_hit_too(tree, tmp_path, monkeypatch):
    def refuse(*_args, **_more):
        raise PermissionError(13, "Permission denied")

    tree({"Makefile": "all:\n"})
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.open", refuse)
        report = lint_tree(tmp_path, today=TODAY)
    assert [(finding.code, finding.message) for finding in report.findings] == [("LM-LNT-004", "it was not looked at: Permission denied")]


def test_links_are_not_followed_and_nothing_stops(tree, tmp_path):
    (tmp_path / "a.mk").symlink_to("/etc/passwd")
    (tmp_path / "b.mk").mkdir()
    (tmp_path / "d.mk").symlink_to("nowhere")
    assert tree({"Makefile": NATIVE}).read == 1


def test_git_says_what_belongs_to_the_tree(tree, tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    report = tree({"Makefile": NATIVE, ".gitignore": "out\n", "out/Makefile": NATIVE, "name with\nline.sh": "tar cf x y\n"})
    assert [finding.location.path for finding in report.findings] == ["Makefile", "name with\nline.sh"]


def test_caches_and_environments_are_passed_over_without_git(tree):
    assert len(tree({"node_modules/x/Makefile": NATIVE, ".venv/x.sh": "tar cf x y\n", "Makefile": NATIVE}).findings) == 1


def test_the_same_tree_gives_the_same_report(tree):
    files = {f"{name}/Makefile": NATIVE for name in "cab"}
    assert tree(files) == tree(files)


def test_the_published_schema_is_that_of_the_type():
    for name, data in all_schemas().items():
        assert (FOLDER / name).read_bytes() == data


# the command


@pytest.fixture
def call(tmp_path, capsys):
    def make(*words, files=None):
        for name, text in (files or {"Makefile": NATIVE}).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        code = run(["-C", str(tmp_path), *words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return make


def test_the_command_refuses_with_code_place_and_cure(call):
    code, out, err = call("lint")
    assert code == 1
    assert "Makefile:1:10: error LM-LNT-025" in out
    assert "help: name the processor" in out
    assert "1 of 1 files looked at" in err


def test_the_command_accepts_a_clean_tree(call):
    code, out, _ = call("lint", files={"Makefile": "all:\n"})
    assert (code, "nothing found" in out) == (0, True)


def test_nothing_to_judge_is_no_acceptance(call):
    assert call("lint", files={"a.txt": "x"})[0] == 5


def test_a_tree_of_which_nothing_could_be_looked_at_is_refused(call):
    code, out, _ = call("lint", files={"a.c": "x = __DATE__;\n" + " " * (4 * 1024 * 1024)})
    assert (code, "LM-LNT-004" in out) == (1, True)


@pytest.mark.parametrize("text", ['{"files": ["src/a.c"]}', "[1]", "src/other.c\n", ""])
def test_a_read_set_that_cannot_be_used_is_an_error_of_usage(call, tmp_path, text):
    (tmp_path / "read.txt").write_text(text)
    code, _, err = call("lint", "--read-set", str(tmp_path / "read.txt"), files={"src/a.c": "x = __DATE__;\n"})
    assert (code, "LM-LNT-003" in err) == (2, True)


def test_the_command_writes_sarif_with_the_rules(call):
    code, out, _ = call("--format", "sarif", "lint")
    sarif = json.loads(out)["runs"][0]
    assert code == 1
    assert sarif["results"][0]["ruleId"] == "LM-LNT-025"
    assert any(rule["id"] == "LM-LNT-025" for rule in sarif["tool"]["driver"]["rules"])


@pytest.mark.parametrize("form", ["json", "junit", "github", "gitlab", "markdown"])
def test_every_form_of_findings_is_written(call, form):
    code, out, _ = call("--format", form, "lint")
    assert (code, "LM-LNT-025" in out) == (1, True)


def test_the_rest_is_folded_until_it_is_asked_for(call):
    files = {f"tests/{index}/Makefile": NATIVE for index in range(9)}
    code, out, err = call("lint", files=files)
    assert (code, out.count("LM-LNT-025")) == (0, 3)
    assert "6 more are not shown" in err
    assert call("lint", "--all")[1].count("LM-LNT-025") == 9 + 1


def test_a_read_set_and_declarations_are_taken_from_files(call, tmp_path):
    files = {"Makefile": "all:\n", "src/a.c": "x = __DATE__;\n", "src/b.c": "x = __DATE__;\n", "quality/lint.yaml": "declared: []\n"}
    (tmp_path / "read.txt").write_text("src/a.c\n")
    code, out, _ = call("lint", "--read-set", str(tmp_path / "read.txt"), files=files)
    assert code == 1
    assert "src/a.c:1:5: error" in out
    assert "src/b.c:1:5: warning" in out


@pytest.mark.parametrize("words", [("--format", "csv", "lint"), ("-C", "/nowhere/at/all", "lint"), ("lint", "--read-set", "/nowhere")])
def test_what_the_command_cannot_take_is_an_error_of_usage(call, words):
    assert call(*words)[0] == 2
