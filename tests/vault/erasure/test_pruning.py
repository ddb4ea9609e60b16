"""Leaves below the minimum go when every term up to there is over; the log goes on to verify."""

import json
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DBAPIError

from auditor import merkle, proofs
from auditor.checkpoints import open_checkpoint
from auditor.findings import Kind
from auditor.reading import Folder
from auditor.verify import Outcome, verify
from console.demo import town
from tests.vault.erasure.conftest import KEEPER, NOW, OPERATOR, Aged
from vault.audit import Event
from vault.base import table_of
from vault.erasure import payloads, pruning
from vault.erasure.terms import Terms
from vault.log import reading
from vault.log.exporting import export
from vault.log.tables import LogEntry, LogPosition, LogReader, TrailTerm
from vault.tables import AuditEntry, AuditPayload


def numbers(aged: Aged) -> tuple[int, int, int]:
    """The minimum, the first number there is, and how many leaves there are."""
    with aged.vault.database.reading() as session:
        first = session.scalar(select(func.min(LogEntry.index)))
        count = session.scalar(select(func.count()).select_from(AuditEntry))
        return reading.minimum(session), first or 0, count or 0


def old_trail(aged: Aged, count: int = 600) -> int:
    """So many entries that are over behind those of the registration, which are not; where they begin."""
    aged.append(count, 6)
    aged.number()
    with aged.vault.database.reading() as session:
        return int(reading.size(session)) - count


LATER = NOW.replace(year=NOW.year + 6)
"""When all there is now is over."""


def test_only_whole_bundles_below_which_everything_is_over(aged: Aged) -> None:
    old_trail(aged)
    with aged.vault.database.reading() as session:
        size = reading.size(session)
        first_proof = reading.proof_of(session, reading.entries(session, 0, 0)[0].entry_id)
        leaves = [(found.number, found.leaf) for found in reading.entries(session, 0, size)]
    # What was registered today stands before it: nothing goes.
    assert aged.erase() == (600, 0)
    assert numbers(aged)[0] == 0
    aged.number()
    payloads.destroy(aged.vault, KEEPER, now=LATER)
    kept = aged.append(1, 0)
    aged.number()
    with aged.vault.database.reading() as session:
        index = reading.index_of(session, kept[0])
        size = reading.size(session)
        signed = reading.checkpoint(session)
    assert signed
    root = signed.root
    gone = pruning.prune(aged.vault, KEEPER, now=LATER, at_once=100)
    below = index // 256 * 256
    assert gone == below
    minimum, first, _ = numbers(aged)
    assert (minimum, first) == (below, below)
    [told] = aged.told(Event.LOG_PRUNED)
    assert json.loads(told.leaf)["facts"] == {"first": 0, "below": below}
    # Every proof and the root are still made of what stays.
    with aged.vault.database.reading() as session:
        hash_at = reading.tree(session)
        assert merkle.root(hash_at, size) == root
        for number, leaf in leaves[::97]:
            path = merkle.inclusion_proof(hash_at, number, size)
            merkle.verify_inclusion(merkle.leaf_hash(leaf), number, size, path, root)
        old_size = 300
        consistent = merkle.consistency_proof(hash_at, old_size, size)
        merkle.verify_consistency(old_size, size, merkle.root(hash_at, old_size), root, consistent)
    proofs.verify(first_proof, leaves[first_proof.index][1], aged.vault.ring.log_keys[0])
    # And it goes on.
    aged.number()
    assert pruning.prune(aged.vault, KEEPER, now=LATER) == 0
    aged.append(5, 0)
    aged.number()
    with aged.vault.database.reading() as session:
        assert reading.size(session) == size + 6


def test_a_payload_keeps_its_leaf(aged: Aged) -> None:
    old_trail(aged, 300)
    assert pruning.prune(aged.vault, KEEPER, now=LATER) == 0
    assert numbers(aged)[0] == 0
    payloads.destroy(aged.vault, KEEPER, now=LATER)
    assert pruning.prune(aged.vault, KEEPER, now=LATER) == 256


def test_dying_after_the_minimum_rose_leaves_the_rest_for_the_next_round(
    aged: Aged, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_trail(aged)
    with aged.vault.database.transaction() as session:
        session.add_all([TrailTerm(term=b"x" * 16, index=index) for index in (3, 255, 700)])
        session.add(LogReader(name="adl", index=7))
    payloads.destroy(aged.vault, KEEPER, now=LATER)
    monkeypatch.setattr(pruning, "_delete", lambda *_: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        pruning.prune(aged.vault, KEEPER, now=LATER)
    minimum, first, _ = numbers(aged)
    assert (minimum > 0, first) == (True, 0)
    monkeypatch.undo()
    assert pruning.prune(aged.vault, KEEPER, now=LATER) == minimum
    assert numbers(aged)[:2] == (minimum, minimum)
    with aged.vault.database.reading() as session:
        assert session.scalars(select(TrailTerm.index).where(TrailTerm.term == b"x" * 16)).all() == [700]
        # Whoever has not read on for six years reads on from what there is.
        assert session.scalar(select(LogReader.index).where(LogReader.name == "adl")) == minimum
    assert len(aged.told(Event.LOG_PRUNED)) == 1


def test_an_entry_of_nobody_stays_while_somebodys_term_is_not_known(
    aged: Aged, monkeypatch: pytest.MonkeyPatch
) -> None:
    aged.append(600, 6, municipality=None)
    aged.number()
    # Whatever else stands in the way.
    with aged.vault.database.transaction() as session:
        session.execute(delete(AuditPayload))
    for municipality in (None, town.SLUG):
        aged.tell_destroyed(municipality, 10_000)
    for unknown, gone in ((frozenset({"elders"}), False), (frozenset(), True)):
        known = Terms(LATER, {town.SLUG: 5}, unknown)
        monkeypatch.setattr(pruning, "terms", lambda *_, known=known, **_now: known)
        assert (pruning.prune(aged.vault, KEEPER, now=LATER) > 0) == gone


def refused(aged: Aged, statement: object) -> None:
    with (
        pytest.raises(DBAPIError, match=r"append-only|only rises"),
        aged.vault.database.transaction() as session,
    ):
        session.execute(statement)  # type: ignore[call-overload]


def test_the_database_refuses_all_but_what_is_below_the_minimum(aged: Aged) -> None:
    old_trail(aged)
    entries, position = table_of(AuditEntry), table_of(LogPosition)
    with aged.vault.database.transaction() as session:
        session.execute(delete(AuditPayload))
    for municipality in (None, town.SLUG):
        aged.tell_destroyed(municipality, 10_000)
    every = delete(entries)
    refused(aged, every)
    refused(aged, every.where(entries.c.seq == 1))
    with aged.vault.database.transaction() as session:
        session.execute(update(position).values(minimum=256))
    below = select(LogEntry.entry_id).where(LogEntry.index < 256)
    above = select(LogEntry.entry_id).where(LogEntry.index == 256)
    refused(aged, every.where(entries.c.id.in_(above)))
    refused(aged, every)
    refused(aged, update(entries).values(actor="x").where(entries.c.id.in_(below)))
    # An entry that has no number yet is below nothing.
    fresh = aged.append(1, 6)
    with aged.vault.database.transaction() as session:
        session.execute(text("DELETE FROM audit_payload"))
    refused(aged, every.where(entries.c.id.in_(fresh)))
    for wrong in (0, 255, 100_000 * 256):
        refused(aged, update(position).values(minimum=wrong))
    with aged.vault.database.transaction() as session:
        session.execute(every.where(entries.c.id.in_(below)))
        session.execute(delete(LogEntry).where(LogEntry.index < 256))
    assert numbers(aged)[:2] == (256, 256)
    aged.tell_pruned(256)
    aged.number()


def test_an_outsider_verifies_what_is_left_and_that_it_continues_what_was(aged: Aged, tmp_path: Path) -> None:
    old_trail(aged)
    [key] = aged.vault.ring.log_keys
    export(aged.vault, tmp_path / "before", OPERATOR, (), now=NOW)
    kept = open_checkpoint((tmp_path / "before" / "checkpoint").read_bytes(), key)
    aged.number()
    payloads.destroy(aged.vault, KEEPER, now=LATER)
    gone = pruning.prune(aged.vault, KEEPER, now=LATER)
    aged.number()
    export(aged.vault, tmp_path / "after", OPERATOR, (), now=NOW)
    report = verify(Folder(tmp_path / "after"), key, since=kept)
    assert (report.outcome, report.findings) == (Outcome.PROVEN, [])
    assert (report.minimum, report.unseen) == (gone, gone)
    told = verify(Folder(tmp_path / "after"), key, shown_from=0)
    assert {found.kind for found in told.findings} == {Kind.PRUNED}
