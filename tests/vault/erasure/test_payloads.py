"""Payloads whose term is over are destroyed, batch by batch; the entries stay."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from unittest.mock import patch

import pytest
from sqlalchemy import Update, select, update

from tests.vault.erasure.conftest import KEEPER, NOW, YEAR, Aged
from tests.vault.log.test_invariants import as_administrator
from vault import audit
from vault.audit import Event
from vault.base import table_of
from vault.erasure import payloads
from vault.ids import EntryId
from vault.tables import AuditEntry


def test_what_is_over_goes_and_the_rest_stays(aged: Aged) -> None:
    over, young = aged.append(5, 5.1), aged.append(4, 4.9)
    of_nobody = aged.append(2, 5.1, municipality=None)
    aged.number()
    assert payloads.destroy(aged.vault, KEEPER, now=NOW, at_once=2) == 7
    assert aged.payloads_of(over + of_nobody) == set()
    assert aged.payloads_of(young) == set(young)
    with aged.vault.database.reading() as session:
        assert len(session.scalars(select(AuditEntry).where(AuditEntry.id.in_(over))).all()) == 5
    told = [json.loads(entry.leaf) for entry in aged.told(Event.PAYLOADS_DESTROYED)]
    assert [(leaf.get("org"), leaf["facts"]["count"], leaf["op"]) for leaf in told] == [
        (None, 2, "erase"),
        ("voorbeeldstad", 2, "erase"),
        ("voorbeeldstad", 2, "erase"),
        ("voorbeeldstad", 1, "erase"),
    ]
    assert told[1]["facts"]["first"] == told[1]["facts"]["last"] - 1
    assert payloads.destroy(aged.vault, KEEPER, now=NOW) == 0


def test_what_has_no_number_yet_stays(aged: Aged) -> None:
    over = aged.append(3, 6)
    assert payloads.destroy(aged.vault, KEEPER, now=NOW) == 0
    assert aged.payloads_of(over) == set(over)


@pytest.mark.parametrize("written", [{"at": NOW - 9 * YEAR}, {"municipality_id": None}])
def test_what_its_leaf_says_counts_and_not_what_somebody_wrote_into_its_row(
    aged: Aged, written: dict[str, object]
) -> None:
    """So that the night's work does not take away what somebody wants gone."""
    row, is_victim = table_of(AuditEntry), table_of(AuditEntry).c.id
    victims = aged.append(3, 4.9) if "at" in written else aged.append(3, 6, municipality="elders")
    over = aged.append(2, 6)
    aged.number()
    with rewritten(aged, update(row).where(is_victim.in_(victims)).values(**written), victims):
        assert payloads.destroy(aged.vault, KEEPER, now=NOW, at_once=2) == 2
    assert aged.payloads_of(victims + over) == set(victims)


@contextmanager
def rewritten(aged: Aged, how: Update, entries: list[EntryId]) -> Iterator[None]:
    """As the database's administrator, past its triggers; put right at the end."""
    row = table_of(AuditEntry)
    with aged.vault.database.transaction() as session:
        was = session.execute(
            select(row.c.id, row.c.at, row.c.municipality_id).where(row.c.id.in_(entries))
        ).all()
        as_administrator(session)
        session.execute(how)
    yield
    with aged.vault.database.transaction() as session:
        for entry_id, at, municipality in was:
            right = update(row).where(row.c.id == entry_id)
            session.execute(right.values(at=at, municipality_id=municipality))


def test_of_a_municipality_without_known_term_nothing_goes(aged: Aged) -> None:
    strange, of_nobody = aged.append(2, 9, municipality="elders"), aged.append(2, 9, municipality=None)
    aged.number()
    with patch.object(type(aged.vault.rule_sets), "municipalities", return_value=frozenset({"elders"})):
        assert payloads.destroy(aged.vault, KEEPER, now=NOW) == 2
    assert aged.payloads_of(strange) == set(strange)
    assert aged.payloads_of(of_nobody) == set()


def test_dying_between_two_batches_leaves_the_rest_for_the_next_round(
    aged: Aged, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = aged.append(6, 6)
    aged.number()
    append, calls = audit.append, iter(range(9))

    def dying(*args: object) -> object:
        if next(calls) == 1:
            raise KeyboardInterrupt
        return append(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(audit, "append", dying)
    with pytest.raises(KeyboardInterrupt):
        payloads.destroy(aged.vault, KEEPER, now=NOW, at_once=2)
    # The second batch was destroyed and not told of: so it was not destroyed.
    assert len(aged.payloads_of(over)) == 4
    assert len(aged.told(Event.PAYLOADS_DESTROYED)) == 1
    assert payloads.destroy(aged.vault, KEEPER, now=datetime.now(UTC), at_once=2) == 4
    assert aged.payloads_of(over) == set()
