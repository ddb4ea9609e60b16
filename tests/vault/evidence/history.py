"""A history of which every number is known, made by the real verbs: what evidence must say of it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from console.demo import town
from tests.installation import MAKER, Installation
from tests.watching import PURPOSE, approve, choosing, footage, keep, wish
from vault.completions import Completions
from vault.evidence.making import Evidence, make
from vault.evidence.periods import Period, parse_period
from vault.ids import RecordingId
from vault.requests import ask, decide
from vault.tables import Recording
from vault.trail.questions import Question
from vault.trail.reading import read
from vault.viewing import Denied, Watching

OVERSIGHT = "toezicht-inzagelog"
APPRAISAL = "functioneringsgesprek"


@dataclass(frozen=True)
class History:
    """What was done: three requests granted or refused by people, two refused by rules, five ranges."""

    first: RecordingId
    second: RecordingId
    now: datetime


def today() -> Period:
    """The days that the history is in, whatever the hour."""
    now = datetime.now(UTC)
    first, last = (now - timedelta(days=1)).date(), (now + timedelta(days=2)).date()
    return parse_period(f"{first}..{last}")


def happen(installation: Installation) -> History:
    """Make the history. The term of the second recording has ended five days ago, and it is still there."""
    vault, now = installation.vault, datetime.now(UTC)
    supervisor, officer = installation.caller(town.SUPERVISOR), installation.caller(town.PRIVACY_OFFICER)
    first, second = keep(installation, footage(1000)), keep(installation, footage(1000, seed=2))
    # two granted after one and after three hours, one refused by a person after ten, one still waiting
    grants = []
    for hours, recording in ((1, first), (3, second)):
        asked = ask(vault, supervisor, wish(recording), now=now)
        answer = approve(installation, asked.request, now=now + timedelta(hours=hours))
        assert answer.grant
        grants.append(answer.grant)
    asked = ask(vault, supervisor, wish(first), now=now)
    later = now + timedelta(hours=10)
    decide(vault, officer, asked.request, approve=False, reason="Not needed.", now=later)
    ask(vault, supervisor, wish(first), now=now)
    # two that the rules refuse, once by two rules
    ask(vault, supervisor, wish(first, APPRAISAL), now=now)
    ask(vault, supervisor, wish(first, "wat-niet-bestaat"), now=now)
    # five ranges of two recordings, of which four ended; one denial
    watching, completions = Watching(vault), Completions(vault)
    after = now + timedelta(hours=4)
    for grant, number in zip(grants, (3, 2), strict=True):
        for turn in range(number):
            viewing = watching.watch(supervisor, grant, choosing(0, 9), now=after)
            assert not isinstance(viewing, Denied)
            if (grant, turn) != (grants[1], 1):
                completions.add(viewing, 10, after)
    completions.close()
    denied = watching.watch(officer, grants[0], choosing(0, 9), now=after)
    assert isinstance(denied, Denied)
    read(vault, officer, Question(town.SLUG, OVERSIGHT), now=after)
    with vault.database.transaction() as session:
        session.execute(
            update(Recording).where(Recording.id == second).values(dispose_after=now - timedelta(days=5))
        )
    return History(first, second, now)


def evidence(
    installation: Installation, period: Period | None = None, now: datetime | None = None
) -> Evidence:
    """The evidence of the history."""
    made_at = now or datetime.now(UTC) + timedelta(hours=12)
    return make(installation.vault, MAKER, town.SLUG, period or today(), now=made_at)


__all__ = ["APPRAISAL", "OVERSIGHT", "PURPOSE", "History", "evidence", "happen", "today"]
