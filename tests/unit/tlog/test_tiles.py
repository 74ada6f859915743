"""Tiles: C2SP ``tlog-tiles``."""

import functools

import pytest

from fakes.note_signers import Log
from lotmark.tlog import _tiles
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import TileError
from lotmark.tlog.models import Tile

pytestmark = pytest.mark.verifies("REQ-061", "RC-003")

LOG = Log(leaves=1500)
SIZES = [0, 1, 2, 255, 256, 257, 511, 512, 513, 1000, 1400]


@functools.cache
def tree(size):
    """The tiles of a tree that was written at once."""
    return write(size)


@functools.cache
def root(size):
    return tlog.tree_root(LOG.leaves[:size])


def write(size, start=0, edge=None):
    """The tiles of the tree, from a smaller one on."""
    writer = tlog.TileWriter(start, edge)
    tiles = {}
    for leaf in LOG.leaves[start:size]:
        tiles.update({tile: tlog.parse_tile(data, tile) for tile, data in writer.append(leaf)})
    assert writer.size == size
    return {**tiles, **writer.edge()}


@pytest.mark.parametrize(
    "tile,path",
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(1, 1234067), "tile/1/x001/x234/067"),
        (Tile(63, 5, 255), "tile/63/005.p/255"),
        (Tile(-1, 0, 1), "tile/entries/000.p/1"),
        (Tile(-1, 1_000_000), "tile/entries/x001/x000/000"),
    ],
)
def test_paths_are_those_of_the_specification(tile, path):
    assert tlog.format_tile_path(tile) == path
    assert tlog.parse_tile_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/00/000", "tile/64/000", "tile/-1/000", "tile/0/0", "tile/0/0000", "tile/0/x000/000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01",
        "tile/0/000.p/999", "tile/0/1/000", "/tile/0/000", "tile/0/000/", "tile/0/000\n", "tile/data/000", "tile/0/../000", "tile/0/x٠٠٠/000", "",
    ],
)  # fmt: skip
def test_a_path_has_one_form(path):
    with pytest.raises(TileError):
        tlog.parse_tile_path(path)


@pytest.mark.parametrize("tile", [Tile(64, 0), Tile(-2, 0), Tile(0, -1), Tile(0, 0, 0), Tile(0, 0, 257), Tile(0, 0, -5)])
def test_there_is_no_path_for_what_is_no_tile(tile):
    with pytest.raises(TileError):
        tlog.format_tile_path(tile)


def test_a_tree_of_70000_has_the_tiles_that_the_specification_counts():
    full = list(tlog.full_tiles(70_000))
    assert (sum(tile.level == 0 for tile in full), sum(tile.level == 1 for tile in full), len(full)) == (273, 1, 274)
    assert tlog.edge_tiles(70_000) == (Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1))
    assert tlog.edge_tiles(256) == (Tile(1, 0, 1),)
    assert tlog.edge_tiles(0) == ()


@pytest.mark.parametrize("size", SIZES)
def test_each_hash_of_a_tile_is_the_root_of_its_subtree(size):
    tiles = tree(size)
    assert set(tiles) == {*tlog.full_tiles(size), *tlog.edge_tiles(size)}
    for tile, hashes in tiles.items():
        span = 256**tile.level
        first = tile.index * 256 * span
        assert len(hashes) == tile.width
        for number, value in list(enumerate(hashes))[:: max(1, len(hashes) // 3)]:
            assert value == tlog.tree_root(LOG.leaves[first + number * span : first + (number + 1) * span])


@pytest.mark.parametrize("size", SIZES)
def test_the_edge_gives_the_root_and_no_other(size):
    tiles = tree(size)
    tlog.verify_edge(size, root(size), tiles)
    with pytest.raises(TileError, match="another root"):
        tlog.verify_edge(size, bytes(32), tiles)


@pytest.mark.parametrize("old,new", [(0, 1), (1, 2), (200, 256), (255, 257), (300, 1000), (512, 1400), (1400, 1400)])
def test_a_writer_goes_on_where_another_stopped(old, new):
    before = tree(old)
    edge = {tile: before[tile] for tile in tlog.edge_tiles(old)}
    after = write(new, old, edge)
    assert {**before, **after}.items() >= tree(new).items()
    assert set(after) == {*tlog.full_tiles(new, old), *tlog.edge_tiles(new)}


def test_new_bundles_are_the_full_ones_and_the_partial_one():
    assert list(tlog.entry_bundles(513, 200)) == [Tile(-1, 0), Tile(-1, 1), Tile(-1, 2, 1)]
    assert list(tlog.entry_bundles(512, 511)) == [Tile(-1, 1)]
    assert list(tlog.entry_bundles(300, 300)) == []
    assert list(tlog.entry_bundles(3)) == [Tile(-1, 0, 3)]
    assert list(tlog.entry_bundles(0)) == []


def test_a_full_tile_is_committed_to_by_the_tile_above():
    tiles = tree(1400)
    for tile in tlog.full_tiles(1400):
        above = tiles[Tile(tile.level + 1, tile.index // 256, 1400 >> 16 or 5)]
        tlog.verify_tile(tile, tiles[tile], above[tile.index % 256])
        with pytest.raises(TileError, match=tlog.format_tile_path(tile)):
            tlog.verify_tile(tile, (*tiles[tile][:-1], bytes(32)), above[tile.index % 256])


@pytest.mark.parametrize("data", [b"", bytes(31), bytes(33), bytes(32 * 3)])
def test_a_tile_of_another_length_is_refused(data):
    with pytest.raises(TileError, match=r"tile/0/000.p/2: \d+ bytes instead of 64"):
        tlog.parse_tile(data, Tile(0, 0, 2))


ENTRIES = [b"", b"one", bytes(65_535)]
BUNDLE = Tile(-1, 0, 3)


def test_an_entry_bundle_is_read_back():
    data = tlog.format_entries(ENTRIES)
    assert data[:7] == b"\0\0\0\3one"
    assert tlog.parse_entries(data, BUNDLE) == tuple(ENTRIES)


@pytest.mark.parametrize(
    "change", [lambda d: d[:-1], lambda d: d + b"\0", lambda d: d + b"\0\0", lambda d: d[2:], lambda _: b"", lambda d: b"\xff\xff" + d[2:5]]
)
def test_a_bundle_that_is_cut_or_longer_is_refused(change):
    with pytest.raises(TileError, match=r"entries in \d+ bytes, not 3 whole ones"):
        tlog.parse_entries(change(tlog.format_entries(ENTRIES)), BUNDLE)


def test_an_entry_longer_than_its_length_can_say_is_refused():
    with pytest.raises(TileError, match="65536 bytes"):
        tlog.format_entries([bytes(65_536)])


def test_the_first_entry_that_is_another_is_named():
    hashes = [tlog.leaf_hash(entry) for entry in ENTRIES]
    tlog.verify_entries(Tile(-1, 2, 3), ENTRIES, hashes)
    with pytest.raises(TileError, match=r"tile/entries/002.p/3: entry 513 "):
        tlog.verify_entries(Tile(-1, 2, 3), [b"", b"two", b"three"], hashes)


@pytest.mark.parametrize("size", [1, 200, 256, 257, 1000, 1400])
def test_proofs_can_be_made_from_tiles_alone(size):
    tiles = tree(size)
    nodes = tlog.TileNodes(size, tiles.__getitem__)
    for index in {0, size // 2, size - 1}:
        tlog.verify_inclusion(LOG.leaves[index], index, size, tlog.inclusion_proof(index, size, nodes), root(size))
    for old in {1, size // 3 + 1, size}:
        tlog.verify_consistency(old, size, tlog.consistency_proof(old, size, nodes), root(old), root(size))


def test_the_height_of_a_tile_is_fixed():
    assert (_tiles.WIDTH, 2**_tiles.HEIGHT) == (256, 256)
    assert tlog.count_new_tiles(0, 70_000) == 274 + 3
