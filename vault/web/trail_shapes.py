"""The JSON of the audit trail (inzagelog), in the same form as the rest of the API (`vault.web.shapes`)."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from vault.ids import RecordingId
from vault.trail import Question
from vault.web.shapes import NO_NUL, CaseReference, Moment, Shape, Slug

Place = Annotated[str, StringConstraints(pattern=r"^\d{1,18}$")]
"""Where an entry stands among those found. Opaque: only good to go on from."""
EventName = Annotated[str, StringConstraints(pattern=r"^[a-z-]{1,40}\.[a-z-]{1,40}$")]
RuleName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,100}$")]
Serial = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NO_NUL)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_NUL)]


class TrailFilters(Shape):
    """What someone looks for in the audit trail, and what for. In a body: never in a URL.

    Filters that are given all have to hold.
    """

    municipality: Slug
    purpose: Slug = Field(description="What the trail is read for. The rules permit oversight and audit.")
    recording_id: UUID | None = None
    since: Moment | None = None
    until: Moment | None = Field(default=None, description="Exclusive.")
    event: EventName | None = None
    person_id: UUID | None = Field(default=None, description="Who did it.")
    accesses_of: UUID | None = Field(
        default=None,
        description="Whose accesses: what this person asked for, what was decided on it, what they watched.",
    )
    officer_id: UUID | None = Field(default=None, description="Whose recordings it is about.")
    camera: Serial | None = Field(default=None, description="Serial number.")
    case_reference: CaseReference | None = Field(
        default=None, description="Case or incident number; spaces, signs and capitals do not matter."
    )
    for_purpose: Slug | None = Field(default=None, description="The purpose that was asked for.")
    decision: Literal["allow", "deny"] | None = None
    rule: RuleName | None = Field(default=None, description="A rule that decided.")
    regime: Literal["avg", "wpg"] | None = None
    approver_id: UUID | None = Field(default=None, description="Who approved it, or what it was done under.")
    recipient: Slug | None = None
    words: Words | None = Field(
        default=None, description="Words of the reason, whole; each of them has to be in it."
    )
    out_of_hours: bool = Field(default=False, description="Only what was out of office hours.")
    without_completion: bool = Field(
        default=False, description="Only ranges that were served and whose completion did not come."
    )
    newest_first: bool = False

    def question(self, *, after: str | None = None, most: int = 50) -> Question:
        """What the vault is asked."""
        return Question(
            municipality=self.municipality,
            purpose=self.purpose,
            recording=RecordingId(self.recording_id) if self.recording_id else None,
            since=self.since,
            until=self.until,
            event=self.event,
            person=self.person_id,
            accesses_of=self.accesses_of,
            officer=self.officer_id,
            camera=self.camera,
            case=self.case_reference,
            for_purpose=self.for_purpose,
            decision=self.decision,
            rule=self.rule,
            regime=self.regime,
            approver=self.approver_id,
            recipient=self.recipient,
            words=self.words,
            out_of_hours=self.out_of_hours,
            without_completion=self.without_completion,
            newest_first=self.newest_first,
            after=int(after) if after else None,
            most=most,
        )


class TrailQuestion(TrailFilters):
    """Which page of what is found."""

    after: Place | None = Field(default=None, description="`nextAfter` of the page before.")
    limit: int = Field(default=50, ge=1, le=200)


class NewTrailExport(TrailFilters):
    """What is to be exported, all of it, and in which form."""

    form: Literal["csv", "pdf"] = "csv"


class TrailLine(Shape):
    """One entry: the leaf as it was hashed, and its payload while its term lasts."""

    index: int = Field(description="Its number in the log.")
    leaf: dict[str, Any]
    payload: dict[str, Any] | None
    damaged: bool = Field(description="The payload is not the one this entry commits to.")


class TrailCheckpoint(Shape):
    """What the log signed last: under it, every entry that is shown can be proven."""

    size: int = Field(description="So many entries.")
    root: str = Field(description="Base64.")
    note: str = Field(description="The signed note (c2sp.org/tlog-checkpoint).")
    signed_at: Moment


class TrailPage(Shape):
    """A page of the trail, in the order asked for."""

    entries: list[TrailLine]
    next_after: Place | None = Field(default=None, description="Absent on the last page.")
    checkpoint: TrailCheckpoint | None = Field(description="Absent while nothing was signed.")
    complete_to: int = Field(
        description="Entries from this number on cannot be found yet; within seconds they can."
    )
