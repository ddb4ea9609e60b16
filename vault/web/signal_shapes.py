"""The JSON of signals and their digests, in the same form as the rest of the API (`vault.web.shapes`)."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from vault.signals.digests import Week
from vault.web.shapes import Moment, Reason, Shape, Slug


def _a_week(text: str) -> str:
    Week.parse(text)
    return text


WeekName = Annotated[str, StringConstraints(pattern=r"^\d{4}-W\d{2}$"), AfterValidator(_a_week)]


class SignalQuestion(Shape):
    """Which signals of a municipality somebody wants to see, and what for."""

    municipality: Slug
    purpose: Slug
    state: Literal["open", "settled", "all"] = "open"
    after: UUID | None = Field(default=None, description="`nextAfter` of the page before.")
    limit: int = Field(default=50, ge=1, le=200)


class SignalLine(Shape):
    """A signal (signaal): a question to look into, in the reader's language. It tells who, only in full."""

    id: UUID
    kind: str
    title: str
    explanation: str | None = Field(description="With its figures; absent when the rules know it no more.")
    does_not_mean: str | None = Field(description="What nobody may conclude from it.")
    happened_at: Moment
    raised_at: Moment
    state: Literal["open", "settled"]
    settled_at: Moment | None


class SignalPage(Shape):
    """A page of signals, newest first."""

    signals: list[SignalLine]
    next_after: UUID | None = Field(default=None, description="Absent on the last page.")


class SignalReading(Shape):
    """What somebody reads a signal for."""

    purpose: Slug


class SignalEntry(Shape):
    """An entry of the audit trail that a signal is about."""

    id: UUID
    index: int | None = Field(description="Its number in the log.")
    leaf: dict[str, Any] | None = Field(description="Absent when its term is over.")
    payload: dict[str, Any] | None
    damaged: bool = Field(description="The payload is not the one this entry commits to.")


class SignalDetail(SignalLine):
    """A signal in full."""

    entries: list[SignalEntry]
    settled_by: str | None = Field(description="Name of who settled it, while the entry can be opened.")
    note: str | None


class NewSettlement(Shape):
    """How a signal was settled."""

    purpose: Slug
    note: Reason


class DigestQuestion(Shape):
    """Which week's digest of a municipality, and what for."""

    municipality: Slug
    purpose: Slug
    week: WeekName = Field(description="ISO 8601, such as 2026-W48.")


class SignalCount(Shape):
    """Counts of a week. They are of signals, never of people."""

    raised: int = Field(description="In this week.")
    settled: int = Field(description="In this week, whenever they were raised.")
    open: int = Field(description="At the end of the week, whenever they were raised.")
    settling_seconds: int | None = Field(description="From raising to settling: the median of this week.")


class KindCount(SignalCount):
    """Those of one kind of signal."""

    kind: str
    title: str


class SignalDigest(Shape):
    """A week's digest (weekoverzicht)."""

    municipality: str
    week: str
    since: Moment
    until: Moment = Field(description="Exclusive.")
    total: SignalCount
    kinds: list[KindCount]
