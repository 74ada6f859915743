"""people.yaml and approvals.yaml."""

import pytest

from fakes.signing import APPROVALS, PEOPLE, people, rules
from lotmark.approvals._documents import matching, normal_email
from lotmark.approvals.api import find_person, parse_approvals, parse_people, read_approvals, read_people
from lotmark.base.errors import UsageError

pytestmark = pytest.mark.verifies("REQ-017", "RC-012", "HAZ-003")


def refused(read) -> UsageError:
    with pytest.raises(UsageError) as caught:
        read()
    assert caught.value.where
    assert caught.value.solution
    return caught.value


def test_people_and_rules_are_read_from_files(tmp_path):
    (tmp_path / "people.yaml").write_bytes(PEOPLE)
    (tmp_path / "approvals.yaml").write_bytes(APPROVALS)
    found = read_people(tmp_path / "people.yaml", name="quality/people.yaml")
    assert found.digest == people().digest
    assert found.path == "quality/people.yaml"
    assert read_approvals(tmp_path / "approvals.yaml", found).value == rules()
    assert read_approvals(tmp_path / "approvals.yaml").value == rules()


def test_a_person_is_found_by_id():
    assert find_person(people().value, "quinn").name == "Quinn Example"
    assert find_person(people().value, "nobody") is None


def test_authors_may_not_is_the_rule_unless_said_otherwise():
    assert [tier.may_not for tier in rules().tiers] == [["author", "committer", "last-pusher", "requester"]] * 3


@pytest.mark.parametrize(
    ("line", "code", "reason", "where"),
    [
        ("  - {id: dana, name: Another, email: other@example.org}", "LM-APR-030", "the id 'dana' stands twice", "quality/people.yaml:9:"),
        ("  - {id: next, name: Next, email: Dana@HOME.example}", "LM-APR-030", "'dana@home.example' stands twice", "quality/people.yaml:9:"),
        ("  - {id: next, name: Next, email: quinn+x@example.org}", "LM-APR-030", "'quinn@example.org' stands twice", "quality/people.yaml:9:"),
        ("  - {id: Next, name: Next, email: n@example.org}", "LM-CFG-005", "id", "quality/people.yaml:9:"),
        ("  - {id: next, name: '', email: n@example.org}", "LM-CFG-005", "name", "quality/people.yaml:9:"),
        ("  - {id: next, name: Next, email: nobody}", "LM-CFG-005", "email", "quality/people.yaml:9:"),
        ("  - {id: next, name: Next, email: n@example.org, rolls: [x]}", "LM-CFG-004", "unknown key 'rolls'", "quality/people.yaml:9:"),
    ],
)
def test_people_that_do_not_fit_are_refused(line, code, reason, where):
    """T8: an id is never given to a second person."""
    error = refused(lambda: parse_people(PEOPLE + line.encode() + b"\n", name="quality/people.yaml"))
    assert error.code == code
    assert reason in error.reason
    assert error.where.startswith(where)


@pytest.mark.parametrize(
    ("old", "new", "code", "reason"),
    [
        ("name: low", "name: medium", "LM-APR-031", "the tiers are medium, medium, high"),
        (
            "    required: [{role: quality-owner}]",
            "    required: [{role: quality-owner}]\n    may-not: [committer]",
            "LM-APR-031",
            "tier low lets authors approve",
        ),
        ('paths: ["src/**"]', 'only-paths: ["src/**"]', "LM-APR-031", "only-paths does not belong to tier medium"),
        (
            "{role: clinical, meaning: risk-acceptance}",
            "{role: clinical, count: 2}",
            "LM-APR-032",
            "2 of role 'clinical' must sign, and quality/people.yaml has 1",
        ),
        ("{role: clinical, meaning: risk-acceptance}", "{role: nobody}", "LM-APR-032", "1 of role 'nobody' must sign"),
        ("meaning: review", "meaning: rejection", "LM-CFG-005", "meaning"),
        ("required: [{role: quality-owner}]", "required: []", "LM-CFG-005", "required"),
        ("max-days: 30", "max-days: 0", "LM-CFG-005", "max-days"),
        ("approvals: 1", "approvals: 2", "LM-CFG-005", "approvals"),
        ("up-to: medium", "upto: medium", "LM-CFG-004", "unknown key 'upto'"),
    ],
)
def test_rules_that_do_not_fit_are_refused(old, new, code, reason):
    text = APPROVALS.decode()
    assert old in text
    error = refused(lambda: parse_approvals(text.replace(old, new, 1).encode(), people(), name="quality/approvals.yaml"))
    assert error.code == code
    assert reason in error.reason
    assert error.where.startswith("quality/approvals.yaml:")


def test_who_has_left_fills_no_role():
    text = APPROVALS.replace(b"[{role: quality-owner}]", b"[{role: quality-owner, count: 3}]", 1)
    assert refused(lambda: parse_approvals(text, people(), name="a")).code == "LM-APR-032"


@pytest.mark.parametrize(
    ("address", "normal"), [("Dana@Example.ORG", "dana@example.org"), (" d+git@x.org ", "d@x.org"), ("nobody", "@nobody"), ("a@b@c.org", "a@b@c.org")]
)
def test_addresses_are_compared_without_case_and_tag(address, normal):
    assert normal_email(address) == normal


@pytest.mark.parametrize(
    ("glob", "path", "hit"),
    [
        ("docs/**", "docs/a/b.md", True),
        ("docs/**", "docs/a", True),
        ("docs/**", "mydocs/a", False),
        ("*.md", "README.md", True),
        ("*.md", "a/README.md", False),
        ("**/*.md", "README.md", True),
        ("**/*.md", "a/b/README.md", True),
        ("src/*/x.c", "src/a/x.c", True),
        ("src/*/x.c", "src/a/b/x.c", False),
        ("src/?.c", "src/a.c", True),
        ("src/?.c", "src/ab.c", False),
        ("src/a.c", "src/axc", False),
        ("src/a.c", "src/a.c\n", False),
        ("**", "any/thing", True),
        ("[a].c", "a.c", False),
    ],
)
def test_globs_match_whole_paths(glob, path, hit):
    assert matching([path], [glob]) == ([path] if hit else [])


def test_a_tier_of_another_name_does_not_exist():
    with pytest.raises(ValueError, match="not in tuple"):
        rules().tier("extreme")
