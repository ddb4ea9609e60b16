"""Hundreds of rows with one statement: the same on both databases as row by row."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select

from console.demo import town
from tests.installation import Installation
from vault.base import table_of
from vault.disposal.tables import DisposalKey
from vault.ids import new_id
from vault.many import among, insert_many, update_many
from vault.tables import Person

NOW = datetime(2026, 3, 29, 0, 59, 59, 123456, tzinfo=UTC)


def key(number: int, **changed: Any) -> dict[str, Any]:
    made = {"key_id": f"k{number:03}", "municipality_id": town.SLUG, "day": date(2026, 3, 29), "made_at": NOW}
    return made | changed


def test_rows_are_inserted_as_they_are(installation: Installation) -> None:
    table = table_of(DisposalKey)
    rows = [key(number, spoiled_at=NOW if number % 2 else None) for number in range(300)]
    with installation.vault.database.transaction() as session:
        insert_many(session, table, rows)
        insert_many(session, table, rows[:0])
        insert_many(session, table, [key(300, spoiled_at=None)])
    with installation.vault.database.reading() as session:
        query = select(*(table.c[name] for name in rows[0])).order_by(table.c.key_id)
        found = [dict(row) for row in session.execute(query).mappings()]
    assert found == [*rows, key(300, spoiled_at=None)]


def test_each_row_is_written_what_is_its_own(installation: Installation) -> None:
    table, later = table_of(DisposalKey), NOW.replace(year=2027)
    with installation.vault.database.transaction() as session:
        insert_many(session, table, [key(number) for number in range(5)])
        update_many(session, table, [])
        changed: list[dict[str, Any]] = [
            {"key_id": "k001", "destroyed_at": later, "day": date(2026, 10, 25)},
            {"key_id": "k003", "destroyed_at": None, "day": date(2026, 10, 26)},
            {"key_id": "nobody", "destroyed_at": later, "day": date(2026, 10, 26)},
        ]
        update_many(session, table, changed)
    with installation.vault.database.reading() as session:
        query = select(table.c.key_id, table.c.day, table.c.destroyed_at).order_by(table.c.key_id)
        found = {row.key_id: (row.day, row.destroyed_at) for row in session.execute(query)}
    as_before = (date(2026, 3, 29), None)
    assert found == {
        "k000": as_before,
        "k001": (date(2026, 10, 25), later),
        "k002": as_before,
        "k003": (date(2026, 10, 26), None),
        "k004": as_before,
    }


def test_one_of_these_ids(installation: Installation) -> None:
    people = sorted(installation.town.people.values())
    wanted = people[:2]
    with installation.vault.database.reading() as session:
        found = session.scalars(select(Person.id).where(among(session, Person.id, [*wanted, new_id()])))
        assert sorted(found) == wanted
        assert session.scalars(select(Person.id).where(among(session, Person.id, []))).all() == []
