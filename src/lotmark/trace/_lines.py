"""The strict line reader: bytes of one file -> front matter fields and body, or findings with line and column.

Front matter is a subset of YAML 1.2 in which every value is text: scalars (plain or quoted), flat lists and one-level
mappings, in flow or block form. What this reader accepts, a YAML parser reads to the same texts; what it cannot read it
says, line by line, and reads on. ``docs/reference/trace-format.md`` states the grammar.
"""

import re
from dataclasses import dataclass, field

from lotmark.base.findings import Finding, Location, Severity
from lotmark.trace.models import Value

MAX_BYTES = 1024 * 1024
"""An item is a page, not a book; a larger file is not read and is a finding."""
MAX_LINES = 500
"""Of a front matter; further lines are not read and are a finding."""

_KEY = re.compile(r"([a-z][a-z0-9-]*):(?:[ ]+|$)")
# The line that nearly every line is: a key and a plain text without anything that would need a second look.
_USUAL = re.compile(r"([a-z][a-z0-9-]*): ([A-Za-z0-9][^\t#:]*[^\t#: ]|[A-Za-z0-9])")
_BAD_START = frozenset("&*!|>@`%?{}[],#\"'")
# YAML reads these in other ways than as text that goes on: a key, a comment.
_INNER = re.compile(r":(?: |$)| #")
_FLOW_INNER = re.compile(r":(?: |$)| #|[\[\]{},]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_PLAIN_ASCII = bytes([9, 10, *range(0x20, 0x7F)])


@dataclass(slots=True)
class Fields:
    """What a front matter says: key -> value, key -> (line, column) of the value, and where the body starts."""

    values: dict[str, Value] = field(default_factory=dict)
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    body: str = ""
    body_line: int = 1


def parse_file(path: str, data: bytes, findings: list[Finding]) -> Fields | None:
    """One item file -> its fields; None (and a finding) where it holds no readable front matter."""
    text = decode_text(path, data, findings)
    if text is None:
        return None
    if not text.startswith("---\n"):
        found = text.partition("\n")[0].strip()
        if found:
            found = f"; the first line is {found[:40]!r}"
        findings.append(
            _finding(
                "LM-TRC-002",
                f"the file does not start with a front matter{found}",
                path,
                1,
                1,
                "start the file with a line '---', the fields, and a line '---'",
            )
        )
        return None
    end = text.find("\n---\n", 3)
    if end < 0:
        if not text.endswith("\n---"):
            findings.append(_finding("LM-TRC-002", "the front matter is not closed", path, 1, 1, "end the fields with a line '---'"))
            return None
        end = len(text) - 4
    fields = Fields(body=text[end + 5 :])
    lines = text[4:end].split("\n") if end > 3 else []
    fields.body_line = len(lines) + 3
    _FrontMatter(path, lines, fields, findings).read()
    return fields


def read_line(path: str, line: str, findings: list[Finding]) -> Fields:
    """One line ``key: value`` by itself; places count from the start of the line."""
    fields = Fields()
    _FrontMatter(path, [line], fields, findings).read()
    return fields


def decode_text(path: str, data: bytes, findings: list[Finding]) -> str | None:
    """Bytes -> text with LF line ends; a byte order mark and CRLF are read and said, what is no text is refused."""
    if len(data) > MAX_BYTES:
        findings.append(
            _finding(
                "LM-TRC-001",
                f"the file has {len(data)} bytes, more than {MAX_BYTES}; it was not read",
                path,
                0,
                0,
                "keep one item per file, move pictures and tables elsewhere and refer to them",
            )
        )
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        hint = "UTF-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "not UTF-8"
        findings.append(_finding("LM-TRC-001", f"the file is {hint} (byte {error.start}); it was not read", path, line, column, "save the file as UTF-8"))
        return None
    if text.startswith("\ufeff"):
        text = text[1:]
        findings.append(_finding("LM-TRC-007", "the file starts with a byte order mark", path, 1, 1, "save the file as UTF-8 without BOM", Severity.WARNING))
    if "\r" in text:
        line = text.count("\n", 0, text.index("\r")) + 1
        findings.append(
            _finding(
                "LM-TRC-007",
                "the file has Windows (CRLF) line ends",
                path,
                line,
                0,
                "save it with LF line ends, or add '*.md text eol=lf' to .gitattributes",
                Severity.WARNING,
            )
        )
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Two ways to the same answer: nearly every file is plain ASCII, and there the first costs next to nothing.
    if not text.isascii() or data.translate(None, _PLAIN_ASCII):
        control = _CONTROL.search(text)
        if control:
            line = text.count("\n", 0, control.start()) + 1
            column = control.start() - text.rfind("\n", 0, control.start())
            findings.append(_finding("LM-TRC-003", f"the control character U+{ord(control[0]):04X} stands in the text", path, line, column, "remove it"))
            return None
    return text


class _FrontMatter:
    """Reads the lines between the two ``---``, one pass, one finding per line that it does not understand."""

    __slots__ = ("_at", "_fields", "_findings", "_lines", "_path")

    def __init__(self, path: str, lines: list[str], fields: Fields, findings: list[Finding]) -> None:
        self._path = path
        self._lines = lines
        self._fields = fields
        self._findings = findings
        self._at = 0

    def read(self) -> None:
        values, places = self._fields.values, self._fields.places
        if len(self._lines) > MAX_LINES:
            self._say(
                "LM-TRC-003",
                f"the front matter has {len(self._lines)} lines, more than {MAX_LINES}; none was read",
                MAX_LINES + 2,
                1,
                "long texts belong into the body",
            )
            return
        lines, count, usually = self._lines, len(self._lines), _USUAL.fullmatch
        while self._at < count:
            line = lines[self._at]
            self._at += 1
            usual = usually(line)
            if usual:
                key, text = usual.groups()
                if key not in places:
                    values[key] = text
                    places[key] = (self._at + 1, len(key) + 3)
                    continue
            stripped = line.strip()
            if not stripped or stripped[0] == "#":
                continue
            number = self._at + 1
            match = _KEY.match(line)
            if match is None or "\t" in line:
                self._refuse_line(line, number)
                continue
            key, rest, column = match[1], line[match.end() :], match.end() + 1
            block = not rest or rest.isspace() or rest[0] == "#"
            value: Value | None = self._block() if block else self._inline(rest, number, column)
            if key in values or key in places:
                first = places[key][0]
                self._say(
                    "LM-TRC-004",
                    f"the key {key!r} stands twice, first on line {first}",
                    number,
                    1,
                    "remove one of them; the reader never guesses which one holds",
                )
                continue
            places[key] = (number, column)
            if value is not None:
                values[key] = value

    def _inline(self, rest: str, line: int, column: int) -> Value | None:
        first = rest[0]
        if first == "[":
            return self._flow_list(rest, line, column)
        if first == "{":
            return self._flow_mapping(rest, line, column)
        return self._scalar(rest, line, column)

    def _block(self) -> Value | None:
        """The indented lines after ``key:``: a list of ``- value`` or a mapping of ``key: value``; nothing means empty."""
        items: list[str] = []
        mapping: dict[str, str] = {}
        indent = -1
        broken = False
        while self._at < len(self._lines):
            text = self._lines[self._at]
            stripped = text.lstrip(" ")
            depth = len(text) - len(stripped)
            dash = stripped.startswith(("- ", "-\t")) or stripped == "-"
            if stripped and stripped[0] not in "#\t" and depth == 0 and not dash:
                break
            self._at += 1
            number = self._at + 1
            if not stripped or stripped.isspace() or stripped[0] == "#":
                continue
            match = None if dash else _KEY.match(stripped)
            if indent < 0:
                indent = depth
            if "\t" in text or depth != indent or (dash and mapping) or (match and items) or not (dash or match):
                self._refuse_line(text, number)
                broken = True
                continue
            start = 2 if dash else match.end() if match else 0
            value = self._scalar(stripped[start:], number, depth + start + 1)
            if value is None:
                broken = True
            elif dash:
                items.append(value)
            elif match and match[1] in mapping:
                self._say("LM-TRC-004", f"the key {match[1]!r} stands twice", number, depth + 1, "remove one of them")
                broken = True
            elif match:
                mapping[match[1]] = value
        if broken:
            return None
        return tuple(items) if items else mapping or ""

    def _scalar(self, text: str, line: int, column: int) -> str | None:
        """A plain or quoted scalar, with an optional comment after it."""
        if text and text[0] in "\"'":
            value, end = self._quoted(text, line, column)
            if value is not None and text[end:].strip() and not re.match(r"[ ]+#", text[end:]):
                self._say("LM-TRC-003", "text stands after the closing quote", line, column + end, "quote the whole value")
                return None
            return value
        hash_at = text.find(" #")
        if hash_at >= 0:
            text = text[:hash_at]
        text = text.strip()
        if not text or text[0] == "#":
            self._say("LM-TRC-003", "a value is missing here", line, column, 'write the value, or "" for an empty text')
            return None
        return self._plain(text, line, column, _INNER)

    def _plain(self, text: str, line: int, column: int, inner: re.Pattern[str]) -> str | None:
        if text[0] in _BAD_START or (text[0] in "-:" and (len(text) == 1 or text[1] == " ")):
            self._say("LM-TRC-003", f"a plain text cannot start with {text[0]!r}", line, column, "put the value in double quotes")
            return None
        found = inner.search(text)
        if found:
            self._say(
                "LM-TRC-003",
                f"{found[0].strip() or found[0]!r} inside a plain text would be read in two ways",
                line,
                column + found.start(),
                "put the value in double quotes",
            )
            return None
        return text

    def _quoted(self, text: str, line: int, column: int) -> tuple[str | None, int]:
        r"""A quoted scalar at the start of `text` -> (value, index after it). Escapes: \" \\ in double, '' in single quotes."""
        quote = text[0]
        parts: list[str] = []
        at = 1
        while at < len(text):
            char = text[at]
            if quote == '"' and char == "\\":
                if text[at + 1 : at + 2] not in {'"', "\\"}:
                    self._say("LM-TRC-003", 'only \\" and \\\\ are escapes here', line, column + at, "write the character itself")
                    return None, at
                parts.append(text[at + 1])
                at += 2
            elif char != quote:
                parts.append(char)
                at += 1
            elif quote == "'" and text[at + 1 : at + 2] == "'":
                parts.append("'")
                at += 2
            else:
                return "".join(parts), at + 1
        self._say("LM-TRC-003", "the quote is not closed on its line", line, column, f"end the value with {quote}")
        return None, at

    def _flow(self, text: str, close: str, line: int, column: int) -> list[tuple[str, int]] | None:
        """The comma-separated pieces of ``[...]`` or ``{...}`` with their columns; quoted pieces keep their quotes."""
        pieces: list[tuple[str, int]] = []
        at = 1
        while at < len(text):
            while text[at : at + 1] == " ":
                at += 1
            if text[at : at + 1] == close:
                rest = text[at + 1 :]
                if rest.strip() and not re.match(r"[ ]+#", rest):
                    self._say("LM-TRC-003", f"text stands after {close!r}", line, column + at + 1, "remove it")
                    return None
                return pieces
            start = at
            at = self._flow_end(text, at, close)
            piece = text[start:at].strip()
            if not piece:
                self._say("LM-TRC-003", "a value is missing between the commas", line, column + start, "remove the comma")
                return None
            pieces.append((piece, column + start))
            if text[at : at + 1] == ",":
                at += 1
        self._say("LM-TRC-003", f"{close!r} is missing on this line", line, column, f"close it with {close!r}, or write one value per line with '- '")
        return None

    @staticmethod
    def _flow_end(text: str, at: int, close: str) -> int:
        """Where the piece that starts at `at` ends: at a comma or bracket outside quotes, which open only before a value."""
        quote, fresh = "", True
        while at < len(text) and (quote or text[at] not in {",", close}):
            char = text[at]
            if char in "\"'" and (quote == char or (not quote and fresh)):
                quote = "" if quote else char
            elif quote == '"' and char == "\\":
                at += 1
            fresh = char == ":" or (fresh and char == " ")
            at += 1
        return at

    def _flow_value(self, piece: str, line: int, column: int) -> str | None:
        if piece[0] not in "\"'":
            return self._plain(piece, line, column, _FLOW_INNER)
        value, end = self._quoted(piece, line, column)
        if value is not None and end != len(piece):
            self._say("LM-TRC-003", "text stands after the closing quote", line, column + end, "quote the whole value")
            return None
        return value

    def _flow_list(self, text: str, line: int, column: int) -> tuple[str, ...] | None:
        # The usual list, of plain identifiers, without a walk over its characters.
        simple = _SIMPLE_LIST.match(text)
        if simple:
            return tuple(simple[1].replace(" ", "").split(","))
        pieces = self._flow(text, "]", line, column)
        if pieces is None:
            return None
        values = [self._flow_value(piece, line, at) for piece, at in pieces]
        return None if None in values else tuple(value for value in values if value is not None)

    def _flow_mapping(self, text: str, line: int, column: int) -> dict[str, str] | None:
        simple = _SIMPLE_MAPPING.match(text)
        if simple and simple[1] != simple[3]:
            return {simple[1]: simple[2], simple[3]: simple[4]}
        pieces = self._flow(text, "}", line, column)
        if pieces is None:
            return None
        result: dict[str, str] = {}
        for piece, at in pieces:
            match = _KEY.match(piece)
            value = self._flow_value(piece[match.end() :], line, at + match.end()) if match and piece[match.end() :] else None
            if match is None:
                self._say("LM-TRC-003", f"{piece[:40]!r} is not 'key: value'", line, at, "write {key: value, key: value}")
            elif match[1] in result:
                self._say("LM-TRC-004", f"the key {match[1]!r} stands twice", line, at, "remove one of them")
                return None
            if match is None or value is None:
                return None
            result[match[1]] = value
        return result

    def _refuse_line(self, line: str, number: int) -> None:
        tab = line.find("\t")
        if tab >= 0:
            self._say("LM-TRC-003", "a tab stands in the front matter", number, tab + 1, "use spaces")
            return
        column = len(line) - len(line.lstrip()) + 1
        self._say(
            "LM-TRC-003",
            f"{line.strip()[:40]!r} is not 'key: value' (keys are lower-case letters, digits and '-')",
            number,
            column,
            "write 'key: value'; a long text belongs into the body below the front matter",
        )

    def _say(self, code: str, message: str, line: int, column: int, cure: str) -> None:
        self._findings.append(_finding(code, message, self._path, line, column, cure))


# The usual estimate, {severity: critical, probability: remote}, likewise.
_SIMPLE_MAPPING = re.compile(r"\{([a-z]+): ([A-Za-z0-9][A-Za-z0-9 .-]*[A-Za-z0-9.]), ([a-z]+): ([A-Za-z0-9][A-Za-z0-9 .-]*[A-Za-z0-9.])\}$")
_SIMPLE_LIST = re.compile(r"\[[ ]*([A-Z][A-Z0-9-]*(?:[ ]*,[ ]*[A-Z][A-Z0-9-]*)*)[ ]*\][ ]*$")


def _finding(code: str, message: str, path: str, line: int, column: int, cure: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(code, message, severity, Location(path, line, column), path, cure)
