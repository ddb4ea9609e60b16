"""The keeper: its chores, when they are due, and that one that fails is only a line and a figure."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from threading import Event as Happened

import pytest
import requests
from prometheus_client import REGISTRY
from sqlalchemy import delete, select, update
from structlog.testing import capture_logs

from console.demo import town
from console.keeper import DIGEST_AFTER, Keeper
from ingest.announcement import Announcement, announce
from ingest.docks import DockIdentity
from tests.disposing import kept as overdue
from tests.docking import lacking_records
from tests.installation import MAKER, Installation, free_port, listening
from tests.ruling import put_in_force
from tests.vault.holds.holding import BEGUN_BY_VIEWING, is_held, kept
from tests.vault.signals.days import approved_at_once, raised
from tests.watching import PURPOSE, entries, eventually, footage, keep, payload_of, row_of, wish
from vault import audit
from vault.audit import Actor, Entry, Event
from vault.disposal.alarms import DisposalAtRisk
from vault.disposal.sweeping import sweep
from vault.erasure.tables import AuditEpoch
from vault.holds.tables import Hold
from vault.keys import KeyRing, rotate_audit
from vault.log.tables import LogCheckpoint
from vault.requests import ask, decide
from vault.settings import SettingsRefused
from vault.signals import digests
from vault.signals.digests import Week
from vault.signals.tables import SignalSighting
from vault.tables import Arrival, AuditPayload, SealedKey, State
from vault.trail import Question, read

NOW = datetime.now(UTC)


@pytest.fixture
def keeper(small: Installation) -> Keeper:
    return Keeper(small.vault, small.settings)


def figure(chore: str, outcome: str) -> float:
    labels = {"chore": chore, "outcome": outcome}
    return REGISTRY.get_sample_value("keeper_chores_total", labels) or 0.0


def test_it_reaps_what_stopped_coming(small: Installation, keeper: Keeper) -> None:
    now = datetime.now(UTC)
    dock = DockIdentity(small.town.dock, town.SLUG, "Dock stadhuis")
    said = Announcement(town.CAMERA, town.OFFICER.subject, now - timedelta(hours=1), 1000, None)
    recording = announce(small.intake, dock, said, now=now)
    assert keeper.reap() == 0
    with small.vault.database.transaction() as session:
        session.execute(update(Arrival).values(expires_at=now - timedelta(seconds=1)))
    assert keeper.reap() == 1
    assert row_of(small, recording).state == State.ABANDONED
    assert keeper.reap_orphans() == 0


def test_it_disposes_of_what_is_due(small: Installation, keeper: Keeper) -> None:
    gone, stays = overdue(small), keep(small, footage(seed=2))
    assert keeper.dispose() == 1
    assert [row_of(small, each).state for each in (gone, stays)] == [State.DISPOSED, State.KEPT]
    assert keeper.dispose() == 0


def test_it_sweeps_until_nothing_is_due(
    small: Installation, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round takes no more than so many, so that its moments are true; the next follows at once."""
    for seed in (1, 2, 3):
        overdue(small, seed)
    monkeypatch.setattr("console.keeper.sweep", partial(sweep, at_once=1, most=2))
    assert keeper.dispose() == 3
    assert len({entry.at for entry in entries(small, Event.RECORDING_DISPOSING)}) == 2


def test_its_health_tells_that_no_sweep_ends(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper._check_disposal()
    monkeypatch.setattr("vault.disposal.alarms.UNWELL_AFTER", timedelta())
    with pytest.raises(DisposalAtRisk):
        keeper._check_disposal()
    assert keeper.dispose() == 0
    monkeypatch.undo()
    keeper._check_disposal()


def test_it_raises_the_alarm(small: Installation, keeper: Keeper) -> None:
    keep(small, footage(1000))
    assert keeper.check() == 0
    assert REGISTRY.get_sample_value("invariant_findings") == 0
    with small.vault.database.transaction() as session:
        session.execute(delete(SealedKey))
    with capture_logs() as lines:
        assert keeper.check() == 1
    assert REGISTRY.get_sample_value("invariant_findings") == 1
    assert [(line["check"], line["log_level"]) for line in lines] == [("kept-without-key", "error")]


def test_a_check_is_in_the_trail(small: Installation, keeper: Keeper) -> None:
    keep(small, footage(1000))
    assert keeper.check() == 0
    with small.vault.database.transaction() as session:
        session.execute(delete(SealedKey))
    assert Keeper(small.vault, small.settings, MAKER).check() == 1
    first, second = entries(small, Event.INVARIANTS_CHECKED)
    assert [json.loads(entry.leaf)["facts"] for entry in (first, second)] == [
        {"findings": 0},
        {"findings": 1},
    ]
    assert [payload_of(small, entry)["actor"]["id"] for entry in (first, second)] == ["keeper", MAKER.id]


def test_it_tells_who_takes_in_no_footage(small: Installation) -> None:
    keeper = Keeper(
        replace(small.vault, rule_sets=lacking_records(small, "dpia").intake.rule_sets), small.settings
    )
    with capture_logs() as lines:
        assert keeper.check() == 0
    assert [(line["event"], line["why"]) for line in lines] == [("intake.closed", f"{town.SLUG}: dpia")]
    assert keeper.closed() == {town.SLUG: ("dpia",)}


def test_it_raises_signals(small: Installation, keeper: Keeper) -> None:
    approved_at_once(small)
    small.settle()
    assert keeper.find_signals() >= 1
    assert [row.kind for row in raised(small)] == ["approved-within-seconds"]
    assert keeper.find_signals() == 0


def test_it_tells_on_monday_that_the_digest_is_there(small: Installation, keeper: Keeper) -> None:
    with capture_logs() as lines:
        assert keeper.digest() == 1
    week = Week.before(datetime.now(UTC) - DIGEST_AFTER)
    assert [(line["event"], line["why"], line["count"]) for line in lines] == [
        ("signals.digest", f"{town.SLUG} {week}", 0)
    ]
    [entry] = entries(small, Event.SIGNALS_DIGESTED)
    assert f'"week":"{week}"'.encode() in entry.leaf


def test_it_makes_a_digest_once_whoever_else_makes_one(small: Installation, keeper: Keeper) -> None:
    """Each hour it looks; a second keeper, and an operator who has one printed, change nothing of that."""
    week = Week.before(datetime.now(UTC) - DIGEST_AFTER)
    digests.digest(small.vault, MAKER, town.SLUG, week, now=datetime.now(UTC))
    assert [keeper.digest(), keeper.digest(), Keeper(small.vault, small.settings).digest()] == [1, 0, 0]
    assert len(entries(small, Event.SIGNALS_DIGESTED)) == 2
    rotate_audit(small.home / "keys-vault", small.home / "keys-ingest")
    object.__setattr__(small.vault, "ring", KeyRing.load(small.settings.keys))
    assert keeper.digest() == 0


def test_a_chore_that_fails_is_told_and_tried_again(keeper: Keeper) -> None:
    failed, done = figure("test", "failed"), figure("test", "done")
    rounds: list[int] = []

    def chore() -> int:
        rounds.append(1)
        if len(rounds) == 1:
            raise OSError("the secret of s.devries")
        return 3

    with capture_logs() as lines:
        keeper._do("test", chore)
        keeper._do("test", chore)
    assert (figure("test", "failed"), figure("test", "done")) == (failed + 1, done + 1)
    assert [line["event"] for line in lines] == ["chore.failed", "chore.done"]
    assert lines[1]["count"] == 3


def test_a_chore_that_fails_does_not_end_the_others(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the real scheduler: what is due is done, whatever the one before it did."""
    rounds: list[str] = []

    def fail() -> int:
        rounds.append("check")
        raise ZeroDivisionError

    def reap() -> int:
        rounds.append("reap")
        return 0

    monkeypatch.setattr(keeper, "check", fail)
    monkeypatch.setattr(keeper, "reap", reap)
    scheduler = keeper.schedule()
    for job in scheduler.get_jobs():
        job.modify(next_run_time=datetime.now(UTC))
    scheduler.start()
    try:
        eventually(lambda: {"check", "reap"} <= set(rounds))
        for job in scheduler.get_jobs():
            job.modify(next_run_time=datetime.now(UTC))
        eventually(lambda: rounds.count("reap") >= 2)
        assert scheduler.running
    finally:
        scheduler.shutdown()


def test_when_chores_are_due(keeper: Keeper) -> None:
    scheduler = keeper.schedule()
    due = sorted((job.args[0], str(job.trigger)) for job in scheduler.get_jobs())
    assert [name for name, _ in due].count("check") == 2
    assert ("reap", "interval[0:01:00]") in due
    assert [trigger.partition("[")[0] for name, trigger in due if name == "dispose"] == ["date", "interval"]
    assert ("signals", "interval[0:00:05]") in due
    assert ("digest", "cron[minute='0']") in due
    assert ("sequence", "interval[0:00:01]") in due
    assert ("reconcile", "interval[0:05:00]") in due
    assert ("reap-orphans", "cron[hour='3', minute='15']") in due
    assert str(scheduler.timezone) == "Europe/Amsterdam"


def test_collectors_get_their_records_when_the_settings_name_one(small: Installation) -> None:
    named = {"adl_url": "http://127.0.0.1:9/v1/logs", "ldv_url": "http://127.0.0.1:9/v1/traces"}
    keeper = Keeper(small.vault, small.settings.model_copy(update=named))
    due = [(job.args[0], str(job.trigger)) for job in keeper.schedule().get_jobs()]
    every_two_seconds = "interval[0:00:02]"
    assert ("export-adl", every_two_seconds) in due
    assert ("export-ldv", every_two_seconds) in due
    nothing = [job.args[0] for job in Keeper(small.vault, small.settings).schedule().get_jobs()]
    assert not [name for name in nothing if name.startswith("export")]


def test_no_chore_stands_in_line_behind_others(small: Installation) -> None:
    """At night, while collectors hang, more chores are under way than a pool's ten threads."""
    named = {"adl_url": "http://127.0.0.1:9/v1/logs", "ldv_url": "http://127.0.0.1:9/v1/traces"}
    scheduler = Keeper(small.vault, small.settings.model_copy(update=named)).schedule()
    together = Barrier(len(scheduler.get_jobs()))
    met = Happened()

    def hang() -> None:
        with suppress(BrokenBarrierError):
            together.wait(timeout=10)
            met.set()

    for job in scheduler.get_jobs():
        job.modify(func=hang, args=(), next_run_time=datetime.now(UTC))
    scheduler.start()
    try:
        assert met.wait(timeout=10)
    finally:
        together.abort()
        # Waits until those that come once are taken out, which a shutdown in between would break off.
        scheduler.get_jobs()
        scheduler.shutdown()
    assert together.parties > 10


def test_a_collector_that_is_away_fails_no_chore(small: Installation) -> None:
    named = {"adl_url": f"http://127.0.0.1:{free_port()}/v1/logs"}
    keeper = Keeper(small.vault, small.settings.model_copy(update=named))
    read(small.vault, small.caller(town.SUPERVISOR), Question(town.SLUG, PURPOSE), now=datetime.now(UTC))
    small.settle()
    [job] = [job for job in keeper.schedule().get_jobs() if job.args[0] == "export-adl"]
    with capture_logs() as lines:
        job.func(*job.args)
    assert [line["event"] for line in lines] == ["export.away"]


def test_a_certificate_nobody_can_read_is_told_at_the_start(small: Installation, tmp_path: Path) -> None:
    made_up = tmp_path / "papers.pem"
    made_up.write_text("no PEM")
    named = {"adl_url": "https://collector.example/v1/logs", "collector_certificate": made_up}
    for path in (made_up, tmp_path / "nowhere.pem"):
        changed = small.settings.model_copy(update={**named, "collector_certificate": path})
        with pytest.raises(SettingsRefused, match="COLLECTOR_CERTIFICATE"):
            Keeper(small.vault, changed)


def test_it_says_how_it_is(small: Installation, keeper: Keeper) -> None:
    with listening(keeper.app(), free_port()) as url:
        ready = requests.get(f"{url}/health/ready", timeout=10)
        assert ready.json() == {
            "status": "ready",
            "checks": {"database": True, "store": True, "keys": True, "disposal": True},
        }
        assert requests.get(f"{url}/anything", timeout=10).status_code == 404
    assert small.home.exists()


def test_it_destroys_what_is_over_in_the_trail(small: Installation, keeper: Keeper) -> None:
    told = Entry(
        event=Event.RULES_READ,
        at=datetime.now(UTC) - timedelta(days=6 * 366),
        actor=Actor("operator", "x", "x"),
    )
    with small.vault.database.transaction() as session:
        entries = [audit.append(session, small.vault.ring, told) for _ in range(3)]
    assert keeper.erase() == 0
    small.settle()
    assert keeper.erase() == 3
    with small.vault.database.reading() as session:
        left = set(session.scalars(select(AuditPayload.entry_id)))
        assert session.scalars(select(AuditEpoch.epoch)).all() == [small.vault.ring.epoch]
    assert not left & set(entries)
    # And what was found in it, and checkpoints of then.
    with small.vault.database.transaction() as session:
        for when in (NOW - timedelta(days=2), NOW - timedelta(days=9 * 366)):
            seen = {"key": f"{when:%Y}", "place": 0, "municipality_id": town.SLUG, "kind": "x", "value": "x"}
            moments = dict.fromkeys(("seen_at", "forgotten_at", "due_at"), when)
            session.add(SignalSighting(entry_id=entries[0], **seen, **moments))
        session.execute(update(LogCheckpoint).values(signed_at=NOW - timedelta(days=2)))
    small.settle()
    keeper.erase()
    with small.vault.database.reading() as session:
        assert session.scalars(select(SignalSighting.key)).all() == [f"{NOW - timedelta(days=2):%Y}"]
        kept = session.scalars(select(LogCheckpoint.signed_at)).all()
        assert len([when for when in kept if when < NOW - timedelta(days=1)]) == 1
    jobs = {job.args[0]: str(job.trigger) for job in keeper.schedule().get_jobs()}
    assert "hour='2', minute='45'" in jobs["erase"]


def test_it_releases_what_was_answered_and_counts_what_nobody_looks_at(
    small: Installation, keeper: Keeper
) -> None:
    put_in_force(small, BEGUN_BY_VIEWING)
    recording = kept(small, days_ago=27)
    moment = datetime.now(UTC)
    officer = small.caller(town.PRIVACY_OFFICER)
    request = ask(small.vault, small.caller(town.SUPERVISOR), wish(recording), now=moment).request
    assert keeper.release_holds() == 0
    assert is_held(small, recording)
    decide(small.vault, officer, request, approve=False, reason="Not proportionate.", now=moment)
    with small.vault.database.transaction() as session:
        session.execute(update(Hold).values(reviewed_at=moment - timedelta(days=31)))
    assert keeper.release_holds() == 1
    assert not is_held(small, recording)
    assert REGISTRY.get_sample_value("holds_without_review") == 1
    assert keeper.release_holds() == 0
    assert REGISTRY.get_sample_value("holds_without_review") == 0
