"""By what a destroyed payload said its entry is found no more; by what its leaf says it is."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import func, select

from console.demo import town
from tests.vault.erasure.conftest import KEEPER, NOW, SOMEBODY, Aged
from vault.erasure import payloads
from vault.ids import EntryId
from vault.log.tables import LogEntry, TrailTerm
from vault.trail.invariants import amiss
from vault.trail.terms import Kind, Value, term


def found(aged: Aged, kind: Kind, value: str) -> set[UUID]:
    """Entries that are found by a value of Voorbeeldstad."""
    query = (
        select(LogEntry.entry_id)
        .join(TrailTerm, TrailTerm.index == LogEntry.index)
        .where(TrailTerm.term == term(town.SLUG, Value(kind, value)))
    )
    with aged.vault.database.reading() as session:
        return set(session.scalars(query))


def by_word(aged: Aged, word: str) -> set[UUID]:
    return found(aged, Kind.WORD, aged.vault.ring.pseudonym("word", word))


def test_words_go_with_the_payload_and_the_leaf_is_found_as_before(aged: Aged) -> None:
    over: list[EntryId] = []
    young: list[EntryId] = []
    for _ in range(3):
        # Lying among each other, as after a wrong clock.
        over += aged.append(1, 6)
        young += aged.append(1, 1)
    strange = aged.append(2, 6, municipality="elders")
    aged.number()
    who = aged.vault.ring.pseudonym(SOMEBODY.kind, SOMEBODY.id)
    assert by_word(aged, "vechtpartij") == set(over + young)
    with aged.vault.database.reading() as session:
        before = session.scalar(select(func.count()).select_from(TrailTerm)) or 0
    payloads.destroy(aged.vault, KEEPER, now=NOW, at_once=2)
    assert by_word(aged, "vechtpartij") == set(young)
    assert found(aged, Kind.PERSON, who) == set(over + young)
    assert found(aged, Kind.EVENT, "request.submitted") == set(over + young)
    with aged.vault.database.reading() as session:
        after = session.scalar(select(func.count()).select_from(TrailTerm)) or 0
        assert not list(amiss(aged.vault.ring, session, datetime.now(UTC)))
    # Of each as many words as its reason has; nothing of anyone else's.
    words = {"vechtpartij", "markt", "was", "een", "op", "de", "er"}
    gone = sum(len(by_word(aged, word)) for word in words) // len(young)
    assert before - after == gone * len(over)
    assert aged.payloads_of(strange) == set(strange)
