"""All keys of a municipality destroyed by two people: what is in the way, what goes, what a crash leaves."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from console.demo import town
from tests.installation import MAKER, Installation
from tests.ruling import ONE, OTHER
from tests.watching import entries, footage, keep, payload_of
from vault.audit import Event
from vault.disposal.intake_keys import Cycle, attend
from vault.disposal.key_destruction import (
    DestructionBegun,
    DestructionClosed,
    KeysInUse,
    OwnDestruction,
    carry_out,
    propose,
    withdraw,
)
from vault.disposal.tables import DisposalKey, IntakeKey, KeyDestruction
from vault.facts import Unknown
from vault.ids import new_id
from vault.keys import KeyNotHeld
from vault.keys.leaving import destroy_municipality
from vault.registry import Registrar
from vault.tables import Arrival, Recording, State

REASON = "The municipality merges, and goes on elsewhere."
DAY = date(2026, 12, 24)


def now() -> datetime:
    return datetime.now(UTC)


def row_of(made: Installation, destruction: UUID) -> KeyDestruction:
    with made.vault.database.reading() as session:
        return session.get_one(KeyDestruction, destruction)


def left(made: Installation) -> Installation:
    """An installation whose municipality has no dock any more."""
    Registrar(made.vault.database, made.vault.ring, MAKER).deactivate_dock("Dock stadhuis", now=now())
    return made


def destroyer(made: Installation) -> Callable[[str], None]:
    def destroy(municipality: str) -> None:
        destroy_municipality(made.settings.keys, made.ingest_settings.keys, municipality)

    return destroy


def never(_: str) -> None:
    raise AssertionError


def test_one_proposes_another_carries_out_and_all_keys_are_gone(installation: Installation) -> None:
    made, footage_keys = left(installation), installation.vault.ring.footage
    day_key = footage_keys.make_day_key(town.SLUG, DAY)
    with made.vault.database.transaction() as session:
        session.add(DisposalKey(key_id=day_key, municipality_id=town.SLUG, day=DAY, made_at=now()))
    attend(made.vault, ONE, Cycle(), now=now())
    (intake_key,) = footage_keys.intake_keys(town.SLUG)
    others = footage_keys.make_day_key("noordwijk", DAY)
    destruction = propose(made.vault, town.SLUG, ONE, reason=REASON, now=now())
    assert footage_keys.intake_keys(town.SLUG)
    assert carry_out(made.vault, destruction, OTHER, destroyer(made), now=now()) == 2
    for ring in (made.vault.ring, made.intake.ring):
        with pytest.raises(KeyNotHeld):
            ring.footage.intake_keys(town.SLUG)
        assert ring.footage.intake_keys("noordwijk")
    assert set(footage_keys.day_keys()) == {others}
    found = row_of(made, destruction)
    assert (found.proposed_by, found.done_by, found.keys) == ("operator:one", "operator:other", 2)
    with made.vault.database.reading() as session:
        assert session.get_one(DisposalKey, day_key).destroyed_at is not None
        assert session.get_one(IntakeKey, intake_key).destroyed_at is not None
        (theirs,) = footage_keys.intake_keys("noordwijk")
        assert session.get_one(IntakeKey, theirs).destroyed_at is None
    told = entries(made, Event.KEY_DESTRUCTION_DONE)[-1]
    assert json.loads(told.leaf)["facts"] == {"keys": 2}
    said = payload_of(made, told)
    assert (said["actor"]["id"], said["details"]["reason"]) == ("other", REASON)
    assert entries(made, Event.KEY_DESTRUCTION_PROPOSED)
    footage_keys.destroy(others)


def test_nobody_carries_out_their_own(small: Installation) -> None:
    destruction = propose(left(small).vault, town.SLUG, ONE, reason=REASON, now=now())
    with pytest.raises(OwnDestruction):
        carry_out(small.vault, destruction, ONE, never, now=now())
    with (
        pytest.raises(IntegrityError),
        small.vault.database.transaction() as session,
    ):
        session.execute(update(KeyDestruction).values(done_by="operator:one"))
    assert row_of(small, destruction).done_at is None


def test_an_active_dock_is_in_the_way(small: Installation) -> None:
    with pytest.raises(KeysInUse, match="1 docks are active"):
        propose(small.vault, town.SLUG, ONE, reason=REASON, now=now())
    assert not entries(small, Event.KEY_DESTRUCTION_PROPOSED)


@pytest.mark.parametrize(
    "state", [State.ARRIVING, State.RECEIVED, State.KEPT, State.QUARANTINED, State.DISPOSING]
)
def test_footage_is_in_the_way_in_whatever_state(small: Installation, state: State) -> None:
    keep(small, footage(1000))
    destruction = None
    left(small)
    with small.vault.database.transaction() as session:
        session.execute(update(Recording).values(state=State.ABANDONED))
    destruction = propose(small.vault, town.SLUG, ONE, reason=REASON, now=now())
    with small.vault.database.transaction() as session:
        session.execute(update(Recording).values(state=state))
    with pytest.raises(KeysInUse, match="1 recordings"):
        propose(small.vault, town.SLUG, ONE, reason=REASON, now=now())
    with pytest.raises(KeysInUse, match="1 recordings"):
        carry_out(small.vault, destruction, OTHER, never, now=now())
    assert small.vault.ring.footage.intake_keys(town.SLUG)


@pytest.mark.parametrize("state", [State.DISPOSED, State.ABANDONED, State.DUPLICATE])
def test_what_is_over_is_not_in_the_way(small: Installation, state: State) -> None:
    keep(small, footage(1000))
    left(small)
    with small.vault.database.transaction() as session:
        session.execute(update(Recording).values(state=state))
        session.execute(update(Arrival).values(receipt=None))
    destruction = propose(small.vault, town.SLUG, ONE, reason=REASON, now=now())
    assert carry_out(small.vault, destruction, OTHER, destroyer(small), now=now()) == 1


def test_what_died_before_its_entry_goes_on_and_tells_how_many(small: Installation) -> None:
    left(small).vault.ring.footage.make_day_key(town.SLUG, DAY)
    destruction = propose(small.vault, town.SLUG, ONE, reason=REASON, now=now())
    real = destroyer(small)

    def dying(municipality: str) -> None:
        real(municipality)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carry_out(small.vault, destruction, OTHER, dying, now=now())
    assert not entries(small, Event.KEY_DESTRUCTION_DONE)
    # Withdrawn, the trail would tell that nothing went.
    with pytest.raises(DestructionBegun):
        withdraw(small.vault, destruction, OTHER, now=now())
    assert not entries(small, Event.KEY_DESTRUCTION_WITHDRAWN)
    assert carry_out(small.vault, destruction, OTHER, real, now=now()) == 2
    assert len(entries(small, Event.KEY_DESTRUCTION_DONE)) == 1


def test_what_is_closed_stays_closed(small: Installation) -> None:
    withdrawn = propose(left(small).vault, town.SLUG, ONE, reason=REASON, now=now())
    withdraw(small.vault, withdrawn, ONE, now=now())
    done = propose(small.vault, town.SLUG, ONE, reason=REASON, now=now())
    carry_out(small.vault, done, OTHER, destroyer(small), now=now())
    for destruction in (withdrawn, done):
        with pytest.raises(DestructionClosed):
            carry_out(small.vault, destruction, OTHER, never, now=now())
        with pytest.raises(DestructionClosed):
            withdraw(small.vault, destruction, OTHER, now=now())
    assert len(entries(small, Event.KEY_DESTRUCTION_WITHDRAWN)) == 1


def test_what_is_not_there_is_told(small: Installation) -> None:
    with pytest.raises(Unknown):
        propose(small.vault, "atlantis", ONE, reason=REASON, now=now())
    with pytest.raises(Unknown):
        carry_out(small.vault, new_id(), OTHER, never, now=now())
