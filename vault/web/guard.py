"""Deny by default: every request needs a registered caller, except on the routes listed here.

The guard is a layer around all routes, not a dependency that a route could forget. It reads headers only.
"""

import time

from fastapi import Request
from sqlalchemy.exc import OperationalError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vault.db import Database, DatabaseAway
from vault.ids import PersonId
from vault.registry import find_person
from vault.vault import Caller
from vault.web import problems
from vault.web.problem import Refused, problem_response
from vault.web.tokens import Provider, ProviderAway, Subject, TokenRefused

OPEN_TO_ANYONE_DANGEROUS = frozenset(
    {
        "/health/alive",
        "/health/ready",
        # A client must be able to read what it may send and where; these describe, and show nothing.
        "/api/v1/openapi.json",
        "/.well-known/authzen-configuration",
    }
)
"""Paths that answer without a token. Every addition is a hole: it shows to whoever finds the address."""
REMEMBER_SECONDS = 60.0
"""How long it is not asked again who a subject is. What they may do is asked each time: whoever is made
inactive in the meantime gets no further than the policy, which says so and has it entered."""
MOST_BODY = 64 * 1024
"""Bytes. Nothing that one can say to the vault is longer; footage comes in by another door."""


class Guard:
    """The layer that knows who calls. Behind it, `caller_of` always has an answer."""

    def __init__(self, app: ASGIApp, database: Database, provider: Provider) -> None:
        self._app = app
        self._database = database
        self._provider = provider
        # No stranger gets in here, so it is no longer than the register of persons.
        self._known: dict[Subject, tuple[float, Caller]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope["path"] in OPEN_TO_ANYONE_DANGEROUS:
            await self._app(scope, receive, send)
            return
        # Whatever is not HTTP fails here: this door speaks nothing else.
        request = Request(scope)
        try:
            _refuse_large(request)
            authorization = request.headers.get("authorization")
            scope["caller"] = self._recall(authorization) or await run_in_threadpool(
                self._caller, authorization
            )
        except Refused as refused:
            await problem_response(request, refused)(scope, receive, send)
            return
        await self._app(scope, _bounded(receive), send)

    def _recall(self, authorization: str | None) -> Caller | None:
        subject = self._provider.recall(authorization)
        until, caller = self._known.get(subject, (0.0, None)) if subject else (0.0, None)
        return caller if until > time.monotonic() else None

    def _caller(self, authorization: str | None) -> Caller:
        try:
            subject = self._provider.subject_of(authorization)
        except TokenRefused as error:
            raise Refused(problems.TOKEN_REFUSED, headers={"WWW-Authenticate": "Bearer"}) from error
        except ProviderAway as error:
            raise Refused(problems.PROVIDER_AWAY, headers={"Retry-After": "60"}) from error
        try:
            with self._database.reading() as session:
                person = find_person(session, subject.issuer, subject.name)
        except (OperationalError, DatabaseAway) as error:
            raise Refused(problems.AWAY, headers={"Retry-After": "60"}) from error
        if person is None:
            raise Refused(problems.PERSON_UNKNOWN)
        caller = Caller(PersonId(person.id), person.name)
        self._known[subject] = (time.monotonic() + REMEMBER_SECONDS, caller)
        return caller


def _refuse_large(request: Request) -> None:
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MOST_BODY:
        raise Refused(problems.TOO_LARGE)


def _bounded(receive: Receive) -> Receive:
    """`receive` up to the most a request may say: also of one that does not tell its length before."""
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MOST_BODY:
            # Not as Refused: whatever else fails while FastAPI reads a body, it takes for one it cannot read.
            raise HTTPException(problems.TOO_LARGE.status)
        return message

    return bounded


async def caller_of(request: Request) -> Caller:
    """Who makes this request. A route that is reached without the guard fails here.

    Awaits nothing: FastAPI would use a thread for what is not async, and that costs more than to look.
    """
    caller: Caller = request.scope["caller"]
    return caller
