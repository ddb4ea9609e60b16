"""Objects that no row owns, and rows whose object is missing: found in one walk, settled one by one.

An object is put before its row is committed, so a process that dies between the two leaves an object that
nobody will ever read. It goes after a day: (1) it is looked at again, in a fresh look at the rows, (2) it is
discarded, (3) how many went is told in the trail, a batch at a time. Parts are only added while a recording
arrives, so what has no row once its recording does not arrive any more will never have one.

A row whose object is missing is lost footage. Nothing is settled about it here: it is told, again each night,
until a person has dealt with it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy import select

from ingest.intake import INGEST, Intake
from vault import audit
from vault.audit import Actor, Entry, Event
from vault.inventory import Owned, amiss_still, shelves
from vault.objects import ObjectError, ObjectRetained, StoredObject
from vault.tables import Part, Recording, State

log = structlog.get_logger()

ORPHAN_AGE = timedelta(days=1)
"""An object without a row is left alone for so long: its row may be about to be committed."""
BATCH = 100
"""Objects that one entry of the trail tells of."""
REAPED = Counter("reaped_objects_total", "Objects without a row that were discarded.")
POSTPONED = Gauge("orphans_postponed", "Objects without a row that the last round could not discard.")
MISSING = Gauge("objects_missing", "Parts whose object the last round did not find; must be zero.")
_ARRIVING = (State.ARRIVING, State.RECEIVED)


@dataclass(frozen=True)
class Orphan:
    """An object that no row owns."""

    object: StoredObject

    def age(self, now: datetime) -> timedelta:
        """Since it was stored."""
        return now - self.object.stored_at


@dataclass(frozen=True)
class Missing:
    """A part whose object is not in the store, or is not as long as it was sealed."""

    recording: UUID
    part: Owned
    there: bool
    """It is there, and of another length."""


@dataclass(frozen=True)
class Postponed:
    """An orphan that could not go now."""

    orphan: Orphan
    why: str
    until: datetime | None
    """When the store lets it go; None when nobody knows."""


Settled = Orphan | Postponed | Missing


def survey(intake: Intake, *, now: datetime) -> Iterator[Orphan | Missing]:
    """What stands without a row for a day, and what is missing; nothing is changed.

    Not the objects of a recording that still arrives: a request with a checksum holds its parts without rows
    until its last byte, and that may take longer than a day. They go when the arrival ends. Raises the
    store's errors.
    """
    for shelf in shelves(intake.database, intake.store):
        for part, there in shelf.amiss():
            if amiss_still(intake.database, intake.store, part):
                yield Missing(shelf.recording, part, there)
        old = [each for each in shelf.without_owner() if each.stored_at < now - ORPHAN_AGE]
        if old:
            yield from (Orphan(each) for each in _unowned(intake, shelf.recording, old))


def settle(intake: Intake, by: Actor, *, now: datetime) -> Iterator[Settled]:
    """Discard what no row owns and tell what is missing, as they are found: what became of each."""
    missing = postponed = 0
    found = survey(intake, now=now)
    while batch := list(islice(found, BATCH)):
        outcomes = [_settle(intake, each) for each in batch]
        _tell(intake, by, [each for each in outcomes if isinstance(each, Orphan)], now)
        for outcome in (each for each in outcomes if each is not None):
            missing += isinstance(outcome, Missing)
            postponed += isinstance(outcome, Postponed)
            _alarm(outcome)
            yield outcome
    MISSING.set(missing)
    POSTPONED.set(postponed)


def reap_orphans(intake: Intake, by: Actor = INGEST, *, now: datetime) -> int:
    """As `settle`; how many objects went."""
    return sum(isinstance(each, Orphan) for each in settle(intake, by, now=now))


def _settle(intake: Intake, found: Orphan | Missing) -> Settled | None:
    return _discard(intake, found) if isinstance(found, Orphan) else found


def _discard(intake: Intake, orphan: Orphan) -> Orphan | Postponed | None:
    name, recording = orphan.object.name, UUID(_recording_of(orphan))
    # 1. again: nobody owns it since, and it is the one that was found
    if not _unowned(intake, recording, [orphan.object]):
        return None
    if orphan.object not in list(intake.store.list(name)):
        return None
    # 2. the object
    try:
        intake.store.discard(name)
    except ObjectRetained as kept:
        return Postponed(orphan, type(kept).__name__, kept.until)
    except ObjectError as error:
        return Postponed(orphan, type(error).__name__, None)
    return orphan


def _unowned(intake: Intake, recording: UUID, objects: Sequence[StoredObject]) -> list[StoredObject]:
    """Those that no row owns, unless their recording still arrives; asked of the rows as they are now."""
    with intake.database.reading() as session:
        state = session.scalar(select(Recording.state).where(Recording.id == recording))
        names = [each.name for each in objects]
        owned = set(session.scalars(select(Part.object_name).where(Part.object_name.in_(names))))
    return [] if state in _ARRIVING else [each for each in objects if each.name not in owned]


def _tell(intake: Intake, by: Actor, gone: Sequence[Orphan], now: datetime) -> None:
    # 3. what went
    if not gone:
        return
    REAPED.inc(len(gone))
    facts = {"objects": len(gone), "bytes": sum(each.object.size for each in gone)}
    with intake.database.transaction() as session:
        entry = Entry(event=Event.OBJECTS_REAPED, at=now, actor=by, facts=facts)
        audit.append(session, intake.ring, entry)


def _alarm(outcome: Settled) -> None:
    match outcome:
        case Missing(recording, _, there):
            why = "object-of-wrong-size" if there else "object-missing"
            log.error("object.missing", recording=str(recording), why=why)
        case Postponed(orphan, why, until):
            told = f"{why} until {until.isoformat()}" if until else why
            log.warning("reaping.postponed", recording=_recording_of(orphan), why=told)


def _recording_of(orphan: Orphan) -> str:
    return orphan.object.name.partition("/")[0]
