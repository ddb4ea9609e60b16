"""One entry and its proof, as two files or as one."""

import base64
import json

import pytest

from auditor import proofs, reading
from auditor.entry_proofs import verify_entry
from auditor.leaves import LeafBroken
from auditor.merkle import ProofBroken
from auditor.notes import NoteBroken
from auditor.reading import Folder
from tests.auditor.conftest import Exported
from tests.logs import Log, entry


@pytest.fixture
def proof(made: Exported) -> bytes:
    """Of entry 300."""
    note = (made.folder / "checkpoint").read_bytes()
    return bytes(proofs.make(reading.published(Folder(made.folder), made.size), 300, made.size, note))


def held(leaf: bytes, proof: bytes, **more: object) -> bytes:
    return json.dumps({"leaf": base64.b64encode(leaf).decode(), "proof": proof.decode(), **more}).encode()


def test_two_files_are_verified(made: Exported, proof: bytes) -> None:
    proven = verify_entry(proof, entry(300), made.log.key)
    assert (proven.index, proven.type, proven.signed.checkpoint.size) == (300, "viewing.served", 800)
    assert str(proven.id) == json.loads(entry(300))["id"]


def test_one_file_is_verified(made: Exported, proof: bytes) -> None:
    file = held(entry(300), proof, receipt="e30.e30.")
    assert verify_entry(file, None, made.log.key) == verify_entry(file, entry(300), made.log.key)


def test_what_proves_something_else_is_refused(made: Exported, proof: bytes) -> None:
    with pytest.raises(ProofBroken):
        verify_entry(proof, entry(301), made.log.key)
    with pytest.raises(ProofBroken):
        verify_entry(held(entry(301), proof), None, made.log.key)
    with pytest.raises(NoteBroken, match="another entry"):
        verify_entry(held(entry(300), proof), entry(301), made.log.key)
    with pytest.raises(NoteBroken):
        verify_entry(proof, entry(300), Log().key)


def test_an_entry_of_another_form_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder, log = tmp_path_factory.mktemp("log"), Log()
    note = log.write(folder, 2, lambda _: b"{}")
    made = bytes(proofs.make(reading.published(Folder(folder), 2), 0, 2, note))
    with pytest.raises(LeafBroken):
        verify_entry(made, b"{}", log.key)


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"{",
        b"{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"leaf": 1, "proof": ""}',
        b'{"leaf": "!", "proof": ""}',
        b'{"leaf": "", "proof": "\\ud800"}',
        b"{" + b" " * 2_000_000,
    ],
)
def test_what_is_neither_is_refused(made: Exported, file: bytes) -> None:
    with pytest.raises(NoteBroken):
        verify_entry(file, entry(300) if not file.startswith(b"{") else None, made.log.key)


def test_a_proof_needs_its_entry(made: Exported, proof: bytes) -> None:
    with pytest.raises(NoteBroken, match="needs the bytes"):
        verify_entry(proof, None, made.log.key)
