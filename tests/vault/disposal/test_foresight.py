"""The overview: each number of a world that is known, guarded, entered before it shows."""

import json
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest

from console.demo import town
from policies.engine import Decision
from policies.retention import UNTIL_RELEASED, days_later
from tests.foreseeing import held, recorded, rows_only
from tests.installation import Installation
from tests.ruling import ONE
from tests.watching import entries, payload_of
from vault.audit import Event
from vault.disposal import foresight
from vault.disposal.foresight import HeldFor, Overview, Unfinished, overview
from vault.disposal.tables import Disposal, EarlyErasure
from vault.disposal.timetable import day_of
from vault.ids import new_id
from vault.rulesets import RuleSetMissing

__all__ = ["rows_only"]
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def shown(made: Installation) -> Overview:
    found = overview(made.vault, ONE, town.SLUG, now=NOW)
    assert isinstance(found, Overview)
    return found


def disposing(made: Installation, locked_until: datetime | None, disposed_at: datetime | None = None) -> None:
    recording = recorded(made, NOW - 30 * DAY, state="disposed" if disposed_at else "disposing")
    with made.vault.database.transaction() as session:
        session.add(
            Disposal(
                recording_id=recording,
                municipality_id=town.SLUG,
                ground="term-over",
                due=NOW - 2 * DAY,
                rule_set="0" * 64,
                term_days=28,
                begun_at=NOW - 2 * DAY,
                begun_in=new_id(),
                key_destroyed_at=NOW - 2 * DAY,
                locked_until=locked_until,
                disposed_at=disposed_at,
            )
        )


def test_an_empty_house_has_nothing(rows_only: Installation) -> None:
    found = shown(rows_only)
    rule_set = rows_only.vault.rule_sets.of(town.SLUG)
    assert (found.name, found.rule_set, found.term_days) == ("Voorbeeldstad", rule_set.digest, 28)
    assert found.due == (0, {}, 0, 0)
    assert (found.held, found.unfinished, found.erasures_waiting) == ([], Unfinished(0, 0, None), 0)
    longest = max(rule_set.terms.term_of(regime) for regime in ("avg", "wpg"))
    assert found.last == day_of(days_later(NOW, longest))


def test_what_is_held_and_why(rows_only: Installation) -> None:
    one, two, three = (recorded(rows_only, NOW - number * DAY, due=UNTIL_RELEASED) for number in range(3))
    held(rows_only, one, NOW - 20 * DAY, reviewed_at=NOW - DAY)
    held(rows_only, one, NOW - 9 * DAY, reviewed_at=NOW - 5 * DAY)
    held(rows_only, two, NOW - 10 * DAY)
    held(rows_only, two, NOW - 3 * DAY, trigger="demand")
    held(rows_only, three, NOW - 40 * DAY, trigger="demand", lifted_at=NOW - DAY)
    found = shown(rows_only)
    assert found.held == [
        HeldFor("complaint", 3, 2, NOW - 20 * DAY, NOW - 10 * DAY),
        HeldFor("demand", 1, 1, NOW - 3 * DAY, NOW - 3 * DAY),
    ]
    assert found.due.held == 3


def test_what_waits_for_a_lock_is_not_overdue(rows_only: Installation) -> None:
    disposing(rows_only, None)
    disposing(rows_only, NOW - DAY)
    disposing(rows_only, NOW + DAY)
    disposing(rows_only, NOW + 4 * DAY)
    disposing(rows_only, NOW + 9 * DAY, disposed_at=NOW)
    found = shown(rows_only)
    assert found.unfinished == Unfinished(4, 2, NOW + 4 * DAY)
    assert found.due.overdue == 0
    recorded(rows_only, NOW - 40 * DAY)
    assert shown(rows_only).due.overdue == 1


def test_who_asked_to_erase_and_waits(rows_only: Installation) -> None:
    for number, decided_at in enumerate((None, None, NOW)):
        erasure = EarlyErasure(
            id=new_id(),
            recording_id=recorded(rows_only, NOW - number * DAY),
            municipality_id=town.SLUG,
            ground="inside-dwelling",
            reason="Recorded inside a dwelling.",
            asked_by="operator:one",
            asked_at=NOW,
            decided_at=decided_at,
        )
        with rows_only.vault.database.transaction() as session:
            session.add(erasure)
    assert shown(rows_only).erasures_waiting == 2


@pytest.mark.parametrize(
    ("who", "may"),
    [
        (town.PRIVACY_OFFICER, True),
        (town.ADMINISTRATOR, True),
        (town.SUPERVISOR, False),
        (town.OFFICER, False),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_who_may_look(small: Installation, who: town.Resident, *, may: bool) -> None:
    found = overview(small.vault, small.caller(who), town.SLUG, now=NOW)
    assert isinstance(found, Overview) is may
    assert [len(entries(small, event)) for event in (Event.RETENTION_READ, Event.RETENTION_DENIED)] == [
        may,
        not may,
    ]
    if isinstance(found, Decision):
        assert [rule.id for rule in found.reasons] == ["retention-for-oversight-only"]


def test_the_entry_stands_before_anything_is_counted(small: Installation) -> None:
    def away(*_args: object, **_named: object) -> None:
        raise ConnectionError

    with patch.object(foresight, "due_per_day", away), pytest.raises(ConnectionError):
        overview(small.vault, ONE, town.SLUG, now=NOW)
    [entry] = entries(small, Event.RETENTION_READ)
    leaf = json.loads(entry.leaf)
    assert (leaf["facts"], leaf["op"], leaf["org"]) == ({"shown": "overview"}, "consult", town.SLUG)
    assert payload_of(small, entry)["actor"]["id"] == "one"


def test_of_nowhere_nothing_is_shown(small: Installation) -> None:
    for by in (ONE, small.caller(town.PRIVACY_OFFICER)):
        with pytest.raises(RuleSetMissing):
            overview(small.vault, by, "atlantis", now=NOW)
    assert entries(small, Event.RETENTION_READ) == []
