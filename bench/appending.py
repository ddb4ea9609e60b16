"""Appending to the trail on PostgreSQL: what the log adds to plain inserts, and what a hash chain would cost.

Eight processes insert entries that `vault.audit.append` made beforehand, each in a transaction of its own, by
the statements of the vault. What is measured is the database and the log, not how an entry is made.
"""

import hashlib
import multiprocessing
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import Column, Executable, Integer, LargeBinary, MetaData, Table, select, text, update

from bench.figures import Figure, at_least, interleaved
from tests.installation import Installation, build
from tests.servers.postgres import Postgres, postgres
from vault import audit
from vault.audit import Actor, Entry
from vault.audit import Event as Happening
from vault.ids import new_id
from vault.keys import KeyRing
from vault.log.sequencer import sequence
from vault.settings import Settings
from vault.statements import Statements
from vault.vault import database_of, open_vault

WRITERS = 8
ROUNDS = 5
EACH = 5000
"""Entries that one writer inserts in a round."""
EACH_CHAINED = 1500
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["bench.appending"])

_HEAD = Table(
    "bench_head",
    MetaData(),
    Column("one", Integer, primary_key=True),
    Column("hash", LargeBinary),
)
_LOCK_HEAD = select(_HEAD.c.hash).where(_HEAD.c.one == 1).with_for_update()
_MOVE_HEAD = update(_HEAD).where(_HEAD.c.one == 1)

Made: TypeAlias = list[tuple[Executable, dict[str, Any]]]
"""One entry, as the statements that insert it."""


def among_eight_writers(home: Path) -> Iterator[Figure]:
    """`audit_append`: entries a second with the sequencer at work each second and everything numbered at the
    end, against the same inserts without it, and against a hash chain: each entry's link is made under the
    lock of the row that has the last one."""
    with postgres() as server:
        plain, logged, chained = (_installation(home / name, server) for name in ("plain", "log", "chain"))
        with chained.vault.database.transaction() as session:
            session.execute(text("CREATE TABLE bench_head (one integer PRIMARY KEY, hash bytea)"))
            session.execute(text("INSERT INTO bench_head VALUES (1, '')"))
        rates = interleaved(
            ROUNDS,
            {
                "plain": lambda: _rate(plain.settings, _insert, EACH),
                "logged": lambda: _rate(logged.settings, _insert, EACH, sequenced=True),
                "chained": lambda: _rate(chained.settings, _insert_chained, EACH_CHAINED),
            },
        )
        for made in (plain, logged, chained):
            made.vault.database.close()
            made.intake.database.close()
    yield Figure("audit_append_per_second", rates["logged"], "entries/s")
    yield Figure("audit_append_to_plain", rates["logged"] / rates["plain"], "x", at_least(0.85))
    yield Figure("audit_append_to_chain", rates["logged"] / rates["chained"], "x", at_least(2.5))


def _installation(home: Path, server: Postgres) -> Installation:
    home.mkdir()
    return build(home, server.fresh(), {"objects_url": (home / "objects").as_uri()})


def _rate(
    settings: Settings, insert: Callable[[Statements, Made], None], each: int, *, sequenced: bool = False
) -> float:
    """Entries a second, from the moment that all writers are ready until the last is in, and in the log."""
    ready, written = _FORKS.Barrier(WRITERS + sequenced + 1), _FORKS.Barrier(WRITERS + 1)
    stop, drained = _FORKS.Event(), _FORKS.Event()
    workers = [
        _FORKS.Process(target=_write, args=(settings, insert, each, ready, written)) for _ in range(WRITERS)
    ]
    if sequenced:
        workers.append(_FORKS.Process(target=_sequence, args=(settings, ready, stop, drained)))
    for worker in workers:
        worker.daemon = True
        worker.start()
    ready.wait()
    began = time.perf_counter()
    written.wait()
    stop.set()
    if sequenced:
        drained.wait()
    took = time.perf_counter() - began
    for worker in workers:
        worker.join()
    return WRITERS * each / took


def _write(
    settings: Settings,
    insert: Callable[[Statements, Made], None],
    each: int,
    ready: Barrier,
    written: Barrier,
) -> None:
    database, ring = database_of(settings), KeyRing.load(settings.keys)
    entries = [_made(ring) for _ in range(each)]
    database.check()
    ready.wait()
    for entry in entries:
        with database.statements() as within:
            insert(within, entry)
    written.wait()
    database.close()


def _sequence(settings: Settings, ready: Barrier, stop: Event, drained: Event) -> None:
    """As the keeper does, every second; at the end until nothing is left."""
    vault = open_vault(settings)
    ready.wait()
    while not stop.wait(1.0):
        sequence(vault, now=datetime.now(UTC))
    while sequence(vault, now=datetime.now(UTC)):
        pass
    drained.set()
    vault.database.close()


class _Listening:
    """Takes down what `append` would have done."""

    def __init__(self) -> None:
        self.said: Made = []

    def execute(self, statement: Executable, values: dict[str, Any]) -> None:
        self.said.append((statement, values))


def _made(ring: KeyRing) -> Made:
    within: Any = _Listening()
    viewing = Entry(
        event=Happening.VIEWING_SERVED,
        at=datetime.now(UTC),
        actor=Actor("person", str(new_id()), "Sam de Vries", ("supervisor",)),
        municipality="noordwijk",
        thing=("recording", str(new_id())),
        subject=str(new_id()),
        decision="allow",
        rule_set="ab" * 32,
        rules=["watch-under-grant"],
        regime="avg",
        facts={"first": 0, "last": 2**20},
        details={"grant": str(new_id())},
    )
    audit.append(within, ring, viewing)
    made: Made = within.said
    return made


def _insert(within: Statements, entry: Made) -> None:
    for statement, values in entry:
        within.execute(statement, values)


def _insert_chained(within: Statements, entry: Made) -> None:
    """Its link is made of the last one's and its own bytes, so nobody else can append until this commits."""
    (add_entry, row), (add_payload, payload) = entry
    [head] = within.execute(_LOCK_HEAD, {})
    link = hashlib.sha256(bytes(head.hash) + row["leaf"]).digest()
    within.execute(add_entry, row)
    within.execute(_MOVE_HEAD, {"hash": link})
    within.execute(add_payload, payload)
