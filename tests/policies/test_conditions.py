"""Conditions: what goes without saying is left out, and nothing else is."""

from policies.conditions import (
    ALWAYS,
    NEVER,
    UNDECIDED,
    Among,
    Every,
    Fact,
    No,
    Present,
    Some,
    every,
    no,
    some,
)

TEAM = Fact("recording.team", "Team")
ONE, OTHER = Present(TEAM), Among(TEAM, frozenset({"centrum"}))


def test_every_leaves_out_what_is_always_so() -> None:
    assert every() is ALWAYS
    assert every(ALWAYS, ONE, ONE) == ONE
    assert every(ONE, ALWAYS, OTHER) == Every((ONE, OTHER))
    assert every(ONE, NEVER) is NEVER


def test_some_leaves_out_what_is_never_so() -> None:
    assert some() is NEVER
    assert some(NEVER, ONE, ONE) == ONE
    assert some(ONE, NEVER, OTHER) == Some((ONE, OTHER))
    assert some(ONE, ALWAYS) is ALWAYS


def test_no_turns_and_turns_back() -> None:
    assert (no(ALWAYS), no(NEVER)) == (NEVER, ALWAYS)
    assert no(ONE) == No(ONE)
    assert no(no(ONE)) == ONE


def test_what_is_not_decided_yet_decides_nothing() -> None:
    assert every(UNDECIDED, ONE) == Every((UNDECIDED, ONE))
    assert some(UNDECIDED, no(UNDECIDED)) == Some((UNDECIDED, No(UNDECIDED)))
