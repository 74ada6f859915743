"""`lotmark explain CODE`: the whole story behind a rule code."""

import difflib
from pathlib import Path

import click

from lotmark.base.errors import UsageError
from lotmark.cli._output import Output


@click.command(name="explain")
@click.argument("code", required=False)
@click.option(
    "--schemas",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Instead: write every JSON Schema into this folder, for editors.",
)
@click.pass_obj
def command(output: Output, code: str | None, folder: Path | None) -> None:
    """Tell what a rule code means and how to cure it; without a code, list them all."""
    from lotmark.bootstrap.api import rules, schemas

    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        names = []
        for name, data in schemas():
            (folder / name).write_bytes(data)
            names.append(name)
        output.result("schemas", {"folder": str(folder), "files": names}, "\n".join(names))
        return

    known = {rule.code: rule for rule in rules()}
    if code is None:
        output.result(
            "rules",
            {"rules": [{"code": rule.code, "title": rule.title} for rule in known.values()]},
            "\n".join(f"{rule.code}  {rule.title}" for rule in known.values()),
        )
        return
    rule = known.get(code.upper())
    if rule is None:
        close = difflib.get_close_matches(code.upper(), known, n=1)
        raise UsageError("LM-CLI-004", f"no rule is called {code!r}", solution=f"did you mean {close[0]}?" if close else "`lotmark explain` lists the codes")
    wire = {"code": rule.code, "title": rule.title, "story": rule.story, "cure": rule.cure}
    output.result("rule", wire, f"{click.style(rule.code, bold=True)}  {rule.title}\n\n{rule.story}\n\nhelp: {rule.cure}")
