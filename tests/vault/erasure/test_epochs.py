"""An epoch's keys are destroyed when every term is over; then nothing of it opens, in no backup either."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from console.demo import town
from tests.vault.erasure.conftest import KEEPER, NOW, SOMEBODY, Aged
from vault import audit
from vault.audit import Event
from vault.base import table_of
from vault.erasure import epochs, payloads
from vault.erasure.epochs import EpochStays
from vault.erasure.tables import AuditEpoch
from vault.ids import EntryId
from vault.keys import KeyNotHeld, KeyRing, Role, destroy_epoch
from vault.tables import AuditEntry, AuditPayload


def old_epoch(aged: Aged, years: float = 6) -> tuple[str, list[EntryId]]:
    """An epoch of so many years ago, and its entries; the current one is another."""
    epoch = aged.next_epoch()
    entries = aged.append(5, years)
    aged.number()
    aged.next_epoch()
    return epoch, entries


def test_after_destruction_nothing_of_it_opens_also_not_from_a_backup(aged: Aged) -> None:
    epoch, entries = old_epoch(aged)
    with aged.vault.database.reading() as session:
        backup = [dict(row) for row in session.execute(select(table_of(AuditPayload))).mappings()]
    of_epoch = [row for row in backup if row["entry_id"] in entries]
    [payload_key] = {row["key_id"] for row in of_epoch}
    known_as = aged.vault.ring.pseudonym("person", SOMEBODY.id, epoch=epoch)
    aged.destroy(epoch)
    aged.restart()
    for folder, role in zip(aged.rings, Role, strict=True):
        ring = KeyRing.load(folder, role=role)
        assert epoch not in ring.epochs
        assert payload_key not in ring.payload.keys
        with pytest.raises(KeyNotHeld):
            ring.pseudonym("person", SOMEBODY.id, epoch=epoch)
    for folder in aged.rings:
        assert not list(folder.rglob(epoch))
        assert not list(folder.rglob(payload_key))
        assert not list(folder.glob(".new-*"))
    with aged.vault.database.transaction() as session:
        session.execute(insert(table_of(AuditPayload)), of_epoch)
    with aged.vault.database.reading() as session:
        rows = session.execute(
            select(AuditEntry, AuditPayload)
            .join(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
            .where(AuditEntry.id.in_(entries))
        ).all()
        assert len(rows) == 5
        for entry, payload in rows:
            # The entry stands as it stood, with a pseudonym that is nobody's now.
            assert json.loads(entry.leaf)["actor"] == known_as
            with pytest.raises(KeyNotHeld):
                audit.read_payload(aged.vault.ring, entry, payload)
        others = select(AuditEntry, AuditPayload).join(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
        for entry, payload in session.execute(others.where(AuditEntry.id.not_in(entries))):
            audit.read_payload(aged.vault.ring, entry, payload)
    # The keeper's next night destroys what the backup brought back.
    assert payloads.destroy(aged.vault, KEEPER, now=NOW) == 5


def test_it_is_entered_with_what_went(aged: Aged) -> None:
    epoch, _ = old_epoch(aged)
    aged.destroy(epoch)
    [told] = aged.told(Event.EPOCH_DESTROYED)
    with aged.vault.database.reading() as session:
        [row] = session.scalars(select(AuditEpoch).where(AuditEpoch.epoch == epoch)).all()
    leaf = json.loads(told.leaf)
    assert leaf["facts"] == {"destroyedEpoch": epoch, "payloadKeys": row.payload_key}
    assert (leaf["op"], leaf["epoch"]) == ("erase", aged.vault.ring.epoch)
    assert row.destroyed_at == NOW
    assert aged.payloads_of([EntryId(told.id)]) == {told.id}
    assert epochs.doomed(aged.vault, epoch, now=NOW).before


def test_it_stays_while_one_term_runs_and_says_until_when(aged: Aged) -> None:
    epoch, entries = old_epoch(aged)
    with pytest.raises(EpochStays, match="current"):
        epochs.doomed(aged.vault, aged.vault.ring.epoch, now=NOW)
    with pytest.raises(EpochStays, match="there was no epoch"):
        epochs.doomed(aged.vault, "0" * 16, now=NOW)
    # By a process that has not heard of the rotation, and before it has a number.
    late = replace(aged.vault.ring, pseudonyms=replace(aged.vault.ring.pseudonyms, current=epoch))
    aged.vault, now_on = replace(aged.vault, ring=late), aged.vault
    aged.append(1, 4)
    aged.vault = now_on
    with pytest.raises(EpochStays, match=r"longest term is 5 years \(.*voorbeeldstad.*\): not before \d\d-"):
        epochs.doomed(aged.vault, epoch, now=NOW)
    assert aged.payloads_of(entries) == set(entries)
    later = NOW.replace(year=NOW.year + 2, day=min(NOW.day, 28))
    assert epochs.doomed(aged.vault, epoch, now=later).epoch == epoch
    aged.number()


def test_it_stays_while_somebodys_term_is_not_known(aged: Aged) -> None:
    epoch, _ = old_epoch(aged)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(aged.vault.rule_sets, "_loaded", {})
        patched.setattr(aged.vault.rule_sets, "_in_force", {})
        with pytest.raises(EpochStays, match=f"the term of {town.SLUG} is not known"):
            epochs.doomed(aged.vault, epoch, now=NOW)


def test_what_was_noted_is_not_believed(aged: Aged) -> None:
    epoch, _ = old_epoch(aged, years=1)
    epochs.follow(aged.vault)
    with aged.vault.database.transaction() as session:
        for row in session.scalars(select(AuditEpoch)):
            row.first_at = row.last_at = datetime(2000, 1, 1, tzinfo=UTC)
    with pytest.raises(EpochStays, match="not before"):
        epochs.doomed(aged.vault, epoch, now=NOW)


def test_a_payload_key_that_a_later_epoch_used_goes_with_that_one(aged: Aged) -> None:
    epoch, _ = old_epoch(aged)
    # A rotation that died between its two halves: the old names, the new payload key.
    halfway = replace(aged.vault.ring, pseudonyms=replace(aged.vault.ring.pseudonyms, current=epoch))
    now_on, aged.vault = aged.vault, replace(aged.vault, ring=halfway)
    aged.append(1, 6)
    aged.vault = now_on
    aged.append(1, 0)
    aged.number()
    used_on = aged.vault.ring.payload.current
    for _ in ("while it is current", "and when it is not"):
        gone = epochs.doomed(aged.vault, epoch, now=NOW)
        assert gone.shared == (used_on,)
        assert len(gone.payload_keys) == 1
        aged.next_epoch()


@pytest.mark.parametrize("aged", ["embedded"], indirect=True)  # files are files, whatever the database
@pytest.mark.parametrize("died_after", range(11))
def test_dying_at_any_step_leaves_less_readable_and_it_can_be_done_again(
    aged: Aged, died_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    epoch, _ = old_epoch(aged)
    steps = iter(range(100))

    def dying(real: object) -> object:
        def act(*args: object, **kwargs: object) -> object:
            if next(steps) == died_after:
                raise KeyboardInterrupt
            return real(*args, **kwargs)  # type: ignore[operator]

        return act

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", dying(Path.rename))
        patched.setattr(shutil, "rmtree", dying(shutil.rmtree))
        patched.setattr(audit, "append", dying(audit.append))
        try:
            aged.destroy(epoch)
        except KeyboardInterrupt:
            done = False
        else:
            done = True
    aged.restart()
    assert bool(aged.told(Event.EPOCH_DESTROYED)) == done
    if not done:
        # Whatever is left, both rings can be loaded and the rest be destroyed.
        aged.destroy(epoch)
    aged.restart()
    assert epoch not in aged.vault.ring.epochs
    assert not list(aged.rings[0].glob(".new-*"))
    assert len(aged.told(Event.EPOCH_DESTROYED)) == 1
    # One batch of payloads, two keys out of two rings in two steps each, the entry; and then nothing is left.
    assert done == (died_after == 10)


def test_a_current_key_is_never_destroyed(aged: Aged) -> None:
    epoch, _ = old_epoch(aged)
    ring = aged.vault.ring
    for names in ((ring.epoch, ()), (epoch, (ring.payload.current,))):
        with pytest.raises(KeyNotHeld, match="in use"):
            destroy_epoch(*aged.rings, *names)
    with pytest.raises(ValueError, match="no key id"):
        destroy_epoch(*aged.rings, "../../x", ())
    aged.restart()
    assert aged.vault.ring.epochs == ring.epochs
    assert aged.vault.ring.payload.keys.keys() == ring.payload.keys.keys()
