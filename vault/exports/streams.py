"""A stream: reads the log on from where it was, and sends what it makes of it to one collector.

The order is the guarantee. 1. read on, 2. make the records, 3. deliver, and only when the collector has
acknowledged them 4. move on. Whoever dies in between sends the same again, under the same ids; nothing is
ever passed over. A record that a collector does not take holds its stream up, alone, and that is an alarm:
somebody must look, for a decision without its record is what this is against.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from prometheus_client import Counter, Gauge
from pydantic import SecretStr
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vault.exports import decisions, entries, otlp, processings
from vault.exports.collectors import Address, Collector, CollectorAway, RecordsRefused
from vault.exports.decisions import Activity, Record
from vault.exports.entries import KeyAwaited, Told
from vault.exports.making import Made, request_of
from vault.exports.processings import Draft, Line
from vault.log.tables import LogEntry
from vault.rulesets import RuleSetMissing
from vault.settings import Settings, SettingsRefused
from vault.tables import AuditEntry
from vault.vault import Vault

log = structlog.get_logger()

SENT = Counter("export_records_total", "Records that a collector acknowledged.", ["stream"])
WAITING = Gauge("export_waiting_entries", "Entries of the log that a stream has not come to yet.", ["stream"])
BEHIND = Gauge("export_behind_seconds", "Age of the first entry that a stream has not come to.", ["stream"])

MOST_ENTRIES = 250
"""In one request: with one record each, some hundreds of kilobytes."""
MOST_PARTS = 100
"""Of one question (`vault.web.authzen`)."""
MOST_ROUNDS = 40
"""Requests in one run, so that a run ends."""
FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(minutes=5)
KEYS_COME_WITHIN = timedelta(days=7)
"""An entry whose keys are not here is waited with for so long: they were rotated, and somebody must restart
this process. Of one that is older they are destroyed, or lost: its record says what the leaf does."""


Make = Callable[[Session, Sequence[list[Told]]], Made]


class Stream:
    """One stream, by its reader's name in the log."""

    def __init__(self, name: str, vault: Vault, collector: Collector, make: Make) -> None:
        self.name = name
        self._vault = vault
        self._collector = collector
        self._make = make
        self._most = MOST_ENTRIES
        self._failures = 0
        self._not_before: datetime | None = None

    def run(self, *, now: datetime) -> int:
        """Send what there is, unless the collector was away a moment ago. How many records it took."""
        if self._not_before and now < self._not_before:
            return 0
        sent = 0
        try:
            for _ in range(MOST_ROUNDS):
                done = self._round(now)
                if done is None:
                    break
                sent += done
                self._failures, self._not_before = 0, None
        except (CollectorAway, RecordsRefused, KeyAwaited) as error:
            self._wait(error, now)
        finally:
            self._tell(now)
        return sent

    def _round(self, now: datetime) -> int | None:
        """One request; None when there is nothing to send."""
        with self._vault.database.reading() as session:
            # 1. and 2.
            start = entries.place(session, self.name)
            found = self._questions(session, start, now - KEYS_COME_WITHIN)
            if not found:
                return None
            made = self._make(session, found)
        try:
            if made.records:
                # 3.
                self._collector.deliver(made.request)
        except RecordsRefused as error:
            if len(found) == 1:
                raise RecordsRefused(f"{found[0][0].id}: {error}") from error
            # Which of them is it? What was taken now comes again, as the same.
            self._most = max(1, len(found) // 2)
            return 0
        # 4.
        self._move(start, found[-1][-1].index + 1)
        self._most = min(self._most * 2, MOST_ENTRIES)
        SENT.labels(self.name).inc(made.records)
        return made.records

    def _questions(self, session: Session, start: int, whole_since: datetime) -> list[list[Told]]:
        """What to send at once: whole questions only, for each is one record."""
        for most in (self._most, self._most + MOST_PARTS):
            told = entries.read(session, self._vault.ring, start, most, whole_since=whole_since)
            found = list(entries.questions(told))
            # More of the last one may be beyond what was read, or not have come in yet.
            if found and not entries.is_whole(found[-1]):
                found.pop()
            if found or len(told) < most:
                break
        return found[: self._most]

    def _move(self, start: int, to: int) -> None:
        try:
            with self._vault.database.transaction() as session:
                moved = entries.move(session, self.name, start, to)
        except IntegrityError:
            moved = False
        if not moved:
            # Another keeper sent the same, and was the first to say so.
            log.info("export.moved-by-another", chore=self.name)

    def _wait(self, error: CollectorAway | RecordsRefused | KeyAwaited, now: datetime) -> None:
        wait = min(FIRST_WAIT * 2**self._failures, LONGEST_WAIT)
        self._failures = min(self._failures + 1, 10)
        if isinstance(error, CollectorAway):
            wait = error.wait or wait
            log.warning("export.away", chore=self.name, why=str(error))
        elif isinstance(error, KeyAwaited):
            log.error("export.key-awaited", chore=self.name, why=str(error))
        else:
            wait = LONGEST_WAIT
            log.error("export.refused", chore=self.name, why=str(error))
        self._not_before = now + wait

    def _tell(self, now: datetime) -> None:
        with self._vault.database.reading() as session:
            start = entries.place(session, self.name)
            # The first that is still there: what is pruned nobody waits for.
            first = session.execute(
                select(LogEntry.index, AuditEntry.at)
                .join(AuditEntry, AuditEntry.id == LogEntry.entry_id)
                .where(LogEntry.index >= start)
                .order_by(LogEntry.index)
                .limit(1)
            ).first()
            last = session.scalar(select(func.max(LogEntry.index)))
        waiting = last + 1 - first.index if first and last is not None else 0
        WAITING.labels(self.name).set(waiting)
        BEHIND.labels(self.name).set(max(0.0, (now - first.at).total_seconds()) if first else 0.0)


def streams_of(vault: Vault, settings: Settings) -> list[Stream]:
    """The streams that the settings name a collector for. Raises SettingsRefused for a certificate."""
    found: list[Stream] = []
    if settings.adl_url:
        to = _collector(settings, settings.adl_url, settings.adl_authorization, otlp.refused_records)
        found.append(decisions_to(to, vault))
    if settings.ldv_url:
        to = _collector(settings, settings.ldv_url, settings.ldv_authorization, otlp.refused_lines)
        found.append(processings_to(to, vault, settings.ldv_draft))
    return found


def _collector(
    settings: Settings, url: str, authorization: SecretStr | None, refused: Callable[[bytes], int]
) -> Collector:
    certificate, authority = settings.collector_certificate, settings.collector_authority
    try:
        return Collector(Address(url, authorization, certificate, authority), refused)
    except OSError as error:
        raise SettingsRefused(
            "BODYCAM_COLLECTOR_CERTIFICATE or BODYCAM_COLLECTOR_AUTHORITY cannot be read as PEM:"
            f" {type(error).__name__}"
        ) from None


def decisions_to(collector: Collector, vault: Vault) -> Stream:
    """The stream of decision records (ADL)."""
    activity = _activity_of(vault)

    def tell(questions: Sequence[list[Told]]) -> list[Record]:
        return [each for question in questions for each in decisions.records(question, vault.ring, activity)]

    return Stream("adl", vault, collector, lambda _, questions: request_of(questions, tell, otlp.of_records))


def processings_to(collector: Collector, vault: Vault, draft: Draft) -> Stream:
    """The stream of processings (LDV)."""
    activity = _activity_of(vault)
    told_of = set[str]()

    def make(session: Session, questions: Sequence[list[Told]]) -> Made:
        def tell(some: Sequence[list[Told]]) -> list[Line]:
            chosen = [told for question in some for told in question if processings.is_processing(told)]
            about = processings.subjects(session, chosen)
            made: list[Line] = []
            for told in chosen:
                made += processings.lines(told, about.get(told.index, ()), vault.ring, activity, draft)
                municipality = told.leaf.get("org")
                if municipality and municipality not in told_of and not activity(municipality, None):
                    # Once: it stands in every line until the municipality names it.
                    told_of.add(municipality)
                    log.warning("export.no-processing-activity", why=municipality)
            return made

        return request_of(questions, tell, otlp.of_lines)

    return Stream("ldv", vault, collector, make)


def _activity_of(vault: Vault) -> Activity:
    def activity(municipality: str, regime: str | None) -> str | None:
        try:
            return vault.rule_sets.of(municipality).terms.activity_of(regime)
        except RuleSetMissing:
            return None

    return activity
