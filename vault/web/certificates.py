"""The API of certificates of disposal: one as a document that proves itself, or on paper; and their list."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from vault.disposal.certificates import Certificate, Place, listed, look
from vault.disposal.printing import document
from vault.disposal.tables import Disposal
from vault.documents import Language, write
from vault.ids import RecordingId
from vault.log.reading import NotNumbered
from vault.vault import Caller, Vault
from vault.web import certificate_shapes as shapes
from vault.web import problems
from vault.web.findings import place_of, placed
from vault.web.guard import caller_of
from vault.web.problem import Refused, language_of

By = Annotated[Caller, Depends(caller_of)]
Clock = Callable[[], datetime]
JSON, PDF = "application/json", "application/pdf"
SOON = "5"
"""Seconds. An entry is in the log a second or so after it was committed."""


def routes(vault: Vault, clock: Clock) -> APIRouter:
    """Certificates, for who oversees, decides, audits or administers."""
    router = APIRouter(tags=["retention"])

    @router.get(
        "/recordings/{recordingId}/certificate",
        operation_id="readCertificate",
        response_model=shapes.CertificateDocument,
        response_description="The certificate, with what proves it; on paper where PDF is asked for.",
        responses={200: {"content": {PDF: {}}}},
    )
    def read(recordingId: UUID, caller: By, http: Request) -> Response:  # noqa: N803  # camelCase on the wire
        """Read the certificate of disposal of one recording; it can be checked without us."""
        now = clock()
        try:
            looked = look(vault, caller, RecordingId(recordingId), now=now)
        except NotNumbered as error:
            raise Refused(problems.NOT_IN_LOG_YET, headers={"Retry-After": SOON}) from error
        if looked.certificate is None:
            raise problems.denied(looked.denial.reasons if looked.denial else ())
        if _kind_of(http) == PDF:
            return _printed(vault, looked.certificate, http, now)
        return Response(looked.certificate.document, media_type=JSON)

    @router.post("/certificates/_search", operation_id="listCertificates")
    def list_all(body: shapes.CertificateQuestion, caller: By) -> shapes.CertificatePage:
        """List what was disposed of in a municipality, and is certified, the oldest first."""
        place = Place(*placed(body.after)) if body.after else None
        page = listed(vault, caller, body.municipality, now=clock(), after=place, most=body.limit)
        if page.denial:
            raise problems.denied(page.denial.reasons)
        further = page.next_after
        return shapes.CertificatePage(
            certificates=_lines(page.rows),
            next_after=place_of(further.disposed_at, further.recording) if further else None,
        )

    return router


def _kind_of(http: Request) -> str:
    """What who asks wants most of the two; JSON when they do not say (RFC 9110, 12.5.1)."""
    accepted = parse_accept_header(http.headers.get("accept"), MIMEAccept)
    return accepted.best_match([JSON, PDF], default=JSON) or JSON


def _printed(vault: Vault, certificate: Certificate, http: Request, now: datetime) -> Response:
    language: Language = "en" if language_of(http) == "en" else "nl"
    told = certificate.statement
    name = vault.rule_sets.of(told.municipality).terms.name
    written = write(document(certificate, name, language), now=now)
    headers = {
        "Content-Disposition": f'attachment; filename="vernietiging-{told.recording}.pdf"',
        "Content-Language": language,
        "Vary": "Accept, Accept-Language",
    }
    return Response(written, headers=headers, media_type=PDF)


def _lines(rows: Sequence[Disposal]) -> list[shapes.CertificateLine]:
    return [
        shapes.CertificateLine(
            recording_id=row.recording_id,
            ground=row.ground,
            due=row.due,
            begun_at=row.begun_at,
            key_destroyed_at=row.key_destroyed_at,
            disposed_at=row.disposed_at,
        )
        for row in rows
        if row.disposed_at
    ]
