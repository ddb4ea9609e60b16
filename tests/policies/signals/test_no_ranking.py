"""No signal's data can rank officers, or count what one of them did (WOR art. 27 lid 1 onder l)."""

import re
from typing import get_args

import pytest

from policies.problems import Problem
from policies.signals.happening import Trait
from policies.signals.patterns import KINDS, ManyDifferent, Pattern
from policies.signals.reading import read_signals
from policies.signals.sightings import Match
from tests.policies.signals.scene import SHARED
from tests.policies.world import texts

COUNTED = {
    "after": "length of time",
    "within": "length of time",
    "left": "length of time",
    "persons": "how many persons, of one recording or request",
    "at_least": "threshold",
    "there": "approvals of one pair, one way",
    "back": "approvals of the same pair, the other way",
    "times": "threshold",
    "clock": "moment of the day",
    "begin": "threshold",
    "until": "threshold",
}
"""Every figure there is. One that says how much, how often or how fast one person does all they do, or where
they stand among others, is not to be added: it is appraisal, whatever it is called."""
MANY = """
[many]
title = { nl = "x", en = "x" }
explanation = { nl = "x", en = "x" }
does_not_mean = { nl = "x", en = "x" }
once_per = ["recording"]
quiet_for = "1d"

[many.pattern]
kind = "many-different"
of = { events = ["viewing.served"] }
different = "person"
per = "recording"
at_least = 5
within = "7d"
"""


def problems_of(own: str) -> list[Problem]:
    problems: list[Problem] = []
    read_signals({"dorp/signals.toml": own}, "dorp", problems)
    return problems


def test_the_patterns_are_these_and_count_nothing_else() -> None:
    assert set(get_args(Pattern)) == set(KINDS)
    assert {name for kind in KINDS for name in kind.figures} == COUNTED.keys()


def test_what_is_counted_is_never_counted_per_person() -> None:
    assert problems_of(MANY) == []
    for trait in ("person", "counterpart", "day", "purpose"):
        assert problems_of(MANY.replace('per = "recording"', f'per = "{trait}"')) != []
    for trait in set(Trait) - {Trait.PERSON}:
        assert problems_of(MANY.replace('different = "person"', f'different = "{trait}"')) != []
    assert set(get_args(ManyDifferent.model_fields["per"].annotation)) == {"recording", "request"}


@pytest.mark.parametrize("name", ["rank", "top", "score", "per_person", "order_by", "percentile", "baseline"])
def test_no_member_asks_for_a_ranking(name: str) -> None:
    assert problems_of(MANY.replace("at_least = 5", f"at_least = 5\n{name} = 10")) != []
    assert problems_of(MANY.replace("[many]", f"[many]\n{name} = 10")) != []


def test_a_match_says_nothing_of_a_person_but_in_which_entries_they_stand() -> None:
    assert set(Match.__dataclass_fields__) == {"signal", "entries", "at", "figures"}


@pytest.mark.parametrize("language", ["nl", "en"])
def test_no_text_speaks_of_performance(language: str) -> None:
    words = re.compile(
        r"prestatie|presteer|productie|rangl|top ?\d|score|performan|rank|productiv", re.IGNORECASE
    )
    for signal in SHARED.values():
        for text in (signal.title, signal.explanation, signal.does_not_mean):
            assert not words.search(getattr(text, language))


def test_the_file_says_so() -> None:
    assert "rank nobody (WOR art. 27" in texts("shared")["signals.toml"]
