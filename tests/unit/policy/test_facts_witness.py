"""The facts about witnessing follow from the cosignatures, not from what the pipeline says of them; and the gate fails closed."""

import pytest

from fakes.note_signers import Log, NoteKey
from fakes.release_run import NOON, RUN, ReleaseRun, key, verified, witnessing
from lotmark.policy._facts_witness import UNKNOWN_AGE
from lotmark.policy.api import compute_facts, decide, default_policy, evidence_root, parse_policy
from lotmark.tlog.models import KeyType

pytestmark = pytest.mark.verifies("REQ-063", "RC-060", "RC-008")

POLICY = default_policy()
POLICY_BYTES = (__import__("pathlib").Path(__import__("lotmark.policy", fromlist=["x"]).__file__).parent / "default_policy.yaml").read_bytes()


def facts(record, **more):
    run = ReleaseRun()
    run.witnessing = record
    return compute_facts(run.entries(**more), NOON)["witness"]


def judged(record, **parameters):
    """The verdict on the criterion, and its messages, under the shipped policy with other parameters."""
    run = ReleaseRun()
    run.witnessing = record
    text = POLICY_BYTES.decode()
    for name, value in parameters.items():
        before = {"minimumWitnesses": "minimumWitnesses: 0", "witnessGraceMinutes": "witnessGraceMinutes: 60"}[name]
        text = text.replace(before, f"{name}: {value}")
    policy = parse_policy(text.encode(), name="policy.yaml")
    decision = decide(compute_facts(run.entries(), NOON), policy, policy.digest, 60)
    (result,) = [result for result in decision.criteria if result.id == "witnessed"]
    assert (decision.verdict == "accepted") == (result.verdict == "met")
    return result.verdict, list(result.violations)


def test_cosignatures_of_the_quorum_are_read():
    found = facts(witnessing("a", "b"))
    assert found == {
        "present": True,
        "named": 2,
        "cosigned": ["a", "b"],
        "quorum": True,
        "size": 10,
        "logSize": 10,
        "ageMinutes": 0,
        "problems": [],
    }
    assert judged(witnessing("a", "b")) == ("met", [])


def test_without_witnesses_nothing_is_asked_for_unless_the_policy_asks():
    assert facts(None) == {
        "present": False,
        "named": 0,
        "cosigned": [],
        "quorum": False,
        "size": 0,
        "logSize": 0,
        "ageMinutes": UNKNOWN_AGE,
        "problems": [],
    }
    assert judged(None) == ("met", [])
    assert judged(None, minimumWitnesses=1) == ("violated", ["0 of 1 witnesses cosigned"])


@pytest.mark.attack("W01")
@pytest.mark.parametrize("there", [(), ("a",), ("b",)], ids=["none", "a", "b"])
def test_w01_without_the_quorum_the_gate_is_closed_and_names_who_was_away(there):
    verdict, messages = judged(witnessing(*there))
    assert verdict == "violated"
    assert messages[0] == "the quorum of witnesses has not cosigned the log of 10 entries"
    assert sorted(messages[1:]) == [f"{name}: unreachable, connection refused" for name in ("a", "b") if name not in there]


@pytest.mark.attack("W01")
@pytest.mark.parametrize(
    "hours,grace,verdict", [(0.5, 60, "met"), (1, 60, "met"), (1.5, 60, "violated"), (24, 1440, "met"), (24, 1439, "violated"), (0, 0, "met")]
)
def test_w01_an_older_quorum_counts_within_the_grace_of_the_policy(hours, grace, verdict):
    assert judged(witnessing("a", "b", hours=hours), witnessGraceMinutes=grace)[0] == verdict


def test_the_age_is_that_of_the_asking_so_that_time_alone_changes_no_decision():
    run = ReleaseRun()
    run.witnessing = witnessing("a", "b")
    later = NOON.replace(year=2027)
    assert compute_facts(run.entries(), later)["witness"] == compute_facts(run.entries(), NOON)["witness"]


@pytest.mark.parametrize("minimum,verdict", [(1, "met"), (2, "met"), (3, "violated")])
def test_the_policy_may_ask_for_more_than_the_trust_file(minimum, verdict):
    assert judged(witnessing("a", "b"), minimumWitnesses=minimum)[0] == verdict


def test_a_quorum_of_none_is_met_and_still_counted():
    record = witnessing("a", quorum="quorum none")
    assert facts(record)["quorum"]
    assert facts(record)["ageMinutes"] == 0
    assert judged(record)[0] == "met"
    assert judged(record, minimumWitnesses=2)[0] == "violated"


def test_what_the_pipeline_says_of_an_answer_does_not_count():
    record = witnessing("a")
    record["answers"][1]["outcome"] = "cosigned"
    assert facts(record)["cosigned"] == ["a"]
    assert judged(record)[0] == "violated"


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda r: r.update(checkpoint=r["checkpoint"].replace("10\n", "11\n", 1)), id="another size"),
        pytest.param(lambda r: r.update(checkpoint="no note"), id="no note"),
        pytest.param(lambda r: r.update(policy=["quorum nobody"]), id="no policy"),
        pytest.param(lambda r: r.update(askedAt="yesterday"), id="no time"),
        pytest.param(lambda r: r.update(checkpoint=witnessing("a", "b", size=60)["checkpoint"]), id="a log longer than it was"),
    ],
)
def test_a_record_that_does_not_hold_closes_the_gate(spoil):
    record = witnessing("a", "b")
    spoil(record)
    found = facts(record)
    assert (found["quorum"], found["cosigned"], found["problems"][0].startswith("the record does not hold")) == (False, [], True)
    assert judged(record)[0] == "violated"


def test_a_changed_cosignature_closes_the_gate():
    record = witnessing("a", "b")
    lines = record["checkpoint"].split("\n")
    other = witnessing("a", "b", hours=1)["checkpoint"].split("\n")
    lines[-2] = lines[-2][:-20] + other[-2][-20:]
    record["checkpoint"] = "\n".join(lines)
    assert judged(record)[0] == "violated"


def test_a_quorum_from_the_future_is_none():
    assert facts(witnessing("a", "b", hours=-1))["ageMinutes"] == UNKNOWN_AGE
    assert facts(witnessing("a", "b", hours=-0.05))["ageMinutes"] == 0


def test_cosignatures_of_witnesses_that_are_not_named_count_for_nothing():
    record = witnessing("a", "b")
    record["checkpoint"] = NoteKey("z.example", KeyType.COSIGNATURE).cosign(Log("log.example/one", leaves=10).note(10), int(NOON.timestamp())).decode()
    assert facts(record)["cosigned"] == []


def test_of_several_records_the_newest_counts():
    run = ReleaseRun()
    run.witnessing = witnessing("a")
    entries = run.entries()
    entries.append(verified("witnessing", witnessing("a", "b"), entries[-1].index + 1))
    assert compute_facts(entries, NOON)["witness"]["quorum"]


def test_a_record_of_another_run_or_signer_does_not_count():
    other = {**witnessing("a", "b"), "run": "qpcr:RUN-0002"}
    assert not facts(other)["present"]
    run = ReleaseRun()
    entries = [*run.entries(), verified("witnessing", witnessing("a", "b"), 90, by=key("mallory"))]
    assert not compute_facts(entries, NOON)["witness"]["present"]


def test_a_misshapen_record_is_missed():
    run = ReleaseRun()
    run.witnessing = {"run": RUN}
    found = compute_facts(run.entries(), NOON)
    assert not found["witness"]["present"]
    assert any("witnessing" in missing for missing in found["completeness"]["missing"])


def test_it_is_no_evidence_of_the_run_for_the_root_that_people_sign():
    run = ReleaseRun()
    before = evidence_root(run.entries())
    run.witnessing = witnessing("a", "b")
    assert evidence_root(run.entries()) == before
