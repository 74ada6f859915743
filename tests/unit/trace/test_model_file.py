"""`quality/trace.yaml`: types, links and weights of a product's own; a mistake in it never makes the checks milder."""

import hashlib
import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from fakes.trace_files import case, check, codes, control, found, graph_of, hazard, item, need, requirement, sound, sound_sources, sources
from lotmark.base.findings import Severity
from lotmark.trace._files import load_trace
from lotmark.trace.api import DEFAULT_POLICY, check_trace, parse_trace, roll_up

pytestmark = pytest.mark.verifies("REQ-008", "RC-009", "HAZ-006")

PAGE = (Path(__file__).parents[3] / "docs/reference/trace-format.md").read_text(encoding="utf-8")
SCHEMA = json.loads((Path(__file__).parents[3] / "src/lotmark/trace/schemas/trace.v1.json").read_text(encoding="utf-8"))

UNIT = """\
types:
  software-unit:
    title: software unit
    prefix: SU
    folder: architecture
    fields: [language]
    required: [language]
    states: [draft, approved]
    requires: {above: [[realizes]], reach: [software-item]}
    counts: true
links:
  realizes: {from: [software-unit], to: [software-item], reverse: realized by}
"""


def model(text):
    return {"quality/trace.yaml": text.encode()}


def written(folder, kind, item_id, *lines, **more):
    return {f"quality/{folder}/{item_id}.md": item(kind, item_id, *lines, **more)}


def software_item(item_id="SI-001", *lines):
    return written("architecture", "software-item", item_id, "safety-class: C", *(lines or ("satisfies: [REQ-001]",)))


def unit(item_id="SU-001", *lines):
    return written("architecture", "software-unit", item_id, *(lines or ("language: C", "realizes: [SI-001]")))


# ---- types of a product's own


def test_a_type_and_a_link_of_the_product_are_read_like_any_other():
    graph = graph_of(sound(), model(UNIT), software_item(), unit())
    assert graph.findings == ()
    assert graph.items["SU-001"].attributes == {"language": "C"}
    assert graph.down["SI-001"] == ("SU-001",)
    assert graph.policy.links["realizes"].reverse == "realized by"
    assert check_trace(graph_of(sound(), model(UNIT), software_item(), unit(), scan=sound_sources())) == ()


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        pytest.param(("realizes: [SI-001]",), "LM-TRC-006", id="a required field is missing"),
        pytest.param(("language: C", "realizes: [SI-001]", "colour: red"), "LM-TRC-005", id="an unknown field"),
        pytest.param(("language: C", "realizes: [REQ-001]"), "LM-TRC-022", id="a link to a type that it may not point at"),
        pytest.param(("language: C",), "LM-TRC-039", id="a required link is missing"),
        pytest.param(("language: C", "realizes: [SI-009]"), "LM-TRC-023", id="the required link leads nowhere"),
    ],
)
def test_what_the_type_asks_for_is_checked(lines, code):
    findings = check(sound(), model(UNIT), software_item(), unit("SU-001", *lines), scan=sound_sources())
    assert code in codes(findings)


def test_the_states_of_a_type_are_its_own_and_obsolete_is_always_one():
    text = UNIT.replace("[draft, approved]", "[sketched, built]")
    files = unit()
    path = next(iter(files))
    good = {path: files[path].replace(b"status: approved", b"status: built")}
    assert graph_of(sound(), model(text), software_item(), good).findings == ()
    gone = {path: files[path].replace(b"status: approved", b"status: obsolete")}
    assert graph_of(sound(), model(text), software_item(), gone).items["SU-001"].obsolete
    said = found(graph_of(sound(), model(text), software_item(), files).findings, "LM-TRC-006")
    assert "'approved'" in said.message
    assert said.help == "one of: built, obsolete, sketched"


def test_a_chain_that_does_not_reach_its_end_is_said():
    text = UNIT.replace("to: [software-item]", "to: [software-item, software-unit]")
    findings = check(
        sound(),
        model(text),
        software_item(),
        unit(),
        unit("SU-002", "language: C", "realizes: [SU-003]"),
        unit("SU-003", "language: C", "realizes: [SU-002]"),
        scan=sound_sources(),
    )
    assert sorted(codes(findings)) == ["LM-TRC-024", "LM-TRC-031", "LM-TRC-031"]
    assert all("leads on to a software item" in one.message for one in findings if one.code == "LM-TRC-031")


def test_fields_are_added_to_a_type_of_the_default_and_the_rest_stays():
    graph = graph_of(
        sound(), model("types:\n  requirement: {fields: [estimate]}\n"), requirement("REQ-002", "estimate: 3d", "derives: [UN-001]", "layers: [unit]")
    )
    assert graph.findings == ()
    kind = graph.policy.types["requirement"]
    assert kind.keys == DEFAULT_POLICY.types["requirement"].keys | {"estimate"}
    assert (kind.above, kind.reaches, kind.category_suffix) == (DEFAULT_POLICY.types["requirement"].above, {"user-need", "hazard", "threat"}, True)


def test_a_type_that_is_taken_away_is_unknown():
    graph = graph_of(sound(), model('types:\n  study: "off"\n'), written("tests", "study", "ST-001", "validates: [UN-001]"))
    assert codes(graph.findings) == ["LM-TRC-020"]


def test_a_level_in_the_words_of_the_default_keeps_its_rule():
    text = "types:\n  risk-control:\n    requires: {above: [[mitigates]]}\n"
    findings = check(sound(), model(text), control("RC-002"), scan=sound_sources())
    assert codes(findings) == ["LM-TRC-034"], "what lies below is no longer asked for"


def test_a_type_may_need_a_test_and_something_below_it():
    text = "types:\n  software-item:\n    requires: {above: [[satisfies]], below: [[test-case, study]], test: true}\n"
    findings = check(sound(), model(text), software_item(), scan=sound_sources())
    assert sorted(codes(findings)) == ["LM-TRC-035", "LM-TRC-039"]
    assert "no test case or study links to the software item" in found(findings, "LM-TRC-039").message
    assert check(sound(), model(text), software_item(), written("tests", "test-case", "TC-001", "verifies: [SI-001]"), scan=sound_sources()) == ()


# ---- the default for medical devices


def situation(item_id="HS-001", *lines):
    more = (
        "arises-from: [HAZ-002]",
        "harm: Death",
        "before: {severity: critical, probability: probable}",
        "after: {severity: critical, probability: improbable}",
    )
    return written("risks", "hazardous-situation", item_id, *more, 'residual-risk: {acceptable: true, rationale: "The benefit outweighs it."}', *lines)


def bare_hazard(item_id="HAZ-002"):
    return written("risks", "hazard", item_id)


def test_a_hazard_may_leave_its_estimate_to_the_situations_that_arise_from_it():
    files = (sound(), bare_hazard(), situation(), control("RC-002", "mitigates: [HS-001]"), requirement("REQ-002", "implements: [RC-002]"))
    scan = sources('@pytest.mark.verifies("REQ-001", "REQ-002")', "def test_it(): pass")
    assert check(*files, scan=scan) == ()
    coverage = roll_up(graph_of(*files, scan=scan), {"tests/unit/test_it.py::test_it": "passed"})
    assert coverage["HAZ-002"].covered
    assert coverage["HS-001"].covered


@pytest.mark.parametrize("missing", ["hazard alone", "control"])
def test_a_situation_without_its_hazard_or_its_control_is_said(missing):
    if missing == "hazard alone":
        findings = check(sound(), bare_hazard(), control("RC-002", "mitigates: [HAZ-002]"), requirement("REQ-002", "implements: [RC-002]"))
        assert codes(findings).count("LM-TRC-006") == 5
    else:
        findings = check(sound(), bare_hazard(), situation(), scan=sound_sources())
        assert [(one.code, one.subject) for one in findings] == [("LM-TRC-032", "HS-001")]
        assert "mitigates the hazardous situation" in findings[0].message


def test_an_uncontrolled_situation_leaves_its_hazard_incomplete():
    coverage = roll_up(graph_of(sound(), bare_hazard(), situation(), scan=sound_sources()), {"tests/unit/test_it.py::test_it": "passed"})
    assert coverage["HS-001"].reasons == ("no risk control mitigates it",)
    assert coverage["HAZ-002"].reasons == ("HS-001 is incomplete",)


def test_a_threat_needs_a_control_and_its_estimate_is_judged_where_there_is_one():
    findings = check(
        sound(), written("risks", "threat", "THR-001", "contributes-to: [HAZ-001]", "before: {severity: awful, probability: remote}"), scan=sound_sources()
    )
    assert sorted(codes(findings)) == ["LM-TRC-006", "LM-TRC-039"]
    fine = check(
        sound(),
        written("risks", "threat", "THR-001", "contributes-to: [HAZ-001]"),
        control("RC-002", "mitigates: [THR-001]"),
        requirement("REQ-002", "implements: [RC-002]"),
        scan=sources('@pytest.mark.verifies("REQ-001", "REQ-002")', "def test_it(): pass"),
    )
    assert fine == ()


def test_what_does_not_count_leaves_the_coverage_of_a_requirement_alone():
    files = (
        software_item(),
        written("soup", "soup", "SOUP-001", "manufacturer: zlib", 'version: "1.3"', "part-of: [SI-001]"),
        written("changes", "change", "CHG-001", "changes: [REQ-001]"),
        written("tests", "study", "ST-001", "validates: [UN-001, REQ-001]"),
        written("releases", "release", "REL-001", 'version: "1.0"', "includes: [REQ-001, CHG-001]"),
    )
    scan = sound_sources()
    assert check(sound(), *files, scan=scan) == ()
    coverage = roll_up(graph_of(sound(), *files, scan=scan), {"tests/unit/test_it.py::test_it": "passed"})
    assert coverage["REQ-001"].covered
    assert coverage["UN-001"].covered
    assert not coverage["CHG-001"].covered, "nobody tested the change itself, and nothing says that it is verified"


def anomaly(*lines, body="It blinks.\n\n## Rationale\nCosmetic."):
    return {"quality/anomalies/ANO-001.md": item("anomaly", "ANO-001", *lines, body=body).replace(b"status: approved", b"status: open")}


def test_an_anomaly_that_is_an_item_joins_the_list():
    graph = graph_of(sound(), anomaly("severity: 3", "affects: [REQ-001]"))
    assert (graph.findings, graph.anomalies_declared) == ((), True)
    (one,) = graph.anomalies
    assert (one.id, one.severity, one.status, one.rationale, one.affects) == ("ANO-001", 3, "open", "Cosmetic.", ("REQ-001",))
    assert check_trace(graph_of(sound(), anomaly("severity: 3", "affects: [REQ-001]"), scan=sound_sources())) == ()


@pytest.mark.parametrize(
    ("files", "code"),
    [
        pytest.param(anomaly("severity: 7"), "LM-TRC-006", id="an unknown severity"),
        pytest.param(anomaly("severity: 3", body="It blinks."), "LM-TRC-006", id="no rationale"),
        pytest.param(anomaly(), "LM-TRC-006", id="no severity"),
    ],
)
def test_an_anomaly_that_says_too_little_counts_as_grave(files, code):
    graph = graph_of(sound(), files)
    assert codes(graph.findings) == [code]
    if b"severity: 3" not in next(iter(files.values())):
        assert graph.anomalies[0].severity == 1


def test_an_anomaly_stands_in_one_place():
    listed = b"anomalies:\n  - {id: ANO-001, title: t, severity: 4, status: open, rationale: r}\n"
    graph = graph_of(sound(), anomaly("severity: 3"), {"quality/anomalies.yaml": listed})
    assert codes(graph.findings) == ["LM-TRC-011"]
    assert [one.severity for one in graph.anomalies] == [4]


# ---- weights


@pytest.mark.parametrize(
    ("text", "safety_class", "weight"),
    [
        ("LM-TRC-035: warning", "C", Severity.WARNING),
        ('LM-TRC-035: "off"', "C", None),
        ("LM-TRC-035: {B: info}", "B", Severity.INFO),
        ("LM-TRC-035: {B: info}", "C", Severity.ERROR),
        ("LM-TRC-035: {B: info}", "A", Severity.WARNING),
        ("LM-TRC-035: {A: error}", "A", Severity.ERROR),
    ],
)
def test_a_rule_weighs_what_the_file_says_for_the_class(text, safety_class, weight):
    findings = check(sound(), model(f"severities:\n  {text}\n"), safety_class=safety_class)
    assert [one.severity for one in findings if one.code == "LM-TRC-035"] == ([] if weight is None else [weight])


def test_the_layers_of_tests_have_folders_of_their_own(tmp_path):
    (tmp_path / "quality/requirements").mkdir(parents=True)
    (tmp_path / "quality/trace.yaml").write_text("layers:\n  validation: [clinic]\n")
    (tmp_path / "clinic").mkdir()
    (tmp_path / "clinic/test_a.py").write_text("def test_a(): pass\n")
    graph = load_trace(tmp_path / "quality", "qpcr", root=tmp_path, patterns=["clinic/**/*.py"])
    assert [test.layer for test in graph.sources.tests] == ["validation"]


# ---- mistakes in the file


MISTAKES = {
    "not YAML": ("types: [", "LM-CFG-002"),
    "an unknown key": ("typs: {}", "LM-CFG-004"),
    "a type without title": ("types:\n  unit: {prefix: U}", "LM-TRC-018"),
    "a new type that is off": ('types:\n  unit: "off"', "LM-TRC-018"),
    "a field of every item": ("types:\n  requirement: {fields: [status]}", "LM-TRC-018"),
    "an extension as a field": ("types:\n  requirement: {fields: [x-a]}", "LM-TRC-018"),
    "required and no field": ("types:\n  requirement: {required: [estimate]}", "LM-TRC-018"),
    "a link like a field": ("links:\n  layers: {from: [requirement], to: [hazard]}", "LM-TRC-018"),
    "a link like a common key": ("links:\n  owner: {from: [requirement], to: [hazard]}", "LM-TRC-018"),
    "a link from nowhere": ("links:\n  realizes: {to: [hazard]}", "LM-TRC-018"),
    "a link from an unknown type": ("links:\n  realizes: {from: [unit], to: [hazard]}", "LM-TRC-018"),
    "a link to an unknown type": ("links:\n  realizes: {from: [hazard], to: [unit]}", "LM-TRC-018"),
    "an unknown link required": ("types:\n  hazard:\n    requires: {above: [[fulfils]]}", "LM-TRC-018"),
    "a link required that the type may not carry": ("types:\n  hazard:\n    requires: {above: [[derives]]}", "LM-TRC-018"),
    "an unknown type required": ("types:\n  hazard:\n    requires: {below: [[unit]]}", "LM-TRC-018"),
    "an unknown type to reach": ("types:\n  hazard:\n    requires: {reach: [unit]}", "LM-TRC-018"),
    "a rule of reading weighed": ("severities:\n  LM-TRC-011: warning", "LM-TRC-018"),
    "a rule of another room": ("severities:\n  LM-MTX-001: warning", "LM-CFG-005"),
    "an unknown weight": ("severities:\n  LM-TRC-035: mild", "LM-CFG-005"),
    "a folder that holds no items": ("types:\n  hazard: {folder: misc}", "LM-CFG-005"),
}


@pytest.mark.parametrize("case_", MISTAKES)
def test_a_file_that_does_not_hold_is_said_once_and_the_default_holds(case_):
    text, code = MISTAKES[case_]
    graph = graph_of(sound(), model(text))
    (finding,) = graph.findings
    assert (finding.code, finding.severity, finding.location.path) == (code, Severity.ERROR, "quality/trace.yaml")
    assert finding.location.line > 0
    assert graph.policy is DEFAULT_POLICY


def test_a_mistake_beside_a_milder_weight_does_not_take_the_weight():
    findings = check(sound(), model('severities:\n  LM-TRC-035: "off"\nlinks:\n  owner: {from: [hazard], to: [hazard]}\n'))
    assert {"LM-TRC-018", "LM-TRC-035"} <= set(codes(findings))


# ---- the page and the schema


def example(start):
    blocks = [re.sub("(?m)^    ", "", block).strip("\n") + "\n" for block in re.findall(r"(?m)(?:^(?:    .*)?\n)+", PAGE) if block.strip()]
    (one,) = [block for block in blocks if block.startswith(start)]
    return one


def test_the_example_of_the_page_is_a_sound_model():
    graph = graph_of(sound(), model(example("types:\n  software-unit")))
    assert graph.findings == ()
    assert graph.policy.types["software-unit"].reaches == {"software-item"}
    assert "study" not in graph.policy.types
    assert graph.policy.externals["pelican:SYS-SES-004"].title.startswith("End a session")
    jsonschema.validate(yaml.safe_load(example("types:\n  software-unit")), SCHEMA)


@pytest.mark.parametrize("case_", [name for name, (_, code) in MISTAKES.items() if code == "LM-CFG-005"])
def test_the_schema_refuses_what_the_reader_refuses(case_):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(MISTAKES[case_][0]), SCHEMA)


# ---- other products


SNAPSHOT = {
    "product": "pelican",
    "items": [
        {"id": "SYS-SES-004", "type": "requirement", "title": "End a session", "status": "approved", "fingerprint": "ab"},
        {"id": "RC-004", "type": "risk-control", "title": "A lock", "status": "obsolete"},
    ],
}


def products(data, *, digest=None, name="external/pelican.json", product="pelican"):
    sha256 = digest or hashlib.sha256(data).hexdigest()
    return {**model(f'products:\n  - {{product: {product}, snapshot: {name}, sha256: "{sha256}"}}\n'), "quality/external/pelican.json": data}


@pytest.mark.parametrize(
    "wrap", [lambda body: body, lambda body: {"_type": "https://in-toto.io/Statement/v1", "predicate": body}], ids=["predicate", "statement"]
)
def test_a_link_to_an_item_of_another_products_snapshot_holds(wrap):
    files = products(json.dumps(wrap(SNAPSHOT)).encode())
    assert (
        check(
            sound(),
            files,
            requirement("REQ-002", "refines: [REQ-001, pelican:SYS-SES-004]"),
            scan=sources('@pytest.mark.verifies("REQ-001", "REQ-002")', "def test_it(): pass"),
        )
        == ()
    )


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("derives: [pelican:SYS-SES-005]", "LM-TRC-023"),
        ("implements: [pelican:SYS-SES-004]", "LM-TRC-022"),
        ("implements: [pelican:RC-004]", "LM-TRC-025"),
        ("derives: [heron:SYS-SES-004]", "LM-TRC-023"),
    ],
)
def test_a_link_across_products_is_checked_as_inside_one(line, code):
    findings = check(sound(), products(json.dumps(SNAPSHOT).encode()), requirement("REQ-002", line))
    assert codes([one for one in findings if one.code.startswith("LM-TRC-02")]) == [code]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        pytest.param(products(b"{}", digest="0" * 64), "not the declared one", id="another digest"),
        pytest.param(products(b"{}", name="external/other.json"), "is not there", id="no file"),
        pytest.param(products(b"{}"), "is none", id="no snapshot"),
        pytest.param(products(b"\xff\xfe"), "is none", id="no JSON"),
        pytest.param(products(b"[" * 5000), "is none", id="a deep nest"),
        pytest.param(products(json.dumps({**SNAPSHOT, "product": "heron"}).encode()), "is of 'heron'", id="of another product"),
        pytest.param(products(json.dumps({"product": "pelican", "items": [{"id": "sys 4"}]}).encode()), "no identifier", id="an id that is none"),
        pytest.param(products(b"{}", product="qpcr"), "this product", id="of this product"),
    ],
)
def test_a_snapshot_that_is_not_what_was_declared_is_refused(files, says):
    graph = graph_of(sound(), files)
    (finding,) = graph.findings
    assert finding.code == "LM-TRC-017"
    assert says in finding.message
    assert graph.policy.externals == {}


@pytest.mark.parametrize("name", ["pelican", "REQ-001", "qpcr:REQ-001", "Pelican:REQ-001"])
def test_a_declared_external_is_an_id_of_another_product(name):
    graph = graph_of(sound(), model(f"externals:\n  - id: {name}\n"))
    assert codes(graph.findings) == ["LM-TRC-010"]


def test_a_declared_external_without_type_is_not_checked_for_it():
    findings = check(
        sound(),
        model("externals:\n  - id: pelican:SYS-004\n"),
        requirement("REQ-002", "refines: [REQ-001, pelican:SYS-004]"),
        case("TC-001", "verifies: [REQ-002]"),
        scan=sound_sources(),
    )
    assert findings == ()


def test_snapshots_are_read_from_disk_only_where_a_model_may_name_them(tmp_path):
    data = json.dumps(SNAPSHOT).encode()
    for path, content in {**sound(), **products(data)}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    assert set(load_trace(tmp_path / "quality", "qpcr").policy.externals) == {"pelican:SYS-SES-004", "pelican:RC-004"}
    (tmp_path / "quality/trace.yaml").unlink()
    assert load_trace(tmp_path / "quality", "qpcr").policy is DEFAULT_POLICY


def test_a_mistake_of_the_model_is_said_once_when_loaded_from_disk(tmp_path):
    for path, content in {**sound(), **model("typs: {}")}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    assert codes(load_trace(tmp_path / "quality", "qpcr", root=tmp_path, patterns=["tests/*"]).findings) == ["LM-CFG-004"]


# ---- aliases


def test_an_alias_is_resolved_in_links_markers_and_anomalies():
    files = (
        need("UN-001"),
        requirement("REQ-001", 'aliases: [REQ-900, "cES1000"]', "derives: [UN-001]"),
        requirement("REQ-002", "refines: [REQ-900, REQ-001]"),
        hazard(
            "HAZ-001",
            'residual-risk: {acceptable: true, rationale: "x"}',
            "before: {severity: minor, probability: remote}",
            "after: {severity: minor, probability: remote}",
        ),
        {"quality/anomalies.yaml": b"anomalies:\n  - {id: ANO-001, title: t, severity: 4, status: open, rationale: r, affects: [REQ-900]}\n"},
    )
    graph = graph_of(*files, scan=sources('@pytest.mark.verifies("REQ-900", "REQ-002")', "def test_it(): pass"))
    assert graph.findings == ()
    assert graph.aliases == {"REQ-900": "REQ-001", "cES1000": "REQ-001"}
    assert graph.items["REQ-002"].targets() == ("REQ-001",)
    assert graph.verified_by["REQ-001"] == ("tests/unit/test_it.py::test_it",)
    assert graph.anomalies[0].affects == ("REQ-001",)
    assert [one.code for one in check_trace(graph) if one.severity is Severity.ERROR] == []


def test_results_may_name_an_alias():
    graph = graph_of(sound(), {"quality/requirements/REQ-001.md": item("requirement", "REQ-001", "aliases: [cES1000]", "derives: [UN-001]")})
    assert roll_up(graph, {"a": "passed"}, {"a": ["cES1000"]})["REQ-001"].covered
    assert not roll_up(graph, {"a": "failed"}, {"a": ["cES1000"]})["REQ-001"].covered


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("aliases: [OLD-1]", "aliases: [OLD-1]", id="two items, one alias"),
        pytest.param("aliases: [REQ-003]", "owner: a", id="an alias that is an item"),
    ],
)
def test_an_alias_names_one_item(first, second):
    graph = graph_of(sound(), requirement("REQ-002", first, "derives: [UN-001]"), requirement("REQ-003", second, "derives: [UN-001]"))
    assert codes(graph.findings) == ["LM-TRC-016"]


@pytest.mark.parametrize(("line", "code"), [("aliases: {a: b}", "LM-TRC-006"), ("aliases: [REQ-002]", "LM-TRC-016")])
def test_an_alias_that_cannot_be_one_is_said(line, code):
    assert codes(graph_of(sound(), requirement("REQ-002", line, "derives: [UN-001]")).findings) == [code]


def test_aliases_do_not_change_the_fingerprint():
    plain = parse_trace(requirement("REQ-002"), "qpcr").items["REQ-002"]
    named = parse_trace(requirement("REQ-002", "aliases: [a]", "x-colour: red"), "qpcr").items["REQ-002"]
    assert plain.fingerprint == named.fingerprint


# ---- extensions


def test_what_another_tool_said_is_kept_and_not_checked():
    one = graph_of(requirement("REQ-002", "x-component: Atomic Service", "x-tags: [a, b]", body="Do.\n\n## Extension: Comment\nTwo\nlines.\n")).items["REQ-002"]
    assert (one.attributes["x-component"], one.attributes["x-tags"]) == ("Atomic Service", ("a", "b"))
    assert one.sections == {"Extension: Comment": "Two\nlines."}
    assert one.text == "Do."
