"""What was left is taken away, key first; what is whole, or still coming, is not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from ingest import reaper
from ingest.intake import INGEST
from ingest.reaper import abandon, discard_objects, expired, reap
from tests.docking import PART, Dock, as_kept, events, id_of, opened, rows, stored
from tests.footage import film
from tests.installation import Installation
from tests.stores import BrittleStore
from vault.audit import Event
from vault.objects import StoreUnavailable
from vault.tables import Arrival, Part, State

WEEK = timedelta(days=7, seconds=5)


def now() -> datetime:
    return datetime.now(UTC)


def begun(dock: Dock, parts: int = 2) -> str:
    upload = dock.begin(10 * PART)
    assert dock.send(upload, b"x" * (parts * PART)).status_code == 204
    return upload


def gone(installation: Installation, upload: str) -> None:
    left = rows(installation, upload)
    assert left.recording.state == State.ABANDONED
    assert (left.sealed_key, left.arrival.key_id, left.arrival.sealed, left.objects) == (None, None, None, [])
    assert stored(installation, upload) == []


def test_what_stopped_coming_is_reaped_and_only_that(standing: Installation, any_dock: Dock) -> None:
    content = film()
    kept = any_dock.upload(content)
    any_dock.receipt(kept)
    stopped = begun(any_dock)
    empty = any_dock.begin(10)
    later = now() + WEEK
    assert reap(standing.intake, now=now() + timedelta(days=6)) == 0
    going_on = begun(any_dock)
    with standing.vault.database.transaction() as session:
        session.execute(
            update(Arrival)
            .where(Arrival.recording_id == id_of(going_on))
            .values(expires_at=later + timedelta(seconds=1))
        )
    found = list(expired(standing.intake, now=later))
    assert {each.recording for each in found} >= {id_of(stopped), id_of(empty)}
    assert all(timedelta(0) <= each.since < timedelta(minutes=1) for each in found)
    assert reap(standing.intake, now=later) == 2
    assert list(expired(standing.intake, now=later)) == []
    for upload in (stopped, empty):
        gone(standing, upload)
        assert events(standing, upload) == [Event.RECORDING_ANNOUNCED, Event.ARRIVAL_REAPED]
        assert any_dock.head(upload).status_code == 410
    assert as_kept(standing, kept) == content
    assert any_dock.offset(going_on) == 2 * PART
    assert reap(standing.intake, now=later) == 0
    any_dock.withdraw(going_on)


def test_a_byte_that_came_since_the_reaper_looked_saves_it(standing: Installation, any_dock: Dock) -> None:
    upload = begun(any_dock)
    assert not reaper._end(standing.intake, id_of(upload), Event.ARRIVAL_REAPED, INGEST, now())
    assert any_dock.offset(upload) == 2 * PART
    any_dock.withdraw(upload)


def test_what_is_complete_is_never_reaped(standing: Installation) -> None:
    content = film()
    with opened(standing) as dock, pytest.MonkeyPatch.context() as patched:
        patched.setattr("ingest.door.Door.begin_examination", lambda *_: None)
        upload = dock.upload(content)
    assert reap(standing.intake, now=now() + 10 * WEEK) == 0
    assert not abandon(standing.intake, id_of(upload), INGEST, now=now())
    assert rows(standing, upload).recording.state == State.RECEIVED
    assert as_kept(standing, upload) == content


@pytest.mark.parametrize("step", ["after the key", "after the objects"])
def test_a_reaper_that_dies_leaves_less_readable_and_the_next_ends_it(
    standing: Installation, any_dock: Dock, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    upload = begun(any_dock)

    def die(*_: object, **__: object) -> int:
        if step == "after the objects":
            for name in stored(standing, upload):
                standing.intake.store.discard(name)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(reaper, "discard_objects", die)
        with pytest.raises(KeyboardInterrupt):
            reap(standing.intake, now=now() + WEEK)
    left = rows(standing, upload)
    assert (left.recording.state, left.sealed_key, left.arrival.sealed) == (State.ABANDONED, None, None)
    assert len(left.objects) == 2
    reap(standing.intake, now=now())
    gone(standing, upload)


def test_a_store_that_is_away_costs_no_row(own: Installation) -> None:
    with opened(own) as dock:
        upload = begun(dock)

    class Away(BrittleStore):
        def discard(self, name: str) -> None:
            raise StoreUnavailable(name)

    assert reap(replace(own.intake, store=Away(own.intake.store)), now=now() + WEEK) == 1
    left = rows(own, upload)
    assert (left.sealed_key, left.arrival.sealed, len(left.objects)) == (None, None, 2)
    reap(own.intake, now=now() + WEEK)
    gone(own, upload)


def test_discarding_what_no_row_owns_leaves_what_one_does(standing: Installation, any_dock: Dock) -> None:
    upload = begun(any_dock)
    owned = stored(standing, upload)
    standing.intake.store.put(f"{id_of(upload)}/000009-{'b' * 16}", b"sealed, once")
    assert discard_objects(standing.intake, id_of(upload), keep_owned=True) == 1
    assert stored(standing, upload) == owned
    with standing.vault.database.reading() as session:
        assert len(session.scalars(select(Part).where(Part.recording_id == id_of(upload))).all()) == 2
    any_dock.withdraw(upload)
