"""A signal in plain Dutch and English, with the figures of what was found filled in."""

from collections.abc import Mapping

from policies.signals.reading import PLACEHOLDER, Signal
from policies.terms import Title

_LENGTHS = frozenset({"after", "within", "left"})
"""Figures that are lengths of time, in seconds; the others are told as they are."""
_UNITS = (
    (2 * 86_400, 86_400, ("dag", "dagen"), ("day", "days")),
    (2 * 3_600, 3_600, ("uur", "uur"), ("hour", "hours")),
    (2 * 60, 60, ("minuut", "minuten"), ("minute", "minutes")),
    (0, 1, ("seconde", "seconden"), ("second", "seconds")),
)
"""From how many seconds on a unit is used, how many there are in it, and its names for one and for more."""


def in_language(text: Title, language: str) -> str:
    """A text of a signal in `language`, "nl" or "en"."""
    return text.en if language == "en" else text.nl


def explained(signal: Signal, figures: Mapping[str, object], language: str) -> str:
    """The explanation of what was found; a figure that an older signal of that name did not have is a ?."""
    text = in_language(signal.explanation, language)
    return PLACEHOLDER.sub(lambda found: _told(found[1], figures.get(found[1]), language), text)


def length(seconds: int, language: str) -> str:
    """A length of time in words, rounded down to a unit of which there are at least two."""
    for least, size, nl, en in _UNITS:
        if seconds >= least:
            count = seconds // size
            return f"{count} {(en if language == 'en' else nl)[count != 1]}"
    return ""


def _told(name: str, figure: object, language: str) -> str:
    if figure is None:
        return "?"
    return length(figure, language) if name in _LENGTHS and isinstance(figure, int) else str(figure)
