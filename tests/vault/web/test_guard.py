"""Deny by default: every route there is, without a token, is refused. The exceptions are pinned here."""

import asyncio
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from fastapi import FastAPI, Request
from sqlalchemy import update
from starlette.routing import BaseRoute, Mount

from console.demo import town
from tests.provider import HandMade
from tests.watching import House, entries, ids, problem
from vault.audit import Event
from vault.db import Database
from vault.tables import Person
from vault.vault import Vault
from vault.web import guard
from vault.web.app import make_app
from vault.web.authzen import METADATA
from vault.web.guard import OPEN_TO_ANYONE_DANGEROUS, Guard, caller_of
from vault.web.tokens import Provider

OPEN = {
    "/health/alive": "an orchestrator asks it before there is anybody to ask for a token",
    "/health/ready": "the same; it names what is checked, and whether that answers",
    "/.well-known/authzen-configuration": "other software finds by it where to ask; the same for everyone",
    "/api/v1/openapi.json": "a client reads it to learn how to sign in; it is the same for everyone",
}
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def layers_of(app: Any) -> FastAPI:
    """The application inside its frame and guard."""
    while not isinstance(app, FastAPI):
        app = app._app
    return app


def paths_of(routes: list[BaseRoute], prefix: str = "") -> Iterator[str]:
    """Every path pattern there is, also in what is mounted or included."""
    for route in routes:
        if isinstance(route, Mount):
            yield f"{prefix}{route.path}"
            yield from paths_of(list(route.routes), prefix + route.path)
        elif inner := getattr(route, "original_router", None):
            yield from paths_of(inner.routes, prefix)
        else:
            path: str = getattr(route, "path")  # noqa: B009  # routes have it, their base class does not
            yield f"{prefix}{path}"


def concrete(path: str) -> str:
    return re.sub(r"\{[^}]*\}", str(uuid.uuid4()), path)


def test_the_open_list_is_this_one() -> None:
    assert set(OPEN) == OPEN_TO_ANYONE_DANGEROUS


def test_every_route_is_guarded(house: House) -> None:
    app = make_app(house.installation.vault, house.installation.settings)
    paths = set(paths_of(layers_of(app).routes))
    description = requests.get(f"{house.url}/api/v1/openapi.json", timeout=10).json()
    described = {f"/api/v1{path}" for path in description["paths"]}
    # The walk finds what there is: what the API describes, and what it does not.
    undescribed = {
        "/api/v1",
        "/access/v1/evaluation",
        "/access/v1/evaluations",
        # A published protocol, with addresses of its own (c2sp.org/tlog-tiles).
        "/log/checkpoint",
        "/log/cosigned-checkpoint",
        "/log/cosigned/{key_id}",
        "/log/minimum-index",
        "/log/tile/{path:path}",
        "/log/cosignatures",
    }
    assert described | set(OPEN) | undescribed == paths
    for path in [*sorted(paths - set(OPEN)), "/", "/nowhere", "/docs", "/openapi.json", "/api/v1/nowhere"]:
        for method in METHODS:
            answer = requests.request(method, house.url + concrete(path), timeout=10)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("path", OPEN)
def test_the_open_ones_answer_anyone(house: House, path: str) -> None:
    # Without a public address there is nothing to tell of the decision point; but no token is asked for.
    expected = 404 if path == METADATA else 200
    assert requests.get(house.url + path, timeout=10).status_code == expected


@pytest.mark.parametrize(
    "path",
    [
        "//health/alive",
        "/health/alive/",
        "/health/../health/alive",
        "/health/alive/../../api/v1/openapi.json/",
        "/api/v1/openapi.json/",
        "/API/V1/OPENAPI.JSON",
        "/api/v1//requests",
        "/health/alive;/api/v1/requests",
        "/health/alive%00",
    ],
)
def test_what_looks_like_an_open_path_is_guarded(house: House, path: str) -> None:
    asked = requests.Request("GET", house.url).prepare()
    asked.url = house.url + path
    assert requests.Session().send(asked, timeout=10).status_code == 401


def test_an_open_path_opens_nothing_else(house: House) -> None:
    token = house.provider.token(town.SUPERVISOR.subject)
    headers = {"Authorization": f"Bearer {token}"}
    assert requests.get(f"{house.url}/health/alive/x", headers=headers, timeout=10).status_code == 404


def test_a_token_in_the_url_or_a_cookie_is_no_token(house: House) -> None:
    token = house.provider.token(town.SUPERVISOR.subject)
    grant = house.grant()
    where = f"{house.url}/api/v1/grants/{grant}"
    for name in ("access_token", "token", "Authorization", "bearer"):
        assert requests.get(f"{where}?{name}={token}", timeout=10).status_code == 401
        assert requests.get(where, cookies={name: token}, timeout=10).status_code == 401
    body = {"access_token": token}
    assert requests.post(f"{house.url}/api/v1/requests", data=body, timeout=10).status_code == 401


def test_whoever_is_not_registered_is_told_so(house: House) -> None:
    answer = house.ask("s.tranger")
    assert answer.status_code == 403
    assert answer.json()["type"].endswith(":person-unknown")


def make_inactive(house: House) -> None:
    with house.installation.vault.database.transaction() as session:
        session.execute(update(Person).where(Person.subject == town.SUPERVISOR.subject).values(active=False))


def test_whoever_is_not_active_is_nobody(small_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "REMEMBER_SECONDS", 0.0)
    grant = small_house.grant()
    assert small_house.watch(grant, "0-9").status_code == 206
    make_inactive(small_house)
    # The token is good, and remembered; the person is not.
    for answer in (small_house.watch(grant, "0-9"), small_house.ask()):
        problem(answer, 403, "person-unknown")


def test_whoever_is_remembered_and_not_active_gets_as_far_as_the_rules(small_house: House) -> None:
    grant = small_house.grant()
    assert small_house.watch(grant, "0-9").status_code == 206
    make_inactive(small_house)
    for answer in (small_house.watch(grant, "0-9"), small_house.ask()):
        assert "person-inactive" in ids(problem(answer, 403, "denied"))
    assert len(entries(small_house.installation, Event.VIEWING_DENIED)) == 1


def test_the_same_name_at_another_provider_is_somebody_else(small_house: House) -> None:
    with small_house.installation.vault.database.transaction() as session:
        session.execute(update(Person).values(issuer="https://elsewhere.example"))
    assert small_house.ask().status_code == 403


def test_a_provider_that_is_away_is_a_503(small_house: House, provider: HandMade) -> None:
    token = provider.token(town.SUPERVISOR.subject)
    provider.down = True
    try:
        answer = requests.get(
            f"{small_house.url}/api/v1/grants/{uuid.uuid4()}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )
    finally:
        provider.down = False
    assert answer.status_code == 503
    assert answer.json()["type"].endswith(":provider-away")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_database_that_is_away_is_a_503(small_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/nowhere")
    monkeypatch.setattr(small_house.installation.vault.database, "_readers", away.engine)
    answer = small_house.ask()
    assert answer.status_code == 503
    assert answer.json()["type"].endswith(":service-away")
    assert answer.headers["API-Version"]


def test_a_route_reached_without_the_guard_fails() -> None:
    with pytest.raises(KeyError):
        asyncio.run(caller_of(Request({"type": "http", "headers": []})))


def test_only_http_gets_through(house: House) -> None:
    vault: Vault = house.installation.vault
    reached: list[str] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        reached.append(scope["type"])

    async def nothing(*_: Any) -> Any:
        raise AssertionError

    guard = Guard(app, vault.database, Provider(house.provider.issuer, "x"))
    socket = {"type": "websocket", "path": "/api/v1/grants", "headers": []}
    with pytest.raises(AssertionError):
        asyncio.run(guard(socket, nothing, nothing))
    assert reached == []
