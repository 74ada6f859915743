"""`lotmark trace split`, `join`, `documents`, `reqif`."""

from datetime import UTC, datetime
from pathlib import Path

import click

from lotmark.base.errors import ExitCode, UsageError
from lotmark.cli._items import open_items, write_plan
from lotmark.cli._output import Output


@click.command(name="split")
@click.argument("path")
@click.option("--write", is_flag=True, help="Make the change; without it the files are only named.")
@click.pass_obj
def split(output: Output, path: str, write: bool) -> int:
    """One file per item from a document of several, and an outline with its headings, texts and order.

    PATH is a document below quality/, such as quality/requirements/SRS.md.
    """
    from lotmark.trace.api import split_document

    product, graph, files = open_items(output)
    shown = _shown(product.quality, path)
    if shown not in files:
        raise UsageError("LM-CLI-004", f"{path} is no file of items", solution="name a document below quality/requirements or quality/risks")
    plan = split_document(shown, files[shown], graph)
    taken = [name for name, data in plan.items() if data is not None and name in files]
    if taken:
        raise UsageError("LM-TRC-062", f"{taken[0]} is there already", where=taken[0], solution="rename or remove it first")
    if write:
        write_plan(product.quality, plan)
    items = sum(data is not None for data in plan.values()) - 1
    text = f"{items} items {'written' if write else 'would be written'}, one file each, and the outline {list(plan)[-1]}"
    output.result("trace-split", {"files": sorted(plan), "written": write}, text)
    return int(ExitCode.ACCEPTED)


@click.command(name="join")
@click.argument("document")
@click.option("-o", "--output", "target", type=click.Path(path_type=Path), default=None, help="File to write (default: stdout).")
@click.pass_obj
def join(output: Output, document: str, target: Path | None) -> int:
    """The items of an outline as one document, each under its heading with its fields.

    DOCUMENT is the name of an outline in quality/documents, without .md.
    """
    from lotmark.trace.api import join_items, list_documents

    _, graph, files = open_items(output)
    outlines, _ = list_documents(files, graph)
    outline = next((one for one in outlines if one.name == document and one.path in files), None)
    if outline is None:
        known = ", ".join(one.name for one in outlines if one.path in files) or "none"
        raise UsageError("LM-CLI-004", f"there is no outline {document!r}", solution=f"in quality/documents stand: {known}")
    data = join_items(outline, graph, files)
    if target is None:
        output.print(data.decode(), newline=False)
    else:
        target.write_bytes(data)
        output.note(f"wrote {target}")
    return int(ExitCode.ACCEPTED)


@click.command(name="documents")
@click.argument("names", nargs=-1)
@click.option(
    "-o", "--output", "folder", type=click.Path(path_type=Path, file_okay=False), default=Path("documents"), show_default=True, help="Folder to write to."
)
@click.option("--form", type=click.Choice(["html", "markdown"]), default="html", show_default=True, help="Form of the documents.")
@click.pass_obj
def documents(output: Output, names: tuple[str, ...], folder: Path, form: str) -> int:
    """Outlines as readable documents: those of quality/documents, and the standard three where there are none.

    NAMES choose documents; without them all are written. Exits 1 if an outline names what does not exist.
    """
    from lotmark.base.findings import has_errors
    from lotmark.trace.api import list_documents, render_html, render_markdown

    _, graph, files = open_items(output)
    outlines, findings = list_documents(files, graph)
    unknown = [name for name in names if name not in {one.name for one in outlines}]
    if unknown:
        raise UsageError("LM-CLI-004", f"there is no document {unknown[0]!r}", solution=f"one of: {', '.join(one.name for one in outlines)}")
    folder.mkdir(parents=True, exist_ok=True)
    written: list[str] = []
    for outline in outlines:
        if names and outline.name not in names:
            continue
        target = folder / f"{outline.name}.{'html' if form == 'html' else 'md'}"
        target.write_text(render_html(outline, graph) if form == "html" else render_markdown(outline, graph), encoding="utf-8")
        written.append(str(target))
    output.result("trace-documents", {"files": written, "findings": [finding.to_wire() for finding in findings]}, "\n".join(written))
    if findings and not output.json:
        from lotmark.base.formats import format_findings

        output.note(format_findings(findings, "text").rstrip("\n"))
    return int(ExitCode.REFUSED if has_errors(findings) else ExitCode.ACCEPTED)


@click.command(name="reqif")
@click.option("-o", "--output", "target", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File to write: .reqif or .reqifz.")
@click.option("--document", default="", metavar="NAME", help="Only the items of this outline, in its order.")
@click.pass_obj
def reqif(output: Output, target: Path, document: str) -> int:
    """The items as ReqIF, with all that is held of them; `lotmark import` reads back the same."""
    import io
    import zipfile

    from lotmark.trace.api import format_reqif, list_documents
    from lotmark.trace.models import Item

    _, graph, files = open_items(output)
    outline, items = None, None
    if document:
        outlines, _ = list_documents(files, graph)
        outline = next((one for one in outlines if one.name == document), None)
        if outline is None:
            raise UsageError("LM-CLI-004", f"there is no document {document!r}", solution=f"one of: {', '.join(one.name for one in outlines)}")
        from lotmark.trace.api import outline_items

        items = outline_items(outline, graph)
    chosen: tuple[Item, ...] = items if items is not None else tuple(graph.items.values())
    if not chosen:
        output.note("there is no item to export")
        return int(ExitCode.NOTHING_TO_JUDGE)
    data = format_reqif(graph, at=datetime.now(UTC), outline=outline, items=chosen)
    if target.suffix == ".reqifz":
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{target.stem}.reqif", data)
        data = buffer.getvalue()
    target.write_bytes(data)
    output.result("trace-reqif", {"file": str(target), "items": len(chosen)}, f"{len(chosen)} items in {target}")
    return int(ExitCode.ACCEPTED)


def _shown(quality: Path, path: str) -> str:
    """The path as the quality files are called."""
    absolute = Path(path).resolve()
    if absolute.is_relative_to(quality.resolve()):
        return f"quality/{absolute.relative_to(quality.resolve()).as_posix()}"
    return path
