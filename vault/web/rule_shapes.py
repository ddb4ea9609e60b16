"""The JSON of rule sets: proposed, activated, examined; and of decisions explained."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from vault.explanations import Finding
from vault.replays import Fate, Verdict
from vault.rule_records import ChangeState
from vault.web.retention_shapes import DueDay
from vault.web.shapes import NO_NUL, DecidingRule, Moment, Reason, Shape, Slug

FileName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}\.(cedar|toml)$")]
FileText = Annotated[str, StringConstraints(max_length=60_000, pattern=NO_NUL)]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class NewProposal(Shape):
    """Other rules for a municipality: its own files, whole."""

    municipality: Slug
    texts: dict[FileName, FileText] = Field(
        min_length=1, max_length=20, description="`terms.toml` and the `.cedar` files, by name."
    )
    reason: Reason


class NewWithdrawal(Shape):
    """Why a proposal is taken back."""

    reason: Reason


class RuleBookQuestion(Shape):
    """Whose rule sets. In a body, as every question: never in a URL."""

    municipality: Slug


class RuleSetChange(Shape):
    """A change of a municipality's rules."""

    id: UUID
    municipality: str
    digest: str
    state: ChangeState
    reason: str
    proposed_by: str | None = Field(description="`person:` and their id or `operator:` and an account.")
    proposed_at: Moment
    activated_by: str | None
    activated_at: Moment | None
    replaced_at: Moment | None
    withdrawn_at: Moment | None


class RuleBook(Shape):
    """The rule sets of a municipality, newest first."""

    changes: list[RuleSetChange]
    folder_differs: bool = Field(
        description="The software came with other texts than are in force; they are not followed."
    )


class RuleSetChangeDetail(RuleSetChange):
    """A change with its texts."""

    texts: dict[str, str]


class WhatIfQuestion(Shape):
    """Which part of what a proposal would change, and from where to go on."""

    part: Literal["decisions", "recordings", "grants"]
    after: UUID | None = Field(default=None, description="`nextAfter` of the page before.")


class FlippedDecision(Shape):
    """A past decision that would be another one."""

    decision_id: UUID
    request_id: UUID
    action: str
    purpose: str
    decided_at: Moment
    before: Verdict
    after: Verdict
    obligations_before: list[str]
    obligations_after: list[str]
    reasons: list[DecidingRule]


class MovedRecording(Shape):
    """Footage that would be due for disposal at another moment."""

    recording_id: UUID
    dispose_after_before: Moment
    dispose_after: Moment


class ShiftedDay(Shape):
    """One calendar day in the Netherlands, of the recordings of this page."""

    day: date
    leaving: int = Field(description="Due on this day, and would not be any more.")
    arriving: int = Field(description="Would be due on this day. What is due at once is so today.")


class TermShift(Shape):
    """What the moves of this page come to; pages can be added up."""

    earlier: int
    later: int
    due_at_once: int
    locked_longer: int = Field(
        description="The store keeps their objects for longer than the new term; the key goes in time."
    )
    days: list[ShiftedDay]


class DueNow(Shape):
    """How much is due when, as it is. What is held stays held."""

    days: list[DueDay]
    held: int
    overdue: int


class EndingGrant(Shape):
    """A grant that would end sooner, or that would only live on because it was given before."""

    grant_id: UUID
    recording_id: UUID
    holder_id: UUID
    purpose: str
    valid_until: Moment
    fate: Fate
    until: Moment
    reasons: list[DecidingRule]


class WhatIfPage(Shape):
    """What was found among the next so many; a page may be empty and not the last."""

    rule_set: Digest
    total: int = Field(description="How many there are to look at in this part.")
    looked: int
    unreadable: int = Field(description="Decisions whose facts were not kept or cannot be read.")
    decisions: list[FlippedDecision] = Field(default=[])
    recordings: list[MovedRecording] = Field(default=[])
    shift: TermShift | None = Field(default=None, description="Of `recordings`, of this page.")
    due: DueNow | None = Field(default=None, description="With the first page of `recordings`.")
    grants: list[EndingGrant] = Field(default=[])
    next_after: UUID | None


class AnswerAgain(Shape):
    """What rules come to with the facts of a decision."""

    rule_set: Digest
    permitted: bool
    obligations: list[str]
    reasons: list[DecidingRule]


class Explanation(Shape):
    """A decision explained: what it was made on, why, and whether it comes out again."""

    id: UUID
    request_id: UUID
    outcome: str = Field(description="`waiting`, `granted` or `refused`; whatever stands there, if altered.")
    decided_at: Moment
    by_person: bool = Field(description="Somebody decided, within what the rules let them.")
    rule_set: str
    rules: list[str] = Field(description="Ids of the rules that decided, as recorded.")
    reasons: list[DecidingRule] = Field(description="Those rules, by the texts of then.")
    facts: list[str]
    finding: Finding
    finding_text: str
    witnessed: bool = Field(description="The audit trail was held beside it.")
    again: AnswerAgain | None = Field(description="By the rules of then.")
    today: AnswerAgain | None = Field(description="By the rules in force now, with the facts of then.")
