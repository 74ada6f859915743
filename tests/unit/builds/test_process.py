"""One child process: bounded output, deadline, quota, nothing left behind."""

import os
import threading
import time
from pathlib import Path

import pytest

from lotmark.builds import _process
from lotmark.builds._process import DiskWatch, folder_size, supervise
from lotmark.builds.models import LogCapture, Quota, SandboxResult

pytestmark = pytest.mark.verifies("REQ-012", "RC-006")


PATH = {"PATH": "/usr/bin:/bin"}


def run(script: str, tmp_path: Path, **options: object) -> SandboxResult:
    values: dict[str, object] = {"timeout": 20, "quota": Quota(), "watched": (), "merge_output": False, "umask": 0o022, "variables": PATH, **options}
    return supervise(["/bin/sh", "-c", script], cwd=tmp_path, **values)  # type: ignore[arg-type]


def test_exit_code_and_both_streams_are_given(tmp_path: Path) -> None:
    result = run("echo out; echo err >&2; exit 7", tmp_path)
    assert (result.exit_code, result.stdout.data, result.stderr.data, result.stopped) == (7, b"out\n", b"err\n", "")
    assert not result.succeeded


def test_merged_output_keeps_its_order(tmp_path: Path) -> None:
    result = run("echo 1; echo 2 >&2; echo 3", tmp_path, merge_output=True)
    assert result.stdout.data == b"1\n2\n3\n"
    assert result.stderr.data == b""
    assert result.succeeded


def test_a_signal_becomes_128_and_its_number(tmp_path: Path) -> None:
    assert run("kill -SEGV $$", tmp_path).exit_code == 128 + 11


def test_a_command_that_ignores_sigterm_is_killed_at_its_deadline(tmp_path: Path) -> None:
    begun = time.monotonic()
    result = run("trap '' TERM INT HUP; echo begun; while :; do sleep 30; done", tmp_path, timeout=0.3)
    assert result.stopped == "timeout"
    assert result.exit_code == 137
    assert result.stdout.data == b"begun\n"
    assert not result.succeeded
    assert time.monotonic() - begun < 15


def test_a_flood_of_output_is_kept_at_both_ends_only(tmp_path: Path) -> None:
    quota = Quota(log_head=1000, log_tail=500)
    result = run("printf begin; head -c 50000000 /dev/zero; printf end", tmp_path, quota=quota)
    assert result.stdout.total == 50_000_008
    assert len(result.stdout.head) == 1000
    assert len(result.stdout.tail) == 500
    assert result.stdout.head.startswith(b"begin")
    assert result.stdout.tail.endswith(b"end")
    assert result.stdout.omitted == 50_000_008 - 1500
    assert b"49998508 bytes left out" in result.stdout.data


def test_output_within_the_limits_is_whole(tmp_path: Path) -> None:
    result = run("head -c 900 /dev/zero | tr '\\0' a; head -c 400 /dev/zero | tr '\\0' b", tmp_path, quota=Quota(log_head=1000, log_tail=500))
    assert result.stdout.data == b"a" * 900 + b"b" * 400
    assert result.stdout.omitted == 0


def test_a_stray_that_holds_the_pipe_open_does_not_hold_us_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_process, "_DRAIN_SECONDS", 0.2)
    begun = time.monotonic()
    result = run("setsid sleep 5 & echo done", tmp_path)
    assert result.exit_code == 0
    assert result.stdout.data == b"done\n"
    assert time.monotonic() - begun < 4


def test_a_child_in_the_same_group_is_killed(tmp_path: Path) -> None:
    run("sleep 60 & echo $! > child", tmp_path)
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        if not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split(")")[1][:4]:
            return
        time.sleep(0.02)
    pytest.fail("the child lives")


def test_stdin_is_empty_and_there_is_no_terminal(tmp_path: Path) -> None:
    result = run("cat; test -t 0 || echo no terminal; (: </dev/tty) 2>/dev/null || echo no tty", tmp_path)
    assert result.stdout.data == b"no terminal\nno tty\n"


def test_a_command_that_fills_the_disk_is_stopped(tmp_path: Path) -> None:
    folder = tmp_path / "lane"
    folder.mkdir()
    result = run(f"while :; do head -c 4000000 /dev/zero > {folder}/$((i=i+1)); done", tmp_path, quota=Quota(disk=30_000_000), watched=(folder,))
    assert result.stopped == "quota"


def test_the_caller_is_told_the_process_id_when_it_has_ended(tmp_path: Path) -> None:
    told: list[int] = []
    run("echo $$ > pid", tmp_path, after=told.append)
    assert told == [int((tmp_path / "pid").read_text())]


def test_a_missing_program_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        supervise(["/no/such"], variables=PATH, cwd=tmp_path, umask=0o022, timeout=1, quota=Quota(), watched=(), merge_output=True)


def test_folder_size_counts_blocks_and_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "file").write_bytes(b"x" * 100_000)
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "usr").symlink_to("/usr")
    assert 100_000 <= folder_size(tmp_path) < 300_000
    assert folder_size(tmp_path / "absent") == 0


def test_another_writer_on_a_nearly_full_disk_is_not_blamed_on_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = iter([10**9, 10**7, 10**7])
    monkeypatch.setattr(_process, "_free_bytes", lambda _: next(free))
    watch = DiskWatch([tmp_path], 10**9)
    assert not watch.exceeded()
    (tmp_path / "file").write_bytes(os.urandom(40_000_000))
    assert watch.exceeded()


def test_a_log_shows_its_last_lines() -> None:
    text = b"\n".join(b"line %d" % index for index in range(100))
    log = LogCapture(text, b"", len(text))
    assert log.last_lines(2) == "line 98\nline 99"
    assert LogCapture(b"\xff\xfe", b"", 2).last_lines() == "\ufffd\ufffd"


def test_a_run_can_be_cancelled_from_another_thread(tmp_path: Path) -> None:
    cancel = threading.Event()
    timer = threading.Timer(0.2, cancel.set)
    timer.start()
    assert run("sleep 60", tmp_path, cancel=cancel).stopped == "cancelled"
    timer.join()
