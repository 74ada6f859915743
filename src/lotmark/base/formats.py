"""Findings for people and for other tools: text, JSON, SARIF, JUnit, GitHub and GitLab annotations, Markdown.

Pure functions. Messages may quote foreign files, so every form escapes what its reader would take for markup, and the
text forms show control characters instead of sending them to a terminal.
"""

import hashlib
import html
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal, get_args
from urllib.parse import quote

from lotmark.base.findings import Finding, Location, Severity
from lotmark.base.rules import Rule

FindingFormat = Literal["text", "json", "sarif", "junit", "github", "gitlab", "markdown"]
FORMATS: Final[tuple[str, ...]] = get_args(FindingFormat)

_NO_RULES: Final[Mapping[str, Rule]] = MappingProxyType({})
_NONE_HIDDEN: Final[Mapping[str, int]] = MappingProxyType({})
# All that a terminal or an XML reader would not take as a character of text; line feed and tab are treated apart.
_UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_FORMULA = re.compile(r"\s*[=+\-@\t\r＝＋－＠]")
"""What a spreadsheet takes for the start of a formula; the wide forms are read as the narrow ones."""
_COLOR = re.compile("(\x1b\\[[0-9;]*m)")
_SARIF_LEVEL: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_GITHUB_LEVEL: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_GITLAB_LEVEL: Final = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}


def format_findings(
    findings: Iterable[Finding], fmt: str, *, rules: Mapping[str, Rule] = _NO_RULES, version: str = "", hidden: Mapping[str, int] = _NONE_HIDDEN
) -> str:
    """The findings in one of `FORMATS`, in the order given, ending with a line feed.

    `rules` (code -> Rule) lends SARIF its descriptions; `version` is Lotmark's, for the forms that name their tool;
    `hidden` (code -> number) is what was left out, which the forms for people say.

    Raises:
        ValueError: if `fmt` is none of `FORMATS`.
    """
    writer = _WRITERS.get(fmt)
    if writer is None:
        raise ValueError(f"unknown format {fmt!r}; one of: {', '.join(FORMATS)}")
    return writer(tuple(findings), rules, version) + _hidden(fmt, hidden)


def _hidden(fmt: str, hidden: Mapping[str, int]) -> str:
    """What a person must know of the findings that are not shown."""
    if not hidden or fmt not in {"text", "github", "markdown"}:
        return ""
    told = f"{sum(hidden.values())} more findings are not shown here: {', '.join(f'{count} {code}' for code, count in hidden.items())}"
    if fmt == "github":
        return f"::notice title=lotmark check::{told}. `lotmark check --all` shows them.\n"
    return f"{told}; `lotmark check --all` shows them\n" if fmt == "text" else f"\n_{told}; `lotmark check --all` shows them._\n"


def count_findings(findings: Iterable[Finding]) -> dict[str, int]:
    """How many of each severity: ``{"error": n, "warning": n, "info": n}``."""
    counts = {severity.value: 0 for severity in Severity}
    for finding in findings:
        counts[finding.severity.value] += 1
    return counts


def show_text(text: str) -> str:
    """Text for one line of a terminal or log: control characters and line feeds are written out, not sent."""
    return _UNSHOWABLE.sub(_written_out, text).replace("\n", "\\n").replace("\t", "\\t")


def show_page(text: str) -> str:
    """Text of several lines for a terminal: line feeds, tabs and colours (SGR sequences) stay, every other control character is written out."""
    return "".join(part if _COLOR.fullmatch(part) else _UNSHOWABLE.sub(_written_out, part) for part in _COLOR.split(text))


def show_json(text: str) -> str:
    """JSON for a terminal: what a terminal would obey is written as an escape of JSON (RFC 8259, 7); the value stays the same.

    Written JSON holds such characters within strings alone, save line feeds, which stay.
    """
    return _UNSHOWABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def mark_formula(text: str) -> str:
    """The text of a cell, with an apostrophe in front where a spreadsheet would take it for a formula (OWASP, CSV injection).

    The first character that is no blank decides, since spreadsheets drop blanks when they read a cell.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def _written_out(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def _text(findings: Sequence[Finding], rules: Mapping[str, Rule], version: str) -> str:
    del rules, version
    lines: list[str] = []
    for finding in findings:
        place = f"{finding.location}: " if finding.location else f"{finding.subject}: " if finding.subject else ""
        lines.append(show_text(f"{place}{finding.severity.value} {finding.code}: {finding.message}"))
        if finding.help:
            lines.append(f"    help: {show_text(finding.help)}")
    lines.append(_summary(findings))
    return "\n".join(lines) + "\n"


def _summary(findings: Sequence[Finding]) -> str:
    """``2 errors, 1 warning``; ``no findings``."""
    parts = [f"{number} {name}{'s' if number > 1 and name != 'info' else ''}" for name, number in count_findings(findings).items() if number]
    return ", ".join(parts) or "no findings"


def _json(findings: Sequence[Finding], rules: Mapping[str, Rule], version: str) -> str:
    del rules, version
    return _dump(
        {
            "schema": "https://lotmark.dev/schemas/findings.v1.json",
            "counts": count_findings(findings),
            "findings": [_json_finding(finding) for finding in findings],
        }
    )


def _json_finding(finding: Finding) -> dict[str, object]:
    """As in predicates, and the place in its parts."""
    wire = finding.to_wire()
    if finding.location is not None:
        wire["path"] = finding.location.path
        wire["line"] = finding.location.line
        wire["column"] = finding.location.column
    return wire


def _sarif(findings: Sequence[Finding], rules: Mapping[str, Rule], version: str) -> str:
    """SARIF 2.1.0 (OASIS, 2020)."""
    codes = list(dict.fromkeys(finding.code for finding in findings))
    driver: dict[str, Any] = {"name": "lotmark", "informationUri": "https://lotmark.dev", "rules": [_sarif_rule(code, rules.get(code)) for code in codes]}
    if version:
        driver["semanticVersion"] = version
    seen: dict[str, int] = {}
    results = [
        {
            "ruleId": finding.code,
            "ruleIndex": codes.index(finding.code),
            "level": _SARIF_LEVEL[finding.severity],
            "message": {"text": _message(finding)},
            "locations": [_sarif_location(finding)],
            "partialFingerprints": {"lotmark/v1": _identity(finding, seen)},
        }
        for finding in findings
    ]
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "the root of the product's repository"}}},
        "results": results,
    }
    return _dump({"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]})


def _sarif_rule(code: str, rule: Rule | None) -> dict[str, Any]:
    if rule is None:
        return {"id": code}
    return {"id": code, "shortDescription": {"text": rule.title}, "fullDescription": {"text": rule.story}, "help": {"text": rule.cure}}


def _sarif_location(finding: Finding) -> dict[str, Any]:
    found: dict[str, Any] = {}
    where = finding.location
    if where is not None:
        physical: dict[str, Any] = {"artifactLocation": {"uri": quote(where.path, errors="replace"), "uriBaseId": "SRCROOT"}}
        if where.line:
            physical["region"] = {"startLine": where.line, **({"startColumn": where.column} if where.column else {})}
        found["physicalLocation"] = physical
    found["logicalLocations"] = [{"fullyQualifiedName": finding.subject or "product"}]
    return found


def _junit(findings: Sequence[Finding], rules: Mapping[str, Rule], version: str) -> str:
    """One test case per finding, failed for an error; with no finding one that passed, so that no reader sees an empty run."""
    del rules, version
    failures = count_findings(findings)["error"]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="lotmark check" tests="{len(findings) or 1}" failures="{failures}" errors="0">',
        f'  <testsuite name="lotmark check" tests="{len(findings) or 1}" failures="{failures}" errors="0" skipped="0">',
    ]
    if not findings:
        lines.append('    <testcase classname="lotmark.check" name="no findings"/>')
    for finding in findings:
        where = finding.location
        name = f"{where}: {finding.message}" if where else finding.message
        place = (f' file="{_xml(where.path)}"' + (f' line="{where.line}"' if where.line else "")) if where else ""
        lines.append(f'    <testcase classname="{_xml(finding.code)}" name="{_xml(name)}"{place}>')
        if finding.severity is Severity.ERROR:
            lines.append(f'      <failure type="{_xml(finding.code)}" message="{_xml(finding.message)}">{_xml(_message(finding))}</failure>')
        else:
            lines.append(f"      <system-out>{_xml(f'{finding.severity.value}: {_message(finding)}')}</system-out>")
        lines.append("    </testcase>")
    return "\n".join([*lines, "  </testsuite>", "</testsuites>"]) + "\n"


def _github(findings: Sequence[Finding], rules: Mapping[str, Rule], version: str) -> str:
    """Workflow commands: GitHub shows each beside its line."""
    del rules, version
    lines: list[str] = []
    for finding in findings:
        where = finding.location or Location("")
        named = {"file": where.path, "line": where.line, "col": where.column, "title": f"{finding.code} {finding.subject or ''}".rstrip()}
        shown = ",".join(f"{key}={_github_escape(str(value)).replace(':', '%3A').replace(',', '%2C')}" for key, value in named.items() if value)
        lines.append(f"::{_GITHUB_LEVEL[finding.severity]} {shown}::{_github_escape(_message(finding))}")
    return "".join(f"{line}\n" for line in lines)


def _github_escape(text: str) -> str:
    shown = _UNSHOWABLE.sub(_written_out, text)
    return shown.replace("%", "%25").replace("\n", "%0A")


def _gitlab(findings: Sequence[Finding], rules: Mapping[str, Rule], version: str) -> str:
    """The Code Quality report; a finding without a file is shown at the declaration, since GitLab asks for one."""
    del rules, version
    seen: dict[str, int] = {}
    return _dump(
        [
            {
                "description": f"{finding.code}: {_message(finding)}",
                "check_name": finding.code,
                "fingerprint": _identity(finding, seen),
                "severity": _GITLAB_LEVEL[finding.severity],
                "location": {
                    "path": finding.location.path if finding.location else "lotmark.yaml",
                    "lines": {"begin": (finding.location.line if finding.location else 0) or 1},
                },
            }
            for finding in findings
        ]
    )


def _markdown(findings: Sequence[Finding], rules: Mapping[str, Rule], version: str) -> str:
    """A summary for a job page or a pull request: the counts, and a table."""
    del rules, version
    lines = [f"**Lotmark check: {_summary(findings)}**", ""]
    if findings:
        lines += ["| | rule | where | what | cure |", "|---|---|---|---|---|"]
        for finding in findings:
            cells = (finding.severity.value, finding.code, str(finding.location or finding.subject or ""), finding.message, finding.help or "")
            lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
        lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    shown = html.escape(show_text(text), quote=False)
    return re.sub(r"([\\`*_\[\]|~@#])", r"\\\1", shown)


def _message(finding: Finding) -> str:
    return f"{finding.message}\nhelp: {finding.help}" if finding.help else finding.message


def _identity(finding: Finding, seen: dict[str, int]) -> str:
    """What stays the same while lines move: rule, file, subject and message; a repeat is numbered."""
    parts = json.dumps([finding.code, finding.location.path if finding.location else "", finding.subject or "", finding.message])
    number = seen[parts] = seen.get(parts, 0) + 1
    return hashlib.sha256(f"{parts}{number}".encode()).hexdigest()


def _xml(text: str) -> str:
    return html.escape(_UNSHOWABLE.sub(_written_out, text)).replace("\n", "&#10;").replace("\t", "&#9;")


def _dump(value: object) -> str:
    # ASCII: a lone surrogate from an odd file name must not break the writing of all findings. DEL is ASCII too.
    return show_json(json.dumps(value, indent=2, ensure_ascii=True)) + "\n"


_WRITERS: Final[Mapping[str, Callable[[Sequence[Finding], Mapping[str, Rule], str], str]]] = {
    "text": _text,
    "json": _json,
    "sarif": _sarif,
    "junit": _junit,
    "github": _github,
    "gitlab": _gitlab,
    "markdown": _markdown,
}
