"""Counted by the calendar of Amsterdam, over both changes of the clock; by the index, on both databases."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, text

from console.demo import town
from policies.retention import AMSTERDAM, UNTIL_RELEASED
from tests.foreseeing import recorded, rows_only
from tests.installation import Installation
from vault.base import table_of
from vault.disposal import timetable
from vault.disposal.timetable import Range, count, day_of, days_from, due_per_day, midnight
from vault.ids import new_id
from vault.tables import Recording

__all__ = ["rows_only"]
NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
LAST = date(2026, 11, 2)


def counted(made: Installation, now: datetime = NOW, last: date = LAST) -> timetable.Counts:
    with made.vault.database.reading() as session:
        return due_per_day(session, town.SLUG, now=now, last=last)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        # Clock forward on 29 March 2026, back on 25 October 2026.
        (datetime(2026, 3, 28, 22, 59, tzinfo=UTC), date(2026, 3, 28)),
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), date(2026, 3, 29)),
        (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), date(2026, 3, 29)),
        (datetime(2026, 3, 29, 22, 0, tzinfo=UTC), date(2026, 3, 30)),
        (datetime(2026, 10, 24, 22, 0, tzinfo=UTC), date(2026, 10, 25)),
        (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), date(2026, 10, 25)),
        (datetime(2026, 10, 25, 23, 0, tzinfo=UTC), date(2026, 10, 26)),
    ],
    ids=str,
)
def test_a_day_is_one_of_amsterdam(moment: datetime, day: date) -> None:
    assert day_of(moment) == day
    assert midnight(day) <= moment < midnight(day + timedelta(days=1))


def test_a_day_of_the_clock_change_has_other_hours() -> None:
    lengths = {day: midnight(day + timedelta(days=1)) - midnight(day) for day in days_from(NOW.date(), LAST)}
    assert Counter(lengths.values()) == {
        timedelta(hours=24): len(lengths) - 2,
        timedelta(hours=23): 1,
        timedelta(hours=25): 1,
    }


def test_each_is_counted_on_its_day(rows_only: Installation) -> None:
    """Against the same counted one by one, of moments close to every midnight."""
    dice = random.Random(7)
    moments = [
        midnight(day) + timedelta(seconds=dice.choice([-1, 0, 1, 3600, -3600, 43200]))
        for day in dice.choices(
            [*days_from(day_of(NOW) - timedelta(days=9), LAST + timedelta(days=9))], k=900
        )
    ]
    moments += [NOW, NOW + timedelta.resolution, UNTIL_RELEASED]
    base = recorded(rows_only, NOW, due=NOW)
    table = table_of(Recording)
    with rows_only.vault.database.transaction() as session:
        row = session.execute(table.select().where(table.c.id == base)).mappings().one()
        rows = [{**row, "id": new_id(), "dispose_after": due} for due in moments]
        rows = [{**each, "sha256": each["id"].hex * 2} for each in rows]
        session.execute(insert(table), rows)
    moments.append(NOW)
    found = counted(rows_only)
    coming = [due for due in moments if NOW < due < midnight(LAST + timedelta(days=1))]
    assert found.days == Counter(due.astimezone(AMSTERDAM).date() for due in coming)
    assert found.overdue == sum(due <= NOW for due in moments)
    assert found.held == 1
    assert found.overdue + sum(found.days.values()) + found.later + found.held == len(moments)
    assert found.later > 0


def test_only_what_the_sweep_will_come_for(rows_only: Installation) -> None:
    due = NOW + timedelta(days=3)
    recorded(rows_only, NOW, due=due, municipality=town.SLUG)
    recorded(rows_only, NOW, due=due, state="quarantined")
    for state in ("arriving", "duplicate", "disposing", "disposed"):
        recorded(rows_only, NOW, due=due, state=state)
    with rows_only.vault.database.transaction() as session:
        session.execute(text("INSERT INTO municipality (id, name) VALUES ('elsewhere', 'Elsewhere')"))
    recorded(rows_only, NOW, due=due, municipality="elsewhere")
    assert counted(rows_only).days == {day_of(due): 2}


def test_as_many_ranges_as_one_likes(rows_only: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(rows_only, NOW, due=NOW)
    monkeypatch.setattr(timetable, "_AT_ONCE", 2)
    hour = timedelta(hours=1)
    ranges = [Range(NOW + number * hour, NOW + (number + 1) * hour) for number in (-2, -1, 0, 1, 2)]
    with rows_only.vault.database.reading() as session:
        assert count(session, town.SLUG, ranges) == [0, 0, 1, 0, 0]


def test_it_is_looked_up_and_not_searched(rows_only: Installation) -> None:
    """Reading the table instead would take long of a million; here the plan must show that it is not."""
    engine = rows_only.vault.database.engine
    sent: list[tuple[str, Any]] = []
    event.listen(engine, "before_cursor_execute", lambda *told: sent.append(told[2:4]))
    with rows_only.vault.database.transaction() as session:
        assert count(session, town.SLUG, [Range(NOW, NOW + timedelta(days=1))]) == [0]
    [(statement, values)] = [each for each in sent if "recording" in each[0]]
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            # Of an empty table it would read the one page that there is.
            connection.exec_driver_sql("SET enable_seqscan = off")
        explain = "EXPLAIN" if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        plan = [str(row) for row in connection.exec_driver_sql(f"{explain} {statement}", values)]
    assert any("ix_recording_due_of" in line for line in plan), plan
