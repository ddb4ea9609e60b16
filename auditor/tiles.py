"""A log as static files (c2sp.org/tlog-tiles): paths, tiles of 256 hashes, bundles of 256 entries. Pure.

Tile n of level l holds the roots over 256^l leaves each, number 256 * n and on. Levels here are of tiles; the
tree of RFC 6962 has eight levels for each.
"""

import re
from collections.abc import Callable, Iterable

from auditor.merkle import HASH_SIZE, HashAt, fold

WIDTH = 256
HEIGHT = 8
"""A tile stands for a subtree of 2^8 leaves."""
MOST_ENTRY = 0xFFFF
"""Longest entry, in bytes: its length is told in two."""
CHECKPOINT = "checkpoint"
COSIGNED = "cosigned-checkpoint"
"""Where our logs show the newest checkpoint that a witness cosigned: the newest of all may be too young."""
_COSIGNED_BY = "cosigned"
MINIMUM = "minimum-index"
"""Where our logs say below which index entries are no longer shown: decimal and a newline; absent is 0.

tlog-tiles, Pruning, leaves the place open. Nothing signs it, so whoever reads it must say what was not seen.
"""
COSIGNATURES = "cosignatures"
"""Where our logs take a checkpoint with a witness's cosignature, by POST."""

TileOf = Callable[[int, int], bytes]
"""`tile_of(level, n)`: the joined hashes of tile n, as far as the tree goes."""


_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9]|[1-5][0-9]|6[0-3])/(?P<n>(x[0-9]{3}/){0,5}[0-9]{3})(\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)


class BundleBroken(Exception):
    """An entry bundle that is not framed as tlog-tiles, Log entries, says."""


def tile_path(level: int, n: int, width: int = WIDTH) -> str:
    """Where tile `n` of `level` stands, relative to the log's prefix."""
    return f"tile/{level}/{_number(n, width)}"


def bundle_path(n: int, width: int = WIDTH) -> str:
    """Where entry bundle `n` stands, relative to the log's prefix."""
    return f"tile/entries/{_number(n, width)}"


def cosigned_path(key_id: bytes) -> str:
    """Where our logs show the newest checkpoint that the witness with this key id cosigned."""
    return f"{_COSIGNED_BY}/{key_id.hex()}"


def parse_path(path: str) -> tuple[int | None, int, int] | None:
    """Level, number and width of the tile at `path`; the level is None for a bundle of entries.

    None when nothing stands there: only the one path that each has is known.
    """
    found = _PATH.fullmatch(path)
    if not found:
        return None
    level = None if found["level"] == "entries" else int(found["level"])
    n, width = int(found["n"].replace("/", "").replace("x", "")), int(found["width"] or WIDTH)
    right = bundle_path(n, width) if level is None else tile_path(level, n, width)
    return (level, n, width) if path == right and width <= WIDTH else None


def tiles_at(level: int, size: int) -> int:
    """How many tiles, full and partial, a tree of `size` leaves has at `level`."""
    return -(-(size >> HEIGHT * level) // WIDTH)


def width_of(level: int, n: int, size: int) -> int:
    """How many hashes tile `n` of `level` has in a tree of `size` leaves: 0 to 256."""
    return max(0, min(WIDTH, (size >> HEIGHT * level) - n * WIDTH))


def end_of(level: int, n: int) -> int:
    """The first leaf after those that a full tile stands for: its end index (tlog-tiles, Merkle Tree)."""
    return (n + 1) << HEIGHT * (level + 1)


def tiles_of(old: int, new: int, hash_at: HashAt) -> dict[str, bytes]:
    """Every tile that a tree of `new` leaves has and one of `old` had not, by path."""
    made = {}
    level = 0
    while (new >> HEIGHT * level) > (old >> HEIGHT * level):
        for n in range((old >> HEIGHT * level) // WIDTH, tiles_at(level, new)):
            width = width_of(level, n, new)
            hashes = (hash_at(HEIGHT * level, n * WIDTH + at) for at in range(width))
            made[tile_path(level, n, width)] = b"".join(hashes)
        level += 1
    return made


def hashes_in(tile_of: TileOf) -> HashAt:
    """The tree that stands in tiles. `LookupError` for a hash that a tile has not."""

    def hash_at(level: int, index: int) -> bytes:
        tile_level, height = divmod(level, HEIGHT)
        n, first = divmod(index << height, WIDTH)
        hashes = tile_of(tile_level, n)[first * HASH_SIZE : (first + (1 << height)) * HASH_SIZE]
        if len(hashes) != HASH_SIZE << height:
            raise LookupError(f"no hash {index} at level {level}")
        return fold(hashes)

    return hash_at


def bundle(entries: Iterable[bytes]) -> bytes:
    """Entries, each behind its length in two bytes, big-endian. Raises ValueError for a longer one."""
    parts = []
    for entry in entries:
        if len(entry) > MOST_ENTRY:
            raise ValueError(f"an entry of {len(entry)} bytes; {MOST_ENTRY} is the most")
        parts += [len(entry).to_bytes(2, "big"), entry]
    return b"".join(parts)


def entries_in(data: bytes, width: int, *, exactly: bool = True) -> list[bytes]:
    """The first `width` entries of a bundle; not `exactly`: more may follow. Raises BundleBroken."""
    entries: list[bytes] = []
    at = 0
    for _ in range(width):
        begin = at + 2
        at = begin + int.from_bytes(data[at:begin], "big")
        if begin > len(data) or at > len(data):
            raise BundleBroken(f"ends within entry {len(entries)} of {width}")
        entries.append(data[begin:at])
    if exactly and at != len(data):
        raise BundleBroken(f"has {len(data) - at} bytes after its {width} entries")
    return entries


def _number(n: int, width: int) -> str:
    """Groups of three digits, all but the last behind an x, and the width of a partial tile."""
    digits = f"{n:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return path if width == WIDTH else f"{path}.p/{width}"
