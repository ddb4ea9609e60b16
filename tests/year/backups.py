"""Backups of database and objects: the one that is needed, and the old one in the wrong hands."""

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from tests.year.ledger import AMSTERDAM
from tests.year.world import World
from vault.db import Database
from vault.disposal.tables import Disposal
from vault.keys import KeyRingError, WrappedKey
from vault.tables import Arrival, Recording, SealedKey


@dataclass(frozen=True)
class Backup:
    """Database and objects as they were one night; the rings are not in it."""

    day: date
    folder: Path


def make(world: World) -> Backup:
    """A full backup of now."""
    day = world.now.astimezone(AMSTERDAM).date()
    folder = world.home / "backups" / f"{world.now:%Y-%m-%dT%H%M}"
    folder.mkdir(parents=True)
    with (
        closing(sqlite3.connect(world.home / "vault.db")) as source,
        closing(sqlite3.connect(folder / "vault.db")) as target,
    ):
        source.backup(target)
    # An object never changes, so another name of the same file is a copy of it.
    shutil.copytree(world.home / "objects", folder / "objects", copy_function=os.link)
    return Backup(day, folder)


def lose_everything_but(world: World, backup: Backup) -> None:
    """The disk is lost; database and objects come back from the backup. The rings were elsewhere."""
    world.vault.database.close()
    world.intake.database.close()
    for left in world.home.glob("vault.db*"):
        left.unlink()
    shutil.rmtree(world.home / "objects")
    shutil.copy(backup.folder / "vault.db", world.home / "vault.db")
    shutil.copytree(backup.folder / "objects", world.home / "objects", copy_function=os.link)
    world.reopen()


@dataclass(frozen=True)
class Tried:
    """How many of the wrapped keys in an old backup open with every key that there is today."""

    gone: int
    """Of recordings that were disposed of since, before today."""
    gone_opened: int
    kept: int
    """Of recordings that are still kept."""
    kept_opened: int


def try_to_open(world: World, backup: Backup) -> Tried:
    """Open what an old backup holds, with both rings as they are now."""
    today = world.now.astimezone(AMSTERDAM).date()
    with world.vault.database.reading() as session:
        gone = {
            recording
            for recording, begun in session.execute(select(Disposal.recording_id, Disposal.begun_at))
            if begun.astimezone(AMSTERDAM).date() < today
        }
        kept = set(session.scalars(select(SealedKey.recording_id)))
    opened: set[UUID] = set()
    held: set[UUID] = set()
    old = Database(f"sqlite:///{backup.folder / 'vault.db'}")
    with old.reading() as session:
        owners = dict(session.execute(select(Recording.id, Recording.municipality_id)).all())
        for row in session.scalars(select(SealedKey)):
            held.add(row.recording_id)
            wrapped = WrappedKey(row.key_id, row.sealed)
            if _opens(world, wrapped, row.recording_id, owners[row.recording_id]):
                opened.add(row.recording_id)
        for arrival in session.scalars(select(Arrival).where(Arrival.sealed.is_not(None))):
            if arrival.key_id and arrival.sealed:
                held.add(arrival.recording_id)
                wrapped = WrappedKey(arrival.key_id, arrival.sealed)
                if _arriving_opens(world, wrapped, arrival.recording_id, owners[arrival.recording_id]):
                    opened.add(arrival.recording_id)
    old.close()
    return Tried(len(held & gone), len(opened & gone), len(held & kept), len(opened & kept))


def _opens(world: World, wrapped: WrappedKey, recording: UUID, municipality: str) -> bool:
    try:
        world.vault.ring.unwrap(wrapped, recording=recording, municipality=municipality)
    except KeyRingError:
        return False
    return True


def _arriving_opens(world: World, wrapped: WrappedKey, recording: UUID, municipality: str) -> bool:
    try:
        world.intake.ring.unwrap_arriving(wrapped, recording=recording, municipality=municipality)
    except KeyRingError:
        return False
    return True


def forget(backup: Backup) -> None:
    """A backup's own term is over."""
    shutil.rmtree(backup.folder)


def age(backup: Backup, now: datetime) -> int:
    """Days since it was made."""
    return (now.astimezone(AMSTERDAM).date() - backup.day).days
