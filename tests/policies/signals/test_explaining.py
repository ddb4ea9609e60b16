"""Signals in words: figures filled in, lengths of time as people say them."""

import pytest

from policies.signals.explaining import explained, length
from tests.policies.signals.scene import SHARED


@pytest.mark.parametrize(
    ("seconds", "nl", "en"),
    [
        (0, "0 seconden", "0 seconds"),
        (1, "1 seconde", "1 second"),
        (119, "119 seconden", "119 seconds"),
        (120, "2 minuten", "2 minutes"),
        (7199, "119 minuten", "119 minutes"),
        (86_400, "24 uur", "24 hours"),
        (2 * 86_400, "2 dagen", "2 days"),
        (90 * 86_400 + 5, "90 dagen", "90 days"),
    ],
)
def test_lengths(seconds: int, nl: str, en: str) -> None:
    assert (length(seconds, "nl"), length(seconds, "en")) == (nl, en)


def test_an_explanation_with_its_figures() -> None:
    signal = SHARED["approved-within-seconds"]
    figures = {"after": 4, "within": 10}
    assert explained(signal, figures, "nl") == (
        "Een verzoek werd 4 seconden na het indienen goedgekeurd. Dit signaal komt tot en met 10 seconden."
    )
    assert explained(signal, figures, "en") == (
        "A request was approved 4 seconds after it was made. This signal is raised up to 10 seconds."
    )


def test_figures_of_a_signal_that_was_another_then() -> None:
    assert explained(SHARED["many-viewers"], {"persons": 6}, "en").startswith(
        "6 people watched the same recording within ?."
    )
    assert "om 23:41" in explained(SHARED["requested-out-of-hours"], {"clock": "23:41"}, "nl").lower()
