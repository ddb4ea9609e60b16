"""Entries in canonical form are read, fast or slowly alike; any other is named with what is wrong."""

import json
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from sqlalchemy import select

from auditor import leaves, tiles
from auditor.leaves import LeafBroken
from tests.installation import Installation
from tests.logs import entry
from vault.tables import AuditEntry

GOOD: dict[str, Any] = json.loads(entry(3))


def changed(**members: Any) -> bytes:
    merged = {name: value for name, value in {**GOOD, **members}.items() if value is not None}
    return rfc8785.dumps(merged)


@pytest.mark.parametrize(
    "leaf",
    [
        entry(0),
        changed(facts=None, dec=None, why=None, purpose=None, obj=None, subj=None, org=None, pol=None),
        changed(prev="01234567-89ab-7def-8123-456789abcdef", regime="wpg"),
        changed(org='een "naam"\n', why=["é", "€\u2028"]),
        changed(facts={"sha256": "ab", "sha": -3, "yes": True, "no": False}),
        changed(facts={"a": 10**15 - 1, "b": 0}),
        changed(par="0123456789abcdef"),
        changed(type="disposal-key.destroyed"),
    ],
)
def test_what_is_as_it_must_be_is_read(leaf: bytes) -> None:
    surveyed = leaves.survey(tiles.bundle([leaf, entry(9)]), 2)
    assert surveyed.broken == []
    assert surveyed.entries == [leaf, entry(9)]
    told = json.loads(leaf)
    assert leaves.read(leaf) == (UUID(told["id"]), told["type"])
    assert surveyed.ids[:16] == leaves.read(leaf)[0].bytes
    assert surveyed.types.total() == 2


@pytest.mark.parametrize(
    ("leaf", "wrong"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 60_000, "not JSON"),
        (b"[]", "not an object"),
        (b"{}", "actor is missing"),
        (entry(3) + b" ", "canonical"),
        (entry(3).replace(b'"v":1', b'"v":1.0'), "not JSON"),
        (entry(3).replace(b'"v":1', b'"v":1e0'), "not JSON"),
        (entry(3).replace(b'"v":1', b'"v":1,"v":1'), "canonical"),
        (entry(3).replace(b"klacht", b"kl\\u0061cht"), "canonical"),
        (entry(3).replace(b"klacht", b"kl\\ud800cht"), "not JSON"),
        (b'{"v":1,' + entry(3)[1:].replace(b',"v":1', b"", 1), "canonical"),
        (changed(v=2), "v is not"),
        (changed(c=None), "c is missing"),
        (changed(actor="A" * 32), "actor is not"),
        (changed(id="01234567-89ab-4def-8123-456789abcdef"), "id is not"),
        (changed(c="g" + "0" * 63), "c is not"),
        (changed(obj="-" * 32), "obj is not"),
        (changed(pol="é" * 32), "pol is not"),
        (changed(subj="0" * 31 + "F"), "subj is not"),
        (changed(corr=f"{'0' * 16}/{'0' * 15}/{'0' * 16}"), "corr is not"),
        (changed(id="0123456--89ab-7def-8123-456789abcdef"), "id is not"),
        (changed(prev="01234567-89ab-7def-8123-456789ABCDEF"), "prev is not"),
        (changed(t=-1), "t is not"),
        (changed(t=10**15), "t is not"),
        (changed(type="Viewing.served"), "type is not"),
        (changed(type="-key.destroyed"), "type is not"),
        (changed(op="look"), "op is not"),
        (changed(dec="maybe"), "dec is not"),
        (changed(why=[]), "why is not"),
        (changed(facts={}), "facts is not"),
        (changed(facts={"a b": 1}), "facts is not"),
        (changed(facts={"a": {"b": 1}}), "facts is not"),
        (changed(name="Jansen"), "'name' is no member"),
        (entry(3).replace(b'"first":3', b'"zz":3'), "canonical"),
        (entry(3).replace(b'"first":3', b'"last":3'), "canonical"),
        (entry(3).replace(b'"first":3', b'"la1":3'), ""),
    ],
)
def test_what_is_not_is_named(leaf: bytes, wrong: str) -> None:
    [*broken] = leaves.survey(tiles.bundle([entry(1), leaf]), 2).broken
    if not wrong:
        assert broken == []
        return
    with pytest.raises(LeafBroken, match=wrong):
        leaves.read(leaf)
    [(at, told)] = broken
    assert at == 1
    assert wrong in told


def test_a_broken_entry_keeps_its_place_among_the_ids() -> None:
    surveyed = leaves.survey(tiles.bundle([entry(1), b"{}", entry(2)]), 3)
    assert surveyed.ids == leaves.read(entry(1))[0].bytes + bytes(16) + leaves.read(entry(2))[0].bytes


def test_an_entry_within_an_entry_is_not_taken_for_one() -> None:
    inner = len(entry(2)).to_bytes(2, "big") + entry(2)
    outer = b"x" + inner
    surveyed = leaves.survey(tiles.bundle([entry(1), outer]), 2)
    assert surveyed.entries == [entry(1), outer]
    assert [at for at, _ in surveyed.broken] == [1]


def test_entries_of_the_vault_are_as_they_must_be(installation: Installation) -> None:
    with installation.vault.database.reading() as session:
        written = list(session.scalars(select(AuditEntry.leaf)))
    surveyed = leaves.survey(tiles.bundle(written), len(written))
    assert written
    assert surveyed.broken == []
