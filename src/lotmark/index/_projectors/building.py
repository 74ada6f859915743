"""Builds: what came out, where it was built, whether a second build gave the same."""

from collections.abc import Iterator, Mapping
from typing import Final

from lotmark.attest.models import Verified
from lotmark.index._projectors._row import Projector, Row, plural, words


def _rebuild(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    run, isolation = told["run"], told["isolation"]
    root = isolation["root"] or {}
    yield words(f"built twice: {told['verdict']} ({told['claim']}), {plural(len(told['outputs']), 'output')}")
    yield (
        "builds",
        {
            "run": run,
            "verdict": told["verdict"],
            "claim": told["claim"],
            "claim_text": told.get("claimText"),
            "environment_sha256": told.get("environmentSha256"),
            "backend": isolation["backend"],
            "hermetic": int(isolation["hermetic"]),
            "network": int(isolation["network"]),
            "root_kind": root.get("kind"),
            "root_sha256": root.get("sha256"),
            "root_packages": root.get("packages"),
        },
    )
    for output in told["outputs"]:
        yield (
            "outputs",
            {
                "run": run,
                "name": output["name"],
                "size": output["size"],
                "sha256": output["sha256A"],
                "twin_sha256": output["sha256B"],
                "verdict": output["verdict"],
            },
        )
    for tool in told["tools"]:
        yield "tools", {"run": run, "name": tool["name"], "version": tool["version"]}


PROJECTORS: Final[Mapping[str, Projector]] = {"rebuild": _rebuild}
