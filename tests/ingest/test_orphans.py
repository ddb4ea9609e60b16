"""Objects that no row owns go, looked at again before; rows whose object is missing are told, and stay."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from ingest import orphans
from ingest.orphans import ORPHAN_AGE, Missing, Orphan, Postponed, reap_orphans, settle, survey
from tests.docking import PART, Dock, as_kept, id_of, stored
from tests.footage import film
from tests.ingest.test_reaper import begun, now
from tests.installation import MAKER, Installation
from tests.stores import BrittleStore
from tests.watching import entries, footage, keep, parts_on_disk
from vault.audit import Event
from vault.ids import new_id
from vault.inventory import shelves
from vault.leaves import read_leaf
from vault.objects import StoreUnavailable
from vault.tables import Part

LATER = ORPHAN_AGE + timedelta(minutes=5)


def orphan(installation: Installation, recording: object = None) -> str:
    """An object that a process put, and died."""
    name = f"{recording or new_id()}/000000-{'a' * 16}"
    installation.intake.store.put(name, b"sealed, once")
    return name


def test_an_object_without_a_row_goes_after_a_day(standing: Installation, any_dock: Dock) -> None:
    content = film(3 * PART)
    kept = any_dock.upload(content)
    any_dock.receipt(kept)
    arriving = begun(any_dock)
    held = f"{id_of(arriving)}/000000-{'a' * 16}"
    left = [f"{recording}/000000-{'a' * 16}" for recording in (new_id(), id_of(kept))]
    for name in (*left, held):
        standing.intake.store.put(name, b"sealed, once")
    before = set(stored(standing))
    assert reap_orphans(standing.intake, now=now() + ORPHAN_AGE - timedelta(minutes=5)) == 0
    assert set(stored(standing)) == before
    assert reap_orphans(standing.intake, now=now() + ORPHAN_AGE + timedelta(minutes=5)) == 2
    assert set(stored(standing)) == before - set(left)
    assert as_kept(standing, kept) == content
    # Held for a request with a checksum that takes long: it goes with its upload, and not before.
    assert held in stored(standing)
    assert any_dock.offset(arriving) == 2 * PART
    any_dock.withdraw(arriving)
    assert held not in stored(standing)


def test_more_orphans_than_a_batch(own: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "BATCH", 3)
    for _ in range(8):
        own.intake.store.put(f"{new_id()}/000000-{'a' * 16}", b"sealed, once")
    assert reap_orphans(own.intake, now=now() + 2 * ORPHAN_AGE) == 8
    assert stored(own) == []


def test_what_went_is_told_with_its_size(standing: Installation) -> None:
    before = len(entries(standing, Event.OBJECTS_REAPED))
    name = orphan(standing)
    [found] = settle(standing.intake, MAKER, now=now() + LATER)
    assert isinstance(found, Orphan)
    assert found.object.name == name
    assert LATER <= found.age(now() + LATER) < LATER + timedelta(minutes=1)
    [entry] = entries(standing, Event.OBJECTS_REAPED)[before:]
    leaf = read_leaf(entry.leaf)
    assert leaf
    assert leaf["facts"] == {"objects": 1, "bytes": 12}
    assert list(settle(standing.intake, MAKER, now=now() + LATER)) == []
    assert len(entries(standing, Event.OBJECTS_REAPED)) == before + 1


def test_a_survey_changes_nothing(standing: Installation) -> None:
    name = orphan(standing)
    before = stored(standing), len(entries(standing))
    [found] = survey(standing.intake, now=now() + LATER)
    assert isinstance(found, Orphan)
    assert found.object.name == name
    assert (stored(standing), len(entries(standing))) == before
    assert reap_orphans(standing.intake, now=now() + LATER) == 1


def test_what_is_locked_is_postponed_until_then(standing: Installation) -> None:
    until = now().replace(microsecond=0) + timedelta(seconds=4)
    locked, held, free = orphan(standing), orphan(standing), orphan(standing)
    standing.vault.store.retain(locked, until)
    standing.vault.store.hold(held, True)
    with capture_logs() as said:
        found = {
            each.orphan.object.name if isinstance(each, Postponed) else each.object.name: each
            for each in settle(standing.intake, MAKER, now=now() + LATER)
            if not isinstance(each, Missing)
        }
    assert isinstance(found[free], Orphan)
    postponed = [found[name] for name in (locked, held)]
    assert [each.until for each in postponed if isinstance(each, Postponed)] == [until, None]
    assert [each["why"] for each in said if each["event"] == "reaping.postponed"] == sorted(
        ["ObjectRetained", f"ObjectRetained until {until.isoformat()}"],
        key=lambda why: (locked < held) != ("until" in why),
    )
    assert orphans.POSTPONED._value.get() == 2
    standing.vault.store.hold(held, False)
    while now() < until:
        pass
    assert reap_orphans(standing.intake, now=now() + LATER) == 2
    assert orphans.POSTPONED._value.get() == 0


@pytest.mark.parametrize("came", ["a row", "another object", "nothing"])
def test_it_is_looked_at_again_before_it_goes(own: Installation, came: str) -> None:
    """Between the walk and its turn somebody gave it a row, or put another under its name."""
    name = orphan(own)
    found = survey(own.intake, now=now() + LATER)
    one = next(found)
    assert isinstance(one, Orphan)
    recording = keep(own, footage(1000))
    if came == "a row":
        with own.vault.database.transaction() as session:
            part = session.scalars(select(Part).where(Part.recording_id == recording)).one()
            part.object_name = name
    elif came == "another object":
        one = Orphan(replace(one.object, size=one.object.size + 1))
    outcome = orphans._discard(own.intake, one)
    assert (outcome is None) == (came != "nothing")
    assert (name in stored(own)) == (came != "nothing")


def test_a_missing_object_is_an_alarm_each_time_and_its_row_stays(own: Installation) -> None:
    keep(own, footage())
    lost, cut = parts_on_disk(own)[:2]
    lost.unlink()
    cut.chmod(0o600)
    cut.write_bytes(cut.read_bytes()[:-1])
    for _ in range(2):
        with capture_logs() as said:
            found = list(settle(own.intake, MAKER, now=now() + LATER))
        assert {(type(each), each.there) for each in found if isinstance(each, Missing)} == {
            (Missing, False),
            (Missing, True),
        }
        alarms = [(each["log_level"], each["why"]) for each in said if each["event"] == "object.missing"]
        assert sorted(alarms) == [("error", "object-missing"), ("error", "object-of-wrong-size")]
        assert orphans.MISSING._value.get() == 2
    with own.vault.database.reading() as session:
        assert len(session.scalars(select(Part)).all()) == 4


def test_a_part_that_came_while_the_store_was_listed_is_not_missing(
    own: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row was read after its folder was."""

    def late(*given: object) -> object:
        for shelf in shelves(*given):  # type: ignore[arg-type]  # handed through
            yield replace(shelf, stored=shelf.stored[1:])

    keep(own, footage())
    monkeypatch.setattr(orphans, "shelves", late)
    assert list(settle(own.intake, MAKER, now=now() + LATER)) == []


def test_a_store_that_goes_away_says_so_and_costs_nothing(own: Installation) -> None:
    class Away(BrittleStore):
        def discard(self, name: str) -> None:
            raise StoreUnavailable(name)

    name = orphan(own)
    away = replace(own.intake, store=Away(own.intake.store))
    [found] = settle(away, MAKER, now=now() + LATER)
    assert isinstance(found, Postponed)
    assert (found.why, found.until) == ("StoreUnavailable", None)
    assert entries(own, Event.OBJECTS_REAPED) == []
    assert stored(own) == [name]
