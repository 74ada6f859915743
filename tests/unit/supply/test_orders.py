"""Order of Maven and RubyGems versions, and what is said where no order is known."""

import itertools

import pytest

from fakes.supply_world import osv_record
from lotmark.supply._dump import OsvAffected, OsvPackage, OsvRange
from lotmark.supply._matching import AFFECTED, judge_version
from lotmark.supply._orders import find_gem, find_maven
from lotmark.supply._versions import find_version

pytestmark = pytest.mark.verifies("REQ-631", "RC-011", "HAZ-002")

# Rows as `java -jar maven-artifact-3.8.7.jar` (ComparableVersion) prints them, and as Gem::Version of RubyGems 3.5 orders them.
MAVEN = [
    "1-alpha2", "1-alpha-3", "1-b1", "1-beta-2", "1-milestone-1", "1-rc", "1-cr2", "1-SNAPSHOT", "1", "1-sp", "1-abc", "1-jre", "1-1", "1.0.1-alpha", "1.0.1",
    "1.2", "1.10", "2-rc1", "2.0.0", "10",
]  # fmt: skip
MAVEN_EQUAL = [
    ("1", "1.0"),
    ("1", "1.0.0-final"),
    ("1", "1-ga"),
    ("1.0.RELEASE", "1"),
    ("1-rc", "1-cr"),
    ("1a1", "1-alpha-1"),
    ("1.0X1", "1-x-1"),
    ("1-0", "1"),
]
GEM = ["0.9", "1.0.a", "1.0.a.1", "1.0.a.2", "1.0.b1", "1.0.rc1", "1.0", "1.0.1.pre", "1.0.1", "1.2", "1.10.0", "2.0.0.beta", "2"]
GEM_EQUAL = [("1", "1.0.0"), ("1.0.a", "1.a"), ("1.0-1", "1.0.pre.1"), ("1.0.a.0", "1.0.a")]


@pytest.mark.parametrize(("find", "ordered"), [(find_maven, MAVEN), (find_gem, GEM)], ids=["Maven", "RubyGems"])
def test_versions_order_as_their_own_tool_orders_them(find, ordered):
    for first, second in itertools.combinations(ordered, 2):
        assert find(first) < find(second), (first, second)
        assert find(second) > find(first)
        assert find(first) != find(second)


@pytest.mark.parametrize(("find", "pair"), [*((find_maven, pair) for pair in MAVEN_EQUAL), *((find_gem, pair) for pair in GEM_EQUAL)])
def test_versions_that_mean_the_same_are_equal(find, pair):
    first, second = map(find, pair)
    assert first == second
    assert first <= second
    assert first >= second


@pytest.mark.parametrize("text", ["", "a" * 257])
def test_what_is_no_maven_version_has_no_order(text):
    assert find_maven(text) is None


@pytest.mark.parametrize("text", ["", "x", "1..2", "1.0_1", "1." * 200 + "1"])
def test_what_is_no_gem_version_has_no_order(text):
    assert find_gem(text) is None


@pytest.mark.parametrize(
    ("ecosystem", "lower", "higher"),
    [
        ("PyPI", "1.0rc1", "1.0"),
        ("npm", "1.0.0-rc.1", "1.0.0"),
        ("crates.io", "0.9.10", "0.10.0"),
        ("Go", "v1.4.0", "1.4.1+incompatible"),
        ("Go", "v0.0.0-20190101000000-abcdefabcdef", "v0.1.0"),
        ("Maven", "2.17.0", "2.17.1"),
        ("RubyGems", "1.16.5", "1.16.10"),
    ],
)
def test_each_ecosystem_orders_by_its_own_rule(ecosystem, lower, higher):
    assert find_version(ecosystem, lower) < find_version(ecosystem, higher)


@pytest.mark.parametrize("ecosystem", ["ConanCenter", "other"])
def test_where_no_order_is_known_none_is_claimed(ecosystem):
    assert find_version(ecosystem, "1.0") is None


def affected(ecosystem, events=None, kind="ECOSYSTEM", versions=None):
    ranges = None if events is None else [OsvRange(kind, events)]
    return OsvAffected(OsvPackage(ecosystem, "x"), ranges, versions)


FIXED = [{"introduced": "0"}, {"fixed": "1.3.1"}]


@pytest.mark.parametrize(
    ("ecosystem", "version", "part", "verdict"),
    [
        ("Maven", "1.3.0", affected("Maven", FIXED), True),
        ("Maven", "1.3.1", affected("Maven", FIXED), False),
        ("RubyGems", "1.3.1.rc1", affected("RubyGems", FIXED), True),
        ("Go", "v1.3.0", affected("Go", FIXED, "SEMVER"), True),
        ("Go", "v1.3.1", affected("Go", FIXED, "SEMVER"), False),
        ("crates.io", "1.3.1", affected("crates.io", FIXED, "SEMVER"), False),
        ("ConanCenter", "1.3.0", affected("ConanCenter", FIXED, "SEMVER"), True),
        ("ConanCenter", "1.3.1", affected("ConanCenter", FIXED, "SEMVER"), False),
        ("ConanCenter", "1.3.0", affected("ConanCenter", FIXED), "cannot be ordered"),
        ("ConanCenter", "cci.2023", affected("ConanCenter", [{"introduced": "0"}]), True),
        ("ConanCenter", "1.3.0", affected("ConanCenter", FIXED, versions=["1.3.0"]), True),
        ("ConanCenter", "1.3.0", affected("ConanCenter", versions=["1.2.9"]), "cannot be compared"),
        ("npm", "not-semver", affected("npm", FIXED, "SEMVER"), "cannot be ordered"),
        ("npm", "not-semver", affected("npm", [{"introduced": "0"}, {"limit": "*"}], "SEMVER"), True),
        ("npm", "1.0.0", affected("npm", [{"introduced": "0"}, {"fixed": "soon"}], "SEMVER"), "cannot be ordered"),
        ("npm", "1.0.0", affected("npm"), "names no version"),
        ("npm", "1.0.0", affected("npm", FIXED, "GIT"), "names no version"),
        ("npm", "1.0.0", affected("npm", []), "where it begins and ends"),
        ("npm", "1.0.0", affected("npm", [{"fixed": "2.0.0"}], "SEMVER"), "where it begins and ends"),
        ("npm", "1.0.0", affected("npm", [{"introducd": "0"}], "SEMVER"), "where it begins and ends"),
        ("npm", "1.0.0", affected("npm", [{"introduced": "0"}, {"fixd": "0.9.0"}], "SEMVER"), "where it begins and ends"),
        ("npm", "1.0.0", affected("npm", [], versions=["1.0.0"]), True),
    ],
)
def test_what_a_record_says_of_a_version(ecosystem, version, part, verdict):
    told = judge_version(ecosystem, version, part)
    if isinstance(verdict, str):
        assert verdict in told
    else:
        assert told == (AFFECTED if verdict else "")


def test_what_cannot_be_ordered_was_not_evaluated_and_refuses(world):
    world.require("a", "1.0")
    world.dump([osv_record("a", events=[{"introduced": "0"}, {"fixed": "soon"}])])
    report = world.examine()
    (finding,) = report.findings
    assert finding.code == "LM-SUP-049"
    assert "was not evaluated" in finding.message
    assert "cannot be ordered" in finding.message
    assert not report.dump.evaluated
    assert report.vulnerabilities == ()
    assert not report.accepted


def test_a_person_may_tell_what_cannot_be_ordered(world):
    world.require("a", "1.0")
    world.dump([osv_record("a", identifier="CVE-1", events=[{"introduced": "0"}, {"fixed": "soon"}])])
    exception = {"id": "CVE-1", "component": "a", "justification": "vulnerable_code_not_present", "reason": "read", "owner": "dana", "expires": "2027-01-01"}
    world.config["vulnerabilities"]["exceptions"] = [exception]
    report = world.examine()
    assert report.accepted
    assert report.dump.evaluated
    assert [each.state for each in report.vulnerabilities] == ["not_affected"]


def test_one_part_of_a_record_that_is_clear_settles_it(world):
    world.require("a", "1.0")
    record = osv_record("a", events=[{"introduced": "0"}, {"fixed": "soon"}])
    record["affected"].append({"package": {"ecosystem": "PyPI", "name": "a"}, "versions": ["1.0"]})
    world.dump([record])
    assert world.codes() == ["LM-SUP-046"]
