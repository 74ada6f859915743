"""Identifiers as the graph uses them: short inside the product, with the namespace outside it."""

from functools import lru_cache

from lotmark.base.errors import UsageError
from lotmark.ids.api import parse_id


@lru_cache(maxsize=200_000)
def local_id(text: str, product: str) -> str | None:
    """``REQ-007`` and ``qpcr:REQ-007`` in qpcr -> ``REQ-007``; an id of another product stays canonical; None if it is no id."""
    try:
        found = parse_id(text, product)
    except UsageError:
        return None
    return found.short if found.product == product else found.canonical
