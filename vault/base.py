"""What every table is made of: names of constraints, types of columns."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Dialect, Integer, MetaData, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

from vault.db import UtcDateTime


class Base(DeclarativeBase):
    """Names every constraint, so that a migration can name it too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  # the shape SQLAlchemy asks for
        datetime: UtcDateTime,
        dict[str, Any]: JSON(none_as_null=True),
        list[str]: JSON(),
    }


BIG = BigInteger().with_variant(Integer, "sqlite")
"""For numbers without an end in sight; SQLite's own integers are that wide, and by that name numbers rows."""


def table_of(rows: type[Base]) -> Table:
    """The table behind a class, for the few statements that run so often that the mapper's price shows."""
    return Base.metadata.tables[rows.__tablename__]


def add_missing(session: Session, rows: type[Base], *given: Mapping[str, object]) -> None:
    """Add those rows that are not there. Of two who add the same at once, neither may fail."""
    if given:
        kind = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        session.execute(kind.insert(table_of(rows)).on_conflict_do_nothing(), list(given))


class _Xid8(UserDefinedType[int]):
    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


class TransactionNumber(TypeDecorator[int]):
    """PostgreSQL's 64-bit transaction id, by which the audit log is put in order; absent on SQLite.

    SQLite has one writer at a time, so there the order of `seq` is the order of commits.
    """

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return _Xid8() if dialect.name == "postgresql" else dialect.type_descriptor(BigInteger())
