"""What is around every answer: headers, a trace, figures that name no one, health."""

import asyncio
import re
from functools import partial
from typing import Any

import pytest
import requests
from fastapi import FastAPI
from prometheus_client import REGISTRY, generate_latest
from structlog.testing import capture_logs

from console.demo import town
from tests.installation import free_port, listening
from tests.watching import House, eventually
from vault.objects import StoreUnavailable
from vault.web import frame
from vault.web.frame import HEADERS, Frame, add_health

ABSENT = ("Content-Disposition", "ETag", "Last-Modified", "Set-Cookie")


def answers(house: House) -> dict[int, requests.Response]:
    """One answer of each status that is easily had."""
    token = {"Authorization": f"Bearer {house.provider.token(town.SUPERVISOR.subject)}"}
    grant = house.grant()
    url = f"{house.url}/api/v1"
    found = [
        requests.get(f"{house.url}/health/alive", timeout=10),
        house.watch(grant, "0-9"),
        house.ask(reason="short"),
        requests.get(f"{url}/grants/{grant}", timeout=10),
        house.ask(purpose="functioneringsgesprek"),
        requests.get(f"{url}/nowhere", headers=token, timeout=10),
        requests.put(f"{url}/requests", headers=token, timeout=10),
        house.watch(grant, "999999999-"),
        house.ask(),
        house.desk(town.SUPERVISOR).post(f"/grants/{grant}/revocations", {"reason": "Not needed any more."}),
    ]
    return {answer.status_code: answer for answer in found}


def test_every_answer_carries_the_headers(house: House) -> None:
    found = answers(house)
    assert set(found) == {200, 206, 400, 401, 403, 404, 405, 416, 201, 204}
    for status, answer in found.items():
        assert answer.headers["API-Version"] == "1.0.0", status
        for name, value in HEADERS.items():
            assert answer.headers[name].startswith(value), (status, name)
        for name in ABSENT:
            assert name not in answer.headers, (status, name)
    assert found[405].headers["Allow"] == "POST"


def test_the_caller_may_not_keep_anything(house: House) -> None:
    for answer in answers(house).values():
        assert "no-store" in answer.headers["Cache-Control"]


def test_an_answer_is_logged_by_its_route(house: House) -> None:
    grant = house.grant()
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    with capture_logs() as lines:
        house.desk(town.SUPERVISOR).get(
            f"/grants/{grant}/footage", Range="bytes=0-9", traceparent=f"00-{trace}-00f067aa0ba902b7-01"
        )
        # The line of the answer before it may come only now.
        got = ("answered", "GET")
        [line] = eventually(lambda: [each for each in lines if (each["event"], each.get("method")) == got])
    assert line["route"] == "/grants/{grantId}/footage"
    assert line["status"] == 206
    assert line["trace_id"] == trace
    assert grant not in str(line)


def test_figures_know_routes_and_nothing_else(house: House) -> None:
    answers(house)
    requests.get(f"{house.url}/api/v1/nowhere/{town.OFFICER.subject}?x={town.OFFICER.subject}", timeout=10)
    text = generate_latest(REGISTRY).decode()
    routes = set(re.findall(r'http_requests_total\{.*?route="([^"]*)"', text))
    assert "/grants/{grantId}/footage" in routes
    assert {route for route in routes if re.search(r"[0-9a-f]{8}-", route)} == set()
    for secret in (town.OFFICER.subject, str(house.recording), "functioneringsgesprek"):
        assert secret not in text


def test_what_is_not_http_passes(house: House) -> None:
    passed: list[str] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        passed.append(scope["type"])

    async def nothing(*_: Any) -> Any:
        return None

    asyncio.run(Frame(app, "vault", {})({"type": "lifespan"}, nothing, nothing))
    assert passed == ["lifespan"]
    assert house.url


@pytest.fixture
def _asked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame, "READY_SECONDS", -1.0)


@pytest.mark.parametrize("failing", ["database", "store", None])
def test_ready_only_when_everything_answers(failing: str | None) -> None:
    def check(name: str) -> None:
        if name == failing:
            raise StoreUnavailable("the secret of s.devries")

    app = FastAPI()
    add_health(app, {name: partial(check, name) for name in ("database", "store")})
    with listening(Frame(app, "test", {}), free_port()) as url, capture_logs() as lines:
        alive = requests.get(f"{url}/health/alive", timeout=10)
        ready = requests.get(f"{url}/health/ready", timeout=10)
    assert alive.status_code == 200
    assert ready.status_code == (503 if failing else 200)
    assert ready.json()["checks"] == {name: name != failing for name in ("database", "store")}
    assert "secret" not in ready.text + str(lines)
    assert [line["check"] for line in lines if line["event"] == "check.failed"] == [failing] * bool(failing)


@pytest.mark.usefixtures("_asked_each_time")
def test_the_vault_is_not_ready_without_its_store(small_house: House) -> None:
    ready = f"{small_house.url}/health/ready"
    answer = requests.get(ready, timeout=10).json()
    assert answer["checks"] == {"database": True, "store": True, "keys": True}
    objects = small_house.installation.home / "objects"
    objects.rename(objects.with_name("elsewhere"))
    answer = requests.get(ready, timeout=10)
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": True, "store": False, "keys": True}


def test_readiness_is_not_asked_of_everything_each_time() -> None:
    asked: list[int] = []
    app = FastAPI()
    add_health(app, {"database": lambda: asked.append(1)})
    with listening(Frame(app, "test", {}), free_port()) as url:
        for _ in range(10):
            assert requests.get(f"{url}/health/ready", timeout=10).ok
    assert len(asked) <= 2


@pytest.mark.usefixtures("_asked_each_time")
def test_the_vault_is_not_ready_when_its_keys_lie_open(small_house: House) -> None:
    role = small_house.installation.home / "keys-vault" / "ring" / "role"
    role.chmod(0o644)
    answer = requests.get(f"{small_house.url}/health/ready", timeout=10)
    assert answer.status_code == 503
    assert answer.json()["checks"]["keys"] is False
