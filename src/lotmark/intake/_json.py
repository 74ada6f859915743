"""The strict JSON reader and writer: one text, one meaning, whoever reads it.

The stdlib's C scanner does the work; hooks refuse what other readers understand differently (duplicate keys, NaN,
numbers that lose digits). Before it starts, the bytes are looked at as bytes: size, encoding, escaped lone surrogates,
nesting and number of values, so that no input reaches the scanner that could exhaust the stack or the memory.
Spec: RFC 8259, RFC 7493 (I-JSON), ``docs/spec/envelope.md``.
"""

import json
import math
import re
from itertools import accumulate
from typing import Any, Final

from lotmark.base.errors import IntegrityError, LotmarkError, UsageError
from lotmark.base.limits import Limits
from lotmark.intake._refusal import Refusal

JSON_LIMITS: Final = Limits(max_bytes=64 * 1024 * 1024, max_depth=64, max_items=2_000_000)
"""What `parse_json` takes unless told otherwise."""

MAX_INTEGER: Final = 2**53
"""Beyond it a reader that keeps numbers as doubles changes the value (RFC 7493, 2.2)."""

_MAX_INTEGER_TEXT: Final = len(str(-MAX_INTEGER))
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_STEP: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_PAIR: Final = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")


def parse_json(data: bytes, limits: Limits = JSON_LIMITS, *, what: str = "the JSON text", error: type[LotmarkError] = IntegrityError) -> Any:
    """Strict JSON bytes -> dict, list, str, int, float, bool or None.

    `what` is how messages call the text; `error` is the class that is raised: `IntegrityError` for evidence,
    `UsageError` for a file that a user wrote.

    Raises:
        LotmarkError: of class `error`: LM-INT-001 not JSON or something follows it, -002 duplicate key, -003 number,
            -004 encoding, -005 too deep, -006 too large.
    """
    try:
        return _parse(data, limits)
    except Refusal as refusal:
        raise refusal.as_error(error, what) from refusal


def _parse(data: bytes, limits: Limits) -> Any:
    if len(data) > limits.max_bytes:
        raise Refusal("LM-INT-006", f"{len(data)} bytes are more than {limits.max_bytes}")
    if data.startswith(b"\xef\xbb\xbf"):
        raise Refusal("LM-INT-004", "it starts with a byte order mark")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal("LM-INT-004", f"it is not UTF-8 at byte {error.start}") from error
    _check_surrogates(data)
    _check_shape(data, limits)
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise Refusal("LM-INT-001", f"it is not JSON: {error.msg} at line {error.lineno}, column {error.colno}", place=(error.lineno, error.colno)) from error
    except RecursionError as error:  # only where the caller allows more depth than the interpreter has
        raise Refusal("LM-INT-005", "it is nested deeper than the reader can follow") from error


def _check_surrogates(data: bytes) -> None:
    r"""Refuse ``\ud800`` escapes that are not half of a pair; Python would read them into a text that no UTF-8 can hold."""
    if not _SURROGATE.search(data):
        return
    # Escaped backslashes and whole pairs are replaced, not removed, so that no new neighbours arise.
    if _SURROGATE.search(_PAIR.sub(b"..", data.replace(b"\\\\", b".."))):
        raise Refusal("LM-INT-004", "it holds a lone surrogate")


def _check_shape(data: bytes, limits: Limits) -> None:
    """Refuse nesting beyond `max_depth` and more values than `max_items`, without parsing.

    Counting brackets and commas in all bytes bounds both from above; only where that bound is too high are the strings
    cut out. Up to the first byte that is not JSON the cut agrees with the scanner, and there the scanner stops.
    """
    openings = data.count(b"[") + data.count(b"{")
    if openings <= limits.max_depth and openings + data.count(b",") < limits.max_items:
        return
    bare = data.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in data else data
    # A value brings two quotes, its key two more: what has more is refused before the cut makes an object of each piece.
    if bare.count(b'"') > 4 * limits.max_items:
        raise Refusal("LM-INT-006", f"it holds more than {limits.max_items} values")
    bare = b"".join(bare.split(b'"')[::2])
    brackets = bare.translate(None, _NO_BRACKETS)
    depth = max(accumulate(map(_STEP.__getitem__, brackets)), default=0)
    if depth > limits.max_depth:
        raise Refusal("LM-INT-005", f"it is nested deeper than {limits.max_depth}")
    values = bare.count(b",") + bare.count(b"[") + bare.count(b"{") + 1
    if values > limits.max_items:
        raise Refusal("LM-INT-006", f"it holds more than {limits.max_items} values")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Refusal("LM-INT-002", f"the key {twice[:80]!r} stands twice in one object")
    return members


def _integer(text: str) -> int:
    # The length first: converting a million digits takes quadratic time.
    if len(text) > _MAX_INTEGER_TEXT or abs(value := int(text)) > MAX_INTEGER:
        raise Refusal("LM-INT-003", f"the integer {text[:24]} is beyond 2^53")
    return value


def _decimal(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise Refusal("LM-INT-003", f"the number {text[:24]} is beyond what a double holds")
    return value


def _constant(text: str) -> Any:
    raise Refusal("LM-INT-003", f"{text} is not a JSON number")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_float=_decimal, parse_constant=_constant)
_ENCODER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def format_json(value: Any) -> bytes:
    """A JSON value -> ASCII bytes, keys sorted, no spaces; always readable by `parse_json`.

    Raises:
        UsageError: LM-INT-007 if the value has no strict JSON form (NaN, 2^60, a lone surrogate, a set, ...).
    """
    try:
        data = _ENCODER.encode(value).encode("ascii")
        _parse(data, JSON_LIMITS)
    except (Refusal, TypeError, ValueError, RecursionError) as error:
        raise UsageError(
            "LM-INT-007",
            f"the value cannot be written as strict JSON: {error}",
            solution="use texts, integers up to 2^53, finite decimals, lists and mappings with text keys",
        ) from error
    return data
