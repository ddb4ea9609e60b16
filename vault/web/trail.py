"""The API of the audit trail. What is asked stands in a body and never in a URL, which others keep."""

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response, StreamingResponse

from policies.retention import AMSTERDAM
from vault.documents import Language, write
from vault.trail import Export, Page, export, read
from vault.trail.printing import document
from vault.trail.reading import Under
from vault.trail.spreadsheet import rows
from vault.vault import Caller, Vault
from vault.web import problems, trail_shapes
from vault.web.guard import caller_of
from vault.web.problem import language_of

By = Annotated[Caller, Depends(caller_of)]
Clock = Callable[[], datetime]
CSV, PDF = "text/csv", "application/pdf"


def routes(vault: Vault, clock: Clock) -> APIRouter:
    """Reading the trail page by page, and exporting what a question finds."""
    router = APIRouter(tags=["audit"])

    @router.post("/audit-entries/_search", operation_id="readTrail")
    def search(body: trail_shapes.TrailQuestion, caller: By) -> trail_shapes.TrailPage:
        """Read a municipality's audit trail, for a purpose; the reading is an entry itself."""
        question = body.question(after=body.after, most=body.limit)
        return _page(read(vault, caller, question, now=clock()))

    @router.post(
        "/audit-exports",
        operation_id="exportTrail",
        response_class=StreamingResponse,
        response_description="The file.",
        responses={200: {"content": {CSV: {}, PDF: {}}}},
    )
    def hand_over(body: trail_shapes.NewTrailExport, caller: By, http: Request) -> Response:
        """Export all that a question to the trail finds, with the checkpoint it was made under."""
        made = export(vault, caller, body.question(), form=body.form, now=clock())
        if made.under is None:
            raise problems.denied(made.decision.reasons)
        language: Language = "en" if language_of(http) == "en" else "nl"
        headers = {
            "Content-Disposition": f'attachment; filename="{_file_of(made, body.form)}"',
            "Content-Language": language,
        }
        if body.form == "pdf":
            name = vault.rule_sets.of(body.municipality).terms.name
            written = write(document(made, name, language), now=made.at.replace(microsecond=0))
            return Response(written, headers=headers, media_type=PDF)
        return StreamingResponse(rows(language, made.tables(language)), headers=headers, media_type=CSV)

    return router


def _file_of(made: Export, form: str) -> str:
    """A name that says whose trail it is and of when; a municipality's is a slug, so nothing to quote."""
    day = made.at.astimezone(AMSTERDAM)
    return f"inzagelog-{made.question.municipality}-{day:%Y%m%d-%H%M}.{form}"


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
        checkpoint=_checkpoint(page.under),
        complete_to=page.under.complete_to,
    )


def _checkpoint(under: Under) -> trail_shapes.TrailCheckpoint | None:
    signed = under.checkpoint
    if signed is None:
        return None
    return trail_shapes.TrailCheckpoint(
        size=signed.size,
        root=base64.b64encode(signed.root).decode(),
        note=under.note or signed.note,
        signed_at=signed.signed_at,
    )
