"""Where a log's files stand and what is in them, as tlog-tiles says."""

from pathlib import Path

import pytest

from auditor import merkle, tiles
from auditor.merkle import leaf_hash
from auditor.tiles import BundleBroken
from tests.logs import Log


@pytest.mark.parametrize(
    ("level", "n", "width", "path"),
    [
        (0, 0, 256, "tile/0/000"),
        (1, 273, 256, "tile/1/273"),
        (0, 1234067, 256, "tile/0/x001/x234/067"),
        (0, 273, 112, "tile/0/273.p/112"),
        (63, 1000, 1, "tile/63/x001/000.p/1"),
    ],
)
def test_paths_are_those_of_the_specification(level: int, n: int, width: int, path: str) -> None:
    assert tiles.tile_path(level, n, width) == path


def test_bundles_stand_beside_tiles() -> None:
    assert tiles.bundle_path(1234067) == "tile/entries/x001/x234/067"
    assert tiles.bundle_path(0, 5) == "tile/entries/000.p/5"


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("tile/0/000", (0, 0, 256)),
        ("tile/63/x001/000.p/1", (63, 1000, 1)),
        ("tile/entries/x001/x234/067", (None, 1234067, 256)),
        ("tile/entries/273.p/112", (None, 273, 112)),
        ("tile/0/273.p/0", None),
        ("tile/0/273.p/256", None),
        ("tile/0/273.p/01", None),
        ("tile/64/000", None),
        ("tile/00/000", None),
        ("tile/0/x000/001", None),
        ("tile/0/1", None),
        ("tile/0/0000", None),
        ("tile/0/\u0660\u0660\u0660", None),
        ("tile/data/000", None),
        ("tile/0/000\n", None),
        ("tile/0/../checkpoint", None),
    ],
)
def test_a_path_is_read_in_its_one_form(path: str, asked: tuple[int | None, int, int] | None) -> None:
    assert tiles.parse_path(path) == asked


# The example of tlog-tiles, Merkle Tree: a tree of 70,000 has these.
def test_a_tree_of_seventy_thousand_has_the_tiles_of_the_example() -> None:
    assert tiles.tiles_at(0, 70_000) == 274
    assert (tiles.width_of(0, 272, 70_000), tiles.width_of(0, 273, 70_000)) == (256, 112)
    assert (tiles.width_of(1, 0, 70_000), tiles.width_of(1, 1, 70_000)) == (256, 17)
    assert (tiles.width_of(2, 0, 70_000), tiles.width_of(3, 0, 70_000)) == (1, 0)
    assert (tiles.end_of(0, 0), tiles.end_of(1, 0)) == (256, 65_536)


@pytest.mark.parametrize("size", [1, 255, 256, 257, 600])
def test_tiles_are_those_of_a_log_made_otherwise(tmp_path: Path, size: int) -> None:
    Log().write(tmp_path, size, lambda index: b"%d" % index)
    hashes = [leaf_hash(b"%d" % index) for index in range(size)]
    made = tiles.tiles_of(0, size, merkle.grown(lambda *_: b"", 0, hashes))
    written = {
        path.relative_to(tmp_path).as_posix(): path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file() and "entries" not in path.parts and path.name != tiles.CHECKPOINT
    }
    assert made == written


@pytest.mark.parametrize(("old", "new"), [(0, 1), (1, 300), (255, 256), (256, 257), (300, 300), (500, 1100)])
def test_a_tree_that_grows_gets_only_the_tiles_it_had_not(old: int, new: int) -> None:
    hash_at = merkle.grown(lambda *_: b"", 0, [leaf_hash(b"%d" % index) for index in range(new)])
    before, after = tiles.tiles_of(0, old, hash_at), tiles.tiles_of(0, new, hash_at)
    added = tiles.tiles_of(old, new, hash_at)
    assert added == {path: data for path, data in after.items() if path not in before}


def test_any_hash_is_found_in_tiles() -> None:
    hash_at = merkle.grown(lambda *_: b"", 0, [leaf_hash(b"%d" % index) for index in range(700)])
    made = tiles.tiles_of(0, 700, hash_at)
    known = tiles.hashes_in(lambda level, n: made[tiles.tile_path(level, n, tiles.width_of(level, n, 700))])
    for level, index in ((0, 699), (1, 3), (7, 4), (8, 1), (9, 0)):
        assert known(level, index) == hash_at(level, index)
    with pytest.raises(LookupError):
        known(0, 700)


def test_entries_are_framed_as_the_specification_says() -> None:
    assert tiles.bundle([b"a", b"", b"bcd"]) == b"\0\1a\0\0\0\3bcd"
    assert tiles.entries_in(b"\0\1a\0\0\0\3bcd", 3) == [b"a", b"", b"bcd"]
    assert tiles.entries_in(b"\0\1a\0\0\0\3bcd", 2, exactly=False) == [b"a", b""]


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\2a", b"\0\1a\0", b"\0\1a\0\1b!"])
def test_a_bundle_that_is_not_whole_is_refused(data: bytes) -> None:
    with pytest.raises(BundleBroken):
        tiles.entries_in(data, 2)


def test_too_long_an_entry_is_refused() -> None:
    with pytest.raises(ValueError, match="65536 bytes"):
        tiles.bundle([bytes(1 << 16)])
