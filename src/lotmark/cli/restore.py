"""`lotmark restore`: prove a backup, byte for byte, and put it back."""

from pathlib import Path

import click

from lotmark.base.clock import SystemClock
from lotmark.base.errors import UsageError
from lotmark.cli._output import Output
from lotmark.cli._people import load_personal_key


@click.command(name="restore")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--to", "target", type=click.Path(path_type=Path), default=None, help="Where it goes: a folder that does not exist (default: the state folder).")
@click.option("--prove", "only_prove", is_flag=True, help="Prove it only, in a folder that is removed again: a rehearsal.")
@click.option("--trust", type=click.Path(path_type=Path, exists=True, dir_okay=False), default=None, help="Your trust file of the log.")
@click.option(
    "--seen",
    "seen",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A signed checkpoint that was kept elsewhere (may be repeated).",
)
@click.option("--keys", type=click.Path(path_type=Path, exists=True, file_okay=False), default=None, help="Folder of the machine's keys, if not in the backup.")
@click.option("--new-epoch", is_flag=True, help="If the log is behind what was seen, open a new one that quotes the last checkpoint seen.")
@click.option("--as", "administrator", default=None, help="With --new-epoch: id of the administrator who opens it.")
@click.option("--key", "key_file", default=None, help="With --new-epoch: the administrator's key file.")
@click.option("--reason", default="the newest entries were lost", show_default=True, help="With --new-epoch: why.")
@click.pass_obj
def command(
    output: Output,
    folder: Path,
    target: Path | None,
    trust: Path | None,
    seen: tuple[Path, ...],
    keys: Path | None,
    administrator: str | None,
    key_file: str | None,
    reason: str,
    *,
    only_prove: bool,
    new_epoch: bool,
) -> None:
    """Check every byte of the backup in FOLDER against its signed list, its log and every checkpoint seen; then put it back.

    A log that is behind what was seen is never signed again under its name; exits 6, unless --new-epoch opens a new one.
    """
    from lotmark.bootstrap.api import NewEpoch, restore

    if new_epoch and administrator is None:
        raise UsageError("LM-CLI-003", "--new-epoch needs --as ADMINISTRATOR", solution="the new log is opened by an administrator's own root key")
    if only_prove and (target is not None or new_epoch):
        raise UsageError("LM-CLI-003", "--prove puts nothing into place", solution="leave out --to and --new-epoch, or leave out --prove")
    place = None if only_prove else target or output.workspace().state
    opener = NewEpoch(administrator, load_personal_key(administrator, key_file), reason) if new_epoch and administrator else None
    restored = restore(folder, place, trust=trust, seen=[path.read_bytes() for path in seen], keys=keys, clock=SystemClock(), new_epoch=opener)
    told = restored.evidence.predicate
    wire = {
        **told,
        "place": str(restored.place) if restored.place else None,
        "signedReport": str(restored.signed_report) if restored.signed_report else None,
        "epoch": restored.epoch.origin if restored.epoch else None,
    }
    lines = [
        f"{told['verdict']}: {told['entries']} entries, {told['blobs']} blobs"
        + (f", {told['expired']} expired" if told["expired"] else "")
        + f", root {told['root'][:16]}, compared with {told['seen']} checkpoints seen"
    ]
    if not told["seen"]:
        lines.append("No checkpoint was kept elsewhere: nothing shows whether a newer state existed.")
    if restored.epoch is not None:
        lines.append(f"a new log goes on: {restored.epoch.origin}; the restored one is kept for reading in {restored.place}/epochs")
    lines.append(
        f"signed report: {restored.signed_report}" if restored.signed_report else "the report is not signed: the pipeline's key was not at hand (--keys)"
    )
    lines.append(f"in place: {restored.place}" if restored.place else "a rehearsal: nothing was put into place")
    output.result("restore", wire, "\n".join(lines))
