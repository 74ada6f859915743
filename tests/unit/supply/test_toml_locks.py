"""poetry.lock and pylock.toml: what is read and what is refused."""

import pytest

from fakes.supply_world import codes_of, hex_of
from lotmark.supply._markers import Markers
from lotmark.supply._readers._reading import Source
from lotmark.supply._readers.toml_locks import read_poetry, read_pylock

pytestmark = pytest.mark.verifies("REQ-014", "RC-011", "HAZ-002")


FILE = f'{{file = "a.whl", hash = "sha256:{hex_of("a")}"}}'


def poetry(*packages, tail='[metadata]\nlock-version = "2.1"\n', python="3.11.7"):
    text = "".join(f"[[package]]\n{each}\n" for each in packages) + tail
    return read_poetry(Source("poetry.lock", text.encode(), lambda _: b"", Markers(python)))


def entry(name, version="1.0", more="", tail=""):
    return f'name = "{name}"\nversion = "{version}"\nfiles = [{FILE}]\n{more}\n{tail}'


def test_poetry_packages_with_groups_and_edges():
    dependencies = '[package.dependencies]\nb = ">=1"\nwin = {version = "*", markers = "sys_platform == \\"win32\\""}\nopt = {version = "*", optional = true}\n'
    forks = '[package.dependencies]\nd = [{version = "1", markers = "python_version < \\"3.8\\""}, {version = "2", markers = "python_version >= \\"3.8\\""}]\n'
    reading = poetry(
        entry("A", more='groups = ["main", "dev"]', tail=dependencies),
        entry("b", more='groups = ["dev"]', tail=forks),
        entry("c", more='category = "dev"\noptional = true'),
        entry("d"),
        entry("win"),
        entry("opt", more='source = {type = "legacy", url = "https://example.org/simple"}'),
    )
    assert not reading.findings
    got = {pin.name: (pin.scope, pin.needed, pin.group, pin.direct) for pin in reading.pins}
    assert got == {
        "a": ("runtime", True, "", True),
        "b": ("test", True, "", False),
        "c": ("test", False, "optional packages", True),
        "d": ("runtime", True, "", False),
        "win": ("runtime", False, "packages of other platforms", True),
        "opt": ("runtime", False, "packages of other platforms", True),
    }
    assert reading.pins[0].requires == (("b", "1.0"),)
    assert reading.pins[1].location.line > reading.pins[0].location.line > 0


def test_the_older_poetry_keeps_the_hashes_at_the_end():
    tail = f'[metadata]\nlock-version = "1.1"\n[metadata.files]\na = [{FILE}]\n'
    assert poetry('name = "a"\nversion = "1.0"\n', tail=tail).pins[0].hashes == (("sha256", hex_of("a")),)


@pytest.mark.parametrize(
    ("package", "code"),
    [
        (entry("a", more='source = {type = "git", url = "https://example.org/a"}'), "LM-SUP-007"),
        (entry("a", more='source = {type = "directory", url = "../a"}'), "LM-SUP-007"),
        ('name = "a"\nversion = "1.0"\nfiles = []\n', "LM-SUP-006"),
        ('name = "a"\nversion = "1.0"\nfiles = [{file = "a", hash = "md5:0"}]\n', "LM-SUP-006"),
        ('name = "a"\n', "LM-SUP-004"),
    ],
)
def test_poetry_packages_that_are_not_pinned_are_refused(package, code):
    reading = poetry(package)
    assert [(finding.code, str(finding.location)) for finding in reading.findings] == [(code, "poetry.lock:1")]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[metadata]\nlock-version = '9'\n",
        b"[metadata]\n",
        b"{",
        b"[metadata]\nlock-version = '2'\n[[package]]\nname='a'\nversion='1'\n[package.dependencies]\nb = {markers = '?'}\n",
    ],
)
def test_other_poetry_files_are_refused(text):
    assert codes_of(read_poetry(Source("poetry.lock", text, lambda _: b"", Markers("3.11.7"))).findings) == ["LM-SUP-004"]


def pylock(*packages, head='lock-version = "1.0"\n', python="3.11.7"):
    text = head + "".join(f"[[packages]]\n{each}\n" for each in packages)
    return read_pylock(Source("pylock.toml", text.encode(), lambda _: b"", Markers(python)))


WHEEL = f'wheels = [{{name = "a.whl", hashes = {{sha256 = "{hex_of("a")}", md5 = "00"}}}}]\n'


def test_pylock_packages_are_pins_unless_their_marker_fails():
    reading = pylock(
        'name = "A.b"\nversion = "1"\n' + WHEEL,
        'name = "w"\nversion = "1"\nmarker = "sys_platform == \'win32\'"\n' + WHEEL,
        'name = "g"\nversion = "1"\nmarker = "\'dev\' in dependency_groups"\n' + f'[packages.sdist]\nhashes = {{sha256 = "{hex_of("g")}"}}\n',
    )
    assert not reading.findings
    assert [(pin.name, pin.hashes) for pin in reading.pins] == [("a-b", (("sha256", hex_of("a")),))]
    assert [each.purl for each in reading.left_out] == ["pkg:pypi/w@1", "pkg:pypi/g@1"]


@pytest.mark.parametrize(
    ("package", "code"),
    [
        ('name = "a"\nversion = "1"\n[packages.vcs]\nurl = "x"\n', "LM-SUP-007"),
        ('name = "a"\n[packages.directory]\npath = "."\n', "LM-SUP-007"),
        ('name = "a"\n' + WHEEL, "LM-SUP-005"),
        ('name = "a"\nversion = "1"\n', "LM-SUP-006"),
        ('name = "a"\nversion = "1"\nwheels = [{hashes = {md5 = "00"}}]\n', "LM-SUP-006"),
        ('name = "a"\nversion = "1"\nmarker = "?"\n' + WHEEL, "LM-SUP-004"),
    ],
)
def test_pylock_packages_that_are_not_pinned_are_refused(package, code):
    reading = pylock(package)
    assert [(finding.code, str(finding.location)) for finding in reading.findings] == [(code, "pylock.toml:2")]


@pytest.mark.parametrize("text", [b"", b"lock-version = '2.0'\npackages = []\n", b"lock-version = '1.0'\n", b"{", b"\xff"])
def test_other_pylock_files_are_refused(text):
    findings = read_pylock(Source("pylock.toml", text, lambda _: b"", Markers(None))).findings
    assert codes_of(findings) == ["LM-SUP-002" if text == b"\xff" else "LM-SUP-004"]
