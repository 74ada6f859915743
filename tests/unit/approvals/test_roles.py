"""Roles as ledger events: who held which role at which index, and who must have signed it."""

import pytest

from fakes.keyring import NOON, KeyLog, signer
from fakes.signing import Desk
from lotmark.approvals.api import RoleBook, read_roles, role_evidence
from lotmark.approvals.predicates import KINDS as KINDS_OF_APPROVALS
from lotmark.attest.api import build_payload, find_effect, group_signatures, sign_payload, verify_envelope
from lotmark.attest.models import Registry
from lotmark.attest.predicates import KINDS
from lotmark.policy.api import adoption_evidence, check_adopted, find_adoptions
from lotmark.policy.predicates import KINDS as KINDS_OF_POLICY

pytestmark = pytest.mark.verifies("REQ-005", "REQ-331", "REQ-333", "RC-331")

REGISTRY = Registry([*KINDS, *KINDS_OF_APPROVALS, *KINDS_OF_POLICY])


class Office:
    """ada, beth and carl are root persons; records are signed at any index."""

    def __init__(self, threshold=2):
        self.log = KeyLog()
        self.log.add("enrol", "beth", "root")
        self.log.add("enrol", "carl", "root")
        if threshold > 1:
            self.log.threshold(threshold)
        self.entries = []

    @property
    def trust(self):
        return self.log.trust

    def sign(self, evidence, *signatures):
        """The record, signed by each (name, index)."""
        payload = build_payload(evidence, REGISTRY)
        for name, index in signatures:
            envelope = sign_payload(payload, signer(name))
            self.entries.append(verify_envelope(envelope, kind=evidence.kind, index=index, trust=self.trust, registry=REGISTRY))

    def role(self, act, person, role, *signatures, product="qpcr"):
        self.sign(role_evidence(act, product=product, person=person, role=role, reason="appointed", at=NOON), *signatures)

    def adopt(self, content, *signatures, path="quality/policy.yaml", product="qpcr"):
        self.sign(adoption_evidence(product=product, path=path, content=content, reason="approved", at=NOON), *signatures)

    @property
    def book(self):
        return read_roles(self.entries, self.trust, product="qpcr")

    def check(self, size, **files):
        paths = {f"quality/{name}.yaml": digest for name, digest in files.items()}
        adoptions = find_adoptions(self.entries, self.trust, product="qpcr")
        return [(finding.code, finding.message.partition(":")[0]) for finding in check_adopted(adoptions, paths, size=size)]


def sha(content):
    import hashlib

    return hashlib.sha256(content).hexdigest()


def test_without_role_events_the_ledger_has_nothing_against_anybody():
    assert RoleBook().allows("quinn", "quality-owner", 5)
    assert not RoleBook().is_kept(5)
    assert not RoleBook().holds("quinn", "quality-owner", 5)


def test_a_role_is_held_from_the_entry_after_its_last_needed_signature():
    office = Office()
    office.role("grant", "quinn", "quality-owner", ("ada", 10), ("carl", 14))
    assert office.book.events == ((14, "grant", "quinn", "quality-owner"),)
    assert [office.book.holds("quinn", "quality-owner", index) for index in (10, 14, 15)] == [False, False, True]
    # Before the ledger kept roles it has nothing against anybody; afterwards it has against whom it gave none.
    assert [office.book.allows("rene", "regulatory", index) for index in (14, 15)] == [True, False]


def test_a_withdrawn_role_is_held_no_more():
    office = Office()
    office.role("grant", "quinn", "quality-owner", ("ada", 10), ("carl", 11))
    office.role("withdraw", "quinn", "quality-owner", ("beth", 20), ("carl", 22))
    assert [office.book.allows("quinn", "quality-owner", index) for index in (12, 22, 23)] == [True, True, False]


@pytest.mark.attack("A01")
@pytest.mark.parametrize(
    ("signatures", "person"),
    [
        pytest.param([("ada", 10)], "quinn", id="one of two"),
        pytest.param([("ada", 10), ("ada", 11)], "quinn", id="one twice"),
        pytest.param([("ada", 10), ("beth", 11)], "beth", id="one's own"),
        pytest.param([], "quinn", id="nobody"),
    ],
)
def test_a01_too_few_signatures_give_no_role(signatures, person):
    office = Office()
    office.role("grant", person, "quality-owner", *signatures)
    assert office.book == RoleBook()


def test_one_may_sign_that_oneself_loses_a_role():
    office = Office()
    office.role("grant", "beth", "regulatory", ("ada", 10), ("carl", 11))
    office.role("withdraw", "beth", "regulatory", ("ada", 12), ("beth", 13))
    assert not office.book.holds("beth", "regulatory", 14)


def test_a_role_of_another_product_is_another():
    office = Office()
    office.role("grant", "quinn", "quality-owner", ("ada", 10), ("carl", 11), product="other")
    assert office.book == RoleBook()


def test_the_threshold_of_the_entry_decides_not_that_of_today():
    office = Office(threshold=1)
    office.role("grant", "quinn", "quality-owner", ("ada", 3))
    office.log.size = 8
    office.log.threshold(2)
    assert office.book.holds("quinn", "quality-owner", 4)
    office.role("grant", "rene", "regulatory", ("ada", 10))
    assert not office.book.holds("rene", "regulatory", 11)


def test_signatures_of_a_disowned_key_do_not_count():
    office = Office()
    office.role("grant", "quinn", "quality-owner", ("ada", 10), ("beth", 11))
    office.log.size = 20
    office.log.add("compromised", "beth", "root", by="ada carl", counts_before=11)
    assert office.book == RoleBook()


def test_records_are_counted_by_what_they_sign():
    office = Office()
    office.role("grant", "quinn", "quality-owner", ("ada", 10))
    office.role("grant", "quinn", "regulatory", ("beth", 11))
    groups = group_signatures(office.entries, "role-event")
    assert [len(group) for group in groups] == [1, 1]
    assert find_effect(office.entries[:1], office.trust) is None
    assert group_signatures(office.entries, "approval") == []


@pytest.mark.attack("A08")
def test_a08_the_newest_adopted_version_decides():
    office = Office()
    office.adopt(b"one", ("ada", 10), ("beth", 11))
    office.adopt(b"two", ("ada", 20), ("carl", 21))
    assert office.check(11, policy=sha(b"none of them")) == []
    assert office.check(12, policy=sha(b"one")) == []
    assert office.check(12, policy=sha(b"two")) == [("LM-POL-016", "POLICY_UNADOPTED")]
    assert office.check(22, policy=sha(b"two")) == []
    assert office.check(22, policy=sha(b"one")) == [("LM-POL-015", "POLICY_DOWNGRADE")]
    assert office.check(22) == [("LM-POL-016", "POLICY_UNADOPTED")]


@pytest.mark.attack("A01")
def test_a01_people_and_other_files_are_held_to_their_own_versions():
    office = Office()
    office.adopt(b"people", ("ada", 10), ("beth", 11), path="quality/people.yaml")
    office.adopt(b"other product", ("ada", 12), ("beth", 13), product="other")
    office.adopt(b"one alone", ("ada", 14), path="quality/matrix.yaml")
    assert office.check(30, people=sha(b"edited"), matrix=sha(b"x")) == [("LM-POL-016", "ROLE_CHANGE_UNAPPROVED")]
    assert office.check(30, people=sha(b"people"), policy=sha(b"x")) == []


def test_an_adoption_back_to_an_old_version_is_an_adoption():
    office = Office()
    for number, content in enumerate((b"one", b"two", b"one")):
        evidence = adoption_evidence(product="qpcr", path="quality/policy.yaml", content=content, reason=f"number {number}", at=NOON)
        office.sign(evidence, ("ada", 10 * number + 10), ("beth", 10 * number + 11))
    assert office.check(40, policy=sha(b"one")) == []
    assert office.check(40, policy=sha(b"two")) == [("LM-POL-015", "POLICY_DOWNGRADE")]


def test_a_desk_without_role_events_judges_by_people_yaml_alone():
    desk = Desk()
    assert read_roles(desk.entries, desk.trust, product="qpcr") == RoleBook()
