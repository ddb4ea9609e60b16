"""Statements that run so often that SQLAlchemy's own price for each shows: written once, then run as is.

SQLAlchemy still writes them for SQLite and for PostgreSQL, and still says how each value is stored. What is
left out is its way from a statement to the driver, each time anew: that costs several times what SQLite does.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, cast

from sqlalchemy import Dialect, Executable, Select
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

Values: TypeAlias = Mapping[str, Any]
_Convert: TypeAlias = Callable[[Any], Any] | None


class Statements:
    """One transaction on one connection; `Database.statements` begins and ends it."""

    def __init__(self, cursor: Any, write: Callable[[Executable, tuple[str, ...]], "Written"]) -> None:
        self._cursor = cursor
        self._write = write
        self.failed = False
        """Whether one of them did: then none may stand, also when whoever ran it caught the error."""

    def execute(self, statement: Executable, values: Values | Sequence[Values]) -> list[Any]:
        """Run `statement` with `values`, or with each of several. The rows it found, columns by their names.

        Only for statements that are constants: how each is written is never forgotten. No lists to choose
        from (``IN``); rows that are inserted are not told back. Several `values` have the same names. Raises
        ValueError when one that the statement asks for is missing.
        """
        try:
            return self._run(statement, values)
        except BaseException:
            self.failed = True
            raise

    def _run(self, statement: Executable, values: Values | Sequence[Values]) -> list[Any]:
        if isinstance(values, Mapping):
            written = self._write(statement, tuple(values))
            self._cursor.execute(written.text, written.bound(values))
            return written.rows(self._cursor.fetchall()) if written.asks else []
        written = self._write(statement, tuple(values[0]))
        self._cursor.executemany(written.text, [written.bound(each) for each in values])
        return []


class Written:
    """A statement in the words of one database, and what becomes of values on their way there and back."""

    def __init__(self, dialect: Dialect, statement: Executable, names: tuple[str, ...]) -> None:
        element = cast(ClauseElement, statement)
        compiled = cast(SQLCompiler, element.compile(dialect=dialect, column_keys=list(names)))
        self.text = str(compiled)
        # Of what was not left open in the statement.
        self._fixed = compiled.params
        self._positional = compiled.positional
        binds = {name: bind for bind, name in compiled.bind_names.items()}
        if missing := [name for name, bind in binds.items() if bind.required and name not in names]:
            # The driver would look for nothing (NULL), and find that.
            raise ValueError(f"no value for {', '.join(missing)}")
        self._to: list[tuple[str, _Convert]] = [
            (name, binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in (compiled.positiontup or binds)
        ]
        columns = list(statement.selected_columns) if isinstance(statement, Select) else []
        self.asks = bool(columns)
        # Of names that only the statement knows, so the checker of types cannot.
        self._row: Any = namedtuple("_row", [str(column.key) for column in columns], rename=True)  # type: ignore[misc]
        self._from: list[_Convert] = [
            column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns
        ]

    def bound(self, values: Values) -> Any:
        """`values` as the driver takes them."""
        given = {**self._fixed, **values}
        if self._positional:
            return [convert(given[name]) if convert else given[name] for name, convert in self._to]
        return {name: convert(given[name]) if convert else given[name] for name, convert in self._to}

    def rows(self, found: Sequence[Sequence[Any]]) -> list[Any]:
        """What the driver found, as values."""
        return [
            self._row._make([to(value) if to else value for to, value in zip(self._from, row, strict=True)])
            for row in found
        ]
