"""The ingest process: the docks' door put together from its settings."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ingest import problems, tus
from ingest.door import Door
from ingest.intake import Intake
from vault.db import DatabaseAway
from vault.keys import Role, TokenAway, TokenRefused
from vault.rulesets import load_rule_sets
from vault.settings import Settings
from vault.vault import database_of, ring_of, store_of
from vault.web.frame import Frame, add_health, add_refusals
from vault.web.problem import Refused

TAKE_OVER_SECONDS = 5.0


def open_intake(settings: Settings) -> Intake:
    """The means of ingest. Raises what refuses to start: settings, keys, rule sets, store."""
    settings.require("ingest_url")
    database = database_of(settings)
    return Intake(
        database=database,
        ring=ring_of(settings, Role.INGEST),
        store=store_of(settings),
        rule_sets=load_rule_sets(settings.rule_sets, database),
        settings=settings,
    )


def now_utc() -> datetime:
    """The moment, for those who must be given it."""
    return datetime.now(UTC)


def make_app(intake: Intake, clock: Callable[[], datetime] = now_utc) -> ASGIApp:
    """The docks' door over `intake`."""
    door = Door(intake, clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        chore = asyncio.create_task(door.keep_examining(TAKE_OVER_SECONDS))
        yield
        chore.cancel()
        with suppress(asyncio.CancelledError):
            await chore
        door.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(tus.routes(door))

    @app.get("/receipt-keys")
    def receipt_keys() -> Response:
        return JSONResponse(intake.ring.receipt_jwks())

    missing: list[type[Exception]] = [HTTPException, RequestValidationError]
    away: list[type[Exception]] = [DatabaseAway, OperationalError, TokenAway, TokenRefused]
    add_refusals(app, [(kind, _not_found) for kind in missing] + [(kind, _away) for kind in away])
    add_health(
        app,
        {
            "database": intake.database.check,
            "store": intake.store.check,
            "keys": partial(ring_of, intake.settings, Role.INGEST),
            "ffprobe": _require_ffprobe,
        },
    )
    return MethodOverride(Frame(app, "ingest", {"Tus-Resumable": tus.VERSION}))


class MethodOverride:
    """Lets a client that can only POST say what it means (tus 1.0, X-HTTP-Method-Override)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            override = dict(scope["headers"]).get(b"x-http-method-override", b"").decode("latin-1").upper()
            if override in ("PATCH", "DELETE", "HEAD"):
                # A copy: the server below goes on answering a POST, whose answer has a body.
                scope = {**scope, "method": override}
        await self._app(scope, receive, send)


def _require_ffprobe() -> None:
    if shutil.which("ffprobe") is None:
        raise FileNotFoundError("ffprobe is not installed")


def _not_found(_: Exception) -> Refused:
    return Refused(problems.NOT_FOUND)


def _away(_: Exception) -> Refused:
    """The database does not answer: the dock comes back, as when the store does not."""
    return Refused(problems.STORE_AWAY)
