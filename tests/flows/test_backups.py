"""Backups cannot bring back what was disposed of, whatever day they are of; what is still kept, they do."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from console.demo import town
from tests.backups import Backup, back_up, restored, wrappings
from tests.installation import Installation
from tests.placing import NOW, any_key_opens, expired, hold, kept, move, release, row_of, wrapped
from tests.servers.postgres import Postgres
from tests.watching import footage
from vault.disposal.beginning import begin
from vault.disposal.intake_keys import Cycle, attend
from vault.disposal.placing import place
from vault.disposal.sweeping import sweep
from vault.disposal.tables import Ground
from vault.footage import Footage, parts_of
from vault.ids import RecordingId
from vault.keys import KeyRingError, Role, WrappedKey
from vault.signals.raising import KEEPER
from vault.tables import Recording, SealedKey, State
from vault.vault import Vault, ring_of

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DUE = 6 * DAY


@pytest.fixture
def server(request: pytest.FixtureRequest, installation: Installation) -> Postgres | None:
    """The PostgreSQL that backups are restored in; None for SQLite."""
    if "postgresql" not in installation.settings.database_url.get_secret_value():
        return None
    found: Postgres = request.getfixturevalue("postgres")
    return found


def intake_cycle(installation: Installation) -> Callable[[timedelta], int]:
    """What a keeper that sees both rings does with intake and arrival keys, so long after now."""
    ingest = installation.ingest_settings.keys
    ring = ring_of(installation.settings.model_copy(update={"ingest_keys": ingest}), Role.VAULT)
    keeper = Vault(installation.vault.database, ring, installation.vault.store, installation.vault.rule_sets)
    return lambda later: attend(keeper, KEEPER, Cycle(ingest), now=NOW + later)


def erase(installation: Installation, recording: RecordingId, now: timedelta) -> None:
    """Begin an early disposal, as its approval does."""
    vault = installation.vault
    with vault.database.transaction() as session:
        vault.rule_sets.held(session, town.SLUG)
        row = session.get_one(Recording, recording, with_for_update=True)
        begin(vault, session, row, ground=Ground.INSIDE_DWELLING, now=NOW + now, by=KEEPER)


def archived(installation: Installation, recording: RecordingId) -> list[bytes]:
    """The wrappings that an archive of the database's changes keeps: of its arrival, and as it came in."""
    sealed = wrapped(installation, recording)
    key = installation.vault.ring.unwrap(sealed, recording=recording, municipality=town.SLUG)
    again = installation.intake.ring.wrap_arriving(key, recording=recording, municipality=town.SLUG)
    return [sealed.sealed, again.sealed]


def shows(vault: Vault, recording: RecordingId) -> bytes | None:
    """What is seen of a recording with what was restored; None when its key does not open."""
    with vault.database.reading() as session:
        row = session.get(SealedKey, recording)
        parts = parts_of(session, recording)
    if row is None:
        return None
    try:
        wrapping = WrappedKey(row.key_id, row.sealed)
        key = vault.ring.unwrap(wrapping, recording=recording, municipality=town.SLUG)
    except KeyRingError:
        return None
    whole = Footage(vault.store, recording, key, parts)
    return b"".join(map(bytes, whole.read(0, whole.length - 1)))


def test_backups_cannot_bring_it_back(
    installation: Installation, server: Postgres | None, tmp_path: Path
) -> None:
    vault, cycle = installation.vault, intake_cycle(installation)
    cycle(0 * DAY)
    due, shortened, erased, released = (kept(installation, due=DUE, seed=seed) for seed in range(1, 5))
    held = kept(installation, due=DUE, seed=5)
    staying = kept(installation, due=30 * DAY, seed=6)
    everyone = (due, shortened, erased, released, held, staying)
    move(installation, shortened, NOW + 20 * DAY)
    history = {each: archived(installation, each) for each in everyone}
    backups = {"arrived": back_up(installation, tmp_path / "arrived")}
    place(vault, now=NOW)
    backups["placed"] = back_up(installation, tmp_path / "placed")

    # A hold moves the day of two, other terms that of a third; a fourth is erased early.
    hold(installation, held)
    hold(installation, released)
    move(installation, shortened, NOW + DUE)
    place(vault, now=NOW + HOUR)
    backups["moved"] = back_up(installation, tmp_path / "moved")
    cycle(3.5 * DAY)
    erase(installation, erased, 4 * DAY)
    release(installation, released, NOW + DUE + DAY)
    place(vault, now=NOW + 4 * DAY)
    assert expired(installation, NOW + 4 * DAY) == 1
    backups["newest"] = back_up(installation, tmp_path / "newest")
    assert any(cycle(later) for later in (5.5 * DAY, 5.6 * DAY))

    # Each term ends, on its own day; and then these days are over.
    for later in (DUE + HOUR, DUE + DAY + HOUR):
        sweep(vault, KEEPER, now=NOW + later)
    gone = (due, shortened, erased, released)
    for recording in gone:
        assert row_of(installation, recording).state in (State.DISPOSING, State.DISPOSED)
    assert expired(installation, NOW + DUE + 3 * DAY)

    for name, backup in backups.items():
        with restored(backup, installation, tmp_path / f"restored-{name}", server) as found:
            bytes_of = set(wrappings(found))
            assert len(bytes_of) == len(everyone) - (name == "newest")
            for recording in gone:
                assert not any_key_opens(installation, recording, *bytes_of, *history[recording])
                assert shows(found, recording) is None
            # What is kept still comes back, from a backup that is as new as its last move.
            assert (shows(found, staying) == footage(seed=6)) == (name != "arrived")
            assert (shows(found, held) == footage(seed=5)) == (name == "newest")
    assert shows(vault, staying) == footage(seed=6)
    assert shows(vault, held) == footage(seed=5)


def test_before_its_day_is_over_a_backup_does_bring_it_back(
    installation: Installation, server: Postgres | None, tmp_path: Path
) -> None:
    """What the test above finds closed was open: the means by which it looks are the right ones."""
    recording = kept(installation, due=DUE)
    history = archived(installation, recording)
    place(installation.vault, now=NOW)
    backup: Backup = back_up(installation, tmp_path / "backup")
    with restored(backup, installation, tmp_path / "restored", server) as found:
        assert shows(found, recording) == footage()
        opened = any_key_opens(installation, recording, *wrappings(found), *history)
    assert len({sealed for _, sealed in opened}) == 3
