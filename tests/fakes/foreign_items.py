"""Imports for tests: a source as text, its plan, and the graph of what the plan writes."""

from datetime import UTC, datetime

from lotmark.base.errors import LotmarkError
from lotmark.trace.api import format_reqif, parse_trace, plan_import, propose_mapping, read_foreign

WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def read(text, name="source.csv", *, reader="", **options):
    """The document of one source."""
    data = text if isinstance(text, bytes) else text.encode()
    return read_foreign(name, data, reader=reader, options=options)


def read_or_refuse(name, data):
    """(document, None), or (None, the refusal)."""
    try:
        return read_foreign(name, data), None
    except LotmarkError as error:
        return None, error


def plan_of(*documents, files=None, name="legacy", mapping=None, product="qpcr"):
    """The plan of importing these documents over `files`."""
    files = files or {}
    graph = parse_trace(files, product)
    chosen = mapping or propose_mapping(documents, [document.path for document in documents], graph.policy, {})
    return plan_import(documents, chosen, graph, files, name)


def written(plan, *, theirs=False, over=None):
    """The quality files after the plan was carried out."""
    return {**(over or {}), **{planned.path: planned.after for planned in plan.to_write(theirs=theirs)}}


def item_of(plan, item_id, product="qpcr"):
    """The item as it reads after the import."""
    return parse_trace(written(plan), product).items[item_id]


def exported(graph, **options):
    """The graph out to ReqIF and read again."""
    return read_foreign("out.reqif", format_reqif(graph, at=WHEN, **options))


def said(plan, code):
    """The findings of this code."""
    return [finding for finding in plan.findings if finding.code == code]
