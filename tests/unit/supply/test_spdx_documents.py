"""SPDX documents that somebody else made: each rule of what is read out of JSON and of tag-value, case by case."""

import json

import pytest

from fakes.locks import hex256, read

pytestmark = pytest.mark.verifies("REQ-630", "RC-011", "HAZ-002")

SHA = hex256("a")


def package(name, version="1.0", /, **more):
    """A package with one strong checksum; `more` replaces or adds fields."""
    made = {
        "name": name,
        "SPDXID": f"SPDXRef-{name}",
        "versionInfo": version,
        "checksums": [{"algorithm": "SHA256", "checksumValue": SHA}],
    }
    return {**made, **more}


def relation(element, kind, other):
    return {"spdxElementId": f"SPDXRef-{element}", "relationshipType": kind, "relatedSpdxElement": f"SPDXRef-{other}"}


def document(*packages, relations=(), describes=(), version="SPDX-2.3"):
    tree = {
        "spdxVersion": version,
        "documentDescribes": [f"SPDXRef-{name}" for name in describes],
        "packages": list(packages),
        "relationships": list(relations),
    }
    return read("spdx", "x.spdx.json", {"x.spdx.json": json.dumps(tree, indent=1)})


def tagged(*lines):
    text = "\n".join(("SPDXVersion: SPDX-2.3", *lines)) + "\n"
    return read("spdx", "x.spdx", {"x.spdx": text})


def pin(reading, name):
    (found,) = [each for each in reading.pins if each.name.rpartition("/")[2] == name]
    return found


def codes(reading):
    return [finding.code for finding in reading.findings]


# ---- identity


@pytest.mark.parametrize(
    ("references", "version", "identity"),
    [
        ([], "1.0", ("other", "generic/curl", "1.0")),
        ([("purl", "pkg:pypi/requests@2.31.0")], "1.0", ("PyPI", "requests", "2.31.0")),
        ([("purl", "pkg:pypi/requests")], "1.0", ("PyPI", "requests", "1.0")),
        ([("purl", "pkg:npm/left-pad@1.3.0")], "NOASSERTION", ("npm", "left-pad", "1.3.0")),
        ([("cpe23Type", "cpe:2.3:a:haxx:curl:8.8.0")], "1.0", ("other", "generic/curl", "1.0")),
        ([("purl", "no purl at all")], "1.0", ("other", "generic/curl", "1.0")),
        ([("cpe23Type", "x"), ("purl", "pkg:cargo/serde@1.0.1")], "1.0", ("crates.io", "serde", "1.0.1")),
    ],
    ids=["none", "purl wins", "purl without version", "version of the purl alone", "a cpe names nothing", "broken purl", "purl behind another"],
)
def test_a_package_url_says_what_a_package_is_and_its_own_name_otherwise(references, version, identity):
    made = [{"referenceType": kind, "referenceLocator": locator} for kind, locator in references]
    (found,) = document(package("curl", version, externalRefs=made)).pins
    assert (found.ecosystem, found.name, found.version) == identity


@pytest.mark.parametrize("version", ["", "NOASSERTION", "NONE"])
def test_a_package_without_a_version_is_refused_at_its_line(version):
    reading = document(package("curl", version), package("zlib"))
    assert codes(reading) == ["LM-SUP-005"]
    (finding,) = reading.findings
    assert finding.message == "curl has no version"
    assert finding.location.line == 7
    assert [each.name for each in reading.pins] == ["generic/zlib"]


# ---- checksums


@pytest.mark.parametrize(
    ("checksums", "said"),
    [
        ([], "curl 1.0 has no checksum"),
        ([("SHA1", "a" * 40)], "curl 1.0 has only a weak checksum"),
        ([("MD5", "a" * 32), ("SHA1", "a" * 40)], "curl 1.0 has only a weak checksum"),
        ([("SHA256", "a" * 63)], "curl 1.0 has only a weak checksum"),
        ([("SHA256", "g" * 64)], "curl 1.0 has only a weak checksum"),
        ([("SHA3-256", "a" * 64)], "curl 1.0 has only a weak checksum"),
    ],
    ids=["none", "SHA-1", "MD5 and SHA-1", "a digit short", "no hex digit", "another family"],
)
def test_what_is_no_strong_checksum_is_refused(checksums, said):
    reading = document(package("curl", checksums=[{"algorithm": name, "checksumValue": value} for name, value in checksums]))
    assert [(finding.code, finding.message) for finding in reading.findings] == [("LM-SUP-006", said)]
    assert [each.hashes for each in reading.pins] == [()]


def test_every_strong_checksum_is_kept_in_one_order_and_one_case():
    made = [
        {"algorithm": "SHA512", "checksumValue": "B" * 128},
        {"algorithm": "SHA1", "checksumValue": "c" * 40},
        {"algorithm": "SHA256", "checksumValue": SHA},
    ]
    assert document(package("curl", checksums=made)).pins[0].hashes == (("sha256", SHA), ("sha512", "b" * 128))


# ---- maker and licence


@pytest.mark.parametrize(
    ("fields", "maker"),
    [
        ({}, ""),
        ({"supplier": "Organization: Haxx"}, "Haxx"),
        ({"supplier": "Person: Daniel Stenberg (daniel@example.org)"}, "Daniel Stenberg (daniel@example.org)"),
        ({"supplier": "NOASSERTION", "originator": "Organization: Haxx"}, "Haxx"),
        ({"supplier": "Organization: Debian", "originator": "Organization: Haxx"}, "Debian"),
        ({"supplier": "Haxx: a company"}, "Haxx: a company"),
        ({"supplier": "NONE", "originator": "NONE"}, ""),
    ],
    ids=["unsaid", "organisation", "person", "originator instead", "supplier first", "no known kind", "none"],
)
def test_the_maker_of_a_package(fields, maker):
    assert document(package("curl", **fields)).pins[0].supplier == maker


@pytest.mark.parametrize(
    ("concluded", "declared", "licence"),
    [
        ("", "", ""),
        ("MIT", "Apache-2.0", "MIT"),
        ("NOASSERTION", "Apache-2.0", "Apache-2.0"),
        ("NONE", "NOASSERTION", ""),
        ("", "curl OR MIT", "curl OR MIT"),
    ],
)
def test_what_was_concluded_of_a_licence_goes_before_what_was_declared(concluded, declared, licence):
    assert document(package("curl", licenseConcluded=concluded, licenseDeclared=declared)).pins[0].licence == licence


# ---- relationships


def test_the_product_itself_is_left_out_and_what_it_depends_on_is_direct():
    reading = document(
        package("device"),
        package("curl"),
        package("zlib"),
        describes=["device"],
        relations=[relation("device", "DEPENDS_ON", "curl"), relation("curl", "DEPENDS_ON", "zlib")],
    )
    assert [(each.purl, each.reason) for each in reading.left_out] == [("device 1.0", "it is what the document describes: the product itself")]
    assert {each.name: each.direct for each in reading.pins} == {"generic/curl": True, "generic/zlib": False}
    assert pin(reading, "curl").requires == (("generic/zlib", "1.0"),)


def test_without_a_product_every_package_is_direct():
    reading = document(package("curl"), package("zlib"), relations=[relation("curl", "DEPENDS_ON", "zlib")])
    assert [each.direct for each in reading.pins] == [True, True]


@pytest.mark.parametrize(
    ("relations", "scope"),
    [
        ([], "runtime"),
        ([relation("tool", "BUILD_TOOL_OF", "device")], "build"),
        ([relation("tool", "TEST_DEPENDENCY_OF", "device")], "test"),
        ([relation("tool", "DEPENDENCY_OF", "device")], "runtime"),
        ([relation("tool", "TEST_TOOL_OF", "device"), relation("device", "DEPENDS_ON", "tool")], "runtime"),
        ([relation("device", "DEPENDS_ON", "tool"), relation("tool", "TEST_TOOL_OF", "device")], "runtime"),
        ([relation("tool", "DESCENDANT_OF", "device")], "runtime"),
    ],
    ids=["unsaid", "build", "test", "runtime", "test and runtime", "runtime and test", "says no scope"],
)
def test_a_package_needed_at_run_time_is_of_that_scope_whatever_else_needs_it(relations, scope):
    assert pin(document(package("device"), package("tool"), describes=["device"], relations=relations), "tool").scope == scope


def test_a_relationship_to_what_is_not_listed_names_no_requirement():
    reading = document(package("curl"), package("zlib"), relations=[relation("curl", "DEPENDS_ON", "gone")])
    assert pin(reading, "curl").requires == ()
    assert codes(reading) == []


# ---- the document


@pytest.mark.parametrize("version", ["", "SPDX-2.1", "SPDX-2.4", "spdx-2.3", "SPDX-3.0"])
def test_another_version_of_the_format_is_refused(version):
    reading = document(package("curl"), version=version)
    assert codes(reading) == ["LM-SUP-004"]
    assert repr(version) in reading.findings[0].message
    assert (reading.pins, reading.files) == ([], [])


def test_both_read_versions_read_alike():
    first, second = document(package("curl"), version="SPDX-2.2"), document(package("curl"), version="SPDX-2.3")
    assert first.pins == second.pins != []


# ---- tag-value


CURL = ("PackageName: curl", "SPDXID: SPDXRef-curl", "PackageVersion: 8.8.0", f"PackageChecksum: SHA256: {SHA}")


def test_tags_and_json_say_the_same():
    made = package("curl", "8.8.0", supplier="Organization: Haxx", licenseDeclared="curl")
    (ours,) = tagged(*CURL, "PackageSupplier: Organization: Haxx", "PackageLicenseDeclared: curl").pins
    (theirs,) = document(made).pins
    assert (ours.name, ours.version, ours.hashes, ours.supplier, ours.licence) == (theirs.name, theirs.version, theirs.hashes, theirs.supplier, theirs.licence)


@pytest.mark.parametrize(
    ("more", "versions"),
    [
        (("# PackageVersion: 9",), ["8.8.0"]),
        (("",), ["8.8.0"]),
        (("PackageComment: <text>one", "PackageVersion: 9", "end</text>"), ["8.8.0"]),
        (("PackageComment: <text>one</text>", "PackageVersion: 9"), ["9"]),
        (("FileName: ./a.c", "SPDXID: SPDXRef-a", "PackageVersion: 9"), ["8.8.0"]),
        (("PackageName: zlib", "PackageVersion: 1.3"), ["8.8.0", "1.3"]),
        (("ExternalRef: PACKAGE-MANAGER purl pkg:pypi/requests@2.0",), ["2.0"]),
        (("ExternalRef: PACKAGE-MANAGER purl",), ["8.8.0"]),
    ],
    ids=["comment", "empty line", "inside a long text", "after a short text", "tags of a file", "the next package", "purl", "reference cut short"],
)
def test_a_tag_counts_where_it_stands(more, versions):
    assert [each.version for each in tagged(*CURL, *more).pins] == versions


def test_a_line_that_is_no_tag_is_refused_at_its_number_and_nothing_after_it_counts():
    reading = tagged(*CURL, "no tag here", "PackageName: zlib", "PackageVersion: 1.3")
    assert [(finding.code, finding.location.line) for finding in reading.findings] == [("LM-SUP-004", 6)]
    assert "`Tag: value`" in reading.findings[0].message


def test_a_tagged_relationship_with_too_few_words_says_nothing():
    reading = tagged(
        *CURL, "PackageName: zlib", "SPDXID: SPDXRef-zlib", "PackageVersion: 1.3", f"PackageChecksum: SHA256: {SHA}", "Relationship: SPDXRef-curl DEPENDS_ON"
    )
    assert pin(reading, "curl").requires == ()
