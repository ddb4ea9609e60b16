"""Which entries are chosen: a period by the moment in each row, though the log is in the order of commits."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from console.demo import town
from tests.installation import MAKER, Installation
from vault import audit
from vault.audit import Entry, Event
from vault.log.tables import LogEntry
from vault.tables import AuditEntry
from vault.trail import blocks, choosing
from vault.trail.choosing import Stretch, choose
from vault.trail.indexer import index_all
from vault.trail.questions import Question, filters

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def written(made: Installation, moments: list[datetime]) -> None:
    """Entries of these moments, in this order of commits, each with a word of its own and one of all."""
    with made.vault.database.transaction() as session:
        for number, at in enumerate(moments):
            details = {"reason": f"gewoon nummer{number % 7}"}
            audit.append(
                session,
                made.vault.ring,
                Entry(event=Event.SEARCH_OPENED, at=at, actor=MAKER, municipality=town.SLUG, details=details),
            )
    made.settle()


def chosen(made: Installation, stretch: Stretch, most: int = 1000, **asked: str) -> list[int]:
    wanted = filters(Question(town.SLUG, "x", **{"words": "gewoon", **asked}), made.vault.ring)  # type: ignore[arg-type]
    with made.vault.database.reading() as session:
        return choose(session, wanted, stretch, most)


def by_number(made: Installation) -> dict[int, datetime]:
    query = (
        select(LogEntry.index, AuditEntry.at)
        .join(AuditEntry, AuditEntry.id == LogEntry.entry_id)
        .where(AuditEntry.event == Event.SEARCH_OPENED)
    )
    with made.vault.database.reading() as session:
        return {number: at for number, at in session.execute(query)}  # noqa: C416  # rows are no pairs to mypy


@pytest.mark.parametrize("length", [1, 7, 4096])
def test_a_period_is_exact_where_commits_came_in_another_order(
    installation: Installation, length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(blocks, "LENGTH", length)
        _is_exact(installation)
    # The world is looked at with the length it has.
    index_all(installation.vault, again=True)


def _is_exact(installation: Installation) -> None:
    drawn = random.Random(7)
    # As when verbs waited for a lock; and once a clock was wrong, by years, both ways.
    moments = [NOON + timedelta(minutes=10 * number - drawn.uniform(0, 60)) for number in range(60)]
    moments[20], moments[40] = NOON + timedelta(days=3000), NOON - timedelta(days=3000)
    written(installation, moments)
    told = by_number(installation)
    for since in (None, *moments[::9]):
        for until in (None, *moments[4::11]):
            expected = [
                number
                for number, at in sorted(told.items())
                if (since is None or at >= since) and (until is None or at < until)
            ]
            assert chosen(installation, Stretch(since, until)) == expected
            backwards = Stretch(since, until, newest_first=True)
            assert chosen(installation, backwards) == expected[::-1]
            assert chosen(installation, backwards, most=3) == expected[::-1][:3]


def test_a_page_goes_on_behind_the_last(installation: Installation) -> None:
    written(installation, [NOON] * 30)
    everything = chosen(installation, Stretch())
    assert chosen(installation, Stretch(after=everything[9]), most=5) == everything[10:15]
    backwards = Stretch(after=everything[9], newest_first=True)
    assert chosen(installation, backwards, most=5) == everything[4:9][::-1]


def test_the_rarest_filter_is_walked_along(installation: Installation) -> None:
    """So that a common one is not: the others are looked up, one by one."""
    written(installation, [NOON] * 30)
    assert len(chosen(installation, Stretch(), words="gewoon nummer3")) == 4
    common, rare = filters(Question(town.SLUG, "x", words="gewoon nummer3"), installation.vault.ring)
    with installation.vault.database.reading() as session:
        for given in ([common, rare], [rare, common]):
            assert choosing._rarest_first(session, given, (0, 1000)) == [rare, common]
