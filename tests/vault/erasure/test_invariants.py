"""What the nightly check says of epochs, and what the trail need not tell any more."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from tests.vault.erasure.conftest import NOW, Aged
from tests.vault.erasure.test_epochs import old_epoch
from vault.base import table_of
from vault.erasure import epochs
from vault.erasure.invariants import told_since
from vault.erasure.tables import AuditEpoch
from vault.ids import EntryId
from vault.invariants import Finding, check_all
from vault.log.tables import LogPosition
from vault.tables import AuditPayload


def found(aged: Aged, now: datetime = NOW) -> set[Finding]:
    return {each for each in check_all(aged.vault, now=now) if each.check.startswith("epoch-")}


def test_an_epoch_that_is_over_and_one_that_lasts_too_long(aged: Aged) -> None:
    epoch, _ = old_epoch(aged)
    current = aged.vault.ring.epoch
    aged.append(1, 0)
    aged.number()
    assert found(aged) == set()
    epochs.follow(aged.vault)
    assert found(aged) == {Finding("epoch-to-destroy", epoch)}
    assert Finding("epoch-to-begin", current) not in found(aged, NOW + timedelta(days=91))
    assert Finding("epoch-to-begin", current) in found(aged, NOW + timedelta(days=93))
    aged.destroy(epoch)
    # This process has it in memory still.
    assert found(aged) == {Finding("epoch-destroyed-and-held", epoch)}
    aged.restart()
    assert found(aged) == set()


def test_a_minimum_that_no_entry_tells_of(aged: Aged) -> None:
    aged.append(600, 0)
    aged.number()
    raised = update(table_of(LogPosition)).values(minimum=512)
    with aged.vault.database.transaction() as session:
        session.execute(raised)
    told = {each for each in check_all(aged.vault, now=NOW) if each.check == "minimum-not-told"}
    assert told == {Finding("minimum-not-told", "512")}
    aged.tell_pruned(256)
    assert Finding("minimum-not-told", "512") in check_all(aged.vault, now=NOW)
    aged.tell_pruned(512)


def test_until_when_the_trail_need_not_tell(aged: Aged) -> None:
    epoch, _ = old_epoch(aged)
    with aged.vault.database.reading() as session:
        assert told_since(session) is None
    aged.destroy(epoch)
    with aged.vault.database.reading() as session:
        last = session.scalar(select(AuditEpoch.last_at).where(AuditEpoch.epoch == epoch))
        assert told_since(session) == last
    aged.append(256, 0)
    aged.number()
    with aged.vault.database.transaction() as session:
        session.execute(update(table_of(LogPosition)).values(minimum=256))
    aged.tell_pruned(256)
    with aged.vault.database.reading() as session:
        since = told_since(session)
    assert since
    assert last
    assert last <= since <= datetime.now(UTC)


def gone(aged: Aged, now: datetime = NOW) -> list[Finding]:
    return [each for each in check_all(aged.vault, now=now) if each.check == "payload-gone"]


def test_a_payload_that_is_gone_before_its_term(aged: Aged) -> None:
    """Nobody misses what the term took, also when that is longer now; somebody misses all else."""
    over, young = aged.append(2, 5.1), aged.append(2, 4.9)
    of_nobody = aged.append(1, 0, municipality=None)
    aged.number()
    assert aged.erase()[0] == 2
    assert gone(aged) == []
    # As when the term became longer since.
    assert gone(aged, NOW - timedelta(days=200)) == []
    victims = [young[1], of_nobody[0]]
    kept = taken(aged, victims)
    assert gone(aged) == [Finding("payload-gone", str(each)) for each in victims]
    assert gone(aged, NOW + timedelta(days=366)) == [Finding("payload-gone", str(of_nobody[0]))]
    with aged.vault.database.transaction() as session:
        session.execute(insert(table_of(AuditPayload)), kept)
    assert aged.payloads_of(over) == set()


def test_a_payload_without_an_entry_in_the_log(aged: Aged) -> None:
    aged.number()
    [waits] = aged.append(1, 0)
    kept = taken(aged, [waits])
    assert gone(aged) == [Finding("payload-gone", str(waits))]
    with aged.vault.database.transaction() as session:
        session.execute(insert(table_of(AuditPayload)), kept)


def taken(aged: Aged, entries: list[EntryId]) -> list[dict[str, Any]]:
    """Take away what these entries say of people, as the database's administrator; the rows."""
    payload = table_of(AuditPayload)
    of_them = payload.c.entry_id.in_(entries)
    with aged.vault.database.transaction() as session:
        rows = [dict(row) for row in session.execute(select(payload).where(of_them)).mappings()]
        session.execute(delete(payload).where(of_them))
    return rows
