"""Pictures by month and purpose; what has no number has no picture and no colour."""

from console.evidence.charts import asked_by_month, watched_by_month
from vault.evidence.figures import Figures
from vault.evidence.making import Evidence


def test_a_picture_says_what_it_shows(made: Evidence) -> None:
    [asked] = asked_by_month(made.told.figures, "nl")
    assert sum(sum(each.values) for each in asked.series) == 6
    assert [each.name for each in asked.series] == [
        "Afhandeling van een incident",
        "functioneringsgesprek",
        "zonder doel, of een dat op geen lijst staat",
    ]
    assert "Afhandeling van een incident 4" in asked.told
    [watched] = watched_by_month(made.told.figures, "en")
    assert [(each.name, sum(each.values)) for each in watched.series] == [("Handling an incident", 5)]


def test_of_nothing_there_is_no_picture(made: Evidence) -> None:
    empty: Figures = made.told.figures.model_copy(update={"counts": []})
    assert list(asked_by_month(empty, "nl")) == []
    assert list(watched_by_month(empty, "nl")) == []
