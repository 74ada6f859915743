"""Dependencies: lock files, components with licences, known vulnerabilities."""

from collections.abc import Iterator, Mapping
from typing import Final

from lotmark.attest.models import Verified
from lotmark.index._projectors._row import Projector, Row, plural, product_of, words


def _dependencies(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    run, scan, none = told["run"], told["vulnerabilities"], told["none"] or {}
    product = product_of(run)
    affecting = sum(1 for match in scan["matched"] if match["state"] == "affected")
    known = f"{plural(affecting, 'known vulnerability', 'known vulnerabilities')} affecting it" if scan["evaluated"] else "vulnerabilities not evaluated"
    yield words(f"{plural(len(told['components']), 'component')} in {plural(len(told['locks']), 'lock file')}, {known}")
    for lock in told["locks"]:
        yield "locks", {"run": run, "path": lock["path"], "kind": lock["kind"], "sha256": lock["sha256"], "components": lock["components"]}
    for component in told["components"]:
        yield (
            "components",
            {
                "run": run,
                "product": product,
                "purl": component["purl"],
                "name": component["name"],
                "version": component["version"],
                "licence": component["licence"],
                "licence_verdict": component["licenceVerdict"],
                "scope": component["scope"],
            },
        )
    yield (
        "scans",
        {
            "run": run,
            "evaluated": int(scan["evaluated"]),
            "records": scan.get("records"),
            "retrieved": scan.get("retrieved"),
            "dump_sha256": scan.get("sha256"),
            "none_reason": none.get("reason"),
            "sbom_sha256": told["sbomSha256"],
        },
    )
    for match in scan["matched"]:
        yield (
            "vulnerabilities",
            {
                "run": run,
                "product": product,
                "vulnerability": match["id"],
                "component": match["component"],
                "severity": match["severity"],
                "state": match["state"],
                "justification": match.get("justification"),
                "reason": match.get("reason"),
                "owner": match.get("owner"),
                "expires": match.get("expires"),
            },
        )


def _sbom(entry: Verified) -> Iterator[Row]:
    yield words(f"the bill of materials names {plural(len(entry.statement.predicate.get('components', [])), 'component')}")


PROJECTORS: Final[Mapping[str, Projector]] = {"dependencies": _dependencies, "sbom": _sbom}
