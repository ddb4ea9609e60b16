"""The API of terms to come. A municipality's name in a URL tells nothing of anybody."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends

from policies.engine import Decision
from vault.disposal import coming, foresight
from vault.disposal.coming import Awaited, Begun, Place, Question
from vault.disposal.foresight import Overview
from vault.disposal.tables import Ground
from vault.disposal.timetable import day_of, midnight
from vault.vault import Caller, Vault
from vault.web import problems
from vault.web import retention_shapes as shapes
from vault.web.findings import place_of, placed
from vault.web.guard import caller_of
from vault.web.shapes import Slug

By = Annotated[Caller, Depends(caller_of)]
Clock = Callable[[], datetime]


def routes(vault: Vault, clock: Clock) -> APIRouter:
    """What is due when, and what the coming sweep will take."""
    router = APIRouter(tags=["retention"])

    @router.get("/municipalities/{municipality}/retention", operation_id="readRetention")
    def read(municipality: Slug, caller: By) -> shapes.RetentionOverview:
        """Read what is due each day of the coming term, what is held and why, what is overdue."""
        found = foresight.overview(vault, caller, municipality, now=clock())
        if isinstance(found, Decision):
            raise problems.denied(found.reasons)
        return _overview(found)

    @router.post("/municipalities/{municipality}/retention/coming/_search", operation_id="readComing")
    def read_coming(municipality: Slug, body: shapes.ComingQuestion, caller: By) -> shapes.ComingPage:
        """Read, page by page, what the sweep will take with the reason of each, or what it will not."""
        now = clock()
        until = body.until or midnight(day_of(now) + timedelta(days=2)) - timedelta.resolution
        after = Place(*placed(body.after)) if body.after else None
        question = Question(municipality, body.part, until, after, body.limit)
        found = coming.coming(vault, caller, question, now=now)
        if isinstance(found, Decision):
            raise problems.denied(found.reasons)
        return shapes.ComingPage(
            rule_set=found.rule_set,
            until=until,
            recordings=[_awaited(row) for row in found.rows if isinstance(row, Awaited)],
            unfinished=[_begun(row) for row in found.rows if isinstance(row, Begun)],
            next_after=place_of(*found.next_after) if found.next_after else None,
        )

    return router


def _overview(found: Overview) -> shapes.RetentionOverview:
    counts = found.due
    members = {name: value for name, value in asdict(found).items() if name != "due"}
    return shapes.RetentionOverview.model_validate(
        {
            **members,
            "overdue": counts.overdue,
            "days": [{"day": day, "recordings": number} for day, number in sorted(counts.days.items())],
            "later": counts.later,
            "held_recordings": counts.held,
        }
    )


def _awaited(row: Awaited) -> shapes.ComingRecording:
    members = {**asdict(row), "recording_id": row.recording, "taken": row.taken}
    del members["recording"]
    return shapes.ComingRecording.model_validate(members)


def _begun(row: Begun) -> shapes.UnfinishedDisposal:
    return shapes.UnfinishedDisposal(
        recording_id=row.recording,
        ground=Ground(row.ground),
        begun_at=row.begun_at,
        locked_until=row.locked_until,
    )
