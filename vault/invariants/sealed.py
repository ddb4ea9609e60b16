"""Whether every wrapped key opens with the ring we have: a lost key is found before it is needed."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import Select, select

from vault.finding import Finding
from vault.ids import RecordingId
from vault.keys import KeyNotHeld, WrappedKey, WrappingBroken
from vault.tables import Recording, SealedKey
from vault.vault import Vault

AT_ONCE = 500


def check(vault: Vault) -> Iterator[Finding]:
    """Recordings whose data key does not open.

    Each is asked about once more: it may have moved to another key since its row was read, and the one of
    before may be destroyed.
    """
    after: UUID | None = None
    while True:
        with vault.database.reading() as session:
            query = _rows().order_by(SealedKey.recording_id).limit(AT_ONCE)
            query = query.where(SealedKey.recording_id > after) if after else query
            rows = session.execute(query).all()
        for row, municipality in rows:
            if not _opens(vault, row, municipality) and not _opens_now(vault, row.recording_id):
                yield Finding("sealed-key-does-not-open", str(row.recording_id))
        if len(rows) < AT_ONCE:
            return
        after = rows[-1][0].recording_id


def _opens_now(vault: Vault, recording: UUID) -> bool:
    with vault.database.reading() as session:
        row = session.execute(_rows().where(SealedKey.recording_id == recording)).one_or_none()
    return row is None or _opens(vault, row[0], row[1])


def _opens(vault: Vault, row: SealedKey, municipality: str) -> bool:
    try:
        wrapped = WrappedKey(row.key_id, row.sealed)
        vault.ring.unwrap(wrapped, recording=RecordingId(row.recording_id), municipality=municipality)
    except (KeyNotHeld, WrappingBroken):
        return False
    return True


def _rows() -> Select[SealedKey, str]:
    return select(SealedKey, Recording.municipality_id).join(
        Recording, Recording.id == SealedKey.recording_id
    )
