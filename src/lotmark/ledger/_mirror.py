"""Checking an export or mirror of a log tile by tile, from the checkpoint down: what a client does that trusts no server.

The checkpoint is judged by the caller's trust; the partial tiles must give its root; each full tile is committed to by a hash
above it; each entry must have the hash of its leaf. So a tile or bundle that a disk or proxy altered is named.
"""

from collections.abc import Sequence

from lotmark.base.errors import IntegrityError, LotmarkError, NothingToJudgeError
from lotmark.base.findings import Finding
from lotmark.ledger._export import CHECKPOINT, GET_AGAIN, tile_mismatch
from lotmark.ledger._headers import parse_header
from lotmark.ledger._state import fork, rollback
from lotmark.ledger.models import TilesReport
from lotmark.ledger.ports import CheckpointVerifier, ObjectReader
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import TileError
from lotmark.tlog.models import Checkpoint, Tile

_WIDTH = 256


def check_tiles(source: ObjectReader, verify: CheckpointVerifier, *, seen: Sequence[bytes] = ()) -> TilesReport:
    """Check every tile and entry bundle of an export.

    Args:
        source: The export, wherever it lies.
        verify: Which checkpoints of the log the caller trusts. Whether enough witnesses cosigned is for `judge_witnesses` to say of the
            report's `note`.
        seen: Signed checkpoints that the caller kept; the log must continue each.

    Raises:
        NothingToJudgeError: LM-LED-031 if there is no checkpoint.
        IntegrityError: LM-LED-111 if the log that the caller trusts did not sign it; nothing else can be judged then.
        EnvironmentLacksError: if the source cannot be read.
    """
    note = source.get(CHECKPOINT)
    checkpoint = verify(note)
    check = _Check(source, checkpoint)
    check.run([verify(kept) for kept in seen])
    return TilesReport(tuple(check.findings), note, checkpoint.size, checkpoint.root, check.tiles, check.bundles, len(seen))


class _Check:
    """One check in progress. Tiles above level 0 are kept: there is one hash in them for 256 entries."""

    def __init__(self, source: ObjectReader, checkpoint: Checkpoint) -> None:
        self._source = source
        self._checkpoint = checkpoint
        self._good: dict[Tile, tuple[bytes, ...]] = {}
        self._frontier: tlog.Frontier | None = tlog.Frontier()
        self.findings: list[Finding] = []
        self.tiles = 0
        self.bundles = 0

    def run(self, seen: Sequence[Checkpoint]) -> None:
        """All checks, each tile before those that it commits to."""
        size = self._checkpoint.size
        edge = tlog.edge_tiles(size)
        try:
            self._good = {tile: self._fetch(tile) for tile in edge}
            tlog.verify_edge(size, self._checkpoint.root, self._good)
        except (TileError, NothingToJudgeError) as error:
            self._note(error)
            return  # from the edge all else hangs
        self._seen(0, seen)
        for tile in tlog.full_tiles(size):
            hashes = self._full(tile)
            if tile.level == 0:
                self._leaves(tile, hashes, seen)
            elif hashes is not None:
                self._good[tile] = hashes
        if edge and edge[0].level == 0:
            self._leaves(edge[0], self._good[edge[0]], seen)
        for checkpoint in seen:
            if checkpoint.size > size:
                self._note(rollback(checkpoint.size, size))

    def _fetch(self, tile: Tile) -> tuple[bytes, ...]:
        """The hashes of a tile as the source gives them; of a partial one that is gone, those of the full one."""
        try:
            data = self._source.get(tlog.format_tile_path(tile))
        except NothingToJudgeError:
            if tile.width == _WIDTH:
                raise
            full = Tile(tile.level, tile.index)
            return tlog.parse_tile(self._source.get(tlog.format_tile_path(full)), full)[: tile.width]
        self.tiles += 1
        return tlog.parse_tile(data, tile)

    def _full(self, tile: Tile) -> tuple[bytes, ...] | None:
        """The hashes of a full tile, checked against the tile above; None with a finding, or where that one is not good."""
        index, position = divmod(tile.index, _WIDTH)
        width = min((self._checkpoint.size >> 8 * (tile.level + 1)) - index * _WIDTH, _WIDTH)
        above = self._good.get(Tile(tile.level + 1, index, width))
        if above is None:
            return None  # the tile above is named already, and all beneath it is as good as unchecked
        try:
            hashes = self._fetch(tile)
            tlog.verify_tile(tile, hashes, above[position])
        except (TileError, NothingToJudgeError) as error:
            self._note(error)
            return None
        return hashes

    def _leaves(self, tile: Tile, hashes: tuple[bytes, ...] | None, seen: Sequence[Checkpoint]) -> None:
        """The entries under a tile of level 0, and the roots that the caller saw there."""
        if hashes is None:
            self._frontier = None
            return
        if self._frontier is not None:
            for leaf in hashes:
                self._frontier.append(leaf)
                self._seen(self._frontier.size, seen)
        bundle = Tile(tlog.ENTRIES, tile.index, tile.width)
        try:
            entries = self._entries(bundle)
            tlog.verify_entries(bundle, entries, hashes)
            for entry in entries:
                parse_header(entry)
        except (TileError, LotmarkError) as error:
            self._note(error)
        else:
            self.bundles += 1

    def _entries(self, bundle: Tile) -> tuple[bytes, ...]:
        try:
            return tlog.parse_entries(self._source.get(tlog.format_tile_path(bundle)), bundle)
        except NothingToJudgeError:
            if bundle.width == _WIDTH:
                raise
            full = Tile(bundle.level, bundle.index)
            return tlog.parse_entries(self._source.get(tlog.format_tile_path(full)), full)[: bundle.width]

    def _seen(self, size: int, seen: Sequence[Checkpoint]) -> None:
        root = None
        for checkpoint in seen:
            if checkpoint.size == size and self._frontier is not None:
                root = self._frontier.root() if root is None else root
                if root != checkpoint.root:
                    self._note(fork(size))

    def _note(self, error: LotmarkError | TileError) -> None:
        if isinstance(error, TileError):
            error = tile_mismatch(error)
        elif isinstance(error, NothingToJudgeError):
            error = IntegrityError("LM-LED-140", f"TILE_MISMATCH: {error.reason}", where=error.where, solution=GET_AGAIN)
        self.findings.append(Finding(error.code, error.reason, help=error.solution))
