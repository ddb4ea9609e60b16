"""What terms say in plain words, for what the published ones do not all have."""

from collections.abc import Callable, Iterator

import pytest

from policies import term_chapters
from policies.pages import Block, as_plain
from policies.terms import PREREQUISITES, Release, Terms, Trigger, parse_terms
from policies.words import RECORDS, RELEASES, TRIGGERS
from tests.policies.test_terms import GOOD

TERMS = parse_terms(GOOD)
HOLD = """
[[holds]]
trigger = "{}"
released_by = "{}"
days_after = {}
title = {{ nl = "Een reden", en = "A reason" }}
"""


def told(chapter: Callable[[Terms, str], Iterator[Block]], terms: Terms, language: str = "en") -> str:
    return as_plain(chapter(terms, language))


def test_a_recording_begins_before_and_ends_after() -> None:
    assert "seconds" not in told(term_chapters.recorded, TERMS)
    longer = TERMS.model_copy(update={"prerecording_seconds": 30, "postrecording_seconds": 60})
    assert "begins 30 seconds before the camera is switched on" in told(term_chapters.recorded, longer)
    assert "until 60 seconds after the camera is switched off" in told(term_chapters.recorded, longer)
    assert "30 seconden voor" in told(term_chapters.recorded, longer, "nl")
    assert TERMS.recording.nl in told(term_chapters.recorded, TERMS, "nl")


@pytest.mark.parametrize(("days", "said"), [(1, "1 day, from"), (28, "28 days, from")])
def test_footage_is_kept_for_days(days: int, said: str) -> None:
    terms = TERMS.model_copy(update={"term_days": days, "wpg_term_days": 3650, "holds": ()})
    assert told(term_chapters.kept, terms).startswith(said)
    assert "(Wpg): 3650 days." in told(term_chapters.kept, terms)
    assert "Never longer." in told(term_chapters.kept, terms)


@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize("release", Release)
def test_every_hold_tells_what_begins_and_what_ends_it(trigger: Trigger, release: Release) -> None:
    terms = parse_terms(GOOD + HOLD.format(trigger, release, 14))
    for language in ("nl", "en"):
        said = told(term_chapters.kept, terms, language)
        assert f": {TRIGGERS[trigger].in_language(language)}." in said
        assert f": {RELEASES[release].in_language(language)}." in said
    assert "After that another 14 days." in told(term_chapters.kept, terms)
    assert "Never longer." not in told(term_chapters.kept, terms)


def test_a_hold_may_have_to_come_in_time() -> None:
    terms = parse_terms(GOOD + HOLD.format("complaint", "settled", 0) + "asked_within_days = 1\n")
    assert "a complaint, within 1 day of the recording." in told(term_chapters.kept, terms)
    assert "After that no longer than ordinarily." in told(term_chapters.kept, terms)


def test_what_places_a_hold_is_told() -> None:
    hold = GOOD + HOLD.format("complaint", "settled", 0)
    assert "Somebody establishes that, with a reason." in told(term_chapters.kept, parse_terms(hold))
    by = 'placed_by = { purposes = ["aangifte"], prerequisites = ["complaint-filed", "demand-received"] }\n'
    both = parse_terms(hold + by)
    said = " ".join(told(term_chapters.kept, both).split())
    assert (
        "by itself with a request that is permitted: Criminal complaint; and a complaint has been filed or "
        "prosecutor or police demand the footage." in said
    )
    said = " ".join(told(term_chapters.kept, both, "nl").split())
    assert "bij een toegestaan verzoek: Aangifte; en er is een klacht ingediend of OM of politie" in said


@pytest.mark.parametrize("name", sorted(PREREQUISITES))
def test_every_prerequisite_has_words(name: str) -> None:
    by = f'placed_by = {{ prerequisites = ["{name}"] }}\n'
    terms = parse_terms(GOOD + HOLD.format("complaint", "settled", 0) + by)
    assert "Sets in by itself" in told(term_chapters.kept, terms)


def test_where_the_processing_is_registered_is_told() -> None:
    assert "record of processing" not in told(term_chapters.source, TERMS)
    own = {"processing_activity": "https://register.example/7", "wpg_processing_activity": "urn:example:8"}
    named = TERMS.model_copy(update=own)
    said = told(term_chapters.source, named)
    assert "In the record of processing activities: https://register.example/7." in said
    assert "(Wpg) registered as: urn:example:8." in said
    assert "register van verwerkingsactiviteiten: https" in told(term_chapters.source, named, "nl")
    assert "Onder de Wpg geregistreerd als: urn:example:8." in told(term_chapters.source, named, "nl")


def test_records_are_shown_or_missed() -> None:
    none = TERMS.model_copy(update={"records": type(TERMS.records)()})
    said = told(term_chapters.records, none)
    assert said.count(": missing.") == len(RECORDS)
    assert "no footage of this municipality is taken in" in said
    date = '[records.{}]\ntitle = "Document"\ndate = 2026-02-11\nreference = "R-7"\n'
    whole = parse_terms(GOOD.partition("[records")[0] + "".join(date.format(name) for name in RECORDS))
    said = told(term_chapters.records, whole, "nl")
    assert said.count(": Document, 11-02-2026, R-7.") == len(RECORDS)
    assert "geen beelden" not in said
