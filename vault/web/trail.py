"""The API of the audit trail. What is asked stands in a body and never in a URL, which others keep."""

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends

from vault.log.tables import LogCheckpoint
from vault.trail import Page, read
from vault.vault import Caller, Vault
from vault.web import problems, trail_shapes
from vault.web.guard import caller_of

By = Annotated[Caller, Depends(caller_of)]
Clock = Callable[[], datetime]


def routes(vault: Vault, clock: Clock) -> APIRouter:
    """Reading the trail, page by page."""
    router = APIRouter(tags=["audit"])

    @router.post("/audit-entries/_search", operation_id="readTrail")
    def search(body: trail_shapes.TrailQuestion, caller: By) -> trail_shapes.TrailPage:
        """Read a municipality's audit trail, for a purpose; the reading is an entry itself."""
        question = body.question(after=body.after, most=body.limit)
        return _page(read(vault, caller, question, now=clock()))

    return router


def _page(page: Page) -> trail_shapes.TrailPage:
    if page.under is None:
        raise problems.denied(page.decision.reasons)
    lines = [
        trail_shapes.TrailLine(index=line.index, leaf=line.leaf, payload=line.payload, damaged=line.damaged)
        for line in page.lines
    ]
    return trail_shapes.TrailPage(
        entries=lines,
        next_after=None if page.next_after is None else str(page.next_after),
        checkpoint=_checkpoint(page.under.checkpoint),
        complete_to=page.under.complete_to,
    )


def _checkpoint(row: LogCheckpoint | None) -> trail_shapes.TrailCheckpoint | None:
    if row is None:
        return None
    return trail_shapes.TrailCheckpoint(
        size=row.size,
        root=base64.b64encode(row.root).decode(),
        note=row.note,
        signed_at=row.signed_at,
    )
