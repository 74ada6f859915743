"""Staging and digest of a commit's tracked files."""

import hashlib
import os
from pathlib import Path

import pytest

from fakes.build_world import COMMITTED_AT, commit_tree, git, make_repo
from lotmark.base.errors import EnvironmentLacksError, RefusedError, UsageError
from lotmark.builds._source import changed_entries, list_source
from lotmark.builds.api import source_digest, stage_source

pytestmark = pytest.mark.verifies("REQ-013", "RC-007", "HAZ-004")


def test_the_digest_is_over_mode_content_and_path_sorted_by_path(repo: Path) -> None:
    expected = hashlib.sha256()
    for mode, content, path in (
        ("100644", b"alpha\n", b"a.txt"),
        ("120000", b"a.txt", b"link"),
        ("100755", b"#!/bin/sh\necho run\n", b"run.sh"),
        ("100644", b"beta\n", b"src/b c.txt"),
    ):
        expected.update(f"{mode} {hashlib.sha256(content).hexdigest()} ".encode() + path + b"\0")
    assert source_digest(repo, "HEAD").hex == expected.hexdigest()


def test_staging_writes_the_tracked_files_alone_with_the_commits_time(repo: Path, tmp_path: Path) -> None:
    (repo / "untracked").write_text("x")
    (repo / "a.txt").write_text("changed in the work tree")
    staged = stage_source(repo, "HEAD", tmp_path / "staged")
    found = sorted(str(path.relative_to(staged.root)) for path in staged.root.rglob("*"))
    assert found == ["a.txt", "link", "run.sh", "src", "src/b c.txt"]
    assert (staged.root / "a.txt").read_text() == "alpha\n"
    assert (staged.root / "link").readlink() == Path("a.txt")
    assert {path.lstat().st_mtime for path in staged.root.rglob("*")} == {COMMITTED_AT}
    assert staged.committed_at == COMMITTED_AT
    assert staged.commit == git(repo, "rev-parse", "HEAD")
    assert staged.digest == source_digest(repo, "main")
    assert oct((staged.root / "run.sh").stat().st_mode)[-3:] == "555"
    assert oct((staged.root / "a.txt").stat().st_mode)[-3:] == "444"


@pytest.mark.parametrize("name", ["with space", "line\nfeed", "tab\there", "quote\"'", "-dash", "umlaut-ü", "a/b/c/deep"])
def test_any_name_is_staged(tmp_path: Path, name: str) -> None:
    repo = make_repo(tmp_path / "repo", {name: "content"})
    staged = stage_source(repo, "HEAD", tmp_path / "staged")
    assert (staged.root / name).read_text() == "content"
    assert [entry.name for entry in staged.entries] == [name]


def test_a_name_that_is_not_utf8_is_staged_byte_for_byte(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a": "x"})
    Path(os.fsdecode(os.fsencode(repo) + b"/caf\xe9")).write_text("y")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "latin")
    staged = stage_source(repo, "HEAD", tmp_path / "staged")
    assert [entry.path for entry in staged.entries] == [b"a", b"caf\xe9"]
    assert (staged.root / "caf\udce9").read_text() == "y"


def test_many_files_do_not_block_the_pipe(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {f"d{index % 7}/file-{index}": "x" * 300 for index in range(1500)} | {"big": b"\0" * 3_000_000})
    staged = stage_source(repo, "HEAD", tmp_path / "staged")
    assert len(staged.entries) == 1501
    assert (staged.root / "big").stat().st_size == 3_000_000


def test_empty_files_and_an_empty_commit_are_staged(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"empty": ""})
    assert (stage_source(repo, "HEAD", tmp_path / "one").root / "empty").read_bytes() == b""
    bare = commit_tree(repo, [])
    assert stage_source(repo, bare, tmp_path / "two").entries == ()


def test_a_submodule_is_refused(repo: Path) -> None:
    sha = commit_tree(repo, [("160000", "commit", "1" * 40, "vendor")])
    with pytest.raises(RefusedError) as caught:
        source_digest(repo, sha)
    assert caught.value.code == "LM-BLD-003"
    assert caught.value.where == "vendor"


@pytest.mark.parametrize("name", ["..", ".git", ".GIT", "."])
def test_a_tree_made_by_hand_cannot_name_a_way_out(repo: Path, tmp_path: Path, name: str) -> None:
    blob = git(repo, "hash-object", "-w", "--stdin", data=b"evil")
    inner = git(repo, "mktree", data=f"100644 blob {blob}\tpasswd\n".encode())
    with pytest.raises(RefusedError) as caught:
        stage_source(repo, commit_tree(repo, [("040000", "tree", inner, name)]), tmp_path / "staged")
    assert caught.value.code == "LM-BLD-004"
    assert not (tmp_path / "passwd").exists()


def test_a_file_below_a_link_of_the_same_tree_is_refused(repo: Path, tmp_path: Path) -> None:
    blob = git(repo, "hash-object", "-w", "--stdin", data=b"/etc")
    inner = git(repo, "mktree", data=f"100644 blob {blob}\tpasswd\n".encode())
    sha = commit_tree(repo, [("120000", "blob", blob, "a"), ("040000", "tree", inner, "a")])
    with pytest.raises(RefusedError) as caught:
        stage_source(repo, sha, tmp_path / "staged")
    assert caught.value.code == "LM-BLD-004"


def test_a_name_that_stands_twice_is_refused(repo: Path) -> None:
    blob = git(repo, "hash-object", "-w", "--stdin", data=b"x")
    with pytest.raises(RefusedError, match="twice"):
        source_digest(repo, commit_tree(repo, [("100644", "blob", blob, "a"), ("100755", "blob", blob, "a")]))


@pytest.mark.parametrize("commit", ["no-such-branch", "0" * 40, "--upload-pack=x", ""])
def test_an_unknown_commit_is_a_usage_error(repo: Path, commit: str) -> None:
    with pytest.raises(UsageError) as caught:
        source_digest(repo, commit)
    assert caught.value.code == "LM-BLD-002"


def test_a_folder_without_git_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        source_digest(tmp_path, "HEAD")
    assert caught.value.code == "LM-BLD-002"
    assert caught.value.solution


def test_a_missing_object_is_named(repo: Path) -> None:
    with pytest.raises(UsageError, match="is missing"):
        source_digest(repo, commit_tree(repo, [("100644", "blob", "2" * 40, "gone")]))


def test_missing_git_is_named_with_its_cure(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EnvironmentLacksError) as caught:
        source_digest(repo, "HEAD")
    assert caught.value.code == "LM-BLD-009"
    assert "apt-get install git" in str(caught.value.solution)


def test_a_replace_object_cannot_put_other_bytes_in_place(repo: Path) -> None:
    before = source_digest(repo, "HEAD")
    evil = git(repo, "hash-object", "-w", "--stdin", data=b"evil\n")
    git(repo, "replace", git(repo, "rev-parse", "HEAD:a.txt"), evil)
    assert git(repo, "show", "HEAD:a.txt") == "evil"
    assert source_digest(repo, "HEAD") == before


def test_the_callers_git_variables_lead_nowhere(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = make_repo(tmp_path / "other", {"o": "other"})
    before = source_digest(repo, "HEAD")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    assert source_digest(repo, "HEAD") == before


def test_attributes_do_not_change_what_is_staged(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {".gitattributes": "* text=auto eol=crlf export-subst\nsecret export-ignore\n", "a": "$Format:%H$\n", "secret": "s"})
    staged = stage_source(repo, "HEAD", tmp_path / "staged")
    assert (staged.root / "a").read_bytes() == b"$Format:%H$\n"
    assert (staged.root / "secret").exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "a.txt").write_text("other!"),
        lambda root: (root / "a.txt").unlink(),
        lambda root: ((root / "a.txt").unlink(), (root / "a.txt").symlink_to("/etc/passwd")),
        lambda root: ((root / "a.txt").unlink(), (root / "a.txt").mkdir()),
        lambda root: ((root / "a.txt").unlink(), os.mkfifo(root / "a.txt")),
        lambda root: (root / "a.txt").chmod(0o755),
    ],
    ids=["content of the same length", "removed", "a link in its place", "a folder in its place", "a fifo in its place", "made executable"],
)
def test_a_changed_file_is_found(repo: Path, tmp_path: Path, change: object) -> None:
    staged = stage_source(repo, "HEAD", tmp_path / "staged")
    assert changed_entries(staged.root, staged.entries) == ()
    (staged.root / "a.txt").chmod(0o644)
    change(staged.root)  # type: ignore[operator]
    assert changed_entries(staged.root, staged.entries) == ("a.txt",)


def test_a_changed_link_is_found(repo: Path, tmp_path: Path) -> None:
    staged = stage_source(repo, "HEAD", tmp_path / "staged")
    (staged.root / "link").unlink()
    (staged.root / "link").symlink_to("run.sh")
    assert changed_entries(staged.root, staged.entries) == ("link",)


def test_a_listing_knows_the_size_of_all(repo: Path) -> None:
    listed = list_source(repo, "HEAD")
    assert [path for _, _, path in listed.files] == [b"a.txt", b"link", b"run.sh", b"src/b c.txt"]
    assert listed.size == 6 + 5 + 19 + 5
    assert (listed.commit, listed.committed_at) == (git(repo, "rev-parse", "HEAD"), COMMITTED_AT)
