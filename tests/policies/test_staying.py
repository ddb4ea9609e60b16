"""How long footage stays: what holds it, what lets it go, and that nothing brings back what is due."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import combinations_with_replacement, permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from policies.retention import (
    AMSTERDAM,
    UNTIL_RELEASED,
    Held,
    counts,
    days_later,
    dispose_after,
    is_over,
    known_at,
    renewed,
)

DAY = timedelta(days=1)
NOON = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)
"""Summer for long after, so that a day is 24 hours."""


@dataclass(frozen=True)
class Days:
    """Terms of so many days."""

    avg: int
    wpg: int = 3652

    def term_of(self, regime: str) -> int:
        return self.wpg if regime == "wpg" else self.avg


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- one hold ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("released", "after", "due"),
    [
        (10, 0, 28),  # settled long before: its own term
        (27, 14, 41),
        (28, 0, 28),
        (40, 0, 40),  # at once
        (40, 14, 54),
        (5, 14, 28),  # never less than its own term
    ],
)
def test_a_released_hold_lets_it_stay_for_the_term_that_follows(released: int, after: int, due: int) -> None:
    hold = Held(NOON + DAY, NOON + released * DAY, after)
    assert dispose_after(NOON, "avg", Days(28), [hold]) == NOON + due * DAY


def test_while_one_hold_of_several_stands_nothing_is_due() -> None:
    holds = [Held(NOON + DAY, NOON + 2 * DAY, 0), Held(NOON + DAY, None, 0)]
    assert dispose_after(NOON, "avg", Days(28), holds) == UNTIL_RELEASED
    assert dispose_after(NOON, "avg", Days(28), reversed(holds)) == UNTIL_RELEASED


def test_a_hold_placed_in_the_days_after_another_counts() -> None:
    first = Held(NOON + DAY, NOON + 30 * DAY, 14)
    second = Held(NOON + 43 * DAY, NOON + 50 * DAY, 14)
    assert dispose_after(NOON, "avg", Days(28), [second, first]) == NOON + 64 * DAY


def test_what_is_held_is_let_go_by_no_shorter_terms_and_no_other_regime() -> None:
    """Both can end a term in the past; a hold that came in time by the old ones still stands."""
    hold = Held(NOON + 40 * DAY, None, 14)
    assert dispose_after(NOON, "avg", Days(14), [hold]) == UNTIL_RELEASED
    released = replace(hold, released_at=NOON + 60 * DAY)
    assert dispose_after(NOON, "avg", Days(14), [released]) == NOON + 74 * DAY


def test_answers_in_utc_whatever_the_zone_of_the_release() -> None:
    released = (NOON + 40 * DAY).astimezone(AMSTERDAM)
    due = dispose_after(NOON, "avg", Days(28), [Held(NOON, released, 0)])
    assert (due, due.tzinfo) == (NOON + 40 * DAY, UTC)


@pytest.mark.parametrize("after", [0, 14])
def test_a_release_has_a_zone(after: int) -> None:
    with pytest.raises(ValueError, match="time zone"):
        dispose_after(NOON, "avg", Days(28), [Held(NOON, NOON.replace(tzinfo=None), after)])


@pytest.mark.parametrize(
    ("released", "after", "due"),
    [
        # Both clock changes of 2026: 29 March forward, 25 October back. Noon stays noon.
        ("2026-03-27 11:00", 14, "2026-04-10 10:00"),
        ("2026-03-28 11:00", 1, "2026-03-29 10:00"),
        ("2026-10-20 10:00", 14, "2026-11-03 11:00"),
        ("2026-10-24 10:00", 1, "2026-10-25 11:00"),
        # Released in the hour that comes twice: the same day's clock time, so many days later.
        ("2026-10-25 00:30", 7, "2026-11-01 01:30"),
        ("2026-10-25 01:30", 7, "2026-11-01 01:30"),
        # The end is in the hour that is skipped, or that comes twice.
        ("2026-03-22 01:30", 7, "2026-03-29 01:30"),
        ("2026-10-18 00:30", 7, "2026-10-25 00:30"),
        # Just before midnight in Amsterdam, when it is another day in UTC.
        ("2026-03-28 22:59", 1, "2026-03-29 21:59"),
        ("2026-10-24 21:59", 1, "2026-10-25 22:59"),
    ],
)
def test_the_days_after_a_release_are_days_of_amsterdam(released: str, after: int, due: str) -> None:
    hold = Held(utc("2026-01-02 11:00"), utc(released), after)
    assert dispose_after(utc("2026-01-01 11:00"), "avg", Days(28), [hold]) == utc(due)


# --- every small history -----------------------------------------------------------------------------------

SHORT = 3
"""Days of the term."""
LATEST = 6


def histories() -> Iterator[tuple[tuple[int, int | None, int], ...]]:
    """Every set of at most two holds in the first days, each placed while the footage was there: when it was
    placed, when it was released, and the days after."""
    days = range(LATEST)
    each = [
        (placed, released, after)
        for placed, after in product(days, (0, 1, 3))
        for released in (*range(placed, LATEST + 2), None)
    ]
    for several in (*combinations_with_replacement(each, 1), *combinations_with_replacement(each, 2)):
        # Kept so by the day: nobody holds what has gone.
        if all(stays(placed, [other for other in several if other[0] < placed]) for placed, *_ in several):
            yield several


def stays(day: int, holds: Sequence[tuple[int, int | None, int]]) -> bool:
    """Whether anything keeps it on this day: its own term, a hold, or the days after one."""
    return day < SHORT or any(
        placed <= day and (released is None or day < released + after) for placed, released, after in holds
    )


def test_it_stays_until_the_first_day_on_which_nothing_keeps_it() -> None:
    """Against a model that looks at one day after the other, for every history of a few days."""
    told = 0
    for holds in histories():
        gone = next((day for day in range(LATEST + 9) if not stays(day, holds)), None)
        due = NOON + gone * DAY if gone is not None else UNTIL_RELEASED
        given_holds = [
            Held(NOON + placed * DAY, None if released is None else NOON + released * DAY, after)
            for placed, released, after in holds
        ]
        for order in permutations(given_holds):
            assert dispose_after(NOON, "avg", Days(SHORT), order) == due, holds
        told += 1
    assert told > 1000


# --- every history -----------------------------------------------------------------------------------------

begins = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is given beside it
terms = st.builds(Days, st.integers(1, 60), st.integers(1, 60))
regimes = st.sampled_from(["avg", "wpg"])
after_days = st.integers(0, 40)
whiles = st.timedeltas(timedelta(), timedelta(days=90))


@st.composite
def holds_on(draw: st.DrawFn, begin: datetime) -> Held:
    placed = begin + draw(whiles)
    released = draw(st.none() | whiles.map(lambda passed: placed + passed))
    return Held(placed, released, draw(after_days))


@settings(max_examples=300)
@given(begins, regimes, terms, st.data())
def test_no_hold_ever_shortens(begin: datetime, regime: str, own: Days, data: st.DataObject) -> None:
    holds = data.draw(st.lists(holds_on(begin), max_size=5))
    due = dispose_after(begin, regime, own, holds)
    assert due >= dispose_after(begin, regime, own) == days_later(begin, own.term_of(regime))
    more = [*holds, data.draw(holds_on(begin))]
    assert dispose_after(begin, regime, own, more) >= due


@settings(max_examples=300)
@given(begins, regimes, terms, st.data())
def test_the_order_in_which_holds_came_does_not_matter(
    begin: datetime, regime: str, own: Days, data: st.DataObject
) -> None:
    holds = data.draw(st.lists(holds_on(begin), max_size=5))
    shuffled = data.draw(st.permutations(holds))
    assert dispose_after(begin, regime, own, holds) == dispose_after(begin, regime, own, shuffled)


@settings(max_examples=300)
@given(begins, regimes, terms, st.data())
def test_releasing_lets_go_no_sooner_than_the_days_after_it(
    begin: datetime, regime: str, own: Days, data: st.DataObject
) -> None:
    hold = data.draw(holds_on(begin))
    released = hold.placed_at + data.draw(whiles)
    due = dispose_after(begin, regime, own, [replace(hold, released_at=released)])
    assert due >= (days_later(released, hold.days_after) if hold.days_after else released)
    assert due in (
        days_later(begin, own.term_of(regime)),
        days_later(released, hold.days_after) if hold.days_after else released,
    )


def test_a_hold_is_known_from_its_placing_and_released_from_its_release() -> None:
    hold = Held(NOON + DAY, NOON + 3 * DAY, 14)
    standing = replace(hold, released_at=None)
    assert known_at([hold], NOON + DAY - timedelta.resolution) == ()
    assert known_at([hold], NOON + DAY) == (standing,)
    assert known_at([hold], NOON + 3 * DAY - timedelta.resolution) == (standing,)
    assert known_at([hold], NOON + 3 * DAY) == (hold,)
    assert known_at([standing], NOON + 9 * DAY) == (standing,)


class Life(RuleBasedStateMachine):
    """One recording among all that can happen to it, as whoever keeps the register does it: what is due stays
    due. Also, a register read later tells of each day what was so on that day."""

    def __init__(self) -> None:
        super().__init__()
        self.begins = utc("2026-03-10 01:30")  # so that terms end in both hours that clocks change
        self.now = self.begins
        self.terms, self.regime, self.regime_changed = Days(20, 60), "avg", False
        self.holds: list[Held] = []
        self.due = self._anew()
        self.ended: datetime | None = None
        self.steady = True
        """Neither regime nor terms were ever others."""
        self.told: list[tuple[datetime, datetime]] = []

    def _anew(self) -> datetime:
        return dispose_after(self.begins, self.regime, self.terms, self.holds)

    def _renew(self) -> None:
        self.due = renewed(self.due, self._anew(), self.now)

    @property
    def _over(self) -> bool:
        return is_over(self.due, self.now)

    @rule(passed=st.timedeltas(timedelta.resolution, timedelta(days=20)))
    def time_passes(self, passed: timedelta) -> None:
        self.told.append((self.now, self.due))
        self.now += passed
        if self._over and self.ended is None:
            self.ended = self.due

    @precondition(lambda self: self.due not in (UNTIL_RELEASED,) and self.due > self.now)
    @rule()
    def the_term_ends_just_now(self) -> None:
        self.told.append((self.now, self.due))
        self.now = self.ended = self.due

    @precondition(lambda self: not self._over)
    @rule(days=after_days)
    def a_hold_is_placed(self, days: int) -> None:
        self.holds.append(Held(self.now, None, days))
        self._renew()
        assert self.due == UNTIL_RELEASED

    @precondition(lambda self: any(hold.released_at is None for hold in self.holds))
    @rule(which=st.integers(0, 9))
    def a_hold_is_released(self, which: int) -> None:
        standing = [hold for hold in self.holds if hold.released_at is None]
        hold = standing[which % len(standing)]
        self.holds[self.holds.index(hold)] = replace(hold, released_at=self.now)
        self._renew()
        assert self.due >= self.now

    @precondition(lambda self: not self.regime_changed)
    @rule()
    def the_regime_changes(self) -> None:
        self.regime, self.regime_changed, self.steady = "wpg", True, False
        self._renew()

    @rule(avg=st.integers(1, 40), wpg=st.integers(1, 90))
    def other_terms_come_into_force(self, avg: int, wpg: int) -> None:
        self.terms, self.steady = Days(avg, wpg), False
        self._renew()

    @invariant()
    def what_is_due_stays_due(self) -> None:
        if self.ended is not None:
            assert self._over
            assert self.due == self.ended

    @invariant()
    def what_is_held_is_not_due(self) -> None:
        if any(hold.released_at is None for hold in self.holds):
            assert self.due == UNTIL_RELEASED

    @invariant()
    def the_register_tells_the_same_afterwards(self) -> None:
        if self.steady:
            for at, due in self.told:
                then = dispose_after(self.begins, self.regime, self.terms, known_at(self.holds, at))
                # Of the moment itself: what came at that very moment may have come before or after.
                assert then == due or any(at in (hold.placed_at, hold.released_at) for hold in self.holds)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)


# --- in time ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Within:
    asked_within_days: int | None


@pytest.mark.parametrize(
    ("recorded", "at", "within", "in_time"),
    [
        ("2026-06-01 10:00", "2026-06-29 21:59", 28, True),  # until midnight in Amsterdam
        ("2026-06-01 10:00", "2026-06-29 22:00", 28, False),
        ("2026-06-01 10:00", "2030-06-29 22:00", None, True),
        ("2026-06-01 10:00", "2026-06-01 21:59", 1, True),
        ("2026-05-31 22:00", "2026-06-01 22:00", 1, True),  # recorded on 1 June, just after midnight
        # Over both clock changes.
        ("2026-03-15 22:59", "2026-03-29 21:59", 14, True),
        ("2026-03-15 22:59", "2026-03-29 22:00", 14, False),
        ("2026-10-11 21:59", "2026-10-25 22:59", 14, True),
        ("2026-10-11 21:59", "2026-10-25 23:00", 14, False),
    ],
)
def test_what_must_come_within_days_comes_by_the_calendar(
    recorded: str, at: str, within: int | None, *, in_time: bool
) -> None:
    assert counts(Within(within), utc(recorded), utc(at)) == in_time


@pytest.mark.parametrize(
    ("passed", "over"), [(-timedelta.resolution, False), (timedelta(), True), (DAY, True)]
)
def test_a_term_is_over_from_its_end(passed: timedelta, *, over: bool) -> None:
    due = days_later(NOON, 28)
    assert is_over(due, due + passed) == over
    assert renewed(due, due + 9 * DAY, due + passed) == (due if over else due + 9 * DAY)
