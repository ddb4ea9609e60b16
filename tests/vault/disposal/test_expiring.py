"""A key goes when its day is over; sooner when something under it went early; again when a backup has it."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from console.demo import town
from tests.installation import Installation
from tests.placing import (
    NOW,
    change,
    expired,
    gone,
    is_placed,
    kept,
    key_of,
    keys,
    move,
    opens,
    wrapped,
)
from tests.watching import entries
from vault.audit import Event
from vault.disposal import expiring
from vault.disposal.beginning import begin
from vault.disposal.day_keys import day_of
from vault.disposal.expiring import expire
from vault.disposal.placing import place
from vault.disposal.tables import DisposalKey, Ground
from vault.ids import RecordingId
from vault.keys import FootageFiles
from vault.signals.raising import KEEPER
from vault.tables import Recording, SealedKey, State

DAY = timedelta(days=1)


def placed(installation: Installation, *, due: timedelta = 5 * DAY, seed: int = 1) -> RecordingId:
    """Footage whose key is under that of its day."""
    recording = kept(installation, due=due, seed=seed)
    place(installation.vault, now=NOW)
    return recording


def spoil(installation: Installation, recording: RecordingId) -> str:
    """Let a recording go early, as an early erasure begins; the key that it was under."""
    key_id = wrapped(installation, recording).key_id
    gone(installation, recording)
    with installation.vault.database.transaction() as session:
        session.execute(update(DisposalKey).where(DisposalKey.key_id == key_id).values(spoiled_at=NOW))
    return key_id


def restore(installation: Installation, recording: RecordingId) -> None:
    """The end of a test: nothing is left that is half disposed of."""
    change(installation, recording, state=State.ABANDONED)


def told(installation: Installation) -> list[dict[str, object]]:
    """What the entries of destroyed keys say."""
    leaves = [json.loads(each.leaf) for each in entries(installation, Event.DISPOSAL_KEY_DESTROYED)]
    return [leaf["facts"] for leaf in leaves]


def test_a_key_goes_when_its_day_is_over_and_not_before(installation: Installation) -> None:
    recording = placed(installation)
    sealed = wrapped(installation, recording)
    day = day_of(NOW + 5 * DAY)
    gone(installation, recording)
    assert expired(installation, NOW + 5 * DAY) == 0
    assert opens(installation, recording, sealed)
    assert expired(installation, NOW + 6 * DAY) == 1
    assert not opens(installation, recording, sealed)
    assert installation.vault.ring.footage.day_keys() == {}
    assert keys(installation)[sealed.key_id].destroyed_at == NOW + 6 * DAY
    assert told(installation) == [{"keyId": sealed.key_id, "day": day.isoformat(), "ground": "day-over"}]
    assert expired(installation, NOW + 7 * DAY) == 0
    restore(installation, recording)


def test_a_key_that_is_used_stays(installation: Installation) -> None:
    recording = placed(installation)
    assert expired(installation, NOW + 60 * DAY) == 0
    assert opens(installation, recording, wrapped(installation, recording))


def test_a_spoiled_key_goes_at_once_and_the_others_open(installation: Installation) -> None:
    erased, other = placed(installation), placed(installation, seed=2)
    backups = {each: wrapped(installation, each) for each in (erased, other)}
    spoiled = spoil(installation, erased)
    assert expire(installation.vault, KEEPER, now=NOW) == 0
    # Who read the row a moment ago still opens it.
    assert opens(installation, other, backups[other])
    assert wrapped(installation, other).key_id != spoiled
    assert is_placed(installation, other)
    assert expire(installation.vault, KEEPER, now=NOW) == 1
    assert not opens(installation, erased, backups[erased])
    assert not opens(installation, other, backups[other])
    assert opens(installation, other, wrapped(installation, other))
    assert told(installation)[0]["ground"] == "spoiled"
    restore(installation, erased)


def test_what_goes_early_opens_by_no_key_it_was_ever_under(installation: Installation) -> None:
    """Its term moved to a later day: backups of before have it under the key of the day it was."""
    recording, other = placed(installation), placed(installation, seed=2)
    backups = [wrapped(installation, recording)]
    for days in (9, 7):
        move(installation, recording, NOW + days * DAY)
        place(installation.vault, now=NOW)
        expired(installation, NOW)
        backups.append(wrapped(installation, recording))
    assert all(opens(installation, recording, each) for each in backups)
    with installation.vault.database.transaction() as session:
        installation.vault.rule_sets.held(session, town.SLUG)
        row = session.get_one(Recording, recording, with_for_update=True)
        begin(installation.vault, session, row, ground=Ground.INSIDE_DWELLING, now=NOW, by=KEEPER)
    expired(installation, NOW)
    assert not any(opens(installation, recording, each) for each in backups)
    assert opens(installation, other, wrapped(installation, other))


def test_keys_that_are_gone_are_forgotten(installation: Installation) -> None:
    """Each release moves all that is held to another key: for years, that is many."""
    held = placed(installation, due=40 * DAY)
    for days in range(3):
        under = wrapped(installation, held).key_id
        with installation.vault.database.transaction() as session:
            closing = session.get_one(DisposalKey, under)
            closing.closes = day_of(NOW + days * DAY)
        expired(installation, NOW + days * DAY)
        with installation.vault.database.reading() as session:
            assert session.get_one(SealedKey, held).before == under
        expired(installation, NOW + (days + 1) * DAY)
        assert keys(installation)[under].destroyed_at


def test_a_spoiled_key_of_one_recording_goes_in_one_round(installation: Installation) -> None:
    erased = placed(installation)
    spoiled = spoil(installation, erased)
    assert expire(installation.vault, KEEPER, now=NOW) == 1
    assert spoiled not in installation.vault.ring.footage.day_keys()
    restore(installation, erased)


def test_many_move_from_a_spoiled_key(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiring, "AT_ONCE", 2)
    erased, *others = [placed(installation, seed=seed) for seed in range(6)]
    spoil(installation, erased)
    assert expired(installation, NOW) == 1
    assert len({wrapped(installation, each).key_id for each in others}) == 1
    assert all(opens(installation, each, wrapped(installation, each)) for each in others)
    restore(installation, erased)


def test_a_closing_key_goes_when_the_earlier_day_is_over(installation: Installation) -> None:
    moved, other = placed(installation, due=9 * DAY), placed(installation, due=9 * DAY, seed=2)
    backup = wrapped(installation, moved)
    move(installation, moved, NOW + 2 * DAY)
    place(installation.vault, now=NOW)
    # Others leave at once, so that tomorrow's backup has them elsewhere; the key itself stays till that day.
    assert expired(installation, NOW) == 0
    assert wrapped(installation, other).key_id != backup.key_id
    assert is_placed(installation, other)
    assert expired(installation, NOW + 2 * DAY) == 0
    assert opens(installation, moved, backup)
    gone(installation, moved)
    # The key it was under, and that of its own day.
    assert expired(installation, NOW + 3 * DAY) == 2
    assert not opens(installation, moved, backup)
    assert opens(installation, other, wrapped(installation, other))
    restore(installation, moved)


def test_a_key_that_comes_back_goes_again(installation: Installation, tmp_path: Path) -> None:
    recording = placed(installation)
    sealed = wrapped(installation, recording)
    ring = installation.settings.keys / "ring" / "disposal"
    shutil.copytree(ring, tmp_path / "backup")
    gone(installation, recording)
    assert expired(installation, NOW + 6 * DAY) == 1
    shutil.rmtree(ring)
    shutil.copytree(tmp_path / "backup", ring)
    assert opens(installation, recording, sealed)
    with capture_logs() as said:
        assert expire(installation.vault, KEEPER, now=NOW + 7 * DAY) == 1
    assert [(each["event"], each["why"]) for each in said] == [("disposal-key.is-back", sealed.key_id)]
    assert not opens(installation, recording, sealed)
    assert [each["ground"] for each in told(installation)] == ["day-over", "restored"]
    # When it was destroyed first is what counts.
    assert keys(installation)[sealed.key_id].destroyed_at == NOW + 6 * DAY
    restore(installation, recording)


def test_a_key_that_nobody_used_gets_its_row_and_goes_with_its_day(installation: Installation) -> None:
    made = installation.vault.ring.footage.make_day_key(town.SLUG, day_of(NOW + DAY))
    assert expired(installation, NOW) == 0
    assert keys(installation)[made].destroyed_at is None
    assert expired(installation, NOW + 2 * DAY) == 1
    assert installation.vault.ring.footage.day_keys() == {}


def test_two_keepers_destroy_it_once(installation: Installation) -> None:
    recordings = [placed(installation, due=days * DAY, seed=days) for days in (3, 4, 5)]
    for recording in recordings:
        gone(installation, recording)
    with ThreadPoolExecutor(4) as pool, capture_logs() as said:
        rounds = [pool.submit(expire, installation.vault, KEEPER, now=NOW + 9 * DAY) for _ in range(4)]
        assert sum(each.result() for each in rounds) == 3
    assert not said
    assert len(told(installation)) == 3
    for recording in recordings:
        restore(installation, recording)


class Died(BaseException):
    """The keeper is no more."""


@pytest.mark.parametrize("before", [True, False])
def test_dying_around_the_destruction_is_made_up_for(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    recording = placed(installation)
    sealed = wrapped(installation, recording)
    gone(installation, recording)
    destroy = FootageFiles.destroy

    def dying(keys: FootageFiles, key_id: str) -> bool:
        if not before:
            destroy(keys, key_id)
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(FootageFiles, "destroy", dying)
        with pytest.raises(Died):
            expire(installation.vault, KEEPER, now=NOW + 6 * DAY)
    assert told(installation) == []
    assert opens(installation, recording, sealed) == before
    assert expire(installation.vault, KEEPER, now=NOW + 6 * DAY) == 1
    assert len(told(installation)) == 1
    assert not opens(installation, recording, sealed)
    restore(installation, recording)


def test_what_comes_under_it_in_between_stays(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked for as unused, and used when its row is locked: it is not destroyed."""
    recording = placed(installation)
    sealed = wrapped(installation, recording)
    monkeypatch.setattr(expiring, "_doomed", lambda *_: [sealed.key_id])
    assert expire(installation.vault, KEEPER, now=NOW + 60 * DAY) == 0
    assert opens(installation, recording, sealed)
    assert key_of(installation, recording)
