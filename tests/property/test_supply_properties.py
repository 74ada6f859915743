"""Properties of the supply room, most of them against an oracle that shares no code with it."""

import hashlib
import importlib.metadata
import itertools
import json
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from fakes.supply_world import COMMITTED_AT, PRODUCT, World, hex_of, osv_record
from lotmark.base.findings import Location
from lotmark.supply._environment import read_environment
from lotmark.supply._markers import Markers
from lotmark.supply._matching import is_affected
from lotmark.supply._readers._reading import Source
from lotmark.supply._readers.npm import read_npm
from lotmark.supply._readers.pip import read_pip
from lotmark.supply._sbom import format_sbom
from lotmark.supply._spdx import SpdxReader
from lotmark.supply._versions import find_version, is_in_range
from lotmark.supply.models import Component

pytestmark = pytest.mark.verifies("REQ-014", "RC-011")


READER = SpdxReader()
NAMES = st.from_regex(r"\A[a-z][a-z0-9]{0,5}([-_.][a-z0-9]{1,4})?\Z")
VERSIONS = st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from(["", "a1", "rc2", ".post1", ".dev3"])).map(
    lambda parts: f"{parts[0]}.{parts[1]}{parts[2]}"
)


# Licences: a random expression is judged as its truth table says.

IDENTIFIERS = ["MIT", "ISC", "Zlib", "Apache-2.0", "GPL-3.0-only", "LicenseRef-Ours"]
EXPRESSIONS = st.recursive(st.sampled_from(IDENTIFIERS), lambda inner: st.tuples(st.sampled_from(["AND", "OR"]), inner, inner), max_leaves=8)


def written(tree):
    return tree if isinstance(tree, str) else f"({written(tree[1])} {tree[0]} {written(tree[2])})"


def holds(tree, allowed):
    if isinstance(tree, str):
        return tree in allowed
    first, second = holds(tree[1], allowed), holds(tree[2], allowed)
    return (first and second) if tree[0] == "AND" else (first or second)


@given(EXPRESSIONS, st.sets(st.sampled_from(IDENTIFIERS)))
def test_an_expression_is_judged_as_its_truth_table_says(tree, allowed):
    assert READER.is_satisfied(written(tree), allowed) is holds(tree, allowed)


@given(EXPRESSIONS, st.sets(st.sampled_from(IDENTIFIERS)), st.sampled_from(IDENTIFIERS))
def test_allowing_less_never_accepts_more(tree, allowed, removed):
    if READER.is_satisfied(written(tree), allowed - {removed}):
        assert READER.is_satisfied(written(tree), allowed)


@given(EXPRESSIONS)
def test_the_canonical_words_mean_the_same_and_are_stable(tree):
    canonical = READER.find_expression(written(tree))
    assert canonical
    assert READER.find_expression(canonical) == canonical


@pytest.mark.parametrize(
    "text",
    ["MIT", "mit OR apache-2.0", "GPL-2.0-only WITH Classpath-exception-2.0", "LicenseRef-X", "BSD", "MIT AND", "Apache 2.0", "MIT WITH MIT", "NONE", "(MIT"],
)
def test_what_is_an_expression_is_the_same_for_the_packaging_library(text):
    try:
        canonicalize_license_expression(text)
        valid = True
    except InvalidLicenseExpression:
        valid = False
    assert bool(READER.find_expression(text)) is valid


# Versions and ranges: disjoint intervals against plain comparison.


@given(VERSIONS, VERSIONS)
def test_pypi_versions_order_as_packaging_orders_them(first, second):
    assert (find_version("PyPI", first) < find_version("PyPI", second)) is (Version(first) < Version(second))


BOUNDS = st.lists(VERSIONS, min_size=2, max_size=8, unique_by=Version).map(lambda found: sorted(found, key=Version))


@given(BOUNDS, VERSIONS, st.randoms(use_true_random=False))
def test_disjoint_intervals_are_evaluated_like_intervals(bounds, version, random):
    pairs = list(zip(bounds[::2], bounds[1::2], strict=False))
    events = [event for start, end in pairs for event in (("introduced", start), ("fixed", end))]
    random.shuffle(events)
    inside = any(Version(start) <= Version(version) < Version(end) for start, end in pairs)
    assert is_in_range("PyPI", Version(version), events) is inside


@given(BOUNDS, VERSIONS)
def test_the_last_affected_version_is_inside(bounds, version):
    events = [("introduced", bounds[0]), ("last_affected", bounds[-1])]
    assert is_in_range("PyPI", Version(version), events) is (Version(bounds[0]) <= Version(version) <= Version(bounds[-1]))


@given(BOUNDS, VERSIONS)
def test_a_further_range_never_makes_a_version_unaffected(bounds, version):
    from lotmark.supply._dump import OsvAffected, OsvPackage, OsvRange

    def part(count):
        ranges = [OsvRange("ECOSYSTEM", [{"introduced": start}, {"fixed": end}]) for start, end in itertools.pairwise(bounds)]
        return OsvAffected(OsvPackage("PyPI", "a"), ranges[:count])

    if is_affected("PyPI", version, part(1)):
        assert is_affected("PyPI", version, part(len(bounds)))


# Lock files: what is written in any layout is read back, and agrees with packaging.

PINS = st.dictionaries(NAMES, VERSIONS, min_size=1, max_size=6)
LAYOUTS = [
    "{pin} {hash}",
    "{pin} \\\n    {hash}",
    "{pin} \\\n  {hash} \\\n  --hash=sha384:" + "0" * 96,
    "  {pin} {hash}   # why",
    "# note\n{pin} {hash}\n    # via x",
    '{pin} ; python_version > "3" {hash}',
]


@given(PINS, st.data())
def test_pins_are_read_in_every_layout(pins, data):
    lines = [data.draw(st.sampled_from(LAYOUTS)).format(pin=f"{name}=={version}", hash=f"--hash=sha256:{hex_of(name)}") for name, version in pins.items()]
    reading = read_pip(Source("requirements.txt", ("\n".join(lines) + "\n").encode(), lambda _: b"", Markers("3.11.7")))
    assert not reading.findings
    expected = {(canonicalize_name(name), str(Version(version))) for name, version in pins.items()}
    assert {(pin.name, pin.version) for pin in reading.pins} == expected
    assert all(("sha256", digits) in pin.hashes for pin, digits in zip(reading.pins, map(hex_of, pins), strict=True))


@given(st.from_regex(r"\A[a-z]{1,3}(\[[a-z]\])?(==|>=|~=|===|!=|<)?[0-9]?(\.[0-9*])?( ; python_version > '3')?\Z"))
def test_only_exact_pins_are_taken(text):
    reading = read_pip(Source("requirements.txt", f"{text} --hash=sha256:{hex_of('x')}".encode(), lambda _: b"", Markers("3.11.7")))
    try:
        requirement = Requirement(text)
        exact = len(requirement.specifier) == 1 and all(each.operator in ("==", "===") and "*" not in each.version for each in requirement.specifier)
        # `===` takes any text, the empty one too; a pin is a version.
        exact = exact and all(Version(each.version) for each in requirement.specifier)
    except ValueError:
        exact = False
    assert bool(reading.pins) is exact
    assert bool(reading.findings) is not exact


@given(st.dictionaries(NAMES, st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=8))
def test_an_npm_tree_is_read_whole(packages):
    integrity = "sha512-" + "A" * 86 + "=="
    tree = {f"node_modules/{name}": {"version": f"{major}.0.0", "integrity": integrity, "dev": dev} for name, (major, dev) in packages.items()}
    text = json.dumps({"lockfileVersion": 3, "packages": {"": {"dependencies": dict.fromkeys(packages, "*")}, **tree}})
    reading = read_npm(Source("package-lock.json", text.encode(), lambda _: b"", Markers(None)))
    assert not reading.findings
    assert {pin.name: (pin.version, pin.scope) for pin in reading.pins} == {
        name: (f"{major}.0.0", "test" if dev else "runtime") for name, (major, dev) in packages.items()
    }
    assert all(pin.direct for pin in reading.pins)


# The environment: as the interpreter's own library sees it.


def test_the_environment_is_what_importlib_sees():
    environment, findings = read_environment(Path(sys.executable))
    assert not findings
    site = [str(Path(each.path).parent) for each in environment.distributions]
    seen = {canonicalize_name(each.metadata["Name"]): each for each in importlib.metadata.distributions(path=sorted(set(site)))}
    assert {each.name: each.version for each in environment.distributions} == {name: each.version for name, each in seen.items()}
    for each in environment.distributions:
        assert each.licence_expression == (seen[each.name].metadata["License-Expression"] or "")
        assert list(each.classifiers) == [value for value in seen[each.name].metadata.get_all("Classifier", []) if value.startswith("License ::")]


# The SBOM: whatever the components are, it is valid.

COMPONENTS = st.lists(
    st.builds(
        lambda name, version, scope, licence, count: Component(
            f"pkg:pypi/{canonicalize_name(name)}@{version}",
            "PyPI",
            canonicalize_name(name),
            version,
            scope,
            tuple(sorted(("sha256", hex_of(f"{name}{index}")) for index in range(count))),
            Location("x"),
            licence,
            "lock" if licence else "",
            "allowed" if licence else "missing",
            None,
            count % 2 == 0,
            (),
        ),
        NAMES,
        VERSIONS,
        st.sampled_from(["runtime", "build", "test"]),
        st.sampled_from(["", "MIT", "MIT OR Apache-2.0", "LicenseRef-Ours", "GPL-2.0-only WITH Classpath-exception-2.0"]),
        st.integers(0, 3),
    ),
    max_size=5,
    unique_by=lambda component: component.purl,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(COMPONENTS)
def test_every_sbom_is_valid(components):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(format_sbom(PRODUCT, components, COMMITTED_AT).decode()) is None


# Fail closed: an accepted product, one thing broken.


def _append(name, text):
    return lambda world: (world.root / name).write_text((world.root / name).read_text() + text)


def _configure(section, **values):
    return lambda world: world.config[section].update(values)


BREAKAGES = {
    "the lock is gone": lambda world: (world.root / "requirements.txt").unlink(),
    "the lock is empty": lambda world: (world.root / "requirements.txt").write_text(""),
    "the lock is binary": lambda world: (world.root / "requirements.txt").write_bytes(b"\xff\x00"),
    "a line without hash": _append("requirements.txt", "b==1.0\n"),
    "a line without version": _append("requirements.txt", f"b --hash=sha256:{hex_of('b')}\n"),
    "a line from git": _append("requirements.txt", "git+https://example.org/b\n"),
    "a locked component that is not installed": _append("requirements.txt", f"b==1.0 --hash=sha256:{hex_of('b')}\n"),
    "a second version": _append("requirements.txt", f"a==2.0 --hash=sha256:{hex_of('a')}\n"),
    "no declaration": lambda world: world.config["locks"].clear(),
    "an undeclared lock": lambda world: world.write("package-lock.json", "{}"),
    "none beside locks": lambda world: world.config.update(none={"reason": "r", "owner": "o"}),
    "the environment is gone": lambda world: (world.venv / "pyvenv.cfg").unlink(),
    "another version installed": lambda world: (world.site / "a-1.0.dist-info" / "METADATA").write_text("Name: a\nVersion: 1.0.1\nLicense-Expression: MIT\n"),
    "installed twice": lambda world: world.install("a", "0.9"),
    "damaged metadata": lambda world: (world.site / "a-1.0.dist-info" / "METADATA").write_bytes(b"\xff"),
    "licence not stated": lambda world: (world.site / "a-1.0.dist-info" / "METADATA").write_text("Name: a\nVersion: 1.0\n"),
    "licence not allowed": _configure("licences", allow=["ISC"]),
    "licence policy is no SPDX": _configure("licences", allow=["MIT", "Permissive"]),
    "the dump is gone": lambda world: (world.root / "osv.jsonl").unlink(),
    "the dump changed": _append("osv.jsonl", "\n"),
    "the dump is old": _configure("vulnerabilities", retrieved="2026-01-01"),
    "the dump is from the future": _configure("vulnerabilities", retrieved="2027-01-01"),
    "the dump is empty": lambda world: world.dump([]),
    "the dump covers others": lambda world: world.dump([osv_record(ecosystem="npm")]),
    "the dump holds one bad record": lambda world: world.dump([osv_record(), {"summary": "no id"}]),
    "a vulnerability": lambda world: world.dump([osv_record("a")]),
    "a vulnerability of unknown extent": lambda world: world.dump([{"id": "X", "affected": [{"package": {"ecosystem": "PyPI", "name": "A"}}]}]),
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_each_breakage_refuses_an_accepted_product(tmp_path, breakage):
    world = World(tmp_path)
    world.require("a", "1.0")
    assert world.examine().accepted
    BREAKAGES[breakage](world)
    report = world.examine()
    assert not report.accepted
    assert all(finding.help for finding in report.findings)
    assert json.loads(report.sbom)["specVersion"] == "1.6"


def test_two_examinations_give_equal_reports(tmp_path):
    world = World(tmp_path)
    for name in ("b", "a", "c"):
        world.require(name, "1.0")
    first, second = world.examine(), world.examine()
    assert first == second
    assert hashlib.sha256(first.sbom).digest() == hashlib.sha256(second.sbom).digest()
