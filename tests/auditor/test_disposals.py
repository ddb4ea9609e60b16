"""A statement of disposal cannot contradict itself."""

from datetime import date
from typing import Any

import pytest

from auditor.disposal_forms import read
from auditor.disposals import StatementUntrue, check, least_due
from tests.disposed import statement_of


def test_what_it_says() -> None:
    told = read(statement_of())
    check(told)
    assert (told.recorded_on, told.term_days, told.early) == (date(2026, 11, 3), 28, False)
    assert told.holds[0].trigger == "access-request"
    assert told.process.software == "bodycam-vault 0.5.0"
    bare = read(statement_of(sha256="", keyId=None, keyExpires=None, lockedUntil=None, holds=[]))
    check(bare)
    assert (bare.key_id, bare.locked_until, bare.holds) == (None, None, ())


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"due": "2026-12-01T10:01:01+00:00"}, "begun"),
        ({"keyDestroyed": "2026-12-01T10:00:59+00:00"}, "keyDestroyed"),
        ({"objectsDiscarded": "2026-12-01T10:00:59+00:00"}, "objectsDiscarded"),
        ({"lockedUntil": "2026-12-01T10:01:03+00:00"}, "lockedUntil"),
    ],
)
def test_moments_out_of_order(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(StatementUntrue, match=why):
        check(read(statement_of(**changed)))


def hold(placed: str, released: str | None, days: int) -> dict[str, Any]:
    return {"trigger": "incident", "placedAt": placed, "releasedAt": released, "daysAfter": days}


@pytest.mark.parametrize(
    ("holds", "why"),
    [
        ([hold("2026-11-10T09:00:00+00:00", None, 0)], "never released"),
        ([hold("2026-11-10T09:00:00+00:00", "2026-11-30T11:00:00+00:00", 1)], "lasts until"),
        ([hold("2026-11-10T09:00:00+00:00", "2026-11-09T09:00:00+00:00", 0)], "releasedAt"),
        ([hold("2026-11-10T09:00:00+00:00", "2026-11-30T10:00:00+00:00", 1)], ""),
        ([hold("2026-11-10T09:00:00+00:00", "2026-12-01T10:00:00+00:00", 0)], ""),
        # It came when the footage was due, and held nothing.
        ([hold("2026-12-01T10:00:00+00:00", None, 30)], ""),
    ],
)
def test_a_hold_that_still_held_it(holds: list[dict[str, Any]], why: str) -> None:
    told = read(statement_of(holds=holds))
    if not why:
        check(told)
        return
    with pytest.raises(StatementUntrue, match=why):
        check(told)


@pytest.mark.parametrize(
    "changed",
    [
        {"termDays": 10**12},
        {"termFrom": "9999-12-31"},
        {"holds": [hold("2026-11-10T09:00:00+00:00", "2026-11-11T09:00:00+00:00", 10**12)]},
        {"holds": [hold("2026-11-10T09:00:00+00:00", "2026-11-11T09:00:00+00:00", 3_000_000)]},
        {"ground": "inside-dwelling", "due": "9999-12-31T23:30:00+00:00"},
    ],
)
def test_a_day_that_is_in_no_calendar_is_no_crash(changed: dict[str, Any]) -> None:
    with pytest.raises(StatementUntrue, match="no calendar"):
        check(read(statement_of(**changed)))


def test_days_are_those_of_the_calendar_over_a_change_of_the_clock() -> None:
    """From 24 October, 10:00 in summer time, one day is 25 hours."""
    summer = {"recordedOn": "2026-10-01", "termDays": 1}
    for due, held in (("2026-10-25T08:59:59+00:00", True), ("2026-10-25T09:00:00+00:00", False)):
        released = [hold("2026-10-01T09:00:00+00:00", "2026-10-24T08:00:00+00:00", 1)]
        told = read(statement_of(**summer, due=due, holds=released))
        if held:
            with pytest.raises(StatementUntrue, match="lasts until"):
                check(told)
        else:
            check(told)


def test_what_is_erased_early_goes_before_it_is_due() -> None:
    told = read(statement_of(ground="inside-dwelling", due="2027-01-01T10:00:00+00:00", termDays=59))
    assert told.early
    check(told)
    with pytest.raises(StatementUntrue):
        check(read(statement_of(due="2027-01-01T10:00:00+00:00", termDays=59)))


def test_when_its_term_can_be_over_at_the_earliest() -> None:
    assert least_due(read(statement_of())) == date(2026, 12, 1)
    assert least_due(read(statement_of(termFrom="2026-11-04"))) == date(2026, 12, 2)
