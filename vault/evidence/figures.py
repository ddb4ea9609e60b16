"""What evidence says in numbers, as it is published: docs/evidence.schema.json is made of these classes.

Names in JSON are in camelCase. A moment is UTC. A list is in the order in which it is told.
"""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Told(BaseModel):
    """One table of the evidence."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        strict=True,
        # What a figure means is said once, here, and read in the published schema.
        use_attribute_docstrings=True,
    )


class Text(Told):
    """A text in Dutch and English."""

    nl: str
    en: str


class CountTold(Told):
    """Entries of the audit trail of one kind, in one month of the Dutch calendar."""

    month: str
    event: str
    purpose: str | None
    """None: without a purpose, or with one that is on no list."""
    decision: str | None
    """allow or deny, where something was decided."""
    number: int


class PurposeTold(Told):
    """Access for one purpose."""

    purpose: str | None
    title: Text
    asked: int
    """Requests to see a recording."""
    allowed: int
    """Allowed by the rules alone."""
    refused: int
    """Refused by the rules."""
    approved: int
    """Approved by a person."""
    rejected: int
    """Refused by a person."""
    ranges_watched: int
    """Times that a stretch of footage was shown."""
    recordings_watched: int
    watching_denied: int


class DenialTold(Told):
    """A rule that denied something, and how often; one denial can have several."""

    rule: str
    title: Text
    basis: str
    """The law or regulation that the rule names."""
    number: int


class RequestsTold(Told):
    """Requests made in the period, and how long they waited for a person."""

    made: int
    decided_by_person: int
    still_waiting: int
    median_hours: float | None
    ninth_decile_hours: float | None
    """Nine of ten were decided within so many hours."""
    longest_hours: float | None


class GrantsTold(Told):
    """Permissions to watch that began in the period, and what came of watching."""

    issued: int
    revoked: int
    longest_hours: float | None
    longest_allowed_hours: int
    """By the rule set in force."""
    ranges_watched: int
    ranges_completed: int
    """Of which it is known how many bytes left. Fewer than watched: a process ended before it told."""


class TermsTold(Told):
    """What came in, and whether it was kept no longer than its term."""

    announced: int
    kept: int
    quarantined: int
    terms_ended: int
    """Recordings whose term ended in the period."""
    still_there: int
    """Of those, the ones that were not destroyed by the moment the evidence was made: terms broken."""
    longest_overdue_days: int
    there_now: int
    """Recordings kept or in quarantine at that moment."""


class GroundTold(Told):
    """A reason to destroy footage, and how many recordings were for it."""

    ground: str
    title: Text
    number: int


class DisposalsTold(Told):
    """What was destroyed in the period and why, and how it stood at its end: then, or when this was made."""

    by_ground: list[GroundTold]
    disposed: int
    """Recordings of which nothing is left: key, every object, and the rows of both."""
    with_certificate: int
    """Of those, the ones with a certificate whose entry stands in the trail: all of them."""
    begun: int
    """Recordings whose key was destroyed in the period."""
    overdue_at_end: int
    """Recordings whose term was over for longer than a sweep takes, with their key still there: none."""
    unfinished_at_end: int
    """Keys gone, objects not all yet: the store keeps them locked, or the disposal was under way."""
    held_at_end: int
    """Recordings that a hold stood on."""
    holds_placed: int
    holds_lifted: int
    erasures_asked: int
    """Early erasures asked for in the period."""
    erasures_approved: int
    """Of those, approved by another."""


class RuleChangeTold(Told):
    """A rule set that was proposed, came into force or was withdrawn in the period."""

    digest: str
    proposed_at: datetime
    proposed_by: str | None
    """What kind of account: person or operator. None: the software itself recorded what it found."""
    activated_at: datetime | None
    activated_by: str | None
    withdrawn_at: datetime | None
    two_persons: bool
    """Whether another activated it than who proposed it; true while nobody has."""


class WitnessTold(Told):
    """A witness that cosigned the log in the period: an organisation, by the name of its key."""

    witness: str
    cosignatures: int
    first_at: datetime
    last_at: datetime


class CheckpointTold(Told):
    """The newest checkpoint of the log when the evidence was made."""

    size: int
    root: str
    """Base64."""
    signed_at: datetime


class IntegrityTold(Told):
    """Who checked what. Whoever verifies an export of the log offline leaves no trace here, by design."""

    entries: int
    """Of the municipality, in the period."""
    not_yet_in_log: int
    """Of those, entries that the newest checkpoint does not cover."""
    checkpoint: CheckpointTold | None
    checkpoints_kept: int
    witnesses: list[WitnessTold]
    checks: int
    """Times that the keeper or an operator checked every invariant of the installation."""
    checks_with_findings: int
    last_check_at: datetime | None
    trail_read: int
    """Times that somebody read a page of the trail, or had it exported."""
    trail_denied: int


class RoleTold(Told):
    """A role, and how many persons hold it when the evidence is made."""

    role: str
    title: Text
    persons: int


class RightsTold(Told):
    """Who may what, in numbers; for the yearly review of rights (BIO2 5.18.02)."""

    roles: list[RoleTold]
    of_persons_who_left: int
    """Roles of persons who are not active any more: to be withdrawn."""
    assigned: int
    withdrawn: int
    """In the period."""


class RecordTold(Told):
    """One of the three legal records that the rule set names."""

    record: str
    title: str | None
    """None: it is missing, and no footage is taken in."""
    date: date | None
    reference: str | None


class SignalTold(Told):
    """A kind of signal: a pattern in the trail that a person looked at, or is to look at. Of nobody."""

    signal: str
    title: Text
    raised: int
    settled: int
    """In the period, whenever they were raised."""
    open: int
    """Raised before the end of the period, and not settled by then."""
    median_hours: float | None
    """From raising to settling, of those that were settled in the period."""


class Figures(Told):
    """All figures of one municipality and one period."""

    records: list[RecordTold]
    purposes: list[PurposeTold]
    counts: list[CountTold]
    denials: list[DenialTold]
    requests: RequestsTold
    grants: GrantsTold
    terms: TermsTold
    disposals: DisposalsTold
    rule_changes: list[RuleChangeTold]
    integrity: IntegrityTold
    rights: RightsTold
    signals: list[SignalTold]
