"""Rule: the whole story behind a rule code, for ``lotmark explain CODE`` and the reference pages.

Each room lists the codes that it uses in its own ``rules.py`` as ``RULES``; a test holds that every code in the
source is listed once.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """A stable code with its meaning.

    `title` says what is wrong in a few words, `story` why it matters (with the clause where there is one), `cure`
    what a person does about it.
    """

    code: str
    title: str
    story: str
    cure: str
