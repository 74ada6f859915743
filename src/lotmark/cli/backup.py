"""`lotmark backup`: a copy of the ledger while it is in use, with a signed list of its files."""

from pathlib import Path

import click

from lotmark.cli._output import Output


@click.command(name="backup")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--with-keys", is_flag=True, help="The machine's private keys too: whoever holds the copy can then sign as this ledger.")
@click.pass_obj
def command(output: Output, folder: Path, *, with_keys: bool) -> None:
    """Copy ledger, blobs, vault and trust into the new FOLDER; that it was made is recorded."""
    from lotmark.bootstrap.api import back_up

    workspace = output.workspace()
    backup = back_up(workspace, folder, with_keys=with_keys)
    manifest = backup.manifest
    total = sum(file.size for file in manifest.files)
    wire = {
        "folder": str(backup.folder),
        "manifestSha256": backup.digest.hex,
        "origin": manifest.origin,
        "size": manifest.size,
        "root": manifest.root,
        "files": len(manifest.files),
        "bytes": total,
        "withKeys": manifest.with_keys,
    }
    if with_keys:
        output.note("The copy holds the machine's private keys: keep it as you keep them.")
    output.note(f"Prove it: `lotmark restore {folder} --prove`")
    output.result("backup", wire, f"{manifest.size} entries, {len(manifest.files)} files, {total:,} bytes in {folder}\nmanifest sha256 {backup.digest.hex}")
