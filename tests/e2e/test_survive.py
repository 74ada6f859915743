"""What goes wrong in the life of a release: the right exit code, a rule code with its cure, nothing half recorded."""

import contextlib
import functools
import os
import resource
import shutil
import sqlite3
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from fakes.quick import quick_environment
from fakes.tiny_product import APPROVALS, ShiftedClock, call, describe
from lotmark.base.digest import Digest
from lotmark.bootstrap import _workspace
from lotmark.bootstrap.api import registry
from lotmark.ledger.api import fsck, open_ledger
from lotmark.pipeline._run_lock import RunLock
from lotmark.pipeline.api import run_pipeline
from lotmark.pipeline.models import Outcome, Stage

pytestmark = pytest.mark.verifies("REQ-025", "REQ-019", "HAZ-005")


OPENED = 8
"""Entries of a ledger in which nothing but keys was recorded."""


def assert_told(called, code, rule):
    """The command failed as it should: exit code, rule code, a cure."""
    assert called.code == code, called.err + called.out
    assert f"error[{rule}]" in called.err
    assert "help: " in called.err
    assert f"lotmark explain {rule}" in called.err
    assert call("explain", rule).code == 0


def assert_refused_by(called, stage, rule):
    """The run was refused, and the stage says why."""
    assert called.code == 1, called.err + called.out
    found = {each["stage"]: each for each in called.wire["stages"]}[stage]
    assert found["outcome"] == "refused"
    findings = [each for each in found["findings"] if each["severity"] == "error"]
    assert rule in {each["code"] for each in findings}, findings
    assert all(each["help"] for each in findings)
    assert call("explain", rule).code == 0


def run(tiny):
    return tiny.cli("--format", "json", "run")


def recorded(tiny):
    """How many entries the ledger holds, but for the traces of refused attempts."""
    with tiny.workspace() as workspace:
        return sum(entry.header.kind != "audit-event" for entry in workspace.ledger.entries())


def assert_whole(tiny, *, size=None):
    """The ledger is sound and holds whole batches: what a stage says it recorded stands there."""
    tiny.assert_sound()
    assert size in {None, recorded(tiny)}
    stands = set()
    with tiny.workspace() as workspace:
        stands = {entry.header.payload.hex for entry in workspace.ledger.entries()}
    for result in tiny.predicates("stage-result"):
        assert {each["payload"] for each in result["evidence"]} <= stands
    assert tiny.cli("log", "fsck").code == 0


# ---------------------------------------------------------------- what the repository holds


def test_a_dirty_tree(tiny):
    tiny.edit("src/tool.sh", "tiny", "dirty")
    assert_told(tiny.cli("run"), 1, "LM-PIP-002")
    assert_whole(tiny, size=OPENED)


def test_a_change_that_git_status_was_told_to_hide(tiny):
    tiny.git("update-index", "--assume-unchanged", "src/tool.sh")
    tiny.edit("src/tool.sh", "tiny", "dirty")
    assert_told(tiny.cli("run"), 1, "LM-PIP-002")
    assert_whole(tiny, size=OPENED)


def test_an_unknown_key_in_the_declaration(tiny):
    tiny.edit("lotmark.yaml", "safety-class", "safety-clas")
    tiny.commit()
    called = tiny.cli("run")
    assert_told(called, 2, "LM-CFG-004")
    assert "lotmark.yaml:6:" in called.err
    assert "did you mean 'safety-class'" in called.err
    assert_whole(tiny, size=OPENED)


def locked(tiny, lock):
    """The product with a lock file in place of the statement that it has no dependencies."""
    tiny.edit("lotmark.yaml", "none: {reason: A shell script., owner: dana}", "locks: [{path: requirements.txt, kind: pip}]")
    if lock is not None:
        tiny.write({"requirements.txt": lock})
    tiny.commit()


@pytest.mark.parametrize(
    "lock",
    [None, "click\n", "click==8.1.7\n"],
    ids=["missing lock", "unpinned dependency", "no hash"],
)
def test_locks(tiny, lock):
    locked(tiny, lock)
    called = tiny.cli("--format", "json", "run")
    assert called.code == 1, called.err
    stages = {each["stage"]: each for each in called.wire["stages"]}
    assert stages["dependencies"]["outcome"] == "refused"
    assert stages["dependencies"]["findings"][0]["help"]
    assert_whole(tiny)


def test_an_unreachable_vulnerability_dump(tiny):
    tiny.edit("lotmark.yaml", "dump: quality/osv.jsonl", "dump: /nowhere/osv.jsonl")
    tiny.commit()
    called = run(tiny)
    assert called.code == 1
    stages = {each["stage"]: each for each in called.wire["stages"]}
    assert "not evaluated" in stages["dependencies"]["summary"]
    assert stages["dependencies"]["outcome"] == "refused"
    assert stages["approval"]["outcome"] == "refused"
    assert_whole(tiny)


RESULTS = {
    "unparsable": "echo '<testsuite><testcase' > results/unit.xml",
    "empty": ": > results/unit.xml",
    "no file": ":",
    "zero tests": "echo '<testsuite name=\"none\"/>' > results/unit.xml",
}


@pytest.mark.parametrize("case", RESULTS)
def test_results_that_say_nothing(tiny, case):
    command = RESULTS[case]
    tiny.edit("tests/run.sh", "mkdir -p results\n{", f'mkdir -p results\nif [ "$layer" = unit ]; then {command}; exit 0; fi\n{{')
    tiny.commit()
    called = run(tiny)
    assert called.code == 1
    unit = {each["stage"]: each for each in called.wire["stages"]}["unit"]
    assert unit["outcome"] == "refused"
    assert unit["findings"][0]["code"].startswith("LM-MTX-")
    assert unit["findings"][0]["help"]
    assert "test-run" not in {each["kind"] for result in tiny.predicates("stage-result") if result["stage"] == "unit" for each in result["evidence"]}
    assert_whole(tiny)
    # The run is closed: for a single stage there is nothing to go on with.
    assert_told(tiny.cli("stage", "unit"), 5, "LM-PIP-014")


def test_stale_results(tiny):
    tiny.edit("tests/run.sh", "mkdir -p results\n{", 'mkdir -p results\nif [ "$layer" = unit ]; then exit 0; fi\n{')
    tiny.write(
        {".gitignore": "/out/\n", "results/unit.xml": "<testsuite name='unit'><testcase classname='tests/unit/tests.sh' name='test_greets'/></testsuite>\n"}
    )
    tiny.commit()
    called = run(tiny)
    assert_refused_by(called, "unit", "LM-MTX-009")
    assert_whole(tiny)


def test_a_test_that_is_missing(tiny):
    tiny.edit(
        "tests/run.sh",
        '  for name in $names; do\n    echo "<testcase',
        '  for name in $names; do\n    [ $name = test_version ] && continue\n    echo "<testcase',
    )
    tiny.commit()
    called = run(tiny)
    assert called.code == 1
    unit = {each["stage"]: each for each in called.wire["stages"]}["unit"]
    assert any("test_version" in each["message"] for each in unit["findings"])
    assert_whole(tiny)


def test_a_products_commands_cannot_read_the_keys(tiny):
    keys = tiny.state / "keys"
    tiny.write(
        {
            "tests/unit/tests.sh": f"# @verifies REQ-001\ntest_greets() {{\n  ! cat {keys}/pipeline.key {keys}/log.key\n}}\n# @verifies REQ-002\ntest_version() {{\n  ! touch {tiny.state}/here\n}}\n"
        }
    )
    tiny.commit()
    assert tiny.run(until=Stage.UNIT).stages[3].outcome is Outcome.ACCEPTED


# ---------------------------------------------------------------- people


def sign(tiny, person, role, meaning="approval", *more):
    return tiny.cli("approve", "sign", *tiny.as_person(person), "--role", role, "--meaning", meaning, "--reason", "It holds.", *more)


def test_the_policy_changes_after_review(tiny_waiting):
    tiny = tiny_waiting
    tiny.approve(by=APPROVALS[:1])
    size = recorded(tiny)
    tiny.edit("quality/policy.yaml", "anomalySeverity: 1", "anomalySeverity: 2")
    assert_told(sign(tiny, "quinn", "quality-owner"), 1, "LM-PIP-003")
    assert_told(tiny.cli("run"), 1, "LM-PIP-002")
    assert_whole(tiny, size=size)
    # Committed it is another commit: a new run, to which nobody has agreed.
    tiny.commit()
    called = run(tiny)
    assert (called.code, called.wire["run"], called.wire["waitingFor"][0]) == (8, "tiny:RUN-0002", "regulatory (review): 0 of 1")


def test_an_author_approves_himself(tiny_waiting):
    called = sign(tiny_waiting, "dana", "quality-owner")
    assert_told(called, 1, "LM-APR-001")
    assert "Dana Example is author of this change" in called.err
    assert_whole(tiny_waiting, size=recorded(tiny_waiting))
    assert tiny_waiting.kinds()["approval"] == 0


@pytest.mark.parametrize(
    ("person", "role", "meaning", "code", "rule"),
    [
        ("omar", "quality-owner", "approval", 4, "LM-APR-002"),
        ("quinn", "quality-owner", "review", 2, "LM-APR-018"),
        ("nobody", "quality-owner", "approval", 4, "LM-CLI-014"),
    ],
    ids=["no such role", "not asked for", "no such key"],
)
def test_signatures_that_nobody_may_make(tiny_waiting, person, role, meaning, code, rule):
    size = recorded(tiny_waiting)
    assert_told(sign(tiny_waiting, person, role, meaning), code, rule)
    assert recorded(tiny_waiting) == size


def test_somebody_elses_key(tiny_waiting):
    called = tiny_waiting.cli(
        "approve", "sign", "--as", "quinn", "--key", str(tiny_waiting.people / "rene.key"), "--role", "quality-owner", "--reason", "It holds."
    )
    assert_told(called, 4, "LM-CLI-018")
    assert tiny_waiting.kinds()["approval"] == 0


def test_a_wrong_passphrase(tiny_waiting, monkeypatch, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.touch(mode=0o600)
    wrong.write_text("not the passphrase at all\n")
    monkeypatch.setenv("LOTMARK_PASSPHRASE_FILE", str(wrong))
    size = recorded(tiny_waiting)
    called = sign(tiny_waiting, "quinn", "quality-owner")
    assert called.code == 4
    assert "passphrase" in called.err
    assert "help: " in called.err
    assert_whole(tiny_waiting, size=size)


def test_a_rejection_closes_the_run(tiny_waiting):
    tiny = tiny_waiting
    rejected = tiny.cli("approve", "reject", *tiny.as_person("quinn"), "--role", "quality-owner", "--reason", "The label is wrong.")
    assert rejected.code == 0, rejected.err
    assert tiny.cli("approve", "request").code == 1
    assert_told(sign(tiny, "rene", "regulatory", "review"), 1, "LM-APR-014")
    called = run(tiny)
    assert_refused_by(called, "approval", "LM-PIP-021")
    assert called.wire["outcome"] == "refused"
    assert [each["outcome"] for each in tiny.predicates("run-closed")] == ["refused"]
    assert_told(sign(tiny, "rene", "regulatory", "review"), 5, "LM-CLI-017")
    assert not tiny.site.exists()
    assert_whole(tiny)


def test_a_withdrawn_approval_is_missing_again(tiny_waiting):
    tiny = tiny_waiting
    tiny.approve()
    assert tiny.cli("approve", "request").code == 0
    (index,) = [each["index"] for each in tiny.cli("--format", "json", "log", "search", "--kind", "approval").wire["entries"] if "Quinn" in each["who"]]
    assert_told(tiny.cli("approve", "withdraw", *tiny.as_person("rene"), str(index), "--reason", "Not mine."), 1, "LM-APR-023")
    assert tiny.cli("approve", "withdraw", *tiny.as_person("quinn"), str(index), "--reason", "I looked at the wrong report.").code == 0
    request = tiny.cli("--format", "json", "approve", "request")
    assert (request.code, request.wire["complete"]) == (8, False)
    assert tiny.cli("run").code == 8
    assert not tiny.site.exists()
    # What was withdrawn stays in the log; a new signature counts.
    tiny.approve(by=APPROVALS[1:])
    assert tiny.cli("run").code == 0
    assert tiny.kinds()["approval"] == 3
    assert_whole(tiny)


def test_a_delegate_signs_on_behalf(tiny_waiting):
    tiny = tiny_waiting
    made = tiny.cli(
        "--format", "json", "approve", "delegate", *tiny.as_person("rene"), "--to", "vera", "--role", "regulatory", "--tier", "high", "--days", "7", "--reason", "On leave."
    )  # fmt: skip
    assert made.code == 0, made.err
    assert made.wire["delegation"] == "tiny:DLG-0001"
    # Without the delegation she has no role; with it, somebody else has none.
    assert_told(sign(tiny, "vera", "regulatory", "review"), 4, "LM-APR-002")
    assert_told(sign(tiny, "omar", "regulatory", "review", "--delegation", "DLG-0001"), 4, "LM-APR-009")
    assert sign(tiny, "vera", "regulatory", "review", "--delegation", "DLG-0001").code == 0
    assert sign(tiny, "quinn", "quality-owner").code == 0
    assert tiny.cli("run").code == 0
    (manifest,) = tiny.predicates("release-manifest")
    assert {each["person"] for each in manifest["approvals"]} == {"vera", "quinn"}
    (vera,) = [each for each in tiny.predicates("approval") if each["signer"]["person"] == "vera"]
    assert vera["onBehalfOf"]["person"] == "rene"
    assert_whole(tiny)


def test_a_withdrawn_delegation_gives_nothing(tiny_waiting):
    tiny = tiny_waiting
    made = tiny.cli(
        "--format", "json", "approve", "delegate", *tiny.as_person("rene"), "--to", "vera", "--role", "regulatory", "--tier", "high", "--days", "7", "--reason", "On leave."
    )  # fmt: skip
    assert tiny.cli("approve", "withdraw", *tiny.as_person("rene"), str(made.wire["index"]), "--reason", "Back again.").code == 0
    assert_told(sign(tiny, "vera", "regulatory", "review", "--delegation", "DLG-0001"), 4, "LM-APR-009")
    assert_told(sign(tiny, "vera", "regulatory", "review", "--delegation", "DLG-0009"), 5, "LM-CLI-017")


def test_a_red_test_is_waived_and_the_waiver_runs_out(tiny):
    tiny.edit("tests/integration/tests.sh", "cmp -s src/tool.sh out/tool.sh", "false")
    tiny.commit()
    last_day = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    words = ["--role", "quality-owner", "--test", "tests/integration/tests.sh::test_built", "--reason", "The runner is broken.", "--residual-risk", "None."]
    size = recorded(tiny)
    assert_told(tiny.cli("waive", *tiny.as_person("quinn"), *words), 2, "LM-MTX-063")
    assert_told(tiny.cli("waive", *tiny.as_person("quinn"), *words, "--expires", "soon"), 2, "LM-MTX-063")
    assert_told(tiny.cli("waive", *tiny.as_person("omar"), *words, "--expires", last_day), 4, "LM-APR-002")
    assert recorded(tiny) == size
    made = tiny.cli("--format", "json", "waive", *tiny.as_person("quinn"), *words, "--expires", last_day)
    assert (made.code, made.wire["waiver"]) == (0, "tiny:WVR-0001"), made.err
    called = run(tiny)
    assert called.code == 8, called.out
    tiny.approve()
    # It ran out while people signed: the facts are no longer those that were decided on.
    report = tiny.run(clock=ShiftedClock(timedelta(days=4)))
    assert report.outcome == "refused", describe(report)
    assert any(each["code"] == "LM-POL-001" for status in report.stages for each in status.findings)
    assert not tiny.site.exists()
    assert_whole(tiny)


def test_a_waiver_that_somebody_closes(tiny):
    tiny.edit("tests/integration/tests.sh", "cmp -s src/tool.sh out/tool.sh", "false")
    tiny.commit()
    last_day = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    words = ["--role", "quality-owner", "--requirement", "REQ-002", "--reason", "The runner is broken.", "--residual-risk", "None.", "--expires", last_day]
    assert tiny.cli("waive", *tiny.as_person("quinn"), *words).code == 0
    assert_told(tiny.cli("waive", *tiny.as_person("quinn"), "--role", "quality-owner", "--close", "WVR-0009", "--reason", "Mended."), 5, "LM-CLI-017")
    assert_told(tiny.cli("waive", *tiny.as_person("quinn"), "--role", "quality-owner", "--close", "WVR-0001"), 2, "LM-MTX-063")
    closed = tiny.cli("waive", *tiny.as_person("quinn"), "--role", "quality-owner", "--close", "WVR-0001", "--reason", "Mended.")
    assert closed.code == 0, closed.err
    assert tiny.cli("run").code == 1


# ---------------------------------------------------------------- the machine


def test_a_second_writer(tiny_waiting, monkeypatch):
    tiny = tiny_waiting
    monkeypatch.setattr(_workspace, "open_ledger", functools.partial(open_ledger, wait=0.2))
    size = recorded(tiny)
    with tiny.workspace() as workspace, workspace.writer():
        called = sign(tiny, "quinn", "quality-owner")
        assert_told(called, 4, "LM-LED-003")
        assert f"pid {os.getpid()}" in called.err
    assert_whole(tiny, size=size)
    assert sign(tiny, "quinn", "quality-owner").code == 0


def test_a_second_run(tiny, monkeypatch):
    import lotmark.pipeline._dbos_engine as engine

    monkeypatch.setitem(engine.DbosEngine.__init__.__kwdefaults__, "wait_seconds", 0.2)
    lock = RunLock(tiny.state / "engine.lock")
    called = tiny.cli("run")
    lock.release()
    assert_told(called, 4, "LM-PIP-001")
    assert f"process {os.getpid()}" in called.err
    assert_whole(tiny, size=OPENED)


@pytest.mark.slow
def test_two_runs_at_once_make_one(tiny):
    """Whoever comes second waits ten seconds, sees what was recorded and adds nothing to it; on a slow machine he is told who runs."""
    processes = [tiny.process("--format", "json", "run") for _ in range(2)]
    results = [process.communicate() for process in processes]
    assert sorted(process.returncode for process in processes) in ([4, 8], [8, 8]), results
    assert [output[1].count("error[LM-PIP-001]") for output, process in zip(results, processes, strict=True) if process.returncode == 4] in ([], [1]), results
    assert tiny.kinds()["stage-result"] == 8
    assert tiny.kinds()["run-opened"] == 1
    assert_whole(tiny)


@pytest.mark.slow
def test_no_room_for_a_large_file(tiny):
    """What a full disk looks like to everything that writes: no file may grow beyond 60 kB."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))

    process = tiny.process("run", preexec_fn=limit, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    _, errors = process.communicate()
    assert process.returncode == 4, errors
    assert "error[LM-" in errors
    assert "help: " in errors
    assert_whole(tiny)
    report = tiny.run()
    assert report.outcome == "pending", describe(report)
    assert tiny.kinds()["stage-result"] == 8
    assert_whole(tiny)


@contextlib.contextmanager
def small_disk(folder, size):
    folder.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk needs root")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, check=False).returncode != 0:
        pytest.skip("this environment does not allow a small tmpfs to be mounted")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.slow
def test_a_full_disk(tiny, tmp_path):
    """Run after run on a disk that is full a little later each time; at last there is room, and each evidence stands once."""
    with small_disk(tmp_path / "disk", "16m") as disk:
        shutil.copytree(tiny.state, disk / "state")
        call_there = functools.partial(tiny.process, "--state", str(disk / "state"))
        codes = []
        for room in range(330, 1300, 120):
            subprocess.run(["mount", "-o", f"remount,size={room}k", str(disk)], check=True)
            process = call_there("run", env=quick_environment(TMPDIR="/tmp"))
            _, errors = process.communicate(timeout=120)
            codes.append(process.returncode)
            if process.returncode == 8:
                break
            assert process.returncode == 4, errors
            assert "error[LM-" in errors
            assert "help: " in errors
            assert "Traceback" not in errors
            assert fsck(disk / "state", policy_of(tiny), registry()).is_sound
        assert (codes[-1], len(codes) > 1) == (8, True), codes
        assert fsck(disk / "state", policy_of(tiny), registry()).is_sound
        with open_ledger(disk / "state") as ledger:
            assert sum(1 for _ in ledger.entries(kind="stage-result")) == 8
            assert sum(1 for _ in ledger.entries(kind="run-opened")) == 1


def policy_of(tiny):
    with tiny.workspace() as workspace:
        return workspace.trust_policy


# ---------------------------------------------------------------- changed bytes


CHANGES = {
    "a header": ("UPDATE entry SET header = replace(header, 'run:tiny', 'run:tine') WHERE idx = 12", "12"),
    "an envelope": ("UPDATE body SET envelope = CAST(replace(CAST(envelope AS TEXT), 'payload', 'paylaod') AS BLOB) WHERE idx = 12", "12"),
    "a row that is gone": ("DELETE FROM entry WHERE idx = 12", "12"),
    "a body that is gone": ("DELETE FROM body WHERE idx = 12", "12"),
    "a node": ("UPDATE entry SET nodes = zeroblob(length(nodes)) WHERE idx = 12", "12"),
    "the head": ("UPDATE head SET size = size - 1", ""),
    "a checkpoint": (
        "UPDATE checkpoint SET note = CAST(replace(CAST(note AS TEXT), 'tiny', 'tine') AS BLOB) WHERE size = (SELECT max(size) FROM checkpoint)",
        "",
    ),
}


def tamper(tiny, statement):
    """Change a row behind the ledger's back: its triggers are taken away and put back."""
    with contextlib.closing(sqlite3.connect(tiny.state / "ledger.db")) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)
        for _, definition in triggers:
            connection.execute(definition)
        connection.commit()


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_row_is_named(tiny_released, change):
    statement, index = CHANGES[change]
    tamper(tiny_released, statement)
    called = tiny_released.cli("--format", "json", "log", "fsck")
    assert called.code == 6, called.err
    assert called.wire["sound"] is False
    assert any(index in each["message"] or index in str(each.get("subject", "")) for each in called.wire["findings"])


@pytest.mark.parametrize("gone", [False, True], ids=["changed", "gone"])
def test_a_changed_blob_is_named(tiny_released, gone):
    blobs = sorted(path for path in (tiny_released.state / "blobs").rglob("*") if path.is_file() and len(path.name) == 64)
    for blob in (blobs[0], blobs[-1]):
        data = blob.read_bytes()
        if gone:
            blob.unlink()
        else:
            blob.chmod(0o600)
            blob.write_bytes(bytes([data[0] ^ 1]) + data[1:])
        called = tiny_released.cli("log", "fsck")
        assert called.code == 6
        assert blob.name[:12] in called.out
        blob.unlink(missing_ok=True)
        blob.write_bytes(data)
        assert tiny_released.cli("log", "fsck").code == 0


def test_a_changed_row_stops_the_next_run(tiny_waiting):
    tamper(tiny_waiting, CHANGES["an envelope"][0])
    assert_told(tiny_waiting.cli("run"), 6, "LM-LED-107")


# ---------------------------------------------------------------- releases and targets


def test_a_small_change_needs_fewer_signatures(tiny_released):
    tiny = tiny_released
    tiny.edit("src/tool.sh", "VERSION=1.0.0", "VERSION=1.0.1")
    tiny.commit("Say the next version\n\nRefs: REQ-002")
    called = run(tiny)
    assert (called.code, called.wire["waitingFor"]) == (8, ["quality-owner (approval): 0 of 1"]), called.out
    opened = tiny.predicates("run-opened")[-1]
    assert opened["previousRelease"]["version"] == "1.0.0"
    change = tiny.predicates("change-summary")[-1]
    assert (change["changedPaths"], change["changedItems"], change["referencedIds"], change["policyChanged"], change["dependenciesChanged"]) == (
        ["src/tool.sh"],
        [],
        ["REQ-002"],
        False,
        False,
    )
    assert tiny.predicates("decision")[-1]["tier"]["name"] == "medium"
    assert sign(tiny, "quinn", "quality-owner").code == 0
    assert tiny.cli("run").code == 0
    deployment = tiny.predicates("deployment")[-1]
    assert (deployment["version"], deployment["previous"]["version"]) == ("1.0.1", "1.0.0")
    assert_whole(tiny)
    # Both versions lie at the target; back and forth is a new admission each time.
    status = tiny.cli("--format", "json", "deploy", "status").wire["targets"][0]
    assert (status["current"]["version"], status["installed"]) == ("1.0.1", ["1.0.0"])
    assert tiny.cli("deploy", "rollback", "--target", "site").code == 0
    assert (tiny.site / "current" / "tool.sh").read_text().startswith("VERSION=1.0.0")
    assert tiny.predicates("deployment")[-1]["action"] == "rollback"
    assert tiny.cli("deploy", "verify").code == 0
    assert tiny.cli("deploy", "plan", "1.0.1").code == 0
    assert tiny.cli("deploy", "apply", "1.0.1", "--target", "site").code == 0
    assert (tiny.site / "current" / "tool.sh").read_text().startswith("VERSION=1.0.1")
    assert tiny.cli("deploy", "verify", "--record").code == 0
    assert_whole(tiny)


def test_a_change_of_the_readme_is_of_the_lowest_tier(tiny_released):
    tiny_released.edit("README.md", "# Tiny", "# Tiny, explained")
    tiny_released.commit()
    assert run(tiny_released).code == 8
    assert tiny_released.predicates("decision")[-1]["tier"]["name"] == "low"


def test_going_back_does_not_need_the_rules_of_today(tiny_released):
    tiny = tiny_released
    tiny.edit("quality/approvals.yaml", "- {role: regulatory, meaning: review}", "- {role: regulatory, meaning: approval}")
    tiny.edit("src/tool.sh", "VERSION=1.0.0", "VERSION=1.1.0")
    tiny.commit()
    assert run(tiny).code == 8
    tiny.approve(by=(("rene", "regulatory", "approval"), ("quinn", "quality-owner", "approval")))
    assert run(tiny).code == 0
    called = tiny.cli("deploy", "rollback", "--target", "site")
    assert called.code == 0, called.err
    assert (tiny.site / "current" / "tool.sh").read_text().startswith("VERSION=1.0.0")


def test_a_run_goes_back_nowhere_without_an_earlier_release(tiny_released):
    assert_told(tiny_released.cli("deploy", "rollback", "--target", "site"), 1, "LM-DEP-003")
    assert_told(tiny_released.cli("deploy", "rollback", "--target", "moon"), 2, "LM-DEP-006")
    assert_told(tiny_released.cli("deploy", "apply", "9.9.9"), 5, "LM-REL-004")


def test_a_target_that_somebody_changed(tiny_released):
    tiny = tiny_released
    assert tiny.cli("deploy", "verify").code == 0
    path = tiny.site / "current" / "tool.sh"
    path.chmod(0o644)
    path.write_text(path.read_text() + "# somebody was here\n")
    called = tiny.cli("--format", "json", "deploy", "verify", "--record")
    assert (called.code, called.wire["checks"][0]["verdict"]) == (6, "mismatch")
    assert tiny.predicates("deployment-check")[-1]["artifact"]["found"] == Digest.of_file(path).hex
    shutil.rmtree(tiny.site)
    assert tiny.cli("deploy", "verify").code == 1
    # The release is deployed again from its blobs.
    assert tiny.cli("deploy", "apply").code == 0
    assert tiny.cli("deploy", "verify").code == 0


def test_an_approval_withdrawn_after_the_release_keeps_it_from_being_deployed_again(tiny_released):
    tiny = tiny_released
    index = next(each["index"] for each in tiny.cli("--format", "json", "log", "search", "--kind", "approval").wire["entries"] if "Quinn" in each["who"])
    assert tiny.cli("approve", "withdraw", *tiny.as_person("quinn"), str(index), "--reason", "A recall.").code == 0
    assert tiny.cli("deploy", "plan").code == 1
    assert_told(tiny.cli("deploy", "apply"), 1, "LM-DEP-001")


def test_a_crash_between_switch_and_record_keeps_what_ran_before(tiny_released, monkeypatch):
    """The deployment is done again, finds its own release at the target, and still names the one before."""
    from lotmark.pipeline import _run

    tiny = tiny_released
    tiny.edit("src/tool.sh", "VERSION=1.0.0", "VERSION=1.0.1")
    tiny.commit()
    tiny.run()
    tiny.approve(by=APPROVALS[1:])
    tiny.run(until=Stage.APPROVAL)
    real = _run.carry_out

    def crash(context):
        real(context)
        raise OSError(5, "the machine stopped")

    with monkeypatch.context() as patch, tiny.workspace() as workspace:
        patch.setattr(_run, "carry_out", crash)
        with pytest.raises(OSError, match="stopped"):
            run_pipeline(workspace.settings())
    assert (tiny.site / "current" / "tool.sh").read_text().startswith("VERSION=1.0.1")
    assert tiny.run().outcome == "released"
    assert tiny.predicates("deployment")[-1]["previous"]["version"] == "1.0.0"


def test_a_run_that_is_begun_anew(tiny_waiting):
    called = tiny_waiting.cli("--format", "json", "run", "--new", "--stage", "source")
    assert (called.code, called.wire["run"]) == (0, "tiny:RUN-0002")
    assert [each["outcome"] for each in tiny_waiting.predicates("run-closed")] == ["abandoned"]
    assert_whole(tiny_waiting)
