"""Each check of disposals is shown one world in which it finds what is wrong, and is silent in all others."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from console.demo import town
from tests.disposing import OVER, age, change, kept, swept
from tests.holding import hold_row
from tests.installation import Installation
from tests.watching import entries, granted, row_of
from vault.audit import Event
from vault.disposal import invariants
from vault.disposal.tables import Disposal, Ground
from vault.ids import RecordingId
from vault.retention import due_of
from vault.tables import Depiction, Grant, Recording, SealedKey, State

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=2)


def _hold(session: Session, recording: RecordingId) -> None:
    disposal = session.get_one(Disposal, recording)
    placed = disposal.due - timedelta(days=1)
    session.add(hold_row(recording, placed))


def _grant(session: Session, _recording: RecordingId) -> None:
    session.execute(update(Grant).values(revoked_at=None, valid_until=NOW + timedelta(days=1)))


def _opens(session: Session, recording: RecordingId) -> None:
    session.add(SealedKey(recording_id=recording, key_id="0" * 16, sealed=bytes(80)))


def _depicts(session: Session, recording: RecordingId) -> None:
    session.add(Depiction(recording_id=recording, person_id=session.get_one(Recording, recording).officer_id))


def _unfinished(**values: object) -> Callable[[Session, RecordingId], object]:
    changed = {"disposed_at": None, "certificate": None, "disposed_in": None, "discarded_at": None, **values}
    return lambda session, _recording: (
        session.execute(update(Disposal).values(changed)),
        session.execute(update(Recording).values(state=State.DISPOSING)),
    )


def _of_disposal(**values: object) -> Callable[[Session, RecordingId], object]:
    return lambda session, _recording: session.execute(update(Disposal).values(values))


WRONG: dict[str, Callable[[Session, RecordingId], object]] = {
    "disposal-stuck": _unfinished(begun_at=LONG_AGO),
    "disposed-and-opens": _opens,
    "disposed-with-remains": _depicts,
    "disposed-and-granted": _grant,
    "disposed-without-certificate": _of_disposal(certificate=None),
    "disposal-of-what-is-kept": lambda session, _recording: session.execute(
        update(Recording).values(state=State.ABANDONED)
    ),
    "disposed-too-early": _of_disposal(due=NOW + timedelta(days=1)),
    "disposed-while-held": _hold,
    "certificate-altered": _of_disposal(certificate=b'{"v":1}'),
    "disposal-entry-without-row": lambda session, _recording: (
        session.execute(delete(Disposal)),
        session.execute(update(Recording).values(state=State.ABANDONED)),
    ),
}


@pytest.fixture
def gone(small: Installation) -> RecordingId:
    """Footage that was granted to somebody, and disposed of."""
    recording = kept(small, ago=timedelta(days=1))
    granted(small, recording)
    age(small, recording, OVER)
    assert swept(small).disposed == 1
    assert found_in(small) == set()
    return recording


def found_in(made: Installation) -> set[str]:
    made.settle()
    return {finding.check for finding in made.amiss()}


@pytest.mark.parametrize("check", WRONG)
def test_each_check_finds_what_is_wrong(small: Installation, gone: RecordingId, check: str) -> None:
    with small.vault.database.transaction() as session:
        WRONG[check](session, gone)
    assert check in found_in(small)


def test_there_is_a_wrong_world_for_every_check() -> None:
    assert set(WRONG) | {"term-is-over"} == set(invariants._CHECKS)


def test_what_is_due_is_overdue_when_the_sweep_had_its_time(small: Installation) -> None:
    recording = kept(small)
    assert found_in(small) == {"term-is-over"}
    over = datetime.now(UTC) - invariants.SWEPT_WITHIN / 2
    term = timedelta(days=small.vault.rule_sets.of(town.SLUG).terms.term_days)
    with small.vault.database.transaction() as session:
        row = session.get_one(Recording, recording)
        row.recorded_at = over - term
        row.dispose_after = due_of(session, row, small.vault.rule_sets.of(town.SLUG).terms)
    assert found_in(small) == set()


@pytest.mark.parametrize(("until", "found"), [(-2, True), (-0.5, False), (3, False)])
def test_what_a_lock_keeps_is_not_stuck(
    small: Installation, gone: RecordingId, until: float, found: bool
) -> None:
    when = datetime.now(UTC) + timedelta(days=until)
    with small.vault.database.transaction() as session:
        _unfinished(begun_at=LONG_AGO, locked_until=when)(session, gone)
    assert ("disposal-stuck" in found_in(small)) == found


def test_an_object_that_came_back_is_found(installation: Installation) -> None:
    recording = kept(installation)
    swept(installation)
    name = f"{recording}/000000-{'0' * 16}"
    installation.vault.store.put(name, b"out of a backup")
    installation.settle()
    found = installation.amiss()
    assert {(each.check, each.about) for each in found} == {("disposed-with-remains", str(recording))}
    installation.vault.store.discard(name)


def test_a_state_that_was_set_by_hand_has_no_certificate(small: Installation) -> None:
    recording = kept(small)
    change(small, recording, state=State.DISPOSED)
    assert "disposed-without-certificate" in found_in(small)


def test_a_certificate_under_another_entry_is_found(small: Installation, gone: RecordingId) -> None:
    other = entries(small, Event.RECORDING_DISPOSING)[0].id
    with small.vault.database.transaction() as session:
        session.execute(update(Disposal).values(disposed_in=other))
    assert {"certificate-altered", "disposal-entry-without-row"} <= found_in(small)
    assert row_of(small, gone).state == State.DISPOSED


def test_an_early_erasure_is_not_too_early(small: Installation, gone: RecordingId) -> None:
    with small.vault.database.transaction() as session:
        values = {"due": NOW + timedelta(days=9), "ground": Ground.INSIDE_DWELLING.value}
        session.execute(update(Disposal).where(Disposal.recording_id == gone).values(values))
    assert found_in(small) == set()
