"""Raising signals: the row and the entry that says so, in the transaction of whoever found them."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.signals.sightings import Match
from vault import audit
from vault.audit import Actor, Entry, Event
from vault.canonical import Plain, canonical
from vault.ids import new_id
from vault.signals.tables import RaisedSignal, SignalEntry
from vault.vault import Vault

KEEPER = Actor("process", "keeper", "keeper")


def raise_all(
    vault: Vault, session: Session, municipality: str, matches: Sequence[Match], now: datetime
) -> int:
    """Raise what was not raised before; how many that were."""
    by_fingerprint = {fingerprint(municipality, match): match for match in matches}
    known = set(
        session.scalars(select(RaisedSignal.fingerprint).where(RaisedSignal.fingerprint.in_(by_fingerprint)))
    )
    fresh = {name: match for name, match in by_fingerprint.items() if name not in known}
    for name, match in fresh.items():
        _raise(vault, session, municipality, name, match, now)
    return len(fresh)


def fingerprint(municipality: str, match: Match) -> str:
    """By which the same thing is known again, should the log ever be read anew."""
    entries: list[Plain] = [str(each) for each in match.entries]
    told: dict[str, Plain] = {"municipality": municipality, "signal": match.signal, "entries": entries}
    return hashlib.sha256(canonical(told)).hexdigest()


def _raise(vault: Vault, session: Session, municipality: str, name: str, match: Match, now: datetime) -> None:
    signal_id = new_id()
    entry = Entry(
        event=Event.SIGNAL_RAISED,
        at=now,
        actor=KEEPER,
        municipality=municipality,
        thing=("signal", str(signal_id)),
        facts={"signal": match.signal},
        details={"entries": [str(each) for each in match.entries]},
    )
    raised_in = audit.append(session, vault.ring, entry)
    session.add(
        RaisedSignal(
            id=signal_id,
            municipality_id=municipality,
            kind=match.signal,
            fingerprint=name,
            figures=dict(match.figures),
            happened_at=match.at,
            raised_at=now,
            raised_in=raised_in,
        )
    )
    # The entries refer to the row, and nothing else tells the order in which both are written.
    session.flush()
    session.add_all(
        SignalEntry(signal_id=signal_id, place=place, entry_id=each)
        for place, each in enumerate(match.entries)
    )
