"""A hold as a row, for tests of what follows from one; the verb that places it has tests of its own."""

from datetime import datetime
from typing import Any
from uuid import UUID

from console.demo import town
from policies.terms import Release, Trigger
from vault.holds.tables import Hold
from vault.ids import new_id


def hold_row(
    recording: UUID, placed_at: datetime, *, lifted_at: datetime | None = None, **changed: Any
) -> Hold:
    """A hold for a complaint, or as `changed`; whoever adds it sees to `dispose_after`."""
    return Hold(
        **{
            "id": new_id(),
            "recording_id": recording,
            "municipality_id": town.SLUG,
            "trigger": Trigger.COMPLAINT.value,
            "released_by": Release.SETTLED.value,
            "days_after": 0,
            "basis": "Awb art. 9:4",
            "reason": "A complaint was filed.",
            "placed_at": placed_at,
            "reviewed_at": placed_at,
            "lifted_at": lifted_at,
            "lift_reason": "It was settled." if lifted_at else None,
            **changed,
        }
    )
