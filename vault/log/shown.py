"""The log's files as outsiders read them (c2sp.org/tlog-tiles): each by its path, from what the log has."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from auditor import tiles
from auditor.merkle import HASH_SIZE
from auditor.notes import VerifierKey
from auditor.tiles import WIDTH
from vault.log import reading
from vault.log.tables import LogCheckpoint
from vault.vault import Vault


def checkpoint(vault: Vault) -> bytes | None:
    """The newest checkpoint with its cosignatures; None while the log is empty."""
    return _noted(vault, reading.checkpoint)


def cosigned_checkpoint(vault: Vault) -> bytes | None:
    """The newest checkpoint that a witness cosigned and that can be verified; None when there is none."""
    return _noted(vault, reading.cosigned_checkpoint)


def cosigned_by(vault: Vault, witness: VerifierKey) -> bytes | None:
    """The newest checkpoint that `witness` cosigned and that can be verified; None when there is none."""
    return _noted(vault, lambda session: reading.cosigned_checkpoint(session, witness.name))


def minimum(vault: Vault) -> bytes:
    """Below which index entries are no longer shown."""
    with vault.database.reading() as session:
        return f"{reading.minimum(session)}\n".encode()


def file(vault: Vault, path: str) -> bytes | None:
    """The tile or bundle at `path`; None for what a tree of the log's size has not, or no longer shows."""
    asked = tiles.parse_path(path)
    if asked is None:
        return None
    level, n, width = asked
    with vault.database.reading() as session:
        # First of all: a path can hold numbers that no database can be asked for.
        if width > tiles.width_of(level or 0, n, reading.size(session)):
            return None
        if level is None:
            return bundle(session, n, width)
        hashes = reading.tile(session, level, n)[: width * HASH_SIZE]
    return hashes if len(hashes) == width * HASH_SIZE else None


def bundle(session: Session, n: int, width: int) -> bytes | None:
    """The first `width` entries of bundle `n`, framed; None unless all of them are shown."""
    first = n * WIDTH
    found = reading.entries(session, first, first + width - 1)
    return tiles.bundle(each.leaf for each in found) if len(found) == width else None


def _noted(vault: Vault, which: Callable[[Session], LogCheckpoint | None]) -> bytes | None:
    with vault.database.reading() as session:
        signed = which(session)
        return reading.cosigned(session, signed) if signed else None
