"""Who is at the door: a dock proves itself with a short-lived JWT under the key it was registered with.

The token names the dock (``iss``), this door (``aud``), when it was made (``iat``) and when it ends
(``exp``), and is signed with ES256 (RFC 7518, 3.4) and nothing else: the algorithm is ours to choose, not
the token's.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from jose import jwt
from jose.exceptions import JOSEError

from vault.db import Database
from vault.tables import Dock

LONGEST_TOKEN = timedelta(minutes=15)
CLOCK_LEEWAY = timedelta(seconds=60)
MALFORMED = (ValueError, TypeError, OverflowError, RecursionError)
"""What a token can make its parser run into: whatever it is, it is the token's fault."""


class TokenRefused(Exception):
    """The dock's token is missing, malformed, expired, for another door, or not signed by a known dock."""


@dataclass(frozen=True)
class DockIdentity:
    """A dock that proved itself."""

    id: UUID
    municipality: str
    name: str


def identify(database: Database, authorization: str | None, *, audience: str, now: datetime) -> DockIdentity:
    """The dock that signed the bearer token in `authorization`.

    Raises TokenRefused, with a reason for the log. The dock itself is told no more than that it was refused.
    """
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise TokenRefused("no bearer token")
    dock = _registered(database, _claimed_dock(token))
    try:
        claims = jwt.decode(
            token,
            dock.public_key,
            algorithms=["ES256"],
            audience=audience,
            issuer=str(dock.id),
            options={
                "require_exp": True,
                "require_iat": True,
                "require_aud": True,
                "require_iss": True,
                # By the clock we were given, below.
                "verify_iat": False,
                "verify_exp": False,
                "leeway": int(CLOCK_LEEWAY.total_seconds()),
            },
        )
        _check_lifetime(claims["iat"], claims["exp"], now)
    except (JOSEError, *MALFORMED) as error:
        raise TokenRefused(str(error)) from error
    return DockIdentity(dock.id, dock.municipality_id, dock.name)


def _claimed_dock(token: str) -> UUID:
    try:
        return UUID(str(jwt.get_unverified_claims(token).get("iss")))
    except (JOSEError, *MALFORMED) as error:
        raise TokenRefused("the token names no dock") from error


def _registered(database: Database, dock: UUID) -> Dock:
    with database.reading() as session:
        row = session.get(Dock, dock)
    if row is None or not row.active:
        raise TokenRefused("unknown dock")
    return row


def _check_lifetime(issued: object, expires: object, now: datetime) -> None:
    if not (isinstance(issued, int | float) and isinstance(expires, int | float)):
        raise TokenRefused("iat or exp is no number")
    if expires < (now - CLOCK_LEEWAY).timestamp():
        raise TokenRefused("the token has expired")
    # A token that lives for a year is a password: refuse it however well it is signed.
    if not expires - issued <= LONGEST_TOKEN.total_seconds():
        raise TokenRefused("the token lives too long")
    if issued > (now + CLOCK_LEEWAY).timestamp():
        raise TokenRefused("the token was made in the future")
