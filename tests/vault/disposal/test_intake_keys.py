"""Keys that ingest wraps with are noted, replaced while young, and destroyed when nothing needs them."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from console.demo import town
from ingest.announcement import AnnouncementRefused
from tests.installation import MUNICIPALITIES, Installation
from tests.placing import NOW, kept, opens, wrapped
from tests.watching import entries, footage, keep
from vault.audit import Event
from vault.disposal import intake_keys
from vault.disposal.intake_keys import Cycle, attend
from vault.disposal.placing import place
from vault.disposal.tables import IntakeKey
from vault.keys import Role, arrival_keys, rotate_arrival, rotate_sealing
from vault.signals.raising import KEEPER
from vault.tables import Arrival
from vault.vault import Vault, ring_of

DAY = timedelta(days=1)


def both(installation: Installation) -> tuple[Vault, Cycle]:
    """As a keeper that sees both rings has them."""
    ingest = installation.ingest_settings.keys
    ring = ring_of(installation.settings.model_copy(update={"ingest_keys": ingest}), Role.VAULT)
    return replace(installation.vault, ring=ring), Cycle(ingest)


def rows(installation: Installation) -> dict[str, IntakeKey]:
    """What the keeper noted."""
    with installation.vault.database.reading() as session:
        return {row.key_id: row for row in session.scalars(select(IntakeKey))}


def current(installation: Installation) -> str:
    """The key that the town's footage is wrapped for now."""
    return installation.vault.ring.footage.intake_keys(town.SLUG)[0]


def told(installation: Installation, event: Event) -> list[str]:
    """Which keys entries tell of."""
    return [json.loads(each.leaf)["facts"]["keyId"] for each in entries(installation, event)]


def rotate(installation: Installation) -> str:
    """As an operator with both rings does."""
    return rotate_sealing(installation.settings.keys, installation.ingest_settings.keys, town.SLUG)


def test_the_keeper_notes_what_it_meets(installation: Installation) -> None:
    first = current(installation)
    assert attend(installation.vault, KEEPER, Cycle(), now=NOW) == 0
    assert set(rows(installation)) == {
        installation.vault.ring.footage.intake_keys(each)[0] for each in MUNICIPALITIES
    }
    assert attend(installation.vault, KEEPER, Cycle(), now=NOW + DAY) == 0
    row = rows(installation)[first]
    assert (row.municipality, row.seen_at, row.replaced_at, row.used_at) == (town.SLUG, NOW, None, None)
    second = rotate(installation)
    attend(installation.vault, KEEPER, Cycle(), now=NOW + 2 * DAY)
    assert rows(installation)[first].replaced_at == NOW + 2 * DAY
    assert rows(installation)[second].seen_at == NOW + 2 * DAY
    assert told(installation, Event.SEALING_KEY_ROTATED) == [second]


def test_who_sees_both_rings_replaces_at_half_the_age(installation: Installation) -> None:
    vault, cycle = both(installation)
    first, arrival = current(installation), arrival_keys(installation.ingest_settings.keys)
    attend(vault, KEEPER, cycle, now=NOW)
    attend(vault, KEEPER, cycle, now=NOW + 3 * DAY)
    assert current(installation) == first
    attend(vault, KEEPER, cycle, now=NOW + 3.5 * DAY)
    assert current(installation) != first
    assert arrival_keys(installation.ingest_settings.keys)[0] != arrival[0]
    assert len(rows(installation)) == 2 * (len(MUNICIPALITIES) + 1)
    # What comes in now is wrapped for the new one, by an ingest that never started again.
    assert wrapped(installation, keep(installation, footage())).key_id == current(installation)


def test_who_only_destroys_replaces_nothing(installation: Installation) -> None:
    vault, _ = both(installation)
    cycle, first = Cycle(installation.ingest_settings.keys, replaces=False), current(installation)
    for days in (0, 30):
        attend(vault, KEEPER, cycle, now=NOW + days * DAY)
    assert current(installation) == first


def test_an_old_key_goes_two_days_later_from_both_rings(installation: Installation) -> None:
    vault, cycle = both(installation)
    recording = kept(installation, due=60 * DAY)
    backup, first = wrapped(installation, recording), current(installation)
    attend(vault, KEEPER, cycle, now=NOW)
    attend(vault, KEEPER, cycle, now=NOW + 4 * DAY)
    # Something is wrapped for it, still.
    assert attend(vault, KEEPER, cycle, now=NOW + 7 * DAY) == len(MUNICIPALITIES)
    assert opens(installation, recording, backup)
    place(vault, now=NOW)
    assert attend(vault, KEEPER, cycle, now=NOW + 7 * DAY) == 1
    assert not opens(installation, recording, backup)
    assert opens(installation, recording, wrapped(installation, recording))
    for ring in (installation.vault.ring, installation.intake.ring):
        assert first not in ring.footage.intake_keys(town.SLUG)
    assert rows(installation)[first].destroyed_at == NOW + 7 * DAY
    assert told(installation, Event.SEALING_KEY_DESTROYED).count(first) == 1
    assert attend(vault, KEEPER, cycle, now=NOW + 7 * DAY) == 0


def test_before_two_days_are_over_it_stays(installation: Installation) -> None:
    vault, cycle = both(installation)
    for days in (0, 3.5, 5.4):
        assert attend(vault, KEEPER, cycle, now=NOW + days * DAY) == 0
    assert attend(vault, KEEPER, cycle, now=NOW + 5.5 * DAY) == len(MUNICIPALITIES) + 1


def test_an_arrival_key_that_something_arrives_under_stays(installation: Installation) -> None:
    vault, cycle = both(installation)
    ingest, recording = installation.ingest_settings.keys, keep(installation, footage())
    attend(vault, KEEPER, cycle, now=NOW)
    [first] = arrival_keys(ingest)
    rotate_arrival(ingest)
    attend(vault, KEEPER, cycle, now=NOW)
    for sealed, gone in ((bytes(80), 0), (None, 1)):
        with installation.vault.database.transaction() as session:
            row = session.get_one(Arrival, recording)
            row.key_id, row.sealed = first, sealed
        assert attend(vault, KEEPER, cycle, now=NOW + 2 * DAY) == gone
        assert (first in arrival_keys(ingest)) == (not gone)


def test_without_ingests_ring_it_goes_when_ingest_wraps_for_the_next(installation: Installation) -> None:
    vault, cycle = installation.vault, Cycle()
    attend(vault, KEEPER, cycle, now=NOW)
    recording = kept(installation, due=60 * DAY)
    backup = wrapped(installation, recording)
    place(vault, now=NOW)
    assert rows(installation)[backup.key_id].used_at == NOW
    rotate(installation)
    attend(vault, KEEPER, cycle, now=NOW)
    # Nothing shows that ingest knows the new one.
    assert attend(vault, KEEPER, cycle, now=NOW + 30 * DAY) == 0
    kept(installation, due=60 * DAY, seed=2)
    place(vault, now=NOW + 30 * DAY)
    assert attend(vault, KEEPER, cycle, now=NOW + 30 * DAY) == 1
    assert not opens(installation, recording, backup)


def test_a_key_that_was_used_lately_stays(installation: Installation) -> None:
    """An ingest that has not followed yet, beside one that has."""
    vault, cycle = installation.vault, Cycle()
    attend(vault, KEEPER, cycle, now=NOW)
    first = kept(installation, due=60 * DAY)
    old = wrapped(installation, first).key_id
    rotate(installation)
    attend(vault, KEEPER, cycle, now=NOW)
    kept(installation, due=60 * DAY, seed=2)
    place(vault, now=NOW + 3 * DAY)
    assert attend(vault, KEEPER, cycle, now=NOW + 4 * DAY) == 0
    assert attend(vault, KEEPER, cycle, now=NOW + 5 * DAY) == 1
    assert rows(installation)[old].destroyed_at


def test_an_ingest_with_a_destroyed_key_takes_nothing(installation: Installation) -> None:
    attend(installation.vault, KEEPER, Cycle(), now=NOW)
    with installation.vault.database.transaction() as session:
        session.get_one(IntakeKey, current(installation)).destroyed_at = NOW
    with pytest.raises((AnnouncementRefused, AssertionError), match="keys-outdated"):
        keep(installation, footage())
    with installation.vault.database.transaction() as session:
        session.get_one(IntakeKey, current(installation)).destroyed_at = None


def test_one_that_comes_back_goes_again(installation: Installation) -> None:
    vault, cycle = both(installation)
    attend(vault, KEEPER, cycle, now=NOW)
    first = current(installation)
    rotate(installation)
    attend(vault, KEEPER, cycle, now=NOW)
    with installation.vault.database.transaction() as session:
        session.get_one(IntakeKey, first).destroyed_at = NOW
    with capture_logs() as said:
        assert attend(vault, KEEPER, cycle, now=NOW + 2 * DAY) == 1
    assert [(each["event"], each["why"]) for each in said] == [("intake-key.is-back", first)]
    assert first not in installation.vault.ring.footage.intake_keys(town.SLUG)


class Died(BaseException):
    """The keeper is no more."""


def test_dying_after_the_destruction_is_made_up_for(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gone from the rings and not entered: else ingest with an old copy would wrap for what nobody has."""
    vault, cycle = both(installation)
    first, arrival = current(installation), arrival_keys(installation.ingest_settings.keys)[0]
    attend(vault, KEEPER, cycle, now=NOW)
    attend(vault, KEEPER, cycle, now=NOW + 4 * DAY)
    assert first != current(installation)

    def die(*_: object) -> None:
        raise Died

    for key_id in (first, arrival):
        with monkeypatch.context() as dying:
            dying.setattr(intake_keys, "_enter", die)
            dying.setattr(intake_keys, "_old", lambda *_, only=key_id: [only])
            with pytest.raises(Died):
                attend(vault, KEEPER, cycle, now=NOW + 6 * DAY)
    assert not any(row.destroyed_at for row in rows(installation).values())
    attend(vault, KEEPER, cycle, now=NOW + 6 * DAY)
    noted = rows(installation)
    assert first not in installation.vault.ring.footage.intake_keys(town.SLUG)
    assert noted[first].destroyed_at == NOW + 6 * DAY
    assert noted[arrival].destroyed_at == NOW + 6 * DAY
    assert sorted(told(installation, Event.SEALING_KEY_DESTROYED)) == sorted(
        key_id for key_id, row in noted.items() if row.replaced_at
    )


def test_a_key_that_only_a_restored_database_knows_is_entered_as_gone(installation: Installation) -> None:
    """It was current when the backup was made, and is in no ring any more."""
    vault, cycle = both(installation)
    with installation.vault.database.transaction() as session:
        session.add(IntakeKey(key_id="0" * 16, municipality=town.SLUG, seen_at=NOW - 30 * DAY))
    attend(vault, KEEPER, cycle, now=NOW)
    assert list(_too_old(installation)) == []
    attend(vault, KEEPER, cycle, now=NOW + 2 * DAY)
    assert rows(installation)["0" * 16].destroyed_at == NOW + 2 * DAY


def _too_old(installation: Installation) -> list[str]:
    with installation.vault.database.reading() as session:
        return [*intake_keys.too_old(session, 7 * DAY, NOW)]
