"""The command line of bubblewrap, what it says when it cannot start, and the cures."""

from dataclasses import replace
from pathlib import Path

import pytest

from fakes.build_world import spec_for
from lotmark.base.errors import EnvironmentLacksError
from lotmark.builds import _bwrap
from lotmark.builds._bwrap import APPARMOR_CURE, SANDBOX_ID, BwrapSandbox, format_arguments
from lotmark.builds.models import Capabilities, LogCapture, Mount, SandboxResult

pytestmark = pytest.mark.verifies("REQ-012", "RC-006", "HAZ-007")


NEW, OLD = (0, 8, 0), (0, 4, 1)


def result(code: int, out: bytes = b"", err: bytes = b"") -> SandboxResult:
    return SandboxResult(code, "", 0.1, LogCapture(out, b"", len(out)), LogCapture(err, b"", len(err)))


def following(line: list[str], word: str) -> list[str]:
    return [line[index + 1] for index, each in enumerate(line[:-1]) if each == word]


@pytest.mark.parametrize("privileged", [False, True], ids=["as a user", "as root"])
def test_every_namespace_is_its_own_and_nothing_is_kept(privileged: bool) -> None:
    line = format_arguments(spec_for(["make", "all"], variables={"A": "b c"}, uid=7, gid=8, hostname="h"), NEW, privileged=privileged)
    for flag in (
        "--unshare-user",
        "--unshare-pid",
        "--unshare-ipc",
        "--unshare-uts",
        "--unshare-net",
        "--disable-userns",
        "--die-with-parent",
        "--new-session",
        "--clearenv",
    ):
        assert flag in line
    assert following(line, "--cap-drop") == ["ALL"]
    assert following(line, "--remount-ro") == ["/dev", "/"]
    assert (following(line, "--uid"), following(line, "--gid"), following(line, "--hostname")) == (["7"], ["8"], ["h"])
    assert line[line.index("--setenv") : line.index("--setenv") + 3] == ["--setenv", "A", "b c"]
    assert line[-3:] == ["--", "make", "all"]
    assert line[0] == "prlimit"


def test_a_user_needs_one_bubblewrap() -> None:
    line = format_arguments(spec_for(["true"]), NEW, privileged=False)
    assert line.count("bwrap") == 1
    assert "setpriv" not in line


def test_root_drops_to_an_unused_user_before_the_sandbox(tmp_path: Path) -> None:
    spec = spec_for(["true"], mounts=(Mount(Path("/usr"), "/usr"), Mount(tmp_path, "/build/src", writable=True)))
    line = format_arguments(spec, NEW, privileged=True)
    first, second = (index for index, word in enumerate(line) if word == "bwrap")
    drop = line.index("setpriv")
    assert first < drop < second
    assert line[drop + 1 : second - 1] == [
        f"--reuid={SANDBOX_ID}",
        f"--regid={SANDBOX_ID}",
        "--clear-groups",
        "--inh-caps=-all",
        "--bounding-set=-all",
        "--no-new-privs",
    ]
    assert line[first:drop][-7:] == ["--ro-bind", "/usr", "/tmp/0", "--bind", str(tmp_path), "/tmp/1", "--"]
    inner = line[second:]
    assert str(tmp_path) not in inner
    at = inner.index("/build/src")
    assert inner[at - 2 : at] == ["--bind", "/tmp/1"]


def test_mounts_go_from_the_root_downwards(tmp_path: Path) -> None:
    spec = spec_for(["true"], mounts=(Mount(tmp_path, "/a/b/c"), Mount(tmp_path, "/a"), Mount(tmp_path, "/a/b")))
    line = format_arguments(spec, NEW, privileged=False)
    assert [target for target in line if target.startswith("/a")] == ["/a", "/a/b", "/a/b/c"]


def test_a_network_is_shared_only_when_declared() -> None:
    assert "--unshare-net" not in format_arguments(spec_for(["true"], network=True), NEW, privileged=False)


def test_processors_are_bound() -> None:
    line = format_arguments(spec_for(["true"], cpus=(0, 3)), NEW, privileged=False)
    assert line[line.index("taskset") : line.index("taskset") + 3] == ["taskset", "-c", "0,3"]


def test_an_older_bubblewrap_is_not_asked_for_what_it_does_not_know() -> None:
    line = format_arguments(spec_for(["true"]), OLD, privileged=False)
    assert not {"--size", "--perms", "--disable-userns"} & set(line)
    assert "--size" in format_arguments(spec_for(["true"]), (0, 7, 0), privileged=False)


@pytest.mark.parametrize("said", [b"bwrap: Can't find source path /x: No such file or directory\n", b"setpriv: setresuid failed: Invalid argument\n"])
def test_a_sandbox_that_does_not_start_is_the_environments_fault(said: bytes) -> None:
    for ended in (result(1, err=said), result(1, out=said)):
        with pytest.raises(EnvironmentLacksError) as caught:
            _bwrap._raise_if_not_started(ended)
        assert caught.value.code == "LM-BLD-001"


@pytest.mark.parametrize(
    "ended",
    [
        result(1, err=b"make: *** [all] Error 1\n"),
        result(1, out=b"bwrap: said the product\nand more\n"),
        result(2, err=b"bwrap: x\n"),
        result(0, err=b"bwrap: x\n"),
        result(1, err=b"bwrap: execvp nothing: No such file or directory\n"),
    ],
    ids=["a command's own error", "more than one line", "another code", "success", "the command is missing"],
)
def test_a_command_that_fails_is_not(ended: SandboxResult) -> None:
    _bwrap._raise_if_not_started(ended)


@pytest.mark.parametrize(
    ("file", "value", "cure"),
    [
        ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", APPARMOR_CURE),
        ("/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl --system"),
        ("/proc/sys/user/max_user_namespaces", "0", "max_user_namespaces"),
    ],
)
def test_each_lock_of_the_kernel_has_its_cure(monkeypatch: pytest.MonkeyPatch, file: str, value: str, cure: str) -> None:
    monkeypatch.setattr(_bwrap, "_read", lambda path: value if path == file else "")
    assert cure in _bwrap._cure("")


def test_a_container_and_the_unknown_have_a_cure_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_bwrap, "_read", lambda _: "")
    assert "seccomp=unconfined" in _bwrap._cure("bwrap: Can't mount proc on /newroot/proc: Operation not permitted")
    assert "bwrap --unshare-all" in _bwrap._cure("something else")
    assert _bwrap._read("/no/such") == ""


@pytest.fixture
def fresh_probe() -> object:
    _bwrap._probe.cache_clear()
    yield None
    _bwrap._probe.cache_clear()


@pytest.mark.parametrize(("tool", "package"), [("bwrap", "bubblewrap"), ("setpriv", "util-linux"), ("prlimit", "util-linux"), ("taskset", "util-linux")])
def test_a_missing_tool_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch, fresh_probe: object, tool: str, package: str) -> None:
    monkeypatch.setattr(_bwrap.shutil, "which", lambda name, path=None: None if name == tool else f"/usr/bin/{name}")
    found = BwrapSandbox().probe()
    assert (found.available, found.reason, found.solution) == (False, f"{tool} is not installed", f"sudo apt-get install {package}")
    with pytest.raises(EnvironmentLacksError):
        BwrapSandbox().run(spec_for(["true"]))


@pytest.mark.parametrize(
    "ended", [result(1, out=b"bwrap: No permissions to create new namespace\n"), result(1), OSError("no")], ids=["said why", "said nothing", "did not start"]
)
def test_a_bubblewrap_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch, fresh_probe: object, bwrap: None, ended: object) -> None:
    _bwrap._probe.cache_clear()

    def fake(*_: object, **__: object) -> SandboxResult:
        if isinstance(ended, OSError):
            raise ended
        assert isinstance(ended, SandboxResult)
        return ended

    monkeypatch.setattr(_bwrap, "supervise", fake)
    found = BwrapSandbox().probe()
    assert not found.available
    assert "does not start" in found.reason
    assert found.solution


def test_a_bubblewrap_from_another_age_is_refused(monkeypatch: pytest.MonkeyPatch, fresh_probe: object, bwrap: None) -> None:
    _bwrap._probe.cache_clear()
    monkeypatch.setattr(_bwrap, "_OLDEST", (99, 0))
    assert "too old" in BwrapSandbox().probe().reason


def test_probing_looks_once(bwrap: None) -> None:
    first = BwrapSandbox().probe()
    assert first is BwrapSandbox().probe()
    assert first == replace(first, hides=True, available=True)
    assert isinstance(first, Capabilities)


def test_unmerged_top_folders_are_mounted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_symlink", lambda _: False)
    monkeypatch.setattr(Path, "is_dir", lambda self: self.name in ("bin", "lib"))
    assert _bwrap.system_links() == ()
    assert [mount.target for mount in _bwrap.system_mounts()] == ["/bin", "/lib"]
