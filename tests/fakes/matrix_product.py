"""A small product for the matrix: three hazards, two controls, three requirements, marked tests, and a matrix over them."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime

from lotmark.matrix.api import collect_results, find_known_tests, parse_matrix
from lotmark.matrix.models import Attempt, MatrixFile, ResultFile, TestRun
from lotmark.trace.api import base_test_id, parse_trace
from lotmark.trace.models import Marker, MarkerKind, SourceScan, SourceTest, TraceGraph

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
RUN = "qpcr:RUN-0001"

UNIT = "tests/unit/test_ct.py::test_plateau"
UNIT_OTHER = "tests/unit/test_lot.py::test_expired"
INTEGRATION = "tests/integration/test_call.py::test_call"
VALIDATION = "tests/validation/test_reference.py::test_panel"
EXPENSIVE = "tests/validation/test_full.py::test_plate"
ALL = {UNIT: ("REQ-001",), UNIT_OTHER: ("REQ-002",), INTEGRATION: ("REQ-001", "REQ-002"), VALIDATION: ("REQ-001", "RC-001"), EXPENSIVE: ("RC-001",)}

MATRIX = """\
# yaml-language-server: $schema=https://lotmark.dev/schemas/matrix.v1.json
matrix: 1
categories:
  - {id: unit, title: Unit and contract tests, owner: dana, layer: unit}
  - {id: integration, title: Integration tests, owner: dana, layer: integration, gating: waivable}
  - id: validation
    title: Validation against reference panels
    owner: clio
    layer: validation
    gating: waivable
    when: release-candidate
    environment: reference bench, panel 7
    tests: [tests/validation]
  - {id: smoke, title: Smoke tests, owner: dana, layer: integration, gating: informational, tests: ["tests/integration/**"]}
requires:
  - {of: requirement, categories: [unit]}
  - {of: risk-control, categories: [integration]}
  - {of: hazard, categories: [integration, smoke]}
  - {of: hazard, severity: [critical, catastrophic], categories: [validation]}
triggers:
  - paths: ["src/**/ct*.py"]
    items: [HAZ-001]
    categories: [validation]
    reason: Ct calling decides the result
expensive:
  - {tests: [tests/validation/test_full.py], minutes: 45, reason: a full plate}
unstable:
  - {tests: [tests/integration/test_call.py], reason: the simulator starts slowly, owner: dana, expires: "2026-12-31"}
waivers:
  max-days: 90
  roles: [quality-owner]
"""


def matrix(text: str = MATRIX) -> MatrixFile:
    return parse_matrix(text.encode()).value


def _file(head: str, body: str) -> bytes:
    return f"---\n{head}---\n{body}\n".encode()


def quality_files() -> dict[str, bytes]:
    hazard = "type: hazard\nstatus: approved\nhazardous-situation: a wrong call\nharm: wrong treatment\nbefore: {severity: %s, probability: %s}\nafter: {severity: %s, probability: improbable}\nresidual-risk: {acceptable: %s, rationale: %s}\n"
    files = {
        "quality/risks/HAZ-001.md": _file(
            "id: HAZ-001\ntitle: False negative\n" + hazard % ("critical", "occasional", "critical", "acceptable", "seen in review"), "A false negative."
        ),
        "quality/risks/HAZ-002.md": _file(
            "id: HAZ-002\ntitle: Late result\n" + hazard % ("minor", "occasional", "minor", "acceptable", "seen in review"), "A late result."
        ),
        "quality/risks/HAZ-003.md": _file(
            "id: HAZ-003\ntitle: Ugly colour\n" + hazard % ("negligible", "improbable", "negligible", "acceptable", "nobody is harmed"), "An ugly colour."
        ),
        "quality/risks/RC-001.md": _file(
            "id: RC-001\ntype: risk-control\ntitle: Check the plateau\nstatus: approved\nkind: protective\nmitigates: [HAZ-001]\n",
            "The plateau shall be checked.",
        ),
        "quality/risks/RC-002.md": _file(
            "id: RC-002\ntype: risk-control\ntitle: Refuse old lots\nstatus: approved\nkind: inherent\nmitigates: [HAZ-002]\n", "Old lots shall be refused."
        ),
    }
    for number, links in (("001", "implements: [RC-001]\n"), ("002", "implements: [RC-002]\n"), ("003", "")):
        files[f"quality/requirements/REQ-{number}.md"] = _file(
            f"id: REQ-{number}\ntype: software-requirement\ntitle: Requirement {number}\nstatus: approved\nsafety-class: C\n{links}",
            f"The software shall do {number}.",
        )
    return files


def graph(marked: dict[str, tuple[str, ...]] | None = None, files: dict[str, bytes] | None = None) -> TraceGraph:
    marked = ALL if marked is None else marked
    markers = tuple(Marker(test, test.partition("::")[0], 1, ids, MarkerKind.VERIFIES) for test, ids in marked.items())
    tests = tuple(SourceTest(test, test.partition("::")[0], 1, test.split("/")[1] if test.startswith("tests/") else "") for test in marked)
    return parse_trace(quality_files() if files is None else files, "qpcr", sources=SourceScan(markers=markers, tests=tests))


def known(of: MatrixFile | None = None):
    return find_known_tests(of or matrix(), graph())


def junit(statuses: dict[str, str]) -> bytes:
    """JUnit XML in which each test, by node id, ended as named."""
    inner = {"passed": "", "failed": '<failure message="expected 1, got 2"/>', "error": "<error/>", "skipped": "<skipped/>"}
    cases = "".join(
        f'<testcase name="{test.rpartition("::")[2]}"><properties><property name="nodeid" value="{test}"/></properties>{inner[status]}</testcase>'
        for test, status in statuses.items()
    )
    return f'<testsuites><testsuite name="pytest" tests="{len(statuses)}">{cases}</testsuite></testsuites>'.encode()


def attempt(statuses: dict[str, str] | None, *, exit_code: int | None = None, name: str = "results.xml") -> Attempt:
    """One run of a layer's command; None: it left no file."""
    files = () if statuses is None else (ResultFile(name, junit(statuses), NOON),)
    red = statuses is None or any(status in {"failed", "error"} for status in statuses.values())
    return Attempt(files, NOON, NOON, int(red) if exit_code is None else exit_code)


def said(verifies: Mapping[str, Collection[str]] | None) -> Callable[[str], Collection[str]]:
    """What these tests verify, as `collect_results` asks for it."""
    return lambda test: (verifies or {}).get(base_test_id(test), ())


def test_run(layer: str, *attempts: dict[str, str], **more) -> TestRun:
    more["verifies"] = said(more.get("verifies"))
    return collect_results(layer, [attempt(statuses) for statuses in attempts], run=RUN, product="qpcr", **more).test_run


test_run.__test__ = False


def green_runs(**change: str) -> list[TestRun]:
    """All tests of the product passed, but those given: ``unit_other="failed"``."""
    names = {"unit": UNIT, "unit_other": UNIT_OTHER, "integration": INTEGRATION, "validation": VALIDATION, "expensive": EXPENSIVE}
    status = {test: change.get(key, "passed") for key, test in names.items()}
    layers = {"unit": (UNIT, UNIT_OTHER), "integration": (INTEGRATION,), "validation": (VALIDATION, EXPENSIVE)}
    return [
        test_run(layer, {t: status[t] for t in tests if status[t] != "missing"} or {f"tests/{layer}/test_other.py::test_x": "passed"})
        for layer, tests in layers.items()
    ]


def foreign_graph(declared: str) -> TraceGraph:
    """The product without a marker in any source, and with these entries of `quality/markers.yaml`."""
    return graph({}, {**quality_files(), "quality/markers.yaml": f"markers:\n{declared}".encode()})
