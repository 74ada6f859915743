"""Asking witnesses: what is kept, and what it means when one refuses, is away, or knows another log."""

from dataclasses import replace

import pytest

from fakes.keyring import signer
from fakes.ledger import ORIGIN, clock, founding, note, policy
from fakes.note_signers import NoteKey
from fakes.witnesses import TIME, Hands, LocalWitness, cosigner
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, UsageError
from lotmark.ledger import api
from lotmark.tlog import api as tlog
from lotmark.tlog.models import KeyType

pytestmark = pytest.mark.verifies("REQ-060", "REQ-063", "RC-060", "HAZ-001")


def VERIFY(note):
    return api.verify_log_checkpoint(note, [policy().log_key], origin=ORIGIN)


class Site:
    """A ledger of five entries, two witnesses, and whoever asks them."""

    def __init__(self, folder):
        self.folder = folder
        self.clock = Hands()
        with api.create_ledger(folder / "ledger", ORIGIN, signer("log"), clock()) as ledger:
            ledger.append(founding())
            ledger.append([note("two"), note("three"), note("four")])
        self.witnesses = {name: LocalWitness(folder / name, f"{name}.example", [policy().log_key], self.clock) for name in ("a", "b")}
        lines = "".join(f"witness {name} {witness.vkey}\n" for name, witness in self.witnesses.items())
        self.policy = replace(policy(), tlog_policy=f"{lines}group both all a b\nquorum both\n")
        self.memory = api.WitnessMemory(folder / "witnessed")

    def writer(self):
        return api.open_ledger(self.folder / "ledger", signer("log"), clock(), seen=self.memory.notes())

    def reader(self):
        return api.open_ledger(self.folder / "ledger")

    def append(self, *texts):
        with self.writer() as ledger:
            ledger.append([note(text) for text in texts])

    def ask(self, clients=None):
        with self.reader() as ledger:
            return api.ask_witnesses(
                ledger,
                self.policy,
                self.witnesses if clients is None else clients,
                verify=VERIFY,
                open_writer=self.writer,
                memory=self.memory,
                evidence=self.folder / "evidence",
                now=self.clock.now,
            )

    def witnessed(self):
        with self.reader() as ledger:
            return api.find_witnessed(ledger, self.policy, self.memory, verify=VERIFY)

    def outcomes(self):
        return [answer.outcome for answer in self.ask().answers]

    def rewrite(self, *texts):
        """Another history under the same key, in the place of the ledger."""
        (self.folder / "ledger").rename(self.folder / f"ledger-{len(list(self.folder.iterdir()))}")
        with api.create_ledger(self.folder / "ledger", ORIGIN, signer("log"), clock()) as ledger:
            ledger.append([note(text) for text in texts])

    def evidence(self):
        return sorted(path.name for path in (self.folder / "evidence").glob("*/*"))


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    for witness in made.witnesses.values():
        witness.close()


def test_the_cosignatures_of_all_are_kept_beside_the_checkpoint(site):
    report = site.ask()
    assert [(answer.name, answer.key_name, answer.outcome, answer.time) for answer in report.answers] == [
        ("a", "a.example", "cosigned", TIME),
        ("b", "b.example", "cosigned", TIME),
    ]
    assert (report.size, report.witnessing.is_quorum, report.is_broken) == (5, True, False)
    with site.reader() as ledger:
        assert api.cosigned_checkpoint(ledger) == report.note
        assert api.judge_witnesses(report.note, site.policy).times == {"a": TIME, "b": TIME}
        assert [(kept.kind, kept.name) for kept in ledger.attachments(5)] == [("cosignature", "a.example"), ("cosignature", "b.example")]
    assert site.witnessed().size == 5


def test_a_growing_log_is_asked_for_with_the_proof_from_what_each_witness_knows(site):
    site.ask()
    site.append("five")
    site.ask({"a": site.witnesses["a"]})
    site.append("six")
    assert site.ask().witnessing.is_quorum
    assert (site.witnesses["a"].asked, site.witnesses["b"].asked) == ([0, 5, 6], [0, 5])


def test_a_witness_that_knows_another_size_tells_it_and_gets_the_right_proof(site):
    """The memory is lost: the first request begins from nothing, the answer 409 tells the size, the second one holds."""
    site.ask()
    site.append("five")
    site.memory = api.WitnessMemory(site.folder / "elsewhere")
    assert site.ask().witnessing.is_quorum
    assert site.witnesses["a"].asked == [0, 0, 5]


def test_a_memory_that_was_tampered_with_is_not_believed(site):
    site.ask()
    for path in (site.folder / "witnessed").iterdir():
        path.write_bytes(b"nonsense")
    with site.reader() as ledger:
        report = api.ask_witnesses(
            ledger,
            site.policy,
            site.witnesses,
            verify=VERIFY,
            open_writer=lambda: api.open_ledger(site.folder / "ledger", signer("log"), clock()),
            memory=site.memory,
            evidence=site.folder / "evidence",
            now=site.clock.now,
        )
    assert report.witnessing.is_quorum


def test_asking_again_gives_younger_cosignatures(site):
    site.ask()
    site.clock.seconds += 3600
    assert site.ask().witnessing.quorum_time == TIME + 3600
    with site.reader() as ledger:
        assert api.check_witnesses(api.cosigned_checkpoint(ledger, first=True), site.policy).quorum_time == TIME


@pytest.mark.attack("W01")
def test_w01_a_witness_that_is_away_is_named_and_nothing_else_stops(site):
    site.witnesses["b"].down = True
    report = site.ask()
    assert [(answer.name, answer.outcome, answer.detail) for answer in report.answers] == [
        ("a", "cosigned", "size 5"),
        ("b", "unreachable", "connection refused"),
    ]
    assert not report.witnessing.is_quorum
    with pytest.raises(IntegrityError, match="NOT_WITNESSED: the checkpoint is cosigned by a of your witnesses") as caught:
        api.judge_witnesses(report.note, site.policy)
    assert caught.value.code == "LM-LED-141"
    site.append("goes on")
    assert site.witnessed().size == 0
    site.witnesses["b"].down = False
    assert site.ask().witnessing.is_quorum
    assert site.witnessed().size == 6


def test_a_witness_without_a_client_is_reported(site):
    assert [answer.outcome for answer in site.ask({}).answers] == ["unreachable"] * 2


def test_appends_go_on_unwitnessed_and_the_last_witnessed_size_stands(site):
    site.ask()
    site.append("five", "six")
    found = site.witnessed()
    assert (found.size, sorted(found.witnessing.times)) == (5, ["a", "b"])


@pytest.mark.attack("L07")
def test_l07_a_log_that_is_shorter_than_what_was_cosigned_is_a_rollback_and_signs_nothing(site):
    """The tail is cut off and the older, validly signed checkpoint put back."""
    import shutil

    shutil.copytree(site.folder / "ledger", site.folder / "backup")
    site.append("five", "six")
    site.ask()
    shutil.rmtree(site.folder / "ledger")
    shutil.copytree(site.folder / "backup", site.folder / "ledger")
    report = site.ask()
    assert report.is_broken
    assert [answer.outcome for answer in report.answers] == ["rollback"] * 2
    assert "ROLLBACK: the log has 5 entries, a.example cosigned 7" in report.answers[0].detail
    assert site.evidence() == ["README.txt", "README.txt", "ours.checkpoint", "ours.checkpoint", "witness.checkpoint", "witness.checkpoint"]
    with pytest.raises(IntegrityError) as caught:
        site.append("another five")
    assert caught.value.code == "LM-LED-115"
    with pytest.raises(IntegrityError, match="ROLLBACK: a checkpoint of 7 entries was cosigned, the log has 5"):
        site.witnessed()


@pytest.mark.attack("L07")
def test_l07_with_the_whole_state_put_back_the_witness_still_knows(site):
    """The memory is of the same age as the ledger then; the witness is on another machine."""
    import shutil

    for name in ("ledger", "witnessed"):
        if (site.folder / name).exists():
            shutil.copytree(site.folder / name, site.folder / f"{name}-backup")
    site.append("five")
    site.ask()
    shutil.rmtree(site.folder / "witnessed")
    shutil.rmtree(site.folder / "ledger")
    shutil.copytree(site.folder / "ledger-backup", site.folder / "ledger")
    assert site.outcomes() == ["rollback"] * 2
    assert "witness.checkpoint" in site.evidence()


@pytest.mark.attack("L08")
@pytest.mark.parametrize("texts", [("x",) * 5, ("x",) * 9], ids=["of the same size", "longer"])
def test_l08_a_rewritten_history_under_the_stolen_key_is_a_fork_with_both_checkpoints_kept(site, texts):
    before = site.ask().note
    site.rewrite(*(f"{text}{number}" for number, text in enumerate(texts)))
    site.memory = api.WitnessMemory(site.folder / "new")
    report = site.ask()
    assert report.is_broken
    assert [answer.outcome for answer in report.answers] == ["fork"] * 2
    assert f"FORK: the log has {len(texts)} entries, a.example cosigned 5" in report.answers[0].detail
    folder = next((site.folder / "evidence").iterdir())
    assert tlog.parse_note((folder / "witness.checkpoint").read_bytes()).text == tlog.parse_note(before).text
    kept = tlog.verify_checkpoint((folder / "ours.checkpoint").read_bytes(), [tlog.parse_vkey(policy().log_key)])
    assert kept.size == len(texts)
    assert site.ask().is_broken
    assert len(list((site.folder / "evidence").iterdir())) == 2, "asking again makes no second evidence of the same"


@pytest.mark.attack("L09")
def test_l09_an_entry_inserted_in_the_past_is_a_fork(site):
    site.ask()
    (site.folder / "ledger").rename(site.folder / "old")
    with api.create_ledger(site.folder / "ledger", ORIGIN, signer("log"), clock()) as ledger:
        ledger.append(founding())
        ledger.append([note("inserted"), note("two"), note("three"), note("four")])
    site.memory = api.WitnessMemory(site.folder / "new")
    assert site.outcomes() == ["fork"] * 2


@pytest.mark.attack("L08")
def test_l08_the_memory_shows_a_fork_before_any_witness_is_asked(site):
    site.ask()
    site.rewrite(*(f"x{number}" for number in range(7)))
    with pytest.raises(IntegrityError) as caught:
        site.append("more")
    assert caught.value.code == "LM-LED-116"
    with pytest.raises(IntegrityError, match="FORK"):
        site.witnessed()


@pytest.mark.attack("L10")
def test_l10_of_two_trees_of_one_size_at_most_one_has_the_quorum(site, tmp_path):
    """Each reader is shown another tree; the witnesses are asked for both."""
    first = site.ask().note
    site.rewrite(*(f"x{number}" for number in range(5)))
    site.memory = api.WitnessMemory(site.folder / "new")
    second = site.ask().note
    assert tlog.parse_note(first).text.split("\n")[1] == tlog.parse_note(second).text.split("\n")[1] == "5"
    assert api.judge_witnesses(first, site.policy).is_quorum
    with pytest.raises(IntegrityError, match="NOT_WITNESSED"):
        api.judge_witnesses(second, site.policy)


@pytest.mark.attack("L11")
@pytest.mark.parametrize("hours,stale", [(0, False), (24, False), (25, True), (9000, True)])
def test_l11_a_quorum_older_than_the_policy_allows_is_stale(site, hours, stale):
    from datetime import timedelta

    found = site.ask().note
    site.clock.seconds += hours * 3600
    if stale:
        with pytest.raises(IntegrityError, match="STALE") as caught:
            api.judge_witnesses(found, site.policy, now=site.clock.now(), max_age=timedelta(hours=24))
        assert caught.value.code == "LM-LED-142"
    else:
        assert api.judge_witnesses(found, site.policy, now=site.clock.now(), max_age=timedelta(hours=24)).is_quorum


def test_l11_one_fresh_witness_does_not_make_an_old_quorum_young(site):
    """A lying minority cannot hide a freeze: the age is that of a whole quorum."""
    from datetime import timedelta

    site.ask()
    site.clock.seconds += 3600 * 30
    site.witnesses["b"].down = True
    found = site.ask().note
    assert max(api.check_witnesses(found, site.policy).times.values()) == TIME + 3600 * 30
    with pytest.raises(IntegrityError, match="STALE: a quorum cosigned 30 h ago, you allow 90 min"):
        api.judge_witnesses(found, site.policy, now=site.clock.now(), max_age=timedelta(minutes=90))


def test_a_cosignature_from_the_future_is_no_witness(site):
    found = site.ask().note
    site.clock.seconds -= 3600
    with pytest.raises(IntegrityError, match="cosigned in the future"):
        api.judge_witnesses(found, site.policy, now=site.clock.now())
    site.clock.seconds += 3600 - 200
    assert api.judge_witnesses(found, site.policy, now=site.clock.now()).is_quorum


@pytest.mark.attack("W04")
def test_w04_a_witness_that_forgot_what_it_cosigned_is_named(site):
    import shutil

    site.ask()
    site.append("five")
    site.ask()
    site.witnesses["a"].close()
    shutil.rmtree(site.folder / "a")
    site.witnesses["a"] = LocalWitness(site.folder / "a", "a.example", [policy().log_key], site.clock)
    answers = {answer.name: answer for answer in site.ask().answers}
    assert (answers["a"].outcome, answers["b"].outcome) == ("rolled-back", "cosigned")
    assert "it cosigned 0 entries; we hold its cosignature on 6" in answers["a"].detail


def test_a_witness_that_does_not_know_the_log_is_told_how(site):
    site.witnesses["a"].close()
    site.witnesses["a"] = LocalWitness(site.folder / "c", "a.example", [], site.clock)
    answer = site.ask().answers[0]
    assert answer.outcome == "refused"
    assert answer.detail.startswith("404: unknown log")
    assert "verifier key" in answer.detail


@pytest.mark.parametrize("lines", ["none", "another key", "another checkpoint", "no time"])
def test_an_answer_without_a_good_cosignature_of_the_witness_counts_for_nothing(site, lines):
    key = cosigner("a.example")
    with site.reader() as ledger:
        text = tlog.parse_note(ledger.checkpoint()).text
        older = tlog.parse_note(ledger.checkpoint(2)).text
    site.witnesses["a"].lines = {
        "none": (),
        "another key": (tlog.cosign(text, cosigner("z.example"), TIME),),
        "another checkpoint": (tlog.cosign(older, key, TIME),),
        "no time": (tlog.cosign(text, key, 0),),
    }[lines]
    report = site.ask()
    assert report.answers[0].outcome == "refused"
    assert not report.witnessing.is_quorum
    with site.reader() as ledger:
        assert [kept.name for kept in ledger.attachments(5)] == ["b.example"]


def test_further_lines_of_other_keys_are_ignored(site):
    with site.reader() as ledger:
        text = tlog.parse_note(ledger.checkpoint()).text
    site.witnesses["a"].lines = (tlog.cosign(text, cosigner("z.example"), TIME), tlog.cosign(text, cosigner("a.example"), TIME))
    assert site.ask().answers[0].outcome == "cosigned"
    assert b"z.example" not in site.ask().note


def test_a_witness_that_always_knows_another_size_is_given_up(site):
    class Fickle:
        def __init__(self):
            self.size = 0

        def add_checkpoint(self, request):
            from lotmark.tlog.errors import WitnessRefusalError

            self.size += 1
            raise WitnessRefusalError(409, "", size=self.size)

        def published(self, origin):
            return None

    answer = site.ask({"a": Fickle()}).answers[0]
    assert (answer.outcome, "each time it is asked, at last 3" in answer.detail) == ("refused", True)


def test_a_rollback_is_saved_even_if_the_witness_does_not_publish(site):
    class Silent:
        def add_checkpoint(self, request):
            from lotmark.tlog.errors import WitnessRefusalError

            raise WitnessRefusalError(409, "", size=99)

        def published(self, origin):
            raise EnvironmentLacksError("LM-LED-040", "no")

    assert site.ask({"a": Silent()}).answers[0].outcome == "rollback"
    assert site.evidence() == ["README.txt", "ours.checkpoint"]


def test_a_foreign_checkpoint_that_a_witness_publishes_says_nothing_of_a_size(site):
    class Foreign:
        def add_checkpoint(self, request):
            from lotmark.tlog.errors import WitnessRefusalError

            raise WitnessRefusalError(422, "")

        def published(self, origin):
            return NoteKey("somebody").key.public_key

    answer = site.ask({"a": Foreign()}).answers[0]
    assert answer.outcome == "fork"
    assert answer.detail.startswith("FORK: the log has 5 entries; both")


def test_a_disk_that_is_full_is_not_taken_for_a_witness_that_is_away(site):
    class Full:
        def __enter__(self):
            raise EnvironmentLacksError("LM-LED-004", "no space left")

        def __exit__(self, *exc):
            """Nothing is open."""

    site.writer = Full
    with pytest.raises(EnvironmentLacksError, match="no space left"):
        site.ask()


def test_a_policy_that_does_not_hold_is_refused_before_anybody_is_asked(site):
    site.policy = replace(policy(), witnesses=(policy().log_key,), quorum=1)
    with pytest.raises(UsageError, match="WITNESS_NOT_INDEPENDENT"):
        site.ask()
    assert site.witnesses["a"].asked == []


def test_without_a_quorum_any_witness_says_how_far(site):
    lines = "".join(f"witness {name} {witness.vkey}\n" for name, witness in site.witnesses.items())
    site.policy = replace(policy(), tlog_policy=f"{lines}quorum none\n")
    assert site.witnessed().size == 0
    site.witnesses["b"].down = True
    site.ask()
    found = site.witnessed()
    assert (found.size, list(found.witnessing.times)) == (5, ["a"])
    assert api.describe_witnesses(found.witnessing).startswith("Cosigned by 1 witness:")
    assert api.describe_witnesses(api.check_witnesses(site.reader().checkpoint(), site.policy)) == api.NOT_WITNESSED


def test_the_checkpoint_that_covers_an_entry_is_the_oldest_with_the_quorum(site):
    with site.reader() as ledger:
        assert api.covering_checkpoint(ledger, 1, site.policy) == ledger.checkpoint(2)
    site.ask()
    site.append("five")
    site.clock.seconds += 60
    site.ask()
    with site.reader() as ledger:
        covering = api.covering_checkpoint(ledger, 1, site.policy)
        assert tlog.parse_note(covering).text == tlog.parse_note(ledger.checkpoint(5)).text
        assert api.judge_witnesses(covering, site.policy).quorum_time == TIME
        assert tlog.parse_note(api.covering_checkpoint(ledger, 5, site.policy)).text == tlog.parse_note(ledger.checkpoint(6)).text
        assert api.covering_checkpoint(ledger, 1, policy()) == ledger.checkpoint(2)


def test_a_kept_cosignature_that_is_no_signature_line_is_found(site):
    with site.writer() as ledger:
        ledger.attach(5, "cosignature", "a.example", b"nonsense")
        ledger.attach(5, "note", "somebody", b"of another kind, and left alone")
    with site.reader() as ledger, pytest.raises(IntegrityError) as caught:
        api.cosigned_checkpoint(ledger)
    assert caught.value.code == "LM-LED-111"


def test_an_ml_dsa_witness_is_kept_like_any_other(site):
    key = NoteKey("q.example", KeyType.MLDSA44)
    with site.writer() as ledger:
        text = tlog.parse_note(ledger.checkpoint()).text
        api.attach_cosignature(ledger, 5, tlog.cosign(text, key, TIME, kind=KeyType.MLDSA44))
        found = api.check_witnesses(api.cosigned_checkpoint(ledger), replace(policy(), witnesses=(key.vkey,), quorum=1))
    assert found.is_quorum


def test_a_log_that_was_not_witnessed_for_long_is_not_searched_to_its_end(site, monkeypatch):
    from lotmark.ledger import _cosignatures

    site.append("five")
    site.append("six")
    site.ask()
    with site.reader() as ledger:
        assert tlog.parse_note(api.covering_checkpoint(ledger, 1, site.policy)).text == tlog.parse_note(ledger.checkpoint(7)).text
        monkeypatch.setattr(_cosignatures, "_MAX_SEARCHED", 2)
        assert tlog.parse_note(api.covering_checkpoint(ledger, 1, site.policy)).text == tlog.parse_note(ledger.checkpoint(2)).text


def test_a_kept_line_of_a_named_witness_that_is_wrong_stops_the_search(site):
    """Somebody changed the attachments: the checkpoint is not taken for an unwitnessed one."""
    with site.writer() as ledger:
        older = tlog.parse_note(ledger.checkpoint(2)).text
        api.attach_cosignature(ledger, 5, tlog.cosign(older, cosigner("a.example"), TIME))
    with site.reader() as ledger, pytest.raises(IntegrityError, match="is wrong") as caught:
        api.covering_checkpoint(ledger, 3, site.policy)
    assert caught.value.code == "LM-LED-111"


def test_the_record_of_a_breach_is_written_once_and_added_to(site):
    site.ask()
    site.rewrite(*(f"x{number}" for number in range(5)))
    site.memory = api.WitnessMemory(site.folder / "new")
    site.ask()
    before = {path: path.read_bytes() for path in (site.folder / "evidence").glob("*/*")}
    site.clock.seconds += 60
    site.ask()
    assert {path: path.read_bytes() for path in (site.folder / "evidence").glob("*/*")} == before
