"""The invariants find what must not be: each check is shown one world in which it does, and says so."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, delete, event, text, update
from sqlalchemy.orm import Session

from console.demo import town
from ingest.probe import NotFootage
from tests.installation import Installation
from tests.vault.signals.days import approved_at_once, look
from tests.watching import entries, footage, granted, keep, parts_on_disk
from vault import invariants
from vault.audit import Event
from vault.erasure.tables import AuditEpoch
from vault.ids import new_id
from vault.invariants import check_all
from vault.keys import KeyRing, rotate_audit
from vault.signals.tables import RaisedSignal
from vault.tables import Arrival, AuditPayload, Decision, Part, Recording, RuleSetTexts, SealedKey, State

Break = Callable[[Session], object]
WRONG: dict[str, Break] = {
    "kept-without-key": lambda session: session.execute(delete(SealedKey)),
    "arrival-key-after-commit-point": lambda session: session.execute(update(Arrival).values(sealed=b"x")),
    "key-of-what-is-gone": lambda session: session.execute(update(Recording).values(state=State.ABANDONED)),
    "kept-without-receipt": lambda session: session.execute(update(Arrival).values(receipt=None)),
    "parts-do-not-add-up": lambda session: session.execute(delete(Part).where(Part.index == 1)),
    "never-examined": lambda session: (
        session.execute(update(Recording).values(state=State.RECEIVED)),
        session.execute(update(Arrival).values(announced_at=datetime.now(UTC) - timedelta(days=2))),
    ),
    "sealed-key-does-not-open": lambda session: session.execute(update(SealedKey).values(sealed=bytes(80))),
    "grant-without-approval": lambda session: session.execute(
        update(Decision).where(Decision.outcome == "granted").values(outcome="refused")
    ),
    "rule-set-altered": lambda session: session.execute(
        update(RuleSetTexts).values(texts={"shared/shared.cedar": "permit (principal, action, resource);"})
    ),
    "decision-without-rules": lambda session: session.execute(delete(RuleSetTexts)),
    "signal-without-entry": lambda session: session.add(
        RaisedSignal(
            id=new_id(),
            municipality_id=town.SLUG,
            kind="many-viewers",
            fingerprint="0" * 64,
            figures={},
            happened_at=datetime.now(UTC),
            raised_at=datetime.now(UTC),
            raised_in=new_id(),
        )
    ),
    "object-missing": lambda session: session.execute(
        update(Part)
        .where(Part.index == 0)
        .values(object_name="00000000-0000-0000-0000-000000000000/000000-00")
    ),
    "payload-does-not-match-entry": lambda session: session.execute(
        update(AuditPayload).values(salt=bytes(32))
    ),
}


@pytest.fixture
def whole(small: Installation) -> Installation:
    granted(small, keep(small, footage()))
    assert check_all(small.vault, now=datetime.now(UTC)) == []
    return small


def found_in(made: Installation) -> set[str]:
    return {finding.check for finding in check_all(made.vault, now=datetime.now(UTC))}


@pytest.mark.parametrize("check", WRONG)
def test_each_check_finds_what_is_wrong(whole: Installation, check: str) -> None:
    with whole.vault.database.transaction() as session:
        WRONG[check](session)
    assert check in found_in(whole)


def test_there_is_a_wrong_world_for_every_check() -> None:
    besides = {"object-missing", "payload-does-not-match-entry", "sealed-key-does-not-open"}
    assert set(WRONG) == set(invariants._CHECKS) | besides


def test_a_decider_who_asked_themselves_is_no_approval(whole: Installation) -> None:
    supervisor = whole.town.people[town.SUPERVISOR.subject]
    with whole.vault.database.transaction() as session:
        session.execute(update(Decision).where(Decision.outcome == "granted").values(decider_id=supervisor))
    assert found_in(whole) == {"grant-without-approval"}


@pytest.mark.parametrize("part", [0, 2, 3])
@pytest.mark.parametrize("moved", [1, -1])
def test_parts_leave_no_gap_and_do_not_overlap(whole: Installation, part: int, moved: int) -> None:
    with whole.vault.database.transaction() as session:
        session.execute(update(Part).where(Part.index == part).values(first=Part.first + moved))
    assert found_in(whole) == {"parts-do-not-add-up"}


@pytest.mark.parametrize(
    "check", ["kept-without-key", "kept-without-receipt", "parts-do-not-add-up", "kept-without-entry"]
)
def test_what_is_in_quarantine_is_looked_at_as_well(small: Installation, check: str) -> None:
    keep(small, footage(), seen=NotFootage("not-footage"))
    assert found_in(small) == set()
    with small.vault.database.transaction() as session:
        if check == "kept-without-entry":
            session.execute(text("DROP TRIGGER audit_entry_append_only_update"))
            session.execute(text("UPDATE audit_entry SET object = 'x' WHERE event = 'recording.quarantined'"))
        else:
            WRONG[check](session)
    assert check in found_in(small)


def test_an_object_of_the_wrong_size(whole: Installation) -> None:
    path = parts_on_disk(whole)[1]
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1])
    assert found_in(whole) == {"object-of-wrong-size"}


def test_an_object_that_is_gone(whole: Installation) -> None:
    parts_on_disk(whole)[1].unlink()
    assert found_in(whole) == {"object-missing"}


def test_a_kept_recording_without_its_entry(whole: Installation) -> None:
    # Entries cannot be removed, so the recording is called by another id than its entry does.
    with whole.vault.database.transaction() as session:
        session.execute(text("DROP TRIGGER audit_entry_append_only_update"))
        session.execute(text("UPDATE audit_entry SET object = 'x' WHERE event = 'recording.kept'"))
    assert "kept-without-entry" in found_in(whole)


def test_a_rotated_audit_key_is_nothing_wrong(whole: Installation) -> None:
    rotate_audit(whole.home / "keys-vault", whole.home / "keys-ingest")
    object.__setattr__(whole.vault, "ring", KeyRing.load(whole.settings.keys))
    assert found_in(whole) == set()


def test_all_is_well_in_a_whole_world(installation: Installation) -> None:
    granted(installation, keep(installation, footage()))
    assert check_all(installation.vault, now=datetime.now(UTC)) == []


def test_looking_changes_nothing(whole: Installation) -> None:
    said: list[str] = []

    def listen(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement.split()[0])

    event.listen(whole.vault.database.engine, "before_cursor_execute", listen)
    check_all(whole.vault, now=datetime.now(UTC))
    assert set(said) <= {"BEGIN", "SELECT"}


def test_a_signal_that_was_hidden_is_found(whole: Installation) -> None:
    approved_at_once(whole)
    look(whole)
    assert found_in(whole) == set()
    raised = entries(whole, Event.SIGNAL_RAISED)[0]
    # As if somebody had looked: but that entry says something else.
    with whole.vault.database.transaction() as session:
        session.execute(update(RaisedSignal).values(settled_at=raised.at, settled_in=raised.id))
    assert found_in(whole) == {"signal-without-entry"}


def test_an_entry_that_is_over_is_not_missed(whole: Installation) -> None:
    """A recording that is held longer than the trail is kept: that it was kept stands nowhere any more."""
    rotate_audit(whole.settings.keys, whole.ingest_settings.keys)
    fresh = replace(whole.vault, ring=_without_old_epochs(KeyRing.load(whole.settings.keys)))
    with whole.vault.database.transaction() as session:
        session.execute(delete(AuditPayload))
    # By the clock their term runs, so that the payloads themselves are missed.
    assert {finding.check for finding in check_all(fresh, now=datetime.now(UTC))} == {
        "kept-without-entry",
        "recording-taken-away",
        "payload-gone",
    }
    with whole.vault.database.transaction() as session:
        session.add(
            AuditEpoch(
                epoch="0" * 16,
                payload_key="",
                first_at=datetime(2020, 1, 1, tzinfo=UTC),
                last_at=datetime.now(UTC),
                destroyed_at=datetime.now(UTC),
            )
        )
    assert {finding.check for finding in check_all(fresh, now=datetime.now(UTC))} == {"payload-gone"}


def _without_old_epochs(ring: KeyRing) -> KeyRing:
    current = ring.pseudonyms.current
    return replace(ring, pseudonyms=replace(ring.pseudonyms, keys={current: ring.pseudonyms.newest}))
