"""The rule codes of this room."""

from typing import Final

from lotmark.base.rules import Rule

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "LM-IDS-001",
        "Not an identifier",
        "One identifier names the same item in the tracker, commits, tests, reviews, artifacts and the quality system, so there is one ASCII grammar and "
        "nothing is normalised: a full-width, Cyrillic or lower-case twin would be a second name for one thing.",
        "Write capitals and digits in parts joined by '-', the last one a number: REQ-001, or with its product qpcr:REQ-001.",
    ),
    Rule(
        "LM-IDS-002",
        "Not a product id",
        "The product id is the namespace of every identifier of the product; it stands in signed records and in file names.",
        "Use a lower-case letter, then up to 39 lower-case letters, digits and hyphens.",
    ),
)
