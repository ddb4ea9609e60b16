"""Every term is kept: an end that is not the term's is found, and a grant that outlives it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from console.demo import town
from policies.retention import UNTIL_RELEASED
from tests.holding import hold_row
from tests.installation import Installation
from tests.watching import footage, granted, keep
from vault.finding import Finding
from vault.ids import RecordingId
from vault.invariants import terms
from vault.invariants.depth import Tally
from vault.retention import due_of
from vault.rule_records import record
from vault.tables import Grant, Recording, State

DAY = timedelta(days=1)


def found(made: Installation, now: datetime | None = None) -> list[Finding]:
    return list(terms.check(made.vault, now=now or datetime.now(UTC), tell=Tally()))


def due(made: Installation, recording: RecordingId, moment: datetime | None) -> None:
    with made.vault.database.transaction() as session:
        session.execute(update(Recording).where(Recording.id == recording).values(dispose_after=moment))


def end_of(made: Installation, recording: RecordingId) -> datetime:
    with made.vault.database.reading() as session:
        moment = session.get_one(Recording, recording).dispose_after
    assert moment
    return moment


def hold(made: Installation, recording: RecordingId, **changed: Any) -> None:
    with made.vault.database.transaction() as session:
        session.add(hold_row(recording, datetime.now(UTC), **{"days_after": 10, **changed}))


@pytest.mark.parametrize("moved", [DAY, -DAY, timedelta(seconds=1)], ids=["later", "earlier", "a second"])
def test_an_end_that_is_not_the_terms_is_found(installation: Installation, moved: timedelta) -> None:
    recording, other = keep(installation, footage(100)), keep(installation, footage(100, seed=2))
    assert found(installation) == []
    right = end_of(installation, recording)
    due(installation, recording, right + moved)
    assert found(installation) == [Finding("term-not-kept", str(recording))]
    due(installation, recording, right)
    assert found(installation) == []
    assert recording != other


def test_holds_are_reckoned_with(small: Installation) -> None:
    held, released = keep(small, footage(100)), keep(small, footage(100, seed=2))
    hold(small, held)
    lifted = datetime.now(UTC) + 100 * DAY
    hold(small, released, lifted_at=lifted, lift_reason="-")
    assert {each.about for each in found(small)} == {str(held), str(released)}
    due(small, held, UNTIL_RELEASED)
    with small.vault.database.transaction() as session:
        row = session.get_one(Recording, released)
        row.dispose_after = due_of(session, row, small.vault.rule_sets.of(town.SLUG).terms)
        assert row.dispose_after > lifted
    assert found(small) == []


def test_what_is_due_keeps_its_end_and_what_is_gone_has_none(small: Installation) -> None:
    """Due it was by the terms of then, before those of now came into force."""
    over, gone = keep(small, footage(100)), keep(small, footage(100, seed=2))
    due(small, over, datetime.now(UTC) - DAY)
    due(small, gone, datetime.now(UTC) + DAY)
    record(small.vault, now=datetime.now(UTC) - DAY / 2)
    with small.vault.database.transaction() as session:
        session.execute(update(Recording).where(Recording.id == gone).values(state=State.DISPOSED))
    assert found(small) == []


def test_more_than_are_read_at_once(small: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terms, "AT_ONCE", 2)
    recordings = [keep(small, footage(100, seed=seed)) for seed in range(5)]
    for recording in recordings:
        due(small, recording, datetime.now(UTC) + DAY)
    tally = Tally()
    wrong = list(terms.check(small.vault, now=datetime.now(UTC), tell=tally))
    assert {each.about for each in wrong} == {str(each) for each in recordings}
    assert tally.looked_at["terms"] == 5


def test_a_hold_that_comes_while_it_is_looked_at_is_no_finding(
    small: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = keep(small, footage(100))
    astray = terms._astray_still

    def late(*given: object) -> bool:
        due(small, recording, right)
        return astray(*given)  # type: ignore[arg-type]  # handed through

    right = end_of(small, recording)
    due(small, recording, right + DAY)
    monkeypatch.setattr(terms, "_astray_still", late)
    assert found(small) == []


def test_a_grant_that_outlives_its_footage_is_found(small: Installation) -> None:
    recording = keep(small, footage(100))
    grant = granted(small, recording)
    with small.vault.database.reading() as session:
        until = session.get_one(Grant, grant).valid_until
    now = datetime.now(UTC)
    record(small.vault, now=now)
    assert until > now + terms.ENDS_WITHIN
    due(small, recording, now - terms.ENDS_WITHIN + timedelta(seconds=5))
    assert found(small, now) == []
    due(small, recording, now - terms.ENDS_WITHIN)
    assert found(small, now) == [Finding("grant-after-term", str(grant))]
    with small.vault.database.transaction() as session:
        session.execute(update(Grant).values(revoked_at=now))
    assert found(small, now) == []
