"""The API of searches and lists. What is asked stands in a body and never in a URL, which others keep."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from vault import lists, searches
from vault.ids import SearchId
from vault.lists import ListedGrant, ListedRequest, Whose
from vault.requests import RequestState
from vault.searches import Finding, Found, Place, Wanted
from vault.vault import Caller, Vault
from vault.web import findings, problems
from vault.web.guard import caller_of

By = Annotated[Caller, Depends(caller_of)]
Clock = Callable[[], datetime]


def routes(vault: Vault, clock: Clock) -> APIRouter:
    """Searches, one's own recordings, and lists of requests and grants."""
    router = APIRouter()
    router.include_router(_search_routes(vault, clock))
    router.include_router(_list_routes(vault, clock))
    return router


def _search_routes(vault: Vault, clock: Clock) -> APIRouter:
    router = APIRouter(tags=["searches"])

    @router.post("/searches", status_code=201, operation_id="openSearch")
    def open_search(body: findings.NewSearch, caller: By) -> findings.SearchAnswer:
        """Open a search for recordings of one stretch of time, for one purpose and with a reason."""
        wanted = Wanted(
            body.municipality, body.purpose, body.reason, body.case_reference, body.since, body.until
        )
        opening = searches.open_search(vault, caller, wanted, now=clock())
        if opening.search is None or opening.open_until is None:
            raise problems.denied(opening.residual.reasons)
        return findings.SearchAnswer(id=opening.search, open_until=opening.open_until)

    @router.post("/searches/{searchId}/recordings/_search", operation_id="findRecordings")
    def find(
        searchId: UUID,  # noqa: N803  # camelCase on the wire
        body: findings.FindingQuestion,
        caller: By,
    ) -> findings.FindingPage:
        """Read a page of what a search finds: that recordings exist, never what they show."""
        after = Place(*findings.placed(body.after)) if body.after else None
        return _finding(
            searches.find(vault, caller, SearchId(searchId), now=clock(), after=after, most=body.limit)
        )

    @router.post("/searches/{searchId}/closures", status_code=204, operation_id="closeSearch")
    def close(searchId: UUID, caller: By) -> None:  # noqa: N803  # camelCase on the wire
        """End your own search before its time."""
        searches.close(vault, caller, SearchId(searchId), now=clock())

    @router.post("/own-recordings/_search", operation_id="findOwnRecordings")
    def find_own(body: findings.OwnQuestion, caller: By) -> findings.FindingPage:
        """Read a page of the recordings that you made or stand on."""
        after = Place(*findings.placed(body.after)) if body.after else None
        return _finding(
            searches.find_own(
                vault, caller, body.municipality, body.purpose, now=clock(), after=after, most=body.limit
            )
        )

    return router


def _list_routes(vault: Vault, clock: Clock) -> APIRouter:
    router = APIRouter()

    @router.post("/requests/_search", operation_id="listRequests", tags=["requests"])
    def list_requests(body: findings.ListQuestion, caller: By) -> findings.RequestPage:
        """List your own requests, or those of others that you may read; what waits comes first."""
        page = lists.list_requests(vault, caller, _wanted(body), now=clock())
        if not page.permitted:
            raise problems.denied(page.residual.reasons)
        return findings.RequestPage(
            requests=[_request(each) for each in page.rows], next_after=_place(page.next_after)
        )

    @router.post("/grants/_search", operation_id="listGrants", tags=["grants"])
    def list_grants(body: findings.ListQuestion, caller: By) -> findings.GrantPage:
        """List the grants that you hold, or those of others that you may revoke."""
        page = lists.list_grants(vault, caller, _wanted(body), now=clock())
        if not page.permitted:
            raise problems.denied(page.residual.reasons)
        return findings.GrantPage(
            grants=[_grant(each) for each in page.rows], next_after=_place(page.next_after)
        )

    return router


def _wanted(body: findings.ListQuestion) -> lists.Wanted:
    after = None
    if body.after:
        waiting, _, id_ = body.after.partition(".")
        after = lists.Place(int(waiting), UUID(id_))
    return lists.Wanted(body.municipality, Whose(body.whose), after, body.limit)


def _place(place: lists.Place | None) -> str | None:
    return f"{place.waiting}.{place.id}" if place else None


def _finding(page: Finding) -> findings.FindingPage:
    if not page.permitted:
        raise problems.denied(page.residual.reasons)
    return findings.FindingPage(
        recordings=[_found(each) for each in page.rows],
        next_after=findings.place_of(*page.next_after) if page.next_after else None,
    )


def _found(found: Found) -> findings.FoundRecording:
    row = found.recording
    return findings.FoundRecording(
        id=row.id,
        recorded_at=row.recorded_at,
        camera=found.camera,
        team=row.team or None,
        length=row.length,
        seconds=(row.media or {}).get("seconds"),
    )


def _request(listed: ListedRequest) -> findings.RequestLine:
    row = listed.row
    return findings.RequestLine(
        id=row.id,
        recording_id=row.recording_id,
        purpose=row.purpose,
        reason=row.reason,
        case_reference=row.case_reference,
        prerequisites=row.prerequisites,
        recipient=row.recipient,
        asked_at=row.asked_at,
        state=RequestState(row.state).value,
        grant_id=listed.grant,
        recorded_at=listed.recorded_at,
        requester=listed.requester,
        decidable=listed.decidable,
    )


def _grant(listed: ListedGrant) -> findings.GrantLine:
    row = listed.row
    return findings.GrantLine(
        id=row.id,
        request_id=row.request_id,
        recording_id=row.recording_id,
        recorded_at=listed.recorded_at,
        holder=listed.holder,
        purpose=row.purpose,
        obligations=row.obligations,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        revoked_at=row.revoked_at,
    )
