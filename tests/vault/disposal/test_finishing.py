"""What is certified, and when: never at a moment before the deed, never what the store keeps still."""

from datetime import timedelta

from sqlalchemy import update

from console.demo import town
from tests.disposing import disposal_of, kept, now, told
from tests.installation import Installation
from vault.audit import Event
from vault.disposal.beginning import begin
from vault.disposal.finishing import finish_all
from vault.disposal.tables import Disposal, Ground
from vault.ids import RecordingId
from vault.signals.raising import KEEPER
from vault.tables import Recording


def begun(made: Installation) -> RecordingId:
    """A recording whose disposal began just now, and whose objects have all gone."""
    recording = kept(made)
    with made.vault.database.transaction() as session:
        made.vault.rule_sets.held(session, town.SLUG)
        row = session.get_one(Recording, recording, with_for_update=True)
        begin(made.vault, session, row, ground=Ground.TERM_OVER, now=now(), by=KEEPER)
    for each in list(made.vault.store.list(f"{recording}/")):
        made.vault.store.discard(each.name)
    return recording


def test_a_sweep_that_is_older_than_the_deed_leaves_it_to_the_next(installation: Installation) -> None:
    """As when somebody approved an early erasure while it ran: its moment would be before the key went."""
    recording = begun(installation)
    finish = installation.vault, [recording]
    assert finish_all(*finish, now=now() - timedelta(minutes=1), by=KEEPER) == 0
    assert told(installation, recording, Event.RECORDING_DISPOSED) == 0
    assert finish_all(*finish, now=now(), by=KEEPER) == 1
    assert told(installation, recording, Event.RECORDING_DISPOSED) == 1


def test_what_another_found_locked_is_not_certified(installation: Installation) -> None:
    recording = begun(installation)
    with installation.vault.database.transaction() as session:
        session.execute(update(Disposal).values(locked_until=now() + timedelta(minutes=1)))
    finish = installation.vault, [recording]
    assert finish_all(*finish, now=now(), by=KEEPER) == 0
    assert finish_all(*finish, now=now() + timedelta(minutes=2), by=KEEPER) == 1
    disposal = disposal_of(installation, recording)
    assert disposal is not None
    assert disposal.certificate is not None


def test_nothing_is_certified_twice(installation: Installation) -> None:
    recording = begun(installation)
    finish = installation.vault, [recording]
    assert finish_all(*finish, now=now(), by=KEEPER) == 1
    assert finish_all(*finish, now=now(), by=KEEPER) == 0
    assert told(installation, recording, Event.RECORDING_DISPOSED) == 1
