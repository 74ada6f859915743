"""Opening a product and its ledger, making state folders and demos, and two products in one state folder."""

import os
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from fakes.tiny_product import APPROVALS, TinyProduct
from lotmark.attest.api import KeySigner, PassphraseSigner, generate_key, parse_trust_policy
from lotmark.attest.models import Person
from lotmark.base.clock import SystemClock
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, NothingToJudgeError, UsageError
from lotmark.bootstrap import _demo, _opening, _signing
from lotmark.bootstrap import api as bootstrap
from lotmark.bootstrap.api import Workspace, check_deployments, enrol_key, find_log, open_workspace, operator_name, registry, roll_back, rules, sign_waiver
from lotmark.matrix.models import WaiverScope
from lotmark.pipeline.api import find_run, run_pipeline
from lotmark.pipeline.models import Stage
from lotmark.pipeline.ports import Silence

pytestmark = pytest.mark.verifies("REQ-019")


def test_every_name_behind_the_door_can_be_loaded():
    for name in bootstrap.__all__:
        assert getattr(bootstrap, name) is not None, name
    with pytest.raises(AttributeError):
        bootstrap.nothing  # noqa: B018


def test_every_kind_of_evidence_and_every_rule_stands_once():
    kinds = list(registry())
    assert len({kind.name for kind in kinds}) == len(kinds) == len({kind.uri for kind in kinds})
    codes = [rule.code for rule in rules()]
    assert len(codes) == len(set(codes))


def test_a_workspace_is_found_from_any_folder_below_it(tiny):
    workspace = open_workspace(tiny.root / "src", None, None)
    assert (workspace.root, workspace.state) == (tiny.root, tiny.state)
    assert open_workspace(tiny.root, None, Path("elsewhere")).state == Path.cwd() / "elsewhere"
    workspace.close()  # nothing was opened: no error


def test_what_was_opened_is_closed(tiny):
    with tiny.workspace() as workspace:
        assert workspace.ledger.size == 8
        ledger = workspace.ledger
    with pytest.raises(EnvironmentLacksError):
        ledger.size  # noqa: B018


def test_the_lock_is_held_only_while_something_is_written(tiny):
    with tiny.workspace() as one, tiny.workspace() as other:
        assert one.ledger.size == other.ledger.size
        with one.writer():
            pass
        with other.writer():
            pass


def test_who_runs_this_is_a_claim(monkeypatch):
    assert "@" in operator_name()
    monkeypatch.setattr("getpass.getuser", lambda: (_ for _ in ()).throw(KeyError("no such user")))
    assert operator_name().startswith(f"uid-{os.getuid()}@")


# ---------------------------------------------------------------- state folders


def make_state(state):
    return _opening.create_state(
        state, origin="example.org/new", product="tiny", administrator=Person("ada", "Ada", "ada@example.org"), root=KeySigner(generate_key()), clock=SystemClock()
    )  # fmt: skip


def test_a_state_folder_is_made_whole_and_never_over_another(tmp_path):
    state = tmp_path / "deep" / "state"
    policy = make_state(state)
    assert parse_trust_policy((state / "trust.json").read_bytes()) == policy
    assert (state / ".gitignore").read_text() == "*\n"
    assert {path.name: path.stat().st_mode & 0o777 for path in (state / "keys").iterdir()} == {"log.key": 0o600, "pipeline.key": 0o600}
    assert (state / "keys").stat().st_mode & 0o777 == 0o700
    with pytest.raises(UsageError) as caught:
        make_state(state)
    assert caught.value.code == "LM-CLI-011"
    assert [path.name for path in state.parent.iterdir()] == ["state"]


def test_an_empty_folder_may_become_the_state_folder(tmp_path):
    (tmp_path / "state").mkdir()
    make_state(tmp_path / "state")
    assert (tmp_path / "state" / "ledger.db").is_file()


def test_a_key_event_that_does_not_verify_is_not_appended(tiny):
    with tiny.workspace() as workspace:
        stranger = KeySigner(generate_key())
        with pytest.raises(IntegrityError):
            enrol_key(workspace, public_key=stranger.public_key, kind="person", person=Person("eve", "Eve", "eve@example.org"), reason="x", root=stranger)
        with pytest.raises(IntegrityError):  # enrolled already
            enrol_key(
                workspace, public_key=tiny.signer("quinn").public_key, kind="person", person=Person("eve", "Eve", "eve@example.org"), reason="x", root=tiny.signer("ada")
            )  # fmt: skip
    assert tiny.assert_sound() == 8


# ---------------------------------------------------------------- signatures


def test_two_people_who_waive_at_once_get_two_numbers(tiny):
    names = []
    barrier = threading.Barrier(4)

    def waive(number):
        with tiny.workspace() as workspace:
            barrier.wait()
            name, _ = sign_waiver(
                workspace,
                person="quinn",
                signer=tiny.signer("quinn"),
                role="quality-owner",
                scope=WaiverScope(tests=(f"tests/unit/tests.sh::test_{number}",)),
                version=None,
                reason="r",
                residual_risk="none",
                owner="dana",
                expires=(datetime.now(UTC) + timedelta(days=10)).date(),
            )
            names.append(name)

    threads = [threading.Thread(target=waive, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(names) == [f"tiny:WVR-000{number}" for number in range(1, 5)]
    assert tiny.assert_sound() == 12


def test_a_waiver_with_no_end_in_sight_is_refused_before_it_is_signed(tiny):
    with tiny.workspace() as workspace, pytest.raises(UsageError) as caught:
        sign_waiver(
            workspace,
            person="quinn",
            signer=tiny.signer("quinn"),
            role="quality-owner",
            scope=WaiverScope(tests=("t",)),
            version=None,
            reason="r",
            residual_risk="none",
            owner="dana",
            expires=date(2099, 1, 1),
        )
    assert caught.value.code == "LM-MTX-063"
    assert tiny.size() == 8


@pytest.mark.parametrize(
    ("zone", "expected"), [("Europe/Berlin", "Europe/Berlin"), ("Nowhere/Nothing", None), ("../../etc/passwd", None)], ids=["known", "unknown", "a path"]
)
def test_the_signers_zone_is_a_name_that_others_know(monkeypatch, zone, expected):
    monkeypatch.setenv("TZ", zone)
    found = _signing.local_zone()
    assert found == expected if expected else found in {"UTC", "Etc/UTC"} or "/" in found


def test_nothing_is_signed_after_the_run_is_closed(tiny_released):
    with tiny_released.workspace() as workspace, pytest.raises(NothingToJudgeError, match=r"closed \(released\)"):
        _signing.waiting_decision(workspace, find_run(workspace.settings(), None))


def test_before_the_decision_there_is_nothing_to_sign(tiny):
    tiny.run(until=Stage.SOURCE)
    with tiny.workspace() as workspace, pytest.raises(NothingToJudgeError) as caught:
        _signing.waiting_decision(workspace, find_run(workspace.settings(), None))
    assert caught.value.code == "LM-CLI-017"


# ---------------------------------------------------------------- two products, one state folder


@pytest.fixture
def other(tiny_released, tmp_path):
    """Another product beside the released one, in the same ledger."""
    other = TinyProduct(tmp_path / "other")
    other.folder.mkdir()
    other.root.mkdir()
    other.people = tiny_released.people
    other.git("init", "--quiet", "--initial-branch=main")
    for path in sorted(tiny_released.root.rglob("*")):
        relative = path.relative_to(tiny_released.root)
        if path.is_file() and relative.parts[0] not in {".git", ".lotmark"}:
            other.write({str(relative): path.read_text()})
    other.edit("lotmark.yaml", "id: tiny", "id: other")
    other.edit("src/tool.sh", "1.0.0", "7.0.0")
    other.commit()
    other.workspace_state = tiny_released.state
    return other


def shared(other):
    return Workspace(other.root, None, other.workspace_state)


def test_two_products_share_a_ledger_and_not_their_runs(tiny_released, other):
    workspace = shared(other)
    settings = workspace.settings()
    assert find_run(settings, None) is None
    for call in (lambda: check_deployments(workspace, None, record=False), lambda: bootstrap.plan_deployment(workspace, None)):
        with pytest.raises(NothingToJudgeError):
            call()
    report = run_pipeline(settings)
    assert (report.run, report.outcome, report.version) == ("other:RUN-0001", "pending", "7.0.0")
    identity = find_run(settings, report.run)
    assert workspace.reader.entries(kind="run-opened")
    opened = [entry.statement.predicate for entry in workspace.reader.entries(kind="run-opened")]
    assert [each["previousRelease"] for each in opened] == [None, None]
    for person, role, meaning in (("rene", "regulatory", "review"), ("quinn", "quality-owner", "approval")):
        _signing.sign_approval(workspace, identity, person=person, signer=other.signer(person), role=role, meaning=meaning, reason="It holds.")
    assert run_pipeline(settings).outcome == "released"
    # Each product's target of the same name runs its own release.
    assert [check.verdict for check in check_deployments(workspace, "site", record=False)] == ["verified"]
    workspace.close()
    with tiny_released.workspace() as first:
        assert [check.verdict for check in check_deployments(first, "site", record=False)] == ["verified"]
        with pytest.raises(Exception, match="ran no other release"):
            roll_back(first, "site")
    assert tiny_released.run().run == "tiny:RUN-0001"
    tiny_released.assert_sound()


# ---------------------------------------------------------------- the demo


@pytest.mark.slow
def test_a_demo_is_prepared_whole(tmp_path):
    told = []
    stage = _demo.prepare_demo(tmp_path / "demo", "pump-firmware", note=told.append)
    root = stage.workspace.root
    assert told == [f"pump-firmware -> {root}"]
    assert not (root / "demo.yaml").exists()
    policy = parse_trust_policy(stage.trust.read_bytes())
    assert policy == stage.workspace.trust_policy == find_log(policy.origin)
    keys = {key.person for key in stage.workspace.reader.trust().keys if key.person}
    assert keys == set(stage.play.people)
    # The keys are as a real person would have them.
    passphrase = (stage.folder / "people" / "passphrase").read_text().strip()
    assert PassphraseSigner.load(stage.folder / "people" / "quinn.key", passphrase).key_id == stage.signers["quinn"].key_id
    assert (stage.folder / "people").stat().st_mode & 0o777 == 0o700
    commits = TinyProduct(tmp_path / "demo").git("log", "--format=%an %(trailers:key=Signed-off-by,valueonly)").split("\n\n")
    assert len(commits) == len(stage.play.commits)
    assert stage.workspace.clock.now().tzinfo is UTC
    stage.workspace.close()
    with pytest.raises(UsageError, match="not empty"):
        _demo.prepare_demo(tmp_path / "demo", "pump-firmware")
    again = _demo.prepare_demo(tmp_path / "demo", "pump-firmware", replace=True)
    assert again.workspace.ledger.size == stage_size(again)
    with pytest.raises(NothingToJudgeError):
        _demo.play_approvals(again, "pump:RUN-0001")
    again.workspace.close()


def stage_size(stage):
    return 3 + len(stage.play.people) - 1


def test_an_example_that_is_not_there(tmp_path):
    with pytest.raises(EnvironmentLacksError) as caught:
        _demo.prepare_demo(tmp_path / "demo", "no-such-example")
    assert caught.value.code == "LM-CLI-021"


def test_a_demo_without_git(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentLacksError) as caught:
        _demo._git(tmp_path, {}, "init")
    assert caught.value.code == "LM-PRD-001"


def play(tiny, approvals):
    """The tiny product as an example whose people are played."""
    people = {name: _demo.Person(name, name, f"{name}@example.org") for name in ("ada", "rene", "quinn")}
    signers = {name: tiny.signer(name) for name in people}
    played = [_demo.PlayedApproval(by=person, role=role, meaning=meaning, reason="It holds.") for person, role, meaning in approvals]
    content = _demo.Play(administrator="ada", people=people, commits=[], waivers=[], approvals=played)
    return _demo.DemoStage(tiny.folder, Workspace(tiny.root, None, tiny.state), content, signers, tiny.folder / "trust.json")


def test_the_play_of_a_release(tiny_waiting):
    told = []
    stage = play(tiny_waiting, APPROVALS)
    _demo._release(stage, told.append, Silence())
    assert [line.split(" (")[0] for line in told] == ["rene signs as regulatory: review", "quinn signs as quality-owner: approval"]
    stage.workspace.close()
    assert tiny_waiting.run().outcome == "released"


def test_an_example_that_is_not_released_says_why(tiny_waiting):
    stage = play(tiny_waiting, [])
    with pytest.raises(Exception, match=r"was not released \(pending\): regulatory \(review\): 0 of 1") as caught:
        _demo._release(stage, lambda _: None, Silence())
    assert caught.value.code == "LM-CLI-020"
    stage.workspace.close()
