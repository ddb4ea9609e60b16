"""The JSON of terms to come: an overview in numbers, and what the coming sweep will take."""

from datetime import date
from uuid import UUID

from pydantic import Field

from vault.disposal.coming import Because, Part
from vault.disposal.tables import Ground
from vault.web.findings import After, FoundPlace, Limit
from vault.web.shapes import Moment, Shape


class DueDay(Shape):
    """How much is due on one calendar day in the Netherlands."""

    day: date
    recordings: int


class HeldFor(Shape):
    """Holds that stand for one reason."""

    trigger: str
    holds: int
    recordings: int
    since: Moment = Field(description="When the first of them was placed.")
    reviewed_at: Moment = Field(description="The one nobody looked at for longest was looked at then.")


class Unfinished(Shape):
    """Disposals that began and are not over: nothing opens that footage any more."""

    number: int
    locked: int = Field(description="Whose objects the store does not let go yet.")
    locked_until: Moment | None = Field(description="When it lets the last of them go.")


class RetentionOverview(Shape):
    """What is kept, and what becomes of it."""

    municipality: str
    name: str
    at: Moment
    rule_set: str = Field(description="Digest of the rule set whose terms these are.")
    term_days: int
    wpg_term_days: int
    overdue: int = Field(description="Must be zero.")
    days: list[DueDay] = Field(description="Up to `last`; days on which nothing is due are left out.")
    last: date = Field(description="The day on which what is recorded now is due, at latest.")
    later: int = Field(description="Due after `last`, because something held it.")
    held_recordings: int
    held: list[HeldFor]
    unfinished: Unfinished
    erasures_waiting: int = Field(description="Early erasures that wait for a decision.")


class ComingQuestion(Shape):
    """Which page of what the sweep will take, or will not."""

    part: Part = Field(
        description="`due`: what will be due; `held`: what stays; `unfinished`: what has begun to go."
    )
    until: Moment | None = Field(
        default=None, description="For `due`: by when; the end of tomorrow in the Netherlands when absent."
    )
    after: FoundPlace | None = After
    limit: Limit = 50


class HoldingReason(Shape):
    """A hold that is or was on a recording."""

    id: UUID
    trigger: str
    placed_at: Moment
    released_by: str = Field(description="The event that ends it.")
    released_at: Moment | None
    days_after: int
    until: Moment | None = Field(description="The end of the term that follows it; none while it stands.")


class ComingRecording(Shape):
    """A recording, when it is due, and why; or why it stays."""

    recording_id: UUID
    regime: str
    quarantined: bool
    begins: Moment = Field(description="From when its term runs.")
    term_days: int
    term_ends: Moment = Field(description="The end of its own term, holds left aside.")
    due: Moment | None = Field(description="None while something holds it.")
    taken: bool
    because: Because
    holds: list[HoldingReason]


class UnfinishedDisposal(Shape):
    """A disposal that is not over."""

    recording_id: UUID
    ground: Ground
    begun_at: Moment
    locked_until: Moment | None


class ComingPage(Shape):
    """A page of a dry run: nothing changes by it."""

    rule_set: str
    until: Moment
    recordings: list[ComingRecording] = Field(default=[])
    unfinished: list[UnfinishedDisposal] = Field(default=[])
    next_after: str | None
