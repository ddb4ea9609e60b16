"""The overview as a document: the picture says what its table says, and its labels have room."""

from datetime import UTC, date, datetime, timedelta

from console.retention.pages import MOST_LABELS, document
from vault.disposal.foresight import HeldFor, Overview, Unfinished
from vault.disposal.timetable import Counts
from vault.documents import Chart, Table

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def overview(days: dict[date, int], last: date, held: list[HeldFor] | None = None) -> Overview:
    return Overview(
        municipality="voorbeeldstad",
        name="Voorbeeldstad",
        at=NOW,
        rule_set="0" * 64,
        term_days=28,
        wpg_term_days=28,
        last=last,
        due=Counts(2, days, 3, 1),
        held=held or [],
        unfinished=Unfinished(5, 4, NOW + DAY),
        erasures_waiting=6,
    )


def of_kind(found: Overview, kind: type) -> list:  # type: ignore[type-arg]  # as many kinds as blocks
    return [block for block in document(found, "en").blocks if isinstance(block, kind)]


def test_a_bar_for_each_day_and_room_for_its_label() -> None:
    days = {NOW.date(): 8, NOW.date() + 4 * DAY: 1}
    found = overview(days, NOW.date() + 28 * DAY)
    [chart] = of_kind(found, Chart)
    assert chart.groups == ["28-11", "29", "30", "01-12", "02"]
    assert [series.values for series in chart.series] == [[8, 0, 0, 0, 1]]
    assert "28-11-2026: 8, 02-12-2026: 1" in chart.told
    [table, *_] = of_kind(found, Table)
    assert table.rows == [("28-11-2026", "8"), ("02-12-2026", "1")]


def test_months_have_their_year_and_many_bars_no_labels() -> None:
    months = {date(2027, month, 1): month for month in (1, 2)}
    [chart] = of_kind(overview(months, date(2036, 1, 1)), Chart)
    assert chart.groups == ["01-2027", "02-2027"]
    many = {NOW.date() + number * DAY: 1 for number in range(MOST_LABELS + 1)}
    [chart] = of_kind(overview(many, NOW.date() + 40 * DAY), Chart)
    assert set(chart.groups) == {""}


def test_every_number_stands_in_a_table() -> None:
    held = [HeldFor("complaint", 9, 7, NOW - DAY, NOW)]
    cells = {
        cell
        for table in of_kind(overview({NOW.date(): 8}, NOW.date(), held), Table)
        for row in table.rows
        for cell in row
    }
    assert {"2", "3", "4", "5", "6", "7", "8", "a complaint", "29-11-2026 13:00"} <= cells
