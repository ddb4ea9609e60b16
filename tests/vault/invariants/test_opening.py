"""Footage that does not open is found: its ends always, all of it when all is asked, in turns at night."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from ingest.probe import NotFootage
from tests.installation import Installation
from tests.stores import BrittleStore
from tests.watching import PART, footage, keep
from vault.finding import Finding
from vault.ids import RecordingId, new_id
from vault.invariants import opening
from vault.invariants.depth import Depth, Tally, quiet
from vault.objects import StoreUnavailable
from vault.sealing import DataKey
from vault.tables import Part, Recording, SealedKey, State

NOW = datetime(2027, 5, 4, 3, 15, tzinfo=UTC)
LENGTH = 3 * PART + 777
CHUNK, TAG, HEADER = 16 * 1024, 16, 56


def found(made: Installation, depth: Depth = Depth.EVERY, now: datetime = NOW) -> list[Finding]:
    return list(opening.check(made.vault, now=now, depth=depth, tell=quiet))


def path_of(made: Installation, recording: RecordingId, part: int) -> Path:
    with made.vault.database.reading() as session:
        name = session.get_one(Part, (recording, part)).object_name
    return made.home / "objects" / name


def flip(path: Path, at: int) -> None:
    """Change one byte of an object, as a disk or a hand would."""
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)


@pytest.mark.parametrize("depth", Depth)
def test_whole_footage_opens(installation: Installation, depth: Depth) -> None:
    for length in (1, CHUNK, PART, PART + 1, LENGTH):
        keep(installation, footage(length, seed=length))
    keep(installation, footage(1000), seen=NotFootage("not-footage"))
    tally = Tally()
    assert list(opening.check(installation.vault, now=NOW, depth=depth, tell=tally)) == []
    assert tally.looked_at["opened"] == 6


@pytest.mark.parametrize(
    ("part", "at"),
    [(0, HEADER), (0, HEADER + CHUNK + TAG - 1), (3, HEADER), (3, HEADER + 777)],
    ids=["first byte", "end of the first chunk", "last chunk", "its tag"],
)
@pytest.mark.parametrize("depth", Depth)
def test_one_byte_in_the_first_or_the_last_chunk_is_found(
    small: Installation, part: int, at: int, depth: Depth
) -> None:
    other, hurt = keep(small, footage(1000)), keep(small, footage(LENGTH))
    flip(path_of(small, hurt, part), at)
    assert found(small, depth) == [Finding("footage-does-not-open", str(hurt))]
    assert other != hurt


def test_a_byte_between_is_found_by_reading_all_or_within_so_many_nights(small: Installation) -> None:
    hurt = keep(small, footage(LENGTH))
    flip(path_of(small, hurt, 1), HEADER + 5)
    wrong = [Finding("footage-does-not-open", str(hurt))]
    assert found(small, Depth.DEEP) == wrong
    nights = [found(small, now=NOW + timedelta(days=day)) for day in range(100)]
    # One chunk of thirteen each night: which one differs.
    assert 1 <= nights.count(wrong) <= 30
    assert nights.count([]) == 100 - nights.count(wrong)


def test_all_of_it_is_compared_with_its_digest(small: Installation) -> None:
    """The bytes open, and are not those that a receipt was given for."""
    hurt = keep(small, footage(LENGTH))
    with small.vault.database.transaction() as session:
        session.execute(update(Recording).values(sha256="ab" * 32))
    assert found(small) == []
    assert found(small, Depth.DEEP) == [Finding("footage-differs", str(hurt))]


def test_footage_under_another_key_does_not_open(small: Installation) -> None:
    """The key opens with the ring, but is not the one it was sealed with."""
    hurt = keep(small, footage(LENGTH))
    with small.vault.database.transaction() as session:
        row = session.get_one(SealedKey, hurt)
        municipality = session.get_one(Recording, hurt).municipality_id
        wrapped = small.vault.ring.wrap(DataKey.generate(), recording=hurt, municipality=municipality)
        row.key_id, row.sealed = wrapped.key_id, wrapped.sealed
    assert found(small) == [Finding("footage-does-not-open", str(hurt))]


def test_what_other_checks_tell_is_not_told_twice(small: Installation) -> None:
    lost, crooked, keyless = (keep(small, footage(LENGTH, seed=seed)) for seed in range(3))
    path_of(small, lost, 0).unlink()
    with small.vault.database.transaction() as session:
        session.get_one(Part, (crooked, 0)).first = 5
        session.get_one(SealedKey, keyless).sealed = bytes(80)
    assert found(small) == []


def test_what_goes_or_moves_to_another_key_while_it_is_looked_at_is_no_finding(small: Installation) -> None:
    """Read with an old key or while it was kept, and opened a moment later."""
    recording = keep(small, footage(LENGTH))
    flip(path_of(small, recording, 0), HEADER)

    class Going(BrittleStore):
        def fetch(self, name: str, first: int, last: int) -> bytes:
            with small.vault.database.transaction() as session:
                session.execute(update(Recording).values(state=State.DISPOSING))
            return super().fetch(name, first, last)

    going = replace(small, vault=replace(small.vault, store=Going(small.vault.store)))
    assert found(going) == []


def test_a_store_that_is_away_is_no_finding_but_no_check_either(small: Installation) -> None:
    keep(small, footage(LENGTH))
    away = BrittleStore(small.vault.store, on_fetch=lambda _: StoreUnavailable("away"))
    with pytest.raises(StoreUnavailable):
        found(replace(small, vault=replace(small.vault, store=away)))


def test_at_night_each_has_its_turn(small: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "EACH_NIGHT", 3)
    monkeypatch.setattr(opening, "AT_ONCE", 2)
    for seed in range(10):
        flip(path_of(small, keep(small, footage(100, seed=seed)), 0), HEADER)
    nights = [{each.about for each in found(small, Depth.NIGHT, NOW + timedelta(days=n))} for n in range(3)]
    assert sorted(len(night) for night in nights) == [3, 3, 4]
    assert len(set.union(*nights)) == 10
    assert len(found(small, Depth.EVERY)) == 10


def test_where_between_is_another_each_day_and_always_inside() -> None:
    recording = new_id()
    places = {opening._between(recording, 10**6, NOW + timedelta(days=day)) for day in range(50)}
    assert len(places) == 50
    assert all(0 <= place < 10**6 for place in places)
    assert opening._between(recording, 1, NOW) == 0
    assert opening._between(new_id(), 10**6, NOW) != opening._between(recording, 10**6, NOW)
