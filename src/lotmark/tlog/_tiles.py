"""Tiles: C2SP ``tlog-tiles``, the tree as static files of at most 256 hashes, and the bundles of the entries beneath.

A tile of level l holds the roots of full subtrees of 256^l leaves; only the rightmost tile of a level is partial. From the
partial tiles alone follows the root; every full tile is committed to by one hash of the tile above it.
"""

import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from lotmark.tlog._merkle import EMPTY_ROOT, HASH_SIZE, fold, leaf_hash, tree_root
from lotmark.tlog.errors import TileError
from lotmark.tlog.models import Tile

HEIGHT = 8
WIDTH = 256
ENTRIES = -1
"""The level of an entry bundle."""
MAX_ENTRY = 2**16 - 1
_PATH = re.compile(r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?\Z", re.ASCII)
_LENGTH = struct.Struct(">H")


def format_tile_path(tile: Tile) -> str:
    """Where the tile or entry bundle is served, below the log's prefix: ``tile/1/x001/x234/067.p/5``.

    Raises:
        TileError: if there is no such tile.
    """
    path = f"tile/{'entries' if tile.level == ENTRIES else tile.level}/{format_tile_index(max(tile.index, 0))}"
    path += "" if tile.width == WIDTH else f".p/{tile.width}"
    if parse_tile_path(path) != tile:
        raise TileError(f"there is no {tile}")
    return path


def format_tile_index(index: int) -> str:
    """The number of a tile in elements of three digits, all but the last with an x."""
    text = f"{index % 1000:03d}"
    while index >= 1000:
        index //= 1000
        text = f"x{index % 1000:03d}/{text}"
    return text


def parse_tile_path(path: str) -> Tile:
    """A path -> tile or entry bundle.

    Raises:
        TileError: if it is not the one path of a tile.
    """
    match = _PATH.match(path)
    if match is None:
        raise TileError(f"not the path of a tile: {path[:120]!r}")
    index = int(match["index"].replace("x", "").replace("/", ""))
    level = ENTRIES if match["level"] == "entries" else int(match["level"])
    tile = Tile(level, index, int(match["width"] or WIDTH))
    if format_tile_index(index) != match["index"] or level > 63 or (match["width"] and tile.width >= WIDTH):
        raise TileError(f"not the one path of a tile: {path[:120]!r}")
    return tile


def edge_tiles(size: int) -> tuple[Tile, ...]:
    """The partial tiles of a tree, from level 0 up; levels at which the edge is complete have none."""
    return tuple(Tile(level, size >> HEIGHT * (level + 1), width) for level in range(8) if (width := (size >> HEIGHT * level) % WIDTH))


def full_tiles(size: int, old_size: int = 0) -> Iterator[Tile]:
    """The full tiles that a tree has and the tree of `old_size` had not, level by level from the top."""
    for level in reversed(range(8)):
        shift = HEIGHT * (level + 1)
        for index in range(old_size >> shift, size >> shift):
            yield Tile(level, index)


def entry_bundles(size: int, old_size: int = 0) -> Iterator[Tile]:
    """The entry bundles that a tree has and the tree of `old_size` had not."""
    for index in range(old_size // WIDTH, size // WIDTH):
        yield Tile(ENTRIES, index)
    if size % WIDTH and size != old_size:
        yield Tile(ENTRIES, size // WIDTH, size % WIDTH)


def count_new_tiles(old_size: int, size: int, *, height: int = HEIGHT) -> int:
    """How many tiles, partial ones too, a tree has that the tree of `old_size` had not. C2SP fixes the height at 8."""
    count = 0
    for level in range(64 // height):
        old, new = old_size >> height * level, size >> height * level
        if new != old:
            count += -(-new // (1 << height)) - (old >> height)
    return count


def parse_tile(data: bytes, tile: Tile) -> tuple[bytes, ...]:
    """The hashes of a tile, nothing verified.

    Raises:
        TileError: if there are more or fewer than its width says.
    """
    if len(data) != tile.width * HASH_SIZE:
        raise TileError(f"{format_tile_path(tile)}: {len(data)} bytes instead of {tile.width * HASH_SIZE}")
    return tuple(data[start : start + HASH_SIZE] for start in range(0, len(data), HASH_SIZE))


def format_entries(entries: Iterable[bytes]) -> bytes:
    """The bytes of an entry bundle: each entry behind its length in two bytes, big-endian.

    Raises:
        TileError: if an entry is longer than 65,535 bytes.
    """
    parts = []
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise TileError(f"an entry of {len(entry)} bytes, more than {MAX_ENTRY}")
        parts += [_LENGTH.pack(len(entry)), entry]
    return b"".join(parts)


def parse_entries(data: bytes, tile: Tile) -> tuple[bytes, ...]:
    """The entries of a bundle, nothing verified.

    Raises:
        TileError: if they do not fill the bytes, or there are more or fewer than its width says.
    """
    entries: list[bytes] = []
    position = 0
    while position + _LENGTH.size <= len(data):
        (length,) = _LENGTH.unpack_from(data, position)
        position += _LENGTH.size + length
        entries.append(data[position - length : position])
    if position != len(data) or len(entries) != tile.width:
        raise TileError(f"{format_tile_path(tile)}: {len(entries)} entries in {len(data)} bytes, not {tile.width} whole ones")
    return tuple(entries)


def verify_edge(size: int, root: bytes, tiles: Mapping[Tile, Sequence[bytes]]) -> None:
    """Return if the partial tiles of the tree give its root: then each hash in them is right.

    Raises:
        TileError: naming them, if they do not.
    """
    # Each level's hashes stand right of those of the level above, and each run of them splits into full subtrees.
    parts: list[bytes] = []
    for tile in reversed(edge_tiles(size)):
        hashes = tiles[tile]
        start = 0
        while start < len(hashes):
            width = 1 << ((len(hashes) - start).bit_length() - 1)
            parts.append(tree_root(hashes[start : start + width]))
            start += width
    if (fold(parts) if parts else EMPTY_ROOT) != root:
        raise TileError(f"{', '.join(map(format_tile_path, edge_tiles(size))) or 'no tile'}: another root than that of the tree of {size}")


def verify_tile(tile: Tile, hashes: Sequence[bytes], committed: bytes) -> None:
    """Return if the full tile is the one that the tile above commits to by this hash.

    Raises:
        TileError: if it is another.
    """
    if tree_root(hashes) != committed:
        raise TileError(f"{format_tile_path(tile)}: not the hashes that the tree commits to")


def verify_entries(tile: Tile, entries: Sequence[bytes], hashes: Sequence[bytes]) -> None:
    """Return if the entries of a bundle are those of the verified tile of level 0.

    Raises:
        TileError: naming the first that is not.
    """
    for position, (entry, expected) in enumerate(zip(entries, hashes, strict=True)):
        if leaf_hash(entry) != expected:
            raise TileError(f"{format_tile_path(tile)}: entry {tile.index * WIDTH + position} is not the one that the tree commits to")


class TileWriter:
    """Makes the tiles of a growing tree, from its partial tiles on. It keeps at most 255 hashes a level."""

    def __init__(self, size: int = 0, edge: Mapping[Tile, Sequence[bytes]] | None = None) -> None:
        """A writer that goes on from a tree of `size` leaves with the hashes of its `edge_tiles`."""
        self._size = size
        self._levels: list[list[bytes]] = [[] for _ in range(8)]
        for tile in edge_tiles(size):
            self._levels[tile.level] = list((edge or {})[tile])

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return self._size

    def append(self, leaf: bytes) -> Iterator[tuple[Tile, bytes]]:
        """Add a leaf hash; gives the full tiles that it completes, with their bytes. To be read to its end."""
        self._levels[0].append(leaf)
        self._size += 1
        level = 0
        while len(hashes := self._levels[level]) == WIDTH:
            yield Tile(level, (self._size >> HEIGHT * (level + 1)) - 1), b"".join(hashes)
            level += 1
            self._levels[level].append(tree_root(hashes))
            hashes.clear()

    def edge(self) -> dict[Tile, tuple[bytes, ...]]:
        """The partial tiles as the tree stands."""
        return {tile: tuple(self._levels[tile.level]) for tile in edge_tiles(self._size)}


class TileNodes:
    """A `NodeReader` over tiles that are fetched when needed; the caller has verified what `fetch` gives."""

    def __init__(self, size: int, fetch: Callable[[Tile], Sequence[bytes]]) -> None:
        self._size = size
        self._fetch = fetch

    def __call__(self, level: int, position: int) -> bytes:
        tile_level, inside = divmod(level, HEIGHT)
        first = position << inside
        index, start = divmod(first, WIDTH)
        width = min((self._size >> HEIGHT * tile_level) - index * WIDTH, WIDTH)
        return tree_root(self._fetch(Tile(tile_level, index, width))[start : start + (1 << inside)])
