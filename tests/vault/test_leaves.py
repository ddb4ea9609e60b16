"""Rows that somebody else wrote: what is no leaf, and what is no payload, hides nothing that is one."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from console.demo import town
from tests.attacks import ENTRY, PAYLOAD, Scene
from tests.installation import Installation, at_scale, embedded
from tests.vault.signals.days import approved_at_once, look, raised
from tests.watching import entries, footage, granted, keep
from vault import audit
from vault.audit import Event
from vault.canonical import Plain, canonical
from vault.erasure import epochs
from vault.ids import new_id
from vault.invariants import check_all
from vault.leaves import is_payload, leaf_of, read_leaf
from vault.tables import AuditEntry
from vault.trail import Page, Question, read

OVERSIGHT = "toezicht-inzagelog"
NO_LEAVES = [b"\0garbage", b"", b"\xff\xfe", b"{}", b"[]", b"null", b'"x"', b'{"c":1}', b"[" * 100_000]


@pytest.fixture(params=["embedded", "at-scale"])
def tampered(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """An installation that is not whole any more when the test is over."""
    if request.param == "embedded":
        made = embedded(tmp_path)
    else:
        url = request.getfixturevalue("postgres_url")
        made = at_scale(tmp_path, url, request.getfixturevalue("radosgw"))
    yield made
    made.vault.database.close()
    made.intake.database.close()


def trail(made: Installation, **asked: Any) -> Page:
    question = Question(town.SLUG, OVERSIGHT, most=200, **asked)
    return read(made.vault, made.caller(town.PRIVACY_OFFICER), question, now=datetime.now(UTC))


def a_leaf(made: Installation) -> dict[str, Any]:
    entry = entries(made, Event.REQUEST_APPROVED)[0]
    told: dict[str, Any] = json.loads(entry.leaf)
    return told


@pytest.mark.parametrize("garbage", NO_LEAVES, ids=range(len(NO_LEAVES)))
def test_bytes_that_are_no_leaf_stop_nobody(tampered: Installation, garbage: bytes) -> None:
    """Found by what their row says, told as damaged, named by the check; what comes after them is read on."""
    granted(tampered, keep(tampered, footage(1000)))
    [submitted] = entries(tampered, Event.REQUEST_SUBMITTED)

    change = update(ENTRY).where(ENTRY.c.id == submitted.id).values(leaf=garbage)
    Scene(tampered.vault, 0).run(lambda connection: connection.execute(change))
    approved_at_once(tampered)
    look(tampered)
    assert "approved-within-seconds" in [row.kind for row in raised(tampered)]
    assert epochs.follow(tampered.vault) > 0
    [*_, damaged, sound] = trail(tampered, event="request.submitted").lines
    assert (damaged.damaged, damaged.payload, damaged.leaf_bytes) == (True, None, garbage)
    assert not sound.damaged
    assert len(trail(tampered, event="request.approved").lines) == 2
    found = {(each.check, each.about) for each in check_all(tampered.vault, now=datetime.now(UTC))}
    assert {
        ("entry-not-as-hashed", str(submitted.id)),
        ("payload-does-not-match-entry", str(submitted.id)),
    } <= found


def append_forged(made: Installation, content: Plain, **leaf: object) -> AuditEntry:
    """As a process may that only appends: it has the key's public half, and commits to what it likes."""
    entry_id, salt, payload = new_id(), bytes(32), canonical(content)
    told = {**a_leaf(made), "id": str(entry_id), "c": audit.commitment(salt, payload), **leaf}
    told = {name: value for name, value in told.items() if value is not None}
    row = {
        "id": entry_id,
        "at": datetime.fromtimestamp(told["t"] / 1000, UTC),
        "event": told["type"],
        "municipality_id": town.SLUG,
        "actor": told["actor"],
        "object": told["obj"],
        "leaf": canonical(told),
    }
    sealed = made.vault.ring.seal_payload(payload, entry=entry_id)
    with made.vault.database.transaction() as session:
        session.execute(insert(ENTRY).values(**row))
        session.execute(insert(PAYLOAD).values(entry_id=entry_id, salt=salt, **sealed._asdict()))
    with made.vault.database.reading() as session:
        return session.scalars(select(AuditEntry).where(AuditEntry.id == entry_id)).one()


WHO: dict[str, Plain] = {"kind": "person", "id": str(new_id()), "name": "Iemand", "roles": []}
WHAT: dict[str, Plain] = {"kind": "recording", "id": str(new_id())}
SOUND: dict[str, Plain] = {"actor": WHO, "object": WHAT, "details": {}}
NO_PAYLOADS: list[Plain] = [
    [],
    None,
    "x",
    {},
    {**SOUND, "actor": None},
    {**SOUND, "actor": {**WHO, "roles": None}},
    {**SOUND, "object": {"kind": "recording"}},
    {**SOUND, "object": []},
    {**SOUND, "details": []},
    {**SOUND, "details": {"grant": "x"}},
    {**SOUND, "details": {"requester": 1}},
    {**SOUND, "details": {"reason": 1}},
    {**SOUND, "details": {"caseReference": []}},
    {**SOUND, "details": {"shown": [1]}},
]


def test_what_is_no_payload_stops_nobody(tampered: Installation) -> None:
    granted(tampered, keep(tampered, footage(1000)))
    # What it is about may be any text.
    odd: Plain = {**SOUND, "actor": {**WHO, "id": "x"}, "object": {"kind": "recording", "id": "x"}}
    append_forged(tampered, odd)
    forged = [append_forged(tampered, content) for content in NO_PAYLOADS]
    approved_at_once(tampered)
    look(tampered)
    lines = trail(tampered, event="request.approved").lines
    assert [line.damaged for line in lines] == [False, False, *(True for _ in NO_PAYLOADS), False]
    found = check_all(tampered.vault, now=datetime.now(UTC))
    assert {("payload-does-not-match-entry", str(each.id)) for each in forged} == {
        (each.check, each.about) for each in found
    }


def test_a_row_that_says_otherwise_than_its_leaf_is_named(small: Installation) -> None:
    """Signals and figures go by the row: a denial must not be made into something else there."""
    granted(small, keep(small, footage(1000)))
    small.settle()
    [submitted] = entries(small, Event.REQUEST_SUBMITTED)
    changes: list[tuple[str, object, object]] = [
        ("event", "request.read", submitted.event),
        ("municipality_id", "noordwijk", submitted.municipality_id),
        ("actor", "0" * 32, submitted.actor),
        ("object", None, submitted.object),
    ]
    for column, value, right in changes:
        for put, findings in ((value, {("entry-not-as-hashed", str(submitted.id))}), (right, set())):
            change = update(ENTRY).where(ENTRY.c.id == submitted.id).values({column: put})
            Scene(small.vault, 0).run(lambda connection, change=change: connection.execute(change))  # type: ignore[misc]
            found = check_all(small.vault, now=datetime.now(UTC))
            assert {(each.check, each.about) for each in found} == findings


@pytest.mark.parametrize(
    "change",
    [
        lambda leaf: leaf.pop("c"),
        lambda leaf: leaf.pop("corr"),
        lambda leaf: leaf.pop("pol"),
        lambda leaf: leaf.update(t="now"),
        lambda leaf: leaf.update(t=10**18),
        lambda leaf: leaf.update(t=-1),
        lambda leaf: leaf.update(why="x"),
        lambda leaf: leaf.update(why=[1]),
        lambda leaf: leaf.update(prev="x"),
        lambda leaf: leaf.update(org=1),
        lambda leaf: leaf.update(facts=[]),
    ],
)
def test_what_every_leaf_has(small: Installation, change: Callable[[dict[str, Any]], object]) -> None:
    granted(small, keep(small, footage(1000)))
    leaf = a_leaf(small)
    assert read_leaf(canonical(leaf)) == leaf
    change(leaf)
    assert read_leaf(canonical(leaf)) is None


def test_every_entry_that_is_written_is_read_as_it_is(small: Installation) -> None:
    granted(small, keep(small, footage(1000)))
    for entry in entries(small):
        assert leaf_of(entry) == json.loads(entry.leaf)


def test_a_sound_payload_is_one() -> None:
    assert is_payload(SOUND)
    assert not any(map(is_payload, NO_PAYLOADS))
