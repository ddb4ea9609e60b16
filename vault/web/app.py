"""The vault process: its doors put together from its settings."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from vault import tracing
from vault.completions import Completions
from vault.db import DatabaseAway
from vault.disposal.beginning import NotThere
from vault.disposal.certificates import CertificateAltered, NotDisposed
from vault.disposal.early import ErasureClosed, ErasureWaiting, HeldFirst, NotAsker
from vault.disposal.proving import EntryPruned
from vault.facts import Unknown
from vault.footage import RangeOutside
from vault.holds.lifting import AlreadyLifted, NotItsRelease
from vault.holds.placing import TriggerTooLate, TriggerUnknown
from vault.holds.rows import TooLate
from vault.keys import Role, TokenAway, TokenRefused, WrappingBroken
from vault.log.witnesses import CosignatureRefused, known_witnesses
from vault.objects import ObjectMissing, StoreUnavailable
from vault.regimes import RegimeFixed, RegimeUnchanged
from vault.requests import GrantTooLong, RequestClosed
from vault.rule_changes import ProposalClosed, ProposalOutdated, RulesUnchanged
from vault.rulesets import RuleSetAltered, RuleSetMissing
from vault.sealing import SealBroken
from vault.settings import Settings
from vault.signals.settling import AlreadySettled
from vault.trail import NothingToFind, TooMany
from vault.vault import Vault, ring_of
from vault.web import (
    api,
    authzen,
    certificates,
    description,
    erasures,
    holds,
    log,
    problems,
    retention,
    rules,
    signals,
)
from vault.web.frame import Frame, add_health, add_refusals
from vault.web.guard import Guard
from vault.web.player import Seeking
from vault.web.problem import Problem, Refused
from vault.web.tokens import Provider

PROBLEMS: dict[type[Exception], Problem] = {
    Unknown: problems.NOT_FOUND,
    RuleSetMissing: problems.NOT_FOUND,
    RuleSetAltered: problems.RULES_ALTERED,
    RulesUnchanged: problems.RULES_UNCHANGED,
    ProposalClosed: problems.PROPOSAL_CLOSED,
    ProposalOutdated: problems.PROPOSAL_OUTDATED,
    RequestClosed: problems.REQUEST_CLOSED,
    GrantTooLong: problems.GRANT_TOO_LONG,
    AlreadySettled: problems.SIGNAL_SETTLED,
    TooLate: problems.TOO_LATE,
    TriggerUnknown: problems.TRIGGER_UNKNOWN,
    TriggerTooLate: problems.TRIGGER_TOO_LATE,
    NotItsRelease: problems.NOT_ITS_RELEASE,
    AlreadyLifted: problems.HOLD_LIFTED,
    RegimeFixed: problems.REGIME_FIXED,
    RegimeUnchanged: problems.REGIME_UNCHANGED,
    NotDisposed: problems.NOT_DISPOSED,
    CertificateAltered: problems.CERTIFICATE_ALTERED,
    EntryPruned: problems.CERTIFICATE_GONE,
    ErasureWaiting: problems.ERASURE_WAITING,
    ErasureClosed: problems.ERASURE_CLOSED,
    HeldFirst: problems.ERASURE_HELD,
    NotAsker: problems.ERASURE_NOT_YOURS,
    NotThere: problems.FOOTAGE_GONE,
    NothingToFind: problems.NOTHING_TO_FIND,
    TooMany: problems.TOO_MANY,
    RangeOutside: problems.RANGE,
    CosignatureRefused: problems.COSIGNATURE_REFUSED,
    SealBroken: problems.BROKEN,
    ObjectMissing: problems.BROKEN,
    WrappingBroken: problems.BROKEN,
    StoreUnavailable: problems.AWAY,
    DatabaseAway: problems.AWAY,
    TokenAway: problems.AWAY,
    TokenRefused: problems.AWAY,
    OperationalError: problems.AWAY,
    Exception: problems.FAILED,
}


def now_utc() -> datetime:
    """The moment, for those who must be given it."""
    return datetime.now(UTC)


def make_app(vault: Vault, settings: Settings, clock: Callable[[], datetime] = now_utc) -> ASGIApp:
    """The vault's doors, guarded. Raises SettingsRefused without an identity provider."""
    settings.require("oidc_issuer", "oidc_audience")
    provider = Provider(str(settings.oidc_issuer), str(settings.oidc_audience))
    completions = Completions(vault)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        completions.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    add_health(
        app,
        {
            "database": vault.database.check,
            "store": vault.store.check,
            "keys": partial(ring_of, settings, Role.VAULT),
        },
    )
    watch = api.watch_with(vault, completions, clock)
    app.include_router(authzen.routes(vault, clock))
    app.include_router(authzen.metadata_routes(settings.vault_url))
    app.include_router(log.routes(vault, known_witnesses(settings.witnesses), clock))
    app.mount("/api/v1", _api(vault, settings, watch, clock))
    _add_problems(app)
    guarded = authzen.RequestIds(
        Guard(Seeking(app, watch, _refused, at_hand=vault.at_hand), vault.database, provider)
    )
    return Frame(guarded, "vault", {"API-Version": description.VERSION})


def _api(vault: Vault, settings: Settings, watch: api.Watch, clock: Callable[[], datetime]) -> FastAPI:
    app = FastAPI(
        title="bodycam-vault",
        version=description.VERSION,
        description="Footage of bodycams: who may see it, for which purpose, and who did.",
        contact={
            "name": settings.contact_name,
            "url": settings.contact_url,
            "email": settings.contact_email,
        },
        docs_url=None,
        redoc_url=None,
        # A resource has one address (NL API Design Rules, /core/no-trailing-slash).
        redirect_slashes=False,
    )
    app.include_router(api.routes(vault, watch, clock))
    app.include_router(rules.routes(vault, clock))
    app.include_router(signals.routes(vault, clock))
    app.include_router(holds.routes(vault, clock, settings.hold_review))
    app.include_router(certificates.routes(vault, clock))
    app.include_router(retention.routes(vault, clock))
    app.include_router(erasures.routes(vault, clock))
    app.openapi = lambda: description.describe(app)  # type: ignore[method-assign]  # FastAPI's documented way
    _add_problems(app)
    return app


def _add_problems(app: FastAPI) -> None:
    translations: list[tuple[type[Exception], Callable[[Exception], Refused]]] = [
        (kind, _as(problem)) for kind, problem in PROBLEMS.items()
    ]
    add_refusals(app, [*translations, (RequestValidationError, _invalid), (HTTPException, _http_problem)])


def _refused(error: Exception) -> Refused:
    """What to answer to an error of the rooms below."""
    if isinstance(error, Refused):
        return error
    return next(_as(problem)(error) for kind, problem in PROBLEMS.items() if isinstance(error, kind))


def _as(problem: Problem) -> Callable[[Exception], Refused]:
    def translate(error: Exception) -> Refused:
        later = {"Retry-After": "60"} if problem is problems.AWAY else {}
        # What an error says that its reader can go on with, such as which choices there are.
        told = getattr(error, "told", {})
        return Refused(problem, extra={**told, "traceId": tracing.current().trace_id}, headers=later)

    return translate


def _invalid(error: Exception) -> Refused:
    """Every wrong field at once, without what was put in it."""
    if not isinstance(error, RequestValidationError):
        raise error
    errors: list[Any] = [
        {"in": str(found["loc"][0]), "field": _field(found), "code": found["type"]}
        for found in error.errors()
    ]
    return Refused(problems.INVALID, extra={"errors": errors})


def _field(found: Any) -> str:
    """Where it is; but the name of a member that we do not know is the sender's text, and not told back."""
    place = found["loc"][1:-1] if found["type"] == "extra_forbidden" else found["loc"][1:]
    return ".".join(map(str, place))


def _http_problem(error: Exception) -> Refused:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == 400:
        unreadable = {"in": "body", "field": "", "code": "unreadable"}
        return Refused(problems.INVALID, extra={"errors": [unreadable]})
    problem = {405: problems.METHOD, 413: problems.TOO_LARGE}.get(error.status_code, problems.NOT_FOUND)
    return Refused(problem, headers=dict(error.headers or {}))
