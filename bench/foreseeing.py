"""Seeing it come: the overview of a municipality with a million recordings, and a page of the dry run.

On PostgreSQL, one server and one client in this process. Nothing is remembered between two looks: each
counts anew, and enters that it was looked.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from bench.figures import Figure, at_most, interleaved
from bench.finding import fill
from console.demo import town
from policies.engine import Decision
from policies.retention import UNTIL_RELEASED
from tests.installation import Installation, build
from tests.servers.postgres import Postgres, postgres
from vault.disposal.coming import Part, Question, coming
from vault.disposal.foresight import overview

MANY, FEW = 1_000_000, 10_000
ROUNDS = 15
MOST_MS = 1000

_HOLD = """
UPDATE recording SET dispose_after = :held
WHERE id IN (SELECT id FROM recording WHERE state = 'kept' LIMIT 1000)
"""
_HOLDS = """
INSERT INTO hold (id, recording_id, municipality_id, trigger, released_by, days_after, basis, reason,
                  placed_at, reviewed_at)
SELECT gen_random_uuid(), id, municipality_id, 'complaint', 'settled', 0, 'Awb art. 9:4', 'A complaint.',
       :now, :now
FROM recording WHERE dispose_after = :held
"""


def among_a_million(home: Path) -> Iterator[Figure]:
    """`retention_1m`: the overview, against that of 10,000 recordings; and a page of what is due."""
    with postgres() as server:
        many, few = _made(home / "many", server, MANY), _made(home / "few", server, FEW)
        took = interleaved(
            ROUNDS,
            {
                "many": _seconds(lambda: _overview(many, MANY)),
                "few": _seconds(lambda: _overview(few, FEW)),
                "page": _seconds(lambda: _page(many)),
            },
        )
        for made in (many, few):
            made.vault.database.close()
            made.intake.database.close()
    yield Figure("retention_1m_ms", took["many"] * 1000, "ms", at_most(MOST_MS))
    yield Figure("retention_1m_10k_ms", took["few"] * 1000, "ms")
    yield Figure("retention_1m_page_ms", took["page"] * 1000, "ms")


def _overview(made: Installation, recordings: int) -> None:
    found = overview(made.vault, made.caller(town.PRIVACY_OFFICER), town.SLUG, now=datetime.now(UTC))
    assert not isinstance(found, Decision)
    assert found.due.held == found.held[0].recordings == 1000
    assert sum(found.due.days.values()) + found.due.overdue > 0.9 * recordings - 1000


def _page(made: Installation) -> None:
    now = datetime.now(UTC)
    question = Question(town.SLUG, Part.DUE, now + timedelta(days=1))
    found = coming(made.vault, made.caller(town.PRIVACY_OFFICER), question, now=now)
    assert not isinstance(found, Decision)
    assert len(found.rows) == question.most


def _seconds(look: Callable[[], None]) -> Callable[[], float]:
    def measure() -> float:
        began = time.perf_counter()
        look()
        return time.perf_counter() - began

    return measure


def _made(home: Path, server: Postgres, recordings: int) -> Installation:
    home.mkdir()
    made = build(home, server.fresh(), {"objects_url": (home / "objects").as_uri()})
    now = datetime.now(UTC)
    fill(made, recordings, now)
    with made.vault.database.transaction() as session:
        given = {"held": UNTIL_RELEASED, "now": now}
        session.execute(text(_HOLD), given)
        session.execute(text(_HOLDS), given)
    # As the database does by itself, soon after.
    with made.vault.database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))
    return made
