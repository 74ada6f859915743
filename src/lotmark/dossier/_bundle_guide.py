"""`VERIFY.md`: how a stranger checks a bundle with nothing but openssl, sha256sum and a shell; its commands are run by a test."""

from importlib.resources import files

from lotmark.dossier.models import BundleScope, envelope_path


def format_guide(scope: BundleScope) -> bytes:
    """The guide of a bundle: the template of this room with the names of this release in it."""
    own = {entry.index for entry in scope.run_entries}
    paths = {entry.header.kind: envelope_path(entry).rpartition("/")[2] for entry in scope.entries if entry.index in own}
    candidate = next((entry.statement.predicate["artifact"] for entry in reversed(scope.run_entries) if entry.kind == "release-candidate"), None)
    values = {
        "PRODUCT": scope.product,
        "VERSION": scope.version,
        "RUN": scope.run,
        "OUTCOME": scope.outcome,
        "ORIGIN": scope.origin,
        "SIZE": str(scope.size),
        "DECISION": paths.get("decision", paths["run-opened"]),
        "ARTIFACT": candidate["name"] if candidate else "none was made",
        "ARTIFACT_SHA256": candidate["sha256"] if candidate else "none",
    }
    text = files("lotmark.dossier").joinpath("VERIFY.md").read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"@@{name}@@", value)
    return text.encode("utf-8")
