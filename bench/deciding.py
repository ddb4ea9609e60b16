"""Deciding: what the rules add to a transaction, and what our engine adds to Cedar itself."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from unittest.mock import patch
from uuid import UUID

import cedarpy
from sqlalchemy import insert

from bench.figures import Figure, at_most, interleaved
from console.demo import town
from policies import encoding, engine
from policies.engine import Decision, RuleSet
from policies.facts import Action, Recording, Situation
from tests.installation import Installation, build
from tests.servers.postgres import postgres
from vault import facts, tables
from vault.ids import RecordingId, new_id
from vault.requests import RequestState, Wish, ask

ROUNDS = 400
CALLS, CALL_ROUNDS = 2000, 15
PURPOSE, REASON, CASE = "incidentafhandeling", "To see how fast it is decided.", "BENCH-1"


class TooFewRules(Exception):
    """The figure is about a rule set of thirty rules or more."""


def in_a_transaction(home: Path) -> Iterator[Figure]:
    """`decide`: a request asked (facts loaded, decided, recorded, entered) on PostgreSQL, against the same
    transaction with the answer known beforehand: all the rest is read and written."""
    with postgres() as server:
        made = build(home, server.fresh(), {"objects_url": (home / "objects").as_uri()})
        recording = _recording(made)
        before = made.vault.rule_sets.of(town.SLUG).decide(_situation(made, recording))
        took = interleaved(
            ROUNDS,
            {
                "decided": _seconds(lambda: _ask(made, recording)),
                "undecided": _seconds(lambda: _ask_undecided(made, recording, before)),
            },
        )
        made.vault.database.close()
        made.intake.database.close()
    yield Figure("decide_ms", took["decided"] * 1000, "ms")
    yield Figure("decide_to_undecided", took["decided"] / took["undecided"], "x", at_most(1.5))


def alone(home: Path) -> Iterator[Figure]:
    """`decide_engine`: the 99th percentile of one decision, against cedarpy given the same question, the same
    entities and only the policies that matter to it, all read beforehand. The engine may remember its answer,
    as it does for each range that somebody watches. `fresh`: about another recording and another request each
    time, all their facts new, against the same. `unlike`: about facts that look like none before to the
    rules, so that nothing is remembered, against cedarpy given the entities as JSON."""
    made = build(home, f"sqlite:///{home / 'vault.db'}", {"objects_url": (home / "objects").as_uri()})
    rules = made.vault.rule_sets.of(town.SLUG)
    if len(rules.rules) < 30:
        raise TooFewRules
    situation = _situation(made, _recording(made))
    policies, schema = _handles(rules)
    asked = encoding.question(situation, town.SLUG)
    told = encoding.entities(rules.terms, situation.person, situation.resource, situation.request)
    known = cedarpy.Entities.from_json_str(told, schema)

    def cedar() -> None:
        assert cedarpy.is_authorized(asked, policies, known, schema).allowed

    def cedar_json() -> None:
        entities = cedarpy.Entities.from_json_str(told, schema)
        assert cedarpy.is_authorized(asked, policies, entities, schema).allowed

    def ours() -> None:
        assert rules.decide(situation).permitted

    def ours_fresh() -> None:
        assert rules.decide(_anew(situation)).permitted

    def ours_unlike() -> None:
        assert rules.decide(_unlike(situation)).permitted

    took = interleaved(
        CALL_ROUNDS,
        {
            "ours": _p99(ours),
            "cedar": _p99(cedar),
            "ours_fresh": _p99(ours_fresh),
            "ours_unlike": _p99(ours_unlike),
            "cedar_json": _p99(cedar_json),
        },
    )
    made.vault.database.close()
    made.intake.database.close()
    yield Figure("decide_engine_p99", took["ours"] * 1e6, "µs")
    yield Figure("decide_engine_to_cedar", took["ours"] / took["cedar"], "x", at_most(1.5))
    yield Figure("decide_engine_fresh_p99", took["ours_fresh"] * 1e6, "µs")
    yield Figure("decide_engine_fresh_to_cedar", took["ours_fresh"] / took["cedar"], "x", at_most(1.5))
    yield Figure("decide_engine_unlike_p99", took["ours_unlike"] * 1e6, "µs")
    yield Figure("decide_engine_unlike_to_json", took["ours_unlike"] / took["cedar_json"], "x", at_most(1.5))


def _ask(made: Installation, recording: UUID) -> None:
    wish = Wish(RecordingId(recording), PURPOSE, REASON, CASE)
    answer = ask(made.vault, made.caller(town.SUPERVISOR), wish, now=datetime.now(UTC))
    assert answer.state is RequestState.WAITING


def _ask_undecided(made: Installation, recording: UUID, before: Decision) -> None:
    """The same verb, with an answer that was known beforehand."""

    def answer(_rules: RuleSet, asked: Situation) -> Decision:
        return replace(before, situation=asked, proof=engine._PROOF)

    with patch.object(RuleSet, "decide", answer):
        _ask(made, recording)


def _request(recording: UUID, requester: UUID, now: datetime) -> tables.Request:
    return tables.Request(
        id=new_id(),
        recording_id=recording,
        requester_id=requester,
        purpose=PURPOSE,
        reason=REASON,
        case_reference=CASE,
        prerequisites=[],
        asked_at=now,
        state=RequestState.WAITING,
    )


def _recording(made: Installation) -> UUID:
    """A kept recording without footage: nobody watches it here."""
    recording, now = new_id(), datetime.now(UTC)
    values = {
        "id": recording,
        "municipality_id": town.SLUG,
        "camera_id": made.town.camera,
        "officer_id": made.town.people[town.OFFICER.subject],
        "team": town.TEAM,
        "recorded_at": now - timedelta(hours=3),
        "state": tables.State.KEPT,
        "length": 1,
        "sha256": "0" * 64,
        "dispose_after": now + timedelta(days=28),
        "kept_at": now,
    }
    with made.vault.database.transaction() as session:
        session.execute(insert(tables.Recording).values(**values))
    return recording


def _situation(made: Installation, recording: UUID) -> Situation:
    caller, now = made.caller(town.SUPERVISOR), datetime.now(UTC)
    with made.vault.database.reading() as session:
        known = facts.recording(session, RecordingId(recording))
        person = facts.person(session, caller.id, known.municipality)
    request = facts.as_request(_request(recording, caller.id, now))
    return Situation(person, Action.ASK, known, PURPOSE, now, request=request)


def _anew(situation: Situation) -> Situation:
    """The same asked of another recording, of another officer, camera and moment."""
    recording, request = situation.resource, situation.request
    assert isinstance(recording, Recording)
    assert request is not None
    later = timedelta(seconds=time.perf_counter() % 3600)
    other = replace(
        recording,
        id=new_id(),
        maker=new_id(),
        recorded_at=recording.recorded_at + later,
        dispose_after=recording.dispose_after + later,
    )
    return replace(situation, resource=other, request=replace(request, id=new_id()))


def _unlike(situation: Situation) -> Situation:
    """The same with a number that some rule looks at, another one each time."""
    anew = _anew(situation)
    assert anew.request is not None
    return replace(anew, request=replace(anew.request, other_viewers=-time.perf_counter_ns()))


def _handles(rules: RuleSet) -> tuple[cedarpy.PolicySet, cedarpy.Schema]:
    """Cedar's at its fastest: the very handles that our engine holds."""
    return rules._policies(Action.ASK), rules._schema


def _seconds(act: Callable[[], None]) -> Callable[[], float]:
    """The seconds that one takes. One by one in turn: what else the machine does hits both sides alike."""

    def measure() -> float:
        began = time.perf_counter()
        act()
        return time.perf_counter() - began

    return measure


def _p99(act: Callable[[], None]) -> Callable[[], float]:
    """The seconds within which 99 of 100 are done."""

    def measure() -> float:
        taken = []
        for _ in range(CALLS):
            began = time.perf_counter()
            act()
            taken.append(time.perf_counter() - began)
        return quantiles(taken, n=100)[98]

    return measure
