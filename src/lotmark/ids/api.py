"""The identifier grammar: parse one, find them in prose, tell look-alikes.

Grammar (ASCII): product ``[a-z][a-z0-9-]{0,39}``; local id two to eight parts joined by ``-``: first ``[A-Z][A-Z0-9]{0,15}``,
then ``[A-Z0-9]{1,16}``, the last one 1 to 9 digits. Nothing is normalised: what does not follow the grammar is refused, with a suggestion.
Spec: ``docs/spec/identifiers.md``.
"""

import re
import unicodedata
from collections.abc import Collection
from typing import Final

from lotmark.base.errors import UsageError
from lotmark.ids.models import ItemId

_PRODUCT: Final = r"[a-z][a-z0-9-]{0,39}"
_LOCAL: Final = r"[A-Z][A-Z0-9]{0,15}-(?:[A-Z0-9]{1,16}-){0,6}[0-9]{1,9}"
_PRODUCT_ONLY: Final = re.compile(rf"{_PRODUCT}\Z")
_WHOLE: Final = re.compile(rf"(?:(?P<product>{_PRODUCT}):)?(?P<local>{_LOCAL})\Z")
# A word, a colon or a hyphen before it would make it the tail of something else (`Qpcr:REQ-001`, `X-REQ-001`); a trailer's
# key at the start of a line would not (`Refs:REQ-001`).
_IN_PROSE: Final = re.compile(rf"(?:(?<![\w:-])(?P<product>{_PRODUCT}):|^[A-Z][A-Za-z-]*:|(?<![\w:-]))(?P<local>{_LOCAL})(?![\w-])", re.MULTILINE)

_PUBLIC: Final = frozenset({"CVE", "CWE", "ISO", "IEC", "EN", "RFC"})
"""Public catalogues that number as identifiers do (``CVE-2024-12345``): in prose these are no items, unless the product asks for the prefix."""
_LEADING_ZEROS: Final = re.compile(r"-0+(?=[0-9]+(?:-|$))")

_LOOK_ALIKES: Final = str.maketrans(
    dict(
        zip(
            "АВСЕНІЈКМОРЅТХУԚԜΑΒΕΖΗΙΚΜΝΟΡΤΥΧ‐‑‒–—―−﹣",
            "ABCEHIJKMOPSTXYQWABEZHIKMNOPTYX--------",
            strict=True,
        )
    )
)
_NUMBER_LIKE: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "|": "1"})


def parse_id(text: str, default_product: str | None = None) -> ItemId:
    """``qpcr:REQ-001``, or ``REQ-001`` inside `default_product` -> ItemId.

    Raises:
        UsageError: LM-IDS-001 if the text does not follow the grammar, or is short and there is no `default_product`;
            LM-IDS-002 if `default_product` is no product id.
    """
    match = _WHOLE.match(text)
    if match is None:
        raise UsageError("LM-IDS-001", f"{text[:120]!r} is not an identifier", solution=_suggest(text))
    product = match["product"]
    if product is None:
        if default_product is None:
            raise UsageError("LM-IDS-001", f"{text!r} does not say of which product", solution=f"write <product>:{text}")
        product = parse_product(default_product)
    return ItemId(product, match["local"])


def parse_product(text: str) -> str:
    """The text, if it is a product id.

    Raises:
        UsageError: LM-IDS-002.
    """
    if not _PRODUCT_ONLY.match(text):
        raise UsageError(
            "LM-IDS-002",
            f"{text[:120]!r} is not a product id",
            solution="use a lower-case letter, then up to 39 lower-case letters, digits and hyphens, like 'qpcr'",
        )
    return text


def find_ids(text: str, default_product: str, *, prefixes: Collection[str] | None = None) -> tuple[ItemId, ...]:
    """The identifiers in prose or trailers, each once, in order of appearance.

    Those of public catalogues (``CVE-2024-12345``, ``ISO-14971``) are left out. Names like ``UTF-8`` and ``SHA-256`` follow the grammar too: give the `prefixes` that the product uses to leave
    them out.
    """
    found: dict[ItemId, None] = {}
    for match in _IN_PROSE.finditer(text):
        item = ItemId(match["product"] or default_product, match["local"])
        if item.prefix not in _PUBLIC if prefixes is None else item.prefix in prefixes:
            found[item] = None
    return tuple(found)


def look_alike_key(text: str) -> str:
    """A key that is the same for texts which a person could take for one another.

    Case, width, Cyrillic and Greek letters, kinds of hyphen, O and 0, I and 1 and leading zeros make no difference in
    it. It is for finding clashes, never for naming anything.
    """
    plain = text.strip().upper() if text.isascii() else unicodedata.normalize("NFKC", text).strip().upper().translate(_LOOK_ALIKES)
    head, hyphen, number = plain.rpartition("-")
    head = head.replace("O", "0").replace("I", "1")
    if "-0" in head:
        head = _LEADING_ZEROS.sub("-", head)
    if not number.isdecimal():
        number = number.translate(_NUMBER_LIKE)
    return head + hyphen + (number.lstrip("0") or number[:1])


def _suggest(text: str) -> str:
    """What the writer may have meant."""
    plain = unicodedata.normalize("NFKC", text).strip().translate(_LOOK_ALIKES)
    product, colon, local = plain.rpartition(":")
    meant = f"{product.lower()}{colon}{local.upper()}"
    if meant != text and _WHOLE.match(meant):
        return f"did you mean {meant}? Identifiers are plain ASCII, the local part in capitals"
    return "write capitals and digits in parts joined by '-', the last one a number: REQ-001, or with its product qpcr:REQ-001"
