"""What git says of the work tree: commit, branch, remote and everything that differs from the commit."""

import os
import subprocess

import pytest

from fakes.git_repository import Repository
from lotmark.base.errors import EnvironmentLacksError, UsageError
from lotmark.product.api import find_root, read_cleanliness, read_source_state, resolve_commit

pytestmark = pytest.mark.verifies("REQ-026")


def dirty(repo):
    """As both ways of asking say it."""
    commit, changed = read_cleanliness(repo.root)
    state = read_source_state(repo.root)
    assert state.commit == commit
    assert set(changed) <= set(state.dirty)
    return state.dirty


class TestClean:
    def test_a_clean_tree_says_who_it_is(self, one):
        state = read_source_state(one.root)
        assert state.commit == one.git("rev-parse", "HEAD")
        assert state.tree == one.git("rev-parse", "HEAD^{tree}")
        assert state.ref == "refs/heads/main"
        assert state.committed_at == "2023-11-14T22:13:21.000Z"
        assert state.repository == one.root.as_uri()
        assert state.dirty == ()

    def test_a_detached_head_is_named_so(self, one):
        one.git("checkout", "-q", "--detach")
        assert read_source_state(one.root).ref == "HEAD"

    def test_ignored_files_are_no_change(self, one):
        one.write(".gitignore", "*.pyc\n")
        one.commit()
        one.write("a.pyc")
        assert dirty(one) == ()

    def test_a_touched_file_with_the_same_bytes_is_no_change(self, one):
        os.utime(one.root / "file", (1, 1))
        assert dirty(one) == ()

    def test_looking_writes_nothing(self, one):
        os.utime(one.root / "file", (1, 1))
        before = {path: path.stat().st_mtime_ns for path in (one.root / ".git").rglob("*")}
        read_source_state(one.root)
        assert {path: path.stat().st_mtime_ns for path in (one.root / ".git").rglob("*")} == before


class TestDirty:
    def test_a_changed_file(self, one):
        one.write("file", "other\n")
        assert dirty(one) == ("file",)

    def test_a_staged_file(self, one):
        one.write("new")
        one.git("add", "new")
        assert dirty(one) == ("new",)

    def test_a_deleted_file(self, one):
        (one.root / "file").unlink()
        assert dirty(one) == ("file",)

    def test_an_untracked_file_in_an_untracked_folder(self, one):
        one.write("a/b/c")
        assert dirty(one) == ("a/b/c",)

    def test_a_file_that_became_executable(self, one):
        (one.root / "file").chmod(0o755)
        assert dirty(one) == ("file",)

    def test_both_names_of_a_staged_rename(self, one):
        one.git("mv", "file", "renamed")
        assert dirty(one) == ("file", "renamed")

    def test_both_names_of_a_rename_that_is_only_intended(self, one):
        (one.root / "file").rename(one.root / "moved")
        one.git("add", "-N", "moved")
        assert dirty(one) == ("file", "moved")

    def test_a_conflict(self, one):
        one.git("checkout", "-q", "-b", "other")
        one.write("file", "theirs\n")
        one.commit()
        one.git("checkout", "-q", "main")
        one.write("file", "ours\n")
        one.commit()
        with pytest.raises(AssertionError):
            one.git("merge", "other")
        assert dirty(one) == ("file",)

    @pytest.mark.parametrize("name", ["with space", "-dash", "new\nline", "tab\t", "ünï", '"quoted"', "# hash", "? question", "1 one", "-> arrow"])
    def test_any_name_is_told_as_it_is(self, one, name):
        one.write(name)
        assert dirty(one) == (name,)
        one.commit()
        one.write(name, "changed\n")
        assert dirty(one) == (name,)

    def test_a_name_that_is_not_utf_8_is_told_as_text(self, one):
        one.write(b"caf\xe9")
        assert dirty(one) == ("caf\\xe9",)
        dirty(one)[0].encode()

    @pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
    def test_a_file_at_which_git_was_told_not_to_look(self, one, flag):
        one.git("update-index", flag, "file")
        one.write("file", "other\n")
        (found,) = dirty(one)
        assert found.startswith("file (hidden from git status")

    @pytest.mark.parametrize("name", ["quality/policy.yaml", "quality/deep/x", "lotmark.yaml"])
    def test_configuration_that_git_ignores(self, one, name):
        (one.root / ".git" / "info" / "exclude").write_text("*.yaml\nx\n")
        one.write(name)
        assert dirty(one) == (f"{name} (configuration that git ignores)",)

    def test_settings_cannot_hide_changes(self, one):
        for key, value in {"status.showUntrackedFiles": "no", "status.renames": "true", "core.quotePath": "true", "status.relativePaths": "true"}.items():
            one.git("config", key, value)
        one.write("sub/ü")
        one.git("mv", "file", "renamed")
        assert dirty(one) == ("file", "renamed", "sub/ü")

    def test_a_changed_submodule_counts_even_where_it_asks_not_to(self, one, tmp_path):
        inner = Repository(tmp_path / "inner")
        inner.write("x")
        inner.commit()
        one.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.root), "inner")
        one.git("config", "-f", ".gitmodules", "submodule.inner.ignore", "all")
        one.commit()
        assert dirty(one) == ()
        one.write("inner/x", "changed\n")
        assert dirty(one) == ("inner",)


class TestPlaces:
    def test_the_root_is_found_from_below(self, one):
        one.write("a/b/c")
        assert find_root(one.root / "a" / "b") == one.root
        assert find_root(one.root) == one.root

    @pytest.mark.parametrize("name", ["with space", "ünï", "line\nfeed", "feed at the end\n", b"caf\xe9"])
    def test_a_root_may_have_any_name(self, tmp_path, name):
        from_bytes = tmp_path / (os.fsdecode(name) if isinstance(name, bytes) else name)
        repo = Repository(from_bytes)
        repo.commit()
        assert find_root(repo.root) == repo.root
        read_source_state(repo.root).repository.encode()

    def test_a_linked_work_tree_is_its_own_root(self, one, tmp_path):
        one.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
        assert find_root(tmp_path / "side") == tmp_path / "side"
        assert read_source_state(tmp_path / "side").ref == "refs/heads/side"

    def test_a_submodule_is_its_own_root(self, one, tmp_path):
        inner = Repository(tmp_path / "inner")
        inner.commit()
        one.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.root), "inner")
        assert find_root(one.root / "inner") == one.root / "inner"

    def test_an_empty_repository_has_no_state(self, repo):
        assert find_root(repo.root) == repo.root
        assert read_cleanliness(repo.root) == ("", ())
        with pytest.raises(UsageError) as error:
            read_source_state(repo.root)
        assert error.value.code == "LM-PRD-002"
        assert "at least one commit" in error.value.solution

    def test_a_folder_outside_of_any_repository_is_refused(self, tmp_path):
        with pytest.raises(UsageError, match="not a git repository") as error:
            find_root(tmp_path)
        assert error.value.code == "LM-PRD-002"

    def test_a_bare_repository_is_refused(self, tmp_path):
        bare = Repository(tmp_path / "bare", "--bare")
        with pytest.raises(UsageError, match="work tree"):
            find_root(bare.root)

    def test_the_inside_of_the_git_folder_is_refused(self, one):
        with pytest.raises(UsageError):
            find_root(one.root / ".git")

    @pytest.mark.parametrize("name", ["missing", "file", "file/below"])
    def test_what_is_no_folder_is_refused(self, one, name):
        with pytest.raises(UsageError, match="there is no folder") as error:
            find_root(one.root / name)
        assert error.value.code == "LM-PRD-002"

    def test_without_git_the_cure_is_named(self, one, monkeypatch):
        monkeypatch.setenv("PATH", str(one.root))
        with pytest.raises(EnvironmentLacksError, match="git is not installed") as error:
            find_root(one.root)
        assert (error.value.code, error.value.solution) == ("LM-PRD-001", "apt-get install git")

    def test_a_git_that_may_not_be_run_is_a_lack_of_the_environment(self, one, monkeypatch):
        def refused(*_, **__):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(subprocess, "run", refused)
        with pytest.raises(EnvironmentLacksError, match="Permission denied"):
            find_root(one.root)


class TestSurroundings:
    @pytest.mark.parametrize(
        "name", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_CONFIG_PARAMETERS", "GIT_NAMESPACE", "GIT_EXTERNAL_DIFF"]
    )
    def test_the_callers_git_variables_do_not_leak_in(self, one, monkeypatch, name):
        before = read_source_state(one.root)
        monkeypatch.setenv(name, "/nonexistent")
        assert read_source_state(one.root) == before

    def test_a_repository_of_another_user_is_read(self, one, monkeypatch):
        below = one.write("below/file").parent
        one.commit()
        if os.getuid() != 0:
            pytest.skip("only root gives files away")
        for path in [one.root, *one.root.rglob("*")]:
            os.chown(path, 12345, 12345)
        monkeypatch.setenv("SUDO_UID", "")
        monkeypatch.delenv("SUDO_UID")
        assert find_root(below) == one.root
        assert read_source_state(one.root).dirty == ()

    def test_a_replaced_commit_does_not_stand_in_for_the_real_one(self, one):
        first = one.git("rev-parse", "HEAD")
        tree = one.git("rev-parse", "HEAD^{tree}")
        one.write("file", "evil\n")
        other = one.commit("Other")
        one.git("reset", "-q", "--hard", first)
        one.git("replace", first, other)
        assert read_source_state(one.root).tree == tree

    def test_a_file_system_monitor_is_not_run(self, one, tmp_path):
        hook = tmp_path / "hook"
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        hook.chmod(0o755)
        one.git("config", "core.fsmonitor", str(hook))
        assert dirty(one) == ()
        assert not (tmp_path / "ran").exists()


REMOTES = {
    "https://example.org/team/product.git": "https://example.org/team/product.git",
    "https://user:secret@example.org/p.git": "https://example.org/p.git",
    "https://token@example.org:8443/p.git": "https://example.org:8443/p.git",
    "https://user:pa@ss@example.org/p.git": "https://example.org/p.git",
    "https://user:se/cret@example.org/p.git": "https://example.org/p.git",
    "https://example.org/@scope/p.git": "https://example.org/@scope/p.git",
    "https://example.org:8443/@scope/p.git": "https://example.org:8443/@scope/p.git",
    "https://[::1]/a@b": "https://[::1]/a@b",
    "https://[::1]:80/a@b": "https://[::1]:80/a@b",
    "https://example.org/p.git?private_token=secret": "https://example.org/p.git",
    "https://example.org/p.git#secret": "https://example.org/p.git",
    "https://user:secret@example.org": "https://example.org",
    "ssh://git@example.org/p.git": "ssh://example.org/p.git",
    "git@example.org:team/p.git": "git@example.org:team/p.git",
    "/srv/git/p.git": "/srv/git/p.git",
}


@pytest.mark.parametrize(("url", "shown"), REMOTES.items(), ids=REMOTES)
def test_the_remote_is_told_without_secrets(one, url, shown):
    one.git("config", "remote.origin.url", url)
    assert read_source_state(one.root).repository == shown


@pytest.mark.parametrize("revision", ["HEAD", "main", "v1", "HEAD^{commit}"])
def test_a_revision_is_resolved_to_its_commit(one, revision):
    one.git("tag", "-a", "-m", "One", "v1")
    assert resolve_commit(one.root, revision) == one.git("rev-parse", "HEAD")


@pytest.mark.parametrize("revision", ["missing", "", "--help", "HEAD:file", "HEAD~1", "main..main"])
def test_a_revision_that_names_no_commit_is_refused(one, revision):
    with pytest.raises(UsageError, match="no commit is named") as error:
        resolve_commit(one.root, revision)
    assert error.value.code == "LM-PRD-002"


def test_a_commit_of_an_impossible_date_is_refused(one):
    body = one.git("cat-file", "commit", "HEAD").replace("1700000001", "99999999999999")
    sha = one.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", data=body.encode() + b"\n")
    one.git("reset", "-q", "--soft", sha)
    with pytest.raises(UsageError, match="impossible date"):
        read_source_state(one.root)
