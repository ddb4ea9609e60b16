"""Disposing: what a recording costs the sweep among a million others, and proof beside bare deletion.

What is filled in has the rows that a kept recording has; what is due has real objects too, of four parts. The
sweep is measured as the keeper does it, with the figures it sets.
"""

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID

from sqlalchemy import delete, select, text

from bench.figures import Figure, at_least, at_most, interleaved
from console.demo import town
from tests.installation import Installation, at_scale, build
from tests.servers.postgres import Postgres, postgres
from tests.servers.radosgw import radosgw
from vault.disposal.alarms import Alarm
from vault.disposal.discarding import THREADS
from vault.disposal.sweeping import AT_ONCE, sweep
from vault.signals.raising import KEEPER
from vault.tables import Part, Recording, SealedKey, State

MANY, FEW = 1_000_000, 10_000
PARTS, PART = 4, 4096
DUE, ROUNDS = 400, 9
FAR_DUE, FAR_ROUNDS = 100, 5
"""Where each object waits for a disk or a network."""

_STORED = """
INSERT INTO recording (id, municipality_id, camera_id, officer_id, team, recorded_at, regime, state, length,
                       sha256, media, dispose_after, kept_at)
SELECT gen_random_uuid(), :municipality, :camera, :officer, '', began, 'avg',
       CASE WHEN number % 10 = 0 THEN 'disposed' ELSE 'kept' END,
       :length, md5(number::text) || md5((-number)::text), '{"seconds": 60.0}',
       CASE WHEN number % 50 = 1 THEN TIMESTAMPTZ '8999-12-31' ELSE began + interval '28 days' END, began
FROM (SELECT number, CAST(:now AS timestamptz) - number * interval '27 days' / :many AS began
      FROM generate_series(1, :many) AS number) AS made
"""
_KEYS = """
INSERT INTO sealed_key (recording_id, key_id, sealed)
SELECT recording.id, 'bench', '\\x00'::bytea FROM recording WHERE state = 'kept'
"""
_PARTS = """
INSERT INTO part (recording_id, index, first, length, object_name, header)
SELECT recording.id, 0, 0, length, recording.id || '/000000-0000000000000000', '\\x00'::bytea
FROM recording WHERE state = 'kept'
"""
_DUE = """
INSERT INTO recording (id, municipality_id, camera_id, officer_id, team, recorded_at, regime, state, length,
                       sha256, media, dispose_after, kept_at)
SELECT gen_random_uuid(), :municipality, :camera, :officer, '', moment - interval '40 days',
       'avg', 'kept', :length, md5(random()::text) || md5(random()::text), '{"seconds": 60.0}',
       moment - number * interval '1 second', moment - interval '40 days'
FROM (SELECT number, CAST(:now AS timestamptz) AS moment FROM generate_series(1, :many) AS number) AS made
RETURNING id
"""
_DUE_KEYS = text("""
INSERT INTO sealed_key (recording_id, key_id, sealed)
SELECT id, 'bench', '\\x00'::bytea FROM unnest(CAST(:ids AS uuid[])) AS id
""")


@dataclass(frozen=True)
class House:
    """An installation with so much stored."""

    made: Installation
    due: int
    """Recordings that fall due for each measure."""

    def fill(self, many: int) -> None:
        """Store so many recordings of the last four weeks; nobody looks for their objects."""
        database = self.made.vault.database
        with database.transaction() as session:
            session.execute(text(_STORED), self._values(many, length=16_000_000))
            session.execute(text(_KEYS))
            session.execute(text(_PARTS))
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))

    def fall_due(self) -> list[UUID]:
        """Recordings that are due, with their rows and their objects."""
        with self.made.vault.database.transaction() as session:
            ids = list(session.scalars(text(_DUE), self._values(self.due, length=PARTS * PART)))
            session.execute(_DUE_KEYS, {"ids": ids})
            parts = [(each, index, _name(each, index)) for each in ids for index in range(PARTS)]
            session.add_all(
                Part(
                    recording_id=each,
                    index=index,
                    first=index * PART,
                    length=PART,
                    object_name=name,
                    header=b"\0",
                )
                for each, index, name in parts
            )
        put = partial(self.made.vault.store.put, body=secrets.token_bytes(PART))
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda part: put(part[2]), parts))
        return ids

    def sweep(self) -> float:
        """Seconds for each recording that the keeper's round disposes of."""
        self.fall_due()
        now = datetime.now(UTC)
        began = time.perf_counter()
        alarm = Alarm(since=now)
        swept = alarm.watch(partial(sweep, self.made.vault, KEEPER, now=now), self.made.vault, now=now)
        seconds = time.perf_counter() - began
        assert swept.disposed == self.due
        return seconds / self.due

    def delete(self) -> float:
        """Seconds for each recording whose objects and rows are just deleted, in batches as large."""
        self.fall_due()
        vault, left = self.made.vault, self.due
        began = time.perf_counter()
        while left:
            names = self._next()
            if vault.store.at_hand:
                for each in names.values():
                    self._discard(each)
            else:
                with ThreadPoolExecutor(THREADS) as pool:
                    list(pool.map(self._discard, names.values()))
            with vault.database.transaction() as session:
                for table in (Part, SealedKey):
                    session.execute(delete(table).where(table.recording_id.in_(names)))
                session.execute(delete(Recording).where(Recording.id.in_(names)))
            left -= len(names)
        return (time.perf_counter() - began) / self.due

    def _next(self) -> Mapping[UUID, Sequence[str]]:
        with self.made.vault.database.reading() as session:
            ids = session.scalars(
                select(Recording.id)
                .where(
                    Recording.state.in_([State.KEPT, State.QUARANTINED]),
                    Recording.dispose_after <= datetime.now(UTC),
                )
                .order_by(Recording.dispose_after, Recording.id)
                .limit(AT_ONCE)
            ).all()
            names: dict[UUID, list[str]] = {each: [] for each in ids}
            query = select(Part.recording_id, Part.object_name).where(Part.recording_id.in_(ids))
            for recording, name in session.execute(query):
                names[recording].append(name)
        return names

    def _discard(self, names: Sequence[str]) -> None:
        for name in names:
            self.made.vault.store.discard(name)

    def _values(self, many: int, length: int) -> dict[str, object]:
        with self.made.vault.database.reading() as session:
            camera = session.scalar(text("SELECT id FROM camera LIMIT 1"))
        return {
            "municipality": town.SLUG,
            "camera": camera,
            "officer": self.made.town.people[town.OFFICER.subject],
            "now": datetime.now(UTC),
            "many": many,
            "length": length,
        }

    def close(self) -> None:
        self.made.vault.database.close()
        self.made.intake.database.close()


def among_a_million(home: Path) -> Iterator[Figure]:
    """`sweep`: a disposed recording's cost with a million stored against ten thousand, on PostgreSQL."""
    with postgres() as server:
        many, few = _house(home / "many", server, MANY), _house(home / "few", server, FEW)
        took = interleaved(ROUNDS, {"many": many.sweep, "few": few.sweep})
        many.close()
        few.close()
    yield Figure("sweep_ms", took["many"] * 1000, "ms")
    yield Figure("sweep", took["many"] / took["few"], "x", at_most(1.2))


def on_disk(home: Path) -> Iterator[Figure]:
    """`dispose_rate`: recordings disposed of per second, against rows and objects deleted without key, log
    and certificate, on PostgreSQL and a directory on disk."""
    with postgres() as server:
        house = _house(home / "files", server, FEW, FAR_DUE)
        yield from _rate("dispose_rate", house, FAR_ROUNDS, goal=True)


def elsewhere(home: Path) -> Iterator[Figure]:
    """The same on a directory in memory, where removing a file costs next to nothing, and on S3."""
    with postgres() as server, radosgw() as gateway:
        yield from _rate("dispose_rate_memory", _house(home / "files", server, FEW), ROUNDS)
        distant = House(at_scale(home / "s3", server.fresh(), gateway), FAR_DUE)
        distant.fill(FEW)
        yield from _rate("dispose_rate_s3", distant, FAR_ROUNDS)


def _rate(name: str, house: House, rounds: int, *, goal: bool = False) -> Iterator[Figure]:
    took = interleaved(rounds, {"sweep": house.sweep, "delete": house.delete})
    house.close()
    yield Figure(f"{name}_per_second", 1 / took["sweep"], "recordings/s")
    yield Figure(name, took["delete"] / took["sweep"], "x", at_least(0.5) if goal else None)


def _house(home: Path, server: Postgres, many: int, due: int = DUE) -> House:
    made = build(home, server.fresh(), {"objects_url": (home / "objects").as_uri()})
    house = House(made, due)
    house.fill(many)
    return house


def _name(recording: UUID, index: int) -> str:
    return f"{recording}/{index:06d}-{secrets.token_hex(8)}"
