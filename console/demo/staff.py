"""Staff of the demonstration: sign in at a real (mock) OpenID provider, then use the API like any client."""

import base64
import hashlib
import logging
import secrets
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import authlib.deprecate
import requests

with warnings.catch_warnings():
    # The mock provider uses parts of a library by their old names, and whoever imports it is told so. It is
    # the library's own import, above, that turns the telling on.
    warnings.simplefilter("ignore", authlib.deprecate.AuthlibDeprecationWarning)
    import oidc_provider_mock

CLIENT = "bodycam-vault"
REDIRECT = "http://localhost/signed-in"


@contextmanager
def provider(port: int) -> Iterator[str]:
    """A provider on this machine that lets anyone be anyone; its issuer, until the block ends."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with oidc_provider_mock.run_server_in_thread(port, access_token_max_age=timedelta(hours=8)):
        yield f"http://localhost:{port}"


def sign_in(issuer: str, subject: str) -> str:
    """The token of someone who signs in: authorization code flow with PKCE S256 (RFC 7636)."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "client_id": CLIENT,
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": "openid",
        "state": secrets.token_urlsafe(16),
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    agreed = requests.post(
        f"{issuer}/oauth2/authorize", params=asked, data={"sub": subject}, allow_redirects=False, timeout=10
    )
    answer = parse_qs(urlsplit(agreed.headers["location"]).query)
    if answer["state"] != [asked["state"]]:
        raise ValueError("the provider answered another question")
    token = requests.post(
        f"{issuer}/oauth2/token",
        data={
            "grant_type": "authorization_code",
            "code": answer["code"][0],
            "redirect_uri": REDIRECT,
            "client_id": CLIENT,
            "client_secret": "demo",
            "code_verifier": verifier,
        },
        timeout=10,
    )
    token.raise_for_status()
    return str(token.json()["id_token"])


class Desk:
    """Someone at work: their own token, the vault's API."""

    def __init__(self, vault: str, token: str, language: str = "nl") -> None:
        self._api = f"{vault}/api/v1"
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Language": language}

    def post(self, path: str, body: dict[str, Any]) -> requests.Response:
        """POST a body to a path of the API."""
        return requests.post(f"{self._api}{path}", json=body, headers=self._headers, timeout=30)

    def get(self, path: str, **headers: str) -> requests.Response:
        """GET a path of the API."""
        return requests.get(f"{self._api}{path}", headers=self._headers | headers, timeout=30)
