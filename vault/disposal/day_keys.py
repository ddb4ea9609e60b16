"""Which key of a day a data key goes under. Every key that is used has its row; the ring has the key itself.

A key is in the ring, durably, before a row refers to it: dying in between leaves a key that nothing uses, and
that the next who needs one for its day takes.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.retention import AMSTERDAM, UNTIL_RELEASED, days_later
from vault.base import add_missing
from vault.disposal.tables import DisposalKey
from vault.keys import DayKey, FootageKeys, KeyNotHeld, KeyRingError, WrappedKey
from vault.rulesets import RuleSetMissing
from vault.tables import Municipality, SealedKey
from vault.vault import Vault

log = structlog.get_logger()

DAYS_AHEAD = 3
REGIMES = ("avg", "wpg")
_Rows = dict[str, DisposalKey]
"""By key id."""


def day_of(moment: datetime) -> date:
    """The calendar day in Amsterdam with which a key for `moment` expires."""
    return moment.astimezone(AMSTERDAM).date()


def is_open(row: DisposalKey) -> bool:
    """Whether data keys may still come under it."""
    return row.spoiled_at is None and row.closes is None and row.destroyed_at is None


def provide(vault: Vault, wanted: Collection[DayKey]) -> dict[DayKey, str]:
    """A key for each of those days, made when there is none: in the ring, and perhaps without a row yet.

    None for a municipality of which the ring has no keys at all: others need not wait for those.
    """
    held = vault.ring.footage.day_keys()
    with vault.database.reading() as session:
        days = {each.day for each in wanted}
        rows = {
            row.key_id: row for row in session.scalars(select(DisposalKey).where(DisposalKey.day.in_(days)))
        }
    found = {
        said: key_id
        for key_id, said in sorted(held.items(), reverse=True)
        if said in wanted and (key_id not in rows or is_open(rows[key_id]))
    }
    for each in set(wanted) - found.keys():
        try:
            found[each] = vault.ring.footage.make_day_key(*each)
        except KeyNotHeld:
            log.error("keys.missing", why=each.municipality)  # noqa: TRY400  # no trace: what is missing
    return found


def prepare(vault: Vault, *, now: datetime) -> int:
    """Make the keys that recordings of the coming days will need, and one for what is held; how many.

    Nothing is under a key before it had a night to be in a backup of the ring: were the ring lost, so would
    be what came in today.
    """
    held = frozenset(vault.ring.footage.day_keys())
    with vault.database.reading() as session:
        registered = set(session.scalars(select(Municipality.id)))
    serving = vault.ring.footage.municipalities() & registered
    wanted = {each for name in serving for each in _coming(vault, name, now)}
    return len(frozenset(provide(vault, wanted).values()) - held)


def _coming(vault: Vault, municipality: str, now: datetime) -> Iterator[DayKey]:
    try:
        terms = vault.rule_sets.of(municipality).terms
    except RuleSetMissing:
        return
    yield DayKey(municipality, day_of(UNTIL_RELEASED))
    for regime in REGIMES:
        for ahead in range(DAYS_AHEAD + 1):
            until = days_later(now + timedelta(days=ahead), terms.term_of(regime))
            yield DayKey(municipality, day_of(until))


def take(session: Session, keys: Mapping[DayKey, str], also: Collection[str], *, now: datetime) -> _Rows:
    """The rows of `keys`, added when missing, and of those of `also` that are keys of a day; all locked.

    Locked in the order of their ids, so that two who need several do not wait for each other. Take them after
    the recordings' rows.
    """
    add_missing(
        session,
        DisposalKey,
        *(
            {"key_id": key_id, "municipality_id": said.municipality, "day": said.day, "made_at": now}
            for said, key_id in sorted(keys.items(), key=lambda each: each[1])
        ),
    )
    query = select(DisposalKey).where(DisposalKey.key_id.in_({*keys.values(), *also}))
    locked = query.order_by(DisposalKey.key_id).with_for_update()
    return {row.key_id: row for row in session.scalars(locked.execution_options(populate_existing=True))}


def keys_before(*sealed: SealedKey) -> set[str]:
    """The keys of a day that these data keys were under before, some of them destroyed since."""
    return {key_id for each in sealed for key_id in (each.before or "").split()}


def rewrap(
    keys: FootageKeys, sealed: SealedKey, key_id: str, municipality: str, *, standing: Collection[str]
) -> bool:
    """Wrap a recording's data key under another key, in its row; whether it opened.

    `standing`: those of the keys of a day it was ever under, this one too, that were not destroyed: backups
    have it under them. What does not open is told, and stays: the check finds it too.
    """
    try:
        data_key = keys.unwrap(
            WrappedKey(sealed.key_id, sealed.sealed),
            recording=sealed.recording_id,
            municipality=municipality,
        )
        wrapped = keys.wrap_for_day(
            data_key, key_id, recording=sealed.recording_id, municipality=municipality
        )
    except KeyRingError as error:
        # Not an exception's trace: which recording, and what is wrong with its key.
        why = type(error).__name__
        log.error("placing.does-not-open", recording=str(sealed.recording_id), why=why)  # noqa: TRY400
        return False
    before = (keys_before(sealed) | {sealed.key_id}) & {*standing}
    sealed.before = " ".join(sorted(before)) or None
    sealed.key_id, sealed.sealed = wrapped
    return True


def sealed_of(session: Session, recordings: Collection[UUID]) -> dict[UUID, SealedKey]:
    """The wrapped data key of each of those recordings that has one."""
    query = select(SealedKey).where(SealedKey.recording_id.in_(recordings))
    return {row.recording_id: row for row in session.scalars(query)}
