"""The rule codes of the product repository."""

from lotmark.base.rules import Rule

RULES = (
    Rule(
        "LM-PRD-001",
        "git is not installed",
        "The source stage records commit, tree, authors and history; without git there is nothing to say of them.",
        "Install git: `apt-get install git`.",
    ),
    Rule(
        "LM-PRD-002",
        "git refused a question",
        "The folder is no git work tree, has no commit yet, or a revision that was asked for does not exist.",
        "Run the command inside the product's work tree, or name it with --product; make a first commit.",
    ),
    Rule(
        "LM-PRD-003",
        "the product's version was not found",
        "A release needs exactly one proposed version; it is compared with the version tested, in the SBOM and in the artifact.",
        "Mend `product.version` in lotmark.yaml: a text, or `file` and `pattern` (one group).",
    ),
    Rule(
        "LM-PRD-004",
        "there is no quality folder",
        "Requirements, risks, matrix, policy, approvals and people stand in `quality/` beside lotmark.yaml.",
        "`lotmark init` writes a first one; `--config DIR` takes both from another place.",
    ),
    Rule(
        "LM-PRD-005",
        "the history is cut off",
        "Authors, committers and references of every commit since the last release are judged; in a shallow clone the older ones are not there, and their authors could approve their own work.",
        "`git fetch --unshallow`; in CI check out with the whole history (fetch-depth 0).",
    ),
    Rule(
        "LM-PRD-006",
        "something in the configuration is no plain file",
        "A decision pins lotmark.yaml and everything below quality/ by digest. A link can lead elsewhere tomorrow, or outside of the repository; a device or pipe has no digest.",
        "Put a plain file with a printable name in its place.",
    ),
)
