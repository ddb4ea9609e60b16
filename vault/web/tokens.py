"""Staff prove who they are with a bearer token of the organisation's OpenID provider.

The provider's keys come from its JWKS (RFC 7517), found by discovery (OpenID Connect Discovery 1.0). The
algorithms are pinned here: a token does not choose how it is checked. What the token says of roles is not
used: roles are assigned per municipality in our own registry.
"""

import hashlib
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import structlog
import urllib3
from jose import jwt
from jose.exceptions import JOSEError

from vault.outgoing import TracedPool

log = structlog.get_logger()

ALGORITHMS = ["RS256", "ES256"]
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
REFETCH_SECONDS = 30.0
"""At most so often are keys fetched again for a key id we do not know: strangers choose what they send."""
RETRY_SECONDS = 2.0
"""At most so often when the provider does not answer."""
STALE_SECONDS = 600.0
"""After so long the keys are fetched again, also when we know every key that is named."""
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
        _require_secure(issuer)
        self._issuer = issuer
        self._audience = audience
        self._http = TracedPool(
            timeout=urllib3.Timeout(connect=3, read=5), retries=urllib3.Retry(2, backoff_factor=0.2)
        )
        self._fetching = Lock()
        self._remembering = Lock()
        self._keys: dict[str | None, dict[str, Any]] = {}
        self._ask_again_at = float("-inf")
        self._away = False
        self._stale_at = float("inf")
        self._remembered: OrderedDict[bytes, tuple[float, Subject]] = OrderedDict()

    def subject_of(self, authorization: str | None) -> Subject:
        """Whom the bearer token in an Authorization header names. Raises TokenRefused, ProviderAway."""
        known = self.recall(authorization)
        if known is not None:
            return known
        token = _bearer(authorization)
        if token is None:
            raise TokenRefused("no bearer token")
        claims = self._check(token)
        subject = Subject(self._issuer, claims["sub"])
        self._remember(_fingerprint(token), min(REMEMBER_SECONDS, int(claims["exp"]) - time.time()), subject)
        return subject

    def recall(self, authorization: str | None) -> Subject | None:
        """As `subject_of`, of a token that was checked a moment ago; asks nobody, so it never waits."""
        token = _bearer(authorization)
        until, subject = self._remembered.get(_fingerprint(token), (0.0, None)) if token else (0.0, None)
        return subject if until > time.monotonic() else None

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
            # Signed by the provider, and still not to be trusted with our arithmetic or our database.
            float(int(claims["exp"]))
            claims["sub"].encode()
        except (JOSEError, ValueError, TypeError, OverflowError, RecursionError, AttributeError) as error:
            raise TokenRefused(type(error).__name__) from error
        return claims

    def _key(self, key_id: object) -> dict[str, Any]:
        if not isinstance(key_id, str | None):
            raise TokenRefused("names its key by something that is no text")
        if not self._known(key_id):
            self._ask_for_keys()
        elif time.monotonic() > self._stale_at:
            # A key the provider withdrew must not be trusted for ever; being away is no withdrawal.
            with suppress(ProviderAway):
                self._ask_for_keys()
        key = self._known(key_id)
        if key is None:
            raise TokenRefused("signed with an unknown key")
        return key

    def _known(self, key_id: str | None) -> dict[str, Any] | None:
        keys = self._keys
        # A token need not name its key when the provider has only one (RFC 7515, 4.1.4).
        return next(iter(keys.values())) if key_id is None and len(keys) == 1 else keys.get(key_id)

    def _ask_for_keys(self) -> None:
        """Fetch the keys, unless that was done or tried a moment ago. Raises ProviderAway."""
        # Who has keys to go on with does not wait for somebody else's fetch: it may take long.
        if not self._fetching.acquire(blocking=not self._keys):
            return
        try:
            if time.monotonic() >= self._ask_again_at:
                self._away = True
                self._ask_again_at = time.monotonic() + RETRY_SECONDS
                self._keys = self._fetch()
                self._stale_at = time.monotonic() + STALE_SECONDS
                self._away = False
                self._ask_again_at = time.monotonic() + REFETCH_SECONDS
            elif self._away:
                raise ProviderAway
        finally:
            self._fetching.release()

    def _fetch(self) -> dict[str | None, dict[str, Any]]:
        try:
            found = self._get(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            if found["issuer"] != self._issuer:
                raise IssuerRefused("the provider names another issuer than the settings do")
            _require_secure(found["jwks_uri"])
            keys = self._get(found["jwks_uri"])["keys"]
            return {key.get("kid"): key for key in keys if key.get("use", "sig") == "sig"}
        except (urllib3.exceptions.HTTPError, IssuerRefused, ValueError, LookupError, TypeError) as error:
            log.warning("provider.away", error=type(error).__name__)
            raise ProviderAway from error

    def _get(self, url: str) -> dict[str, Any]:
        found = self._http.request("GET", url).json()
        if not isinstance(found, dict):
            raise TypeError("not an object")
        return found

    def _remember(self, fingerprint: bytes, seconds: float, subject: Subject) -> None:
        with self._remembering:
            self._remembered[fingerprint] = (time.monotonic() + seconds, subject)
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)


def _bearer(authorization: str | None) -> str | None:
    scheme, _, token = (authorization or "").partition(" ")
    return token if scheme.lower() == "bearer" and token else None


def _fingerprint(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _require_secure(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise IssuerRefused(url)
