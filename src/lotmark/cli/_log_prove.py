"""`lotmark log prove` and `log checkpoint`: what leaves the log so that others can check it offline."""

import json
from pathlib import Path

import click

from lotmark.base.errors import ExitCode, UsageError
from lotmark.cli._output import Output


@click.command()
@click.argument("index", type=click.IntRange(min=0), required=False)
@click.option(
    "--form", type=click.Choice(["receipt", "tlog-proof"]), default="receipt", show_default=True, help="JSON, or the C2SP form that other tools read."
)
@click.option("-o", "--output", "path", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Write it to this file.")
@click.option("--verify", "proof", type=click.Path(path_type=Path, exists=True, dir_okay=False), default=None, help="Verify a proof in either form instead.")
@click.option("--trust", type=click.Path(path_type=Path), default=None, help="Your trust file of the log, for --verify (default: that of the ledger here).")
@click.pass_obj
def prove(output: Output, index: int | None, form: str, path: Path | None, proof: Path | None, trust: Path | None) -> int:
    """Print what proves the entry at INDEX: header, inclusion proof, signed checkpoint. It verifies offline (--verify)."""
    if (index is None) == (proof is None):
        raise click.UsageError("name one thing: the INDEX of an entry, or --verify FILE")
    if proof is not None:
        return _verify(output, proof, trust)
    from lotmark.ledger.api import tlog_proof

    ledger = output.workspace().ledger
    data = tlog_proof(ledger, index or 0) if form == "tlog-proof" else json.dumps(json.loads(ledger.receipt(index or 0).to_json()), indent=2).encode() + b"\n"
    _write(output, data, path)
    return int(ExitCode.ACCEPTED)


@click.command()
@click.option("--size", type=click.IntRange(min=0), default=None, help="The one of this size (default: the newest).")
@click.option("-o", "--output", "path", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Write it to this file.")
@click.pass_obj
def checkpoint(output: Output, size: int | None, path: Path | None) -> None:
    """Print a signed checkpoint (C2SP) with its cosignatures, to be kept somewhere else."""
    from lotmark.ledger.api import cosigned_checkpoint

    _write(output, cosigned_checkpoint(output.workspace().ledger, size), path)


def _verify(output: Output, path: Path, trust: Path | None) -> int:
    from lotmark.attest.models import Trust
    from lotmark.bootstrap.api import read_trust
    from lotmark.ledger.api import describe_witnesses, has_second_signature, judge_witnesses, verify_by_log_keys, verify_proof

    if trust is not None:
        policy = read_trust(trust)
        entry, checkpoint, note = verify_proof(path.read_bytes(), lambda data: verify_by_log_keys(data, policy, Trust()))
    else:
        workspace = output.workspace()
        policy = workspace.trust_policy
        entry, checkpoint, note = verify_proof(path.read_bytes(), workspace.verify_checkpoint)
    found = judge_witnesses(note, policy)
    header = entry.header
    wire = {
        "index": entry.index,
        "size": checkpoint.size,
        "kind": header.kind,
        "scope": header.scope,
        "payload": header.payload.hex,
        "envelope": header.envelope.hex,
    }
    told = f"entry {entry.index} ({header.kind}, {header.scope}) is in {checkpoint.origin} at size {checkpoint.size}\n{describe_witnesses(found)}"
    second = has_second_signature(policy, checkpoint)
    told += "\nThe log signed it with ML-DSA-44 too." if second else ""
    output.result("log-proof", {**wire, "witnesses": sorted(found.times), "secondSignature": second}, told)
    return int(ExitCode.ACCEPTED)


def _write(output: Output, data: bytes, path: Path | None) -> None:
    if path is None:
        output.print(data.decode(), newline=False)
        return
    try:
        path.write_bytes(data)
    except OSError as error:
        raise UsageError(
            "LM-CLI-002", f"cannot write {path}: {error.strerror}", where=str(path), solution="name a file in a folder that you may write"
        ) from error
    output.note(f"written to {path}")
