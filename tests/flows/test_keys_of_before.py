"""What goes early opens from no backup, also of when it was under the key of another day."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from console.demo import town
from policies.retention import UNTIL_RELEASED
from tests.foreseeing import held
from tests.installation import Installation
from tests.placing import change, opens, row_of, wrapped
from tests.ruling import put_in_force
from tests.watching import footage, keep
from vault.disposal import beginning
from vault.disposal.expiring import expire
from vault.disposal.placing import place
from vault.disposal.tables import Ground
from vault.holds.tables import Hold
from vault.ids import RecordingId
from vault.keys import WrappedKey
from vault.retention import due_of
from vault.signals.raising import KEEPER
from vault.tables import Recording, RuleSetChange, RuleSetTexts

HOUR = timedelta(hours=1)


def now() -> datetime:
    return datetime.now(UTC)


def placed(made: Installation, recording: RecordingId) -> WrappedKey:
    """Its data key as a backup of now has it."""
    assert place(made.vault, now=now()) >= 1
    return wrapped(made, recording)


def erased(made: Installation, recording: RecordingId) -> None:
    with made.vault.database.transaction() as session:
        made.vault.rule_sets.held(session, town.SLUG)
        row = session.get_one(Recording, recording, with_for_update=True)
        ground = Ground.INSIDE_DWELLING
        beginning.begin(made.vault, session, row, ground=ground, now=now(), by=KEEPER)
    for _ in range(2):
        expire(made.vault, KEEPER, now=now())


def was_held(made: Installation, recording: RecordingId) -> WrappedKey:
    """Held and released since: its follow-up term is longer than its own. As a backup has it while held."""
    held(made, recording, now() - HOUR)
    change(made, recording, dispose_after=UNTIL_RELEASED)
    then = placed(made, recording)
    with made.vault.database.transaction() as session:
        [hold] = session.scalars(select(Hold))
        hold.lifted_at, hold.lift_reason, hold.days_after = now(), "It was settled.", 90
        session.flush()
        row = session.get_one(Recording, recording)
        row.dispose_after = due_of(session, row, made.vault.rule_sets.of(town.SLUG).terms)
    return then


def longer_terms(made: Installation, _recording: RecordingId) -> None:
    """Other rules come into force, by which it is due on another day."""
    put_in_force(made, {"term_days = 28": "term_days = 60"})


@pytest.mark.parametrize("then", [was_held, longer_terms])
def test_the_keys_of_before_go_too(
    installation: Installation, then: Callable[[Installation, RecordingId], WrappedKey | None]
) -> None:
    recording, other = (keep(installation, footage(1000, seed=seed)) for seed in (1, 2))
    made = [placed(installation, recording), then(installation, recording), placed(installation, recording)]
    backups = [each for each in made if each]
    assert len({each.key_id for each in backups}) == len(backups)
    erased(installation, recording)
    assert not any(opens(installation, recording, each) for each in backups)
    # What shared a key with it opens as it did.
    assert opens(installation, other, wrapped(installation, other))


def test_where_nobody_can_read_the_rules_of_before_every_key_goes(small: Installation) -> None:
    """Any day may have been its own."""
    recording = keep(small, footage(1000))
    backup = placed(small, recording)
    longer_terms(small, recording)
    placed(small, recording)
    with small.vault.database.transaction() as session:
        [old] = session.scalars(select(RuleSetChange.digest).where(RuleSetChange.replaced_at.is_not(None)))
        session.execute(update(RuleSetTexts).where(RuleSetTexts.digest == old).values(texts={}))
    erased(small, recording)
    assert not opens(small, recording, backup)


def test_what_never_moved_takes_no_other_key_along(installation: Installation) -> None:
    recording, other = (keep(installation, footage(1000, seed=seed)) for seed in (1, 2))
    change(installation, other, recorded_at=row_of(installation, other).recorded_at - timedelta(days=3))
    with installation.vault.database.transaction() as session:
        row = session.get_one(Recording, other)
        row.dispose_after = due_of(session, row, installation.vault.rule_sets.of(town.SLUG).terms)
    placed(installation, recording)
    before = wrapped(installation, other)
    erased(installation, recording)
    assert wrapped(installation, other) == before
    assert opens(installation, other, before)
