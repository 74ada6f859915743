"""The rule codes of checks before a merge: 00x reviews of links, 01x exceptions, 02x the change."""

from typing import Final

from lotmark.base.rules import Rule

RULES: Final = (
    Rule(
        "LM-CHK-001",
        "a link is suspect",
        "Somebody said that the link holds, for two texts; one of them is another now. Whether it still holds is a person's judgement, not a machine's (IEC 62304:2006+A1:2015, 6.2.3 and 8.2). For safety class A it warns.",
        "Read both items. `lotmark trace review SOURCE TARGET --as YOU --role ROLE --reason ...` signs that the link holds; or change the link.",
    ),
    Rule(
        "LM-CHK-002",
        "a link was never reviewed",
        "Reviews of links are kept for this product, and this link has none.",
        "Read both items and sign that the link holds: `lotmark trace review`.",
    ),
    Rule(
        "LM-CHK-003",
        "a line of trace.lock cannot be read",
        "The file is a shadow of the signed reviews, one line for each. A broken line counts for nothing, so its link looks unreviewed.",
        "In a merge keep the lines of both sides (`quality/trace.lock merge=union` in .gitattributes), or write it anew: `lotmark trace review --write-lock`.",
    ),
    Rule(
        "LM-CHK-010",
        "an exception does not hold",
        "An exception has a reason, an owner who works here, a signature over exactly its words, and an end within the longest time. One that lacks any of these excepts nothing.",
        "Mend the entry in quality/exceptions.yaml as the message says, and have it signed: `lotmark trace except`.",
    ),
    Rule(
        "LM-CHK-011",
        "an exception ends soon",
        "From the day after its end on, its findings count again in its owner's change and in every check of everything.",
        "Mend what it excepts, or have a new one signed with a new reason.",
    ),
    Rule(
        "LM-CHK-012",
        "an exception has ended",
        "Its findings count again. They fail the change of its owner, the main branch and the release; other people's changes are only warned, for they cannot mend it.",
        "Mend what it excepted, or have a new one signed with a new reason. An ended one is never prolonged.",
    ),
    Rule(
        "LM-CHK-013",
        "an exception excepts nothing",
        "Nothing was found of what it names: it was mended, or the subject is misspelt. It would hide the next finding of that kind.",
        "Remove it, or correct its items.",
    ),
    Rule(
        "LM-CHK-020",
        "a policy file changed without approval",
        "Policy, matrix, approvals, people, exceptions and the trace model decide what a release needs. Whoever changes one of them needs a second person, or a gate could be opened in the same change that it should stop (21 CFR 820.40).",
        "Let a person with a role from people.yaml, other than the author, look at it, and name that person in the commit that changes the file: a trailer `Approved-by: Name <address>`.",
    ),
    Rule(
        "LM-CHK-021",
        "a branch or pull request names an unknown id",
        "The branch, or the title of the pull request, says what it is for, and that does not exist here.",
        "Correct the name, or add the item.",
    ),
    Rule(
        "LM-CHK-022",
        "an issue key leads nowhere",
        "The tracker does not know the issue that a commit or item names, or closed it as not planned.",
        "Correct the key.",
    ),
    Rule(
        "LM-CHK-023",
        "the tracker could not be asked",
        "Whether an issue exists is unknown, and unknown is not yes.",
        "Give the check an export of the tracker, or a token and address that work.",
    ),
)
