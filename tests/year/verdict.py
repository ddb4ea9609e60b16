"""What must be true at the end of the year; every line that is not is a complaint."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import select

from auditor import certificates as outside
from tests.year.ledger import Held
from tests.year.world import OPERATOR, World
from vault.disposal import certificates
from vault.disposal.tables import Disposal, Ground
from vault.holds.tables import Hold
from vault.invariants import check_all
from vault.tables import Recording, State

LATE = timedelta(hours=9)
"""Two rounds of the keeper may have died in a row."""


def complaints(world: World) -> Iterator[str]:
    """Everything that is wrong."""
    _learn_of_holds(world)
    yield from _disposals(world)
    yield from _certificates(world)
    for finding in check_all(world.vault, now=world.now):
        yield f"check: {finding.check} {finding.about}"


def _learn_of_holds(world: World) -> None:
    """Holds as they were placed and lifted: what follows from them is reckoned by the ledger."""
    with world.vault.database.reading() as session:
        for hold in session.scalars(select(Hold)):
            held = Held(hold.placed_at, hold.days_after, hold.lifted_at)
            world.expected[hold.recording_id].holds[hold.id] = held


def _disposals(world: World) -> Iterator[str]:
    """Nothing went early, nothing went late, nothing stays whose time has come."""
    with world.vault.database.reading() as session:
        disposals = {row.recording_id: row for row in session.scalars(select(Disposal))}
        there = dict(
            session.execute(
                select(Recording.id, Recording.state).where(
                    Recording.state.in_([State.KEPT, State.QUARANTINED, State.DISPOSING, State.DISPOSED])
                )
            ).all()
        )
    if set(there) != set(world.expected):
        yield f"{len(set(there) ^ set(world.expected))} recordings are there that should not be, or are not"
    for recording, expected in world.expected.items():
        due, found = expected.due(), disposals.get(recording)
        if found is None:
            if due is not None and due + LATE <= world.now:
                yield f"{recording} of {expected.municipality} was due at {due} and is still there"
            continue
        begun = found.begun_at
        if due is None or begun < due:
            yield f"{recording} of {expected.municipality} went at {begun}, and was due at {due}: early"
        elif begun > due + LATE:
            yield f"{recording} went at {begun}, and was due at {due}: late; {expected}"
        if found.disposed_at is None and not found.locked_until:
            yield f"{recording} of {expected.municipality} is being disposed of since {begun}"
        if (found.ground == Ground.TERM_OVER) is not (expected.erased_at is None):
            yield f"{recording} went on the ground {found.ground}"


def _certificates(world: World) -> Iterator[str]:
    """Each disposal has its certificate, and an outsider's program believes it."""
    log = world.vault.ring.log_keys[0]
    verified: Counter[str] = Counter()
    for place in world.places:
        for recording, made in certificates.every(world.vault, OPERATOR, place.slug, now=world.now):
            if made is None:
                yield f"{recording} has no certificate"
                continue
            try:
                shown = outside.verify(made.document, log)
            except outside.CertificateBroken as broken:
                yield f"the certificate of {recording} does not verify: {broken}"
                continue
            if shown.statement.recording != str(recording):
                yield f"the certificate of {recording} is another's"
            verified[place.slug] += 1
    world.count("certificates that an outsider verified", verified.total())
