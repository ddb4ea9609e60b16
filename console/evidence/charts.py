"""The pictures of the evidence: what was asked and watched, month by month and by purpose."""

from collections.abc import Iterator

from policies.words import Words
from vault.audit import Event
from vault.documents import Chart, Language, Series
from vault.evidence.figures import Figures

ASKED = (Event.REQUEST_SUBMITTED, Event.REQUEST_ALLOWED, Event.REQUEST_REFUSED)


def asked_by_month(figures: Figures, language: Language) -> Iterator[Chart]:
    """Requests to see footage; no picture when there were none."""
    title = Words("Verzoeken per maand en doel", "Requests by month and purpose").in_language(language)
    yield from _by_month(figures, title, ASKED, language)


def watched_by_month(figures: Figures, language: Language) -> Iterator[Chart]:
    """Ranges that were watched; no picture when there were none."""
    title = Words("Stukken bekeken per maand en doel", "Ranges watched by month and purpose")
    yield from _by_month(figures, title.in_language(language), (Event.VIEWING_SERVED,), language)


def _by_month(figures: Figures, title: str, events: tuple[Event, ...], language: Language) -> Iterator[Chart]:
    months = sorted({each.month for each in figures.counts})
    series = []
    for purpose in figures.purposes:
        values = [
            sum(
                each.number
                for each in figures.counts
                if each.event in events and each.purpose == purpose.purpose and each.month == month
            )
            for month in months
        ]
        if any(values):
            name = purpose.title.en if language == "en" else purpose.title.nl
            series.append(Series(name, values))
    if series:
        yield Chart(title, _told(title, months, series), months, series)


def _told(title: str, months: list[str], series: list[Series]) -> str:
    parts = [
        f"{month}: " + ", ".join(f"{each.name} {each.values[place]}" for each in series if each.values[place])
        for place, month in enumerate(months)
        if any(each.values[place] for each in series)
    ]
    return f"{title}. " + "; ".join(parts) + "."
