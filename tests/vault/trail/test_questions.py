"""Every filter of the trail finds what it should and nothing else, alone and together with others."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.demo import town
from tests.vault.trail.conftest import APPRAISAL, OTHER_CAMERA, History
from tests.watching import CASE, PURPOSE
from vault.trail import NothingToFind, Question
from vault.trail.questions import filters
from vault.trail.terms import TERM_LENGTH

OF_FIRST = ["request.submitted", "request.approved", "viewing.served", "viewing.completed", "viewing.served"]
ALL = [
    "recording.announced",
    "recording.kept",
    "recording.announced",
    "recording.kept",
    *OF_FIRST,
    "request.refused",
    "request.allowed",
    "search.opened",
    "recordings.found",
    "request.submitted",
    "decision.denied",
]


def person(history: History, who: town.Resident) -> Any:
    return history.made.town.people[who.subject]


def test_everything_in_order(history: History) -> None:
    assert history.events()[-len(ALL) :] == ALL
    assert history.events(newest_first=True)[: len(ALL)] == ALL[::-1]


def test_one_recording_is_a_story(history: History) -> None:
    assert history.events(recording=history.first) == [
        *ALL[:2],
        *OF_FIRST,
        "request.refused",
        "recordings.found",
    ]


def test_one_persons_accesses_are_a_story(history: History) -> None:
    """What they asked, what was decided on it by others, what they watched; not what they decided."""
    assert history.events(accesses_of=person(history, town.SUPERVISOR)) == [
        *OF_FIRST,
        "request.refused",
        "search.opened",
        "recordings.found",
    ]
    assert history.events(accesses_of=person(history, town.PRIVACY_OFFICER)) == ALL[-2:]


def test_who_did_it(history: History) -> None:
    assert history.events(person=person(history, town.PRIVACY_OFFICER)) == ["request.approved", *ALL[-2:]]
    assert history.events(person=person(history, town.OFFICER)) == ["request.allowed"]
    assert history.events(person=person(history, town.ADMINISTRATOR)) == []


def test_whose_recording(history: History) -> None:
    everything = [event for event in ALL if not event.startswith(("search.", "recordings."))]
    # A completion tells of the range alone.
    everything.remove("viewing.completed")
    assert history.events(officer=person(history, town.OFFICER)) == everything
    assert history.events(officer=person(history, town.SUPERVISOR)) == []


@pytest.mark.parametrize("written", [OTHER_CAMERA, "vb 0043"])
def test_one_camera(history: History, written: str) -> None:
    assert history.events(camera=written) == [
        "camera.registered",
        "recording.announced",
        "recording.kept",
        "request.allowed",
        "request.submitted",
        "decision.denied",
    ]


@pytest.mark.parametrize("written", [CASE, "vb20260117", " VB/2026/0117 "])
def test_one_case_with_what_was_watched_for_it(history: History, written: str) -> None:
    assert history.events(case=written) == OF_FIRST[:3] + OF_FIRST[4:]
    assert history.events(case="VB-2026-0200") == ["search.opened"]
    assert history.events(case="VB-2026-011") == []


def test_one_purpose_decision_rule_regime_or_event(history: History) -> None:
    assert history.events(for_purpose=APPRAISAL) == ["request.refused"]
    assert history.events(for_purpose="zelfevaluatie") == ["request.allowed"]
    assert history.events(decision="deny") == ["request.refused", "decision.denied"]
    assert history.events(rule="works-council") == ["request.refused"]
    assert history.events(rule="own-request") == ["decision.denied"]
    assert history.events(regime="wpg") == []
    assert "viewing.served" in history.events(regime="avg")
    assert history.events(event="viewing.served") == ["viewing.served"] * 2


def test_who_approved_and_what_was_done_under_it(history: History) -> None:
    assert history.events(approver=person(history, town.PRIVACY_OFFICER)) == [
        "request.approved",
        "viewing.served",
        "viewing.served",
    ]
    assert history.events(approver=person(history, town.SUPERVISOR)) == []


def test_one_recipient(history: History) -> None:
    assert history.events(recipient="politie") == ["request.submitted", "decision.denied"]
    assert history.events(recipient="om") == []


def test_a_period_ends_before_its_end(history: History) -> None:
    monday = history.monday
    assert history.events(since=monday, until=monday + timedelta(minutes=6)) == OF_FIRST[:4]
    assert history.events(since=monday + timedelta(minutes=6), until=monday + timedelta(minutes=7)) == [
        "viewing.served"
    ]
    assert history.events(until=monday)[-2:] == ["recording.announced", "recording.kept"]
    assert history.events(since=history.saturday) == ALL[-2:]
    assert history.events(since=history.saturday + timedelta(days=9)) == []


def test_out_of_hours(history: History) -> None:
    assert history.events(out_of_hours=True, since=history.monday) == ALL[-2:]


def test_without_completion(history: History) -> None:
    [line] = history.ask(without_completion=True).lines
    assert line.leaf["type"] == "viewing.served"
    assert line.leaf["t"] == (history.monday + timedelta(minutes=6)).timestamp() * 1000


@pytest.mark.parametrize(
    ("words", "events"),
    [
        ("geweldpleging", ["request.submitted"]),
        ("OPENLIJKE, vordering!", ["request.submitted"]),
        ("cafe", ["search.opened"]),
        ("geduwd café", ["search.opened"]),
        ("het café", ["search.opened"]),
        ("caf", []),
        ("vordering café", []),
        ("evenredig", ["request.approved"]),
    ],
)
def test_words_of_the_reason(history: History, words: str, events: list[str]) -> None:
    assert history.events(words=words) == events


@pytest.mark.parametrize("asked", [{"words": "de het"}, {"words": "- ab"}, {"case": "-/"}, {"camera": " "}])
def test_nothing_to_look_for_is_not_everything(history: History, asked: dict[str, Any]) -> None:
    with pytest.raises(NothingToFind):
        history.ask(**asked)


def test_a_purpose_on_no_list_is_found_too(history: History) -> None:
    assert history.ask(purpose="nieuwsgierig").under is None
    found = history.ask(for_purpose="nieuwsgierig").lines
    assert [line.leaf["type"] for line in found] == ["trail.denied"]
    assert "purpose" not in found[0].leaf


CHOICES: dict[str, list[Any]] = {
    "recording": ["first", "second"],
    "person": [town.SUPERVISOR, town.PRIVACY_OFFICER],
    "accesses_of": [town.SUPERVISOR, town.OFFICER],
    "officer": [town.OFFICER],
    "camera": [town.CAMERA, OTHER_CAMERA],
    "case": [CASE],
    "for_purpose": [PURPOSE, "opsporing"],
    "decision": ["allow", "deny"],
    "event": ["viewing.served", "request.submitted"],
    "approver": [town.PRIVACY_OFFICER],
    "regime": ["avg"],
    "words": ["geduwd", "reason"],
    "without_completion": [True],
    "out_of_hours": [True, False],
}


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)
@given(
    asked=st.fixed_dictionaries(
        {}, optional={name: st.sampled_from(values) for name, values in CHOICES.items()}
    ),
    newest_first=st.booleans(),
    most=st.integers(1, 5),
)
def test_filters_together_are_what_each_of_them_finds(
    history: History, asked: dict[str, Any], newest_first: bool, most: int
) -> None:
    known = {"first": history.first, "second": history.second}
    values = {
        name: known.get(value, value)
        if isinstance(value, str)
        else (person(history, value) if isinstance(value, town.Resident) else value)
        for name, value in asked.items()
    }
    until = history.saturday + timedelta(days=1)
    each = [
        {line.index for line in history.ask(**{name: value, "until": until}).lines}
        for name, value in values.items()
    ]
    everything = {line.index for line in history.ask(until=until).lines}
    expected = sorted(everything.intersection(*each), reverse=newest_first)
    found: list[int] = []
    after = None
    while True:
        page = history.ask(**values, until=until, newest_first=newest_first, after=after, most=most)
        found += [line.index for line in page.lines]
        if (after := page.next_after) is None:
            break
    assert found == expected


def test_terms_are_of_one_municipality(history: History) -> None:
    ring = history.made.vault.ring
    here = filters(Question(town.SLUG, "x", words="geduwd", decision="deny"), ring)
    there = filters(Question("noordwijk", "x", words="geduwd", decision="deny"), ring)
    assert not {term for each in here for term in each} & {term for each in there for term in each}
    assert all(len(term) == TERM_LENGTH for each in here for term in each)


def test_what_was_asked_is_told_without_what_was_not() -> None:
    question = Question(town.SLUG, "x", words="geduwd", out_of_hours=True, after=3, newest_first=True)
    assert question.filters() == {"words": "geduwd", "out_of_hours": "True"}
