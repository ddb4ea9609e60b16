"""The JSON of early erasures: asked, decided on, withdrawn, listed."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from vault.disposal.tables import Ground
from vault.web.findings import After, Limit
from vault.web.shapes import Moment, Reason, Shape, Slug

EarlyGround = Annotated[
    Literal[Ground.WRONGLY_RECORDED, Ground.INSIDE_DWELLING, Ground.OBJECTION_GRANTED],
    Field(description="Why it should go before its term is over."),
]


class NewErasure(Shape):
    """Why a recording should go before its term is over."""

    ground: EarlyGround
    reason: Reason


class NewErasureDecision(Shape):
    """A decision on what somebody else asked for."""

    outcome: Literal["approve", "refuse"]
    reason: Reason
    irreversible: bool = Field(
        default=False,
        description="To approve, `true`: whoever decides knows that nothing brings the footage back.",
    )


class ErasureWithdrawal(Shape):
    """Why it is taken back."""

    reason: Reason


class ErasureQuestion(Shape):
    """Whose early erasures, and which page."""

    municipality: Slug
    which: Literal["waiting", "all"] = "waiting"
    after: UUID | None = After
    limit: Limit = 50


class ListedErasure(Shape):
    """An early erasure as it stands in a list."""

    id: UUID
    recording_id: UUID
    ground: Ground
    state: Literal["waiting", "approved", "refused", "withdrawn"]
    asked_by: str = Field(description="`person:` and their id, or `operator:` and an account.")
    asked_at: Moment
    decided_by: str | None
    decided_at: Moment | None


class ErasureDetail(ListedErasure):
    """An early erasure with what was said of it."""

    reason: str
    decision_reason: str | None
    notice: str = Field(description="What approving it does, and that nothing undoes it.")


class ErasurePage(Shape):
    """A page of early erasures, those that were asked for first before the others."""

    erasures: list[ListedErasure]
    next_after: UUID | None
