"""The shared signals over stories that should raise them, and over those that should not; and their laws."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.signals.happening import Happening
from policies.signals.sightings import Match
from tests.policies.signals.scene import NOON, READ, SHARED, happening, numbered, run

HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
ANNE = {"person": "anne", "recording": "film"}
ONE = {"request": "one", "recording": "film"}


def raised(*told: Happening, until: timedelta | None = None) -> list[Match]:
    """What comes of these, each an entry of its own; a story about one signal raises no other."""
    return run(numbered(told), until=NOON + until if until else None)


def names(matches: Sequence[Match]) -> list[str]:
    return [match.signal for match in matches]


def refused(at: timedelta = timedelta(), /, **told: str) -> Happening:
    return _asked("request.refused", at, "deny", **{"purpose": "one", **told})


def submitted(at: timedelta = timedelta(), /, **told: str) -> Happening:
    return _asked("request.submitted", at, "allow", **{"purpose": "other", **told})


def _asked(event: str, at: timedelta, decision: str, /, **told: str) -> Happening:
    """Whose request it is, is who asks."""
    who = told.get("person", ANNE["person"])
    return happening(event, at, decision=decision, **{**ANNE, "counterpart": who, **told})


def approved(at: timedelta, by: str = "puck", of: str = "anne", /, **told: str) -> Happening:
    return happening("request.approved", at, decision="allow", person=by, counterpart=of, **told)


def test_another_purpose_after_a_denial() -> None:
    told = numbered([refused(), submitted(2 * HOUR)])
    [match] = run(told)
    assert match.signal == "purpose-tried-after-denial"
    assert match.entries == (told[0].entry, told[1].entry)
    assert match.at == told[1].at
    assert match.figures == {"after": 7200, "within": 86_400}


@pytest.mark.parametrize(
    "later",
    [
        submitted(2 * HOUR, purpose="one"),
        submitted(2 * HOUR, recording="another"),
        submitted(2 * HOUR, person="bob"),
        submitted(25 * HOUR),
        replace(submitted(2 * HOUR), municipality="elders"),
        replace(submitted(2 * HOUR), purpose=None),
    ],
    ids=["same-purpose", "other-recording", "other-person", "too-late", "other-municipality", "not-known"],
)
def test_no_other_purpose_after_a_denial(later: Happening) -> None:
    assert raised(refused(), later) == []


def test_another_purpose_after_another_person_refused() -> None:
    told = {**ANNE, "person": "puck", "counterpart": "anne", "purpose": "one"}
    rejected = happening("request.rejected", decision="allow", **told)
    assert names(raised(rejected, submitted(HOUR))) == ["purpose-tried-after-denial"]
    assert raised(rejected, submitted(HOUR, purpose="one")) == []
    assert raised(rejected, submitted(HOUR, person="puck")) == []


def test_several_denials_are_one_signal_and_a_later_one_is_another() -> None:
    again = [refused(), refused(HOUR, purpose="other"), refused(2 * HOUR, purpose="third")]
    assert names(raised(*again)) == ["purpose-tried-after-denial"]
    later = [refused(8 * DAY), refused(8 * DAY + HOUR, purpose="other")]
    assert len(raised(*again, *later)) == 2


def viewed(at: timedelta, person: str, /, **told: str) -> Happening:
    return happening("viewing.served", at, person=person, recording="film", decision="allow", **told)


def test_many_viewers_of_one_recording() -> None:
    told = [viewed(DAY * each, f"viewer {each}") for each in range(5)]
    [match] = raised(*told)
    assert (match.signal, len(match.entries)) == ("many-viewers", 5)
    assert match.figures == {"persons": 5, "at_least": 5, "within": 7 * 86_400}
    assert raised(*told[:4]) == []
    assert raised(*told[:4], viewed(4 * DAY, "viewer 0")) == []
    assert raised(*told[:4], viewed(8 * DAY, "viewer 9")) == []
    assert names(raised(*told, viewed(4 * DAY + HOUR, "viewer 5"))) == ["many-viewers"]


def test_two_who_approve_each_other() -> None:
    there = [approved(DAY * each, "anne", "bob", request=f"a{each}") for each in range(4)]
    back = [approved(DAY * each + HOUR, "bob", "anne", request=f"b{each}") for each in range(3)]
    told = sorted([*there, *back], key=lambda each: each.at)
    [match] = raised(*told)
    assert match.signal == "mutual-approvals"
    assert match.figures == {"there": 3, "back": 3, "times": 3, "within": 90 * 86_400}
    assert len(match.entries) == 6
    assert raised(*there, *back[:2]) == []
    late = [replace(each, at=each.at + 91 * DAY) for each in back]
    assert raised(*there, *late) == []
    with_a_third = [replace(each, person="carl", counterpart="anne") for each in back]
    assert raised(*there, *with_a_third) == []


def test_nobody_is_a_pair_alone() -> None:
    assert raised(*(approved(DAY * each, "anne", "anne", request=f"a{each}") for each in range(7))) == []


def test_approved_within_seconds() -> None:
    [match] = raised(submitted(**ONE), approved(4 * SECOND, **ONE))
    assert (match.signal, match.figures["after"]) == ("approved-within-seconds", 4)
    assert raised(submitted(**ONE), approved(11 * SECOND, **ONE)) == []
    assert raised(submitted(**ONE), approved(4 * SECOND, request="two")) == []


@pytest.mark.parametrize(
    ("left", "found"), [(DAY, True), (DAY + SECOND, False), (timedelta(), True), (-SECOND, False)]
)
def test_watched_shortly_before_disposal(left: timedelta, found: bool) -> None:
    told = replace(viewed(timedelta(), "anne"), dispose_after=NOON + left)
    matches = raised(told, told)
    assert names(matches)[:1] == ["viewed-shortly-before-disposal"] * found
    assert len(matches) <= 1


def granted(at: timedelta = timedelta()) -> Happening:
    return replace(approved(at, request="one", grant="grant"), grant_ends=NOON + at + 3 * DAY)


def test_a_grant_that_is_not_used() -> None:
    told = granted()
    [match] = raised(told, until=3 * DAY)
    assert match.signal == "grant-not-used"
    assert match.at == NOON + 3 * DAY
    assert match.figures == {"within": 3 * 86_400}
    assert raised(told, until=3 * DAY - SECOND) == []


@pytest.mark.parametrize("event", ["viewing.served", "viewing.denied", "grant.revoked"])
def test_a_grant_that_is_used_or_ended(event: str) -> None:
    used = happening(event, HOUR, person="anne", recording="film", grant="grant")
    assert raised(granted(), used, until=9 * DAY) == []
    assert names(raised(granted(), replace(used, grant="another"), until=9 * DAY)) == ["grant-not-used"]
    too_late = replace(used, at=NOON + 4 * DAY)
    assert names(raised(granted(), too_late, until=9 * DAY)) == ["grant-not-used"]


def test_a_viewing_without_completion() -> None:
    served = viewed(timedelta(), "anne", viewing="v", grant="grant")
    other = viewed(HOUR, "anne", viewing="w", grant="grant")
    completed = happening("viewing.completed", HOUR, person="anne", recording="film", viewing="v")
    assert raised(served, completed, until=2 * DAY) == []
    assert names(raised(served, other, until=2 * DAY)) == ["viewing-without-completion"]
    assert raised(served, completed, other, until=HOUR + DAY)[0].entries == (
        numbered([served, other, other])[2].entry,
    )


@pytest.mark.parametrize(
    ("hours", "found"),
    [(-7, True), (-6, False), (10, False), (11, True)],
    ids=["5:00", "6:00", "22:00", "23:00"],
)
def test_a_request_out_of_hours(hours: int, found: bool) -> None:
    matches = raised(submitted(HOUR * hours), submitted(HOUR * hours + SECOND))
    assert names(matches) == ["requested-out-of-hours"] * found
    if found:
        assert matches[0].figures == {"clock": f"{(12 + hours):02}:00", "begin": "06:00", "until": "23:00"}


def test_hours_are_those_of_amsterdam() -> None:
    summer = replace(submitted(), at=NOON.replace(month=7, hour=4, minute=30))
    assert names(raised(summer)) == []
    winter = replace(submitted(), at=NOON.replace(hour=4, minute=30))
    assert names(raised(winter)) == ["requested-out-of-hours"]


def test_without_hours_nothing_is_out_of_them() -> None:
    assert run(numbered([submitted(-7 * HOUR)]), READ.values()) == []


# --- laws ---------------------------------------------------------------------------------------------------

_FEW = st.sampled_from(["a", "b"])


@st.composite
def stories(draw: st.DrawFn) -> list[Happening]:
    """Few people and few things, so that what they do meets; in the order of the log."""
    found, at = [], timedelta()
    for _ in range(draw(st.integers(1, 25))):
        at += draw(st.sampled_from([SECOND, 20 * SECOND, HOUR, 12 * HOUR, 3 * DAY]))
        events = sorted({event for signal in SHARED.values() for event in signal.events})
        told = happening(
            draw(st.sampled_from(events)),
            at,
            decision="allow",
            **{
                trait: draw(_FEW)
                for trait in ("person", "counterpart", "recording", "request", "grant", "viewing", "purpose")
            },
        )
        ends = NOON + at + draw(st.sampled_from([HOUR, DAY]))
        found.append(replace(told, grant_ends=ends, dispose_after=ends))
    return numbered(found)


@settings(max_examples=300, deadline=None)
@given(stories(), st.lists(st.integers(1, 6), min_size=1, max_size=9), st.booleans())
def test_it_does_not_matter_how_the_log_is_cut_into_batches(
    story: list[Happening], batches: list[int], forget: bool
) -> None:
    whole = run(story, until=NOON + 400 * DAY, forget=False)
    cut = run(story, until=NOON + 400 * DAY, batches=batches, forget=forget)
    assert sorted(map(_told, cut)) == sorted(map(_told, whole))


@settings(max_examples=200, deadline=None)
@given(stories())
def test_a_signal_names_entries_that_were_there_in_order(story: list[Happening]) -> None:
    order = [each.entry for each in story]
    for match in run(story, until=NOON + 400 * DAY):
        places = [order.index(entry) for entry in match.entries]
        assert places == sorted(set(places))
        assert places
        signal = SHARED[match.signal]
        assert {story[place].event for place in places} <= signal.events
        assert match.figures.keys() == signal.pattern.figures


@settings(max_examples=200, deadline=None)
@given(stories())
def test_municipalities_have_nothing_to_do_with_each_other(story: list[Happening]) -> None:
    mixed = [replace(each, municipality=("dorp", "elders")[place % 2]) for place, each in enumerate(story)]
    apart = [run(mixed[first::2], until=NOON + 400 * DAY) for first in (0, 1) if mixed[first::2]]
    together = run(mixed, until=NOON + 400 * DAY)
    assert sorted(map(_told, together)) == sorted(_told(match) for each in apart for match in each)


def _told(match: Match) -> tuple[object, ...]:
    return match.signal, match.at, match.entries, tuple(sorted(match.figures.items(), key=str))
