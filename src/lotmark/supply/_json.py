"""JSON documents of other makers as msgspec types: the catalogue of exploited vulnerabilities, VEX."""

from typing import Any, TypeVar

import msgspec

from lotmark.base.errors import IntegrityError
from lotmark.intake.api import parse_json

T = TypeVar("T")


def decode_json(data: bytes, kind: type[T], what: str) -> T:
    """Strict JSON as `kind`; `what` is how messages call the text.

    Raises:
        ValueError: why it cannot be read.
    """
    try:
        tree = parse_json(data, what=what)
    except IntegrityError as error:
        raise ValueError(error.reason) from error
    return convert_json(tree, kind)


def convert_json(tree: Any, kind: type[T]) -> T:
    """A parsed document as `kind`; keys that `kind` does not name are passed over.

    Raises:
        ValueError: what is missing or of another type, and where.
    """
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as error:
        raise ValueError(str(error).replace("`", "'")) from error
