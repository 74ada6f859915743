"""`lotmark demo DIR`: the whole pipeline on an example product, with the example's people played."""

from pathlib import Path

import click

from lotmark.cli._output import Output
from lotmark.cli._progress import open_progress


@click.command(name="demo")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("demo"))
@click.option("--example", type=click.Choice(["qpcr-caller", "pump-firmware"]), default="qpcr-caller", show_default=True)
@click.option("--replace", is_flag=True, help="Replace a folder that an earlier demo made.")
@click.pass_obj
def command(output: Output, folder: Path, example: str, replace: bool) -> None:
    """Copy an example product to DIR, release it, and print the five answers.

    Leaves DIR/product (a git repository in which lotmark's commands work), DIR/bundle.zip, DIR/dossier.html and
    DIR/trust.json. The people are played with throw-away keys in DIR/people; everywhere else a person signs.
    """
    from lotmark.bootstrap.api import run_demo

    with open_progress(quiet=output.quiet or output.json) as progress:
        result = run_demo(folder, example, replace=replace, note=output.note, progress=progress)
    wire = {
        "product": str(result.product),
        "bundle": str(result.bundle),
        "dossier": str(result.dossier),
        "trust": str(result.trust),
        "version": result.version,
        "run": result.run,
        "answers": result.answers_wire,
    }
    lotmark = _program()
    lines = [
        result.answers_text,
        "",
        "The people of this example were played with throw-away keys in " + str(result.people) + ".",
        f"dossier   {result.dossier}",
        f"bundle    {result.bundle}",
        f"verify    {lotmark} verify {result.bundle} --trust {result.trust}",
        f"look      {lotmark} -C {result.product} show {result.version}",
        result.run,
    ]
    output.result("demo", wire, "\n".join(lines))


def _program() -> str:
    """How to call this program: by its name where the shell finds it, else by its path, as after `make demo`."""
    import shutil
    import sys

    if shutil.which("lotmark"):
        return "lotmark"
    beside = Path(sys.executable).parent / "lotmark"
    return str(beside) if beside.is_file() else f"{sys.executable} -m lotmark.cli.main"
