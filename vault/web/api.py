"""The API of the vault: routes that turn HTTP into one verb each, and its value into an answer."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response
from werkzeug.http import parse_range_header

from policies.rules import Rule
from vault import grants, requests
from vault.completions import Completions
from vault.ids import GrantId, RecordingId, RequestId
from vault.requests import RequestState, Wish
from vault.vault import Caller, Vault
from vault.viewing import Denied, Span, Watching
from vault.web import problems, searching, shapes, trail
from vault.web.guard import caller_of
from vault.web.player import FootageResponse, media_type
from vault.web.problem import in_language, language_of

By = Annotated[Caller, Depends(caller_of)]
Clock = Callable[[], datetime]


Watch = Callable[[UUID, Caller, Request, bool], Response]
"""Answers with the footage of a grant; the last argument is whether it may wait (`Watching.watch`)."""


def routes(vault: Vault, watch: Watch, clock: Clock) -> APIRouter:
    """Every route of the API, over one vault."""
    router = APIRouter()
    router.include_router(_request_routes(vault, clock))
    router.include_router(_grant_routes(vault, watch, clock))
    router.include_router(trail.routes(vault, clock))
    router.include_router(searching.routes(vault, clock))
    return router


def _request_routes(vault: Vault, clock: Clock) -> APIRouter:
    router = APIRouter(tags=["requests"])

    @router.post("/requests", status_code=201, operation_id="askToView")
    def ask(body: shapes.NewRequest, caller: By, http: Request) -> shapes.RequestAnswer:
        """Ask to see a recording, for one purpose and with a reason."""
        wish = Wish(
            RecordingId(body.recording_id),
            body.purpose,
            body.reason,
            body.case_reference,
            sorted(set(body.prerequisites)),
            body.recipient,
        )
        return _answer(requests.ask(vault, caller, wish, now=clock()), http)

    @router.get("/requests/{requestId}", operation_id="readRequest")
    def read(requestId: UUID, caller: By) -> shapes.RequestDetail:  # noqa: N803  # camelCase on the wire
        """Read a request: your own, or one that you may decide on."""
        found = requests.look(vault, caller, RequestId(requestId), now=clock())
        if not found.decision.permitted:
            raise problems.denied(found.decision.reasons)
        row = found.row
        return shapes.RequestDetail(
            id=row.id,
            recording_id=row.recording_id,
            purpose=row.purpose,
            reason=row.reason,
            case_reference=row.case_reference,
            prerequisites=row.prerequisites,
            recipient=row.recipient,
            asked_at=row.asked_at,
            state=RequestState(row.state).value,
            grant_id=found.grant,
            decision_ids=list(found.decisions),
        )

    @router.post("/requests/{requestId}/decisions", status_code=201, operation_id="decideOnRequest")
    def decide(
        requestId: UUID,  # noqa: N803  # camelCase on the wire
        body: shapes.NewDecision,
        caller: By,
        http: Request,
    ) -> shapes.RequestAnswer:
        """Approve or refuse somebody else's request."""
        answer = requests.decide(
            vault,
            caller,
            RequestId(requestId),
            approve=body.outcome == "approve",
            reason=body.reason,
            until=body.valid_until,
            now=clock(),
        )
        if not answer.decision.permitted:
            raise problems.denied(answer.decision.reasons)
        return _shape(answer, http)

    return router


def watch_with(vault: Vault, completions: Completions, clock: Clock) -> Watch:
    """How footage is watched, by whatever route."""
    watching = Watching(vault)

    def watch(grant: UUID, caller: Caller, http: Request, wait: bool) -> Response:  # a Watch
        found = watching.watch(caller, GrantId(grant), _chooser(http), now=clock(), wait=wait)
        if isinstance(found, Denied):
            raise problems.unmet(found.unmet) if found.unmet else problems.denied(found.decision.reasons)

        def renew() -> bool:
            return watching.renew(found, now=clock())

        return FootageResponse(found, renew, completions, clock, at_hand=vault.store.at_hand)

    return watch


def _grant_routes(vault: Vault, watch: Watch, clock: Clock) -> APIRouter:
    router = APIRouter(tags=["grants"])

    @router.get("/grants/{grantId}", operation_id="readGrant")
    def read(grantId: UUID, caller: By) -> shapes.GrantDetail:  # noqa: N803  # camelCase on the wire
        """Read a grant: your own, or one that you may revoke."""
        found = grants.look(vault, caller, GrantId(grantId), now=clock())
        if not found.decision.permitted:
            raise problems.denied(found.decision.reasons)
        grant = found.grant
        return shapes.GrantDetail(
            id=grant.id,
            request_id=grant.request_id,
            recording_id=grant.recording_id,
            purpose=grant.purpose,
            obligations=grant.obligations,
            valid_from=grant.valid_from,
            valid_until=grant.valid_until,
            revoked_at=grant.revoked_at,
            length=found.recording.length,
            media_type=media_type(found.recording.media),
        )

    @router.post("/grants/{grantId}/revocations", status_code=204, operation_id="revokeGrant")
    def revoke(
        grantId: UUID,  # noqa: N803  # camelCase on the wire
        body: shapes.NewRevocation,
        caller: By,
    ) -> None:
        """End a grant before its time; the next range is refused."""
        decision = grants.revoke(vault, caller, GrantId(grantId), reason=body.reason, now=clock())
        if not decision.permitted:
            raise problems.denied(decision.reasons)

    def footage(grantId: UUID, caller: By, http: Request) -> Response:  # noqa: N803  # camelCase on the wire
        """Watch a range of the footage that a grant allows (HTTP Range, RFC 9110, 14)."""
        return watch(grantId, caller, http, True)

    router.add_api_route(
        "/grants/{grantId}/footage",
        footage,
        operation_id="watchFootage",
        response_class=FootageResponse,
        status_code=206,
        response_description="The range asked for.",
        responses={
            200: {"description": "All of it, when no range was asked for.", "content": {"video/*": {}}}
        },
    )
    return router


def _answer(answer: requests.Answer, http: Request) -> shapes.RequestAnswer:
    if answer.state is RequestState.REFUSED:
        raise problems.denied(answer.decision.reasons, requestId=str(answer.request))
    return _shape(answer, http)


def _shape(answer: requests.Answer, http: Request) -> shapes.RequestAnswer:
    return shapes.RequestAnswer(
        id=answer.request,
        state=answer.state.value,
        grant_id=answer.grant,
        reasons=[deciding_rule(rule, http) for rule in answer.decision.reasons],
        obligations=sorted(answer.decision.obligations),
    )


def deciding_rule(rule: Rule, http: Request) -> shapes.DecidingRule:
    """A rule in the language of who asks."""
    return shapes.DecidingRule.model_validate(in_language(problems.reason(rule), language_of(http)))


def _chooser(http: Request) -> Callable[[int], Span | None] | None:
    """How to pick the range a player asks for; nothing when it asks for all of the footage.

    Several ranges in one request are answered with all of it, as RFC 9110, 14.2 allows.
    """
    asked = parse_range_header(http.headers.get("range"))
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return None

    def choose(length: int) -> Span | None:
        begin, end = asked.ranges[0]
        if begin < 0:  # the last so many bytes, or all when there are fewer (RFC 9110, 14.1.2)
            begin = max(0, length + begin)
        return (begin, min(end or length, length) - 1) if begin < length else None

    return choose
