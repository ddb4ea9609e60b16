"""What tests of signals share: acts that raise one, in a moment, and the keeper's look at the log."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import select

from console.demo import town
from tests.installation import Installation
from tests.watching import PURPOSE, approve, footage, keep, wish
from vault.ids import RecordingId
from vault.requests import ask
from vault.signals import finding
from vault.signals.tables import RaisedSignal, SignalSighting

OVERSIGHT = "toezicht-inzagelog"


def now() -> datetime:
    return datetime.now(UTC)


def look(made: Installation, at: datetime | None = None) -> int:
    """Let the log be put in order and looked through; how many signals were raised."""
    made.settle()
    found = 0
    while True:
        found += finding.find(made.vault, now=at or now())
        if finding.behind(made.vault) <= 0:
            return found


def raised(made: Installation, *but: str) -> list[RaisedSignal]:
    """Every signal there is, oldest first, but those that depend on when tests run, and `but`."""
    with made.vault.database.reading() as session:
        rows = session.scalars(select(RaisedSignal).order_by(RaisedSignal.id)).all()
    return [row for row in rows if row.kind not in ("requested-out-of-hours", *but)]


def sightings(made: Installation) -> list[SignalSighting]:
    """What is remembered."""
    with made.vault.database.reading() as session:
        return list(session.scalars(select(SignalSighting)))


def approved_at_once(
    made: Installation, recording: RecordingId | None = None, *, after: int = 4
) -> RecordingId:
    """A request of the supervisor that the privacy officer approves so many seconds later."""
    recording = recording or keep(made, footage(1000, seed=uuid4().int))
    moment = now()
    asked = ask(made.vault, made.caller(town.SUPERVISOR), wish(recording, PURPOSE), now=moment)
    approve(made, asked.request, now=moment + timedelta(seconds=after))
    return recording
