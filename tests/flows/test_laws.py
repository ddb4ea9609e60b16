"""The house laws, where footage is shown: write, then show; a denial is recorded; a crash reveals nothing."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import func, select, text

from console.demo import town
from tests.installation import Installation, at_scale, free_port, listening
from tests.provider import HandMade
from tests.running import running
from tests.servers.postgres import Postgres
from tests.watching import (
    CASE,
    PART,
    REASON,
    House,
    approve,
    choosing,
    entries,
    footage,
    granted,
    ids,
    keep,
    open_house,
    payload_of,
    problem,
    wish,
)
from vault import grants, trail
from vault import requests as asking
from vault.audit import Actor, Event
from vault.base import Base
from vault.db import Database
from vault.ids import new_id
from vault.keys import KeyRing
from vault.objects import ObjectStore
from vault.registry import Registrar
from vault.tables import AuditEntry, Decision, Grant, Person, Request
from vault.viewing import Denied, Viewing, Watching
from vault.web.app import make_app


def now() -> datetime:
    return datetime.now(UTC)


# Law 1: write, then show.


@dataclass
class Witness:
    """A store that looks, on a connection of its own, whether the entry is there when it is asked."""

    store: ObjectStore
    database: Database
    asked: int = 0

    def fetch(self, name: str, first: int, last: int) -> bytes:
        self.asked += 1
        expect_entries(self.database, self.asked)
        return self.store.fetch(name, first, last)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


def expect_entries(database: Database, at_least: int) -> None:
    """Fail unless that many ranges are accounted for, as another process sees it."""
    with database.reading() as session:
        served = select(func.count()).where(AuditEntry.event == Event.VIEWING_SERVED)
        assert (session.scalar(served) or 0) >= at_least


def test_key_and_store_are_asked_after_the_entry_is_committed(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = footage()
    grant = granted(installation, keep(installation, plain))
    other = Database(installation.settings.database_url.get_secret_value())
    unwrapped: list[object] = []
    unwrap = KeyRing.unwrap

    def witnessed(self: KeyRing, *args: Any, **named: Any) -> Any:
        expect_entries(other, 1)
        unwrapped.append(args)
        return unwrap(self, *args, **named)

    monkeypatch.setattr(KeyRing, "unwrap", witnessed)
    witness = Witness(installation.vault.store, other)
    watching = Watching(replace(installation.vault, store=witness))
    supervisor = installation.caller(town.SUPERVISOR)
    for first in (0, PART, 2 * PART):
        viewing = watching.watch(supervisor, grant, choosing(first, first + 9), now=now())
        assert isinstance(viewing, Viewing)
        assert b"".join(viewing.pieces()) == plain[first : first + 10]
    assert (len(unwrapped), witness.asked) == (1, 3)
    other.close()


class Untouched:
    """A store nobody may ask."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the store was asked to {name}")


def test_a_denial_asks_neither_key_nor_store(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = granted(installation, keep(installation, footage(1000)))
    monkeypatch.setattr(KeyRing, "unwrap", Untouched.__getattr__)
    watching = Watching(replace(installation.vault, store=Untouched()))
    denied = watching.watch(installation.caller(town.PRIVACY_OFFICER), grant, None, now=now())
    assert isinstance(denied, Denied)


@contextmanager
def no_room_for(database: Database, table: str) -> Iterator[None]:
    """Let the database itself refuse what is inserted into `table`."""
    if database.engine.dialect.name == "postgresql":
        do = [
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'no room'; END $$",
            f"CREATE TRIGGER no_room BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION no_room()",
        ]
        undo = [f"DROP TRIGGER no_room ON {table}", "DROP FUNCTION no_room"]
    else:
        do = [f"CREATE TRIGGER no_room BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no room'); END"]
        undo = ["DROP TRIGGER no_room"]
    execute(database, *do)
    try:
        yield
    finally:
        execute(database, *undo)


def execute(database: Database, *statements: str) -> None:
    with database.transaction() as session:
        for statement in statements:
            session.execute(text(statement))


def rows_of(database: Database) -> dict[str, list[Any]]:
    """Everything the database holds."""
    with database.reading() as session:
        return {
            table.name: sorted(map(repr, session.execute(select(table))))
            for table in Base.metadata.sorted_tables
        }


Act = Callable[[House, str, str], requests.Response]
ACTS: dict[str, Act] = {
    "ask": lambda house, _request, _grant: house.ask(),
    "ask for something forbidden": lambda house, _r, _g: house.ask(purpose="functioneringsgesprek"),
    "decide": lambda house, request, _grant: house.decide(request),
    "decide without the right": lambda house, request, _g: house.decide(request, town.OFFICER),
    "read a request": lambda house, request, _g: house.desk(town.SUPERVISOR).get(f"/requests/{request}"),
    "read a grant": lambda house, _r, grant: house.desk(town.SUPERVISOR).get(f"/grants/{grant}"),
    "watch": lambda house, _request, grant: house.watch(grant, "0-99"),
    "watch all": lambda house, _request, grant: house.watch(grant),
    "watch without the right": lambda house, _r, grant: house.watch(grant, "0-99", town.OFFICER),
    "watch beyond the end": lambda house, _r, grant: house.watch(grant, "99999999-"),
    "revoke": lambda house, _r, grant: house.desk(town.SUPERVISOR).post(
        f"/grants/{grant}/revocations", {"reason": "Not needed any more."}
    ),
    "read the trail": lambda house, _r, _g: house.desk(town.PRIVACY_OFFICER).post(
        "/audit-entries/_search", {"municipality": town.SLUG, "purpose": "toezicht-inzagelog"}
    ),
    "read the trail without the right": lambda house, _r, _g: house.desk(town.OFFICER).post(
        "/audit-entries/_search", {"municipality": town.SLUG, "purpose": "toezicht-inzagelog"}
    ),
}


@pytest.mark.parametrize("table", ["audit_entry", "audit_payload"])
def test_no_entry_no_answer(house: House, table: str) -> None:
    """Without room in the trail nothing happens and nothing is shown, whatever is asked."""
    database = house.installation.vault.database
    request, grant = house.ask().json()["id"], house.grant()
    house.watch(grant, "0-9")  # the key is remembered: only the entry is missing now
    before = rows_of(database)
    with no_room_for(database, table):
        for name, act in ACTS.items():
            answer = act(house, request, grant)
            assert answer.status_code == 500, name
            problem(answer, 500, "failed")
            assert house.plain[:16] not in answer.content
            assert REASON not in answer.text
    after = rows_of(database)
    assert {name for name in after if after[name] != before[name]} <= {"audit_entry", "audit_payload"}
    assert len(after["audit_entry"]) - len(before["audit_entry"]) <= 1  # of the range before
    assert house.watch(grant, "0-9").content == house.plain[:10]


def test_no_database_nothing_shown(
    postgres: Postgres, request: pytest.FixtureRequest, provider: HandMade, tmp_path: Path
) -> None:
    """Every connection is cut, and no new one is let in, while a player has the key in memory."""
    made = at_scale(
        tmp_path, postgres.fresh(), request.getfixturevalue("radosgw"), oidc_issuer=provider.issuer
    )
    with open_house(made, provider) as house:
        grant = house.grant()
        assert house.watch(grant, "0-9").status_code == 206
        name = made.vault.database.engine.url.database
        server = Database(made.vault.database.engine.url.set(database="postgres").render_as_string(False))
        execute(server, f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
        with server.transaction() as session:
            end = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
            session.execute(end, {"name": name})
        for answer in (house.watch(grant, "0-9"), house.watch(grant), house.ask()):
            problem(answer, 503, "service-away")
        execute(server, f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')
        assert house.watch(grant, "0-9").content == house.plain[:10]
        server.close()
    made.vault.database.close()
    made.intake.database.close()


# Law 1 and 3: whoever dies, dies without having shown what is not written down.

KILL = "import os, signal\ndef die(*_, **__): os.kill(os.getpid(), signal.SIGKILL)\n"
DEATHS = {
    "before the entry": ("import vault.viewing as m\nm.audit.of_decision = die", 0),
    "before the commit": (
        "import vault.audit as m\nappend = m.append\n"
        "def append_and_die(within, ring, entry):\n"
        "    append(within, ring, entry)\n"
        "    if entry.event == 'viewing.served': die()\n"
        "m.append = append_and_die",
        0,
    ),
    "before the key": ("from vault.viewing import Watching\nWatching._open = die", 1),
    "before the object": ("from vault.footage import Footage\nFootage.read = die", 1),
    "before the status": ("from vault.web.player import FootageResponse\nFootageResponse.__call__ = die", 1),
}


@pytest.mark.parametrize(
    ("place", "death"),
    [
        *(("embedded", death) for death in DEATHS),
        ("at-scale", "before the commit"),
        ("at-scale", "before the key"),
    ],
    indirect=["place"],
)
def test_a_killed_vault_has_shown_nothing_that_is_not_in_the_trail(
    place: Installation, provider: HandMade, death: str
) -> None:
    code, written = DEATHS[death]
    plain = footage()
    grant = granted(place, keep(place, plain))
    headers = {"Authorization": f"Bearer {provider.token(town.SUPERVISOR.subject)}"}
    with running(place, "vault", first=KILL + code) as vault:
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{vault.url}/api/v1/grants/{grant}/footage", headers=headers, timeout=20)
        assert vault.process.wait(10) == -9
    assert len(entries(place, Event.VIEWING_SERVED)) == written
    assert_no_plaintext(place.home, plain)


def assert_no_plaintext(home: Path, plain: bytes) -> None:
    """Nothing that any file below `home` holds is a piece of the footage."""
    needles = [plain[at : at + 32] for at in range(0, len(plain) - 32, 4096)]
    for path in home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(needle in content for needle in needles), path


# Law 2: a denial is decided, recorded and committed like a permit.


def last(installation: Installation) -> tuple[dict[str, Any], dict[str, Any]]:
    """Leaf and payload of the newest entry."""
    entry = entries(installation)[-1]
    return json.loads(entry.leaf), payload_of(installation, entry)


def test_a_refused_request_stands(installation: Installation) -> None:
    recording = keep(installation, footage(1000))
    caller = installation.caller(town.SUPERVISOR)
    answer = asking.ask(installation.vault, caller, wish(recording, "functioneringsgesprek"), now=now())
    with installation.vault.database.reading() as session:
        row = session.get_one(Request, answer.request)
        [decision] = session.scalars(select(Decision).where(Decision.request_id == answer.request))
        assert session.scalar(select(Grant.id).where(Grant.request_id == answer.request)) is None
    assert (row.state, decision.outcome, decision.decider_id) == ("refused", "refused", None)
    assert "works-council" in decision.rules
    leaf, payload = last(installation)
    assert (leaf["type"], leaf["dec"], leaf["purpose"]) == (
        "request.refused", "deny", "functioneringsgesprek",
    )  # fmt: skip
    assert "works-council" in leaf["why"]
    assert payload["actor"]["name"] == town.SUPERVISOR.name
    assert payload["details"]["reason"] == REASON
    assert payload["details"]["caseReference"] == CASE


def test_denials_of_every_verb_stand(installation: Installation) -> None:
    vault = installation.vault
    recording = keep(installation, footage(1000))
    grant = granted(installation, recording)
    request = asking.ask(vault, installation.caller(town.SUPERVISOR), wish(recording), now=now()).request
    officer = installation.caller(town.OFFICER)
    question = trail.Question(town.SLUG, "toezicht-inzagelog")

    def denied(event: Event, decision: Any) -> None:
        assert not decision.permitted
        leaf, payload = last(installation)
        assert (leaf["type"], leaf["dec"]) == (event, "deny")
        assert leaf["why"] == [rule.id for rule in decision.reasons]
        assert leaf["pol"] == decision.rule_set
        assert payload["actor"] == {
            "kind": "person", "id": str(officer.id), "name": town.OFFICER.name, "roles": ["officer"],
        }  # fmt: skip

    before = rows_of(vault.database)
    denied(Event.DECISION_DENIED, approve(installation, request, by=officer).decision)
    denied(Event.REQUEST_READ, asking.look(vault, officer, request, now=now()).decision)
    denied(Event.GRANT_READ, grants.look(vault, officer, grant, now=now()).decision)
    denied(
        Event.REVOCATION_DENIED,
        grants.revoke(vault, officer, grant, reason="I do not like it.", now=now()),
    )
    found = Watching(vault).watch(officer, grant, None, now=now())
    assert isinstance(found, Denied)
    denied(Event.VIEWING_DENIED, found.decision)
    page = trail.read(vault, officer, question, now=now())
    assert page.lines == []
    denied(Event.TRAIL_DENIED, page.decision)
    after = rows_of(vault.database)
    assert {name for name in after if after[name] != before[name]} == {"audit_entry", "audit_payload"}
    assert len(after["audit_entry"]) == len(before["audit_entry"]) + 6


def test_an_effect_and_its_entry_are_one(installation: Installation) -> None:
    """A verb that fails after its entry was appended leaves neither entry nor effect."""
    registrar = Registrar(installation.vault.database, installation.vault.ring, Actor("operator", "x", "x"))
    before = rows_of(installation.vault.database)

    def write_and_fail() -> None:
        with installation.vault.database.transaction() as session:
            person = Person(id=new_id(), issuer="x", subject="x", name="x", active=True)
            thing = ("person", "x")
            registrar._write(session, person, Event.PERSON_REGISTERED, None, thing, now(), {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert rows_of(installation.vault.database) == before


def test_a_denial_over_http_is_in_the_trail_before_it_is_told(
    place: Installation, provider: HandMade
) -> None:
    grant = granted(place, keep(place, footage(1000)))
    told: list[int] = []

    class Listens:
        """Looks at the trail the moment the answer begins."""

        def __init__(self, app: Any) -> None:
            self._app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            async def answer(message: Any) -> None:
                if message["type"] == "http.response.start" and message["status"] == 403:
                    told.append(len(entries(place, Event.VIEWING_DENIED)))
                await send(message)

            await self._app(scope, receive, answer)

    app = make_app(place.vault, place.settings)
    headers = {"Authorization": f"Bearer {provider.token(town.OFFICER.subject)}"}
    with listening(Listens(app), free_port()) as url:
        answer = requests.get(f"{url}/api/v1/grants/{grant}/footage", headers=headers, timeout=10)
    assert ids(problem(answer, 403, "denied")) == ["not-the-holder"]
    assert told == [1]
