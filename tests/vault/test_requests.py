"""Requests and decisions as verbs: once, by somebody else, within bounds, by each municipality's rules."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select

from console.demo import town
from ingest.docks import DockIdentity
from policies.retention import UNTIL_RELEASED
from tests.installation import MAKER, Installation
from tests.ruling import put_in_force
from tests.watching import PURPOSE, approve, choosing, entries, footage, keep, payload_of, row_of, wish
from vault import facts, grants
from vault.audit import Event
from vault.ids import PersonId, RecordingId, RequestId, new_id
from vault.registry import Registrar
from vault.requests import Answer, GrantTooLong, RequestClosed, RequestState, ask, decide, look
from vault.rulesets import parse_stored
from vault.situations import of_json
from vault.tables import Decision, Dock, Grant, Request
from vault.vault import Caller
from vault.viewing import Denied, Viewing, Watching


def now() -> datetime:
    return datetime.now(UTC)


def waiting(made: Installation, recording: RecordingId | None = None) -> RequestId:
    recording = recording or keep(made, footage(1000))
    answer = ask(made.vault, made.caller(town.SUPERVISOR), wish(recording), now=now())
    assert answer.state is RequestState.WAITING
    return answer.request


def test_nothing_can_be_seen_while_a_request_waits(installation: Installation) -> None:
    request = waiting(installation)
    with installation.vault.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Grant)) == 0
        [decision] = session.scalars(select(Decision))
    assert (decision.outcome, decision.decider_id) == ("waiting", None)
    assert set(decision.obligations) == {"decider", "no-copy"}
    assert decision.request_id == request


def test_of_many_deciders_at_once_one_decides(installation: Installation) -> None:
    request = waiting(installation)
    many = 6
    together = Barrier(many)

    def decide_one(number: int) -> str:
        together.wait()
        try:
            answer = decide(
                installation.vault,
                installation.caller(town.PRIVACY_OFFICER),
                request,
                approve=number % 2 == 0,
                reason="One of us decides.",
                now=now(),
            )
        except RequestClosed:
            return "closed"
        return answer.state

    with ThreadPoolExecutor(many) as pool:
        answers = list(pool.map(decide_one, range(many)))
    [outcome] = [answer for answer in answers if answer != "closed"]
    with installation.vault.database.reading() as session:
        grants = session.scalar(select(func.count()).select_from(Grant))
        decisions = session.scalar(select(func.count()).select_from(Decision))
        assert session.get_one(Request, request).state == outcome
    assert grants == (outcome == "granted")
    assert decisions == 2
    approved, rejected = (entries(installation, e) for e in (Event.REQUEST_APPROVED, Event.REQUEST_REJECTED))
    assert len(approved) + len(rejected) == 1


def test_a_grant_carries_what_was_asked_and_what_was_demanded(small: Installation) -> None:
    moment = now()
    answer = approve(small, waiting(small), now=moment)
    with small.vault.database.reading() as session:
        grant = session.get_one(Grant, answer.grant)
    assert grant.obligations == ["decider", "no-copy"]
    assert grant.purpose == PURPOSE
    assert grant.holder_id == small.town.people[town.SUPERVISOR.subject]
    assert (grant.valid_from, grant.valid_until) == (moment, moment + timedelta(hours=72))


@pytest.mark.parametrize("until", [timedelta(0), timedelta(seconds=-1), timedelta(hours=72, seconds=1)])
def test_a_grant_has_bounds(small: Installation, until: timedelta) -> None:
    request, moment = waiting(small), now()
    before = len(entries(small))
    with pytest.raises(GrantTooLong):
        approve(small, request, now=moment, until=moment + until)
    assert len(entries(small)) == before
    assert approve(small, request, now=moment, until=moment + timedelta(hours=72)).grant


def test_a_refusal_by_a_decider_has_no_end_to_check(small: Installation) -> None:
    officer = small.caller(town.PRIVACY_OFFICER)
    answer = decide(
        small.vault, officer, waiting(small), approve=False, reason="Not proportionate.", now=now()
    )
    assert (answer.state, answer.grant) == (RequestState.REFUSED, None)


def test_no_decision_when_the_term_is_over(small: Installation) -> None:
    request = waiting(small)
    answer = approve(small, request, now=now() + timedelta(days=29))
    assert not answer.decision.permitted
    assert "term-is-over" in [rule.id for rule in answer.decision.reasons]
    assert answer.state is RequestState.WAITING


def test_who_may_not_decide_is_not_told_that_it_was_decided(small: Installation) -> None:
    request = waiting(small)
    approve(small, request)
    answer = approve(small, request, by=small.caller(town.OFFICER))
    assert not answer.decision.permitted
    with pytest.raises(RequestClosed):
        approve(small, request)


def test_what_is_not_there_is_unknown(small: Installation) -> None:
    with pytest.raises(facts.Unknown):
        ask(small.vault, small.caller(town.SUPERVISOR), wish(RecordingId(new_id())), now=now())
    with pytest.raises(facts.Unknown):
        approve(small, RequestId(new_id()))
    with pytest.raises(facts.Unknown):
        look(small.vault, small.caller(town.SUPERVISOR), RequestId(new_id()), now=now())
    nobody = Caller(PersonId(new_id()), "Nobody")
    with pytest.raises(facts.Unknown):
        ask(small.vault, nobody, wish(keep(small, footage(1000))), now=now())


def test_reading_a_request_tells_of_its_grant(small: Installation) -> None:
    request = waiting(small)
    supervisor = small.caller(town.SUPERVISOR)
    assert look(small.vault, supervisor, request, now=now()).grant is None
    grant = approve(small, request).grant
    assert look(small.vault, supervisor, request, now=now()).grant == grant
    assert len(entries(small, Event.REQUEST_READ)) == 2


class Elsewhere:
    """Another municipality with its people, and one recording of theirs."""

    def __init__(self, made: Installation, slug: str) -> None:
        self.made = made
        self.slug = slug
        registrar = Registrar(made.vault.database, made.vault.ring, MAKER)
        registrar.municipality(slug, slug, now=now())
        self.people: dict[str, Caller] = {}
        for role in ("officer", "supervisor", "decider", "privacy-officer"):
            person = registrar.person("http://localhost:9", f"{role}.{slug}", role, now=now())
            registrar.assign(person, slug, role, team="strand", now=now())
            self.people[role] = Caller(person, role)
        registrar.camera(slug, f"camera-{slug}", now=now())
        with made.vault.database.reading() as session:
            key = session.get_one(Dock, made.town.dock).public_key
        dock = registrar.dock(slug, f"dock-{slug}", key, now=now())
        self.dock = DockIdentity(dock, slug, "dock")
        self.recording = self.keep(seed=8)

    def keep(self, seed: int) -> RecordingId:
        """A recording of theirs."""
        return keep(
            self.made,
            footage(1000, seed=seed),
            camera=f"camera-{self.slug}",
            officer=f"officer.{self.slug}",
            dock=self.dock,
        )

    def ask(self, role: str, purpose: str, **more: Any) -> tuple[RequestState, set[str]]:
        """How the rules answer, and with which reasons."""
        answer = ask(self.made.vault, self.people[role], wish(self.recording, purpose, **more), now=now())
        return answer.state, {rule.id for rule in answer.decision.reasons}


def test_noordwijk(installation: Installation) -> None:
    there = Elsewhere(installation, "noordwijk")
    assert there.ask("officer", PURPOSE) == (RequestState.WAITING, {"officer-asks-for-own-footage"})
    assert there.ask("officer", PURPOSE, case_reference=None)[1] == {"needs-case-reference"}
    assert there.ask("supervisor", PURPOSE)[0] is RequestState.REFUSED
    assert there.ask("officer", "klacht")[1] == {"purpose-not-offered"}
    assert there.ask("supervisor", "opsporing")[1] == {"needs-demand"}
    demanded = there.ask("supervisor", "opsporing", prerequisites=["demand-received"])
    assert demanded == (RequestState.WAITING, {"demand-carried-out"})
    assert there.ask("officer", "functioneringsgesprek")[1] >= {"works-council"}
    # "Als niemand de beelden wil bekijken vernietigen we de opname": who asked above holds it.
    assert row_of(installation, there.recording).dispose_after == UNTIL_RELEASED
    # Another, that nobody asked for: fourteen days, counted from the recording.
    later = wish(there.keep(seed=9))
    answer = ask(installation.vault, there.people["officer"], later, now=now() + timedelta(days=14))
    assert "term-is-over" in {rule.id for rule in answer.decision.reasons}


def test_den_helder(installation: Installation) -> None:
    there = Elsewhere(installation, "den-helder")
    assert there.ask("supervisor", PURPOSE)[1] == {"at-officers-request-only"}
    asked = there.ask("supervisor", PURPOSE, prerequisites=["at-officers-request"])
    assert asked == (RequestState.WAITING, {"supervisor-asks-at-officers-request"})
    assert there.ask("officer", "aangifte")[1] == {"needs-criminal-complaint"}
    shown = there.ask("supervisor", "inzageverzoek", prerequisites=["subject-depicted"])
    assert shown[1] == {"needs-demonstrable-interest"}
    moment = now()
    waiting = ask(
        installation.vault,
        there.people["supervisor"],
        wish(there.recording, "inzageverzoek", prerequisites=["subject-depicted", "demonstrable-interest"]),
        now=moment,
    )
    answer = approve(installation, waiting.request, by=there.people["decider"], now=moment)
    with installation.vault.database.reading() as session:
        grant = session.get_one(Grant, answer.grant)
    assert "others-unrecognisable" in grant.obligations
    assert grant.valid_until == moment + timedelta(hours=24)


def test_one_municipality_does_not_see_the_other(installation: Installation) -> None:
    there = Elsewhere(installation, "noordwijk")
    ours = installation.caller(town.SUPERVISOR)
    answer = ask(installation.vault, ours, wish(there.recording), now=now())
    assert answer.state is RequestState.REFUSED
    request = there.ask("officer", PURPOSE)
    assert request[0] is RequestState.WAITING
    with installation.vault.database.reading() as session:
        [row] = session.scalars(select(Request).where(Request.state == "waiting"))
    denied = approve(installation, RequestId(row.id), by=installation.caller(town.PRIVACY_OFFICER))
    assert not denied.decision.permitted


ONE_VIEWER = {"term_days = 28": "term_days = 28\nmost_viewers = 1"}
MANY = 5


def of_the_team(made: Installation, role: str) -> list[Caller]:
    """So many of one role, who may all ask for the same recording."""
    registrar = Registrar(made.vault.database, made.vault.ring, MAKER)
    callers = []
    for number in range(MANY):
        person = registrar.person("http://localhost:9", f"{role}.{number}", role, now=now())
        registrar.assign(person, town.SLUG, role, team=town.TEAM, now=now())
        callers.append(Caller(person, role))
    return callers


def at_once(do: Callable[[int], Answer]) -> list[Answer]:
    """What so many got who did it at the same moment."""
    together = Barrier(MANY)

    def one(number: int) -> Answer:
        together.wait()
        return do(number)

    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(one, range(MANY)))


def test_no_more_are_granted_than_may_see_it(installation: Installation) -> None:
    put_in_force(installation, ONE_VIEWER)
    recording = keep(installation, footage(1000))
    registrar = Registrar(installation.vault.database, installation.vault.ring, MAKER)
    officers = of_the_team(installation, "officer")
    for officer in officers:
        registrar.depict(recording, officer.id, now=now())
    answers = at_once(
        lambda number: ask(installation.vault, officers[number], wish(recording, "zelfevaluatie"), now=now())
    )
    states = sorted(answer.state for answer in answers)
    assert states == ["granted", *["refused"] * (MANY - 1)]
    reasons = {rule.id for answer in answers for rule in answer.decision.reasons}
    assert reasons == {"officer-learns-from-own-footage", "too-many-viewers"}
    # Whoever was granted it may ask again: they are no other viewer.
    first = next(officers[number] for number, answer in enumerate(answers) if answer.grant)
    again = ask(installation.vault, first, wish(recording, "zelfevaluatie"), now=now())
    assert again.state is RequestState.GRANTED


def test_nor_approved(installation: Installation) -> None:
    put_in_force(installation, ONE_VIEWER)
    recording = keep(installation, footage(1000))
    asked = [
        ask(installation.vault, supervisor, wish(recording), now=now()).request
        for supervisor in of_the_team(installation, "supervisor")
    ]
    answers = at_once(lambda number: approve(installation, asked[number]))
    assert sorted(answer.state for answer in answers) == ["granted", *["waiting"] * (MANY - 1)]
    with installation.vault.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Grant)) == 1


def test_a_recipient_must_be_one_of_the_rule_sets(small: Installation) -> None:
    recording = keep(small, footage(1000))
    officer = small.caller(town.PRIVACY_OFFICER)

    def demanded(recipient: str) -> Answer:
        more = {"prerequisites": ["demand-received"], "recipient": recipient}
        return ask(small.vault, officer, wish(recording, "opsporing", **more), now=now())

    asked = demanded("politie")
    assert asked.state is RequestState.WAITING
    refused = demanded("krant")
    assert {rule.id for rule in refused.decision.reasons} >= {"recipient-not-allowed"}
    assert look(small.vault, officer, asked.request, now=now()).row.recipient == "politie"
    entry = entries(small, Event.REQUEST_SUBMITTED)[-1]
    assert payload_of(small, entry)["details"]["recipient"] == "politie"


def test_who_shares_the_service_may_ask_and_watch(installation: Installation) -> None:
    there = Elsewhere(installation, "noordwijk")
    vault, supervisor = installation.vault, there.people["supervisor"]
    recording = keep(installation, footage(1000))
    denied = ask(vault, supervisor, wish(recording), now=now())
    assert "other-municipality" in {rule.id for rule in denied.decision.reasons}
    shares = {"term_days = 28": 'term_days = 28\nshares_with = ["noordwijk"]'}
    put_in_force(
        installation, shares, {"principal.teams.contains(resource.team)": 'resource.team == Team::"centrum"'}
    )
    answer = ask(vault, supervisor, wish(recording), now=now())
    assert answer.state is RequestState.WAITING
    # They ask; the owner decides; they watch.
    refused = approve(installation, answer.request, by=there.people["decider"])
    assert "decided-by-own-municipality" in {rule.id for rule in refused.decision.reasons}
    grant = approve(installation, answer.request).grant
    assert grant is not None
    assert grants.look(vault, supervisor, grant, now=now()).decision.permitted
    shown = Watching(vault).watch(supervisor, grant, choosing(0, 9), now=now())
    assert isinstance(shown, Viewing)
    assert b"".join(map(bytes, shown.pieces())) == footage(1000)[:10]
    # Not when it is shared no more.
    put_in_force(installation)
    ended = Watching(vault).watch(supervisor, grant, choosing(0, 9), now=now())
    assert isinstance(ended, Denied)
    assert "other-municipality" in {rule.id for rule in ended.decision.reasons}


def test_each_decision_keeps_what_it_was_made_on(installation: Installation) -> None:
    request = waiting(installation)
    approve(installation, request)
    with installation.vault.database.reading() as session:
        rows = list(session.scalars(select(Decision).order_by(Decision.id)))
        made = look(installation.vault, installation.caller(town.SUPERVISOR), request, now=now()).decisions
        assert list(made) == [row.id for row in rows]
        for row, action in zip(rows, ("ask", "decide"), strict=True):
            assert row.situation is not None
            assert of_json(row.situation).action == action
            again = parse_stored(session, row.rule_set, as_of_then=True).decide(of_json(row.situation))
            assert [rule.id for rule in again.reasons] == row.rules
            assert town.SUPERVISOR.name not in str(row.situation)


def test_a_refusal_keeps_it_too(small: Installation) -> None:
    ask(small.vault, small.caller(town.OFFICER), wish(keep(small, footage(1000))), now=now())
    with small.vault.database.reading() as session:
        [row] = session.scalars(select(Decision))
        assert row.situation is not None
        assert not parse_stored(session, row.rule_set).decide(of_json(row.situation)).permitted
