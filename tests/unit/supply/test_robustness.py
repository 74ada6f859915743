"""Whatever a lock file or dump holds, the answer is a report: never a traceback, never acceptance by accident."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.locks import LOCKS
from fakes.supply_world import hex_of
from lotmark.supply._locks import _load_reader
from lotmark.supply._markers import Markers
from lotmark.supply._readers._reading import Source
from lotmark.supply._readers.npm import read_npm
from lotmark.supply._readers.pip import read_pip
from lotmark.supply._readers.toml_locks import read_poetry, read_pylock
from lotmark.supply._readers.uv import read_uv

pytestmark = pytest.mark.verifies("REQ-014", "RC-011", "HAZ-002")


SEEDS = {
    read_pip: f"-r base.txt\na[x]==1.0 ; python_version > '3' \\\n    --hash=sha256:{hex_of('a')}\n",
    read_uv: f'version = 1\n[[package]]\nname = "a"\nversion = "1"\nsource = {{ registry = "r" }}\nsdist = {{ hash = "sha256:{hex_of("a")}" }}\ndependencies = [{{ name = "a", marker = "os_name == \'nt\'" }}]\n',
    read_npm: json.dumps(
        {"lockfileVersion": 3, "packages": {"": {"dependencies": {"a": "*"}}, "node_modules/a": {"version": "1.0.0", "integrity": "sha512-" + "A" * 86 + "=="}}}
    ),
    read_poetry: f'[[package]]\nname = "a"\nversion = "1"\nfiles = [{{hash = "sha256:{hex_of("a")}"}}]\n[package.dependencies]\nb = {{markers = "os_name == \'nt\'"}}\n[metadata]\nlock-version = "2.0"\n',
    read_pylock: f'lock-version = "1.0"\n[[packages]]\nname = "a"\nversion = "1"\nsdist = {{hashes = {{sha256 = "{hex_of("a")}"}}}}\n',
}


SEEDS |= {_load_reader(kind.partition(" ")[0]): sample.text for kind, sample in LOCKS.items() if not kind.startswith(("conan", "gradle", "go", "npm"))}


def no_file(path):
    raise FileNotFoundError(2, "there is no such file", path)


def test_the_seeds_themselves_are_read():
    for reader, seed in SEEDS.items():
        text = seed.removeprefix("-r base.txt\n")
        reading = reader(Source("lock", text.encode(), no_file, Markers("3.11.7")))
        assert not reading.findings, reader
        assert reading.pins, reader


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(SEEDS, key=lambda reader: reader.__name__)), st.data())
def test_a_lock_with_some_bytes_changed_is_read_or_refused(reader, data):
    seed = SEEDS[reader].encode()
    at = data.draw(st.integers(0, len(seed)))
    length = data.draw(st.integers(0, 12))
    new = data.draw(st.one_of(st.binary(max_size=6), st.sampled_from([b'"', b"[", b"{}", b"null", b"3", b"\n", b"==", b" -e ", b"true"])))
    reading = reader(Source("lock", seed[:at] + new + seed[at + length :], no_file, Markers("3.11.7")))
    for finding in reading.findings:
        assert finding.code.startswith("LM-SUP-")
        assert finding.location.path == "lock"
    for pin in reading.pins:
        assert pin.name
        assert pin.version
        assert pin.hashes or reading.findings
