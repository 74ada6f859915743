"""The rule codes of the releases room."""

from lotmark.base.rules import Rule

RULES = (
    Rule(
        "LM-REL-001",
        "evidence of a kind is missing from the run",
        "A candidate, a manifest or notes can only be made from evidence that stands in the ledger; nothing is made up for a stage that did not run.",
        "Run the stage that makes it: `lotmark run` goes on where it stopped.",
    ),
    Rule(
        "LM-REL-002",
        "not exactly one artifact",
        "The release artifact is the one thing that everybody points at: review, test, approval, deployment, recall (21 CFR 820.184).",
        "Make `package.artifact` in lotmark.yaml name exactly one of the build's outputs.",
    ),
    Rule(
        "LM-REL-003",
        "a device attribute cannot be stated",
        "Firmware checksum, calibration profile and device models belong to the device master record; a wrong or missing one would let the wrong image into a device.",
        "Mend `package.device` in lotmark.yaml.",
    ),
    Rule(
        "LM-REL-004",
        "the product has no such release",
        "The question names a version, digest or run that the ledger does not hold.",
        "`lotmark release list` shows what there is.",
    ),
    Rule(
        "LM-REL-005",
        "the artifact's bytes cannot be read",
        "A candidate is stated of bytes in hand; a build output that the store no longer holds cannot be released.",
        "`lotmark log fsck` names what is missing; restore the store from a backup, or run again with `lotmark run --new`.",
    ),
    Rule(
        "LM-REL-006",
        "the labelling tells no version",
        "Proposed, tested, SBOM, artifact and label must be one version; a declared labelling that cannot be read is not taken for an equal one.",
        "Mend `package.label` in lotmark.yaml: `file` and `pattern` with one group.",
    ),
)
