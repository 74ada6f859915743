"""The room's door: strict JSON, XML as a tree or as events, zip and tar as lists of plain files."""

from typing import TYPE_CHECKING

from lotmark.base.doors import open_late
from lotmark.intake._json import JSON_LIMITS, MAX_INTEGER, format_json, parse_json

if TYPE_CHECKING:
    from lotmark.intake._archive import ARCHIVE_FAULTS, ARCHIVE_LIMITS, SafeArchive
    from lotmark.intake._tar import open_tar
    from lotmark.intake._xml import XML_LIMITS, XmlHandler, XmlScanner, parse_xml
    from lotmark.intake._zip import open_zip

__all__ = [
    "ARCHIVE_FAULTS",
    "ARCHIVE_LIMITS",
    "JSON_LIMITS",
    "MAX_INTEGER",
    "XML_LIMITS",
    "SafeArchive",
    "XmlHandler",
    "XmlScanner",
    "format_json",
    "open_tar",
    "open_zip",
    "parse_json",
    "parse_xml",
]

_LATE = {
    "ARCHIVE_FAULTS": "_archive",
    "ARCHIVE_LIMITS": "_archive",
    "SafeArchive": "_archive",
    "XML_LIMITS": "_xml",
    "XmlHandler": "_xml",
    "XmlScanner": "_xml",
    "open_tar": "_tar",
    "open_zip": "_zip",
    "parse_xml": "_xml",
}
"""What only an importer needs; loaded when asked for, so that reading evidence stays fast (PEP 562)."""

__getattr__ = open_late(__name__, _LATE)
