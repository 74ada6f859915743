"""What is missing here, with its cure; and the self-test that catches each dimension on its own."""

from pathlib import Path

import pytest

from fakes.build_world import make_clock
from lotmark.base.errors import EnvironmentLacksError
from lotmark.builds import _doctor, _selftest
from lotmark.builds.api import check_environment, check_self_test, probe, self_test
from lotmark.builds.models import Capabilities, Dimension, SelfTestResult

pytestmark = pytest.mark.verifies("REQ-013", "RC-007", "HAZ-004")


@pytest.fixture
def complete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_doctor.BwrapSandbox, "probe", lambda _: Capabilities("bwrap", available=True, hides=True))
    monkeypatch.setattr(_doctor, "find_faketime", lambda: "/lib/faketime.so")
    monkeypatch.setattr(_doctor, "find_locale", lambda: "et_EE.utf8")
    monkeypatch.setattr(_doctor.os, "sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr(_doctor.shutil, "which", lambda name: f"/usr/bin/{name}")


def test_a_complete_machine_lacks_nothing(complete: None) -> None:
    assert check_environment() == ()


@pytest.mark.parametrize(
    ("name", "value", "code", "cure"),
    [
        ("shutil.which", lambda _: None, "LM-BLD-009", "apt-get install git"),
        ("find_faketime", lambda: "", "LM-BLD-024", "apt-get install faketime"),
        ("find_locale", lambda: "C", "LM-BLD-027", "locale-gen"),
        ("os.sched_getaffinity", lambda _: {0}, "LM-BLD-021", "two or more"),
        ("BwrapSandbox.probe", lambda _: Capabilities("bwrap", available=False, reason="no namespaces", solution="do this"), "LM-BLD-001", "do this"),
    ],
    ids=["git", "faketime", "locale", "one processor", "bubblewrap"],
)
def test_each_lack_has_its_cure(complete: None, monkeypatch: pytest.MonkeyPatch, name: str, value: object, code: str, cure: str) -> None:
    monkeypatch.setattr(f"lotmark.builds._doctor.{name}", value)
    [finding] = check_environment()
    assert finding.code == code
    assert finding.help is not None
    assert cure in finding.help


def test_both_backends_can_be_asked() -> None:
    assert probe("host").backend == "host"
    assert probe().backend == "bwrap"


def test_every_dimension_is_caught_on_its_own_and_explained(bwrap: None, tmp_path: Path) -> None:
    results = self_test(tmp_path, make_clock())
    assert [result.dimension for result in results] == list(Dimension)
    for result in results:
        assert result.caught is result.varied, result
        assert result.explained is result.varied, result
        assert result.text
    assert check_self_test(results) == ()


def test_a_leak_that_is_not_caught_is_a_finding() -> None:
    missed = SelfTestResult(Dimension.CLOCK, varied=True, caught=False, explained=False, text="no output differs")
    not_varied = SelfTestResult(Dimension.CPUS, varied=False, caught=False, explained=False, text="one processor")
    [finding] = check_self_test([missed, not_varied])
    assert (finding.code, finding.subject) == ("LM-BLD-030", "clock")


def test_what_is_not_varied_is_not_caught_and_says_why(bwrap: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = _selftest.vary

    def no_clock(base: object, wanted: frozenset[Dimension], *rest: object) -> object:
        if Dimension.CLOCK in wanted:
            return base, {}, {Dimension.CLOCK: "no library"}
        return real(base, wanted, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(_selftest, "vary", no_clock)
    monkeypatch.setattr(_selftest, "_same_order", lambda *_: True)
    results = {result.dimension: result for result in self_test(tmp_path, make_clock())}
    assert (results[Dimension.CLOCK].varied, results[Dimension.CLOCK].caught, results[Dimension.CLOCK].text) == (False, False, "no library")
    assert not results[Dimension.DIRECTORY_ORDER].varied


def test_the_self_test_needs_git(bwrap: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_selftest, "git_variables", lambda: {"PATH": "/nowhere"})
    with pytest.raises(EnvironmentLacksError) as caught:
        self_test(tmp_path, make_clock())
    assert caught.value.code == "LM-BLD-009"
