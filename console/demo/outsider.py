"""What an outsider can check of the demonstration: the log's checkpoint, and that an entry is in it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy.orm import Session

from auditor import notes, proofs
from auditor.checkpoints import Signed
from auditor.merkle import ProofBroken
from auditor.notes import NoteBroken, VerifierKey
from console.embedded import Embedded
from vault.log import order, reading
from vault.vault import database_of

SECONDS = 10.0
"""How long the keeper may take to number what was written a moment ago."""


class NotInTheLog(Exception):
    """The keeper did not bring the log up to date in time."""


def shown(embedded: Embedded, entry_id: UUID) -> tuple[VerifierKey, Signed]:
    """The log's key, and the checkpoint under which the entry is proven to be in the log.

    The proof is checked as it would be on another machine: bytes, proof file and key, nothing of ours.
    Raises NotInTheLog when it is not there in time or does not hold.
    """
    key = embedded.ring().log_keys[0]
    with _reading(embedded) as session:
        index = reading.index_of(session, entry_id)
        [(_, _, leaf)] = reading.entries(session, index, index)
        file = bytes(reading.proof_of(session, entry_id))
    try:
        return key, proofs.verify(proofs.parse(file), leaf, key)
    except (NoteBroken, ProofBroken) as error:
        raise NotInTheLog(str(error)) from error


@contextmanager
def _reading(embedded: Embedded) -> Iterator[Session]:
    """A look at the log once everything that was written has its number."""
    database = database_of(embedded.settings("vault"))
    deadline = time.monotonic() + SECONDS
    try:
        while True:
            with database.reading() as session:
                if order.waiting_since(session) is None:
                    yield session
                    return
            if time.monotonic() > deadline:
                raise NotInTheLog("entries wait for their number")
            time.sleep(0.1)
    finally:
        database.close()


def lines_of(signed: Signed) -> list[str]:
    """A checkpoint as it is published, line by line."""
    return notes.split(signed.note)[0].splitlines()
