"""The JSON of holds and regimes, in the same form as the rest of the API (`vault.web.shapes`)."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from policies.retention import UNTIL_RELEASED
from policies.terms import Release, Trigger
from vault.holds.reading import Which
from vault.holds.tables import Hold as Row
from vault.tables import Recording
from vault.web.findings import FoundPlace, Limit
from vault.web.shapes import NO_NUL, CaseReference, Moment, Reason, Shape, Slug

Basis = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500, pattern=NO_NUL)]
After = Field(default=None, description="`nextAfter` of the page before.")


class NewHold(Shape):
    """A hold (bewaarplicht): why a recording must stay longer than its term."""

    trigger: Trigger = Field(description="One of those that the municipality's terms know.")
    reason: Reason
    basis: Basis = Field(description="The legal basis, in words.")
    case_reference: CaseReference | None = None


class NewLift(Shape):
    """Which event ended a hold. There is no undo: the footage may be due at once."""

    event: Release = Field(description="The one that the hold names in `releasedBy`, or `reason-lapsed`.")
    reason: Reason


class NewReview(Shape):
    """Why a hold must still stand."""

    reason: Reason


class HoldQuestion(Shape):
    """Which page of a municipality's holds."""

    municipality: Slug
    which: Which = Which.STANDING
    after: UUID | None = After
    limit: Limit = 50


class ReminderQuestion(Shape):
    """Which page of the holds that nobody looked at for long."""

    municipality: Slug
    after: FoundPlace | None = After
    limit: Limit = 50


class Hold(Shape):
    """A hold as it stands."""

    id: UUID
    recording_id: UUID
    trigger: str
    released_by: str = Field(description="The event that ends it.")
    days_after: int = Field(description="Days that the footage stays then, never less than its own term.")
    basis: str
    reason: str
    case_reference: str | None
    request_id: UUID | None = Field(description="The request that placed it by itself.")
    placed_by: UUID | None = Field(description="The person; null for an operator, and for a request.")
    placed_at: Moment
    reviewed_at: Moment
    lifted_by: UUID | None
    lifted_at: Moment | None = Field(description="The term that follows runs from here.")
    ended_by: str | None
    lift_reason: str | None


class RecordingTerm(Shape):
    """Until when a recording stays, and under which law."""

    recording_id: UUID
    regime: Literal["avg", "wpg"]
    held: bool = Field(description="Something holds it: then nothing is known of when it goes.")
    dispose_after: Moment | None = Field(description="Null while it is held.")


class PlacedHold(Hold):
    """A hold after something was done to it, and what it makes of its recording's term."""

    recording: RecordingTerm


class HoldPage(Shape):
    """Holds, newest first."""

    holds: list[Hold]
    next_after: UUID | None = None


class ReminderPage(Shape):
    """Holds that nobody looked at for long, the most forgotten first."""

    holds: list[Hold]
    next_after: FoundPlace | None = None


class NewRegime(Shape):
    """The regime that a recording turns out to stand under. It changes once."""

    regime: Literal["avg", "wpg"]
    reason: Reason


def shape(row: Row) -> Hold:
    """A hold, as the API tells it."""
    return Hold.model_validate(members(row))


def members(row: Row) -> dict[str, object]:
    """The members that a hold has wherever it is told."""
    return {name: getattr(row, name) for name in Hold.model_fields}


def term(row: Recording) -> RecordingTerm:
    """Until when a recording stays, as the API tells it: never a date that nobody knows."""
    held = row.dispose_after == UNTIL_RELEASED
    return RecordingTerm(
        recording_id=row.id,
        regime="wpg" if row.regime == "wpg" else "avg",
        held=held,
        dispose_after=None if held else row.dispose_after,
    )
