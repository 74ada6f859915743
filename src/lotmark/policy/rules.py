"""The rule codes of this room."""

from lotmark.base.rules import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "LM-POL-001",
        "A release criterion is not met",
        "The facts, computed from the run's verified evidence, violate a strict criterion of quality/policy.yaml, or it could not be decided, which counts the same "
        "(IEC 62304:2006+A1:2015, 5.8; 21 CFR 11.10(f)).",
        "Do what the criterion's solution says; `lotmark gate --explain` shows the rule and the facts that it found.",
    ),
    Rule(
        "LM-POL-002",
        "Evidence is missing",
        "A decision needs everything that the run promised and every release needs: present, readable, signed by the pipeline and claimed by its stage. Unknown is never a pass.",
        "Run the stage that makes the missing evidence.",
    ),
    Rule(
        "LM-POL-011",
        "A criterion stands twice in the policy",
        "Decisions, waivers and reviews name a criterion by its id; two criteria of one id could not be told apart.",
        "Give each criterion in quality/policy.yaml its own id.",
    ),
    Rule(
        "LM-POL-012",
        "A criterion is not in the subset of CEL",
        "Criteria are written in a typed subset of CEL on which two engines agree, and they may read only facts that exist. A misspelt fact or a "
        "function outside the subset is refused when the policy is read, not on the day of the release.",
        "Mend the expression at the named line; docs/reference/policy.md lists the subset and the facts.",
    ),
    Rule(
        "LM-POL-013",
        "A criterion gives neither a bool nor messages",
        "`violations` answers with a list of messages (empty: the criterion is met) or with a bool (true: it is violated). Any other value has no verdict.",
        "Let the expression give a bool or a list of texts, for instance with filter() and map().",
    ),
    Rule(
        "LM-POL-014",
        "The message of a criterion does not fit",
        "A criterion that gives a bool says in `message` what is wrong; one that gives messages must not have a second text. Placeholders name facts that exist.",
        "Add, mend or remove `message`.",
    ),
    Rule(
        "LM-POL-005",
        "The policy is not the one that the run pinned",
        "A run pins the digests of the product's quality files when it opens. A policy that changed since was not part of what people review, so nothing is decided by it "
        "and no approval can rest on it.",
        "Commit the change and start a new run; the change of the policy then raises the tier of approval.",
    ),
    Rule(
        "LM-POL-015",
        "An older version of a quality file",
        "Root persons adopted a newer version of this file; going back to an older, perhaps weaker one is a change that needs their signatures like any other.",
        "Put the adopted version back, or have this one adopted: `lotmark key adopt`.",
    ),
    Rule(
        "LM-POL-016",
        "A version of a quality file that nobody adopted",
        "Once a version of policy, approvals, people or matrix was adopted, a change to it decides nothing until root persons adopt it too: merging it is not enough.",
        "Put the adopted version back, or have this one adopted: `lotmark key adopt`.",
    ),
    Rule(
        "LM-POL-010",
        "The policy engine cannot run",
        "Criteria are evaluated in a child process with limits on processor time, memory and wall time. Without it nothing can be decided, and nothing is accepted.",
        "Install the package common-expression-language (`lotmark doctor` shows what is missing).",
    ),
)
