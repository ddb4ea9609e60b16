"""aics-tlog, a Python implementation that nobody here wrote, judges logs, proofs and witnesses as we do."""

import random
import sys
from pathlib import Path

import pytest

from auditor import merkle, proofs, reading, tiles, witness
from auditor.reading import Folder
from auditor.verify import Outcome, verify
from auditor.witness import create, look
from tests.logs import Log, entry

AVAILABLE = sys.version_info >= (3, 12)
if not AVAILABLE:
    pytest.skip("aics-tlog needs Python 3.12", allow_module_level=True)

import aics_tlog  # noqa: E402

SIZE = 66_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Log, Path]:
    log, folder = Log(), tmp_path_factory.mktemp("log")
    log.write(folder, SIZE)
    return log, folder


def audits(log: Log, folder: Path) -> bool:
    """Whether aics-tlog finds the signature, every tile and every entry in order."""
    try:
        note = aics_tlog.parse_note((folder / tiles.CHECKPOINT).read_bytes())
        result = aics_tlog.verify_checkpoint(note, aics_tlog.parse_vkey(str(log.key)))
        if not result.ok or result.size is None or result.root is None:
            return False
        aics_tlog.audit_tiles(aics_tlog.FileSystemTileReader(folder), result.size, result.root)
    except (ValueError, aics_tlog.TileMissingError):
        return False
    return True


def test_a_whole_log_is_verified_by_both(made: tuple[Log, Path]) -> None:
    assert audits(*made)


@pytest.mark.parametrize("seed", range(24))
def test_one_flipped_bit_anywhere_is_refused_by_both(tmp_path: Path, seed: int) -> None:
    log, chance = Log(), random.Random(seed)
    log.write(tmp_path, 600)
    every = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    file = every[seed % len(every)]
    data = bytearray(file.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    file.write_bytes(data)
    assert not audits(log, tmp_path)
    assert verify(Folder(tmp_path), log.key).outcome is Outcome.MISMATCH


@pytest.mark.parametrize("index", [0, 255, 256, 65_535, 65_536, SIZE - 1])
def test_our_inclusion_proofs_are_theirs(made: tuple[Log, Path], index: int) -> None:
    _, folder = made
    note = (folder / tiles.CHECKPOINT).read_bytes()
    hash_at = reading.published(Folder(folder), SIZE)
    ours = list(proofs.make(hash_at, index, SIZE, note).path)
    root = merkle.root(hash_at, SIZE)
    theirs = aics_tlog.inclusion_proof_from_tiles(aics_tlog.FileSystemTileReader(folder), index, SIZE)
    assert ours == theirs
    assert aics_tlog.verify_leaf_inclusion(entry(index), index, SIZE, ours, root)
    assert not aics_tlog.verify_leaf_inclusion(entry(index + 1), index, SIZE, ours, root)


@pytest.mark.parametrize("old", [1, 256, 65_536, 65_537, SIZE])
def test_our_consistency_proofs_are_theirs(made: tuple[Log, Path], old: int) -> None:
    hash_at = reading.published(Folder(made[1]), SIZE)
    ours = merkle.consistency_proof(hash_at, old, SIZE)
    theirs = aics_tlog.consistency_proof_from_tiles(aics_tlog.FileSystemTileReader(made[1]), old, SIZE)
    assert ours == theirs
    roots = merkle.root(hash_at, old), merkle.root(hash_at, SIZE)
    assert aics_tlog.verify_consistency(old, SIZE, *roots, ours)


@pytest.fixture
def cosigned(made: tuple[Log, Path], tmp_path: Path) -> tuple[Log, witness.Witness, bytes]:
    one, handed = create(tmp_path / "witness", "or.voorbeeldstad.example"), list[bytes]()
    look(one, Folder(made[1]), made[0].key, handed.append, now=1_800_000_000)
    return made[0], one, handed[0]


def test_a_cosignature_of_our_witness_counts(cosigned: tuple[Log, witness.Witness, bytes]) -> None:
    log, one, note = cosigned
    keys = aics_tlog.parse_vkey(str(log.key)), [aics_tlog.parse_vkey(str(one.key))]
    result = aics_tlog.verify_checkpoint(aics_tlog.parse_note(note), *keys, quorum=1)
    assert result.ok
    assert result.timestamps == {one.name: 1_800_000_000}


def test_without_it_the_quorum_is_not_met(
    made: tuple[Log, Path], cosigned: tuple[Log, witness.Witness, bytes]
) -> None:
    log, one, _ = cosigned
    plain = aics_tlog.parse_note((made[1] / tiles.CHECKPOINT).read_bytes())
    keys = aics_tlog.parse_vkey(str(log.key)), [aics_tlog.parse_vkey(str(one.key))]
    assert not aics_tlog.verify_checkpoint(plain, *keys, quorum=1).ok
