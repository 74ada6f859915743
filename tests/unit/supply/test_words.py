"""Package URLs, names, markers, licences and versions: each form in full, and what looks like one and is none."""

from datetime import date

import pytest

from lotmark.base.findings import Location
from lotmark.product.models import LicenceException, LicencePolicy
from lotmark.supply._licences import LicenceJudge, find_licence
from lotmark.supply._markers import Markers
from lotmark.supply._names import find_purl, format_purl, normalise_name, refers_to
from lotmark.supply._spdx import SpdxReader
from lotmark.supply._versions import find_version, is_in_range
from lotmark.supply.models import Distribution, Pin

pytestmark = pytest.mark.verifies("REQ-014", "RC-011", "HAZ-002")

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("ecosystem", "name", "expected"),
    [
        ("PyPI", "Flask", "flask"),
        ("PyPI", "a.b_c-d", "a-b-c-d"),
        ("PyPI", "a--b__c..d", "a-b-c-d"),
        ("PyPI", "a-_.b", "a-b"),
        ("npm", "@Scope/Name", "@Scope/Name"),
        ("npm", "a_b.c", "a_b.c"),
        ("crates.io", "Serde_json", "Serde_json"),
        ("Go", "github.com/BurntSushi/toml", "github.com/BurntSushi/toml"),
        ("Maven", "Org.Example:Artifact", "Org.Example:Artifact"),
        ("RubyGems", "RedCloth", "RedCloth"),
        ("ConanCenter", "OpenSSL", "openssl"),
        ("other", "generic/X", "generic/X"),
    ],
)
def test_a_name_is_normalised_as_its_registry_does(ecosystem, name, expected):
    assert normalise_name(ecosystem, name) == expected


@pytest.mark.parametrize(
    ("ecosystem", "name", "version", "purl"),
    [
        ("PyPI", "flask", "3.0.0", "pkg:pypi/flask@3.0.0"),
        ("PyPI", "flask", "", "pkg:pypi/flask"),
        ("PyPI", "a", "1!2+l", "pkg:pypi/a@1%212%2Bl"),
        ("npm", "@s/a", "1.0.0", "pkg:npm/%40s/a@1.0.0"),
        ("npm", "a", "1.0.0-rc.1", "pkg:npm/a@1.0.0-rc.1"),
        ("crates.io", "serde", "1.0", "pkg:cargo/serde@1.0"),
        ("Go", "github.com/BurntSushi/toml", "v1.3.2", "pkg:golang/github.com/burntsushi/toml@v1.3.2"),
        ("Maven", "org.example:tool", "1.0", "pkg:maven/org.example/tool@1.0"),
        ("RubyGems", "RedCloth", "4.3", "pkg:gem/RedCloth@4.3"),
        ("ConanCenter", "openssl", "3.2", "pkg:conan/openssl@3.2"),
        ("other", "generic/x", "1", "pkg:generic/x@1"),
        ("other", "github/o/r", "abc", "pkg:github/o/r@abc"),
        ("PyPI", "a b", "1 2", "pkg:pypi/a%20b@1%202"),
        ("npm", "a", "1:2~3", "pkg:npm/a@1:2~3"),
    ],
)
def test_a_package_url_is_written_and_read_back(ecosystem, name, version, purl):
    assert format_purl(ecosystem, name, version) == purl
    read = name.lower() if ecosystem == "Go" else name
    assert find_purl(purl) == (ecosystem, read, version)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("pkg:pypi/Flask@3.0", ("PyPI", "flask", "3.0")),
        ("PKG:PyPI/flask@3.0", ("PyPI", "flask", "3.0")),
        ("pkg:/pypi/flask", ("PyPI", "flask", "")),
        ("pkg://pypi/flask@1", ("PyPI", "flask", "1")),
        ("pkg:pypi/flask@1?arch=any#sub", ("PyPI", "flask", "1")),
        ("pkg:pypi/flask?vcs=a@b", ("PyPI", "flask", "")),
        ("pkg:pypi/flask#x@1", ("PyPI", "flask", "")),
        ("pkg:npm/@s/a", ("npm", "@s/a", "")),
        ("pkg:npm/@s/a@1", ("npm", "@s/a", "1")),
        ("pkg:npm/%40s%20x/a", ("npm", "@s x/a", "")),
        ("pkg:maven/g/a@1", ("Maven", "g:a", "1")),
        ("pkg:maven/a@1", ("other", "maven/a", "1")),
        ("pkg:maven/g/h/a@1", ("other", "maven/g/h/a", "1")),
        ("pkg:conan/user/openssl@3", ("ConanCenter", "openssl", "3")),
        ("pkg:deb/debian/gcc@12", ("other", "deb/debian/gcc", "12")),
        ("pkg:pypi//flask/", ("PyPI", "flask", "")),
        ("pkg:pypi", None),
        ("pkg:pypi/", None),
        ("pkg:", None),
        ("pkg", None),
        ("", None),
        ("pypi/flask", None),
        ("pkg:9x/flask", None),
        ("pkg:py pi/flask", None),
        ("pkg:pypi/a%2Fb", None),
        ("https://pypi/flask", None),
        ("pkg:pypi/?x", None),
    ],
)
def test_a_package_url_of_another_hand_is_read_or_is_none(text, found):
    assert find_purl(text) == found


@pytest.mark.parametrize(
    ("reference", "ecosystem", "name", "version", "refers"),
    [
        ("flask", "PyPI", "flask", "3.0", True),
        ("Flask", "PyPI", "flask", "3.0", True),
        ("flask@3.0", "PyPI", "flask", "3.0", True),
        ("flask@3.0.0", "PyPI", "flask", "3.0", False),
        ("flask@", "PyPI", "flask", "3.0", False),
        ("flas", "PyPI", "flask", "3.0", False),
        ("flask-ext", "PyPI", "flask", "3.0", False),
        ("pkg:pypi/flask", "PyPI", "flask", "3.0", True),
        ("pkg:pypi/flask@3.0", "PyPI", "flask", "3.0", True),
        ("pkg:pypi/flask@3", "PyPI", "flask", "3.0", False),
        ("pkg:npm/flask", "PyPI", "flask", "3.0", False),
        ("Flask", "npm", "flask", "3.0", False),
        ("", "PyPI", "flask", "3.0", False),
    ],
)
def test_what_an_exception_refers_to(reference, ecosystem, name, version, refers):
    assert refers_to(reference, ecosystem, name, version) is refers


@pytest.mark.parametrize(
    ("marker", "python", "holds"),
    [
        ("", "3.11.7", True),
        ("python_version >= '3.11'", "3.11.7", True),
        ("python_version >= '3.12'", "3.11.7", False),
        ("python_version >= '3.9'", "3.11.7", True),
        ("python_version < '3.10'", "3.9.18", True),
        ("python_full_version == '3.11.7'", "3.11.7", True),
        ("python_full_version < '3.11.7'", "3.11.7", False),
        ("implementation_version == '3.11.7'", "3.11.7", True),
        ("sys_platform == 'win32'", "3.11.7", False),
        ("sys_platform == 'win32' or python_version > '3'", "3.11.7", True),
        ("sys_platform == 'win32' and python_version > '3'", "3.11.7", False),
        ("extra == 'gpu'", "3.11.7", False),
        ("'gpu' in extras", "3.11.7", False),
        ("'dev' in dependency_groups", "3.11.7", False),
        ("'dev' not in dependency_groups", "3.11.7", True),
        ("sys_platform == 'win32'", None, True),
        ("python_version < '3'", None, True),
        ("extra == 'gpu'", None, True),
    ],
)
def test_a_marker_holds_for_the_declared_interpreter(marker, python, holds):
    markers = Markers(python)
    assert [markers.holds(marker) for _ in range(2)] == [holds, holds]


@pytest.mark.parametrize(
    ("expression", "allowed", "satisfied"),
    [
        ("MIT", {"MIT"}, True),
        ("MIT", set(), False),
        ("MIT OR GPL-3.0-only", {"MIT"}, True),
        ("GPL-3.0-only OR MIT", {"MIT"}, True),
        ("MIT AND GPL-3.0-only", {"MIT"}, False),
        ("MIT AND ISC", {"MIT", "ISC"}, True),
        ("(MIT OR GPL-3.0-only) AND ISC", {"MIT", "ISC"}, True),
        ("(MIT OR GPL-3.0-only) AND ISC", {"MIT"}, False),
        ("MIT OR (GPL-3.0-only AND ISC)", {"GPL-3.0-only", "ISC"}, True),
        ("MIT OR (GPL-3.0-only AND ISC)", {"ISC"}, False),
        ("Apache-2.0 WITH LLVM-exception", {"Apache-2.0"}, True),
        ("Apache-2.0 WITH LLVM-exception", {"Apache-2.0 WITH LLVM-exception"}, True),
        ("Apache-2.0", {"Apache-2.0 WITH LLVM-exception"}, False),
        ("Apache-2.0+", {"Apache-2.0"}, True),
        ("Apache-2.0", {"Apache-2.0+"}, False),
        ("GPL-2.0-or-later", {"GPL-2.0-only"}, False),
        ("LicenseRef-Ours", {"LicenseRef-Ours"}, True),
        ("LicenseRef-Ours", {"MIT"}, False),
        ("MIT-ish", {"MIT", "MIT-ish"}, False),
        ("", {"MIT"}, False),
    ],
)
def test_an_expression_is_satisfied_by_one_whole_branch(expression, allowed, satisfied):
    assert SpdxReader().is_satisfied(expression, allowed) is satisfied


def distribution(*, expression: str = "", licence: str = "", classifiers: tuple[str, ...] = ()) -> Distribution:
    return Distribution(name="flask", version="3.0", licence_expression=expression, licence=licence, classifiers=classifiers)


def pin(licence: str = "", ecosystem: str = "PyPI") -> Pin:
    return Pin(ecosystem=ecosystem, name="flask", version="3.0", hashes=(), location=Location("lock", 7), licence=licence)  # type: ignore[arg-type]


MIT = "License :: OSI Approved :: MIT License"
APACHE = "License :: OSI Approved :: Apache Software License"
OSI = "License :: OSI Approved"
ODD = "License :: Other/Proprietary License"


@pytest.mark.parametrize(
    ("lock", "installed", "found"),
    [
        ("MIT", None, ("MIT", "lock", "")),
        ("mit", distribution(expression="ISC"), ("MIT", "lock", "")),
        ("what", None, ("", "", "what")),
        ("", None, ("", "", "")),
        ("x" * 200, None, ("", "", "x" * 80)),
        ("what", distribution(expression="ISC"), ("ISC", "License-Expression", "")),
        ("", distribution(expression="ISC", classifiers=(MIT,)), ("ISC", "License-Expression", "")),
        ("", distribution(expression="not one", classifiers=(MIT,)), ("", "", "not one")),
        ("", distribution(classifiers=(MIT,), licence="ISC"), ("MIT", "classifiers", "")),
        ("", distribution(classifiers=(MIT, APACHE)), ("MIT AND Apache-2.0", "classifiers", "")),
        ("", distribution(classifiers=(OSI, MIT)), ("MIT", "classifiers", "")),
        ("", distribution(classifiers=(MIT, MIT)), ("MIT", "classifiers", "")),
        ("", distribution(classifiers=(MIT, ODD), licence="ISC"), ("ISC", "License", "")),
        ("", distribution(classifiers=(ODD,)), ("", "", ODD)),
        ("", distribution(licence="ISC"), ("ISC", "License", "")),
        ("", distribution(licence="Copyright\nall of it"), ("", "", "Copyright")),
        ("", distribution(licence="y" * 200), ("", "", "y" * 80)),
        ("", distribution(), ("", "", "")),
    ],
)
def test_where_a_licence_is_found(lock, installed, found):
    assert find_licence(pin(lock), installed, SpdxReader()) == found


def judge(policy: LicencePolicy, each: Pin, installed: Distribution | None = None):
    judged = LicenceJudge(policy, TODAY, lambda path: Location("lotmark.yaml", len(path)))
    return judged.judge(each, installed), judged


def exception(component: str = "flask", licence: str = "GPL-3.0-only", expires: str = "2026-11-23") -> LicenceException:
    return LicenceException(component=component, licence=licence, reason="r", owner="quinn", expires=expires)


@pytest.mark.parametrize(
    ("exceptions", "lock", "verdict", "codes"),
    [
        ([], "MIT", "allowed", []),
        ([], "GPL-3.0-only", "refused", ["031"]),
        ([], "what", "missing", []),
        ([exception()], "GPL-3.0-only", "excepted", []),
        ([exception(component="flask@3.0")], "GPL-3.0-only", "excepted", []),
        ([exception(component="pkg:pypi/flask")], "GPL-3.0-only", "excepted", []),
        ([exception(expires="2026-11-22")], "GPL-3.0-only", "refused", ["033", "031"]),
        ([exception(expires="2026-02-30")], "GPL-3.0-only", "refused", ["012", "031"]),
        ([exception(licence="what")], "GPL-3.0-only", "refused", ["032", "031"]),
        ([exception(licence="ISC")], "GPL-3.0-only", "refused", ["035", "031"]),
        ([exception(component="flask@2.0")], "GPL-3.0-only", "refused", ["031", "034"]),
        ([exception(component="jinja2")], "MIT", "allowed", ["034"]),
        ([exception(licence="ISC"), exception()], "GPL-3.0-only", "excepted", ["035"]),
        ([exception()], "", "excepted", []),
    ],
    ids=[
        "allowed", "not allowed", "not known", "excepted on the last day", "this version", "a package URL", "a day too late", "no day",
        "no licence", "another licence", "another version", "another component", "the second holds", "nothing stated",
    ],
)  # fmt: skip
def test_an_exception_holds_for_its_component_licence_and_days(exceptions, lock, verdict, codes):
    found, judged = judge(LicencePolicy(allow=["MIT"], exceptions=exceptions), pin(lock))
    judged.finish()
    assert found.verdict == verdict
    assert [finding.code for finding in judged.findings] == [f"LM-SUP-{code}" for code in codes]


@pytest.mark.parametrize(
    ("ecosystem", "version", "events", "affected"),
    [
        ("npm", "1.0.0", [("introduced", "0"), ("fixed", "1.0.0")], False),
        ("npm", "1.0.0-rc.1", [("introduced", "0"), ("fixed", "1.0.0")], True),
        ("npm", "0.9.9", [("introduced", "0"), ("fixed", "1.0.0")], True),
        ("npm", "1.0.0+build", [("introduced", "1.0.0")], True),
        ("crates.io", "1.2.3", [("introduced", "1.2.3"), ("last_affected", "1.2.3")], True),
        ("Go", "v1.2.3", [("introduced", "1.2.3")], True),
        ("Go", "1.2.2", [("introduced", "v1.2.3")], False),
        ("Maven", "1.0-SNAPSHOT", [("introduced", "0"), ("fixed", "1.0")], True),
        ("Maven", "1.0-sp", [("introduced", "0"), ("fixed", "1.0")], False),
        ("RubyGems", "1.0.a", [("introduced", "1.0")], False),
        ("RubyGems", "1.0.0", [("introduced", "1.0")], True),
        ("npm", "1.0.0", [("introduced", "x")], None),
        ("npm", "1.0.0", [("introduced", "0"), ("limit", "x")], None),
        ("npm", "1.0.0", [("introduced", "0"), ("limit", "0.5.0")], False),
        ("npm", "1.0.0", [("fixed", "1.0.0"), ("introduced", "0")], False),
        ("npm", "1.0.0", [("introduced", "1.0.0"), ("fixed", "1.0.0")], True),
        ("npm", "2.0.0", [("introduced", "0"), ("last_affected", "1.0.0"), ("introduced", "2.0.0")], True),
    ],
)
def test_a_range_is_judged_in_the_order_of_its_ecosystem(ecosystem, version, events, affected):
    assert is_in_range(ecosystem, find_version(ecosystem, version), events) is affected


@pytest.mark.parametrize(
    ("ecosystem", "text"),
    [
        ("npm", "1.0"), ("npm", "01.0.0"), ("npm", "1.0.0-"), ("npm", "latest"), ("npm", ""), ("crates.io", "1"), ("Go", "master"),
        ("PyPI", "1.0.x"), ("PyPI", ""), ("RubyGems", "1..0"), ("Maven", ""), ("ConanCenter", "1.0.0"), ("other", "1.0.0"),
    ],
)  # fmt: skip
def test_what_cannot_be_ordered_is_no_version(ecosystem, text):
    assert find_version(ecosystem, text) is None
