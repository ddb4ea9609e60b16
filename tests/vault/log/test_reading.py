"""What is read from the log: checkpoint, tiles, entries, and proofs that verify with nothing but a key."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete

from auditor import merkle, notes, proofs, tiles
from auditor.notes import VerifierKey
from tests.installation import Installation
from tests.vault.log.conftest import appended, numbered
from vault.log import reading
from vault.log.reading import NotNumbered
from vault.log.sequencer import sequence
from vault.log.tables import LogCosignature, LogTile


def test_an_empty_log_has_signed_nothing(installation: Installation) -> None:
    with installation.vault.database.reading() as session:
        assert reading.checkpoint(session) is None
        assert reading.size(session) == reading.minimum(session) == 0
        assert reading.tile(session, 0, 0) == b""
        assert reading.entries(session, 0, 10) == []
    installation.settle()


def test_proofs_verify_offline_for_every_entry(installation: Installation) -> None:
    vault, key = installation.vault, installation.vault.ring.log_keys[0]
    appended(vault, 700, each=90)
    while sequence(vault, now=datetime.now(UTC), most=123):
        pass
    installation.settle()
    with vault.database.reading() as session:
        size = reading.size(session)
        found = reading.entries(session, 0, size - 1)
        assert [index for index, _, _ in found] == list(range(size))
        assert [entry_id for _, entry_id, _ in found] == numbered(vault)
        assert reading.entries(session, 300, 301) == found[300:302]
        for index, entry_id, leaf in [*found[::97], found[-1]]:
            proof = proofs.parse(bytes(reading.proof_of(session, entry_id)))
            assert proof.index == index
            assert proofs.verify(proof, leaf, key).checkpoint.size == size
            with pytest.raises(merkle.ProofBroken):
                proofs.verify(proof, leaf + b" ", key)


def test_tiles_are_those_of_the_tree(installation: Installation) -> None:
    appended(installation.vault, 300, each=300)
    installation.settle()
    with installation.vault.database.reading() as session:
        size = reading.size(session)
        hashes = [merkle.leaf_hash(leaf) for _, _, leaf in reading.entries(session, 0, size)]
        assert reading.tile(session, 0, 0) == b"".join(hashes[:256])
        assert reading.tile(session, 0, 1) == b"".join(hashes[256:])
        assert reading.tile(session, 1, 0) == merkle.fold(b"".join(hashes[:256]))
        assert reading.tile(session, 0, 2) == reading.tile(session, 2, 0) == b""
        whole = tiles.hashes_in(lambda level, n: reading.tile(session, level, n))
        assert merkle.root(whole, size) == merkle.root_of(hashes)


def test_what_has_no_number_yet_has_no_proof(installation: Installation) -> None:
    installation.settle()
    [late] = appended(installation.vault, 1)
    with installation.vault.database.reading() as session:
        for entry_id in (late, UUID(int=1)):
            with pytest.raises(NotNumbered):
                reading.proof_of(session, entry_id)
    installation.settle()
    with installation.vault.database.reading() as session:
        assert reading.proof_of(session, late).index == reading.index_of(session, late)


def test_a_lost_tile_is_told(small: Installation) -> None:
    small.settle()
    first = numbered(small.vault)[0]
    with small.vault.database.transaction() as session:
        session.execute(delete(LogTile))
    with small.vault.database.reading() as session, pytest.raises(LookupError):
        reading.proof_of(session, first)


def test_witnesses_stand_below_the_logs_own_signature(installation: Installation) -> None:
    installation.settle()
    vault = installation.vault
    private = Ed25519PrivateKey.generate()
    witness = VerifierKey.of("or.example/witness", notes.COSIGNATURE, private)
    with vault.database.transaction() as session:
        signed = reading.checkpoint(session)
        assert signed is not None
        text, _ = notes.split(signed.note.encode())
        line = notes.cosign(text, witness.name, private, at=1_790_000_000)
        session.add(
            LogCosignature(size=signed.size, witness=witness.name, line=line, received_at=datetime.now(UTC))
        )
    with vault.database.reading() as session:
        proof = reading.proof_of(session, numbered(vault)[3])
        [(_, _, leaf)] = reading.entries(session, 3, 3)
    signed_by = proofs.verify(proof, leaf, vault.ring.log_keys[0], [witness])
    assert signed_by.cosigned_at == {witness: 1_790_000_000}
