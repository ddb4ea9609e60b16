"""Proving that an entry is in the log: by its id, from PostgreSQL, among a million and among ten thousand."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from random import Random
from uuid import UUID

from sqlalchemy import insert, text

from auditor import merkle, notes, proofs
from auditor.checkpoints import Checkpoint
from auditor.tiles import hashes_in
from bench.figures import Figure, at_most, interleaved
from tests.installation import Installation, build
from tests.servers.postgres import Postgres, postgres
from vault.base import table_of
from vault.log import reading
from vault.log.growing import TileAt, grow
from vault.log.tables import LogCheckpoint, LogEntry, LogPosition, LogTile

MANY, FEW = 1_000_000, 10_000
ROUNDS = 1500


def among_a_million(home: Path) -> Iterator[Figure]:
    """`audit_proof`: a proof file made for an entry at random, against a log of 10,000."""
    with postgres() as server:
        many, few = _Log(home / "many", server, MANY), _Log(home / "few", server, FEW)
        took = interleaved(ROUNDS, {"many": _seconds(many.prove), "few": _seconds(few.prove)})
        many.close()
        few.close()
    yield Figure("audit_proof_ms", took["many"] * 1000, "ms")
    yield Figure("audit_proof_to_10k", took["many"] / took["few"], "x", at_most(2))


class _Log:
    """A log of so many entries. Of the entries themselves a proof needs nothing: they are left out."""

    def __init__(self, home: Path, server: Postgres, size: int) -> None:
        home.mkdir()
        self._made: Installation = build(home, server.fresh(), {"objects_url": (home / "objects").as_uri()})
        self._random = Random(1)
        self._size = size
        self._fill()

    def prove(self) -> None:
        """A proof file, as it would be sent."""
        number = self._random.randrange(self._size)
        with self._made.vault.database.reading() as session:
            proof = reading.proof_of(session, _id(number))
        assert proof.index == number
        assert len(bytes(proof)) > 500

    def close(self) -> None:
        """Give its connections back."""
        leaf = _hash(7)
        with self._made.vault.database.reading() as session:
            proof = proofs.parse(bytes(reading.proof_of(session, _id(7))))
            signed = reading.checkpoint(session)
        assert signed is not None
        merkle.verify_inclusion(leaf, 7, self._size, proof.path, signed.root)
        self._made.vault.database.close()
        self._made.intake.database.close()

    def _fill(self) -> None:
        tiles = grow(lambda _level, _n: b"", 0, [_hash(number) for number in range(self._size)])
        root = merkle.root(hashes_in(lambda level, n: tiles[TileAt(level, n)]), self._size)
        ring = self._made.vault.ring
        head = Checkpoint(ring.origin, self._size, root).text
        note = notes.join(head, [ring.sign_checkpoint(head)]).decode()
        with self._made.vault.database.transaction() as session:
            for first in range(0, self._size, 100_000):
                numbers = range(first, min(first + 100_000, self._size))
                rows = [{"index": number, "entry_id": _id(number)} for number in numbers]
                session.execute(insert(table_of(LogEntry)), rows)
            rows_of_tiles = [{"level": at.level, "n": at.n, "hashes": tile} for at, tile in tiles.items()]
            session.execute(insert(table_of(LogTile)), rows_of_tiles)
            session.add(LogCheckpoint(size=self._size, root=root, note=note, signed_at=datetime.now(UTC)))
            session.add(LogPosition(one=1, size=self._size, xid=0, seq=0, minimum=0))
            session.execute(text("ANALYZE"))


def _id(number: int) -> UUID:
    return UUID(bytes=sha256(b"id %d" % number).digest()[:16])


def _hash(number: int) -> bytes:
    return sha256(b"leaf %d" % number).digest()


def _seconds(prove: Callable[[], None]) -> Callable[[], float]:
    def measure() -> float:
        began = time.perf_counter()
        prove()
        return time.perf_counter() - began

    return measure
