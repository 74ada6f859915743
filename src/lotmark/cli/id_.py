"""`lotmark id`: new identifiers, renames that break nothing, aliases."""

import click

from lotmark.base.errors import ExitCode, UsageError
from lotmark.cli._items import open_items, write_plan
from lotmark.cli._output import Output


@click.group(name="id")
def command() -> None:
    """Identifiers that are never reused: the next free one, renames that break nothing, aliases."""


@command.command(name="new")
@click.argument("kind")
@click.option("--prefix", default="", metavar="PREFIX", help="Prefix of the id (default: the usual one of the type).")
@click.option("--title", default="", help="Title of the new item.")
@click.option("--write", is_flag=True, help="Write the item's first file.")
@click.pass_obj
def new(output: Output, kind: str, prefix: str, title: str, write: bool) -> int:
    """The id after the highest one that a prefix ever had, on any branch, and with --write the file of the item.

    KIND is a type (hazard, software-requirement) or a prefix in capitals (SRS).
    """
    from lotmark.trace.api import find_used_ids, new_item, next_id

    product, graph, _ = open_items(output)
    type_name, prefix = _kind(graph.policy.types, kind, prefix)
    used, known = find_used_ids(product.root, "")
    found = next_id(graph, prefix, used)
    if not known:
        output.note("the history could not be read: a number that was deleted long ago may be given out again")
    path = ""
    if write:
        if not type_name:
            raise UsageError(
                "LM-CLI-004", f"{kind!r} is a prefix, and an item needs a type", solution=f"lotmark id new software-requirement --prefix {prefix} --write"
            )
        base = graph.policy.types.get(type_name) or graph.policy.types["requirement"]
        path = f"quality/{base.folder}/{found}.md"
        write_plan(product.quality, {path: new_item(found, type_name, title)})
    output.result("id-new", {"id": found, "path": path or None}, f"{found}  {path}".rstrip())
    return int(ExitCode.ACCEPTED)


def _kind(types: "object", kind: str, prefix: str) -> tuple[str, str]:
    """(type, prefix) of what was asked for."""
    from lotmark.trace.models import ItemType

    known: dict[str, ItemType] = dict(types)  # type: ignore[call-overload]
    if kind in known:
        return kind, prefix or known[kind].prefix
    head, _, tail = kind.rpartition("-")
    if head and tail in known and known[tail].category_suffix and kind.islower():
        return kind, prefix or known[tail].prefix
    if kind.isupper():
        return "", prefix or kind
    raise UsageError("LM-CLI-004", f"there is no type {kind!r}", solution=f"one of: {', '.join(known)}, or a prefix in capitals")


@command.command(name="rename")
@click.argument("old")
@click.argument("new_id", metavar="NEW")
@click.option("--write", is_flag=True, help="Make the change; without it the files are only named.")
@click.pass_obj
def rename(output: Output, old: str, new_id: str, write: bool) -> int:
    """OLD becomes NEW in the item's file, in links, outlines and YAML files; OLD stays as an alias for tests, commits and results."""
    from lotmark.trace.api import find_used_ids, rename_item

    product, graph, files = open_items(output)
    used, _ = find_used_ids(product.root, "")
    plan = rename_item(graph, files, old, new_id, used=used)
    return _finish(output, plan, product.quality, write=write, schema="id-rename")


@command.command(name="alias")
@click.argument("item")
@click.argument("name")
@click.option("--write", is_flag=True, help="Make the change; without it the files are only named.")
@click.pass_obj
def alias(output: Output, item: str, name: str, write: bool) -> int:
    """ITEM is also known as NAME: an older id, or the id in another tool."""
    from lotmark.trace.api import add_alias

    product, graph, files = open_items(output)
    return _finish(output, add_alias(graph, files, item, name), product.quality, write=write, schema="id-alias")


def _finish(output: Output, plan: "dict[str, bytes | None]", quality: "object", *, write: bool, schema: str) -> int:
    from pathlib import Path

    if write:
        write_plan(Path(str(quality)), plan)
    lines = [
        f"{'removed' if data is None else 'wrote'} {path}" if write else f"would {'remove' if data is None else 'write'} {path}" for path, data in plan.items()
    ]
    output.result(schema, {"files": sorted(plan), "written": write}, "\n".join(lines) or "nothing to change")
    return int(ExitCode.ACCEPTED)
