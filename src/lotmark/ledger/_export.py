"""The log as C2SP ``tlog-tiles``: tiles, entry bundles and checkpoint, which any auditor's tool reads (``docs/spec/ledger.md``, section 7).

An entry is a header; envelopes and blobs stay at home. An export goes on where the last one stopped: what is there is never
changed, the checkpoint is replaced last, and a place that holds another log or history is left as it is.
"""

from collections.abc import Iterator
from typing import Final

from lotmark.base.errors import IntegrityError, NothingToJudgeError
from lotmark.ledger._cosignatures import cosigned_checkpoint
from lotmark.ledger._state import fork, rollback
from lotmark.ledger.models import ExportSummary
from lotmark.ledger.ports import CheckpointVerifier, Ledger, ObjectStore
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import ProofError, TileError
from lotmark.tlog.models import Checkpoint, Tile

CHECKPOINT: Final = "checkpoint"
_WIDTH: Final = 256


def export_tiles(ledger: Ledger, target: ObjectStore, verify: CheckpointVerifier) -> ExportSummary:
    """Bring the export in `target` up to the ledger's newest checkpoint, with the cosignatures that it has.

    Args:
        ledger: The log, open for reading.
        target: Empty, or an earlier export of the same log.
        verify: Which checkpoints of the log the caller trusts.

    Raises:
        IntegrityError: LM-LED-111 `target` holds another log, LM-LED-115 or -116 a longer or another history of this one,
            LM-LED-130 or -131 other bytes under the name of a tile, LM-LED-102 the entries do not give the signed root.
            Nothing that was there has changed then.
        EnvironmentLacksError: LM-LED-004 if an object cannot be stored; the next export goes on from there.
    """
    note = cosigned_checkpoint(ledger)
    checkpoint = verify(note)
    old = _read_exported(ledger, target, checkpoint, verify)
    edge = _read_edge(target, old)
    if edge is None:
        # Its partial tiles are gone, as the specification allows: everything is made again and compared with what is there.
        old, edge = Checkpoint(old.origin, 0, tlog.EMPTY_ROOT), {}
    _check_root(ledger, checkpoint, old, edge)
    tiles, bundles = _write(ledger, target, checkpoint, old, edge)
    target.replace(CHECKPOINT, note)
    return ExportSummary(checkpoint.origin, checkpoint.size, checkpoint.root, tiles, bundles)


def _read_exported(ledger: Ledger, target: ObjectStore, checkpoint: Checkpoint, verify: CheckpointVerifier) -> Checkpoint:
    """The checkpoint that stands in `target`, once the ledger continues it; that of the empty log where there is none."""
    try:
        note = target.get(CHECKPOINT)
    except NothingToJudgeError:
        return Checkpoint(checkpoint.origin, 0, tlog.EMPTY_ROOT)
    try:
        old = verify(note)
    except IntegrityError as error:
        raise IntegrityError(
            error.code, f"the place holds another log: {error.reason}", where=CHECKPOINT, solution="export to an empty place; this one was left as it is"
        ) from error
    if old.size > checkpoint.size:
        raise rollback(old.size, checkpoint.size)
    if old.size:
        try:
            tlog.verify_consistency(old.size, checkpoint.size, ledger.consistency_proof(old.size, checkpoint.size), old.root, checkpoint.root)
        except ProofError as error:
            raise fork(old.size) from error
    return old


def _read_edge(target: ObjectStore, old: Checkpoint) -> dict[Tile, tuple[bytes, ...]] | None:
    """The partial tiles of the exported tree, checked against its root; None if one is not there any more."""
    edge = {}
    try:
        for tile in tlog.edge_tiles(old.size):
            edge[tile] = tlog.parse_tile(target.get(tlog.format_tile_path(tile)), tile)
        tlog.verify_edge(old.size, old.root, edge)
    except NothingToJudgeError:
        return None
    except TileError as error:
        raise tile_mismatch(error) from error
    return edge


def _check_root(ledger: Ledger, checkpoint: Checkpoint, old: Checkpoint, edge: dict[Tile, tuple[bytes, ...]]) -> None:
    """Return if the entries give the signed root: only then is anything written that can never be changed."""
    writer = tlog.TileWriter(old.size, edge)
    for entry in ledger.entries(old.size, checkpoint.size):
        for _ in writer.append(entry.leaf_hash):
            pass
    try:
        tlog.verify_edge(checkpoint.size, checkpoint.root, writer.edge())
    except TileError as error:
        raise IntegrityError(
            "LM-LED-102",
            f"ROOT_MISMATCH: the tree of {checkpoint.size} entries has another root than the signed checkpoint",
            where="checkpoint",
            solution="run `lotmark log fsck`; nothing was exported",
        ) from error


def _write(ledger: Ledger, target: ObjectStore, checkpoint: Checkpoint, old: Checkpoint, edge: dict[Tile, tuple[bytes, ...]]) -> tuple[int, int]:
    """Store what the export lacks; how many tiles and entry bundles that was."""
    writer = tlog.TileWriter(old.size, edge)
    tiles = bundles = 0
    for bundle, headers, leaves in _bundles(ledger, old.size, checkpoint.size):
        target.put_new(tlog.format_tile_path(bundle), tlog.format_entries(headers))
        bundles += 1
        for leaf in leaves:
            for tile, data in writer.append(leaf):
                target.put_new(tlog.format_tile_path(tile), data)
                tiles += 1
    if checkpoint.size != old.size:
        for tile, hashes in writer.edge().items():
            target.put_new(tlog.format_tile_path(tile), b"".join(hashes))
            tiles += 1
    return tiles, bundles


def _bundles(ledger: Ledger, old: int, size: int) -> Iterator[tuple[Tile, list[bytes], list[bytes]]]:
    """Each new bundle with its headers, and the hashes of those leaves that the tree of `old` had not."""
    headers: list[bytes] = []
    leaves: list[bytes] = []
    if old == size:
        return
    for entry in ledger.entries(old // _WIDTH * _WIDTH, size):
        headers.append(entry.header_bytes)
        if entry.index >= old:
            leaves.append(entry.leaf_hash)
        if len(headers) == _WIDTH or entry.index == size - 1:
            yield Tile(tlog.ENTRIES, entry.index // _WIDTH, len(headers)), headers, leaves
            headers, leaves = [], []


def tile_mismatch(error: TileError) -> IntegrityError:
    """A tile that is not the one that the checkpoint commits to, as an error of this room."""
    return IntegrityError("LM-LED-140", f"{error.code}: {error}", where="tiles", solution=GET_AGAIN)


GET_AGAIN: Final = "get the tile from the log itself or from another mirror; until it is the right one, do not rely on what it holds"
