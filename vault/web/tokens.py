"""Staff prove who they are with a bearer token of the organisation's OpenID provider.

The provider's keys come from its JWKS (RFC 7517), found by discovery (OpenID Connect Discovery 1.0). The
algorithms are pinned here: a token does not choose how it is checked. What the token says of roles is not
used: roles are assigned per municipality in our own registry.
"""

import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import urllib3
from jose import jwt
from jose.exceptions import JOSEError

ALGORITHMS = ["RS256", "PS256", "ES256"]
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
REFETCH_SECONDS = 30.0
"""At most so often are keys fetched again for a key id we do not know: strangers choose what they send."""
REMEMBER_SECONDS = 60.0
"""How long a token that was checked is not checked again; it is never remembered past its own end."""
REMEMBERED = 4096


class TokenRefused(Exception):
    """The token is missing, expired, for another audience, or not signed by the provider."""


class ProviderAway(Exception):
    """The identity provider does not answer, and its keys are not known yet."""


class IssuerRefused(Exception):
    """The identity provider must be reached over https (only a demo on this machine may use http)."""


@dataclass(frozen=True)
class Subject:
    """Whom the provider says the caller is."""

    issuer: str
    name: str


class Provider:
    """One OpenID provider: checks its tokens, remembers its keys."""

    def __init__(self, issuer: str, audience: str) -> None:
        parts = urlsplit(issuer)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise IssuerRefused(issuer)
        self._issuer = issuer
        self._audience = audience
        self._http = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=3, read=5), retries=urllib3.Retry(2, backoff_factor=0.2)
        )
        self._lock = Lock()
        self._keys: dict[str | None, dict[str, Any]] = {}
        self._fetched_at = float("-inf")
        self._remembered: OrderedDict[bytes, tuple[float, Subject]] = OrderedDict()

    def subject_of(self, authorization: str | None) -> Subject:
        """Whom the bearer token in an Authorization header names. Raises TokenRefused, ProviderAway."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenRefused("no bearer token")
        fingerprint = hashlib.sha256(token.encode()).digest()
        known = self._remembered.get(fingerprint)
        if known and known[0] > time.monotonic():
            return known[1]
        claims = self._check(token)
        subject = Subject(self._issuer, claims["sub"])
        self._remember(fingerprint, min(REMEMBER_SECONDS, claims["exp"] - time.time()), subject)
        return subject

    def _check(self, token: str) -> dict[str, Any]:
        try:
            key = self._key(jwt.get_unverified_header(token).get("kid"))
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self._audience,
                issuer=self._issuer,
                options={
                    "require_exp": True,
                    "require_iat": True,
                    "require_sub": True,
                    "require_aud": True,
                    "require_iss": True,
                    # An ID token may carry at_hash; it binds to an access token that we are not shown.
                    "verify_at_hash": False,
                },
            )
        except JOSEError as error:
            raise TokenRefused(str(error)) from error
        return claims

    def _key(self, key_id: str | None) -> dict[str, Any]:
        with self._lock:
            known = key_id in self._keys or (key_id is None and self._keys)
            if not known and time.monotonic() - self._fetched_at > REFETCH_SECONDS:
                self._keys = self._fetch()
                self._fetched_at = time.monotonic()
            # A token need not name its key when the provider has only one (RFC 7515, 4.1.4).
            if key_id is None and len(self._keys) == 1:
                return next(iter(self._keys.values()))
            if key_id not in self._keys:
                raise TokenRefused("signed with an unknown key")
            return self._keys[key_id]

    def _fetch(self) -> dict[str | None, dict[str, Any]]:
        try:
            found = self._http.request(
                "GET", f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
            ).json()
            if found.get("issuer") != self._issuer:
                raise IssuerRefused("the provider names another issuer than the settings do")
            keys = self._http.request("GET", found["jwks_uri"]).json()["keys"]
        except (urllib3.exceptions.HTTPError, ValueError, KeyError) as error:
            raise ProviderAway from error
        return {key.get("kid"): key for key in keys if key.get("use", "sig") == "sig"}

    def _remember(self, fingerprint: bytes, seconds: float, subject: Subject) -> None:
        with self._lock:
            self._remembered[fingerprint] = (time.monotonic() + seconds, subject)
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
