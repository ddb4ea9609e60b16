"""Hundreds of rows with one statement, on both databases.

PostgreSQL gets arrays, so that a statement is the same however many rows there are: a list of so many
parameters costs the driver more to read than the database to carry out. SQLite, which is in this process,
gets them one by one.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Insert,
    SQLColumnExpression,
    Table,
    Update,
    Uuid,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Session


def among(session: Session, column: SQLColumnExpression[UUID], ids: Collection[UUID]) -> ColumnElement[bool]:
    """Whether an id is one of `ids`."""
    if _takes_arrays(session):
        return column == func.any(bindparam(None, list(ids), type_=ARRAY(Uuid)))
    return column.in_(ids)


def insert_many(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert `rows`, in their order, which have the same names."""
    if not rows:
        return
    if _takes_arrays(session):
        session.execute(_insert(table, tuple(rows[0])), _columns(rows))
    else:
        session.connection().execute(insert(table).inline(), rows)


def update_many(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write, for each of `rows`, into the row of `table` that its first name chooses what its others say."""
    if not rows:
        return
    names = tuple(rows[0])
    if _takes_arrays(session):
        session.connection().execute(_update(table, names), _columns(rows))
        return
    chosen, *written = names
    query = update(table).where(table.c[chosen] == bindparam(f"given_{chosen}"))
    query = query.values({name: bindparam(f"given_{name}") for name in written})
    given = [{f"given_{name}": value for name, value in row.items()} for row in rows]
    session.connection().execute(query, given)


def _takes_arrays(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {f"given_{name}": [row[name] for row in rows] for name in rows[0]}


@lru_cache(maxsize=32)
def _insert(table: Table, names: tuple[str, ...]) -> Insert:
    given = _given(table, names)
    chosen = select(*(given.c[name] for name in names))
    return insert(table).from_select(names, chosen, include_defaults=False)


@lru_cache(maxsize=32)
def _update(table: Table, names: tuple[str, ...]) -> Update:
    given = _given(table, names)
    chosen, *written = names
    query = update(table).where(table.c[chosen] == given.c[chosen])
    return query.values({name: given.c[name] for name in written})


def _given(table: Table, names: tuple[str, ...]) -> FromClause:
    arrays = (bindparam(f"given_{name}", type_=ARRAY(table.c[name].type)) for name in names)
    return func.unnest(*arrays).table_valued(*names, name="given", joins_implicitly=True).render_derived()
