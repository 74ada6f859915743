"""Matching components against OSV records, exceptions, age and coverage; in doubt a component is affected."""

import json
from datetime import date

import pytest

from fakes.supply_world import TODAY, messages, osv_record
from lotmark.base.findings import Severity
from lotmark.supply._dump import OsvAffected, OsvPackage, OsvRange
from lotmark.supply._matching import is_affected

pytestmark = pytest.mark.verifies("REQ-014", "RC-011", "HAZ-002")


CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
LOW = "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N"
V4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"


def world_with(world, *records, version="1.0"):
    world.require("Flask-Login", version)
    world.dump([osv_record(), *records])
    return world


def vulnerable(**more):
    return osv_record("flask_login", identifier="GHSA-1", events=[{"introduced": "0"}, {"fixed": "1.2"}], aliases=["CVE-1"], summary="It breaks", **more)


def test_an_affected_component_refuses_the_product(world):
    report = world_with(world, vulnerable(severity=[{"type": "CVSS_V3", "score": CRITICAL}])).examine()
    assert messages(report, "LM-SUP-046") == ["flask-login 1.0 has the critical vulnerability GHSA-1; fixed in 1.2"]
    (found,) = report.vulnerabilities
    assert (found.id, found.aliases, found.component, found.severity, found.score, found.vector) == (
        "GHSA-1",
        ("CVE-1",),
        "pkg:pypi/flask-login@1.0",
        "critical",
        9.8,
        CRITICAL,
    )
    assert (found.fixed, found.state, found.summary) == (("1.2",), "affected", "It breaks")
    assert report.dump.evaluated
    assert report.dump.records == 2
    assert report.dump.ecosystems == ("PyPI",)


def test_the_fixed_version_is_not_affected(world):
    report = world_with(world, vulnerable(), version="1.2").examine()
    assert report.accepted
    assert report.vulnerabilities == ()


def test_a_withdrawn_record_does_not_count(world):
    assert world_with(world, vulnerable(withdrawn="2026-01-01T00:00:00Z")).codes() == []


def test_other_names_and_ecosystems_do_not_count(world):
    git_only = {"id": "X", "affected": [{"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]}]}
    records = [osv_record("flask"), osv_record("flask-login", ecosystem="npm"), osv_record("flask-login", ecosystem="Debian:12"), git_only]
    report = world_with(world, *records).examine()
    assert report.accepted
    assert report.dump.ecosystems == ("Debian", "PyPI", "npm")


def test_a_record_that_lists_the_package_twice_is_one_vulnerability(world):
    record = vulnerable()
    record["affected"].append({**record["affected"][0], "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0.5"}, {"fixed": "1.1"}]}]})
    (found,) = world_with(world, record).examine().vulnerabilities
    assert found.fixed == ("1.1", "1.2")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"severity": [{"type": "CVSS_V3", "score": LOW}]}, ("low", 3.1, LOW)),
        ({"severity": [{"type": "CVSS_V3", "score": LOW}, {"type": "CVSS_V3", "score": CRITICAL}]}, ("critical", 9.8, CRITICAL)),
        ({"severity": [{"type": "CVSS_V4", "score": V4}, {"type": "CVSS_V3", "score": LOW}]}, ("low", 3.1, LOW)),
        ({"severity": [{"type": "CVSS_V4", "score": V4}]}, ("high", None, V4)),
        ({"severity": [{"type": "CVSS_V4", "score": V4}], "database_specific": {"severity": "MODERATE"}}, ("medium", None, V4)),
        ({"database_specific": {"severity": "CRITICAL"}}, ("critical", None, "")),
        ({"database_specific": {"severity": "LOW"}, "severity": [{"type": "CVSS_V3", "score": "broken"}]}, ("low", None, "broken")),
        ({"database_specific": {"severity": 3}}, ("high", None, "")),
        ({"database_specific": ["severity"]}, ("high", None, "")),
        ({"severity": [{"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:P/I:P/A:P"}]}, ("high", None, "AV:N/AC:L/Au:N/C:P/I:P/A:P")),
        ({}, ("high", None, "")),
    ],
)
def test_the_severity_is_the_worst_that_is_known_and_high_when_nothing_is(world, more, expected):
    (found,) = world_with(world, vulnerable(**more)).examine().vulnerabilities
    assert (found.severity, found.score, found.vector) == expected


def test_a_severity_of_the_package_counts_too(world):
    record = vulnerable(severity=[{"type": "CVSS_V3", "score": LOW}])
    record["affected"][0]["severity"] = [{"type": "CVSS_V3", "score": CRITICAL}]
    assert world_with(world, record).examine().vulnerabilities[0].score == 9.8


def affected(ranges=(), versions=(), ecosystem="PyPI"):
    made = [OsvRange(kind, [dict([event]) for event in events]) for kind, events in ranges]
    return OsvAffected(OsvPackage(ecosystem, "a"), made, list(versions))


GIT = ("GIT", [("introduced", "0"), ("fixed", "0a1b2c")])


@pytest.mark.parametrize(
    ("version", "part", "expected"),
    [
        ("1.0", affected(versions=["1.0"]), True),
        ("1.0", affected(versions=["1.0.0"]), True),
        ("1.0", affected(versions=["1.1", "not.pep440!"]), False),
        ("1.0", affected([GIT], ["1.1"]), False),
        ("1.0", affected([("ECOSYSTEM", [("introduced", "2")])], ["1.0"]), True),
        ("1.0", affected(), True),
        ("1.0", affected([GIT]), True),
        ("not a version", affected(versions=["1.1"]), True),
        ("1.0", affected([("ECOSYSTEM", [("introduced", "nonsense!")])]), True),
        ("1.0", OsvAffected(OsvPackage("PyPI", "a")), True),
    ],
    ids=[
        "listed",
        "listed in other words",
        "not listed",
        "git range and not listed",
        "listed beside a range",
        "says nothing",
        "only git",
        "own version unknown",
        "event unknown",
        "absent",
    ],
)
def test_in_doubt_it_is_affected(version, part, expected):
    assert is_affected("PyPI", version, part) is expected


def test_npm_versions_are_ordered_by_semver():
    part = affected([("SEMVER", [("introduced", "1.0.0"), ("fixed", "1.10.0")])], ecosystem="npm")
    assert is_affected("npm", "1.9.0", part)
    assert is_affected("npm", "1.10.0-rc.1", part)
    assert not is_affected("npm", "1.10.0", part)


def exception(world, **more):
    entry = {
        "id": "GHSA-1",
        "component": "flask-login",
        "justification": "vulnerable_code_not_in_execute_path",
        "reason": "the cookie path is not used",
        "owner": "dana",
        "expires": "2027-01-31",
        **more,
    }
    world.config["vulnerabilities"]["exceptions"].append(entry)


@pytest.mark.parametrize("more", [{}, {"id": "CVE-1"}, {"component": "Flask_Login@1.0"}, {"component": "pkg:pypi/flask-login@1.0"}, {"expires": str(TODAY)}])
def test_an_exception_in_force_is_recorded_as_vex(world, more):
    exception(world_with(world, vulnerable()), **more)
    report = world.examine()
    assert not report.findings
    (found,) = report.vulnerabilities
    assert (found.state, found.justification, found.owner, found.reason) == (
        "not_affected",
        "vulnerable_code_not_in_execute_path",
        "dana",
        "the cookie path is not used",
    )


def test_an_expired_exception_does_not_hold(world):
    exception(world_with(world, vulnerable()), expires="2026-11-22")
    report = world.examine()
    assert [finding.code for finding in report.findings] == ["LM-SUP-047", "LM-SUP-046"]
    assert report.vulnerabilities[0].state == "affected"


@pytest.mark.parametrize("more", [{"id": "GHSA-2"}, {"component": "flask"}, {"component": "flask-login@2.0"}])
def test_an_exception_that_concerns_nothing_is_a_warning(world, more):
    exception(world_with(world, vulnerable()), **more)
    report = world.examine()
    assert [(finding.code, finding.severity) for finding in report.findings] == [("LM-SUP-046", Severity.ERROR), ("LM-SUP-034", Severity.WARNING)]


def test_an_exception_with_a_day_that_does_not_exist_never_holds(world):
    exception(world_with(world, vulnerable()), expires="2026-02-30")
    assert world.codes() == ["LM-SUP-046", "LM-SUP-012"]


def test_exceptions_are_not_called_idle_while_nothing_was_evaluated(world):
    exception(world_with(world, vulnerable()))
    (world.root / "osv.jsonl").unlink()
    assert [finding.code for finding in world.examine().findings] == ["LM-SUP-040"]


@pytest.mark.parametrize(
    ("retrieved", "codes"),
    [
        ("2026-11-23", []),
        ("2026-10-24", []),
        ("2026-10-23", ["LM-SUP-044"]),
        ("2026-11-24", ["LM-SUP-044"]),
        ("2026-00-01", ["LM-SUP-012"]),
    ],
    ids=["today", "the last day", "too old", "in the future", "no day"],
)
def test_the_age_of_the_dump(world, retrieved, codes):
    world_with(world).config["vulnerabilities"]["retrieved"] = retrieved
    report = world.examine()
    assert [finding.code for finding in report.findings] == codes
    assert report.dump.evaluated is not bool(codes)


def test_the_allowed_age_is_the_declared_one(world):
    world_with(world).config["vulnerabilities"]["max-age-days"] = 2
    assert world.codes() == ["LM-SUP-044"]
    assert world.codes(today=date(2026, 11, 22)) == []


def test_an_ecosystem_that_the_dump_does_not_cover_is_not_evaluated(world):
    world.require("a", "1.0")
    world.dump([osv_record(ecosystem="npm")])
    report = world.examine()
    assert messages(report, "LM-SUP-045") == ["the dump holds no record of PyPI; 1 components were not evaluated: a 1.0"]
    assert not report.dump.evaluated


def test_a_component_of_npm_is_matched_by_its_exact_name(world):
    package = {"version": "1.9.0", "resolved": "https://r/a.tgz", "integrity": "sha512-" + "A" * 86 + "==", "license": "MIT"}
    world.lock("package-lock.json", json.dumps({"lockfileVersion": 3, "packages": {"": {}, "node_modules/@s/a": package}}))
    world.dump([osv_record("@s/a", ecosystem="npm", identifier="N-1", events=[{"introduced": "1.0.0"}, {"last_affected": "1.9.0"}])])
    report = world.examine(python=None)
    assert messages(report, "LM-SUP-046") == ["@s/a 1.9.0 has the high vulnerability N-1; no fixed version is known"]
    assert report.vulnerabilities[0].component == "pkg:npm/%40s/a@1.9.0"
