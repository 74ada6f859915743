"""The SBOM: valid by the CycloneDX 1.6 schema, read back by another implementation, the same bytes every time."""

import json
import re
from io import StringIO

import pytest

from fakes.supply_world import COMMITTED_AT, PRODUCT, World, hex_of
from lotmark.base.findings import Location
from lotmark.supply._sbom import format_sbom
from lotmark.supply.models import Component, RootComponent

pytestmark = pytest.mark.verifies("REQ-014", "RC-011", "HAZ-002")


validation = pytest.importorskip("cyclonedx.validation.json")


def check(sbom):
    """Refuse a document that the strict schema of CycloneDX 1.6 refuses."""
    from cyclonedx.schema import SchemaVersion

    error = validation.JsonStrictValidator(SchemaVersion.V1_6).validate_str(sbom.decode())
    assert error is None, error


def component(name="a", version="1.0", ecosystem="PyPI", **more):
    kind = "pypi" if ecosystem == "PyPI" else "npm"
    values = {
        "purl": f"pkg:{kind}/{name.replace('@', '%40')}@{version}",
        "ecosystem": ecosystem,
        "name": name,
        "version": version,
        "scope": "runtime",
        "hashes": (("sha256", hex_of(name)),),
        "location": Location("x"),
        "licence": "MIT",
        "licence_source": "lock",
        "licence_verdict": "allowed",
        "installed": version,
        "direct": True,
        "requires": (),
        **more,
    }
    return Component(**values)


COMPONENTS = [
    component("a", requires=("pkg:pypi/b@1.0", "pkg:pypi/elsewhere@1.0")),
    component("b", direct=False, scope="test", licence="MIT OR Apache-2.0", licence_source="exception", licence_verdict="excepted"),
    component(
        "c",
        hashes=(("sha256", "0" * 64), ("sha256", "1" * 64), ("sha512", "2" * 128), ("sha384", "3" * 96)),
        licence="",
        licence_source="",
        licence_verdict="missing",
    ),
    component("@scope/d", ecosystem="npm", hashes=(), licence="LicenseRef-Ours", scope="build"),
]


@pytest.mark.parametrize("components", [[], COMPONENTS], ids=["none", "some"])
@pytest.mark.parametrize("product", [PRODUCT, RootComponent("pump", "Pump", "1.0", type="firmware")], ids=["application", "firmware"])
def test_the_document_is_valid(product, components):
    check(format_sbom(product, components, COMMITTED_AT))


def test_another_implementation_reads_the_same_components():
    from cyclonedx.model.bom import Bom

    bom = Bom.from_json(json.loads(format_sbom(PRODUCT, COMPONENTS, COMMITTED_AT)))
    assert sorted(str(each.purl) for each in bom.components) == sorted(each.purl for each in COMPONENTS)
    assert (bom.metadata.component.name, bom.metadata.component.version) == ("qPCR caller", "2.1.0")
    assert bom.metadata.component.supplier.name == "Example Diagnostics"
    edges = {str(each.ref): sorted(str(target.ref) for target in each.dependencies) for each in bom.dependencies}
    assert edges["qpcr@2.1.0"] == ["pkg:npm/%40scope/d@1.0", "pkg:pypi/a@1.0", "pkg:pypi/c@1.0"]
    assert edges["pkg:pypi/a@1.0"] == ["pkg:pypi/b@1.0"]


def test_hashes_licences_and_scopes_stand_in_it():
    document = json.loads(format_sbom(PRODUCT, COMPONENTS, COMMITTED_AT))
    a, b, c, d = document["components"]
    assert a["hashes"] == [{"alg": "SHA-256", "content": hex_of("a")}]
    assert a["licenses"] == [{"expression": "MIT", "acknowledgement": "declared"}]
    assert b["licenses"][0]["acknowledgement"] == "concluded"
    assert [each.get("scope") for each in (a, b, c, d)] == ["required", "excluded", "required", "excluded"]
    assert "licenses" not in c
    assert [each["alg"] for each in c["hashes"]] == ["SHA-256", "SHA-256", "SHA-512", "SHA-384"]
    assert (d["group"], d["name"], "hashes" in d) == ("@scope", "d", False)
    assert document["metadata"]["timestamp"] == COMMITTED_AT


def test_the_same_components_give_the_same_bytes(tmp_path):
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        world = World(tmp_path / name)
        world.require("b", "1.0")
        world.require("a", "1.0")
        made.append(world.examine().sbom)
    assert made[0] == made[1]
    check(made[0])


def test_the_serial_number_follows_the_content():
    first, again, other = (json.loads(format_sbom(PRODUCT, each, COMMITTED_AT))["serialNumber"] for each in (COMPONENTS, COMPONENTS, COMPONENTS[:1]))
    assert first == again != other
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", first)


def test_the_bytes_are_the_form_in_which_predicates_are_written():
    sbom = format_sbom(PRODUCT, COMPONENTS, COMMITTED_AT)
    assert sbom == json.dumps(json.loads(StringIO(sbom.decode()).read()), sort_keys=True, separators=(",", ":")).encode()
