"""What tests of disposal share: footage that is due, holds on it, the sweep, and what is left afterwards."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update

from console.demo import town
from tests.holding import hold_row
from tests.installation import Installation
from tests.watching import entries, footage, keep
from vault.audit import Event
from vault.disposal.sweeping import Swept, sweep
from vault.disposal.tables import Disposal
from vault.holds.tables import Hold
from vault.ids import RecordingId
from vault.retention import due_of
from vault.signals.raising import KEEPER
from vault.tables import Depiction, Part, Recording, SealedKey

OVER = timedelta(days=40)
"""Longer ago than any term of the town."""


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def kept(installation: Installation, seed: int = 1, *, ago: timedelta = OVER) -> RecordingId:
    """Footage that is kept, and was recorded so long ago; its term follows from that."""
    recording = keep(installation, footage(seed=seed))
    age(installation, recording, ago)
    return recording


def age(installation: Installation, recording: RecordingId, ago: timedelta) -> None:
    """Let a recording be of so long ago, as if it had been here since."""
    terms = installation.vault.rule_sets.of(town.SLUG).terms
    installation.by_hand.add(recording)
    with installation.vault.database.transaction() as session:
        row = session.get_one(Recording, recording)
        row.recorded_at = now() - ago
        row.kept_at = row.recorded_at + timedelta(hours=3)
        row.dispose_after = due_of(session, row, terms)


def hold(
    installation: Installation,
    recording: RecordingId,
    *,
    ago: timedelta,
    lifted: timedelta | None = None,
    days_after: int = 0,
    moved: bool = True,
) -> Hold:
    """Place a hold so long ago, `lifted` so long ago; without `moved` the term is left as it was."""
    terms = installation.vault.rule_sets.of(town.SLUG).terms
    installation.by_hand.add(recording)
    ended = now() - lifted if lifted is not None else None
    placed = hold_row(recording, now() - ago, lifted_at=ended, days_after=days_after)
    with installation.vault.database.transaction() as session:
        session.add(placed)
        session.flush()
        row = session.get_one(Recording, recording)
        if moved:
            row.dispose_after = due_of(session, row, terms)
    return placed


def swept(installation: Installation, **given: Any) -> Swept:
    """What the keeper does every minute."""
    return sweep(installation.vault, KEEPER, **{"now": now(), **given})


def disposal_of(installation: Installation, recording: RecordingId) -> Disposal | None:
    """The row that tells how far it is."""
    with installation.vault.database.reading() as session:
        return session.get(Disposal, recording)


def remains(installation: Installation, recording: RecordingId) -> dict[str, int]:
    """What there is of a recording's footage: rows by table, and objects."""
    with installation.vault.database.reading() as session:
        rows = {
            table.__tablename__: session.scalar(
                select(func.count()).select_from(table).where(table.recording_id == recording)
            )
            or 0
            for table in (Part, SealedKey, Depiction)
        }
    return rows | {"objects": len(list(installation.vault.store.list(f"{recording}/")))}


def told(installation: Installation, recording: RecordingId, event: Event) -> int:
    """How many entries tell this of a recording."""
    name = installation.vault.ring.pseudonym("recording", str(recording))
    return sum(entry.object == name for entry in entries(installation, event))


def change(installation: Installation, recording: RecordingId, **values: Any) -> None:
    """Write into a recording's row."""
    with installation.vault.database.transaction() as session:
        session.execute(update(Recording).where(Recording.id == recording).values(**values))
