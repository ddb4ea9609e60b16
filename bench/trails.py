"""Looking through the trail: each filter's first page, over ten million entries and over 100,000.

On PostgreSQL. One server, one client, in this process: what is measured is all of a reading, with its entry
and its commit. The entries' payloads are gone, as when their term is over: opening the fifty that are shown
costs the same however many there are, and would hide what grows.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from bench.figures import Figure, at_most, interleaved
from console.demo import town
from tests.installation import Installation, build
from tests.servers.postgres import Postgres, postgres
from vault.ids import RecordingId
from vault.trail import Question, blocks, read
from vault.trail.indexer import index_all
from vault.trail.questions import filters

MANY, FEW = 10_000_000, 100_000
YEARS = 5
ROUNDS = 60
OVERSIGHT = "toezicht-inzagelog"

_ENTRIES = """
INSERT INTO audit_entry (id, at, event, municipality_id, actor, object, leaf)
SELECT CAST(lpad(to_hex(number), 32, '0') AS uuid),
       CAST(:begins AS timestamptz) + number * CAST(:apart AS interval),
       'viewing.served', :municipality, md5('actor' || number % 500), md5('recording' || number / 20),
       convert_to(CAST(json_build_object(
           'id', lpad(to_hex(number), 32, '0'), 'type', 'viewing.served', 'dec', 'allow', 'regime', 'avg',
           'actor', md5('actor' || number % 500), 'obj', md5('recording' || number / 20)
       ) AS text), 'UTF8')
FROM generate_series(CAST(:first AS bigint), :last) AS number
"""
_NUMBERS = """
INSERT INTO log_entry ("index", entry_id)
SELECT number, CAST(lpad(to_hex(number), 32, '0') AS uuid)
FROM generate_series(CAST(:first AS bigint), :last) AS number
"""
_TERMS = """
INSERT INTO trail_term (term, "index")
SELECT CAST(:term AS bytea), number FROM generate_series(CAST(:first AS bigint), :last) AS number
WHERE number % :one_in = :rest
"""
_OTHERS = """
INSERT INTO trail_term (term, "index")
SELECT decode(substr(md5(:name || number % :different), 1, 32), 'hex'), number
FROM generate_series(CAST(:first AS bigint), :last) AS number
WHERE number % :one_in <> :rest
"""


_BLOCKS = """
INSERT INTO trail_block (block, earliest, latest)
SELECT n.index / :length, min(e.at), max(e.at) FROM log_entry AS n JOIN audit_entry AS e ON e.id = n.entry_id
GROUP BY 1 ON CONFLICT (block) DO UPDATE SET earliest = excluded.earliest, latest = excluded.latest
"""


@dataclass(frozen=True)
class Sought:
    """A filter: what is asked for, one in how many entries have it, and of how many other values the rest."""

    asked: Mapping[str, Any]
    one_in: int
    others: int


_PERSON, _RECORDING = UUID(int=7), RecordingId(UUID(int=8))
SOUGHT = {
    "person": Sought({"person": _PERSON}, 500, 499),
    "recording": Sought({"recording": _RECORDING}, 1_000, 100_000),
    "camera": Sought({"camera": "BENCH-1"}, 300, 299),
    "incident": Sought({"case": "BENCH-2026-1"}, 1_000, 50_000),
    "purpose": Sought({"for_purpose": "incidentafhandeling"}, 3, 5),
    "decision": Sought({"decision": "deny"}, 20, 0),
    "rule": Sought({"rule": "works-council"}, 200, 0),
    "approver": Sought({"approver": _PERSON}, 50, 0),
    "recipient": Sought({"recipient": "politie"}, 100, 0),
    "out_of_hours": Sought({"out_of_hours": True}, 4, 0),
    "without_completion": Sought({"without_completion": True}, 400, 0),
    "words": Sought({"words": "geduwd"}, 250, 20_000),
}
"""As in a large city: 500 people, 300 cameras. Every entry has nine terms or more."""


@dataclass(frozen=True)
class Log:
    """An installation with so many entries of the last years, all of them findable."""

    installation: Installation
    begins: datetime
    entries: int

    def page(self, **asked: Any) -> float:
        """The seconds that the first page takes."""
        now = datetime.now(UTC)
        question = Question(town.SLUG, OVERSIGHT, **asked)
        vault, caller = self.installation.vault, self.installation.caller(town.PRIVACY_OFFICER)
        began = time.perf_counter()
        page = read(vault, caller, question, now=now)
        took = time.perf_counter() - began
        assert len(page.lines) == question.most, (asked, len(page.lines))
        return took

    def halfway(self) -> dict[str, datetime]:
        """A period of two years, from the middle on."""
        middle = self.begins + timedelta(days=365 * YEARS / 2)
        return {"since": middle, "until": middle + timedelta(days=730)}


def _questions(log: Log) -> dict[str, dict[str, Any]]:
    alone = {name: dict(sought.asked) for name, sought in SOUGHT.items()}
    return {
        **alone,
        "nothing": {},
        "newest": {"newest_first": True},
        "period": log.halfway(),
        "person_period": {"person": _PERSON, **log.halfway()},
        "purpose_decision": {"for_purpose": "incidentafhandeling", "decision": "deny"},
        "purpose_hours_words": {
            "for_purpose": "incidentafhandeling",
            "out_of_hours": True,
            "words": "geduwd",
        },
    }


def among_ten_million(home: Path) -> Iterator[Figure]:
    """`audit_find_10m`: for each filter its first page among ten million against among a hundred thousand."""
    with postgres(home.parent) as server:
        many, few = _log(home / "many", server, MANY), _log(home / "few", server, FEW)
        asked = {name: (many, question) for name, question in _questions(many).items()}
        asked |= {f"{name} of few": (few, question) for name, question in _questions(few).items()}
        took = interleaved(ROUNDS, {name: _seconds(*what) for name, what in asked.items()})
        for made in (many, few):
            made.installation.vault.database.close()
            made.installation.intake.database.close()
    for name in _questions(many):
        yield Figure(f"audit_find_10m_{name}_ms", took[name] * 1000, "ms")
        yield Figure(f"audit_find_10m_{name}", took[name] / took[f"{name} of few"], "x", at_most(2))


def _seconds(log: Log, asked: Mapping[str, Any]) -> Callable[[], float]:
    return lambda: log.page(**asked)


def _log(home: Path, server: Postgres, entries: int) -> Log:
    home.mkdir()
    made = build(home, server.fresh(), {"objects_url": (home / "objects").as_uri()})
    log = Log(made, datetime.now(UTC) - timedelta(days=365 * YEARS), entries)
    index_all(made.vault)
    with made.vault.database.transaction() as session:
        _fill(session, log)
    with made.vault.database.transaction() as session:
        session.execute(text("ANALYZE"))
    return log


def _fill(session: Session, log: Log) -> None:
    first = session.scalar(text('SELECT coalesce(max("index") + 1, 0) FROM log_entry')) or 0
    span = {"first": first, "last": first + log.entries - 1}
    apart = (datetime.now(UTC) - log.begins) / (first + log.entries)
    # The tree over the terms is made at the end, at once: a tenth of the time.
    session.execute(text("SET LOCAL maintenance_work_mem = '1GB'"))
    session.execute(text("ALTER TABLE trail_term DROP CONSTRAINT pk_trail_term"))
    for table in ("trail_term", "log_entry"):
        session.execute(text(f"ALTER TABLE {table} SET UNLOGGED"))
    session.execute(text(_NUMBERS), span)
    entry = {"begins": log.begins, "apart": apart, "municipality": town.SLUG}
    session.execute(text(_ENTRIES), {**span, **entry})
    session.execute(text(_BLOCKS), {"length": blocks.LENGTH})
    everything = {"one_in": 1, "rest": 0}
    for asked in ({}, {"event": "viewing.served"}, {"decision": "allow"}):
        session.execute(text(_TERMS), {**span, **everything, "term": _term(log, asked)})
    for number, (name, sought) in enumerate(SOUGHT.items()):
        chosen = {**span, "one_in": sought.one_in, "rest": number % sought.one_in}
        session.execute(text(_TERMS), {**chosen, "term": _term(log, sought.asked)})
        if sought.others:
            session.execute(text(_OTHERS), {**chosen, "name": name, "different": sought.others})
    session.execute(text('ALTER TABLE trail_term ADD CONSTRAINT pk_trail_term PRIMARY KEY (term, "index")'))


def _term(log: Log, asked: Mapping[str, Any]) -> bytes:
    """The term that an entry of now has of what is asked for."""
    question = replace(Question(town.SLUG, OVERSIGHT), **asked)
    [alternatives] = filters(question, log.installation.vault.ring)
    return alternatives[0]
