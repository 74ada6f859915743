"""reStructuredText directives that are items: those of sphinx-needs (with ``:id:``) and of mlx.traceability (``.. item:: ID``).

The directives alone are read, by indentation; no Sphinx runs, so what extensions compute (``needextend``, dynamic
functions) is named and not applied. Format: the documentation of sphinx-needs and of mlx.traceability.
"""

import re
from collections.abc import Mapping, Sequence

from lotmark.base.findings import Finding, Severity
from lotmark.trace._foreign import Defaults, ForeignDocument, ForeignItem, Text, decode, note, refuse

DEFAULTS = Defaults(title=("title",), text=("content",), sections={"rationale": "rationale"}, status="status", ignore=("id",))
# The runs are bounded: a line of a hundred thousand blanks must not be searched from each of them.
_DIRECTIVE = re.compile(r"^([ ]{0,80}(?:[*-] )?[ ]{0,80})\.\. ([A-Za-z][\w-]*)::(?: +(.*))?$")
_OPTION = re.compile(r"^:([\w+.-]+):(?:\s+(.*))?$")
_RULE = re.compile(r"^([=\-^~\"'`#*+.:_])\1{2,}\s*$")
_COMPUTED = frozenset({"needextend", "needimport", "needservice", "item-link", "attribute-link"})
_ITEM = "item"


def read_rst(path: str, data: bytes, options: Mapping[str, str]) -> ForeignDocument:
    """The items of one reStructuredText file."""
    reader = _Rst(path, decode(path, data, options).expandtabs(8).split("\n"))
    reader.read()
    if not reader.items and not reader.findings:
        raise refuse(path, 1, "no directive in it is an item (one with :id:, or `item`)", "name a file with items")
    return ForeignDocument(path, "rst", tuple(reader.items), reader.title, tuple(reader.findings), DEFAULTS)


class _Rst:
    """One pass over the lines."""

    def __init__(self, path: str, lines: Sequence[str]) -> None:
        self.items: list[ForeignItem] = []
        self.findings: list[Finding] = []
        self.title = ""
        self._path = path
        self._lines = lines
        self._levels: list[str] = []
        self._chapter: list[str] = []
        self._computed: dict[str, int] = {}

    def read(self) -> None:
        at = 0
        while at < len(self._lines):
            line = self._lines[at]
            match = _DIRECTIVE.match(line)
            if match is None:
                at = self._heading(at)
                continue
            at = self._directive(at, match)
        for name, count in self._computed.items():
            said = f"{count} `{name}` were not applied: only Sphinx can compute them"
            self.findings.append(note(self._path, 0, said, "import needs.json in place of the sources, or write the values out", severity=Severity.WARNING))

    def _heading(self, at: int) -> int:
        """A line that may be a heading: a title with a rule of its length below it."""
        rule = self._lines[at + 1] if at + 1 < len(self._lines) else ""
        title = self._lines[at].strip()
        over = at > 0 and self._lines[at - 1].rstrip() == rule.rstrip()
        indented = self._lines[at][:1] == " " and not over
        if not title or indented or not _RULE.match(rule) or _RULE.match(title) or len(rule.rstrip()) < len(title):
            return at + 1
        mark = rule[0] * (2 if over else 1)
        if mark not in self._levels:
            self._levels.append(mark)
        level = self._levels.index(mark)
        self._chapter = [*(self._chapter + [""] * level)[:level], title]
        self.title = self.title or title
        return at + 2

    def _directive(self, at: int, match: re.Match[str]) -> int:
        """A directive with its options and content; returns the line after it."""
        indent, name, argument = len(match[1]), match[2], match[3] or ""
        fields: dict[str, Text] = {}
        start = at
        at += 1
        option = ""
        while at < len(self._lines) and self._lines[at].strip() and _indent(self._lines[at]) > indent:
            found = _OPTION.match(self._lines[at].strip())
            if found:
                option = found[1]
                if option in fields:
                    said = f"the option :{option}: stands twice; the first holds"
                    self.findings.append(note(self._path, at + 1, said, "remove one of them"))
                    option = f"{option} (2)"
                fields[option] = (found[2] or "").strip()
            elif option:
                fields[option] = f"{fields[option]} {self._lines[at].strip()}".strip()
            else:
                argument = f"{argument} {self._lines[at].strip()}".strip()
            at += 1
        is_item = name == _ITEM or "id" in fields
        if name in _COMPUTED or not is_item:
            if name in _COMPUTED:
                self._computed[name] = self._computed.get(name, 0) + 1
            return at
        content, after = self._content(at, indent)
        if name == _ITEM and not content:
            content, after = self._following(at)
        self._item(name, argument, fields, content, start + 1)
        # Items may stand inside the content of others; they are found by reading on from here.
        return after if not any(_DIRECTIVE.match(line) for line in self._lines[at:after]) else at

    def _content(self, at: int, indent: int) -> tuple[str, int]:
        """The indented block after the options, up to a directive that is an item itself."""
        end = at
        while end < len(self._lines) and (not self._lines[end].strip() or _indent(self._lines[end]) > indent):
            end += 1
        block = []
        for number in range(at, end):
            if self._starts_item(number):
                break
            block.append(self._lines[number])
        return _dedent(block), end

    def _following(self, at: int) -> tuple[str, int]:
        """mlx.traceability sources often leave the text unindented: the paragraphs up to the next directive or heading."""
        end = at
        while end < len(self._lines):
            line = self._lines[end]
            rule = self._lines[end + 1] if end + 1 < len(self._lines) else ""
            if line.startswith(".. ") or (line.strip() and _RULE.match(rule) and line[:1] not in {" ", ""} and not _RULE.match(line)) or _RULE.match(line):
                break
            end += 1
        return "\n".join(line.rstrip() for line in self._lines[at:end]).strip("\n"), end

    def _starts_item(self, number: int) -> bool:
        match = _DIRECTIVE.match(self._lines[number])
        if match is None:
            return False
        return match[2] == _ITEM or any(":id:" in line for line in self._lines[number + 1 : number + 12] if line.strip().startswith(":"))

    def _item(self, name: str, argument: str, fields: dict[str, Text], content: str, line: int) -> None:
        if name == _ITEM:
            item_id, _, title = argument.partition(" ")
        else:
            item_id, title = str(fields.get("id", "")), argument
        if not item_id:
            self.findings.append(note(self._path, line, f"a {name} has no id: {title[:40]!r}", "give it one there; it was not carried over", code="LM-TRC-053"))
            return
        values: dict[str, Text] = {"title": title.strip(), "content": content, **fields}
        self.items.append(ForeignItem(item_id, name, values, line, chapter=tuple(part for part in self._chapter if part)))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _dedent(lines: Sequence[str]) -> str:
    depth = min((_indent(line) for line in lines if line.strip()), default=0)
    return "\n".join(line[depth:].rstrip() for line in lines).strip("\n")
