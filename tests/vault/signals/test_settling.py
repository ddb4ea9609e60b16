"""Settling: once, by the privacy officer, never what is about oneself; the note stands in the entry."""

import json
from uuid import UUID

import pytest
from sqlalchemy import select

from console.demo import town
from policies.engine import Decision
from tests.installation import MAKER, Installation
from tests.vault.signals.days import OVERSIGHT, approved_at_once, look, now, raised
from tests.watching import entries, payload_of
from vault.audit import Event
from vault.ids import PersonId
from vault.registry import Registrar
from vault.signals import reading
from vault.signals.settling import AlreadySettled, settle
from vault.signals.tables import RaisedSignal
from vault.vault import Caller

NOTE = "Discussed by telephone before it was asked for."


def colleague(made: Installation) -> Caller:
    """Another privacy officer."""
    registrar = Registrar(made.vault.database, made.vault.ring, MAKER)
    issuer = str(made.settings.oidc_issuer)
    person = registrar.person(issuer, "n.colleague", "Noor Colleague", now=now())
    registrar.assign(person, town.SLUG, "privacy-officer", now=now())
    return Caller(PersonId(person), "Noor Colleague")


@pytest.fixture
def signal(installation: Installation) -> UUID:
    """About the supervisor, who asked, and the privacy officer, who approved."""
    approved_at_once(installation)
    look(installation)
    [row] = raised(installation)
    return row.id


def by(made: Installation, caller: Caller, signal: UUID, purpose: str = OVERSIGHT) -> Decision:
    return settle(made.vault, caller, signal, purpose, note=NOTE, now=now())


def row_of(made: Installation, signal: UUID) -> RaisedSignal:
    with made.vault.database.reading() as session:
        return session.scalars(select(RaisedSignal).where(RaisedSignal.id == signal)).one()


def test_it_is_settled_with_a_note(installation: Installation, signal: UUID) -> None:
    other = colleague(installation)
    assert by(installation, other, signal).permitted
    row = row_of(installation, signal)
    [entry] = entries(installation, Event.SIGNAL_SETTLED)
    assert (row.settled_in, row.settled_at) == (entry.id, entry.at)
    leaf = json.loads(entry.leaf)
    assert leaf["facts"] == {"signal": "approved-within-seconds"}
    assert leaf["why"] == ["signal-settled-for-oversight"]
    assert payload_of(installation, entry)["details"]["note"] == NOTE
    assert NOTE not in str(vars(row))
    found = reading.look(installation.vault, other, signal, OVERSIGHT, now=now())
    assert found.settlement is not None
    assert (found.settlement.by, found.settlement.note) == ("Noor Colleague", NOTE)


def test_nobody_settles_what_is_about_themselves(installation: Installation, signal: UUID) -> None:
    decision = by(installation, installation.caller(town.PRIVACY_OFFICER), signal)
    assert [rule.id for rule in decision.reasons] == ["signal-about-oneself"]
    assert row_of(installation, signal).settled_at is None
    [entry] = entries(installation, Event.SIGNALS_DENIED)
    assert "note" not in payload_of(installation, entry)["details"]
    assert not entries(installation, Event.SIGNAL_SETTLED)


@pytest.mark.parametrize(
    ("who", "purpose"),
    [(town.SUPERVISOR, OVERSIGHT), (town.ADMINISTRATOR, OVERSIGHT), (None, "functioneringsgesprek")],
)
def test_nobody_else_settles(
    installation: Installation, signal: UUID, who: town.Resident | None, purpose: str
) -> None:
    caller = installation.caller(who) if who else colleague(installation)
    assert not by(installation, caller, signal, purpose).permitted
    assert row_of(installation, signal).settled_at is None


def test_it_is_settled_once(installation: Installation, signal: UUID) -> None:
    other = colleague(installation)
    by(installation, other, signal)
    before = row_of(installation, signal)
    with pytest.raises(AlreadySettled):
        by(installation, other, signal)
    assert row_of(installation, signal).settled_in == before.settled_in
    assert len(entries(installation, Event.SIGNAL_SETTLED)) == 1
    assert len(entries(installation, Event.SIGNAL_READ)) == 1
    # Who may not settle does not even get to know that somebody did.
    assert not by(installation, installation.caller(town.PRIVACY_OFFICER), signal).permitted
