"""How the log's tree grows: which tiles change when entries are added to it. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from auditor.merkle import HASH_SIZE, fold
from auditor.tiles import WIDTH, TileOf

_FULL = WIDTH * HASH_SIZE


class TileAt(NamedTuple):
    """Where a tile stands in the tree."""

    level: int
    n: int


def grow(tile_of: TileOf, size: int, leaf_hashes: Sequence[bytes]) -> dict[TileAt, bytes]:
    """The tiles that change when `leaf_hashes` come behind a tree of `size` leaves, as they are then.

    A level's last tile goes on where it was; each tile that becomes full is one hash of the level above.
    """
    changed: dict[TileAt, bytes] = {}
    level, first, added = 0, size, list(leaf_hashes)
    while added:
        n, width = divmod(first, WIDTH)
        before = tile_of(level, n)[: width * HASH_SIZE] if width else b""
        hashes = before + b"".join(added)
        tiles = [hashes[at : at + _FULL] for at in range(0, len(hashes), _FULL)]
        changed |= {TileAt(level, n + place): tile for place, tile in enumerate(tiles)}
        added = [fold(tile) for tile in tiles if len(tile) == _FULL]
        level, first = level + 1, n
    return changed
