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
)
