"""JSON and YAML of other tools: needs.json, Doorstop, LOBSTER, OpenFastTrace, and issues of GitHub, GitLab and Jira.

Each format says where its records are and which keys name id, links and texts; a record is flattened to fields, so that
nothing of it is lost: ``fields.status.name``.
"""

import json
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from lotmark.base.documents import parse_yaml
from lotmark.base.errors import UsageError
from lotmark.base.findings import Finding
from lotmark.base.limits import Limits
from lotmark.trace._foreign import Defaults, ForeignDocument, ForeignItem, ForeignLink, Text, decode, note, refuse

LIMITS = Limits(max_bytes=128 * 1024 * 1024, max_depth=64, max_items=5_000_000)
_GENERIC = Defaults(
    title=("title", "summary", "name", "shortdesc", "header"),
    text=("text", "description", "content", "body", "statement"),
    sections={"rationale": "rationale", "notes": "notes", "comment": "notes", "verification": "verification"},
    status="status",
)


def load(path: str, data: bytes) -> Any:
    """The JSON value; a byte order mark, which other tools write, is passed over."""
    from lotmark.intake.api import parse_json

    return parse_json(data.removeprefix(b"\xef\xbb\xbf"), LIMITS, what=path, error=UsageError)


def flatten(record: Mapping[str, Any], prefix: str = "") -> dict[str, Text]:
    """Field name -> text or texts; objects inside give dotted names, what is deeper stays JSON text."""
    found: dict[str, Text] = {}
    for key, value in record.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and prefix.count(".") < 2:
            found.update(flatten(value, f"{name}."))
        elif isinstance(value, list):
            found[name] = tuple(_scalar(part) for part in value)
        else:
            found[name] = _scalar(value)
    return found


def _scalar(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        named = next((value[key] for key in ("name", "title", "login", "username", "value") if isinstance(value.get(key), str)), None)
        return named if named is not None and len(value) <= 12 else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value)


def _records(path: str, value: Any, what: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(record, dict) for record in value):
        raise refuse(path, 1, f"{what} is no list of objects", "name the right file, or the reader with --reader")
    return value


# ---- sphinx-needs


_NEEDS_BOOKKEEPING = frozenset(
    {"docname", "lineno", "lineno_content", "doctype", "is_external", "external_url", "external_css", "is_need", "is_part", "is_import", "parts", "arch", "full_title", "id_complete", "id_parent", "id_prefix", "content_id", "layout", "style", "template", "pre_template", "post_template", "collapse", "hide", "delete", "jinja_content", "constraints_passed", "constraints_results", "constraints_error", "has_dead_links", "has_forbidden_dead_links", "modifications", "is_modified", "type_name", "type_color", "type_prefix", "type_style", "target_id", "parent_need", "parent_needs", "parent_needs_back", "section_name", "sections", "signature", "hidden"}
)  # fmt: skip


def read_needs(path: str, data: bytes, options: Mapping[str, str]) -> ForeignDocument:
    """needs.json of sphinx-needs; option ``version``, by default the current one."""
    tree = load(path, data)
    versions = tree.get("versions") if isinstance(tree, dict) else None
    if not isinstance(versions, dict) or not versions:
        raise refuse(path, 1, "it holds no versions of needs", "name the needs.json that sphinx-needs writes")
    wanted = options.get("version") or str(tree.get("current_version", ""))
    version = wanted if wanted in versions else ""
    if not version and len(versions) == 1:
        version = next(iter(versions))
    if not version:
        raise refuse(path, 1, f"there is no version {wanted!r}", f"write options: {{version: ...}}, one of: {', '.join(versions)}")
    needs = versions[version].get("needs")
    if not isinstance(needs, dict):
        raise refuse(path, 1, f"the version {version!r} holds no needs", "build needs.json again")
    items: list[ForeignItem] = []
    for key, need in needs.items():
        if not isinstance(need, dict):
            raise refuse(path, 1, f"the need {key!r} is no object", "build needs.json again")
        fields = {
            name: value
            for name, value in flatten(need).items()
            if name.partition(".")[0] not in _NEEDS_BOOKKEEPING and not name.endswith("_back") and name != "id" and value not in ("", ())
        }
        sections = need.get("sections") or ()
        chapter = tuple(str(name) for name in reversed(sections)) if isinstance(sections, list) else ()
        items.append(ForeignItem(str(need.get("id") or key), str(need.get("type", "")), fields, int(need.get("lineno") or 0), chapter=chapter))
    defaults = Defaults(("title",), ("content", "description"), {"rationale": "rationale"}, "status", ("type",))
    return ForeignDocument(path, "needs", tuple(items), str(tree.get("project", "")), defaults=defaults)


# ---- Doorstop


def read_doorstop(path: str, data: bytes, options: Mapping[str, str]) -> ForeignDocument:
    """One item file of Doorstop, YAML or Markdown with front matter; its name is the id, its links lead to parents."""
    text = decode(path, data, options)
    body = ""
    if path.lower().endswith(".md"):
        head, _, body = text.removeprefix("---\n").partition("\n---\n")
        text = head
    if PurePosixPath(path).name == ".doorstop.yml":
        return ForeignDocument(path, "doorstop", ())
    tree, _ = parse_yaml(text.encode(), name=path)
    if not isinstance(tree, dict) or not {"level", "active"} & tree.keys():
        raise refuse(path, 1, "it is no Doorstop item (no 'active', no 'level')", "name the item files of a Doorstop document")
    links: list[ForeignLink] = []
    findings: list[Finding] = []
    for link in tree.get("links") or ():
        # Either an id, or the id with the fingerprint under which it was reviewed.
        target = next(iter(link), "") if isinstance(link, dict) else link
        if not isinstance(target, str) or not target:
            findings.append(note(path, 0, f"a link is neither an id nor an id with its stamp: {link!r}", "mend the file"))
            continue
        links.append(ForeignLink("links", target))
    fields = flatten({key: value for key, value in tree.items() if key not in {"links", "reviewed"} and value not in (None, "", [], False)})
    if body.strip():
        fields["text"] = body.strip("\n")
    fields["active"] = "true" if tree.get("active", True) else "false"
    kind = "heading" if tree.get("normative") is False else "requirement"
    defaults = Defaults(("header",), ("text",), {"rationale": "rationale"}, "", ("level", "normative", "derived"))
    item = ForeignItem(PurePosixPath(path).stem, kind, fields, 1, tuple(links))
    return ForeignDocument(path, "doorstop", (item,), findings=tuple(findings), defaults=defaults)


# ---- LOBSTER, OpenFastTrace


def read_lobster(path: str, data: bytes, options: Mapping[str, str]) -> ForeignDocument:
    """The interchange JSON of LOBSTER: requirements, implementations and activities with their references."""
    del options
    tree = load(path, data)
    schema = str(tree.get("schema", "")) if isinstance(tree, dict) else ""
    if not schema.startswith("lobster-"):
        raise refuse(path, 1, f"its schema is {schema!r}, not lobster-...", "name a .lobster file")
    items: list[ForeignItem] = []
    for record in _records(path, tree.get("data"), "data"):
        tag = _lobster_id(str(record.get("tag", "")))
        refs = tuple(ForeignLink("refs", _lobster_id(str(ref))) for ref in record.get("refs") or ())
        location: dict[str, Any] = record.get("location") or {}
        fields = flatten({key: value for key, value in record.items() if key not in {"tag", "refs", "location"} and value not in (None, "", [])})
        place = ":".join(str(location[key]) for key in ("file", "line") if location.get(key))
        if place:
            fields["location"] = place
        items.append(ForeignItem(tag, str(record.get("kind") or schema), fields, 0, refs))
    defaults = Defaults(("name",), ("text",), status="status", ignore=("framework", "kind"))
    return ForeignDocument(path, "lobster", tuple(items), defaults=defaults)


def _lobster_id(tag: str) -> str:
    """``req example.name@3`` -> ``example.name``: the namespace tells the kind, the version is part of no name."""
    return tag.partition(" ")[2].rpartition("@")[0] or tag.partition(" ")[2] or tag


def read_oft(path: str, data: bytes, options: Mapping[str, str]) -> ForeignDocument:
    """Specification items of OpenFastTrace: the ReqM2 XML that it exports, or a JSON list of its items."""
    if data.lstrip()[:1] == b"<":
        return _oft_xml(path, data)
    tree = load(path, data)
    records = tree if isinstance(tree, list) else tree.get("items") or tree.get("specobjects") or tree.get("specificationItems")
    items = [_oft_item(record) for record in _records(path, records, "the file")]
    del options
    return ForeignDocument(path, "openfasttrace", tuple(items), defaults=_GENERIC)


def _oft_item(record: Mapping[str, Any]) -> ForeignItem:
    fields = flatten(record)
    name = str(record.get("id") or record.get("name") or "")
    covers = record.get("covers") or record.get("coveredIds") or record.get("covered") or ()
    links = tuple(ForeignLink("covers", _oft_id(part if isinstance(part, str) else _scalar(part))) for part in covers)
    for key in ("id", "covers", "coveredIds", "covered"):
        fields.pop(key, None)
    kind = str(record.get("artifactType") or record.get("doctype") or name.partition("~")[0])
    return ForeignItem(_oft_id(name), kind, fields, 0, links)


def _oft_id(text: str) -> str:
    """``req~login-limit~2`` -> ``req~login-limit``: the revision is no part of the name."""
    return re.sub(r"~\d+$", "", text)


def _oft_xml(path: str, data: bytes) -> ForeignDocument:
    from lotmark.intake.api import parse_xml

    root = parse_xml(data, LIMITS, what=path, error=UsageError, root=frozenset({"specdocument"}))
    items: list[ForeignItem] = []
    for group in root.find_all("specobjects"):
        kind = group.attributes.get("doctype", "")
        for element in group.find_all("specobject"):
            fields: dict[str, Text] = {}
            links: list[ForeignLink] = []
            for child in element.children:
                if child.name == "providescoverage":
                    links += [
                        ForeignLink("covers", f"{_xml_text(part, 'dstdoctype') or ''}~{_xml_text(part, 'linksto')}".lstrip("~")) for part in child.children
                    ]
                elif child.children:
                    fields[child.name] = tuple(part.all_text().strip() for part in child.children)
                else:
                    fields[child.name] = child.text.strip()
            name = str(fields.pop("id", ""))
            items.append(ForeignItem(f"{kind}~{name}" if kind else name, kind, fields, element.line, tuple(links)))
    return ForeignDocument(path, "openfasttrace", tuple(items), defaults=_GENERIC)


def _xml_text(element: Any, name: str) -> str:
    child = element.find(name)
    return child.all_text().strip() if child else ""


# ---- issues


def read_issues(path: str, data: bytes, options: Mapping[str, str]) -> ForeignDocument:
    """Issues exported as JSON: `gh issue list --json`, GitHub's and GitLab's API, Jira's search."""
    del options
    tree = load(path, data)
    records = _records(path, tree.get("issues") if isinstance(tree, dict) else tree, "the list of issues")
    items: list[ForeignItem] = []
    findings: list[Finding] = []
    for number, record in enumerate(records, 1):
        count = record.get("iid") or record.get("number")
        key = str(record.get("key") or (f"#{count}" if count else ""))
        if not key:
            findings.append(note(path, 0, f"issue {number} of the file has neither key nor number", "export it with its number", code="LM-TRC-053"))
            continue
        items.append(_jira(record, key) if "fields" in record else ForeignItem(key, "issue", flatten(record), 0))
    jira = any("fields" in record for record in records)
    defaults = Defaults(
        ("fields.summary",) if jira else ("title",),
        ("fields.description",) if jira else ("body", "description"),
        status="fields.status.name" if jira else "state",
        ignore=("key", "number", "iid", "id", "self", "expand"),
    )
    return ForeignDocument(path, "issues", tuple(items), findings=tuple(findings), defaults=defaults)


def _jira(record: Mapping[str, Any], key: str) -> ForeignItem:
    fields = record["fields"] if isinstance(record["fields"], dict) else {}
    kind = fields.get("issuetype") or {}
    links: list[ForeignLink] = []
    outward = [link for link in fields.get("issuelinks") or () if isinstance(link, dict) and isinstance(link.get("outwardIssue"), dict)]
    links += [ForeignLink(str((link.get("type") or {}).get("outward") or "relates to"), str(link["outwardIssue"].get("key", ""))) for link in outward]
    parent = fields.get("parent")
    if isinstance(parent, dict) and parent.get("key"):
        links.append(ForeignLink("parent", str(parent["key"])))
    rest = {name: value for name, value in record.items() if name != "fields"}
    inner = {name: value for name, value in fields.items() if name not in {"issuelinks", "parent"} and value not in (None, "", [])}
    flat = flatten(rest) | {f"fields.{name}": value for name, value in flatten(inner).items()}
    return ForeignItem(key, str(kind.get("name", "issue")) if isinstance(kind, dict) else str(kind), flat, 0, tuple(links))


def read_json(path: str, data: bytes, options: Mapping[str, str]) -> ForeignDocument:
    """Any JSON list of objects; options: ``records`` (dotted path to the list), ``id`` (its key), ``kind`` (key of the kind)."""
    tree = load(path, data)
    for step in filter(None, options.get("records", "").split(".")):
        tree = tree.get(step) if isinstance(tree, dict) else None
    if isinstance(tree, dict) and all(isinstance(value, dict) for value in tree.values()):
        tree = [{"id": key, **value} for key, value in tree.items()]
    id_key, kind_key = options.get("id", "id"), options.get("kind", "type")
    items: list[ForeignItem] = []
    findings: list[Finding] = []
    for number, record in enumerate(_records(path, tree, "the file"), 1):
        fields = flatten(record)
        name = fields.pop(id_key, "")
        if not name or not isinstance(name, str):
            findings.append(note(path, 0, f"record {number} has no {id_key!r}", "name the key of the id: options: {id: ...}", code="LM-TRC-053"))
            continue
        kind = fields.get(kind_key, "")
        items.append(ForeignItem(name, kind if isinstance(kind, str) else "", fields, 0))
    return ForeignDocument(path, "json", tuple(items), findings=tuple(findings), defaults=_GENERIC)
