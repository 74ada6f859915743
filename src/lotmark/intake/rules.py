"""The rule codes of this room."""

from typing import Final

from lotmark.base.rules import Rule

_READERS = "Two readers that understand one text differently can be shown two different things under one signature"

RULES: Final[tuple[Rule, ...]] = (
    Rule("LM-INT-001", "Not JSON", f"{_READERS}; so only RFC 8259 JSON is read, one value and nothing after it.", "Write plain JSON."),
    Rule("LM-INT-002", "Duplicate key", f"{_READERS}: of two equal keys most readers keep the last, some the first.", "Remove one of the two."),
    Rule(
        "LM-INT-003",
        "Number not allowed",
        f"{_READERS}: NaN and Infinity are no JSON, integers beyond 2^53 change their value in many readers.",
        "Write integers up to 2^53 and finite decimals; anything larger as a text.",
    ),
    Rule("LM-INT-004", "Encoding", f"{_READERS}: a byte order mark, another encoding or half a surrogate pair.", "Write UTF-8 without a byte order mark."),
    Rule("LM-INT-005", "Nested too deep", "Deep nesting exhausts the stack of readers; evidence never needs it.", "Flatten the document."),
    Rule(
        "LM-INT-006",
        "Too large",
        "A reader of foreign input has limits, so that no input can exhaust the machine.",
        "Split it, or keep the big part as a blob named by its digest.",
    ),
    Rule(
        "LM-INT-007",
        "No strict JSON form",
        "What is signed must be readable by every strict reader.",
        "Use texts, integers up to 2^53, finite decimals, lists and mappings with text keys.",
    ),
    Rule(
        "LM-INT-008",
        "Not well-formed XML",
        "A document is read whole or not at all; what one reader mends another reads otherwise.",
        "Mend the producer, or name the file of the format that is read there.",
    ),
    Rule(
        "LM-INT-009",
        "XML_FORBIDDEN",
        "A document type or entity lets a short file grow without end or fetch other files (billion laughs, external entities); no exchange format needs one.",
        "Write the file without <!DOCTYPE> and <!ENTITY>.",
    ),
    Rule("LM-INT-010", "XML ends in the middle", "Whatever wrote the file was killed or the disk was full.", "Write the file again."),
    Rule(
        "LM-INT-011",
        "ARCHIVE_UNSAFE",
        "An archive from elsewhere may name files outside its folder, link out of it, hold two files under one name, or unfold without end. "
        "It is judged by its directory before anything is unpacked.",
        "Get the archive again from where it was made, or pack plain files with plain names anew.",
    ),
    Rule(
        "LM-INT-012",
        "Archive cannot be read",
        "It is not an archive of that kind, or it was damaged on its way.",
        "Get the archive again from where it was made.",
    ),
)
