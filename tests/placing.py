"""What tests of keys that expire share: footage with a term, what its key is under, what opens it."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

from sqlalchemy import select, update

from console.demo import town
from policies.retention import AMSTERDAM, UNTIL_RELEASED
from tests.holding import hold_row
from tests.installation import Installation
from tests.watching import footage, keep
from vault.disposal.day_keys import day_of
from vault.disposal.expiring import expire
from vault.disposal.tables import DisposalKey
from vault.holds.tables import Hold
from vault.ids import RecordingId
from vault.keys import KeyRingError, WrappedKey
from vault.sealing import DataKey
from vault.signals.raising import KEEPER
from vault.tables import Recording, SealedKey, State

NOW = datetime.now(UTC).replace(microsecond=0)


def kept(installation: Installation, *, due: timedelta = timedelta(days=5), seed: int = 1) -> RecordingId:
    """Footage that is kept, and whose term ends so long after now; not placed yet."""
    recording = keep(installation, footage(seed=seed))
    move(installation, recording, NOW + due)
    return recording


def move(installation: Installation, recording: RecordingId, until: datetime) -> None:
    """Let the end of a term be another moment: it was recorded that much earlier or later."""
    change(installation, recording, dispose_after=until, recorded_at=_recorded(installation, until))


def _recorded(installation: Installation, until: datetime) -> datetime:
    days = installation.vault.rule_sets.of(town.SLUG).terms.term_of("avg")
    return (until.astimezone(AMSTERDAM) - timedelta(days=days)).astimezone(UTC)


def change(installation: Installation, recording: RecordingId, **values: Any) -> None:
    """Write into a recording's row."""
    installation.by_hand.add(recording)
    with installation.vault.database.transaction() as session:
        session.execute(update(Recording).where(Recording.id == recording).values(**values))


def row_of(installation: Installation, recording: RecordingId) -> Recording:
    """A recording as it stands."""
    with installation.vault.database.reading() as session:
        return session.get_one(Recording, recording)


def wrapped(installation: Installation, recording: RecordingId) -> WrappedKey:
    """Its data key, as it is stored."""
    with installation.vault.database.reading() as session:
        row = session.get_one(SealedKey, recording)
        return WrappedKey(row.key_id, row.sealed)


def put(installation: Installation, recording: RecordingId, sealed: WrappedKey) -> None:
    """Store another wrapping of its data key."""
    with installation.vault.database.transaction() as session:
        row = session.get_one(SealedKey, recording)
        row.key_id, row.sealed = sealed


def opens(installation: Installation, recording: RecordingId, sealed: WrappedKey) -> bool:
    """Whether the vault's ring opens that wrapping of its data key."""
    try:
        installation.vault.ring.unwrap(sealed, recording=recording, municipality=town.SLUG)
    except KeyRingError:
        return False
    return True


def key_of(installation: Installation, recording: RecordingId) -> DisposalKey | None:
    """The key of a day that its data key is under; None while it is an intake key."""
    with installation.vault.database.reading() as session:
        return session.get(DisposalKey, wrapped(installation, recording).key_id)


def keys(installation: Installation) -> dict[str, DisposalKey]:
    """Every key of a day that has a row."""
    with installation.vault.database.reading() as session:
        return {row.key_id: row for row in session.scalars(select(DisposalKey))}


def is_placed(installation: Installation, recording: RecordingId) -> bool:
    """Whether key and row agree with its term."""
    row, key = row_of(installation, recording), key_of(installation, recording)
    assert row.dispose_after
    return row.placed_for == row.dispose_after and key is not None and key.day == day_of(row.dispose_after)


def hold(installation: Installation, recording: RecordingId) -> None:
    """Place a hold on it, as it counts for its key and locks."""
    installation.by_hand.add(recording)
    with installation.vault.database.transaction() as session:
        session.add(hold_row(recording, NOW))
        session.get_one(Recording, recording).dispose_after = UNTIL_RELEASED


def release(installation: Installation, recording: RecordingId, until: datetime) -> None:
    """Lift the holds on it; its term ends then."""
    installation.by_hand.add(recording)
    lifted = {"lifted_at": NOW, "lift_reason": "It was settled."}
    with installation.vault.database.transaction() as session:
        session.execute(update(Hold).where(Hold.recording_id == recording).values(**lifted))
        row = session.get_one(Recording, recording)
        row.dispose_after, row.recorded_at = until, _recorded(installation, until)


def gone(installation: Installation, recording: RecordingId) -> None:
    """Let a recording's key be deleted, as its disposal begins."""
    with installation.vault.database.transaction() as session:
        session.delete(session.get_one(SealedKey, recording))
        session.get_one(Recording, recording).state = State.DISPOSING


def expired(installation: Installation, now: datetime) -> int:
    """Two rounds of the keeper: what is under a spoiled key moves in one, and the key goes in the other."""
    return sum(expire(installation.vault, KEEPER, now=now) for _ in range(2))


def any_key_opens(
    installation: Installation, recording: RecordingId, *sealed: bytes
) -> list[tuple[str, bytes]]:
    """Each key in either ring that opens one of those wrappings, whatever key it says that it is of."""
    vault, ingest = installation.vault.ring, installation.intake.ring
    assert ingest.arrival
    ways: list[tuple[str, Any]] = [
        *((key_id, vault.unwrap) for key_id in vault.footage.day_keys()),
        *((key_id, vault.unwrap) for key_id in vault.footage.intake_keys(town.SLUG)),
        *((key_id, ingest.unwrap_arriving) for key_id in ingest.arrival.ids()),
    ]
    found = []
    for (key_id, unwrap), each in product(ways, sealed):
        try:
            opened = unwrap(WrappedKey(key_id, each), recording=recording, municipality=town.SLUG)
        except KeyRingError:
            continue
        assert isinstance(opened, DataKey)
        found.append((key_id, each))
    return found
