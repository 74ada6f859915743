"""YAML files of the room -> anomalies, hazards, risk controls and the risk scale; a wrong file is one located finding."""

from typing import TypeVar

import msgspec

from lotmark.base.documents import Document, parse_document
from lotmark.base.errors import UsageError
from lotmark.base.findings import Finding, Location, Severity
from lotmark.trace._documents import AnomalyFile, ControlSection, HazardSection, MarkerFile, RiskFile, ScaleSection
from lotmark.trace._items import ItemReader
from lotmark.trace._lines import Fields
from lotmark.trace._local import local_id
from lotmark.trace.models import Anomaly, DeclaredMarker, Item, RiskScale, TracePolicy, Value

T = TypeVar("T")


def parse_anomalies(path: str, data: bytes, product: str, findings: list[Finding]) -> tuple[Anomaly, ...] | None:
    """The anomalies in the order of the file; None where it cannot be read."""
    document = _parse(path, data, AnomalyFile, findings)
    if document is None:
        return None
    found: dict[str, Anomaly] = {}
    for number, entry in enumerate(document.value.anomalies):
        where = document.where(("anomalies", number, "id"))
        key = local_id(entry.id, product)
        if key is None or ":" in key:
            findings.append(Finding("LM-TRC-010", f"{entry.id!r} is no identifier of this product", Severity.ERROR, where, entry.id, "write ids as ANO-001"))
            continue
        if key in found:
            findings.append(Finding("LM-TRC-011", f"{key} stands twice", Severity.ERROR, where, key, "give one of them another id; ids are never reused"))
            continue
        affects = tuple(local_id(text, product) or text for text in entry.affects)
        found[key] = Anomaly(key, entry.title, entry.severity, entry.status, entry.rationale, affects, where)
    return tuple(found.values())


def parse_markers(path: str, data: bytes, product: str, findings: list[Finding]) -> tuple[DeclaredMarker, ...]:
    """The entries of `quality/markers.yaml` in the order of the file; a text that is no identifier is a finding and left out."""
    document = _parse(path, data, MarkerFile, findings)
    if document is None:
        return ()
    declared: list[DeclaredMarker] = []
    for number, entry in enumerate(document.value.markers):
        ids: dict[str, None] = {}
        for place, text in enumerate(entry.verifies):
            key = local_id(text, product)
            if key is None:
                findings.append(
                    Finding(
                        "LM-TRC-010",
                        f"{text!r} is no identifier",
                        Severity.ERROR,
                        document.where(("markers", number, "verifies", place)),
                        text,
                        "write ids as REQ-001",
                    )
                )
            else:
                ids[key] = None
        globs = tuple((glob, document.where(("markers", number, "tests", place))) for place, glob in enumerate(entry.tests))
        declared.append(DeclaredMarker(globs, tuple(ids), entry.reason, document.where(("markers", number))))
    return tuple(declared)


def parse_risk_file(path: str, data: bytes, product: str, policy: TracePolicy, findings: list[Finding]) -> tuple[list[Item], RiskScale | None]:
    """The hazards and controls of a YAML file as items, and its scale if it declares one."""
    document = _parse(path, data, RiskFile, findings)
    if document is None:
        return [], None
    read = [_fields("hazard", hazard, document, ("hazards", number)) for number, hazard in enumerate(document.value.hazards)]
    read += [_fields("risk-control", control, document, ("controls", number)) for number, control in enumerate(document.value.controls)]
    items = [ItemReader(path, fields, product, policy, findings, named_by_file=False).item() for fields in read]
    scale = document.value.scale
    if scale is None and not items:
        findings.append(
            Finding(
                "LM-TRC-002",
                "the file holds neither a scale nor hazards nor controls",
                Severity.ERROR,
                Location(path, 1, 1),
                path,
                "remove the file, or write the entries",
            )
        )
    return items, None if scale is None else _scale(scale, document, findings)


def _fields(kind: str, entry: HazardSection | ControlSection, document: Document[RiskFile], at: tuple[str, int]) -> Fields:
    """An entry as the fields of a front matter, so that both forms are read and fingerprinted by the same code."""
    fields = Fields(values={"type": kind})
    raw = msgspec.to_builtins(entry)
    raw.pop("text")
    for key, value in raw.items():
        place = document.where((*at, key))
        if value in ("", (), []):
            continue
        fields.places[key] = (place.line, place.column)
        fields.values[key] = _text(value)
    fields.body = entry.text
    fields.body_line = document.where(at).line
    return fields


def _text(value: object) -> Value:
    if isinstance(value, list | tuple):
        return tuple(str(text) for text in value)
    if isinstance(value, dict):
        return {key: _scalar(inner) for key, inner in value.items() if inner != ""}
    return _scalar(value)


def _scalar(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _scale(section: ScaleSection, document: Document[RiskFile], findings: list[Finding]) -> RiskScale | None:
    wrong = ""
    for name, words in (("severities", section.severities), ("probabilities", section.probabilities), ("levels", section.levels)):
        if len(set(words)) != len(words):
            wrong = f"a word stands twice in scale.{name}"
    if len(section.matrix) != len(section.severities) or any(len(row) != len(section.probabilities) for row in section.matrix):
        wrong = f"scale.matrix must have {len(section.severities)} rows (severities) of {len(section.probabilities)} levels (probabilities)"
    elif any(level not in section.levels for row in section.matrix for level in row):
        wrong = f"scale.matrix uses a word that is not among the levels: {', '.join(section.levels)}"
    if wrong:
        findings.append(
            Finding("LM-TRC-006", wrong, Severity.ERROR, document.where(("scale",)), document.path, "mend the scale; words go from weakest to strongest")
        )
        return None
    matrix = tuple(tuple(section.levels.index(level) for level in row) for row in section.matrix)
    return RiskScale(tuple(section.severities), tuple(section.probabilities), tuple(section.levels), matrix)


def _parse(path: str, data: bytes, kind: type[T], findings: list[Finding]) -> Document[T] | None:
    try:
        return parse_document(data, kind, name=path)
    except UsageError as error:
        findings.append(Finding(error.code, error.reason, Severity.ERROR, parse_location(error.where or path), path, error.solution))
        return None


def parse_location(text: str) -> Location:
    """``path:line:column`` -> Location; a path that holds colons itself stays whole."""
    parts = text.rsplit(":", 2)
    if len(parts) == 3 and parts[1].isdigit() and parts[2].isdigit():
        return Location(parts[0], int(parts[1]), int(parts[2]))
    return Location(text)
