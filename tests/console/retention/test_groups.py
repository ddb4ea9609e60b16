"""Numbers by day seen at once: no day left out between, months where days are many, no bar for nothing."""

from datetime import date, timedelta

from console.retention.groups import WIDEST, bars, grouped

FIRST = date(2026, 11, 28)


def test_each_day_to_the_last_that_has_any() -> None:
    days = {FIRST + timedelta(days=2): 3, FIRST + timedelta(days=4): 1}
    assert grouped(days, FIRST, FIRST + timedelta(days=28)) == {
        "28-11-2026": 0,
        "29-11-2026": 0,
        "30-11-2026": 3,
        "01-12-2026": 0,
        "02-12-2026": 1,
    }


def test_what_moves_to_before_the_first_is_there_too() -> None:
    assert [*grouped({FIRST - timedelta(days=1): 2}, FIRST, FIRST)] == ["27-11-2026"]


def test_by_month_where_the_term_is_long() -> None:
    days = {date(2027, 1, 1): 3, date(2026, 11, 30): 1, date(2027, 1, 31): 2, date(2028, 1, 1): 4}
    found = grouped(days, FIRST, FIRST + timedelta(days=3660))
    assert list(found.items()) == [("11-2026", 1), ("01-2027", 5), ("01-2028", 4)]


def test_nothing_is_no_group() -> None:
    assert grouped({}, FIRST, FIRST) == {}
    assert bars({}) == []


def test_bars_are_shares_of_the_highest() -> None:
    assert bars({"a": 1000, "b": 500, "c": 1, "d": 0}) == [
        f"a  1000  {'█' * WIDEST}",
        f"b   500  {'█' * (WIDEST // 2)}",
        "c     1  █",
        "d     0",
    ]
