"""The SPDX document: valid by another implementation and its rules, the same bytes every time, and read back by our own reader."""

import json
from dataclasses import replace

import pytest

from fakes.locks import read
from fakes.supply_world import COMMITTED_AT, PRODUCT
from lotmark.base.findings import Location
from lotmark.supply._sbom import format_sbom
from lotmark.supply._sbom_spdx import format_spdx
from lotmark.supply.models import Component, RootComponent

pytestmark = pytest.mark.verifies("REQ-633", "RC-011", "HAZ-002")

A = Component(
    "pkg:pypi/a@1.0", "PyPI", "a", "1.0", "runtime", (("sha256", "0" * 64), ("sha512", "1" * 128)), Location("x"), "MIT OR Apache-2.0", "lock", "allowed", "1.0", True,
    ("pkg:npm/%40s/b@2.0.0", "pkg:pypi/elsewhere@1"), "A Makers",
)  # fmt: skip
B = replace(
    A, purl="pkg:npm/%40s/b@2.0.0", ecosystem="npm", name="@s/b", version="2.0.0", direct=False, requires=(), hashes=(("berry", "2" * 128),), supplier=""
)
GO = replace(
    A, purl="pkg:golang/x.org/y@v1.0.0", ecosystem="Go", name="x.org/Y", version="v1.0.0", scope="build", hashes=(("h1", "3" * 64),), licence="LicenseRef-Ours"
)
TEST = replace(A, purl="pkg:pypi/t@1", name="t", version="1", scope="test", licence="", licence_source="", licence_verdict="missing", requires=())
LOOKED_AT = replace(A, purl="pkg:pypi/e@1", name="e", version="1", licence="ISC", licence_source="exception", licence_verdict="excepted", requires=())
SOME = [A, B, GO, TEST, LOOKED_AT]


def document(components=SOME, product=PRODUCT):
    return json.loads(format_spdx(product, components, COMMITTED_AT))


@pytest.mark.parametrize("components", [[], [A], SOME], ids=["none", "one", "some"])
@pytest.mark.parametrize("product", [PRODUCT, RootComponent("pump", "Pump", "1.0", type="firmware")], ids=["application", "firmware"])
def test_the_tools_of_spdx_find_nothing_wrong(tmp_path, components, product):
    pytest.importorskip("spdx_tools")
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    path = tmp_path / "x.spdx.json"
    path.write_bytes(format_spdx(product, components, COMMITTED_AT))
    parsed = parse_file(str(path))
    assert validate_full_spdx_document(parsed, "SPDX-2.3") == []
    assert {package.name for package in parsed.packages} == {product.name, *(each.name for each in components)}


def test_our_own_reader_reads_the_same_components():
    reading = read("spdx", "x.spdx.json", {"x.spdx.json": format_spdx(PRODUCT, SOME, COMMITTED_AT)})
    assert {(pin.ecosystem, pin.version, pin.scope) for pin in reading.pins} == {(each.ecosystem, each.version, each.scope) for each in SOME}
    assert [pin.hashes for pin in reading.pins if pin.name == "a"] == [A.hashes]
    assert [(pin.licence, pin.supplier) for pin in reading.pins if pin.name == "a"] == [("MIT OR Apache-2.0", "A Makers")]
    assert [pin.licence for pin in reading.pins if pin.name == "e"] == ["ISC"]


def test_our_own_reader_reads_our_own_cyclonedx():
    reading = read("cyclonedx", "bom.json", {"bom.json": format_sbom(PRODUCT, SOME, COMMITTED_AT)})
    assert {(pin.ecosystem, pin.version, pin.scope) for pin in reading.pins} == {(each.ecosystem, each.version, each.scope) for each in SOME}
    assert [pin.supplier for pin in reading.pins if pin.name == "a"] == ["A Makers"]


def test_hashes_that_only_one_tool_knows_are_no_checksums():
    packages = {package["name"]: package for package in document()["packages"]}
    assert "checksums" not in packages["@s/b"]
    assert "checksums" not in packages["x.org/Y"]
    assert [each["algorithm"] for each in packages["a"]["checksums"]] == ["SHA256", "SHA512"]
    cyclonedx = {each["name"]: each for each in json.loads(format_sbom(PRODUCT, SOME, COMMITTED_AT))["components"]}
    assert {"name": "lotmark:hash:h1", "value": "3" * 64} in cyclonedx["Y"]["properties"]
    assert "hashes" not in cyclonedx["Y"]


def test_a_licence_that_a_person_declared_is_concluded_and_others_are_declared():
    packages = {package["name"]: package for package in document()["packages"]}
    assert (packages["e"]["licenseConcluded"], packages["e"]["licenseDeclared"]) == ("ISC", "NOASSERTION")
    assert (packages["a"]["licenseConcluded"], packages["a"]["licenseDeclared"]) == ("NOASSERTION", "MIT OR Apache-2.0")
    assert packages["t"]["licenseDeclared"] == "NOASSERTION"
    assert document()["hasExtractedLicensingInfos"][0]["licenseId"] == "LicenseRef-Ours"


def test_relationships_tell_what_each_component_is_for():
    ids = {package["SPDXID"]: package["name"] for package in document()["packages"]} | {"SPDXRef-DOCUMENT": "document"}
    told = [(ids[each["spdxElementId"]], each["relationshipType"], ids[each["relatedSpdxElement"]]) for each in document()["relationships"]]
    root = PRODUCT.name
    assert told[0] == ("document", "DESCRIBES", root)
    assert set(told[1:]) >= {
        (root, "DEPENDS_ON", "a"),
        ("a", "DEPENDS_ON", "@s/b"),
        ("x.org/Y", "BUILD_DEPENDENCY_OF", root),
        ("t", "TEST_DEPENDENCY_OF", root),
    }
    assert (root, "DEPENDS_ON", "@s/b") not in told


def test_the_same_components_give_the_same_bytes_and_others_another_namespace():
    assert format_spdx(PRODUCT, SOME, COMMITTED_AT) == format_spdx(PRODUCT, SOME, COMMITTED_AT)
    assert document()["documentNamespace"] != document([A])["documentNamespace"]
    assert document()["creationInfo"]["created"] == "2026-11-20T08:00:00Z"


def test_names_that_look_alike_keep_identifiers_apart():
    twins = [replace(A, purl=f"pkg:pypi/{name}@1", requires=()) for name in ("a-b", "a.b", "a_b", "a%20b")]
    assert len({package["SPDXID"] for package in document(twins)["packages"]}) == 5
