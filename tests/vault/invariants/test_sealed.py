"""A data key that the ring does not open is found; one that moved to another key meanwhile is not."""

import pytest
from sqlalchemy import delete, update

from tests.installation import Installation
from tests.watching import footage, keep
from vault.finding import Finding
from vault.invariants import sealed
from vault.tables import SealedKey


def test_each_key_that_does_not_open_is_found(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed, "AT_ONCE", 2)
    recordings = [keep(installation, footage(100, seed=seed)) for seed in range(5)]
    assert list(sealed.check(installation.vault)) == []
    with installation.vault.database.transaction() as session:
        before = {each: session.get_one(SealedKey, each).sealed for each in recordings[1::2]}
        session.execute(update(SealedKey).where(SealedKey.recording_id.in_(before)).values(sealed=bytes(80)))
    assert {each.about for each in sealed.check(installation.vault)} == set(map(str, before))
    with installation.vault.database.transaction() as session:
        for recording, wrapped in before.items():
            session.get_one(SealedKey, recording).sealed = wrapped
    assert list(sealed.check(installation.vault)) == []


@pytest.mark.parametrize("since", ["moved", "gone", "nothing"])
def test_it_is_asked_about_once_more(
    small: Installation, monkeypatch: pytest.MonkeyPatch, since: str
) -> None:
    recording = keep(small, footage(100))
    with small.vault.database.transaction() as session:
        row = session.get_one(SealedKey, recording)
        right, row.sealed = row.sealed, bytes(80)
    asked = sealed._opens_now

    def late(*given: object) -> bool:
        with small.vault.database.transaction() as session:
            if since == "moved":
                session.execute(update(SealedKey).values(sealed=right))
            elif since == "gone":
                session.execute(delete(SealedKey))
        return asked(*given)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(sealed, "_opens_now", late)
    found = list(sealed.check(small.vault))
    assert found == ([Finding("sealed-key-does-not-open", str(recording))] if since == "nothing" else [])
