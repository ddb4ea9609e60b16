"""The process put together: what refuses to start, and what errors from below become."""

from typing import Any

import pytest
import requests
from sqlalchemy.exc import OperationalError

from console.demo import town
from tests.installation import Installation, free_port, listening
from tests.watching import House, entries, eventually, problem
from vault import grants
from vault.audit import Event
from vault.db import DatabaseAway
from vault.objects import StoreUnavailable
from vault.sealing import SealBroken
from vault.settings import SettingsRefused
from vault.web.app import make_app
from vault.web.tokens import IssuerRefused


@pytest.mark.parametrize("missing", ["oidc_issuer", "oidc_audience"])
def test_no_vault_without_a_provider(small: Installation, missing: str) -> None:
    with pytest.raises(SettingsRefused, match=f"BODYCAM_{missing.upper()}"):
        make_app(small.vault, small.settings.model_copy(update={missing: None}))


def test_no_vault_with_a_provider_over_http(small: Installation) -> None:
    with pytest.raises(IssuerRefused):
        make_app(small.vault, small.settings.model_copy(update={"oidc_issuer": "http://login.example"}))


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (DatabaseAway(), 503, "service-away"),
        (OperationalError("SELECT secret", {}, Exception("secret")), 503, "service-away"),
        (StoreUnavailable("secret"), 503, "service-away"),
        (SealBroken("secret"), 500, "footage-broken"),
        (KeyError("secret"), 500, "failed"),
        (AssertionError("secret"), 500, "failed"),
    ],
)
def test_what_goes_wrong_below_says_nothing_of_itself(
    small_house: House, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, name: str
) -> None:
    grant = small_house.grant()

    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(grants, "look", fail)
    answer = small_house.desk(town.SUPERVISOR).get(f"/grants/{grant}")
    body = problem(answer, status, name)
    assert "secret" not in answer.text
    assert len(body["traceId"]) == 32


def test_a_graceful_stop_writes_what_was_watched(small_house: House) -> None:
    made = small_house.installation
    grant = small_house.grant()
    with listening(make_app(made.vault, made.settings), free_port()) as url:
        token = small_house.provider.token(town.SUPERVISOR.subject)
        headers = {"Authorization": f"Bearer {token}", "Range": "bytes=0-9"}
        assert requests.get(f"{url}/api/v1/grants/{grant}/footage", headers=headers, timeout=10).ok
    assert eventually(lambda: entries(made, Event.VIEWING_COMPLETED))
