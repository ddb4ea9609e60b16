"""A municipality's terms (terms.toml): how long, how long at most, for what, to whom, and what holds longer.

Everything a municipality fixes that is no rule about who may see what. docs/rule-sets.md tells whoever writes
one what each key means.
"""

from collections.abc import Collection
from dataclasses import fields
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from policies import wpg
from policies.facts import Request
from policies.hours import OfficeHours
from policies.tables import Day, Https, Identifier, Slug, Table, Text, read_table

LONGEST_TERM_DAYS = 3660
"""Ten years (the longest published: Wpg records of boa's in Alphen aan den Rijn). More is a typing error."""
LONGEST_GRANT_HOURS = 24 * 31
LONGEST_LOG_YEARS = 20
"""Twice the longest term of footage. More is a typing error."""
_DAYS_OF_A_YEAR = 366
"""Of the longest; so that a term in years is never told shorter than one in days."""


Days = Annotated[int, Field(ge=1, le=LONGEST_TERM_DAYS)]
Years = Annotated[int, Field(ge=1, le=LONGEST_LOG_YEARS)]
PREREQUISITES = frozenset(
    member.name.replace("_", "-")
    for member in fields(Request)
    if member.default is False and member.name != "has_case_reference"
)
"""What a requester can declare. A case reference is no declaration: it is there or it is not."""


class Title(Table):
    """A text in the two languages of the product."""

    nl: Text
    en: Text


class Source(Table):
    """Where the municipality published this, and the day we read it there."""

    title: Text
    url: Https | None = None
    """None for a fictional municipality only."""
    consulted: Day


class Record(Table):
    """One of the three legal records: which document it is, of when, and where it can be read."""

    title: Text
    date: Day
    reference: Text | None = None
    url: Https | None = None


class Records(Table):
    """The legal records without which no footage may be taken in; None while the municipality has none."""

    dpia: Record | None = None
    """Data protection impact assessment (AVG art. 35; Wpg art. 4c)."""
    works_council: Annotated[Record | None, Field(alias="works-council")] = None
    """Consent of the works council (WOR art. 27 lid 1 onder k en l)."""
    citizen_notice: Annotated[Record | None, Field(alias="citizen-notice")] = None
    """What citizens are told (AVG art. 13 en 14)."""

    def missing(self) -> tuple[str, ...]:
        """The names, as in the file, of the records that are not there."""
        return tuple(
            name
            for name, record in (
                ("dpia", self.dpia),
                ("works-council", self.works_council),
                ("citizen-notice", self.citizen_notice),
            )
            if record is None
        )


class Trigger(StrEnum):
    """What can make footage stay longer than its term."""

    VIEWING_REQUEST = "viewing-request"
    ACCESS_REQUEST = "access-request"
    COMPLAINT = "complaint"
    CRIMINAL_COMPLAINT = "criminal-complaint"
    DEMAND = "demand"
    INCIDENT = "incident"
    SAFETY_INCIDENT = "safety-incident"
    INTEGRITY_INVESTIGATION = "integrity-investigation"
    OBJECTION = "objection"
    DAMAGE_CLAIM = "damage-claim"
    ARCHIVE = "archive"
    LEGAL_REASON = "legal-reason"


class Release(StrEnum):
    """The event that ends a hold."""

    ANSWERED = "answered"
    SETTLED = "settled"
    INVESTIGATION_ENDED = "investigation-ended"
    HANDED_OVER = "handed-over"
    JUDGMENT_FINAL = "judgment-final"
    REASON_LAPSED = "reason-lapsed"


def _a_prerequisite(name: str) -> str:
    if name not in PREREQUISITES:
        raise ValueError(f"must be one of {', '.join(sorted(PREREQUISITES))}")
    return name


class PlacedBy(Table):
    """Which requests place a hold by themselves, once the rules permit them: by what they are for, by what
    they declare, or by both."""

    purposes: tuple[Slug, ...] = Field(default=(), strict=False)
    """One of these; none listed: any."""
    prerequisites: tuple[Annotated[str, AfterValidator(_a_prerequisite)], ...] = Field(
        default=(), strict=False
    )
    """At least one of these is declared; none listed: whatever is."""

    def matches(self, purpose: str, declared: Collection[str]) -> bool:
        """Whether a request for this purpose, with these prerequisites declared, is one of them."""
        for_it = not self.purposes or purpose in self.purposes
        return for_it and (not self.prerequisites or any(each in declared for each in self.prerequisites))

    @model_validator(mode="after")
    def _not_every_request(self) -> "PlacedBy":
        if not (self.purposes or self.prerequisites):
            raise ValueError("name purposes, prerequisites or both")
        return self


class Hold(Table):
    """A reason to keep footage longer (bewaarplicht): what begins it, what ends it, and the term then."""

    trigger: Annotated[Trigger, Field(strict=False)]
    released_by: Annotated[Release, Field(strict=False)]
    days_after: Annotated[int, Field(ge=0, le=LONGEST_TERM_DAYS)]
    """Days that footage is kept after the release; never less than its own term."""
    title: Title
    asked_within_days: Days | None = None
    """The trigger counts only when it comes within so many days of the recording."""
    placed_by: PlacedBy | None = None
    """The requests that place it by themselves; None: a person does, always."""


class LogTerm(Table):
    """How long the trail (inzagelog) is kept, unless a municipality asks for more (shared/log.toml)."""

    at_least_years: Years
    why: Title
    """Why no municipality keeps its trail for less."""


class Terms(Table):
    """The numbers and closed lists of one municipality."""

    municipality: Slug
    name: Text
    source: Source
    timezone: Literal["Europe/Amsterdam"]
    """Terms are counted in Dutch calendar days only."""
    term_days: Days
    """Bewaartermijn, from the moment of recording."""
    wpg_term_days: Days | None = None
    """The term of what falls under the Wpg, where it is another."""
    processing_activity: Identifier | None = None
    """The processing activity (verwerkingsactiviteit) in the municipality's register (AVG art. 30), by which
    others refer to it: its address there, or another URI."""
    wpg_processing_activity: Identifier | None = None
    """The one of what falls under the Wpg (art. 31d), where it is another."""
    log_term_years: Years | None = None
    """How long the trail is kept, from each entry. None: as long as for all, and in a rule set as it was read
    (`with_log_term`) only when it is of before there was a term."""
    longest_grant_hours: Annotated[int, Field(ge=1, le=LONGEST_GRANT_HOURS)]
    most_viewers: Annotated[int, Field(ge=1)] | None = None
    """How many persons may ever be granted one recording; None: as many as the rules permit."""
    purposes: Annotated[dict[Slug, Title], Field(min_length=1)]
    """The purposes (doelen) one can ask footage for here; absent from the list means no."""
    recipients: dict[Slug, Title]
    """To whom footage may be disclosed (verstrekking)."""
    shares_with: tuple[Slug, ...] = Field(default=(), strict=False)
    """Municipalities whose people may ask here, because they share a service."""
    holds: tuple[Hold, ...] = Field(default=(), strict=False)
    records: Records = Records()
    wearing: Title
    """The first of the three questions: who wears a camera."""
    recording: Title
    """The second: what is recorded, and what is not."""
    prerecording_seconds: Annotated[int, Field(ge=0, le=600)] = 0
    postrecording_seconds: Annotated[int, Field(ge=0, le=600)] = 0
    office_hours: OfficeHours | None = None
    """When an access is not out of hours (buiten kantooruren); None: those of `policies/hours.toml`."""
    remarks: tuple[Title, ...] = Field(default=(), strict=False)
    """What else the regulation says that citizens want to know, such as where footage is stored."""

    def placed_by(self, purpose: str, declared: Collection[str]) -> tuple[Hold, ...]:
        """The holds that a request for this purpose places by itself, with these prerequisites declared."""
        return tuple(
            hold for hold in self.holds if hold.placed_by and hold.placed_by.matches(purpose, declared)
        )

    @property
    def longest_grant(self) -> timedelta:
        """No grant lasts longer."""
        return timedelta(hours=self.longest_grant_hours)

    def term_of(self, regime: str) -> int:
        """Days that footage under this regime, "avg" or "wpg", is kept when nothing holds it."""
        return self.wpg_term_days if regime == "wpg" and self.wpg_term_days else self.term_days

    def activity_of(self, regime: str | None) -> str | None:
        """The processing activity under this regime; None when the municipality names none."""
        return (self.wpg_processing_activity if regime == "wpg" else None) or self.processing_activity

    def with_log_term(self, shared: LogTerm) -> "Terms":
        """These terms with how long the trail is really kept: the term for all, or a longer one of their own.

        The trail outlives the footage it accounts for: its term is never shorter than the longest of that.
        Raises ValueError, with the reason, for a term of their own that is shorter than that for all.
        """
        own = self.log_term_years or shared.at_least_years
        if own < shared.at_least_years:
            raise ValueError(f"at least {shared.at_least_years}. {shared.why.nl} / {shared.why.en}")
        days = max(self.term_days, self.wpg_term_days or 0)
        return self.model_copy(update={"log_term_years": max(own, -(-days // _DAYS_OF_A_YEAR))})

    @model_validator(mode="after")
    def _each_trigger_once(self) -> "Terms":
        triggers = [hold.trigger for hold in self.holds]
        if len(set(triggers)) < len(triggers):
            raise ValueError("holds: a trigger is listed twice")
        if self.municipality in self.shares_with:
            raise ValueError("shares_with: a municipality does not share with itself")
        return self

    @model_validator(mode="after")
    def _no_police_data_too_long(self) -> "Terms":
        if self.term_of("wpg") > wpg.LONGEST_TERM_DAYS:
            raise ValueError(
                "wpg_term_days: police data is destroyed after ten years (Wpg art. 8 lid 6 and 14 lid 1): "
                f"at most {wpg.LONGEST_TERM_DAYS} days"
            )
        return self

    @model_validator(mode="after")
    def _holds_for_what_is_offered(self) -> "Terms":
        for hold in self.holds:
            for purpose in hold.placed_by.purposes if hold.placed_by else ():
                if purpose not in self.purposes:
                    raise ValueError(f"holds: {hold.trigger}: placed_by: {purpose} is no purpose here")
        return self


def parse_terms(text: str, file: str = "terms.toml") -> Terms:
    """The terms in this text. Raises RuleSetInvalid with everything that is wrong with it."""
    return read_table(Terms, text, file)


def parse_log_term(text: str, file: str = "log.toml") -> LogTerm:
    """The trail's term for all. Raises RuleSetInvalid with everything that is wrong with it."""
    return read_table(LogTerm, text, file)
