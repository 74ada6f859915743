"""What stage 1 judges of each commit: the sign-off by its author, co-authors, references; and who an address is."""

from types import SimpleNamespace

import pytest

from lotmark.approvals.models import PeopleFile, Person
from lotmark.pipeline._stages import source
from lotmark.pipeline._stages.source import Identities

pytestmark = pytest.mark.verifies("REQ-019")


def commit(*trailers, author="dana@example.org", sha="c" * 40, subject="A change"):
    return SimpleNamespace(sha=sha, subject=subject, author_email=author, trailers=trailers)


def product(*, sign_off=True, references=True):
    return SimpleNamespace(file=SimpleNamespace(source=SimpleNamespace(require_sign_off=sign_off, require_references=references)))


@pytest.mark.parametrize(
    ("trailers", "author", "signed"),
    [
        ((), "dana@example.org", False),
        ((("Signed-off-by", "Dana <dana@example.org>"),), "dana@example.org", True),
        ((("signed-off-by", "Dana <dana@example.org>"),), "dana@example.org", True),
        ((("Signed-off-by", "Dana <DANA@Example.org>"),), "dana@example.org", True),
        ((("Signed-off-by", "Dana <dana@example.org>"),), "Dana@EXAMPLE.org", True),
        ((("Signed-off-by", "dana@example.org"),), "dana@example.org", True),
        ((("Signed-off-by", "Dana < dana@example.org >"),), "dana@example.org", True),
        ((("Signed-off-by", "Quinn <quinn@example.org>"),), "dana@example.org", False),
        ((("Signed-off-by", "dana@example.org <quinn@example.org>"),), "dana@example.org", False),
        ((("Signed-off-by", "Quinn <quinn@example.org>"), ("Signed-off-by", "Dana <dana@example.org>")), "dana@example.org", True),
        ((("Reviewed-by", "Dana <dana@example.org>"),), "dana@example.org", False),
        ((("Signed-off-by", "Dana <xdana@example.org>"),), "dana@example.org", False),
        ((("Signed-off-by", "Dana"),), "dana@example.org", False),
        ((("Signed-off-by", ""),), "dana@example.org", False),
    ],
    ids=[
        "no trailer",
        "the author",
        "the key in small letters",
        "the address in capitals",
        "the author's address in capitals",
        "an address alone",
        "spaces in the brackets",
        "somebody else",
        "the author's address as somebody's name",
        "one of two",
        "another trailer",
        "a longer address",
        "a name alone",
        "an empty value",
    ],
)
def test_a_sign_off_is_the_authors_by_address(trailers, author, signed):
    assert source._signed_off(commit(*trailers, author=author)) is signed


@pytest.mark.parametrize(
    ("trailers", "found"),
    [
        ((), []),
        ((("Co-authored-by", "Omar <omar@example.org>"),), ["omar@example.org"]),
        ((("co-authored-BY", "Omar <omar@example.org>"), ("Co-authored-by", "Vera <vera@example.org>")), ["omar@example.org", "vera@example.org"]),
        ((("Signed-off-by", "Omar <omar@example.org>"),), []),
        ((("Co-authored-by", "omar@example.org"),), ["omar@example.org"]),
    ],
    ids=["none", "one", "two", "another trailer", "an address alone"],
)
def test_co_authors_are_authors(trailers, found):
    assert source._co_authors(commit(*trailers)) == found


SIGNED = ("Signed-off-by", "Dana <dana@example.org>")


@pytest.mark.parametrize(
    ("trailers", "references", "rules", "codes"),
    [
        ((SIGNED,), ("tiny:REQ-001",), {}, []),
        ((), ("tiny:REQ-001",), {}, ["LM-PIP-010"]),
        ((SIGNED,), (), {}, ["LM-PIP-011"]),
        ((), (), {}, ["LM-PIP-010", "LM-PIP-011"]),
        ((), (), {"sign_off": False}, ["LM-PIP-011"]),
        ((), (), {"references": False}, ["LM-PIP-010"]),
        ((), (), {"sign_off": False, "references": False}, []),
    ],
    ids=["good", "not signed off", "names nothing", "neither", "sign-off not wanted", "references not wanted", "nothing wanted"],
)
def test_what_is_found_wrong_with_a_commit(trailers, references, rules, codes):
    one = commit(*trailers)
    findings = source._judge(product(**rules), [one], {one.sha: references})
    assert [finding.code for finding in findings] == codes
    for finding in findings:
        assert finding.subject == one.sha
        assert finding.message.startswith("commit cccccccccccc (A change) ")
        assert finding.help


def test_every_commit_is_judged_in_order():
    commits = [commit(sha=letter * 40) for letter in "abc"]
    findings = source._judge(product(references=False), commits, {})
    assert [finding.subject[0] for finding in findings] == ["a", "b", "c"]


# ---------------------------------------------------------------- who an address is

DANA = Person(id="dana", name="Dana Example", email="dana@example.org", also=["dana@old.example"])
WHO = Identities(lambda text: f"sealed {text}", PeopleFile(people=[DANA, Person(id="vera", name="Vera Example", email="vera@example.org")]))


@pytest.mark.parametrize(
    ("address", "person", "told"),
    [
        ("dana@example.org", "dana", "dana"),
        ("DANA@example.org", "dana", "dana"),
        ("dana@old.example", "dana", "dana"),
        ("eve@example.org", "", "sealed eve@example.org"),
        ("Eve@Example.org", "", "sealed eve@example.org"),
        ("dana", "", "sealed dana"),
        ("root@machine", "", "sealed root@machine"),
    ],
    ids=["by address", "without case", "an earlier address", "a stranger", "a stranger without case", "no address", "an operator"],
)
def test_a_person_is_named_by_id_and_a_stranger_by_a_commitment(address, person, told):
    assert (WHO.person(address), WHO.of(address)) == (person, told)


def test_each_person_is_named_once_and_in_order():
    addresses = ["vera@example.org", "dana@old.example", "", "DANA@example.org", "eve@example.org"]
    assert WHO.all(addresses) == ["dana", "sealed eve@example.org", "vera"]
    assert WHO.all([]) == WHO.all([""]) == []


def test_a_person_of_git_is_told_without_a_clear_name():
    told = WHO.wire("Dana Example", "Dana@Example.org")
    assert told == {"name": "sealed Dana Example", "email": "sealed dana@example.org", "person": "dana"}
