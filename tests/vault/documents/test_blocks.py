"""Blocks that do not add up are refused before anything is laid out."""

from typing import Any

import pytest

from vault.documents import Chart, Series, Table


@pytest.mark.parametrize(
    "given",
    [
        {"columns": (), "rows": []},
        {"columns": ("Doel", "Aantal"), "rows": [("klacht", "1"), ("aangifte",)]},
        {"columns": ("Doel", "Aantal"), "rows": [], "widths": (1,)},
    ],
)
def test_a_table_has_a_cell_for_each_column(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a table"):
        Table(**given)


@pytest.mark.parametrize(
    ("groups", "series", "complaint"),
    [
        ((), [Series("klacht", ())], "groups and series"),
        (("okt",), [], "groups and series"),
        (("okt", "nov"), [Series("klacht", (1,))], "for each group"),
        (("okt",), [Series("klacht", (-1,))], "zero or more"),
    ],
)
def test_a_chart_has_a_number_for_each_group(
    groups: tuple[str, ...], series: list[Series], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        Chart("Inzage", "Inzage per maand", groups, series)
