"""Somebody is called before a term is broken: while the sweep fails, hangs, or cannot reach the store."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from prometheus_client import Counter, Gauge
from structlog.testing import capture_logs

from tests.disposing import kept, now, swept
from tests.installation import Installation
from vault.db import DatabaseAway
from vault.disposal.alarms import (
    AT_RISK,
    FAILURES,
    OVERDUE,
    UNFINISHED,
    UNWELL_AFTER,
    WAITING,
    Alarm,
    Backlog,
    DisposalAtRisk,
    backlog,
)
from vault.disposal.sweeping import Swept
from vault.objects import StoreUnavailable
from vault.tables import Recording

LATER = UNWELL_AFTER + timedelta(seconds=1)


def value(metric: Gauge | Counter, **labels: str) -> float:
    child = metric.labels(**labels) if labels else metric
    return float(child._value.get())


def away() -> Swept:
    raise DatabaseAway


def nothing() -> Swept:
    return Swept()


def without_store() -> Swept:
    return Swept(away=StoreUnavailable("it does not answer"))


def watched(alarm: Alarm, made: Installation, how: Callable[[], Swept], at: datetime) -> list[str]:
    """The events that were logged while it was watched."""
    with capture_logs() as logs, suppress(DatabaseAway):
        alarm.watch(how, made.vault, now=at)
    return [each["event"] for each in logs]


def test_what_there_is_to_do(installation: Installation) -> None:
    begun, due = kept(installation), now()
    assert backlog(installation.vault, now=due) == Backlog(1, 0, 0, None)
    tomorrow = kept(installation, 2, ago=timedelta(days=1))
    for each in installation.vault.store.list(f"{begun}/"):
        installation.vault.store.retain(each.name, due + timedelta(seconds=3))
    swept(installation)
    found = backlog(installation.vault, now=now())
    assert (found.overdue, found.unfinished, found.waiting) == (0, 1, 1)
    with installation.vault.database.reading() as session:
        assert found.next_due == session.get_one(Recording, tomorrow).dispose_after
    later = backlog(installation.vault, now=now() + timedelta(days=1))
    assert (later.unfinished, later.waiting) == (1, 0)


def test_figures_are_told(small: Installation) -> None:
    kept(small)
    alarm = Alarm(since=now())
    before = value(FAILURES, step="recording")
    watched(alarm, small, lambda: Swept(failed=2), now())
    assert (value(OVERDUE), value(UNFINISHED), value(WAITING)) == (1, 0, 0)
    assert value(FAILURES, step="recording") == before + 2


@pytest.mark.parametrize("how", [away, without_store, lambda: Swept(failed=1)])
def test_it_calls_when_something_falls_due_within_a_day(
    small: Installation, how: Callable[[], Swept]
) -> None:
    recording = kept(small, ago=timedelta(days=1))
    with small.vault.database.reading() as session:
        due = session.get_one(Recording, recording).dispose_after
    assert due
    start = due - timedelta(hours=23)
    alarm = Alarm(since=start)
    assert watched(alarm, small, nothing, start) == []
    assert "disposal.at-risk" not in watched(alarm, small, how, start + timedelta(minutes=5))
    alarm.check(now=start + timedelta(minutes=5))
    assert watched(alarm, small, how, start + LATER)[-1] == "disposal.at-risk"
    assert value(AT_RISK) == 1
    with pytest.raises(DisposalAtRisk):
        alarm.check(now=start + LATER)
    # And is quiet as soon as one comes to its end.
    assert watched(alarm, small, nothing, start + LATER) == []
    assert value(AT_RISK) == 0
    alarm.check(now=start + LATER)


def test_it_is_quiet_while_nothing_falls_due(small: Installation) -> None:
    recording = kept(small, ago=timedelta(days=1))
    with small.vault.database.reading() as session:
        due = session.get_one(Recording, recording).dispose_after
    assert due
    start = due - timedelta(days=3)
    alarm = Alarm(since=start)
    watched(alarm, small, nothing, start)
    assert "disposal.at-risk" not in watched(alarm, small, away, start + timedelta(days=1))
    assert "disposal.at-risk" in watched(alarm, small, away, start + timedelta(days=2))


def test_it_calls_while_objects_wait_for_the_store(small: Installation) -> None:
    kept(small)
    alarm, start = Alarm(since=now()), now()
    (small.home / "objects" / ".arriving").rename(small.home / "objects" / ".away")
    sweep = swept(small)
    assert sweep.away
    watched(alarm, small, lambda: sweep, start + LATER)
    with pytest.raises(DisposalAtRisk, match="1 begun"):
        alarm.check(now=start + LATER)
    (small.home / "objects" / ".away").rename(small.home / "objects" / ".arriving")


def test_a_sweep_that_hangs_or_never_was_is_seen_from_outside() -> None:
    start = now()
    alarm = Alarm(since=start)
    alarm.check(now=start)
    with pytest.raises(DisposalAtRisk, match="not known"):
        alarm.check(now=start + LATER)
