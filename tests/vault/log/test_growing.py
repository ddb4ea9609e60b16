"""The tree grows by batches of any size into the same tiles as when it is made at once."""

from collections.abc import Iterable
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import merkle, tiles
from vault.log.growing import TileAt, grow


def leaves(count: int, first: int = 0) -> list[bytes]:
    return [sha256(str(number).encode()).digest() for number in range(first, first + count)]


def grown_by(batches: Iterable[int]) -> tuple[int, dict[TileAt, bytes]]:
    """Size and tiles of a tree that grew by so many leaves at a time."""
    size, known = 0, dict[TileAt, bytes]()

    def tile_of(level: int, n: int) -> bytes:
        return known[TileAt(level, n)]

    for count in batches:
        known.update(grow(tile_of, size, leaves(count, size)))
        size += count
    return size, known


def at_once(size: int) -> dict[str, bytes]:
    hashes = leaves(size)
    return tiles.tiles_of(0, size, merkle.grown(lambda _level, _index: b"", 0, hashes))


def by_path(size: int, known: dict[TileAt, bytes]) -> dict[str, bytes]:
    return {
        tiles.tile_path(at.level, at.n, tiles.width_of(at.level, at.n, size)): hashes
        for at, hashes in known.items()
    }


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=8))
def test_batches_of_any_size_make_the_same_tiles(batches: list[int]) -> None:
    size, known = grown_by(batches)
    assert by_path(size, known) == at_once(size)


@pytest.mark.parametrize("batches", [[65_535, 1, 1], [65_536], [65_280, 256, 255], [1, 70_000]])
def test_a_third_level(batches: list[int]) -> None:
    size, known = grown_by(batches)
    assert by_path(size, known) == at_once(size)
    assert max(at.level for at in known) == 2


def test_only_what_changes_is_given() -> None:
    size, known = grown_by([600])
    changed = grow(lambda level, n: known[TileAt(level, n)], size, leaves(5, size))
    assert set(changed) == {TileAt(0, 2)}
    assert changed[TileAt(0, 2)][: 88 * 32] == known[TileAt(0, 2)]
    assert len(changed[TileAt(0, 2)]) == 93 * 32
    assert grow(lambda level, n: known[TileAt(level, n)], size, []) == {}
