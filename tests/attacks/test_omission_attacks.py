"""Attacks by leaving out, O01 to O06, and A10, the stretched waiver, at the command line: the answer and the exit code."""

import json
import zipfile

import pytest

from fakes.forgery import add
from lotmark.attest.api import sign_payload

pytestmark = pytest.mark.verifies("REQ-009", "REQ-011", "REQ-421", "REQ-425", "RC-005", "HAZ-006")

UNIT = "tests/unit/tests.sh::test_greets"
INTEGRATION = "tests/integration/tests.sh::test_built"


def run(tiny, *words):
    return tiny.cli("--format", "json", "run", *words)


def findings(called, stage):
    """Code -> messages of the errors of a stage."""
    found: dict[str, list[str]] = {}
    for each in next(status for status in called.wire["stages"] if status["stage"] == stage)["findings"]:
        if each["severity"] == "error":
            found.setdefault(each["code"], []).append(each["message"])
            assert each["help"]
    return found


def answers(called, code, *words):
    """The exit code, and every word of the answer on either stream."""
    assert called.code == code, called.out + called.err
    for word in words:
        assert word in called.out + called.err, called.out + called.err


def waive(tiny, *scope, reason="The rig is away.", days="2099-01-01", version=()):
    from datetime import timedelta

    with tiny.workspace() as workspace:
        day = (workspace.clock.now() + timedelta(days=30)).date().isoformat() if days == "2099-01-01" else days
    return tiny.cli(
        "waive", "--role", "quality-owner", *scope, "--reason", reason, "--residual-risk", "Low.", "--expires", day, *version, *tiny.as_person("quinn")
    )


# ---- O01


@pytest.mark.attack("O01")
def test_o01_a_failed_run_that_is_never_submitted_is_missing(tiny):
    """The run's opening lists what it will hold; what was stopped before is named, and nothing can be released."""
    tiny.edit("src/tool.sh", 'echo "tiny $VERSION"', 'echo "huge $VERSION"')
    tiny.commit()
    assert tiny.cli("run", "--stage", "build").code == 0
    called = tiny.cli("gate")
    answers(called, 1, "validation", "is missing", "stage unit is absent")
    (opened,) = tiny.predicates("run-opened")
    assert {"unit", "integration", "validation"} <= {stage["stage"] for stage in opened["expected"]}
    # A second run beside it does not hide the first.
    tiny.edit("src/tool.sh", 'echo "huge $VERSION"', 'echo "tiny $VERSION"')
    tiny.commit()
    assert run(tiny).code == 8
    assert len(tiny.predicates("run-opened")) == 2


# ---- O02

RERUN = """    case "$name" in test_greets) echo "<flakyFailure message='too late'/>";; esac
    echo "</testcase>\""""


@pytest.fixture
def rerun(tiny):
    """A runner that tries a test again by itself until it is green."""
    tiny.edit("tests/run.sh", '    echo "</testcase>"', RERUN)
    tiny.commit()
    return tiny


@pytest.mark.attack("O02")
def test_o02_rerun_until_green_shows_every_attempt_and_is_refused(rerun):
    called = run(rerun)
    assert called.code == 1
    assert f"{UNIT} was red and then green" in findings(called, "unit")["LM-MTX-023"]
    (record,) = [test for told in rerun.predicates("test-run") for test in told["tests"] if test["id"] == UNIT]
    assert [attempt["status"] for attempt in record["attempts"]] == ["failed", "passed"]
    assert record["redThenGreen"]


@pytest.mark.attack("O02")
def test_o02_with_a_persons_reason_it_passes_and_stays_visible(rerun):
    with (rerun.root / "quality/matrix.yaml").open("a") as stream:
        stream.write(f'unstable:\n  - {{tests: ["{UNIT}"], reason: the shell starts slowly, owner: dana, expires: "2099-01-01"}}\n')
    rerun.commit()
    called = run(rerun)
    assert called.code == 8, called.out
    (record,) = [test for told in rerun.predicates("test-run") for test in told["tests"] if test["id"] == UNIT]
    assert (record["redThenGreen"], len(record["attempts"])) == (True, 2)
    assert record["reason"] == "the shell starts slowly (dana, until 2099-01-01)"
    answers(rerun.cli("test", "flaky"), 0, UNIT, "1 of 1", "100.0%", "Wilson")


@pytest.mark.attack("O02")
def test_o02_a_red_run_of_the_same_artifact_is_counted_with_the_green_one(tiny):
    tiny.edit("tests/unit/tests.sh", "grep -q '^tiny '", "grep -q '^huge '")
    tiny.commit()
    assert run(tiny).code == 1
    tiny.edit("tests/unit/tests.sh", "grep -q '^huge '", "grep -q '^tiny '")
    tiny.commit()
    assert run(tiny).code == 8
    (told,) = tiny.cli("--format", "json", "test", "flaky").wire["tests"]
    assert (told["test"], told["trials"], told["flaky"], told["attempts"], told["red"]) == (UNIT, 1, 1, 2, 1)
    everything = tiny.cli("--format", "json", "test", "flaky", "--all").wire["tests"]
    assert {each["test"] for each in everything if not each["flaky"]} >= {"tests/unit/tests.sh::test_version"}


def test_no_run_no_statistics(tiny):
    assert tiny.cli("test", "flaky").code == 5


# ---- O03


@pytest.mark.attack("O03")
@pytest.mark.parametrize(
    ("content", "code", "rule"),
    [
        ("", 1, "LM-MTX-001"),
        ("<testsuites/>", 5, "LM-MTX-008"),
        ("<testsuite tests='9'/>", 5, "LM-MTX-008"),
        ("<testsuite><testcase name='test_greets'", 1, "LM-MTX-004"),
        ("all good\n<testsuite/>", 1, "LM-MTX-002"),
        ("<html/>", 1, "LM-MTX-007"),
        ("<testsuite>{version}<testcase {greets}><error/></testcase></testsuite>", 1, "LM-MTX-026"),
        ("<testsuite>{version}<testcase {greets} status='excellent'/></testsuite>", 1, "LM-MTX-026"),
        ("<testsuite>{version}</testsuite>", 1, "LM-MTX-020"),
        ('{{"results": {{"tests": [{{"name": "x", "status": "other"}}]}}}}', 1, "LM-MTX-026"),
    ],
    ids=["empty", "no test", "tests that are only declared", "cut", "noise", "another page", "error", "an unknown word", "one of two", "other"],
)
def test_o03_what_is_not_literally_passed_is_no_pass(tiny, content, code, rule):
    tiny.edit("quality/matrix.yaml", "layer: unit, gating", "layer: unit, tests: [tests/unit], gating")
    version, greets = (f"classname='tests/unit/tests.sh' name='{name}'" for name in ("test_version", "test_greets"))
    path = tiny.folder / "results.xml"
    path.write_text(content.format(version=f"<testcase {version}/>", greets=greets))
    answers(tiny.cli("test", "collect", "unit", str(path)), code, rule)


@pytest.mark.attack("O03")
def test_o03_a_skipped_test_covers_nothing(tiny):
    tiny.edit("tests/run.sh", '    "$name" ||', '    case "$name" in test_greets) echo "<skipped/>"; true;; *) "$name";; esac ||')
    tiny.commit()
    called = run(tiny)
    assert called.code == 1
    assert any("REQ-001 is incomplete in unit (blocking)" in message for message in findings(called, "validation")["LM-MTX-042"])


# ---- O04


@pytest.fixture
def shrunk(tiny_released):
    """After a release: a requirement that no longer refers to its need, and a category that is asked for no more."""
    tiny = tiny_released
    tiny.edit("quality/requirements/REQ-001.md", "derives: [UN-001]", "implements: [RC-001]")
    tiny.edit("quality/matrix.yaml", "categories: [unit, integration], reason: It", "categories: [unit], reason: It")
    tiny.commit()
    return tiny


@pytest.mark.attack("O04")
def test_o04_coverage_that_shrank_is_refused_until_a_person_signs(shrunk):
    called = run(shrunk)
    assert called.code == 1
    assert findings(called, "validation")["LM-MTX-071"] == [
        "coverage shrank since 1.0.0: REQ-001 no longer derives UN-001",
        "coverage shrank since 1.0.0: requirement REQ-002 no longer needs integration",
    ]
    answers(shrunk.cli("gate"), 1, "validation")
    # One signature for one of the two is not enough.
    assert waive(shrunk, "--requirement", "REQ-001", reason="Moved to the control.").code == 0
    called = run(shrunk, "--new")
    assert called.code == 1
    assert findings(called, "validation")["LM-MTX-071"] == ["coverage shrank since 1.0.0: requirement REQ-002 no longer needs integration"]
    assert waive(shrunk, "--requirement", "REQ-002", reason="Tested in unit.").code == 0
    called = run(shrunk, "--new")
    assert called.code == 8, called.out
    losses = shrunk.predicates("matrix-evaluation")[-1]["losses"]
    assert [(loss["subject"], loss["waiver"]) for loss in losses] == [("REQ-001", "tiny:WVR-0001"), ("REQ-002", "tiny:WVR-0002")]


# ---- O05


@pytest.mark.attack("O05")
def test_o05_a_failing_safety_test_cannot_be_called_flaky(tiny):
    tiny.edit("tests/validation/tests.sh", "grep -q '[0-9]'", "grep -q 'never'")
    with (tiny.root / "quality/matrix.yaml").open("a") as stream:
        stream.write('quarantine:\n  - {tests: [tests/validation/**], reason: flaky, owner: dana, expires: "2099-01-01"}\nquarantine-limits: {max-days: 366}\n')
    tiny.commit()
    tiny.edit("quality/matrix.yaml", "layer: validation, gating", "layer: validation, tests: [tests/validation], gating")
    tiny.commit()
    answers(tiny.cli("check"), 1, "LM-MTX-069", "no other test covers hazard HAZ-001 in validation, which is blocking", "LM-MTX-070")
    called = run(tiny)
    assert called.code == 1
    refused = findings(called, "validation")
    assert any("may not be in quarantine" in message for message in refused["LM-MTX-069"])
    assert any("HAZ-001 is missing in validation" in message for message in refused["LM-MTX-041"])
    (view,) = tiny.predicates("matrix-evaluation")[0]["quarantined"]
    assert (view["owner"], view["uncovered"]) == ("dana", ["HAZ-001", "RC-001"])
    answers(tiny.cli("gate"), 1, "HAZ-001")


@pytest.mark.attack("O05")
def test_o05_where_another_test_covers_it_the_quarantine_is_shown_and_the_gate_decides_by_the_other(tiny):
    with (tiny.root / "tests/validation/tests.sh").open("a") as stream:
        stream.write("\n# @verifies HAZ-001 RC-001\ntest_jumps() {\n  false\n}\n")
    with (tiny.root / "quality/matrix.yaml").open("a") as stream:
        day = tiny.clock.now().date().isoformat()
        stream.write(f'quarantine:\n  - {{tests: ["tests/validation/tests.sh::test_jumps"], reason: the clock jumps, owner: dana, expires: "{day}"}}\n')
    tiny.commit()
    assert tiny.cli("check").code == 0
    called = run(tiny)
    assert called.code == 8, called.out
    (view,) = tiny.predicates("matrix-evaluation")[0]["quarantined"]
    assert (view["test"], view["status"], view["uncovered"]) == ("tests/validation/tests.sh::test_jumps", "failed", [])
    assert "1 in quarantine" in next(stage["summary"] for stage in called.wire["stages"] if stage["stage"] == "validation")


# ---- O06


@pytest.mark.attack("O06")
def test_o06_a_bundle_that_leaves_something_out_is_incomplete(tiny_released, tmp_path):
    """Each inclusion proof left in it holds; the headers of the whole log tell what is not there."""
    whole, cut = tmp_path / "whole.zip", tmp_path / "cut.zip"
    assert tiny_released.cli("release", "bundle", "-o", str(whole)).code == 0
    trust = ("--trust", str(tiny_released.folder / "trust.json"))
    assert tiny_released.cli("verify", str(whole), *trust).code == 0
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(cut, "w") as target:
        unwanted = next(name for name in source.namelist() if "test-run" in name)
        for info in source.infolist():
            data = source.read(info)
            if info.filename == unwanted:
                continue
            if info.filename == "manifest.json":
                manifest = json.loads(data)
                manifest["files"] = [each for each in manifest["files"] if each["path"] != unwanted]
                data = json.dumps(manifest).encode()
            target.writestr(info, data)
    called = tiny_released.cli("verify", str(cut), *trust)
    assert called.code in {1, 6}, called.out + called.err
    assert "✗" in called.out or "error" in called.err


# ---- A10


@pytest.fixture
def red(tiny):
    """A product whose integration test, which a waiver may excuse, is red."""
    tiny.edit("tests/integration/tests.sh", "cmp -s src/tool.sh out/tool.sh", "false")
    tiny.commit()
    return tiny


def test_the_right_waiver_holds(red):
    assert waive(red, "--test", INTEGRATION).code == 0
    called = run(red)
    assert called.code == 8, called.out
    rows = {row["subject"]: row["status"] for row in red.predicates("matrix-evaluation")[0]["rows"]}
    assert rows["REQ-002"] == "waived"


@pytest.mark.attack("A10")
@pytest.mark.parametrize(
    "scope",
    [("--test", UNIT), ("--test", "tests/integration/tests.sh"), ("--test", "tests/integration/**"), ("--hazard", "HAZ-001"), ("--requirement", "REQ-001")],
    ids=["another test", "the file", "a glob", "a hazard", "another requirement"],
)
def test_a10_a_waiver_reaches_nothing_but_what_it_names(red, scope):
    assert waive(red, *scope).code == 0
    called = run(red)
    assert called.code == 1
    assert f"{INTEGRATION} failed: it does not hold" in findings(called, "integration")["LM-MTX-026"]


@pytest.mark.attack("A10")
def test_a10_a_waiver_of_one_version_does_not_reach_the_next(red):
    assert waive(red, "--test", INTEGRATION).code == 0
    red.edit("src/tool.sh", "VERSION=1.0.0", "VERSION=1.1.0")
    red.commit()
    called = run(red)
    assert called.code == 1
    assert "LM-MTX-026" in findings(called, "integration")


@pytest.mark.attack("A10")
def test_a10_a_waiver_of_another_product_does_not_reach_this_one(red):
    """Signed with the right key, recorded past the command line, and naming another product."""
    assert waive(red, "--test", "tests/integration/tests.sh::test_other").code == 0
    with red.workspace() as workspace:
        (entry,) = workspace.reader.entries(kind="waiver")
    tree = json.loads(entry.envelope.payload)
    tree["predicate"] |= {"product": "other", "waiver": "other:WVR-0001", "scope": {**tree["predicate"]["scope"], "tests": [INTEGRATION]}}
    add(red, sign_payload(json.dumps(tree).encode(), red.signer("quinn")), "waiver", "product:tiny")
    called = run(red)
    assert called.code == 1
    assert "LM-MTX-026" in findings(called, "integration")


@pytest.mark.attack("A10")
def test_a10_no_waiver_reaches_what_is_blocking(tiny):
    tiny.edit("tests/unit/tests.sh", "grep -q '^tiny '", "grep -q '^huge '")
    tiny.commit()
    assert waive(tiny, "--test", UNIT, "--requirement", "REQ-001").code == 0
    called = run(tiny)
    assert called.code == 1
    assert "LM-MTX-026" in findings(called, "unit")


@pytest.mark.attack("A10")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"days": "2001-01-01"}, "not after the day of its signature"),
        ({"days": "2098-01-01"}, "more than the 90"),
        ({"days": "soon"}, "is no day"),
        ({"reason": " "}, "lacks: reason"),
    ],
)
def test_a_waiver_needs_reason_and_end(red, words, says):
    answers(waive(red, "--test", INTEGRATION, **words), 2, "LM-MTX-063", says)


def test_a_waiver_needs_a_scope(red):
    answers(waive(red), 2, "LM-MTX-063", "lacks: scope")
