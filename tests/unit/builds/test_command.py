"""One command in the sandbox: results, built files, bounded output."""

import os
from pathlib import Path

import pytest

from fakes.build_world import NO_PYTHON, make_clock, make_repo
from lotmark.base.digest import Digest
from lotmark.base.findings import Severity
from lotmark.builds.api import run_command, source_digest, stage_source
from lotmark.builds.models import CommandReport, Mount, Quota
from lotmark.product.models import EnvironmentSection

pytestmark = [pytest.mark.verifies("REQ-012", "RC-006", "HAZ-007"), pytest.mark.usefixtures("bwrap")]


def run(repo: Path | None, tmp_path: Path, script: str, environment: EnvironmentSection = NO_PYTHON, **options: object) -> CommandReport:
    return run_command(repo, "HEAD", ["/bin/sh", "-c", script], environment, tmp_path / "work", make_clock(), **options)  # type: ignore[arg-type]


def test_exit_code_output_and_results_come_back(repo: Path, tmp_path: Path) -> None:
    report = run(repo, tmp_path, "echo told; echo warned >&2; mkdir r; echo '<testsuite/>' > 'r/junit one.xml'; exit 1", results=["r/*.xml"])
    assert (report.exit_code, report.stopped, report.stdout.data, report.stderr.data) == (1, "", b"told\n", b"warned\n")
    [result] = report.results
    assert (result.name, result.stale, result.digest) == ("r/junit one.xml", False, Digest.of(b"<testsuite/>\n"))
    assert result.path == tmp_path / "work" / "results" / "r" / "junit one.xml"
    assert result.path.stat().st_mtime == pytest.approx(result.modified_at)
    assert report.source_digest == source_digest(repo, "HEAD")
    assert report.isolation.hermetic
    assert report.findings == ()
    assert (report.finished_at - report.started_at).total_seconds() == 1


def test_a_result_that_was_tracked_and_not_written_is_stale(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"old.xml": "<old/>", "new.xml": "<old/>"})
    report = run(repo, tmp_path, "echo '<new/>' > new.xml", results=["*.xml"])
    assert {result.name: result.stale for result in report.results} == {"new.xml": False, "old.xml": True}
    assert [(finding.code, finding.severity) for finding in report.findings] == [("LM-BLD-015", Severity.WARNING)]
    assert not report.isolation.read_only_source


def test_built_files_stand_in_their_place(repo: Path, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho built\n")
    program.chmod(0o755)
    report = run(repo, tmp_path, "./dist/program; cat a.txt", extra_files={"dist/program": program})
    assert report.stdout.data == b"built\nalpha\n"


def test_without_a_repository_the_mounts_alone_are_there(tmp_path: Path) -> None:
    deployed = tmp_path / "deployed"
    deployed.mkdir(mode=0o755)
    (deployed / "version").write_text("1.2.3")
    report = run(None, tmp_path, "ls; cat /app/version; touch /app/x || echo sealed", mounts=[Mount(deployed, "/app")])
    assert report.stdout.data == b"1.2.3sealed\n"
    assert report.source_digest is None
    assert list(deployed.iterdir()) == [deployed / "version"]


def test_a_staged_source_is_not_staged_again(repo: Path, tmp_path: Path) -> None:
    staged = stage_source(repo, "HEAD", tmp_path / "staged")
    (repo / ".git").rename(repo / "gone")
    assert run(repo, tmp_path, "cat a.txt", source=staged).stdout.data == b"alpha\n"


def test_a_slow_command_is_ended_with_what_it_left(repo: Path, tmp_path: Path) -> None:
    said: list[str] = []
    report = run(repo, tmp_path, "echo '<a/>' > a.xml; echo begun; sleep 60", results=["*.xml"], timeout=0.5, progress=said.append)
    assert (report.stopped, report.exit_code, report.stdout.data) == ("timeout", 137, b"begun\n")
    assert [result.name for result in report.results] == ["a.xml"]
    assert said[0].startswith("running /bin/sh -c")


def test_an_unsafe_result_is_a_finding_and_not_taken(repo: Path, tmp_path: Path) -> None:
    report = run(repo, tmp_path, "ln -s /etc/passwd r.xml", results=["*.xml"])
    assert report.results == ()
    assert [finding.code for finding in report.findings] == ["LM-BLD-014"]


def test_a_flood_is_bounded(repo: Path, tmp_path: Path) -> None:
    report = run(repo, tmp_path, "head -c 30000000 /dev/zero", quota=Quota(log_head=100, log_tail=100))
    assert report.stdout.total == 30_000_000
    assert len(report.stdout.data) < 400


def test_results_of_an_earlier_run_do_not_stay(repo: Path, tmp_path: Path) -> None:
    run(repo, tmp_path, "echo 1 > a.xml", results=["*.xml"])
    assert run(repo, tmp_path, "true", results=["*.xml"]).results == ()
    assert not (tmp_path / "work" / "results").exists()


def test_a_declared_network_is_recorded_and_is_no_finding(repo: Path, tmp_path: Path) -> None:
    report = run(repo, tmp_path, "true", network=True)
    assert not report.isolation.hermetic or report.isolation.network is False
    assert report.findings == ()


def test_the_host_is_recorded_as_not_sealed(repo: Path, tmp_path: Path) -> None:
    report = run(repo, tmp_path, "cat a.txt", EnvironmentSection(backend="host", python="none"))
    assert report.stdout.data == b"alpha\n"
    assert [finding.code for finding in report.findings] == ["LM-BLD-020"]


def test_pytest_runs_inside_with_the_mounted_environment(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"test_it.py": "def test_it():\n    assert 1 + 1 == 2\n"})
    command = ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:lotmark", "--junitxml=out/j.xml", "test_it.py"]
    report = run_command(repo, "HEAD", command, EnvironmentSection(), tmp_path / "work", make_clock(), results=["out/*.xml"])
    assert report.exit_code == 0, report.stdout.data + report.stderr.data
    assert b'tests="1"' in report.results[0].path.read_bytes()
    assert [tool.name for tool in report.tools][:1] == ["python"]
    assert os.getuid() == os.stat(report.results[0].path).st_uid


def test_a_folder_can_be_mounted_where_it_lies_on_the_host(tmp_path: Path) -> None:
    deployed = tmp_path / "site" / "current"
    deployed.mkdir(parents=True)
    (deployed / "app").write_text("#!/bin/sh\necho 1.2.3\n")
    (deployed / "app").chmod(0o755)
    report = run_command(None, "", [str(deployed / "app")], NO_PYTHON, tmp_path / "work", make_clock(), mounts=[Mount(deployed, str(deployed))])
    assert report.stdout.data == b"1.2.3\n", report.stderr.data
