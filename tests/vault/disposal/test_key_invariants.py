"""A key that is not accounted for is found; what the keeper has in hand is not."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from console.demo import town
from tests.installation import Installation
from tests.placing import NOW, change, expired, gone, hold, kept, move, put, release, wrapped
from vault.disposal.expiring import expire
from vault.disposal.intake_keys import Cycle, attend
from vault.disposal.placing import place
from vault.disposal.tables import DisposalKey, IntakeKey
from vault.finding import Finding
from vault.ids import RecordingId
from vault.invariants import check_all
from vault.keys import rotate_sealing
from vault.signals.raising import KEEPER
from vault.tables import State

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def found(installation: Installation, later: timedelta = timedelta()) -> list[tuple[str, str]]:
    """What the check finds of keys, so long after now."""
    findings: list[Finding] = check_all(installation.vault, now=NOW + later)
    ours = ("key", "placed")
    return [(each.check, each.about) for each in findings if any(name in each.check for name in ours)]


def write(installation: Installation, key_id: str, **values: object) -> None:
    """Write into a key's row."""
    with installation.vault.database.transaction() as session:
        session.execute(update(DisposalKey).where(DisposalKey.key_id == key_id).values(**values))


@pytest.fixture
def recording(installation: Installation) -> RecordingId:
    """Footage that is placed."""
    made = kept(installation)
    place(installation.vault, now=NOW)
    assert found(installation) == []
    return made


def test_what_lies_where_it_does_not_belong_for_an_hour(installation: Installation) -> None:
    late = kept(installation)
    assert found(installation, HOUR / 2) == []
    assert found(installation, 2 * HOUR) == [("not-placed", str(late))]
    place(installation.vault, now=NOW)
    assert found(installation, 2 * HOUR) == []
    change(installation, late, kept_at=NOW - DAY)
    move(installation, late, NOW + 9 * DAY)
    assert found(installation) == [("not-placed", str(late))]


def test_what_moved_a_moment_ago_has_its_hour(installation: Installation, recording: RecordingId) -> None:
    change(installation, recording, kept_at=NOW - DAY)
    hold(installation, recording)
    assert found(installation, HOUR / 2) == []
    assert found(installation, 2 * HOUR) == [("not-placed", str(recording))]
    release(installation, recording, NOW + 9 * DAY)
    assert found(installation, HOUR / 2) == []
    assert found(installation, 2 * HOUR) == [("not-placed", str(recording))]
    change(installation, recording, regime_changed_at=NOW + 2 * HOUR)
    assert found(installation, 2 * HOUR) == []


def test_a_place_that_is_said_and_not_taken(installation: Installation, recording: RecordingId) -> None:
    later = NOW + 9 * DAY
    move(installation, recording, later)
    change(installation, recording, placed_for=later)
    assert found(installation) == [("placed-under-another-day", str(recording))]
    change(installation, recording, placed_for=None)


def test_a_key_whose_row_was_taken_away(installation: Installation, recording: RecordingId) -> None:
    key_id = wrapped(installation, recording).key_id
    with installation.vault.database.transaction() as session:
        session.execute(delete(DisposalKey).where(DisposalKey.key_id == key_id))
    assert found(installation) == [
        ("disposal-key-without-row", key_id),
        ("placed-under-another-day", str(recording)),
    ]
    expire(installation.vault, KEEPER, now=NOW)
    assert found(installation) == []


def test_a_key_that_nobody_uses_is_found_when_its_day_is_over(installation: Installation) -> None:
    made = installation.vault.ring.footage.make_day_key(town.SLUG, date(2020, 1, 1))
    assert found(installation) == [("disposal-key-without-row", made)]
    assert expired(installation, NOW) == 1


def test_a_used_key_that_is_not_in_the_ring(
    installation: Installation, recording: RecordingId, tmp_path: Path
) -> None:
    sealed = wrapped(installation, recording)
    [folder] = (installation.settings.keys / "ring" / "disposal").iterdir()
    shutil.move(folder, tmp_path / folder.name)
    assert sorted(found(installation)) == [
        ("disposal-key-missing", sealed.key_id),
        ("sealed-key-does-not-open", str(recording)),
    ]
    shutil.move(tmp_path / folder.name, folder)
    write(installation, sealed.key_id, destroyed_at=NOW)
    assert [name for name, _ in found(installation)] == ["destroyed-key-is-back", "disposal-key-missing"]
    # It is used: nothing destroys it before somebody looked.
    assert expired(installation, NOW) == 0
    write(installation, sealed.key_id, destroyed_at=None)


@pytest.mark.parametrize(
    "values",
    [{"day": date(2020, 1, 1)}, {"closes": date(2020, 1, 1)}, {"spoiled_at": NOW - 2 * HOUR}],
    ids=["day", "closes", "spoiled"],
)
def test_a_key_that_outlived_its_day(installation: Installation, values: dict[str, object]) -> None:
    made = kept(installation)
    place(installation.vault, now=NOW)
    key_id = wrapped(installation, made).key_id
    gone(installation, made)
    change(installation, made, state=State.ABANDONED)
    write(installation, key_id, **values)
    assert found(installation) == [("disposal-key-outlived-its-day", key_id)]
    assert expired(installation, NOW) == 1
    assert found(installation) == []


def test_a_destroyed_key_that_is_back(
    installation: Installation, recording: RecordingId, tmp_path: Path
) -> None:
    ring = installation.settings.keys / "ring" / "disposal"
    shutil.copytree(ring, tmp_path / "backup")
    key_id = wrapped(installation, recording).key_id
    gone(installation, recording)
    change(installation, recording, state=State.ABANDONED)
    write(installation, key_id, spoiled_at=NOW)
    assert expired(installation, NOW) == 1
    shutil.copytree(tmp_path / "backup", ring, dirs_exist_ok=True)
    assert found(installation) == [("destroyed-key-is-back", key_id)]
    assert expired(installation, NOW) == 1
    assert found(installation) == []


def test_intake_keys_that_are_old_or_back(installation: Installation) -> None:
    attend(installation.vault, KEEPER, Cycle(), now=NOW)
    others = [each for each in installation.vault.ring.footage.municipalities() if each != town.SLUG]
    [first] = installation.vault.ring.footage.intake_keys(town.SLUG)
    assert found(installation, 7 * DAY) == []
    rotate_sealing(installation.settings.keys, installation.ingest_settings.keys, town.SLUG)
    attend(installation.vault, KEEPER, Cycle(), now=NOW + 6 * DAY)
    assert found(installation, 8 * DAY) == [("sealing-key-too-old", name) for name in sorted(others)]
    assert not found(installation, 7 * DAY)
    with installation.vault.database.transaction() as session:
        session.get_one(IntakeKey, first).destroyed_at = NOW
    assert found(installation) == [("destroyed-key-is-back", first)]
    cycle = Cycle(installation.ingest_settings.keys, replaces=False)
    attend(installation.vault, KEEPER, cycle, now=NOW + 8 * DAY)
    assert first not in installation.vault.ring.footage.intake_keys(town.SLUG)


def test_a_wrapping_of_another_recording(installation: Installation, recording: RecordingId) -> None:
    other = kept(installation, seed=2)
    place(installation.vault, now=NOW)
    own = wrapped(installation, recording)
    put(installation, recording, wrapped(installation, other))
    assert found(installation) == [("sealed-key-does-not-open", str(recording))]
    put(installation, recording, own)
