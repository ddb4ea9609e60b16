"""What was really watched: an entry after each range, with the bytes that left (Wpg art. 32a, consultation).

The entry before a range is what law 1 asks; the one after it is a courtesy to whoever reads the trail. So it
may come a moment later, several in one transaction, and a process that dies owes it: a range without a
completion shows in the trail as just that.
"""

import queue
import threading
from dataclasses import dataclass
from datetime import datetime

import structlog
from prometheus_client import Counter

from vault import audit, tracing
from vault.audit import Entry, Event
from vault.tracing import Trace
from vault.vault import Vault
from vault.viewing import Viewing

log = structlog.get_logger()

WATCHED = Counter("viewing_bytes_total", "Bytes of footage that were watched.")
MOST_AT_ONCE = 100
"""How many are written in one transaction. SQLite has one writer: who wants to watch waits for that long,
some milliseconds."""
PAUSE_SECONDS = 1.0
"""How long completions are gathered before they are written."""
BREATH_SECONDS = 0.01
"""How long others may write before the next of many such transactions."""


@dataclass(frozen=True)
class _Completion:
    viewing: Viewing
    bytes_sent: int
    at: datetime
    trace: Trace
    """Of the answer whose end it is: what writes it does so for many."""


class Completions:
    """Gathers the ends of viewings and writes them in the background, until closed."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._queue: queue.SimpleQueue[_Completion] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="completions", daemon=True)
        self._thread.start()

    def add(self, viewing: Viewing, bytes_sent: int, at: datetime) -> None:
        """So many bytes of a viewing's range have left by `at`: fewer than its span when broken off."""
        WATCHED.inc(bytes_sent)
        self._queue.put(_Completion(viewing, bytes_sent, at, tracing.step()))
        if not self._thread.is_alive():
            # A transfer that is cut off when the process stops ends after all else.
            self._write_all()

    def close(self) -> None:
        """Write what is left and stop."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.wait(PAUSE_SECONDS):
            self._write_all()
        self._write_all()

    def _write_all(self) -> None:
        while batch := self._take():
            try:
                self._write(batch)
            except Exception:
                log.exception("completions.lost", count=len(batch))
            self._closing.wait(BREATH_SECONDS)

    def _take(self) -> list[_Completion]:
        batch: list[_Completion] = []
        while len(batch) < MOST_AT_ONCE and not self._queue.empty():
            batch.append(self._queue.get())
        return batch

    def _write(self, batch: list[_Completion]) -> None:
        with self._vault.database.statements() as within:
            for done in batch:
                viewing = done.viewing
                entry = Entry(
                    event=Event.VIEWING_COMPLETED,
                    at=done.at,
                    actor=viewing.actor,
                    municipality=viewing.municipality,
                    thing=("recording", str(viewing.footage.recording)),
                    previous=viewing.entry,
                    facts={"first": viewing.span[0], "last": viewing.span[1], "bytes": done.bytes_sent},
                    trace=done.trace,
                )
                audit.append(within, self._vault.ring, entry)
