"""VEX documents and the catalogue of exploited vulnerabilities as inputs of the judgement."""

import hashlib
import json

import pytest

from fakes.supply_world import PRODUCT, messages, osv_record
from lotmark.base.findings import Severity
from lotmark.product.models import VexFile
from lotmark.supply._vex import read_vex

pytestmark = pytest.mark.verifies("REQ-631", "RC-011", "HAZ-002")

A = "pkg:pypi/a@1.0"
OPENVEX = "https://openvex.dev/ns/v0.2.0"


def statement(status="not_affected", **more):
    entry = {"vulnerability": {"name": "GHSA-1", "aliases": ["CVE-1"]}, "products": [{"@id": A}], "status": status}
    return {**entry, "justification": "vulnerable_code_not_present", **more}


def openvex(*statements):
    return {
        "@context": OPENVEX,
        "@id": "https://example.org/vex/1",
        "author": "Example",
        "timestamp": "2026-11-01T00:00:00Z",
        "version": 1,
        "statements": statements,
    }


def cyclonedx(state="not_affected", ref=A, product="qPCR caller", version="2.1.0", **more):
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "metadata": {"component": {"type": "application", "name": product, "version": version, "bom-ref": "root"}},
        "components": [{"type": "library", "name": "a", "version": "1.0", "bom-ref": "ref-a", "purl": A + "?x=y"}],
        "vulnerabilities": [{"id": "CVE-1", "analysis": {"state": state, "justification": "code_not_reachable", **more}, "affects": [{"ref": ref}]}],
    }


@pytest.fixture
def told(world):
    """Examine a product with one vulnerable component under the given documents."""
    world.require("a", "1.0")
    world.dump([osv_record("a", identifier="GHSA-1", aliases=["CVE-1"])])

    def judge(*documents, expires="2027-01-31"):
        declared = []
        for index, document in enumerate(documents):
            world.write(f"vex/{index}.json", json.dumps(document) if not isinstance(document, bytes) else document)
            declared.append({"path": f"vex/{index}.json", "owner": "dana", "expires": expires})
        world.config["vulnerabilities"]["vex"] = declared
        return world.examine()

    return judge


HOLDING = {
    "a component": openvex(statement()),
    "by alias": openvex(statement(vulnerability={"name": "CVE-1"})),
    "the older form": openvex(statement(vulnerability="CVE-1", products=[A])),
    "with qualifiers": openvex(statement(products=[{"@id": A + "?arch=any"}])),
    "by identifiers": openvex(statement(products=[{"identifiers": {"purl": A}}])),
    "our product": openvex(statement(products=[{"@id": "pkg:generic/qpcr@2.1.0"}])),
    "our product by name": openvex(statement(products=["qpcr"])),
    "our product and the component in it": openvex(statement(products=[{"@id": "qpcr@2.1.0", "subcomponents": [{"@id": A}]}])),
    "with a text alone": openvex(statement(justification="", impact_statement="never called")),
    "CycloneDX by purl": cyclonedx(),
    "CycloneDX by reference": cyclonedx(ref="ref-a"),
    "CycloneDX by link": cyclonedx(ref="urn:cdx:f08a6ccd-4dce-4759-bd84-c626675d60a7/1#pkg%3Apypi%2Fa%401.0"),
    "CycloneDX by a link to itself": {**cyclonedx(ref="urn:cdx:aaa/1#ref-a"), "serialNumber": "urn:uuid:aaa"},
    "CycloneDX of the product": cyclonedx(ref="root"),
    "a false alarm": cyclonedx(state="false_positive"),
}
IDLE = {
    "another version": openvex(statement(products=[{"@id": "pkg:pypi/a@2.0"}])),
    "another vulnerability": openvex(statement(vulnerability={"name": "CVE-2"})),
    "another product": openvex(statement(products=[{"@id": "pkg:generic/other@2.1.0", "subcomponents": [{"@id": A}]}])),
    "another version of our product": openvex(statement(products=[{"@id": "pkg:generic/qpcr@2.0.0"}])),
    "another component of ours": openvex(statement(products=[{"@id": "qpcr", "subcomponents": ["pkg:pypi/b@1.0"]}])),
    "no product": openvex(statement(products=[])),
    "nothing at all": openvex(),
    "under investigation": openvex(statement("under_investigation")),
    "affected": openvex(statement("affected")),
    "fixed elsewhere": openvex(statement("fixed")),
    "CycloneDX of another product": cyclonedx(ref="root", product="other"),
    "CycloneDX of another version": cyclonedx(ref="root", version="1.0"),
    "CycloneDX outside": cyclonedx(ref="elsewhere"),
    "CycloneDX in triage": cyclonedx(state="in_triage"),
    "a product known by its CPE alone": openvex(statement(products=[{"identifiers": {"cpe23": "cpe:2.3:a:x:qpcr:*"}}])),
    "a component of ours known by its CPE alone": openvex(statement(products=[{"@id": "qpcr", "subcomponents": [{"identifiers": {"cpe23": "x"}}]}])),
    "CycloneDX by a link to a whole document": {**cyclonedx(ref="urn:cdx:aaa/1"), "metadata": {"component": {"name": "qpcr", "version": "2.1.0"}}},
    "CycloneDX by a reference of another document": {**cyclonedx(ref="urn:cdx:bbb/1#ref-a"), "serialNumber": "urn:uuid:aaa"},
    "CycloneDX without an analysis": {"bomFormat": "CycloneDX", "vulnerabilities": [{"id": "CVE-1", "affects": [{"ref": A}]}]},
}
BROKEN = {
    "no JSON": b"{",
    "two keys": b'{"a": 1, "a": 2}',
    "a list": [],
    "something else": {"a": 1},
    "no statements": {"@context": OPENVEX},
    "no vulnerability": openvex({"status": "not_affected"}),
    "no status": openvex({"vulnerability": {"name": "CVE-1"}}),
    "an unknown status": openvex(statement("perhaps")),
    "an unknown justification": openvex(statement(justification="because")),
    "no reason at all": openvex(statement(justification="")),
    "statements of another shape": openvex(3),
    "a product without identity": openvex(statement(products=[{}])),
    "a product without a name": openvex(statement(products=[""])),
    "a product with empty identifiers": openvex(statement(products=[{"@id": "", "identifiers": {"purl": ""}}])),
    "products as a text": openvex(statement(products="qpcr")),
    "products as a mapping": openvex(statement(products={A: 1})),
    "aliases as a text": openvex(statement(vulnerability={"name": "x", "aliases": "CVE-1"})),
    "a vulnerability without a name": openvex(statement(vulnerability={"name": ""})),
    "a component of ours without identity": openvex(statement(products=[{"@id": "qpcr", "subcomponents": [{}]}])),
    "a component of ours without a name": openvex(statement(products=[{"@id": "qpcr", "subcomponents": [""]}])),
    "a reason that is no text": openvex(statement(justification="", impact_statement={"x": 1})),
    "a reason of blanks": openvex(statement(justification="", impact_statement=" \n")),
    "CycloneDX with an empty reference": cyclonedx(ref=""),
    "CycloneDX with a state that is no text": cyclonedx(state=["not_affected"]),
    "CycloneDX without references": {"bomFormat": "CycloneDX", "vulnerabilities": [{"id": "x", "analysis": {"state": "not_affected"}, "affects": [{}]}]},
    "CycloneDX without an id": {"bomFormat": "CycloneDX", "vulnerabilities": [{"analysis": {"state": "not_affected"}}]},
}


@pytest.mark.parametrize("document", HOLDING.values(), ids=HOLDING)
def test_a_statement_about_this_component_of_this_product_holds(told, document):
    report = told(document)
    assert report.accepted
    (found,) = report.vulnerabilities
    assert (found.state, found.owner, found.expires, found.vex) == ("not_affected", "dana", "2027-01-31", "vex/0.json")
    assert found.justification
    assert found.reason
    assert [(each.path, each.sha256) for each in report.inputs] == [("vex/0.json", hashlib.sha256(json.dumps(document).encode()).hexdigest())]


@pytest.mark.parametrize("document", IDLE.values(), ids=IDLE)
def test_a_statement_about_something_else_excuses_nothing(told, document):
    report = told(document)
    assert [finding.code for finding in report.findings] == ["LM-SUP-046"]
    assert [found.state for found in report.vulnerabilities] == ["affected"]


@pytest.mark.parametrize("document", BROKEN.values(), ids=BROKEN)
def test_a_document_or_statement_that_cannot_be_used_is_a_finding_and_excuses_nothing(told, document):
    report = told(document)
    assert sorted(finding.code for finding in report.findings) == ["LM-SUP-046", "LM-SUP-051"]
    assert messages(report, "LM-SUP-051")[0]


def test_a_good_statement_beside_a_bad_one_holds_and_the_bad_one_refuses(told):
    report = told(openvex(statement(), statement("perhaps")))
    assert [finding.code for finding in report.findings] == ["LM-SUP-051"]


def test_documents_that_contradict_each_other_excuse_nothing(told):
    report = told(openvex(statement()), cyclonedx(state="exploitable"))
    assert [finding.code for finding in report.findings] == ["LM-SUP-052", "LM-SUP-046"]
    assert "vex/0.json says" in report.findings[0].message


@pytest.mark.parametrize(("expires", "code"), [("2026-11-22", "LM-SUP-047"), ("2026-13-01", "LM-SUP-012")])
def test_statements_do_not_hold_after_their_day(told, expires, code):
    assert sorted(finding.code for finding in told(openvex(statement()), expires=expires).findings) == sorted([code, "LM-SUP-046"])


def test_statements_hold_on_their_last_day(told):
    assert told(openvex(statement()), expires="2026-11-23").accepted


def test_a_document_that_is_absent_is_a_finding(world):
    world.require("a", "1.0")
    world.config["vulnerabilities"]["vex"] = [{"path": "gone.json", "owner": "dana", "expires": "2027-01-01"}]
    assert world.codes() == ["LM-SUP-051"]


def test_an_exception_of_the_declaration_needs_no_document(told, world):
    world.config["vulnerabilities"]["exceptions"] = [
        {"id": "CVE-1", "component": "a", "justification": "component_not_present", "reason": "r", "owner": "o", "expires": "2027-01-01"}
    ]
    (found,) = told(openvex()).vulnerabilities
    assert (found.justification, found.vex) == ("component_not_present", "")


@pytest.mark.parametrize("document", [*HOLDING.values(), *IDLE.values()])
def test_whoever_reads_twice_reads_the_same(document):
    data, declared = json.dumps(document).encode(), VexFile(path="x", owner="o", expires="2027-01-01")
    assert read_vex(data, declared, PRODUCT) == read_vex(data, declared, PRODUCT)


# the catalogue of exploited vulnerabilities


def catalogue(world, *cves, **more):
    rows = [{"cveID": cve, "dateAdded": "2026-10-01", "dueDate": "2026-10-22", "vendorProject": "x"} for cve in cves]
    path = world.write("kev.json", json.dumps({"title": "CISA", "count": len(rows), "vulnerabilities": rows, **more}))
    declared = {"path": "kev.json", "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "retrieved": "2026-11-20"}
    world.config["vulnerabilities"]["exploited"] = declared
    return declared


def test_a_vulnerability_of_the_catalogue_is_told_as_exploited(told, world):
    catalogue(world, "CVE-0", "CVE-1")
    report = told()
    assert [finding.code for finding in report.findings] == ["LM-SUP-048"]
    assert "exploited since 2026-10-01" in report.findings[0].message
    assert [found.exploited for found in report.vulnerabilities] == ["2026-10-01"]


def test_one_that_is_known_upstream_is_told_as_exploited_too(world):
    world.require("a", "1.0")
    world.dump([osv_record("a", identifier="DEBIAN-CVE-1", upstream=["CVE-1"])])
    catalogue(world, "CVE-1")
    assert world.codes() == ["LM-SUP-048"]


def test_one_that_stands_twice_is_exploited_since_the_first_day(told, world):
    rows = [{"cveID": "CVE-1", "dateAdded": day} for day in ("2026-02-01", "2026-01-01", "2026-03-01")]
    catalogue(world, vulnerabilities=rows, count=3)
    assert "exploited since 2026-01-01" in told().findings[0].message


def test_one_that_is_judged_not_to_matter_is_still_shown_with_its_owner(told, world):
    catalogue(world, "CVE-1")
    report = told(openvex(statement()))
    assert report.accepted
    (finding,) = report.findings
    assert (finding.code, finding.severity) == ("LM-SUP-048", Severity.WARNING)
    assert "the word of dana" in finding.message


def test_one_that_is_not_in_the_catalogue_is_an_ordinary_one(told, world):
    catalogue(world, "CVE-0")
    assert [finding.code for finding in told().findings] == ["LM-SUP-046"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"sha256": "0" * 64}, "pinned is 000"),
        ({"retrieved": "2026-10-01"}, "a day of the last 30"),
        ({"retrieved": "2026-11-24"}, "a day of the last 30"),
        ({"retrieved": "2026-11-31"}, "a day of the last 30"),
        ({"path": "gone.json"}, "No such file"),
    ],
)
def test_a_catalogue_that_is_not_the_declared_one_means_not_evaluated(world, change, says):
    world.require("a", "1.0")
    catalogue(world, "CVE-0").update(change)
    report = world.examine()
    assert [finding.code for finding in report.findings] == ["LM-SUP-050"]
    assert says.lower() in report.findings[0].message.lower() or "no such file" in report.findings[0].message
    assert not report.dump.evaluated


@pytest.mark.parametrize(
    "more",
    [
        {"count": 7}, {"vulnerabilities": [], "count": 0}, {"vulnerabilities": 3}, {"vulnerabilities": [{"cve": "x"}]}, {"vulnerabilities": [{"cveID": "CVE-1"}]},
        {"vulnerabilities": [{"cveID": "CVE-1", "dateAdded": ""}]}, {"vulnerabilities": [{"cveID": "CVE-1", "dateAdded": "soon"}]},
        {"vulnerabilities": [{"cveID": "", "dateAdded": "2026-01-01"}]}, {"vulnerabilities": [{"cveID": 1, "dateAdded": "2026-01-01"}]},
    ],
)  # fmt: skip
def test_a_catalogue_that_is_incomplete_or_of_another_shape_means_not_evaluated(world, more):
    world.require("a", "1.0")
    catalogue(world, "CVE-0", **more)
    assert world.codes() == ["LM-SUP-050"]


# components that no database covers


def bill(world, *names):
    components = [
        {"type": "library", "name": name, "version": "1.0", "hashes": [{"alg": "SHA-256", "content": "0" * 64}], "licenses": [{"license": {"id": "MIT"}}]}
        for name in names
    ]
    world.lock("bom.json", json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components}))


def test_components_without_a_registry_are_not_evaluated_until_a_person_looked(world):
    bill(world, "FreeRTOS", "lwip", "tinyusb", "littlefs")
    report = world.examine(python=None)
    assert messages(report, "LM-SUP-045") == [
        "no advisory database covers what has no registry; 4 components were not evaluated: generic/FreeRTOS 1.0, generic/littlefs 1.0, generic/lwip 1.0 and 1 more"
    ]
    assert not report.dump.evaluated
    world.config["vulnerabilities"]["assessed"] = [
        {"component": name, "reason": "the list of its maker", "owner": "dana", "expires": "2027-01-01"}
        for name in ("FreeRTOS", "lwip@1.0", "pkg:generic/tinyusb@1.0", "littlefs")
    ]
    report = world.examine(python=None)
    assert report.accepted
    assert report.dump.evaluated
    assert [each.component for each in report.dump.assessed] == ["FreeRTOS", "littlefs", "lwip@1.0", "pkg:generic/tinyusb@1.0"]


@pytest.mark.parametrize(("expires", "codes"), [("2026-11-22", ["LM-SUP-047", "LM-SUP-045"]), ("2026-02-30", ["LM-SUP-012", "LM-SUP-045"])])
def test_an_assessment_holds_for_a_time(world, expires, codes):
    bill(world, "lwip")
    world.config["vulnerabilities"]["assessed"] = [{"component": "lwip", "reason": "r", "owner": "o", "expires": expires}]
    assert world.codes(python=None) == codes


def test_an_assessment_that_concerns_nothing_is_a_warning(world):
    world.require("a", "1.0")
    world.config["vulnerabilities"]["assessed"] = [{"component": "lwip", "reason": "r", "owner": "o", "expires": "2027-01-01"}]
    assert [(finding.code, finding.severity) for finding in world.examine().findings] == [("LM-SUP-034", Severity.WARNING)]
