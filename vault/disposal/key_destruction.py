"""All keys of a municipality are destroyed, at the end of its leave: proposed by one, carried out by another.

No footage goes by this: it is refused while any is left, whatever its state, and while a dock may still bring
some. What goes is what would open the backups. There is no undo.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from vault import audit
from vault.audit import Actor, Entry, Event
from vault.disposal.tables import DisposalKey, IntakeKey, KeyDestruction
from vault.facts import Unknown
from vault.ids import new_id
from vault.keys import KeyNotHeld
from vault.tables import Dock, Municipality, Recording, State
from vault.vault import Vault

OVER = (State.ABANDONED, State.DUPLICATE, State.DISPOSED)
"""Of these no footage is left."""


class KeysInUse(Exception):
    """The municipality's keys are needed still; nothing was destroyed."""


class DestructionClosed(Exception):
    """This destruction was carried out or withdrawn before; propose anew where there is a new reason."""


class DestructionBegun(Exception):
    """Keys may have gone by this destruction already, so it is not taken back: carry it out to its end."""


class OwnDestruction(Exception):
    """Nobody carries out a destruction that they proposed; let somebody else look at it and carry it out."""


def propose(vault: Vault, municipality: str, by: Actor, *, reason: str, now: datetime) -> UUID:
    """Propose to destroy all keys of a municipality; nothing goes by it. Its id.

    Raises facts.Unknown, and KeysInUse telling what must be gone first.
    """
    with vault.database.transaction() as session:
        if session.get(Municipality, municipality) is None:
            raise Unknown(municipality)
        _refuse_while_needed(session, municipality)
        row = KeyDestruction(
            id=new_id(), municipality=municipality, reason=reason, proposed_by=_account(by), proposed_at=now
        )
        session.add(row)
        _append(vault, session, Event.KEY_DESTRUCTION_PROPOSED, row, by, now)
        return row.id


def withdraw(vault: Vault, destruction: UUID, by: Actor, *, now: datetime) -> None:
    """Take a proposal back. Raises facts.Unknown, DestructionClosed, DestructionBegun."""
    with vault.database.transaction() as session:
        row = _open(session, destruction)
        if row.keys is not None:
            raise DestructionBegun
        row.withdrawn_at = now
        _append(vault, session, Event.KEY_DESTRUCTION_WITHDRAWN, row, by, now)


def carry_out(
    vault: Vault, destruction: UUID, by: Actor, destroy: Callable[[str], object], *, now: datetime
) -> int:
    """Destroy all keys of a municipality, by `destroy`, which gets its name; how many there were.

    1. may it be, and how many keys are there; 2. the keys; 3. the entry that tells. Dying after the second
    leaves keys that are gone and are not told of: given again it goes on, and tells how many there were.

    Raises facts.Unknown, DestructionClosed, OwnDestruction, KeysInUse.
    """
    with vault.database.transaction() as session:
        row = _open(session, destruction)
        if row.proposed_by == _account(by):
            raise OwnDestruction
        _refuse_while_needed(session, row.municipality)
        row.keys = max(row.keys or 0, _keys_of(vault, row.municipality))
        municipality = row.municipality
    destroy(municipality)
    with vault.database.transaction() as session:
        row = _open(session, destruction)
        row.done_by, row.done_at = _account(by), now
        for table, of in ((DisposalKey, DisposalKey.municipality_id), (IntakeKey, IntakeKey.municipality)):
            session.execute(
                update(table).where(of == municipality, table.destroyed_at.is_(None)).values(destroyed_at=now)
            )
        _append(vault, session, Event.KEY_DESTRUCTION_DONE, row, by, now, {"keys": row.keys or 0})
        return row.keys or 0


def _refuse_while_needed(session: Session, municipality: str) -> None:
    """Raises KeysInUse: a recording that is not over is footage, held or not; a dock may bring more."""
    docks = _count(session, Dock.municipality_id == municipality, Dock.active.is_(True))
    left = _count(session, Recording.municipality_id == municipality, Recording.state.not_in(OVER))
    needed: Sequence[str] = [
        *([f"{docks} docks are active: deactivate them"] if docks else []),
        *([f"{left} recordings are not disposed of: wait until their terms are over"] if left else []),
    ]
    if needed:
        raise KeysInUse(f"{municipality}: {'; '.join(needed)}")


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.scalars(select(func.count()).where(*conditions)).one()


def _keys_of(vault: Vault, municipality: str) -> int:
    """How many keys the ring has for it."""
    footage = vault.ring.footage
    days = sum(key.municipality == municipality for key in footage.day_keys().values())
    try:
        return days + len(footage.intake_keys(municipality))
    except KeyNotHeld:
        return days


def _open(session: Session, destruction: UUID) -> KeyDestruction:
    row = session.get(KeyDestruction, destruction, with_for_update=True)
    if row is None:
        raise Unknown(str(destruction))
    if row.done_at is not None or row.withdrawn_at is not None:
        raise DestructionClosed
    return row


def _append(
    vault: Vault,
    session: Session,
    event: Event,
    row: KeyDestruction,
    by: Actor,
    now: datetime,
    facts: dict[str, str | int | bool] | None = None,
) -> None:
    entry = Entry(
        event=event,
        at=now,
        actor=by,
        municipality=row.municipality,
        facts=facts or {},
        details={"destruction": str(row.id), "reason": row.reason},
    )
    audit.append(session, vault.ring, entry)


def _account(by: Actor) -> str:
    return f"{by.kind}:{by.id}"
