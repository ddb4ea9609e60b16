"""The tables themselves: ids that sort by time, times with zones, and what the database refuses."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import DateTime, Uuid, update
from sqlalchemy.exc import IntegrityError

from tests.installation import Installation
from tests.watching import footage, granted, keep
from vault.base import Base
from vault.db import UtcDateTime
from vault.tables import Grant, Recording, State

COLUMNS = [column for table in Base.metadata.sorted_tables for column in table.columns]


@pytest.mark.parametrize("column", COLUMNS, ids=str)
def test_every_moment_has_its_zone_and_every_id_its_type(column: object) -> None:
    kind = getattr(column, "type")  # noqa: B009  # a column of any type
    assert not isinstance(kind, DateTime)
    name: str = getattr(column, "name")  # noqa: B009
    if name.endswith(("_at", "_after", "_until", "_from")) and not name.startswith("days_"):
        assert isinstance(kind, UtcDateTime)
    if name == "id" and str(column) != "municipality.id":
        assert isinstance(kind, Uuid)


def test_what_is_kept_has_digest_and_term(installation: Installation) -> None:
    recording = keep(installation, footage(1000))

    def forget(name: str) -> None:
        with installation.vault.database.transaction() as session:
            session.execute(update(Recording).where(Recording.id == recording).values({name: None}))

    for name in ("sha256", "dispose_after"):
        with pytest.raises(IntegrityError):
            forget(name)


def test_a_request_has_one_grant(installation: Installation) -> None:
    grant = granted(installation, keep(installation, footage(1000)))

    def again() -> None:
        with installation.vault.database.transaction() as session:
            row = session.get_one(Grant, grant)
            values = {column.key: getattr(row, column.key) for column in Grant.__table__.columns}
            session.add(Grant(**{**values, "id": row.request_id}))

    with pytest.raises(IntegrityError):
        again()


def test_the_same_footage_is_kept_once(installation: Installation) -> None:
    first, second = keep(installation, footage(1000)), keep(installation, footage(1000))
    with installation.vault.database.reading() as session:
        states = [session.get_one(Recording, found).state for found in (first, second)]
    assert states == [State.KEPT, State.DUPLICATE]

    def keep_both() -> None:
        with installation.vault.database.transaction() as session:
            session.execute(
                update(Recording)
                .where(Recording.id == second)
                .values(state=State.KEPT, dispose_after=datetime(2030, 1, 1, tzinfo=UTC))
            )

    with pytest.raises(IntegrityError):
        keep_both()
