"""The history: who changed what, told so that no message can pretend to be another commit."""

import pytest

from fakes.git_repository import Repository
from lotmark.base.errors import UsageError
from lotmark.product.api import changed_paths, files_at, is_ancestor, list_commits

pytestmark = pytest.mark.verifies("REQ-026")


def commits(repo, base=None):
    return list_commits(repo.root, base, "HEAD")


class TestCommits:
    def test_a_commit_says_who_and_when(self, one):
        (commit,) = commits(one)
        assert commit.sha == one.git("rev-parse", "HEAD")
        assert (commit.subject, commit.body, commit.trailers) == ("First", "First", ())
        assert (commit.author_name, commit.author_email) == ("Dana Okafor", "dana@example.org")
        assert (commit.committer_name, commit.committer_email) == ("Omar Nasser", "omar@example.org")
        assert commit.committed_at == "2023-11-14T22:13:21.000Z"

    def test_the_root_commit_counts_and_the_oldest_stands_first(self, one):
        one.commit("Second")
        one.commit("Third")
        assert [commit.subject for commit in commits(one)] == ["First", "Second", "Third"]

    def test_since_a_base_only_what_is_new(self, one):
        base = one.git("rev-parse", "HEAD")
        one.commit("Second")
        assert [commit.subject for commit in commits(one, base)] == ["Second"]
        assert commits(one, "HEAD") == ()

    def test_a_clock_that_ran_backwards_does_not_turn_parents_and_children(self, one):
        one.seconds -= 1_000_000
        one.commit("Second, made long before")
        one.seconds += 5_000_000
        one.commit("Third")
        assert [commit.subject for commit in commits(one)] == ["First", "Second, made long before", "Third"]

    def test_both_sides_of_a_merge_count_and_the_merge_itself(self, one):
        one.git("checkout", "-q", "-b", "side")
        one.write("side")
        one.commit("Side")
        one.git("checkout", "-q", "main")
        one.write("main")
        one.commit("Main")
        one.git("merge", "-q", "--no-ff", "-m", "Merge", "side")
        found = [commit.subject for commit in commits(one)]
        assert (found[0], sorted(found[1:3]), found[3]) == ("First", ["Main", "Side"], "Merge")

    def test_an_empty_message_is_a_commit(self, one):
        one.commit("", "--allow-empty-message")
        assert (commits(one)[-1].subject, commits(one)[-1].body) == ("", "")

    def test_a_mailmap_does_not_put_another_name_in_place(self, one):
        one.write(".mailmap", "Quinn Halloran <quinn@example.org> <dana@example.org>\n")
        one.commit()
        assert {commit.author_email for commit in commits(one)} == {"dana@example.org"}

    def test_an_unknown_base_is_refused(self, one):
        with pytest.raises(UsageError) as error:
            commits(one, "0" * 40)
        assert error.value.code == "LM-PRD-002"

    def test_three_thousand_commits_are_read_at_once(self, one):
        stream = ["reset refs/heads/main\n"]
        for number in range(3_000):
            message = f"Change {number}\n\nRefs: REQ-001\nSigned-off-by: D <d@example.org>\n"
            stream.append(f"commit refs/heads/main\ncommitter D <d@example.org> {number} +0000\ndata {len(message)}\n{message}\n")
        one.git("fast-import", "--quiet", "--force", data="".join(stream).encode())
        found = commits(one)
        assert len(found) == 3_000
        assert found[-1].trailers == (("Refs", "REQ-001"), ("Signed-off-by", "D <d@example.org>"))


class TestMessages:
    @pytest.mark.parametrize("sign", ["\x1e", "\x1f", "\x1d", "\x1b[31m", "\x01", "\t", "%x00", "\u2028"])
    def test_a_sign_in_a_message_is_a_sign_in_a_message(self, one, sign):
        forged = f"Forged{sign}{'a' * 40}{sign}Other{sign}quinn{sign}quinn@example.org"
        one.commit(f"{forged}\n\nBody {forged}")
        assert len(commits(one)) == 2
        assert commits(one)[1].author_email == "dana@example.org"
        assert commits(one)[1].subject == forged

    def test_a_message_with_nul_cannot_forge_a_commit(self, one):
        """Git itself refuses to make one; whoever writes the object by hand gains nothing."""
        fields = ["a" * 40, "Other", "q", "q@example.org", "q", "q@example.org", "1", "Other", ""]
        raw = one.git("cat-file", "commit", "HEAD").encode() + b"\n\0" + "\0".join([*fields, *fields]).encode() + b"\n"
        sha = one.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", data=raw)
        found = list_commits(one.root, None, sha)
        assert [(commit.sha, commit.author_email) for commit in found] == [(sha, "dana@example.org")]

    def test_a_message_that_is_not_utf_8_is_read_as_far_as_it_goes(self, one):
        raw = one.git("cat-file", "commit", "HEAD").partition("\n\n")[0].encode() + b"\n\nCaf\xe9\n\nRefs: REQ-001\n"
        (commit,) = list_commits(one.root, None, one.git("hash-object", "-t", "commit", "-w", "--stdin", data=raw))
        assert commit.subject == "Caf\ufffd"
        assert commit.trailers == (("Refs", "REQ-001"),)

    def test_a_message_in_a_declared_encoding_is_read_in_it(self, one):
        one.git("config", "i18n.commitEncoding", "ISO-8859-1")
        one.git("config", "i18n.logOutputEncoding", "ISO-8859-1")
        one.commit("Café".encode("latin-1"))
        assert commits(one)[1].subject == "Café"

    def test_a_body_of_many_lines_is_kept(self, one):
        one.commit("Subject\nof two lines\n\nBody\n\n  indented\n# no comment\n")
        assert commits(one)[1].subject == "Subject of two lines"
        assert commits(one)[1].body == "Subject\nof two lines\n\nBody\n\n  indented\n# no comment"


class TestTrailers:
    @pytest.mark.parametrize(
        ("block", "trailers"),
        [
            ("Signed-off-by: D <d@example.org>", [("Signed-off-by", "D <d@example.org>")]),
            ("signed-off-by: D <d@example.org>", [("signed-off-by", "D <d@example.org>")]),
            ("Refs: REQ-001\nRefs: REQ-002", [("Refs", "REQ-001"), ("Refs", "REQ-002")]),
            ("Refs: REQ-001,\n REQ-002", [("Refs", "REQ-001, REQ-002")]),
            ("Fixes: https://example.org/1?a=b", [("Fixes", "https://example.org/1?a=b")]),
            ("Refs:", []),
            ("no trailer at all", []),
        ],
        ids=["one", "another case", "several", "folded", "a colon in the value", "no value", "prose"],
    )
    def test_trailers_are_the_last_paragraph(self, one, block, trailers):
        one.commit(f"Subject\n\nBody: not a trailer\nsince it is prose that goes on\n\n{block}\n")
        assert commits(one)[1].trailers == tuple(trailers)

    def test_a_trailer_before_the_last_paragraph_is_none(self, one):
        one.commit("Subject\n\nSigned-off-by: D <d@example.org>\n\nThe end.\n")
        assert commits(one)[1].trailers == ()

    def test_configured_separators_do_not_make_trailers(self, one):
        one.git("config", "trailer.separators", "=#:")
        one.commit("Subject\n\nRefs=REQ-001\n")
        assert commits(one)[1].trailers == ()


class TestShallow:
    def test_a_shallow_clone_is_refused_with_the_cure(self, one, tmp_path):
        one.commit("Second")
        shallow = Repository(tmp_path / "shallow")
        shallow.git("pull", "-q", "--depth", "1", one.root.as_uri(), "main")
        with pytest.raises(UsageError, match="cut off") as error:
            commits(shallow)
        assert (error.value.code, error.value.solution) == ("LM-PRD-005", "git fetch --unshallow")

    def test_a_graft_does_not_cut_the_history_off_unseen(self, one):
        head = one.commit("Second")
        (one.root / ".git" / "info" / "grafts").write_text(f"{head}\n")
        assert [commit.subject for commit in commits(one)] == ["First", "Second"]


class TestChangedPaths:
    def test_at_first_every_path_counts(self, one):
        one.write("sub/ü")
        one.commit()
        assert changed_paths(one.root, None, "HEAD") == ("file", "sub/ü")

    def test_both_names_of_a_rename_and_removed_ones_too(self, one):
        base = one.commit()
        one.git("mv", "file", "renamed")
        one.write("new")
        one.commit()
        assert changed_paths(one.root, base, "HEAD") == ("file", "new", "renamed")

    @pytest.mark.parametrize("name", ["new\nline", "with space", "ünï", '"'])
    def test_any_name_is_told_as_it_is(self, one, name):
        one.write(name)
        one.commit()
        assert changed_paths(one.root, "HEAD~1", "HEAD") == (name,)

    def test_a_name_that_is_not_utf_8_is_told_as_text(self, one):
        one.write(b"caf\xe9")
        one.commit()
        assert changed_paths(one.root, "HEAD~1", "HEAD") == ("caf\\xe9",)

    def test_nothing_changed_between_a_commit_and_itself(self, one):
        assert changed_paths(one.root, "HEAD", "HEAD") == ()

    def test_settings_do_not_hide_a_path(self, one):
        one.git("config", "diff.renames", "copies")
        one.git("config", "diff.ignoreSubmodules", "all")
        one.git("mv", "file", "renamed")
        one.commit()
        assert changed_paths(one.root, "HEAD~1", "HEAD") == ("file", "renamed")

    def test_sha_256_repositories_are_read_too(self, tmp_path):
        repo = Repository(tmp_path / "r", "--object-format=sha256")
        repo.write("file")
        repo.commit()
        assert changed_paths(repo.root, None, "HEAD") == ("file",)
        assert len(commits(repo)[0].sha) == 64


class TestFilesAt:
    def test_the_files_of_a_folder_at_a_commit(self, one):
        one.write("quality/a", "1")
        one.write("quality/deep/b c", b"\x00\n\xff")
        one.write("qualityother/x", "no")
        commit = one.commit()
        one.write("quality/a", "changed later")
        one.commit()
        assert files_at(one.root, commit, "quality") == {"quality/a": b"1", "quality/deep/b c": b"\x00\n\xff"}

    def test_a_folder_that_did_not_exist_is_empty(self, one):
        assert files_at(one.root, "HEAD", "quality") == {}

    def test_links_and_submodules_are_no_plain_files(self, one, tmp_path):
        inner = Repository(tmp_path / "inner")
        inner.commit()
        one.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.root), "quality/inner")
        (one.root / "quality" / "link").symlink_to("../file")
        one.write("quality/a", "")
        one.commit()
        assert files_at(one.root, "HEAD", "quality") == {"quality/a": b""}

    def test_from_a_folder_below_the_root_too(self, one):
        one.write("quality/a", "1")
        one.commit()
        assert files_at(one.root / "quality", "HEAD", "quality") == {"quality/a": b"1"}

    def test_a_missing_object_is_refused_and_named(self, one):
        one.write("quality/a", "1")
        one.write("quality/b", "2")
        one.commit()
        sha = one.git("rev-parse", "HEAD:quality/b")
        (one.root / ".git" / "objects" / sha[:2] / sha[2:]).unlink()
        with pytest.raises(UsageError, match="quality/b") as error:
            files_at(one.root, "HEAD", "quality")
        assert error.value.code == "LM-PRD-002"


def test_an_ancestor_is_reachable(one):
    first = one.git("rev-parse", "HEAD")
    second = one.commit()
    assert is_ancestor(one.root, first, second)
    assert is_ancestor(one.root, first, first)
    assert not is_ancestor(one.root, second, first)
    assert not is_ancestor(one.root, "0" * 40, second)
    assert not is_ancestor(one.root, "--octopus", second)
