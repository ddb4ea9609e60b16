"""Holds that a request places by itself, where the municipality's terms say so.

In the transaction of the request: whoever is told that they may see footage, or that somebody will decide on
that, is told so of footage that stays until they are answered.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from policies import terms as municipal
from policies.engine import Decision
from policies.terms import Terms
from vault import audit
from vault.audit import Event
from vault.holds.placing import Why, add, counts, details_of, leaf_of
from vault.holds.tables import Hold
from vault.tables import Recording, Request
from vault.vault import Caller, Vault


def place_for(session: Session, terms: Terms, row: Recording, request: Request, now: datetime) -> list[Hold]:
    """Place every hold that a request, which the policy permits, begins; the recording is locked."""
    return [
        add(session, row, known, _why(known, request), None, now, request.id)
        for known in terms.placed_by(request.purpose, request.prerequisites)
        if counts(known, row.recorded_at, now)
    ]


def enter(
    vault: Vault, session: Session, caller: Caller, decision: Decision, holds: Sequence[Hold], now: datetime
) -> None:
    """The entry of each hold that a request placed: by whoever asked, under the decision on that."""
    actor = caller.as_actor(decision.situation.person.roles)
    for hold in holds:
        why = Why(hold.trigger, hold.reason, hold.basis, hold.case_reference)
        details = details_of(why, hold)
        details["request"] = hold.request_id
        entry = audit.of_decision(
            Event.HOLD_PLACED, decision, actor, now, facts=leaf_of(hold), details=details
        )
        audit.append(session, vault.ring, entry)


def _why(known: municipal.Hold, request: Request) -> Why:
    """A municipality's own words for its rule are the basis; the reason is that of the request."""
    return Why(known.trigger.value, request.reason, known.title.nl, request.case_reference)
