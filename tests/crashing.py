"""A minute in which everything dies again and again, under load; then the log must be whole.

    python -m tests.crashing --seconds 60

Two processes of the vault, the keeper (which is the sequencer) and PostgreSQL are ended at random, the first
three by SIGKILL, the database by an immediate shutdown, and started again at once. Afterwards: nothing was
served without an entry, every entry is in the log once, every checkpoint that was ever published continues
the one before it, and an export of the log verifies.
"""

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from statistics import median

import requests
from sqlalchemy import make_url, select

from auditor import merkle
from auditor.checkpoints import open_checkpoint
from auditor.notes import VerifierKey
from auditor.reading import Folder
from auditor.verify import Report, verify
from console.demo import town
from tests.dying import process_of
from tests.installation import MAKER, Installation, build, free_port
from tests.load import Watcher, Work
from tests.provider import HandMade, handmade
from tests.running import environment_of
from tests.servers.postgres import Postgres, postgres
from tests.watching import CASE, PURPOSE, REASON, footage, granted, keep
from vault.audit import Event
from vault.invariants import check_all
from vault.log import reading
from vault.log.exporting import export
from vault.log.tables import LogCheckpoint, LogEntry
from vault.tables import AuditEntry

CLIENTS, DOORS, GRANTS = 8, 2, 4
READY_SECONDS = 120.0


@dataclass
class Told:
    """What happened, for people."""

    seed: int
    key: VerifierKey
    """The log's: its export is in the folder ``export``."""
    kills: Counter[str] = field(default_factory=Counter)
    watched: int = 0
    asked: int = 0
    failed: int = 0
    entries: int = 0
    checkpoints: int = 0
    lag: tuple[float, float] = (0.0, 0.0)
    """Seconds from an entry to a checkpoint over it that somebody could read: the median, and the most."""

    def __str__(self) -> str:
        kills = ", ".join(f"{name} {count}" for name, count in sorted(self.kills.items()))
        return (
            f"killed: {kills}; served: {self.watched} ranges, {self.asked} requests, {self.failed} failed; "
            f"log: {self.entries} entries, {self.checkpoints} checkpoints seen, "
            f"lag {self.lag[0]:.2f} s, at most {self.lag[1]:.2f} s; seed {self.seed}"
        )


class Mortal:
    """A process that is started again whenever it is killed."""

    def __init__(self, start: Callable[[], BaseProcess], url: str) -> None:
        self._start = start
        self.url = url
        self._process = start()

    def kill(self) -> None:
        """Kill it when it is at work again, and start it anew."""
        self.await_ready()
        self.end()
        self._process = self._start()

    def end(self) -> None:
        """Kill it for good."""
        self._process.kill()
        self._process.join()

    def await_ready(self) -> None:
        """Raises TimeoutError when it does not come."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            with suppress(requests.RequestException):
                if requests.get(f"{self.url}/health/ready", timeout=5).ok:
                    return
            if not self._process.is_alive():
                # The database was away when it looked.
                self._process = self._start()
            time.sleep(0.05)
        raise TimeoutError(f"{self.url} is not ready")


@contextmanager
def mortals(made: Installation) -> Iterator[dict[str, Mortal]]:
    """Doors of the vault, and the keeper, all ready."""
    found = {}
    for name in [*(f"vault-{number}" for number in range(DOORS)), "keeper"]:
        command, port = name.partition("-")[0], free_port()
        listen = {f"BODYCAM_{command.upper()}_LISTEN": f"127.0.0.1:{port}"}
        environment = environment_of(made, command, **listen)
        log = made.home / f"{name}.log"
        found[name] = Mortal(
            lambda environment=environment, command=command, log=log: process_of(environment, command, log),  # type: ignore[misc]
            f"http://127.0.0.1:{port}",
        )
    try:
        for each in found.values():
            each.await_ready()
        yield found
    finally:
        for each in found.values():
            each.end()


def crash(
    home: Path, server: Postgres, provider: HandMade, *, seconds: float, seed: int, calm: bool = False
) -> Told:
    """Let everything die for so long, and assert that nothing was lost; what happened.

    `calm`: nobody dies, to see how long an entry waits for its checkpoint then.
    """
    objects = {"objects_url": (home / "objects").as_uri()}
    made = build(home, server.fresh(), objects, oidc_issuer=provider.issuer)
    plain = footage()
    recording = keep(made, plain)
    work = Work(
        [],
        provider.token(town.SUPERVISOR.subject, exp=int(time.time() + seconds + 600)),
        [str(granted(made, recording)) for _ in range(GRANTS)],
        {"recordingId": str(recording), "purpose": PURPOSE, "reason": REASON, "caseReference": CASE},
        plain,
    )
    told, chance = Told(seed, made.vault.ring.log_keys[0]), random.Random(seed)
    database = make_url(made.settings.database_url.get_secret_value())
    watcher = Watcher(database.set(drivername="postgresql").render_as_string(hide_password=False))
    with mortals(made) as running:
        work.urls = [each.url for name, each in running.items() if name != "keeper"]
        acts = {name: each.kill for name, each in running.items()} | {"postgres": server.crash}
        watcher.begin()
        work.begin(CLIENTS)
        for name in _in_turn({} if calm else acts, seconds, chance):
            acts[name]()
            told.kills[name] += 1
        work.end()
        for each in running.values():
            each.await_ready()
        _await_log(made)
        watcher.end()
    # Doors write what was on its way as they end, also after the keeper ended.
    made.settle()
    try:
        assert_whole(made, work, watcher, told)
    finally:
        made.vault.database.close()
        made.intake.database.close()
    return told


def _in_turn(acts: dict[str, Callable[[], None]], seconds: float, chance: random.Random) -> Iterator[str]:
    """Whom to kill next, until the time is over: at random, and each as often as the others."""
    until = time.monotonic() + seconds
    if not acts:
        time.sleep(seconds)
    while acts:
        for name in chance.sample(sorted(acts), len(acts)):
            time.sleep(chance.uniform(0.1, 1.0))
            if time.monotonic() > until:
                return
            yield name


def _await_log(made: Installation) -> None:
    """The keeper by itself numbers all that is there."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        with made.vault.database.reading() as session:
            if len(session.scalars(select(AuditEntry.id)).all()) == reading.size(session):
                return
        time.sleep(0.2)
    raise TimeoutError("the keeper does not number what is there")


def assert_whole(made: Installation, work: Work, watcher: Watcher, told: Told) -> None:
    """Nothing served without its entry, nothing lost, nothing contradicted; counts go into `told`."""
    vault = made.vault
    assert not work.wrong
    with vault.database.reading() as session:
        rows = session.execute(
            select(LogEntry.index, AuditEntry)
            .outerjoin(LogEntry, LogEntry.entry_id == AuditEntry.id)
            .order_by(LogEntry.index)
        ).all()
        tree, signed = reading.tree(session), list(session.scalars(select(LogCheckpoint)))
        # No entry without a number, no number twice, no gap.
        assert [index for index, _ in rows] == list(range(reading.size(session)))
        roots = {size: merkle.root(tree, size) for size, _ in watcher.seen.values()}
    _assert_accounted_for(work, [entry for _, entry in rows])
    key = vault.ring.log_keys[0]
    assert not watcher.shrunk
    for note, (size, _) in watcher.seen.items():
        head = open_checkpoint(note.encode(), key).checkpoint
        assert (head.size, head.root) == (size, roots[size]), "a published checkpoint is not of this log"
    assert set(watcher.seen) <= {each.note for each in signed}
    assert check_all(vault, now=datetime.now(UTC)) == []
    report = verified(made)
    assert not report.findings
    assert report.signed
    assert report.signed.checkpoint.size == len(rows)
    told.watched, told.asked, told.failed = len(work.watched), len(work.asked), work.failed
    told.entries, told.checkpoints = len(rows), len(watcher.seen)
    told.lag = _lag([entry.at.timestamp() for _, entry in rows], watcher)


def _assert_accounted_for(work: Work, entries: list[AuditEntry]) -> None:
    by_trace: dict[str, set[str]] = {}
    for entry in entries:
        by_trace.setdefault(json.loads(entry.leaf)["corr"][:32], set()).add(entry.event)
    unaccounted = [trace for trace in work.watched if Event.VIEWING_SERVED not in by_trace.get(trace, ())]
    assert not unaccounted, f"{len(unaccounted)} ranges were shown without an entry"
    unaccounted = [trace for trace in work.asked if Event.REQUEST_SUBMITTED not in by_trace.get(trace, ())]
    assert not unaccounted, f"{len(unaccounted)} requests were answered without an entry"


def _lag(moments: list[float], watcher: Watcher) -> tuple[float, float]:
    """How long entries were without a checkpoint that somebody saw: the median and the most, in seconds."""
    taken, waiting = [], 0
    for size, at in sorted(watcher.seen.values()):
        taken += [at - moment for moment in moments[waiting:size] if waiting]
        waiting = size
    return median(taken), max(taken)


def verified(made: Installation) -> Report:
    """What an auditor finds with an export of the log."""
    folder = made.home / "export"
    export(made.vault, folder, MAKER, (), now=datetime.now(UTC))
    return verify(Folder(folder), made.vault.ring.log_keys[0])


def main() -> None:
    """Run it for longer, and say what happened."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--seconds", type=float, default=60.0)
    asked.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    asked.add_argument("--calm", action="store_true", help="nobody dies: how long does an entry wait?")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as home, postgres() as server, handmade() as provider:
        print(crash(Path(home), server, provider, **vars(given)))


if __name__ == "__main__":
    main()
