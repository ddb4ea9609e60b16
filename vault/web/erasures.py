"""The API of early erasures: asked by one, decided on by another; it says before that there is no undo."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request

from policies.engine import Decision
from vault.disposal import asked, early
from vault.disposal.tables import EarlyErasure
from vault.ids import RecordingId
from vault.vault import Caller, Vault
from vault.web import erasure_shapes as shapes
from vault.web import problems
from vault.web.guard import caller_of
from vault.web.problem import Refused, Text, language_of

By = Annotated[Caller, Depends(caller_of)]
Clock = Callable[[], datetime]
NOTICE = Text(
    "Er is geen weg terug. Wie goedkeurt vernietigt meteen de sleutel: vanaf dan opent hier niets deze "
    "beelden nog, en kort daarna ook geen back-up. Wat is opgeslagen gaat weg zodra de opslag dat toelaat.",
    "There is no undo. Whoever approves destroys the key at once: from then on nothing here opens this "
    "footage any more, and soon after no backup either. What is stored goes as soon as the store lets it.",
)


def routes(vault: Vault, clock: Clock) -> APIRouter:
    """Early erasures asked for, read, listed, decided on, withdrawn."""
    router = APIRouter()
    router.include_router(_asking_routes(vault, clock))
    router.include_router(_deciding_routes(vault, clock))
    return router


def _asking_routes(vault: Vault, clock: Clock) -> APIRouter:
    router = APIRouter(tags=["retention"])

    @router.post("/recordings/{recordingId}/erasures", status_code=201, operation_id="askErasure")
    def ask(
        recordingId: UUID,  # noqa: N803  # camelCase on the wire
        body: shapes.NewErasure,
        caller: By,
        http: Request,
    ) -> shapes.ErasureDetail:
        """Ask that a recording goes before its term is over; nothing goes until somebody else approves."""
        answer = early.ask(
            vault, caller, RecordingId(recordingId), ground=body.ground, reason=body.reason, now=clock()
        )
        return _detail(answer, http)

    @router.get("/erasures/{erasureId}", operation_id="readErasure")
    def read(erasureId: UUID, caller: By, http: Request) -> shapes.ErasureDetail:  # noqa: N803  # as above
        """Read one early erasure: your own, or one that you may decide on."""
        return _detail(asked.look(vault, caller, erasureId, now=clock()), http)

    return router


def _deciding_routes(vault: Vault, clock: Clock) -> APIRouter:
    router = APIRouter(tags=["retention"])

    @router.post("/erasures/{erasureId}/decisions", status_code=201, operation_id="decideOnErasure")
    def decide(
        erasureId: UUID,  # noqa: N803  # camelCase on the wire
        body: shapes.NewErasureDecision,
        caller: By,
        http: Request,
    ) -> shapes.ErasureDetail:
        """Approve or refuse what somebody else asked for. Approving cannot be undone."""
        approve = body.outcome == "approve"
        if approve and not body.irreversible:
            raise Refused(problems.ERASURE_UNCONFIRMED)
        verb = early.approve if approve else early.refuse
        return _detail(verb(vault, caller, erasureId, reason=body.reason, now=clock()), http)

    @router.post("/erasures/{erasureId}/withdrawals", status_code=201, operation_id="withdrawErasure")
    def withdraw(
        erasureId: UUID,  # noqa: N803  # camelCase on the wire
        body: shapes.ErasureWithdrawal,
        caller: By,
        http: Request,
    ) -> shapes.ErasureDetail:
        """Take back what you asked for."""
        return _detail(early.withdraw(vault, caller, erasureId, reason=body.reason, now=clock()), http)

    @router.post("/erasures/_search", operation_id="listErasures")
    def listed(body: shapes.ErasureQuestion, caller: By) -> shapes.ErasurePage:
        """Read a page of a municipality's early erasures: those that wait for a decision, or all of them."""
        found = asked.listed(
            vault,
            caller,
            body.municipality,
            waiting=body.which == "waiting",
            after=body.after,
            most=body.limit,
            now=clock(),
        )
        if isinstance(found, Decision):
            raise problems.denied(found.reasons)
        rows = [shapes.ListedErasure.model_validate(_members(row)) for row in found.rows]
        return shapes.ErasurePage(erasures=rows, next_after=found.next_after)

    return router


def _detail(answer: early.Answer, http: Request) -> shapes.ErasureDetail:
    row = answer.erasure
    if row is None:
        raise problems.denied(answer.decision.reasons if answer.decision else ())
    return shapes.ErasureDetail.model_validate(
        {
            **_members(row),
            "reason": row.reason,
            "decision_reason": row.decision_reason,
            "notice": NOTICE.in_language(language_of(http)),
        }
    )


def _members(row: EarlyErasure) -> dict[str, Any]:
    """The members that it has in a list and in full."""
    return {
        "id": row.id,
        "recording_id": row.recording_id,
        "ground": row.ground,
        "state": row.outcome or "waiting",
        "asked_by": row.asked_by,
        "asked_at": row.asked_at,
        "decided_by": row.decided_by,
        "decided_at": row.decided_at,
    }
