"""The JSON of searches and lists, in the same form as the rest of the API (`vault.web.shapes`)."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from vault.web.shapes import CaseReference, Moment, Reason, Shape, Slug

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def place_of(recorded_at: datetime, recording: UUID) -> str:
    """Where a recording stands, as a page tells it."""
    return f"{(recorded_at - _EPOCH) // timedelta(microseconds=1)}.{recording}"


def placed(place: str) -> tuple[datetime, UUID]:
    """What `place_of` made this of. Raises ValueError."""
    moment, _, recording = place.partition(".")
    try:
        return _EPOCH + timedelta(microseconds=int(moment)), UUID(recording)
    except OverflowError:
        raise ValueError("this is not in any year") from None


def _placed(place: str) -> str:
    placed(place)
    return place


FoundPlace = Annotated[str, StringConstraints(pattern=rf"^-?\d{{1,18}}\.{_ID}$"), AfterValidator(_placed)]
"""Where a recording stands among those found. Opaque: only good to go on from."""
ListPlace = Annotated[str, StringConstraints(pattern=rf"^[01]\.{_ID}$")]
After = Field(default=None, description="`nextAfter` of the page before.")
Limit = Annotated[int, Field(ge=1, le=100)]


class NewSearch(Shape):
    """A search (zoekvraag): for recordings of one stretch of time, for one purpose and with a reason."""

    municipality: Slug
    purpose: Slug
    reason: Reason
    case_reference: CaseReference | None = None
    since: Moment
    until: Moment = Field(description="Exclusive. The rules say how long a stretch may be.")

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.until <= self.since:
            raise ValueError("until must come after since")
        return self


class SearchAnswer(Shape):
    """A search that is open."""

    id: UUID
    open_until: Moment


class FindingQuestion(Shape):
    """Which page of what a search finds."""

    after: FoundPlace | None = After
    limit: Limit = 50


class OwnQuestion(FindingQuestion):
    """Which page of one's own recordings, and what for."""

    municipality: Slug
    purpose: Slug


class FoundRecording(Shape):
    """That a recording exists. To see it, ask (`POST /requests`)."""

    id: UUID
    recorded_at: Moment
    camera: str = Field(description="Serial number.")
    team: str | None
    length: int = Field(description="Bytes.")
    seconds: float | None = Field(description="How long it lasts, where that is known.")


class FindingPage(Shape):
    """A page of recordings, newest first; empty when there is none."""

    recordings: list[FoundRecording]
    next_after: FoundPlace | None = Field(default=None, description="Absent on the last page.")


class ListQuestion(Shape):
    """Which page of a municipality's requests or grants: one's own, or those of others."""

    municipality: Slug
    whose: Literal["mine", "others"] = "mine"
    after: ListPlace | None = After
    limit: Limit = 50


class RequestLine(Shape):
    """A request as it stands in a list; read it (`GET /requests/{requestId}`) for what was decided on it."""

    id: UUID
    recording_id: UUID
    recorded_at: Moment
    purpose: str
    reason: str
    case_reference: str | None
    prerequisites: list[str]
    recipient: str | None
    asked_at: Moment
    state: Literal["waiting", "granted", "refused"]
    grant_id: UUID | None
    requester: str = Field(description="The name of who asked.")
    decidable: bool = Field(description="Whether you may decide on it now.")


class RequestPage(Shape):
    """A page of requests: what waits for a decision first, then the newest; empty when there is none."""

    requests: list[RequestLine]
    next_after: ListPlace | None = Field(default=None, description="Absent on the last page.")


class GrantLine(Shape):
    """A grant as it stands in a list."""

    id: UUID
    request_id: UUID
    recording_id: UUID
    recorded_at: Moment
    holder: str = Field(description="The name of who may watch.")
    purpose: str
    obligations: list[str]
    valid_from: Moment
    valid_until: Moment
    revoked_at: Moment | None


class GrantPage(Shape):
    """A page of grants, newest first; empty when there is none."""

    grants: list[GrantLine]
    next_after: ListPlace | None = Field(default=None, description="Absent on the last page.")
