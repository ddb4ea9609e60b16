"""The JSON that goes over the API: camelCase, closed (an unknown member is an error), times with a zone."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
)
from pydantic.alias_generators import to_camel


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("this moment is not in any year of UTC") from None


NO_NUL = r"^[^\x00]*$"
"""PostgreSQL has no room for the character NUL in a text, and no reason needs one."""
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=10, max_length=2000, pattern=NO_NUL)
]
CaseReference = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=NO_NUL)
]
Moment = Annotated[
    AwareDatetime,
    AfterValidator(_in_utc),
    PlainSerializer(lambda moment: moment.astimezone(UTC).isoformat().replace("+00:00", "Z")),
]
Prerequisite = Literal[
    "complaint-filed",
    "criminal-complaint-filed",
    "demand-received",
    "subject-depicted",
    "demonstrable-interest",
    "at-officers-request",
    "safety-incident",
    "integrity-investigation",
]


class Shape(BaseModel):
    """What all of them share."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class NewRequest(Shape):
    """A request to see a recording (verzoek tot uitkijken)."""

    recording_id: UUID
    purpose: Slug = Field(description="One of the purposes that the municipality's rule set offers.")
    reason: Reason
    case_reference: CaseReference | None = None
    prerequisites: list[Prerequisite] = Field(default=[], description="What the requester declares to be so.")
    recipient: Slug | None = Field(
        default=None, description="To whom the footage is to be disclosed: one of the rule set's recipients."
    )


class DecidingRule(Shape):
    """A rule that decided, in the reader's language."""

    id: str
    title: str
    basis: str
    remedy: str | None = Field(
        default=None, description="What would make possible what the rule denies, where something would."
    )


class RequestAnswer(Shape):
    """How a request stands."""

    id: UUID
    state: Literal["waiting", "granted", "refused"]
    grant_id: UUID | None = None
    reasons: list[DecidingRule]
    obligations: list[str]


class RequestDetail(Shape):
    """A request as its requester or a decider reads it."""

    id: UUID
    recording_id: UUID
    purpose: str
    reason: str
    case_reference: str | None
    prerequisites: list[str]
    recipient: str | None
    asked_at: Moment
    state: Literal["waiting", "granted", "refused"]
    grant_id: UUID | None
    decision_ids: list[UUID] = Field(description="Each can be explained; the first is what the rules said.")


class NewDecision(Shape):
    """A decider's decision on a request (besluit)."""

    outcome: Literal["approve", "refuse"]
    reason: Reason
    valid_until: Moment | None = Field(
        default=None, description="As long as the rule set allows when absent."
    )


class GrantDetail(Shape):
    """A grant (toestemming), and what a player needs to know of the footage."""

    id: UUID
    request_id: UUID
    recording_id: UUID
    purpose: str
    obligations: list[str]
    valid_from: Moment
    valid_until: Moment
    revoked_at: Moment | None
    length: int = Field(description="Bytes.")
    media_type: str


class NewRevocation(Shape):
    """Why a grant ends before its time."""

    reason: Reason
