"""Proof files: written, read back, verified, and refused where one byte differs."""

from pathlib import Path

import pytest

from auditor import proofs, reading
from auditor.merkle import ProofBroken
from auditor.notes import NoteBroken
from auditor.reading import Folder
from tests.logs import Log, entry


@pytest.fixture(scope="module")
def proof_of_700(tmp_path_factory: pytest.TempPathFactory) -> tuple[Log, bytes]:
    folder = tmp_path_factory.mktemp("log")
    log = Log()
    note = log.write(folder, 800)
    proof = proofs.make(reading.published(Folder(folder), 800), 700, 800, note)
    return log, bytes(proof)


def test_a_proof_is_verified_by_the_entry_and_the_key_alone(proof_of_700: tuple[Log, bytes]) -> None:
    log, data = proof_of_700
    assert proofs.verify(proofs.parse(data), entry(700), log.key).checkpoint.size == 800


def test_it_is_written_as_it_is_read(proof_of_700: tuple[Log, bytes]) -> None:
    _, data = proof_of_700
    assert bytes(proofs.parse(data)) == data
    assert data.startswith(b"c2sp.org/tlog-proof@v1\nindex 700\n")


def test_an_extra_line_is_carried(proof_of_700: tuple[Log, bytes]) -> None:
    log, data = proof_of_700
    parsed = proofs.parse(data)
    extra = bytes(proofs.Proof(parsed.index, parsed.path, parsed.note, b"more"))
    assert b"\nextra bW9yZQ==\nindex 700\n" in extra
    assert proofs.parse(extra).extra == b"more"
    proofs.verify(proofs.parse(extra), entry(700), log.key)


def test_one_flipped_bit_anywhere_is_refused(proof_of_700: tuple[Log, bytes]) -> None:
    log, data = proof_of_700
    for at in range(len(data)):
        flipped = bytearray(data)
        flipped[at] ^= 1 << at % 8
        with pytest.raises((NoteBroken, ProofBroken)):
            proofs.verify(proofs.parse(bytes(flipped)), entry(700), log.key)


def test_another_entry_is_refused(proof_of_700: tuple[Log, bytes]) -> None:
    log, data = proof_of_700
    with pytest.raises(ProofBroken):
        proofs.verify(proofs.parse(data), entry(701), log.key)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"c2sp.org/tlog-proof@v1\n\nnote",
        b"c2sp.org/tlog-proof@v2\nindex 1\n\nnote",
        b"c2sp.org/tlog-proof@v1\nindex 01\n\nnote",
        b"c2sp.org/tlog-proof@v1\nextra AAAA\n\nnote",
        b"c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\nnote",
        b"c2sp.org/tlog-proof@v1\nindex 1\n" + 64 * (43 * b"A" + b"=\n") + b"\nnote",
        b"c2sp.org/tlog-proof@v1\nindex 1\n\n" + bytes(proofs.MOST_BYTES),
    ],
)
def test_what_is_no_proof_file_is_refused(data: bytes) -> None:
    with pytest.raises(NoteBroken):
        proofs.parse(data)


def test_there_is_no_proof_beyond_the_tree(tmp_path: Path) -> None:
    note = Log().write(tmp_path, 3)
    with pytest.raises(ValueError, match="no leaf 3"):
        proofs.make(reading.published(Folder(tmp_path), 3), 3, 3, note)
