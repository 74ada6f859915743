"""Comparing the outputs of two lanes."""

from pathlib import Path

import pytest

from fakes.archives import make_zip
from fakes.build_world import TODAY
from lotmark.base.digest import Digest
from lotmark.builds import _compare
from lotmark.builds._causes import ExplainFacts
from lotmark.builds._compare import compare_outputs, worst_verdict
from lotmark.builds._times import TimeFacts
from lotmark.builds.models import Dimension, OutputComparison, OutputFile, Verdict
from lotmark.product.models import Comparator

pytestmark = pytest.mark.verifies("REQ-013", "RC-007", "HAZ-004")


FACTS = ExplainFacts({}, TimeFacts(0, (0, 0), (0, 0)), frozenset())
ZIP = Comparator(pattern="*.zip", kind="zip", reason="times", owner="quinn", expires="2027-01-01")


class Lanes:
    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0

    def output(self, name: str, data: bytes, *, executable: bool = False) -> OutputFile:
        self.count += 1
        path = self.folder / str(self.count)
        path.write_bytes(data)
        return OutputFile(name, path, len(data), Digest.of(data), executable)


@pytest.fixture
def lanes(tmp_path: Path) -> Lanes:
    return Lanes(tmp_path)


def test_equal_files_are_identical_and_never_read(lanes: Lanes) -> None:
    one, two = lanes.output("a", b"x"), lanes.output("a", b"x")
    one.path.unlink()
    [comparison], findings = compare_outputs([one], [two], [ZIP], FACTS, TODAY)
    assert comparison.verdict is Verdict.IDENTICAL
    assert (comparison.causes, comparison.comparator, findings) == ((), None, ())


def test_a_file_in_one_lane_only_is_different(lanes: Lanes) -> None:
    comparisons, _ = compare_outputs([lanes.output("a", b"x")], [lanes.output("b", b"x")], [], FACTS, TODAY)
    assert [(each.name, each.verdict, each.digest_a is None, each.digest_b is None) for each in comparisons] == [
        ("a", Verdict.DIFFERENT, False, True),
        ("b", Verdict.DIFFERENT, True, False),
    ]
    assert comparisons[0].causes[0].text == "it stands in lane A only"


def test_a_declared_comparator_gives_equivalent_and_keeps_the_causes(lanes: Lanes) -> None:
    one, two = make_zip([("m", b"x")]), make_zip([("m", b"x")], when=(2020, 1, 1, 0, 0, 0))
    [comparison], findings = compare_outputs([lanes.output("a.zip", one)], [lanes.output("a.zip", two)], [ZIP], FACTS, TODAY)
    assert comparison.verdict is Verdict.EQUIVALENT
    assert comparison.comparator is not None
    assert comparison.causes[0].text.startswith("the stored time is")
    assert [finding.code for finding in findings] == ["LM-BLD-019"]


def test_another_executable_bit_is_a_difference_that_no_comparator_hides(lanes: Lanes) -> None:
    one, two = lanes.output("a.zip", b"x", executable=True), lanes.output("a.zip", b"x")
    [comparison], _ = compare_outputs([one], [two], [ZIP], FACTS, TODAY)
    assert comparison.verdict is Verdict.DIFFERENT
    assert comparison.causes[0].dimension is Dimension.UMASK
    three = lanes.output("a.zip", make_zip([]), executable=False)
    four = lanes.output("a.zip", make_zip([], comment=b"1"), executable=True)
    assert compare_outputs([three], [four], [ZIP], FACTS, TODAY)[0][0].verdict is Verdict.DIFFERENT


def test_a_file_too_big_is_different_without_being_read(lanes: Lanes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_compare, "_MAX_EXPLAINED", 1)
    [comparison], _ = compare_outputs([lanes.output("a", b"one")], [lanes.output("a", b"two")], [], FACTS, TODAY)
    assert "too big" in comparison.causes[0].text


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [([], "IDENTICAL"), (["IDENTICAL"], "IDENTICAL"), (["IDENTICAL", "EQUIVALENT"], "EQUIVALENT"), (["EQUIVALENT", "DIFFERENT", "IDENTICAL"], "DIFFERENT")],
)
def test_the_worst_verdict_counts(verdicts: list[str], expected: str) -> None:
    assert worst_verdict([OutputComparison("a", 0, None, None, Verdict(verdict)) for verdict in verdicts]) == expected
