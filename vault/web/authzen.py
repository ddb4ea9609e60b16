"""The decision point for other software of the municipality: AuthZEN Authorization API 1.0.

Subjects are persons (`person`, by our id); resources are a `recording`, a `request`, a `grant` or a `trail`.
For `ask` the context says what would stand in the request. What the spec calls properties is accepted and not
listened to: facts come from our register, or an asker could give somebody a role. Member names that we do not
know are passed over, as the spec asks (section 9, forward compatibility).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from policies.engine import Decision
from policies.facts import Action
from vault import evaluations
from vault.evaluations import Evaluation, EvaluationDenied, Question
from vault.facts import PREREQUISITES
from vault.vault import Caller, Vault
from vault.web import problems
from vault.web.guard import caller_of
from vault.web.shapes import NO_NUL

PREFIX = "/access/v1/"
METADATA = "/.well-known/authzen-configuration"
MOST_EVALUATIONS = 100
"""In one question: each of them is a decision and an entry."""

By = Annotated[Caller, Depends(caller_of)]
Text = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=200, pattern=NO_NUL)]
Json = dict[str, Any]


def _known_prerequisite(name: str) -> str:
    if name not in PREREQUISITES:
        raise ValueError(f"must be one of {', '.join(PREREQUISITES)}")
    return name


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Subject(_Lenient):
    """The person about whom it is asked (section 5.1)."""

    type: Text
    id: Text


class Resource(_Lenient):
    """To what (section 5.2)."""

    type: Text
    id: Text


class Doing(_Lenient):
    """The action (section 5.3)."""

    name: Text


class Context(_Lenient):
    """What would stand in a request (section 5.4); nothing of it is needed for what already exists."""

    purpose: Annotated[str, StringConstraints(max_length=200)] = ""
    case_reference: Annotated[str | None, Field(alias="caseReference", max_length=100)] = None
    prerequisites: list[Annotated[str, AfterValidator(_known_prerequisite)]] = []
    recipient: Annotated[str, StringConstraints(max_length=64)] | None = None


class Single(_Lenient):
    """An Access Evaluation request (section 6.1)."""

    subject: Subject
    action: Doing
    resource: Resource
    context: Context = Context()


class Options(_Lenient):
    """How far to go (section 7.1.2.1)."""

    evaluations_semantic: Literal["execute_all", "deny_on_first_deny", "permit_on_first_permit"] = (
        "execute_all"
    )


class Several(_Lenient):
    """An Access Evaluations request (section 7.1): defaults, and what each evaluation has of its own."""

    subject: Json | None = None
    action: Json | None = None
    resource: Json | None = None
    context: Json | None = None
    options: Options = Options()
    evaluations: Annotated[list[Json], Field(max_length=MOST_EVALUATIONS)] = []

    def each(self) -> list[Json]:
        """Every evaluation with the defaults filled in; a member of its own replaces the whole default."""
        defaults = self.model_dump(include={"subject", "action", "resource", "context"}, exclude_none=True)
        return [defaults | own for own in self.evaluations]


_ENOUGH: dict[str, Callable[[Evaluation], bool]] = {
    "execute_all": lambda _: False,
    "deny_on_first_deny": lambda answer: not answer.permitted,
    "permit_on_first_permit": lambda answer: answer.permitted,
}


def metadata_routes(address: str | None) -> APIRouter:
    """`GET /.well-known/authzen-configuration`: where to ask (section 9)."""
    router = APIRouter(include_in_schema=False)

    @router.get(METADATA)
    def metadata() -> Json:
        """This decision point, by the `address` that clients know it by, and what it has of the API.

        Without an address nothing true can be said, and clients fall back to the paths as they are.
        """
        if address is None:
            raise HTTPException(404)
        return {
            "policy_decision_point": address,
            "access_evaluation_endpoint": f"{address}{PREFIX}evaluation",
            "access_evaluations_endpoint": f"{address}{PREFIX}evaluations",
        }

    return router


def routes(vault: Vault, clock: Callable[[], datetime]) -> APIRouter:
    """`POST /access/v1/evaluation` and `/evaluations`."""
    router = APIRouter(prefix=PREFIX.rstrip("/"), include_in_schema=False)

    def answers(caller: Caller, asked: list[Question], semantic: str = "execute_all") -> list[Json]:
        try:
            found = evaluations.evaluate(vault, caller, asked, now=clock(), enough=_ENOUGH[semantic])
        except EvaluationDenied as denied:
            raise problems.denied(denied.decision.reasons) from denied
        return [_told(answer) for answer in found]

    @router.post("/evaluation")
    def evaluation(body: Single, caller: By) -> Json:
        """Whether it would be permitted, why, and with which obligations."""
        [answer] = answers(caller, [_question(body)])
        return answer

    @router.post("/evaluations")
    def several(body: Several, caller: By) -> Json:
        """As `evaluation`, of many at once, in their order; without any, it is the same."""
        if not body.evaluations:
            return evaluation(_single(body), caller)
        asked = [_readable(each) for each in body.each()]
        return {"evaluations": answers(caller, asked, body.options.evaluations_semantic)}

    return router


def _single(body: Several) -> Single:
    try:
        return Single.model_validate(body.model_dump(exclude_none=True))
    except ValidationError as wrong:
        raise RequestValidationError(
            [{**error, "loc": ("body", *error["loc"])} for error in wrong.errors()]
        ) from wrong


_NOTHING = Question(UUID(int=0), Action.EVALUATE, "", "")
"""A question that cannot be read: there is nothing to decide on, and that is a no."""


def _readable(asked: Json) -> Question:
    """One of many: what is wrong with it is a no in its place, and does not spoil the others (7.2.1)."""
    try:
        return _question(Single.model_validate(asked))
    except ValidationError:
        return _NOTHING


def _question(asked: Single) -> Question:
    try:
        subject, action = UUID(asked.subject.id), Action(asked.action.name)
    except ValueError:
        return _NOTHING
    if asked.subject.type != "person":
        return _NOTHING
    return Question(
        subject=subject,
        action=action,
        kind=asked.resource.type,
        id=asked.resource.id,
        purpose=asked.context.purpose,
        has_case_reference=bool(asked.context.case_reference),
        prerequisites=asked.context.prerequisites,
        recipient=asked.context.recipient,
    )


def _told(answer: Evaluation) -> Json:
    if answer.decision is None:
        return {"decision": False, "context": {"reasons": [_NOTHING_TO_DECIDE_ON]}}
    return {"decision": answer.permitted, "context": _context(answer.decision)}


_NOTHING_TO_DECIDE_ON = {
    "id": "nothing-to-decide-on",
    "title": {"nl": "Hier is niets om over te beslissen.", "en": "There is nothing here to decide on."},
}


def _context(decision: Decision) -> Json:
    """Why, under which rule set, and what the asker must carry out (AuthZEN obligations profile, draft 1).

    Whoever cannot carry out an obligation must take the answer for a no.
    """
    return {
        "reasons": [
            {
                "id": rule.id,
                "title": {"nl": rule.title_nl, "en": rule.title_en},
                "basis": rule.basis,
                **({"remedy": {"nl": rule.remedy_nl, "en": rule.remedy_en}} if rule.remedy_nl else {}),
            }
            for rule in decision.reasons
        ],
        "obligations": [
            {"id": obligation.value, "type": "custom", "properties": {"action": obligation.value}}
            for obligation in sorted(decision.obligations)
        ],
        "ruleSet": decision.rule_set,
    }


class RequestIds:
    """Around the guard: an `X-Request-ID` comes back, whatever the answer is (section 10.1.4)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = None
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            given = Headers(scope=scope).get("x-request-id")

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and given is not None:
                MutableHeaders(scope=message)["X-Request-ID"] = given
            await send(message)

        await self._app(scope, receive, send if given is None else answer)
