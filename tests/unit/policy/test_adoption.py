"""Adopted files: which version may decide a release, and what is said of every other."""

from dataclasses import replace

import pytest

from fakes.keyring import NOON, signer
from lotmark.attest.api import build_payload, sign_payload
from lotmark.attest.models import KeyRecord, Registry, Statement, Subject, Trust, Verified
from lotmark.base.digest import Digest
from lotmark.policy._adoption import Adoption, adoption_evidence, check_adopted, find_adoptions
from lotmark.policy.predicates import ADOPTED_FILES, KINDS

pytestmark = pytest.mark.verifies("REQ-096")

POLICY, PEOPLE = "quality/policy.yaml", "quality/people.yaml"
ONE, TWO, THREE = (Digest.of(text).hex for text in (b"one", b"two", b"three"))
ADA = KeyRecord(signer("ada").key_id, "ed25519", signer("ada").public_key, "root", "ada", "Ada", 0, None)
TRUST = Trust((ADA,))


def adopted(content, index, *, path=POLICY, product="tiny", by=ADA, name="ada"):
    evidence = adoption_evidence(product=product, path=path, content=content, reason="reviewed", at=NOON)
    envelope = sign_payload(build_payload(evidence, Registry(KINDS)), signer(name))
    return Verified(index, evidence.kind, Statement(evidence.subjects, "", evidence.predicate), by, envelope)


def test_what_is_signed_names_the_bytes_of_the_file():
    evidence = adoption_evidence(product="tiny", path=POLICY, content=b"one", reason="reviewed", at=NOON)
    assert evidence.subjects == (Subject(POLICY, {"sha256": ONE}),)
    assert evidence.predicate == {"product": "tiny", "path": POLICY, "sha256": ONE, "reason": "reviewed", "at": "2026-11-23T12:00:00.000Z"}


@pytest.mark.parametrize(
    ("adoptions", "digest", "size", "found"),
    [
        ([], ONE, 10, None),
        ([(ONE, 3)], ONE, 10, None),
        ([(ONE, 3)], TWO, 10, ("LM-POL-016", "POLICY_UNADOPTED", ONE, 3)),
        ([(ONE, 3)], "", 10, ("LM-POL-016", "POLICY_UNADOPTED", ONE, 3)),
        ([(ONE, 3), (TWO, 5)], TWO, 10, None),
        ([(ONE, 3), (TWO, 5)], ONE, 10, ("LM-POL-015", "POLICY_DOWNGRADE", TWO, 5)),
        ([(ONE, 3), (TWO, 5)], THREE, 10, ("LM-POL-016", "POLICY_UNADOPTED", TWO, 5)),
        ([(ONE, 3), (TWO, 5), (ONE, 7)], ONE, 10, None),
        ([(ONE, 3), (TWO, 5), (ONE, 7)], TWO, 10, ("LM-POL-015", "POLICY_DOWNGRADE", ONE, 7)),
        ([(ONE, 3), (TWO, 10)], ONE, 10, None),
        ([(ONE, 3), (TWO, 9)], ONE, 10, ("LM-POL-015", "POLICY_DOWNGRADE", TWO, 9)),
        ([(ONE, 10)], TWO, 10, None),
        ([(ONE, 10)], TWO, 11, ("LM-POL-016", "POLICY_UNADOPTED", ONE, 10)),
    ],
    ids=[
        "never adopted",
        "the adopted one",
        "another one",
        "no file any more",
        "the newer one",
        "the older one",
        "neither",
        "an older one adopted again",
        "the one between",
        "the newer one is adopted after the look",
        "the newer one is adopted just before the look",
        "adopted at the size itself",
        "adopted just below the size",
    ],
)
def test_only_the_newest_adopted_version_decides(adoptions, digest, size, found):
    findings = check_adopted([Adoption(POLICY, sha256, index) for sha256, index in adoptions], {POLICY: digest}, size=size)
    if found is None:
        assert findings == []
        return
    code, word, newest, index = found
    (finding,) = findings
    assert (finding.code, finding.subject) == (code, POLICY)
    assert finding.message.startswith(f"{word}: ")
    assert finding.message.endswith(f"({digest[:12] or 'no file'}) that is not the one adopted at entry {index} ({newest[:12]})")
    assert finding.help == f"put the adopted version back, or have root persons adopt this one: `lotmark key adopt {POLICY}`"


def test_of_people_it_is_a_change_of_roles_that_nobody_approved():
    (finding,) = check_adopted([Adoption(PEOPLE, ONE, 3)], {PEOPLE: TWO}, size=10)
    assert (finding.code, finding.message.partition(":")[0]) == ("LM-POL-016", "ROLE_CHANGE_UNAPPROVED")
    (finding,) = check_adopted([Adoption(PEOPLE, ONE, 3), Adoption(PEOPLE, TWO, 4)], {PEOPLE: ONE}, size=10)
    assert (finding.code, finding.message.partition(":")[0]) == ("LM-POL-015", "POLICY_DOWNGRADE")


def test_each_file_is_judged_by_its_own_versions():
    adoptions = [Adoption(path, ONE, number) for number, path in enumerate(ADOPTED_FILES)]
    assert check_adopted(adoptions, dict.fromkeys(ADOPTED_FILES, ONE), size=50) == []
    findings = check_adopted(reversed(adoptions), dict.fromkeys(ADOPTED_FILES, TWO), size=50)
    assert [finding.subject for finding in findings] == list(ADOPTED_FILES)
    assert [finding.subject for finding in check_adopted(adoptions, {}, size=50)] == list(ADOPTED_FILES)


def test_adoptions_stand_in_the_order_of_taking_effect():
    found = find_adoptions([adopted(b"two", 7), adopted(b"one", 3), adopted(b"one", 5, path=PEOPLE)], TRUST, product="tiny")
    assert found == [Adoption(POLICY, ONE, 3), Adoption(PEOPLE, ONE, 5), Adoption(POLICY, TWO, 7)]


def test_an_adoption_for_another_product_adopts_nothing_here():
    assert find_adoptions([adopted(b"one", 3, product="tin")], TRUST, product="tiny") == []


def test_an_adoption_that_no_root_key_signed_adopts_nothing():
    dana = replace(ADA, key_id=signer("dana").key_id, public_key=signer("dana").public_key, kind="person", person="dana")
    assert find_adoptions([adopted(b"one", 3, by=dana, name="dana")], Trust((ADA, dana)), product="tiny") == []


@pytest.mark.parametrize(
    "subject",
    [(), (Subject(PEOPLE, {"sha256": ONE}),), (Subject(POLICY, {"sha256": TWO}),), (Subject(POLICY, {"sha256": ONE}), Subject(PEOPLE, {"sha256": ONE}))],
    ids=["no subject", "another file", "other bytes", "two files"],
)
def test_an_adoption_whose_subject_is_not_what_it_says_adopts_nothing(subject):
    entry = adopted(b"one", 3)
    assert find_adoptions([replace(entry, statement=Statement(subject, "", entry.statement.predicate))], TRUST, product="tiny") == []


def test_two_signatures_under_one_adoption_are_one_adoption():
    entry = adopted(b"one", 3)
    assert find_adoptions([replace(entry, index=9), entry], TRUST, product="tiny") == [Adoption(POLICY, ONE, 3)]
