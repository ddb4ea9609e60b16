"""What tests of terms to come share: recordings and holds as rows alone, on either database."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from console.demo import town
from policies.retention import days_later
from tests.holding import hold_row
from tests.installation import Installation, build, embedded
from tests.servers.postgres import Postgres
from vault.ids import new_id
from vault.tables import Recording, State


@pytest.fixture(params=["sqlite", "postgresql"])
def rows_only(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """An installation on a directory and on either database, which a test may leave broken."""
    if request.param == "sqlite":
        made = embedded(tmp_path)
    else:
        server: Postgres = request.getfixturevalue("postgres")
        made = build(tmp_path, server.fresh(), {"objects_url": (tmp_path / "objects").as_uri()})
    yield made
    made.vault.database.close()
    made.intake.database.close()


def recorded(
    made: Installation,
    began: datetime,
    *,
    due: datetime | None = None,
    municipality: str = town.SLUG,
    **changed: Any,
) -> UUID:
    """A recording of that moment, kept, due after 28 days unless it is said when; its row and no more."""
    row = Recording(
        **{
            "id": new_id(),
            "municipality_id": municipality,
            "camera_id": made.town.camera,
            "officer_id": made.town.people[town.OFFICER.subject],
            "recorded_at": began,
            "kept_at": began + timedelta(hours=3),
            "state": State.KEPT,
            "length": 1000,
            "dispose_after": due or days_later(began, 28),
            **changed,
        }
    )
    row.sha256 = row.id.hex * 2
    made.by_hand.add(row.id)
    with made.vault.database.transaction() as session:
        session.add(row)
    return row.id


def held(
    made: Installation,
    recording: UUID,
    placed_at: datetime,
    *,
    trigger: str = "complaint",
    lifted_at: datetime | None = None,
    days_after: int = 0,
    **changed: Any,
) -> UUID:
    """A hold on a recording, as a row; whoever calls sees to `dispose_after`."""
    made.by_hand.add(recording)
    row = hold_row(
        recording, placed_at, trigger=trigger, lifted_at=lifted_at, days_after=days_after, **changed
    )
    with made.vault.database.transaction() as session:
        session.add(row)
    return row.id
