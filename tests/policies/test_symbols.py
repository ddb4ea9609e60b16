"""What can be said of facts that differ from row to row, operator by operator, at its boundaries."""

from datetime import timedelta

import pytest

from policies.conditions import (
    ALWAYS,
    NEVER,
    UNDECIDED,
    Among,
    Before,
    Contains,
    Empty,
    Every,
    Fact,
    No,
    Same,
    Some,
)
from policies.symbols import (
    Group,
    Linear,
    NotListable,
    Record,
    combine,
    compare,
    contains,
    empty,
    equal,
    group,
    truth,
)
from policies.values import OPEN, Moment, Overflow, Ref, Span, as_datetime

MAKER, TEAM = Fact("recording.maker", "Person"), Fact("recording.team", "Team")
HOLDER, DEPICTED = Fact("grant.holder", "Person"), Fact("recording.depicted", "Set")
RECORDED = Fact("recording.recordedAt", "datetime")
BO, SAM, CENTRUM = Ref("Person", "bo"), Ref("Person", "sam"), Ref("Team", "centrum")
NOON = Moment(1_000_000_000)
STEP = timedelta(milliseconds=1)


def before(ms: int) -> Before:
    return Before(RECORDED, as_datetime(Moment(ms)))


@pytest.mark.parametrize(
    ("operator", "condition"),
    [
        ("<", before(NOON.ms)),
        ("<=", before(NOON.ms + 1)),
        (">", No(before(NOON.ms + 1))),
        (">=", No(before(NOON.ms))),
    ],
)
def test_moments_are_compared_from_either_side(operator: str, condition: object) -> None:
    """Whatever is within the millisecond counts as the millisecond: Cedar cuts off the rest."""
    assert compare(operator, Linear(RECORDED), NOON) == condition
    mirrored = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}[operator]
    assert compare(mirrored, NOON, Linear(RECORDED)) == condition


def test_a_moment_is_within_its_millisecond() -> None:
    assert equal(Linear(RECORDED), NOON) == Every((No(before(NOON.ms)), before(NOON.ms + 1)))


def test_how_long_ago_turns_the_order_around() -> None:
    ago = combine("durationSince", [NOON, Linear(RECORDED)])
    assert compare(">", ago, Span(500)) == before(NOON.ms - 500)
    assert compare("<=", ago, Span(500)) == No(before(NOON.ms - 500))
    ahead = combine("durationSince", [Linear(RECORDED), NOON])
    assert compare("<", ahead, Span(500)) == before(NOON.ms + 500)


def test_a_moment_that_is_moved() -> None:
    moved = combine("offset", [Linear(RECORDED), Span(1000)])
    assert compare("<", moved, NOON) == before(NOON.ms - 1000)
    with pytest.raises(Overflow):
        combine("offset", [Linear(RECORDED), Span(2**63 - 1)])


def test_before_the_first_year_and_after_the_last() -> None:
    assert compare("<", Linear(RECORDED), Moment(-(10**18))) is NEVER
    assert compare("<", Linear(RECORDED), Moment(10**18)) is ALWAYS


def test_entities_are_the_same_when_their_kind_is() -> None:
    assert equal(MAKER, BO) == equal(BO, MAKER) == Among(MAKER, frozenset({"bo"}))
    assert equal(MAKER, CENTRUM) is NEVER
    assert equal(MAKER, MAKER) is ALWAYS
    assert equal(MAKER, HOLDER) == Same(MAKER, HOLDER)
    assert equal(MAKER, TEAM) is NEVER
    assert equal(1, True) is NEVER


def test_sets_of_persons() -> None:
    assert contains("contains", DEPICTED, BO) == Contains(DEPICTED, "bo")
    assert contains("contains", DEPICTED, MAKER) == Contains(DEPICTED, MAKER)
    assert contains("contains", DEPICTED, CENTRUM) is NEVER
    both = frozenset({BO, SAM})
    one, other = Contains(DEPICTED, "bo"), Contains(DEPICTED, "sam")
    assert contains("containsAny", DEPICTED, both) == contains("containsAny", both, DEPICTED)
    assert contains("containsAny", DEPICTED, both) == Some((one, other))
    assert contains("containsAll", DEPICTED, both) == Every((one, other))
    assert contains("contains", both, MAKER) == Among(MAKER, frozenset({"bo", "sam"}))
    assert contains("contains", frozenset({CENTRUM}), MAKER) is NEVER
    assert contains("contains", group([MAKER, BO]), BO) is ALWAYS
    assert empty(DEPICTED) == Empty(DEPICTED)
    assert (empty(frozenset()), empty(Group((MAKER,)))) == (ALWAYS, NEVER)


def test_what_is_known_later_decides_nothing_now() -> None:
    assert truth(OPEN) is UNDECIDED
    assert equal(MAKER, OPEN) is UNDECIDED
    assert contains("contains", OPEN, MAKER) is UNDECIDED
    assert compare("<", Linear(RECORDED), OPEN) is UNDECIDED
    assert combine("offset", [OPEN, Span(1)]) is OPEN
    assert group([OPEN, BO]) is OPEN


@pytest.mark.parametrize(
    "refused",
    [
        lambda: compare("<", Linear(RECORDED), Linear(Fact("recording.disposeAfter", "datetime"))),
        lambda: equal(DEPICTED, frozenset({BO})),
        lambda: equal(Record({}), OPEN),
        lambda: contains("containsAll", frozenset({BO}), DEPICTED),
        lambda: contains("containsAny", DEPICTED, DEPICTED),
        lambda: combine("toTime", [Linear(RECORDED)]),
        lambda: combine("like", ["kept"]),
        lambda: truth(MAKER),
        lambda: empty(BO),
    ],
)
def test_what_no_list_can_be_made_by(refused: object) -> None:
    assert callable(refused)
    with pytest.raises(NotListable):
        refused()
