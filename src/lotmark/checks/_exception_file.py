"""`quality/exceptions.yaml` as types; the JSON Schema for editors is generated from them."""

from typing import Annotated

import msgspec

from lotmark.base.documents import Document, parse_document
from lotmark.product.models import NonEmpty, Section

Day = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$(?!\n)")]


class ExceptionSection(Section, frozen=True, kw_only=True):
    """A finding that is accepted for a time."""

    id: NonEmpty
    """``EXC-001``; never reused."""
    rule: Annotated[str, msgspec.Meta(pattern=r"^LM-[A-Z]{3}-[0-9]{3}$(?!\n)")]
    """The rule code that is excepted."""
    items: Annotated[list[NonEmpty], msgspec.Meta(min_length=1)]
    """The subjects of the findings: ids of items, test ids or paths; no wildcards."""
    reason: NonEmpty
    """Why it may stay for now, and what is done instead."""
    owner: NonEmpty
    """Who mends it: an id of people.yaml."""
    expires: Day
    """The last day on which it holds."""


class ExceptionFile(Section, frozen=True, kw_only=True):
    """`quality/exceptions.yaml`, whole."""

    roles: Annotated[list[NonEmpty], msgspec.Meta(min_length=1)]
    """Who may sign an exception: roles of people.yaml."""
    exceptions: list[ExceptionSection]
    """The exceptions; one that ended is taken out once it is mended."""
    warn_days: Annotated[int, msgspec.Meta(ge=0, le=365)] = 30
    """How many days before its end an exception is announced."""
    max_days: Annotated[int, msgspec.Meta(ge=1, le=3660)] = 365
    """The longest time for which one may be signed."""


ExceptionDocument = Document[ExceptionFile]


def parse_exceptions(data: bytes, *, name: str = "quality/exceptions.yaml") -> ExceptionDocument:
    """The file, read strictly.

    Raises:
        UsageError: LM-CFG-002 to -005.
    """
    return parse_document(data, ExceptionFile, name=name)
