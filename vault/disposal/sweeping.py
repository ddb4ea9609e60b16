"""The sweep: what is due is disposed of, in batches, again and again until nothing is left to do.

The steps, each a commit of its own or an act that can be done again:

1. begin (`beginning`): under each row's lock, after a re-check: the entry, the key, what rested on it;
2. discard (`discarding`): the objects, every version, as soon as the store lets them go;
3. what the store keeps still: until when;
4. finish (`finishing`): the certificate, its entry, the rows.

Killed anywhere, the next sweep goes on where this one ended; two at once take other rows.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, select, tuple_, update
from sqlalchemy.orm import Session

from policies.problems import RuleSetInvalid
from vault.audit import Actor
from vault.db import DatabaseAway
from vault.disposal import beginning, discarding, finishing
from vault.disposal.tables import Disposal, Ground
from vault.many import among
from vault.objects import ObjectError
from vault.retention import holds_of
from vault.rulesets import RuleSetAltered, RuleSetMissing, in_force_since
from vault.tables import Part, Recording
from vault.vault import Vault

log = structlog.get_logger()

AT_ONCE = 200
"""Recordings that begin, or end, in one transaction."""
MOST = 2_000
"""Recordings begun, or about as many ended, in one sweep, so that the moments it writes are those of a
minute, not of a night."""


@dataclass(frozen=True)
class Swept:
    """What one sweep did, and what it left."""

    begun: int = 0
    disposed: int = 0
    locked: int = 0
    """How many the store keeps still; their keys are gone."""
    failed: int = 0
    """How many could not be begun, or whose objects could not be discarded, for another reason."""
    more: bool = False
    """There is more that is due: sweep again at once."""
    away: ObjectError | None = None
    """The store does not answer, so no object went; keys did."""


def sweep(vault: Vault, by: Actor, *, now: datetime, at_once: int = AT_ONCE, most: int = MOST) -> Swept:
    """Dispose of what is due at `now`, and go on with what was begun before.

    Raises DatabaseAway, and whatever else the database says; then nothing more was done.
    """
    swept = _begin(vault, by, now, at_once, most)
    after: UUID | None = None
    while True:
        names, last = _batch(vault, now, after, at_once)
        if last is None:
            return swept
        after = last
        # 2. the objects
        outcome = discarding.discard_all(vault.store, names)
        # 3. what is kept still
        _keep_locked(vault, outcome.locked)
        # 4. the certificate
        disposed = finishing.finish_all(vault, outcome.gone, now=now, by=by) if outcome.gone else 0
        for recording, error in outcome.failed.items():
            log.warning("disposal.postponed", recording=str(recording), why=type(error).__name__)
        swept = replace(
            swept,
            disposed=swept.disposed + disposed,
            locked=swept.locked + len(outcome.locked),
            failed=swept.failed + len(outcome.failed),
            away=outcome.away,
        )
        if outcome.away:
            log.error("disposal.store-away", why=str(outcome.away))
            return swept
        if swept.disposed >= most:
            return replace(swept, more=True)


def _begin(vault: Vault, by: Actor, now: datetime, at_once: int, most: int) -> Swept:
    """Step 1 for what is due, what was due first before the others."""
    begun = failed = 0
    after: tuple[datetime, UUID] | None = None
    while begun < most:
        due = _due(vault, now, after, min(at_once, most - begun))
        if not due:
            return Swept(begun=begun, failed=failed)
        after = due[-1].dispose_after, due[-1].id
        by_municipality: defaultdict[str, list[UUID]] = defaultdict(list)
        for row in due:
            by_municipality[row.municipality_id].append(row.id)
        for municipality, recordings in by_municipality.items():
            done, wrong = _begin_these(vault, by, municipality, recordings, now)
            begun, failed = begun + done, failed + wrong
    return Swept(begun=begun, failed=failed, more=True)


def _due(vault: Vault, now: datetime, after: tuple[datetime, UUID] | None, limit: int) -> Sequence[Any]:
    query = (
        select(Recording.id, Recording.municipality_id, Recording.dispose_after)
        .where(beginning.is_there(), Recording.dispose_after <= now)
        .order_by(Recording.dispose_after, Recording.id)
        .limit(limit)
    )
    if after:
        query = query.where(tuple_(Recording.dispose_after, Recording.id) > after)
    with vault.database.reading() as session:
        return session.execute(query).all()


def _begin_these(
    vault: Vault, by: Actor, municipality: str, recordings: Sequence[UUID], now: datetime
) -> tuple[int, int]:
    """Begin all of them; when that fails each alone, so that one holds up no other. How many, and how many
    failed."""
    try:
        return _begin_batch(vault, by, municipality, recordings, now), 0
    except DatabaseAway:
        raise
    except (RuleSetMissing, RuleSetAltered, RuleSetInvalid) as error:
        # Of all that it has: each alone would say the same, for an hour, while others wait.
        log.exception(
            "disposal.failed", recording=str(recordings[0]), count=len(recordings), why=type(error).__name__
        )
        return 0, len(recordings)
    except Exception as error:
        if len(recordings) == 1:
            log.exception("disposal.failed", recording=str(recordings[0]), why=type(error).__name__)
            return 0, 1
    alone = [_begin_these(vault, by, municipality, [recording], now) for recording in recordings]
    return sum(done for done, _ in alone), sum(wrong for _, wrong in alone)


def _begin_batch(
    vault: Vault, by: Actor, municipality: str, recordings: Sequence[UUID], now: datetime
) -> int:
    with vault.database.transaction() as session:
        # The rules before the rows, as who activates others takes them: they then wait for each other.
        rule_set = vault.rule_sets.held(session, municipality)
        rows = session.scalars(
            select(Recording)
            .where(
                among(session, Recording.id, recordings),
                beginning.is_there(),
                Recording.dispose_after <= now,
            )
            .order_by(Recording.dispose_after, Recording.id)
            # Whoever has it locked decides on it just now: next time.
            .with_for_update(skip_locked=True)
        ).all()
        holds, since = holds_of(session, [row.id for row in rows]), in_force_since(session, municipality)
        due = []
        for row in rows:
            spared = beginning.spared_until(row, rule_set, since, holds[row.id], now)
            if spared is None:
                due.append(row)
                continue
            # Whoever placed a hold did not move the term, or a hand did: no footage goes for that.
            log.error("disposal.not-due", recording=str(row.id), why=spared.isoformat())
            row.dispose_after = spared
        if due:
            beginning.begin_all(vault, session, due, ground=Ground.TERM_OVER, now=now, by=by)
    return len(due)


def _batch(
    vault: Vault, now: datetime, after: UUID | None, at_once: int
) -> tuple[Mapping[UUID, Sequence[str]], UUID | None]:
    """The next recordings that were begun, and that no lock keeps, with the names of their objects.

    What somebody begins while we sweep is for the next one: its certificate would have our moment, which is
    before its key went.
    """
    with vault.database.reading() as session:
        found = [
            recording
            for free in (Disposal.locked_until.is_(None), Disposal.locked_until <= now)
            for recording in _unfinished(session, free & (Disposal.begun_at <= now), after, at_once)
        ]
        # Of two lists in order each: as far as both have come.
        found = sorted(found)[:at_once]
        names: dict[UUID, list[str]] = {recording: [] for recording in found}
        query = select(Part.recording_id, Part.object_name).where(among(session, Part.recording_id, found))
        for recording, name in session.execute(query):
            names[recording].append(name)
    return names, found[-1] if found else None


def _unfinished(
    session: Session, which: ColumnElement[bool], after: UUID | None, at_once: int
) -> Sequence[UUID]:
    query = select(Disposal.recording_id).where(Disposal.disposed_at.is_(None), which)
    if after:
        query = query.where(Disposal.recording_id > after)
    return session.scalars(query.order_by(Disposal.recording_id).limit(at_once)).all()


def _keep_locked(vault: Vault, locked: Mapping[UUID, datetime]) -> None:
    """Write down until when the store keeps objects: nobody tries again before."""
    if not locked:
        return
    with vault.database.transaction() as session:
        for recording, until in locked.items():
            session.execute(
                update(Disposal)
                .where(Disposal.recording_id == recording, Disposal.disposed_at.is_(None))
                .values(locked_until=until),
                execution_options={"synchronize_session": False},
            )
