"""Attacks on authority and on time, A01, A08, A11, T03, T04, at the command line: the answer, the exit code, and that nothing changed."""

from datetime import timedelta

import pytest

from fakes.forgery import add, newest
from fakes.tiny_product import ShiftedClock
from lotmark.attest.api import FileSigner, KeySigner, generate_key, public_pem, sign_payload, write_key

pytestmark = pytest.mark.verifies("REQ-333", "RC-331", "REQ-004", "REQ-005", "RC-002", "HAZ-003")

SIGN = ("approve", "sign", "--reason", "It holds.")
OWNER = (*SIGN, "--role", "quality-owner")
REVIEW = (*SIGN, "--role", "regulatory", "--meaning", "review")


def answers(called, code, *words):
    """The exit code, and every word of the answer on either stream."""
    assert called.code == code, called.out + called.err
    for word in words:
        assert word in called.out + called.err, called.out + called.err


def size(tiny):
    return tiny.size()


def recorded(tiny):
    """How many entries there are, but for those that tell of refused attempts: an attack may leave its trace."""
    return sum(number for kind, number in tiny.kinds().items() if kind != "audit-event")


def beth(tiny):
    """rene becomes a second root person; gives the options with which she signs as one."""
    if not (tiny.people / "beth.raw").exists():
        private = generate_key()
        write_key(tiny.people / "beth.raw", private, None)
        place = tiny.people / "beth.pub"
        place.write_bytes(public_pem(KeySigner(private).public_key))
        assert tiny.cli("key", "enrol", "rene", "--root", "--public", str(place), *tiny.as_root("ada")).code == 0
    return tiny.as_root("rene", "beth")


def adopt(tiny, path):
    """ada and rene adopt the present version of the file."""
    assert tiny.cli("key", "adopt", path, *tiny.as_root("ada")).code == 8
    assert tiny.cli("key", "root", "sign", str(size(tiny) - 1), *beth(tiny)).code == 0


@pytest.fixture
def two_roots(tiny_waiting):
    """A run that waits for signatures, under two root persons who sign together."""
    beth(tiny_waiting)
    assert tiny_waiting.cli("key", "root", "threshold", "2", *tiny_waiting.as_root("ada")).code == 0
    return tiny_waiting


# ---- A01


@pytest.mark.attack("A01")
def test_a01_a_role_file_that_somebody_edits_and_merges_decides_nothing(two_roots):
    """vera writes herself into people.yaml, merges it and would sign: the run with that file is refused."""
    tiny = two_roots
    adopt(tiny, "quality/people.yaml")
    tiny.edit("quality/people.yaml", "email: vera@example.org, roles: []", "email: vera@example.org, roles: [quality-owner, regulatory]")
    tiny.commit("Vera may sign\n\nRefs: REQ-001")
    report = tiny.run(new=True)
    assert report.outcome == "refused"
    (code,) = {finding["code"] for status in report.stages for finding in status.findings if status.stage.value == "approval"}
    assert code == "LM-POL-016"
    called = tiny.cli("gate")
    answers(called, 1, "ROLE_CHANGE_UNAPPROVED", "quality/people.yaml")
    # Two root persons adopt it: from then on it counts.
    adopt(tiny, "quality/people.yaml")
    assert tiny.run(new=True).outcome == "pending"


@pytest.mark.attack("A01")
def test_a01_nobody_grants_himself_a_role(two_roots):
    tiny = two_roots
    assert tiny.cli("key", "role", "grant", "quinn", "quality-owner", "--reason", "appointed", *tiny.as_root("ada")).code == 8
    assert tiny.cli("key", "role").out.strip() == "roles are as people.yaml says"
    assert tiny.cli("key", "root", "sign", str(size(tiny) - 1), *beth(tiny)).code == 0
    held = tiny.cli("--format", "json", "key", "role").wire
    assert (held["kept"], held["roles"]) == (True, [{"person": "quinn", "role": "quality-owner"}])
    # rene holds a root key and signs for her own role: of two signatures one is her own.
    answers(tiny.cli("key", "role", "grant", "rene", "regulatory", "--reason", "me", *beth(tiny)), 8, "0 of 2")
    waits = size(tiny) - 1
    answers(tiny.cli("key", "root", "sign", str(waits), *tiny.as_root("ada")), 8, "1 of 2")
    before = recorded(tiny)
    answers(tiny.cli(*REVIEW, *tiny.as_root("rene")), 4, "LM-APR-033", "ROLE_CHANGE_UNAPPROVED")
    assert recorded(tiny) == before


@pytest.mark.attack("A01")
def test_a01_the_role_at_the_log_index_of_the_act_counts(two_roots):
    """A signature made before the role was granted, or after it was withdrawn, does not count; one made between stays."""
    tiny = two_roots
    tiny.approve(by=(("quinn", "quality-owner", "approval"),))
    assert tiny.cli("key", "role", "grant", "quinn", "quality-owner", "--reason", "appointed", *tiny.as_root("ada")).code == 8
    assert tiny.cli("key", "root", "sign", str(size(tiny) - 1), *beth(tiny)).code == 0
    # The ledger kept no roles when quinn signed; then people.yaml was enough.
    answers(tiny.cli("approve", "request"), 8, "✓ Quinn Example")
    answers(tiny.cli(*REVIEW, *tiny.as_root("rene")), 4, "LM-APR-033")
    assert tiny.cli("key", "role", "withdraw", "quinn", "quality-owner", "--reason", "moved on", *tiny.as_root("ada")).code == 8
    assert tiny.cli("key", "root", "sign", str(size(tiny) - 1), *beth(tiny)).code == 0
    answers(tiny.cli("approve", "request"), 8, "✓ Quinn Example")
    answers(tiny.cli("key", "role"), 0)
    _, envelope, scope = newest(tiny, "approval")
    forged = envelope.payload.replace(b'"ordinal":1', b'"ordinal":2').replace(b'"ordinal": 1', b'"ordinal": 2')
    add(tiny, sign_payload(forged, FileSigner.load(tiny.people / "quinn.raw")), "approval", scope)
    answers(tiny.cli("log", "fsck"), 0)
    called = tiny.cli("approve", "request")
    answers(called, 8, "LM-APR-033")


@pytest.mark.attack("A01")
def test_a01_a_role_event_by_somebody_who_is_no_root_person(two_roots):
    tiny = two_roots
    before = recorded(tiny)
    answers(tiny.cli("key", "role", "grant", "vera", "quality-owner", "--reason", "me", *tiny.as_root("vera")), 6, "TYPE_NOT_ALLOWED")
    answers(tiny.cli("key", "role", "grant", "nobody", "quality-owner", "--reason", "x", *tiny.as_root("ada")), 2, "LM-CLI-012")
    assert recorded(tiny) == before


# ---- A08


@pytest.mark.attack("A08")
def test_a08_an_older_weaker_policy_is_a_downgrade(two_roots):
    """The newest adopted version at the gate's log index decides; an older one needs adopting again."""
    tiny = two_roots
    path = "quality/policy.yaml"
    adopt(tiny, path)
    old = (tiny.root / path).read_text()
    tiny.write({path: f"{old}\n# A stricter version.\n"})
    tiny.commit("A stricter policy\n\nRefs: REQ-001")
    answers(tiny.cli("run"), 1, "POLICY_UNADOPTED")
    adopt(tiny, path)
    assert tiny.run(new=True).outcome == "pending"
    tiny.write({path: old})
    tiny.commit("Back to the old policy\n\nRefs: REQ-001")
    report = tiny.run(new=True)
    assert report.outcome == "refused"
    answers(tiny.cli("gate"), 1, "POLICY_DOWNGRADE", path, "lotmark key adopt")


@pytest.mark.attack("A08")
def test_a08_one_root_person_alone_adopts_nothing(two_roots):
    tiny = two_roots
    adopt(tiny, "quality/policy.yaml")
    text = (tiny.root / "quality/policy.yaml").read_text()
    tiny.write({"quality/policy.yaml": f"{text}\n# Weaker.\n"})
    answers(tiny.cli("key", "adopt", "quality/policy.yaml", *tiny.as_root("ada")), 8, "1 of 2")
    tiny.commit("A weaker policy\n\nRefs: REQ-001")
    answers(tiny.cli("run"), 1, "POLICY_UNADOPTED")


@pytest.mark.attack("A08")
def test_a08_a_policy_adopted_during_review_makes_the_run_stale(two_roots):
    """The run waits for signatures under a version that meanwhile is not the newest adopted one."""
    tiny = two_roots
    adopt(tiny, "quality/policy.yaml")
    text = (tiny.root / "quality/policy.yaml").read_text()
    tiny.write({"quality/policy.yaml": f"{text}\n# Next.\n"})
    adopt(tiny, "quality/policy.yaml")
    tiny.git("checkout", "--", "quality/policy.yaml")
    before = recorded(tiny)
    answers(tiny.cli("approve", "request"), 1, "POLICY_DOWNGRADE")
    assert recorded(tiny) == before
    answers(tiny.cli("run"), 1, "POLICY_DOWNGRADE")


@pytest.mark.parametrize("path", ["lotmark.yaml", "quality/nothing.yaml", "../etc/passwd", "quality/requirements/REQ-001.md"])
def test_only_the_files_that_decide_are_adopted(tiny, path):
    before = recorded(tiny)
    answers(tiny.cli("key", "adopt", path, *tiny.as_root("ada")), 2, "LM-CLI-027")
    assert recorded(tiny) == before


def test_a_release_under_adopted_files_verifies_offline(two_roots, tmp_path):
    """The bundle carries the adoptions, and a stranger judges by them."""
    tiny = two_roots
    adopt(tiny, "quality/policy.yaml")
    tiny.approve()
    assert tiny.run().outcome == "released"
    bundle = tmp_path / "bundle.zip"
    assert tiny.cli("release", "bundle", "-o", str(bundle)).code == 0
    answers(tiny.cli("verify", str(bundle), "--trust", str(tiny.folder / "trust.json")), 0)
    assert tiny.cli("log", "search", "--kind", "policy-adoption").code == 0


# ---- A11


@pytest.mark.attack("A11")
@pytest.mark.parametrize(("limit", "days", "shift"), [("low", 5, 0), ("high", 1, 3)], ids=["beyond its class", "after its end"])
def test_a11_a_delegation_does_not_reach_further_than_it_says(tiny_waiting, limit, days, shift):
    tiny = tiny_waiting
    words = ("approve", "delegate", "--to", "omar", "--role", "regulatory", "--tier", limit, "--days", str(days), "--reason", "on leave")
    assert tiny.cli(*words, *tiny.as_root("rene")).code == 0
    before = recorded(tiny)
    if not shift:
        answers(tiny.cli(*REVIEW, *tiny.as_root("omar"), "--delegation", "DLG-0001"), 4, "LM-APR-009", "does not reach a change of tier high")
    else:
        from lotmark.base.errors import EnvironmentLacksError
        from lotmark.bootstrap.api import sign_approval
        from lotmark.pipeline.api import find_run

        with tiny.workspace(ShiftedClock(timedelta(days=shift))) as workspace:
            identity = find_run(workspace.settings(), None)
            with pytest.raises(EnvironmentLacksError, match="holds from") as caught:
                sign_approval(
                    workspace, identity, person="omar", signer=tiny.signer("omar"), role="regulatory", meaning="review", reason="x", delegation="DLG-0001"
                )
        assert caught.value.code == "LM-APR-009"
    assert recorded(tiny) == before
    answers(tiny.cli("approve", "request"), 8, "regulatory: review, 0 of 1")


# ---- T03, T04


@pytest.mark.attack("T03")
def test_t03_an_approval_that_claims_a_time_before_its_evidence(tiny_waiting):
    """The order is the log's; a claimed time that lies before the decision is shown as such and does not count."""
    tiny = tiny_waiting
    tiny.approve(by=(("quinn", "quality-owner", "approval"),), clock=ShiftedClock(-timedelta(days=2)))
    called = tiny.cli("approve", "request")
    answers(called, 8, "CLAIMED_TIME_BEFORE_EVIDENCE", "LM-APR-011")
    assert "✓ Quinn" not in called.out
    assert tiny.run().outcome == "pending"


@pytest.mark.attack("T04")
def test_t04_a_waiver_that_ran_out_excuses_nothing(tiny):
    """The decision is made anew once the waiver has ended, and refuses; a later end is a new waiver, signed anew."""
    tiny.edit("tests/integration/tests.sh", "cmp -s src/tool.sh out/tool.sh", "false")
    tiny.commit()
    with tiny.workspace() as workspace:
        ends = (workspace.clock.now() + timedelta(days=2)).date().isoformat()
    words = ("waive", "--role", "quality-owner", "--test", "tests/integration/tests.sh::test_built", "--reason", "The rig is away.")
    more = ("--residual-risk", "The unit tests cover it.", "--expires", ends)
    assert tiny.cli(*words, *more, *tiny.as_root("quinn")).code == 0
    report = tiny.run()
    assert report.outcome == "pending", [status.findings for status in report.stages]
    tiny.approve()
    late = tiny.run(clock=ShiftedClock(timedelta(days=4)))
    assert late.outcome == "refused"
    told = " ".join(finding["message"] for status in late.stages for finding in status.findings)
    assert f"ended on {ends}" in told
    assert tiny.kinds()["release-manifest"] == 0
