"""Checkpoints that nobody needs go; cosigned ones and the last of an hour stay; one that went can return."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from auditor import notes
from auditor.checkpoints import Checkpoint
from auditor.notes import COSIGNATURE, VerifierKey
from tests.installation import Installation
from tests.vault.log.conftest import appended
from vault.invariants import check_all
from vault.log import reading
from vault.log.sequencer import sequence
from vault.log.tables import LogCheckpoint
from vault.log.thinning import thin
from vault.log.witnesses import CosignatureRefused, accept

PRIVATE = Ed25519PrivateKey.generate()
WITNESS = VerifierKey.of("or.example", COSIGNATURE, PRIVATE)
NOW = datetime(2026, 3, 29, 12, 30, tzinfo=UTC)
"""After all that these tests sign; a day with an hour that Amsterdam has not."""


def signed(made: Installation, at: datetime) -> int:
    """A checkpoint of that moment; its size."""
    appended(made.vault, 3)
    assert sequence(made.vault, now=at) > 0
    with made.vault.database.reading() as session:
        return reading.size(session)


def sizes(made: Installation) -> list[int]:
    with made.vault.database.reading() as session:
        return list(session.scalars(select(LogCheckpoint.size).order_by(LogCheckpoint.size)))


def note_of(made: Installation, size: int) -> bytes:
    with made.vault.database.reading() as session:
        return session.get_one(LogCheckpoint, size).note.encode()


def cosigned(note: bytes) -> bytes:
    return notes.append(note, notes.cosign(notes.split(note)[0], WITNESS.name, PRIVATE, at=1))


def test_the_last_of_an_hour_stays_and_all_of_the_last_day(installation: Installation) -> None:
    hour = datetime(2026, 3, 28, 0, 0, tzinfo=UTC)
    old = [signed(installation, hour + timedelta(minutes=minute)) for minute in (1, 2, 59, 60, 61, 130)]
    young = [signed(installation, NOW - timedelta(hours=back)) for back in (23, 22.9, 1)]
    accept(installation.vault, cosigned(note_of(installation, old[0])), [WITNESS], now=NOW)
    assert thin(installation.vault, now=NOW, at_once=1) == 2
    assert sizes(installation) == [old[0], old[2], old[4], old[5], *young]
    assert thin(installation.vault, now=NOW) == 0
    installation.settle()
    assert check_all(installation.vault, now=datetime.now(UTC)) == []


def test_the_newest_always_stays(installation: Installation) -> None:
    last = [signed(installation, NOW - timedelta(days=9, seconds=10 - second)) for second in range(3)][-1]
    assert thin(installation.vault, now=NOW) == 2
    assert sizes(installation) == [last]
    appended(installation.vault, 1)
    assert sequence(installation.vault, now=NOW) > 0


def test_a_cosignature_that_comes_late_brings_its_checkpoint_back(installation: Installation) -> None:
    first, second = (signed(installation, NOW - timedelta(days=3, seconds=back)) for back in (2, 1))
    late = cosigned(note_of(installation, first))
    assert thin(installation.vault, now=NOW) == 1
    assert accept(installation.vault, late, [WITNESS], now=NOW) == 1
    assert sizes(installation) == [first, second]
    text, lines = notes.split(late)
    assert note_of(installation, first) == notes.join(text, lines[:1])
    assert thin(installation.vault, now=NOW + timedelta(days=9)) == 0
    installation.settle()
    assert check_all(installation.vault, now=datetime.now(UTC)) == []


@pytest.mark.parametrize("beyond", [0, 50])
def test_what_we_signed_of_another_tree_does_not_come_back(installation: Installation, beyond: int) -> None:
    """As with a stolen key: of fewer entries than there are, and of more."""
    size = signed(installation, NOW - timedelta(days=3)) - 1 + beyond
    ring = installation.vault.ring
    head = Checkpoint(ring.origin, size, bytes(32)).text
    forked = cosigned(notes.join(head, [ring.sign_checkpoint(head)]))
    with pytest.raises(CosignatureRefused, match="not a checkpoint of this log"):
        accept(installation.vault, forked, [WITNESS], now=NOW)
    assert size not in sizes(installation)
