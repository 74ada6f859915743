"""Scenarios: ledgers with a history, and what `show` answers to questions about them; expected texts stand in ``show/out``."""

from datetime import date

import pytest

from fakes.index_world import IndexWorld
from fakes.scenario import SCENARIOS, as_json, compare_outputs
from lotmark.base.errors import LotmarkError
from lotmark.index.api import Index, answer_question, format_answers, item_history, list_releases, list_runs

pytestmark = pytest.mark.verifies("REQ-023")

TODAY = date(2026, 11, 23)
FOLDER = SCENARIOS / "show"


def fresh() -> IndexWorld:
    return IndexWorld().found()


def nothing_yet() -> IndexWorld:
    return fresh()


def first_release() -> IndexWorld:
    world = fresh()
    world.waive()
    world.release()
    return world


def two_releases() -> IndexWorld:
    world = first_release()
    world.release(2, "1.5.0", fingerprint="f2")
    return world


def open_run() -> IndexWorld:
    world = fresh()
    run = world.run()
    run.change()
    run.stage("source", "one commit")
    return world


def refused_at_unit() -> IndexWorld:
    world = fresh()
    run = world.run()
    run.change()
    run.stage("source", "one commit")
    run.test("unit", missing=("tests/unit/test_gone.py::test_gone",))
    run.stage("unit", "1 test is missing", "refused")
    return world


def refused_by_policy() -> IndexWorld:
    world = fresh()
    run = world.run()
    run.work()
    run.decide("refused", missing=("rebuild",))
    run.stage("approval", "the policy refused it", "refused")
    run.close("refused")
    return world


def waits_for_a_signature() -> IndexWorld:
    world = fresh()
    run = world.run()
    run.work()
    run.decide()
    run.sign("quinn", "quality-owner", "approval")
    run.stage("approval", "1 of 2 signatures", "pending")
    return world


def withdrawn() -> IndexWorld:
    world = fresh()
    run = world.run()
    run.work()
    run.decide()
    signed = run.sign("quinn", "quality-owner", "approval")
    run.withdraw(signed, "quinn")
    return world


def rejected() -> IndexWorld:
    world = fresh()
    run = world.run()
    run.work()
    run.decide()
    run.sign("rene", "regulatory", "rejection")
    run.close("refused")
    return world


def abandoned() -> IndexWorld:
    world = fresh()
    run = world.run()
    run.change()
    run.close("abandoned")
    return world


def builds_differ() -> IndexWorld:
    world = fresh()
    run = world.run()
    run.change()
    run.rebuild("DIFFERENT")
    run.stage("build", "the builds differ", "refused")
    return world


def only_equivalent() -> IndexWorld:
    world = fresh()
    run = world.run()
    run.change()
    run.rebuild("EQUIVALENT")
    return world


def vulnerabilities_unknown() -> IndexWorld:
    world = fresh()
    run = world.run()
    run.dependencies(evaluated=False)
    return world


def without_components() -> IndexWorld:
    world = fresh()
    run = world.run(components=())
    run.dependencies(none={"reason": "the firmware links nothing", "owner": "dana"})
    return world


def red_then_green() -> IndexWorld:
    world = fresh()
    run = world.run()
    run.test("unit", unstable=True)
    run.test("validation", unexpected=("tests/test_new.py::test_new",))
    return world


def a_red_row() -> IndexWorld:
    world = fresh()
    run = world.run()
    run.trace()
    run.matrix(waiver=False, failed=True)
    return world


def waiver_closed() -> IndexWorld:
    world = first_release()
    world.close_waiver()
    return world


def waiver_by_somebody_else() -> IndexWorld:
    world = fresh()
    world.waive(by="rene")
    return world


def rolled_back() -> IndexWorld:
    world = two_releases()
    second = world.run(3, "1.5.1")
    second.deploy("laboratory", action="rollback", previous="1.5.0")
    second.check("laboratory", verdict="mismatch")
    return world


def same_version_twice() -> IndexWorld:
    world = fresh()
    first = world.run()
    first.change()
    first.stage("source", "an unsigned commit", "refused")
    first.close("refused")
    world.release(2)
    return world


LEDGERS = {
    make.__name__.replace("_", "-"): make
    for make in (
        nothing_yet,
        first_release,
        two_releases,
        open_run,
        refused_at_unit,
        refused_by_policy,
        waits_for_a_signature,
        withdrawn,
        rejected,
        abandoned,
        builds_differ,
        only_equivalent,
        vulnerabilities_unknown,
        without_components,
        red_then_green,
        a_red_row,
        waiver_closed,
        waiver_by_somebody_else,
        rolled_back,
        same_version_twice,
    )
}
QUESTIONS = ("1.4.0", "qpcr:RUN-0001", "REQ-001", "HAZ-001", "numpy", "WVR-0001", "04012345000016", "1.5.0", "nonsense", "dead")


def answer(index: Index, question: str, today: date = TODAY) -> str:
    try:
        return format_answers(answer_question(index, question, today))
    except LotmarkError as error:
        return f"{type(error).__name__} {error.code}: {error.reason}\n{error.solution}\n"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Ledger -> question -> answer, each ledger indexed once."""
    found = {}
    for name, make in LEDGERS.items():
        with make().index(tmp_path_factory.mktemp(name)) as index:
            index.refresh()
            found[name] = {question: answer(index, question) for question in QUESTIONS}
            found[name]["(runs)"] = as_json([[run.run, run.version, run.state] for run in list_runs(index)])
            found[name]["(releases)"] = as_json([[run.run, run.version, run.state] for run in list_releases(index, "qpcr")])
            found[name]["(history of REQ-001)"] = as_json([[one.run.run, one.changed, one.verdict] for one in item_history(index, "qpcr", "REQ-001")])
    return found


def test_the_answers_are_those_that_were_reviewed(shown):
    outputs = {f"{name}.txt": "\n".join(f"=== {question}\n\n{text}" for question, text in answers.items()) for name, answers in shown.items()}
    compare_outputs(FOLDER, outputs)


RELEASED = {"first-release", "two-releases", "waiver-closed", "rolled-back", "same-version-twice"}


@pytest.mark.parametrize("name", LEDGERS)
def test_only_a_released_run_is_listed_as_a_release(shown, name):
    assert ("1.4.0" in shown[name]["(releases)"]) == (name in RELEASED)


@pytest.mark.parametrize("name", sorted(set(LEDGERS) - RELEASED))
def test_nothing_short_of_a_release_is_called_released(shown, name):
    assert '"released"' not in shown[name]["(runs)"]


@pytest.mark.parametrize("name", LEDGERS)
def test_short_digits_and_nonsense_find_nothing_and_say_so(shown, name):
    for question in ("nonsense", "dead"):
        assert shown[name][question].startswith("NothingToJudgeError LM-IDX-004")


@pytest.mark.parametrize("name", LEDGERS)
def test_two_builds_that_are_not_identical_are_never_told_as_identical(shown, name):
    told = " ".join(shown[name]["1.4.0"].split())
    if name in {"builds-differ", "only-equivalent"}:
        assert "both builds are identical" not in told
        assert {"builds-differ": "the builds differ", "only-equivalent": "not identical, but equal"}[name] in told


@pytest.mark.parametrize(
    ("today", "standing"),
    [(date(2026, 11, 23), "holds until 2026-12-31"), (date(2026, 12, 31), "holds until 2026-12-31"), (date(2027, 1, 1), "expired on 2026-12-31")],
    ids=str,
)
def test_a_waiver_is_told_as_of_the_day_of_asking(tmp_path, today, standing):
    with first_release().index(tmp_path) as index:
        index.refresh()
        assert standing in answer(index, "WVR-0001", today)
        assert standing in " ".join(answer(index, "1.4.0", today).split())


@pytest.mark.parametrize("name", LEDGERS)
def test_a_ledger_that_grew_while_it_was_read_answers_as_one_read_at_once(shown, name, tmp_path):
    """The index follows entry by entry; the answers are those of the index that was made in one go."""
    world = LEDGERS[name]()
    whole = world.ledger.size
    assert whole > 0
    with world.index(tmp_path) as index:
        index.refresh()
        before = index.dump()
        index.rebuild()
        assert index.dump() == before
        assert {question: answer(index, question) for question in QUESTIONS} == {question: shown[name][question] for question in QUESTIONS}
