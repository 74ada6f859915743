"""Justified exceptions: they change the weight of what they name, for a time, and never hide anything."""

from dataclasses import replace
from datetime import date

import pytest

from lotmark.base.errors import UsageError
from lotmark.base.findings import Finding, Location, Severity
from lotmark.checks.api import apply_exceptions, entry_digest, parse_exceptions
from lotmark.checks.models import Change, People
from lotmark.product.models import Commit

pytestmark = pytest.mark.verifies("REQ-402", "RC-010")

DAY = date(2026, 11, 27)
PEOPLE = People({"dana": frozenset({"dana@example.org", "d@home.example"}), "omar": frozenset({"omar@example.org"})})
HOME = Location("quality/requirements/REQ-014.md", 2, 5)
UNTESTED = Finding("LM-TRC-035", "REQ-014: no test verifies the requirement", Severity.ERROR, HOME, "REQ-014", "mark a test")
OTHER = replace(UNTESTED, subject="REQ-015")


def entry(**changes):
    lines = {"id": "EXC-001", "rule": "LM-TRC-035", "items": "[REQ-014]", "reason": "The rig is in repair.", "owner": "dana", "expires": "2027-03-31"} | changes
    return "  - " + "\n    ".join(f"{key}: {value}" for key, value in lines.items()) + "\n"


def document(*entries, head=""):
    return parse_exceptions(f"roles: [quality-owner]\n{head}exceptions:\n{''.join(entries) or '  []'}".encode())


def judge(*entries, findings=(UNTESTED,), day=DAY, change=None, signed=None, head=""):
    return apply_exceptions(findings, document(*entries, head=head), day, people=PEOPLE, change=change, signed=signed)


def change_by(email, *paths):
    commit = Commit("a" * 40, "Change", "Name", email, "Name", email, "2026-11-20T00:00:00Z", "Change", ())
    return Change("main", (commit,), frozenset(paths), {})


def codes(judged):
    return [(finding.code, finding.severity.value) for finding in judged.findings]


def test_an_exception_that_holds_turns_its_finding_into_a_note_that_tells_reason_owner_and_end():
    judged = judge(entry())
    (finding,) = judged.findings
    assert finding.severity is Severity.INFO
    assert judged.excused == 1
    for word in (UNTESTED.message, "EXC-001", "2027-03-31", "dana", "The rig is in repair."):
        assert word in finding.message
    assert finding.location == HOME


def test_findings_that_it_does_not_name_keep_their_weight():
    other_rule = replace(UNTESTED, code="LM-TRC-030")
    judged = judge(entry(), findings=(UNTESTED, OTHER, other_rule))
    assert judged.findings[1:] == (OTHER, other_rule)


def test_it_holds_on_its_last_day_and_no_longer():
    assert judge(entry(expires="2026-11-27")).findings[0].severity is Severity.INFO
    assert judge(entry(expires="2026-11-26")).findings[0].severity is Severity.ERROR


@pytest.mark.parametrize(("expires", "said"), [("2026-11-27", "ends today"), ("2026-11-28", "in 1 days"), ("2026-12-27", "in 30 days")])
def test_its_end_is_announced_thirty_days_before(expires, said):
    finding = judge(entry(expires=expires)).findings[-1]
    assert (finding.code, finding.severity, finding.subject) == ("LM-CHK-011", Severity.WARNING, "EXC-001")
    assert said in finding.message
    assert "dana" in finding.message


def test_its_end_is_not_announced_earlier_than_asked():
    assert codes(judge(entry(expires="2026-12-28"))) == [("LM-TRC-035", "info")]
    assert codes(judge(entry(expires="2026-12-28"), head="warn-days: 60\n"))[-1] == ("LM-CHK-011", "warning")


class TestAfterTheEnd:
    OLD = {"expires": "2026-11-01"}

    def test_it_fails_a_check_of_everything(self):
        assert codes(judge(entry(**self.OLD))) == [("LM-TRC-035", "error"), ("LM-CHK-012", "error")]

    @pytest.mark.parametrize("email", ["dana@example.org", "Dana@Example.org", "d@home.example"])
    def test_it_fails_the_change_of_its_owner_under_any_address(self, email):
        assert codes(judge(entry(**self.OLD), change=change_by(email))) == [("LM-TRC-035", "error"), ("LM-CHK-012", "error")]

    def test_it_only_warns_in_the_change_of_somebody_else(self):
        judged = judge(entry(**self.OLD), change=change_by("omar@example.org", "src/pump.c"))
        assert codes(judged) == [("LM-TRC-035", "warning"), ("LM-CHK-012", "warning")]
        assert "it fails the change of its owner dana" in judged.findings[0].message

    def test_it_fails_a_change_that_touches_what_was_excepted(self):
        judged = judge(entry(**self.OLD), change=change_by("omar@example.org", HOME.path))
        assert judged.findings[0].severity is Severity.ERROR

    def test_a_warning_stays_what_it_was(self):
        mild = replace(UNTESTED, severity=Severity.WARNING)
        assert judge(entry(**self.OLD), findings=(mild,), change=change_by("omar@example.org")).findings[0] == mild

    def test_one_that_nothing_needs_any_more_is_to_be_removed_and_fails_nobody(self):
        judged = judge(entry(**self.OLD), findings=())
        assert codes(judged) == [("LM-CHK-012", "warning")]
        assert "remove it" in judged.findings[0].help


def test_an_exception_that_excepts_nothing_is_said():
    assert codes(judge(entry(), findings=(OTHER,))) == [("LM-TRC-035", "error"), ("LM-CHK-013", "warning")]


VOID = {
    "an owner who does not work here": ({"owner": "nobody"}, "does not stand in people.yaml"),
    "no day": ({"expires": "2026-02-30"}, "is no day"),
    "longer than allowed": ({"expires": "2027-11-28"}, "longer than the 365 days"),
    "a rule about reading": ({"rule": "LM-TRC-001"}, "no exception reaches"),
    "a rule about identifiers": ({"rule": "LM-TRC-011"}, "no exception reaches"),
    "a rule about tests": ({"rule": "LM-MTX-041"}, "no exception reaches"),
    "a rule about inputs": ({"rule": "LM-SUP-008"}, "no exception reaches"),
    "a rule about exceptions": ({"rule": "LM-CHK-012"}, "no exception reaches"),
}


@pytest.mark.parametrize("case", VOID)
def test_one_that_lacks_something_excepts_nothing(case):
    changes, words = VOID[case]
    finding = replace(UNTESTED, code=changes.get("rule", UNTESTED.code))
    judged = judge(entry(**changes), findings=(finding,))
    assert judged.findings[0] == finding
    assert judged.excused == 0
    (said,) = judged.findings[1:]
    assert (said.code, said.severity) == ("LM-CHK-010", Severity.ERROR)
    assert words in said.message
    assert said.location.path == "quality/exceptions.yaml"
    assert said.location.line > 2


def test_an_id_that_stands_twice_excepts_only_once():
    judged = judge(entry(), entry(items="[REQ-015]"), findings=(UNTESTED, OTHER))
    assert [finding.severity for finding in judged.findings[:2]] == [Severity.INFO, Severity.ERROR]
    assert "stands twice" in judged.findings[2].message


class TestSignature:
    def test_without_a_ledger_nobody_looks_for_it(self):
        assert judge(entry(), signed=None).excused == 1

    def test_a_ledger_without_it_makes_it_void(self):
        judged = judge(entry(), signed={})
        assert codes(judged) == [("LM-TRC-035", "error"), ("LM-CHK-010", "error")]
        assert "is not signed" in judged.findings[1].message
        assert "quality-owner" in judged.findings[1].help

    def test_it_covers_exactly_the_words(self):
        (first,) = document(entry()).value.exceptions
        signed = {"EXC-001": entry_digest(first)}
        assert judge(entry(), signed=signed).excused == 1

    @pytest.mark.parametrize("edit", [{"reason": "Another."}, {"expires": "2027-04-01"}, {"owner": "omar"}, {"items": "[REQ-014, REQ-015]"}])
    def test_any_edit_after_it_makes_it_void(self, edit):
        (first,) = document(entry()).value.exceptions
        judged = judge(entry(**edit), signed={"EXC-001": entry_digest(first)})
        assert judged.excused == 0
        assert "was changed after it was signed" in judged.findings[1].message


@pytest.mark.parametrize(
    "text",
    [
        b"exceptions: []\n",
        b"roles: []\nexceptions: []\n",
        b"roles: [q]\nexceptions: [{id: EXC-001}]\n",
        b"roles: [q]\nexceptions: []\nexcuse: yes\n",
        b"roles: [q]\nexceptions:\n  - {id: E, rule: LM-TRC-35, items: [A], reason: r, owner: o, expires: 2026-01-01}\n",
        b"roles: [q]\nexceptions:\n  - {id: E, rule: LM-TRC-035, items: [], reason: r, owner: o, expires: 2026-01-01}\n",
        b"roles: [q]\nwarn-days: -1\nexceptions: []\n",
    ],
)
def test_a_file_that_says_too_little_is_refused(text):
    with pytest.raises(UsageError) as error:
        parse_exceptions(text)
    assert error.value.code.startswith("LM-CFG-")
    assert "exceptions.yaml" in str(error.value.where)
