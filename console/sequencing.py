"""The keeper's work on the log: numbers every second, a look whether all is in it every few minutes."""

import time
from datetime import UTC, datetime

import structlog
from prometheus_client import Gauge

from vault.log import invariants, reading
from vault.log.sequencer import MOST, LogBroken, lag, sequence
from vault.vault import Vault

log = structlog.get_logger()

ENTRIES = Gauge("log_entries", "Entries that have a number in the log.")
LAG = Gauge("log_lag_seconds", "Age of the oldest entry without a number in the log.")
REFUSED = Gauge("log_refused", "1 while the log is not what it signed last: nothing is numbered.")
UNNUMBERED = Gauge("log_unnumbered", "Recent entries that should have a number and have none; must be zero.")

MOST_LAG = 60.0
"""Seconds after which an entry without a number is an alarm."""
ALARM_SECONDS = 60.0
"""The same alarm is told once in so many seconds: the work is done every second."""


class Sequencing:
    """One keeper's share. Others may do the same beside it: one of them leads, by the database's lock."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._told: dict[str, float] = {}

    def number(self) -> int:
        """Number what waits, and say how the log is. Tells of no count: it is done every second."""
        try:
            # At once again after a full round only: who never pauses would get a checkpoint each moment.
            while sequence(self._vault, now=datetime.now(UTC)) == MOST:
                pass
        except LogBroken as error:
            REFUSED.set(1)
            self._alarm("log.refused", why=str(error))
        else:
            REFUSED.set(0)
        with self._vault.database.reading() as session:
            behind = lag(session, now=datetime.now(UTC))
            ENTRIES.set(reading.size(session))
        LAG.set(behind)
        if behind > MOST_LAG:
            self._alarm("log.lags", count=int(behind))
        return 0

    def reconcile(self) -> int:
        """Find recent entries that should be in the log and are not; each is an alarm."""
        now = datetime.now(UTC)
        with self._vault.database.reading() as session:
            found = list(invariants.unnumbered(session, now - invariants.RECENT, now))
        UNNUMBERED.set(len(found))
        for finding in found:
            log.error("invariant.broken", check=finding.check, why=finding.about)
        return len(found)

    def _alarm(self, event: str, **said: object) -> None:
        now = time.monotonic()
        if now - self._told.get(event, -ALARM_SECONDS) >= ALARM_SECONDS:
            self._told[event] = now
            log.error(event, **said)
