"""Footage comes in: by ingest's own verbs, without HTTP; what ffprobe says of it is told beforehand."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from unittest.mock import patch

from ingest import examination
from ingest.announcement import Announcement, announce
from ingest.clocks import Clocks
from tests.watching import SEEN, store_parts
from tests.year.ledger import Expected
from tests.year.places import Place
from tests.year.world import World
from vault.ids import RecordingId
from vault.tables import Arrival, Recording, State

PART = 2048
"""Plaintext bytes of a part: little, so that a year fits in minutes and a recording has several."""
WRONG_DIGEST, NEVER_FINISHED, TWICE = 0.01, 0.01, 0.01
CLOCK_WRONG = 0.03


@dataclass(frozen=True)
class Shot:
    """One recording as a camera made it."""

    camera: str
    officer: str
    at: datetime


def dock(world: World, place: Place, shots: list[Shot]) -> None:
    """At the end of a shift a dock uploads everything."""
    for shot in shots:
        world.clock.now += timedelta(seconds=world.dice.uniform(1, 20))
        content = secrets.token_bytes(world.dice.randint(100, 3 * PART))
        if world.dice.random() < NEVER_FINISHED:
            _announce(world, place, shot, content)
            world.count("uploads that never finished")
            continue
        _arrive(world, place, shot, content)
        if world.dice.random() < TWICE:
            _arrive(world, place, shot, content)
            world.count("docked twice")


def _arrive(world: World, place: Place, shot: Shot, content: bytes) -> None:
    recording = _announce(world, place, shot, content)
    intake, now = world.intake, world.now
    with intake.database.reading() as session:
        arrival = session.get_one(Arrival, recording)
        if arrival.kept_as:
            return
        key = intake.arriving_key(arrival, place.slug)
    store_parts(intake, recording, key, content, PART, now=now)
    with patch.object(examination, "probe", lambda *_args, **_limits: SEEN):
        examination.examine(intake, recording, None, now=now)
    _expect(world, place, recording, shot)


def _announce(world: World, place: Place, shot: Shot, content: bytes) -> RecordingId:
    said, clocks = shot.at, None
    if world.dice.random() < CLOCK_WRONG:
        # Its clock is behind, perhaps by years; the dock, whose clock is right, says so.
        behind = timedelta(hours=world.dice.choice([1, 30, 24 * 365 * 20]))
        said, clocks = shot.at - behind, Clocks(world.now - behind, world.now)
        world.count("camera clocks corrected")
    digest = "0" * 64 if world.dice.random() < WRONG_DIGEST else None
    announced = Announcement(
        camera=shot.camera,
        officer=shot.officer,
        started_at=said,
        clocks=clocks,
        length=len(content),
        sha256=digest,
    )
    return announce(world.intake, place.dock, announced, now=world.now)


def _expect(world: World, place: Place, recording: RecordingId, shot: Shot) -> None:
    with world.vault.database.reading() as session:
        row = session.get_one(Recording, recording)
    if row.state == State.KEPT:
        world.count("recordings kept")
        begins = shot.at
    elif row.state == State.QUARANTINED:
        world.count("recordings in quarantine")
        begins = world.now
    else:
        return
    world.expected[recording] = Expected(place.slug, begins, world.now, world.terms[place.slug])
