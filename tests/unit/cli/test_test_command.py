"""`lotmark test`: the plan over workers, results held against a plan, and every exit code."""

import json
from pathlib import Path

import pytest

from fakes.tiny_product import TinyProduct

pytestmark = pytest.mark.verifies("REQ-011", "REQ-024", "RC-005")

GREETS, VERSION = (f"tests/unit/tests.sh::test_{name}" for name in ("greets", "version"))


@pytest.fixture
def known(tiny: TinyProduct) -> TinyProduct:
    """The tiny product, with categories that name their tests, so that the layer of each is known before it runs."""
    for layer in ("unit", "integration", "validation"):
        tiny.edit("quality/matrix.yaml", f"layer: {layer}, gating", f"layer: {layer}, tests: [tests/{layer}], gating")
    tiny.edit("quality/matrix.yaml", "title: Validation, owner: quinn", "title: Validation, owner: quinn, when: nightly")
    tiny.commit()
    return tiny


def junit(statuses: dict[str, str]) -> str:
    inner = {"passed": "", "failed": "<failure message='expected'/>", "network": "<error message='Connection refused'/>"}
    cases = (
        f"<testcase classname='tests/unit/tests.sh' name='{test.partition('::')[2]}' time='{n}'>{inner[told]}</testcase>"
        for n, (test, told) in enumerate(statuses.items(), 1)
    )
    return f"<testsuite>{''.join(cases)}</testsuite>"


def results(tiny: TinyProduct, statuses: dict[str, str], name: str = "r.xml") -> str:
    path = tiny.folder / name
    path.write_text(junit(statuses))
    return str(path)


def planned(tiny: TinyProduct, *words: str) -> Path:
    called = tiny.cli("--format", "json", "test", "plan", *words)
    assert called.code == 0, called.err
    path = tiny.folder / "plan.json"
    path.write_text(called.out)
    return path


# ---- plan


def test_a_pull_request_runs_what_every_change_needs(known: TinyProduct) -> None:
    wire = json.loads(planned(known, "--changed-since", "HEAD", "--layer", "pull-request").read_text())
    assert wire["occasion"] == "pull-request"
    assert [each["test"] for each in wire["selected"]] == ["tests/integration/tests.sh::test_built", GREETS, VERSION]
    assert all(each["reasons"] for each in wire["selected"])
    assert wire["leftOut"] == [
        {
            "test": "tests/validation/tests.sh::test_says_version",
            "layer": "validation",
            "reason": "run validation every night; this is an ordinary change and nothing that changed asks for it",
        }
    ]


def test_layer_and_occasion_are_one_option(known: TinyProduct) -> None:
    by_layer, by_occasion = (known.cli("test", "plan", "--changed-since", "HEAD", option, "nightly") for option in ("--layer", "--occasion"))
    assert by_layer.out == by_occasion.out
    assert "4 tests to run, 0 left out" in by_layer.out


def test_what_the_change_touches_is_a_reason(known: TinyProduct) -> None:
    known.edit("quality/risks/HAZ-001.md", "Somebody takes one version", "Somebody may take one version")
    known.commit("The hazard\n\nRefs: HAZ-001")
    called = known.cli("test", "plan", "--changed-since", "HEAD~1")
    assert "verifies HAZ-001" in called.out
    assert "0 left out" in called.out


def test_only_the_ids_of_one_stage(known: TinyProduct) -> None:
    called = known.cli("test", "plan", "--changed-since", "HEAD", "--of", "unit", "--ids")
    assert (called.code, called.out) == (0, f"{GREETS}\n{VERSION}\n")


def test_no_test_to_run_is_nothing_to_judge(known: TinyProduct) -> None:
    called = known.cli("test", "plan", "--changed-since", "HEAD", "--of", "validation", "--ids")
    assert (called.code, called.out) == (5, "")


def test_workers(known: TinyProduct) -> None:
    whole = json.loads(planned(known, "--changed-since", "HEAD", "--shards", "2").read_text())
    assert [len(each) for each in whole["shards"]] == [2, 1]
    parts = [known.cli("test", "plan", "--changed-since", "HEAD", "--shards", "2", "--shard", str(number), "--ids").out.split() for number in (1, 2)]
    assert parts == whole["shards"]
    assert "worker 2 of 2: 1 tests" in known.cli("test", "plan", "--changed-since", "HEAD", "--shards", "2").out


def test_workers_by_recorded_times(known: TinyProduct) -> None:
    path = known.folder / "old.xml"
    path.write_text(junit({GREETS: "passed", VERSION: "passed"}).replace("time='1'", "time='90'"))
    wire = json.loads(planned(known, "--changed-since", "HEAD", "--of", "unit", "--shards", "2", "--durations", str(path)).read_text())
    assert wire["shards"] == [[GREETS], [VERSION]]


@pytest.mark.parametrize("words", [("--shards", "0"), ("--shards", "2", "--shard", "3"), ("--shards", "2", "--shard", "0"), ("--shard", "1")])
def test_no_such_worker(known: TinyProduct, words: tuple[str, ...]) -> None:
    called = known.cli("test", "plan", "--changed-since", "HEAD", *words)
    assert called.code == 2
    assert "LM-MTX-074" in called.err


def test_a_reference_that_does_not_exist(known: TinyProduct) -> None:
    assert known.cli("test", "plan", "--changed-since", "nowhere").code == 2


# ---- collect


def test_all_green(known: TinyProduct) -> None:
    called = known.cli("test", "collect", "unit", results(known, {GREETS: "passed", VERSION: "passed"}))
    assert (called.code, called.out.splitlines()[-1]) == (0, "2 of 2 expected tests reported: 2 passed")


def test_a_red_test(known: TinyProduct) -> None:
    called = known.cli("test", "collect", "unit", results(known, {GREETS: "failed", VERSION: "passed"}), "--exit-code", "1")
    assert called.code == 1
    assert "LM-MTX-026" in called.out


def test_only_the_environment_failed(known: TinyProduct) -> None:
    with (known.root / "quality/matrix.yaml").open("a") as stream:
        stream.write("environment-failures:\n  - {cause: network, patterns: [connection refused], owner: dana}\n")
    path = results(known, {GREETS: "network", VERSION: "passed"})
    called = known.cli("test", "collect", "unit", path, "--exit-code", "1")
    assert called.code == 4
    assert "could not be run: network" in called.out
    both = results(known, {GREETS: "network", VERSION: "failed"})
    assert known.cli("test", "collect", "unit", both, "--exit-code", "1").code == 1


def test_a_lost_worker(known: TinyProduct) -> None:
    plan = planned(known, "--changed-since", "HEAD", "--of", "unit", "--shards", "2")
    first = json.loads(plan.read_text())["shards"][0]
    called = known.cli("--format", "json", "test", "collect", "unit", results(known, dict.fromkeys(first, "passed")), "--plan", str(plan))
    assert called.code == 1
    assert {finding["code"] for finding in called.wire["findings"] if finding["severity"] == "error"} == {"LM-MTX-020", "LM-MTX-066"}
    assert [shard["received"] for shard in called.wire["shards"]] == [1, 0]


def test_a_plan_that_left_tests_out_does_not_expect_them(known: TinyProduct) -> None:
    plan = planned(known, "--changed-since", "HEAD")
    path = known.folder / "v.xml"
    path.write_text("<testsuite><testcase classname='tests/validation/tests.sh' name='test_says_version'/></testsuite>")
    called = known.cli("--format", "json", "test", "collect", "validation", str(path), "--plan", str(plan))
    assert called.code == 0
    assert called.wire["expected"] == 0


@pytest.mark.parametrize("text", ["", "[]", "{", '{"selected": 7}', '{"selected": [], "leftOut": []}', '{"selected": [{}], "leftOut": [], "shards": []}'])
def test_what_is_no_plan(known: TinyProduct, text: str) -> None:
    plan = known.folder / "plan.json"
    plan.write_text(text)
    called = known.cli("test", "collect", "unit", results(known, {GREETS: "passed"}), "--plan", str(plan))
    assert called.code == 2
    assert "is no plan" in called.err


def test_results_older_than_the_run(known: TinyProduct) -> None:
    path = results(known, {GREETS: "passed", VERSION: "passed"})
    called = known.cli("test", "collect", "unit", path, "--since", "2099-01-01T00:00:00Z")
    assert called.code == 1
    assert "LM-MTX-009" in called.err
    assert known.cli("test", "collect", "unit", path, "--since", "2001-01-01T00:00:00Z").code == 0
    assert known.cli("test", "collect", "unit", path, "--since", "yesterday").code == 2


def test_results_of_unknown_tests_are_said(known: TinyProduct) -> None:
    plan = planned(known, "--changed-since", "HEAD", "--of", "unit")
    path = results(known, {GREETS: "passed", VERSION: "passed", "tests/unit/tests.sh::test_new": "passed"})
    called = known.cli("test", "collect", "unit", path, "--plan", str(plan))
    assert called.code == 0
    assert "1 tests reported that nobody expected" in called.out


@pytest.mark.parametrize("form", ["sarif", "junit", "github", "gitlab", "markdown"])
def test_findings_in_every_form(known: TinyProduct, form: str) -> None:
    called = known.cli("--format", form, "test", "collect", "unit", results(known, {GREETS: "failed", VERSION: "passed"}), "--exit-code", "1")
    assert called.code == 1
    assert "LM-MTX-026" in called.out


# ---- flaky


@pytest.mark.parametrize("confidence", ["0.4", "1.0", "much"])
def test_no_such_confidence(known: TinyProduct, confidence: str) -> None:
    assert known.cli("test", "flaky", "--confidence", confidence).code == 2
