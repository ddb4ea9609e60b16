"""The tree is derived from the entries, in one process or several, and published hashes are only compared."""

from collections import Counter

import pytest

from auditor import merkle, rederiving, tiles
from auditor.findings import Kind
from auditor.reading import Folder
from auditor.rederiving import rederive
from tests.auditor.conftest import Exported
from tests.logs import TYPES, Log, entry, put, whole_root


@pytest.mark.parametrize("processes", [1, 2])
def test_the_tree_comes_from_the_entries(made: Exported, processes: int) -> None:
    told: list[tuple[int, int]] = []
    derived = rederive(
        Folder(made.folder), 800, progress=lambda *step: told.append(step), processes=processes
    )
    hashes = [merkle.leaf_hash(entry(index)) for index in range(800)]
    assert merkle.root(derived.hash_at(), 800) == whole_root(hashes)
    assert (derived.findings, derived.unseen) == ([], [])
    assert derived.types == Counter(dict.fromkeys(TYPES, 160))
    assert told == [(256, 800), (512, 800), (768, 800), (800, 800)]


def test_many_bundles_are_worth_several_processes(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("log")
    Log().write(folder, 70_000)
    several = rederive(Folder(folder), 70_000, also=[600])
    monkeypatch.setattr(rederiving, "_WORTH_PROCESSES", 1000)
    alone = rederive(Folder(folder), 70_000, also=[600])
    assert several == alone
    assert several.findings == []
    # Three levels of tiles: of the lowest only what the two roots need.
    assert sorted(several.tiles) == [(0, 2), (0, 273), (1, 0), (1, 1), (2, 0)]


def test_an_older_root_is_derived_too(made: Exported) -> None:
    derived = rederive(Folder(made.folder), 800, also=[300])
    hashes = [merkle.leaf_hash(entry(index)) for index in range(300)]
    assert merkle.root(derived.hash_at(), 300) == whole_root(hashes)


def test_an_id_that_stood_in_the_log_before_is_found(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("log")
    Log().write(folder, 600, lambda index: entry({5: 4, 599: 7}.get(index, index)))
    found = rederive(Folder(folder), 600).findings
    assert [(each.kind, each.where) for each in found] == [
        (Kind.REPEATED, "entry 5"),
        (Kind.REPEATED, "entry 599"),
    ]


def test_what_is_wrong_within_a_bundle_is_told_by_entry(exported: Exported) -> None:
    path = tiles.bundle_path(1)
    entries = tiles.entries_in((exported.folder / path).read_bytes(), 256)
    entries[10] = entry(9999)
    entries[20] = b"{}"
    put(exported.folder, path, tiles.bundle(entries))
    found = rederive(Folder(exported.folder), 800).findings
    assert [(each.kind, each.where) for each in found[:3]] == [
        (Kind.LEAF, "entry 276"),
        (Kind.ENTRY, "entry 266"),
        (Kind.ENTRY, "entry 276"),
    ]
    assert found[3].kind is Kind.TILE
    assert found[3].where == "tile/1/000.p/3"


def test_pruned_entries_are_taken_from_their_hashes(exported: Exported) -> None:
    (exported.folder / tiles.bundle_path(0)).unlink()
    derived = rederive(Folder(exported.folder), 800, minimum=256)
    assert (derived.findings, derived.unseen) == ([], [0])
    note = (exported.folder / tiles.CHECKPOINT).read_text().split("\n")
    assert exported.log.signed(800, merkle.root(derived.hash_at(), 800)).decode().split("\n")[2] == note[2]


def test_what_is_missing_above_the_minimum_is_a_finding(exported: Exported) -> None:
    for path in (tiles.bundle_path(0), tiles.bundle_path(1), tiles.tile_path(0, 2)):
        (exported.folder / path).unlink()
    found = rederive(Folder(exported.folder), 800, minimum=256).findings
    assert sorted((each.kind.name, each.where) for each in found) == [
        ("MISSING", "tile/0/002"),
        ("MISSING", "tile/entries/001"),
    ]


def test_where_neither_is_shown_there_is_no_root(exported: Exported) -> None:
    for path in (tiles.bundle_path(0), tiles.tile_path(0, 0), tiles.tile_path(1, 0, 3)):
        (exported.folder / path).unlink()
    derived = rederive(Folder(exported.folder), 800)
    with pytest.raises(LookupError):
        merkle.root(derived.hash_at(), 800)
    assert {each.kind for each in derived.findings} == {Kind.MISSING}
