"""The keeper's second: entries get numbers, figures tell how the log is, no alarm is told each second."""

from datetime import timedelta
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import update
from structlog.testing import capture_logs

from console import sequencing
from console.sequencing import Sequencing
from tests.installation import Installation
from tests.vault.log.conftest import appended, assert_whole
from vault.log import invariants
from vault.log.tables import LogEntry, LogPosition


def figure(name: str) -> float:
    return REGISTRY.get_sample_value(name) or 0.0


def test_numbers_all_that_waits_without_a_word(place: Installation) -> None:
    work = Sequencing(place.vault)
    appended(place.vault, 40)
    with capture_logs() as said:
        assert work.number() == 0
        assert work.number() == 0
    assert said == []
    assert figure("log_entries") > 40
    assert figure("log_lag_seconds") == figure("log_refused") == 0
    assert_whole(place)


def test_a_broken_log_is_an_alarm_once_a_minute(small: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Sequencing(small.vault)
    work.number()
    with small.vault.database.transaction() as session:
        session.execute(update(LogPosition).values(size=3))
    appended(small.vault, 1)
    with capture_logs() as said:
        for _ in range(3):
            work.number()
    assert [(line["event"], line["log_level"]) for line in said] == [("log.refused", "error")]
    assert figure("log_refused") == 1
    monkeypatch.setattr(sequencing, "ALARM_SECONDS", 0.0)
    with capture_logs() as said:
        work.number()
    assert [line["event"] for line in said] == ["log.refused"]


def test_lag_is_an_alarm(small: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever keeps entries from their numbers: here a sequencer that does nothing."""
    work = Sequencing(small.vault)
    work.number()
    appended(small.vault, 1)
    monkeypatch.setattr(sequencing, "sequence", lambda *_, **__: 0)
    monkeypatch.setattr(sequencing, "MOST_LAG", -1.0)
    with capture_logs() as said:
        work.number()
        work.number()
    assert [line["event"] for line in said] == ["log.lags"]
    assert figure("log_lag_seconds") > 0


def test_what_is_left_out_is_found(small: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Sequencing(small.vault)
    [entry_id] = appended(small.vault, 1)
    work.number()
    monkeypatch.setattr(invariants, "GRACE", timedelta(seconds=-60))
    assert work.reconcile() == 0
    assert figure("log_unnumbered") == 0
    with small.vault.database.transaction() as session:
        session.execute(update(LogEntry).where(LogEntry.entry_id == entry_id).values(entry_id=UUID(int=2)))
    with capture_logs() as said:
        assert work.reconcile() == 1
    assert [(line["check"], line["why"]) for line in said] == [("entry-not-in-log", str(entry_id))]
    assert figure("log_unnumbered") == 1
