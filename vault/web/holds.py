"""The API of holds and of the regime: placed, lifted and reviewed by people, for reasons that are kept."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from policies.engine import Decision
from vault import regimes
from vault.holds import lifting, placing, reading, reviewing
from vault.holds.placing import Outcome, Why
from vault.holds.reading import Page, Place
from vault.ids import RecordingId
from vault.vault import Caller, Vault
from vault.web import hold_shapes as shapes
from vault.web import problems
from vault.web.findings import place_of, placed
from vault.web.guard import caller_of
from vault.web.problem import Refused

By = Annotated[Caller, Depends(caller_of)]
Clock = Callable[[], datetime]


def routes(vault: Vault, clock: Clock, review_within: timedelta) -> APIRouter:
    """Every route about holds, over one vault; reminders are of holds without a look for `review_within`."""
    router = APIRouter()
    router.include_router(_recording_routes(vault, clock))
    router.include_router(_hold_routes(vault, clock))
    router.include_router(_list_routes(vault, clock, review_within))
    return router


def _recording_routes(vault: Vault, clock: Clock) -> APIRouter:
    router = APIRouter(tags=["retention"])

    @router.post("/recordings/{recordingId}/holds", status_code=201, operation_id="placeHold")
    def place(
        recordingId: UUID,  # noqa: N803  # camelCase on the wire
        body: shapes.NewHold,
        caller: By,
    ) -> shapes.PlacedHold:
        """Hold a recording: it stays until somebody lifts this."""
        why = Why(body.trigger.value, body.reason, body.basis, body.case_reference)
        return _placed(placing.place(vault, caller, RecordingId(recordingId), why, now=clock()))

    @router.get("/recordings/{recordingId}/holds", operation_id="readHolds")
    def of_recording(recordingId: UUID, caller: By) -> shapes.HoldPage:  # noqa: N803  # as above
        """Read every hold that is or was on a recording."""
        page = reading.of_recording(vault, caller, RecordingId(recordingId), now=clock())
        return shapes.HoldPage(holds=_shown(page))

    @router.post("/recordings/{recordingId}/regime-changes", status_code=201, operation_id="changeRegime")
    def change(
        recordingId: UUID,  # noqa: N803  # camelCase on the wire
        body: shapes.NewRegime,
        caller: By,
    ) -> shapes.RecordingTerm:
        """Put a recording under the other regime, and its term with it. It changes once."""
        outcome = regimes.change(
            vault, caller, RecordingId(recordingId), body.regime, reason=body.reason, now=clock()
        )
        if not outcome.permitted:
            raise _denied(outcome.decision)
        return shapes.term(outcome.recording)

    return router


def _hold_routes(vault: Vault, clock: Clock) -> APIRouter:
    router = APIRouter(tags=["retention"])

    @router.post("/holds/{holdId}/lifts", status_code=201, operation_id="liftHold")
    def lift(holdId: UUID, body: shapes.NewLift, caller: By) -> shapes.PlacedHold:  # noqa: N803  # as above
        """Lift a hold because the event came that ends it. There is no undo: footage may be due at once."""
        return _placed(lifting.lift(vault, caller, holdId, body.event.value, reason=body.reason, now=clock()))

    @router.post("/holds/{holdId}/reviews", status_code=201, operation_id="reviewHold")
    def review(holdId: UUID, body: shapes.NewReview, caller: By) -> shapes.PlacedHold:  # noqa: N803  # as above
        """Say that a hold must still stand; the next reminder comes later."""
        return _placed(reviewing.review(vault, caller, holdId, reason=body.reason, now=clock()))

    return router


def _list_routes(vault: Vault, clock: Clock, review_within: timedelta) -> APIRouter:
    router = APIRouter(tags=["retention"])

    @router.post("/holds/_search", operation_id="listHolds")
    def listed(body: shapes.HoldQuestion, caller: By) -> shapes.HoldPage:
        """Read a page of a municipality's holds."""
        page = reading.listed(
            vault,
            caller,
            body.municipality,
            which=body.which,
            after=body.after,
            most=body.limit,
            now=clock(),
        )
        return shapes.HoldPage(holds=_shown(page), next_after=page.holds[-1].id if page.more else None)

    @router.post("/hold-reminders/_search", operation_id="listHoldReminders")
    def reminders(body: shapes.ReminderQuestion, caller: By) -> shapes.ReminderPage:
        """Read a page of the holds that nobody looked at for long, the most forgotten first."""
        page = reading.reminders(
            vault,
            caller,
            body.municipality,
            review_within,
            after=Place(*placed(body.after)) if body.after else None,
            most=body.limit,
            now=clock(),
        )
        last = page.holds[-1] if page.more else None
        return shapes.ReminderPage(
            holds=_shown(page), next_after=place_of(last.reviewed_at, last.id) if last else None
        )

    return router


def _placed(outcome: Outcome) -> shapes.PlacedHold:
    if outcome.hold is None:
        raise _denied(outcome.decision)
    return shapes.PlacedHold.model_validate(
        {**shapes.members(outcome.hold), "recording": shapes.term(outcome.recording)}
    )


def _shown(page: Page) -> list[shapes.Hold]:
    if not page.permitted:
        raise _denied(page.decision)
    return [shapes.shape(row) for row in page.holds]


def _denied(decision: Decision | None) -> Refused:
    return problems.denied(decision.reasons if decision else ())
