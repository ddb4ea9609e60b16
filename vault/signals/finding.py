"""Reading the log on, and raising the signals found in it: the keeper does this every few seconds.

One transaction takes a stretch of the log, what was seen before, what is raised, the entries that say so, and
where to go on: so nothing is read twice, nothing is passed over, and dying anywhere changes neither.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from policies.signals.happening import Happening
from policies.signals.reading import Signal
from policies.signals.sightings import Match, Memory
from policies.signals.watching import fall_due, keys, observe
from vault.base import table_of
from vault.log import reading
from vault.log.order import waiting_since
from vault.log.tables import LogReader
from vault.signals import happenings, memory, raising
from vault.signals.tables import SignalSighting
from vault.tables import Municipality
from vault.trail.circumstances import hours_of
from vault.vault import Vault

READER = "signals"
MOST = 500
"""Most entries in one transaction: on SQLite every writer waits for it."""
Signals = Mapping[str, Signal]


def find(vault: Vault, *, now: datetime, most: int = MOST) -> int:
    """Read at most so many entries on; how many signals were raised. Ask again while `behind`.

    A second keeper that is at it waits, and goes on from there. Raises what the rule sets and the database
    raise, and then changes nothing.
    """
    if not _something_to_do(vault, now):
        return 0
    with vault.database.transaction() as session:
        # 1. where we are; whoever else reads on waits here
        reader = hold(session)
        signals = _signals(vault, session)
        # 2. the next stretch of the log, opened
        read = happenings.read(session, vault.ring, reader.index, most, signals)
        until = _known_until(session, read, now)
        # 3. what is found in it, and what has come due
        raised = 0
        for municipality, of in signals.items():
            told = [each for each in read.happenings if each.municipality == municipality]
            matches = _find(session, municipality, of, told, until)
            # 4. the rows and their entries
            raised += raising.raise_all(vault, session, municipality, matches, now)
        memory.forget(session, until)
        # 5. where to go on
        reader.index = read.next_index
    return raised


def behind(vault: Vault) -> int:
    """How many entries of the log were not read yet."""
    with vault.database.reading() as session:
        reader = session.get(LogReader, READER)
        return reading.size(session) - (reader.index if reader else 0)


def municipalities(vault: Vault) -> list[str]:
    """Those that are registered here and have rules."""
    with vault.database.reading() as session:
        return _municipalities(vault, session)


def _municipalities(vault: Vault, session: Session) -> list[str]:
    known = vault.rule_sets.municipalities()
    registered = session.scalars(select(Municipality.id).order_by(Municipality.id))
    return [each for each in registered if each in known]


def _something_to_do(vault: Vault, now: datetime) -> bool:
    """Without a transaction that keeps writers waiting: whether anything is to be read or has come due."""
    if behind(vault) > 0:
        return True
    with vault.database.reading() as session:
        return bool(session.scalar(select(exists().where(SignalSighting.due_at <= now))))


def hold(session: Session) -> LogReader:
    """How far was read, locked: who else finds signals, or makes the week's digests, waits."""
    # Of two who begin at once, neither may fail.
    begins = {"name": READER, "index": reading.minimum(session)}
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    insert = (postgresql if on_postgresql else sqlite).insert(table_of(LogReader))
    session.execute(insert.on_conflict_do_nothing(), begins)
    return session.get_one(LogReader, READER, with_for_update=True)


def _signals(vault: Vault, session: Session) -> dict[str, Signals]:
    """The signals of each municipality that is registered here and has rules."""
    return {each: signals_of(vault, each) for each in _municipalities(vault, session)}


def signals_of(vault: Vault, municipality: str) -> dict[str, Signal]:
    """The signals of a municipality, by its office hours. Raises RuleSetMissing."""
    hours = hours_of(vault.rule_sets, municipality)
    return {
        name: signal.with_hours(hours) for name, signal in vault.rule_sets.of(municipality).signals.items()
    }


def _known_until(session: Session, read: happenings.Read, now: datetime) -> datetime:
    """Until which moment everything that happened was read: what is missing until then is missing."""
    if not read.whole and read.until is not None:
        return min(now, read.until)
    waiting = waiting_since(session)
    return min(now, waiting) if waiting else now


def _find(
    session: Session, municipality: str, signals: Signals, told: list[Happening], until: datetime
) -> list[Match]:
    needed = {key for each in told for signal in signals.values() for key in keys(signal, each)}
    waiting = memory.due(session, municipality, until)
    # Under its value stands what it would be quiet about.
    needed |= {key for seen in waiting for key in (seen.key, seen.value)}
    before = memory.recall(session, needed)
    after: Memory = {key: list(seen) for key, seen in before.items()}
    found = [
        match
        for each in told
        for signal in signals.values()
        if keys(signal, each) and (match := observe(signal, each, after))
    ]
    found += _fallen_due(signals, after, until)
    memory.keep(session, municipality, before, after)
    return found


def _fallen_due(signals: Signals, after: Memory, until: datetime) -> list[Match]:
    """What has come due by now; some of it may have come and gone in this very stretch."""
    due = [(seen.due, seen) for listed in after.values() for seen in listed if seen.due and seen.due <= until]
    found = []
    for _, seen in sorted(due, key=lambda each: (each[0], each[1].entry)):
        signal = signals.get(seen.signal)
        if signal is None:
            # Not looked for any more.
            after[seen.key] = [each for each in after[seen.key] if each != seen]
        elif match := fall_due(signal, seen, after):
            found.append(match)
    return found
