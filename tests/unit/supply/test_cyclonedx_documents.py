"""CycloneDX documents that somebody else made: each rule of what is read, case by case."""

import json

import pytest

from fakes.locks import hex256, read

pytestmark = pytest.mark.verifies("REQ-630", "RC-011", "HAZ-002")

SHA = hex256("a")


def component(name, version="1.0", /, **more):
    """A component with one strong hash; `more` replaces or adds fields."""
    made = {"type": "library", "name": name, "version": version, "bom-ref": f"ref-{name}", "hashes": [{"alg": "SHA-256", "content": SHA}]}
    return {**made, **more}


def document(*components, root="", dependencies=(), **more):
    """`dependencies`: pairs of a name and the names that it depends on."""
    tree = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": list(components), **more}
    if root:
        tree["metadata"] = {"component": {"type": "application", "name": root, "bom-ref": f"ref-{root}"}}
    tree["dependencies"] = [{"ref": f"ref-{name}", "dependsOn": [f"ref-{each}" for each in below]} for name, below in dependencies]
    return read("cyclonedx", "bom.json", {"bom.json": json.dumps(tree, indent=1)})


def pin(reading, name):
    (found,) = [each for each in reading.pins if each.name.rpartition("/")[2] == name]
    return found


def codes(reading):
    return [finding.code for finding in reading.findings]


@pytest.mark.parametrize(
    ("fields", "identity"),
    [
        ({}, ("other", "generic/curl", "1.0")),
        ({"group": "haxx"}, ("other", "generic/haxx/curl", "1.0")),
        ({"purl": "pkg:pypi/Requests@2.31.0"}, ("PyPI", "requests", "2.31.0")),
        ({"purl": "pkg:npm/%40babel/core@7.1.0"}, ("npm", "@babel/core", "7.1.0")),
        ({"purl": "pkg:cargo/serde"}, ("crates.io", "serde", "1.0")),
        ({"purl": "not a purl"}, ("other", "generic/curl", "1.0")),
        ({"purl": "pkg:pypi/requests@2.31.0", "group": "haxx"}, ("PyPI", "requests", "2.31.0")),
    ],
    ids=["name", "group", "purl", "scoped", "purl without version", "broken purl", "purl before group"],
)
def test_a_package_url_says_what_a_component_is_and_its_own_name_otherwise(fields, identity):
    (found,) = document(component("curl", **fields)).pins
    assert (found.ecosystem, found.name, found.version) == identity


@pytest.mark.parametrize("kind", ["cryptographic-asset", "data", "device", "machine-learning-model"])
def test_what_is_no_software_is_left_out_with_its_kind(kind):
    reading = document(component("probe", type=kind, hashes=[]), component("curl"))
    assert [(each.purl, each.reason) for each in reading.left_out] == [(f"{kind} probe", f"a {kind} is no software component")]
    assert [each.name for each in reading.pins] == ["generic/curl"]
    assert codes(reading) == []


@pytest.mark.parametrize("kind", ["library", "application", "framework", "firmware", "operating-system", "container", "file", "platform", "device-driver"])
def test_everything_else_is_software_and_counts(kind):
    assert [each.name for each in document(component("curl", type=kind)).pins] == ["generic/curl"]


@pytest.mark.parametrize(
    ("hashes", "said"),
    [
        ([], "curl 1.0 has no hash"),
        ([("SHA-1", "a" * 40)], "curl 1.0 has only a weak hash"),
        ([("MD5", "a" * 32)], "curl 1.0 has only a weak hash"),
        ([("SHA-256", "a" * 65)], "curl 1.0 has only a weak hash"),
        ([("SHA3-256", "a" * 64)], "curl 1.0 has only a weak hash"),
        ([("BLAKE3", "a" * 64)], "curl 1.0 has only a weak hash"),
    ],
    ids=["none", "SHA-1", "MD5", "a digit too many", "SHA-3", "BLAKE"],
)
def test_what_is_no_strong_hash_is_refused(hashes, said):
    reading = document(component("curl", hashes=[{"alg": name, "content": value} for name, value in hashes]))
    assert [(finding.code, finding.message) for finding in reading.findings] == [("LM-SUP-006", said)]


def test_every_strong_hash_is_kept_in_one_order_and_one_case():
    made = [{"alg": "SHA-512", "content": "B" * 128}, {"alg": "SHA-384", "content": "c" * 96}, {"alg": "SHA-256", "content": SHA}]
    assert document(component("curl", hashes=made)).pins[0].hashes == (("sha256", SHA), ("sha384", "c" * 96), ("sha512", "b" * 128))


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"bom-ref": "ref-curl"}, '"ref-curl"'),
        ({"bom-ref": "", "purl": "pkg:generic/curl"}, "pkg:generic/curl"),
        ({"bom-ref": ""}, '"curl"'),
    ],
    ids=["by its reference", "by its package URL", "by its name"],
)
def test_a_component_without_a_version_is_refused_where_it_stands(fields, found):
    made = component("curl", "", **fields)
    reading = document(made)
    assert codes(reading) == ["LM-SUP-005"]
    text = json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [made]}, indent=1).splitlines()
    assert found in text[reading.findings[0].location.line - 1]


def test_nested_components_count_like_the_others_in_the_order_of_the_document():
    reading = document(component("a", components=[component("b", components=[component("c")])]), component("d"))
    assert [each.name for each in reading.pins] == ["generic/a", "generic/b", "generic/c", "generic/d"]


def test_direct_is_what_the_product_names_and_the_rest_is_not():
    reading = document(component("curl"), component("zlib"), root="device", dependencies=[("device", ["curl"]), ("curl", ["zlib"])])
    assert {each.name: each.direct for each in reading.pins} == {"generic/curl": True, "generic/zlib": False}
    assert pin(reading, "curl").requires == (("generic/zlib", "1.0"),)


@pytest.mark.parametrize(
    ("root", "dependencies"),
    [("", []), ("device", []), ("device", [("device", [])]), ("device", [("device", ["gone"])]), ("", [("curl", ["zlib"])])],
    ids=["no product", "no dependencies", "the product needs nothing", "the product needs what is not listed", "no product named"],
)
def test_where_nothing_says_what_is_direct_everything_is(root, dependencies):
    reading = document(component("curl"), component("zlib"), root=root, dependencies=dependencies)
    assert [each.direct for each in reading.pins] == [True, True]


def test_what_another_ecosystem_needs_is_no_requirement_of_this_one():
    reading = document(component("curl"), component("requests", purl="pkg:pypi/requests@2.0"), dependencies=[("curl", ["requests"])])
    assert pin(reading, "curl").requires == ()


@pytest.mark.parametrize(
    ("scope", "properties", "found"),
    [
        ("", [], "runtime"),
        ("required", [], "runtime"),
        ("optional", [], "runtime"),
        ("excluded", [], "test"),
        ("excluded", [{"name": "lotmark:scope", "value": "build"}], "build"),
        ("required", [{"name": "lotmark:scope", "value": "test"}], "test"),
        ("excluded", [{"name": "lotmark:scope", "value": "elsewhere"}], "test"),
        ("", [{"name": "other:scope", "value": "test"}], "runtime"),
        ("excluded", [{"name": "lotmark:scope"}], "test"),
    ],
)
def test_the_scope_of_a_component(scope, properties, found):
    assert document(component("curl", scope=scope, properties=properties)).pins[0].scope == found


@pytest.mark.parametrize("version", ["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"])
def test_each_version_that_is_read(version):
    assert [each.name for each in document(component("curl"), specVersion=version).pins] == ["generic/curl"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"specVersion": "1.1"}, "bom.json has specVersion '1.1'; CycloneDX 1.2 to 1.7 is read"),
        ({"specVersion": "1.8"}, "bom.json has specVersion '1.8'; CycloneDX 1.2 to 1.7 is read"),
        ({"specVersion": ""}, "bom.json has specVersion ''; CycloneDX 1.2 to 1.7 is read"),
        ({"bomFormat": "cyclonedx"}, "bom.json has bomFormat 'cyclonedx'; CycloneDX 1.2 to 1.7 is read"),
    ],
)
def test_another_format_is_refused_by_name_and_nothing_of_it_counts(more, said):
    reading = document(component("curl"), **more)
    assert [(finding.code, finding.message) for finding in reading.findings] == [("LM-SUP-004", said)]
    assert (reading.pins, reading.files) == ([], [])
