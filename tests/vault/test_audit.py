"""Entries of the trail: what stands in a leaf, what only in the sealed payload; neither can change."""

import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError

from console.demo import town
from policies.rules import PURPOSE_UNKNOWN
from tests.installation import Installation
from tests.watching import CASE, PURPOSE, REASON, entries, footage, granted, keep, payload_of, wish
from vault import audit, tracing
from vault.audit import Actor, Entry, Event, PayloadBroken, commitment
from vault.ids import EntryId
from vault.invariants import Finding, check_all
from vault.keys import KeyNotHeld, KeyRing, SealedPayload, WrappingBroken
from vault.requests import ask
from vault.tables import AuditEntry, AuditPayload, Recording
from vault.trail.indexer import index_all
from vault.viewing import Watching

AT = datetime(2026, 11, 24, 9, 30, 15, 123_456, UTC)
ACTOR = Actor("person", "01a20b79-d42a-7776-8a6a-d90db6112610", "Sam de Vries", ("supervisor",))
ENTRY = Entry(
    event=Event.VIEWING_SERVED,
    at=AT,
    actor=ACTOR,
    municipality="voorbeeldstad",
    thing=("recording", "01a20b79-0000-7776-8a6a-d90db6112610"),
    subject="01a20b79-1111-7776-8a6a-d90db6112610",
    decision="allow",
    rule_set="ab" * 32,
    rules=["watch-under-grant"],
    regime="avg",
    purpose="klacht",
    facts={"first": 0, "last": 2**53 - 1},
    details={"reason": "Because Bo pushed a passer-by.", "grant": UUID(int=7), "at": AT},
)
LEAF = {
    "v", "id", "t", "type", "op", "org", "epoch", "actor", "obj", "subj", "dec", "pol", "why", "regime",
    "purpose", "corr", "par", "prev", "facts", "c",
}  # fmt: skip
"""Every field a leaf may have: docs/formats.md."""


def write(made: Installation, entry: Entry, ring: KeyRing | None = None) -> AuditEntry:
    with made.vault.database.transaction() as session:
        entry_id = audit.append(session, ring or made.vault.ring, entry)
    with made.vault.database.reading() as session:
        return session.scalars(select(AuditEntry).where(AuditEntry.id == entry_id)).one()


def payload_row(made: Installation, entry: AuditEntry) -> AuditPayload:
    with made.vault.database.reading() as session:
        return session.get_one(AuditPayload, entry.id)


def test_a_leaf_byte_for_byte(small: Installation) -> None:
    caller = "00f067aa0ba902b7"
    trace = tracing.begin(f"00-{'4b' * 16}-{caller}-01")
    row = write(small, replace(ENTRY, previous=EntryId(UUID(int=3)), trace=trace))
    ring = small.vault.ring
    expected = {
        "v": 1,
        "id": str(row.id),
        "t": 1795512615123,
        "type": "viewing.served",
        "op": "consult",
        "org": "voorbeeldstad",
        "epoch": ring.epoch,
        "actor": ring.pseudonym("person", ACTOR.id),
        "obj": ring.pseudonym("recording", "01a20b79-0000-7776-8a6a-d90db6112610"),
        "subj": ring.pseudonym("person", "01a20b79-1111-7776-8a6a-d90db6112610"),
        "dec": "allow",
        "pol": "ab" * 32,
        "why": ["watch-under-grant"],
        "regime": "avg",
        "purpose": "klacht",
        "corr": f"{'4b' * 16}/{trace.span_id}",
        "par": caller,
        "prev": str(UUID(int=3)),
        "facts": {"first": 0, "last": 2**53 - 1},
        "c": json.loads(row.leaf)["c"],
    }
    assert set(expected) == LEAF
    assert row.leaf == rfc8785.dumps(expected)
    # The columns beside the leaf say what the leaf says.
    assert (row.event, row.actor, row.object) == (expected["type"], expected["actor"], expected["obj"])
    assert (row.municipality_id, row.at) == ("voorbeeldstad", AT)


def test_what_is_not_known_is_left_out(small: Installation) -> None:
    tracing.begin()
    leaf = json.loads(write(small, Entry(event=Event.TRAIL_READ, at=AT, actor=ACTOR)).leaf)
    assert set(leaf) == {"v", "id", "t", "type", "op", "epoch", "actor", "corr", "c"}


def test_each_entry_is_a_step_of_its_own_in_the_trace(small: Installation) -> None:
    trace = tracing.begin()
    rows = [write(small, ENTRY) for _ in range(2)]
    traces, spans = zip(*(json.loads(row.leaf)["corr"].split("/") for row in rows), strict=True)
    assert set(traces) == {trace.trace_id}
    assert len({*spans, trace.span_id}) == 3
    assert all("par" not in json.loads(row.leaf) for row in rows)


def test_the_commitment_is_salted_and_labelled(small: Installation) -> None:
    row = write(small, ENTRY)
    payload = payload_row(small, row)
    opened = small.vault.ring.open_payload(SealedPayload(payload.key_id, payload.sealed), entry=row.id)
    by_hand = hashlib.sha256(b"bodycam-audit/payload/v1\0" + payload.salt + opened).hexdigest()
    assert json.loads(row.leaf)["c"] == by_hand == commitment(payload.salt, opened)
    assert len(payload.salt) == 32
    assert opened == rfc8785.dumps(json.loads(opened))
    # The same entry twice: nothing in it can be compared.
    other = write(small, ENTRY)
    assert json.loads(other.leaf)["c"] != by_hand
    assert payload_row(small, other).salt != payload.salt


def test_the_payload_says_who_and_why(small: Installation) -> None:
    row = write(small, ENTRY)
    assert audit.read_payload(small.vault.ring, row, payload_row(small, row)) == {
        "actor": {"kind": "person", "id": ACTOR.id, "name": "Sam de Vries", "roles": ["supervisor"]},
        "object": {"kind": "recording", "id": "01a20b79-0000-7776-8a6a-d90db6112610"},
        "details": {
            "reason": "Because Bo pushed a passer-by.",
            "grant": str(UUID(int=7)),
            "at": "2026-11-24 09:30:15.123456+00:00",
        },
    }


def test_a_payload_of_another_entry_does_not_open(small: Installation) -> None:
    row, other = write(small, ENTRY), write(small, ENTRY)
    with pytest.raises(WrappingBroken):
        audit.read_payload(small.vault.ring, row, payload_row(small, other))


def test_a_payload_that_was_replaced_is_found_out(installation: Installation) -> None:
    """Whoever has the public key can seal another payload for an entry; its commitment tells."""
    row = write(installation, ENTRY)
    forged = installation.vault.ring.seal_payload(b'{"actor":{"name":"Somebody Else"}}', entry=row.id)
    honest = payload_row(installation, row)
    change(installation, row, sealed=forged.sealed)
    with pytest.raises(PayloadBroken):
        audit.read_payload(installation.vault.ring, row, payload_row(installation, row))
    installation.settle()
    found = check_all(installation.vault, now=datetime.now(UTC))
    assert found == [Finding("payload-does-not-match-entry", str(row.id))]
    change(installation, row, sealed=honest.sealed, salt=bytes(32))
    assert check_all(installation.vault, now=datetime.now(UTC)) == found
    change(installation, row, salt=honest.salt)
    # It was read on while its payload could not be: nobody would find it by what that says.
    assert check_all(installation.vault, now=datetime.now(UTC)) == [Finding("entry-hidden", str(row.id))]
    index_all(installation.vault, again=True)


def change(made: Installation, row: AuditEntry, **values: Any) -> None:
    with made.vault.database.transaction() as session:
        session.execute(update(AuditPayload).where(AuditPayload.entry_id == row.id).values(**values))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET leaf = leaf",
        "UPDATE audit_entry SET at = at WHERE seq = 1",
        "DELETE FROM audit_entry",
        "DELETE FROM audit_entry WHERE seq = 1",
        "TRUNCATE audit_entry CASCADE",
    ],
)
def test_an_entry_is_never_changed_or_removed(installation: Installation, statement: str) -> None:
    if statement.startswith("TRUNCATE") and installation.vault.database.engine.dialect.name == "sqlite":
        return  # SQLite has no such statement
    write(installation, ENTRY)
    before = [(row.seq, row.leaf) for row in entries(installation)]

    def execute() -> None:
        with installation.vault.database.transaction() as session:
            session.execute(text(statement))

    with pytest.raises(DBAPIError, match="append-only"):
        execute()
    assert [(row.seq, row.leaf) for row in entries(installation)] == before


def test_an_entry_stands_exactly_when_its_effect_does(installation: Installation) -> None:
    before = len(entries(installation))

    def fail() -> None:
        with installation.vault.database.transaction() as session:
            audit.append(session, installation.vault.ring, ENTRY)
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert len(entries(installation)) == before
    with installation.vault.database.reading() as session:
        orphans = session.scalar(
            select(func.count()).where(AuditPayload.entry_id.not_in(select(AuditEntry.id)))
        )
    assert orphans == 0


def test_ingest_appends_what_it_cannot_read(small: Installation) -> None:
    ring = small.intake.ring
    row = write(small, ENTRY, ring)
    payload = payload_row(small, row)
    with pytest.raises(KeyNotHeld):
        audit.read_payload(ring, row, payload)
    assert audit.read_payload(small.vault.ring, row, payload)["actor"]
    # Both processes name a person alike, so that one story can be followed.
    assert row.actor == small.vault.ring.pseudonym("person", ACTOR.id)


NAMES = [
    *(resident.name for resident in town.RESIDENTS),
    *(resident.subject for resident in town.RESIDENTS),
    *(REASON, CASE, town.CAMERA, "Proportionate", "Dock stadhuis", "Sam", "Vries"),
]


def test_no_leaf_names_anybody(installation: Installation) -> None:
    recording = keep(installation, footage(1000))
    grant = granted(installation, recording)
    caller = installation.caller(town.SUPERVISOR)
    Watching(installation.vault).watch(caller, grant, None, now=datetime.now(UTC))
    odd = wish(recording, "sam-de-vries-is-nosy")
    ask(installation.vault, caller, odd, now=datetime.now(UTC))
    ids = {str(person) for person in installation.town.people.values()}
    with installation.vault.database.reading() as session:
        ids |= {str(found) for found in session.scalars(select(Recording.id))}
    rows = entries(installation)
    assert len({row.event for row in rows}) > 8
    for row in rows:
        assert set(json.loads(row.leaf)) <= LEAF
        said = row.leaf.decode()
        for word in [*NAMES, *ids, "nosy"]:
            assert word not in said, row.event
    with installation.vault.database.reading() as session:
        for sealed in session.scalars(select(AuditPayload.sealed)):
            assert not any(word.encode() in sealed for word in NAMES)


def test_a_purpose_that_is_free_text_is_not_in_the_leaf(small: Installation) -> None:
    recording = keep(small, footage(1000))
    now = datetime.now(UTC)
    answer = ask(small.vault, small.caller(town.SUPERVISOR), wish(recording, "bo-jansen-again"), now=now)
    assert PURPOSE_UNKNOWN in answer.decision.reasons
    [row] = entries(small, Event.REQUEST_REFUSED)
    assert "purpose" not in json.loads(row.leaf)
    assert payload_of(small, row)["details"]["purpose"] == "bo-jansen-again"


def test_every_event_is_subject_and_verb_and_has_its_operation() -> None:
    for event in Event:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*\.[a-z]+", event)
        assert event.operation in {"collect", "alter", "consult", "disclose", "combine", "erase", "system"}
    assert {event.operation for event in Event if event.startswith("viewing.")} == {"consult"}
    assert {event.operation for event in Event if event.startswith("trail.")} == {"consult"}


def test_what_the_trail_tells_of_one_story(installation: Installation) -> None:
    recording = keep(installation, footage(1000))
    grant = granted(installation, recording)
    caller = installation.caller(town.SUPERVISOR)
    Watching(installation.vault).watch(caller, grant, None, now=datetime.now(UTC))
    pseudonym = installation.vault.ring.pseudonym("recording", str(recording))
    told = [(row.event, json.loads(row.leaf)) for row in entries(installation) if row.object == pseudonym]
    assert [event for event, _ in told] == [
        "recording.announced",
        "recording.kept",
        "request.submitted",
        "request.approved",
        "viewing.served",
    ]
    for event, leaf in told[2:]:
        assert (leaf["dec"], leaf["purpose"], leaf["regime"]) == ("allow", PURPOSE, "avg"), event
    assert {leaf["subj"] for _, leaf in told} == {
        installation.vault.ring.pseudonym("person", str(installation.town.people[town.OFFICER.subject]))
    }
