"""The JSON of certificates of disposal, in the same form as the rest of the API (`vault.web.shapes`)."""

from typing import Any
from uuid import UUID

from pydantic import Field

from vault.web.findings import After, FoundPlace, Limit
from vault.web.shapes import Moment, Shape, Slug


class ProvenEntry(Shape):
    """An entry of the log and the proof that it is in it."""

    leaf: str = Field(description="Base64 of the entry's bytes.")
    proof: str = Field(description="A tlog-proof (c2sp.org/tlog-proof), with the log's signed checkpoint.")


class CertificateDocument(ProvenEntry):
    """A certificate of disposal (verklaring van vernietiging) with what proves it, to be checked offline."""

    certificate: dict[str, Any] = Field(
        description="The statement: which recording, under which rule and term, when, and what was destroyed."
    )
    key_destroyed: ProvenEntry | None = Field(
        default=None, description="That the key went that opened backups; absent until it did."
    )


class CertificateQuestion(Shape):
    """Whose certificates are asked for, and which page of them."""

    municipality: Slug
    after: FoundPlace | None = After
    limit: Limit = 50


class CertificateLine(Shape):
    """One recording that was disposed of."""

    recording_id: UUID
    ground: str
    due: Moment
    begun_at: Moment
    key_destroyed_at: Moment
    disposed_at: Moment


class CertificatePage(Shape):
    """A page of certificates."""

    certificates: list[CertificateLine]
    next_after: FoundPlace | None = Field(default=None, description="Absent on the last page.")
