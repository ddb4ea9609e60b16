"""Identifiers: UUIDv7 (RFC 9562), so that rows sort by when they were made."""

from typing import NewType
from uuid import UUID

from uuid_utils.compat import uuid7

RecordingId = NewType("RecordingId", UUID)
PersonId = NewType("PersonId", UUID)
RequestId = NewType("RequestId", UUID)
GrantId = NewType("GrantId", UUID)
SearchId = NewType("SearchId", UUID)
EntryId = NewType("EntryId", UUID)


def new_id() -> UUID:
    """A fresh UUIDv7. Its first 48 bits tell the millisecond it was made: never hand one out as a secret."""
    return uuid7()
