"""Finding: a page of a search over a million recordings, by the rules and without them, on PostgreSQL.

Both read the page, its facts and its entry; without the rules nobody is asked for anything. One server, one
client, in this process: what is measured is what the rules add, not the road to it.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, text

from bench.figures import Figure, at_most, interleaved
from console.demo import town
from policies.conditions import ALWAYS
from policies.facts import Action
from tests.installation import Installation, build
from tests.servers.postgres import Postgres, postgres
from vault import audit, facts
from vault.audit import Entry, Event
from vault.ids import SearchId
from vault.pages import asker
from vault.searches import Wanted, choose, find, open_search
from vault.tables import Recording, Search
from vault.vault import Caller, Vault

MANY, FEW = 1_000_000, 10_000
PAGE = 50
ROUNDS = 150

_FILL = """
INSERT INTO recording (id, municipality_id, camera_id, officer_id, team, recorded_at, regime, state, reason,
                       length, sha256, media, dispose_after, kept_at)
SELECT gen_random_uuid(), :municipality, :camera, :officer, :team, began, 'avg',
       CASE WHEN number % 50 = 0 THEN 'quarantined' WHEN number % 60 = 0 THEN 'disposed' ELSE 'kept' END,
       NULL, 16000000, md5(number::text) || md5((-number)::text), '{"seconds": 60.0}',
       began + interval '28 days', began
FROM (SELECT number, CAST(:now AS timestamptz) - number * interval '28 days' / :many AS began
      FROM generate_series(1, :many) AS number) AS made
"""


@dataclass(frozen=True)
class Haystack:
    """An installation with so many recordings of the last four weeks, and a search over one day of them."""

    installation: Installation
    search: SearchId

    def by_the_rules(self) -> None:
        """A page as the door asks for it: chosen by the rules, each row decided on, entered."""
        page = find(self._vault, self._caller, self.search, now=datetime.now(UTC), most=PAGE)
        assert len(page.rows) == PAGE

    def without_rules(self) -> None:
        """The same page of the same day, read and entered, when nobody is asked for anything."""
        now = datetime.now(UTC)
        with self._vault.database.transaction() as session:
            search = session.get_one(Search, self.search, with_for_update={"read": True})
            person = facts.person(session, self._caller.id, town.SLUG)
            found = choose(session, town.SLUG, ALWAYS, None, PAGE, *_day_of(search))[:PAGE]
            facts.as_recordings(session, [each.recording for each in found])
            entry = Entry(
                event=Event.RECORDINGS_FOUND,
                at=now,
                actor=self._caller.as_actor(person.roles),
                municipality=town.SLUG,
                thing=("search", str(search.id)),
                purpose=search.purpose,
                facts={"listed": len(found)},
                details={"purpose": search.purpose, "shown": [str(each.recording.id) for each in found]},
            )
            audit.append(session, self._vault.ring, entry)

    def rows_by_the_rules(self) -> None:
        """Only the choosing: what is left of the rules, in SQL."""
        with self._vault.database.reading() as session:
            search = facts.as_search(session.get_one(Search, self.search))
            by = asker(self._vault, session, self._caller, town.SLUG)
            now = datetime.now(UTC)
            left = by.rule_set.remaining(
                by.person, Action.FIND, now=now, purpose=search.purpose, search=search
            )
            assert len(choose(session, town.SLUG, left.condition, None, PAGE)) == PAGE + 1

    def rows_without_rules(self) -> None:
        """Only the choosing, by the day alone."""
        with self._vault.database.reading() as session:
            search = session.get_one(Search, self.search)
            asker(self._vault, session, self._caller, town.SLUG)
            assert len(choose(session, town.SLUG, ALWAYS, None, PAGE, *_day_of(search))) == PAGE + 1

    @property
    def _vault(self) -> Vault:
        return self.installation.vault

    @property
    def _caller(self) -> Caller:
        return self.installation.caller(town.SUPERVISOR)


def among_a_million(home: Path) -> Iterator[Figure]:
    """`find_1m`: the page chosen by the rules against the day alone, and against 10,000 recordings; and the
    whole verb, which decides on each row once more, against the same without rules."""
    with postgres() as server:
        many, few = _haystack(home / "many", server, MANY), _haystack(home / "few", server, FEW)
        took = interleaved(
            ROUNDS,
            {
                "rules": _seconds(many.rows_by_the_rules),
                "day": _seconds(many.rows_without_rules),
                "few": _seconds(few.rows_by_the_rules),
                "page": _seconds(many.by_the_rules),
                "page_without": _seconds(many.without_rules),
                "page_few": _seconds(few.by_the_rules),
            },
        )
        for made in (many, few):
            made.installation.vault.database.close()
            made.installation.intake.database.close()
    yield Figure("find_1m_ms", took["rules"] * 1000, "ms")
    yield Figure("find_1m_to_unfiltered", took["rules"] / took["day"], "x", at_most(1.5))
    yield Figure("find_1m_to_10k", took["rules"] / took["few"], "x", at_most(2))
    yield Figure("find_1m_page_ms", took["page"] * 1000, "ms")
    yield Figure("find_1m_page_to_unfiltered", took["page"] / took["page_without"], "x", at_most(1.5))
    yield Figure("find_1m_page_to_10k", took["page"] / took["page_few"], "x", at_most(2))


def _day_of(search: Search) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Recording.recorded_at >= search.since, Recording.recorded_at < search.until


def _seconds(page: Callable[[], None]) -> Callable[[], float]:
    """The seconds that a page takes. One by one in turn: what else the machine does hits all sides alike."""

    def measure() -> float:
        began = time.perf_counter()
        page()
        return time.perf_counter() - began

    return measure


def _haystack(home: Path, server: Postgres, recordings: int) -> Haystack:
    home.mkdir()
    made = build(home, server.fresh(), {"objects_url": (home / "objects").as_uri()})
    now = datetime.now(UTC)
    fill(made, recordings, now)
    wanted = Wanted(
        town.SLUG,
        "incidentafhandeling",
        "To see how fast it is found.",
        "BENCH-1",
        now - timedelta(days=9),
        now - timedelta(days=8),
    )
    opening = open_search(made.vault, made.caller(town.SUPERVISOR), wanted, now=now)
    assert opening.search
    return Haystack(made, opening.search)


def fill(made: Installation, recordings: int, now: datetime) -> None:
    """So many recordings of the last four weeks, as rows alone."""
    filling = {
        "municipality": town.SLUG,
        "camera": made.town.camera,
        "officer": made.town.people[town.OFFICER.subject],
        "team": town.TEAM,
        "now": now,
        "many": recordings,
    }
    with made.vault.database.transaction() as session:
        session.execute(text(_FILL), filling)
        session.execute(text("ANALYZE"))
