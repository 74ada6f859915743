"""Measured facts: isolation, tools, the root's package list."""

import subprocess
from pathlib import Path

import pytest

from fakes.build_world import NO_PYTHON, make_repo
from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError
from lotmark.builds import _facts
from lotmark.builds._facts import measure, relevant_tools, root_facts
from lotmark.builds._host import HostSandbox
from lotmark.builds._layout import make_layout
from lotmark.builds._sandbox import get_sandbox
from lotmark.builds.api import stage_source
from lotmark.builds.models import Capabilities, LogCapture, SandboxResult, SandboxSpec, SourceEntry, StagedSource
from lotmark.product.models import EnvironmentSection

pytestmark = pytest.mark.verifies("REQ-013", "RC-007", "HAZ-004")


SEALED = Capabilities("bwrap", available=True, hides=True, relocates=True)
GOOD = """@status
CapInh:\t0000000000000000
CapPrm:\t0000000000000000
CapEff:\t0000000000000000
CapBnd:\t0000000000000000
CapAmb:\t0000000000000000
NoNewPrivs:\t1
@net
Inter-|   Receive
    lo:       0
@see
@env
PATH
PWD
@tool cc
cc (Debian) 12
@end
"""


class Scripted:
    """A sandbox that prints what it was given."""

    def __init__(self, text: str, code: int = 0, error: str = "") -> None:
        self.text, self.code, self.error, self.runs = text, code, error, 0

    def probe(self) -> Capabilities:
        return SEALED

    def run(self, spec: SandboxSpec) -> SandboxResult:
        self.runs += 1
        if self.error:
            raise EnvironmentLacksError("LM-BLD-001", self.error)
        return SandboxResult(self.code, "", 0.1, LogCapture(self.text.encode(), b"", len(self.text)), LogCapture(b"", b"", 0))


@pytest.fixture(autouse=True)
def _forget() -> None:
    _facts._seen.clear()


def look(text: str, **options: object) -> _facts.Measurement:
    return measure(Scripted(text, **options), SEALED, make_layout(NO_PYTHON, None), None, None)  # type: ignore[arg-type]


def test_a_sealed_sandbox_is_recorded_as_such() -> None:
    found = look(GOOD)
    isolation = found.isolation
    assert (isolation.network, isolation.capabilities, isolation.read_only_source, isolation.clean_environment, isolation.hermetic) == (
        False,
        False,
        True,
        True,
        True,
    )
    assert [(tool.name, tool.version) for tool in found.environment.tools] == [("cc", "cc (Debian) 12")]


@pytest.mark.parametrize(
    ("good", "bad", "field"),
    [
        ("    lo:       0", "  eth0:       0", "network"),
        ("CapEff:\t0000000000000000", "CapEff:\t0000000000200000", "capabilities"),
        ("CapAmb:\t0000000000000000", "CapAmb:\t0000000000200000", "capabilities"),
        ("CapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1", "CapBnd:\t000001ffffffffff\nCapAmb:\t0\nNoNewPrivs:\t0", "capabilities"),
        ("CapPrm:\t0000000000000000\n", "", "capabilities"),
        ("@see\n", "@see\n/etc/shadow\n", "read_only_source"),
        ("PATH\n", "PATH\nSECRET\n", "clean_environment"),
    ],
    ids=["an interface", "a capability", "an ambient one", "one to gain", "no word of it", "the shadow file", "a foreign variable"],
)
def test_each_hole_is_recorded(good: str, bad: str, field: str) -> None:
    assert good in GOOD
    isolation = look(GOOD.replace(good, bad)).isolation
    assert getattr(isolation, field) is (field in ("network", "capabilities"))
    assert not isolation.hermetic


def test_a_bounding_set_that_cannot_be_used_is_none() -> None:
    assert not look(GOOD.replace("CapBnd:\t0000000000000000", "CapBnd:\t000001ffffffffff")).isolation.capabilities


@pytest.mark.parametrize(
    "scripted", [Scripted(GOOD.replace("@end\n", "")), Scripted(GOOD, code=1), Scripted("", error="no sandbox")], ids=["cut off", "failed", "did not start"]
)
def test_a_failed_measurement_is_recorded_as_open(scripted: Scripted) -> None:
    layout = make_layout(NO_PYTHON, None)
    found = measure(scripted, SEALED, layout, None, None)
    isolation = found.isolation
    assert (isolation.network, isolation.capabilities, isolation.read_only_source, isolation.clean_environment, isolation.measured, isolation.hermetic) == (
        True,
        True,
        False,
        False,
        False,
        False,
    )
    assert found.reason
    measure(scripted, SEALED, layout, None, None)
    assert scripted.runs == 2


def test_one_look_serves_one_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    scripted = Scripted(GOOD)
    layout = make_layout(NO_PYTHON, None)
    assert measure(scripted, SEALED, layout, None, None) is measure(scripted, SEALED, layout, None, None)
    assert scripted.runs == 1
    measure(scripted, SEALED, layout, None, None, network=True)
    assert scripted.runs == 2
    monkeypatch.setattr(_facts, "_MAX_SEEN", 1)
    measure(scripted, SEALED, make_layout(EnvironmentSection(python="none", variables={"A": "1"}), None), None, None)
    assert len(_facts._seen) == 1


def test_the_real_sandbox_measures_as_hermetic_with_its_tools(bwrap: None, repo: Path, tmp_path: Path) -> None:
    sandbox, capabilities = get_sandbox("bwrap")
    found = measure(sandbox, capabilities, make_layout(EnvironmentSection(), repo), stage_source(repo, "HEAD", tmp_path / "staged"), repo)
    assert found.isolation.hermetic, found
    versions = {tool.name: tool.version for tool in found.environment.tools}
    assert versions["python"].startswith("Python 3.")
    assert len(found.environment.python) > 10


def test_the_host_is_never_hermetic(repo: Path) -> None:
    sandbox = HostSandbox()
    found = measure(sandbox, sandbox.probe(), make_layout(NO_PYTHON, None), None, repo)
    assert not found.reason
    assert not found.isolation.hermetic
    assert found.isolation.backend == "host"
    assert not found.isolation.read_only_source
    assert found.isolation.clean_environment


def staged(*names: str) -> StagedSource:
    return StagedSource(Path("/x"), "c", 0, Digest.of(b""), tuple(SourceEntry(name.encode(), 0o100644, "0", 0, Digest.of(b"")) for name in names))


@pytest.mark.parametrize(
    ("names", "tools"),
    [
        ((), ("cc", "make")),
        (("package.json",), ("cc", "make", "node")),
        (("sub/Cargo.toml", "go.mod"), ("cc", "make", "rustc", "cargo", "go")),
        (("CMakeLists.txt", "pom.xml"), ("cc", "make", "cmake", "java")),
    ],
)
def test_tools_are_those_of_the_build_files(names: tuple[str, ...], tools: tuple[str, ...]) -> None:
    assert relevant_tools(staged(*names)) == tools
    assert relevant_tools(None) == ()


def test_the_root_is_its_package_list(monkeypatch: pytest.MonkeyPatch) -> None:
    _facts._package_list.cache_clear()
    monkeypatch.setattr(_facts.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, b"b=2\na=1\n", b""))
    found = root_facts()
    assert (found.kind, found.packages, found.digest) == ("host", 2, Digest.of(b"a=1\nb=2\n"))
    assert root_facts() == found
    _facts._package_list.cache_clear()


def test_without_a_package_manager_the_system_speaks_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: tuple[str, ...], **_: object) -> subprocess.CompletedProcess[bytes]:
        if command[0] == "dpkg-query":
            raise FileNotFoundError
        return subprocess.CompletedProcess(command, 1, b"", b"")

    _facts._package_list.cache_clear()
    monkeypatch.setattr(_facts.subprocess, "run", run)
    assert root_facts().packages == 0
    _facts._package_list.cache_clear()
    monkeypatch.setattr(Path, "read_bytes", lambda _: (_ for _ in ()).throw(OSError()))
    monkeypatch.setattr(Path, "stat", lambda *_, **__: (_ for _ in ()).throw(OSError()))
    assert root_facts().digest == Digest.of(b"")
    _facts._package_list.cache_clear()


def test_the_environments_digest_follows_each_part() -> None:
    root = root_facts()
    one = make_layout(NO_PYTHON, None)
    two = make_layout(EnvironmentSection(python="none", variables={"CC": "clang"}), None)
    three = make_layout(EnvironmentSection(python="none", path=["/opt/bin"]), None)
    four = make_layout(EnvironmentSection(), None)
    digests = {_facts.describe_environment(root, (), layout).digest for layout in (one, two, three, four)}
    assert len(digests) == 4


def test_a_repository_that_shows_through_is_seen(tmp_path: Path, bwrap: None) -> None:
    repo = make_repo(tmp_path / "repo", {"a": "b"})
    sandbox, capabilities = get_sandbox("bwrap")
    environment = EnvironmentSection(python="none", mounts=[str(repo)])
    assert not measure(sandbox, capabilities, make_layout(environment, repo), None, repo).isolation.read_only_source
