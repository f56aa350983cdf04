"""Tiles of 256 hashes (C2SP tlog-tiles): how the tree is stored, grown at its right edge, and read for proofs. Pure.

Tile ``(level, index)`` holds the hashes of nodes of height ``8 * level`` from ``256 * index`` on, 32 bytes each; a tile with
fewer than 256 is the rightmost of its level and grows. A proof touches at most a few tiles per level.
"""

from collections.abc import Iterable, Mapping

from yishu.ledger.merkle import HASH_BYTES, Hash, Node, Range, fold, node_hash, nodes_of

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
Tile = tuple[int, int]


class MissingTile(Exception):
    """A tile that the tree's size promises is not stored or too short: the store was damaged."""

    def __init__(self, tile: Tile) -> None:
        super().__init__(f"tile level {tile[0]} index {tile[1]}")
        self.tile = tile


def tile_of(node: Node) -> Tile:
    """The tile from whose hashes a node's hash is computed."""
    height, index = node
    level = height // TILE_HEIGHT
    return level, index << (height - level * TILE_HEIGHT) >> TILE_HEIGHT


def tiles_for(ranges: Iterable[Range]) -> list[Tile]:
    """The tiles to read for these ranges, each once, in order."""
    return sorted({tile_of(node) for span in ranges for node in nodes_of(span)})


def node_from(node: Node, tiles: Mapping[Tile, bytes]) -> Hash:
    """A node's hash out of the tiles; raises ``MissingTile``."""
    height, index = node
    tile = tile_of(node)
    within = height - tile[0] * TILE_HEIGHT
    begin = ((index << within) % TILE_WIDTH) * HASH_BYTES
    hashes = tiles.get(tile, b"")[begin : begin + (HASH_BYTES << within)]
    if len(hashes) != HASH_BYTES << within:
        raise MissingTile(tile)
    return perfect_root(hashes)


def perfect_root(hashes: bytes) -> Hash:
    """Root over a power of two of joined hashes."""
    row = [hashes[i : i + HASH_BYTES] for i in range(0, len(hashes), HASH_BYTES)]
    while len(row) > 1:
        row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]


def edge_tiles(size: int) -> list[Tile]:
    """The rightmost, partial tiles of a tree of ``size`` leaves: what ``Edge`` needs to go on. Levels without one are left out."""
    tiles = []
    level = 0
    while size:
        if size % TILE_WIDTH:
            tiles.append((level, size // TILE_WIDTH))
        size, level = size // TILE_WIDTH, level + 1
    return tiles


class Edge:
    """The growing right edge of a tree, in memory: append leaf hashes, take the tiles that changed, compute the root."""

    def __init__(self, size: int = 0, tiles: Mapping[Tile, bytes] | None = None) -> None:
        """Go on from ``size`` leaves, whose ``edge_tiles`` are given; raises ``MissingTile`` for one that is missing or short."""
        self.size = size
        self._rows: list[bytearray] = []
        self._changed: dict[Tile, bytes] = {}
        self._dirty: set[int] = set()
        stored = dict(tiles or {})
        while size:
            width = size % TILE_WIDTH
            tile = (len(self._rows), size // TILE_WIDTH)
            row = stored.get(tile, b"")[: width * HASH_BYTES]
            if len(row) != width * HASH_BYTES:
                raise MissingTile(tile)
            self._rows.append(bytearray(row))
            size //= TILE_WIDTH
        self._peaks = [node_from(node, stored) for node in nodes_of((0, self.size))]
        """Roots of the perfect subtrees that make up the tree, tallest first."""

    def append(self, leaf: Hash) -> None:
        """Add one leaf hash at the end."""
        self.size += 1
        self._record(0, leaf)
        hash, height, rest = leaf, 0, self.size
        while not rest & 1:
            hash, height, rest = node_hash(self._peaks.pop(), hash), height + 1, rest >> 1
            if height % TILE_HEIGHT == 0:
                self._record(height // TILE_HEIGHT, hash)
        self._peaks.append(hash)

    def _record(self, level: int, hash: Hash) -> None:
        if level == len(self._rows):
            self._rows.append(bytearray())
        row = self._rows[level]
        row += hash
        self._dirty.add(level)
        if len(row) == TILE_WIDTH * HASH_BYTES:
            self._changed[level, (self.size >> (level + 1) * TILE_HEIGHT) - 1] = bytes(row)
            row.clear()
            self._dirty.discard(level)

    def take_full(self) -> dict[Tile, bytes]:
        """Only the tiles completed since the last call; the partial ones stay for ``take_changed``."""
        full, self._changed = self._changed, {}
        return full

    def take_changed(self) -> dict[Tile, bytes]:
        """The tiles written since the last call: full ones, and the partial ones as they stand."""
        changed = self.take_full()
        for level in self._dirty:
            changed[level, self.size >> (level + 1) * TILE_HEIGHT] = bytes(self._rows[level])
        self._dirty = set()
        return changed

    def root(self) -> Hash:
        """Root of the tree as it stands."""
        return fold(self._peaks)
