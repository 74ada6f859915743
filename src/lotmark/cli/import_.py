"""`lotmark import`: items of other tools as items of this product; shows what would be written, writes only when told."""

from typing import TYPE_CHECKING

import click

from lotmark.base.errors import ExitCode, UsageError
from lotmark.base.findings import has_errors
from lotmark.cli._items import open_items, write_plan
from lotmark.cli._output import Output, fold_findings

if TYPE_CHECKING:
    from lotmark.trace.api import ImportPlan

_SHOWN = 8
"""Links, items and extensions that are named one by one."""


@click.command(name="import")
@click.argument("sources", nargs=-1, required=True)
@click.option("--reader", default="", metavar="NAME", help="The format, where neither name nor content tell it.")
@click.option("--as", "name", default="", metavar="NAME", help="What the import is called: quality/import/NAME.yaml (default: the name of the first source).")
@click.option("--option", "options", multiple=True, metavar="KEY=VALUE", help="Of the reader: encoding, delimiter, sheet, header, id ...")
@click.option("--write", is_flag=True, help="Write the items and the mapping; without it nothing is written.")
@click.option("--theirs", is_flag=True, help="Where an item was changed here and in the source, the source wins.")
@click.option("--diff", is_flag=True, help="Show each change as a diff.")
@click.pass_obj
def command(output: Output, sources: tuple[str, ...], reader: str, name: str, options: tuple[str, ...], write: bool, theirs: bool, diff: bool) -> int:
    """Requirements, hazards and tests from other tools' formats.

    SOURCES are files, folders or globs, or the name of a saved mapping: `lotmark import legacy` imports again what
    quality/import/legacy.yaml describes. Without --write the plan is shown: what is new, changed, in conflict, which links lead
    nowhere, which fields are kept as extensions. Edits made here since the last import stay.

    Readers: csv, xlsx, reqif, reqifz, markdown (tables), needs (sphinx-needs), doorstop, sdoc, strictdoc-json, rst, lobster,
    openfasttrace, issues (GitHub, GitLab, Jira), json.

    Exits 1 if something cannot be carried over as it is, 5 if the source holds no item.
    """
    from lotmark.trace.api import format_mapping, plan_import, read_import

    product, graph, files = open_items(output)
    chosen = dict(_pair(option) for option in options)
    name, mapping, documents, saved = read_import(product.root, product.quality, sources, graph.policy, name=name, reader=reader, options=chosen)
    plan = plan_import(documents, mapping, graph, files, name)
    written: list[str] = []
    if write and plan.read:
        changes: dict[str, bytes | None] = {planned.path: planned.after for planned in plan.to_write(theirs=theirs)}
        if not saved:
            changes[f"quality/import/{name}.yaml"] = format_mapping(mapping)
        written = write_plan(product.quality, changes)
    _show(output, plan, written, diff=diff, write=write, mapping=None if saved else format_mapping(mapping).decode())
    if not plan.read:
        return int(ExitCode.NOTHING_TO_JUDGE)
    return int(ExitCode.REFUSED if has_errors(plan.findings) and not (theirs and _only_conflicts(plan)) else ExitCode.ACCEPTED)


def _only_conflicts(plan: "ImportPlan") -> bool:
    from lotmark.base.findings import Severity

    return all(finding.code == "LM-TRC-057" for finding in plan.findings if finding.severity is Severity.ERROR)


def _pair(option: str) -> tuple[str, str]:
    key, mark, value = option.partition("=")
    if not mark or not key:
        raise UsageError("LM-CLI-004", f"{option!r} is not KEY=VALUE", solution="write --option delimiter=';'")
    return key, value


def _show(output: Output, plan: "ImportPlan", written: list[str], *, diff: bool, write: bool, mapping: str | None) -> None:
    if output.format not in {"text", "json"}:
        output.findings(plan.findings)
        return
    carried = plan.carried
    value = {
        "name": plan.name,
        "read": plan.read,
        "counts": dict(plan.counts),
        "links": carried.links,
        "dangling": [{"item": item, "link": link, "target": target} for item, link, target in carried.dangling],
        "withoutLinks": carried.empty,
        "aliases": carried.aliases,
        "extensions": carried.extensions,
        "gone": list(plan.gone),
        "files": [{"path": planned.path, "item": planned.item, "state": planned.state} for planned in plan.files],
        "findings": [finding.to_wire() for finding in plan.findings],
        "written": written,
    }
    output.result("import", value, "\n".join(_text(plan, written, diff=diff, write=write, mapping=mapping)))
    shown, hidden = fold_findings(plan.findings)
    if output.format == "text" and shown:
        from lotmark.base.formats import format_findings

        output.note(format_findings(shown, "text").rstrip("\n"))
        for code, count in hidden.items():
            output.note(f"{count} more {code} are hidden; `--format json` or `--format sarif` names them all")


def _text(plan: "ImportPlan", written: list[str], *, diff: bool, write: bool, mapping: str | None) -> list[str]:
    carried, counts = plan.carried, plan.counts
    lines = [f"{plan.name}: {plan.read} items read by {plan.mapping.reader}"]
    lines.append(
        f"  {counts.get('new', 0)} new, {counts.get('changed', 0)} changed, {counts.get('unchanged', 0)} unchanged, {counts.get('conflict', 0)} in conflict"
    )
    targets = list(dict.fromkeys(target for _, _, target in carried.dangling))
    nowhere = f", {len(carried.dangling)} lead nowhere ({len(targets)} targets: {_some(targets)})" if targets else ""
    lines.append(f"  {carried.links} links{nowhere}")
    if carried.empty:
        lines.append(f"  {len(carried.empty)} items have no link: {_some(carried.empty)}")
    if carried.aliases:
        pairs = [f"{new} was {old}" for old, new in carried.aliases.items()]
        lines.append(f"  {len(pairs)} ids rewritten, the old ones kept as aliases: {_some(pairs, 3)}")
    if carried.extensions:
        lines.append(f"  kept as extensions: {_some([f'{field} ({count})' for field, count in carried.extensions.items()])}")
    if plan.gone:
        lines.append(f"  {len(plan.gone)} no longer in the source: {_some(plan.gone)}")
    if mapping is not None:
        lines += ["", f"mapping (quality/import/{plan.name}.yaml):", *(f"  {line}" for line in mapping.splitlines()[1:])]
    if diff:
        lines += ["", *(planned.diff.rstrip("\n") for planned in plan.files if planned.state != "unchanged")]
    lines.append("")
    if written:
        lines.append(f"wrote {len(written)} files")
    elif write:
        lines.append("nothing to write")
    else:
        count = len(plan.to_write())
        lines.append(f"nothing was written; with --write: {count} files" if count else "nothing to write")
    return lines


def _some(words: "list[str] | tuple[str, ...]", most: int = _SHOWN) -> str:
    return ", ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")
