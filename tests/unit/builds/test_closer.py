"""A closer look: bisection against an oracle, budgets, commands as comparators that answer, crash, hang or have expired, diffoscope."""

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.build_world import NO_PYTHON, TODAY, make_clock, make_repo, shell
from lotmark.base.digest import Digest
from lotmark.builds._bisect import bisect
from lotmark.builds._closer import find_conditions
from lotmark.builds._comparators import apply_comparators
from lotmark.builds.api import build_twice
from lotmark.builds.models import BuildReport, Cause, Dimension, OutputComparison, Verdict
from lotmark.product.models import Comparator, EnvironmentSection

pytestmark = pytest.mark.verifies("REQ-602", "RC-007", "HAZ-004")

SETS = st.frozensets(st.sampled_from(list(Dimension)), min_size=1)


@given(SETS, SETS)
def test_one_condition_to_blame_is_found_in_few_builds(varied: frozenset[Dimension], others: frozenset[Dimension]) -> None:
    guilty = min(varied)
    asked: list[frozenset[Dimension]] = []

    def differs(dimensions: frozenset[Dimension]) -> bool:
        asked.append(dimensions)
        return guilty in dimensions

    found = bisect(differs, varied | others)
    assert (found.chance, found.dimensions, found.complete) == (False, frozenset({guilty}), True)
    assert len(asked) <= 9
    assert all(each <= varied | others for each in asked)


@given(SETS, st.data())
def test_what_is_found_suffices_to_make_it_differ(varied: frozenset[Dimension], data: st.DataObject) -> None:
    """Whatever the output depends on (any of some sets): the answer contains one of them."""
    causes = data.draw(st.lists(st.frozensets(st.sampled_from(sorted(varied)), min_size=1), min_size=1, max_size=3))
    found = bisect(lambda dimensions: any(cause <= dimensions for cause in causes), varied)
    assert any(cause <= found.dimensions for cause in causes)
    assert found.complete
    assert not found.chance


def test_chance_blames_nothing() -> None:
    found = bisect(lambda _: True, frozenset(Dimension))
    assert (found.chance, found.dimensions, found.complete) == (True, frozenset(), True)


@pytest.mark.parametrize("answers", [[None], [False, None], [False, False, None], [False, True, None]])
def test_without_an_answer_nothing_is_concluded(answers: list[bool | None]) -> None:
    queue = iter([*answers, *[None] * 20])
    found = bisect(lambda _: next(queue), frozenset(Dimension))
    assert not found.complete
    assert not found.chance
    assert len(found.dimensions) > 1


A, B = Digest.of(b"a"), Digest.of(b"b")


def comparison(name: str = "x", *, dimension: Dimension | None = None, verdict: Verdict = Verdict.DIFFERENT) -> OutputComparison:
    return OutputComparison(name, 1, A, B, verdict, causes=(Cause(name, "t", dimension=dimension),))


def look(comparisons: list[OutputComparison], guilty: frozenset[Dimension] | None, budget: float = 60, ticks: Iterator[float] | None = None) -> list[str]:
    def rebuild(dimensions: frozenset[Dimension]) -> Mapping[str, Digest]:
        return {"x": B if guilty is None or guilty <= dimensions else A, "y": A}

    clock = (lambda: next(ticks)) if ticks else (lambda: 0.0)
    varied = frozenset({Dimension.CLOCK, Dimension.PATH, Dimension.CPUS, Dimension.UMASK})
    return [each.causes[-1].text for each in find_conditions(comparisons, varied, rebuild, budget, clock)]


def test_the_condition_is_told() -> None:
    assert look([comparison()], frozenset({Dimension.CPUS})) == ["built again with that alone varied it differs: the number of processors"]


def test_conditions_that_work_together_are_told_together() -> None:
    [text] = look([comparison()], frozenset({Dimension.CLOCK, Dimension.UMASK}))
    assert text == "it differs only if these are varied together: the time of the build, the number of processors, the path of the build, the umask"


def test_chance_is_told() -> None:
    assert "under the same conditions it differs too" in look([comparison()], None)[0]


@pytest.mark.parametrize(
    ("comparisons", "budget"),
    [([comparison(dimension=Dimension.CLOCK)], 60), ([comparison(verdict=Verdict.EQUIVALENT)], 60), ([comparison()], 0), ([], 60)],
    ids=["explained already", "equivalent", "no budget", "nothing"],
)
def test_nothing_is_built_without_need(comparisons: list[OutputComparison], budget: float) -> None:
    assert look(comparisons, None, budget) == ["t"] * len(comparisons)


def test_a_spent_budget_is_told() -> None:
    [text] = look([comparison()], frozenset({Dimension.PATH}), 5, iter([0.0, 1.0, 2.0, 9.0, 9.0, 9.0, 9.0]))
    assert text.startswith("not found within the budget")
    assert "the path of the build" in text


def test_outputs_share_their_builds() -> None:
    built: list[frozenset[Dimension]] = []

    def rebuild(dimensions: frozenset[Dimension]) -> Mapping[str, Digest]:
        built.append(dimensions)
        return {}

    found = find_conditions([comparison("x"), comparison("y")], frozenset(Dimension), rebuild, 60)
    assert built == [frozenset()]
    assert all("same conditions" in each.causes[-1].text for each in found)


# ---------------------------------------------------------------- in the sandbox


def build(tmp_path: Path, script: str, files: dict[str, str] | None = None, **options: object) -> BuildReport:
    environment = options.pop("environment", NO_PYTHON)
    repo = make_repo(tmp_path / "repo", {"a.txt": "alpha\n", **(files or {})})
    return build_twice(repo, "HEAD", shell(script, **options), environment, tmp_path / "work", make_clock(), TODAY)  # type: ignore[arg-type]


LEAK = "mkdir out; printf 'id %s\\n' \"$(echo $LOTMARK_TWIN | md5sum | cut -c1-6)\" > out/x"


def declared(script: str, **options: object) -> Comparator:
    values: dict[str, object] = {
        "pattern": "x",
        "kind": "command",
        "command": ["sh", "compare.sh"],
        "reason": "r",
        "owner": "quinn",
        "expires": "2027-01-01",
        **options,
    }
    return Comparator(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("script", "verdict", "code"),
    [
        ("exit 0", Verdict.EQUIVALENT, "LM-BLD-019"),
        ('test "$(cut -c1-2 "$1")" = "$(cut -c1-2 "$2")" && test -f a.txt', Verdict.EQUIVALENT, "LM-BLD-019"),
        ('cmp -s "$1" "$2"', Verdict.DIFFERENT, "LM-BLD-016"),
        ("exit 2", Verdict.DIFFERENT, "LM-BLD-040"),
        ("kill -SEGV $$", Verdict.DIFFERENT, "LM-BLD-040"),
        ("no-such-program", Verdict.DIFFERENT, "LM-BLD-040"),
        ('echo evil > "$1"; exit 2', Verdict.DIFFERENT, "LM-BLD-040"),
        ("sleep 60", Verdict.DIFFERENT, "LM-BLD-040"),
        ("(setsid sleep 60 &); head -c 3000000 /dev/zero; exit 7", Verdict.DIFFERENT, "LM-BLD-040"),
    ],
    ids=["says yes", "reads both and the sources", "says no", "unknown answer", "crashes", "is not there", "writes", "hangs", "forks away and floods"],
)
def test_a_command_says_what_is_equivalent(bwrap: None, tmp_path: Path, script: str, verdict: Verdict, code: str) -> None:
    report = build(tmp_path, LEAK, {"compare.sh": script + "\n"}, comparators=[declared(script, timeout=1)], bisection=0)
    assert report.verdict is verdict, report.findings
    assert code in {finding.code for finding in report.findings}
    assert all(finding.help for finding in report.findings)


def test_an_expired_command_is_not_run(bwrap: None, tmp_path: Path) -> None:
    report = build(tmp_path, LEAK, {"compare.sh": "exit 0\n"}, comparators=[declared("", expires="2020-01-01")], bisection=0)
    assert report.verdict is Verdict.DIFFERENT
    assert "LM-BLD-018" in {finding.code for finding in report.findings}


@pytest.mark.parametrize("command", [[], ["sh", "compare.sh"]], ids=["no command", "no sandbox"])
def test_without_command_or_sandbox_nothing_is_equivalent(bwrap: None, tmp_path: Path, command: list[str]) -> None:
    if command:
        applied, findings = apply_comparators("x", b"a", b"b", [declared("", command=command)], dt.date(2026, 1, 1))
        assert applied is None
        assert [finding.code for finding in findings] == ["LM-BLD-040"]
    else:
        report = build(tmp_path, LEAK, comparators=[declared("", command=[])], bisection=0)
        assert "LM-BLD-040" in {finding.code for finding in report.findings}


@pytest.mark.parametrize(
    ("ranges", "same"),
    [([[-4, 0]], True), ([[-4, -2]], False), ([[-400, 0]], True), ([[0, 2]], False), ([[6, 99]], True)],
)
def test_a_signature_trailer_is_counted_from_the_end(ranges: list[list[int]], same: bool) -> None:
    mask = Comparator(pattern="*", kind="byte-ranges", ranges=ranges, reason="r", owner="quinn", expires="2027-01-01")
    applied, findings = apply_comparators("fw.bin", b"image!SIG1", b"image!SIG2"[:6] + b"GIS3", [mask], TODAY)
    assert (applied is not None) is same
    assert findings == []


@pytest.mark.parametrize("ranges", [[[0, 0]], [[-1, 3]], [[-2, -2]], [[-2, -3]], [[4]], [[-1, 1]], [[3, -1]]])
def test_ranges_that_are_none_are_not_applied(ranges: list[list[int]]) -> None:
    mask = Comparator(pattern="*", kind="byte-ranges", ranges=ranges, reason="r", owner="quinn", expires="2027-01-01")
    applied, [finding] = apply_comparators("x", b"aaaa", b"bbbb", [mask], TODAY)
    assert applied is None
    assert finding.code == "LM-BLD-029"


def test_a_hidden_dependence_is_found_by_building_again(bwrap: None, tmp_path: Path) -> None:
    report = build(tmp_path, LEAK)
    [compared] = report.comparisons
    assert compared.causes[-1].dimension is Dimension.ENVIRONMENT, compared.causes
    assert not (tmp_path / "work" / "logs" / "build-C.log").exists()


def test_a_build_of_chance_is_called_that(bwrap: None, tmp_path: Path) -> None:
    report = build(tmp_path, "mkdir out; head -c 9 /dev/urandom > out/x")
    assert "same conditions" in report.comparisons[0].causes[-1].text


def test_diffoscope_is_asked_last_and_its_report_kept_aside(bwrap: None, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "diffoscope").write_text('#!/bin/sh\nshift 4\necho "compared $(basename "$1")"; ls "$1" "$2"; exit 1\n')
    (tools / "diffoscope").chmod(0o755)
    environment = EnvironmentSection(python="none", mounts=[str(tools)], path=[str(tools)])
    report = build(tmp_path, "mkdir out; head -c 9 /dev/urandom > out/x; echo same > out/y", environment=environment, bisection=0)
    assert report.verdict is Verdict.DIFFERENT
    assert (tmp_path / "work/diffoscope/out/x.txt").read_text().startswith("compared x\n")
    assert not (tmp_path / "work/diffoscope/out/y.txt").exists()


@pytest.mark.parametrize("behaviour", ["exit 2", "exit 0", "kill -9 $$"])
def test_a_diffoscope_that_fails_changes_nothing(bwrap: None, tmp_path: Path, behaviour: str) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "diffoscope").write_text(f"#!/bin/sh\necho half a report\n{behaviour}\n")
    (tools / "diffoscope").chmod(0o755)
    environment = EnvironmentSection(python="none", mounts=[str(tools)], path=[str(tools)])
    report = build(tmp_path, "mkdir out; head -c 9 /dev/urandom > out/x", environment=environment, bisection=0)
    assert report.verdict is Verdict.DIFFERENT
    assert not (tmp_path / "work/diffoscope").exists()


# ---------------------------------------------------------------- the read set


def test_what_the_build_read_is_known(bwrap: None, tmp_path: Path) -> None:
    report = build(tmp_path, "mkdir out; cat a.txt 'b c' > out/x; ls -l d > /dev/null; rm gone", {"b c": "b", "d/unread": "u", "gone": "g"}, bisection=0)
    if report.read_set is None:
        pytest.skip("no access times here")
    assert report.read_set == ("a.txt", "b c", "gone")
    assert report.tracked == 4


def test_the_read_set_is_told_in_the_record(bwrap: None, tmp_path: Path) -> None:
    from lotmark.builds.predicates import read_set_listing, rebuild_evidence

    report = build(tmp_path, "mkdir out; cat a.txt > out/x", {"b": "b"})
    told = rebuild_evidence(report, "run-1").predicate["readSet"]
    if report.read_set is None:
        assert told is None
    else:
        assert told == {"read": 1, "tracked": 2, "sha256": Digest.of(b"a.txt\n").hex}
    assert read_set_listing(["b\n", "a", "\udcff"]) == b"a\nb\\n\n\\udcff\n"


def test_where_access_times_are_not_kept_nothing_is_claimed(bwrap: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lotmark.builds import _lane

    with monkeypatch.context() as patch:
        patch.setattr(_lane, "_keeps_access_times", lambda _: False)
        assert build(tmp_path, "mkdir out; cat a.txt > out/x").read_set is None
