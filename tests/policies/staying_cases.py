"""Cases of the shared rules about how long one recording stays: holds, regime, early erasure."""

from collections.abc import Iterator
from dataclasses import replace

from policies.facts import ABOUT_TERM, Action
from tests.policies.footage_cases import NEIGHBOUR
from tests.policies.world import MOMENT, Case, World, id_of, roles

_YES = "yes: stay-changed-with-reason"
_OVERSEERS = frozenset({"privacy-officer", "decider"})
_MAY = {
    Action.PLACE_HOLD: (_OVERSEERS, "holds-by-oversight"),
    Action.LIFT_HOLD: (_OVERSEERS, "holds-by-oversight"),
    Action.CHANGE_REGIME: (_OVERSEERS, "regime-by-oversight"),
    Action.ASK_ERASURE: (_OVERSEERS | {"supervisor"}, "erasure-asked-by-staff"),
    Action.DECIDE_ERASURE: (_OVERSEERS, "erasure-decided-by-oversight"),
}
_NOT_WHEN_DUE = frozenset({Action.PLACE_HOLD, Action.CHANGE_REGIME})
"""What is due stays due; a hold that was there may be lifted, and erasing what is due changes nothing."""


def everywhere(w: World) -> list[Case]:
    """Those that hold in each municipality, whatever its own rules say."""
    return [*_by_role(w), *_by_state(w), *_elsewhere(w), *_erasing(w)]


def where_shared(w: World) -> list[Case]:
    """Those in a municipality that shares with NEIGHBOUR, whose people never decide for it."""
    neighbour = w.person("decider", municipality=NEIGHBOUR)
    only = "no: decided-by-own-municipality"
    return [(f"{action} by a neighbour", w.term(action, neighbour), only) for action in sorted(ABOUT_TERM)]


def _by_role(w: World) -> Iterator[Case]:
    for action, (may, reason) in _MAY.items():
        for role in sorted(roles()):
            yield f"{action} by {role}", w.term(action, role), _YES if role in may else f"no: {reason}"


def _by_state(w: World) -> Iterator[Case]:
    over = w.recording.dispose_after
    for action in sorted(ABOUT_TERM):
        for state, told in (
            ("disposing", "no: footage-disposed"),
            ("disposed", "no: footage-disposed"),
            # What is set apart has a term, and what it shows may be needed.
            ("quarantined", _YES),
        ):
            footage = replace(w.recording, state=state)
            yield f"{action} of {state} footage", w.term(action, "decider", resource=footage), told
        due = "no: term-is-over" if action in _NOT_WHEN_DUE else _YES
        yield f"{action} when due", w.term(action, "decider", now=over), due
        yield f"{action} a moment before", w.term(action, "decider", now=over - MOMENT), _YES


def _elsewhere(w: World) -> Iterator[Case]:
    for action in sorted(ABOUT_TERM):
        gone = w.person("decider", active=False)
        yield f"{action} by who left", w.term(action, gone), "no: person-inactive"
        elders = replace(w.recording, municipality="elders")
        yield (
            f"{action} elsewhere",
            w.term(action, "decider", resource=elders),
            "no: other-municipality decided-by-own-municipality",
        )


def _erasing(w: World) -> list[Case]:
    asked, decided = Action.ASK_ERASURE, Action.DECIDE_ERASURE
    made = replace(w.recording, maker=id_of("decider"))
    depicted = replace(w.recording, depicted=frozenset({id_of("decider")}))
    return [
        ("erasure asked by the maker", w.term(asked, "maker"), _YES),
        (
            "erasure asked by a maker who is no officer any more",
            w.term(asked, w.person("maker", "auditor")),
            "no: erasure-asked-by-staff",
        ),
        (
            "erasure asked by an officer who stands on it",
            w.term(asked, "partner"),
            "no: erasure-asked-by-staff",
        ),
        ("erasure asked by the decider who made it", w.term(asked, "decider", resource=made), _YES),
        ("erasure that another asked", w.term(decided, "decider", "privacy-officer"), _YES),
        ("erasure of one's own asking", w.term(decided, "decider", "decider"), "no: own-erasure"),
        (
            "erasure decided by who made it",
            w.term(decided, "decider", resource=made),
            "no: erasure-by-involved",
        ),
        (
            "erasure decided by who stands on it",
            w.term(decided, "decider", resource=depicted),
            "no: erasure-by-involved",
        ),
        ("hold placed by who made it", w.term(Action.PLACE_HOLD, "decider", resource=made), _YES),
        *(
            (
                f"{action} by who {how} it",
                w.term(action, "decider", resource=footage),
                "no: stay-ended-by-involved",
            )
            for action in (Action.LIFT_HOLD, Action.CHANGE_REGIME)
            for how, footage in (("made", made), ("stands on", depicted))
        ),
    ]
