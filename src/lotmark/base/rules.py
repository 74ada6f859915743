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


RULES = (
    Rule(
        "LM-BAS-001",
        "a path leaves its folder",
        "Names from foreign input are resolved below one root; anything else could read or write another file.",
        "Use a relative path without '..' and without links that lead outside.",
    ),
    Rule(
        "LM-CFG-001",
        "a configuration file cannot be read",
        "The product's own files decide what a release needs; without them nothing is decided.",
        "Create it with `lotmark init`, or point --config at the folder that holds it.",
    ),
    Rule(
        "LM-CFG-002",
        "a configuration file is not strict YAML",
        "Tags, endless aliases, other encodings and broken syntax are refused: two readers must never see two different files.",
        "Mend the place that the message names.",
    ),
    Rule(
        "LM-CFG-003",
        "a key stands twice",
        "Most YAML readers silently take the last one, so a reviewer may read another rule than the machine applies.",
        "Remove one of the two.",
    ),
    Rule(
        "LM-CFG-004",
        "an unknown key",
        "A mistyped key would silently switch a rule off.",
        "Take the suggestion, or look into the JSON Schema of the file (`lotmark explain --schemas DIR` writes them).",
    ),
    Rule(
        "LM-CFG-005", "a value of the wrong type or out of range", "The reader never guesses.", "Look into the JSON Schema of the file for the allowed values."
    ),
)
