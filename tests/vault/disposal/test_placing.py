"""What is kept is under the key of its day, some seconds later, and follows when its term moves."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from console.demo import town
from policies.retention import UNTIL_RELEASED
from tests.installation import Installation
from tests.placing import (
    NOW,
    change,
    hold,
    is_placed,
    kept,
    key_of,
    keys,
    move,
    opens,
    put,
    release,
    row_of,
    wrapped,
)
from vault.disposal import day_keys, placing
from vault.disposal.placing import place
from vault.ids import RecordingId
from vault.keys import DayKey, FootageFiles
from vault.objects import ObjectRetained, ObjectStore, StoreUnavailable
from vault.tables import Municipality, State

DAY = timedelta(days=1)


def test_what_is_kept_moves_from_the_intake_key_to_its_day(installation: Installation) -> None:
    recording = kept(installation)
    before = wrapped(installation, recording)
    assert key_of(installation, recording) is None
    assert not is_placed(installation, recording)
    assert place(installation.vault, now=NOW) == 1
    assert is_placed(installation, recording)
    after = wrapped(installation, recording)
    key = key_of(installation, recording)
    assert key
    assert (key.municipality_id, key.made_at) == (town.SLUG, NOW)
    opened = [
        installation.vault.ring.unwrap(each, recording=recording, municipality=town.SLUG)
        for each in (before, after)
    ]
    assert opened[0] == opened[1]
    assert place(installation.vault, now=NOW) == 0
    assert wrapped(installation, recording) == after


def test_a_day_is_a_calendar_day_in_amsterdam(installation: Installation) -> None:
    """23:30 and 00:30 in UTC of one night are one day there, in summer 22:30 too."""
    night = datetime(2199, 1, 10, 23, 30, tzinfo=UTC)
    recordings = [kept(installation, seed=seed) for seed in range(3)]
    for recording, moment in zip(
        recordings, (night, night + timedelta(hours=1), night - timedelta(hours=1)), strict=True
    ):
        move(installation, recording, moment)
    place(installation.vault, now=NOW)
    days = [key.day.isoformat() for each in recordings if (key := key_of(installation, each))]
    assert days == ["2199-01-11", "2199-01-11", "2199-01-10"]
    assert len(keys(installation)) == 2
    summer = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    assert day_keys.day_of(summer).isoformat() == "2026-07-02"
    assert summer.astimezone(ZoneInfo("Europe/Amsterdam")).date() == day_keys.day_of(summer)


def test_one_key_serves_a_day(installation: Installation) -> None:
    recordings = [kept(installation, seed=seed) for seed in range(3)]
    assert place(installation.vault, now=NOW) == 3
    assert len({wrapped(installation, each).key_id for each in recordings}) == 1
    assert len(installation.vault.ring.footage.day_keys()) == len(keys(installation)) == 1


def test_a_batch_is_not_the_end(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "AT_ONCE", 2)
    recordings = [kept(installation, seed=seed) for seed in range(5)]
    assert place(installation.vault, now=NOW) == 5
    assert all(is_placed(installation, each) for each in recordings)


def test_a_hold_takes_it_from_its_day(installation: Installation) -> None:
    recording = kept(installation)
    place(installation.vault, now=NOW)
    before = wrapped(installation, recording)
    hold(installation, recording)
    assert place(installation.vault, now=NOW) == 1
    key = key_of(installation, recording)
    assert key
    assert key.day.year == 8999
    assert is_placed(installation, recording)
    assert wrapped(installation, recording) != before
    stored = [found.name for found in installation.vault.store.list(f"{recording}/")]
    assert stored
    for name in stored:
        with pytest.raises(ObjectRetained) as refused:
            installation.vault.store.discard(name)
        assert refused.value.until is None
    release(installation, recording, NOW + 9 * DAY)
    assert place(installation.vault, now=NOW) == 1
    assert is_placed(installation, recording)
    assert keys(installation)[key.key_id].closes == day_keys.day_of(NOW + 9 * DAY)
    assert row_of(installation, recording).placed_for == NOW + 9 * DAY
    for name in stored:
        with pytest.raises(ObjectRetained) as refused:
            installation.vault.store.discard(name)
        assert refused.value.until == NOW + 9 * DAY


def test_locks_last_as_long_as_the_term(installation: Installation) -> None:
    recording = kept(installation, due=3 * DAY)
    place(installation.vault, now=NOW)
    for found in installation.vault.store.list(f"{recording}/"):
        with pytest.raises(ObjectRetained) as refused:
            installation.vault.store.discard(found.name)
        assert refused.value.until == NOW + 3 * DAY
    move(installation, recording, NOW + 4 * DAY)
    place(installation.vault, now=NOW)
    for found in installation.vault.store.list(f"{recording}/"):
        with pytest.raises(ObjectRetained) as refused:
            installation.vault.store.discard(found.name)
        assert refused.value.until == NOW + 4 * DAY


def test_a_term_that_comes_nearer_closes_the_key_it_was_under(installation: Installation) -> None:
    moved, other = kept(installation, due=9 * DAY), kept(installation, due=9 * DAY, seed=2)
    place(installation.vault, now=NOW)
    later = wrapped(installation, other)
    move(installation, moved, NOW + 2 * DAY)
    place(installation.vault, now=NOW)
    move(installation, moved, NOW + 3 * DAY)
    place(installation.vault, now=NOW)
    row = keys(installation)[later.key_id]
    assert row.closes == day_keys.day_of(NOW + 2 * DAY)
    assert row.spoiled_at is None
    # Nothing more comes under it: the same day has another key now.
    newcomer = kept(installation, due=9 * DAY, seed=3)
    place(installation.vault, now=NOW)
    assert is_placed(installation, newcomer)
    assert wrapped(installation, newcomer).key_id != later.key_id
    key = key_of(installation, newcomer)
    assert key
    assert key.day == row.day


def test_a_term_that_comes_nearer_closes_every_key_it_was_under(installation: Installation) -> None:
    """Backups have it under each of them, and none of them may be there longer than the footage."""
    recording = kept(installation, due=9 * DAY)
    moves: list[Callable[[], None]] = [
        lambda: None,
        lambda: hold(installation, recording),
        lambda: release(installation, recording, NOW + 12 * DAY),
        lambda: move(installation, recording, NOW + 2 * DAY),
    ]
    before = []
    for moved in moves:
        moved()
        place(installation.vault, now=NOW)
        before.append(wrapped(installation, recording).key_id)
    assert len(set(before)) == 4
    nearer = day_keys.day_of(NOW + 2 * DAY)
    assert [keys(installation)[key_id].closes for key_id in before] == [*3 * [nearer], None]


def test_a_term_that_becomes_longer_closes_nothing(installation: Installation) -> None:
    recording = kept(installation, due=2 * DAY)
    place(installation.vault, now=NOW)
    was = wrapped(installation, recording)
    move(installation, recording, NOW + 9 * DAY)
    place(installation.vault, now=NOW)
    assert is_placed(installation, recording)
    assert keys(installation)[was.key_id].closes is None


def test_a_term_that_moves_within_its_day_keeps_its_key(installation: Installation) -> None:
    noon = (NOW + 9 * DAY).replace(hour=11)
    recording = kept(installation)
    move(installation, recording, noon)
    place(installation.vault, now=NOW)
    was = wrapped(installation, recording)
    move(installation, recording, noon + timedelta(hours=2))
    assert place(installation.vault, now=NOW) == 1
    assert wrapped(installation, recording) == was
    assert row_of(installation, recording).placed_for == noon + timedelta(hours=2)


def test_what_is_in_quarantine_is_placed_and_what_is_due_is_not(
    installation: Installation,
) -> None:
    quarantined, due = kept(installation), kept(installation, seed=2)
    change(installation, quarantined, state=State.QUARANTINED)
    assert place(installation.vault, now=NOW + 5 * DAY) == 0
    move(installation, due, NOW)
    assert place(installation.vault, now=NOW) == 1
    assert is_placed(installation, quarantined)
    assert not is_placed(installation, due)
    change(installation, quarantined, state=State.KEPT)
    move(installation, due, NOW + DAY)


def test_while_the_store_is_away_keys_go_ahead(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    recordings = [kept(installation, seed=seed) for seed in range(3)]
    monkeypatch.setattr(placing, "AT_ONCE", 2)
    with monkeypatch.context() as away:

        def fail(*_: object) -> None:
            raise StoreUnavailable("away")

        away.setattr(type(installation.vault.store), "retain", fail)
        away.setattr(type(installation.vault.store), "check", fail)
        with capture_logs() as said:
            assert place(installation.vault, now=NOW) == 0
    assert [each["event"] for each in said] == ["placing.waits"]
    for recording in recordings:
        assert key_of(installation, recording)
        assert row_of(installation, recording).placed_for is None
    assert place(installation.vault, now=NOW) == 3
    assert all(is_placed(installation, each) for each in recordings)


@pytest.mark.parametrize("at_once", [1, 10])
def test_an_object_that_the_store_fails_on_is_in_nobodys_way(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(placing, "AT_ONCE", at_once)
    recordings = sorted(kept(installation, seed=seed) for seed in range(3))
    kind = type(installation.vault.store)
    retain = kind.retain

    def fail(store: ObjectStore, name: str, until: datetime) -> None:
        if name.startswith(str(recordings[0])):
            raise StoreUnavailable("a disk that is ill")
        retain(store, name, until)

    with monkeypatch.context() as ill:
        ill.setattr(kind, "retain", fail)
        with capture_logs() as said:
            assert place(installation.vault, now=NOW) == 2
    assert [(each["event"], each["recording"]) for each in said] == [
        ("placing.not-locked", str(recordings[0]))
    ]
    assert [is_placed(installation, each) for each in recordings] == [False, True, True]
    assert place(installation.vault, now=NOW) == 1


def test_a_term_that_moves_meanwhile_is_taken_up_again(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = kept(installation)
    lock = placing._lock

    def moving(store: ObjectStore, placed: Sequence[placing._Placed]) -> Sequence[placing._Placed]:
        move(installation, recording, NOW + 7 * DAY)
        return lock(store, placed)

    with monkeypatch.context() as between:
        between.setattr(placing, "_lock", moving)
        place(installation.vault, now=NOW)
    assert row_of(installation, recording).placed_for is None
    assert place(installation.vault, now=NOW) == 1
    assert is_placed(installation, recording)


def test_a_slow_keeper_takes_no_hold_off_that_another_put_on(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = kept(installation)
    hold(installation, recording)
    release(installation, recording, NOW + 7 * DAY)
    lock = placing._lock

    def slow(store: ObjectStore, placed: Sequence[placing._Placed]) -> Sequence[placing._Placed]:
        between.undo()
        hold(installation, recording)
        assert place(installation.vault, now=NOW) == 1
        return lock(store, placed)

    with monkeypatch.context() as between:
        between.setattr(placing, "_lock", slow)
        place(installation.vault, now=NOW)
    place(installation.vault, now=NOW)
    assert is_placed(installation, recording)
    for found in installation.vault.store.list(f"{recording}/"):
        with pytest.raises(ObjectRetained) as refused:
            installation.vault.store.discard(found.name)
        assert refused.value.until is None
    # The end of a test: nothing holds it.
    release(installation, recording, NOW + 7 * DAY)
    place(installation.vault, now=NOW)


class Died(BaseException):
    """The keeper is no more."""


@pytest.mark.parametrize("step", ["ring", "row", "locks", "note"])
def test_dying_between_two_steps_leaves_a_key_that_opens(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    recording = kept(installation)

    def die(*_: object, **__: object) -> None:
        raise Died

    with monkeypatch.context() as dying:
        match step:
            case "ring":
                dying.setattr(FootageFiles, "make_day_key", die)
            case "row":
                dying.setattr(day_keys, "sealed_of", die)
            case "locks":
                dying.setattr(placing, "_lock", die)
            case "note":
                dying.setattr(placing, "_note", die)
        with pytest.raises(Died):
            place(installation.vault, now=NOW)
    assert opens(installation, recording, wrapped(installation, recording))
    made = installation.vault.ring.footage.day_keys()
    assert len(made) == (step != "ring")
    assert place(installation.vault, now=NOW) == 1
    assert is_placed(installation, recording)
    # The key that was made before it died is the one that is used.
    if made:
        assert wrapped(installation, recording).key_id in made
    assert len(installation.vault.ring.footage.day_keys()) == 1


def test_what_does_not_open_is_told_and_is_in_nobodys_way(installation: Installation) -> None:
    lost, other = kept(installation), kept(installation, seed=2)
    sealed = wrapped(installation, lost)
    put(installation, lost, sealed._replace(sealed=bytes(80)))
    with capture_logs() as said:
        assert place(installation.vault, now=NOW) == 1
    assert [(each["event"], each["recording"]) for each in said] == [("placing.does-not-open", str(lost))]
    assert is_placed(installation, other)
    put(installation, lost, sealed)
    assert place(installation.vault, now=NOW) == 1


def test_a_municipality_without_keys_is_in_nobodys_way(installation: Installation) -> None:
    """As of a ring that was put back from before it was added."""
    theirs, ours = kept(installation), kept(installation, seed=2)
    with installation.vault.database.transaction() as session:
        session.add(Municipality(id="noordwijk", name="Noordwijk"))
    change(installation, theirs, municipality_id="noordwijk")
    stands = installation.settings.keys / "ring" / "sealing" / "noordwijk"
    aside = stands.rename(installation.home / "noordwijk")
    with capture_logs() as said:
        assert place(installation.vault, now=NOW) == 1
    assert ("keys.missing", "noordwijk") in {(each["event"], each.get("why")) for each in said}
    assert is_placed(installation, ours)
    aside.rename(stands)
    change(installation, theirs, municipality_id=town.SLUG)


def test_the_held_end_has_a_day_of_its_own() -> None:
    assert DayKey("x", day_keys.day_of(UNTIL_RELEASED)).day.isoformat() == "8999-12-31"


def _meanwhile(monkeypatch: pytest.MonkeyPatch, *steps: Callable[[], object]) -> None:
    """Let each of these come, in turn, between a round's keys and its locks."""
    lock, left = placing._lock, list(steps)

    def locking(*given: Any) -> Any:
        if left:
            left.pop(0)()
        return lock(*given)

    monkeypatch.setattr(placing, "_lock", locking)


def test_a_hold_that_ends_while_it_is_placed_leaves_nothing_held(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = kept(installation)
    place(installation.vault, now=NOW)
    hold(installation, recording)
    _meanwhile(monkeypatch, lambda: release(installation, recording, NOW + 5 * DAY))
    place(installation.vault, now=NOW)
    # Due as before, and not as it was placed.
    assert not is_placed(installation, recording)
    assert place(installation.vault, now=NOW) == 1
    assert is_placed(installation, recording)
    assert _held_in_store(installation, recording) == {False}


def test_two_keepers_leave_the_locks_of_the_last_term(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = kept(installation)
    hold(installation, recording)
    place(installation.vault, now=NOW)
    release(installation, recording, NOW + 5 * DAY)

    def other_keeper() -> None:
        hold(installation, recording)
        assert place(installation.vault, now=NOW) == 1

    _meanwhile(monkeypatch, other_keeper)
    place(installation.vault, now=NOW)
    place(installation.vault, now=NOW)
    assert is_placed(installation, recording)
    assert _held_in_store(installation, recording) == {True}


def test_two_keepers_and_a_term_that_comes_back_leave_no_other_key(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = kept(installation)

    def other_keeper() -> None:
        hold(installation, recording)
        assert place(installation.vault, now=NOW) == 1
        release(installation, recording, NOW + 5 * DAY)

    _meanwhile(monkeypatch, other_keeper)
    place(installation.vault, now=NOW)
    place(installation.vault, now=NOW)
    assert is_placed(installation, recording)
    assert _held_in_store(installation, recording) == {False}


def _held_in_store(installation: Installation, recording: RecordingId) -> set[bool]:
    """Whether the store holds its objects; all of them are locked one way or another."""
    found = set()
    for each in installation.vault.store.list(f"{recording}/"):
        with pytest.raises(ObjectRetained) as refused:
            installation.vault.store.discard(each.name)
        found.add(refused.value.until is None)
    return found
