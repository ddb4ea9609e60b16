"""What the nightly check says of epochs, and what the trail need not tell any more."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select, update

from console.demo import town
from tests.vault.erasure.conftest import NOW, Aged
from tests.vault.erasure.test_epochs import old_epoch
from vault.base import table_of
from vault.erasure import epochs
from vault.erasure.invariants import told_since
from vault.erasure.tables import AuditEpoch
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


def test_a_payload_that_is_gone_and_nobody_told(aged: Aged) -> None:
    """What is destroyed when its term is over is told, by whose it was; what somebody took away is not."""

    def gone() -> set[str]:
        return {each.about for each in check_all(aged.vault, now=NOW) if each.check == "payload-gone"}

    over, kept = aged.append(3, 6), aged.append(3, 1)
    aged.number()
    assert aged.erase()[0] >= len(over)
    aged.number()
    assert gone() == set()
    with aged.vault.database.transaction() as session:
        session.execute(delete(AuditPayload).where(AuditPayload.entry_id == kept[1]))
    assert gone() == {str(kept[1])}
    aged.tell_destroyed(None, 10_000)
    assert gone() == {str(kept[1])}
    aged.tell_destroyed(town.SLUG, 10_000)
    assert gone() == set()
