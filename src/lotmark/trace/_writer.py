"""The native form of an item as bytes: what this writes, the reader reads back to the same values.

Writing never loses anything: a value that the format cannot hold is refused by `find_unwritable` beforehand.
"""

import re
from collections.abc import Mapping, Sequence

from lotmark.trace.models import Value

ORDER = ("id", "type", "title", "status", "safety-class", "owner", "source", "aliases")
"""The keys that come first, in this order; the others follow as they are given."""
_PLAIN = re.compile(r"[A-Za-z0-9](?:[^\t#:\[\]{},\"']*[^\t#:\[\]{},\"' ])?\Z")
_UNWRITABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\t]")
_BODY_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0d-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_HEADING = re.compile(r"^(##[ \t]+\S)", re.MULTILINE)
_FENCE = re.compile(r"^([ ]*)(```|~~~)", re.MULTILINE)


def format_item(values: Mapping[str, Value], text: str, sections: Mapping[str, str]) -> bytes:
    """Front matter, normative text and sections as one file. Sections are named by their headings, in lower case where they are known."""
    keys = [*(key for key in ORDER if key in values), *(key for key in values if key not in ORDER)]
    parts = ["---", *(f"{key}: {format_value(values[key])}" for key in keys), "---"]
    if text:
        parts.append(text)
    for name, body in sections.items():
        if body:
            parts.extend(("", f"## {name[:1].upper()}{name[1:]}", "", body))
    return ("\n".join(parts) + "\n").encode()


def format_value(value: Value) -> str:
    """A value in the flow form of the front matter."""
    if isinstance(value, str):
        return format_scalar(value)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {format_scalar(inner)}' for key, inner in value.items())}}}"
    return f"[{', '.join(format_scalar(inner) for inner in value)}]"


def format_scalar(text: str) -> str:
    """Plain where nothing in it could be read in two ways, else in double quotes."""
    if _PLAIN.match(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def find_unwritable(text: str, *, body: bool = False) -> str:
    """The first character that the format cannot hold, as ``U+000B``; empty if there is none."""
    found = (_BODY_UNWRITABLE if body else _UNWRITABLE).search(text)
    return f"U+{ord(found[0]):04X}" if found else ""


def one_line(text: str) -> str:
    """The text on one line, white space drawn together."""
    return " ".join(text.split())


def as_body(text: str) -> str:
    """A foreign text as the body of an item: lines that would start a section or an unclosed code fence are escaped."""
    lines = "\n".join(line.rstrip() for line in text.replace("\x0b", "\n").replace("\x0c", "\n").replace("\u2028", "\n").replace("\u2029", "\n\n").split("\n"))
    body = lines.strip("\n").strip()
    body = _HEADING.sub(r"\\\1", body)
    if len(_FENCE.findall(body)) % 2 or _mixed_fences(body):
        body = _FENCE.sub(r"\1\\\2", body)
    return body


def _mixed_fences(body: str) -> bool:
    """Whether fences of the two kinds stand within each other, which readers take in two ways."""
    kinds: Sequence[str] = [mark for _, mark in _FENCE.findall(body)]
    return any(first != second for first, second in zip(kinds[::2], kinds[1::2], strict=False))
