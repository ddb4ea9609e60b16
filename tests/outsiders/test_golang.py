"""Go's own implementation and ours judge the same files alike: what is whole, and what is not by one bit."""

import base64
import random
import shutil
from pathlib import Path

import pytest

from auditor import merkle, proofs, reading, tiles
from auditor.reading import Folder
from auditor.verify import Outcome, verify
from tests.disposed import FourEntries, disposed_leaf, statement_of
from tests.logs import Log, entry, put
from tests.outsiders.golang import VerifyLog

SIZE = 66_000
"""Entries: three levels of tiles, and a partial one at each."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Log, Path]:
    log, folder = Log(), tmp_path_factory.mktemp("log")
    log.write(folder, SIZE)
    return log, folder


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def flip(file: Path, chance: random.Random) -> None:
    data = bytearray(file.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    file.write_bytes(data)


def test_a_whole_log_is_verified_by_both(verifylog: VerifyLog, made: tuple[Log, Path]) -> None:
    log, folder = made
    assert verifylog.accepts("log", folder, log.key)
    assert verify(Folder(folder), log.key).outcome is Outcome.PROVEN


@pytest.mark.parametrize("size", [1, 255, 256, 257])
def test_so_is_a_small_one(verifylog: VerifyLog, tmp_path: Path, size: int) -> None:
    log = Log()
    log.write(tmp_path, size)
    assert verifylog.accepts("log", tmp_path, log.key)


@pytest.mark.parametrize("seed", range(24))
def test_one_flipped_bit_anywhere_is_refused_by_both(verifylog: VerifyLog, tmp_path: Path, seed: int) -> None:
    log, chance = Log(), random.Random(seed)
    log.write(tmp_path, 600)
    every = files_of(tmp_path)
    flip(every[seed % len(every)], chance)
    assert not verifylog.accepts("log", tmp_path, log.key)
    assert verify(Folder(tmp_path), log.key).outcome is Outcome.MISMATCH


@pytest.mark.parametrize("at", ["checkpoint", "tile/entries/100", "tile/0/2", "tile/1/0", "tile/2/0"])
def test_nor_in_a_large_one(verifylog: VerifyLog, made: tuple[Log, Path], tmp_path: Path, at: str) -> None:
    log, folder = made
    copied = Path(shutil.copytree(folder, tmp_path / "log"))
    named = [file for file in files_of(copied) if file.relative_to(copied).as_posix().startswith(at)]
    flip(named[0], random.Random(at))
    assert not verifylog.accepts("log", copied, log.key)
    assert verify(Folder(copied), log.key).outcome is Outcome.MISMATCH


def test_another_key_is_refused(verifylog: VerifyLog, made: tuple[Log, Path]) -> None:
    assert not verifylog.accepts("log", made[1], Log().key)


@pytest.mark.parametrize("index", [0, 1, 255, 256, 65_535, 65_536, SIZE - 1])
def test_an_inclusion_proof_of_ours_is_verified(
    verifylog: VerifyLog, made: tuple[Log, Path], tmp_path: Path, index: int
) -> None:
    log, folder = made
    note = (folder / tiles.CHECKPOINT).read_bytes()
    proof = bytes(proofs.make(reading.published(Folder(folder), SIZE), index, SIZE, note))
    put(tmp_path, "proof", proof)
    put(tmp_path, "leaf", entry(index))
    put(tmp_path, "other", entry(index + 1))
    assert verifylog.accepts("entry", tmp_path / "proof", tmp_path / "leaf", log.key)
    assert not verifylog.accepts("entry", tmp_path / "proof", tmp_path / "other", log.key)
    put(tmp_path, "moved", proof.replace(b"index %d\n" % index, b"index %d\n" % (index ^ 1)))
    assert not verifylog.accepts("entry", tmp_path / "moved", tmp_path / "leaf", log.key)


@pytest.mark.parametrize("old", [1, 2, 256, 300, 65_536, 65_537, SIZE - 1, SIZE])
def test_a_consistency_proof_of_ours_is_verified(
    verifylog: VerifyLog, made: tuple[Log, Path], tmp_path: Path, old: int
) -> None:
    log, folder = made
    hash_at = reading.published(Folder(folder), SIZE)
    hashes = [base64.b64encode(each) + b"\n" for each in merkle.consistency_proof(hash_at, old, SIZE)]
    put(tmp_path, "old", log.signed(old, merkle.root(hash_at, old)))
    put(tmp_path, "forked", log.signed(old, merkle.leaf_hash(b"forked")))
    growth = b"".join(hashes or [b"\n"]) + b"\n" + (folder / tiles.CHECKPOINT).read_bytes()
    put(tmp_path, "growth", growth)
    assert verifylog.accepts("growth", tmp_path / "old", tmp_path / "growth", log.key)
    assert not verifylog.accepts("growth", tmp_path / "forked", tmp_path / "growth", log.key)


def test_so_are_the_entry_and_the_proof_of_a_certificate_of_disposal(
    verifylog: VerifyLog, tmp_path: Path
) -> None:
    log = FourEntries(disposed_leaf(statement_of()))
    put(tmp_path, "proof", log.proof(1).encode())
    put(tmp_path, "leaf", log.disposed)
    put(tmp_path, "other", disposed_leaf(statement_of(length=1)))
    assert verifylog.accepts("entry", tmp_path / "proof", tmp_path / "leaf", log.key)
    assert not verifylog.accepts("entry", tmp_path / "proof", tmp_path / "other", log.key)
