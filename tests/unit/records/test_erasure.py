"""Erasure: whose name may go, whose stays with the signature, and what is not reached."""

import pytest

from fakes.record_log import RUN, RecordLog
from lotmark.attest.models import Evidence, Subject
from lotmark.base.digest import Digest
from lotmark.base.errors import NothingToJudgeError, RefusedError
from lotmark.records._erasure import Occurrence, carry_out_erasure, check_erasure, erasure_act, find_in_blobs, find_values
from lotmark.records.api import Vault
from lotmark.records.predicates import ActBody

pytestmark = pytest.mark.verifies("REQ-092", "RC-091", "HAZ-091")

MALLORY = "Mallory Example"


@pytest.fixture
def log():
    return RecordLog()


@pytest.fixture
def vault(tmp_path):
    return Vault(tmp_path / "vault.db")


def occurrences(log):
    reader = log.reader
    return [Occurrence(entry.index, entry.header, reader.find(entry)) for entry in log.ledger.entries()]


def check(log, values, commitments=()):
    check_erasure(values, commitments, occurrences(log), log.state)


def approve(log, name, **told):
    predicate = {"signer": {"person": "quinn", "name": name}, "text": "", **told}
    return log.add(Evidence("approval", (Subject("source", Digest.of(b"x").digest_set),), predicate), "quinn")


def test_an_author_who_signed_nothing_may_go(log, vault):
    token = vault.seal(MALLORY)
    log.note(f"written by {token}")
    log.note(token)
    check(log, [MALLORY], [token])


@pytest.mark.parametrize("value", ["Quinn Example", "QUINN EXAMPLE", "quinn example"])
def test_who_signed_stays_as_long_as_what_was_signed(log, value):
    index = approve(log, "Quinn Example")
    with pytest.raises(RefusedError, match=r"RETENTION: the printed name, time and meaning of a signature stay .*\(key-event\)") as caught:
        check(log, [value])
    assert caught.value.code == "LM-REC-001"
    assert f"entry {index} (approval)" in caught.value.reason


def test_an_address_of_a_signer_stays_too_though_it_is_sealed(log, vault):
    token = vault.seal("mallory@example.org")
    approve(log, "Mallory", email=token)
    with pytest.raises(RefusedError, match=r"\(approval\)"):
        check(log, ["mallory@example.org"], [token])


def test_a_signature_that_has_expired_keeps_no_name(log, vault):
    token = vault.seal("mallory@example.org")
    index = approve(log, "Mallory", email=token)
    act = ActBody(scope=f"run:{RUN}", on="2026-01-01", retention_class="unreleased", entries=[index])
    log.act("expiry", act, "quinn")
    log.act("expiry", act, "rene")
    check(log, ["mallory@example.org"], [token])


def test_many_signed_records_are_not_all_listed(log):
    for number in range(7):
        approve(log, MALLORY, number=number)
    with pytest.raises(RefusedError, match="and 2 more"):
        check(log, [MALLORY])


def test_an_erasure_that_waits_does_not_keep_what_it_names(log, vault):
    token = vault.seal(MALLORY)
    log.act("erasure", erasure_act([token]), "quinn")
    check(log, [MALLORY], [token])


def test_who_signed_an_act_on_records_stays(log):
    log.act("hold", ActBody(scope="product:other"), "vera")
    with pytest.raises(RefusedError, match=r"\(retention-event\)"):
        check(log, ["vera"])


@pytest.mark.parametrize("scope", [f"run:{RUN}", "product:qpcr"])
def test_a_hold_over_a_record_that_speaks_of_it_keeps_the_name(log, vault, scope):
    token = vault.seal(MALLORY)
    log.note(token)
    log.act("hold", ActBody(scope=scope), "quinn", reason="a lawsuit")
    with pytest.raises(RefusedError, match=r"HOLD: records that speak of it are under legal hold .* a lawsuit") as caught:
        check(log, [MALLORY], [token])
    assert caught.value.code == "LM-REC-002"


def test_a_hold_over_another_run_does_not(log, vault):
    token = vault.seal(MALLORY)
    log.note(token)
    log.act("hold", ActBody(scope="run:qpcr:RUN-0002"), "quinn")
    check(log, [MALLORY], [token])


def test_a_submitter_of_a_signature_is_no_printed_name(log, vault):
    token = vault.seal("mallory@laptop")
    log.note("by somebody else", submitter=token)
    check(log, ["mallory@laptop"], [token])
    log.act("hold", ActBody(scope=f"run:{RUN}"), "quinn")
    with pytest.raises(RefusedError) as caught:
        check(log, ["mallory@laptop"], [token])
    assert caught.value.code == "LM-REC-002", "but a hold keeps it"


def test_an_entry_of_an_unknown_kind_is_not_searched(log, vault):
    token = vault.seal(MALLORY)
    log.note(token, name="mystery")
    check(log, [MALLORY], [token])


def test_a_hold_over_the_product_reaches_a_release_scope(log, vault):
    token = vault.seal(MALLORY)
    log.note(token, scope="release:qpcr@1.0.0")
    log.act("hold", ActBody(scope="product:qpcr"), "quinn")
    with pytest.raises(RefusedError):
        check(log, [MALLORY], [token])


class TestFinding:
    def test_by_name_address_or_commitment(self, vault):
        name, address = vault.seal(MALLORY), vault.seal("mallory@example.org")
        assert [each.commitment for each in find_values(vault, ["mallory example", "MALLORY@example.org", name])] == [name, address, name]

    @pytest.mark.parametrize("value", ["Nobody", "commitment:" + "A" * 43, "%", ""])
    def test_what_the_vault_has_not_is_told(self, vault, value):
        vault.seal(MALLORY)
        with pytest.raises(NothingToJudgeError) as caught:
            find_values(vault, [MALLORY, value])
        assert caught.value.code == "LM-REC-005"


class TestCarryingOut:
    def order(self, log, token, *signers):
        for name in signers:
            log.act("erasure", erasure_act([token]), name)
        return log.state.orders[0]

    def test_two_signatures_erase(self, log, vault):
        token = vault.seal(MALLORY)
        assert carry_out_erasure(vault, self.order(log, token, "quinn", "rene")).values == 1
        assert vault.find(token) is None
        assert carry_out_erasure(vault, log.state.orders[0]).values == 0, "again is no error"

    def test_one_does_not(self, log, vault):
        token = vault.seal(MALLORY)
        with pytest.raises(RefusedError) as caught:
            carry_out_erasure(vault, self.order(log, token, "quinn"))
        assert caught.value.code == "LM-REC-004"
        assert vault.find(token).value == MALLORY


def test_an_act_lists_each_commitment_once_sorted():
    one, two = "commitment:" + "A" * 43, "commitment:" + "B" * 43
    assert erasure_act([two, one, two]).commitments == [one, two]


def test_small_blobs_that_still_hold_the_value_are_named(log):
    blobs = log.ledger.blobs
    people = blobs.put(b"people: [{name: Mallory Example}]")
    blobs.put(b"nothing of the sort")
    blobs.put(b"Mallory Example" + b"\0" * (5 * 1024 * 1024))
    assert find_in_blobs(blobs, [MALLORY]) == [people.hex]
