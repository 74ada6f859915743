"""package-lock.json: the tree, its scopes and edges, and what is refused."""

import base64
import hashlib
import json

import pytest

from fakes.supply_world import codes_of
from lotmark.supply._markers import Markers
from lotmark.supply._readers._reading import Source
from lotmark.supply._readers.npm import read_npm

pytestmark = pytest.mark.verifies("REQ-014", "RC-011", "HAZ-002")


def integrity(text, algorithm="sha512"):
    return f"{algorithm}-" + base64.b64encode(hashlib.new(algorithm, text.encode()).digest()).decode()


def entry(package, version="1.0.0", **more):
    return {
        "version": version,
        "resolved": f"https://registry.npmjs.org/{package}/-/{package}-{version}.tgz",
        "integrity": integrity(package + version),
        "license": "MIT",
        **more,
    }


def read(packages, version=3, root=None, text=None):
    lock = {"name": "x", "lockfileVersion": version, "packages": {"": root or {"name": "x", "version": "1.0.0"}, **packages}}
    return read_npm(Source("package-lock.json", (text or json.dumps(lock, indent=2)).encode(), lambda _: b"", Markers(None)))


def by_name(reading):
    return {f"{pin.name}@{pin.version}": pin for pin in reading.pins}


@pytest.mark.parametrize("version", [2, 3])
def test_a_package_is_a_pin_with_hash_licence_and_place(version):
    reading = read({"node_modules/a": entry("a")}, version, {"dependencies": {"a": "^1"}})
    (pin,) = reading.pins
    assert (pin.ecosystem, pin.name, pin.version, pin.licence, pin.scope, pin.direct) == ("npm", "a", "1.0.0", "MIT", "runtime", True)
    assert pin.hashes == (("sha512", hashlib.sha512(b"a1.0.0").hexdigest()),)
    assert reading.files[0][1].decode().splitlines()[pin.location.line - 1].strip().startswith('"node_modules/a"')


def test_edges_go_to_the_nearest_node_modules():
    packages = {
        "node_modules/a": entry("a", dependencies={"b": "^2"}, optionalDependencies={"gone": "*"}),
        "node_modules/a/node_modules/b": entry("b", "2.0.0", dependencies={"c": "*"}),
        "node_modules/b": entry("b", "1.0.0"),
        "node_modules/c": entry("c", peerDependencies={"b": "^1"}),
    }
    pins = by_name(read(packages, root={"dependencies": {"a": "*", "b": "*"}}))
    assert pins["a@1.0.0"].requires == (("b", "2.0.0"),)
    assert pins["b@2.0.0"].requires == (("c", "1.0.0"),)
    assert pins["c@1.0.0"].requires == (("b", "1.0.0"),)
    assert [name for name, pin in pins.items() if pin.direct] == ["a@1.0.0", "b@1.0.0"]


def test_scopes_names_and_doubles():
    packages = {
        "node_modules/@scope/a": entry("a", dev=True),
        "node_modules/alias": entry("real", name="real"),
        "node_modules/x/node_modules/@scope/a": entry("a"),
        "node_modules/x": entry("x", dev=True, license=None),
    }
    pins = by_name(read(packages, root={"devDependencies": {"@scope/a": "*"}}))
    assert {name: pin.scope for name, pin in pins.items()} == {"@scope/a@1.0.0": "runtime", "real@1.0.0": "runtime", "x@1.0.0": "test"}
    assert pins["@scope/a@1.0.0"].direct


def test_workspaces_are_the_products_own():
    packages = {
        "packages/lib": {"version": "1.0.0", "dependencies": {"a": "*"}},
        "node_modules/lib": {"resolved": "packages/lib", "link": True},
        "node_modules/a": entry("a", dependencies={"lib": "*"}),
    }
    reading = read(packages, root={"workspaces": ["packages/*"], "dependencies": {"lib": "*"}})
    assert not reading.findings
    assert [(pin.name, pin.direct, pin.requires) for pin in reading.pins] == [("a", True, ())]


def test_a_bundled_package_is_covered_by_the_hash_above_it():
    packages = {"node_modules/a": entry("a"), "node_modules/a/node_modules/b": {"version": "1.0.0", "inBundle": True, "license": "ISC"}}
    reading = read(packages)
    assert not reading.findings
    assert by_name(reading)["b@1.0.0"].hashes == ()


@pytest.mark.parametrize(
    ("licence", "expected"),
    [("MIT", "MIT"), ({"type": "ISC"}, "ISC"), ([{"type": "MIT"}, "ISC"], "MIT OR ISC"), (None, ""), ([], ""), ([{"url": "x"}], ""), (3, "")],
)
def test_the_older_forms_of_a_licence_are_read(licence, expected):
    assert read({"node_modules/a": entry("a", license=licence)}).pins[0].licence == expected


@pytest.mark.parametrize(
    ("key", "package", "code", "says"),
    [
        ("node_modules/a", {"version": "1.0.0", "resolved": "https://registry.npmjs.org/a.tgz"}, "LM-SUP-006", "no `integrity`"),
        ("node_modules/a", entry("a", integrity=integrity("a", "sha1")), "LM-SUP-006", "weak or malformed"),
        ("node_modules/a", entry("a", integrity="sha512-!!!"), "LM-SUP-006", "weak or malformed"),
        ("node_modules/a", entry("a", resolved="git+ssh://git@example.org/a.git#0123"), "LM-SUP-007", "git+ssh"),
        ("node_modules/a", entry("a", resolved="file:../a.tgz"), "LM-SUP-007", "comes from file"),
        ("node_modules/a", entry("a", version=""), "LM-SUP-005", "no version"),
        ("node_modules/a", {"resolved": "../a", "link": True}, "LM-SUP-007", "link to ../a"),
        ("node_modules/a", {"link": True}, "LM-SUP-007", "link to nowhere"),
        ("../a", {"version": "1.0.0"}, "LM-SUP-007", "outside"),
        ("node_modules/p/node_modules/a", {"version": "1.0.0", "inBundle": True}, "LM-SUP-006", "no `integrity`"),
    ],
)
def test_each_unpinned_package_is_refused_at_its_line(key, package, code, says):
    reading = read({key: package})
    assert codes_of(reading.findings) == [code]
    assert says in reading.findings[0].message
    assert f'"{key}"' in reading.files[0][1].decode().splitlines()[reading.findings[0].location.line - 1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"lockfileVersion": 4, "dependencies": {}}', "lockfileVersion 4"),
        ('{"lockfileVersion": 1, "dependencies": []}', "Expected"),
        ("{}", "lockfileVersion 0"),
        ('{"lockfileVersion": 3}', "no `packages`"),
        ('{"lockfileVersion": 3, "packages": {}}', "no `packages`"),
        ('{"lockfileVersion": 3, "lockfileVersion": 2}', "'lockfileVersion' stands twice"),
        ('{"lockfileVersion": "3"}', "Expected 'int'"),
        ("[]", "Expected"),
        ("", "not JSON"),
        ("{\n,", "not JSON"),
        ("[" * 100_000, "nested deeper"),
    ],
)
def test_other_shapes_are_refused(text, says):
    reading = read({}, text=text or " ")
    assert codes_of(reading.findings) == ["LM-SUP-004"]
    assert says in reading.findings[0].message
    assert reading.findings[0].location.path == "package-lock.json"


def test_bytes_that_are_not_utf8_are_refused():
    assert codes_of(read_npm(Source("package-lock.json", b"\xff", lambda _: b"", Markers(None))).findings) == ["LM-SUP-002"]
