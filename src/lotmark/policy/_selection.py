"""Which of a run's entries count, and what is missing among them.

An entry counts when the pipeline signed it, it belongs to the run, it has its published shape and the latest attempt of a
stage claims its payload. So neither evidence of another run nor a leftover of an earlier attempt slips in, and an
entry that was claimed and is gone is missed by name.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from lotmark.attest.models import Verified
from lotmark.policy._evidence import SHAPES, RunOpened, Shape, StageResult, TestRun

DECIDED_STAGES = ("source", "dependencies", "build", "unit", "integration", "validation", "package")
"""The stages that lie before the decision; all of them are always demanded."""
LATER_STAGES = frozenset({"approval", "deployment", "verification"})
REQUIRED_LAYERS = ("unit", "integration", "validation")
REQUIRED_KINDS = (
    "change-summary",
    "sbom",
    "vulns",
    "dependencies",
    "provenance",
    "rebuild",
    "trace-snapshot",
    "risk-snapshot",
    "matrix-evaluation",
    "release-candidate",
    "artifact-signature",
)
"""What every release needs whatever the run says that it expects: a shortened list of expectations must not help."""
_UNCLAIMED = frozenset({"run-opened", "stage-result"})
"""Kinds that no stage claims: the first opens the run, the second is the claim."""

_BETWEEN_STAGES = frozenset({"witnessing"})
"""Kinds that the pipeline records between two stages, so that none can claim them; they count by its signature alone."""

S = TypeVar("S", bound=Shape)


@dataclass(slots=True)
class Selection:
    """The entries that count, read, and everything that was missed."""

    run: RunOpened | None = None
    results: dict[str, list[StageResult]] = field(default_factory=dict)
    """Per stage, by attempt."""
    counted: dict[str, list[tuple[Verified, Shape]]] = field(default_factory=dict)
    """Per kind, in the order of the log."""
    test_runs: list[TestRun] = field(default_factory=list)
    """Every test run of this run, those of earlier attempts too."""
    missing: list[str] = field(default_factory=list)

    def find(self, kind: str, shape: type[S]) -> S | None:
        """The newest entry of the kind that counts."""
        found = self.find_entry(kind)
        return found[1] if found is not None and isinstance(found[1], shape) else None

    def find_entry(self, kind: str) -> tuple[Verified, Shape] | None:
        entries = self.counted.get(kind)
        return entries[-1] if entries else None

    def layer_runs(self, layer: str) -> list[TestRun]:
        """The test runs of the layer that count; more than one is a contradiction."""
        return [shape for _, shape in self.counted.get("test-run", ()) if isinstance(shape, TestRun) and shape.layer == layer]

    def find_layer(self, layer: str) -> TestRun | None:
        """The newest test run of the layer that counts."""
        runs = self.layer_runs(layer)
        return runs[-1] if runs else None


def select(entries: Sequence[Verified]) -> Selection:
    """Read the entries of a run; the order in which they are given plays no part."""
    ordered = sorted((entry for entry in entries if entry.key.kind == "pipeline"), key=lambda entry: entry.index)
    selection = Selection()
    read = _read(ordered, selection)
    _open(read, selection)
    if selection.run is None:
        selection.missing.insert(0, "the opening of the run")
        return selection
    run_id = selection.run.run
    own = [(entry, shape) for entry, shape in read if shape is None or getattr(shape, "run", run_id) == run_id]
    _collect_results(own, selection)
    claims = {stage: {ref.payload for ref in results[-1].evidence} for stage, results in selection.results.items()}
    claimed = {payload for payloads in claims.values() for payload in payloads}
    for entry, shape in own:
        by = claimed
        if isinstance(shape, TestRun):
            selection.test_runs.append(shape)
            # The stage of the layer speaks for it: a later stage cannot put greener tests in its place.
            by = claims.get(shape.layer, set())
        counts = entry.kind in _BETWEEN_STAGES or entry.envelope.payload_digest.hex in by
        if shape is not None and entry.kind not in _UNCLAIMED and counts:
            selection.counted.setdefault(entry.kind, []).append((entry, shape))
    present = {(entry.kind, entry.envelope.payload_digest.hex) for entry, _ in own}
    _miss(selection, selection.run, present)
    return selection


def _read(ordered: list[Verified], selection: Selection) -> list[tuple[Verified, Shape | None]]:
    """Each entry with its reading; None for kinds that the facts do not read. Misshapen ones are missed and left out."""
    read: list[tuple[Verified, Shape | None]] = []
    for entry in ordered:
        shape = SHAPES.get(entry.kind)
        try:
            read.append((entry, None if shape is None else msgspec.convert(entry.statement.predicate, shape, strict=True)))
        except msgspec.ValidationError:
            # The library's words are left out: they may differ in ten years, the facts may not.
            selection.missing.append(f"a readable {entry.kind} (the entry at index {entry.index} does not have the published shape)")
    return read


def _open(read: list[tuple[Verified, Shape | None]], selection: Selection) -> None:
    openings = [shape for _, shape in read if isinstance(shape, RunOpened)]
    if len({opening.run for opening in openings}) > 1 or len(openings) > 1:
        selection.missing.append("one opening of the run (there are several)")
    elif openings:
        selection.run = openings[0]


def _collect_results(own: list[tuple[Verified, Shape | None]], selection: Selection) -> None:
    for _, shape in own:
        if isinstance(shape, StageResult) and shape.stage not in LATER_STAGES:
            selection.results.setdefault(shape.stage, []).append(shape)
    for results in selection.results.values():
        results.sort(key=lambda result: result.attempt)


def _miss(selection: Selection, run: RunOpened, present: set[tuple[str, str]]) -> None:
    missing = selection.missing
    expected = {stage.stage: stage.kinds for stage in run.expected}
    for stage in DECIDED_STAGES:
        if stage not in expected:
            missing.append(f"stage {stage} among the stages that the run expects")
        results = selection.results.get(stage)
        if not results:
            missing.append(f"the result of stage {stage}")
            continue
        attempts = {result.attempt for result in results}
        missing.extend(f"the result of attempt {n} of stage {stage}" for n in range(1, max(attempts)) if n not in attempts)
        claims = results[-1].evidence
        for ref in claims:
            if (ref.kind, ref.payload) not in present:
                named = f"{ref.kind} {ref.name}".rstrip()
                missing.append(f"{named} that stage {stage} made (payload {ref.payload[:12]})")
        kinds = {ref.kind for ref in claims} | _UNCLAIMED
        missing.extend(f"{kind} of stage {stage}" for kind in expected.get(stage, ()) if kind not in kinds)
    claimed = {ref.kind for results in selection.results.values() for ref in results[-1].evidence}
    for kind in REQUIRED_KINDS:
        if (kind in SHAPES and selection.find_entry(kind) is None) or kind not in claimed:
            missing.append(f"{kind} evidence")
    missing.extend(f"the test run of layer {layer}" for layer in REQUIRED_LAYERS if selection.find_layer(layer) is None)
