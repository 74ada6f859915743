"""The change at hand: its lines, its commits, and what it does to the files that decide."""

import pytest

from fakes.git_repository import Repository
from lotmark.base.errors import UsageError
from lotmark.base.findings import Severity
from lotmark.checks.api import check_commits, check_policy_files, named_by, read_change
from lotmark.checks.models import People
from lotmark.product.api import commits_before
from lotmark.product.models import SourceSection

pytestmark = pytest.mark.verifies("REQ-403", "RC-012")

KNOWN = ("REQ-001", "REQ-014", "SYS-SES-004", "HAZ-001")
PEOPLE = People(
    {"dana": frozenset({"dana@example.org"}), "quinn": frozenset({"quinn@example.org"}), "rene": frozenset({"rene@example.org"})},
    {"dana": frozenset({"quality-owner"}), "quinn": frozenset({"quality-owner"}), "rene": frozenset({"regulatory"})},
)


@pytest.fixture
def repository(tmp_path):
    found = Repository(tmp_path / "work")
    found.write("a.md", "".join(f"line {n}\n" for n in range(1, 11)))
    found.write("quality/policy.yaml", "policy: 1\n")
    found.commit("First")
    found.git("branch", "base")
    return found


def edit(repository, path, **lines):
    """Replace lines (l3="new") of a file."""
    text = (repository.root / path).read_text().splitlines()
    for key, value in lines.items():
        text[int(key[1:]) - 1] = value
    repository.write(path, "\n".join(text) + "\n")


class TestLines:
    def test_they_are_those_of_commits_and_of_the_work_tree(self, repository):
        edit(repository, "a.md", l3="new", l4="new")
        repository.commit("Second")
        edit(repository, "a.md", l9="newer")
        change = read_change(repository.root, "base")
        assert change.lines["a.md"] == ((3, 4), (9, 9))
        assert change.paths == {"a.md"}
        assert [commit.subject for commit in change.commits] == ["Second"]

    def test_removed_lines_are_nowhere_but_their_file_changed(self, repository):
        repository.write("a.md", "line 1\n")
        change = read_change(repository.root, "base")
        assert change.lines["a.md"] == ()
        assert change.paths == {"a.md"}

    def test_a_new_file_is_new_from_first_to_last_tracked_or_not(self, repository):
        repository.write("new.md", "a\nb\n")
        repository.commit("Second")
        repository.write("newer.md", "a\nb\n")
        change = read_change(repository.root, "base")
        assert change.lines["new.md"] == ((1, 2),)
        assert change.lines["newer.md"][0][0] == 1
        assert change.lines["newer.md"][0][1] >= 2

    @pytest.mark.parametrize("name", ["with space.md", "umläut.md", "a+b.md", "--- a.md", "sub/deep/x.md"])
    def test_odd_names_are_read(self, repository, name):
        repository.write(name, "a\n")
        repository.commit("Second")
        change = read_change(repository.root, "base")
        assert name in change.paths
        assert change.lines[name] == ((1, 1),)

    def test_what_the_base_did_meanwhile_is_not_part_of_it(self, repository):
        edit(repository, "a.md", l3="ours")
        repository.commit("Ours")
        repository.git("checkout", "-q", "base")
        edit(repository, "a.md", l10="theirs")
        repository.commit("Theirs")
        repository.git("checkout", "-q", "main")
        change = read_change(repository.root, "base")
        assert change.lines["a.md"] == ((3, 3),)
        assert [commit.subject for commit in change.commits] == ["Ours"]

    def test_a_users_diff_settings_change_nothing(self, repository):
        for key, value in (
            ("diff.noprefix", "true"),
            ("diff.mnemonicPrefix", "true"),
            ("color.ui", "always"),
            ("diff.external", "/bin/false"),
            ("diff.renames", "copies"),
        ):
            repository.git("config", key, value)
        edit(repository, "a.md", l3="new")
        assert read_change(repository.root, "base").lines["a.md"] == ((3, 3),)

    def test_binary_files_have_no_lines(self, repository):
        repository.write("x.bin", b"\0\1\2")
        repository.commit("Second")
        change = read_change(repository.root, "base")
        assert "x.bin" in change.paths
        assert not change.lines.get("x.bin")

    @pytest.mark.parametrize("base", ["nowhere", "--all", "HEAD~99"])
    def test_an_unknown_base_is_refused(self, repository, base):
        with pytest.raises(UsageError) as error:
            read_change(repository.root, base)
        assert error.value.code == "LM-PRD-002"


def judge_commits(repository, **more):
    settings = {"rules": SourceSection(), "known": KNOWN} | more
    return check_commits(repository.root, read_change(repository.root, "base"), "qpcr", **settings)


class TestReferences:
    @pytest.mark.parametrize(
        "message",
        [
            "Fix REQ-001",
            "Fix\n\nRefs: REQ-014",
            "Fix\n\nImplements: SYS-SES-004",
            "Fix\n\nRefs: qpcr:REQ-001",
            "Fix\n\nRefs: pelican:SYS-004",
            "Fix\n\nRefs: HAZ-001, REQ-014",
        ],
    )
    def test_a_commit_names_what_it_is_for(self, repository, message):
        repository.commit(message)
        assert judge_commits(repository) == []

    @pytest.mark.parametrize("message", ["Fix", "Read UTF-8 and SHA-256", "Fix\n\nSigned-off-by: Dana <dana@example.org>"])
    def test_one_that_names_nothing_is_a_warning_before_the_merge(self, repository, message):
        sha = repository.commit(message)
        (finding,) = judge_commits(repository)
        assert (finding.code, finding.severity, finding.subject) == ("LM-PIP-011", Severity.WARNING, sha)

    @pytest.mark.parametrize(("message", "named"), [("Fix REQ-099", "REQ-099"), ("Fix REQ-001\n\nRefs: REQ-002", "REQ-002"), ("Fix\n\nRefs: RQ-001", "RQ-001")])
    def test_a_reference_that_leads_nowhere_is_said(self, repository, message, named):
        sha = repository.commit(message)
        (finding,) = judge_commits(repository)
        assert (finding.code, finding.subject) == ("LM-CHK-021", sha)
        assert named in finding.message

    def test_the_title_of_a_pull_request_speaks_for_its_commits_more_softly(self, repository):
        repository.commit("Fix")
        (finding,) = judge_commits(repository, named={"REQ-014"})
        assert finding.severity is Severity.INFO
        assert "REQ-014" in finding.message

    def test_a_product_that_asks_for_none_gets_none(self, repository):
        repository.commit("Fix")
        assert judge_commits(repository, rules=SourceSection(require_references=False)) == []

    def test_the_history_before_a_baseline_commit_is_exempt(self, repository):
        old = repository.commit("Old")
        new = repository.commit("New")
        assert [finding.subject for finding in judge_commits(repository, rules=SourceSection(baseline=old))] == [new]

    def test_the_history_before_a_baseline_day_is_exempt(self, repository):
        repository.commit("Old")  # 2023-11-14, by the repository's own clock
        repository.seconds += 86_400
        new = repository.commit("New")
        assert [finding.subject for finding in judge_commits(repository, rules=SourceSection(baseline="2023-11-15"))] == [new]
        assert len(judge_commits(repository, rules=SourceSection(baseline="2023-11-14"))) == 2

    @pytest.mark.parametrize("baseline", ["", "nowhere", "2023-99-99x"])
    def test_an_unknown_baseline_exempts_nothing(self, repository, baseline):
        assert commits_before(repository.root, baseline) == frozenset()


@pytest.mark.parametrize(
    ("text", "named", "unknown"),
    [
        ("feature/REQ-014-expired-lots", {"REQ-014"}, []),
        ("REQ-014", {"REQ-014"}, []),
        ("fix_SYS-SES-004_and_REQ-001", {"SYS-SES-004", "REQ-001"}, []),
        ("REQ-014: refuse expired lots (HAZ-001)", {"REQ-014", "HAZ-001"}, []),
        ("feature/REQ-999-x", set(), ["REQ-999"]),
        ("fix/UTF-8-names", set(), []),
        ("main", set(), []),
        ("XREQ-014", set(), []),
        ("REQ-0145", set(), ["REQ-0145"]),
        ("", set(), []),
    ],
)
def test_branches_and_titles_name_items(text, named, unknown):
    found, findings = named_by(text, KNOWN)
    assert found == named
    assert [finding.message.split(" names ")[1].split(",")[0] for finding in findings] == unknown


def judge_policy(repository, roles=("quality-owner",)):
    return check_policy_files(repository.root, read_change(repository.root, "base"), PEOPLE, roles)


class TestPolicyFiles:
    def test_a_change_elsewhere_needs_no_approval(self, repository):
        repository.write("quality/requirements/REQ-001.md", "x")
        repository.commit("Second")
        assert judge_policy(repository) == []

    def test_a_commit_that_changes_one_needs_a_second_person(self, repository):
        repository.write("quality/policy.yaml", "policy: 2\n")
        sha = repository.commit("Loosen")
        (finding,) = judge_policy(repository)
        assert (finding.code, finding.severity, finding.subject) == ("LM-CHK-020", Severity.ERROR, sha)
        assert finding.location.path == "quality/policy.yaml"

    @pytest.mark.parametrize("name", ["policy", "matrix", "approvals", "people", "trace", "exceptions", "markers"])
    def test_every_file_that_decides_is_held(self, repository, name):
        repository.write(f"quality/{name}.yaml", "new: 1\n")
        repository.commit("Add")
        assert len(judge_policy(repository)) == 1

    @pytest.mark.parametrize("address", ["quinn@example.org", "Quinn@Example.ORG"])
    def test_a_person_with_the_role_approves(self, repository, address):
        repository.write("quality/policy.yaml", "policy: 2\n")
        repository.commit(f"Change\n\nApproved-by: Quinn Halloran <{address}>")
        assert judge_policy(repository) == []

    @pytest.mark.parametrize(
        ("address", "why"),
        [
            ("dana@example.org", "cannot approve it too"),
            ("rene@example.org", "holds none of the roles"),
            ("eve@example.org", "stands in no people.yaml"),
            ("nobody", "stands in no people.yaml"),
        ],
    )
    def test_nobody_else_does(self, repository, address, why):
        repository.write("quality/policy.yaml", "policy: 2\n")
        repository.commit(f"Change\n\nApproved-by: Somebody <{address}>")
        (finding,) = judge_policy(repository)
        assert why in finding.message

    def test_an_approval_of_one_commit_does_not_reach_another(self, repository):
        repository.write("quality/policy.yaml", "policy: 2\n")
        repository.commit("Change\n\nApproved-by: Quinn <quinn@example.org>")
        repository.write("quality/policy.yaml", "policy: 3\n")
        second = repository.commit("Change again")
        assert [finding.subject for finding in judge_policy(repository)] == [second]

    def test_a_change_taken_back_within_the_branch_leaves_nothing_to_approve(self, repository):
        repository.write("quality/policy.yaml", "policy: 2\n")
        repository.commit("Change")
        repository.write("quality/policy.yaml", "policy: 1\n")
        repository.commit("Take back")
        assert judge_policy(repository) == []
