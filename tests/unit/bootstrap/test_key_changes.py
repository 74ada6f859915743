"""Changes to the keys: one root person alone, several together, and what never reaches the ledger."""

import pytest

from lotmark.attest.api import KeySigner, generate_key, key_event, sign_payload
from lotmark.attest.models import Person
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, NothingToJudgeError, UsageError
from lotmark.bootstrap._key_changes import (
    append_signatures,
    change_keys,
    countersign,
    end_key,
    enrol_key,
    propose,
    read_proposal,
    read_signature,
    rotate_machine_key,
    seal_person,
    set_threshold,
    sign_record,
)
from lotmark.bootstrap._machine_keys import KEYS, key_places
from lotmark.policy.api import adoption_evidence

pytestmark = pytest.mark.verifies("REQ-019", "REQ-096")

EVE = Person("eve", "Eve Example", "eve@example.org")


@pytest.fixture
def workspace(tiny):
    with tiny.workspace() as workspace:
        yield workspace


@pytest.fixture
def ada(tiny):
    return tiny.signer("ada")


def fresh():
    return KeySigner(generate_key())


def enrol(workspace, root, key, kind="person", person=EVE):
    return enrol_key(workspace, public_key=key.public_key, kind=kind, person=person, reason="joins", root=root)


def make_second_root(workspace, ada):
    """A second root person, and from then on two of them for every change."""
    second = fresh()
    enrol(workspace, ada, second, "root", Person("rita", "Rita Example", "rita@example.org"))
    change_keys(workspace, set_threshold(workspace, 2, "four eyes"), ada)
    return second


def test_one_root_person_alone_enrols_at_once(workspace, ada):
    size, key = workspace.ledger.size, fresh()
    change = enrol(workspace, ada, key)
    assert (change.index, change.signed, change.needed, change.effective) == (size, ("ada",), 1, True)
    found = workspace.reader.trust().find(key.key_id)
    assert (found.person, found.kind, found.valid_until) == ("eve", "person", None)
    assert [found.is_valid_at(index) for index in (size, size + 1)] == [False, True]


def test_the_address_of_a_person_stands_in_the_log_only_as_a_commitment(workspace, ada):
    enrol(workspace, ada, fresh())
    assert EVE.email.encode() not in b"".join(workspace.ledger.envelope(entry).payload for entry in workspace.ledger.entries())
    sealed = seal_person(workspace, EVE)
    assert (sealed.id, sealed.name) == ("eve", "Eve Example")
    assert workspace.revealer.text(sealed.email) == EVE.email
    assert seal_person(workspace, None) is None


def test_with_a_threshold_of_two_the_first_signature_waits_and_the_second_decides(workspace, ada):
    rita, key = make_second_root(workspace, ada), fresh()
    waiting = enrol(workspace, ada, key)
    assert (waiting.signed, waiting.needed, waiting.effective) == (("ada",), 2, False)
    assert workspace.reader.trust().find(key.key_id) is None
    done = countersign(workspace, waiting.index, rita)
    assert (done.index, done.payload, done.needed, done.effective) == (waiting.index + 1, waiting.payload, 2, True)
    assert set(done.signed) == {"ada", "rita"}
    assert workspace.reader.trust().find(key.key_id).person == "eve"


def test_one_person_never_counts_twice(workspace, ada):
    make_second_root(workspace, ada)
    waiting = enrol(workspace, ada, fresh())
    size = workspace.ledger.size
    with pytest.raises(IntegrityError):
        countersign(workspace, waiting.index, ada)
    assert workspace.ledger.size == size


def test_two_signatures_made_apart_are_appended_together(workspace, ada):
    rita, key = make_second_root(workspace, ada), fresh()
    sealed, at = seal_person(workspace, EVE), workspace.clock.now()
    event = key_event("enrol", public_key=key.public_key, kind="person", person=sealed, reason="joins", at=at)
    proposal = propose(workspace, event)
    assert read_proposal(proposal).reason == "joins"
    carried = [read_signature(sign_payload(proposal, root).raw) for root in (ada, rita)]
    change = append_signatures(workspace, carried)
    assert (change.index, change.effective, change.needed) == (workspace.ledger.size - 1, True, 2)
    assert set(change.signed) == {"ada", "rita"}


def test_signatures_under_two_events_are_not_one_change(workspace, ada):
    events = [set_threshold(workspace, number, "so many") for number in (1, 1)]
    proposals = [propose(workspace, event) for event in events] + [propose(workspace, set_threshold(workspace, 1, "another reason"))]
    size = workspace.ledger.size
    for chosen, counted in ((proposals[1:], 2), ([], 0)):
        with pytest.raises(UsageError) as caught:
            append_signatures(workspace, [sign_payload(proposal, ada) for proposal in chosen])
        assert (caught.value.code, caught.value.reason) == ("LM-CLI-024", f"these are signatures under {counted} events, not one")
    assert workspace.ledger.size == size


def test_if_one_of_several_signatures_cannot_stand_none_is_appended(workspace, ada):
    make_second_root(workspace, ada)
    proposal = propose(workspace, set_threshold(workspace, 1, "back again"))
    size = workspace.ledger.size
    with pytest.raises(IntegrityError):
        append_signatures(workspace, [sign_payload(proposal, ada), sign_payload(proposal, fresh())])
    assert workspace.ledger.size == size
    assert workspace.reader.trust().root_threshold == 2


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b"\xff\xfe", b'{"_type": "https://in-toto.io/Statement/v1"}'],
    ids=["nothing", "an empty object", "a list", "no text", "a bare statement"],
)
def test_what_is_no_proposal_is_not_put_before_a_root_person(data):
    with pytest.raises(UsageError) as caught:
        read_proposal(data)
    assert (caught.value.code, caught.value.solution) == ("LM-CLI-024", "make it with --propose FILE")
    assert caught.value.reason.startswith("this is no proposal of a key event: ")


@pytest.mark.parametrize("data", [b"", b"{}", b"not json", b'{"payload": 1}'])
def test_what_is_no_signature_file_is_refused(data):
    with pytest.raises(IntegrityError):
        read_signature(data)


# ---------------------------------------------------------------- ending a key


@pytest.mark.parametrize("event", ["revoke", "lost", "compromised"])
def test_an_ended_key_counts_no_longer(workspace, tiny, ada, event):
    key = workspace.reader.trust().find(tiny.signer("omar").key_id)
    assert key.is_valid_at(workspace.ledger.size)
    end = end_key(workspace, key, event=event, reason="left the team", counts_before=workspace.ledger.size if event == "compromised" else 0)
    change = change_keys(workspace, end, ada)
    assert change.effective
    assert not workspace.reader.trust().find(key.key_id).is_valid_at(workspace.ledger.size)


def test_a_key_that_follows_another_bears_its_owner(workspace, tiny, ada):
    key, successor = workspace.reader.trust().find(tiny.signer("omar").key_id), fresh()
    change_keys(workspace, end_key(workspace, key, event="rotate", reason="new card", successor=successor.public_key, overlap=0), ada)
    found = workspace.reader.trust().find(successor.key_id)
    assert (found.person, found.kind) == ("omar", "person")


def test_the_only_root_key_cannot_take_itself_away(workspace, ada):
    key = workspace.reader.trust().find(ada.key_id)
    size = workspace.ledger.size
    with pytest.raises(IntegrityError):
        change_keys(workspace, end_key(workspace, key, event="revoke", reason="tired"), ada)
    assert workspace.ledger.size == size


@pytest.mark.parametrize("threshold", [0, 2, 3])
def test_a_threshold_that_nobody_could_meet_is_refused(workspace, ada, threshold):
    with pytest.raises((IntegrityError, UsageError)):
        change_keys(workspace, set_threshold(workspace, threshold, "more eyes"), ada)
    assert workspace.reader.trust().root_threshold == 1


# ---------------------------------------------------------------- the machine's keys


@pytest.mark.parametrize("kind", ["log", "pipeline"])
def test_a_rotated_machine_key_lies_here_and_signs_from_now_on(workspace, tiny, ada, kind):
    change, key = rotate_machine_key(workspace, kind, uri=None, overlap=0, reason="yearly", root=ada)
    assert change.effective
    assert [path.name for path in key_places(workspace.state, kind)] == [f"{kind}-{key.key_id[:12]}.key", f"{kind}.key"]
    with tiny.workspace() as later:
        valid = [record.key_id for record in later.reader.trust().valid_at(later.ledger.size, kind) if record.valid_until is None]
        assert valid == [key.key_id]
        enrol(later, ada, fresh())
    tiny.assert_sound()


@pytest.mark.parametrize("kind", ["log", "pipeline"])
def test_a_rotation_that_is_refused_leaves_no_key_behind(workspace, tiny, kind):
    before, size = key_places(workspace.state, kind), workspace.ledger.size
    with pytest.raises(IntegrityError):
        rotate_machine_key(workspace, kind, uri=None, overlap=0, reason="yearly", root=tiny.signer("omar"))
    assert (key_places(workspace.state, kind), workspace.ledger.size) == (before, size)


def test_without_a_key_that_counts_there_is_nothing_to_rotate(workspace, ada):
    (key,) = workspace.reader.trust().valid_at(workspace.ledger.size, "pipeline")
    change_keys(workspace, end_key(workspace, key, event="revoke", reason="stolen"), ada)
    with pytest.raises(NothingToJudgeError) as caught:
        rotate_machine_key(workspace, "pipeline", uri=None, overlap=0, reason="yearly", root=ada)
    assert (caught.value.code, caught.value.reason) == ("LM-CLI-025", "no pipeline key counts now")
    assert caught.value.solution == "`lotmark key enrol --kind pipeline --public FILE`"
    assert [path.name for path in (workspace.state / KEYS).glob("pipeline*")] == ["pipeline.key"]


# ---------------------------------------------------------------- what root persons sign beside keys


def adoption(workspace, reason="reviewed"):
    content = (workspace.product.quality / "policy.yaml").read_bytes()
    return adoption_evidence(product="tiny", path="quality/policy.yaml", content=content, reason=reason, at=workspace.clock.now())


def test_an_adoption_by_one_root_person_is_effective_at_once(workspace, ada):
    change = sign_record(workspace, adoption(workspace), ada)
    assert (change.index, change.signed, change.needed, change.effective) == (8, ("ada",), 1, True)


def test_an_adoption_waits_for_the_second_root_person(workspace, ada):
    rita = make_second_root(workspace, ada)
    waiting = sign_record(workspace, adoption(workspace), ada)
    assert (waiting.signed, waiting.needed, waiting.effective) == (("ada",), 2, False)
    done = countersign(workspace, waiting.index, rita)
    assert (done.signed, done.needed, done.effective) == (("ada", "rita"), 2, True)
    assert done.payload == waiting.payload


def test_two_adoptions_of_the_same_file_gather_their_signatures_apart(workspace, ada):
    rita = make_second_root(workspace, ada)
    first = sign_record(workspace, adoption(workspace), ada)
    second = sign_record(workspace, adoption(workspace, "another reason"), rita)
    assert first.payload != second.payload
    assert [each.effective for each in (first, second)] == [False, False]


def test_nobody_but_a_root_person_adopts(workspace, tiny):
    for signer in (tiny.signer("quinn"), fresh()):
        with pytest.raises(IntegrityError):
            sign_record(workspace, adoption(workspace), signer)
    assert workspace.ledger.size == 8


def test_nothing_but_administration_is_countersigned(tiny_released):
    with tiny_released.workspace() as workspace:
        index = next(entry.index for entry in workspace.ledger.entries(kind="run-opened"))
        with pytest.raises(NothingToJudgeError) as caught:
            countersign(workspace, index, tiny_released.signer("ada"))
    assert (caught.value.code, caught.value.where) == ("LM-CLI-025", f"log entry {index}")
    assert caught.value.reason == f"entry {index} is no key event"


@pytest.mark.parametrize("index", [-1, 8, 1000])
def test_an_entry_that_is_not_there_is_not_countersigned(workspace, ada, index):
    with pytest.raises(NothingToJudgeError) as caught:
        countersign(workspace, index, ada)
    assert caught.value.code == "LM-LED-010"


def test_without_the_logs_key_nothing_changes(workspace, ada):
    (workspace.state / KEYS / "log.key").unlink()
    with pytest.raises(EnvironmentLacksError):
        enrol(workspace, ada, fresh())
    assert workspace.ledger.size == 8
