"""The keeper: does what must happen without anyone asking, again and again, until it is told to stop."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from fastapi import FastAPI
from prometheus_client import Counter, Gauge

from console.sequencing import Sequencing
from ingest.intake import Intake
from ingest.orphans import reap_orphans
from ingest.reaper import reap
from vault import tracing
from vault.audit import Actor
from vault.disposal.alarms import Alarm
from vault.disposal.day_keys import prepare
from vault.disposal.expiring import expire
from vault.disposal.intake_keys import attend, cycle_of
from vault.disposal.placing import place
from vault.disposal.sweeping import sweep
from vault.erasure import epochs, payloads, pruning
from vault.erasure import signals as old_signals
from vault.evidence.checking import record_check
from vault.exports.streams import Stream, streams_of
from vault.finding import Finding
from vault.holds.releasing import release
from vault.holds.reviewing import count_forgotten
from vault.invariants import Depth, check_all
from vault.invariants.depth import Tally
from vault.keys import Role
from vault.log.thinning import thin
from vault.settings import Settings
from vault.signals import digests
from vault.signals.digests import Week
from vault.signals.finding import behind, find, municipalities
from vault.signals.raising import KEEPER
from vault.trail.indexer import index_all
from vault.vault import Vault, ring_of
from vault.web.frame import Frame, add_health

log = structlog.get_logger()

SIGNALS_SECONDS = 5
"""How often the log is read on for signals; nobody waits for one."""

CHORES = Counter("keeper_chores_total", "Rounds of the keeper's chores.", ["chore", "outcome"])
FINDINGS = Gauge("invariant_findings", "What the last check of the invariants found; must be zero.")
LOOKED_AT = Gauge("check_looked_at", "How much the last check of the invariants looked at.", ["what"])
CHECK_SECONDS = Gauge("check_seconds", "How long the last check of the invariants took.")
CHECKED_AT = Gauge("check_ended_timestamp_seconds", "When the last check of the invariants ended.")

DIGEST_AFTER = timedelta(hours=6)
"""After a week is over, its digest is made: on Monday at six."""
EXPORT_SECONDS = 2


class Keeper:
    """The chores of one keeper process. Two keepers do no harm: each chore re-checks what it does."""

    def __init__(self, vault: Vault, settings: Settings, by: Actor = KEEPER) -> None:
        """`by`: whom the trail names for what is done; an operator who does a chore by hand is that."""
        self._vault = vault
        self._by = by
        self.intake = Intake(vault.database, vault.ring, vault.store, vault.rule_sets, settings)
        self._settings = settings
        self._streams = streams_of(vault, settings)
        self._sequencing = Sequencing(vault)
        self._disposal = Alarm(since=datetime.now(UTC))

    def schedule(self) -> BackgroundScheduler:
        """The chores and when they are due; start and shut down what comes back."""
        scheduler = BackgroundScheduler(
            timezone="Europe/Amsterdam", job_defaults={"coalesce": True, "max_instances": 1}
        )
        every_few = IntervalTrigger(seconds=SIGNALS_SECONDS)
        every_hour = CronTrigger(minute=0)
        # Told as a warning each time that a busy second takes longer; the log's lag says what matters of it.
        logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
        every_second, every_minute = IntervalTrigger(seconds=1), IntervalTrigger(minutes=1)
        every_five = IntervalTrigger(minutes=5)
        before_the_check = CronTrigger(hour=2, minute=45)
        at_night = CronTrigger(hour=3, minute=15)
        sequencing = self._sequencing
        scheduler.add_job(self._do, every_second, ["sequence", sequencing.number], misfire_grace_time=None)
        scheduler.add_job(self._do, every_five, ["reconcile", sequencing.reconcile], misfire_grace_time=None)
        scheduler.add_job(self._do, every_second, ["index", self.index], misfire_grace_time=None)
        for stream in self._streams:
            often = IntervalTrigger(seconds=EXPORT_SECONDS)
            scheduler.add_job(
                self._do,
                often,
                [f"export-{stream.name}", partial(self.export, stream)],
                misfire_grace_time=None,
            )
        scheduler.add_job(self._do, every_minute, ["reap", self.reap])
        scheduler.add_job(self._do, every_minute, ["holds", self.release_holds], misfire_grace_time=None)
        scheduler.add_job(self._do, every_few, ["place", self.place], misfire_grace_time=None)
        scheduler.add_job(self._do, every_minute, ["expire", self.expire], misfire_grace_time=None)
        intake_keys = ["intake-keys", self.attend_intake_keys]
        scheduler.add_job(self._do, every_hour, intake_keys, misfire_grace_time=None)
        scheduler.add_job(self._do, None, intake_keys)
        prepare_keys = ["prepare-keys", self.prepare_keys]
        scheduler.add_job(self._do, every_hour, prepare_keys, misfire_grace_time=None)
        scheduler.add_job(self._do, None, prepare_keys)
        scheduler.add_job(self._do, every_minute, ["dispose", self.dispose], misfire_grace_time=None)
        scheduler.add_job(self._do, None, ["dispose", self.dispose])
        scheduler.add_job(self._do, every_few, ["signals", self.find_signals], misfire_grace_time=None)
        scheduler.add_job(self._do, every_hour, ["digest", self.digest], misfire_grace_time=None)
        scheduler.add_job(self._do, at_night, ["reap-orphans", self.reap_orphans], misfire_grace_time=None)
        scheduler.add_job(self._do, before_the_check, ["erase", self.erase], misfire_grace_time=None)
        scheduler.add_job(self._do, at_night, ["check", self.check], misfire_grace_time=None)
        scheduler.add_job(self._do, None, ["check", self.check])
        # A thread for each: at night, while collectors hang, none stands in line before the sequencer.
        scheduler.add_executor(ThreadPoolExecutor(len(scheduler.get_jobs())))
        return scheduler

    def app(self) -> Frame:
        """Where the keeper says how it is."""
        app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
        add_health(
            app,
            {
                "database": self._vault.database.check,
                "store": self._vault.store.check,
                "keys": partial(ring_of, self._settings, Role.VAULT),
                "disposal": self._check_disposal,
            },
        )
        return Frame(app, "keeper", {})

    def index(self) -> int:
        """Make what has a number in the log findable."""
        return index_all(self._vault)

    def reap(self) -> int:
        """End uploads that stopped coming."""
        return reap(self.intake, now=datetime.now(UTC))

    def release_holds(self) -> int:
        """Lift holds whose request was answered, and count those that nobody looked at for long."""
        now = datetime.now(UTC)
        count_forgotten(self._vault, self._settings.hold_review, now=now)
        return release(self._vault, KEEPER, now=now)

    def reap_orphans(self) -> int:
        """Discard objects that no row owns, and tell of parts whose object is missing."""
        return reap_orphans(self.intake, self._by, now=datetime.now(UTC))

    def place(self) -> int:
        """Bring the key and the locks of what moved to the end of its term."""
        return place(self._vault, now=datetime.now(UTC))

    def prepare_keys(self) -> int:
        """Make the keys that recordings of the coming days will need."""
        return prepare(self._vault, now=datetime.now(UTC))

    def expire(self) -> int:
        """Destroy the keys whose day is over."""
        return expire(self._vault, self._by, now=datetime.now(UTC))

    def attend_intake_keys(self) -> int:
        """Replace and destroy the keys that ingest wraps with."""
        return attend(self._vault, self._by, cycle_of(self._settings), now=datetime.now(UTC))

    def export(self, stream: Stream) -> int:
        """Send what a collector did not get yet."""
        return stream.run(now=datetime.now(UTC))

    def dispose(self) -> int:
        """Dispose of what is due, and finish what was begun; how many recordings that were.

        With the moment of each sweep, so that no certificate tells of one that was long ago.
        """
        disposed, more = 0, True
        while more:
            now = datetime.now(UTC)
            swept = self._disposal.watch(partial(sweep, self._vault, self._by, now=now), self._vault, now=now)
            disposed, more = disposed + swept.disposed, swept.more
        return disposed

    def find_signals(self) -> int:
        """Read the log on to its end, and raise the signals found in it."""
        found, left = find(self._vault, now=datetime.now(UTC)), behind(self._vault)
        while left > 0:
            found += find(self._vault, now=datetime.now(UTC))
            before, left = left, behind(self._vault)
            if left >= before:
                # More comes in than is read: the reaper and the others must have their turn too.
                break
        return found

    def digest(self) -> int:
        """Make the digest of the week that is over, for each municipality; told is that it is there.

        Looked at every hour: a keeper that stood still on Monday makes it later, a second one does not again.
        """
        now = datetime.now(UTC)
        week, made = Week.before(now - DIGEST_AFTER), 0
        for municipality in municipalities(self._vault):
            digest = digests.digest_once(self._vault, KEEPER, municipality, week, now=now)
            if digest is None:
                continue
            log.info("signals.digest", why=f"{municipality} {week}", count=digest.total.open)
            made += 1
        return made

    def check(self) -> int:
        """Check the invariants, as much as a night allows; how many findings."""
        return len(self.examine(Depth.NIGHT, Tally()))

    def examine(self, depth: Depth, tally: Tally) -> Sequence[Finding]:
        """Check the invariants; each finding is an alarm. Which municipality takes in nothing is told too."""
        self.intake.tell_closed()
        now = datetime.now(UTC)
        lasts = timedelta(days=self._settings.intake_rotation_days)
        findings = check_all(self._vault, now=now, depth=depth, tell=tally, intake_key_lasts=lasts)
        ended = datetime.now(UTC)
        FINDINGS.set(len(findings))
        CHECKED_AT.set(ended.timestamp())
        CHECK_SECONDS.set((ended - now).total_seconds())
        for what, count in tally.looked_at.items():
            LOOKED_AT.labels(what).set(count)
        for finding in findings:
            log.error("invariant.broken", check=finding.check, why=finding.about)
        record_check(self._vault, self._by, findings, now=now)
        return findings

    def erase(self) -> int:
        """Destroy what is over its term in the trail: payloads, then leaves; how many of both.

        And the signals found in what is over, and checkpoints of the log that nobody needs any more.
        """
        now = datetime.now(UTC)
        thin(self._vault, now=now)
        old_signals.erase(self._vault, now=now)
        epochs.follow(self._vault)
        return payloads.destroy(self._vault, self._by, now=now) + pruning.prune(
            self._vault, self._by, now=now
        )

    def closed(self) -> Mapping[str, tuple[str, ...]]:
        """The municipalities of which no footage is taken in, each with the legal records it lacks."""
        return self.intake.closed()

    def _check_disposal(self) -> None:
        self._disposal.check(now=datetime.now(UTC))

    def _do(self, name: str, chore: Callable[[], int]) -> None:
        tracing.begin()
        try:
            count = chore()
        except Exception:
            # A chore that fails now is due again: the process stays, and says so.
            log.exception("chore.failed", chore=name)
            CHORES.labels(name, "failed").inc()
        else:
            CHORES.labels(name, "done").inc()
            if count:
                log.info("chore.done", chore=name, count=count)
