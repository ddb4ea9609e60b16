"""Statements that run as they are: what goes in and comes out is what SQLAlchemy would make of it."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError

from tests.installation import Installation
from vault.base import table_of
from vault.db import Database, Undone
from vault.ids import new_id
from vault.tables import Municipality, RuleSetTexts

TEXTS = table_of(RuleSetTexts)
ADD = insert(TEXTS).inline()
FIND = select(TEXTS.c.digest, TEXTS.c.texts, TEXTS.c.first_seen_at).where(
    TEXTS.c.digest == bindparam("wanted"), TEXTS.c.municipality == "nowhere"
)
TELL = select(bindparam("id", type_=Municipality.id.type).label("told"))
SEEN = datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=2)))


def row(digest: str, municipality: str = "nowhere") -> dict[str, object]:
    return {"digest": digest, "municipality": municipality, "texts": {"ø": [1]}, "first_seen_at": SEEN}


@pytest.fixture
def database(installation: Installation) -> Iterator[Database]:
    found = installation.vault.database
    yield found
    with found.transaction() as session:
        session.execute(delete(RuleSetTexts).where(RuleSetTexts.digest.like("test-%")))


def test_values_are_stored_and_come_back_as_they_are(database: Database) -> None:
    with database.statements() as within:
        assert within.execute(ADD, row("test-1")) == []
        assert within.execute(ADD, [row("test-2"), row("test-3", "elsewhere")]) == []
        [found] = within.execute(FIND, {"wanted": "test-2"})
        assert (found.digest, found.texts, found.first_seen_at) == ("test-2", {"ø": [1]}, SEEN)
        assert found.first_seen_at.tzinfo is UTC
        # What stands in the statement itself is looked for as well.
        assert within.execute(FIND, {"wanted": "test-3"}) == []
    with database.reading() as session:
        kept = session.get_one(RuleSetTexts, "test-3")
        assert (kept.texts, kept.first_seen_at) == ({"ø": [1]}, SEEN)


def test_all_or_nothing(database: Database) -> None:
    def add(times: int) -> None:
        with database.statements() as within:
            for _ in range(times):
                within.execute(ADD, row("test-1"))

    with pytest.raises(IntegrityError):
        add(2)
    with database.reading() as session:
        assert session.get(RuleSetTexts, "test-1") is None


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="time zone"), database.statements() as within:
        within.execute(ADD, {**row("test-1"), "first_seen_at": SEEN.replace(tzinfo=None)})


def test_a_value_that_is_not_given_is_missed(database: Database) -> None:
    for values in ({}, {"unwanted": "test-1"}):
        with pytest.raises(ValueError, match="no value for wanted"), database.statements() as within:
            within.execute(FIND, values)


def test_a_failure_that_is_passed_over_undoes_it(database: Database) -> None:
    """Else PostgreSQL would undo it in silence, and what rests on the entry be shown."""

    def pass_over() -> None:
        with database.statements() as within:
            within.execute(ADD, row("test-1"))
            with suppress(Exception):
                within.execute(ADD, row("test-1"))

    with pytest.raises(Undone):
        pass_over()
    with database.reading() as session:
        assert session.get(RuleSetTexts, "test-1") is None


class Halted(BaseException):
    """As an interrupt, an exit or a cancelled task: no Exception."""


def test_whatever_ends_it_early_undoes_it(database: Database) -> None:
    def halt(*, wait: bool) -> None:
        with database.statements(wait=wait) as within:
            within.execute(ADD, row("test-1"))
            raise Halted

    for wait in (True, False) if database.at_hand else (True,):
        with pytest.raises(Halted):
            halt(wait=wait)
        with database.transaction() as session:  # by nobody held up
            assert session.get(RuleSetTexts, "test-1") is None


def test_ids_come_back_as_ids(database: Database) -> None:
    id_ = new_id()
    with database.statements() as within:
        [found] = within.execute(TELL, {"id": "x"})
        assert found.told == "x"
        [given] = within.execute(select(bindparam("id", id_).label("told")), {})
    assert given.told == id_
    assert isinstance(given.told, UUID)
