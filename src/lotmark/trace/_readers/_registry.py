"""Which reader takes which file: by the name that the mapping or the command gives, else by the file's name and first bytes."""

import re
from collections.abc import Mapping
from importlib import import_module

from lotmark.base.errors import UsageError
from lotmark.trace._foreign import ForeignDocument, Reader, refuse

_READERS: Mapping[str, tuple[str, str, str]] = {
    "csv": ("_tables", "read_csv", "CSV, TSV; also Jira's and Polarion's CSV export"),
    "xlsx": ("_tables", "read_xlsx", "Excel workbook (.xlsx), one sheet"),
    "reqif": ("_reqif", "read_reqif", "ReqIF 1.0 to 1.2 (.reqif)"),
    "reqifz": ("_reqif", "read_reqifz", "ReqIF archive (.reqifz)"),
    "markdown": ("_tables", "read_markdown", "tables of ids in a Markdown document"),
    "needs": ("_json", "read_needs", "needs.json of sphinx-needs"),
    "doorstop": ("_json", "read_doorstop", "item files of Doorstop (.yml, .md)"),
    "sdoc": ("_sdoc", "read_sdoc", "StrictDoc documents (.sdoc)"),
    "strictdoc-json": ("_sdoc", "read_strictdoc_json", "StrictDoc's JSON export"),
    "rst": ("_rst", "read_rst", "item directives in reStructuredText (sphinx-needs, mlx.traceability)"),
    "lobster": ("_json", "read_lobster", "LOBSTER interchange files (.lobster)"),
    "openfasttrace": ("_json", "read_oft", "OpenFastTrace specification items (ReqM2 XML, JSON)"),
    "issues": ("_json", "read_issues", "issues of GitHub, GitLab and Jira as JSON"),
    "json": ("_json", "read_json", "any JSON list of objects, with a mapping"),
}
READERS: Mapping[str, str] = {name: text for name, (_, _, text) in _READERS.items()}
"""Name of each reader and what it reads."""

_BY_SUFFIX = {
    ".csv": "csv", ".tsv": "csv", ".xlsx": "xlsx", ".xlsm": "xlsx", ".reqif": "reqif", ".reqifz": "reqifz", ".md": "markdown", ".markdown": "markdown",
    ".sdoc": "sdoc", ".sgra": "sdoc", ".rst": "rst", ".lobster": "lobster", ".yml": "doorstop", ".yaml": "doorstop", ".oft": "openfasttrace",
}  # fmt: skip
_DOORSTOP = re.compile(rb"^(?:---\n)?(?:.*\n)*?active: (?:true|false)$", re.MULTILINE)


def get_reader(name: str) -> Reader:
    """The reader of that name.

    Raises:
        UsageError: LM-TRC-059.
    """
    if name not in _READERS:
        raise UsageError("LM-TRC-059", f"there is no reader {name!r}", solution=f"one of: {', '.join(READERS)}")
    module, function, _ = _READERS[name]
    found: Reader = getattr(import_module(f"lotmark.trace._readers.{module}"), function)
    return found


def find_reader(path: str, data: bytes) -> str:
    """The name of the reader for a file.

    Raises:
        UsageError: LM-TRC-050 if neither name nor content tell.
    """
    suffix = "." + path.rpartition(".")[2].lower() if "." in path.rpartition("/")[2] else ""
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if suffix == ".md" and head.startswith(b"---\n") and _DOORSTOP.search(head):
        return "doorstop"
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if b"<REQ-IF" in head:
        return "reqif"
    if b"<specdocument" in head:
        return "openfasttrace"
    if head[:1] in {b"{", b"["}:
        return _find_json(data)
    raise refuse(path, 0, "neither its name nor its first bytes tell what it is", f"name the reader with --reader: {', '.join(READERS)}")


def _find_json(data: bytes) -> str:
    marks = (
        ("needs", rb'"versions"\s*:'),
        ("strictdoc-json", rb'"DOCUMENTS"\s*:'),
        ("lobster", rb'"schema"\s*:\s*"lobster-'),
        ("issues", rb'"(?:issuetype|iid|closedAt|html_url|repository_url|web_url)"\s*:'),
        ("openfasttrace", rb'"(?:artifactType|specobjects|specificationItems)"\s*:'),
    )
    head = data[:65536] + data[-4096:]
    return next((name for name, mark in marks if re.search(mark, head)), "json")


def read_foreign(path: str, data: bytes, *, reader: str = "", options: Mapping[str, str] | None = None) -> ForeignDocument:
    """The items of one file of another tool.

    Raises:
        UsageError: LM-TRC-050 or a code of `lotmark.intake` if it cannot be read, LM-TRC-059 for an unknown reader.
    """
    return get_reader(reader or find_reader(path, data))(path, data, options or {})
