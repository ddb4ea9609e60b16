"""What a check finds of holds: footage that would go though it is held, and stays though nothing holds it."""

from datetime import timedelta

from sqlalchemy import update

from policies.retention import UNTIL_RELEASED
from tests.installation import Installation
from tests.vault.holds.holding import held, kept, now
from vault.finding import Finding
from vault.invariants import check_all
from vault.tables import Recording, State


def test_all_is_well(installation: Installation) -> None:
    held(installation, kept(installation))
    assert check_all(installation.vault, now=now()) == []


def test_held_and_due(small: Installation) -> None:
    recording = kept(small)
    held(small, recording)
    with small.vault.database.transaction() as session:
        session.execute(update(Recording).values(dispose_after=now() + timedelta(days=1)))
    assert Finding("held-and-due", str(recording)) in check_all(small.vault, now=now())


def test_held_and_gone(small: Installation) -> None:
    recording = kept(small)
    held(small, recording)
    with small.vault.database.transaction() as session:
        session.execute(update(Recording).values(state=State.DISPOSING))
    assert Finding("held-and-due", str(recording)) in check_all(small.vault, now=now())


def test_held_by_nothing(small: Installation) -> None:
    recording = kept(small)
    with small.vault.database.transaction() as session:
        session.execute(update(Recording).values(dispose_after=UNTIL_RELEASED))
    assert Finding("held-by-nothing", str(recording)) in check_all(small.vault, now=now())
