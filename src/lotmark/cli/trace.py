"""`lotmark trace`: matrix, impact, graph, export; reviews of links and exceptions, signed."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lotmark.base.errors import ExitCode, UsageError
from lotmark.cli._output import Output, table
from lotmark.cli._people import key_option, load_personal_key
from lotmark.cli._trace_items import documents, join, reqif, split

if TYPE_CHECKING:
    from lotmark.bootstrap.api import Workspace
    from lotmark.trace.models import TraceGraph
    from lotmark.views.models import TraceView

_results = click.option(
    "--results",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="JUnit XML (may be repeated; default: the last run in the ledger).",
)


@click.group(name="trace")
def command() -> None:
    """What stands above and below what, what results cover, and what a change touches."""


for _items_command in (documents, split, join, reqif):
    command.add_command(_items_command)


@command.command()
@_results
@click.option("-o", "--output", "target", type=click.Path(path_type=Path), default=None, help="Write a page or table: .html, .csv or .xlsx.")
@click.option("--risks", is_flag=True, help="Hazards and controls in place of every item (text and .csv).")
@click.pass_obj
def matrix(output: Output, results: tuple[Path, ...], target: Path | None, risks: bool) -> int:
    """Every item with its tests and whether their results verify it; exits 1 if a hazard is not effectively verified."""
    from lotmark.views.api import matrix_table, risk_table

    view, _ = _view(output, results)
    chosen = risk_table(view) if risks else matrix_table(view)
    if target is not None:
        target.write_bytes(_format(view, target, risks=risks))
    wire = {
        "product": view.product,
        "source": view.source,
        "counts": dict(view.counts),
        "items": [{"id": row.id, "type": row.type, "state": row.state.value, "tests": dict(row.tests), "reasons": list(row.reasons)} for row in view.rows],
        "openHazards": [risk.id for risk in view.open_hazards],
    }
    shown = [chosen[0][:3] + chosen[0][-2:], *((*row[:3], row[-2], row[-1].partition("\n")[0]) for row in chosen[1:])]
    counts = ", ".join(f"{count} {state}" for state, count in sorted(view.counts.items())) or "none"
    told = f"{view.source}\nrequirements: {counts}; hazards without effective verification: {len(view.open_hazards)} of {len(view.risks)}"
    output.result("trace-matrix", wire, f"{target}\n{told}" if target else f"{table(shown)}\n\n{told}")
    return int(ExitCode.REFUSED if view.open_hazards else ExitCode.ACCEPTED)


@command.command()
@click.argument("items", nargs=-1)
@click.option("--changed-since", "base", default=None, metavar="REF", help="Every item that changed since REF.")
@click.pass_obj
def impact(output: Output, items: tuple[str, ...], base: str | None) -> int:
    """What a change of ITEMS touches: what derives from them, what they serve, and the tests of all of these."""
    from lotmark.product.api import files_at, resolve_commit
    from lotmark.trace.api import changed_items, find_impact, read_quality_files

    workspace = output.workspace()
    graph = _graph(workspace)
    asked = list(items)
    if base is not None:
        commit = resolve_commit(workspace.root, base)
        asked += changed_items(files_at(workspace.root, commit, "quality"), read_quality_files(workspace.product.quality, []), graph.product).all
    if not asked and base is None:
        raise UsageError("LM-CLI-061", "neither items nor a base are named", solution="name ids, or --changed-since REF")
    found = find_impact(graph, asked)
    wire = {"changed": list(found.changed), "below": list(found.below), "above": list(found.above), "tests": list(found.tests), "unknown": list(found.unknown)}
    rows = [
        (name, item_id, graph.items[item_id].title)
        for name, ids in (("changed", found.changed), ("below", found.below), ("above", found.above))
        for item_id in ids
    ]
    rows += [("test", test, "") for test in found.tests] + [("unknown", item_id, "removed, or never there") for item_id in found.unknown]
    told = f"{len(found.changed)} changed: {len(found.below)} items below may no longer fit, {len(found.above)} above are to be verified again by {len(found.tests)} tests"
    output.result("trace-impact", wire, f"{table(rows)}\n\n{told}" if rows else "nothing changed")
    return int(ExitCode.USAGE if items and not found.changed and base is None else ExitCode.ACCEPTED)


@command.command()
@click.argument("items", nargs=-1)
@click.option("--form", type=click.Choice(["mermaid", "dot", "json"]), default="mermaid", show_default=True)
@click.pass_obj
def graph(output: Output, items: tuple[str, ...], form: str) -> None:
    """The links of ITEMS (default: of all) as a drawing for Mermaid or Graphviz, or as JSON."""
    from lotmark.views.api import format_dot, format_graph_json, format_mermaid, select_items

    found = _graph(output.workspace())
    unknown = [item_id for item_id in items if item_id not in found.items]
    if unknown:
        raise UsageError("LM-CLI-061", f"there is no item {', '.join(unknown)}", solution="`lotmark trace matrix` lists them")
    chosen = select_items(found, items)
    writer = {"mermaid": format_mermaid, "dot": format_dot, "json": format_graph_json}["json" if output.json else form]
    output.print(writer(found, chosen), newline=False)


@command.command()
@_results
@click.option("-o", "--output", "folder", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write into.")
@click.pass_obj
def export(output: Output, results: tuple[Path, ...], folder: Path) -> None:
    """Page, tables and graph as files: trace.html, matrix.csv, risks.csv, trace.xlsx, graph.json."""
    from lotmark.base.errors import EnvironmentLacksError
    from lotmark.views.api import format_csv, format_graph_json, format_xlsx, matrix_table, render_html, risk_table, select_items

    view, found = _view(output, results)
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "trace.html": render_html(view),
        "matrix.csv": format_csv(matrix_table(view)),
        "risks.csv": format_csv(risk_table(view)),
        "graph.json": format_graph_json(found, select_items(found, ())).encode(),
    }
    try:
        files["trace.xlsx"] = format_xlsx(view)
    except EnvironmentLacksError as error:
        output.note(f"no trace.xlsx: {error.reason}")
    for name, data in files.items():
        (folder / name).write_bytes(data)
    written = [str(folder / name) for name in files]
    output.result("trace-export", {"files": written}, "\n".join(written))


@command.command()
@click.argument("items", nargs=-1)
@click.option("--as", "person", default=None, help="Your id in people.yaml; without it the suspect links are listed.")
@key_option
@click.option("--role", default=None, help="The role in which you sign.")
@click.option("--reason", default=None, help="Why the links still hold.")
@click.option("--write-lock", is_flag=True, help="Only write quality/trace.lock anew, from itself and the ledger.")
@click.pass_obj
def review(output: Output, items: tuple[str, ...], person: str | None, key_file: str | None, role: str | None, reason: str | None, write_lock: bool) -> int:
    """List suspect links, or sign that those at ITEMS (an id, or SOURCE:LINK:TARGET) hold for the texts as they are."""
    from lotmark.bootstrap.api import find_open_links, sign_review
    from lotmark.bootstrap.api import write_lock as write

    workspace = output.workspace()
    found = _graph(workspace)
    if write_lock:
        lines = write(workspace, found)
        output.result("trace-lock", {"lines": lines}, f"quality/trace.lock holds {lines} reviews")
        return int(ExitCode.ACCEPTED)
    links = find_open_links(workspace, found)
    chosen = [link for link in links if not items or link.source in items or link.target in items or f"{link.source}:{link.type}:{link.target}" in items]
    wire = {"links": [{"source": link.source, "type": link.type, "target": link.target, "reviewed": link.reviewed} for link in chosen]}
    if person is None:
        rows = [("suspect" if link.reviewed else "new", link.source, link.type, link.target) for link in chosen]
        output.result("trace-review", wire, f"{table(rows)}\n\n{len(rows)} links wait for a review" if rows else "every link is reviewed")
        return int(ExitCode.PENDING if chosen else ExitCode.ACCEPTED)
    if not role or not reason:
        raise UsageError("LM-CLI-061", "a review names a role and a reason", solution="give --role and --reason")
    if not chosen:
        output.result("trace-review", wire, "no link waits for a review there")
        return int(ExitCode.NOTHING_TO_JUDGE)
    index = sign_review(workspace, found, chosen, person=person, signer=load_personal_key(person, key_file), role=role, reason=reason)
    output.result("trace-review", {**wire, "index": index}, f"{len(chosen)} links hold, says {person}; quality/trace.lock is written\nentry {index}")
    return int(ExitCode.ACCEPTED)


@command.command(name="except")
@click.argument("exception")
@click.option("--as", "person", required=True, help="Your id in people.yaml.")
@key_option
@click.option("--role", required=True, help="The role in which you sign.")
@click.pass_obj
def except_(output: Output, exception: str, person: str, key_file: str | None, role: str) -> None:
    """Sign an entry of quality/exceptions.yaml, word for word."""
    from lotmark.bootstrap.api import sign_exception

    index = sign_exception(output.workspace(), exception, person=person, signer=load_personal_key(person, key_file), role=role)
    output.result("trace-exception", {"exception": exception, "index": index}, f"{exception} is signed by {person}\nentry {index}")


def _graph(workspace: "Workspace") -> "TraceGraph":
    from lotmark.trace.api import load_product_trace

    return load_product_trace(workspace.product)


def _view(output: Output, results: tuple[Path, ...]) -> "tuple[TraceView, TraceGraph]":
    from lotmark.bootstrap.api import find_trend, head_commit, last_results, read_results
    from lotmark.views.api import build_view

    workspace = output.workspace()
    found = _graph(workspace)
    product = workspace.product
    at_hand = read_results(product, found, results) if results else last_results(workspace, head_commit(product))
    view = build_view(
        found,
        at_hand.statuses if at_hand else None,
        name=product.file.product.name,
        version=product.version,
        source=at_hand.source if at_hand else "",
        safety_class=product.file.product.safety_class,
        verifies=at_hand.verifies if at_hand else None,
        trend=find_trend(workspace),
        notes=at_hand.notes if at_hand else None,
    )
    return view, found


def _format(view: "TraceView", target: Path, *, risks: bool) -> bytes:
    from lotmark.views.api import format_csv, format_xlsx, matrix_table, render_html, risk_table

    suffix = target.suffix.lower()
    if suffix in {".html", ".htm"}:
        return render_html(view)
    if suffix == ".csv":
        return format_csv(risk_table(view) if risks else matrix_table(view))
    if suffix == ".xlsx":
        return format_xlsx(view)
    raise UsageError("LM-CLI-061", f"the form {suffix or 'without ending'} is not known", solution="end the name in .html, .csv or .xlsx")
