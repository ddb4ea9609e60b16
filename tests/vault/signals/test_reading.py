"""Signals read: by whom the trail is read, for its purposes, page by page; and each reading is an entry."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, update

from console.demo import town
from tests.installation import Installation
from tests.vault.signals.days import OVERSIGHT, approved_at_once, look, now, raised
from tests.watching import entries, payload_of
from vault.audit import Event
from vault.facts import Unknown
from vault.signals import reading, settling
from vault.signals.reading import Page, Question, SignalState
from vault.signals.tables import RaisedSignal
from vault.tables import AuditPayload


def page(made: Installation, who: town.Resident = town.PRIVACY_OFFICER, **more: object) -> Page:
    asked = {"municipality": town.SLUG, "purpose": OVERSIGHT, **more}
    return reading.listed(made.vault, made.caller(who), Question(**asked), now=now())  # type: ignore[arg-type]


def two(made: Installation) -> list[UUID]:
    """Two signals, of which the newest comes first."""
    for after in (4, 5):
        approved_at_once(made, after=after)
        look(made)
    return [row.id for row in reversed(raised(made))]


def test_the_privacy_officer_lists_them_and_that_is_an_entry(installation: Installation) -> None:
    ids = two(installation)
    found = page(installation)
    assert [told.row.id for told in found.signals if told.row.id in ids] == ids
    told = next(told for told in found.signals if told.row.id == ids[0])
    assert told.signal is not None
    assert told.signal.id == told.row.kind == "approved-within-seconds"
    [entry] = entries(installation, Event.SIGNALS_LISTED)
    assert payload_of(installation, entry)["details"]["shown"] == [str(each.row.id) for each in found.signals]


def test_pages_follow_each_other(installation: Installation) -> None:
    two(installation)
    everything = [told.row.id for told in page(installation).signals]
    found: list[UUID] = []
    after = None
    while True:
        part = page(installation, most=1, after=after)
        found += [told.row.id for told in part.signals]
        after = part.next_after
        if after is None:
            break
    assert found == everything


@pytest.mark.parametrize(
    ("who", "purpose"),
    [
        (town.SUPERVISOR, OVERSIGHT),
        (town.ADMINISTRATOR, OVERSIGHT),
        (town.PRIVACY_OFFICER, "functioneringsgesprek"),
        (town.PRIVACY_OFFICER, "klacht"),
    ],
)
def test_nobody_else_and_for_nothing_else(small: Installation, who: town.Resident, purpose: str) -> None:
    [newest, _] = two(small)
    found = page(small, who, purpose=purpose)
    assert (found.decision.permitted, list(found.signals)) == (False, [])
    one = reading.look(small.vault, small.caller(who), newest, purpose, now=now())
    assert (one.decision.permitted, one.told, list(one.about)) == (False, None, [])
    assert len(entries(small, Event.SIGNALS_DENIED)) == 2
    assert not entries(small, Event.SIGNALS_LISTED)
    assert not entries(small, Event.SIGNAL_READ)


def test_open_and_settled(small: Installation) -> None:
    newest, older = two(small)
    with small.vault.database.transaction() as session:
        session.execute(
            update(RaisedSignal)
            .where(RaisedSignal.id == older)
            .values(settled_at=now(), settled_in=entries(small)[0].id)
        )
    unsettled = [told.row.id for told in page(small, state=SignalState.OPEN).signals]
    settled = [told.row.id for told in page(small, state=SignalState.SETTLED).signals]
    assert newest in unsettled
    assert settled == [older]
    assert older not in unsettled


def test_one_signal_with_the_entries_it_is_about(installation: Installation) -> None:
    approved_at_once(installation)
    look(installation)
    [row] = raised(installation)
    by = installation.caller(town.PRIVACY_OFFICER)
    found = reading.look(installation.vault, by, row.id, OVERSIGHT, now=now())
    assert found.told is not None
    assert found.settlement is None
    opened = [(each.payload or {})["actor"]["name"] for each in found.about]
    assert opened == [town.SUPERVISOR.name, town.PRIVACY_OFFICER.name]
    numbers = [each.index for each in found.about]
    assert None not in numbers
    assert numbers == sorted(numbers, key=lambda number: number or 0)
    [entry] = entries(installation, Event.SIGNAL_READ)
    assert payload_of(installation, entry)["details"]["signal"] == str(row.id)


def test_entries_that_cannot_be_opened_are_told_as_such(small: Installation) -> None:
    approved_at_once(small)
    look(small)
    [row] = raised(small)
    submitted, approved = (
        entries(small, Event.REQUEST_SUBMITTED)[0],
        entries(small, Event.REQUEST_APPROVED)[0],
    )
    with small.vault.database.transaction() as session:
        session.execute(delete(AuditPayload).where(AuditPayload.entry_id == submitted.id))
        session.execute(
            update(AuditPayload).where(AuditPayload.entry_id == approved.id).values(salt=b"x" * 32)
        )
    by = small.caller(town.PRIVACY_OFFICER)
    about = reading.look(small.vault, by, row.id, OVERSIGHT, now=now()).about
    assert [(each.payload, each.damaged) for each in about] == [(None, False), (None, True)]
    assert [(each.leaf or {})["type"] for each in about] == ["request.submitted", "request.approved"]
    assert settling.concerned(about) == frozenset()


def test_a_signal_that_is_not_there(small: Installation) -> None:
    with pytest.raises(Unknown):
        reading.look(small.vault, small.caller(town.PRIVACY_OFFICER), uuid4(), OVERSIGHT, now=now())
