"""The kinds of evidence that this room owns, ``slsa provenance v1`` and ``rebuild/v1``, and how they are made from a report."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

import msgspec

from lotmark.attest.models import Evidence, PredicateKind, Subject, lotmark_uri
from lotmark.base.clock import format_instant
from lotmark.base.digest import Digest
from lotmark.base.errors import NothingToJudgeError
from lotmark.builds._text import show
from lotmark.builds.models import BuildReport, OutputComparison, Tool
from lotmark.product.models import BuildSection, EnvironmentSection

BUILD_TYPE: Final = "https://lotmark.dev/build/v1"
BUILDER_ID: Final = "https://lotmark.dev/builder/v1"

Hex = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
DimensionName = Literal[
    "clock", "hostname", "user", "home", "environment", "locale", "cpus", "directory-order", "mtimes", "hash-seed", "path", "time-zone", "umask"
]


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Base of every mapping in the predicates."""


class LaneBody(Body, frozen=True):
    """One of the two builds and the values that it was given."""

    name: Literal["A", "B"]
    seconds: float
    varied: dict[DimensionName, str]


class CauseBody(Body, frozen=True):
    """One reason of a difference; `range` counts bytes in lane B's file."""

    file: str
    range: Annotated[list[int], msgspec.Meta(min_length=2, max_length=2)] | None
    text: str
    dimension: DimensionName | None


class ComparatorBody(Body, frozen=True):
    """The declared comparator that was applied."""

    pattern: str
    kind: Literal["zip", "tar", "gzip", "ar", "elf", "byte-ranges", "command"]
    reason: str
    owner: str
    expires: str


class OutputBody(Body, frozen=True):
    """One output in both lanes."""

    name: str
    size: int
    sha256_a: Hex | None = msgspec.field(name="sha256A")
    sha256_b: Hex | None = msgspec.field(name="sha256B")
    verdict: Literal["IDENTICAL", "EQUIVALENT", "DIFFERENT"]
    comparator: ComparatorBody | None
    causes: list[CauseBody]


class RootBody(Body, frozen=True):
    """The root file system by its package list."""

    kind: Literal["host", "image", "golden"]
    sha256: Hex
    packages: int


class IsolationBody(Body, frozen=True):
    """What was measured inside the sandbox."""

    backend: str
    network: bool
    capabilities: bool
    read_only_source: bool
    clean_environment: bool
    hermetic: bool
    root: RootBody


class ToolBody(Body, frozen=True):
    """A tool with its version."""

    name: str
    version: str


class ReadSetBody(Body, frozen=True):
    """Which of the tracked files the build read: how many of how many, and the digest of their names, one a line, sorted."""

    read: int
    tracked: int
    sha256: Hex


class RebuildBody(Body, frozen=True):
    """The predicate of ``rebuild/v1``. `claim` is about what was varied; `verdict` says whether the outputs agree."""

    run: str
    verdict: Literal["IDENTICAL", "EQUIVALENT", "DIFFERENT", "NOT_COMPARABLE", "FAILED"]
    claim: Literal["R1", "R2", "R3"]
    claim_text: str
    source_sha256: Hex
    lanes: Annotated[list[LaneBody], msgspec.Meta(min_length=2, max_length=2)]
    not_varied: dict[DimensionName, str]
    """Dimensions of the declared twin that were not varied, with the reason."""
    outputs: list[OutputBody]
    isolation: IsolationBody
    environment_sha256: Hex
    tools: list[ToolBody]
    read_set: ReadSetBody | None = None
    """Null where the file system keeps no access times."""


PROVENANCE: Final = PredicateKind(
    name="provenance",
    uri="https://slsa.dev/provenance/v1",
    clause="IEC 62304:2006+A1:2015, 5.8.5; SLSA 1.0 Build",
    retention="device-record",
    signers=frozenset({"pipeline"}),
    schema=None,
    title="Build provenance",
)
REBUILD: Final = PredicateKind(
    name="rebuild",
    uri=lotmark_uri("rebuild"),
    clause="IEC 62304:2006+A1:2015, 5.8.5 and 5.8.8; ISO 13485:2016, 7.5.6",
    retention="device-record",
    signers=frozenset({"pipeline"}),
    schema="rebuild.v1.json",
    title="Rebuild under varied conditions",
    body=RebuildBody,
)
KINDS: Final[tuple[PredicateKind, ...]] = (PROVENANCE, REBUILD)


def rebuild_evidence(report: BuildReport, run: str) -> Evidence:
    """``rebuild/v1`` of a report, about lane A's outputs; of a build that left none, about the source."""
    predicate: dict[str, Any] = {
        "run": run,
        "verdict": report.verdict.value,
        "claim": report.claim.value,
        "claimText": report.claim_text(),
        "sourceSha256": report.source_digest.hex,
        "lanes": [
            {"name": lane.name, "seconds": round(lane.result.seconds, 3), "varied": {dimension.value: value for dimension, value in lane.varied.items()}}
            for lane in report.lanes
        ],
        "notVaried": {dimension.value: reason for dimension, reason in report.not_varied.items()},
        "outputs": [_output_wire(comparison) for comparison in report.comparisons],
        "isolation": report.isolation.to_wire(),
        "environmentSha256": report.environment.digest.hex,
        "tools": _tools_wire(report.tools),
        "readSet": _read_set_wire(report),
    }
    return Evidence("rebuild", _subjects(report), predicate)


def provenance_evidence(
    report: BuildReport,
    run: str,
    config: BuildSection,
    environment: EnvironmentSection,
    *,
    repository: str,
    ref: str = "",
    locks: Sequence[tuple[str, Digest]] = (),
    version: str = "",
) -> Evidence:
    """SLSA provenance v1 about lane A's outputs.

    A rebuild on the same platform is no second operator, so nothing here claims ``SLSA_BUILD_REPRODUCED``.

    Raises:
        NothingToJudgeError: LM-BLD-034 if the build left no outputs.
    """
    if not report.outputs:
        raise NothingToJudgeError("LM-BLD-034", "there is no output whose provenance could be stated", solution="see why the build failed, and run it again")
    source_uri = f"git+{repository}@{ref}" if ref else f"git+{repository}"
    dependencies = [
        {"name": "source", "uri": source_uri, "digest": {"gitCommit": report.commit, "sha256": report.source_digest.hex}},
        *({"name": path, "digest": digest.digest_set, "annotations": {"role": "lock"}} for path, digest in locks),
        {
            "name": "environment",
            "digest": report.environment.digest.digest_set,
            "annotations": {"root": report.isolation.root.kind, "packages": report.isolation.root.packages},
        },
        {"name": "packages", "digest": report.isolation.root.digest.digest_set, "annotations": {"role": "root package list"}},
    ]
    predicate = {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "source": {"repository": repository, "ref": ref, "commit": report.commit},
                "command": list(config.command),
                "outputs": list(config.outputs),
                "workingDirectory": config.working_directory,
                "environment": {
                    "backend": environment.backend,
                    **({"image": environment.image} if environment.image else {}),
                    "mounts": list(environment.mounts),
                    "path": list(environment.path),
                    "variables": dict(environment.variables),
                },
            },
            "internalParameters": {
                "isolation": report.isolation.to_wire(),
                "tools": _tools_wire(report.tools),
                "python": list(report.environment.python),
                "twin": config.twin,
            },
            "resolvedDependencies": dependencies,
        },
        "runDetails": {
            "builder": {"id": BUILDER_ID, **({"version": {"lotmark": version}} if version else {})},
            "metadata": {"invocationId": run, "startedOn": format_instant(report.started_at), "finishedOn": format_instant(report.finished_at)},
            "byproducts": [{"name": lane.log.name, "digest": lane.log.digest.digest_set} for lane in report.lanes],
        },
    }
    return Evidence("provenance", _subjects(report), predicate)


def _subjects(report: BuildReport) -> tuple[Subject, ...]:
    if report.outputs:
        return tuple(Subject(output.name, output.digest.digest_set) for output in report.outputs)
    return (Subject("source", {"sha256": report.source_digest.hex, "gitCommit": report.commit}),)


def _output_wire(comparison: OutputComparison) -> dict[str, Any]:
    applied = comparison.comparator
    return {
        "name": comparison.name,
        "size": comparison.size,
        "sha256A": comparison.digest_a.hex if comparison.digest_a else None,
        "sha256B": comparison.digest_b.hex if comparison.digest_b else None,
        "verdict": comparison.verdict.value,
        "comparator": {"pattern": applied.pattern, "kind": applied.kind, "reason": applied.reason, "owner": applied.owner, "expires": applied.expires}
        if applied
        else None,
        "causes": [cause.to_wire() for cause in comparison.causes],
    }


def _read_set_wire(report: BuildReport) -> dict[str, Any] | None:
    read = report.read_set
    if read is None:
        return None
    return {"read": len(read), "tracked": report.tracked, "sha256": Digest.of(read_set_listing(read)).hex}


def read_set_listing(names: Sequence[str]) -> bytes:
    """The names of read files, one a line, sorted; control characters and bytes that are not UTF-8 as escapes."""
    return "".join(f"{show(name)}\n" for name in sorted(names)).encode()


def _tools_wire(tools: Sequence[Tool]) -> list[dict[str, str]]:
    return [{"name": tool.name, "version": tool.version} for tool in tools]
