"""A week's digest: counts by kind, the week by Amsterdam's days, and nobody in it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from threading import Barrier
from uuid import uuid4

import pytest

from console.demo import town
from tests.installation import MAKER, Installation
from tests.policies.signals.scene import SHARED
from tests.vault.signals.days import OVERSIGHT, approved_at_once, look, now
from tests.watching import entries, payload_of
from vault.audit import Event
from vault.signals import digests
from vault.signals.digests import Count, Week, WeekUnknown, count, counted
from vault.signals.raising import KEEPER
from vault.signals.tables import RaisedSignal

WEEK = Week(2026, 48)
MONDAY = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
"""Midnight in Amsterdam."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def signal(raised: datetime, settled: datetime | None = None, kind: str = "many-viewers") -> RaisedSignal:
    return RaisedSignal(id=uuid4(), kind=kind, raised_at=raised, settled_at=settled, figures={})


def test_a_week_is_from_monday_to_monday_in_amsterdam() -> None:
    assert Week.parse("2026-W48") == WEEK
    assert str(WEEK) == "2026-W48"
    assert (WEEK.since, WEEK.until) == (MONDAY, MONDAY + 7 * DAY)
    summer = Week.parse("2026-W13")
    assert summer.until - summer.since == 7 * DAY - HOUR
    assert str(Week.parse("2026-W53").until.date()) == "2027-01-03"


@pytest.mark.parametrize("text", ["2026-48", "2026-W00", "2025-W53", "2026-W54", "9999-W53", "0000-W01", "x"])
def test_what_is_no_week_is_refused(text: str) -> None:
    with pytest.raises(WeekUnknown):
        Week.parse(text)


@pytest.mark.parametrize(
    ("moment", "week"), [(MONDAY, "2026-W47"), (MONDAY - HOUR, "2026-W46"), (MONDAY + 6 * DAY, "2026-W47")]
)
def test_the_last_week_that_was_over(moment: datetime, week: str) -> None:
    assert str(Week.before(moment)) == week


def test_counts() -> None:
    rows = [
        signal(MONDAY - DAY),
        signal(MONDAY - DAY, MONDAY + DAY),
        signal(MONDAY, MONDAY + 2 * HOUR),
        signal(MONDAY + HOUR, MONDAY + 5 * HOUR),
        signal(MONDAY + DAY, MONDAY + 8 * DAY),
        signal(MONDAY + 7 * DAY),
    ]
    assert count(rows, WEEK) == Count(raised=3, settled=3, open=2, settling_seconds=4 * 3600)
    assert count([], WEEK) == Count(0, 0, 0, None)


def test_kinds_are_those_of_the_rules_and_those_that_were() -> None:
    rows = [signal(MONDAY, kind="mutual-approvals"), signal(MONDAY, kind="of-before")]
    found = counted(rows, WEEK, SHARED)
    assert list(found) == [*SHARED, "of-before"]
    assert {kind: each.raised for kind, each in found.items() if each.raised} == {
        "mutual-approvals": 1,
        "of-before": 1,
    }


def test_a_digest_tells_of_nobody() -> None:
    assert {field.name for field in fields(Count)} == {"raised", "settled", "open", "settling_seconds"}


def test_the_privacy_officer_asks_for_it(installation: Installation) -> None:
    approved_at_once(installation)
    look(installation)
    year, number, _ = now().isocalendar()
    by = installation.caller(town.PRIVACY_OFFICER)
    found = digests.digest(installation.vault, by, town.SLUG, Week(year, number), OVERSIGHT, now=now())
    assert found.permitted
    assert found.kinds["approved-within-seconds"] == Count(1, 0, 1, None)
    assert found.total.raised == sum(each.raised for each in found.kinds.values())
    [entry] = entries(installation, Event.SIGNALS_DIGESTED)
    assert payload_of(installation, entry)["details"]["week"] == f"{year}-W{number:02}"
    told = str({name: asdict(each) for name, each in found.kinds.items()})
    assert not any(str(person) in told for person in installation.town.people.values())


def test_nobody_else_gets_it(small: Installation) -> None:
    approved_at_once(small)
    look(small)
    year, number, _ = now().isocalendar()
    found = digests.digest(
        small.vault, small.caller(town.SUPERVISOR), town.SLUG, Week(year, number), OVERSIGHT, now=now()
    )
    assert not found.permitted
    assert found.total == Count(0, 0, 0, None)
    assert len(entries(small, Event.SIGNALS_DENIED)) == 1


def test_at_the_command_line_it_is_an_entry_with_its_figures(small: Installation) -> None:
    found = digests.digest(small.vault, MAKER, town.SLUG, WEEK, now=now())
    assert found.permitted
    [entry] = entries(small, Event.SIGNALS_DIGESTED)
    assert b'"facts":{"open":0,"raised":0,"settled":0,"week":"2026-W48"}' in entry.leaf


def test_two_keepers_at_once_make_one(installation: Installation) -> None:
    week, started = Week.before(now()), Barrier(2)

    def keeper(_: int) -> bool:
        started.wait()
        return bool(digests.digest_once(installation.vault, KEEPER, town.SLUG, week, now=now()))

    with ThreadPoolExecutor(2) as keepers:
        assert sorted(keepers.map(keeper, range(2))) == [False, True]
    assert len(entries(installation, Event.SIGNALS_DIGESTED)) == 1
