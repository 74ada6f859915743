"""Criteria with what was found, relaxations, signatures and waivers."""

import pytest

from fakes.dossier_log import DossierLog, released
from lotmark.dossier._view_decision import describe_found

pytestmark = pytest.mark.verifies("REQ-024")


def criterion(view, name):
    return next(entry for entry in view.decision.criteria if entry.id == name)


def test_each_criterion_says_rule_clause_required_found_and_verdict():
    entry = criterion(released(), "stages-accepted")
    assert entry.title == "Every stage before the approval was accepted"
    assert entry.clause.startswith("IEC 62304")
    assert entry.required
    assert entry.rule.startswith("stages.filter(")
    assert entry.found == "stages: 7, all accepted"
    assert (entry.status.mark, entry.status.word) == ("ok", "met")


def test_violated_criterion_says_what_and_what_to_do():
    log = DossierLog()
    log.predicate("rebuild").update(verdict="DIFFERENT")
    view = log.record(until="decide").view()
    entry = criterion(view, "rebuild")
    assert (entry.status.mark, entry.status.word) == ("bad", "not met")
    assert entry.messages
    assert entry.solution
    assert "rebuild: DIFFERENT" in entry.found


def test_without_the_policy_the_decision_still_speaks():
    view = DossierLog().record().view(blobs=False)
    entry = criterion(view, "rebuild")
    assert (entry.rule, entry.found, entry.status.word) == ("", "Nothing contradicts it.", "met")


def test_policy_that_cannot_be_read_explains_nothing():
    log = DossierLog().record(until="decide")
    bad = log.ledger.blobs.put(b"policy: 9\n")
    decision = log.last("decision").statement.predicate
    decision["policySha256"] = bad.hex
    assert criterion(log.view(), "rebuild").rule == ""


def test_policy_of_other_criteria_explains_nothing():
    log = DossierLog().record(until="decide")
    decision = log.last("decision").statement.predicate
    decision["criteria"] = decision["criteria"][1:]
    assert log.view().decision.criteria[0].rule == ""


def test_relaxed_policy_says_how():
    log = DossierLog()
    policy = log.configuration["quality/policy.yaml"].decode()
    policy = policy.replace("maximumDumpAgeDays: 30", "maximumDumpAgeDays: 3650").replace("  - id: licences\n", "  - id: licences\n    strict: false\n")
    start, end = policy.index("  - id: commits-signed-off"), policy.index("  - id: commits-reference")
    log.configuration["quality/policy.yaml"] = (policy[:start] + policy[end:]).encode()
    log.predicate("dependencies")["components"][0]["licenceVerdict"] = "refused"
    view = log.record(until="decide").view()
    assert set(view.decision.relaxations) == {
        "The limit “allowed age in days” is 3,650; Lotmark ships 30.",
        "“The licence of every component is allowed” is reported, but does not refuse a release.",
        "“Every commit is signed off by its author” is not asked for by this product's policy.",
    }
    entry = criterion(view, "licences")
    assert (entry.status.mark, entry.status.word) == ("warn", "not met, relaxed")
    figure = next(figure for figure in view.verdict.figures if figure.label == "Release criteria")
    assert (figure.value, figure.note, figure.mark) == ("17 of 18", "3 relaxations of the policy", "warn")


def test_relaxation_of_a_limit_whose_value_is_not_at_hand():
    log = DossierLog().record(until="decide")
    decision = log.last("decision").statement.predicate
    decision["relaxed"] = [{"criterion": "params.own", "how": "changed"}, {"criterion": "own-rule", "how": "not-strict"}]
    assert log.view(blobs=False).decision.relaxations == (
        "The limit “own” differs.",
        "“own-rule” is reported, but does not refuse a release.",
    )


def test_found_tells_lists_by_what_they_have_in_common():
    found = describe_found(
        {
            "params.limit": 7.5,
            "a.present": True,
            "b.present": False,
            "stages": [{"outcome": "accepted"}, {"outcome": "refused"}, {"outcome": "accepted"}],
            "bindings": [{"same": True}, {"same": False}],
            "waivers.items": [{"expired": False}],
            "names": ["a", "b", "c", "d", "e", "f"],
            "few": ["a", "b"],
            "other": [{"x": 1}],
            "none": [],
            "text": "",
            "map": {"a": 1, "b": True},
        }
    )
    assert found == (
        "b.present: no; stages: 2 accepted and 1 refused; records that must speak of the same thing: 2, 1 otherwise; waivers: 1, none expired; "
        "names: a, b, c, d and 2 more; few: a and b; other: 1 entry; none: none; text: not told; map: a 1 and b yes; params.limit: 7.5"
    )


def test_signature_is_shown_with_name_time_zone_meaning_and_key():
    signature = released().approvals.signatures[0]
    assert (signature.name, signature.role, signature.meaning) == ("Quinn Example", "quality-owner", "approval")
    assert signature.signed_at.endswith(" UTC")
    assert signature.zone == "UTC"
    assert len(signature.key_id) == 64
    assert signature.components == "key and passphrase"
    assert (signature.status.mark, signature.status.word, signature.note) == ("ok", "counts", "")


def test_required_signatures_are_counted():
    assert [(entry.role, entry.have, entry.count, entry.status.word) for entry in released().approvals.required] == [
        ("quality-owner", 1, 1, "signed"),
        ("regulatory", 1, 1, "signed"),
    ]
    assert released().approvals.signed == 2


def test_signature_of_the_author_does_not_count_and_says_why():
    signers = (
        ("dana", "quality-owner", "approval"),
        ("quinn", "quality-owner", "approval"),
        ("rene", "regulatory", "review"),
        ("quinn", "regulatory", "review"),
    )
    view = DossierLog().record(signers=signers, until="approve").view()
    first = view.approvals.signatures[0]
    assert (first.status.mark, first.status.word) == ("bad", "does not count")
    assert first.note.startswith("LM-APR-")
    assert "author" in first.note
    assert view.approvals.signed == 2


def test_spare_signature_holds_in_addition():
    signers = (("quinn", "quality-owner", "approval"), ("rene", "regulatory", "review"), ("clio", "clinical", "review"))
    view = DossierLog().record(signers=signers, until="approve").view()
    last = view.approvals.signatures[-1]
    assert (last.status.word, last.note) == ("in addition", "It holds, and no required signature needed it.")


def test_withdrawn_signature_does_not_count():
    log = DossierLog().record(until="approve")
    log.withdraw(log.entries("approval")[0], "quinn")
    view = log.view()
    assert view.approvals.signatures[0].status.word == "does not count"
    assert view.approvals.required[0].status.word == "waiting"


def test_nothing_is_said_to_count_where_it_cannot_be_judged():
    for view in (DossierLog().record().view(blobs=False), DossierLog().record().view(trust=False)):
        assert {signature.status.word for signature in view.approvals.signatures} == {"not judged"}
        assert [(entry.have, entry.status.word) for entry in view.approvals.required] == [(None, "not judged")] * 2
        assert view.approvals.signed == 0
        assert "signed" not in view.verdict.sentence


def test_people_that_cannot_be_read_count_nobody():
    log = DossierLog()
    log.configuration["quality/people.yaml"] = b"people: nobody\n"
    view = log.record(until="approve").view()
    assert {signature.status.word for signature in view.approvals.signatures} == {"not judged"}


def test_signature_on_behalf_of_another_names_that_person():
    log = DossierLog().record(until="approve")
    approval = log.entries("approval")[0].statement.predicate
    approval["onBehalfOf"] = {"person": "rene", "delegation": "d" * 64}
    assert log.view(trust=False).approvals.signatures[0].on_behalf_of == "Rene Example"


def test_waiver_stands_with_scope_owner_signer_and_end():
    (waiver,) = released().waivers
    assert waiver.id == "qpcr:WVR-0001"
    assert waiver.covers == ("t_panel",)
    assert (waiver.owner, waiver.signer, waiver.expires) == ("Quinn Example", "Quinn Example (quality-owner)", "2026-12-31")


def test_waiver_whose_record_is_not_here_has_no_signer():
    log = DossierLog()
    log.waive = lambda: 0
    (waiver,) = log.record(until="work").view().waivers
    assert (waiver.signer, waiver.signed_at) == ("", "")
