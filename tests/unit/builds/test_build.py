"""The twin build on the real sandbox: verdicts, causes, claims, findings."""

import errno
import os
from pathlib import Path

import pytest

from fakes.build_world import NO_PYTHON, TODAY, git, make_clock, shell
from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError, UsageError
from lotmark.base.findings import Severity
from lotmark.builds import _build, _sandbox
from lotmark.builds._conditions import ROBUST
from lotmark.builds.api import build_twice, source_digest
from lotmark.builds.models import BuildReport, Capabilities, Claim, Dimension, Quota, Verdict
from lotmark.product.models import BuildSection, Comparator, EnvironmentSection

pytestmark = [pytest.mark.verifies("REQ-013", "RC-007", "HAZ-004"), pytest.mark.usefixtures("bwrap")]


def build(repo: Path, tmp_path: Path, config: BuildSection, environment: EnvironmentSection = NO_PYTHON, **options: object) -> BuildReport:
    return build_twice(repo, "HEAD", config, environment, tmp_path / "work", make_clock(), TODAY, **options)  # type: ignore[arg-type]


def codes(report: BuildReport, severity: Severity = Severity.ERROR) -> list[str]:
    return [finding.code for finding in report.findings if finding.severity is severity]


def test_a_clean_build_is_identical(repo: Path, tmp_path: Path) -> None:
    said: list[str] = []
    report = build(repo, tmp_path, shell("mkdir out; cat a.txt src/*.txt > out/all; cp -p run.sh out/; echo built"), progress=said.append)
    assert report.verdict is Verdict.IDENTICAL
    assert codes(report) == []
    assert report.isolation.hermetic
    assert report.source_digest == source_digest(repo, "HEAD")
    assert report.commit == git(repo, "rev-parse", "HEAD")
    assert [(output.name, output.digest, output.executable) for output in report.outputs] == [
        ("out/all", Digest.of(b"alpha\nbeta\n"), False),
        ("out/run.sh", Digest.of(b"#!/bin/sh\necho run\n"), True),
    ]
    assert report.outputs[0].path == tmp_path / "work" / "outputs" / "out" / "all"
    assert (tmp_path / "work" / "logs" / "build-A.log").read_bytes() == b"built\n"
    assert (report.finished_at - report.started_at).total_seconds() == 1
    assert said == ["staging the source", "building in both lanes", "comparing the outputs"]
    assert report.claim is Claim.R3 or report.not_varied


def test_what_is_varied_is_exactly_what_is_claimed(repo: Path, tmp_path: Path) -> None:
    report = build(repo, tmp_path, shell("mkdir out; echo x > out/x"))
    varied = frozenset(report.lanes[1].varied)
    assert varied | frozenset(report.not_varied) == ROBUST
    assert not varied & frozenset(report.not_varied)
    assert report.lanes[0].varied.keys() == report.lanes[1].varied.keys()
    text = report.claim_text()
    assert all(dimension.value in text for dimension in Dimension)
    controlled = build(repo, tmp_path, shell("mkdir out; echo x > out/x", twin="controlled"))
    assert not {Dimension.PATH, Dimension.TIME_ZONE, Dimension.UMASK} & set(controlled.lanes[1].varied)
    assert controlled.claim in (Claim.R1, Claim.R2)


def test_a_leak_is_different_with_its_cause_and_the_other_file_is_kept(repo: Path, tmp_path: Path) -> None:
    report = build(repo, tmp_path, shell("mkdir out; echo same > out/same; uname -n > out/host"))
    assert report.verdict is Verdict.DIFFERENT
    assert codes(report) == ["LM-BLD-016"]
    host, same = report.comparisons
    assert (host.verdict, host.causes[0].dimension, same.verdict) == (Verdict.DIFFERENT, Dimension.HOSTNAME, Verdict.IDENTICAL)
    assert (tmp_path / "work" / "twin" / "out" / "host").read_text().startswith("twin-host-")
    assert not (tmp_path / "work" / "twin" / "out" / "same").exists()
    assert len(report.outputs) == 2


def test_a_declared_comparator_makes_it_equivalent_until_it_expires(repo: Path, tmp_path: Path) -> None:
    def with_expiry(day: str) -> BuildSection:
        return shell(
            "mkdir out; uname -n | head -c 1 > out/h; printf -- - >> out/h",
            comparators=[Comparator(pattern="h", kind="byte-ranges", ranges=[[0, 1]], reason="r", owner="o", expires=day)],
        )

    report = build(repo, tmp_path, with_expiry("2026-11-23"))
    assert report.verdict is Verdict.EQUIVALENT
    assert codes(report) == []
    assert "LM-BLD-019" in codes(report, Severity.INFO)
    expired = build(repo, tmp_path, with_expiry("2026-11-22"))
    assert expired.verdict is Verdict.DIFFERENT
    assert codes(expired) == ["LM-BLD-018", "LM-BLD-016"]


def test_a_failing_build_is_failed_with_its_last_words(repo: Path, tmp_path: Path) -> None:
    report = build(repo, tmp_path, shell("echo 'cannot find the compiler' >&2; exit 3"))
    assert report.verdict is Verdict.FAILED
    assert report.outputs == ()
    assert codes(report) == ["LM-BLD-010", "LM-BLD-010"]
    assert "ended with 3: cannot find the compiler" in report.findings[0].message
    assert report.comparisons == ()


def test_the_last_words_cannot_steer_a_terminal(repo: Path, tmp_path: Path) -> None:
    report = build(repo, tmp_path, shell("printf '\\033[2Jcleared\\n'; exit 1"))
    assert "\\x1b[2Jcleared" in report.findings[0].message
    assert (tmp_path / "work" / "logs" / "build-A.log").read_bytes() == b"\x1b[2Jcleared\n"


def test_a_build_that_works_in_one_lane_only_is_not_comparable(repo: Path, tmp_path: Path) -> None:
    report = build(repo, tmp_path, shell('mkdir out; echo x > out/x; test "$(uname -n)" = lotmark-build'))
    assert report.verdict is Verdict.NOT_COMPARABLE
    assert "LM-BLD-017" in codes(report)
    assert [output.name for output in report.outputs] == ["out/x"]
    turned = build(repo, tmp_path, shell('mkdir out; echo x > out/x; test "$(uname -n)" != lotmark-build'))
    assert turned.verdict is Verdict.FAILED


def test_a_build_without_outputs_is_refused(repo: Path, tmp_path: Path) -> None:
    report = build(repo, tmp_path, shell("true"))
    assert report.verdict is Verdict.FAILED
    assert set(codes(report)) == {"LM-BLD-013"}


@pytest.mark.parametrize(
    "make", ["ln -s /etc/passwd out/evil", "mkfifo out/evil", "ln -s ../../escape out/evil"], ids=["a link to the host", "a fifo", "a link out of the tree"]
)
def test_an_output_that_is_none_is_refused(repo: Path, tmp_path: Path, make: str) -> None:
    report = build(repo, tmp_path, shell(f"mkdir out; echo good > out/good; {make}"))
    assert report.verdict is Verdict.FAILED
    assert set(codes(report)) == {"LM-BLD-014"}
    assert report.outputs == ()


def test_outputs_may_have_any_name(repo: Path, tmp_path: Path) -> None:
    report = build(repo, tmp_path, shell("mkdir out; echo 1 > 'out/with space'; echo 2 > 'out/$(x)'; echo 3 > out/ümlaut"))
    assert report.verdict is Verdict.IDENTICAL
    assert {output.name for output in report.outputs} == {"out/with space", "out/$(x)", "out/ümlaut"}
    refused = build(repo, tmp_path, shell("mkdir out; echo 1 > out/good; echo 2 > 'out/line\nfeed'"))
    assert refused.verdict is Verdict.FAILED
    assert set(codes(refused)) == {"LM-BLD-014"}


def test_a_build_that_changes_its_sources_is_found(repo: Path, tmp_path: Path) -> None:
    report = build(repo, tmp_path, shell("mkdir out; echo patched >> a.txt; cp a.txt out/"))
    assert report.verdict is Verdict.FAILED
    assert set(codes(report)) == {"LM-BLD-015"}
    assert "a.txt" in report.findings[0].message
    assert not report.isolation.read_only_source
    assert not report.isolation.hermetic


def test_a_slow_build_is_ended_and_said_so(repo: Path, tmp_path: Path) -> None:
    report = build(repo, tmp_path, shell("trap '' TERM; sleep 60", timeout=1))
    assert report.verdict is Verdict.FAILED
    assert set(codes(report)) == {"LM-BLD-011"}


def test_a_build_that_fills_its_quota_is_ended_and_said_so(repo: Path, tmp_path: Path) -> None:
    script = "mkdir out; while :; do head -c 4000000 /dev/zero > out/$((i=i+1)); done"
    report = build(repo, tmp_path, shell(script), quota=Quota(disk=40_000_000))
    assert report.verdict is Verdict.FAILED
    assert set(codes(report)) == {"LM-BLD-012"}


def test_building_again_replaces_what_was_there(repo: Path, tmp_path: Path) -> None:
    build(repo, tmp_path, shell("mkdir out; uname -n > out/old"))
    report = build(repo, tmp_path, shell("mkdir out; echo x > out/new"))
    assert report.verdict is Verdict.IDENTICAL
    assert [path.name for path in (tmp_path / "work" / "outputs" / "out").iterdir()] == ["new"]
    assert not (tmp_path / "work" / "twin").exists()


def test_a_working_directory_below_the_source_is_taken(repo: Path, tmp_path: Path) -> None:
    report = build(repo, tmp_path, shell("mkdir out; pwd > /dev/null; cp 'b c.txt' out/", working_directory="src", outputs=["src/out/*"]))
    assert [output.name for output in report.outputs] == ["src/out/b c.txt"]


def test_times_that_agree_by_chance_are_built_again(repo: Path, tmp_path: Path) -> None:
    """libfaketime leaves file times alone: both lanes pack the time of now, in the same two seconds."""
    said: list[str] = []
    report = build(
        repo,
        tmp_path,
        shell("mkdir out; echo x > made; tar --sort=name --owner=0 --group=0 --numeric-owner --mode=644 -cf out/x.tar made"),
        progress=said.append,
    )
    assert report.verdict is Verdict.DIFFERENT
    assert report.comparisons[0].causes[0].dimension is Dimension.CLOCK
    assert report.comparisons[0].causes[0].file == "out/x.tar!made"


def test_an_archive_of_dated_files_is_identical_and_built_once(repo: Path, tmp_path: Path) -> None:
    said: list[str] = []
    script = 'mkdir out; echo x > made; tar --sort=name --owner=0 --group=0 --numeric-owner --mode=644 --mtime=@"$SOURCE_DATE_EPOCH" -cf out/x.tar made'
    report = build(repo, tmp_path, shell(script), progress=said.append)
    assert report.verdict is Verdict.IDENTICAL
    assert len(said) == 3


def test_without_tmpfs_the_directory_order_is_not_claimed(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = _build.prepare_lane

    def same_order(*arguments: object, **options: object) -> object:
        from dataclasses import replace

        return replace(real(*arguments, **options), order=())  # type: ignore[arg-type]

    monkeypatch.setattr(_build, "prepare_lane", same_order)
    report = build(repo, tmp_path, shell("mkdir out; echo x > out/x"))
    assert report.claim is Claim.R1
    assert "order of its own" in report.not_varied[Dimension.DIRECTORY_ORDER]
    assert "LM-BLD-021" in codes(report, Severity.INFO)
    assert "not varied: directory-order" in report.claim_text()


def test_one_processor_builds_one_lane_after_the_other(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_build.os, "sched_getaffinity", lambda _: {0})
    report = build(repo, tmp_path, shell("mkdir out; echo x > out/x"))
    assert report.verdict is Verdict.IDENTICAL
    assert report.claim is Claim.R1


def test_the_staged_original_is_watched(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_build, "changed_entries", lambda *_: ("a.txt",))
    report = build(repo, tmp_path, shell("mkdir out; echo x > out/x"))
    assert "LM-BLD-022" in codes(report)
    assert not report.isolation.hermetic


def test_on_the_host_it_builds_and_is_not_hermetic(repo: Path, tmp_path: Path) -> None:
    report = build(repo, tmp_path, shell("mkdir out; pwd > out/x; echo $HOME >> out/x"), EnvironmentSection(backend="host", python="none"))
    assert not report.isolation.hermetic
    assert report.claim is Claim.R1
    assert {Dimension.HOSTNAME, Dimension.USER} <= set(report.not_varied)
    assert "LM-BLD-020" in codes(report, Severity.WARNING)
    assert {Dimension.PATH, Dimension.HOME} <= {cause.dimension for cause in report.comparisons[0].causes}
    assert (
        Dimension.PATH
        in build(repo, tmp_path, shell("mkdir out; echo > out/x", twin="controlled"), EnvironmentSection(backend="host", python="none")).lanes[1].varied
    )


def test_an_editable_install_of_the_product_is_not_shown(repo: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    site = venv / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True)
    (venv / "bin").mkdir()
    (venv / "bin" / "python").symlink_to("/usr/bin/env")
    (site / "product.pth").write_text(f"{repo / 'src'}\n")
    report = build(repo, tmp_path, shell("mkdir out; echo x > out/x"), EnvironmentSection(python=str(venv / "bin" / "python")))
    assert "LM-BLD-023" in codes(report, Severity.WARNING)


def test_an_isolation_that_could_not_be_measured_is_said_so(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = _build.measure

    def failing(*arguments: object, **options: object) -> object:
        from dataclasses import replace

        found = real(*arguments, **options)  # type: ignore[arg-type]
        return replace(found, isolation=replace(found.isolation, measured=False), reason="no answer")

    monkeypatch.setattr(_build, "measure", failing)
    report = build(repo, tmp_path, shell("mkdir out; echo x > out/x"))
    assert "LM-BLD-033" in codes(report, Severity.WARNING)
    assert not report.isolation.hermetic


def test_without_a_sandbox_nothing_is_built(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sandbox.BwrapSandbox, "probe", lambda _: Capabilities("bwrap", available=False, reason="gone", solution="install it"))
    with pytest.raises(EnvironmentLacksError) as caught:
        build(repo, tmp_path, shell("true"))
    assert (caught.value.code, caught.value.solution) == ("LM-BLD-001", "install it")


@pytest.mark.parametrize(("options", "code"), [({"working_directory": "absent"}, "LM-BLD-008"), ({"outputs": ["/etc/passwd"]}, "LM-BLD-014")])
def test_a_wrong_configuration_is_a_usage_error(repo: Path, tmp_path: Path, options: dict[str, object], code: str) -> None:
    with pytest.raises(UsageError) as caught:
        build(repo, tmp_path, shell("true", **options))
    assert caught.value.code == code


def test_no_scratch_is_left(repo: Path, tmp_path: Path) -> None:
    before = set(Path("/dev/shm").glob("lotmark-*"))
    build(repo, tmp_path, shell("mkdir -p out/x; chmod 0 out/x; exit 1"))
    assert set(Path("/dev/shm").glob("lotmark-*")) <= before
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == ["logs"]


@pytest.mark.parametrize(("zone", "expected"), [("UTC", ()), ("LMT-12:45", (45_900,)), ("No/Such", (45_900,)), ("Pacific/Chatham", (45_900, 49_500))])
def test_a_zones_shifts_are_known_in_summer_and_winter(zone: str, expected: tuple[int, ...]) -> None:
    assert _build._zone_shifts(zone, 1_795_415_400.0) == expected


def test_an_interrupt_does_not_wait_for_the_lanes(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(_build, "measure", interrupted)
    real = _build.run_lane
    ended: list[str] = []

    def run_lane(*arguments: object) -> object:
        lane = real(*arguments)  # type: ignore[arg-type]
        ended.append(lane.result.stopped)
        return lane

    def first_the_interrupt(*_: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(_build.Future, "result", first_the_interrupt)
    monkeypatch.setattr(_build, "run_lane", run_lane)
    with pytest.raises(KeyboardInterrupt):
        build(repo, tmp_path, shell("sleep 60"))
    assert ended == ["cancelled", "cancelled"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_the_environments_fault_and_leaves_nothing(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def full(*_: object, **__: object) -> object:
        raise OSError(number, os.strerror(number), "/dev/shm/x")

    before = set(Path("/dev/shm").glob("lotmark-*"))
    monkeypatch.setattr(_build, "prepare_lane", full)
    with pytest.raises(EnvironmentLacksError) as caught:
        build(repo, tmp_path, shell("true"))
    assert (caught.value.code, caught.value.where) == ("LM-BLD-035", "/dev/shm/x")
    assert set(Path("/dev/shm").glob("lotmark-*")) <= before


def test_another_error_of_the_system_is_not_hidden(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> object:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(_build, "prepare_lane", broken)
    with pytest.raises(OSError, match="Input/output"):
        build(repo, tmp_path, shell("true"))
