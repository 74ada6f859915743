# ruff: noqa: PERF401
"""A synthetic product of any size, from a seed, with planted faults and the list of what they are.

The product is a pump in the native format: needs, system and software requirements, hazards, risk controls, test cases,
and test sources in Python and C. Without faults `lotmark check` has nothing to say about it; with them it has to say exactly
`Corpus.truth`, a list of (rule code, subject). The same size and seed give the same bytes.
"""

import hashlib
import json
import random
from dataclasses import dataclass, field
from pathlib import Path

PRODUCT = "bench"
_WORDS = (
    *("flow", "pressure", "dose", "alarm", "battery", "occlusion", "bolus", "syringe", "lot", "reagent", "plate", "curve", "threshold", "sample", "carrier"),
    *("display", "operator", "session", "record", "limit", "sensor", "valve", "heater", "calibration", "channel", "interval", "report", "barcode", "rack"),
)
_VERBS = ("report", "refuse", "record", "limit", "repeat", "signal", "compare", "store", "show", "stop")


@dataclass(slots=True)
class Record:
    """One item file before it is written."""

    id: str
    folder: str
    type: str
    title: str
    links: dict[str, list[str]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    body: str = ""
    status: str = "approved"
    file: str = ""
    """Path of the file below quality/, where it is not the usual one."""
    end: str = "\n"
    encoding: str = "utf-8"

    @property
    def path(self) -> str:
        return self.file or f"{self.folder}/{self.id}.md"

    def text(self) -> str:
        """The file's content."""
        links = [f"{key}: [{', '.join(targets)}]" for key, targets in self.links.items()]
        head = "\n".join(("---", f"id: {self.id}", f"type: {self.type}", f"title: {self.title}", f"status: {self.status}", *self.lines, *links, "---"))
        return f"{head}\n{self.body}\n"


@dataclass(slots=True)
class Test:
    """One test in a source."""

    name: str
    ids: list[str]
    layer: str = "unit"


@dataclass(slots=True)
class Corpus:
    """What stands in the product, and what is wrong with it."""

    items: list[Record]
    tests: dict[str, list[Test]]
    """Path of a source -> its tests."""
    truth: list[tuple[str, str]] = field(default_factory=list)
    """(rule code, subject) of each finding that `lotmark check` must have."""
    reviewed: dict[str, str] = field(default_factory=dict)
    """Item -> the text that it had when its links were reviewed, where that is another than now."""


def make_corpus(count: int, *, seed: int = 20261127, faults: bool = True) -> Corpus:
    """A product of about `count` items, and with `faults` some of each fault that the checks know."""
    rng = random.Random(seed)
    corpus = _sound(count, rng)
    if faults:
        from bench._faults import plant

        plant(corpus, max(1, count // 2500), rng)
    return corpus


def _sound(count: int, rng: random.Random) -> Corpus:
    needs, hazards, controls, systems, cases = (max(2, count * part // 100) for part in (5, 5, 10, 25, 5))
    software = count - needs - hazards - controls - systems - cases
    items: list[Record] = []
    for n in range(needs):
        a, b = rng.choices(_WORDS, k=2)
        items.append(
            Record(f"UN-{n:05d}", "requirements", "user-need", f"Know the {a} in time {n}", body=f"The operator needs to know the {a} before the {b} is used.")
        )
    for n in range(hazards):
        items.append(_hazard(n, rng))
    for n in range(controls):
        a, b = rng.choices(_WORDS, k=2)
        items.append(
            Record(
                *(f"RC-{n:05d}", "risks", "risk-control", f"Guard the {a} {n}"),
                {"mitigates": [f"HAZ-{n % hazards:05d}"]},
                [f"kind: {rng.choice(('inherent', 'protective', 'information'))}"],
                f"A {a} out of range shall never reach the {b}.",
            )
        )
    for n in range(systems):
        a, b = rng.choices(_WORDS, k=2)
        body = f"The system shall {rng.choice(_VERBS)} the {a} and the {b} within {rng.randrange(5, 900)} ms,\nand shall say so to the operator."
        items.append(Record(f"SYS-{n:05d}", "requirements", "system-requirement", f"{a.title()} and {b} {n}", {"derives": [f"UN-{n % needs:05d}"]}, [], body))
    for n in range(software):
        items.append(_software(n, systems, controls, rng))
    for n in range(cases):
        items.append(
            Record(
                *(f"TC-{n:05d}", "requirements", "test-case", f"Look at the {rng.choice(_WORDS)} {n}"),
                {"verifies": [f"SYS-{rng.randrange(systems):05d}"]},
                ["layer: validation"],
                "Open the window, start a run, and compare the value with the reference.",
            )
        )
    return Corpus(items, _tests(software, controls, hazards))


def _hazard(n: int, rng: random.Random) -> Record:
    a, b = rng.choices(_WORDS, k=2)
    lines = [
        f"hazardous-situation: The patient is treated with a wrong {a} while the {b} is open",
        "harm: Delayed or wrong therapy",
        f"before: {{severity: {rng.choice(('serious', 'critical'))}, probability: occasional}}",
        "after: {severity: serious, probability: improbable}",
        "residual-risk: {acceptable: true, rationale: Staff see the number beside the word.}",
    ]
    return Record(f"HAZ-{n:05d}", "risks", "hazard", f"Wrong {a} {n}", {}, lines, f"The {a} is reported wrongly.")


def _software(n: int, systems: int, controls: int, rng: random.Random) -> Record:
    a, b, c = rng.choices(_WORDS, k=3)
    links = {"refines": [f"SYS-{n % systems:05d}"]}
    if n % 2 == 0:
        links["implements"] = [f"RC-{n // 2 % controls:05d}"]
    body = (
        f"The software shall {rng.choice(_VERBS)} the {a} of the {b} within {rng.randrange(2, 400)} ms of the {c}.\n"
        f"It shall refuse a {a} below {rng.randrange(1, 50)} and above {rng.randrange(51, 999)}.\n\n"
        f"## Rationale\n\nThe {b} was overlooked in study {rng.randrange(1, 90)}; see the report on the {c}.\n"
    )
    return Record(f"SW-{n:05d}", "requirements", "software-requirement", f"{a.title()} of the {b} {n}", links, [f"safety-class: {'ABC'[n % 3]}"], body)


def _tests(software: int, controls: int, hazards: int) -> dict[str, list[Test]]:
    """A test for each two software requirements, one for each control and each hazard; a quarter of the sources is C."""
    found: dict[str, list[Test]] = {}
    for n in range(0, software, 2):
        number = n // 40
        path = f"tests/unit/test_part_{number:04d}.c" if number % 4 == 3 else f"tests/unit/test_part_{number:04d}.py"
        found.setdefault(path, []).append(Test(f"test_case_{n:05d}", [f"SW-{one:05d}" for one in range(n, min(n + 2, software))]))
    for n in range(controls):
        found.setdefault(f"tests/unit/test_controls_{n // 25:03d}.py", []).append(Test(f"test_control_{n:05d}", [f"RC-{n:05d}"]))
    for n in range(hazards):
        found.setdefault(f"tests/validation/test_hazards_{n // 25:03d}.py", []).append(Test(f"test_hazard_{n:05d}", [f"HAZ-{n:05d}"], "validation"))
    return found


def write_corpus(corpus: Corpus, root: Path) -> None:
    """Write the product below `root`: lotmark.yaml, quality/ and tests/."""
    for name, text in _CONFIGURATION.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for folder in ("quality/requirements", "quality/risks"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for item in corpus.items:
        path = root / "quality" / item.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(item.text().replace("\n", item.end).encode(item.encoding))
    for name, tests in corpus.tests.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_c_source(tests) if name.endswith(".c") else _python_source(tests))
    (root / "quality/trace.lock").write_text(_lock(corpus))


def _lock(corpus: Corpus) -> str:
    """Every link reviewed, for the texts that the items had then."""
    now: dict[str, str] = {}
    then: dict[str, str] = {}
    for item in corpus.items:
        if item.encoding == "utf-8" and item.id not in now:
            now[item.id] = _fingerprint(item, item.body)
            then[item.id] = _fingerprint(item, corpus.reviewed.get(item.id, item.body))
    lines = {
        f"{item.id} {kind} {target} {then[item.id]} {now[target]}\n"
        for item in corpus.items
        if item.id in now
        for kind, targets in item.links.items()
        for target in targets
        if target in now
    }
    return "".join(sorted(lines))


def _fingerprint(item: Record, body: str) -> str:
    """As docs/reference/trace-format.md states it, in the length of the lock file."""
    kind, category = ("requirement", item.type.removesuffix("-requirement")) if item.type.endswith("-requirement") else (item.type, "")
    pairs = []
    for line in sorted(item.lines):
        key, _, value = line.partition(": ")
        if key in _RISK_KEYS:
            pairs.append([key, sorted(part.split(": ", 1) for part in value[1:-1].split(", ")) if value.startswith("{") else value])
    text = "\n".join(line.rstrip() for line in body.partition("\n## Rationale")[0].strip().split("\n"))
    shown = json.dumps(["lotmark-item/1", kind, category, item.title, text, pairs], separators=(",", ":"))
    return hashlib.sha256(shown.encode()).hexdigest()[:32]


_RISK_KEYS = frozenset({"after", "before", "harm", "hazardous-situation", "kind", "residual-risk", "safety-class"})


def digest(root: Path) -> str:
    """SHA-256 over names and contents of everything below `root`."""
    state = hashlib.sha256()
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        state.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes() + b"\0")
    return state.hexdigest()


def _python_source(tests: list[Test]) -> str:
    parts = ["import pytest\n\nfrom pump import act\n"]
    for test in tests:
        marker = f"@pytest.mark.verifies({', '.join(map(repr, test.ids))})\n".replace("'", '"') if test.ids else ""
        parts.append(
            f'{marker}def {test.name}():\n    value = act("{test.name}", low=1, high=9)\n    assert value.low <= value.high\n    assert not value.stopped\n'
        )
    return "\n\n".join(parts)


def _c_source(tests: list[Test]) -> str:
    parts = ['#include "pump.h"\n']
    for test in tests:
        marker = f"/* @verifies {' '.join(test.ids)} */\n" if test.ids else ""
        parts.append(f"{marker}static void {test.name}(void)\n{{\n    struct value value = act(1, 9);\n    CHECK(value.low <= value.high);\n}}\n")
    return "\n".join(parts)


_CONFIGURATION = {
    "lotmark.yaml": """lotmark: 1
product: {id: bench, name: Bench pump, version: "1.0.0", safety-class: C}
environment: {python: none}
dependencies:
  none: {reason: Nothing is linked., owner: dana}
  licences: {allow: [MIT]}
  vulnerabilities: {dump: osv.jsonl, sha256: "0000000000000000000000000000000000000000000000000000000000000000", retrieved: 2026-11-23}
build: {command: [make], outputs: [pump.bin]}
tests:
  markers: ["tests/**/*.py", "tests/**/*.c"]
  unit: {command: [make, unit], results: [unit.xml]}
  integration: {command: [make, integration], results: [integration.xml]}
  validation: {command: [make, validation], results: [validation.xml]}
package: {artifact: pump.bin, media-type: application/octet-stream}
deploy: {targets: [{name: site, path: ../site}]}
""",
    "quality/matrix.yaml": """matrix: 1
categories:
  - {id: unit, title: Unit tests, owner: dana, layer: unit, gating: blocking, environment: sandbox}
  - {id: validation, title: Hazardous situations, owner: quinn, layer: validation, gating: blocking, environment: sandbox}
requires:
  - {of: requirement, categories: [unit]}
  - {of: risk-control, categories: [unit]}
  - {of: hazard, categories: [validation]}
""",
    "quality/anomalies.yaml": "anomalies: []\n",
}
