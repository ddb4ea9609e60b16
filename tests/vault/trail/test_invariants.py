"""Whoever hides an entry from those who look for it is found out."""

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from sqlalchemy import delete, select, text, update

from tests.installation import Installation
from tests.watching import entries, footage, granted, keep
from vault.audit import Event
from vault.invariants import check_all
from vault.log.tables import LogEntry, TrailBlock, TrailTerm
from vault.tables import AuditEntry
from vault.trail import invariants
from vault.trail.indexer import index_all
from vault.trail.invariants import amiss

NOW = datetime.now(UTC)


def findings(made: Installation) -> set[tuple[str, str]]:
    return {(found.check, found.about) for found in check_all(made.vault, now=NOW)}


def test_every_term_that_is_taken_away_is_missed(small: Installation) -> None:
    granted(small, keep(small, footage(1000)))
    small.settle()
    assert findings(small) == set()
    [submitted] = entries(small, Event.REQUEST_SUBMITTED)
    database = small.vault.database
    with database.reading() as session:
        number = session.scalars(select(LogEntry.index).where(LogEntry.entry_id == submitted.id)).one()
        stored = session.scalars(select(TrailTerm.term).where(TrailTerm.index == number)).all()
    hidden = 0
    for term in stored:
        gone = (TrailTerm.term == term, TrailTerm.index == number)
        with database.transaction() as session:
            session.execute(delete(TrailTerm).where(*gone))
        told = findings(small)
        assert told <= {("entry-hidden", str(submitted.id))}
        hidden += len(told)
        with database.transaction() as session:
            session.add(TrailTerm(term=term, index=number))
    # All of them, but for the camera and the hours, which the entry itself does not tell.
    assert len(stored) - 2 <= hidden < len(stored)
    assert findings(small) == set()


def test_another_moment_than_was_hashed_is_told(small: Installation) -> None:
    keep(small, footage(1000))
    small.settle()
    [kept] = entries(small, Event.RECORDING_KEPT)
    with small.vault.database.transaction() as session:
        session.execute(text("DROP TRIGGER audit_entry_append_only_update"))
        earlier = kept.at - timedelta(days=400)
        session.execute(update(AuditEntry).where(AuditEntry.id == kept.id).values(at=earlier))
    # And of its block, which was made of the moment that was hashed.
    assert findings(small) == {("entry-not-as-hashed", str(kept.id)), ("entry-hidden", str(kept.id))}


def test_a_block_that_does_not_tell_of_a_moment_hides_it(small: Installation) -> None:
    keep(small, footage(1000))
    small.settle()
    [kept] = entries(small, Event.RECORDING_KEPT)
    with small.vault.database.transaction() as session:
        session.execute(update(TrailBlock).values(latest=kept.at - timedelta(microseconds=1)))
    assert ("entry-hidden", str(kept.id)) in findings(small)
    index_all(small.vault, again=True)
    assert findings(small) == set()


def test_what_is_not_indexed_yet_is_not_hidden(small: Installation) -> None:
    keep(small, footage(1000))
    assert findings(small) == set()


def test_of_a_large_log_every_part_has_its_night(small: Installation) -> None:
    granted(small, keep(small, footage(1000)))
    small.settle()
    with small.vault.database.transaction() as session:
        session.execute(delete(TrailTerm))
    with patch.object(invariants, "EACH_NIGHT", 3), patch.object(invariants, "_AT_ONCE", 2):
        nights = []
        for night in range(40):
            with small.vault.database.reading() as session:
                found = amiss(small.vault.ring, session, NOW + timedelta(days=night))
                nights.append({each.entry for each in found})
    told = {str(entry.id) for entry in entries(small) if entry.municipality_id}
    assert set().union(*nights) == told
    assert max(map(len, nights)) < len(told)
